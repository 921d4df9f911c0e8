"""Substituting, moving, cancelling: by the administration, with what was and what is."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd_commands import substitutions as su
from ejd_commands.lesson_base import LessonIsCancelled, NoSuchLesson, PeriodIsClosed, UnknownJournal
from ejd_commands.lessons import NotASchoolDay, RecordTopic, UnknownRoom
from tests import worlds as w
from tests.scenario import given, sealed, uid

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
IDENTITY: dict[str, Any] = {"journal": w.JOURNAL, "date": w.LESSON_DAY, "slot": w.LESSON_SLOT}
BORIS = e.Substitution(teacher=w.BORIS_STAFF)
SUBSTITUTED = (w.LESSON, e.LessonSubstituted(**IDENTITY, absent_teacher=w.ADA_STAFF, substitution=BORIS))
CANCELLED = (w.LESSON, e.LessonCancelled(**IDENTITY, reason=sealed(SCHOOL, "карантин")))
CLOSED = (w.YEAR, y.PeriodClosed(period="q1"))


def test_the_reason_of_a_substitution_is_sealed_under_the_absent_teacher() -> None:
    command = su.SubstituteTeacher(**LESSON, teacher=w.BORIS_STAFF, absent_teacher=w.ADA_STAFF, reason="больничный")
    given(w.A_JOURNAL).when(command, by=w.DEPUTY).then(
        e.LessonSubstituted(
            **IDENTITY,
            absent_teacher=w.ADA_STAFF,
            substitution=BORIS,
            reason=sealed(w.ADA_STAFF, "больничный"),
        )
    )
    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(NotAllowed)


def test_another_subject_or_a_merged_group_can_be_named() -> None:
    command = su.SubstituteTeacher(**LESSON, teacher=w.BORIS_STAFF, subject=w.ENGLISH, merged_journal=w.GROUP_JOURNAL)
    given(w.A_GROUP_JOURNAL).when(command, by=w.DEPUTY).then(
        e.LessonSubstituted(
            **IDENTITY,
            substitution=e.Substitution(teacher=w.BORIS_STAFF, subject=w.ENGLISH, merged_journal=w.GROUP_JOURNAL),
        )
    )


def test_a_substitute_must_work_here_and_what_is_named_must_exist() -> None:
    def by_deputy(**fields: Any) -> su.SubstituteTeacher:
        return su.SubstituteTeacher.model_validate({**LESSON, "teacher": w.BORIS_STAFF, **fields})

    scenario = given(w.A_JOURNAL)
    scenario.when(by_deputy(teacher=uid("nobody")), by=w.DEPUTY).then_refused(su.NotOnTheStaff)
    left = (w.BORIS_STAFF, p.StaffMemberLeft(left_on=date(2025, 10, 5)))
    given(w.A_JOURNAL, left).when(by_deputy(), by=w.DEPUTY).then_refused(su.NotOnTheStaff)
    scenario.when(by_deputy(subject=w.ROOM_12), by=w.DEPUTY).then_refused(su.UnknownSubject)
    scenario.when(by_deputy(merged_journal=w.ROOM_12), by=w.DEPUTY).then_refused(UnknownJournal)


def test_a_second_substitution_is_a_correction() -> None:
    there = given(w.A_JOURNAL, SUBSTITUTED)
    there.when(su.SubstituteTeacher(**LESSON, teacher=w.BORIS_STAFF), by=w.DEPUTY).then_nothing()
    other = su.SubstituteTeacher(**LESSON, teacher=w.DEPUTY_STAFF)
    there.when(other, by=w.DEPUTY).then_refused(su.IsSubstituted)
    there.when(su.CorrectSubstitution(**LESSON, teacher=w.DEPUTY_STAFF, reason="ошибка"), by=w.DEPUTY).then(
        e.SubstitutionCorrected(
            **IDENTITY,
            old=BORIS,
            new=e.Substitution(teacher=w.DEPUTY_STAFF),
            reason=sealed(SCHOOL, "ошибка"),
        )
    )
    there.when(su.CorrectSubstitution(**LESSON, reason="ошибка"), by=w.DEPUTY).then(
        e.SubstitutionCorrected(**IDENTITY, old=BORIS, new=None, reason=sealed(SCHOOL, "ошибка"))
    )
    same = su.CorrectSubstitution(**LESSON, teacher=w.BORIS_STAFF, reason="ошибка")
    there.when(same, by=w.DEPUTY).then_nothing()
    given(w.A_JOURNAL).when(same, by=w.DEPUTY).then_refused(su.NotSubstituted)


def test_a_moved_lesson_keeps_its_identity_and_is_recorded_on_its_new_day() -> None:
    move = su.MoveLesson(**LESSON, new_day=date(2025, 10, 8), new_slot=6, new_room=w.ROOM_14, reason="экскурсия")
    outcome = given(w.A_JOURNAL).when(move, by=w.DEPUTY)
    outcome.then(
        e.LessonMoved(
            **IDENTITY,
            old_date=w.LESSON_DAY,
            old_slot=2,
            new_date=date(2025, 10, 8),
            new_slot=6,
            new_room=w.ROOM_14,
            reason=sealed(SCHOOL, "экскурсия"),
        )
    ).in_stream(w.LESSON)
    after = outcome.and_then_given().at("2025-10-08 14:00")
    assert after.when(RecordTopic(**LESSON, topic="Дроби"), by=w.ADA).in_stream(w.LESSON).events
    back = su.MoveLesson(**LESSON, new_day=w.LESSON_DAY, new_slot=w.LESSON_SLOT)
    after.when(back, by=w.DEPUTY).then(
        e.LessonMoved(**IDENTITY, old_date=date(2025, 10, 8), old_slot=6, new_date=w.LESSON_DAY, new_slot=w.LESSON_SLOT)
    )


def test_a_lesson_is_not_moved_onto_another_one_or_out_of_the_year() -> None:
    def move(**fields: Any) -> su.MoveLesson:
        return su.MoveLesson.model_validate({**LESSON, "new_day": "2025-10-08", "new_slot": 6, **fields})

    scenario = given(w.A_JOURNAL)
    scenario.when(move(new_slot=2), by=w.DEPUTY).then_refused(su.SlotIsTaken)
    scenario.when(move(new_day="2026-07-01"), by=w.DEPUTY).then_refused(NotASchoolDay)
    scenario.when(move(new_room=w.MATHS), by=w.DEPUTY).then_refused(UnknownRoom)
    given(w.A_JOURNAL, CLOSED).when(move(), by=w.DEPUTY).then_refused(PeriodIsClosed)
    scenario.when(move(new_day="2025-10-06", new_slot=2), by=w.DEPUTY).then_nothing()
    assert scenario.when(move(new_day="2025-10-06", new_slot=2, new_room=w.ROOM_14), by=w.DEPUTY).events
    scenario.when(move(slot=7), by=w.DEPUTY).then_refused(NoSuchLesson)


def test_a_lesson_moved_into_a_closed_period_is_refused_from_either_side() -> None:
    closed = (w.YEAR, y.PeriodClosed(period="q2"))
    move = su.MoveLesson(**LESSON, new_day=date(2025, 11, 6), new_slot=6)
    given(w.A_JOURNAL, closed).when(move, by=w.DEPUTY).then_refused(PeriodIsClosed, saying="II четверть")


def test_what_was_held_is_not_cancelled() -> None:
    cancel = su.CancelLesson(**LESSON, reason="карантин")
    outcome = given(w.A_JOURNAL).when(cancel, by=w.DEPUTY).then(CANCELLED[1])
    outcome.when(cancel, by=w.DEPUTY).then_nothing()
    held = (w.LESSON, e.RollTaken(**IDENTITY, absences=()))
    given(w.A_JOURNAL, held).when(cancel, by=w.DEPUTY).then_refused(su.HoldsRecords)
    marked = (w.LESSON, e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="5"))
    given(w.A_JOURNAL, marked).when(cancel, by=w.DEPUTY).then_refused(su.HoldsRecords)
    given(w.A_JOURNAL, CLOSED).when(cancel, by=w.DEPUTY).then_refused(PeriodIsClosed)


def test_a_cancelled_lesson_is_reinstated_before_anything_else() -> None:
    there = given(w.A_JOURNAL, CANCELLED)
    there.when(su.SubstituteTeacher(**LESSON, teacher=w.BORIS_STAFF), by=w.DEPUTY).then_refused(LessonIsCancelled)
    reinstate = su.ReinstateLesson(**LESSON, reason="карантин отменён")
    there.when(reinstate, by=w.DEPUTY).then(e.LessonReinstated(**IDENTITY, reason=sealed(SCHOOL, "карантин отменён")))
    given(w.A_JOURNAL).when(reinstate, by=w.DEPUTY).then_refused(su.NotCancelled)
    given(w.A_JOURNAL, CANCELLED, CLOSED).when(reinstate, by=w.DEPUTY).then_refused(PeriodIsClosed)
