"""Who may decide in a breach: never the account concerned, never its owner, never somebody under breach (п. 21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.access import PERMITS, Thing, Tie, decide
from ejd.kernel.command import NotAllowed
from ejd.kernel.events.breaches import Receiver
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import acting, decider, facts, lacking, same
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ejd.kernel.access import Action, Bar, Verdict
    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role


class CompromisedAccount(NotAllowed):
    """The account concerned decides nothing about its own breach."""


class UnderBreach(NotAllowed):
    """An account with an open breach of its own decides nothing for others."""


class NotTheReceiver(NotAllowed):
    """The notice is received by the head and by technical support, or by whom the regulation names for them."""


def stands_against(context: Context, compromised: str) -> list[Bar]:
    """Answer what keeps the actor from deciding: being whose breach it is, and an open breach of one's own."""
    found: list[Bar] = []
    if same(decider(context), decider(context, compromised)):
        found.append("own-breach")
    if context.load(AccountState, context.actor.account).breaches:
        found.append("under-breach")
    return found


def barred(verdict: Verdict) -> NotAllowed | None:
    """Answer the refusal of somebody who has the role but decides nothing here."""
    if verdict.lacks == "own-breach":
        return CompromisedAccount(
            "this is a breach of your own account: somebody else of the administration decides about it"
        )
    if verdict.lacks == "under-breach":
        return UnderBreach("a breach of your own account is open: let somebody else decide until it is closed")
    return None


@dataclass(frozen=True)
class ReportsBreach:
    """Reporting: the owner of the account, administration, technical support (B1)."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the owner whatever the roles; else by role."""
        acting(context)
        ties = [Tie("owner")] if same(decider(context), decider(context, self.account)) else []
        verdict = decide("report-breach", facts(context, ties), Thing("account", self.account))
        if not verdict.allowed:
            raise lacking(verdict, PERMITS["report-breach"].roles, "report a breach of somebody else's account")
        return verdict.refs


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
        known = facts(context, bars=stands_against(context, self.account))
        verdict = decide("receive-notice", known, Thing("breach"), only=roles)
        if not verdict.allowed:
            sentence = lacking(verdict, roles, "receive this notice").sentence
            raise barred(verdict) or NotTheReceiver(sentence, field="receiver")
        return verdict.refs


@dataclass(frozen=True)
class DecidesBreach:
    """Deciding about the window, what is void, and what stood on it: head and deputy heads."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant; raises CompromisedAccount and UnderBreach."""
        return _independently(context, "decide-breach", self.account, "decide about a breach")


@dataclass(frozen=True)
class ResetsCredentials:
    """Resetting credentials: technical support or administration."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant; raises CompromisedAccount and UnderBreach."""
        return _independently(context, "reset-credentials", self.account, "reset credentials")


def _independently(context: Context, action: Action, compromised: str, doing: str) -> Sequence[Ref]:
    known = facts(context, bars=stands_against(context, compromised))
    verdict = decide(action, known, Thing("breach"))
    if not verdict.allowed:
        raise barred(verdict) or lacking(verdict, PERMITS[action].roles, doing)
    return verdict.refs
