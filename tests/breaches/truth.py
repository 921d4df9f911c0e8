"""What is void, who may act, what stands where: worked out from the plain list of stored events, the slow way.

Nothing here is shared with store, folds, states or `ejd.kernel.void`, `voiding`, `dependents`. What is void follows
from the *decisions* in the breaches' streams, their windows and the accounts' operations; the markers in the streams,
from which the product works, are not looked at, so that a wrong or missing marker shows as a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events.markers import EventsRestored, EventsVoided

PROTECTED = frozenset(
    {
        "events-voided/1",
        "events-restored/1",
        "account-locked/1",
        "account-suspended/1",
        "credentials-reset/1",
        "breach-settled/1",
        "token-revoked/1",
        "role-revoked/1",
        "breach-reported/1",
        "breach-notice-received/1",
        "breach-notice-confirmed/1",
        "breach-credentials-reset/1",
        "breach-window-narrowed/1",
        "breach-widening-proposed/1",
        "breach-window-widened/1",
        "invalidation-proposed/1",
        "events-invalidated/1",
        "operations-reaffirmed/1",
        "invalidation-revoked/1",
        "dependent-decided/1",
        "breach-closed/1",
    }
)
"""Written by hand from the design (§4): what protects the school is never void."""


class Happened(NamedTuple):
    """A stored event, and what it says."""

    meta: Recorded
    event: Event


Where = tuple[str, int]
"""Stream and version."""
Span = tuple[int, int, tuple[str, ...]]
"""From (included), to (not included), sessions (none: all)."""


def decoded(rows: Iterable[Recorded]) -> list[Happened]:
    """Answer what the rows say."""
    return [Happened(meta, CATALOGUE.decode(meta.name, meta.state)) for meta in rows]


@dataclass
class Breach:
    """One breach as its own events tell it."""

    account: str = ""
    received: dict[str, tuple[int, bool]] = field(default_factory=dict)
    reset_at: int | None = None
    chosen: Span | None = None
    proposed_by: b.Decider | None = None
    void: set[int] = field(default_factory=set)
    """Positions that it holds void."""
    reaffirmed: set[str] = field(default_factory=set)
    span: tuple[int, int] | None = None
    """From when to when anything was ever made void."""

    def window(self) -> Span | None:
        """From the later of the two receipts to the reset, unless another one was chosen (B3)."""
        if self.reset_at is None or {who for who, (_, sure) in self.received.items() if sure} != {"head", "support"}:
            return None
        return self.chosen or (max(at for at, _ in self.received.values()), self.reset_at, ())


@dataclass
class Access:
    """Who an account is and what it may; in the words of the reports of the tests."""

    locked: bool = False
    suspended: set[str] = field(default_factory=set)
    tokens: dict[str, int] = field(default_factory=dict)
    """Tokens that live, with their end."""
    ended: set[str] = field(default_factory=set)
    grants: dict[str, tuple[date, date | None]] = field(default_factory=dict)


class Truth:
    """All that follows from the events up to some position."""

    def __init__(self, happened: Sequence[Happened]) -> None:
        """Take in the events in order of position."""
        self.happened = happened
        self.breaches: dict[str, Breach] = defaultdict(Breach)
        self.own: dict[str, list[Happened]] = defaultdict(list)
        """Events by account."""
        for one in happened:
            if isinstance(one.event, b.BreachEvent):
                self._decide(self.breaches[one.meta.stream], one)
            self.own[one.meta.actor].append(one)
        self.void: set[int] = set().union(*(breach.void for breach in self.breaches.values()))

    def _decide(self, breach: Breach, one: Happened) -> None:
        match one.event:
            case b.BreachReported() as event:
                breach.account = event.account
            case b.NoticeReceived() as event:
                breach.received[event.receiver] = (event.received_at, event.confirmed)
            case b.NoticeConfirmed() as event:
                breach.received[event.receiver] = (event.received_at, True)
            case b.BreachCredentialsReset() as event:
                breach.reset_at = event.reset_at
            case b.WindowNarrowed() | b.WindowWidened() as event:
                breach.chosen = (event.starts, event.ends, event.sessions)
            case b.InvalidationProposed() as event:
                breach.proposed_by = event.by
            case _:
                self._hold(breach, one)

    def _hold(self, breach: Breach, one: Happened) -> None:
        match one.event:
            case b.EventsInvalidated():
                assert breach.proposed_by is not None, "nobody proposed it"
                assert one.meta.actor not in {breach.proposed_by.account, breach.account}, "these are not two people"
                assert breach.proposed_by.account != breach.account
                window = breach.window()
                assert window is not None, "there is no window yet"
                starts, ends = breach.span or window[:2]
                breach.span = (min(starts, window[0]), max(ends, window[1]))
                breach.void |= {
                    other.meta.position for other in self.own[breach.account] if _meant(other.meta, window, breach)
                }
            case b.OperationsReaffirmed() as event:
                breach.reaffirmed |= set(event.commands)
                breach.void -= {
                    other.meta.position for other in self.own[breach.account] if other.meta.command_id in event.commands
                }
            case b.InvalidationRevoked():
                breach.void, breach.reaffirmed = set(), set()
            case _:
                pass

    @cached_property
    def valid(self) -> list[tuple[Recorded, Event]]:
        """What counts, without markers."""
        return [
            (meta, event)
            for meta, event in self.happened
            if meta.position not in self.void and not isinstance(event, EventsVoided | EventsRestored)
        ]

    def access(self) -> dict[str, Access]:
        """Answer all accounts that were ever opened, by what is valid."""
        found: dict[str, Access] = defaultdict(Access)
        for meta, event in self.valid:
            _let_in(found[meta.stream], event)
            _shut_out(found[meta.stream], event)
        return {account: one for account, one in found.items() if account in self.accounts()}

    def accounts(self) -> set[str]:
        """Answer the streams of accounts."""
        return {meta.stream for meta, event in self.happened if isinstance(event, a.AccountOpened)}


def _meant(meta: Recorded, window: Span, breach: Breach) -> bool:
    starts, ends, sessions = window
    return (
        starts <= meta.recorded_at < ends
        and (not sessions or meta.session in sessions)
        and meta.name not in PROTECTED
        and meta.command_id not in breach.reaffirmed
    )


def _let_in(account: Access, event: Event) -> None:
    match event:
        case a.RoleGranted():
            account.grants[event.role] = (event.starts, event.ends)
        case a.RoleRevoked():
            account.grants.pop(event.role, None)
        case a.TokenIssued():
            if event.token not in account.ended:
                account.tokens[event.token] = event.expires_at
        case a.AccountUnlocked():
            account.locked = False
        case _:
            pass


def _shut_out(account: Access, event: Event) -> None:
    match event:
        case a.AccountLocked():
            account.locked = True
        case a.AccountSuspended():
            account.suspended.add(event.breach)
        case a.TokenRevoked():
            account.tokens.pop(event.token, None)
            account.ended.add(event.token)
        case a.CredentialsReset():
            account.suspended.discard(event.breach)
            account.ended |= set(account.tokens)
            account.tokens.clear()
        case _:
            pass


def told_by_markers(happened: Iterable[Happened]) -> dict[str, set[Where]]:
    """Answer what the markers say, breach by breach: it must be what the decisions say."""
    held: dict[str, set[Where]] = defaultdict(set)
    for meta, event in happened:
        if isinstance(event, EventsVoided):
            held[event.breach] |= {(meta.stream, version) for version in event.versions}
        elif isinstance(event, EventsRestored):
            held[event.breach] -= {(meta.stream, version) for version in event.versions}
    return {breach: some for breach, some in held.items() if some}


def told_by_decisions(truth: Truth) -> dict[str, set[Where]]:
    """Answer the same from the decisions."""
    at = {meta.position: (meta.stream, meta.version) for meta, _ in truth.happened}
    return {name: {at[position] for position in one.void} for name, one in truth.breaches.items() if one.void}


def acted_while_shut_out(happened: Iterable[Happened]) -> Iterator[Recorded]:
    """Answer events of accounts that were suspended by a breach, or whose token had ended: there must be none.

    Only what is never void counts here, in order of the log, so that it does not matter what became void later. What is
    written in the same transaction as the suspension is a decision of before.
    """
    suspended: dict[str, set[str]] = defaultdict(set)
    live: dict[str, set[str]] = defaultdict(set)
    ended: set[str] = set()
    transaction: tuple[str, str] | None = None
    waiting: list[Callable[[], None]] = []
    for meta, event in happened:
        now = (meta.actor, meta.batch_id or meta.command_id)
        if now != transaction:
            for change in waiting:
                change()
            waiting, transaction = [], now
        if suspended[meta.actor] or meta.session in ended:
            yield meta
        match event:
            case a.AccountSuspended():
                waiting.append(lambda on=meta.stream, by=event.breach: suspended[on].add(by))  # type: ignore[misc]
            case a.TokenIssued():
                live[meta.stream].add(event.token)
            case a.TokenRevoked():
                waiting.append(lambda token=event.token: ended.add(token))  # type: ignore[misc]
            case a.CredentialsReset():
                waiting.append(lambda on=meta.stream, by=event.breach: suspended[on].discard(by))  # type: ignore[misc]
                waiting.append(lambda some=frozenset(live[meta.stream]): ended.update(some))  # type: ignore[misc]
            case _:
                pass
