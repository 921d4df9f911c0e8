"""Conflicts of one journal, class or room by itself: outside the working mode, over the load, the norm, the seats."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.conflict_facts import At, Crowd
from ejd.kernel.day_sets import subsets
from ejd.kernel.due import givers
from ejd.kernel.lesson_norms import DAILY_LIMITS, DailyLimit, limits_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ejd.kernel.conflict_facts import Line, Lines, Picture, Taught
    from ejd.kernel.conflict_sheet import Sheet
    from ejd.kernel.events.year import CycleDefined


class _Hours(NamedTuple):
    """A teacher's hours in a journal."""

    staff: str
    per_week: int | None


OWN_RULES = "правила школы"
"""The source of limits that the school has set itself."""


def find_limits(lines: Lines, people: Sequence[Crowd], sheet: Sheet, kinds: Collection[str]) -> None:
    """Gather these conflicts of the journals concerned."""
    for taught in lines.concerned():
        _outside(lines, taught, sheet)
        _load(lines, taught, sheet)
        _room_kind(lines, taught, sheet)
    if "room-size" in kinds:
        _room_size(lines, people, sheet)
    if "daily-limit" in kinds:
        _daily(lines, people, sheet)


def free_cycle_days(picture: Picture, class_id: str) -> frozenset[int]:
    """Answer the days of the cycle without lessons of a class: one of five days has the first five weekdays (C1)."""
    cycle, mode = picture.calendar.data.cycle, picture.classes.get(class_id)
    if cycle is None or cycle.kind != "weekly" or mode is None:
        return frozenset()
    weekdays = list(dict.fromkeys(day.weekday for day in cycle.days))
    worked = weekdays[: mode.week_days]
    return frozenset(number for number, day in enumerate(cycle.days, start=1) if day.weekday not in worked)


def _outside(lines: Lines, taught: Taught, sheet: Sheet) -> None:
    free = {class_id: free_cycle_days(lines.picture, class_id) for class_id in taught.classes}
    for line in lines.of[taught.journal]:
        if lines.picture.calendar.bell(taught.bells, line.slot) is None:
            sheet.add("no-bell", "", line.cycle_day, [line.at], line.days)
        for class_id, days in free.items():
            if line.cycle_day in days:
                sheet.add("free-day", class_id, line.cycle_day, [line.at], line.days)


def _load(lines: Lines, taught: Taught, sheet: Sheet) -> None:
    """Compare a journal's lessons in the cycle with the hours of those who teach it that day, if all hours are known.

    Teachers may share the lessons: where no lesson names its own, what counts is the sum of their hours.
    """
    cycle = lines.picture.calendar.data.cycle
    if cycle is None or not taught.loads:
        return
    spans = (
        (_Hours(load.staff, load.hours_per_week), lines.days.between(load.starts, load.ends)) for load in taught.loads
    )
    hours = subsets(spans)
    school = lines.days.of_school(taught.grade, taught.classes)
    for schedule, counting in lines.spans(taught):
        named = any(entry.teachers for entry in schedule.entries)
        for loads, known in hours.items():
            days = known & counting & school
            parts = [frozenset({one}) for one in sorted(loads, key=lambda one: one.staff)] if named else [loads]
            there = {one.staff for one in loads}
            for part in parts if days else ():
                if any(one.per_week is None for one in part):
                    continue
                who = {one.staff for one in part}
                limit = _in_the_cycle(cycle, sum(one.per_week or 0 for one in part))
                lessons = sum(not who.isdisjoint(givers(entry.teachers, there)) for entry in schedule.entries)
                if lessons > limit:
                    staff = min(who) if len(who) == 1 else ""
                    sheet.add("load", staff, 0, [At(taught.journal, 0)], days, number=lessons, limit=limit)


def _in_the_cycle(cycle: CycleDefined, per_week: int) -> int:
    """Answer how many lessons in one turn of the cycle make so many a week; a counted cycle has no weeks of its own."""
    if cycle.kind == "weekly":
        return per_week * cycle.weeks
    return per_week * len(cycle.days) // len(cycle.weekdays)


def _room_kind(lines: Lines, taught: Taught, sheet: Sheet) -> None:
    fit = {need.subject: need.kinds for need in lines.picture.rules.room_kinds}.get(taught.subject)
    if fit is None:
        return
    for line in lines.of[taught.journal]:
        room = lines.picture.rooms.get(line.room)
        if room is not None and room.kind not in fit:
            sheet.add("room-kind", line.room, 0, [At(taught.journal, 0)], line.days)


def _room_size(lines: Lines, people: Sequence[Crowd], sheet: Sheet) -> None:
    """Compare the seats of a room with the pupils of a journal on each day; the largest number is told."""
    members: defaultdict[str, list[Crowd]] = defaultdict(list)
    for crowd in people:
        for journal in crowd.journals:
            members[journal].append(crowd)
    for taught in lines.concerned():
        own = members[taught.journal]
        everybody = sum(len(crowd.pupils) for crowd in own)
        most: dict[str, tuple[int, int]] = {}
        for line in lines.of[taught.journal]:
            room = lines.picture.rooms.get(line.room)
            if room is not None and room.capacity is not None and everybody > room.capacity:
                over, count = _fullest(own, taught.journal, line.days, room.capacity)
                known = most.get(line.room, (0, 0))
                most[line.room] = (known[0] | over, max(known[1], count))
        for room_id, (days, count) in most.items():
            if days:
                seats = lines.picture.rooms[room_id].capacity or 0
                sheet.add("room-size", room_id, 0, [At(taught.journal, 0)], days, number=count, limit=seats)


def _fullest(crowds: Sequence[Crowd], journal: str, days: int, capacity: int) -> tuple[int, int]:
    """Answer the days on which more pupils are in a journal than a room has seats, and how many at most."""
    over = most = 0
    while days:
        day = days & -days
        days ^= day
        count = sum(len(crowd.pupils) for crowd in crowds if crowd.journals[journal] & day)
        if count > capacity:
            over, most = over | day, max(most, count)
    return over, most


class _Busy(NamedTuple):
    """On how many lessons of a day some pupils are, and when."""

    cycle_day: int
    number: int
    days: int
    lessons: frozenset[At]


def _daily(lines: Lines, people: Sequence[Crowd], sheet: Sheet) -> None:
    own = lines.picture.rules.daily_limits
    limits = DAILY_LIMITS
    if own:
        limits = tuple(
            DailyLimit(one.first_grade, one.last_grade, one.lessons, one.once_a_week, date.min, None, OWN_RULES)
            for one in own
        )
    for crowd in (*people, *_without_pupils(lines, people)):
        if lines.changed is not None and crowd.journals.keys().isdisjoint(lines.changed):
            continue
        for class_id, there in crowd.classes:
            mode = lines.picture.classes.get(class_id)
            busy = _busy(lines, crowd, there) if mode is not None else []
            for limit in limits_of(0 if mode is None else mode.grade, limits):
                _over(lines, crowd, class_id, busy, limit, sheet)


def _without_pupils(lines: Lines, people: Sequence[Crowd]) -> Iterator[Crowd]:
    """Answer for each class that nobody is in yet its own journals: a timetable is often made before the lists."""
    there = {class_id for crowd in people for class_id, _ in crowd.classes}
    of_class: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for journal, taught in lines.picture.taught.items():
        if taught.group_kind == "class" and taught.group not in there:
            of_class[taught.group][journal] = lines.days.all
    for class_id, journals in of_class.items():
        yield Crowd((), journals, ((class_id, lines.days.all),))


def _busy(lines: Lines, crowd: Crowd, there: int) -> list[_Busy]:
    by_day: defaultdict[int, list[tuple[Line, int]]] = defaultdict(list)
    for journal, member in crowd.journals.items():
        for line in lines.of[journal] if lines.picture.taught[journal].counts else ():
            days = line.days & member & there
            if days:
                by_day[line.cycle_day].append((line, days))
    found = []
    for cycle_day, parts in by_day.items():
        slots: dict[int, int] = {}
        for line, days in parts:
            slots[line.slot] = slots.get(line.slot, 0) | days
        for busy, days in subsets(slots.items()).items():
            at = frozenset(line.at for line, own in parts if own & days)
            found.append(_Busy(cycle_day, len(busy), days, at))
    return found


def _over(  # noqa: PLR0913 - whose lessons, and the limit
    lines: Lines, crowd: Crowd, class_id: str, busy: Sequence[_Busy], limit: DailyLimit, sheet: Sheet
) -> None:
    """Gather the days above the limit: all above the exception, and all of a week with more exceptions than one."""
    in_force = lines.days.between(limit.first_day, limit.last_day)
    exceptions = 0
    for one in busy:
        if limit.lessons < one.number <= limit.once_a_week:
            exceptions |= one.days & in_force
    several = 0
    for week in lines.days.weeks():
        if (exceptions & week).bit_count() > 1:
            several |= exceptions & week
    for one in busy:
        allowed, days = limit.once_a_week, one.days & in_force
        if one.number <= limit.once_a_week:
            allowed, days = limit.lessons, days & several if one.number > limit.lessons else 0
        if days and lines.involves(one.lessons):
            sheet.add(
                "daily-limit",
                class_id,
                one.cycle_day,
                one.lessons,
                days,
                pupils=crowd.pupils,
                number=one.number,
                limit=allowed,
                source=limit.source,
                together=True,
            )
