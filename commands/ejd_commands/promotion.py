"""Pupils go on to the next year: promoted, promoted on terms, repeating, graduated (G7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.access import Access
from ejd.kernel.command import Elsewhere, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import people as p
from ejd.kernel.rights import Administers
from ejd.kernel.states.people import PupilState
from ejd_commands import known
from ejd_commands.fields import Day, Id, Part
from ejd_commands.known import SetUpCommand
from ejd_commands.movement import leave_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.events.journals import ClassFormed

PUPILS_MAX = 100
"""Of one class; the largest have some forty."""

Pupils = Annotated[tuple[Id, ...], Field(max_length=PUPILS_MAX)]


class NotTheNextYear(Refusal):
    """The new class is of a later year, and of the grade that follows."""


class NotOfThisClass(WrongState):
    """The pupil was not in the class on the last day of its year."""


class NobodyNamed(Refusal):
    """No pupil is named."""


class NoLaterClass(Refusal):
    """Pupils who go on need a class to go to."""


class RepeaterPart(Part):
    """A pupil who repeats the grade, and the class of the next year in which."""

    pupil: Id
    class_id: Id


class PromoteClass(SetUpCommand):
    """Let the pupils of a class go on to the next year (G7): each is named once, as the council of teachers decided.

    `promoted` and `conditional` (переведены условно) go into `new_class` on `on`, repeaters into a class of the old
    grade; `graduated` leave the school on `on`. The year of the old class may be closed already.
    """

    name: ClassVar[str] = "promote-class"
    access: ClassVar[Access] = Access("administer", "school", "promote pupils")
    class_id: Id
    on: Day
    new_class: Id | None = None
    promoted: Pupils = ()
    conditional: Pupils = ()
    repeaters: Annotated[tuple[RepeaterPart, ...], Field(max_length=PUPILS_MAX)] = ()
    graduated: Pupils = ()

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration promotes, on the decision of the council."""
        return Administers("promote pupils")

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the stream of the first pupil; the others are written beside it."""
        first = next(self._named(), None)
        if first is None:
            raise NobodyNamed("no pupil is named: say who is promoted, who repeats, who graduates", field="promoted")
        return Target(first[1], Scope(kind="pupil", person=first[1]))

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse pupils of other classes, and classes of another grade; who has gone on already stays there."""
        old = known.class_formed(context, self.class_id)
        last = known.year(context, old.year, "class_id").data.last_day
        known.only_once((pupil for _, pupil, _, _ in self._named()), "promoted")
        for terms, pupil, class_id, field in self._named():
            state = known.pupil(context, pupil, field)
            stay = None if last is None else state.memberships.class_on(last)
            if last is None or stay is None or stay.where != self.class_id:
                msg = f"pupil {pupil} was not in {old.name} on the last day of its year: name only pupils of the class"
                raise NotOfThisClass(msg, field=field)
            refs = (stay.ref,)
            for event in self._one(context, state, old, last, (terms, pupil, class_id, field)):
                yield Elsewhere(event, pupil, refs=refs)

    def _named(
        self,
    ) -> Iterator[tuple[Literal["promoted", "conditional", "repeats", "graduated"], str, str | None, str]]:
        """Answer how each pupil goes on, who it is, into which class, and the field that says so."""
        for index, pupil in enumerate(self.promoted):
            yield "promoted", pupil, self.new_class, f"promoted.{index}"
        for index, pupil in enumerate(self.conditional):
            yield "conditional", pupil, self.new_class, f"conditional.{index}"
        for index, one in enumerate(self.repeaters):
            yield "repeats", one.pupil, one.class_id, f"repeaters.{index}"
        for index, pupil in enumerate(self.graduated):
            yield "graduated", pupil, None, f"graduated.{index}"

    def _one(
        self,
        context: Context,
        state: PupilState,
        old: ClassFormed,
        last: date,
        how: tuple[Literal["promoted", "conditional", "repeats", "graduated"], str, str | None, str],
    ) -> Iterator[p.PupilPromoted | p.PupilReturned | p.PupilLeft | p.GroupLeft]:
        terms, _, class_id, field = how
        if self.on <= last:
            msg = f"the year of {old.name} ends on {last:%d.%m.%Y}: pupils go on after that day"
            raise NotTheNextYear(msg, field="on")
        then = state.memberships.class_on(self.on)
        if terms == "graduated":
            if then is not None:
                yield p.PupilPromoted(old_class=self.class_id, new_class="", terms=terms, starts=self.on)
                yield p.PupilLeft(left_on=self.on)
            return
        if class_id is None:
            raise NoLaterClass("name the class of the next year that these pupils go to", field="new_class")
        new = known.class_on_a_day(context, class_id, self.on, "on")
        grade = old.grade if terms == "repeats" else old.grade + 1
        if new.year == old.year or new.grade != grade:
            msg = f"{new.name} is no class of grade {grade} of a later year: choose the class that follows {old.name}"
            raise NotTheNextYear(msg, field="new_class" if terms != "repeats" else field)
        if then is None or then.where != class_id:
            yield p.PupilPromoted(old_class=self.class_id, new_class=class_id, terms=terms, starts=self.on)
            yield p.PupilReturned(class_id=class_id, returned_on=self.on)
            yield from leave_groups(context, state, class_id, self.on)
