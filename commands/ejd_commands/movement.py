"""Movement of pupils (C8): transfer, departure, return; teaching groups and individual plans (C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import people as p
from ejd.kernel.states.people import stay_on
from ejd.kernel.states.teaching import GroupState
from ejd_commands import known
from ejd_commands.fields import Day, Id
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.states.people import PupilState, Stay

PLAN_JOURNALS_MAX = 100


class NotInAClass(WrongState):
    """The pupil is in no class on that day."""


class InAClassAlready(WrongState):
    """The pupil is in a class of that year on that day."""


class SameClass(Refusal):
    """A transfer leads to another class."""


class NotOfTheseClasses(Refusal):
    """The group is not for pupils of the class in which the pupil is on that day."""


class IndividualGroupIsTaken(Refusal):
    """A group for individual teaching has exactly one pupil."""

    status = 409


class NotInTheGroup(WrongState):
    """The pupil is not in the teaching group on that day."""


class NotAJournalOfTheClass(Refusal):
    """An individual plan lists journals of the pupil's own class."""


class NoIndividualPlan(WrongState):
    """The pupil follows the class's curriculum on that day."""


class PupilCommand(SetUpCommand):
    """Base of what is written to an enrolled pupil's stream."""

    pupil: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the pupil's stream."""
        return Target(self.pupil, Scope(kind="pupil", person=self.pupil))

    def in_class(self, state: PupilState, day: date, field: str) -> Stay:
        """Answer the stay in a class on a day; raises NotInAClass."""
        stay = state.memberships.class_on(day)
        if stay is None:
            msg = f"the pupil is in no class on {day:%d.%m.%Y}: choose another day, or record enrolment or return first"
            raise NotInAClass(msg, field=field)
        return stay


class TransferPupil(PupilCommand):
    """Transfer a pupil to another class of the same year from a day on (C8).

    Teaching groups that are not for the new class are left the same day.
    """

    name: ClassVar[str] = "transfer-pupil"
    class_id: Id
    transferred_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse the same class, another year, and somebody who is in no class that day."""
        state = known.pupil(context, self.pupil)
        day = self.transferred_on
        stay = self.in_class(state, day, "transferred_on")
        new = known.class_on_a_day(context, self.class_id, day, "transferred_on")
        if stay.where == self.class_id:
            if stay.starts == day:
                return
            msg = f"the pupil is in this class since {stay.starts:%d.%m.%Y}: choose another class"
            raise SameClass(msg, field="class_id")
        if known.class_formed(context, stay.where).year != new.year:
            msg = "the pupil's class is of another academic year: record the return into a class of this one"
            raise known.BelongsToAnotherYear(msg, field="class_id")
        context.rely(stay.ref)
        yield p.PupilTransferred(old_class=stay.where, new_class=self.class_id, transferred_on=day)
        yield from leave_groups(context, state, self.class_id, day)


def leave_groups(context: Context, state: PupilState, class_id: str, day: date) -> Iterable[p.GroupLeft]:
    """Answer the leaving of the groups that are not for the class in which the pupil is from a day on."""
    for group in dict.fromkeys(stay.where for stay in _groups_from(state, day)):
        formed = context.load(GroupState, group).formed
        if formed is not None and class_id not in formed.classes:
            _free_individual(context, _groups_from(state, day), group)
            yield p.GroupLeft(group=group, left_on=day)


def _groups_from(state: PupilState, day: date) -> list[Stay]:
    return [stay for stay in state.memberships.groups if stay.ends is None or stay.ends > day]


def _free_individual(context: Context, stays: Iterable[Stay], group: str = "") -> None:
    """Free the place in individual teaching; who has an end to the stay gave it up when that was recorded."""
    for stay in stays:
        formed = context.load(GroupState, stay.where).formed
        if stay.ends is None and group in {"", stay.where} and formed is not None and formed.kind == "individual":
            context.release(individual_key(stay.where))


def covered_until(stays: Iterable[Stay], classes: Collection[str], day: date) -> date | None:
    """Answer the first day from a day on without a stay in one of the classes; None: they have no end."""
    end: date | None = day
    for stay in sorted(stays, key=lambda stay: stay.starts):
        if end is not None and stay.where in classes and stay.starts <= end and (stay.ends is None or stay.ends > end):
            end = stay.ends
    return end


def individual_key(group: str) -> str:
    """Answer the unique key of the one place in individual teaching."""
    return f"individual/{group}"


class RecordDeparture(PupilCommand):
    """The pupil is in no class and no group from this day on (C8); what was planned from then on falls away."""

    name: ClassVar[str] = "record-departure"
    left_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who is in no class that day."""
        state = known.pupil(context, self.pupil)
        stays = state.memberships.classes
        if stays and stays[-1].ends == self.left_on:
            return
        context.rely(self.in_class(state, self.left_on, "left_on").ref)
        _free_individual(context, _groups_from(state, self.left_on))
        yield p.PupilLeft(left_on=self.left_on)


class RecordReturn(PupilCommand):
    """The pupil is in a class again: after a departure, or in a class of a new year (C8).

    Teaching groups that are not for this class, those of the year before too, are left the same day.
    """

    name: ClassVar[str] = "record-return"
    class_id: Id
    returned_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who is in a class of that year on that day."""
        state = known.pupil(context, self.pupil)
        new = known.class_on_a_day(context, self.class_id, self.returned_on, "returned_on")
        stay = state.memberships.class_on(self.returned_on)
        if stay is not None:
            if (stay.where, stay.starts) == (self.class_id, self.returned_on):
                return
            if known.class_formed(context, stay.where).year == new.year:
                msg = "the pupil is in a class of this year on that day: use transfer-pupil"
                raise InAClassAlready(msg, field="returned_on")
        yield p.PupilReturned(class_id=self.class_id, returned_on=self.returned_on)
        yield from leave_groups(context, state, self.class_id, self.returned_on)


class JoinGroup(PupilCommand):
    """The pupil is in a teaching group from a day on (C3), until a movement on record that leads out of its classes."""

    name: ClassVar[str] = "join-group"
    group: Id
    joined_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a pupil of other classes, and a second pupil for individual teaching."""
        state = known.pupil(context, self.pupil)
        formed = known.group_formed(context, self.group)
        known.in_year(known.year(context, formed.year, "group"), self.joined_on, "joined_on")
        if stay_on(state.memberships.groups, self.joined_on, self.group) is not None:
            return
        stay = self.in_class(state, self.joined_on, "joined_on")
        if stay.where not in formed.classes:
            msg = (
                f"{formed.name} is not for the pupil's class on {self.joined_on:%d.%m.%Y}: choose another group or day"
            )
            raise NotOfTheseClasses(msg, field="group")
        ends = covered_until(state.memberships.classes, formed.classes, self.joined_on)
        if formed.kind == "individual" and ends is None:
            msg = f"{formed.name} teaches another pupil individually: form a group of this pupil's own"
            taken = IndividualGroupIsTaken(msg, field="group")
            context.reserve(individual_key(self.group), self.pupil, otherwise=taken)
        context.rely(stay.ref)
        yield p.GroupJoined(group=self.group, joined_on=self.joined_on)
        if ends is not None:
            yield p.GroupLeft(group=self.group, left_on=ends)


class LeaveGroup(PupilCommand):
    """The pupil is not in the teaching group from a day on (C3)."""

    name: ClassVar[str] = "leave-group"
    group: Id
    left_on: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who is not in the group that day."""
        state = known.pupil(context, self.pupil)
        stays = [stay for stay in state.memberships.groups if stay.where == self.group]
        if stays and stays[-1].ends == self.left_on:
            return
        stay = stay_on(tuple(stays), self.left_on)
        if stay is None:
            msg = f"the pupil is not in this group on {self.left_on:%d.%m.%Y}: check the group and the day"
            raise NotInTheGroup(msg, field="group")
        context.rely(stay.ref)
        _free_individual(context, stays)
        yield p.GroupLeft(group=self.group, left_on=self.left_on)


class SetIndividualPlan(PupilCommand):
    """From a day on the pupil follows an individual curriculum: of the class's journals only these (C3)."""

    name: ClassVar[str] = "set-individual-plan"
    starts: Day
    class_journals: Annotated[tuple[Id, ...], Field(max_length=PLAN_JOURNALS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse journals that are not of the pupil's class."""
        known.only_once(self.class_journals, "class_journals")
        state = known.pupil(context, self.pupil)
        stay = self.in_class(state, self.starts, "starts")
        for index, journal in enumerate(self.class_journals):
            _, opened = known.journal(context, journal, f"class_journals.{index}")
            if opened.group != stay.where:
                msg = f"journal {opened.name} is not of the pupil's class: join its group, or leave it out of the plan"
                raise NotAJournalOfTheClass(msg, field=f"class_journals.{index}")
        if state.memberships.plans[-1:] != ((self.starts, self.class_journals),):
            context.rely(stay.ref)
            yield p.IndividualPlanSet(starts=self.starts, class_journals=self.class_journals)


class EndIndividualPlan(PupilCommand):
    """From a day on the pupil follows the class's curriculum again (C3)."""

    name: ClassVar[str] = "end-individual-plan"
    ends: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a pupil without a plan that day."""
        memberships = known.pupil(context, self.pupil).memberships
        if memberships.plans[-1:] == ((self.ends, None),):
            return
        if memberships.plan_on(self.ends) is None:
            msg = f"the pupil has no individual plan on {self.ends:%d.%m.%Y}: choose a day on which there is one"
            raise NoIndividualPlan(msg, field="ends")
        yield p.IndividualPlanEnded(ends=self.ends)
