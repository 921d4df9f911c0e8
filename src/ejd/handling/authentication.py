"""From a token or a session to an actor, true at the time of the call: what ends counts at the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ejd.access.secrets import is_secret_of, parse_token
from ejd.access.sessions import TOUCH_MICROSECONDS, digest_secret, ends_of
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor, NotAuthenticated, Proof
from ejd.kernel.events.accounts import ALL_SCOPES, TokenScope
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import StaffState
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from ejd.handling.states import States
    from ejd.kernel.access import Held
    from ejd.kernel.command import State
    from ejd.kernel.events.accounts import Role
    from ejd.store.signing_in import SessionRow, SigningInTables

TOKEN_KEY = "token/"  # noqa: S105 - the prefix of a reserved key, no secret
BROWSER = "browser"
"""The client program of whoever comes with a session."""
TOKENS_REMEMBERED_MAX = 50_000
"""Of those that were used today; above it all are forgotten, which costs a write each."""
OF_STAFF = frozenset({"head", "deputy-head", "teacher"})
"""Roles that end with the last day of work, whatever became of their grants."""


class Authenticated(NamedTuple):
    """Who asks: actor, the person behind the account (empty for a program), the roles of today with their scopes.

    `session` is there for who comes with a cookie; `scopes` are those of the token.
    """

    actor: Actor
    person: str
    grants: tuple[Held, ...]
    session: SessionRow | None = None
    scopes: tuple[TokenScope, ...] = ALL_SCOPES

    @property
    def roles(self) -> frozenset[Role]:
        """The roles of today, wherever they count."""
        return frozenset(grant.role for grant in self.grants)


class SessionEnded(NotAuthenticated):
    """The session is over, or was ended."""


class Authentication:
    """Checks tokens and sessions against the accounts' streams."""

    def __init__(self, states: States, tables: SigningInTables, *, clock: Callable[[], int]) -> None:
        """Take the clock (microseconds since 1970 UTC) from outside."""
        self._states = states
        self._tables = tables
        self._clock = clock
        self._used: dict[str, date] = {}

    def by_token(self, text: str) -> Authenticated:
        """Answer who sends this token; raises NotAuthenticated without telling which part was wrong."""
        parsed = parse_token(text)
        owner = None if parsed is None else self._states.store.owner_of(TOKEN_KEY + parsed[0])
        if parsed is None or owner is None:
            raise _unknown()
        account, staff = self._account(owner)
        token = account.tokens.get(parsed[0])
        if token is None or not is_secret_of(token.digest, parsed[1]):
            raise _unknown()
        now = self._clock()
        if account.locked or account.opened is None or token.expires_at <= now:
            msg = "this token has ended, or its account is locked: ask the administration for a new one"
            raise NotAuthenticated(msg)
        self._note_use(parsed[0], now)
        found = self._authenticated(Actor(owner, parsed[0], token.client), account, staff, now)
        return found._replace(scopes=token.scopes)

    def by_session(self, secret: str) -> Authenticated:
        """Answer whose session has this secret; raises SessionEnded, whatever ended it."""
        row = self._tables.session(digest_secret(secret))
        if row is None:
            raise _ended()
        account, staff = self._account(row.account)
        now = self._clock()
        proof = Proof(row.generation, row.authenticated_at)
        found = self._authenticated(Actor(row.account, row.id, BROWSER, proof), account, staff, now)
        ends = ends_of(found.roles)
        over = now >= row.created_at + ends.absolute or now >= row.seen_at + ends.idle
        if over or account.locked or row.generation != account.generation or not found.roles:
            self._tables.end_session(row.account, row.id)
            raise _ended()
        if now >= row.seen_at + TOUCH_MICROSECONDS:
            self._tables.touch_session(row.id, now)
        return found._replace(session=row)

    def roles_of(self, account: str, now: int) -> frozenset[str]:
        """Answer the roles of an account at a time."""
        return self._authenticated(Actor(account, "", ""), *self._account(account), now).roles

    def _account(self, owner: str) -> tuple[AccountState, StaffState | None]:
        """Answer account and staff member: one question to the database when both are kept."""
        kept = self._states.cache.get(AccountState, owner)
        person = kept.opened.person if kept is not None and kept.opened is not None else ""
        kinds: dict[str, type[State]] = {owner: AccountState}
        if person:
            kinds[person] = StaffState
        found = self._states.fresh_together(kinds)
        account = found[owner]
        assert isinstance(account, AccountState)  # noqa: S101 - asked for as such
        staff = found.get(person) if person else None
        if not person and account.opened is not None and account.opened.person:
            staff = self._states.fresh(StaffState, account.opened.person)
        assert staff is None or isinstance(staff, StaffState)  # noqa: S101 - as above
        return account, staff

    def _authenticated(self, actor: Actor, account: AccountState, staff: StaffState | None, now: int) -> Authenticated:
        today = local_day(now, self._states.load(SchoolState, SCHOOL).timezone)
        gone = staff is not None and staff.left_on is not None and staff.left_on < today
        grants = tuple(one for one in account.held(today) if not (gone and one.role in OF_STAFF))
        return Authenticated(actor, account.opened.person if account.opened is not None else "", grants)

    def _note_use(self, token: str, now: int) -> None:
        """Keep the day of last use: one write a day and process for each token."""
        today = local_day(now, self._states.load(SchoolState, SCHOOL).timezone)
        if self._used.get(token) != today:
            if len(self._used) >= TOKENS_REMEMBERED_MAX:
                self._used.clear()
            self._used[token] = today
            self._tables.token_used(token, today.isoformat())


def _unknown() -> NotAuthenticated:
    return NotAuthenticated("this token is not known: send `Authorization: Bearer ejd_…` as `ejd token` printed it")


def _ended() -> SessionEnded:
    return SessionEnded("this session is over: sign in again")
