"""Topic, homework, roll, the whole lesson at once, extra lessons."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.events import lessons as e
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL, day_stream, lesson_stream
from ejd_commands import attendance as at
from ejd_commands import lessons as le
from ejd_commands.lesson_base import NoSuchLesson, PeriodIsClosed, UnknownPupil
from ejd_commands.marks import CellIsTaken, MarkEntry
from tests import worlds as w
from tests.scenario import given, refused_as_input, sealed

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
IDENTITY: dict[str, Any] = {"journal": w.JOURNAL, "date": w.LESSON_DAY, "slot": w.LESSON_SLOT}
A_TOPIC = (w.LESSON, e.TopicRecorded(**IDENTITY, topic="Дроби"))
HOMEWORK = e.Homework(text="№ 12", due=date(2025, 10, 7), minutes=20, links=("https://example.org/12",))
SOME_HOMEWORK = (w.LESSON, e.HomeworkSet(**IDENTITY, homework=HOMEWORK))
A_ROLL = (w.LESSON, e.RollTaken(**IDENTITY, absences=(e.Absence(pupil=w.GLEB, kind="ill"),)))
ENTRY = le.HomeworkEntry(text="№ 12", due=date(2025, 10, 7), minutes=20, links=("https://example.org/12",))


def test_a_topic_is_typed_or_taken_from_the_plan() -> None:
    given(w.A_JOURNAL).when(le.RecordTopic(**LESSON, topic="Дроби"), by=w.ADA).then(A_TOPIC[1])
    given(w.A_JOURNAL).when(le.RecordTopic(**LESSON, plan_item=3), by=w.ADA).then(
        e.TopicRecorded(**IDENTITY, topic="Тема 3", plan_item=3)
    )
    given(w.A_JOURNAL).when(le.RecordTopic(**LESSON, plan_item=31), by=w.ADA).then_refused(
        le.NotInThePlan, field="plan_item"
    )
    given(w.A_JOURNAL).when(le.RecordTopic(**LESSON), by=w.ADA).then_refused(le.TopicMissing, field="topic")


def test_a_second_topic_is_a_correction() -> None:
    given(w.A_JOURNAL, A_TOPIC).when(le.RecordTopic(**LESSON, topic="Дроби"), by=w.ADA).then_nothing()
    given(w.A_JOURNAL, A_TOPIC).when(le.RecordTopic(**LESSON, topic="Углы"), by=w.ADA).then_refused(le.TopicIsRecorded)
    given(w.A_JOURNAL, A_TOPIC).when(le.CorrectTopic(**LESSON, topic="Углы", reason="опечатка"), by=w.ADA).then(
        e.TopicCorrected(**IDENTITY, old_topic="Дроби", new_topic="Углы", reason=sealed(SCHOOL, "опечатка"))
    )
    same = le.CorrectTopic(**LESSON, topic="Дроби", reason="опечатка")
    given(w.A_JOURNAL, A_TOPIC).when(same, by=w.ADA).then_nothing()
    given(w.A_JOURNAL).when(same, by=w.ADA).then_refused(le.NoTopic)


def test_homework_is_set_once_and_then_corrected_or_withdrawn() -> None:
    given(w.A_JOURNAL).when(le.SetHomework(**LESSON, homework=ENTRY), by=w.ADA).then(SOME_HOMEWORK[1])
    there = given(w.A_JOURNAL, SOME_HOMEWORK)
    there.when(le.SetHomework(**LESSON, homework=ENTRY), by=w.ADA).then_nothing()
    other = le.HomeworkEntry(text="№ 13")
    there.when(le.SetHomework(**LESSON, homework=other), by=w.ADA).then_refused(le.HomeworkIsSet)
    reason = sealed(SCHOOL, "не то")
    there.when(le.CorrectHomework(**LESSON, homework=other, reason="не то"), by=w.ADA).then(
        e.HomeworkCorrected(**IDENTITY, old=HOMEWORK, new=e.Homework(text="№ 13"), reason=reason)
    )
    there.when(le.CorrectHomework(**LESSON, reason="не то"), by=w.ADA).then(
        e.HomeworkCorrected(**IDENTITY, old=HOMEWORK, new=None, reason=reason)
    )
    there.when(le.CorrectHomework(**LESSON, homework=ENTRY, reason="не то"), by=w.ADA).then_nothing()
    given(w.A_JOURNAL).when(le.CorrectHomework(**LESSON, reason="не то"), by=w.ADA).then_refused(le.NoHomework)


def test_homework_is_not_due_before_it_is_given() -> None:
    entry = le.HomeworkEntry(text="№ 12", due=date(2025, 10, 5))
    given(w.A_JOURNAL).when(le.SetHomework(**LESSON, homework=entry), by=w.ADA).then_refused(
        le.HomeworkDueBefore, field="homework.due"
    )


def test_nobody_absent_differs_from_roll_not_taken() -> None:
    given(w.A_JOURNAL).when(at.TakeRoll(**LESSON), by=w.ADA).then(e.RollTaken(**IDENTITY, absences=()))
    correction = at.CorrectAttendance(**LESSON, pupil=w.VERA, kind="ill", reason="справка")
    given(w.A_JOURNAL).when(correction, by=w.ADA).then_refused(at.RollNotTaken)


def test_the_roll_names_members_once_with_minutes_only_for_the_late() -> None:
    def roll(*lines: at.AbsenceLine) -> at.TakeRoll:
        return at.TakeRoll(**LESSON, absences=lines)

    ill = at.AbsenceLine(pupil=w.GLEB, kind="ill")
    late = at.AbsenceLine(pupil=w.VERA, kind="late", minutes=10)
    given(w.A_JOURNAL).when(roll(ill, late), by=w.ADA).then(
        e.RollTaken(
            **IDENTITY,
            absences=(e.Absence(pupil=w.GLEB, kind="ill"), e.Absence(pupil=w.VERA, kind="late", minutes=10)),
        )
    )
    given(w.A_JOURNAL).when(roll(ill, ill), by=w.ADA).then_refused(at.TwiceOnTheRoll)
    stranger = at.AbsenceLine(pupil=w.MISHA, kind="absent")
    given(w.A_JOURNAL).when(roll(stranger), by=w.ADA).then_refused(UnknownPupil)
    hurried = at.AbsenceLine(pupil=w.VERA, kind="ill", minutes=10)
    given(w.A_JOURNAL).when(roll(hurried), by=w.ADA).then_refused(at.MinutesOnlyForLate)
    refused_as_input(
        at.TakeRoll, field="absences.0.minutes", **LESSON, absences=[{"pupil": w.VERA, "kind": "late", "minutes": 0}]
    )


def test_a_second_roll_is_corrected_pupil_by_pupil() -> None:
    there = given(w.A_JOURNAL, A_ROLL)
    ill = at.AbsenceLine(pupil=w.GLEB, kind="ill")
    there.when(at.TakeRoll(**LESSON, absences=(ill,)), by=w.ADA).then_nothing()
    there.when(at.TakeRoll(**LESSON), by=w.ADA).then_refused(at.RollTakenAlready)
    there.when(at.CorrectAttendance(**LESSON, pupil=w.GLEB, kind="present", reason="был"), by=w.ADA).then(
        e.AttendanceCorrected(
            **IDENTITY,
            pupil=w.GLEB,
            old=e.Absence(pupil=w.GLEB, kind="ill"),
            new=None,
            reason=sealed(w.GLEB, "был"),
        )
    )
    there.when(at.CorrectAttendance(**LESSON, pupil=w.VERA, kind="late", minutes=5, reason="опоздала"), by=w.ADA).then(
        e.AttendanceCorrected(
            **IDENTITY,
            pupil=w.VERA,
            new=e.Absence(pupil=w.VERA, kind="late", minutes=5),
            reason=sealed(w.VERA, "опоздала"),
        )
    )
    there.when(at.CorrectAttendance(**LESSON, pupil=w.GLEB, kind="ill", reason="так"), by=w.ADA).then_nothing()
    wrong = at.CorrectAttendance(**LESSON, pupil=w.GLEB, kind="present", minutes=5, reason="так")
    there.when(wrong, by=w.ADA).then_refused(at.MinutesOnlyForLate)


def test_a_whole_lesson_is_one_command_and_what_is_there_already_is_left_alone() -> None:
    command = le.SaveLesson(
        **LESSON,
        plan_item=3,
        homework=ENTRY,
        absences=(at.AbsenceLine(pupil=w.GLEB, kind="ill"),),
        marks=(
            MarkEntry(pupil=w.VERA, work="oral", value="5"),
            MarkEntry(pupil=w.DINA, work="oral", value="4"),
        ),
    )
    outcome = given(w.A_JOURNAL).when(command, by=w.ADA)
    outcome.then(
        e.TopicRecorded(**IDENTITY, topic="Тема 3", plan_item=3),
        A_ROLL[1],
        e.MarkRecorded(**IDENTITY, pupil=w.VERA, work="oral", value="5"),
        e.MarkRecorded(**IDENTITY, pupil=w.DINA, work="oral", value="4"),
        SOME_HOMEWORK[1],
    ).in_stream(w.LESSON)
    outcome.when(command, by=w.ADA).then_nothing()
    given(w.A_JOURNAL).when(le.SaveLesson(**LESSON), by=w.ADA).then_nothing()


def test_two_marks_for_one_cell_in_one_request_are_refused() -> None:
    mark = MarkEntry(pupil=w.VERA, work="oral", value="5")
    command = le.SaveLesson(**LESSON, marks=(mark, mark))
    given(w.A_JOURNAL).when(command, by=w.ADA).then_refused(CellIsTaken, field="marks")


def test_a_batch_sees_its_own_events() -> None:
    first = le.RecordTopic(**LESSON, topic="Дроби")
    second = le.CorrectTopic(**LESSON, topic="Углы", reason="опечатка")
    outcome = given(w.A_JOURNAL).when(first, second, by=w.ADA)
    assert [type(event) for event in outcome.events] == [e.TopicRecorded, e.TopicCorrected]


def test_the_deputy_head_plans_an_extra_lesson_and_the_teacher_records_it() -> None:
    extra = {**LESSON, "day": date(2025, 10, 5), "ordinal": 2}
    plan = le.PlanExtraLesson(**extra, room=w.ROOM_12, reason="наверстать")
    stream = lesson_stream(w.JOURNAL, date(2025, 10, 5), w.LESSON_SLOT, 2)
    outcome = given(w.A_JOURNAL).when(plan, by=w.DEPUTY)
    assert [one.stream for one in outcome.decided] == [stream, day_stream(date(2025, 10, 5))]
    outcome.when(plan, by=w.DEPUTY).then_nothing()
    assert outcome.when(le.RecordTopic(**extra, topic="Дроби"), by=w.ADA).in_stream(stream).events
    given(w.A_JOURNAL).when(le.RecordTopic(**extra, topic="Дроби"), by=w.ADA).then_refused(NoSuchLesson)
    given(w.A_JOURNAL).when(plan, by=w.ADA).then_refused(NotAllowed)
    plain = le.PlanExtraLesson(**extra)
    assert given(w.A_JOURNAL).when(plain, by=w.DEPUTY).events


def test_an_extra_lesson_needs_a_day_of_the_year_a_room_and_an_ordinal_of_its_own() -> None:
    def plan(**fields: Any) -> le.PlanExtraLesson:
        return le.PlanExtraLesson.model_validate({**LESSON, "ordinal": 2, **fields})

    scenario = given(w.A_JOURNAL)
    scenario.when(plan(day="2026-07-01"), by=w.DEPUTY).then_refused(le.NotASchoolDay)
    scenario.when(plan(room=w.MATHS), by=w.DEPUTY).then_refused(le.UnknownRoom)
    scenario.when(plan(ordinal=1), by=w.DEPUTY).then_refused(le.LessonExists)
    closed = (w.YEAR, y.PeriodClosed(period="q1"))
    given(w.A_JOURNAL, closed).when(plan(), by=w.DEPUTY).then_refused(PeriodIsClosed)
