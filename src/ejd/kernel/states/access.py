"""States of accounts and acknowledgements."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.events import accounts as a
from ejd.kernel.events import acknowledgements as k

if TYPE_CHECKING:
    from ejd.kernel.event import Event


class Grant(NamedTuple):
    """A role by date, days included."""

    role: a.Role
    starts: date
    ends: date | None
    ref: Ref


class Token(NamedTuple):
    """A bearer token's digest (hex SHA-256 of its secret), client program and end (microseconds since 1970 UTC)."""

    digest: str
    client: str
    expires_at: int


class AccountState(State):
    """An account with roles and tokens.

    `ended_tokens` ended in any way, by a reset too; `revoked_tokens` by name, and stay so when their issue is void.
    """

    kind: ClassVar[str] = "account"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not opened."""
        super().__init__()
        self.opened: a.AccountOpened | None = None
        self.grants: tuple[Grant, ...] = ()
        self.tokens: dict[str, Token] = {}
        self.ended_tokens: set[str] = set()
        self.revoked_tokens: set[str] = set()
        self.closed_by_hand = False
        self.suspended: set[str] = set()
        self.breaches: set[str] = set()

    @property
    def locked(self) -> bool:
        """Whether it can do nothing: locked by hand, or a breach is reported and its credentials are not reset."""
        return self.closed_by_hand or bool(self.suspended)

    def evolve(self, event: Event, ref: Ref) -> None:
        """A lock stays until it is lifted, whatever else happens; a token that ended never comes back."""
        match event:
            case a.AccountOpened():
                self.opened = event
            case a.RoleGranted():
                kept = tuple(grant for grant in self.grants if grant.role != event.role)
                self.grants = (*kept, Grant(event.role, event.starts, event.ends, ref))
            case a.RoleRevoked():
                self.grants = tuple(grant for grant in self.grants if grant.role != event.role)
            case a.TokenIssued():
                if event.token not in self.ended_tokens:
                    self.tokens[event.token] = Token(event.digest, event.client, event.expires_at)
            case a.TokenRevoked():
                self.revoked_tokens.add(event.token)
                self._end([event.token])
            case a.AccountLocked():
                self.closed_by_hand = True
            case a.AccountUnlocked():
                self.closed_by_hand = False
            case _:
                self._breach(event)

    def _breach(self, event: Event) -> None:
        match event:
            case a.AccountSuspended():
                self.suspended.add(event.breach)
                self.breaches.add(event.breach)
            case a.CredentialsReset():
                self.suspended.discard(event.breach)
                self._end(list(self.tokens))
            case a.BreachSettled():
                self.breaches.discard(event.breach)
            case _:
                pass

    def _end(self, tokens: list[str]) -> None:
        for token in tokens:
            self.tokens.pop(token, None)
        self.ended_tokens.update(tokens)

    def grant(self, role: a.Role, day: date) -> Grant | None:
        """Answer the grant of a role that covers a date."""
        for grant in self.grants:
            if grant.role == role and grant.starts <= day and (grant.ends is None or day <= grant.ends):
                return grant
        return None


class AcknowledgementsState(State):
    """What a guardian acknowledged for a pupil."""

    kind: ClassVar[str] = "acknowledgements"

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.weeks: dict[date, int] = {}
        self.periods: dict[tuple[str, str], int] = {}
        self.recommendations: set[Ref] = set()

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """The newest position seen counts."""
        match event:
            case k.DiaryAcknowledged():
                self.weeks[event.week] = event.seen_position
            case k.PeriodMarksAcknowledged():
                self.periods[event.year, event.period] = event.seen_position
            case k.RecommendationAcknowledged():
                self.recommendations.add(Ref(event.lesson, event.version))
            case _:
                pass
