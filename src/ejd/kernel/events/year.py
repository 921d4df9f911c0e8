"""The academic year: its cycle of days, grading periods, breaks, holidays, bells; closing of periods."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event, Json
from ejd.kernel.sealed import Sealed


class AcademicYearOpened(Event, frozen=True, kw_only=True):
    """A year of lessons from the first to the last day, both included."""

    stored_name: ClassVar[str] = "academic-year-opened/1"
    name: str
    first_day: date
    last_day: date


class CycleDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the cycle; `weekday` 0 is Monday, `week` 1 is the week of the year's first day (A/B weeks)."""

    name: str
    weekday: int | None = None
    week: int = 1


class CycleDefined(Event, frozen=True, kw_only=True):
    """How dates become cycle days: by weekday in `weeks` alternating weeks, or counted over school days (Day 1-6).

    A rolling cycle counts the days whose weekday is in `weekdays` and that are neither break, holiday nor transferred:
    a transferred day works as the day it names and uses no day of the cycle up.
    Cycle days are numbered from 1 in the order of `days`.
    """

    stored_name: ClassVar[str] = "cycle-defined/1"
    kind: Literal["weekly", "rolling"]
    days: tuple[CycleDay, ...]
    weeks: int = 1
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


class GradingPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """One quarter, trimester or half-year; `code` is unique in its year ("q1", "h2")."""

    code: str
    name: str
    first_day: date
    last_day: date


class GradingPeriodsDefined(Event, frozen=True, kw_only=True):
    """All periods of one scheme (quarters, half-years …), replacing those before; schemes stand side by side."""

    stored_name: ClassVar[str] = "grading-periods-defined/1"
    scheme: str
    periods: tuple[GradingPeriod, ...]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """Days without lessons: for everybody, or only for the grades and classes that are named.

    The extra break of the first grade names a grade, the field practice of one profile class names a class.
    """

    name: str
    first_day: date
    last_day: date
    grades: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def for_all(self) -> bool:
        """Whether nobody has lessons."""
        return not self.grades and not self.classes


class BreaksDefined(Event, frozen=True, kw_only=True):
    """All breaks (каникулы) of the year, replacing those before."""

    stored_name: ClassVar[str] = "breaks-defined/1"
    breaks: tuple[Break, ...]


class Holiday(msgspec.Struct, frozen=True, kw_only=True):
    """A public holiday."""

    day: date
    name: str


class TransferredDay(msgspec.Struct, frozen=True, kw_only=True):
    """A date that works as another day of the cycle, though it would be free or a different day."""

    day: date
    cycle_day: int


class HolidaysDefined(Event, frozen=True, kw_only=True):
    """All holidays and transferred working days of the year, replacing those before."""

    stored_name: ClassVar[str] = "holidays-defined/1"
    holidays: tuple[Holiday, ...]
    transferred: tuple[TransferredDay, ...] = ()


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    """Start and end of a slot in minutes since midnight, school time."""

    slot: int
    starts: int
    ends: int


class BellScheduleDefined(Event, frozen=True, kw_only=True):
    """A bell schedule under its code (first shift, second shift, short days)."""

    stored_name: ClassVar[str] = "bell-schedule-defined/1"
    code: str
    name: str
    bells: tuple[Bell, ...]


class ReadinessDateSet(Event, frozen=True, kw_only=True):
    """The day by which the set-up of the year is to be done, instead of 15 September (C7)."""

    stored_name: ClassVar[str] = "readiness-date-set/1"
    day: date


class PeriodClosed(Event, frozen=True, kw_only=True):
    """Nothing in this grading period may be written any more."""

    stored_name: ClassVar[str] = "period-closed/1"
    period: str


class PeriodReopened(Event, frozen=True, kw_only=True):
    """A closed period can be written again in the named journals, for a reason, until a moment.

    `until` is in microseconds since 1970 UTC. No journals and `until` 0 (only in events of shape 1): the whole period,
    until it is closed again.
    """

    stored_name: ClassVar[str] = "period-reopened/2"
    period: str
    journals: tuple[str, ...] = ()
    until: int = 0
    reason: Sealed


class OpenPoint(msgspec.Struct, frozen=True, kw_only=True):
    """So many things of a kind were not finished when the year was closed."""

    kind: str
    count: int


class AcademicYearClosed(Event, frozen=True, kw_only=True):
    """The year is closed: from now on it can only be read (G7, п. 10, 16).

    `unfinished` is what still stood open, for which the head gave the reason. Until the days named journals and summary
    sheets are kept at least.
    """

    stored_name: ClassVar[str] = "academic-year-closed/1"
    unfinished: tuple[OpenPoint, ...] = ()
    journals_kept_until: date
    sheets_kept_until: date
    reason: Sealed | None = None


class AcademicYearReopened(Event, frozen=True, kw_only=True):
    """The closed year can be written again, for a reason, until it is closed again."""

    stored_name: ClassVar[str] = "academic-year-reopened/1"
    reason: Sealed


def reopening_from_shape_1(fields: Json) -> tuple[str, Json]:
    """Answer shape 2 of a reopening: shape 1 knew neither journals nor an end, which the defaults say."""
    return PeriodReopened.stored_name, fields
