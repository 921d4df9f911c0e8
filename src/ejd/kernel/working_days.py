"""Working days of the school's staff, and by when the notice of a breach must have come (п. 21)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.kernel.calendar import local_day, microseconds_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ejd.kernel.calendar import CalendarData

MONDAY_TO_FRIDAY = frozenset(range(5))
"""Working days of a day that lies in no academic year: the summer."""
FREE_DAYS_MAX = 60
"""Days without a working day among them; no calendar of a school has so many in a row."""
HOUR = 3_600_000_000
"""In microseconds."""
REGULATOR_HOURS = (24, 72)
"""The regulator is told within 24 hours, of the result of the inquiry within 72 (152-ФЗ ст. 21 ч. 3.1)."""
MIDNIGHT_MINUTES = 1440


def is_working_day(day: date, calendars: Sequence[CalendarData]) -> bool:
    """Say whether the staff works on a day: breaks are working days, public holidays are not, transferred days are.

    The weekdays are those of the cycle of the year that the day lies in, Monday to Friday outside of any year.
    """
    inside = [one for one in calendars if one.first_day and one.last_day and one.first_day <= day <= one.last_day]
    if any(day == transferred.day for one in inside for transferred in one.transferred):
        return True
    if any(day == holiday.day for one in inside for holiday in one.holidays):
        return False
    weekdays = frozenset[int]().union(*(_weekdays(one) for one in inside)) if inside else MONDAY_TO_FRIDAY
    return day.weekday() in weekdays


def _weekdays(calendar: CalendarData) -> frozenset[int]:
    cycle = calendar.cycle
    if cycle is None:
        return MONDAY_TO_FRIDAY
    if cycle.kind == "rolling":
        return frozenset(cycle.weekdays)
    return frozenset(one.weekday for one in cycle.days if one.weekday is not None)


def notice_deadline(learned_at: int, calendars: Sequence[CalendarData], timezone: str) -> int:
    """Answer the end of the first working day after the day of learning, school time (microseconds since 1970 UTC)."""
    learned = local_day(learned_at, timezone)
    after = (learned + timedelta(days=number) for number in range(1, FREE_DAYS_MAX + 1))
    working = next((day for day in after if is_working_day(day, calendars)), learned + timedelta(days=1))
    return microseconds_at(working, MIDNIGHT_MINUTES, timezone)
