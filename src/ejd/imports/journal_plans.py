"""From activities to journals: which activities of a timetable file are the same course.

A journal belongs to exactly one subject and one teaching group, so activities are one journal when

* subject, teachers and student sets are the same, or
* the timetabling program split one course into them (the same `division`) and subject and student sets are
  the same; their teachers then share the journal.

Parts of one division with *other* student sets are other journals: their pupils are other pupils. The rule is
closed under chaining, which never mixes subjects or student sets, since every link requires both to be equal.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from ejd.imports.timetable_file import Placement, PlannedActivity, TimetableFile

__all__ = ["Clash", "ClashKind", "JournalPlan", "PlannedLesson", "clashes", "journals", "natural_key"]

ClashKind = Literal["teacher", "room", "students"]


class PlannedLesson(msgspec.Struct, frozen=True):
    """One lesson-period of a journal in each turn of the cycle, with those who teach it."""

    placement: Placement
    activity_id: str
    teachers: tuple[str, ...]


class JournalPlan(msgspec.Struct, frozen=True):
    """A journal that the file calls for; several `student_sets` mean a stream of all their pupils."""

    key: str
    """Stable over repeated imports: the format and the smallest id among its activities (10 comes after 9).
    """
    subject: str
    teachers: tuple[str, ...]
    student_sets: tuple[str, ...]
    activity_ids: tuple[str, ...]
    lessons: tuple[PlannedLesson, ...]
    """By day and slot; empty for a course that the file leaves without times."""
    planned_slots: int
    """What its activities ask for in one turn of the cycle, timed or not."""


class Clash(msgspec.Struct, frozen=True):
    """Who or which room is in several activities at once: a warning, since real timetables do it."""

    kind: ClashKind
    id: str
    day: int
    slot: int
    activity_ids: tuple[str, ...]


def journals(file: TimetableFile) -> tuple[JournalPlan, ...]:
    """Return the journals in the order in which the file first mentions them.

    Activities refused for want of time have their journal too (its lessons can be held outside the
    timetable); inactive ones and ones without usable subject, students, names or duration have none.
    """
    refused_for_good = {each.activity_id for each in file.refusals if each.kind in _NO_JOURNAL}
    taught = [lesson for lesson in file.lessons if lesson.id not in refused_for_good]
    return tuple(_plan(file.source_format, course) for course in _courses(taught))


def clashes(file: TimetableFile) -> tuple[Clash, ...]:
    """Return who is in two activities in one slot, by day, slot, kind and id.

    Sets are compared by id only: a class and its own half at the same time are not noticed.
    """
    busy: defaultdict[tuple[int, int, ClashKind, str], list[str]] = defaultdict(list)
    for lesson in file.lessons:
        for place in lesson.placements:
            for kind, ids in _taken(lesson, place):
                for each in ids:
                    busy[place.day, place.slot, kind, each].append(lesson.id)
    return tuple(
        Clash(kind, each, day, slot, tuple(ids))
        for (day, slot, kind, each), ids in sorted(busy.items())
        if len(ids) > 1
    )


_NO_JOURNAL = frozenset({"inactive", "no-subject", "no-students", "unknown-name", "bad-duration"})


def _taken(lesson: PlannedActivity, place: Placement) -> Iterable[tuple[ClashKind, tuple[str, ...]]]:
    yield "teacher", lesson.teachers
    yield "students", lesson.student_sets
    yield "room", () if place.room is None else (place.room,)


def _links(lesson: PlannedActivity) -> Iterable[tuple[str, str, object, frozenset[str]]]:
    students = frozenset(lesson.student_sets)
    yield "same teachers", lesson.subject, frozenset(lesson.teachers), students
    if lesson.division is not None:
        yield "same division", lesson.subject, lesson.division, students


def _courses(lessons: Sequence[PlannedActivity]) -> Iterable[list[PlannedActivity]]:
    """Group by the two rules of the module (union-find), in the order of first mention."""
    root = list(range(len(lessons)))

    def root_of(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    first_with: dict[tuple[str, str, object, frozenset[str]], int] = {}
    for place, lesson in enumerate(lessons):
        for link in _links(lesson):
            mine, theirs = root_of(place), root_of(first_with.setdefault(link, place))
            root[max(mine, theirs)] = min(mine, theirs)
    courses: defaultdict[int, list[PlannedActivity]] = defaultdict(list)
    for place, lesson in enumerate(lessons):
        courses[root_of(place)].append(lesson)
    return courses.values()


def _plan(source_format: str, course: list[PlannedActivity]) -> JournalPlan:
    ordered = sorted(course, key=lambda lesson: natural_key(lesson.id))
    held = [PlannedLesson(place, each.id, each.teachers) for each in ordered for place in each.placements]
    return JournalPlan(
        key=f"{source_format}:{ordered[0].id}",
        subject=ordered[0].subject,
        teachers=tuple(dict.fromkeys(teacher for each in ordered for teacher in each.teachers)),
        student_sets=ordered[0].student_sets,
        activity_ids=tuple(each.id for each in ordered),
        lessons=tuple(sorted(held, key=lambda lesson: (lesson.placement.day, lesson.placement.slot))),
        planned_slots=sum(each.duration_slots for each in ordered),
    )


def natural_key(text: str) -> list[tuple[int, str]]:
    """Return a sorting key by which 9 comes before 10: digits are compared by length first, then as text."""
    return [(len(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", text)]
