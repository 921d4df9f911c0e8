"""What a timetable's conflicts are worked out from: plain data, the same for commands, reports and previews."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.day_sets import DaySets
from ejd.kernel.envelope import Ref

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.due import Schedule
    from ejd.kernel.events.timetable import TimetableRules
    from ejd.kernel.states.people import Memberships
    from ejd.kernel.states.teaching import Load

MINUTES_MAX = 1_440
NOT_LESSONS = frozenset({"club", "elective"})
"""Kinds of groups whose hours are no lessons of the curriculum: the daily limit leaves them out."""


class Taught(NamedTuple):
    """One journal: for whom, by whom, and what it has in the cycle from which day on.

    `counts`: its lessons count towards the daily limit.
    """

    journal: str
    subject: str
    group: str
    group_kind: str
    classes: tuple[str, ...]
    grade: int
    bells: str
    counts: bool
    schedules: tuple[Schedule, ...]
    loads: tuple[Load, ...]


class ClassMode(NamedTuple):
    """A class's grade and working mode."""

    grade: int
    week_days: int


class Seats(NamedTuple):
    """What is known of a room."""

    capacity: int | None
    kind: str


class Picture(NamedTuple):
    """A year's timetable with all that it can be in conflict with; journals, classes, rooms, pupils by id."""

    calendar: Calendar
    taught: Mapping[str, Taught]
    classes: Mapping[str, ClassMode]
    rooms: Mapping[str, Seats]
    pupils: Mapping[str, Memberships]
    rules: TimetableRules


class At(NamedTuple):
    """A lesson of a journal in a slot; slot 0: whichever it has."""

    journal: str
    slot: int


class Line(NamedTuple):
    """A lesson of the cycle with the days on which it is due."""

    taught: Taught
    cycle_day: int
    slot: int
    room: str
    teachers: tuple[str, ...]
    days: int

    @property
    def at(self) -> At:
        """Which lesson it is."""
        return At(self.taught.journal, self.slot)


class Lines:
    """All lessons of a picture from a day on, and in which cell each is: cycle day and minute of the day.

    A lesson is in the cell of every lesson that begins while it lasts, so that two that overlap share one, whatever
    their bells. Only cells with a lesson of what has `changed` are kept (None: all).
    """

    def __init__(self, picture: Picture, since: date, changed: Collection[str] | None = None) -> None:
        """Cut all schedules to the days from `since` on."""
        self.picture, self.changed = picture, changed
        self.days = DaySets(picture.calendar, since)
        self._moments: dict[tuple[str, int], tuple[int, ...]] = {}
        self._starts = sorted({bell.starts for bells in picture.calendar.data.bells.values() for bell in bells})
        self.of: dict[str, list[Line]] = {}
        for journal, taught in picture.taught.items():
            self.of[journal] = list(self._of(taught))
        kept = {
            (line.cycle_day, moment)
            for journal in (picture.taught if changed is None else changed)
            for line in self.of.get(journal, ())
            for moment in self.moments(line)
        }
        self.cells: dict[tuple[int, int], list[Line]] = {cell: [] for cell in sorted(kept)}
        for line in self:
            for moment in self.moments(line):
                if (line.cycle_day, moment) in kept:
                    self.cells[line.cycle_day, moment].append(line)

    def __iter__(self) -> Iterator[Line]:
        """All lines, journal by journal."""
        for lines in self.of.values():
            yield from lines

    def concerned(self) -> Iterator[Taught]:
        """Answer the journals that conflicts are looked for: all, or those that have changed."""
        for journal, taught in self.picture.taught.items():
            if self.changed is None or journal in self.changed:
                yield taught

    def involves(self, lessons: Collection[At]) -> bool:
        """Say whether one of the lessons is of what has changed."""
        return self.changed is None or any(lesson.journal in self.changed for lesson in lessons)

    def spans(self, taught: Taught) -> Iterator[tuple[Schedule, int]]:
        """Answer each schedule of a journal with the days for which it counts."""
        ends: list[date | None] = [after.starts - timedelta(days=1) for after in taught.schedules[1:]]
        for schedule, last in zip(taught.schedules, [*ends, None], strict=False):
            days = self.days.between(schedule.starts, last)
            if days:
                yield schedule, days

    def _of(self, taught: Taught) -> Iterator[Line]:
        found: dict[tuple[int, int, str, tuple[str, ...]], int] = {}
        for schedule, days in self.spans(taught):
            for entry in schedule.entries:
                due = days & self.days.of_cycle_day(entry.cycle_day, taught.grade, taught.classes)
                if due:
                    key = (entry.cycle_day, entry.slot, entry.room, entry.teachers)
                    found[key] = found.get(key, 0) | due
        for (cycle_day, slot, room, teachers), days in found.items():
            yield Line(taught, cycle_day, slot, room, teachers, days)

    def moments(self, line: Line) -> tuple[int, ...]:
        """Answer at which of the minutes when lessons begin a lesson is going on; by its slot alone without a bell."""
        key = (line.taught.bells, line.slot)
        if key not in self._moments:
            bell = self.picture.calendar.bell(*key)
            if bell is None:
                self._moments[key] = (MINUTES_MAX + line.slot,)
            else:
                self._moments[key] = tuple(one for one in self._starts if bell.starts <= one < bell.ends)
        return self._moments[key]


class Crowd(NamedTuple):
    """Pupils with the same memberships: in which journals on which days, and in which classes."""

    pupils: tuple[str, ...]
    journals: Mapping[str, int]
    classes: tuple[tuple[str, int], ...]


def crowds(lines: Lines) -> list[Crowd]:
    """Answer the pupils by what they are in; few crowds for many pupils, since a class has most things together."""
    at_place: defaultdict[tuple[str, str], list[Taught]] = defaultdict(list)
    for taught in lines.picture.taught.values():
        at_place[taught.group_kind, taught.group].append(taught)
    alike: defaultdict[Memberships, list[str]] = defaultdict(list)
    for pupil, known in sorted(lines.picture.pupils.items()):
        alike[_without_refs(known)].append(pupil)
    return [_crowd(lines.days, at_place, known, pupils) for known, pupils in alike.items()]


def _without_refs(known: Memberships) -> Memberships:
    """Answer the memberships without the events that began them, in an order that tells nothing."""
    nowhere = Ref("", 0)
    return known._replace(
        classes=tuple(sorted((stay._replace(ref=nowhere) for stay in known.classes), key=lambda stay: stay[:2])),
        groups=tuple(sorted((stay._replace(ref=nowhere) for stay in known.groups), key=lambda stay: stay[:2])),
    )


def _crowd(
    days: DaySets, at_place: Mapping[tuple[str, str], Sequence[Taught]], known: Memberships, pupils: Sequence[str]
) -> Crowd:
    journals: dict[str, int] = {}
    classes: dict[str, int] = {}
    for stay in known.classes:
        there = days.until(stay.starts, stay.ends)
        classes[stay.where] = classes.get(stay.where, 0) | there
        for taught in at_place.get(("class", stay.where), ()):
            own = there & _planned(days, known, taught.journal)
            journals[taught.journal] = journals.get(taught.journal, 0) | own
    for stay in known.groups:
        for taught in at_place.get(("group", stay.where), ()):
            own = days.until(stay.starts, stay.ends)
            journals[taught.journal] = journals.get(taught.journal, 0) | own
    return Crowd(tuple(pupils), {one: own for one, own in journals.items() if own}, tuple(classes.items()))


def _planned(days: DaySets, known: Memberships, journal: str) -> int:
    """Answer the days on which a class's journal is one of the pupil's: an individual plan may leave it out (C3)."""
    found = days.all
    for starts, journals in known.plans:
        later = days.between(starts, None)
        found = found & ~later | (later if journals is None or journal in journals else 0)
    return found
