"""The term of the set-up (C7); closing a grading period, and reopening it for some journals and a time (A10, п. 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ejd.kernel.access import Access
from ejd.kernel.command import Refusal, WrongState
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import Administers
from ejd_commands import known
from ejd_commands.accounts import microseconds
from ejd_commands.fields import Code, Day, Id, Moment, Reason
from ejd_commands.years import YearCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event
    from ejd.kernel.states.school import YearState

REOPENED_JOURNALS_MAX = 500
REOPENED_DAYS_MAX = 31
DAY_MICROSECONDS = 86_400 * 1_000_000


class NoSuchPeriod(Refusal):
    """The year has no grading period of this code."""


class PeriodIsNotClosed(WrongState):
    """Only a closed period can be reopened."""


class NotReopenedSoLong(Refusal):
    """A period is reopened for a time, which begins now."""


class NoSuchPeriodInJournal(Refusal):
    """The journal is of another year, or of another scheme of grading periods."""


class SetReadinessDate(YearCommand):
    """Name the day by which the set-up of the year is to be done; 15 September without it (C7, п. 5)."""

    name: ClassVar[str] = "set-readiness-date"
    access: ClassVar[Access] = Access("administer", "school", "set the day of readiness")
    day: Day

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration sets terms."""
        return Administers("set the day of readiness")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day outside the year; the day that counts already changes nothing."""
        state = known.year(context, self.year)
        day = known.in_year(state, self.day, "day")
        if state.readiness_term != day:
            yield y.ReadinessDateSet(day=day)


class ClosePeriod(YearCommand):
    """Close a grading period: nothing in it may be written any more (A10)."""

    name: ClassVar[str] = "close-period"
    access: ClassVar[Access] = Access("administer", "school", "close a grading period")
    period: Code

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration closes."""
        return Administers("close a grading period")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Do nothing when it is closed for every journal; what was reopened closes at once."""
        state = _with_period(context, self.year, self.period)
        reopened = any(context.now < one.until for one in state.reopened.get(self.period, ()))
        if self.period not in state.closed or reopened:
            yield y.PeriodClosed(period=self.period)


class ReopenPeriod(YearCommand):
    """Open a closed grading period again for some journals until a moment, with the reason (A10)."""

    name: ClassVar[str] = "reopen-period"
    access: ClassVar[Access] = Access("administer", "school", "reopen a grading period")
    period: Code
    journals: Annotated[tuple[Id, ...], Field(min_length=1, max_length=REOPENED_JOURNALS_MAX)]
    until: Moment
    reason: Reason

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration reopens."""
        return Administers("reopen a grading period")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a period that is open, journals without it, a moment that is past or far; the reason is the school's.

        The same journals until the same moment change nothing.
        """
        state = _with_period(context, self.year, self.period)
        if self.period not in state.closed:
            msg = "this grading period is open: nothing is to be reopened"
            raise PeriodIsNotClosed(msg, field="period")
        until = microseconds(self.until)
        if not context.now < until <= context.now + REOPENED_DAYS_MAX * DAY_MICROSECONDS:
            msg = f"a period is reopened until a moment in the next {REOPENED_DAYS_MAX} days: correct the moment"
            raise NotReopenedSoLong(msg, field="until")
        known.only_once(self.journals, "journals")
        for index, one in enumerate(self.journals):
            self._check_journal(context, state, one, f"journals.{index}")
        journals = tuple(sorted(self.journals))
        if any((one.journals, one.until) == (journals, until) for one in state.reopened.get(self.period, ())):
            return
        reason = context.seal(SCHOOL, self.reason, field="period-reopened.reason")
        yield y.PeriodReopened(period=self.period, journals=journals, until=until, reason=reason)

    def _check_journal(self, context: Context, state: YearState, journal: str, field: str) -> None:
        _, opened = known.journal(context, journal, field)
        codes = {period.code for period in state.data.schemes.get(opened.scheme, ())}
        if opened.year != self.year or self.period not in codes:
            msg = f"journal {journal} is not of this year, or its grading periods are others: leave it out"
            raise NoSuchPeriodInJournal(msg, field=field)


def _with_period(context: Context, year: str, period: str) -> YearState:
    state = known.year(context, year)
    if state.calendar.period_by_code(period) is None:
        codes = ", ".join(p.code for periods in state.data.schemes.values() for p in periods)
        msg = f"this year has no grading period {period!r}: use one of {codes or 'those you define first'}"
        raise NoSuchPeriod(msg, field="period")
    return state
