"""Who may do what: rights follow roles and duties at the moment of the decision. Pure, and the only place for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ejd.kernel.command import NotAllowed
from ejd.kernel.events.accounts import ALL_SCOPES
from ejd.kernel.events.breaches import Decider
from ejd.kernel.ids import SCHOOL, SYSTEM
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import GuardianState
from ejd.kernel.states.school import SchoolState
from ejd.kernel.states.teaching import JournalState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ejd.kernel.command import Context, Proof
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role, TokenScope

WORDS: dict[str, str] = {
    "head": "head",
    "deputy-head": "deputy head",
    "teacher": "teacher",
    "pupil": "pupil",
    "parent": "parent",
    "support": "technical support",
    "api-client": "API client",
}


class AccountLockedRefusal(NotAllowed):
    """The account is locked."""

    status = 401


class TokenScopeMissing(NotAllowed):
    """The token was issued for less than this."""


def check_scope(scopes: Sequence[TokenScope], scope: TokenScope) -> None:
    """Raise TokenScopeMissing unless a token was issued for this: read, write or decide."""
    if scope not in scopes:
        msg = f"this token is for {', '.join(scopes)} only: ask the administration for one with the scope {scope}"
        raise TokenScopeMissing(msg)


class StepUpNeeded(NotAllowed):
    """This demands that password or second factor were shown again a short time ago."""


STEP_UP_MICROSECONDS_MAX = 10 * 60 * 1_000_000
"""So long after password or second factor were shown somebody may do what demands them."""


def check_recent(proof: Proof | None, scopes: Sequence[TokenScope], now: int) -> None:
    """Raise StepUpNeeded unless who is at a browser has shown password or second factor again a short time ago.

    Nobody can show anything with a token: there it takes the scope `decide`. `now` is the clock by which people sign
    in, which is not that of a simulated school.
    """
    if proof is None:
        check_scope(scopes, "decide")
    elif now - proof.authenticated_at > STEP_UP_MICROSECONDS_MAX:
        msg = "show your password or second factor again (POST /api/v1/session/step-up), then repeat this"
        raise StepUpNeeded(msg)


def check_step_up(context: Context, now: int) -> None:
    """Check it of the actor of a command, against the account that the decision reads."""
    token = context.load(AccountState, context.actor.account).tokens.get(context.actor.session)
    check_recent(context.actor.proof, ALL_SCOPES if token is None else token.scopes, now)


def acting(context: Context) -> AccountState:
    """Answer the actor's account; raises AccountLockedRefusal when it, or the token of this request, has ended."""
    account = context.load(AccountState, context.actor.account)
    if account.locked:
        msg = "this account is locked: ask the head or technical support to unlock it"
        raise AccountLockedRefusal(msg)
    if context.actor.session in account.ended_tokens:
        msg = "this token has ended while the command was waiting: ask the administration for a new one"
        raise AccountLockedRefusal(msg)
    proof = context.actor.proof
    if proof is not None and proof.generation != account.generation:
        msg = "this session has ended while the command was waiting: sign in again"
        raise AccountLockedRefusal(msg)
    token = account.tokens.get(context.actor.session)
    if token is not None:
        check_scope(token.scopes, "write")
    return account


def any_role(context: Context, roles: Sequence[Role], doing: str) -> list[Ref]:
    """Answer the grant that gives one of the roles today; raises NotAllowed saying which roles may."""
    account = acting(context)
    for role in roles:
        grant = account.grant(role, context.today)
        if grant is not None:
            return [grant.ref]
    who = " or ".join(WORDS[role] for role in roles)
    msg = f"only a {who} may {doing}: ask the administration for the role or for the entry"
    raise NotAllowed(msg)


@dataclass(frozen=True)
class SetsUp:
    """Setting the school year up (C1-C8): administration, or a program that the administration let in."""

    doing: str = "change the set-up of the school"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head, deputy head and API client; to the system while there is no school."""
        if context.actor.account == SYSTEM and not context.load(SchoolState, SCHOOL).name:
            return []
        return any_role(context, ("head", "deputy-head", "api-client"), self.doing)


@dataclass(frozen=True)
class Administers:
    """What only people of the administration decide (п. 5-9)."""

    doing: str = "do this"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head and deputy head."""
        return any_role(context, ("head", "deputy-head"), self.doing)


@dataclass(frozen=True)
class HeadDecides:
    """What only the head decides (G7)."""

    doing: str = "decide this"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the head."""
        return any_role(context, ("head",), self.doing)


@dataclass(frozen=True)
class Supports:
    """Accounts: head or technical support; the system opens the first ones."""

    doing: str = "manage accounts"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head and support, and to the system until the first head's account is there."""
        if context.actor.account == SYSTEM and not context.load(AccountState, SYSTEM).locked:
            return []
        return any_role(context, ("head", "support"), self.doing)


@dataclass(frozen=True)
class Teaches:
    """Writing in a journal page: the teacher whose load, or whose substitution in this lesson, it is (F1)."""

    journal: str
    day: date
    lesson: str = ""
    doing: str = "write in this journal"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer grant of the role and load or substitution; raises NotAllowed naming what is missing."""
        refs = any_role(context, ("teacher",), self.doing)
        opened = context.load(AccountState, context.actor.account).opened
        person = opened.person if opened is not None else ""
        if self.lesson:
            lesson = context.load(LessonState, self.lesson)
            if lesson.substitution is not None and lesson.substitution.teacher and lesson.substitution_ref is not None:
                if lesson.substitution.teacher == person:
                    return [*refs, lesson.substitution_ref]
                msg = "this lesson was given to a substitute: ask the substitute or the deputy head"
                raise NotAllowed(msg)
        load = context.load(JournalState, self.journal).load_of(person, self.day)
        if load is None:
            msg = f"this journal is not in your load on {self.day:%d.%m.%Y}: ask the deputy head to assign it"
            raise NotAllowed(msg)
        return [*refs, load.ref]


@dataclass(frozen=True)
class ActsForPupil:
    """Acknowledging for a child (E4): the guardian; from paper, administration or a teacher registers it."""

    guardian: str
    pupil: str
    from_paper: bool

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer grant of the role and guardianship; raises NotAllowed for somebody else's child."""
        guardianship = context.load(GuardianState, self.guardian).acts_for(self.pupil, context.today)
        if self.from_paper:
            refs = any_role(context, ("head", "deputy-head", "teacher"), "register a signature on paper")
        else:
            refs = any_role(context, ("parent",), "acknowledge")
            opened = context.load(AccountState, context.actor.account).opened
            if opened is None or opened.person != self.guardian:
                msg = "you can acknowledge only in your own name"
                raise NotAllowed(msg)
        if guardianship is None:
            msg = "this guardian does not act for this pupil today: check the guardianship"
            raise NotAllowed(msg)
        return [*refs, guardianship.ref]


def decider(context: Context, account: str = "") -> Decider:
    """Answer who acts, or who has the account named."""
    account = account or context.actor.account
    opened = context.load(AccountState, account).opened
    return Decider(account=account, person=opened.person if opened is not None else "")


def same(one: Decider, other: Decider) -> bool:
    """Say whether two deciders are one: the same account, or two accounts of one person."""
    return one.account == other.account or (one.person != "" and one.person == other.person)


def is_the_same_person(context: Context, account: str, person: str) -> bool:
    """Say whether the actor is this account, or another account of its person."""
    return same(decider(context), Decider(account=account, person=person))


@dataclass(frozen=True)
class Approves:
    """Deciding on a request to correct (A10): a role of the regulation; neither who asked nor under a breach (B6)."""

    account: str
    person: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role; `account` and `person` are who asked."""
        roles = context.load(SchoolState, SCHOOL).regulation_on(context.today).approvers
        refs = any_role(context, roles, "decide on requests to correct")
        if is_the_same_person(context, self.account, self.person):
            msg = "you asked for this yourself, so somebody else decides: withdraw it if it is no longer needed"
            raise NotAllowed(msg)
        if context.load(AccountState, context.actor.account).breaches:
            msg = "a breach of this account is not closed: until then somebody else decides on requests"
            raise NotAllowed(msg)
        return refs


@dataclass(frozen=True)
class AskedForIt:
    """Taking back what one asked for oneself, with any account of the same person."""

    account: str
    person: str

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role in which people ask; raises NotAllowed for somebody else's request."""
        refs = any_role(context, ("teacher", "head", "deputy-head"), "withdraw a request")
        if not is_the_same_person(context, self.account, self.person):
            msg = "only who asked for it withdraws a request: whoever approves rejects it instead"
            raise NotAllowed(msg)
        return refs
