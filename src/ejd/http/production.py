"""The production calendars that come with the program, with their sources and how far they were confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.http.asking import Asking, ReportParameters
from ejd.kernel.production import shipped


@dataclass(slots=True)
class OfficialHoliday:
    """A public holiday."""

    day: str
    title: str


@dataclass(slots=True)
class OfficialTransfer:
    """The day off of `old` is on `new`; by a decree, or by the labour code when a holiday falls on a day off."""

    old: str
    new: str
    source: str


@dataclass(slots=True)
class CalendarYear:
    """One calendar year with its act; `confirmed` says where the days were looked up, `note` what is provisional."""

    year: int
    source: str
    confirmed: str
    note: str
    holidays: list[OfficialHoliday]
    transfers: list[OfficialTransfer]


@dataclass(slots=True)
class ProductionCalendar:
    """All years that come with the program; `take-production-calendar` uses them unless others are sent."""

    years: list[CalendarYear]


def production_calendar(_asking: Asking, _query: ReportParameters) -> ProductionCalendar:
    """The official production calendars that come with the program: holidays, transferred days off, their acts."""
    return ProductionCalendar(
        years=[
            CalendarYear(
                year=one.year,
                source=one.source,
                confirmed=one.confirmed,
                note=one.note,
                holidays=[OfficialHoliday(day.day.isoformat(), day.name) for day in one.holidays],
                transfers=[
                    OfficialTransfer(moved.old.isoformat(), moved.new.isoformat(), moved.source)
                    for moved in one.transfers
                ],
            )
            for one in shipped().values()
        ]
    )
