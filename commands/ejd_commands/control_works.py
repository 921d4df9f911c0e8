"""Planned control works of the school's monitoring (A5, ВШК)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from pydantic import Field, Strict

from ejd.kernel.access import Access
from ejd.kernel.command import Command, Elsewhere, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events.control_works import ControlWorkCancelled, ControlWorkMoved, ControlWorkPlanned
from ejd.kernel.ids import SCHOOL, derived
from ejd.kernel.rights import Administers
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ControlWorkState
from ejd_commands.control_plan import check_norms
from ejd_commands.fields import Code, Day, Id, Name, Part, Reason, Slot
from ejd_commands.lesson_base import check_period_open, opened_journal
from ejd_commands.marks import UnknownControlWork, check_work

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

VARIANTS_MAX = 30
POINTS_MAX = 1_000
WORK_LESSONS_MAX = 6
WORKS_MAX = 200


class ControlWorkIsCancelled(WrongState):
    """The control work is cancelled."""


class ControlWorkExists(WrongState):
    """The id belongs to another control work."""


class NotInTheYear(Refusal):
    """The day is outside the journal's year or on a day without lessons."""


def check_day(context: Context, journal: str, day: date, field: str = "day") -> None:
    """Raise NotInTheYear for a day on which the journal's grade has no lessons."""
    opened = opened_journal(context, journal)
    year = context.load(YearState, opened.year)
    check_period_open(context, journal, opened, day)
    if year.calendar.cycle_day(day, opened.grade, opened.classes) is None:
        msg = f"there are no lessons on {day:%d.%m.%Y}: choose a day of lessons"
        raise NotInTheYear(msg, field=field)


class ControlWorkCommand(Command):
    """Base: what is planned by the administration."""

    access: ClassVar[Access] = Access("administer", "school", "plan control works")

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration (п. 5: the schedule of control works)."""
        return Administers("plan control works")


class PlannedWork(Part):
    """What is planned of a control work; `first_slot` is its first lesson that day, any of the journal's without it."""

    journal: Id
    day: Day
    title: Name
    form: Name
    work: Code = "control"
    variants: Annotated[int, Field(ge=1, le=VARIANTS_MAX)] = 1
    points_max: Annotated[int, Field(ge=1, le=POINTS_MAX)] | None = None
    first_slot: Slot | None = None
    lessons: Annotated[int, Strict(), Field(ge=1, le=WORK_LESSONS_MAX)] | None = None

    def event(self) -> ControlWorkPlanned:
        """Answer the plan as it is stored."""
        return ControlWorkPlanned(
            journal=self.journal,
            day=self.day,
            title=self.title,
            form=self.form,
            work=self.work,
            variants=self.variants,
            points_max=self.points_max,
            slot=self.first_slot,
            lessons=self.lessons or 1,
        )


def scope_of(context: Context, work: ControlWorkPlanned) -> Scope:
    """Answer the directory entry of a control work; raises UnknownJournal."""
    journal = opened_journal(context, work.journal)
    return Scope(kind="control-work", journal=work.journal, class_id=journal.group, year=journal.year, date=work.day)


class PlanControlWork(ControlWorkCommand, PlannedWork):
    """Plan a control work of a journal on a day, with form, variants and the highest points (A5)."""

    name: ClassVar[str] = "plan-control-work"
    control_work: Id | None = None

    def target(self, context: Context) -> Target:
        """Answer the control work's stream."""
        stream = self.control_work or derived(context.command_id, "control-work")
        return Target(stream, scope_of(context, self.event()))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day without lessons, an unknown kind of work, and what breaks a norm that the school enforces."""
        check_day(context, self.journal, self.day)
        check_work(context, self.work)
        stream = self.target(context).stream
        planned, new = context.load(ControlWorkState, stream).planned, self.event()
        if planned is not None and planned != new:
            msg = "this id belongs to another control work: leave it out, or move that control work"
            raise ControlWorkExists(msg, field="control_work")
        if planned is None:
            check_norms(context, {stream: new})
            yield new


class PlanControlWorks(ControlWorkCommand):
    """Plan several control works at once, checked against the norms as a whole; all of them or none (C6)."""

    name: ClassVar[str] = "plan-control-works"
    works: Annotated[tuple[PlannedWork, ...], Field(min_length=1, max_length=WORKS_MAX)]

    def stream(self, context: Context, index: int) -> str:
        """Answer the stream of a work of the list."""
        return derived(context.command_id, f"control-work {index}")

    def target(self, context: Context) -> Target:
        """Answer the first work's stream."""
        return Target(self.stream(context, 0), scope_of(context, self.works[0].event()))

    def decide(self, context: Context) -> Iterable[Event | Elsewhere]:
        """Refuse days without lessons, unknown kinds of work, and any breach of a norm that the school enforces."""
        new: dict[str, ControlWorkPlanned] = {}
        for index, work in enumerate(self.works):
            check_day(context, work.journal, work.day, f"works.{index}.day")
            check_work(context, work.work)
            new[self.stream(context, index)] = work.event()
        check_norms(context, new)
        for stream, event in new.items():
            yield Elsewhere(event, stream, scope_of(context, event))


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
    new_slot: Slot | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day without lessons, and what breaks a norm; the same day and lesson change nothing."""
        planned, state = self.planned(context), self.open_state(context)
        if state.day is None or (state.day, state.slot) == (self.new_day, self.new_slot):
            return
        check_day(context, planned.journal, self.new_day)
        moved = msgspec.structs.replace(planned, day=self.new_day, slot=self.new_slot)
        check_norms(context, {self.control_work: moved})
        reason = context.seal(SCHOOL, self.reason, field="control-work-moved.reason")
        yield ControlWorkMoved(
            journal=planned.journal, old_day=state.day, new_day=self.new_day, new_slot=self.new_slot, reason=reason
        )


class CancelControlWork(ControlWorkChange):
    """Cancel a control work, with the reason."""

    name: ClassVar[str] = "cancel-control-work"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse to cancel twice."""
        self.open_state(context)
        reason = context.seal(SCHOOL, self.reason, field="control-work-cancelled.reason")
        yield ControlWorkCancelled(journal=self.planned(context).journal, reason=reason)
