"""Who may ask for the erasure of a person, and who decides: never the one who asked (152-ФЗ ст. 14, 21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.access import PERMITS, Thing, Tie, decide
from ejd.kernel.breach_rights import UnderBreach
from ejd.kernel.command import NotAllowed
from ejd.kernel.rights import decider, facts, lacking, person_of
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import GuardianState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ejd.kernel.access import Bar
    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref


class SecondPersonDecides(NotAllowed):
    """Whoever asked for an erasure, or is to be erased, does not decide about it."""


@dataclass(frozen=True)
class AsksForErasure:
    """Asking: administration, the person, a guardian for the child."""

    person: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the person and to who acts for it today; else by role."""
        known, own = facts(context), person_of(context)
        acts = context.load(GuardianState, own).acts_for(self.person, context.today) if own else None
        ties = [Tie("owner")] if acts is not None or (own and own == self.person) else []
        verdict = decide("ask-erasure", known._replace(ties=ties), Thing("child", self.person))
        if not verdict.allowed:
            raise lacking(verdict, PERMITS["ask-erasure"].roles, "ask for the erasure of somebody else")
        return verdict.refs if acts is None else [acts.ref]


@dataclass(frozen=True)
class DecidesErasure:
    """Deciding: the head, who has not asked and is not the person, without an open breach."""

    person: str
    asked_by: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the head; `asked_by` is the account that asked."""
        own, asked = decider(context), decider(context, self.asked_by)
        bars: list[Bar] = []
        if own.account == asked.account or (own.person and own.person in {asked.person, self.person}):
            bars.append("asked-oneself")
        if context.load(AccountState, context.actor.account).breaches:
            bars.append("under-breach")
        verdict = decide("decide-erasure", facts(context, bars=bars))
        if verdict.lacks == "asked-oneself":
            msg = "an erasure takes two persons: somebody else asks for it, or another head decides"
            raise SecondPersonDecides(msg)
        if verdict.lacks == "under-breach":
            msg = "a breach of your own account is open: let another head decide until it is closed"
            raise UnderBreach(msg)
        if not verdict.allowed:
            raise lacking(verdict, PERMITS["decide-erasure"].roles, "decide about an erasure")
        return verdict.refs
