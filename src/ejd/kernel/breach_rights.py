"""Who may decide in a breach: never the account concerned, never its owner, never somebody under breach (п. 21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.command import NotAllowed
from ejd.kernel.events.breaches import Receiver
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import acting, any_role, decider, same
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role


class CompromisedAccount(NotAllowed):
    """The account concerned decides nothing about its own breach."""


class UnderBreach(NotAllowed):
    """An account with an open breach of its own decides nothing for others."""


class NotTheReceiver(NotAllowed):
    """The notice is received by the head and by technical support, or by whom the regulation names for them."""


def check_independent(context: Context, compromised: str) -> None:
    """Raise CompromisedAccount or UnderBreach unless the actor is somebody else, whom nothing is open against."""
    if same(decider(context), decider(context, compromised)):
        msg = "this is a breach of your own account: somebody else of the administration decides about it"
        raise CompromisedAccount(msg)
    if context.load(AccountState, context.actor.account).breaches:
        msg = "a breach of your own account is open: let somebody else decide until it is closed"
        raise UnderBreach(msg)


@dataclass(frozen=True)
class ReportsBreach:
    """Reporting: the owner of the account, administration, technical support (B1)."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the owner whatever the roles; else by role."""
        acting(context)
        if same(decider(context), decider(context, self.account)):
            return []
        return any_role(context, ("head", "deputy-head", "support"), "report a breach of somebody else's account")


@dataclass(frozen=True)
class ReceivesNotice:
    """Receiving the notice: the head and technical support; of their own breaches whom the regulation names (B2)."""

    account: str
    receiver: Receiver

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant; a second person of technical support may receive the notice of the first one's breach."""
        regulation = context.load(SchoolState, SCHOOL).regulation_on(context.today)
        concerned = {grant.role for grant in context.load(AccountState, self.account).grants}
        roles: tuple[Role, ...]
        if self.receiver == "head":
            roles = (regulation.receiver_for_head,) if "head" in concerned else ("head",)
        else:
            roles = ("support", regulation.receiver_for_support) if "support" in concerned else ("support",)
        try:
            refs = any_role(context, roles, "receive this notice")
        except NotAllowed as refusal:
            if type(refusal) is not NotAllowed:
                raise
            raise NotTheReceiver(refusal.sentence, field="receiver") from refusal
        check_independent(context, self.account)
        return refs


@dataclass(frozen=True)
class DecidesBreach:
    """Deciding about the window, what is void, and what stood on it: head and deputy heads."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant; raises CompromisedAccount and UnderBreach."""
        refs = any_role(context, ("head", "deputy-head"), "decide about a breach")
        check_independent(context, self.account)
        return refs


@dataclass(frozen=True)
class ResetsCredentials:
    """Resetting credentials: technical support or administration."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant; raises CompromisedAccount and UnderBreach."""
        refs = any_role(context, ("support", "head", "deputy-head"), "reset credentials")
        check_independent(context, self.account)
        return refs
