"""Erasures of persons (152-ФЗ ст. 21): asked for, checked against what must be kept, approved, the key destroyed."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

PersonKind = Literal["pupil", "staff", "guardian"]
Ground = Literal["purpose-reached", "consent-withdrawn", "unlawful", "court"]
"""Why: the purpose of processing is reached (ст. 21 ч. 4), the consent is withdrawn (ч. 5), the data was processed
unlawfully (ч. 3), a court or the regulator has decided."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must be kept of the person: until a day (None: while the relation lasts), by which norm.

    `here`: by this service, so that the key must stay until then.
    """

    code: str
    until: date | None = None
    source: str
    here: bool = True


class ErasureRequested(Event, frozen=True, kw_only=True):
    """An account asks to erase a person; `kept` is what had to be kept on that day. The reason goes with the key."""

    stored_name: ClassVar[str] = "erasure-requested/1"
    account: str
    person: str
    kind: PersonKind
    ground: Ground
    kept: tuple[Kept, ...] = ()
    reason: Sealed


class ErasureRejected(Event, frozen=True, kw_only=True):
    """The person's data stays, for a reason."""

    stored_name: ClassVar[str] = "erasure-rejected/1"
    reason: Sealed


class ErasureApproved(Event, frozen=True, kw_only=True):
    """The head has decided, as a second person: the key is destroyed next. Full values: it stands by itself.

    `kept` is what stays in spite of it without the name, or by the ground is no longer kept with it.
    """

    stored_name: ClassVar[str] = "erasure-approved/1"
    person: str
    kind: PersonKind
    ground: Ground
    kept: tuple[Kept, ...] = ()


class KeyDestroyed(Event, frozen=True, kw_only=True):
    """Nothing that was sealed for the person can be read any more, by nobody; rows are folded again without it.

    `replayed`: a restored backup did not know of the erasure, the erasure ledger did.
    """

    stored_name: ClassVar[str] = "key-destroyed/1"
    person: str
    replayed: bool = False
