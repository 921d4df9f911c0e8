"""Who agreed to what, refused it, or took it back (E5): one stream for each person whose data it is about."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

ConsentChannel = Literal["paper", "cabinet"]
"""A signed paper that the school registers, or the person's own account."""
Decision = Literal["given", "refused", "withdrawn"]
Whose = Literal["person", "recipient"]
Needs = Literal["consent", "no-refusal"]


class ConsentPurposeDefined(Event, frozen=True, kw_only=True):
    """A purpose for which the school asks, from a day on; one that ejd knows is replaced by its code.

    `whose` word counts: that about the person, or that of whoever gets the message about the own address. `needs`:
    consent, or only that nobody refused. `own_from_age`: from then on the pupil's own word is needed too.
    """

    stored_name: ClassVar[str] = "consent-purpose-defined/1"
    code: str
    name: str
    whose: Whose
    needs: Needs
    own_from_age: int
    starts: date


class ConsentEvent(Event, frozen=True, kw_only=True):
    """Base of what was said; never stored itself. `giver` is the person, or who acts for the pupil.

    `decided_on` is the date of the paper, or the day in the cabinet; `note` is sealed under the person's key.
    """

    person: str
    purpose: str
    giver: str
    decided_on: date
    channel: ConsentChannel
    note: Sealed | None = None


class ConsentGiven(ConsentEvent, frozen=True, kw_only=True):
    """Somebody agrees from a day on; `until` is the last day of the consent, None: until it is withdrawn."""

    stored_name: ClassVar[str] = "consent-given/1"
    until: date | None = None


class ConsentRefused(ConsentEvent, frozen=True, kw_only=True):
    """Somebody was asked and said no."""

    stored_name: ClassVar[str] = "consent-refused/1"


class ConsentWithdrawn(ConsentEvent, frozen=True, kw_only=True):
    """Somebody takes the own consent back from a day on (152-ФЗ, art. 9, part 2)."""

    stored_name: ClassVar[str] = "consent-withdrawn/1"


class ConsentWord(msgspec.Struct, frozen=True, kw_only=True):
    """What one event said, whole; an event that corrects it keeps the old one and the new one."""

    purpose: str
    giver: str
    decision: Decision
    decided_on: date
    until: date | None = None


class ConsentCorrected(Event, frozen=True, kw_only=True):
    """The event of `version` was registered wrongly: what it said, and what the paper says; the reason is sealed."""

    stored_name: ClassVar[str] = "consent-corrected/1"
    person: str
    version: int
    old: ConsentWord
    new: ConsentWord
    reason: Sealed


class ConsentStruck(Event, frozen=True, kw_only=True):
    """The event of `version` should not be there at all, such as a paper about another child; the reason is sealed."""

    stored_name: ClassVar[str] = "consent-struck/1"
    person: str
    version: int
    old: ConsentWord
    reason: Sealed
