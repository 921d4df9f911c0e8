"""Planned control works of the school's monitoring (A5, ВШК)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ejd.kernel.command import Command, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events.control_works import ControlWorkCancelled, ControlWorkMoved, ControlWorkPlanned
from ejd.kernel.ids import SCHOOL, derived
from ejd.kernel.rights import Administers
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ControlWorkState
from ejd_commands.fields import Code, Day, Id, Name, Reason
from ejd_commands.lesson_base import check_period_open, opened_journal
from ejd_commands.marks import UnknownControlWork, check_work

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

VARIANTS_MAX = 30
POINTS_MAX = 1_000


class ControlWorkIsCancelled(WrongState):
    """The control work is cancelled."""


class ControlWorkExists(WrongState):
    """The id belongs to another control work."""


class NotInTheYear(Refusal):
    """The day is outside the journal's year or on a day without lessons."""


def check_day(context: Context, journal: str, day: date) -> None:
    """Raise NotInTheYear for a day on which the journal's grade has no lessons."""
    opened = opened_journal(context, journal)
    year = context.load(YearState, opened.year)
    check_period_open(context, journal, opened, day)
    if year.calendar.cycle_day(day, opened.grade, opened.classes) is None:
        msg = f"there are no lessons on {day:%d.%m.%Y}: choose a day of lessons"
        raise NotInTheYear(msg, field="day")


class ControlWorkCommand(Command):
    """Base: what is planned by the administration."""

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration (п. 5: the schedule of control works)."""
        return Administers("plan control works")


class PlanControlWork(ControlWorkCommand):
    """Plan a control work of a journal on a day, with form, variants and the highest points (A5)."""

    name: ClassVar[str] = "plan-control-work"
    control_work: Id | None = None
    journal: Id
    day: Day
    title: Name
    form: Name
    work: Code = "control"
    variants: Annotated[int, Field(ge=1, le=VARIANTS_MAX)] = 1
    points_max: Annotated[int, Field(ge=1, le=POINTS_MAX)] | None = None

    def target(self, context: Context) -> Target:
        """Answer the control work's stream."""
        journal = opened_journal(context, self.journal)
        stream = self.control_work or derived(context.command_id, "control-work")
        scope = Scope(
            kind="control-work", journal=self.journal, class_id=journal.group, year=journal.year, date=self.day
        )
        return Target(stream, scope)

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day without lessons and an unknown kind of work."""
        check_day(context, self.journal, self.day)
        check_work(context, self.work)
        planned = context.load(ControlWorkState, self.target(context).stream).planned
        new = ControlWorkPlanned(
            journal=self.journal,
            day=self.day,
            title=self.title,
            form=self.form,
            work=self.work,
            variants=self.variants,
            points_max=self.points_max,
        )
        if planned is not None and planned != new:
            msg = "this id belongs to another control work: leave it out, or move that control work"
            raise ControlWorkExists(msg, field="control_work")
        if planned is None:
            yield new


class ControlWorkChange(ControlWorkCommand):
    """Base: a change of a planned control work."""

    control_work: Id
    reason: Reason

    def target(self, context: Context) -> Target:
        """Answer the control work's stream; raises UnknownControlWork."""
        planned = self.planned(context)
        return Target(self.control_work, Scope(kind="control-work", journal=planned.journal))

    def planned(self, context: Context) -> ControlWorkPlanned:
        """Answer the plan; raises UnknownControlWork."""
        planned = context.load(ControlWorkState, self.control_work).planned
        if planned is None:
            msg = f"there is no control work {self.control_work}: look it up in the schedule of control works"
            raise UnknownControlWork(msg, field="control_work")
        return planned

    def open_state(self, context: Context) -> ControlWorkState:
        """Answer the state of a control work that is not cancelled."""
        self.planned(context)
        state = context.load(ControlWorkState, self.control_work)
        if state.cancelled:
            msg = "this control work is cancelled: plan a new one"
            raise ControlWorkIsCancelled(msg, field="control_work")
        return state


class MoveControlWork(ControlWorkChange):
    """Move a control work to another day, with the reason."""

    name: ClassVar[str] = "move-control-work"
    new_day: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day without lessons; the same day changes nothing."""
        journal = self.planned(context).journal
        old_day = self.open_state(context).day
        if old_day is None or old_day == self.new_day:
            return
        check_day(context, journal, self.new_day)
        reason = context.seal(SCHOOL, self.reason, field="control-work-moved.reason")
        yield ControlWorkMoved(journal=journal, old_day=old_day, new_day=self.new_day, reason=reason)


class CancelControlWork(ControlWorkChange):
    """Cancel a control work, with the reason."""

    name: ClassVar[str] = "cancel-control-work"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse to cancel twice."""
        self.open_state(context)
        reason = context.seal(SCHOOL, self.reason, field="control-work-cancelled.reason")
        yield ControlWorkCancelled(journal=self.planned(context).journal, reason=reason)
