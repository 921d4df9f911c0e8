"""Positions of staff by date: a change from a day on, and the correction of what was recorded wrongly (C2)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import people as p
from ejd_commands import known
from ejd_commands.fields import Day, Id, Name, Part, Reason
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.states.people import StaffState

POSITIONS_MAX = 100
"""Positions of one person, one after another."""


class AnotherPositionLater(WrongState):
    """A position from a later day on is on record."""


class TooManyPositions(WrongState):
    """The person had as many positions as anybody may have."""


class PositionsNotInOrder(Refusal):
    """Positions are listed in order of time, one a day."""


class NoPositionThen(Refusal):
    """Somebody who works here has a position on every day of it."""


class ChangeStaffPosition(SetUpCommand):
    """Somebody holds another position from a day on; of the day of the last change, the position that was meant."""

    name: ClassVar[str] = "change-staff-position"
    staff: Id
    position: Name
    starts: Day

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the staff member's stream."""
        return Target(self.staff, Scope(kind="staff", person=self.staff))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day on which the person does not work here, and one before the last change: that is a correction."""
        known.working(context, self.staff, self.starts, "starts")
        posts = known.staff(context, self.staff).posts
        if self.starts < posts[-1].starts:
            msg = (
                f"{posts[-1].position!r} is on record from {posts[-1].starts:%d.%m.%Y} on: choose that day or a later"
                " one, or use correct-staff-positions"
            )
            raise AnotherPositionLater(msg, field="starts")
        if self.position == posts[-1].position:
            return
        if len(posts) >= POSITIONS_MAX:
            msg = f"{POSITIONS_MAX} positions of this person are on record: leave some out with correct-staff-positions"
            raise TooManyPositions(msg, field="staff")
        yield p.StaffPositionChanged(position=self.position, starts=self.starts)


class PositionPart(Part):
    """A position with the day from which it is held, until the next one."""

    position: Name
    starts: Day


class CorrectStaffPositions(SetUpCommand):
    """Say anew which positions somebody held from which day on, all of them, with the reason."""

    name: ClassVar[str] = "correct-staff-positions"
    staff: Id
    positions: Annotated[tuple[PositionPart, ...], Field(min_length=1, max_length=POSITIONS_MAX)]
    reason: Reason

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the staff member's stream."""
        return Target(self.staff, Scope(kind="staff", person=self.staff))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a position of a day without employment, and an employment that begins without one."""
        state = known.staff(context, self.staff)
        new = tuple(p.PositionFrom(position=one.position, starts=one.starts) for one in self.positions)
        self._check_order()
        for number, one in enumerate(new):
            known.working(context, self.staff, one.starts, f"positions.{number}.starts")
        _check_beginnings(state, new)
        old = tuple(p.PositionFrom(position=one.position, starts=one.starts) for one in state.posts)
        if old != new:
            reason = context.seal(self.staff, self.reason, field="staff-positions-corrected.reason")
            yield p.StaffPositionsCorrected(old=old, new=new, reason=reason)

    def _check_order(self) -> None:
        for number, (one, following) in enumerate(pairwise(self.positions), start=1):
            if following.starts <= one.starts:
                msg = f"{following.starts:%d.%m.%Y} is not after {one.starts:%d.%m.%Y}: list them by their days"
                raise PositionsNotInOrder(msg, field=f"positions.{number}.starts")


def _check_beginnings(state: StaffState, new: Sequence[p.PositionFrom]) -> None:
    """Raise NoPositionThen for an employment on whose first day no position begins."""
    begun = {one.starts for one in new}
    for term in state.terms:
        if term.starts not in begun:
            msg = f"this staff member works here since {term.starts:%d.%m.%Y}: say which position began that day"
            raise NoPositionThen(msg, field="positions")
