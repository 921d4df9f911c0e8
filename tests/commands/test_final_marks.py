"""Final marks, control works, acknowledgements."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import control_works as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL, acknowledgements_stream, final_marks_stream, lesson_stream
from ejd_commands import acknowledgements as ack
from ejd_commands import control_works as cw
from ejd_commands import final_marks as fm
from ejd_commands.lesson_base import NotInThisJournal, PeriodIsClosed, UnknownJournal, UnknownPupil
from ejd_commands.marks import UnknownControlWork, UnknownKindOfWork
from tests import worlds as w
from tests.scenario import World, given, sealed, uid

CELL: dict[str, Any] = {"journal": w.JOURNAL, "period": "q1", "pupil": w.VERA}
STREAM = final_marks_stream(w.JOURNAL, "q1")
DAYS = (date(2025, 10, 1), date(2025, 10, 2), date(2025, 10, 3))


def lesson_on(day: date) -> str:
    return lesson_stream(w.JOURNAL, day, w.LESSON_SLOT)


def at(day: date) -> dict[str, Any]:
    return {"journal": w.JOURNAL, "date": day, "slot": w.LESSON_SLOT}


# 5 (oral, weight 1), 4 (oral, weight 1), 3 (control, weight 2): (5 + 4 + 2·3) / 4 = 3.75 → 4
THREE_MARKS: World = (
    (lesson_on(DAYS[0]), e.MarkRecorded(**at(DAYS[0]), pupil=w.VERA, work="oral", value="5")),
    (lesson_on(DAYS[1]), e.MarkRecorded(**at(DAYS[1]), pupil=w.VERA, work="oral", value="4")),
    (lesson_on(DAYS[2]), e.MarkRecorded(**at(DAYS[2]), pupil=w.VERA, work="control", value="3")),
    (lesson_on(DAYS[2]), e.MarkRecorded(**at(DAYS[2]), pupil=w.GLEB, work="oral", value="2")),
    (lesson_on(DAYS[2]), e.RollTaken(**at(DAYS[2]), absences=(e.Absence(pupil=w.GLEB, kind="ill"),))),
)
BASIS = f.Basis(
    marks=(Ref(lesson_on(DAYS[0]), 1), Ref(lesson_on(DAYS[1]), 1), Ref(lesson_on(DAYS[2]), 1)),
    weighted_sum=1500,
    weight_sum=400,
    lessons_held=1,
    lessons_missed=0,
    proposed="4",
)
A_FOUR = (STREAM, f.FinalMarkDecided(**CELL, value="4", basis=BASIS))


def test_a_final_mark_keeps_the_basis_it_was_decided_on() -> None:
    command = fm.DecideFinalMark(**CELL, value="4")
    outcome = given(w.A_JOURNAL, THREE_MARKS).when(command, by=w.ADA)
    outcome.then(A_FOUR[1]).in_stream(STREAM).standing_on(w.LOAD, w.VERA_ENROLLED)


def test_nothing_is_proposed_below_the_norm_of_marks_and_na_above_the_absence_threshold() -> None:
    glebs = {**CELL, "pupil": w.GLEB}
    outcome = given(w.A_JOURNAL, THREE_MARKS).when(fm.DecideFinalMark(**glebs, value="н/а"), by=w.ADA)
    # one lesson with a roll, one missed: 100 % > 50 %
    assert [event.basis.proposed for event in outcome.events if isinstance(event, f.FinalMarkDecided)] == ["н/а"]
    dinas = {**CELL, "pupil": w.DINA}
    outcome = given(w.A_JOURNAL, THREE_MARKS).when(fm.DecideFinalMark(**dinas, value="осв"), by=w.ADA)
    assert [event.basis.proposed for event in outcome.events if isinstance(event, f.FinalMarkDecided)] == [""]


def test_a_lesson_counts_in_the_period_in_which_it_took_place() -> None:
    moved = (
        lesson_on(DAYS[0]),
        e.LessonMoved(**at(DAYS[0]), old_date=DAYS[0], old_slot=w.LESSON_SLOT, new_date=date(2025, 11, 6), new_slot=7),
    )
    outcome = given(w.A_JOURNAL, THREE_MARKS, moved).when(fm.DecideFinalMark(**CELL, value="3"), by=w.ADA)
    decided = outcome.events[0]
    assert isinstance(decided, f.FinalMarkDecided)
    # (4 + 2·3) / 3 without the lesson of 1 October
    assert (decided.basis.weighted_sum, decided.basis.weight_sum) == (1000, 300)


JOURNAL_5B, ENGLISH_5A = uid("journal maths 5b"), uid("journal english 5a")
HERE: dict[str, Any] = {"year": w.YEAR, "grade": 5, "scheme": "quarters", "bells": "first-shift"}
FOLLOWED: World = (
    (
        JOURNAL_5B,
        j.JournalOpened(
            **HERE,
            subject=w.MATHS,
            group=w.CLASS_5B,
            group_kind="class",
            classes=(w.CLASS_5B,),
            grading_system="five-point",
            name="Математика, 5Б",
        ),
    ),
    (JOURNAL_5B, j.TeacherAssigned(staff=w.BORIS_STAFF, starts=w.FIRST_DAY)),
    (
        ENGLISH_5A,
        j.JournalOpened(
            **HERE,
            subject=w.ENGLISH,
            group=w.CLASS_5A,
            group_kind="class",
            classes=(w.CLASS_5A,),
            grading_system="five-point",
            name="Английский язык, 5А",
        ),
    ),
    (
        lesson_stream(ENGLISH_5A, DAYS[0], 5),
        e.MarkRecorded(journal=ENGLISH_5A, date=DAYS[0], slot=5, pupil=w.VERA, work="oral", value="2"),
    ),
    (lesson_on(DAYS[0]), e.RollTaken(**at(DAYS[0]), absences=(e.Absence(pupil=w.VERA, kind="ill"),))),
    (w.VERA, p.PupilTransferred(old_class=w.CLASS_5A, new_class=w.CLASS_5B, transferred_on=DAYS[1])),
    (
        lesson_stream(JOURNAL_5B, DAYS[2], 3),
        e.MarkRecorded(journal=JOURNAL_5B, date=DAYS[2], slot=3, pupil=w.VERA, work="oral", value="3"),
    ),
)
"""VERA moves from 5А to 5Б on 2 October."""


def test_marks_follow_a_pupil_who_moved_within_the_period() -> None:
    there = {"journal": JOURNAL_5B, "period": "q1", "pupil": w.VERA}
    world = given(w.A_JOURNAL, THREE_MARKS, FOLLOWED)
    outcome = world.when(fm.DecideFinalMark(**there, value="4"), by=w.BORIS)
    # The 5 of 1 October and that day's roll came with her, not what stands there of later days, nor her English mark.
    basis = f.Basis(
        marks=(Ref(lesson_on(DAYS[0]), 1), Ref(lesson_stream(JOURNAL_5B, DAYS[2], 3), 1)),
        weighted_sum=800,
        weight_sum=200,
        lessons_held=1,
        lessons_missed=1,
        proposed="н/а",
    )
    decided = f.FinalMarkDecided(journal=JOURNAL_5B, period="q1", pupil=w.VERA, value="4", basis=basis)
    outcome.then(decided).standing_on(w.VERA_ENROLLED, Ref(w.VERA, 2))


def test_marks_do_not_follow_into_the_journal_that_the_pupil_left() -> None:
    outcome = given(w.A_JOURNAL, THREE_MARKS, FOLLOWED).when(fm.DecideFinalMark(**CELL, value="4"), by=w.ADA)
    decided = outcome.events[0]
    assert isinstance(decided, f.FinalMarkDecided)
    assert {ref.stream for ref in decided.basis.marks} == {lesson_on(day) for day in DAYS}


def test_a_second_final_mark_is_a_correction() -> None:
    there = given(w.A_JOURNAL, THREE_MARKS, A_FOUR)
    there.when(fm.DecideFinalMark(**CELL, value="4"), by=w.ADA).then_nothing()
    there.when(fm.DecideFinalMark(**CELL, value="5"), by=w.ADA).then_refused(fm.FinalMarkIsDecided)
    there.when(fm.CorrectFinalMark(**CELL, value="5", reason="апелляция"), by=w.ADA).then(
        f.FinalMarkCorrected(**CELL, old_value="4", new_value="5", basis=BASIS, reason=sealed(w.VERA, "апелляция"))
    )
    there.when(fm.CorrectFinalMark(**CELL, value="4", reason="?"), by=w.ADA).then_nothing()
    there.when(fm.WithdrawFinalMark(**CELL, reason="рано"), by=w.ADA).then(
        f.FinalMarkWithdrawn(**CELL, old_value="4", reason=sealed(w.VERA, "рано"))
    )
    nothing = given(w.A_JOURNAL)
    nothing.when(fm.CorrectFinalMark(**CELL, value="4", reason="?"), by=w.ADA).then_refused(fm.NoFinalMark)
    nothing.when(fm.WithdrawFinalMark(**CELL, reason="?"), by=w.ADA).then_refused(fm.NoFinalMark)


def test_final_marks_follow_scale_scheme_membership_and_the_closing_of_the_period() -> None:
    def decide(**fields: Any) -> fm.DecideFinalMark:
        return fm.DecideFinalMark.model_validate({**CELL, "value": "4", **fields})

    scenario = given(w.A_JOURNAL)
    scenario.when(decide(value="6"), by=w.ADA).then_refused(fm.NotThisFinalMark, saying="н/а")
    scenario.when(decide(period="h1"), by=w.ADA).then_refused(fm.UnknownPeriod, saying="q1, q2, q3, q4, year")
    scenario.when(decide(period="q4"), by=w.ADA).then_refused(fm.PeriodHasNotBegun)
    scenario.when(decide(pupil=w.MISHA), by=w.ADA).then_refused(UnknownPupil)
    scenario.when(decide(pupil=uid("nobody")), by=w.ADA).then_refused(UnknownPupil)
    scenario.when(decide(), by=w.BORIS).then_refused(UnknownJournal)
    closed = (w.YEAR, y.PeriodClosed(period="q1"))
    given(w.A_JOURNAL, closed).when(decide(), by=w.ADA).then_refused(PeriodIsClosed)
    assert scenario.when(decide(period="year"), by=w.ADA).events
    left_before = (w.VERA, p.PupilLeft(left_on=w.FIRST_DAY))
    given(w.A_JOURNAL, left_before).when(decide(), by=w.ADA).then_refused(UnknownPupil)
    left_late = (
        w.VERA,
        p.PupilTransferred(old_class=w.CLASS_5A, new_class=w.CLASS_5B, transferred_on=date(2025, 9, 2)),
    )
    came_back = (
        w.VERA,
        p.PupilTransferred(old_class=w.CLASS_5B, new_class=w.CLASS_5A, transferred_on=date(2026, 2, 2)),
    )
    given(w.A_JOURNAL, left_before, came_back).when(decide(), by=w.ADA).then_refused(NotInThisJournal)
    assert given(w.A_JOURNAL, left_late).when(decide(), by=w.ADA).events


def test_a_pupil_of_a_group_gets_the_final_mark_of_the_group_journal() -> None:
    command = fm.DecideFinalMark(journal=w.GROUP_JOURNAL, period="q1", pupil=w.VERA, value="5")
    assert given(w.A_GROUP_JOURNAL).when(command, by=w.ADA).events


WORK = uid("control work")
PLAN = cw.PlanControlWork(
    control_work=WORK, journal=w.JOURNAL, day=w.LESSON_DAY, title="Дроби", form="письменная", variants=2
)
PLANNED = (
    WORK,
    c.ControlWorkPlanned(
        journal=w.JOURNAL, day=w.LESSON_DAY, title="Дроби", form="письменная", work="control", variants=2
    ),
)


def test_a_control_work_is_planned_on_a_day_of_lessons() -> None:
    given(w.A_JOURNAL).when(PLAN, by=w.DEPUTY).then(PLANNED[1]).in_stream(WORK)
    given(w.A_JOURNAL, PLANNED).when(PLAN, by=w.DEPUTY).then_nothing()
    other = PLAN.model_copy(update={"title": "Углы"})
    given(w.A_JOURNAL, PLANNED).when(other, by=w.DEPUTY).then_refused(cw.ControlWorkExists)
    sunday = PLAN.model_copy(update={"day": date(2025, 10, 5)})
    given(w.A_JOURNAL).when(sunday, by=w.DEPUTY).then_refused(cw.NotInTheYear)
    unknown = PLAN.model_copy(update={"work": "dance"})
    given(w.A_JOURNAL).when(unknown, by=w.DEPUTY).then_refused(UnknownKindOfWork)
    given(w.A_JOURNAL).when(PLAN, by=w.ADA).then_refused(NotAllowed)
    assert given(w.A_JOURNAL).when(PLAN.model_copy(update={"control_work": None}), by=w.DEPUTY).events


def test_a_control_work_is_moved_or_cancelled_with_a_reason() -> None:
    there = given(w.A_JOURNAL, PLANNED)
    move = cw.MoveControlWork(control_work=WORK, new_day=date(2025, 10, 8), reason="экскурсия")
    there.when(move, by=w.DEPUTY).then(
        c.ControlWorkMoved(
            journal=w.JOURNAL,
            old_day=w.LESSON_DAY,
            new_day=date(2025, 10, 8),
            reason=sealed(SCHOOL, "экскурсия"),
        )
    ).in_stream(WORK)
    there.when(move.model_copy(update={"new_day": w.LESSON_DAY}), by=w.DEPUTY).then_nothing()
    there.when(move.model_copy(update={"new_day": date(2025, 10, 5)}), by=w.DEPUTY).then_refused(cw.NotInTheYear)
    cancel = cw.CancelControlWork(control_work=WORK, reason="карантин")
    cancelled = there.when(cancel, by=w.DEPUTY).then(
        c.ControlWorkCancelled(journal=w.JOURNAL, reason=sealed(SCHOOL, "карантин"))
    )
    cancelled.when(cancel, by=w.DEPUTY).then_refused(cw.ControlWorkIsCancelled)
    given(w.A_JOURNAL).when(cancel, by=w.DEPUTY).then_refused(UnknownControlWork)


ACK = acknowledgements_stream(w.PARENT_GUARDIAN, w.VERA)
PAIR: dict[str, Any] = {"guardian": w.PARENT_GUARDIAN, "pupil": w.VERA}


def test_a_parent_acknowledges_the_week_for_the_own_child_only() -> None:
    command = ack.AcknowledgeDiary(**PAIR, week=date(2025, 10, 6), seen_position=7)
    outcome = given(w.A_JOURNAL).when(command, by=w.PARENT).in_stream(ACK)
    outcome.then(k.DiaryAcknowledged(**PAIR, channel="api", week=date(2025, 10, 6), seen_position=7))
    outcome.when(command, by=w.PARENT).then_nothing()
    outcome.when(command.model_copy(update={"seen_position": 6}), by=w.PARENT).then_nothing()
    foreign = command.model_copy(update={"pupil": w.GLEB})
    given(w.A_JOURNAL).when(foreign, by=w.PARENT).then_refused(UnknownPupil, saying=f"no pupil {w.GLEB}")
    given(w.A_JOURNAL).when(command, by=w.PUPIL_ACCOUNT).then_refused(NotAllowed)
    somebody_else = command.model_copy(update={"guardian": uid("guardian of nobody")})
    given(w.A_JOURNAL).when(somebody_else, by=w.PARENT).then_refused(NotAllowed, saying="own name")
    nobody = command.model_copy(update={"pupil": uid("nobody")})
    given(w.A_JOURNAL).when(nobody, by=w.PARENT).then_refused(UnknownPupil, saying=f"no pupil {uid('nobody')}")
    ended = (w.PARENT_GUARDIAN, p.GuardianshipEnded(pupil=w.VERA, ends=w.TODAY))
    given(w.A_JOURNAL, ended).when(command, by=w.PARENT).then_refused(UnknownPupil)


def test_a_pupil_who_was_never_enrolled_is_named() -> None:
    ghost = uid("ghost")
    guardianship = (w.PARENT_GUARDIAN, p.GuardianshipEstablished(pupil=ghost, relation="mother", starts=w.FIRST_DAY))
    command = ack.AcknowledgeDiary(guardian=w.PARENT_GUARDIAN, pupil=ghost, week=date(2025, 10, 6), seen_position=7)
    given(w.A_JOURNAL, guardianship).when(command, by=w.PARENT).then_refused(UnknownPupil, field="pupil")


def test_a_signature_on_paper_is_registered_by_the_school() -> None:
    command = ack.AcknowledgeDiary(**PAIR, channel="paper", week=date(2025, 10, 6), seen_position=7)
    assert given(w.A_JOURNAL).when(command, by=w.DEPUTY).events
    given(w.A_JOURNAL).when(command, by=w.PARENT).then_refused(NotAllowed, saying="only a head or deputy head or teach")
    class_teacher = (w.CLASS_5A, j.ClassTeacherAppointed(staff=w.ADA_STAFF, starts=w.TODAY))
    given(w.A_JOURNAL, class_teacher).when(command, by=w.ADA).standing_on(Ref(w.PARENT_GUARDIAN, 2)).in_stream(ACK)
    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(NotAllowed, saying="only the class teacher")
    given(w.A_JOURNAL).when(command, by=w.BORIS).then_refused(UnknownPupil)
    nobody = command.model_copy(update={"guardian": uid("nobody")})
    given(w.A_JOURNAL).when(nobody, by=w.DEPUTY).then_refused(NotAllowed, saying="does not act for this pupil today")


def test_what_has_not_begun_cannot_have_been_read() -> None:
    week = ack.AcknowledgeDiary(**PAIR, week=date(2025, 10, 13), seen_position=7)
    given(w.A_JOURNAL).when(week, by=w.PARENT).then_refused(ack.NotYetToRead)
    given(w.A_JOURNAL).when(week.model_copy(update={"week": date(2025, 10, 7)}), by=w.PARENT).then_refused(
        ack.NotAMonday
    )
    period = ack.AcknowledgePeriodMarks(**PAIR, year=w.YEAR, period="q2", seen_position=7)
    given(w.A_JOURNAL).when(period, by=w.PARENT).then_refused(ack.NotYetToRead)
    given(w.A_JOURNAL).when(period.model_copy(update={"period": "q9"}), by=w.PARENT).then_refused(fm.UnknownPeriod)
    first = period.model_copy(update={"period": "q1"})
    outcome = given(w.A_JOURNAL).when(first, by=w.PARENT)
    outcome.then(k.PeriodMarksAcknowledged(**PAIR, channel="api", year=w.YEAR, period="q1", seen_position=7))
    outcome.when(first, by=w.PARENT).then_nothing()


def test_a_recommendation_is_acknowledged_by_the_version_of_its_event() -> None:
    given_to_vera = (
        w.LESSON,
        e.RecommendationGiven(
            journal=w.JOURNAL,
            date=w.LESSON_DAY,
            slot=w.LESSON_SLOT,
            pupil=w.VERA,
            text=sealed(w.VERA, "Повторить дроби"),
        ),
    )
    command = ack.AcknowledgeRecommendation(**PAIR, lesson=w.LESSON, version=1)
    outcome = given(w.A_JOURNAL, given_to_vera).when(command, by=w.PARENT).standing_on(Ref(w.LESSON, 1))
    outcome.then(k.RecommendationAcknowledged(**PAIR, channel="api", lesson=w.LESSON, version=1))
    outcome.when(command, by=w.PARENT).then_nothing()
    given(w.A_JOURNAL).when(command, by=w.PARENT).then_refused(ack.UnknownRecommendation)
