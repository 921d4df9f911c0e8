"""A clash that the school calls an error can be taken on, is counted in the event, and warnings refuse nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ejd.kernel.command import Command
from ejd.kernel.event import Event, encode
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events.timetable import ERRORS, TimetableRules, TimetableRulesAdopted
from ejd.kernel.ids import SCHOOL
from ejd_commands import substitutions as su
from ejd_commands.lessons import PlanExtraLesson
from ejd_commands.placing import NothingToMergeWith, SlotIsTaken, TeacherIsNeededElsewhere
from ejd_commands.substitution_bulk import SubstituteTeacherBulk
from tests import worlds as w
from tests.commands.test_substitutions import (
    IDENTITY,
    LESSON,
    MATHS_B,
    PHYSICS,
    formed,
    joined,
    lessons_of,
    move,
    parallel,
    substitute,
)
from tests.scenario import Outcome, World, given, uid

STREAM = uid("a group of 5a and 5b")
HERE: dict[str, Any] = {"new_day": w.LESSON_DAY, "new_slot": w.LESSON_SLOT}
SUBSTITUTED_BEFORE = (
    w.LESSON,
    e.LessonSubstituted(**IDENTITY, substitution=e.Substitution(teacher=w.DEPUTY_STAFF)),
)
CANCEL = su.CancelLesson(**LESSON, reason="карантин")
MOVED_HERE = su.MoveLesson(journal=PHYSICS, day=w.LESSON_DAY, slot=6, **HERE)
"""Physics of 5А comes to the slot of the cancelled lesson."""
PHYSICS_LATER = lessons_of(PHYSICS, "Физика, 5А", w.CLASS_5A, (w.CLASS_5A,), w.HEAD_STAFF, 6)


def despite(outcome: Outcome) -> list[int]:
    """Answer how many clashes the events of lessons were put in spite of."""
    return [getattr(one, "despite", 0) for one in outcome.events if isinstance(one, e.LessonEvent)]


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        ((parallel(),), substitute(), TeacherIsNeededElsewhere),
        ((parallel(),), su.AssignSelfStudy(**LESSON, teacher=w.BORIS_STAFF), TeacherIsNeededElsewhere),
        (
            (parallel(), SUBSTITUTED_BEFORE),
            su.CorrectSubstitution(**LESSON, teacher=w.BORIS_STAFF, reason="ошибка"),
            TeacherIsNeededElsewhere,
        ),
        ((parallel(),), move(**HERE, new_room=w.ROOM_14), SlotIsTaken),
        ((PHYSICS_LATER,), move(new_day=w.LESSON_DAY, new_slot=6), SlotIsTaken),
        (
            (lessons_of(MATHS_B, "Математика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.ADA_STAFF, 6),),
            PlanExtraLesson(journal=w.JOURNAL, day=w.LESSON_DAY, slot=6, ordinal=2),
            SlotIsTaken,
        ),
        (
            (parallel(),),
            SubstituteTeacherBulk.model_validate(
                {
                    "absent_teacher": w.ADA_STAFF,
                    "reason": "больничный",
                    "lessons": [{**LESSON, "kind": "teacher", "teacher": w.BORIS_STAFF}],
                }
            ),
            TeacherIsNeededElsewhere,
        ),
    ],
    ids=["substitute", "supervise", "correct", "room", "move", "extra", "bulk"],
)
def test_a_clash_is_refused_or_taken_on(before: tuple[World | Any, ...], command: Command, refusal: type) -> None:
    school = given(w.A_JOURNAL, *before)
    school.when(command, by=w.DEPUTY).then_refused(refusal, saying="take the clashes on with accept_conflicts")
    for no in (None, False):
        declined = command.model_copy(update={"accept_conflicts": no})
        school.when(declined, by=w.DEPUTY).then_refused(refusal)
    taken = school.when(command.model_copy(update={"accept_conflicts": True}), by=w.DEPUTY)
    assert despite(taken) == [1]


def test_what_clashes_with_nothing_is_in_spite_of_nothing() -> None:
    outcome = given(w.A_JOURNAL).when(substitute(accept_conflicts=True), by=w.DEPUTY)
    assert despite(outcome) == [0]


def test_each_lesson_of_a_list_counts_its_own_clashes() -> None:
    lessons = [
        {**LESSON, "kind": "teacher", "teacher": w.BORIS_STAFF},
        {**LESSON, "day": "2025-10-07", "kind": "teacher", "teacher": w.BORIS_STAFF},
        {**LESSON, "day": "2025-10-08", "kind": "cancel"},
    ]
    bulk = {"absent_teacher": w.ADA_STAFF, "reason": "больничный", "lessons": lessons, "accept_conflicts": True}
    outcome = given(w.A_JOURNAL, parallel()).when(SubstituteTeacherBulk.model_validate(bulk), by=w.DEPUTY)
    assert despite(outcome) == [1, 0, 0]


def test_a_lesson_is_taken_back_in_spite_of_what_was_put_there_meanwhile() -> None:
    school = given(w.A_JOURNAL, PHYSICS_LATER).when(CANCEL, MOVED_HERE, by=w.DEPUTY)
    back = su.ReinstateLesson(**LESSON, reason="ошибка")
    school.when(back, by=w.DEPUTY).then_refused(SlotIsTaken, saying="«Физика, 5А» (pupils)")
    assert despite(school.when(back.model_copy(update={"accept_conflicts": True}), by=w.DEPUTY)) == [1]


def test_the_own_teacher_comes_back_in_spite_of_having_been_given_away() -> None:
    other = lessons_of(PHYSICS, "Физика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.HEAD_STAFF, 2)
    away = su.SubstituteTeacher(journal=PHYSICS, day=w.LESSON_DAY, slot=2, teacher=w.ADA_STAFF)
    school = given(w.A_JOURNAL, other).when(substitute(), away, by=w.DEPUTY)
    back = su.CorrectSubstitution(**LESSON, reason="вернулась")
    school.when(back, by=w.DEPUTY).then_refused(TeacherIsNeededElsewhere)
    assert despite(school.when(back.model_copy(update={"accept_conflicts": True}), by=w.DEPUTY)) == [1]


def test_what_is_no_clash_cannot_be_taken_on() -> None:
    merged = substitute(merged_journal=MATHS_B, accept_conflicts=True)
    school = given(w.A_JOURNAL, parallel(slot=3))
    school.when(merged, by=w.DEPUTY).then_refused(NothingToMergeWith)


GROUP_OF_BOTH = (
    formed(STREAM, "subgroup", w.CLASS_5A),
    joined(w.VERA, STREAM),
    lessons_of(PHYSICS, "Физика", STREAM, (w.CLASS_5A,), w.HEAD_STAFF, 5),
)
INTO_SLOT_5: dict[str, Any] = {"new_day": w.LESSON_DAY, "new_slot": 5}
OF_THE_GROUP = {"journal": w.GROUP_JOURNAL, "slot": w.GROUP_LESSON_SLOT}
SECOND_OF_THE_GROUP = uid("a second journal of the group")


@pytest.mark.parametrize(
    ("kind", "before", "command"),
    [
        ("teacher", (w.A_JOURNAL, parallel()), substitute()),
        ("room", (w.A_JOURNAL, parallel()), move(**HERE, new_room=w.ROOM_14)),
        ("class", (w.A_JOURNAL, PHYSICS_LATER), move(new_day=w.LESSON_DAY, new_slot=6)),
        ("class", (w.A_JOURNAL, *GROUP_OF_BOTH), move(**INTO_SLOT_5)),
        ("pupil", (w.A_GROUP_JOURNAL, *GROUP_OF_BOTH), move(**OF_THE_GROUP, **INTO_SLOT_5)),
        (
            "group",
            (
                w.A_GROUP_JOURNAL,
                lessons_of(SECOND_OF_THE_GROUP, "Немецкий", w.GROUP, (w.CLASS_5A,), w.HEAD_STAFF, 5),
            ),
            move(**OF_THE_GROUP, **INTO_SLOT_5),
        ),
    ],
)
def test_what_the_school_calls_a_warning_refuses_nothing(kind: Any, before: tuple[Any, ...], command: Command) -> None:
    def with_errors(*errors: Any) -> Outcome:
        rules: tuple[str, Event] = (SCHOOL, TimetableRulesAdopted(rules=TimetableRules(errors=errors)))
        return given(*before, rules).when(command, by=w.DEPUTY)

    assert with_errors(kind).refusal is not None, "this kind alone is what it clashes over"
    others = tuple(one for one in ERRORS if one != kind)
    assert despite(with_errors(*others)) == [0]


def test_of_a_clash_over_several_things_the_errors_are_named() -> None:
    rules = (SCHOOL, TimetableRulesAdopted(rules=TimetableRules(errors=("room",))))
    same = lessons_of(MATHS_B, "Математика, 5Б", w.CLASS_5B, (w.CLASS_5B,), w.ADA_STAFF, 5, w.ROOM_12)
    school = given(w.A_JOURNAL, same, rules, (MATHS_B, j.TeacherAssigned(staff=w.ADA_STAFF, starts=w.FIRST_DAY)))
    school.when(move(**INTO_SLOT_5), by=w.DEPUTY).then_refused(SlotIsTaken, saying="«Математика, 5Б» (room):")


def test_events_stored_before_are_in_spite_of_nothing_and_new_ones_without_clashes_are_stored_as_before() -> None:
    old = b'{"journal":"j","date":"2025-10-06","slot":2,"substitution":{"teacher":"t"}}'
    event = CATALOGUE.decode("lesson-substituted/1", old)
    assert event == e.LessonSubstituted(
        journal="j", date=w.LESSON_DAY, slot=2, substitution=e.Substitution(teacher="t"), despite=0
    )
    assert b"despite" not in encode(event)
