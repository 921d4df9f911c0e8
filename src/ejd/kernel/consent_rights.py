"""Who may say something about personal data: the school from a paper, a person or guardian in the own cabinet (E5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.command import NotAllowed
from ejd.kernel.rights import any_role
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import GuardianState, PupilState
from ejd.kernel.states.teaching import ClassState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role

CABINET_ROLES: tuple[Role, ...] = ("parent", "pupil", "teacher", "head", "deputy-head")


@dataclass(frozen=True)
class RegistersConsent:
    """From paper: the administration, and the class teacher for the own class's pupils and who acts for them."""

    person: str
    doing: str = "register consents from paper"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role; raises NotAllowed for a teacher of another class."""
        refs = any_role(context, ("head", "deputy-head", "teacher"), self.doing)
        account = context.load(AccountState, context.actor.account)
        if any(account.grant(role, context.today) for role in ("head", "deputy-head")):
            return refs
        person = account.opened.person if account.opened is not None else ""
        guardian = context.load(GuardianState, self.person)
        acted_for = {stay.where for stay in guardian.pupils if guardian.acts_for(stay.where, context.today)}
        for pupil in (self.person, *sorted(acted_for)):
            stay = context.load(PupilState, pupil).memberships.class_on(context.today)
            if stay is not None and person and _class_teacher(context, stay.where) == person:
                return [*refs, stay.ref]
        msg = "a teacher registers consents of the own class only: ask its class teacher or the deputy head"
        raise NotAllowed(msg)


@dataclass(frozen=True)
class SpeaksForOneself:
    """In the cabinet: everybody for oneself, and who acts for a pupil for that pupil."""

    person: str
    giver: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role, and the guardianship; raises NotAllowed in somebody else's name."""
        refs = any_role(context, CABINET_ROLES, "agree or refuse in the cabinet")
        opened = context.load(AccountState, context.actor.account).opened
        if opened is None or opened.person != self.giver:
            msg = "in the cabinet you speak only in your own name: a paper is registered by the school"
            raise NotAllowed(msg)
        if self.giver == self.person:
            return refs
        guardianship = context.load(GuardianState, self.giver).acts_for(self.person, context.today)
        if guardianship is None:
            msg = "you do not act for this pupil today: ask the office to check the guardianship"
            raise NotAllowed(msg)
        return [*refs, guardianship.ref]


def _class_teacher(context: Context, class_id: str) -> str:
    teachers = context.load(ClassState, class_id).teachers
    since = max((day for day in teachers if day <= context.today), default=None)
    return "" if since is None else teachers[since]
