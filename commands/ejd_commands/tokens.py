"""Exchanging tokens: programs do it themselves, before the old one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.credential_rights import OwnCredentials
from ejd.kernel.events import accounts as a
from ejd.kernel.states.access import AccountState
from ejd_commands import known
from ejd_commands.accounts import (
    TAKEN,
    OneAccountCommand,
    TokenTaken,
    UnknownToken,
    check_term,
    claim_token,
    makes_token,
    microseconds,
)
from ejd_commands.fields import Digest, Moment, TokenId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Actor, Caused, Context, Need
    from ejd.kernel.event import Event

HOUR = 3_600_000_000
OVERLAP_HOURS = 24
"""So long the old token goes on: every machine that has it is told within a day."""


class RotateToken(OneAccountCommand):
    """Exchange a token: a new one for the same client and scopes; the old one ends a day later, or when it would have.

    A token may exchange itself, else head and technical support do. The client makes the secret, as for issue-token.
    """

    name: ClassVar[str] = "rotate-token"
    access: ClassVar[Access] = Access(
        "manage-accounts", "account", "exchange somebody's token", also="keep-credentials"
    )
    token: TokenId
    new_token: TokenId
    digest: Digest
    expires_at: Moment

    def needs_step_up(self, actor: Actor) -> bool:
        """Demand it unless the token exchanges itself: somebody else would get what the token can do."""
        return actor.session != self.token

    def need(self, context: Context) -> Need:
        """Ask for the token itself, else for the right to make one: another token of it may have less scopes."""
        if context.actor.session == self.token:
            return OwnCredentials(self.account)
        return makes_token(context, self.account)

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a token that has ended, and a term that is over or too long."""
        known.account(context, self.account)
        state = context.load(AccountState, self.account)
        expires_at = microseconds(self.expires_at)
        old, new = state.tokens.get(self.token), state.tokens.get(self.new_token)
        if new is not None:
            if (new.digest, new.expires_at) == (self.digest, expires_at):
                return
            raise TokenTaken(TAKEN, field="new_token")
        if old is None or old.expires_at <= context.now:
            msg = "this account has no such token, or it has ended: issue another one with issue-token"
            raise UnknownToken(msg, field="token")
        check_term(context, expires_at)
        claim_token(context, state, self.account, self.new_token, "new_token")
        yield a.TokenIssued(
            token=self.new_token, digest=self.digest, client=old.client, expires_at=expires_at, scopes=old.scopes
        )
        ends = context.now + OVERLAP_HOURS * HOUR
        yield a.TokenEndSet(token=self.token, expires_at=min(old.expires_at, ends))
