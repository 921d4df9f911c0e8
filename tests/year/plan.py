"""The year of a small school as its deputy head has it on paper, and which lessons follow from it, day by day.

Nothing of the product is used here. Weekdays count from Monday, 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FIRST, LAST = date(2025, 9, 1), date(2026, 5, 26)
QUARTERS = (
    ("q1", FIRST, date(2025, 10, 24)),
    ("q2", date(2025, 11, 5), date(2025, 12, 30)),
    ("q3", date(2026, 1, 12), date(2026, 3, 27)),
    ("q4", date(2026, 4, 6), LAST),
)
HALVES = (("h1", FIRST, date(2025, 12, 30)), ("h2", date(2026, 1, 12), LAST))
BREAKS = (
    ("Осенние каникулы", date(2025, 10, 25), date(2025, 11, 4)),
    ("Зимние каникулы", date(2025, 12, 31), date(2026, 1, 11)),
    ("Весенние каникулы", date(2026, 3, 28), date(2026, 4, 5)),
)
HOLIDAYS = (date(2026, 2, 23), date(2026, 3, 9), date(2026, 5, 1), date(2026, 5, 11))
"""Free weekdays of the official calendar outside the breaks: 8 and 9 March and May fall on a weekend."""
HOLIDAYS_ON_SATURDAY = (date(2026, 5, 9),)
TRANSFERRED = {date(2026, 2, 28): 0}
"""A Saturday that is worked as a Monday: decided in February, for the Monday that was lost to the holiday."""
TRANSFER_DECIDED = date(2026, 2, 10)

Lesson = tuple[date, int]
"""Day and slot as planned: what a lesson is known by."""
Week = tuple[tuple[int, int], ...]
"""Weekday and slot of each lesson of a journal."""


@dataclass(frozen=True)
class Journal:
    """What is taught to whom; `weeks` are the timetables, each from a day on."""

    subject: str
    group: str
    teacher: str
    room: str
    weeks: tuple[tuple[date, Week], ...]

    @property
    def key(self) -> str:
        """The name by which the tests know it."""
        return f"{self.subject}, {self.group}"

    def week(self, day: date) -> Week:
        """Answer the timetable of a day."""
        return next(week for starts, week in reversed(self.weeks) if starts <= day)


def journal(subject: str, group: str, teacher: str, room: str, *lessons: tuple[int, int]) -> Journal:
    """Answer a journal with one timetable."""
    return Journal(subject, group, teacher, room, ((FIRST, lessons),))


CLASSES = {"5А": (5, "quarters", 5), "10А": (10, "halves", 6)}
"""Grade, scheme of grading periods, days a week."""
GROUPS = {"5А, английский 1": "5А", "5А, английский 2": "5А"}
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = range(6)
PHYSICS_MOVES_ON = date(2025, 11, 5)
"""From then on the physics of Saturday is on Wednesday."""
MATHS, RUSSIAN, HISTORY, ENGLISH, PHYSICS = "Математика", "Русский язык", "История", "Английский язык", "Физика"
ANNA, BELLA, VIKTOR, GALINA, DENIS, ELENA, SPARE = "anna", "bella", "viktor", "galina", "denis", "elena", "spare"
TEACHERS = {
    ANNA: ("Андреева", "Анна", (MATHS,)),
    BELLA: ("Белова", "Белла", (RUSSIAN,)),
    VIKTOR: ("Волков", "Виктор", (HISTORY,)),
    GALINA: ("Галкина", "Галина", (ENGLISH,)),
    DENIS: ("Дёмин", "Денис", (ENGLISH,)),
    ELENA: ("Ершова", "Елена", (PHYSICS, MATHS)),
    SPARE: ("Запасная", "Зоя", (MATHS, HISTORY, RUSSIAN)),
}
JOURNALS = (
    journal(MATHS, "5А", ANNA, "101", (MONDAY, 1), (TUESDAY, 1), (WEDNESDAY, 2), (THURSDAY, 1)),
    journal(RUSSIAN, "5А", BELLA, "101", (MONDAY, 2), (WEDNESDAY, 1), (FRIDAY, 1)),
    journal(HISTORY, "5А", VIKTOR, "101", (TUESDAY, 2), (THURSDAY, 2)),
    journal(ENGLISH, "5А, английский 1", GALINA, "101", (MONDAY, 3), (THURSDAY, 3)),
    journal(ENGLISH, "5А, английский 2", DENIS, "102", (MONDAY, 3), (THURSDAY, 3)),
    journal(MATHS, "10А", ANNA, "201", (MONDAY, 3), (TUESDAY, 3), (FRIDAY, 2), (SATURDAY, 1)),
    journal(RUSSIAN, "10А", BELLA, "201", (MONDAY, 1), (WEDNESDAY, 3)),
    journal(HISTORY, "10А", VIKTOR, "201", (TUESDAY, 1), (WEDNESDAY, 1), (FRIDAY, 1)),
    Journal(
        PHYSICS,
        "10А",
        ELENA,
        "201",
        (
            (FIRST, ((MONDAY, 2), (THURSDAY, 1), (SATURDAY, 2))),
            (PHYSICS_MOVES_ON, ((MONDAY, 2), (WEDNESDAY, 2), (THURSDAY, 1))),
        ),
    ),
    journal(ENGLISH, "10А", GALINA, "201", (TUESDAY, 2), (FRIDAY, 3)),
)
BY_KEY = {one.key: one for one in JOURNALS}
WEEKS = 34


def class_of(group: str) -> str:
    """Answer the class whose pupils are taught."""
    return GROUPS.get(group, group)


def in_break(day: date) -> bool:
    """Say whether a day lies in a break."""
    return any(first <= day <= last for _, first, last in BREAKS)


def weekday_taught(day: date, group: str) -> int | None:
    """Answer the weekday whose timetable a group follows on a day; None: no lessons."""
    if day in TRANSFERRED:
        return TRANSFERRED[day]
    free = day in HOLIDAYS or day in HOLIDAYS_ON_SATURDAY
    if free or in_break(day):
        return None
    return day.weekday() if day.weekday() < CLASSES[class_of(group)][2] else None


def days() -> Iterator[date]:
    """Answer every date of the year."""
    for number in range((LAST - FIRST).days + 1):
        yield FIRST + timedelta(days=number)


def cycle(one: Journal) -> list[Lesson]:
    """Answer what the weeks alone would have, outside the breaks: before holidays and worked Saturdays."""
    found = []
    for day in days():
        if not in_break(day) and day.weekday() < CLASSES[class_of(one.group)][2]:
            found += [(day, slot) for on, slot in one.week(day) if on == day.weekday()]
    return found


def due(one: Journal) -> list[Lesson]:
    """Answer the lessons of a journal that the timetable has in the year."""
    found = []
    for day in days():
        weekday = weekday_taught(day, one.group)
        found += [(day, slot) for on, slot in sorted(one.week(day), key=lambda w: w[1]) if on == weekday]
    return found


HANDED_OVER, HANDED_OVER_ON = f"{RUSSIAN}, 10А", date(2026, 3, 2)
"""A journal whose teacher is replaced by the spare one in the middle of the year."""
