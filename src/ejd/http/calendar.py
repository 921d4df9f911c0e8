"""The calendar of a year as it is set up, day by day for a class if one is named; and the rooms (C1, C2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ejd.http.asking import Asking, ReportParameters, told
from ejd.http.choosing import YearParameters, year_of
from ejd.http.downloads import DownloadParameters
from ejd.http.problems import NotThere
from ejd.kernel.calendar import Calendar, calendar_from_json
from ejd.kernel.events.year import Break
from ejd_commands.fields import Id
from ejd_projections.journal_catalogue import ClassRow, classes_by_name
from ejd_projections.school_catalogue import Period, rooms_by_name

What: TypeAlias = Literal["lessons", "transferred", "holiday", "break", "free"]


@dataclass(slots=True)
class CycleDayShown:
    """One day of the cycle; weekday 0 is Monday, None where days are counted."""

    number: int
    name: str
    weekday: int | None
    week: int


@dataclass(slots=True)
class BreakShown:
    """Days without lessons; without grades and classes for everybody."""

    name: str
    first_day: str
    last_day: str
    grades: list[int]
    classes: list[str]


@dataclass(slots=True)
class DayNamed:
    """A holiday with its name, or a transferred day with the cycle day that it works as."""

    day: str
    name: str
    cycle_day: int | None


@dataclass(slots=True)
class BellShown:
    """Start and end of a slot in minutes since midnight."""

    slot: int
    starts: int
    ends: int


@dataclass(slots=True)
class BellsShown:
    """A bell schedule, and the classes that follow it."""

    code: str
    bells: list[BellShown]
    classes: list[str]


@dataclass(slots=True)
class DayOfClass:
    """What a date is for the class: lessons of a cycle day, or why there are none."""

    day: str
    what: What
    cycle_day: int | None
    period: str


@dataclass(slots=True)
class CalendarOfYear:
    """The whole calendar; `days` only when a class was named."""

    year: str
    year_name: str
    first_day: str
    last_day: str
    cycle_kind: str
    cycle: list[CycleDayShown]
    periods: list[Period]
    breaks: list[BreakShown]
    holidays: list[DayNamed]
    transferred: list[DayNamed]
    bells: list[BellsShown]
    days: list[DayOfClass]


class CalendarParameters(YearParameters, DownloadParameters):
    """Of a year, and what its days are for a class."""

    class_id: Annotated[Id | None, Field(alias="class", description="Say what each day is for this class.")] = None


@told
def calendar_of_year(asking: Asking, query: CalendarParameters) -> CalendarOfYear:
    """Cycle, grading periods, breaks, holidays, bells of a year; with a class what each day is for it (C1)."""
    year = year_of(asking, query)
    asking.ground.classes(year.id)
    rows = classes_by_name(asking.c, year=year.id)
    calendar = calendar_from_json(year.calendar)
    data = calendar.data
    row = next((one for one in rows if one.stream == query.class_id), None)
    if row is None and query.class_id is not None:
        raise NotThere("there is no such class in this year: look it up in GET /api/v1/classes", field="class")
    cycle = data.cycle
    return CalendarOfYear(
        year=year.id,
        year_name=year.name,
        first_day=year.first_day,
        last_day=year.last_day,
        cycle_kind="" if cycle is None else cycle.kind,
        cycle=[
            CycleDayShown(number, one.name, one.weekday, one.week)
            for number, one in enumerate(() if cycle is None else cycle.days, start=1)
        ],
        periods=year.periods,
        breaks=[
            BreakShown(one.name, one.first_day.isoformat(), one.last_day.isoformat(), [*one.grades], [*one.classes])
            for one in data.breaks
        ],
        holidays=[DayNamed(one.day.isoformat(), one.name, None) for one in data.holidays],
        transferred=[DayNamed(one.day.isoformat(), "", one.cycle_day) for one in data.transferred],
        bells=[
            BellsShown(
                code,
                [BellShown(one.slot, one.starts, one.ends) for one in bells],
                [one.stream for one in rows if one.bells == code],
            )
            for code, bells in data.bells.items()
        ],
        days=[] if row is None else [_day(calendar, row, day) for day in calendar.days()],
    )


def _day(calendar: Calendar, row: ClassRow, day: date) -> DayOfClass:
    number = calendar.cycle_day(day, row.grade, (row.stream,))
    period = calendar.period(row.scheme, day)
    what: What = "free"
    if number is not None:
        what = "transferred" if any(one.day == day for one in calendar.data.transferred) else "lessons"
    elif any(one.day == day for one in calendar.data.holidays):
        what = "holiday"
    elif any(one.first_day <= day <= one.last_day and _is_for(one, row) for one in calendar.data.breaks):
        what = "break"
    return DayOfClass(day.isoformat(), what, number, "" if period is None else period.code)


def _is_for(one: Break, row: ClassRow) -> bool:
    return one.for_all or row.grade in one.grades or row.stream in one.classes


@dataclass(slots=True)
class RoomShown:
    """A room; the number of seats where it is known."""

    id: str
    name: str
    capacity: int | None
    kind: str


@dataclass(slots=True)
class Rooms:
    """All rooms in the order of the alphabet."""

    rooms: list[RoomShown]


@told
def rooms(asking: Asking, _query: ReportParameters) -> Rooms:
    """Rooms of the school with seats and kind (C2)."""
    asking.ground.rooms()
    return Rooms([RoomShown(row.stream, row.name, row.capacity, row.kind) for row in rooms_by_name(asking.c)])
