"""People: staff, pupils with membership by date, guardians. Names and contacts are sealed from the first event."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

Category = Literal["none", "suitable", "first", "highest"]
"""What the attestation found (order of the Ministry of Education 196 of 24.03.2023): nothing yet, suitable for the
post, first or highest category."""


class StaffMemberEmployed(Event, frozen=True, kw_only=True):
    """Somebody works at the school from a day on; `name` seals a `PersonName` as JSON."""

    stored_name: ClassVar[str] = "staff-member-employed/1"
    name: Sealed
    position: str
    employed_on: date


class StaffMemberLeft(Event, frozen=True, kw_only=True):
    """The last day of work."""

    stored_name: ClassVar[str] = "staff-member-left/1"
    left_on: date


class StaffPositionChanged(Event, frozen=True, kw_only=True):
    """From this day on somebody holds another position; what was said for this day or a later one counts no more."""

    stored_name: ClassVar[str] = "staff-position-changed/1"
    position: str
    starts: date


class PositionFrom(msgspec.Struct, frozen=True, kw_only=True):
    """A position with the day from which it is held, until the next one."""

    position: str
    starts: date


class StaffPositionsCorrected(Event, frozen=True, kw_only=True):
    """Positions were recorded wrongly: all of them as they were recorded, and as they are."""

    stored_name: ClassVar[str] = "staff-positions-corrected/1"
    old: tuple[PositionFrom, ...]
    new: tuple[PositionFrom, ...]
    reason: Sealed


class StaffQualified(Event, frozen=True, kw_only=True):
    """Everything that the staff member is qualified to teach (C2), whole; no subjects: nothing, or no longer."""

    stored_name: ClassVar[str] = "staff-qualified/1"
    subjects: tuple[str, ...]
    category: Category = "none"


class PupilEnrolled(Event, frozen=True, kw_only=True):
    """A pupil is in a class from a day on; the stream is the pupil's."""

    stored_name: ClassVar[str] = "pupil-enrolled/1"
    name: Sealed
    birth_date: Sealed | None = None
    class_id: str
    enrolled_on: date


class PupilTransferred(Event, frozen=True, kw_only=True):
    """From this day on the pupil is in another class; memberships in groups are separate."""

    stored_name: ClassVar[str] = "pupil-transferred/1"
    old_class: str
    new_class: str
    transferred_on: date


class PupilLeft(Event, frozen=True, kw_only=True):
    """The pupil is in no class and no group from this day on."""

    stored_name: ClassVar[str] = "pupil-left/1"
    left_on: date


class PupilReturned(Event, frozen=True, kw_only=True):
    """The pupil is in a class again from this day on."""

    stored_name: ClassVar[str] = "pupil-returned/1"
    class_id: str
    returned_on: date


class GroupJoined(Event, frozen=True, kw_only=True):
    """The pupil is in a teaching group from this day on."""

    stored_name: ClassVar[str] = "group-joined/1"
    group: str
    joined_on: date


class GroupLeft(Event, frozen=True, kw_only=True):
    """The pupil is not in the teaching group from this day on."""

    stored_name: ClassVar[str] = "group-left/1"
    group: str
    left_on: date


class PupilPromoted(Event, frozen=True, kw_only=True):
    """How the pupil goes on after a year, as the council of teachers decided (G7); the stay is an event of its own.

    `conditional`: promoted with a subject to be made up; `repeats`: the same grade again; `graduated`: leaves the
    school, `new_class` is "" then.
    """

    stored_name: ClassVar[str] = "pupil-promoted/1"
    old_class: str
    new_class: str
    terms: Literal["promoted", "conditional", "repeats", "graduated"]
    starts: date


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """In a class or group from `starts` (included) to `ends` (not included, None: still)."""

    where: str
    starts: date
    ends: date | None = None


class ClassStaysCorrected(Event, frozen=True, kw_only=True):
    """A movement between classes was recorded wrongly (C8): all stays in classes as they were recorded and as they are.

    Nothing of what was entered in journals changes its place; whoever asks who was where on a day gets `new`.
    """

    stored_name: ClassVar[str] = "class-stays-corrected/1"
    old: tuple[Spell, ...]
    new: tuple[Spell, ...]
    reason: Sealed


class GroupStaysCorrected(Event, frozen=True, kw_only=True):
    """Membership in one teaching group was recorded wrongly (C8): all stays in it as recorded, and as they are."""

    stored_name: ClassVar[str] = "group-stays-corrected/1"
    group: str
    old: tuple[Spell, ...]
    new: tuple[Spell, ...]
    reason: Sealed


class IndividualPlanSet(Event, frozen=True, kw_only=True):
    """From a day on the pupil follows an individual curriculum: in class journals only of the listed ones."""

    stored_name: ClassVar[str] = "individual-plan-set/1"
    starts: date
    class_journals: tuple[str, ...]


class IndividualPlanEnded(Event, frozen=True, kw_only=True):
    """From a day on the pupil follows the class's curriculum again."""

    stored_name: ClassVar[str] = "individual-plan-ended/1"
    ends: date


class GuardianRegistered(Event, frozen=True, kw_only=True):
    """A parent or other legal representative; `contacts` seals e-mail and telephone as JSON."""

    stored_name: ClassVar[str] = "guardian-registered/1"
    name: Sealed
    contacts: Sealed | None = None


class GuardianshipEstablished(Event, frozen=True, kw_only=True):
    """The guardian acts for the pupil from a day on."""

    stored_name: ClassVar[str] = "guardianship-established/1"
    pupil: str
    relation: str
    starts: date


class GuardianshipEnded(Event, frozen=True, kw_only=True):
    """The guardian does not act for the pupil from this day on."""

    stored_name: ClassVar[str] = "guardianship-ended/1"
    pupil: str
    ends: date


class PersonNameCorrected(Event, frozen=True, kw_only=True):
    """The name of a pupil, staff member or guardian is another one; `replaces` is the version that said the old one.

    Both stay sealed in this stream, the old one where it was.
    """

    stored_name: ClassVar[str] = "person-name-corrected/1"
    name: Sealed
    replaces: int


class BirthDateCorrected(Event, frozen=True, kw_only=True):
    """A pupil's birth date was missing or wrong; `replaces` is the version that said the old one, 0: none did."""

    stored_name: ClassVar[str] = "birth-date-corrected/1"
    birth_date: Sealed
    replaces: int


class ExternalIdLinked(Event, frozen=True, kw_only=True):
    """Another program's id means this thing of the school (a person, class, subject …).

    `external` is derived from that id under a key of the school, so that nothing can be guessed from it; `source` is
    the code of the program's files.
    """

    stored_name: ClassVar[str] = "external-id-linked/1"
    source: str
    external: str
