"""The official production calendar becomes the holidays and transferred days of an academic year (C1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.command import Refusal
from ejd.kernel.events import year as y
from ejd.kernel.production import ProductionYear, PublicHoliday, Transfer, days_of, shipped
from ejd_commands import known
from ejd_commands.fields import Day, Name, Part
from ejd_commands.years import HOLIDAYS_MAX, TRANSFERRED_DAYS_MAX, YearCommand, keep_closed_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.production import Worked
    from ejd.kernel.states.school import YearState

WEEK_DAYS = {5: frozenset(range(5)), 6: frozenset(range(6))}
"""Weekdays on which a school works, 0 is Monday."""


class NoProductionCalendar(Refusal):
    """The program has no production calendar of that calendar year."""


class NoCycleYet(Refusal):
    """The year has no cycle, which says on which weekdays the school works."""


class NoDayToWorkAs(Refusal):
    """A transferred working day is worked as a day of a weekly cycle."""


class OwnCalendarIsWhole(Refusal):
    """Transfers of one's own come with the holidays."""


class NotADayOff(Refusal):
    """Only a Saturday or Sunday is moved, to another day."""


class OfficialHolidayPart(Part):
    """A public holiday."""

    day: Day
    title: Name


class TransferPart(Part):
    """The day off of `old`, a Saturday or Sunday, is on `new` instead; `old` is worked unless it is a holiday."""

    old: Day
    new: Day


class TakeProductionCalendar(YearCommand):
    """Define holidays and transferred days of the year by the official production calendar (C1).

    The calendars that come with the program are replaced by `holidays` and `transfers` of one's own. `week_days`: the
    rules for five or six days a week; by default those of the year's cycle. A Saturday that is to be worked follows the
    timetable of the day that is free for it, unless it lies in a break for everybody, or `worked` is none.
    """

    name: ClassVar[str] = "take-production-calendar"
    week_days: Literal[5, 6] | None = None
    worked: Literal["as-the-free-day", "none"] = "as-the-free-day"
    holidays: Annotated[tuple[OfficialHolidayPart, ...], Field(min_length=1, max_length=HOLIDAYS_MAX)] | None = None
    transfers: Annotated[tuple[TransferPart, ...], Field(max_length=TRANSFERRED_DAYS_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a year without a cycle or without a calendar, and working days that no cycle day is named for."""
        state = known.year(context, self.year)
        if self.transfers and self.holidays is None:
            msg = "a calendar of one's own is whole: send its holidays beside the transfers"
            raise OwnCalendarIsWhole(msg, field="holidays")
        first, last, cycle = state.data.first_day, state.data.last_day, state.data.cycle
        if first is None or last is None or cycle is None:
            msg = "the year has no cycle yet: define it with define-cycle, it says on which weekdays the school works"
            raise NoCycleYet(msg, field="year")
        weekdays = frozenset(cycle.weekdays) if self.week_days is None else WEEK_DAYS[self.week_days]
        calendars = self._own() if self.holidays is not None else _calendars(range(first.year, last.year + 1))
        days = days_of(calendars, first, last, weekdays)
        worked = days.worked if self.worked == "as-the-free-day" else ()
        event = y.HolidaysDefined(
            holidays=tuple(y.Holiday(day=one.day, name=one.name) for one in days.free),
            transferred=tuple(self._transferred(state, worked)),
        )
        if (state.data.holidays, state.data.transferred) != (event.holidays, event.transferred):
            keep_closed_days(state, event, "year")
            yield event

    def _own(self) -> list[ProductionYear]:
        known.only_once((one.day.isoformat() for one in self.holidays or ()), "holidays")
        known.only_once((one.old.isoformat() for one in self.transfers), "transfers")
        for index, one in enumerate(self.transfers):
            if one.old.weekday() in WEEK_DAYS[5] or one.new == one.old:
                msg = f"{one.old:%d.%m.%Y} is no day off that could be on another day: name a Saturday or Sunday"
                raise NotADayOff(msg, field=f"transfers.{index}.old")
        return [
            ProductionYear(
                year=0,
                source="",
                holidays=tuple(PublicHoliday(day=one.day, name=one.title) for one in self.holidays or ()),
                transfers=tuple(Transfer(old=one.old, new=one.new) for one in self.transfers),
            )
        ]

    def _transferred(self, state: YearState, worked: Iterable[Worked]) -> Iterator[y.TransferredDay]:
        for one in worked:
            if state.calendar.break_for_all(one.day):
                continue
            number = None
            if state.data.cycle is not None and state.data.cycle.kind == "weekly":
                number = state.calendar.by_week(one.instead_of)
            if number is None:
                msg = (
                    f"{one.day:%d.%m.%Y} is worked for {one.instead_of:%d.%m.%Y}, which is no day of the year's weekly "
                    "cycle: send worked none, then name the cycle day with define-holidays"
                )
                raise NoDayToWorkAs(msg, field="worked")
            yield y.TransferredDay(day=one.day, cycle_day=number)


def _calendars(years: Iterable[int]) -> list[ProductionYear]:
    found = []
    for year in years:
        if year not in shipped():
            have = ", ".join(str(one) for one in shipped())
            msg = f"there is no production calendar of {year} here, only of {have}: send holidays and transfers"
            raise NoProductionCalendar(msg, field="holidays")
        found.append(shipped()[year])
    return found
