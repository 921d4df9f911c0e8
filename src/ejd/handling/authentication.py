"""From a bearer token to an actor, true at the time of the call: a lock or a revocation counts at the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ejd.access.secrets import is_secret_of, parse_token
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor, NotAuthenticated
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from collections.abc import Callable

    from ejd.handling.states import States

TOKEN_KEY = "token/"  # noqa: S105 - the prefix of a reserved key, no secret


class Authenticated(NamedTuple):
    """Who asks: actor, the person behind the account (empty for a program), the roles of today."""

    actor: Actor
    person: str
    roles: frozenset[str]
    staff: bool


class Authentication:
    """Checks bearer tokens against the accounts' streams."""

    def __init__(self, states: States, *, clock: Callable[[], int]) -> None:
        """Take the clock (microseconds since 1970 UTC) from outside."""
        self._states = states
        self._clock = clock

    def by_token(self, text: str) -> Authenticated:
        """Answer who sends this token; raises NotAuthenticated without telling which part was wrong."""
        parsed = parse_token(text)
        owner = None if parsed is None else self._states.store.owner_of(TOKEN_KEY + parsed[0])
        if parsed is None or owner is None:
            raise _unknown()
        account = self._states.fresh(AccountState, owner)
        token = account.tokens.get(parsed[0])
        if token is None or not is_secret_of(token.digest, parsed[1]):
            raise _unknown()
        now = self._clock()
        if account.locked or account.opened is None or token.expires_at <= now:
            msg = "this token has ended, or its account is locked: ask the administration for a new one"
            raise NotAuthenticated(msg)
        today = local_day(now, self._states.load(SchoolState, SCHOOL).timezone)
        roles = frozenset(g.role for g in account.grants if g.starts <= today and (g.ends is None or today <= g.ends))
        return Authenticated(
            Actor(owner, parsed[0], token.client),
            account.opened.person,
            roles,
            bool(roles & {"head", "deputy-head", "teacher", "support"}),
        )


def _unknown() -> NotAuthenticated:
    return NotAuthenticated("this token is not known: send `Authorization: Bearer ejd_…` as `ejd token` printed it")
