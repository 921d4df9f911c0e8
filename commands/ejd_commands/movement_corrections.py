"""A movement that was recorded wrongly is corrected back-dated, with the reason; the reports follow (C8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ejd.kernel.command import Refusal, WrongState
from ejd.kernel.events import people as p
from ejd.kernel.spells import FOREVER, following, joined, segments, spells_of
from ejd.kernel.states.teaching import GroupState
from ejd_commands import known
from ejd_commands.fields import Day, Id, Reason
from ejd_commands.movement import (
    IndividualGroupIsTaken,
    NotInAClass,
    NotInTheGroup,
    NotOfTheseClasses,
    PupilCommand,
    covered_until,
    individual_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.events.journals import TeachingGroupFormed
    from ejd.kernel.states.people import PupilState


class NoSuchMovement(WrongState):
    """Nothing of that kind is recorded for that day."""


class MovementsNotInOrder(Refusal):
    """The right day lies beyond another movement of the pupil."""


class MovementCorrection(PupilCommand):
    """Base of the corrections: what moves between classes takes the teaching groups along."""

    reason: Reason

    def corrected(self, context: Context, state: PupilState, spells: Sequence[p.Spell]) -> Iterable[Event | Caused]:
        """Answer the correction of stays in classes, and of each group that began or ended with them."""
        old, new = spells_of(state.memberships.classes), joined(spells)
        if joined(old) == new:
            return
        reason = context.seal(self.pupil, self.reason, field="class-stays-corrected.reason")
        yield p.ClassStaysCorrected(old=old, new=new, reason=reason)
        days = segments(old, new)
        for group in sorted({stay.where for stay in state.memberships.groups}):
            formed = context.load(GroupState, group).formed
            if formed is None:
                continue
            own = self.in_group(state, group)
            after = following(own, group, formed.classes, days)
            yield from self.group_corrected(context, group, formed, own, after)

    def in_group(self, state: PupilState, group: str) -> tuple[p.Spell, ...]:
        """Answer the spells in a group, in order of time."""
        return spells_of(stay for stay in state.memberships.groups if stay.where == group)

    def group_corrected(
        self,
        context: Context,
        group: str,
        formed: TeachingGroupFormed,
        old: tuple[p.Spell, ...],
        new: tuple[p.Spell, ...],
    ) -> Iterable[Event | Caused]:
        """Answer the correction of a group, if there is any; an individual place goes with it."""
        if old == new:
            return
        had, has = (any(one.ends is None for one in spells) for spells in (old, new))
        if formed.kind == "individual" and had and not has:
            context.release(individual_key(group))
        if formed.kind == "individual" and has and not had:
            msg = f"{formed.name} teaches another pupil individually by now: correct that membership first"
            context.reserve(individual_key(group), self.pupil, otherwise=IndividualGroupIsTaken(msg, field="pupil"))
        reason = context.seal(self.pupil, self.reason, field="group-stays-corrected.reason")
        yield p.GroupStaysCorrected(group=group, old=old, new=new, reason=reason)


def _before(day: date, limit: date | None, field: str) -> None:
    if limit is not None and day >= limit:
        msg = f"{limit:%d.%m.%Y} is the pupil's next movement: choose a day before it, or correct that one first"
        raise MovementsNotInOrder(msg, field=field)


def _after(day: date, limit: date, field: str) -> None:
    if day <= limit:
        msg = f"{limit:%d.%m.%Y} is the pupil's movement before it: choose a later day, or correct that one first"
        raise MovementsNotInOrder(msg, field=field)


class CorrectEnrolment(MovementCorrection):
    """Correct the day or the class of an enrolment: the pupil was in this class from this day on (C8)."""

    name: ClassVar[str] = "correct-enrolment"
    class_id: Id
    enrolled_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day after the pupil went on to something else."""
        state = known.pupil(context, self.pupil)
        known.class_on_a_day(context, self.class_id, self.enrolled_on, "enrolled_on")
        spells = spells_of(state.memberships.classes)
        if not spells:
            raise NotInAClass("the pupil was never in a class: record the return into one", field="pupil")
        _before(self.enrolled_on, spells[0].ends, "enrolled_on")
        first = p.Spell(where=self.class_id, starts=self.enrolled_on, ends=spells[0].ends)
        context.rely(state.memberships.classes[0].ref)
        yield from self.corrected(context, state, (first, *spells[1:]))


class BeginningCorrection(MovementCorrection):
    """Base: the stay in a class that is on record as begun on a day began on another one, or in another class."""

    recorded_on: Day
    class_id: Id

    def begun(self, context: Context, day: date, field: str, *, follows: bool) -> Iterable[Event | Caused]:
        """Answer the correction; `follows`: the pupil came straight from another class."""
        state = known.pupil(context, self.pupil)
        spells = spells_of(state.memberships.classes)
        place = next((n for n, one in enumerate(spells) if n and one.starts == self.recorded_on), 0)
        before, one = spells[place - 1] if place else None, spells[place] if place else None
        if before is None or one is None or (before.ends == one.starts) != follows:
            noun = "transfer" if follows else "return"
            msg = f"no {noun} of this pupil is recorded for {self.recorded_on:%d.%m.%Y}: look the movement up first"
            raise NoSuchMovement(msg, field="recorded_on")
        known.class_on_a_day(context, self.class_id, day, field)
        _before(day, one.ends, field)
        _after(day, before.starts if follows else before.ends or before.starts, field)
        if follows:
            before = msgspec.structs.replace(before, ends=day)
        begun = p.Spell(where=self.class_id, starts=day, ends=one.ends)
        context.rely(*(stay.ref for stay in state.memberships.classes if stay.starts == self.recorded_on))
        yield from self.corrected(context, state, (*spells[: place - 1], before, begun, *spells[place + 1 :]))


class CorrectTransfer(BeginningCorrection):
    """Correct a transfer: the pupil was in this class from this day on, and until then in the one before (C8)."""

    name: ClassVar[str] = "correct-transfer"
    transferred_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day beyond the movements before and after."""
        yield from self.begun(context, self.transferred_on, "transferred_on", follows=True)


class CorrectReturn(BeginningCorrection):
    """Correct a return: the pupil was in this class again from this day on (C8)."""

    name: ClassVar[str] = "correct-return"
    returned_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day beyond the departure before and the movement after."""
        yield from self.begun(context, self.returned_on, "returned_on", follows=False)


class CorrectDeparture(MovementCorrection):
    """Correct the day of a departure: the pupil was in no class from this day on (C8)."""

    name: ClassVar[str] = "correct-departure"
    recorded_on: Day
    left_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day before the pupil came, or after the return."""
        state = known.pupil(context, self.pupil)
        spells = spells_of(state.memberships.classes)
        place = _departure(spells, self.recorded_on)
        one = spells[place]
        known.class_on_a_day(context, one.where, self.left_on, "left_on")
        _after(self.left_on, one.starts, "left_on")
        if place + 1 < len(spells):
            _before(self.left_on, spells[place + 1].starts, "left_on")
        ended = msgspec.structs.replace(one, ends=self.left_on)
        yield from self.corrected(context, state, (*spells[:place], ended, *spells[place + 1 :]))


def _departure(spells: Sequence[p.Spell], day: date) -> int:
    """Answer the place of the stay that ended with a departure; a transfer ends one too, but another begins then."""
    begun = {one.starts for one in spells}
    for place, one in enumerate(spells):
        if one.ends == day and day not in begun:
            return place
    msg = f"no departure of this pupil is recorded for {day:%d.%m.%Y}: look the movement up first"
    raise NoSuchMovement(msg, field="recorded_on")


class WithdrawMovement(MovementCorrection):
    """A transfer, return or departure that is on record for this day did not happen (C8)."""

    name: ClassVar[str] = "withdraw-movement"
    recorded_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day without a movement; an enrolment is corrected, or followed by a departure on its day."""
        state = known.pupil(context, self.pupil)
        spells = spells_of(state.memberships.classes)
        place = next((n for n, one in enumerate(spells) if n and one.starts == self.recorded_on), 0)
        if not place:
            yield from self.corrected(context, state, _stayed(spells, _departure(spells, self.recorded_on)))
            return
        one, before = spells[place], spells[place - 1]
        if before.ends == one.starts:
            before = msgspec.structs.replace(before, ends=one.ends)
        yield from self.corrected(context, state, (*spells[: place - 1], before, *spells[place + 1 :]))


def _stayed(spells: Sequence[p.Spell], place: int) -> Sequence[p.Spell]:
    """Answer the stays without the departure: the pupil was in the class until the next stay began."""
    ends = spells[place + 1].starts if place + 1 < len(spells) else None
    return (*spells[:place], msgspec.structs.replace(spells[place], ends=ends), *spells[place + 1 :])


class GroupStayCorrection(MovementCorrection):
    """Base of the corrections of one membership in a teaching group, named by the day it is on record to begin."""

    group: Id
    recorded_on: Day

    def others(self, spells: Sequence[p.Spell]) -> tuple[p.Spell, ...]:
        """Answer the other memberships in the group; raises NotInTheGroup when none begins that day."""
        others = tuple(one for one in spells if one.starts != self.recorded_on)
        if len(others) == len(spells):
            msg = f"no membership in this group is recorded from {self.recorded_on:%d.%m.%Y} on: check group and day"
            raise NotInTheGroup(msg, field="recorded_on")
        return others


class CorrectGroupStay(GroupStayCorrection):
    """Correct a membership in a teaching group: from `starts` (included) to `ends` (not included, none: still) (C8)."""

    name: ClassVar[str] = "correct-group-stay"
    starts: Day
    ends: Day | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse days on which the pupil was in no class of the group, and such as overlap another membership."""
        state = known.pupil(context, self.pupil)
        formed = known.group_formed(context, self.group)
        year = known.year(context, formed.year, "group")
        known.in_year(year, self.starts, "starts")
        if self.ends is not None:
            known.in_year(year, self.ends, "ends")
            if self.ends <= self.starts:
                msg = f"the membership ends before {self.starts:%d.%m.%Y} is over: correct one of the days"
                raise known.EndsBeforeItBegins(msg, field="ends")
        own = self.in_group(state, self.group)
        right = p.Spell(where=self.group, starts=self.starts, ends=self.ends)
        others = self.others(own)
        for one in others:
            if one.starts < (right.ends or FOREVER) and right.starts < (one.ends or FOREVER):
                msg = f"the pupil is in this group from {one.starts:%d.%m.%Y} on too: correct that membership as well"
                raise MovementsNotInOrder(msg, field="starts")
        self._check_class(state, formed, year.data.last_day or FOREVER)
        new = tuple(sorted((*others, right), key=lambda one: one.starts))
        yield from self.group_corrected(context, self.group, formed, own, joined(new))

    def _check_class(self, state: PupilState, formed: TeachingGroupFormed, last_day: date) -> None:
        """Raise NotOfTheseClasses for a day of the group's year without a class of it."""
        day = covered_until(state.memberships.classes, formed.classes, self.starts)
        if day is not None and day < min(self.ends or FOREVER, last_day):
            msg = f"{formed.name} is not for the pupil's class on {day:%d.%m.%Y}: choose other days, or another group"
            raise NotOfTheseClasses(msg, field="starts" if day == self.starts else "ends")


class WithdrawGroupStay(GroupStayCorrection):
    """The pupil was not in the teaching group at all in the membership that is on record from this day on (C8)."""

    name: ClassVar[str] = "withdraw-group-stay"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day on which no membership began."""
        state = known.pupil(context, self.pupil)
        formed = known.group_formed(context, self.group)
        own = self.in_group(state, self.group)
        yield from self.group_corrected(context, self.group, formed, own, self.others(own))
