"""How the lessons of journals went up to a moment: counted against timetable and calendar, the rest of the year ahead.

Definitions are in docs/programme.md. Nothing is stored: counts of the timetable are arithmetic over cycle days, so that
a whole school is counted without naming each of its lessons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json, zone
from ejd.kernel.due import Schedule, schedule_on
from ejd.kernel.events.year import Break
from ejd_projections.asking import is_in
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import Journal
from ejd_projections.school_catalogue import Year
from ejd_projections.timetable import schedules_of

MIDNIGHT_MINUTES = 1440
"""A lesson in a slot without a bell ends with its day."""


class Moment(NamedTuple):
    """Up to when is counted: a lesson is over when its bell has rung by then, school time."""

    day: date
    minutes: int

    def over(self, day: date, ends: int) -> bool:
        """Say whether a lesson of that day that ends at these minutes since midnight is over."""
        return (day, ends) <= self


class Record(NamedTuple):
    """What is recorded of a lesson, as far as the course of the programme goes; dates are ISO text."""

    lesson: str
    date: str
    slot: int
    ordinal: int
    placed_date: str
    placed_slot: int
    extra: bool
    cancelled: bool
    held: bool
    plan_item: int | None
    topic: str
    other_subject: bool


class Ahead(NamedTuple):
    """A lesson that is still to come, where it takes place; `lesson` names its record, "" without one."""

    day: date
    slot: int
    ordinal: int
    lesson: str


@dataclass(slots=True)
class Course:
    """Lessons of one journal up to a moment; `…_year` are of the whole year.

    `cycle`: as the cycle has them, without the breaks that were known when the plan was adopted; of those `holiday`,
    `in_break` and `calendar` (transferred days and other changes; below 0: won) did not become due. Of the due ones
    `cancelled`, `other_subject`, `moved_later`, `not_held`; the rest was held, and `extra` lessons beside them.
    """

    cycle: int = 0
    cycle_year: int = 0
    holiday: int = 0
    in_break: int = 0
    calendar: int = 0
    due: int = 0
    due_year: int = 0
    cancelled: int = 0
    other_subject: int = 0
    moved_later: int = 0
    not_held: int = 0
    extra: int = 0
    taught: int = 0
    off_plan: int = 0
    moved: int = 0
    items: dict[int, list[str]] = field(default_factory=dict)
    """By line of the thematic plan the days on which it was taught, in order."""
    ahead: list[Ahead] = field(default_factory=list)
    """In order of time."""
    due_on: list[str] = field(default_factory=list)
    """The days of all due lessons of the year, in order."""


class Ways(NamedTuple):
    """What the lessons of a journal follow: calendars as it is and as the plan knew it, and the timetable."""

    real: Calendar
    known: Calendar
    timetable: Timetable


class Timetable:
    """The slots of one journal by cycle day, from the day on from which each schedule counts."""

    def __init__(self, schedules: Sequence[Schedule]) -> None:
        """Sort the entries once: they are asked for every day of the year."""
        self._schedules = schedules
        self._slots: dict[date, dict[int, list[int]]] = {}
        for one in schedules:
            by_day = self._slots.setdefault(one.starts, {})
            for entry in sorted(one.entries, key=lambda entry: entry.slot):
                by_day.setdefault(entry.cycle_day, []).append(entry.slot)

    def slots(self, day: date, number: int | None) -> list[int]:
        """Answer the slots in which there is a lesson on a day that is this day of the cycle, in order."""
        schedule = None if number is None else schedule_on(self._schedules, day)
        if number is None or schedule is None:
            return []
        return self._slots[schedule.starts].get(number, [])


def moment_of(now: int, timezone: str, on: date | None = None) -> Moment:
    """Answer the end of a day that is over, else the present (microseconds since 1970 UTC)."""
    local = datetime.fromtimestamp(now // 1_000_000, tz=zone(timezone))
    if on is not None and on < local.date():
        return Moment(on, MIDNIGHT_MINUTES)
    return Moment(local.date(), 60 * local.hour + local.minute)


def courses(
    c: sa.Connection,
    year: Year,
    journals: Sequence[Journal],
    moment: Moment,
    *,
    known_breaks: Mapping[str, tuple[Break, ...]] | None = None,
) -> dict[str, Course]:
    """Answer the course of each journal of a year; `known_breaks` by journal, without them those of today."""
    if not journals:
        return {}
    ids = [journal.id for journal in journals]
    schedules, records = schedules_of(c, ids), _records(c, journals)
    real = calendar_from_json(year.calendar)
    known: dict[tuple[Break, ...], Calendar] = {}
    found = {}
    for journal in journals:
        breaks = (known_breaks or {}).get(journal.id, real.data.breaks)
        if breaks not in known:
            known[breaks] = _without_free_days(real, breaks)
        ways = Ways(real, known[breaks], Timetable(schedules.get(journal.id, ())))
        found[journal.id] = _course(journal, ways, records.get(journal.id, ()), moment)
    return found


def _without_free_days(calendar: Calendar, breaks: tuple[Break, ...]) -> Calendar:
    """Answer the calendar with these breaks, and neither holidays nor transferred days."""
    return Calendar(msgspec.structs.replace(calendar.data, breaks=breaks, holidays=(), transferred=()))


def _records(c: sa.Connection, journals: Collection[Journal]) -> dict[str, list[Record]]:
    """Answer by journal what is recorded of its lessons, in order of where they take place."""
    t = lessons.c
    subjects = {journal.id: journal.subject for journal in journals}
    statement = (
        sa.select(
            *(t.stream, t.date, t.slot, t.ordinal, t.placed_date, t.placed_slot, t.extra),
            *(t.journal, t.cancelled, t.topic, t.plan_item, t.roll_taken, t.substitute_subject),
        )
        .where(is_in(t.journal, subjects))
        .order_by(t.placed_date, t.placed_slot, t.ordinal, t.stream)
    )
    found: dict[str, list[Record]] = {}
    for *place, journal, cancelled, topic, plan_item, roll_taken, instead in c.execute(statement).all():
        held, other = topic is not None or roll_taken, instead not in {"", subjects[journal]}
        record = Record._make((*place, cancelled, held, plan_item, topic or "", other))
        found.setdefault(journal, []).append(record)
    return found


def _course(journal: Journal, ways: Ways, records: Sequence[Record], moment: Moment) -> Course:
    course = Course()
    due: dict[tuple[str, int], bool] = {}

    def over(day: date, slot: int) -> bool:
        if day != moment.day:
            return day < moment.day
        bell = ways.real.bell(journal.bells, slot)
        return moment.over(day, bell.ends if bell else MIDNIGHT_MINUTES)

    due_days, cycle_days = (one.lesson_days(journal.grade, journal.classes) for one in (ways.real, ways.known))
    for day in ways.real.days():
        slots = ways.timetable.slots(day, due_days.get(day))
        cycle = [over(day, slot) for slot in ways.timetable.slots(day, cycle_days.get(day))]
        if not slots and not cycle:
            continue
        text = day.isoformat()
        real = {(text, slot): over(day, slot) for slot in slots}
        course.cycle_year += len(cycle)
        course.due_year += len(real)
        course.cycle += sum(cycle)
        course.due += sum(real.values())
        _lost(course, ways.real, journal, day, sum(cycle) - sum(real.values()))
        due |= real
        course.due_on += [text] * len(real)
    recorded = set()
    for one in records:
        asked = due.get((one.date, one.slot)) if one.ordinal == 1 else None
        if asked is not None:
            recorded.add((one.date, one.slot))
        _take(course, one, asked, placed=over(date.fromisoformat(one.placed_date), one.placed_slot))
    for (day_text, slot), passed in due.items():
        if (day_text, slot) not in recorded:
            if passed:
                course.not_held += 1
            else:
                course.ahead.append(Ahead(date.fromisoformat(day_text), slot, 1, ""))
    course.ahead.sort(key=lambda one: one[:3])
    return course


def _lost(course: Course, real: Calendar, journal: Journal, day: date, lost: int) -> None:
    """Enter what the day lost against the cycle, by what it is in the calendar."""
    if not lost:
        return
    if lost > 0 and any(one.day == day for one in real.data.holidays):
        course.holiday += lost
    elif lost > 0 and real.in_break(day, journal.grade, journal.classes):
        course.in_break += lost
    else:
        course.calendar += lost


def _take(course: Course, one: Record, due: bool | None, *, placed: bool) -> None:
    """Enter a recorded lesson: `due` says whether its slot is over, None: it is not due; `placed` where it is now."""
    if due and (one.cancelled or one.other_subject):
        course.cancelled += one.cancelled
        course.other_subject += not one.cancelled
        return
    if one.cancelled or one.other_subject:
        return
    if not placed:
        course.moved_later += due is True
        if due is not None or one.extra or one.held:
            course.ahead.append(Ahead(date.fromisoformat(one.placed_date), one.placed_slot, one.ordinal, one.lesson))
    elif one.held:
        course.taught += 1
        course.extra += due is not True
        course.moved += (one.date, one.slot) != (one.placed_date, one.placed_slot)
        course.off_plan += one.plan_item is None
        if one.plan_item is not None:
            course.items.setdefault(one.plan_item, []).append(one.placed_date)
    elif due:
        course.not_held += 1
