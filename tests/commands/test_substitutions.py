"""Substituting, merging, self-study, moving, cancelling: by the administration, with what was and what is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.events.days import LessonListed
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry, TimetableRules, TimetableRulesAdopted
from ejd.kernel.ids import SCHOOL, day_stream, lesson_stream
from ejd_commands import substitutions as su
from ejd_commands.lesson_base import LessonIsCancelled, NoSuchLesson, PeriodIsClosed, UnknownJournal
from ejd_commands.lessons import (
    CorrectTopic,
    LostLesson,
    NotASchoolDay,
    NothingToMakeUp,
    PlanExtraLesson,
    PlanOfAnotherSubject,
    RecordTopic,
    UnknownRoom,
)
from ejd_commands.placing import NothingToMergeWith, SlotIsTaken, TeacherIsNeededElsewhere
from tests import worlds as w
from tests.scenario import Outcome, World, given, sealed, uid

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
IDENTITY: dict[str, Any] = {"journal": w.JOURNAL, "date": w.LESSON_DAY, "slot": w.LESSON_SLOT}
LISTED = LessonListed(day=w.LESSON_DAY, **IDENTITY)
BORIS = e.Substitution(teacher=w.BORIS_STAFF)
SUBSTITUTED = (w.LESSON, e.LessonSubstituted(**IDENTITY, absent_teacher=w.ADA_STAFF, substitution=BORIS))
CANCELLED = (w.LESSON, e.LessonCancelled(**IDENTITY, reason=sealed(SCHOOL, "карантин")))
CLOSED = (w.YEAR, y.PeriodClosed(period="q1"))
WEDNESDAY = date(2025, 10, 8)

PHYSICS, MATHS_B, SPORTS = uid("journal physics 5a"), uid("journal maths 5b"), uid("journal sports 5a 5b")
STREAM, ALONE = uid("group 5a 5b"), uid("group gleb alone")


def lessons_of(  # noqa: PLR0913 - what differs between the journals
    journal: str, name: str, group: str, classes: tuple[str, ...], teacher: str, slot: int, room: str = ""
) -> World:
    """Another journal with a lesson on every Monday."""
    opened = j.JournalOpened(
        year=w.YEAR,
        subject=w.ENGLISH,
        group=group,
        group_kind="class" if group in {w.CLASS_5A, w.CLASS_5B} else "group",
        classes=classes,
        grade=5,
        scheme="quarters",
        bells="first-shift",
        grading_system="five-point",
        name=name,
    )
    entry = ScheduleEntry(cycle_day=1, slot=slot, room=room)
    return (
        (journal, opened),
        (journal, j.TeacherAssigned(staff=teacher, starts=w.FIRST_DAY)),
        (w.TIMETABLE, JournalScheduled(journal=journal, starts=w.FIRST_DAY, entries=(entry,))),
    )


def parallel(journal: str = MATHS_B, slot: int = w.LESSON_SLOT, room: str = w.ROOM_14) -> World:
    """BORIS teaches 5Б while ADA teaches 5А."""
    return lessons_of(journal, "Математика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.BORIS_STAFF, slot, room)


def substitute(**fields: Any) -> su.SubstituteTeacher:
    return su.SubstituteTeacher.model_validate({**LESSON, "teacher": w.BORIS_STAFF, **fields})


def move(**fields: Any) -> su.MoveLesson:
    return su.MoveLesson.model_validate({**LESSON, "new_day": "2025-10-08", "new_slot": 6, **fields})


def on_lists(outcome: Outcome) -> dict[str, Event]:
    """Answer what the lists of days got, by stream."""
    return {one.stream: one.event for one in outcome.decided if isinstance(one.event, LessonListed)}


def test_the_reason_of_a_substitution_is_sealed_under_the_absent_teacher() -> None:
    command = substitute(absent_teacher=w.ADA_STAFF, reason="больничный")
    given(w.A_JOURNAL).when(command, by=w.DEPUTY).then(
        e.LessonSubstituted(
            **IDENTITY,
            absent_teacher=w.ADA_STAFF,
            substitution=BORIS,
            reason=sealed(w.ADA_STAFF, "больничный"),
        ),
        LISTED,
    )
    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(NotAllowed)
    nobody = substitute(reason="обмен")
    given(w.A_JOURNAL).when(nobody, by=w.DEPUTY).sealing(SCHOOL, "обмен", field="lesson-substituted.reason")


def test_what_is_changed_on_a_day_stands_on_the_list_of_that_day() -> None:
    outcome = given(w.A_JOURNAL).when(substitute(), by=w.DEPUTY)
    assert on_lists(outcome) == {day_stream(w.LESSON_DAY): LISTED}
    moved = outcome.when(move(), by=w.DEPUTY)
    assert on_lists(moved) == {
        day_stream(w.LESSON_DAY): LISTED,
        day_stream(WEDNESDAY): LessonListed(day=WEDNESDAY, **IDENTITY),
    }


def test_another_subject_can_be_given_and_the_own_one_is_no_other() -> None:
    other = e.Substitution(teacher=w.BORIS_STAFF, subject=w.ENGLISH)
    given(w.A_JOURNAL).when(substitute(subject=w.ENGLISH), by=w.DEPUTY).then(
        e.LessonSubstituted(**IDENTITY, substitution=other), LISTED
    )
    given(w.A_JOURNAL).when(substitute(subject=w.MATHS), by=w.DEPUTY).then(
        e.LessonSubstituted(**IDENTITY, substitution=BORIS), LISTED
    )


def test_a_lesson_in_another_subject_leaves_the_plan_of_its_journal_alone() -> None:
    given_otherwise = given(w.A_JOURNAL).when(substitute(subject=w.ENGLISH), by=w.DEPUTY).and_then_given()
    by_the_plan = RecordTopic(**LESSON, plan_item=3)
    given_otherwise.when(by_the_plan, by=w.BORIS).then_refused(PlanOfAnotherSubject, field="plan_item")
    typed = given_otherwise.when(RecordTopic(**LESSON, topic="Present Simple"), by=w.BORIS)
    typed.then(e.TopicRecorded(**IDENTITY, topic="Present Simple"))
    corrected = CorrectTopic(**LESSON, plan_item=3, reason="ошибка")
    typed.when(corrected, by=w.BORIS).then_refused(PlanOfAnotherSubject)
    same_subject = given(w.A_JOURNAL, SUBSTITUTED).when(by_the_plan, by=w.BORIS)
    same_subject.then(e.TopicRecorded(**IDENTITY, topic="Тема 3", plan_item=3))


def test_a_lesson_held_by_its_plan_was_not_given_in_another_subject() -> None:
    held = given(w.A_JOURNAL, (w.LESSON, e.TopicRecorded(**IDENTITY, topic="Тема 3", plan_item=3)))
    held.when(substitute(subject=w.ENGLISH), by=w.DEPUTY).then_refused(su.TopicTakesThePlan, saying="line 3")
    assert held.when(substitute(), by=w.DEPUTY).events
    typed = given(w.A_JOURNAL, (w.LESSON, e.TopicRecorded(**IDENTITY, topic="Видовременные формы")))
    assert typed.when(substitute(subject=w.ENGLISH), by=w.DEPUTY).events


def test_a_moved_lesson_takes_the_plans_next_line() -> None:
    there = given(w.A_JOURNAL).when(move(), by=w.DEPUTY).and_then_given().at("2025-10-08 14:00")
    recorded = there.when(RecordTopic(**LESSON, plan_item=3), by=w.ADA)
    recorded.then(e.TopicRecorded(**IDENTITY, topic="Тема 3", plan_item=3)).in_stream(w.LESSON)


def test_groups_are_merged_by_the_teacher_who_has_the_other_one() -> None:
    merged = substitute(merged_journal=MATHS_B)
    both = given(w.A_JOURNAL, parallel())
    outcome = both.when(merged, by=w.DEPUTY)
    together = e.Substitution(teacher=w.BORIS_STAFF, merged_journal=MATHS_B)
    outcome.then(e.LessonSubstituted(**IDENTITY, substitution=together), LISTED)
    both.when(substitute(), by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere, saying="«Математика, 5Б» (teacher)")
    given(w.A_JOURNAL).when(merged, by=w.DEPUTY).then_refused(UnknownJournal)
    later = given(w.A_JOURNAL, parallel(slot=3))
    later.when(merged, by=w.DEPUTY).then_refused(NothingToMergeWith, field="merged_journal")
    own = substitute(merged_journal=w.JOURNAL)
    both.when(own, by=w.DEPUTY).then_refused(NothingToMergeWith)
    both.when(substitute(teacher=w.DEPUTY_STAFF, merged_journal=MATHS_B), by=w.DEPUTY).then_refused(NothingToMergeWith)


def test_a_merged_lesson_hosts_no_third_one() -> None:
    both = given(w.A_JOURNAL, parallel()).when(substitute(merged_journal=MATHS_B), by=w.DEPUTY)
    back = su.SubstituteTeacher(
        journal=MATHS_B, day=w.LESSON_DAY, slot=2, teacher=w.BORIS_STAFF, merged_journal=w.JOURNAL
    )
    both.when(back, by=w.DEPUTY).then_refused(NothingToMergeWith, saying="merged with a third one")


def test_a_substitute_must_work_here_and_what_is_named_must_exist() -> None:
    scenario = given(w.A_JOURNAL)
    scenario.when(substitute(teacher=uid("nobody")), by=w.DEPUTY).then_refused(su.NotOnTheStaff)
    left = (w.BORIS_STAFF, p.StaffMemberLeft(left_on=date(2025, 10, 5)))
    given(w.A_JOURNAL, left).when(substitute(), by=w.DEPUTY).then_refused(su.NotOnTheStaff)
    scenario.when(substitute(subject=w.ROOM_12), by=w.DEPUTY).then_refused(su.UnknownSubject)
    scenario.when(substitute(merged_journal=w.ROOM_12), by=w.DEPUTY).then_refused(UnknownJournal)


def test_every_lesson_that_the_substitute_has_then_is_named_at_once() -> None:
    """Own timetable, another substitution, a lesson moved in, an extra one."""
    busy = given(
        w.A_JOURNAL,
        parallel(),
        lessons_of(PHYSICS, "Физика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.DEPUTY_STAFF, 4),
        lessons_of(SPORTS, "Спорт", STREAM, (w.CLASS_5A,), w.HEAD_STAFF, 2),
        lessons_of(uid("journal club"), "Кружок", ALONE, (uid("class 6a"),), w.BORIS_STAFF, 7),
    )
    other = su.SubstituteTeacher(journal=SPORTS, day=w.LESSON_DAY, slot=2, teacher=w.DEPUTY_STAFF)
    moved = su.MoveLesson(journal=PHYSICS, day=date(2025, 9, 29), slot=4, new_day=w.LESSON_DAY, new_slot=2)
    free = busy.when(other, by=w.DEPUTY).and_then_given()
    free.when(substitute(teacher=w.DEPUTY_STAFF), by=w.DEPUTY).then_refused(
        TeacherIsNeededElsewhere, saying="this teacher has «Спорт» (teacher): choose another", field="teacher"
    )
    free.when(moved, by=w.DEPUTY).then_refused(
        SlotIsTaken, saying="«Математика, 5Б» (pupils), «Спорт» (teacher): choose", field="new_slot"
    )
    gone = su.CancelLesson(journal=MATHS_B, day=w.LESSON_DAY, slot=2, reason="экскурсия")
    elsewhere = su.CorrectSubstitution(journal=SPORTS, day=w.LESSON_DAY, slot=2, reason="ошибка")
    cleared = free.when(gone, elsewhere, moved, by=w.DEPUTY).and_then_given()
    cleared.when(substitute(teacher=w.DEPUTY_STAFF), by=w.DEPUTY).then_refused(
        TeacherIsNeededElsewhere, saying="this teacher has «Физика, 5Б» (teacher)"
    )
    assert cleared.when(substitute(), by=w.DEPUTY).events, "the cancelled lesson of 5Б leaves BORIS free"
    extra = PlanExtraLesson(journal=uid("journal club"), day=w.LESSON_DAY, slot=2, ordinal=2)
    cleared.when(extra, by=w.DEPUTY).when(substitute(), by=w.DEPUTY).then_refused(
        TeacherIsNeededElsewhere, saying="«Кружок»"
    )


def test_more_clashes_than_can_be_read_are_counted() -> None:
    many = [
        lessons_of(uid(f"journal {n}"), f"Группа {n:02}", uid(f"group {n}"), (w.CLASS_5B,), w.BORIS_STAFF, 2)
        for n in range(22)
    ]
    refused = given(w.A_JOURNAL, *many).when(substitute(), by=w.DEPUTY)
    refused.then_refused(TeacherIsNeededElsewhere, saying="«Группа 19» (teacher), and 2 more: choose another")


def test_a_second_substitution_is_a_correction() -> None:
    there = given(w.A_JOURNAL, SUBSTITUTED)
    there.when(substitute(), by=w.DEPUTY).then_nothing()
    there.when(substitute(teacher=w.DEPUTY_STAFF), by=w.DEPUTY).then_refused(su.IsSubstituted)
    there.when(su.CorrectSubstitution(**LESSON, teacher=w.DEPUTY_STAFF, reason="ошибка"), by=w.DEPUTY).then(
        e.SubstitutionCorrected(
            **IDENTITY,
            old=BORIS,
            new=e.Substitution(teacher=w.DEPUTY_STAFF),
            reason=sealed(SCHOOL, "ошибка"),
        ),
        LISTED,
    )
    there.when(su.CorrectSubstitution(**LESSON, reason="ошибка"), by=w.DEPUTY).then(
        e.SubstitutionCorrected(**IDENTITY, old=BORIS, new=None, reason=sealed(SCHOOL, "ошибка")), LISTED
    )
    same = su.CorrectSubstitution(**LESSON, teacher=w.BORIS_STAFF, reason="ошибка")
    there.when(same, by=w.DEPUTY).then_nothing()
    given(w.A_JOURNAL).when(same, by=w.DEPUTY).then_refused(su.NotSubstituted)


def test_the_own_teacher_comes_back_unless_given_away_meanwhile() -> None:
    """What the timetable itself gives one teacher at once (two classes taught together) is no obstacle."""
    together = lessons_of(MATHS_B, "Математика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.ADA_STAFF, 2)
    back = su.CorrectSubstitution(**LESSON, reason="вернулась")
    there = given(w.A_JOURNAL, together).when(substitute(), by=w.DEPUTY).and_then_given()
    assert there.when(back, by=w.DEPUTY).events
    other = lessons_of(PHYSICS, "Физика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.HEAD_STAFF, 2)
    given_away = su.SubstituteTeacher(journal=PHYSICS, day=w.LESSON_DAY, slot=2, teacher=w.ADA_STAFF)
    away = given(w.A_JOURNAL, other).when(substitute(), given_away, by=w.DEPUTY)
    away.when(back, by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere, saying="«Физика, 5Б»")


def test_pupils_study_alone_with_a_supervisor_or_without() -> None:
    alone = su.AssignSelfStudy(**LESSON, absent_teacher=w.ADA_STAFF, reason="больничный")
    outcome = given(w.A_JOURNAL).when(alone, by=w.DEPUTY)
    outcome.then(
        e.LessonSubstituted(
            **IDENTITY,
            absent_teacher=w.ADA_STAFF,
            substitution=e.Substitution(teacher="", self_study=True),
            reason=sealed(w.ADA_STAFF, "больничный"),
        ),
        LISTED,
    )
    outcome.when(alone, by=w.DEPUTY).then_nothing()
    supervised = su.AssignSelfStudy(**LESSON, teacher=w.BORIS_STAFF)
    outcome.when(supervised, by=w.DEPUTY).then_refused(su.IsSubstituted)
    given(w.A_JOURNAL).when(supervised, by=w.DEPUTY).then(
        e.LessonSubstituted(**IDENTITY, substitution=e.Substitution(teacher=w.BORIS_STAFF, self_study=True)), LISTED
    )
    busy = given(w.A_JOURNAL, parallel()).when(supervised, by=w.DEPUTY)
    busy.then_refused(TeacherIsNeededElsewhere, saying="«Математика, 5Б»")
    nobody = su.AssignSelfStudy(**LESSON, teacher=uid("nobody"))
    given(w.A_JOURNAL).when(nobody, by=w.DEPUTY).then_refused(su.NotOnTheStaff)


def test_self_study_can_be_what_a_substitution_should_have_been() -> None:
    there = given(w.A_JOURNAL, SUBSTITUTED)
    alone = su.CorrectSubstitution(**LESSON, self_study=True, reason="заболел и он")
    corrected = there.when(alone, by=w.DEPUTY)
    new = e.Substitution(teacher="", self_study=True)
    event = e.SubstitutionCorrected(**IDENTITY, old=BORIS, new=new, reason=sealed(SCHOOL, "заболел и он"))
    corrected.then(event, LISTED)
    for other in ({"subject": w.ENGLISH}, {"merged_journal": w.JOURNAL}):
        both = alone.model_copy(update=other)
        there.when(both, by=w.DEPUTY).then_refused(su.SelfStudyIsNoLesson, field="self_study")


@pytest.mark.parametrize(("teacher", "writes"), [(None, w.ADA), (w.BORIS_STAFF, w.BORIS)])
def test_self_study_is_recorded_by_the_supervisor_else_by_the_own_teacher(teacher: str | None, writes: str) -> None:
    there = given(w.A_JOURNAL).when(su.AssignSelfStudy(**LESSON, teacher=teacher), by=w.DEPUTY)
    topic = RecordTopic(**LESSON, plan_item=3)
    assert there.when(topic, by=writes).events
    refusal = UnknownJournal if writes == w.ADA else NotAllowed
    there.when(topic, by=w.BORIS if writes == w.ADA else w.ADA).then_refused(refusal)


def test_a_moved_lesson_keeps_its_identity_and_is_recorded_on_its_new_day() -> None:
    outcome = given(w.A_JOURNAL).when(move(new_room=w.ROOM_14, reason="экскурсия"), by=w.DEPUTY)
    outcome.then(
        e.LessonMoved(
            **IDENTITY,
            old_date=w.LESSON_DAY,
            old_slot=2,
            new_date=WEDNESDAY,
            new_slot=6,
            new_room=w.ROOM_14,
            reason=sealed(SCHOOL, "экскурсия"),
        ),
        LISTED,
        LessonListed(day=WEDNESDAY, **IDENTITY),
    )
    after = outcome.and_then_given().at("2025-10-08 14:00")
    assert after.when(RecordTopic(**LESSON, topic="Дроби"), by=w.ADA).in_stream(w.LESSON).events
    back = after.when(move(new_day=w.LESSON_DAY, new_slot=w.LESSON_SLOT), by=w.DEPUTY)
    assert back.events[0] == e.LessonMoved(
        **IDENTITY, old_date=WEDNESDAY, old_slot=6, new_date=w.LESSON_DAY, new_slot=w.LESSON_SLOT
    )


def test_a_lesson_is_not_moved_onto_another_one_or_out_of_the_year() -> None:
    scenario = given(w.A_JOURNAL)
    scenario.when(move(new_slot=2), by=w.DEPUTY).then_refused(
        SlotIsTaken, saying="on 08.10.2025 in slot 2 this lesson would clash with «Математика, 5А» (teacher, room, pup"
    )
    scenario.when(move(new_day="2026-07-01"), by=w.DEPUTY).then_refused(NotASchoolDay)
    scenario.when(move(new_room=w.MATHS), by=w.DEPUTY).then_refused(UnknownRoom)
    given(w.A_JOURNAL, CLOSED).when(move(), by=w.DEPUTY).then_refused(PeriodIsClosed)
    scenario.when(move(new_day="2025-10-06", new_slot=2), by=w.DEPUTY).then_nothing()
    assert scenario.when(move(new_day="2025-10-06", new_slot=2, new_room=w.ROOM_14), by=w.DEPUTY).events
    scenario.when(move(slot=7), by=w.DEPUTY).then_refused(NoSuchLesson)


def test_another_room_must_be_free_and_nothing_else_is_asked_of_it() -> None:
    taken = given(w.A_JOURNAL, parallel())
    here = {"new_day": w.LESSON_DAY, "new_slot": w.LESSON_SLOT}
    taken.when(move(**here, new_room=w.ROOM_14), by=w.DEPUTY).then_refused(
        SlotIsTaken, saying="«Математика, 5Б» (room)"
    )
    same_teacher = lessons_of(MATHS_B, "Математика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.ADA_STAFF, 2, w.ROOM_12)
    assert given(w.A_JOURNAL, same_teacher).when(move(**here, new_room=w.ROOM_14), by=w.DEPUTY).events


def formed(group: str, kind: Any, *classes: str) -> tuple[str, Event]:
    return group, j.TeachingGroupFormed(year=w.YEAR, name="Группа", kind=kind, classes=classes)


def joined(pupil: str, group: str) -> tuple[str, Event]:
    return pupil, p.GroupJoined(group=group, joined_on=w.FIRST_DAY)


OWN_PLAN = (w.GLEB, p.IndividualPlanSet(starts=w.FIRST_DAY, class_journals=()))


@pytest.mark.parametrize(
    ("group", "classes", "before", "clashes"),
    [
        (w.CLASS_5A, (w.CLASS_5A,), (), True),
        (w.CLASS_5B, (w.CLASS_5B,), (), False),
        (w.GROUP, (w.CLASS_5A,), (formed(w.GROUP, "subgroup", w.CLASS_5A), joined(w.VERA, w.GROUP)), True),
        (w.GROUP, (w.CLASS_5A,), (formed(w.GROUP, "subgroup", w.CLASS_5A),), False),
        (STREAM, (w.CLASS_5A, w.CLASS_5B), (joined(w.MISHA, STREAM),), False),
        (ALONE, (w.CLASS_5A,), (formed(ALONE, "individual", w.CLASS_5A), joined(w.GLEB, ALONE)), True),
        (ALONE, (w.CLASS_5A,), (formed(ALONE, "individual", w.CLASS_5A), joined(w.GLEB, ALONE), OWN_PLAN), False),
    ],
)
def test_no_pupil_is_in_two_places(
    group: str, classes: tuple[str, ...], before: tuple[tuple[str, Event], ...], *, clashes: bool
) -> None:
    world = lessons_of(PHYSICS, "Физика", group, classes, w.HEAD_STAFF, 5)
    school = given(w.A_JOURNAL, *before, world)
    outcome = school.when(move(new_day=w.LESSON_DAY, new_slot=5), by=w.DEPUTY)
    if clashes:
        outcome.then_refused(SlotIsTaken, saying="«Физика» (pupils)", field="new_slot")
    else:
        assert outcome.events


def test_who_teaches_a_class_that_has_a_break_of_its_own_is_free() -> None:
    """A stream is taught as long as one of its classes is there."""
    day = w.LESSON_DAY
    rests = (
        w.YEAR,
        y.BreaksDefined(breaks=(y.Break(name="Поход", first_day=day, last_day=day, classes=(w.CLASS_5B,)),)),
    )
    assert given(w.A_JOURNAL, parallel(), rests).when(substitute(), by=w.DEPUTY).events
    both = lessons_of(PHYSICS, "Физика", STREAM, (w.CLASS_5A, w.CLASS_5B), w.BORIS_STAFF, w.LESSON_SLOT)
    given(w.A_JOURNAL, both, rests).when(substitute(), by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere)


def test_two_groups_of_one_class_are_taught_side_by_side_unless_a_pupil_is_in_both() -> None:
    physics = lessons_of(PHYSICS, "Физика", STREAM, (w.CLASS_5A,), w.HEAD_STAFF, 5)
    english = {"journal": w.GROUP_JOURNAL, "slot": w.GROUP_LESSON_SLOT, "new_day": w.LESSON_DAY, "new_slot": 5}
    assert given(w.A_GROUP_JOURNAL, physics).when(move(**english), by=w.DEPUTY).events
    both = given(w.A_GROUP_JOURNAL, physics, joined(w.VERA, STREAM)).when(move(**english), by=w.DEPUTY)
    both.then_refused(SlotIsTaken, saying="«Физика» (pupils)")


def test_a_room_that_several_may_use_is_never_taken() -> None:
    here = {"new_day": w.LESSON_DAY, "new_slot": w.LESSON_SLOT, "new_room": w.ROOM_14}
    given(w.A_JOURNAL, parallel()).when(move(**here), by=w.DEPUTY).then_refused(SlotIsTaken)
    shared = (SCHOOL, TimetableRulesAdopted(rules=TimetableRules(shared_rooms=(w.ROOM_14,))))
    assert given(w.A_JOURNAL, parallel(), shared).when(move(**here), by=w.DEPUTY).events


def test_of_two_teachers_only_the_one_whom_the_timetable_names_is_needed() -> None:
    two = (MATHS_B, j.TeacherAssigned(staff=w.HEAD_STAFF, starts=w.FIRST_DAY))
    entry = ScheduleEntry(cycle_day=1, slot=w.LESSON_SLOT, teachers=(w.HEAD_STAFF,))
    by_one = (w.TIMETABLE, JournalScheduled(journal=MATHS_B, starts=w.FIRST_DAY, entries=(entry,)))
    given(w.A_JOURNAL, parallel(), two).when(substitute(), by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere)
    assert given(w.A_JOURNAL, parallel(), two, by_one).when(substitute(), by=w.DEPUTY).events


def test_the_substitute_of_a_moved_lesson_must_be_free_there_too() -> None:
    there = given(w.A_JOURNAL, parallel(slot=5)).when(substitute(), by=w.DEPUTY)
    there.when(move(new_day=w.LESSON_DAY, new_slot=5), by=w.DEPUTY).then_refused(
        SlotIsTaken, saying="«Математика, 5Б» (teacher)"
    )


def test_a_lesson_moved_away_leaves_its_place_free() -> None:
    monday_before = date(2025, 9, 29)
    away = move(new_day=w.LESSON_DAY + timedelta(days=5), new_slot=1)
    into = move(day=monday_before, new_day=w.LESSON_DAY, new_slot=w.LESSON_SLOT)
    school = given(w.A_JOURNAL)
    school.when(into, by=w.DEPUTY).then_refused(SlotIsTaken)
    moved = school.when(away, into, by=w.DEPUTY)
    moved.when(move(new_day=w.LESSON_DAY, new_slot=w.LESSON_SLOT), by=w.DEPUTY).then_refused(SlotIsTaken)


def test_what_the_timetable_no_longer_has_is_in_nobodys_way() -> None:
    """A lesson on the day's list counts while it is due, extra or held."""
    moved = given(w.A_JOURNAL, parallel(slot=5)).when(
        su.MoveLesson(journal=MATHS_B, day=w.LESSON_DAY, slot=5, new_day=w.LESSON_DAY, new_slot=2), by=w.DEPUTY
    )
    moved.when(substitute(), by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere)
    nothing = (w.TIMETABLE, JournalScheduled(journal=MATHS_B, starts=w.FIRST_DAY, entries=()))
    free = moved.and_then_given()
    free.streams[nothing[0]].append(nothing[1])
    assert free.when(substitute(), by=w.DEPUTY).events
    stream = lesson_stream(MATHS_B, w.LESSON_DAY, 5)
    roll = e.RollTaken(journal=MATHS_B, date=w.LESSON_DAY, slot=5, absences=())
    free.streams[stream].append(roll)
    free.when(substitute(), by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere)


def test_a_lesson_moved_into_a_closed_period_is_refused_from_either_side() -> None:
    closed = (w.YEAR, y.PeriodClosed(period="q2"))
    there = move(new_day=date(2025, 11, 6))
    given(w.A_JOURNAL, closed).when(there, by=w.DEPUTY).then_refused(PeriodIsClosed, saying="II четверть")


def test_what_was_held_is_not_cancelled() -> None:
    cancel = su.CancelLesson(**LESSON, reason="карантин")
    outcome = given(w.A_JOURNAL).when(cancel, by=w.DEPUTY).then(CANCELLED[1], LISTED)
    outcome.when(cancel, by=w.DEPUTY).then_nothing()
    held = (w.LESSON, e.RollTaken(**IDENTITY, absences=()))
    given(w.A_JOURNAL, held).when(cancel, by=w.DEPUTY).then_refused(su.HoldsRecords)
    marked = (w.LESSON, e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="5"))
    given(w.A_JOURNAL, marked).when(cancel, by=w.DEPUTY).then_refused(su.HoldsRecords)
    given(w.A_JOURNAL, CLOSED).when(cancel, by=w.DEPUTY).then_refused(PeriodIsClosed)


def test_a_cancelled_lesson_is_reinstated_before_anything_else() -> None:
    there = given(w.A_JOURNAL, CANCELLED)
    there.when(substitute(), by=w.DEPUTY).then_refused(LessonIsCancelled)
    reinstate = su.ReinstateLesson(**LESSON, reason="карантин отменён")
    there.when(reinstate, by=w.DEPUTY).then(
        e.LessonReinstated(**IDENTITY, reason=sealed(SCHOOL, "карантин отменён")), LISTED
    )
    given(w.A_JOURNAL).when(reinstate, by=w.DEPUTY).then_refused(su.NotCancelled)
    given(w.A_JOURNAL, CANCELLED, CLOSED).when(reinstate, by=w.DEPUTY).then_refused(PeriodIsClosed)


def test_a_cancelled_lesson_whose_teacher_was_given_away_does_not_come_back() -> None:
    other = lessons_of(PHYSICS, "Физика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.HEAD_STAFF, 2)
    given_away = su.SubstituteTeacher(journal=PHYSICS, day=w.LESSON_DAY, slot=2, teacher=w.ADA_STAFF)
    there = given(w.A_JOURNAL, CANCELLED, other, (day_stream(w.LESSON_DAY), LISTED))
    reinstate = su.ReinstateLesson(**LESSON, reason="карантин отменён")
    there.when(given_away, by=w.DEPUTY).when(reinstate, by=w.DEPUTY).then_refused(
        SlotIsTaken, saying="«Физика, 5Б» (teacher)", field="slot"
    )


def test_an_extra_lesson_stands_aside_of_the_journals_own_and_clashes_with_others() -> None:
    extra = PlanExtraLesson(**LESSON, ordinal=2)
    given(w.A_JOURNAL).when(extra, by=w.DEPUTY).then(
        e.ExtraLessonPlanned(**IDENTITY, ordinal=2), LessonListed(day=w.LESSON_DAY, **IDENTITY, ordinal=2)
    )
    physics = lessons_of(PHYSICS, "Физика, 5А", w.CLASS_5A, (w.CLASS_5A,), w.HEAD_STAFF, 5)
    there = extra.model_copy(update={"slot": 5})
    given(w.A_JOURNAL, physics).when(there, by=w.DEPUTY).then_refused(SlotIsTaken, saying="«Физика, 5А» (pupils)")


@pytest.mark.parametrize(
    ("lost", "made_up"),
    [
        (su.CancelLesson(**LESSON, reason="карантин"), True),
        (substitute(subject=w.ENGLISH), True),
        (su.AssignSelfStudy(**LESSON), True),
        (substitute(), False),
    ],
)
def test_an_extra_lesson_makes_up_one_that_was_lost(lost: su.AdministeredLesson, *, made_up: bool) -> None:
    extra = PlanExtraLesson(
        journal=w.JOURNAL, day=WEDNESDAY, slot=6, ordinal=2, makes_up=LostLesson(day=w.LESSON_DAY, slot=2)
    )
    after = given(w.A_JOURNAL).when(lost, by=w.DEPUTY).when(extra, by=w.DEPUTY)
    if made_up:
        assert isinstance(after.events[0], e.ExtraLessonPlanned)
        assert after.events[0].makes_up == w.LESSON
        assert Ref(w.LESSON, 1) in after.decided[0].refs, "it stands on that by which the lesson was lost"
        assert Ref(w.LESSON, 1) not in after.decided[1].refs, "the list of the day does not"
    else:
        after.then_refused(NothingToMakeUp, saying="06.10.2025 in slot 2 was neither cancelled nor", field="makes_up")
    given(w.A_JOURNAL).when(extra, by=w.DEPUTY).then_refused(NothingToMakeUp)
