"""Closing an academic year, which then can only be read, and opening it again (G7, п. 10, 16)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.command import Refusal, WrongState
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import Administers, HeadDecides
from ejd_commands import known
from ejd_commands.fields import Reason
from ejd_commands.years import YearCommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event
    from ejd.kernel.states.school import YearState

WORDS: Mapping[str, str] = {
    "period": "grading period(s) not closed",
    "lesson-without-topic": "lesson(s) without a topic",
    "final-mark": "final mark(s) missing",
    "request": "request(s) to correct not decided",
    "breach": "breach(es) not closed",
}
"""Kinds of what may stand open, as a refusal names them."""


class YearIsNotOver(Refusal):
    """A year is closed after its last day."""


class StandsOpen(WrongState):
    """Something of the year is not finished."""


class YearIsOpen(WrongState):
    """Only a closed year is reopened."""


class CloseAcademicYear(YearCommand):
    """Close an academic year: nothing of it is written any more, by anybody (G7).

    While anything stands open (`GET /api/v1/reports/year-closing`), only the head closes it, with the reason.
    """

    name: ClassVar[str] = "close-academic-year"
    access: ClassVar[Access] = Access("administer", "school", "close an academic year")
    reason: Reason | None = None

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration closes; over open points the head alone."""
        return Administers("close an academic year") if self.reason is None else HeadDecides("close a year so")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a year that is not over, and one with open points unless the reason is given."""
        state = known.year(context, self.year)
        last = state.data.last_day
        if state.shut or last is None:
            return
        if context.today <= last:
            msg = f"the year ends on {last:%d.%m.%Y}: close it after that day"
            raise YearIsNotOver(msg, field="year")
        unfinished = self._unfinished(context, state)
        if unfinished and self.reason is None:
            what = ", ".join(f"{one.count} {WORDS.get(one.kind, one.kind)}" for one in unfinished)
            msg = f"not finished: {what}: finish it, or let the head close the year with the reason"
            raise StandsOpen(msg, field="reason")
        reason = None
        if self.reason is not None:
            reason = context.seal(SCHOOL, self.reason, field="academic-year-closed.reason")
        regulation = known.school(context).regulation_on(last)
        yield y.AcademicYearClosed(
            unfinished=unfinished,
            journals_kept_until=_years_later(last, regulation.journals_kept_years),
            sheets_kept_until=_years_later(last, regulation.sheets_kept_years),
            reason=reason,
        )

    def _unfinished(self, context: Context, state: YearState) -> tuple[y.OpenPoint, ...]:
        """Answer what stands open by kind; whether periods are closed is known here without any report."""
        periods = sum(one.code not in state.closed for own in state.data.schemes.values() for one in own)
        counts = {**context.unfinished(self.year), "period": periods}
        return tuple(y.OpenPoint(kind=kind, count=counts[kind]) for kind in sorted(counts) if counts[kind])


def _years_later(day: date, years: int) -> date:
    """Answer the last day of the year so many years later: terms of keeping count whole years."""
    return date(day.year + years, 12, 31)


class ReopenAcademicYear(YearCommand):
    """Open a closed academic year again, with the reason; whatever its periods say still counts (G7)."""

    name: ClassVar[str] = "reopen-academic-year"
    access: ClassVar[Access] = Access("decide-alone", "school", "reopen an academic year")
    reason: Reason

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Only the head."""
        return HeadDecides("reopen an academic year")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a year that is open."""
        state = known.year(context, self.year)
        if not state.shut or state.shut_ref is None:
            msg = f"the academic year {state.data.name} is open: nothing is to be reopened"
            raise YearIsOpen(msg, field="year")
        context.rely(state.shut_ref)
        yield y.AcademicYearReopened(reason=context.seal(SCHOOL, self.reason, field="academic-year-reopened.reason"))
