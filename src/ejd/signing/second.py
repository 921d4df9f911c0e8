"""The second step of signing in, and what the owner does about the own second factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ejd.access.passwords import check_length
from ejd.access.sessions import new_session_id
from ejd.handling.authentication import BROWSER
from ejd.kernel.command import Actor, NotAllowed, WrongState
from ejd.signing.factors import SECOND_FACTOR_ROLES, FactorRefused
from ejd_commands.factors import (
    RECOVERY_CODES,
    AddFactor,
    MakeRecoveryCodes,
    RemoveFactor,
    UnknownFactor,
    UseRecoveryCode,
)

if TYPE_CHECKING:
    from ejd.handling.authentication import Authenticated
    from ejd.kernel.events.factors import FactorKind
    from ejd.signing.factors import Begin, Page, Shown
    from ejd.signing.service import Opened, Signing, Visitor
    from ejd.store.signing_in import SessionRow

PASSWORD = "password"  # noqa: S105 - the name of a factor


class SecondFactorMandatory(NotAllowed):
    """Who can do much in the school signs in with a second factor."""


class LastFactorStays(WrongState):
    """The role demands a second factor, and this is the last one."""


class Factor(NamedTuple):
    """One second factor as its owner sees it; `created_at` in microseconds since 1970 UTC."""

    factor: str
    kind: str
    title: str
    created_at: int


class Factors(NamedTuple):
    """The own second factors, and how many recovery codes are left."""

    factors: list[Factor]
    recovery_codes: int


class Added(NamedTuple):
    """A factor was added: the session goes on under a new secret; codes are shown once, with the first factor."""

    opened: Opened
    factor: str
    recovery_codes: list[str]

    def __repr__(self) -> str:
        """Leave the codes out of logs and tracebacks."""
        return f"Added({self.factor})"


def is_complete(session: SessionRow | None, roles: frozenset[str]) -> bool:
    """Say whether somebody has shown all that the roles demand; a token is not a session and was given by others."""
    return session is None or "+" in session.factors or SECOND_FACTOR_ROLES.isdisjoint(roles)


def check_complete(who: Authenticated) -> None:
    """Raise SecondFactorMandatory for a head, deputy head or technical support with nothing but a password."""
    if not is_complete(who.session, who.roles):
        msg = "add a second factor first (POST /api/v1/second-factors/totp or …/passkey): your role demands it"
        raise SecondFactorMandatory(msg)


@dataclass(frozen=True)
class SecondStep:
    """Works with the door of a school; safe for threads and processes."""

    door: Signing

    def finish(self, secret: str, shown: Shown, visitor: Visitor) -> Opened:
        """Answer the session that a ticket began, or went on with; raises FactorRefused and TooManyTries."""
        door = self.door
        ticket = door.factors.ticket(secret, "sign-in", "step-up")
        account = ticket.account
        attempt = door.guessing.attempt("second", account)
        state = door.state_of(account)
        roles = door.authentication.roles_of(account, door.clock())
        if state.locked or not roles:
            raise FactorRefused(door.factors.REFUSED)
        found = door.factors.check(state, secret, ticket, shown, visitor.page)
        kind, _, code = found.partition("/")
        session = ticket.session or new_session_id(door.random_bytes)
        if code:
            door.send(UseRecoveryCode(account=account, code=code), Actor(account, session, BROWSER))
            door.factors.tables.drop_recovery_codes(account, [code])
        attempt.succeeded()
        if ticket.what == "sign-in":
            return door.open(state, visitor, (account, f"{PASSWORD}+{kind}", state.generation), session)
        row = next((one for one in door.tables.sessions_of(account) if one.id == ticket.session), None)
        if row is None:
            raise FactorRefused(door.factors.REFUSED)
        factors = row.factors if "+" in row.factors else f"{row.factors}+{kind}"
        return door.open(state, visitor, (account, factors, state.generation), row.id, began=row)

    def own(self, who: Authenticated) -> Factors:
        """Answer the second factors of whoever asks."""
        state = self.door.state_of(who.actor.account)
        rows = self.door.factors.tables.factors_of(who.actor.account)
        factors = [
            Factor(row.factor, state.factors[row.factor], row.title, row.created_at)
            for row in rows
            if row.factor in state.factors
        ]
        return Factors(factors, len(state.recovery_codes))

    def begin_totp(self, who: Authenticated, password: str) -> Begin:
        """Answer the secret for an app; raises what `Signing.prove` raises."""
        row = self._prove(who, password)
        return self.door.factors.begin_totp(self.door.state_of(row.account), row.account, row.id)

    def begin_passkey(self, who: Authenticated, password: str, page: Page) -> Begin:
        """Answer the options for a key of a device; raises what `Signing.prove` raises."""
        row = self._prove(who, password)
        return self.door.factors.begin_passkey(self.door.state_of(row.account), row.account, row.id, page)

    def add(self, who: Authenticated, secret: str, title: str, shown: Shown, visitor: Visitor) -> Added:
        """Add what was begun in this session; all other sessions end.

        Raises FactorRefused, FactorNotAdded, TooManyTries, and what the command add-factor raises.
        """
        door, row = self.door, self.door.session_of(who)
        ticket = door.factors.ticket(secret, "add-totp", "add-passkey")
        if (ticket.account, ticket.session) != (row.account, row.id):
            raise FactorRefused(door.factors.REFUSED)
        attempt = door.guessing.attempt("second", row.account)
        factor = door.new_id()
        kept = door.factors.proven(ticket, factor, title, shown, visitor.page)
        attempt.succeeded()
        door.factors.take(secret)
        door.factors.tables.put_factor(row.account, kept)
        first = not door.state_of(row.account).factors
        kind: FactorKind = "totp" if ticket.what == "add-totp" else "passkey"
        codes = self._new_codes(who) if first else []
        generation = door.send(AddFactor(account=row.account, factor=factor, kind=kind), who.actor)
        door.tables.end_other_sessions(row.account, row.id)
        factors = row.factors if "+" in row.factors else f"{row.factors}+{kind}"
        opened = door.open(door.state_of(row.account), visitor, (row.account, factors, generation), row.id, began=row)
        return Added(opened, factor, codes)

    def renew_recovery_codes(self, who: Authenticated, password: str) -> list[str]:
        """Replace the recovery codes and answer them, once; raises what `Signing.prove` raises."""
        self._prove(who, password)
        return self._new_codes(who)

    def remove(self, who: Authenticated, password: str, factor: str, visitor: Visitor) -> Opened:
        """Remove a factor; all other sessions end. The last one stays where the role demands one.

        Without a second factor the password must be as long as one that stands alone: raises PasswordTooShort.
        """
        door = self.door
        row = self._prove(who, password)
        state = door.state_of(row.account)
        if factor not in state.factors:
            raise UnknownFactor("you have no such second factor: look at GET /api/v1/second-factors", field="factor")
        if len(state.factors) == 1:
            if not SECOND_FACTOR_ROLES.isdisjoint(who.roles):
                raise LastFactorStays("your role demands a second factor: add another one first")
            check_length(password, second_factor=False)
        generation = door.send(RemoveFactor(account=row.account, factor=factor), who.actor)
        door.factors.tables.drop_factor(row.account, factor)
        door.tables.end_other_sessions(row.account, row.id)
        return door.open(state, visitor, (row.account, row.factors, generation), row.id, began=row)

    def _prove(self, who: Authenticated, password: str) -> SessionRow:
        """Answer the session of who shows the password; whoever has a second factor has shown that to get in."""
        row = self.door.prove(who, password)
        state = self.door.state_of(row.account)
        if state.factors and "+" not in row.factors:
            raise SecondFactorMandatory("sign in with your second factor first")
        return row

    def _new_codes(self, who: Authenticated) -> list[str]:
        door, account = self.door, who.actor.account
        made = door.factors.new_recovery_codes(account, RECOVERY_CODES)
        door.send(MakeRecoveryCodes(account=account, codes=tuple(one.code_id for one in made)), who.actor)
        return [one.text for one in made]
