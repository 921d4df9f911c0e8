"""The official production calendar (производственный календарь): public holidays and transferred days off by year.

Holidays and transfers of a holiday on a day off to the next working day: art. 112 of the Labour Code (ТК РФ). Other
transfers: a decree of the government for each year, named in the data with how far it was confirmed.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class PublicHoliday(msgspec.Struct, frozen=True, kw_only=True):
    """A public holiday by law."""

    day: date
    name: str


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """The day off of `old`, a Saturday or Sunday, is on `new` instead; `old` is worked unless it is a holiday."""

    old: date
    new: date
    source: Literal["decree", "labour-code", "school"] = "school"


class ProductionYear(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar year: its act, and in `confirmed` where the days were looked up."""

    year: int
    source: str
    confirmed: str = ""
    note: str = ""
    holidays: tuple[PublicHoliday, ...] = ()
    transfers: tuple[Transfer, ...] = ()


class DayOff(NamedTuple):
    """A holiday, or a day off by transfer: `instead_of` is the day that was given for it."""

    day: date
    name: str
    instead_of: date | None = None


class Worked(NamedTuple):
    """A day off by the week that is worked, in place of another date that is free."""

    day: date
    instead_of: date


class Days(NamedTuple):
    """What the production calendar means for a school: both in order of dates."""

    free: tuple[DayOff, ...]
    worked: tuple[Worked, ...]


@cache
def shipped() -> Mapping[int, ProductionYear]:
    """Answer the calendars that come with the program, by year."""
    text = files("ejd.kernel").joinpath("production_calendar.json").read_bytes()
    return {one.year: one for one in msgspec.json.decode(text, type=list[ProductionYear])}


def days_of(years: Sequence[ProductionYear], first: date, last: date, weekdays: Collection[int]) -> Days:
    """Answer the days between two dates for a school that works on these weekdays (0 is Monday).

    A transfer from a weekday on which the school works anyway gives it no day off: at six days a week a Saturday is no
    day off that could be moved (art. 112 of the Labour Code speaks of days off only).
    """
    holidays = {one.day: one.name for year in years for one in year.holidays}
    free = {day: DayOff(day, name) for day, name in holidays.items()}
    worked = []
    for moved in sorted((one for year in years for one in year.transfers), key=lambda one: (one.old, one.new)):
        if moved.old.weekday() in weekdays:
            continue
        free.setdefault(moved.new, DayOff(moved.new, f"Выходной (перенесён с {moved.old:%d.%m.%Y})", moved.old))
        if moved.old not in holidays:
            worked.append(Worked(moved.old, moved.new))
    return Days(
        free=tuple(free[day] for day in sorted(free) if first <= day <= last),
        worked=tuple(one for one in worked if first <= one.day <= last),
    )
