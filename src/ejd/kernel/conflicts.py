"""All conflicts of a timetable (C5): one function over plain data, asked by commands, reports and previews.

Two lessons are in conflict when there is a day on which both are due, at one time, with the same teacher, room, class,
group or pupil *of that day*: parallel subgroups, merged lessons of other weeks, loads that end before others begin are
none. Lessons are looked up by cell (cycle day and time), so that the cost grows with the lessons and not their pairs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, get_args

from ejd.kernel.conflict_facts import At, Lines, crowds
from ejd.kernel.conflict_limits import find_limits
from ejd.kernel.conflict_sheet import Sheet
from ejd.kernel.day_sets import meetings
from ejd.kernel.events.timetable import ConflictKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from ejd.kernel.conflict_facts import Crowd, Line, Picture

KINDS: tuple[ConflictKind, ...] = get_args(ConflictKind)
"""In the order in which conflicts are listed."""
OF_PUPILS = frozenset({"class", "pupil", "daily-limit", "room-size"})
"""Kinds for which it must be known who is in which class and group."""


class Conflict(NamedTuple):
    """Something that cannot be, or should not; `what` is the teacher, room, class or group, "" where it is none.

    `cycle_day` 0: not about one day of the cycle. `pupils` are all who are concerned on any of the days. `number`
    is what there is (lessons, pupils) and `limit` what there may be, by `source`; both 0 where nothing is counted.
    """

    kind: ConflictKind
    what: str
    cycle_day: int
    lessons: tuple[At, ...]
    first_day: date
    last_day: date
    days: int
    pupils: tuple[str, ...] = ()
    number: int = 0
    limit: int = 0
    source: str = ""


def find_conflicts(
    picture: Picture,
    *,
    since: date,
    changed: Collection[str] | None = None,
    kinds: Collection[str] = KINDS,
) -> list[Conflict]:
    """Answer the conflicts on the days from `since` to the end of the year; of the `changed` journals only if given.

    The picture needs no more journals than those that share a cell with them, and, for the daily limit, a day.
    """
    lines = Lines(picture, since, changed)
    sheet = Sheet()
    people = crowds(lines) if not OF_PUPILS.isdisjoint(kinds) else []
    _twice(lines, sheet, kinds)
    if not {"class", "pupil"}.isdisjoint(kinds):
        _pupils(lines, people, sheet)
    find_limits(lines, people, sheet, kinds)
    order = {kind: place for place, kind in enumerate(KINDS)}
    found = [
        Conflict(
            key.kind,
            key.what,
            key.cycle_day,
            tuple(sorted(entry.lessons)),
            *lines.days.span(entry.days),
            tuple(sorted(entry.pupils)),
            key.number,
            key.limit,
            key.source,
        )
        for key, entry in sheet.entries.items()
        if key.kind in kinds
    ]
    return sorted(found, key=lambda one: (order[one.kind], *one[1:]))


def _twice(lines: Lines, sheet: Sheet, kinds: Collection[str]) -> None:
    """Find teachers, rooms, classes and groups that are in two lessons at once, whoever the pupils are."""
    shared = frozenset(lines.picture.rules.shared_rooms)
    for (cycle_day, _), cell in lines.cells.items():
        used: defaultdict[tuple[ConflictKind, str], list[tuple[At, int]]] = defaultdict(list)
        for line in cell:
            if line.room and line.room not in shared:
                used["room", line.room].append((line.at, line.days))
            kind: ConflictKind = "class" if line.taught.group_kind == "class" else "group"
            used[kind, line.taught.group].append((line.at, line.days))
            for staff, days in _givers(lines, line):
                used["teacher", staff].append((line.at, days))
        for (kind, what), parts in used.items():
            if len(parts) > 1 and kind in kinds:
                for lessons, days in meetings(parts).items():
                    if lines.involves(lessons):
                        sheet.add(kind, what, cycle_day, lessons, days)


def _givers(lines: Lines, line: Line) -> Iterator[tuple[str, int]]:
    """Answer who gives a lesson on which days; as `due.givers`, for all days at once."""
    loads = [(load.staff, line.days & lines.days.between(load.starts, load.ends)) for load in line.taught.loads]
    named = 0
    for staff, days in loads:
        named |= days if staff in line.teachers else 0
    for staff, days in loads:
        own = days if staff in line.teachers else days & ~named
        if own:
            yield staff, own


def _pupils(lines: Lines, people: Sequence[Crowd], sheet: Sheet) -> None:
    """Find pupils in two lessons at once; where all of them are of one class or group, that has been said already."""
    group_of = {journal: taught.group for journal, taught in lines.picture.taught.items()}
    for crowd in people:
        for (cycle_day, _), parts in _at_once(lines, crowd).items():
            for lessons, days in meetings(parts).items():
                places = {group_of[lesson.journal] for lesson in lessons}
                if len(places) > 1 and lines.involves(lessons):
                    kind, what = _of_whom(lines.picture, lessons)
                    sheet.add(kind, what, cycle_day, lessons, days, pupils=crowd.pupils)


def _at_once(lines: Lines, crowd: Crowd) -> Mapping[tuple[int, int], list[tuple[At, int]]]:
    found: defaultdict[tuple[int, int], list[tuple[At, int]]] = defaultdict(list)
    if lines.changed is None or not crowd.journals.keys().isdisjoint(lines.changed):
        for journal, member in crowd.journals.items():
            for line in lines.of[journal]:
                days = line.days & member
                if days:
                    _note(lines, line, days, found)
    return {cell: parts for cell, parts in found.items() if len(parts) > 1}


def _note(lines: Lines, line: Line, days: int, found: dict[tuple[int, int], list[tuple[At, int]]]) -> None:
    for moment in lines.moments(line):
        if (line.cycle_day, moment) in lines.cells:
            found[line.cycle_day, moment].append((line.at, days))


def _of_whom(picture: Picture, lessons: Collection[At]) -> tuple[ConflictKind, str]:
    """Answer the class when a lesson of the whole class is among them, else that it is about pupils."""
    for lesson in sorted(lessons):
        taught = picture.taught[lesson.journal]
        if taught.group_kind == "class":
            return "class", taught.group
    return "pupil", ""
