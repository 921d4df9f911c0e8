"""Timetable files made by hand, as values: what the readers would answer."""

from __future__ import annotations

from collections.abc import Iterable

from ejd.imports.timetable_file import (
    CycleDay,
    Named,
    Placement,
    PlannedActivity,
    Pupil,
    Refused,
    Room,
    SchoolClass,
    SourceFormat,
    TeachingGroup,
    TimetableFile,
)
from ejd.imports.weekdays import cycle

MONDAY_TO_FRIDAY = cycle(["Понедельник", "Вторник", "Среда", "Четверг", "Пятница"])
EVA, YAN = "Незнамова Ева", "Кузин Ян"


def activity(number: int, subject: str, people: str, *places: tuple[int, int]) -> PlannedActivity:
    """Answer an activity; `people` are teachers, a slash, and student sets, divided by commas; places (day, slot)."""
    teachers, students = (tuple(side.split(",")) if side else () for side in people.split("/"))
    return PlannedActivity(
        id=str(number),
        subject=subject,
        teachers=teachers,
        student_sets=students,
        duration_slots=len(places) or 1,
        placements=tuple(Placement(day, slot, "101") for day, slot in places),
    )


def timetable(  # noqa: PLR0913 - the parts of a file
    *lessons: PlannedActivity,
    days: tuple[CycleDay, ...] = MONDAY_TO_FRIDAY,
    classes: Iterable[str] = ("5А", "5Б"),
    pupils: Iterable[tuple[str, str | None]] = ((EVA, "5А"), (YAN, "5А")),
    groups: Iterable[TeachingGroup] = (),
    source_format: SourceFormat = "fet",
    slots_per_day: int = 7,
    slot_names: tuple[str, ...] = (),
    name: str = "Школа № 7",
    subject_names: Iterable[str] = (),
) -> TimetableFile:
    """Answer a file of two classes, two pupils, one room; an activity without places is refused for want of time."""
    subjects = dict.fromkeys((*(lesson.subject for lesson in lessons), *subject_names))
    teachers = dict.fromkeys(teacher for lesson in lessons for teacher in lesson.teachers)
    return TimetableFile(
        source_format=source_format,
        school_name=name,
        days=days,
        slots_per_day=slots_per_day,
        slot_names=slot_names or tuple(str(slot) for slot in range(1, slots_per_day + 1)),
        subjects=tuple(Named(each, each) for each in subjects),
        teachers=tuple(Named(each, each) for each in teachers),
        rooms=(Room("101", "101", 24),),
        classes=tuple(SchoolClass(each, each) for each in classes),
        groups=tuple(groups),
        pupils=tuple(Pupil(each, each, home) for each, home in pupils),
        lessons=lessons,
        refusals=tuple(
            Refused(each.id, "no-time", f"Activity {each.id} has no day and hour.")
            for each in lessons
            if not each.placements
        ),
    )
