"""Due lessons follow timetable and calendar, and move with them."""

from __future__ import annotations

from datetime import date
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from ejd.kernel.calendar import Calendar, CalendarData, evolve
from ejd.kernel.due import Schedule, is_due, occurrences, schedule_on, with_schedule
from ejd.kernel.envelope import Ref
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import ScheduleEntry
from ejd.kernel.ids import NAMESPACE, lesson_stream

JOURNAL = "6f0d0c8e-0000-4000-8000-000000000001"
FIRST, LAST = date(2025, 9, 1), date(2025, 9, 14)
OPENED = y.AcademicYearOpened(name="", first_day=FIRST, last_day=LAST)
WEEK = y.CycleDefined(kind="weekly", days=tuple(y.CycleDay(name=str(n), weekday=n) for n in range(5)))


def calendar(*events: y.BreaksDefined | y.HolidaysDefined) -> Calendar:
    """Two weeks of Monday to Friday."""
    data = CalendarData()
    for event in (OPENED, WEEK, *events):
        data = evolve(data, event)
    return Calendar(data)


def schedule(starts: date, *places: tuple[int, int], version: int = 1) -> Schedule:
    """A schedule of (cycle day, slot)."""
    entries = tuple(ScheduleEntry(cycle_day=day, slot=slot, room=f"room {day}") for day, slot in places)
    return Schedule(starts, entries, Ref("timetable", version))


MONDAYS = schedule(FIRST, (1, 3), (1, 2))
THURSDAYS = schedule(date(2025, 9, 8), (4, 1), version=2)


def due(found: Calendar, *schedules: Schedule, first: date = FIRST, last: date = LAST) -> list[tuple[int, int]]:
    """Day of September and slot of each due lesson."""
    return [(o.date.day, o.slot) for o in occurrences(found, 5, JOURNAL, schedules, first, last)]


def test_lessons_are_due_in_order_of_date_and_slot() -> None:
    assert due(calendar(), MONDAYS) == [(1, 2), (1, 3), (8, 2), (8, 3)]


def test_a_lesson_is_named_by_its_planned_occurrence() -> None:
    first = next(iter(occurrences(calendar(), 5, JOURNAL, [MONDAYS], FIRST, LAST)))
    assert first.lesson == lesson_stream(JOURNAL, FIRST, 2)
    assert (first.journal, first.room) == (JOURNAL, "room 1")


def test_a_new_schedule_counts_from_its_day_on() -> None:
    assert due(calendar(), MONDAYS, THURSDAYS) == [(1, 2), (1, 3), (11, 1)]


def test_a_holiday_and_a_break_take_lessons_away_and_a_transferred_day_brings_them() -> None:
    moved = y.HolidaysDefined(
        holidays=(y.Holiday(day=FIRST, name=""),), transferred=(y.TransferredDay(day=date(2025, 9, 6), cycle_day=1),)
    )
    assert due(calendar(moved), MONDAYS) == [(6, 2), (6, 3), (8, 2), (8, 3)]
    rest = y.BreaksDefined(breaks=(y.Break(name="", first_day=date(2025, 9, 8), last_day=LAST, grades=(5,)),))
    assert due(calendar(rest), MONDAYS) == [(1, 2), (1, 3)]


def test_only_the_days_asked_for_are_answered() -> None:
    assert due(calendar(), MONDAYS, first=date(2025, 9, 2)) == [(8, 2), (8, 3)]
    assert due(calendar(), MONDAYS, last=date(2025, 9, 7)) == [(1, 2), (1, 3)]


def test_before_the_first_schedule_nothing_is_due() -> None:
    assert due(calendar(), THURSDAYS) == [(11, 1)]
    assert schedule_on([THURSDAYS], FIRST) is None
    assert is_due(calendar(), 5, [THURSDAYS], date(2025, 9, 4), 1) is None


def test_a_lesson_is_due_by_the_schedule_that_counts() -> None:
    assert is_due(calendar(), 5, [MONDAYS, THURSDAYS], FIRST, 2) == MONDAYS
    assert is_due(calendar(), 5, [MONDAYS, THURSDAYS], FIRST, 4) is None
    assert is_due(calendar(), 5, [MONDAYS, THURSDAYS], date(2025, 9, 8), 2) is None
    assert is_due(calendar(), 5, [MONDAYS], date(2025, 9, 6), 2) is None


def test_a_schedule_replaces_what_was_scheduled_from_its_day_on() -> None:
    again = schedule(FIRST, (2, 1), version=3)
    assert with_schedule([MONDAYS, THURSDAYS], again) == (again,)
    assert with_schedule([MONDAYS], THURSDAYS) == (MONDAYS, THURSDAYS)


@given(journal=st.text(), day=st.dates(), slot=st.integers(), ordinal=st.integers())
def test_the_name_of_a_lesson_is_the_uuid_that_the_standard_makes_of_it(
    journal: str, day: date, slot: int, ordinal: int
) -> None:
    """Names of lessons already stored must never change: RFC 9562, 5.5."""
    expected = uuid5(NAMESPACE, f"lesson/{journal}/{day.isoformat()}/{slot}/{ordinal}")
    assert lesson_stream(journal, day, slot, ordinal) == str(expected)
