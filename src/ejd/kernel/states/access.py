"""States of accounts and acknowledgements."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.access import Held
from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.events import accounts as a
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import credentials as c
from ejd.kernel.events import factors as f

if TYPE_CHECKING:
    from ejd.kernel.event import Event


class Grant(NamedTuple):
    """A role by date, days included, in the whole school unless a scope is named."""

    role: a.Role
    starts: date
    ends: date | None
    ref: Ref
    scope: a.GrantScope | None = None

    def covers(self, day: date) -> bool:
        """Say whether it counts on a day."""
        return self.starts <= day and (self.ends is None or day <= self.ends)


class Token(NamedTuple):
    """A bearer token's digest (hex SHA-256 of its secret), client program and end (microseconds since 1970 UTC)."""

    digest: str
    client: str
    expires_at: int
    scopes: tuple[a.TokenScope, ...] = a.ALL_SCOPES


class Password(NamedTuple):
    """The credential under which the hash is kept, and the one-time code that it goes back to."""

    credential: str
    code: str


class AccountState(State):
    """An account with roles, tokens, password and one-time codes.

    `ended_tokens` ended in any way, by a reset too; `revoked_tokens` by name, and stay so when their issue is void.
    `generation` is the version of the last event that ended the sessions: one of another generation is none.
    `codes` are those that may be used, with their ends; `starting_over` those after which the second factors are gone.
    `factors` are the second factors by id, `recovery_codes` those that may be used.
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
        self.password: Password | None = None
        self.codes: dict[str, int] = {}
        self.ended_codes: set[str] = set()
        self.starting_over: set[str] = set()
        self.factors: dict[str, f.FactorKind] = {}
        self.recovery_codes: set[str] = set()
        self.generation = 0
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
                kept = tuple(grant for grant in self.grants if (grant.role, grant.scope) != (event.role, event.scope))
                self.grants = (*kept, Grant(event.role, event.starts, event.ends, ref, event.scope))
            case a.RoleRevoked():
                self.grants = tuple(
                    grant for grant in self.grants if (grant.role, grant.scope) != (event.role, event.scope)
                )
                self.generation = ref.version
            case a.TokenIssued() | a.TokenEndSet() | a.TokenRevoked():
                self._token(event)
            case a.AccountLocked():
                self.closed_by_hand = True
                self.generation = ref.version
            case a.AccountUnlocked():
                self.closed_by_hand = False
            case c.CodeIssued() | c.CodeUsed() | c.CodeRevoked() | c.PasswordSet():
                self._credential(event, ref)
            case _:
                self._breach(event, ref)

    def _token(self, event: Event) -> None:
        match event:
            case a.TokenIssued():
                if event.token not in self.ended_tokens:
                    self.tokens[event.token] = Token(event.digest, event.client, event.expires_at, event.scopes)
            case a.TokenEndSet():
                if event.token in self.tokens:
                    self.tokens[event.token] = self.tokens[event.token]._replace(expires_at=event.expires_at)
            case a.TokenRevoked():
                self.revoked_tokens.add(event.token)
                self._end([event.token])
            case _:
                pass

    def _credential(self, event: Event, ref: Ref) -> None:
        match event:
            case c.CodeIssued():
                self.ended_codes.update(self.codes)
                self.codes = {} if event.code in self.ended_codes else {event.code: event.expires_at}
                if event.starts_over:
                    self.starting_over.add(event.code)
            case c.CodeUsed():
                self._end_code(event.code)
                if event.code in self.starting_over:
                    self._forget_factors()
                self.generation = ref.version
            case c.CodeRevoked():
                self._end_code(event.code)
                if self.stands_on(event.code):
                    self.password = None
                    self.generation = ref.version
            case c.PasswordSet():
                self.password = Password(event.credential, event.code)
                self.generation = ref.version
            case _:
                pass

    def _factor(self, event: Event, ref: Ref) -> None:
        match event:
            case f.FactorAdded():
                self.factors[event.factor] = event.kind
                self.generation = ref.version
            case f.FactorRemoved():
                self.factors.pop(event.factor, None)
                self.generation = ref.version
            case f.RecoveryCodesMade():
                self.recovery_codes = set(event.codes)
            case f.RecoveryCodeUsed():
                self.recovery_codes.discard(event.code)
            case _:
                pass

    def _forget_factors(self) -> None:
        self.factors.clear()
        self.recovery_codes.clear()

    def _breach(self, event: Event, ref: Ref) -> None:
        match event:
            case a.AccountSuspended():
                self.suspended.add(event.breach)
                self.breaches.add(event.breach)
                self.generation = ref.version
            case a.CredentialsReset():
                self.suspended.discard(event.breach)
                self._end(list(self.tokens))
                self.ended_codes.update(self.codes)
                self.codes.clear()
                self.password = None
                self._forget_factors()
                self.generation = ref.version
            case a.BreachSettled():
                self.breaches.discard(event.breach)
            case _:
                self._factor(event, ref)

    def _end(self, tokens: list[str]) -> None:
        for token in tokens:
            self.tokens.pop(token, None)
        self.ended_tokens.update(tokens)

    def stands_on(self, code: str) -> bool:
        """Say whether a one-time code lets somebody in: it may be used still, or the password goes back to it."""
        return code in self.codes or (self.password is not None and self.password.code == code)

    def _end_code(self, code: str) -> None:
        self.ended_codes.add(code)
        self.codes.pop(code, None)

    def held(self, day: date) -> list[Held]:
        """Answer the roles that count on a day."""
        return [Held(grant.role, grant.ref, grant.scope) for grant in self.grants if grant.covers(day)]


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
