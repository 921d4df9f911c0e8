"""All conflicts of a timetable worked out the slow way: day by day, and on each day everybody with everybody.

Written from the requirement (C5) and rules.md over the plain facts of `tests.oracle`, sharing nothing with the finder
of the kernel: no sets of bits, no cells, no crowds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from tests.oracle import Facts, Load, Year, belongs, class_on, cycle_days, scheduled_on

AtOnce = frozenset[tuple[str, int]]
"""Lessons: journal and slot."""
NORM = {1: (4, 5), 2: (5, 6), 3: (5, 6), 4: (5, 6), 5: (6, 6), 6: (6, 6)} | dict.fromkeys(range(7, 12), (7, 7))
"""By grade lessons a day, and once a week (СанПиН 1.2.3685-21, rules.md: dated norm sets)."""
NORM_DAYS = date(2021, 3, 1), date(2027, 2, 28)
TWICE = ("teacher", "room", "class", "group", "pupil")


class Named(NamedTuple):
    """What makes a conflict the one it is; `lessons` are empty where another lesson would not make another conflict."""

    kind: str
    what: str
    cycle_day: int
    lessons: AtOnce
    number: int = 0
    limit: int = 0


@dataclass
class When:
    """On which days, and which pupils are concerned."""

    days: set[date] = field(default_factory=set)
    pupils: set[str] = field(default_factory=set)


class Lesson(NamedTuple):
    """One lesson of one day; minutes are None without a bell."""

    journal: str
    slot: int
    cycle_day: int
    room: str
    teachers: frozenset[str]
    starts: int | None
    ends: int | None


def all_conflicts(facts: Facts, year_id: str, days: Iterable[date]) -> dict[Named, When]:
    """Answer the conflicts on these days."""
    found: defaultdict[Named, When] = defaultdict(When)
    busy: dict[tuple[str, str], dict[date, list[Lesson]]] = defaultdict(dict)
    most: dict[tuple[str, str], int] = defaultdict(int)
    for day in days:
        today = list(_lessons(facts, year_id, day))
        for at_once in _at_once(facts.years[year_id], today):
            _twice(facts, day, at_once, found)
        for lesson in today:
            _outside(facts, year_id, day, lesson, found)
            _rooms(facts, day, lesson, found, most)
        _loads(facts, year_id, day, found)
        _count(facts, day, today, busy)
    _daily(facts, facts.years[year_id], busy, found)
    return {_counted(named, most): when for named, when in found.items()}


def _counted(named: Named, most: dict[tuple[str, str], int]) -> Named:
    """Answer a conflict of seats with the largest number of pupils that there ever are."""
    if named.kind != "room-size":
        return named
    ((journal, _),) = named.lessons
    return named._replace(number=most[named.what, journal])


def _lessons(facts: Facts, year_id: str, day: date) -> Iterator[Lesson]:
    year = facts.years[year_id]
    for journal, opened in facts.journals.items():
        number = cycle_days(year, opened.grade, opened.classes).get(day) if opened.year == year_id else None
        schedule = scheduled_on(facts, journal, day)
        if number is None or schedule is None:
            continue
        have = {load.staff for load in _loads_of(facts, journal, day)}
        for entry in schedule.entries:
            if entry.cycle_day == number:
                bell = year.bells.get(opened.bells, {}).get(entry.slot)
                give = have & set(entry.teachers) or have
                minutes = (bell.starts, bell.ends) if bell is not None else (None, None)
                yield Lesson(journal, entry.slot, number, entry.room, frozenset(give), *minutes)


def _loads_of(facts: Facts, journal: str, day: date) -> list[Load]:
    return [
        load for load in facts.loads.get(journal, ()) if load.starts <= day and (load.ends is None or day <= load.ends)
    ]


def _at_once(year: Year, today: list[Lesson]) -> Iterator[list[Lesson]]:
    """Answer for each moment at which some lesson begins those that are going on; without a bell those of one slot."""
    for moment in {bell.starts for bells in year.bells.values() for bell in bells.values()}:
        yield [
            one for one in today if one.starts is not None and one.ends is not None and one.starts <= moment < one.ends
        ]
    for slot in {one.slot for one in today}:
        yield [one for one in today if one.slot == slot and one.starts is None]


def _twice(facts: Facts, day: date, at_once: list[Lesson], found: dict[Named, When]) -> None:
    def note(kind: str, what: str, those: list[Lesson], pupil: str = "") -> None:
        lessons = frozenset((one.journal, one.slot) for one in those)
        if len(lessons) > 1:
            when = found[Named(kind, what, those[0].cycle_day, lessons)]
            when.days.add(day)
            when.pupils |= {pupil} if pupil else set()

    for staff in {staff for one in at_once for staff in one.teachers}:
        note("teacher", staff, [one for one in at_once if staff in one.teachers])
    for room in {one.room for one in at_once} - {"", *facts.timetable_rules.shared_rooms}:
        note("room", room, [one for one in at_once if one.room == room])
    for place in {facts.journals[one.journal].group for one in at_once}:
        those = [one for one in at_once if facts.journals[one.journal].group == place]
        note(facts.journals[those[0].journal].group_kind, place, those)
    for pupil in list(facts.pupils):
        own = [one for one in at_once if belongs(facts, pupil, one.journal, day)]
        if len({facts.journals[one.journal].group for one in own}) < 2:
            continue
        classes = [facts.journals[one.journal] for one in own if facts.journals[one.journal].group_kind == "class"]
        note("class" if classes else "pupil", classes[0].group if classes else "", own, pupil)


def _outside(facts: Facts, year_id: str, day: date, lesson: Lesson, found: dict[Named, When]) -> None:
    at = frozenset({(lesson.journal, lesson.slot)})
    if lesson.starts is None:
        found[Named("no-bell", "", lesson.cycle_day, at)].days.add(day)
    cycle = facts.years[year_id].cycle
    assert cycle is not None
    for class_id in facts.journals[lesson.journal].classes:
        if cycle.kind == "weekly" and class_id in facts.classes:
            week: list[int | None] = []
            for one in cycle.days:
                week += [one.weekday] if one.weekday not in week else []
            if cycle.days[lesson.cycle_day - 1].weekday in week[facts.classes[class_id].week_days :]:
                found[Named("free-day", class_id, lesson.cycle_day, at)].days.add(day)


def _rooms(facts: Facts, day: date, lesson: Lesson, found: dict[Named, When], most: dict[tuple[str, str], int]) -> None:
    room = facts.rooms.get(lesson.room)
    if room is None:
        return
    at = frozenset({(lesson.journal, 0)})
    for need in facts.timetable_rules.room_kinds:
        if need.subject == facts.journals[lesson.journal].subject and room.kind not in need.kinds:
            found[Named("room-kind", lesson.room, 0, at)].days.add(day)
    pupils = sum(belongs(facts, pupil, lesson.journal, day) for pupil in list(facts.pupils))
    if room.capacity is not None and pupils > room.capacity:
        found[Named("room-size", lesson.room, 0, at, limit=room.capacity)].days.add(day)
        most[lesson.room, lesson.journal] = max(most[lesson.room, lesson.journal], pupils)


def _loads(facts: Facts, year_id: str, day: date, found: dict[Named, When]) -> None:
    year = facts.years[year_id]
    cycle = year.cycle
    assert cycle is not None
    for journal, opened in facts.journals.items():
        schedule = scheduled_on(facts, journal, day)
        if opened.year != year_id or schedule is None or day not in cycle_days(year, opened.grade, opened.classes):
            continue
        loads = _loads_of(facts, journal, day)
        named = any(entry.teachers for entry in schedule.entries)
        for part in [[one] for one in loads] if named else [loads] if loads else []:
            hours = [one.hours for one in part]
            everybody = {one.staff for one in loads}
            lessons = 0
            for entry in schedule.entries:
                give = everybody & set(entry.teachers) or everybody
                lessons += any(one.staff in give for one in part)
            total = sum(one for one in hours if one is not None)
            weeks = cycle.weeks if cycle.kind == "weekly" else len(cycle.days) / len(cycle.weekdays)
            if None not in hours and lessons > total * weeks:
                staff = part[0].staff if len(part) == 1 else ""
                at = frozenset({(journal, 0)})
                found[Named("load", staff, 0, at, lessons, int(total * weeks))].days.add(day)


def _count(facts: Facts, day: date, today: list[Lesson], busy: dict[tuple[str, str], dict[date, list[Lesson]]]) -> None:
    """Note the lessons of each pupil; of a class that nobody was ever in, those of the class."""
    counting = []
    for one in today:
        group = facts.groups.get(facts.journals[one.journal].group)
        if group is None or group.kind not in {"club", "elective"}:
            counting.append(one)
    for pupil in list(facts.pupils):
        class_id = class_on(facts, pupil, day)
        if class_id:
            busy[class_id, pupil][day] = [one for one in counting if belongs(facts, pupil, one.journal, day)]
    for class_id in facts.classes:
        if not facts.ever_in.get(class_id):
            own = [one for one in counting if facts.journals[one.journal].group == class_id]
            busy[class_id, ""][day] = own


def _daily(
    facts: Facts, year: Year, busy: dict[tuple[str, str], dict[date, list[Lesson]]], found: dict[Named, When]
) -> None:
    for (class_id, pupil), by_day in busy.items():
        formed = facts.classes.get(class_id)
        if formed is None:
            continue
        for day, lessons in by_day.items():
            limits = _limits(facts, formed.grade, day)
            if limits is None:
                continue
            usual, once = limits
            count = len({one.slot for one in lessons})
            week = [other for other in by_day if _week(year, other) == _week(year, day)]
            several = 0
            for other in week:
                there = _limits(facts, formed.grade, other)
                if there is not None:
                    several += there[0] < len({one.slot for one in by_day[other]}) <= there[1]
            if count > once or (count > usual and several > 1):
                named = Named(
                    "daily-limit", class_id, lessons[0].cycle_day, frozenset(), count, once if count > once else usual
                )
                found[named].days.add(day)
                found[named].pupils |= {pupil} if pupil else set()


def _limits(facts: Facts, grade: int, day: date) -> tuple[int, int] | None:
    own = facts.timetable_rules.daily_limits
    if own:
        return next(((one.lessons, one.once_a_week) for one in own if one.first_grade <= grade <= one.last_grade), None)
    return NORM.get(grade) if NORM_DAYS[0] <= day <= NORM_DAYS[1] else None


def _week(year: Year, day: date) -> date:
    """Answer the first day of a date's week, which begins with the weekday of the first day of the cycle."""
    assert year.cycle is not None
    begins = (year.cycle.days[0].weekday or 0) if year.cycle.days else 0
    while day.weekday() != begins:
        day -= timedelta(days=1)
    return day
