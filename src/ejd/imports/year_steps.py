"""The academic year that a timetable file is placed in: opened when it is not there, taken as it is when it fits."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal, NamedTuple

from ejd.imports.ground import Ground, Step
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.timetable_file import TimetableFile
from ejd.imports.titles import title
from ejd.imports.year_plan import HALF_YEARS, PlannedCycle, bells_of, cycle_of, half_years, numbers_in
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import TimetableState, YearState
from ejd_commands.years import DefineBellSchedule, DefineCycle, DefineGradingPeriods, OpenAcademicYear

__all__ = ["PlannedYear", "Term", "plan_year"]

_WORKING_MODES: Final[tuple[Literal[5, 6, 7], ...]] = (5, 6, 7)
"""Days a week that a class may have."""


class Term(NamedTuple):
    """The academic year that the file is for, and the day from which the file counts in it."""

    year_name: str
    first_day: date
    last_day: date
    starts: date


class PlannedYear(NamedTuple):
    """The year as the file's classes and lessons are placed in it."""

    id: str
    numbers: tuple[int, ...]
    """For each day of the file the day of the year's cycle, from 1."""
    weeks: int | None
    """None where the cycle is counted over school days."""
    week_days: Literal[5, 6, 7]
    scheme: str
    bells: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def plan_year(ground: Ground, file: TimetableFile, term: Term) -> PlannedYear:
    """Return the year; raises ImportRefused where one of that name has other days, or lessons in another cycle."""
    name = " ".join(term.year_name.split())
    if not name:
        raise ImportRefused("The academic year has no name: name it, for example 2026/27.")
    if not term.first_day <= term.starts <= term.last_day:
        raise ImportRefused(
            f"The timetable starts on {term.starts}, outside the year {name}: choose a day of the year."
        )
    year = ground.named("year", "year", name, ground.source.entity("year", name))
    data = ground.load(YearState, year).data
    if data.name and (data.first_day, data.last_day) != (term.first_day, term.last_day):
        raise ImportRefused(
            f"The academic year {name} goes from {data.first_day} to {data.last_day} here:"
            " give these days, or another year."
        )
    planned = cycle_of(file)
    numbers = None if data.cycle is None else numbers_in(data.cycle, planned)
    weekdays = planned.weekdays
    if numbers is None:
        _refuse_other_lessons(ground, year, name)
    elif data.cycle is not None and planned.kind == "weekly":
        weekdays = tuple(dict.fromkeys(day.weekday for day in data.cycle.days if day.weekday is not None))
    last = max(weekdays.index(weekday) for weekday in planned.weekdays if weekday in weekdays)
    bells = ground.source.label
    steps: list[Step] = []
    if not data.name:
        opening = OpenAcademicYear(year=year, title=name, first_day=term.first_day, last_day=term.last_day)
        steps.append(Step(f"The academic year {shown(name)}", opening))
    if numbers is None:
        steps.append(_cycle(year, planned))
    if not data.schemes:
        steps.append(_half_years(term, year))
    ringing = DefineBellSchedule(year=year, code=bells, title=_bells_title(file), bells=bells_of(file))
    return PlannedYear(
        id=year,
        numbers=numbers or tuple(range(1, len(planned.days) + 1)),
        weeks=planned.weeks if planned.kind == "weekly" else None,
        week_days=next(mode for mode in _WORKING_MODES if mode > last),
        scheme=next((each for each in (HALF_YEARS, *data.schemes) if each in data.schemes), HALF_YEARS),
        bells=bells,
        steps=(*steps, Step("The bells", ringing)),
        notes=tuple(_notes(planned)),
    )


def _cycle(year: str, planned: PlannedCycle) -> Step:
    """The weekdays of a weekly cycle are those of its days."""
    counted = planned.weekdays if planned.kind == "rolling" else ()
    command = DefineCycle(year=year, kind=planned.kind, days=planned.days, weeks=planned.weeks, weekdays=counted)
    return Step(f"The cycle of {len(planned.days)} days", command)


def _half_years(term: Term, year: str) -> Step:
    periods = half_years(term.first_day, term.last_day)
    return Step("The grading periods", DefineGradingPeriods(year=year, scheme=HALF_YEARS, periods=periods))


def _bells_title(file: TimetableFile) -> str:
    return title(
        f"{file.source_format.upper()}: {file.school_name}" if file.school_name else file.source_format.upper()
    )


def _refuse_other_lessons(ground: Ground, year: str, name: str) -> None:
    """The days of a cycle may only change under the lessons that this source brought itself."""
    schedules = ground.load(TimetableState, timetable_stream(year)).schedules
    if any(each[-1].entries and not ground.ours(each[-1].ref) for each in schedules.values()):
        raise ImportRefused(
            f"The academic year {name} has lessons in a cycle that the file's days do not fit:"
            " import into another year."
        )


def _notes(planned: PlannedCycle) -> Iterator[str]:
    if planned.kind == "rolling":
        yield (
            f"The {len(planned.days)} days of the cycle have no weekdays in the file:"
            " they are counted over the school days from Monday to Friday, break and holidays left out."
        )
