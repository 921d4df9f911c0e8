"""The academic year: cycle, grading periods, breaks, holidays, bells (C1)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, Strict

from ejd.kernel import calendar
from ejd.kernel.calendar import CYCLE_DAYS_MAX, YEAR_DAYS_MAX, CalendarData
from ejd.kernel.closed_years import check_year
from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.due import SLOTS_MAX
from ejd.kernel.envelope import Scope
from ejd.kernel.events import year as y
from ejd.kernel.ids import derived
from ejd.kernel.states.school import YearState
from ejd_commands import known
from ejd_commands.fields import GRADE_MAX, Code, Day, Grade, Id, Minutes, Name, Part, Slot
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event

CYCLE_WEEKS_MAX = 8
PERIODS_MAX = 20
BREAKS_MAX = 50
BREAK_CLASSES_MAX = 100
HOLIDAYS_MAX = 200
TRANSFERRED_DAYS_MAX = 100
NO_GRADE = -1
"""Asks the calendar about a class apart from its grade."""
FINAL_MARK_PERIODS = frozenset({"year", "exam", "overall"})
"""Final marks have these beside the grading periods (A6), so that no grading period can be called so."""

Weekday = Annotated[int, Strict(), Field(ge=0, le=6)]
"""0 is Monday."""
WeekNumber = Annotated[int, Strict(), Field(ge=1, le=CYCLE_WEEKS_MAX)]
CycleDayNumber = Annotated[int, Strict(), Field(ge=1, le=CYCLE_DAYS_MAX)]


class NotAYear(Refusal):
    """First and last day do not bound an academic year."""


class YearIsInUse(Refusal):
    """Something of the year would lie outside its new bounds."""


class NotACycle(Refusal):
    """The days do not make a cycle of this kind."""


class PeriodsOverlap(Refusal):
    """Grading periods of a scheme follow one another."""


class PeriodCodeTaken(Refusal):
    """Codes of periods are unique in a year, over all schemes and the final marks of the year."""


class ClosedPeriodChanges(WrongState):
    """A closed period keeps its days."""


class HolidayAndWorkingDay(Refusal):
    """A date is either a holiday or a transferred working day."""


class BellsOverlap(Refusal):
    """Lessons follow one another in the order of their slots."""


class YearCommand(SetUpCommand):
    """Base of what is written to an open academic year."""

    year: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the year's stream."""
        return Target(self.year, Scope(kind="year", year=self.year))


class OpenAcademicYear(SetUpCommand):
    """Open an academic year, or correct its name and bounds (C1)."""

    name: ClassVar[str] = "open-academic-year"
    year: Id | None = None
    title: Name
    first_day: Day
    last_day: Day

    def stream(self, context: Context) -> str:
        """Answer the year's stream."""
        return self.year or derived(context.command_id, "year")

    def target(self, context: Context) -> Target:
        """Answer the year's stream."""
        stream = self.stream(context)
        return Target(stream, Scope(kind="year", year=stream))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse bounds that are no year, or that leave out what the year has already."""
        days = (self.last_day - self.first_day).days + 1
        if not 1 < days <= YEAR_DAYS_MAX:
            msg = f"an academic year ends after it begins and has at most {YEAR_DAYS_MAX} days: correct the last day"
            raise NotAYear(msg, field="last_day")
        data = context.load(YearState, self.stream(context)).data
        if (data.name, data.first_day, data.last_day) == (self.title, self.first_day, self.last_day):
            return
        for what, day in _dated(data):
            if not self.first_day <= day <= self.last_day:
                msg = f"{what} on {day:%d.%m.%Y} would be outside the year: change it first"
                raise YearIsInUse(msg, field="first_day" if day < self.first_day else "last_day")
        known.claim_title(context, "academic year", "year", self.title, data.name, self.stream(context))
        opened = y.AcademicYearOpened(name=self.title, first_day=self.first_day, last_day=self.last_day)
        keep_closed_days(context.load(YearState, self.stream(context)), opened, "first_day")
        yield opened


def _dated(data: CalendarData) -> Iterator[tuple[str, date]]:
    for periods in data.schemes.values():
        for period in periods:
            yield period.name, period.first_day
            yield period.name, period.last_day
    for one in data.breaks:
        yield one.name, one.first_day
        yield one.name, one.last_day
    for holiday in data.holidays:
        yield holiday.name, holiday.day
    for transferred in data.transferred:
        yield "a transferred working day", transferred.day


class CycleDayPart(Part):
    """One day of the cycle: its name; in a weekly cycle its weekday (0 is Monday) and which of the weeks it is in."""

    title: Name
    weekday: Weekday | None = None
    week: WeekNumber = 1


class DefineCycle(YearCommand):
    """Say how dates become days of the cycle: by weekday (also A/B weeks), or counted over school days (Day 1-6)."""

    name: ClassVar[str] = "define-cycle"
    kind: Literal["weekly", "rolling"]
    days: Annotated[tuple[CycleDayPart, ...], Field(min_length=1, max_length=CYCLE_DAYS_MAX)]
    weeks: WeekNumber = 1
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse days that do not fit the kind, or a cycle too short for the transferred days of the year."""
        state = known.year(context, self.year)
        weekdays = self._weekly() if self.kind == "weekly" else self._rolling()
        for transferred in state.data.transferred:
            if transferred.cycle_day > len(self.days):
                msg = (
                    f"{transferred.day:%d.%m.%Y} works as cycle day {transferred.cycle_day}: change the holidays first"
                )
                raise known.NoSuchCycleDay(msg, field="days")
        event = y.CycleDefined(
            kind=self.kind,
            days=tuple(y.CycleDay(name=d.title, weekday=d.weekday, week=d.week) for d in self.days),
            weeks=self.weeks,
            weekdays=weekdays,
        )
        if state.data.cycle != event:
            keep_closed_days(state, event, "days")
            yield event

    def _weekly(self) -> tuple[int, ...]:
        places = [(day.week, day.weekday) for day in self.days]
        if any(weekday is None for _, weekday in places):
            raise NotACycle("every day of a weekly cycle needs its weekday: add it", field="days")
        if len(set(places)) != len(places):
            raise NotACycle("a weekday stands twice in one week of the cycle: leave one", field="days")
        if any(week > self.weeks for week, _ in places):
            raise NotACycle(f"the cycle has {self.weeks} week(s): correct the week of its days", field="weeks")
        if self.weekdays:
            raise NotACycle("the days of a weekly cycle name their weekdays: leave the list out", field="weekdays")
        return tuple(sorted({weekday for _, weekday in places if weekday is not None}))

    def _rolling(self) -> tuple[int, ...]:
        if not self.weekdays or len(set(self.weekdays)) != len(self.weekdays):
            raise NotACycle("a rolling cycle counts certain weekdays: name each of them once", field="weekdays")
        if self.weeks != 1 or any(day.weekday is not None or day.week != 1 for day in self.days):
            raise NotACycle("days of a rolling cycle have neither weekday nor week: leave them out", field="days")
        return tuple(sorted(self.weekdays))


class GradingPeriodPart(Part):
    """One quarter, trimester or half-year, both days included."""

    code: Code
    title: Name
    first_day: Day
    last_day: Day


class DefineGradingPeriods(YearCommand):
    """Define all periods of one scheme (quarters, half-years); schemes stand side by side (C1)."""

    name: ClassVar[str] = "define-grading-periods"
    scheme: Code
    periods: Annotated[tuple[GradingPeriodPart, ...], Field(min_length=1, max_length=PERIODS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse periods that overlap, leave the year, share a code, or change one that is closed."""
        state = known.year(context, self.year)
        for index, period in enumerate(self.periods):
            known.check_span(state, period.first_day, period.last_day, f"periods.{index}")
        for before, after in pairwise(self.periods):
            if before.last_day >= after.first_day:
                msg = f"{after.code} begins before {before.code} has ended: put the periods in order, without overlap"
                raise PeriodsOverlap(msg, field="periods")
        self._check_codes(state)
        periods = tuple(
            y.GradingPeriod(code=p.code, name=p.title, first_day=p.first_day, last_day=p.last_day) for p in self.periods
        )
        if state.data.schemes.get(self.scheme) == periods:
            return
        check_year(state)
        spans = {(p.code, p.first_day, p.last_day) for p in periods}
        for old in state.data.schemes.get(self.scheme, ()):
            if old.code in state.closed and (old.code, old.first_day, old.last_day) not in spans:
                raise ClosedPeriodChanges(_closed_days(old), field="periods")
        yield y.GradingPeriodsDefined(scheme=self.scheme, periods=periods)

    def _check_codes(self, state: YearState) -> None:
        known.only_once((period.code for period in self.periods), "periods")
        others = {p.code for scheme, periods in state.data.schemes.items() if scheme != self.scheme for p in periods}
        for period in self.periods:
            if period.code in others | FINAL_MARK_PERIODS:
                msg = f"the code {period.code!r} is taken in this year: choose another one"
                raise PeriodCodeTaken(msg, field="periods")


class BreakPart(Part):
    """Days without lessons; with grades or classes, only for these (extra break of the first grade, field practice)."""

    title: Name
    first_day: Day
    last_day: Day
    grades: Annotated[tuple[Grade, ...], Field(max_length=GRADE_MAX + 1)] = ()
    classes: Annotated[tuple[Id, ...], Field(max_length=BREAK_CLASSES_MAX)] = ()


class DefineBreaks(YearCommand):
    """Define all breaks (каникулы) of the year (C1)."""

    name: ClassVar[str] = "define-breaks"
    breaks: Annotated[tuple[BreakPart, ...], Field(max_length=BREAKS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse days outside the year, and classes of another one."""
        state = known.year(context, self.year)
        for index, one in enumerate(self.breaks):
            known.check_span(state, one.first_day, one.last_day, f"breaks.{index}")
            for place, class_id in enumerate(one.classes):
                formed = known.class_formed(context, class_id, f"breaks.{index}.classes.{place}")
                if formed.year != self.year:
                    msg = f"class {formed.name} is of another academic year: choose classes of this one"
                    raise known.BelongsToAnotherYear(msg, field=f"breaks.{index}.classes.{place}")
        breaks = tuple(
            y.Break(
                name=b.title,
                first_day=b.first_day,
                last_day=b.last_day,
                grades=tuple(sorted(set(b.grades))),
                classes=tuple(sorted(set(b.classes))),
            )
            for b in self.breaks
        )
        if state.data.breaks != breaks:
            defined = y.BreaksDefined(breaks=breaks)
            keep_closed_days(state, defined, "breaks")
            yield defined


class HolidayPart(Part):
    """A public holiday."""

    day: Day
    title: Name


class TransferredDayPart(Part):
    """A date that works as another day of the cycle."""

    day: Day
    cycle_day: CycleDayNumber


class DefineHolidays(YearCommand):
    """Define all holidays and transferred working days of the year (C1)."""

    name: ClassVar[str] = "define-holidays"
    holidays: Annotated[tuple[HolidayPart, ...], Field(max_length=HOLIDAYS_MAX)]
    transferred: Annotated[tuple[TransferredDayPart, ...], Field(max_length=TRANSFERRED_DAYS_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse days outside the year, days that are both, and cycle days that the year does not have."""
        state = known.year(context, self.year)
        known.only_once((holiday.day.isoformat() for holiday in self.holidays), "holidays")
        known.only_once((moved.day.isoformat() for moved in self.transferred), "transferred")
        for index, holiday in enumerate(self.holidays):
            known.in_year(state, holiday.day, f"holidays.{index}.day")
        self._check_transferred(state)
        event = y.HolidaysDefined(
            holidays=tuple(y.Holiday(day=h.day, name=h.title) for h in self.holidays),
            transferred=tuple(y.TransferredDay(day=t.day, cycle_day=t.cycle_day) for t in self.transferred),
        )
        if (state.data.holidays, state.data.transferred) != (event.holidays, event.transferred):
            keep_closed_days(state, event, "holidays")
            yield event

    def _check_transferred(self, state: YearState) -> None:
        cycle_days = 0 if state.data.cycle is None else len(state.data.cycle.days)
        free = {holiday.day for holiday in self.holidays}
        for index, moved in enumerate(self.transferred):
            known.in_year(state, moved.day, f"transferred.{index}.day")
            if moved.day in free:
                msg = f"{moved.day:%d.%m.%Y} is both a holiday and a working day: leave one of them"
                raise HolidayAndWorkingDay(msg, field=f"transferred.{index}.day")
            if moved.cycle_day > cycle_days:
                msg = f"the year's cycle has {cycle_days} day(s): define the cycle first, or name one of its days"
                raise known.NoSuchCycleDay(msg, field=f"transferred.{index}.cycle_day")


class BellPart(Part):
    """Start and end of a slot in minutes since midnight, school time."""

    slot: Slot
    starts: Minutes
    ends: Minutes


class DefineBellSchedule(YearCommand):
    """Define a bell schedule under its code: first shift, second shift, short days (C1)."""

    name: ClassVar[str] = "define-bell-schedule"
    code: Code
    title: Name
    bells: Annotated[tuple[BellPart, ...], Field(min_length=1, max_length=SLOTS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse lessons that overlap or do not follow the order of slots."""
        state = known.year(context, self.year)
        for index, bell in enumerate(self.bells):
            if bell.starts >= bell.ends:
                msg = f"the lesson in slot {bell.slot} ends before it begins: correct its times"
                raise BellsOverlap(msg, field=f"bells.{index}.ends")
        for index, (before, after) in enumerate(pairwise(self.bells), start=1):
            if before.slot >= after.slot or before.ends > after.starts:
                msg = f"slot {after.slot} does not follow slot {before.slot}: put slots and times in order"
                raise BellsOverlap(msg, field=f"bells.{index}.starts")
        bells = tuple(y.Bell(slot=b.slot, starts=b.starts, ends=b.ends) for b in self.bells)
        if (state.bell_names.get(self.code), state.data.bells.get(self.code)) != (self.title, bells):
            yield y.BellScheduleDefined(code=self.code, name=self.title, bells=bells)


def _closed_days(period: y.GradingPeriod) -> str:
    span = f"{period.first_day:%d.%m.%Y} to {period.last_day:%d.%m.%Y}"
    return f"{period.name} is closed and keeps its days: leave {span} as they were"


def keep_closed_days(state: YearState, event: Event, field: str) -> None:
    """Raise YearIsClosed, or ClosedPeriodChanges when a date of a closed period would become another day, or free."""
    check_year(state)
    closed = [p for periods in state.data.schemes.values() for p in periods if p.code in state.closed]
    before, after = state.calendar, calendar.Calendar(calendar.evolve(state.data, event))
    named = sorted({one for kept in (before.data, after.data) for b in kept.breaks for one in b.classes})
    whom: list[tuple[int, tuple[str, ...]]] = [(grade, ()) for grade in range(GRADE_MAX + 1)]
    whom += [(NO_GRADE, (class_id,)) for class_id in named]
    for period in closed:
        days = [period.first_day + timedelta(days=n) for n in range((period.last_day - period.first_day).days + 1)]
        for who in whom:
            if any(before.cycle_day(day, *who) != after.cycle_day(day, *who) for day in days):
                raise ClosedPeriodChanges(_closed_days(period), field=field)
