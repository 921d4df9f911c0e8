"""A breach of an account's credentials (п. 19-21): one stream each, and none of these events is ever void.

Times are microseconds since 1970 UTC; spans include their beginning and not their end.
"""

from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

Receiver = Literal["head", "support"]
"""As whom somebody received the notice: п. 21 names the head and technical support."""


class VoidedVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one stream that an invalidation makes void, or valid again."""

    stream: str
    versions: tuple[int, ...]


class Decider(msgspec.Struct, frozen=True, kw_only=True):
    """Who decided: two accounts of one person are one decider. A program's account is nobody's."""

    account: str
    person: str = ""


class BreachEvent(Event, frozen=True, kw_only=True):
    """Base of the events of a breach; never stored itself."""


class BreachReported(BreachEvent, frozen=True, kw_only=True):
    """An account is in wrong hands: when that was learned, what happened (B1); it is suspended with it."""

    stored_name: ClassVar[str] = "breach-reported/1"
    account: str
    person: str = ""
    learned_at: int
    reported_at: int
    what: Sealed


class NoticeReceived(BreachEvent, frozen=True, kw_only=True):
    """The head, or technical support, received the notice (B2); not confirmed: entered too late for one person."""

    stored_name: ClassVar[str] = "breach-notice-received/1"
    by: Decider
    receiver: Receiver
    received_at: int
    entered_at: int
    confirmed: bool = True


class NoticeConfirmed(BreachEvent, frozen=True, kw_only=True):
    """A second person confirms a time of receipt that was entered late."""

    stored_name: ClassVar[str] = "breach-notice-confirmed/1"
    receiver: Receiver
    received_at: int


class BreachCredentialsReset(BreachEvent, frozen=True, kw_only=True):
    """The account's credentials were reset: the window of the breach ends here (B3)."""

    stored_name: ClassVar[str] = "breach-credentials-reset/1"
    reset_at: int


class WindowNarrowed(BreachEvent, frozen=True, kw_only=True):
    """Only these operations of the window are meant: a later beginning, an earlier end, single sessions (B3)."""

    stored_name: ClassVar[str] = "breach-window-narrowed/1"
    starts: int
    ends: int
    sessions: tuple[str, ...] = ()
    reason: Sealed


class WideningProposed(BreachEvent, frozen=True, kw_only=True):
    """The account was in wrong hands earlier, or too much was left out; a second person must agree (B3)."""

    stored_name: ClassVar[str] = "breach-widening-proposed/1"
    by: Decider
    starts: int
    ends: int
    sessions: tuple[str, ...] = ()
    reason: Sealed


class WindowWidened(BreachEvent, frozen=True, kw_only=True):
    """A second person agreed to the wider window."""

    stored_name: ClassVar[str] = "breach-window-widened/1"
    starts: int
    ends: int
    sessions: tuple[str, ...] = ()


class InvalidationProposed(BreachEvent, frozen=True, kw_only=True):
    """Somebody has looked at the preview with this digest and proposes it."""

    stored_name: ClassVar[str] = "invalidation-proposed/1"
    by: Decider
    digest: str
    commands: int
    events: int
    streams: int


class EventsInvalidated(BreachEvent, frozen=True, kw_only=True):
    """A second person decided: these events are void (B5). Each stream has its own marker in the same transaction.

    `pupils` are those about whom something was void that parents may have seen (B8).
    """

    stored_name: ClassVar[str] = "events-invalidated/1"
    digest: str
    commands: tuple[str, ...]
    voided: tuple[VoidedVersions, ...]
    pupils: tuple[str, ...] = ()
    decided_at: int


class OperationsReaffirmed(BreachEvent, frozen=True, kw_only=True):
    """Single commands of the window were the true owner's after all: this breach holds their events no longer (B7)."""

    stored_name: ClassVar[str] = "operations-reaffirmed/1"
    commands: tuple[str, ...]
    restored: tuple[VoidedVersions, ...]
    reason: Sealed


class InvalidationRevoked(BreachEvent, frozen=True, kw_only=True):
    """False alarm: this breach holds nothing void any more (B7)."""

    stored_name: ClassVar[str] = "invalidation-revoked/1"
    restored: tuple[VoidedVersions, ...]
    reason: Sealed


class DependentDecided(BreachEvent, frozen=True, kw_only=True):
    """Somebody looked at an event that stood on what is void: it stays, or it was corrected (B6)."""

    stored_name: ClassVar[str] = "dependent-decided/1"
    stream: str
    version: int
    decision: Literal["kept", "corrected"]
    reason: Sealed


class BreachClosed(BreachEvent, frozen=True, kw_only=True):
    """Nothing more is to be decided."""

    stored_name: ClassVar[str] = "breach-closed/1"
    conclusion: Sealed
