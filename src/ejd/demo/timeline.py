"""Every lesson of the quarter as it is going to be: where it is moved to, who gives it, whether it is cancelled."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.shape import FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.demo.roster import Journal, Pupil, Roster, SchoolClass, Teacher
    from ejd.demo.shape import Shape
    from ejd.kernel.calendar import Calendar


@dataclass
class Control:
    """A planned control work."""

    id: str
    points_max: int
    variants: int


@dataclass
class Lesson:
    """One lesson; `day` and `slot` are its identity, `on` and `at` when it takes place."""

    journal: Journal
    day: date
    slot: int
    on: date
    at: int
    teacher: Teacher
    ordinal: int = 1
    cancelled: bool = False
    changed: bool = False
    control: Control | None = None
    other_subject: bool = False
    """The substitute gives another subject: the journal's plan is not used."""
    left_open: bool = False
    """The sample lesson, which the reader of the demonstration records."""

    @property
    def pupils(self) -> list[Pupil]:
        """Who belongs in it, on the day on which it takes place."""
        return self.journal.members(self.on)


class Timeline:
    """All lessons between the first and the last day, in order, and who is busy when."""

    def __init__(self, roster: Roster, shape: Shape, calendar: Calendar) -> None:
        """Derive the lessons from timetable and calendar."""
        self.roster, self.shape, self.calendar = roster, shape, calendar
        self.lessons = sorted(self._due(), key=lambda lesson: (lesson.day, lesson.slot))
        self._of_teacher: dict[tuple[date, int], set[str]] = defaultdict(set)
        self._of_class: dict[tuple[str, date], set[int]] = defaultdict(set)
        for lesson in self.lessons:
            self.occupy(lesson)

    def days(self) -> Iterator[date]:
        """Answer every date of the story."""
        for number in range((self.shape.last_day - FIRST_DAY).days + 1):
            yield FIRST_DAY + timedelta(days=number)

    def _due(self) -> Iterator[Lesson]:
        for journal in self.roster.journals:
            for day in self.days():
                cycle_day = self.calendar.cycle_day(day, journal.grade, [one.id for one in journal.classes])
                if cycle_day is None or (journal.ends is not None and day >= journal.ends):
                    continue
                for place in journal.places:
                    if place.day == cycle_day:
                        yield Lesson(journal, day, place.slot, day, place.slot, journal.teacher_on(day))

    def occupy(self, lesson: Lesson) -> None:
        """Note that teacher and classes are busy then."""
        self._of_teacher[lesson.on, lesson.at].add(lesson.teacher.id)
        for one in lesson.journal.classes:
            self._of_class[one.id, lesson.on].add(lesson.at)

    def is_free(self, teacher: Teacher, day: date, slot: int) -> bool:
        """Tell whether a teacher has no lesson then."""
        return teacher.id not in self._of_teacher[day, slot]

    def after_lessons(self, classes: tuple[SchoolClass, ...], day: date) -> int | None:
        """Answer the first slot after all lessons of these classes, if they have lessons on that day at all."""
        last = [max(self._of_class[one.id, day], default=0) for one in classes]
        return max(last) + 1 if all(last) else None

    def by_journal(self) -> dict[str, list[Lesson]]:
        """Answer the lessons of each journal in order."""
        found: dict[str, list[Lesson]] = defaultdict(list)
        for lesson in self.lessons:
            found[lesson.journal.id].append(lesson)
        return found
