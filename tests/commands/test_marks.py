"""Marks: recorded in empty cells, corrected with a reason, by whom it concerns and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import accounts as a
from ejd.kernel.events import control_works as c
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.rights import AccountLockedRefusal
from ejd_commands.lesson_base import (
    LessonIsCancelled,
    LessonNotYetHeld,
    NoSuchLesson,
    NotInThisJournal,
    PeriodIsClosed,
    UnknownJournal,
    UnknownPupil,
)
from ejd_commands.marks import (
    CellIsEmpty,
    CellIsTaken,
    CorrectMark,
    GiveRecommendation,
    NotThisControlWork,
    NotThisMark,
    RecordMark,
    UnknownControlWork,
    UnknownKindOfWork,
    WithdrawMark,
)
from tests import worlds as w
from tests.scenario import given, refused_as_input, sealed, uid

CELL: dict[str, Any] = {
    "journal": w.JOURNAL,
    "day": w.LESSON_DAY,
    "slot": w.LESSON_SLOT,
    "pupil": w.VERA,
    "work": "oral",
}
IDENTITY: dict[str, Any] = {"journal": w.JOURNAL, "date": w.LESSON_DAY, "slot": w.LESSON_SLOT}
FIVE = e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="5")
A_FIVE = (w.LESSON, FIVE)
WORK = uid("control work")
PLANNED = c.ControlWorkPlanned(
    journal=w.JOURNAL, day=w.LESSON_DAY, title="Дроби", form="письменная", work="control", variants=2, points_max=20
)


def test_the_teacher_of_the_load_records_a_mark_that_stands_on_load_timetable_and_enrolment() -> None:
    outcome = given(w.A_JOURNAL).when(RecordMark(**CELL, value="5"), by=w.ADA)
    outcome.then(FIVE).in_stream(w.LESSON).standing_on(w.LOAD, w.SCHEDULED, w.VERA_ENROLLED)
    assert outcome.targets[0].scope.kind == "lesson"
    assert outcome.targets[0].scope.date == w.LESSON_DAY


def test_a_comment_is_sealed_under_the_pupil() -> None:
    command = RecordMark(**CELL, value="5", comment="Отлично, Вера!")
    given(w.A_JOURNAL).when(command, by=w.ADA).sealing(w.VERA, "Отлично, Вера!", field="mark-recorded.comment")


def test_the_same_mark_again_changes_nothing_and_another_one_is_refused() -> None:
    given(w.A_JOURNAL, A_FIVE).when(RecordMark(**CELL, value="5"), by=w.ADA).then_nothing()
    given(w.A_JOURNAL, A_FIVE).when(RecordMark(**CELL, value="4"), by=w.ADA).then_refused(
        CellIsTaken, saying="has 5 already", field="number"
    )


def test_two_marks_in_one_lesson_have_numbers() -> None:
    given(w.A_JOURNAL, A_FIVE).when(RecordMark(**CELL, number=2, value="4"), by=w.ADA).then(
        e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", number=2, value="4")
    )


def test_only_the_teacher_of_the_load_may_write_and_the_refusal_says_whom_to_ask() -> None:
    for stranger in (w.HEAD, w.DEPUTY, w.PARENT, w.PUPIL_ACCOUNT, w.API_CLIENT, w.SUPPORT, w.STRANGER):
        given(w.A_JOURNAL).when(RecordMark(**CELL, value="5"), by=stranger).then_refused(NotAllowed, saying="ask")


def test_to_a_teacher_who_cannot_see_it_a_journal_is_as_unknown_as_one_that_is_not_there() -> None:
    world = given(w.A_JOURNAL)
    said = f"there is no journal {w.JOURNAL}: look it up"
    world.when(RecordMark(**CELL, value="5"), by=w.BORIS).then_refused(UnknownJournal, saying=said, field="journal")
    nowhere = RecordMark(**{**CELL, "journal": uid("nowhere")}, value="5")
    said = f"there is no journal {uid('nowhere')}: look it up"
    world.when(nowhere, by=w.BORIS).then_refused(UnknownJournal, saying=said, field="journal")
    for known in (
        (w.JOURNAL, j.TeacherAssigned(staff=w.BORIS_STAFF, starts=date(2025, 11, 5))),
        (w.CLASS_5A, j.ClassTeacherAppointed(staff=w.BORIS_STAFF, starts=w.TODAY)),
    ):
        seeing = given(w.A_JOURNAL, known).when(RecordMark(**CELL, value="5"), by=w.BORIS)
        seeing.then_refused(NotAllowed, saying="not in your load on 06.10.2025")


def test_a_grant_for_one_journal_writes_in_that_one_only() -> None:
    only = a.GrantScope(kind="journal", id=w.JOURNAL)
    elsewhere = a.GrantScope(kind="journal", id=w.GROUP_JOURNAL)
    for scope, ends in ((only, None), (elsewhere, "part of the school")):
        scoped = (
            (w.ADA, a.RoleRevoked(role="teacher")),
            (w.ADA, a.RoleGranted(role="teacher", starts=w.TODAY, scope=scope)),
        )
        outcome = given(w.A_GROUP_JOURNAL, *scoped).when(RecordMark(**CELL, value="5"), by=w.ADA)
        if ends is None:
            outcome.then(FIVE)
        else:
            outcome.then_refused(NotAllowed, saying=ends)


def test_a_load_that_ended_gives_no_right() -> None:
    ended = (w.JOURNAL, j.TeacherUnassigned(staff=w.ADA_STAFF, ends=date(2025, 10, 5)))
    given(w.A_JOURNAL, ended).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(
        NotAllowed, saying="06.10.2025"
    )


def test_the_substitute_may_write_in_this_lesson_and_the_teacher_may_not() -> None:
    substituted = (
        w.LESSON,
        e.LessonSubstituted(**IDENTITY, absent_teacher=w.ADA_STAFF, substitution=e.Substitution(teacher=w.BORIS_STAFF)),
    )
    scenario = given(w.A_JOURNAL, substituted)
    scenario.when(RecordMark(**CELL, value="5"), by=w.BORIS).then(FIVE).standing_on(Ref(w.LESSON, 1))
    scenario.when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(NotAllowed, saying="substitute")
    other = RecordMark(**{**CELL, "day": date(2025, 10, 3)}, value="5")
    scenario.when(other, by=w.BORIS).then_refused(NotAllowed, saying="not in your load on 03.10.2025")


def test_a_locked_account_can_do_nothing() -> None:
    locked = (w.ADA, a.AccountLocked(reason=sealed(w.ADA_STAFF, "пароль украден")))
    given(w.A_JOURNAL, locked).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(AccountLockedRefusal)


def test_a_lesson_must_be_in_the_timetable() -> None:
    nowhere = RecordMark(**{**CELL, "slot": 7}, value="5")
    given(w.A_JOURNAL).when(nowhere, by=w.ADA).then_refused(NoSuchLesson, saying="slot 7", field="slot")
    sunday = RecordMark(**{**CELL, "day": date(2025, 10, 5)}, value="5")
    given(w.A_JOURNAL).when(sunday, by=w.ADA).then_refused(NoSuchLesson)
    second = RecordMark(**CELL, ordinal=2, value="5")
    given(w.A_JOURNAL).when(second, by=w.ADA).then_refused(NoSuchLesson)


def test_what_was_held_stays_open_to_records_when_the_timetable_changes() -> None:
    emptied = (w.TIMETABLE, JournalScheduled(journal=w.JOURNAL, starts=w.FIRST_DAY, entries=()))
    given(w.A_JOURNAL, emptied).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(NoSuchLesson)
    again = RecordMark(**CELL, number=2, value="4")
    assert given(w.A_JOURNAL, A_FIVE, emptied).when(again, by=w.ADA).events


def test_a_lesson_is_not_recorded_before_its_day_even_a_minute_before_midnight() -> None:
    scenario = given(w.A_JOURNAL)
    tomorrow = RecordMark(**{**CELL, "day": date(2025, 10, 7)}, value="5")
    scenario.at("2025-10-06 23:59").when(tomorrow, by=w.ADA).then_refused(LessonNotYetHeld, saying="07.10.2025")
    assert scenario.at("2025-10-07 00:00").when(tomorrow, by=w.ADA).events


def test_nothing_is_written_in_a_closed_period_or_a_cancelled_lesson() -> None:
    closed = (w.YEAR, y.PeriodClosed(period="q1"))
    given(w.A_JOURNAL, closed).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(
        PeriodIsClosed, saying="I четверть"
    )
    cancelled = (w.LESSON, e.LessonCancelled(**IDENTITY, reason=sealed(w.VERA, "карантин")))
    given(w.A_JOURNAL, cancelled).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(LessonIsCancelled)


def test_only_pupils_of_the_journal_on_that_day_get_marks() -> None:
    other_class = RecordMark(**{**CELL, "pupil": w.MISHA}, value="5")
    given(w.A_JOURNAL).when(other_class, by=w.ADA).then_refused(UnknownPupil, field="pupil")
    taught_elsewhere = (w.GROUP, j.TeachingGroupFormed(year=w.YEAR, name="А", kind="stream", classes=(w.CLASS_5B,)))
    joined = (w.MISHA, p.GroupJoined(group=w.GROUP, joined_on=w.FIRST_DAY))
    known = given(w.A_GROUP_JOURNAL, taught_elsewhere, joined)
    known.when(other_class, by=w.ADA).then_refused(NotInThisJournal, field="pupil")
    class_teacher = (w.CLASS_5B, j.ClassTeacherAppointed(staff=w.ADA_STAFF, starts=w.TODAY))
    given(w.A_JOURNAL, class_teacher).when(other_class, by=w.ADA).then_refused(NotInThisJournal)
    unknown = RecordMark(**{**CELL, "pupil": uid("nobody")}, value="5")
    given(w.A_JOURNAL).when(unknown, by=w.ADA).then_refused(UnknownPupil)
    moved = (
        w.VERA,
        p.PupilTransferred(old_class=w.CLASS_5A, new_class=w.CLASS_5B, transferred_on=date(2025, 10, 6)),
    )
    given(w.A_JOURNAL, moved).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(NotInThisJournal)
    friday = RecordMark(**{**CELL, "day": date(2025, 10, 3)}, value="5")
    assert given(w.A_JOURNAL, moved).when(friday, by=w.ADA).events


def test_a_pupil_on_an_individual_curriculum_is_only_in_the_journals_of_it() -> None:
    without = (w.VERA, p.IndividualPlanSet(starts=w.FIRST_DAY, class_journals=()))
    given(w.A_JOURNAL, without).when(RecordMark(**CELL, value="5"), by=w.ADA).then_refused(NotInThisJournal)
    with_it = (w.VERA, p.IndividualPlanSet(starts=w.FIRST_DAY, class_journals=(w.JOURNAL,)))
    assert given(w.A_JOURNAL, with_it).when(RecordMark(**CELL, value="5"), by=w.ADA).events


def test_the_member_of_a_group_gets_marks_from_the_day_of_joining() -> None:
    command = RecordMark(journal=w.GROUP_JOURNAL, day=date(2025, 9, 1), slot=3, pupil=w.GLEB, work="oral", value="4")
    monday = given(w.A_GROUP_JOURNAL).at("2025-09-08 12:00")
    monday.when(command, by=w.ADA).then_refused(NotInThisJournal)
    later = command.model_copy(update={"day": date(2025, 9, 8)})
    assert monday.when(later, by=w.ADA).events


def test_marks_follow_the_grading_system_and_the_kinds_of_work() -> None:
    for value in ("6", "н/а", "осв", "зач", "пять", "05"):
        given(w.A_JOURNAL).when(RecordMark(**CELL, value=value), by=w.ADA).then_refused(
            NotThisMark, saying="5, 4, 3, 2, 1", field="value"
        )
    unknown = RecordMark(**{**CELL, "work": "dance"}, value="5")
    given(w.A_JOURNAL).when(unknown, by=w.ADA).then_refused(UnknownKindOfWork, saying="oral", field="work")


def test_an_unknown_journal_is_named() -> None:
    unknown = RecordMark(**{**CELL, "journal": uid("no journal")}, value="5")
    given(w.A_JOURNAL).when(unknown, by=w.ADA).then_refused(UnknownJournal, field="journal")


def test_a_mark_of_a_control_work_stands_on_its_plan() -> None:
    command = RecordMark(**{**CELL, "work": "control"}, value="4", control_work=WORK, variant=2, points=15)
    outcome = given(w.A_JOURNAL, (WORK, PLANNED)).when(command, by=w.ADA).standing_on(Ref(WORK, 1))
    assert outcome.events == [
        e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="control", value="4", control_work=WORK, variant=2, points=15)
    ]


def test_a_mark_must_fit_its_control_work() -> None:
    command = RecordMark(**{**CELL, "work": "control"}, value="4", control_work=WORK)
    scenario = given(w.A_JOURNAL, (WORK, PLANNED))

    def changed(**fields: Any) -> RecordMark:
        return command.model_copy(update=fields)

    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(UnknownControlWork)
    scenario.when(changed(work="oral"), by=w.ADA).then_refused(NotThisControlWork)
    scenario.when(changed(variant=3), by=w.ADA).then_refused(NotThisControlWork, field="variant")
    scenario.when(changed(points=21), by=w.ADA).then_refused(NotThisControlWork, field="points")
    scenario.when(changed(day=date(2025, 10, 3)), by=w.ADA).then_refused(NotThisControlWork, saying="after the lesson")
    gone = (WORK, c.ControlWorkCancelled(journal=w.JOURNAL, reason=sealed(w.VERA, "")))
    given(w.A_JOURNAL, (WORK, PLANNED), gone).when(command, by=w.ADA).then_refused(NotThisControlWork)


def test_a_correction_keeps_old_and_new_value_and_seals_the_reason() -> None:
    command = CorrectMark(**CELL, value="4", reason="ошибка ввода")
    outcome = given(w.A_JOURNAL, A_FIVE).when(command, by=w.ADA).standing_on(Ref(w.LESSON, 1))
    outcome.then(
        e.MarkCorrected(
            **IDENTITY,
            pupil=w.VERA,
            work="oral",
            old_value="5",
            new_value="4",
            reason=sealed(w.VERA, "ошибка ввода"),
        )
    ).sealing(w.VERA, "ошибка ввода", field="mark-corrected.reason")
    given(w.A_JOURNAL, A_FIVE).when(CorrectMark(**CELL, value="5", reason="?"), by=w.ADA).then_nothing()
    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(CellIsEmpty)
    given(w.A_JOURNAL, A_FIVE).when(CorrectMark(**CELL, value="9", reason="?"), by=w.ADA).then_refused(NotThisMark)


def test_a_correction_needs_a_reason_that_can_be_read() -> None:
    for reason in ("", "  ", "\u200b", "\x00"):
        refused_as_input(CorrectMark, field="reason", **{**CELL, "value": "4", "reason": reason})


def test_a_mark_is_withdrawn_with_a_reason_and_can_then_be_recorded_anew() -> None:
    outcome = given(w.A_JOURNAL, A_FIVE).when(WithdrawMark(**CELL, reason="не тот ученик"), by=w.ADA)
    outcome.then(
        e.MarkWithdrawn(**IDENTITY, pupil=w.VERA, work="oral", old_value="5", reason=sealed(w.VERA, "не тот ученик"))
    )
    outcome.when(RecordMark(**CELL, value="3"), by=w.ADA).then(
        e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="3")
    )
    given(w.A_JOURNAL).when(WithdrawMark(**CELL, reason="?"), by=w.ADA).then_refused(CellIsEmpty)


def test_a_recommendation_is_sealed_under_the_pupil() -> None:
    fields = {key: value for key, value in CELL.items() if key != "work"}
    command = GiveRecommendation(**fields, text="Повторить дроби")
    given(w.A_JOURNAL).when(command, by=w.ADA).then(
        e.RecommendationGiven(**IDENTITY, pupil=w.VERA, text=sealed(w.VERA, "Повторить дроби"))
    )
