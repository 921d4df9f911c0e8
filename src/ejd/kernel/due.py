"""Due lessons: timetable × calendar. Computed when asked, never stored, so a changed timetable moves what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.envelope import Ref
from ejd.kernel.ids import lesson_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.events.timetable import ScheduleEntry

SLOTS_MAX = 20


class Schedule(NamedTuple):
    """What a journal has in the cycle from a day on; `ref` is the event that says so."""

    starts: date
    entries: tuple[ScheduleEntry, ...]
    ref: Ref


class Occurrence(NamedTuple):
    """One due lesson: its stream, identity and room."""

    lesson: str
    journal: str
    date: date
    slot: int
    room: str
    teachers: tuple[str, ...] = ()
    """Those of the journal's teachers who give it, if the timetable names them; see `givers`."""


def givers(named: Collection[str], loaded: Collection[str]) -> frozenset[str]:
    """Answer who gives a lesson on a day: those with the load whom the timetable names, else all with the load."""
    return frozenset(named).intersection(loaded) or frozenset(loaded)


def schedule_on(schedules: Sequence[Schedule], day: date) -> Schedule | None:
    """Answer the schedule that counts on a date; `schedules` are in the order in which they count."""
    found = None
    for schedule in schedules:
        if schedule.starts <= day:
            found = schedule
    return found


def with_schedule(schedules: Sequence[Schedule], new: Schedule) -> tuple[Schedule, ...]:
    """Answer the schedules after a new one: it replaces whatever was scheduled from its day on."""
    return (*(s for s in schedules if s.starts < new.starts), new)


def is_due(  # noqa: PLR0913 - what makes a lesson due
    calendar: Calendar,
    grade: int,
    schedules: Sequence[Schedule],
    day: date,
    slot: int,
    *,
    classes: Collection[str] = (),
) -> Schedule | None:
    """Answer the schedule by which the journal has a lesson on that date and slot, or None.

    `classes` are all that the journal's pupils are from: when each has a break of its own, there is no lesson.
    """
    cycle_day = calendar.cycle_day(day, grade, classes)
    schedule = schedule_on(schedules, day)
    if cycle_day is None or schedule is None:
        return None
    return schedule if any(e.cycle_day == cycle_day and e.slot == slot for e in schedule.entries) else None


def occurrences(  # noqa: PLR0913 - the seven things that make a lesson due
    calendar: Calendar,
    grade: int,
    journal: str,
    schedules: Sequence[Schedule],
    first: date,
    last: date,
    *,
    classes: Collection[str] = (),
) -> Iterator[Occurrence]:
    """Answer the due lessons of a journal between two dates, both included, in order of date and slot.

    `classes` are all that the journal's pupils are from: when each has a break of its own, there is no lesson.
    """
    numbers = calendar.lesson_days(grade, classes)
    for day in calendar.days(first, last):
        cycle_day = numbers.get(day)
        if cycle_day is None:
            continue
        schedule = schedule_on(schedules, day)
        if schedule is None:
            continue
        for entry in sorted(schedule.entries, key=lambda e: e.slot):
            if entry.cycle_day == cycle_day:
                yield Occurrence(
                    lesson_stream(journal, day, entry.slot), journal, day, entry.slot, entry.room, entry.teachers
                )
