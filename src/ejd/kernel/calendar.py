"""From dates to days of the cycle: the one place that knows breaks, holidays, transferred days and A/B weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from ejd.kernel.events import year as y

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ejd.kernel.event import Event

YEAR_DAYS_MAX = 400
CYCLE_DAYS_MAX = 60


class CalendarData(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what a date is, as the events of the year left it."""

    name: str = ""
    first_day: date | None = None
    last_day: date | None = None
    cycle: y.CycleDefined | None = None
    schemes: dict[str, tuple[y.GradingPeriod, ...]] = {}
    breaks: tuple[y.Break, ...] = ()
    holidays: tuple[y.Holiday, ...] = ()
    transferred: tuple[y.TransferredDay, ...] = ()
    bells: dict[str, tuple[y.Bell, ...]] = {}


def evolve(data: CalendarData, event: Event) -> CalendarData:
    """Answer the calendar after an event; other events change nothing. Commands and projections both use this fold."""
    change = msgspec.structs.replace
    match event:
        case y.AcademicYearOpened():
            return change(data, name=event.name, first_day=event.first_day, last_day=event.last_day)
        case y.CycleDefined():
            return change(data, cycle=event)
        case y.GradingPeriodsDefined():
            return change(data, schemes={**data.schemes, event.scheme: event.periods})
        case y.BreaksDefined():
            return change(data, breaks=event.breaks)
        case y.HolidaysDefined():
            return change(data, holidays=event.holidays, transferred=event.transferred)
        case y.BellScheduleDefined():
            return change(data, bells={**data.bells, event.code: event.bells})
        case _:
            return data


class Calendar:
    """Answers what a date is in one academic year."""

    def __init__(self, data: CalendarData) -> None:
        """Prepare the look-ups; the year has at most YEAR_DAYS_MAX days."""
        self.data = data
        self._holidays = {h.day for h in data.holidays}
        self._transferred = {t.day: t.cycle_day for t in data.transferred}
        self._by_whom: dict[tuple[int, tuple[str, ...]], dict[date, int]] = {}
        self._with_own_breaks = {one for b in data.breaks for one in b.classes}
        self._periods = {p.code: p for periods in data.schemes.values() for p in periods}
        self._days_of_cycle: dict[tuple[int, tuple[str, ...]], dict[int, int]] = {}

    def days(self, first: date = date.min, last: date = date.max) -> Iterator[date]:
        """Answer every date of the year, between two days if they are given, both included."""
        if self.data.first_day is None or self.data.last_day is None:
            return
        day, last = max(self.data.first_day, first), min(self.data.last_day, last)
        for _ in range(YEAR_DAYS_MAX):
            if day > last:
                return
            yield day
            day += timedelta(days=1)

    def cycle_day(self, day: date, grade: int, classes: Collection[str] = ()) -> int | None:
        """Answer the number of the cycle day (from 1) that lessons follow on a date; None: no lessons.

        Lessons of a grade for pupils of some classes do not take place when the grade, or each of the classes, has a
        break: whoever has none is taught.
        """
        return self.lesson_days(grade, classes).get(day)

    def lesson_days(self, grade: int, classes: Collection[str] = ()) -> Mapping[date, int]:
        """Answer the number of the cycle day by each date on which classes have lessons, in order; see `cycle_day`."""
        own = self._own_breaks(classes)
        if (grade, own) not in self._by_whom:
            self._by_whom[grade, own] = dict(self._cycle_days(grade, own))
        return self._by_whom[grade, own]

    def days_of_cycle(self, grade: int, classes: Collection[str] = ()) -> dict[int, int]:
        """Answer by cycle day the dates on which classes have lessons, as sets of bits: bit 0 is the year's first day.

        See `cycle_day`.
        """
        own = self._own_breaks(classes)
        if (grade, own) not in self._days_of_cycle:
            found: dict[int, int] = {}
            for place, day in enumerate(self.days()):
                number = self.cycle_day(day, grade, own)
                if number is not None:
                    found[number] = found.get(number, 0) | 1 << place
            self._days_of_cycle[grade, own] = found
        return self._days_of_cycle[grade, own]

    def period(self, scheme: str, day: date) -> y.GradingPeriod | None:
        """Answer the grading period of a scheme that a date lies in; None between periods."""
        for period in self.data.schemes.get(scheme, ()):
            if period.first_day <= day <= period.last_day:
                return period
        return None

    def period_by_code(self, code: str) -> y.GradingPeriod | None:
        """Answer a grading period by its code, which is unique in the year over all schemes."""
        return self._periods.get(code)

    def bell(self, code: str, slot: int) -> y.Bell | None:
        """Answer the times of a slot in a bell schedule."""
        return next((b for b in self.data.bells.get(code, ()) if b.slot == slot), None)

    def _own_breaks(self, classes: Collection[str]) -> tuple[str, ...]:
        """Answer the classes when each has breaks of its own, else none: then they have lessons as their grade has."""
        return tuple(sorted(classes)) if self._with_own_breaks.issuperset(classes) else ()

    def _cycle_days(self, grade: int, classes: tuple[str, ...]) -> Iterator[tuple[date, int]]:
        cycle = self.data.cycle
        if cycle is None:
            return
        counted = 0
        for day in self.days():
            if day in self._transferred:
                yield day, self._transferred[day]
                continue
            free_for_all = day in self._holidays or self.break_for_all(day)
            if cycle.kind == "rolling":
                if free_for_all or day.weekday() not in cycle.weekdays:
                    continue
                counted += 1
                if not self._in_break(day, grade, classes):
                    yield day, (counted - 1) % len(cycle.days) + 1
            elif not free_for_all and not self._in_break(day, grade, classes):
                number = self.by_week(day)
                if number is not None:
                    yield day, number

    def by_week(self, day: date) -> int | None:
        """Answer the day of a weekly cycle that a date is by its weekday alone, whatever else the date is."""
        first, cycle = self.data.first_day, self.data.cycle
        if first is None or cycle is None:
            return None
        # A week begins with the weekday of the first cycle day: Sunday to Thursday is one week, not two halves.
        begins = cycle.days[0].weekday or 0 if cycle.days else 0
        week_start = first - timedelta(days=(first.weekday() - begins) % 7)
        week = (day - week_start).days // 7 % cycle.weeks + 1
        for number, cycle_day in enumerate(cycle.days, start=1):
            if cycle_day.weekday == day.weekday() and cycle_day.week == week:
                return number
        return None

    def break_for_all(self, day: date) -> bool:
        """Answer whether nobody has lessons because of a break."""
        return any(b.for_all and b.first_day <= day <= b.last_day for b in self.data.breaks)

    def in_break(self, day: date, grade: int, classes: Collection[str] = ()) -> bool:
        """Answer whether classes of a grade have no lessons because of a break."""
        return self.break_for_all(day) or self._in_break(day, grade, tuple(classes))

    def _in_break(self, day: date, grade: int, classes: tuple[str, ...]) -> bool:
        """Answer whether the grade, or each of the classes, has a break of its own."""
        own = [b for b in self.data.breaks if b.first_day <= day <= b.last_day]
        if any(grade in b.grades for b in own):
            return True
        return bool(classes) and {one for b in own for one in b.classes}.issuperset(classes)


@lru_cache(maxsize=64)
def calendar_from_json(text: str) -> Calendar:
    """Answer the calendar kept as JSON in the read model; the same text gives the same object."""
    return Calendar(msgspec.json.decode(text, type=CalendarData))


@lru_cache(maxsize=64)
def zone(timezone: str) -> ZoneInfo:
    """Answer a time zone of the IANA database."""
    return ZoneInfo(timezone)


def local_day(microseconds: int, timezone: str) -> date:
    """Answer the date in the school's time zone of a recorded time (microseconds since 1970 UTC)."""
    return datetime.fromtimestamp(microseconds // 1_000_000, tz=zone(timezone)).date()


def microseconds_at(day: date, minutes: int, timezone: str) -> int:
    """Answer the recorded-time value of a local date and minutes since midnight (1440: the next midnight)."""
    at = datetime.combine(
        day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60), zone(timezone)
    )
    return int(at.astimezone(UTC).timestamp()) * 1_000_000
