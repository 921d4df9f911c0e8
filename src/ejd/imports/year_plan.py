"""The calendar that a timetable file calls for: its cycle of days, bells, two half-years."""

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import CycleDay, TimetableFile
from ejd.imports.titles import title
from ejd.kernel.calendar import CYCLE_DAYS_MAX
from ejd.kernel.due import SLOTS_MAX
from ejd.kernel.events.year import CycleDefined
from ejd_commands.fields import MINUTES_MAX
from ejd_commands.years import CYCLE_WEEKS_MAX, BellPart, CycleDayPart, GradingPeriodPart

__all__ = ["HALF_YEARS", "PlannedCycle", "bells_of", "cycle_of", "half_years", "numbers_in"]

WEEK_DAYS: Final = 7
ROLLING_WEEKDAYS: Final = (0, 1, 2, 3, 4)
"""Days without weekdays are counted over Monday to Friday: the files do not say, and such schools have five days."""

FIRST_LESSON_MINUTES: Final = 8 * 60
LESSON_MINUTES: Final = 45
BREAK_MINUTES: Final = 10
"""A file that names its slots «08:10» gives the times itself; the others get these."""

HALF_YEARS: Final = "half-years"
_CLOCK: Final = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:.]([0-5]\d)(?!\d)")


class PlannedCycle(NamedTuple):
    """The cycle as a command takes it, its days in the file's order."""

    kind: Literal["weekly", "rolling"]
    days: tuple[CycleDayPart, ...]
    weeks: int
    weekdays: tuple[int, ...]
    """Which weekdays have lessons, in the order of the week."""


def cycle_of(file: TimetableFile) -> PlannedCycle:
    """Return the cycle: weekly by the days' names, weekly by their place in named weeks, else counted (Day 1-6).

    Raises ImportRefused for more days, weeks or slots than a school's calendar has.
    """
    for found, most, what in (
        (len(file.days), CYCLE_DAYS_MAX, "days in its cycle"),
        (max((day.week or 1 for day in file.days), default=1), CYCLE_WEEKS_MAX, "weeks in its cycle"),
        (file.slots_per_day, SLOTS_MAX, "lessons a day"),
    ):
        if found > most:
            raise ImportRefused(f"The timetable has {found} {what} and a school here at most {most}: export less.")
    for weekdays in (_by_name(file.days), _by_place(file.days)):
        places = [(weekday, day.week or 1) for weekday, day in zip(weekdays, file.days, strict=False)]
        if weekdays and len(set(places)) == len(places):
            return _weekly(file.days, weekdays)
    days = tuple(CycleDayPart(title=title(day.name)) for day in file.days)
    return PlannedCycle("rolling", days, 1, ROLLING_WEEKDAYS)


def numbers_in(cycle: CycleDefined, planned: PlannedCycle) -> tuple[int, ...] | None:
    """Return for each day of the file the day (from 1) of a cycle that the school has; None: it does not fit."""
    if cycle.kind == planned.kind == "rolling" and len(cycle.days) == len(planned.days):
        return tuple(range(1, len(cycle.days) + 1))
    if cycle.kind != planned.kind or cycle.kind == "rolling" or cycle.weeks != planned.weeks:
        return None
    number_of = {(day.weekday, day.week): number for number, day in enumerate(cycle.days, start=1)}
    found = [number_of.get((day.weekday, day.week)) for day in planned.days]
    return None if None in found else tuple(number for number in found if number is not None)


def bells_of(file: TimetableFile) -> tuple[BellPart, ...]:
    """Return the slots' times: those that the file's slot names tell, else lessons of 45 minutes with breaks."""
    starts = _told(file.slot_names) if len(file.slot_names) == file.slots_per_day else None
    if starts is None:
        step = LESSON_MINUTES + BREAK_MINUTES
        first = min(FIRST_LESSON_MINUTES, MINUTES_MAX - step * file.slots_per_day)
        starts = [first + step * place for place in range(file.slots_per_day)]
    ends = [min(start + LESSON_MINUTES, after) for start, after in zip(starts, (*starts[1:], MINUTES_MAX), strict=True)]
    return tuple(
        BellPart(slot=slot, starts=start, ends=end)
        for slot, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )


def half_years(first_day: date, last_day: date) -> tuple[GradingPeriodPart, ...]:
    """Return two periods that leave no day of the year out; the middle lies between them."""
    middle = first_day + (last_day - first_day) // 2
    after = date.fromordinal(middle.toordinal() + 1)
    return (
        GradingPeriodPart(code="h1", title="I полугодие", first_day=first_day, last_day=middle),
        GradingPeriodPart(code="h2", title="II полугодие", first_day=after, last_day=last_day),
    )


def _by_name(days: Sequence[CycleDay]) -> tuple[int, ...]:
    known = tuple(day.weekday for day in days if day.weekday is not None)
    return known if len(known) == len(days) else ()


def _by_place(days: Sequence[CycleDay]) -> tuple[int, ...]:
    """Return weekdays from Monday on where the file knows weeks, but not what their days are called (DK-FG-12)."""
    known = tuple(day.place_in_week for day in days if day.week is not None and day.place_in_week < WEEK_DAYS)
    return known if len(known) == len(days) else ()


def _weekly(days: Sequence[CycleDay], weekdays: Sequence[int]) -> PlannedCycle:
    parts = tuple(
        CycleDayPart(title=title(day.name), weekday=weekday, week=day.week or 1)
        for day, weekday in zip(days, weekdays, strict=True)
    )
    return PlannedCycle("weekly", parts, max(part.week for part in parts), tuple(dict.fromkeys(weekdays)))


def _told(names: Sequence[str]) -> list[int] | None:
    """Return the minutes since midnight at which slots called by a time of day begin, if all are and follow."""
    found = [_CLOCK.search(name) for name in names]
    starts = [int(each[1]) * 60 + int(each[2]) for each in found if each is not None]
    follow = len(starts) == len(names) and all(before < after for before, after in pairwise(starts))
    return starts if follow else None
