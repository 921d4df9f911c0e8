"""Who may give somebody a one-time code to sign in with, and who sets a password: only its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.access import Facts, Thing, Tie, decide
from ejd.kernel.command import NotAllowed
from ejd.kernel.ids import OPERATOR
from ejd.kernel.rights import decider, facts, lacking
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import GuardianState, PupilState
from ejd.kernel.states.teaching import ClassState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role

GIVERS: tuple[tuple[frozenset[Role], tuple[Role, ...]], ...] = (
    (frozenset({"head", "deputy-head", "api-client"}), ("head",)),
    (frozenset({"support"}), ("head", "support")),
    (frozenset({"teacher"}), ("head", "deputy-head")),
    (frozenset({"parent", "pupil"}), ("head", "deputy-head")),
)
"""Roles of an account, the most powerful first, with the roles that may give its owner a code.

Nobody gets more by a code than they have: a deputy head who could give the head a code would be the head, technical
support who could give a teacher one would see marks. The first head gets one from the operator at the machine.
"""
GIVERS_WITHOUT_ROLE: tuple[Role, ...] = ("head", "support")


@dataclass(frozen=True)
class GivesCode:
    """Giving a code: the office, the class teacher to the own class and its parents, the operator to the first head."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role; raises NotAllowed for somebody of another class, or with more rights."""
        account = context.load(AccountState, self.account)
        held = {grant.role for grant in account.grants if grant.ends is None or context.today <= grant.ends}
        givers = next((givers for roles, givers in GIVERS if roles & held), GIVERS_WITHOUT_ROLE)
        ties: list[Tie] = []
        if self._is_of_own_class(context):
            givers, ties = (*givers, "teacher"), [Tie("class-teacher")]
        verdict = decide("give-code", _facts(context, ties), Thing("account", self.account), only=givers)
        if not verdict.allowed:
            raise lacking(verdict, givers, "give this account a code")
        return verdict.refs

    def _is_of_own_class(self, context: Context) -> bool:
        """Say whether the owner is only a pupil, or a pupil's guardian, and the actor the class teacher today."""
        account = context.load(AccountState, self.account)
        roles = {grant.role for grant in account.grants}
        teacher = decider(context).person
        if account.opened is None or not teacher or not roles or not roles <= {"parent", "pupil"}:
            return False
        person, today = account.opened.person, context.today
        pupils = [person] if "pupil" in roles else []
        if "parent" in roles:
            stays = context.load(GuardianState, person).pupils
            pupils += [one.where for one in stays if one.starts <= today and (one.ends is None or today < one.ends)]
        return any(class_teacher_of(context, pupil, today) == teacher for pupil in pupils)


def class_teacher_of(context: Context, pupil: str, day: date) -> str:
    """Answer the class teacher of a pupil on a day, "" when there is none."""
    stay = context.load(PupilState, pupil).memberships.class_on(day)
    if stay is None:
        return ""
    teachers = context.load(ClassState, stay.where).teachers
    return max(((starts, staff) for starts, staff in teachers.items() if starts <= day), default=(day, ""))[1]


@dataclass(frozen=True)
class OwnCredentials:
    """Setting the own password: the owner, whatever the roles."""

    account: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the account itself while it is not locked."""
        ties = [Tie("owner")] if context.actor.account == self.account else []
        if not decide("keep-credentials", facts(context, ties), Thing("account", self.account)).allowed:
            raise NotAllowed("everybody sets only the own password")
        return []


def _facts(context: Context, ties: Sequence[Tie]) -> Facts:
    """Answer the facts; the operator, who holds the master key anyway, gives the first code of all."""
    known = facts(context, ties)
    return known._replace(founding=context.actor.account == OPERATOR)
