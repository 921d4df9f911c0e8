"""The school itself: regulation, kinds of work, grading systems, subjects, rooms, academic years with calendars."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import sqlalchemy as sa

from ejd.kernel import calendar
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.titles import sort_key
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import NotThereError, ask, fetch, is_in, question

projection = Projection("school_catalogue", version=3)


@dataclass(slots=True)
class SchoolRow:
    """The school; there is one in a store."""

    stream: str
    name: str
    timezone: str
    simulated: bool


@dataclass(slots=True)
class RegulationRow:
    """A regulation as JSON of `Regulation`, counting from a day on."""

    stream: str
    starts: str
    regulation: str


@dataclass(slots=True)
class WorkKindRow:
    """A kind of work as the school lists it; `ordinal` is its place in the list, `weight` hundredths."""

    stream: str
    code: str
    ordinal: int
    name: str
    weight: int
    written: bool
    mark_days: int


@dataclass(slots=True)
class GradingSystemRow:
    """A grading system as JSON of `GradingSystem`."""

    stream: str
    code: str
    system: str


@dataclass(slots=True)
class SubjectRow:
    """A subject of the curriculum."""

    stream: str
    name: str
    short: str
    sort_key: str


@dataclass(slots=True)
class RoomRow:
    """A room."""

    stream: str
    name: str
    capacity: int | None
    kind: str
    sort_key: str


@dataclass(slots=True)
class YearRow:
    """An academic year; `calendar` is JSON of `CalendarData`, for `calendar_from_json`. A day may be still unknown."""

    stream: str
    name: str
    first_day: str
    last_day: str
    calendar: str


@dataclass(slots=True)
class ClosedPeriodRow:
    """A grading period in which nothing may be written any more."""

    stream: str
    period: str
    closed_at: int


@dataclass(slots=True)
class ReopenedPeriodRow:
    """A closed period is open in some journals (JSON list of ids) until a moment; `version` is the event's."""

    stream: str
    period: str
    version: int
    journals: str
    until: int


schools = projection.table("schools", SchoolRow, key=("stream",))
regulations = projection.table("regulations", RegulationRow, key=("stream", "starts"))
work_kinds = projection.table("work_kinds", WorkKindRow, key=("stream", "code"))
grading_systems = projection.table("grading_systems", GradingSystemRow, key=("stream", "code"))
subjects = projection.table("subjects", SubjectRow, key=("stream",))
rooms = projection.table("rooms", RoomRow, key=("stream",))
academic_years = projection.table("academic_years", YearRow, key=("stream",))
closed_periods = projection.table("closed_periods", ClosedPeriodRow, key=("stream", "period"))
reopened_periods = projection.table("reopened_periods", ReopenedPeriodRow, key=("stream", "period", "version"))


@projection.on(s.SchoolOpened)
def _school_opened(event: s.SchoolOpened, meta: Recorded, rows: StreamRows) -> None:
    schools.put(rows, SchoolRow(meta.stream, event.name, event.timezone, event.simulated))


@projection.on(s.RegulationAdopted)
def _regulation_adopted(event: s.RegulationAdopted, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.regulation).decode()
    regulations.put(rows, RegulationRow(meta.stream, event.starts.isoformat(), text))


@projection.on(s.WorkKindsDefined)
def _work_kinds_defined(event: s.WorkKindsDefined, meta: Recorded, rows: StreamRows) -> None:
    for row in work_kinds.all(rows):
        work_kinds.drop(rows, row.code)
    for ordinal, kind in enumerate(event.kinds, start=1):
        work_kinds.put(
            rows,
            WorkKindRow(meta.stream, kind.code, ordinal, kind.name, kind.weight, kind.written, kind.mark_days),
        )


@projection.on(s.GradingSystemDefined)
def _grading_system_defined(event: s.GradingSystemDefined, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.system).decode()
    grading_systems.put(rows, GradingSystemRow(meta.stream, event.system.code, text))


@projection.on(s.SubjectDefined)
def _subject_defined(event: s.SubjectDefined, meta: Recorded, rows: StreamRows) -> None:
    subjects.put(rows, SubjectRow(meta.stream, event.name, event.short, sort_key(event.name)))


@projection.on(s.RoomDefined)
def _room_defined(event: s.RoomDefined, meta: Recorded, rows: StreamRows) -> None:
    rooms.put(rows, RoomRow(meta.stream, event.name, event.capacity, event.kind, sort_key(event.name)))


def _year_changed(event: Event, meta: Recorded, rows: StreamRows) -> None:
    row = academic_years.get(rows)
    before = msgspec.json.decode(row.calendar, type=calendar.CalendarData) if row else calendar.CalendarData()
    data = calendar.evolve(before, event)
    academic_years.put(
        rows,
        YearRow(
            stream=meta.stream,
            name=data.name,
            first_day=data.first_day.isoformat() if data.first_day else "",
            last_day=data.last_day.isoformat() if data.last_day else "",
            calendar=msgspec.json.encode(data).decode(),
        ),
    )


projection.on(y.AcademicYearOpened, y.CycleDefined, y.GradingPeriodsDefined)(_year_changed)
projection.on(y.BreaksDefined, y.HolidaysDefined, y.BellScheduleDefined)(_year_changed)


@projection.on(y.PeriodClosed)
def _period_closed(event: y.PeriodClosed, meta: Recorded, rows: StreamRows) -> None:
    closed_periods.put(rows, ClosedPeriodRow(meta.stream, event.period, meta.recorded_at))
    for row in reopened_periods.all(rows):
        if row.period == event.period:
            reopened_periods.drop(rows, row.period, row.version)


@projection.on(y.PeriodReopened)
def _period_reopened(event: y.PeriodReopened, meta: Recorded, rows: StreamRows) -> None:
    """A reopening without journals is one of shape 1: the whole period is open."""
    if not event.journals:
        closed_periods.drop(rows, event.period)
        return
    journals = msgspec.json.encode(event.journals).decode()
    reopened_periods.put(rows, ReopenedPeriodRow(meta.stream, event.period, meta.version, journals, event.until))


@dataclass(slots=True)
class School:
    """The school as reports name it; `simulated` is said on every report."""

    name: str
    timezone: str
    simulated: bool


@dataclass(slots=True)
class Reopening:
    """In which journals a closed period is open, and until when (microseconds since 1970 UTC); it may be over."""

    journals: list[str]
    until: int


@dataclass(slots=True)
class Period:
    """One grading period, days included; a closed one may be reopened in some journals for a time."""

    code: str
    scheme: str
    name: str
    first_day: str
    last_day: str
    closed: bool
    reopened: list[Reopening]


@dataclass(slots=True)
class Year:
    """An academic year with the grading periods of all its schemes; `calendar` is for `calendar_from_json`."""

    id: str
    name: str
    first_day: str
    last_day: str
    periods: list[Period]
    calendar: str


_SCHOOL = question(schools)
_WORK_KINDS = question(work_kinds, order=[work_kinds.c.ordinal])
_GRADING_SYSTEMS = question(grading_systems)
_YEARS = question(academic_years, academic_years.c.first_day != "", order=[academic_years.c.first_day])
_CLOSED = question(closed_periods)
_REOPENED = question(reopened_periods, order=[reopened_periods.c.version])


def school(c: sa.Connection) -> School | None:
    """Answer the school, None before it is opened."""
    found = ask(c, schools, _SCHOOL)
    return School(found[0].name, found[0].timezone, found[0].simulated) if found else None


def years(c: sa.Connection, *, ids: Collection[str] | None = None) -> list[Year]:
    """Answer the opened years by their first day."""
    closed: Closings = {(row.stream, row.period): [] for row in ask(c, closed_periods, _CLOSED)}
    for one in ask(c, reopened_periods, _REOPENED):
        if (one.stream, one.period) in closed:
            journals = msgspec.json.decode(one.journals, type=list[str])
            closed[one.stream, one.period].append(Reopening(journals, one.until))
    return [
        Year(row.stream, row.name, row.first_day, row.last_day, _periods(row, closed), row.calendar)
        for row in ask(c, academic_years, _YEARS)
        if ids is None or row.stream in ids
    ]


Closings = dict[tuple[str, str], list[Reopening]]
"""By year and period code: what is closed, with what was reopened since."""


def _periods(row: YearRow, closed: Closings) -> list[Period]:
    schemes = calendar.calendar_from_json(row.calendar).data.schemes
    return [
        Period(
            code=period.code,
            scheme=scheme,
            name=period.name,
            first_day=period.first_day.isoformat(),
            last_day=period.last_day.isoformat(),
            closed=(row.stream, period.code) in closed,
            reopened=closed.get((row.stream, period.code), []),
        )
        for scheme in sorted(schemes)
        for period in schemes[scheme]
    ]


def find_year(c: sa.Connection, *, year: str | None = None, day: str | None = None) -> Year:
    """Answer a year by its id, or the one that a day lies in: the last begun before it when between two years.

    Raises NotThereError when there is none.
    """
    found = years(c, ids=None if year is None else [year])
    if not found:
        raise NotThereError("there is no such academic year: open it first", field="year")
    if day is None:
        return found[-1]
    return next((one for one in reversed(found) if one.first_day <= day), found[0])


def regulations_by_start(c: sa.Connection) -> list[tuple[str, s.Regulation]]:
    """Answer the regulations with the days that they count from, the earliest first."""
    return [
        (row.starts, msgspec.json.decode(row.regulation, type=s.Regulation))
        for row in fetch(c, regulations, order=[regulations.c.starts])
    ]


def regulation_on(adopted: list[tuple[str, s.Regulation]], day: str) -> s.Regulation:
    """Answer the regulation that counts on a day: the default one before the first adoption."""
    found = s.Regulation()
    for starts, regulation in adopted:
        if starts <= day:
            found = regulation
    return found


def kinds_of_work(c: sa.Connection) -> dict[str, WorkKindRow]:
    """Answer the school's kinds of work by code, in the order of its list."""
    return {row.code: row for row in ask(c, work_kinds, _WORK_KINDS)}


def systems_of_grading(c: sa.Connection) -> dict[str, s.GradingSystem]:
    """Answer the grading systems that the school defined, by code."""
    return {row.code: _grading_system(row.system) for row in ask(c, grading_systems, _GRADING_SYSTEMS)}


@lru_cache(maxsize=256)
def _grading_system(text: str) -> s.GradingSystem:
    return msgspec.json.decode(text, type=s.GradingSystem)


def subjects_by_name(c: sa.Connection, *, ids: Collection[str] | None = None) -> list[SubjectRow]:
    """Answer subjects in the order of the alphabet."""
    where = [] if ids is None else [is_in(subjects.c.stream, ids)]
    return fetch(c, subjects, *where, order=[subjects.c.sort_key])


def rooms_by_name(c: sa.Connection, *, ids: Collection[str] | None = None) -> list[RoomRow]:
    """Answer rooms in the order of the alphabet."""
    where = [] if ids is None else [is_in(rooms.c.stream, ids)]
    return fetch(c, rooms, *where, order=[rooms.c.sort_key])
