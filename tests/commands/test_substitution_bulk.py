"""A teacher is away: what becomes of all the lessons is decided at once, all or nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import corrections as c
from ejd.kernel.events import lessons as e
from ejd.kernel.events.days import LessonListed
from ejd.kernel.ids import lesson_stream
from ejd_commands.known import UnknownStaffMember
from ejd_commands.placing import SlotIsTaken, TeacherIsNeededElsewhere
from ejd_commands.substitution_bulk import BULK_LESSONS_MAX, LessonTwice, SubstituteTeacherBulk
from ejd_commands.substitutions import HoldsRecords, SubstituteTeacher
from tests import worlds as w
from tests.commands.test_substitutions import parallel
from tests.scenario import given, refused_as_input, sealed, uid

ILLNESS = "больничный лист 77"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (w.TODAY + timedelta(days=n) for n in range(4))


def away(*lessons: dict[str, Any], **fields: Any) -> SubstituteTeacherBulk:
    """ADA is ill; every lesson is one of her mathematics."""
    chosen = [{"journal": w.JOURNAL, "slot": w.LESSON_SLOT, "day": MONDAY, "kind": "teacher"} | one for one in lessons]
    return SubstituteTeacherBulk.model_validate(
        {"absent_teacher": w.ADA_STAFF, "reason": ILLNESS, "lessons": chosen} | fields
    )


BY_BORIS = {"teacher": w.BORIS_STAFF}
ALONE = {"day": TUESDAY, "kind": "self-study"}
CANCELLED = {"day": WEDNESDAY, "kind": "cancel"}
MOVED = {"day": THURSDAY, "kind": "move", "new_day": MONDAY + timedelta(days=5), "new_slot": 1}


def identity(day: date) -> dict[str, Any]:
    return {"journal": w.JOURNAL, "date": day, "slot": w.LESSON_SLOT}


def test_each_lesson_gets_its_own_events_and_the_reason_is_the_absent_teachers() -> None:
    outcome = given(w.A_JOURNAL).when(away(BY_BORIS, ALONE, CANCELLED, MOVED), by=w.DEPUTY)
    why = sealed(w.ADA_STAFF, ILLNESS)
    saturday = MONDAY + timedelta(days=5)
    instead: dict[str, Any] = {"absent_teacher": w.ADA_STAFF, "reason": why}
    outcome.then(
        e.LessonSubstituted(**identity(MONDAY), **instead, substitution=e.Substitution(teacher=w.BORIS_STAFF)),
        LessonListed(day=MONDAY, **identity(MONDAY)),
        e.LessonSubstituted(**identity(TUESDAY), **instead, substitution=e.Substitution(teacher="", self_study=True)),
        LessonListed(day=TUESDAY, **identity(TUESDAY)),
        e.LessonCancelled(**identity(WEDNESDAY), reason=why),
        LessonListed(day=WEDNESDAY, **identity(WEDNESDAY)),
        e.LessonMoved(**identity(THURSDAY), old_date=THURSDAY, old_slot=2, new_date=saturday, new_slot=1, reason=why),
        LessonListed(day=THURSDAY, **identity(THURSDAY)),
        LessonListed(day=saturday, **identity(THURSDAY)),
    )
    streams = [one.stream for one in outcome.decided if isinstance(one.event, e.LessonEvent)]
    assert streams == [lesson_stream(w.JOURNAL, day, w.LESSON_SLOT) for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)]
    outcome.when(away(BY_BORIS, ALONE, CANCELLED, MOVED), by=w.DEPUTY).then_nothing()
    given(w.A_JOURNAL).when(away(BY_BORIS), by=w.BORIS).then_refused(NotAllowed)


def test_one_lesson_that_cannot_be_given_refuses_all_of_them() -> None:
    busy = given(w.A_JOURNAL, parallel())
    busy.when(away(CANCELLED, BY_BORIS), by=w.DEPUTY).then_refused(
        TeacherIsNeededElsewhere,
        saying="06.10.2025, slot 2: on 06.10.2025 in slot 2 this teacher has «Математика, 5Б» (teacher)",
        field="lessons.1.teacher",
    )
    held = given(w.A_JOURNAL, (w.LESSON, e.RollTaken(**identity(MONDAY), absences=())))
    held.when(away({"kind": "cancel"}), by=w.DEPUTY).then_refused(HoldsRecords, field="lessons.0")


def test_the_lessons_of_one_list_see_each_other() -> None:
    """BORIS cannot have two of them at once, and what is moved away leaves its place to the next one."""
    both = given(w.A_JOURNAL, parallel(slot=w.LESSON_SLOT))
    other = {"journal": uid("journal maths 5b"), "teacher": w.DEPUTY_STAFF}
    both.when(away({"teacher": w.DEPUTY_STAFF}, other), by=w.DEPUTY).then_refused(
        TeacherIsNeededElsewhere, saying="«Математика, 5А» (teacher)", field="lessons.1.teacher"
    )
    merged = {"teacher": w.BORIS_STAFF, "merged_journal": uid("journal maths 5b")}
    assert both.when(away(merged, CANCELLED), by=w.DEPUTY).events
    into = {"day": THURSDAY, "kind": "move", "new_day": MONDAY, "new_slot": w.LESSON_SLOT}
    school = given(w.A_JOURNAL)
    school.when(away(into), by=w.DEPUTY).then_refused(SlotIsTaken, field="lessons.0.new_slot")
    assert school.when(away({"kind": "cancel"}, into), by=w.DEPUTY).events
    again = {"day": WEDNESDAY, "kind": "move", "new_day": MONDAY, "new_slot": w.LESSON_SLOT}
    school.when(away({"kind": "cancel"}, into, again), by=w.DEPUTY).then_refused(
        SlotIsTaken, field="lessons.2.new_slot"
    )


def test_a_list_names_a_lesson_once_and_somebody_who_works_here() -> None:
    school = given(w.A_JOURNAL)
    school.when(away(BY_BORIS, {"kind": "cancel"}), by=w.DEPUTY).then_refused(LessonTwice, field="lessons.1")
    school.when(away(BY_BORIS, absent_teacher=w.STRANGER), by=w.DEPUTY).then_refused(
        UnknownStaffMember, field="absent_teacher"
    )
    fields: dict[str, Any] = {"absent_teacher": w.ADA_STAFF, "reason": ILLNESS}
    refused_as_input(SubstituteTeacherBulk, field="lessons", **fields, lessons=[])
    many = away(*[CANCELLED] * BULK_LESSONS_MAX).lessons
    refused_as_input(SubstituteTeacherBulk, field="lessons", **fields, lessons=[*many, many[0]])


def test_an_approval_is_named_lesson_by_lesson() -> None:
    request = uid("request")
    asked = c.CorrectionRequested(
        kind="substitution",
        account=w.DEPUTY,
        person=w.DEPUTY_STAFF,
        record=w.LESSON,
        journal=w.JOURNAL,
        day=MONDAY,
        slot=w.LESSON_SLOT,
        reason=sealed(w.ADA_STAFF, "поздно"),
    )
    until = 2**60
    late = given(w.A_JOURNAL, (request, asked), (request, c.CorrectionApproved(until=until))).at("2025-10-14 12:00")
    outcome = late.when(away(BY_BORIS | {"approval": request}, MOVED | {"day": THURSDAY, "new_slot": 1}), by=w.DEPUTY)
    made = c.CorrectionMade(record=w.LESSON, command=uid("command 1"))
    assert [one.stream for one in outcome.decided if one.event == made] == [request]
    substituted = outcome.decided[0]
    assert Ref(request, 2) in substituted.refs
    single = SubstituteTeacher(journal=w.JOURNAL, day=MONDAY, slot=w.LESSON_SLOT, teacher=w.BORIS_STAFF)
    outcome.when(single, by=w.DEPUTY).then_nothing()
