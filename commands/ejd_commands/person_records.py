"""Correcting what is known of a person, and linking other programs' ids with what the school has (C9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ejd.kernel.command import Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import people as p
from ejd.kernel.states.links import LinkState
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd_commands import known
from ejd_commands.fields import BirthDay, Code, Id
from ejd_commands.known import SetUpCommand
from ejd_commands.people import NamedPerson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event


class LinkedElsewhere(WrongState):
    """The other program's id means another thing of the school already."""


class NothingToLink(WrongState):
    """There is nothing of that kind under this id."""


class CorrectPersonName(NamedPerson):
    """Correct the name of a pupil, staff member or guardian, or record a new one; the old one stays in the history."""

    name: ClassVar[str] = "correct-person-name"
    kind: Literal["pupil", "staff", "guardian"]
    person: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the person's stream."""
        return Target(self.person, Scope(kind=self.kind, person=self.person))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Record it each time: what is sealed cannot be compared."""
        person: PupilState | StaffState | GuardianState
        match self.kind:
            case "pupil":
                person = known.pupil(context, self.person, "person")
            case "staff":
                person = known.staff(context, self.person, "person")
            case _:
                person = known.guardian(context, self.person, "person")
        name = context.seal(self.person, self.sealed_name(), field="person-name-corrected.name")
        yield p.PersonNameCorrected(name=name, replaces=person.name_version)


class CorrectBirthDate(SetUpCommand):
    """Correct a pupil's birth date, or add one that was missing."""

    name: ClassVar[str] = "correct-birth-date"
    pupil: Id
    birth_date: BirthDay

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the pupil's stream."""
        return Target(self.pupil, Scope(kind="pupil", person=self.pupil))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Record it each time: what is sealed cannot be compared."""
        replaces = known.pupil(context, self.pupil).birth_version
        born = context.seal(self.pupil, self.birth_date.isoformat(), field="birth-date-corrected.birth_date")
        yield p.BirthDateCorrected(birth_date=born, replaces=replaces)


class LinkExternalId(SetUpCommand):
    """Say that an id of another program means this thing of the school, so that its next file finds it (C9)."""

    name: ClassVar[str] = "link-external-id"
    kind: Literal["pupil", "staff", "guardian", "subject", "class", "group", "journal"]
    thing: Id
    source: Code
    external: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the thing's stream; it exists, so that its entry in the directory is not read."""
        return Target(self.thing, Scope(kind=self.kind))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse an id that means something else."""
        context.load(LinkState, self.thing)
        if not context.heads([self.thing])[self.thing]:
            msg = f"there is no {self.kind} {self.thing}: link the id with something that is there"
            raise NothingToLink(msg, field="thing")
        if self.external in context.load(LinkState, self.thing).externals:
            return
        msg = "this id of the other program means something else here: take that link away first"
        context.reserve(f"external/{self.external}", self.thing, otherwise=LinkedElsewhere(msg, field="external"))
        yield p.ExternalIdLinked(source=self.source, external=self.external)
