"""Staff, pupils as they come, guardians. Names and contacts are sealed under each person's own key (F3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.command import Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import people as p
from ejd.kernel.ids import derived
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd.kernel.titles import Contacts, PersonName, to_text
from ejd_commands import known
from ejd_commands.fields import BirthDay, Contact, Day, Id, Name, Patronymic, PersonNamePart
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event

Relation = Literal["mother", "father", "grandparent", "sibling", "guardian", "other"]
"""How a guardian stands to the child; a closed list, so that nothing personal slips into clear text."""


QUALIFICATIONS_MAX = 50
"""Subjects of one person."""


class AlreadyEmployed(WrongState):
    """The staff member works at the school."""


class NotEmployed(WrongState):
    """The staff member does not work at the school."""


class AlreadyEnrolled(WrongState):
    """The pupil is known to the school."""


class NotTheGuardian(WrongState):
    """The guardian does not act for the pupil on that day."""


class NamedPerson(SetUpCommand):
    """Base of the commands that bring a person's name: family name, given name, patronymic."""

    family: PersonNamePart
    given: PersonNamePart
    middle: Patronymic = ""

    def sealed_name(self) -> str:
        """Answer the JSON text that is sealed."""
        return to_text(PersonName(family=self.family, given=self.given, middle=self.middle))


class EmployStaffMember(NamedPerson):
    """Somebody works at the school from a day on (C2), for the first time or again."""

    name: ClassVar[str] = "employ-staff-member"
    staff: Id | None = None
    position: Name
    employed_on: Day

    def stream(self, context: Context) -> str:
        """Answer the staff member's stream."""
        return self.staff or derived(context.command_id, "staff")

    def target(self, context: Context) -> Target:
        """Answer the staff member's stream."""
        stream = self.stream(context)
        return Target(stream, Scope(kind="staff", person=stream))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who has not left before that day."""
        stream = self.stream(context)
        terms = context.load(StaffState, stream).terms
        if terms and (terms[-1].ends is None or terms[-1].ends >= self.employed_on):
            msg = f"this staff member works here since {terms[-1].starts:%d.%m.%Y}: record the last day of work first"
            raise AlreadyEmployed(msg, field="staff")
        name = context.seal(stream, self.sealed_name(), field="staff-member-employed.name")
        yield p.StaffMemberEmployed(name=name, position=self.position, employed_on=self.employed_on)


class DismissStaffMember(SetUpCommand):
    """Record somebody's last day of work, or correct it."""

    name: ClassVar[str] = "dismiss-staff-member"
    staff: Id
    left_on: Day

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the staff member's stream."""
        return Target(self.staff, Scope(kind="staff", person=self.staff))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a day before the employment."""
        term = known.staff(context, self.staff).terms[-1]
        if self.left_on < term.starts:
            msg = f"this staff member works here since {term.starts:%d.%m.%Y}: choose that day or a later one"
            raise NotEmployed(msg, field="left_on")
        if term.ends != self.left_on:
            yield p.StaffMemberLeft(left_on=self.left_on)


class QualifyStaffMember(SetUpCommand):
    """Say which subjects somebody may teach, the whole list, and in which category (C2)."""

    name: ClassVar[str] = "qualify-staff-member"
    staff: Id
    subjects: Annotated[tuple[Id, ...], Field(max_length=QUALIFICATIONS_MAX)]
    category: p.Category = "none"

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the staff member's stream."""
        return Target(self.staff, Scope(kind="staff", person=self.staff))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a subject that is not there, or stands twice; the order in which they are named is kept."""
        state = known.staff(context, self.staff)
        known.only_once(self.subjects, "subjects")
        for index, subject in enumerate(self.subjects):
            known.subject(context, subject, f"subjects.{index}")
        event = p.StaffQualified(subjects=self.subjects, category=self.category)
        if state.qualified != event:
            yield event


class EnrolPupil(NamedPerson):
    """Enrol a child in a class from a day on (C8)."""

    name: ClassVar[str] = "enrol-pupil"
    pupil: Id | None = None
    birth_date: BirthDay | None = None
    class_id: Id
    enrolled_on: Day

    def stream(self, context: Context) -> str:
        """Answer the pupil's stream."""
        return self.pupil or derived(context.command_id, "pupil")

    def target(self, context: Context) -> Target:
        """Answer the pupil's stream."""
        stream = self.stream(context)
        return Target(stream, Scope(kind="pupil", person=stream))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a pupil who is known: transfer and return are facts of their own."""
        stream = self.stream(context)
        if context.load(PupilState, stream).enrolled:
            msg = "this pupil is known: use transfer-pupil, or record-return after a departure or in a new year"
            raise AlreadyEnrolled(msg, field="pupil")
        known.class_on_a_day(context, self.class_id, self.enrolled_on, "enrolled_on")
        name = context.seal(stream, self.sealed_name(), field="pupil-enrolled.name")
        born = None
        if self.birth_date is not None:
            born = context.seal(stream, self.birth_date.isoformat(), field="pupil-enrolled.birth_date")
        yield p.PupilEnrolled(name=name, birth_date=born, class_id=self.class_id, enrolled_on=self.enrolled_on)


class RegisterGuardian(NamedPerson):
    """Register a parent or other legal representative (п. 13b), or change name and contacts."""

    name: ClassVar[str] = "register-guardian"
    guardian: Id | None = None
    email: Contact = ""
    phone: Contact = ""

    def stream(self, context: Context) -> str:
        """Answer the guardian's stream."""
        return self.guardian or derived(context.command_id, "guardian")

    def target(self, context: Context) -> Target:
        """Answer the guardian's stream."""
        stream = self.stream(context)
        return Target(stream, Scope(kind="guardian", person=stream))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Record it each time: what is sealed cannot be compared."""
        stream = self.stream(context)
        context.load(GuardianState, stream)
        contacts = None
        if self.email or self.phone:
            text = to_text(Contacts(email=self.email, phone=self.phone))
            contacts = context.seal(stream, text, field="guardian-registered.contacts")
        name = context.seal(stream, self.sealed_name(), field="guardian-registered.name")
        yield p.GuardianRegistered(name=name, contacts=contacts)


class GuardianCommand(SetUpCommand):
    """Base of what is written to a registered guardian's stream."""

    guardian: Id
    pupil: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the guardian's stream."""
        return Target(self.guardian, Scope(kind="guardian", person=self.guardian))


class EstablishGuardianship(GuardianCommand):
    """The guardian acts for the pupil from a day on (F1)."""

    name: ClassVar[str] = "establish-guardianship"
    relation: Relation
    starts: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Record a new beginning or relation."""
        known.pupil(context, self.pupil)
        state = known.guardian(context, self.guardian)
        stay = state.acts_for(self.pupil, self.starts)
        same = stay is not None and (stay.starts, stay.ends) == (self.starts, None)
        if not same or state.relations.get(self.pupil) != self.relation:
            yield p.GuardianshipEstablished(pupil=self.pupil, relation=self.relation, starts=self.starts)


class EndGuardianship(GuardianCommand):
    """The guardian does not act for the pupil from a day on (F1)."""

    name: ClassVar[str] = "end-guardianship"
    ends: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse somebody who does not act for the pupil that day."""
        state = known.guardian(context, self.guardian)
        stays = [stay for stay in state.pupils if stay.where == self.pupil]
        if stays and stays[-1].ends == self.ends:
            return
        stay = state.acts_for(self.pupil, self.ends)
        if stay is None:
            msg = f"this guardian does not act for the pupil on {self.ends:%d.%m.%Y}: check the pupil and the day"
            raise NotTheGuardian(msg, field="pupil")
        context.rely(stay.ref)
        yield p.GuardianshipEnded(pupil=self.pupil, ends=self.ends)
