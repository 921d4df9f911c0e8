"""What a breach makes void: whole commands of one account in a window, never what protects the school (п. 21)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ejd.kernel.command import Refusal
from ejd.kernel.events import CATALOGUE, accounts, breaches, credentials, erasures, factors, imports
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.void import MARKER_NAMES

if TYPE_CHECKING:
    from ejd.kernel.envelope import Recorded
    from ejd.kernel.event import Event
    from ejd.kernel.states.breaches import BreachState, Window

EVENTS_MAX = 200_000
"""Events of one invalidation; an account that wrote a mark every three seconds for a week has fewer."""
STREAMS_MAX = 50_000
"""Streams, issued tokens and codes of one invalidation: each stream gets its marker, each token ends, at once."""

_PROTECTING = (
    accounts.AccountLocked,
    accounts.AccountSuspended,
    accounts.CredentialsReset,
    accounts.BreachSettled,
    accounts.TokenRevoked,
    accounts.RoleRevoked,
    credentials.CodeUsed,
    credentials.CodeRevoked,
    factors.FactorRemoved,
    factors.RecoveryCodeUsed,
    imports.ImportUndone,
    erasures.ErasureApproved,
    erasures.KeyDestroyed,
)
NEVER_VOID = (
    MARKER_NAMES
    | {one.stored_name for one in _PROTECTING}
    | {one.stored_name for one in CATALOGUE.events.values() if issubclass(one, breaches.BreachEvent)}
)
"""Stored names of what protects: decisions in breaches, markers, locks, revocations, resets (design §4).

What says that an import is undone stays too: it explains the markers that it brought, which are never void; and what
says that a key is destroyed, because it is.
"""

ABOUT_PUPILS = frozenset(
    one.stored_name
    for one in (
        e.MarkRecorded,
        e.MarkCorrected,
        e.MarkWithdrawn,
        e.RollTaken,
        e.AttendanceCorrected,
        e.RecommendationGiven,
        f.FinalMarkDecided,
        f.FinalMarkCorrected,
        f.FinalMarkWithdrawn,
    )
)
"""Stored names of what parents see of a single pupil."""


class TooMuchAtOnce(Refusal):
    """The window holds more than one invalidation may."""


class IssuedToken(NamedTuple):
    """A token that an account issued: to whose account, and its id."""

    account: str
    token: str


class IssuedCode(NamedTuple):
    """A one-time code that an account issued: for whose account, and its id."""

    account: str
    code: str


@dataclass
class Affected:
    """What a window holds: commands in their order, versions by stream, pupils concerned, tokens and codes issued."""

    commands: dict[str, None] = field(default_factory=dict)
    voided: dict[str, list[int]] = field(default_factory=dict)
    events: int = 0
    pupils: set[str] = field(default_factory=set)
    tokens: list[IssuedToken] = field(default_factory=list)
    codes: list[IssuedCode] = field(default_factory=list)

    def as_versions(self) -> tuple[breaches.VoidedVersions, ...]:
        """Answer the events as they are stored, by stream."""
        return tuple(
            breaches.VoidedVersions(stream=stream, versions=tuple(versions))
            for stream, versions in sorted(self.voided.items())
        )


def pupils_of(event: Event) -> tuple[str, ...]:
    """Answer whom an event about single pupils is about."""
    match event:
        case e.RollTaken():
            return tuple(absence.pupil for absence in event.absences)
        case (
            e.MarkRecorded()
            | e.MarkCorrected()
            | e.MarkWithdrawn()
            | e.AttendanceCorrected()
            | e.RecommendationGiven()
            | f.FinalMarkEvent()
        ):
            return (event.pupil,)
        case _:
            return ()


def affected(operations: Iterable[Recorded], window: Window, breach: BreachState) -> Affected:
    """Answer what is void if the window is invalidated: whole commands, but those reaffirmed before.

    What this breach holds void already is left out; what another one holds is not: breaches are independent.
    Raises TooMuchAtOnce above EVENTS_MAX or STREAMS_MAX.
    """
    found = Affected()
    for meta in operations:
        if meta.name in NEVER_VOID or meta.command_id in breach.reaffirmed:
            continue
        if window.sessions and meta.session not in window.sessions:
            continue
        if meta.version in breach.held.get(meta.stream, ()):
            continue
        found.commands[meta.command_id] = None
        found.voided.setdefault(meta.stream, []).append(meta.version)
        found.events += 1
        if meta.name in ABOUT_PUPILS:
            found.pupils.update(pupils_of(CATALOGUE.decode(meta.name, meta.state)))
        elif meta.name == accounts.TokenIssued.stored_name:
            issued = msgspec.json.decode(meta.state, type=accounts.TokenIssued)
            found.tokens.append(IssuedToken(meta.stream, issued.token))
        elif meta.name == credentials.CodeIssued.stored_name:
            code = msgspec.json.decode(meta.state, type=credentials.CodeIssued)
            found.codes.append(IssuedCode(meta.stream, code.code))
        ended = len(found.tokens) + len(found.codes)
        if found.events > EVENTS_MAX or len(found.voided) + ended > STREAMS_MAX:
            msg = (
                f"the window holds more than {EVENTS_MAX} events, or {STREAMS_MAX} streams and issued tokens: "
                "narrow it, or invalidate session by session"
            )
            raise TooMuchAtOnce(msg)
    return found


def digest_of(breach: str, window: Window, found: Affected, heads: Mapping[str, int]) -> str:
    """Answer the SHA-256 that a preview carries: it changes when the events, the window or an affected stream do."""
    content = (
        breach,
        window,
        [(stream, versions, heads[stream]) for stream, versions in sorted(found.voided.items())],
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
