"""The facts by which commands are allowed, gathered from streams; what they add up to, `ejd.kernel.access` decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ejd.kernel.access import PERMITS, WHOLE_SCHOOL, Facts, Thing, Tie, admits, decide, sees
from ejd.kernel.command import NotAllowed
from ejd.kernel.events.accounts import ALL_SCOPES, GrantScope
from ejd.kernel.events.breaches import Decider
from ejd.kernel.ids import OPERATOR, SCHOOL, SYSTEM
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import GuardianState, PupilState, stay_on
from ejd.kernel.states.school import SchoolState
from ejd.kernel.states.teaching import ClassState, JournalState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ejd.kernel.access import Access, Action, Bar, Held, Verdict
    from ejd.kernel.command import Command, Context, Proof, Refusal
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.accounts import Role, TokenScope

WORDS: dict[Role, str] = {
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


def authority(context: Context, command: Command) -> Sequence[Ref]:
    """Answer what gives the actor the right to a command: its roles are judged before anything it names is read."""
    if context.actor.account != SYSTEM:
        check_roles(command.access, acting(context).held(context.today))
    return command.need(context).granted(context)


def check_roles(access: Access, grants: Sequence[Held]) -> None:
    """Raise NotAllowed for somebody whose roles never let them do this, whatever it is done to."""
    verdict = admits(access, grants)
    if not verdict.allowed:
        raise lacking(verdict, access.roles, access.doing)


def lacking(verdict: Verdict, roles: Sequence[Role], doing: str) -> NotAllowed:
    """Answer the refusal of somebody whose roles are not enough, in words that name those that are."""
    who = " or ".join(WORDS[role] for role in roles)
    if verdict.lacks == "scope":
        return NotAllowed(
            f"your role counts for a part of the school only, which this is not: ask a {who} of the school"
        )
    return NotAllowed(f"only a {who} may {doing}: ask the administration for the role or for the entry")


def facts(context: Context, ties: Sequence[Tie] = (), bars: Collection[Bar] = (), *, founding: bool = False) -> Facts:
    """Answer what is known of the actor at this moment; raises AccountLockedRefusal."""
    if founding:
        return Facts(founding=True)
    return Facts(acting(context).held(context.today), ties, bars)


def by_role(
    context: Context, action: Action, doing: str, thing: Thing = WHOLE_SCHOOL, *, founding: bool = False
) -> Sequence[Ref]:
    """Answer the grant that is enough for an action; raises NotAllowed saying which roles may."""
    verdict = decide(action, facts(context, founding=founding), thing)
    if not verdict.allowed:
        raise lacking(verdict, PERMITS[action].roles, doing)
    return verdict.refs


def any_role(context: Context, roles: Sequence[Role], doing: str) -> Sequence[Ref]:
    """Answer the grant that gives one of the roles in the whole school; raises NotAllowed saying which roles may."""
    verdict = decide("act-in-role", facts(context), only=roles)
    if not verdict.allowed:
        raise lacking(verdict, roles, doing)
    return verdict.refs


def journal_thing(context: Context, journal: str) -> Thing:
    """Answer a journal with the scopes it lies in: its own, and that of the class it is kept for, if it is one only."""
    opened = context.load(JournalState, journal).opened
    within = {GrantScope(kind="journal", id=journal)}
    if opened is not None and len(opened.classes) == 1:
        within.add(GrantScope(kind="class", id=opened.classes[0]))
    return Thing("journal", journal, frozenset(within))


def person_of(context: Context) -> str:
    """Answer whose account acts; "" for a program."""
    opened = context.load(AccountState, context.actor.account).opened
    return opened.person if opened is not None else ""


@dataclass(frozen=True)
class SetsUp:
    """Setting the school year up (C1-C8): administration, or a program that the administration let in."""

    doing: str = "change the set-up of the school"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head, deputy head and API client; to the system while there is no school."""
        founding = context.actor.account == SYSTEM and not context.load(SchoolState, SCHOOL).name
        return by_role(context, "set-up", self.doing, founding=founding)


@dataclass(frozen=True)
class Administers:
    """What only people of the administration decide (п. 5-9); about one journal if it is named."""

    doing: str = "do this"
    journal: str | None = None

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head and deputy head, who may have it for a class only."""
        thing = WHOLE_SCHOOL if self.journal is None else journal_thing(context, self.journal)
        return by_role(context, "administer", self.doing, thing)


@dataclass(frozen=True)
class HeadDecides:
    """What only the head decides (G7)."""

    doing: str = "decide this"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the head."""
        return by_role(context, "decide-alone", self.doing)


@dataclass(frozen=True)
class Supports:
    """Accounts: head or technical support; the system opens the first ones."""

    doing: str = "manage accounts"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to head and support, and to the system until the first head's account is there."""
        founding = context.actor.account == SYSTEM and not context.load(AccountState, SYSTEM).locked
        return by_role(context, "manage-accounts", self.doing, founding=founding)


@dataclass(frozen=True)
class Appoints:
    """Roles that see the whole school, and tokens to act as somebody: the head; the machine's keeper the first ones."""

    doing: str = "give or take this role"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Give the right to the head; to the operator, who holds the master key anyway; to the system at first."""
        system = context.actor.account == SYSTEM and not context.load(AccountState, SYSTEM).locked
        keeper = context.actor.account == OPERATOR and not acting(context).locked
        return by_role(context, "appoint", self.doing, founding=system or keeper)


@dataclass(frozen=True)
class Teaches:
    """Writing in a journal page: the teacher whose load, or whose substitution in this lesson, it is (F1).

    `unknown` is what somebody hears who may not know that there is such a journal.
    """

    journal: str
    day: date
    unknown: Refusal
    lesson: str = ""
    doing: str = "write in this journal"

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer grant of the role and load or substitution; else what is missing, or that it is not there."""
        thing = journal_thing(context, self.journal)
        person = person_of(context)
        ties = list(self._binding(context, person))
        verdict = decide("write-record", facts(context, ties), thing)
        if verdict.allowed:
            return verdict.refs
        if verdict.lacks == "role":
            raise lacking(verdict, PERMITS["write-record"].roles, self.doing)
        if not decide(
            "write-record", facts(context, [*ties, *seeing_journal(context, self.journal, person)]), thing
        ).known:
            raise self.unknown
        if verdict.lacks == "scope":
            raise lacking(verdict, PERMITS["write-record"].roles, self.doing)
        raise NotAllowed(self._sentence(context))

    def _binding(self, context: Context, person: str) -> Iterator[Tie]:
        """Answer the substitution, else the load: a lesson that was given to somebody is that person's alone."""
        if self.lesson:
            lesson = context.load(LessonState, self.lesson)
            if lesson.substitution is not None and lesson.substitution.teacher:
                if lesson.substitution.teacher == person:
                    yield Tie("substitution", lesson.substitution_ref)
                return
        load = context.load(JournalState, self.journal).load_of(person, self.day)
        if load is not None:
            yield Tie("load", load.ref)

    def _sentence(self, context: Context) -> str:
        if self.lesson:
            lesson = context.load(LessonState, self.lesson)
            if lesson.substitution is not None and lesson.substitution.teacher:
                return "this lesson was given to a substitute: ask the substitute or the deputy head"
        return f"this journal is not in your load on {self.day:%d.%m.%Y}: ask the deputy head to assign it"


def seeing_journal(context: Context, journal: str, person: str) -> Iterator[Tie]:
    """Answer what lets a teacher see a journal though not write in it: a load of another time, the class, a lesson."""
    state = context.load(JournalState, journal)
    if not person or state.opened is None:
        return
    if any(load.staff == person for load in state.loads):
        yield Tie("was-load")
    if any(one.teacher_on(context.today) == person for one in context.load_many(ClassState, state.opened.classes)):
        yield Tie("class-teacher")
    lessons = context.load_many(LessonState, context.streams_of(journal, "lesson"))
    if any(one.substitution is not None and one.substitution.teacher == person for one in lessons):
        yield Tie("substitutes")


@dataclass(frozen=True)
class ActsForPupil:
    """Acknowledging for a child (E4): the guardian; from paper, administration or the class teacher registers it.

    `unknown` is what somebody hears who may not know that there is such a pupil.
    """

    guardian: str
    pupil: str
    from_paper: bool
    unknown: Refusal

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer grant of the role and guardianship; raises NotAllowed for somebody else's child."""
        guardianship = context.load(GuardianState, self.guardian).acts_for(self.pupil, context.today)
        thing = Thing("child", self.pupil, frozenset({GrantScope(kind="child", id=self.pupil)}))
        action: Action = "register-paper" if self.from_paper else "acknowledge"
        if not self.from_paper and person_of(context) != self.guardian:
            msg = "you can acknowledge only in your own name"
            raise NotAllowed(msg)
        ties = list(self._class_teacher(context)) if self.from_paper else []
        if guardianship is not None and not self.from_paper:
            ties.append(Tie("guardianship", guardianship.ref))
        verdict = decide(action, facts(context, ties), thing)
        if not verdict.allowed:
            raise self._refused(context, verdict, action)
        if guardianship is None:
            msg = "this guardian does not act for this pupil today: check the guardianship"
            raise NotAllowed(msg)
        return tuple(dict.fromkeys((*verdict.refs, guardianship.ref)))

    def _refused(self, context: Context, verdict: Verdict, action: Action) -> Refusal:
        doing = "register a signature on paper" if self.from_paper else "acknowledge"
        if verdict.lacks == "role":
            return lacking(verdict, PERMITS[action].roles, doing)
        if verdict.known or (self.from_paper and knows_pupil(context, self.pupil)):
            return NotAllowed("only the class teacher, or the administration, registers signatures of this class")
        return self.unknown

    def _class_teacher(self, context: Context) -> Iterator[Tie]:
        if _heads_class_of(context, self.pupil):
            yield Tie("class-teacher")


def _heads_class_of(context: Context, pupil: str) -> bool:
    """Say whether the actor is class teacher of the class that a pupil is in today."""
    person, stay = person_of(context), stay_on(context.load(PupilState, pupil).memberships.classes, context.today)
    if not person or stay is None:
        return False
    return context.load(ClassState, stay.where).teacher_on(context.today) == person


def knows_pupil(context: Context, pupil: str) -> bool:
    """Say whether the actor may know of a pupil: the administration, who teaches the pupil today, the class teacher."""
    known = sees(acting(context).held(context.today), Thing("child", pupil))
    return known or _heads_class_of(context, pupil) or _teaches_pupil(context, pupil)


def _teaches_pupil(context: Context, pupil: str) -> bool:
    person, state, today = person_of(context), context.load(PupilState, pupil), context.today
    own = context.load_all(JournalState, "journal", lambda one: one.load_of(person, today) is not None)
    return any(
        one.opened is not None
        and state.memberships.member_of(one.opened.group, one.opened.group_kind, journal, today) is not None
        for journal, one in own.items()
    )


def knows_requests(context: Context) -> bool:
    """Say whether the actor may know of requests to correct that others made."""
    return sees(acting(context).held(context.today), Thing("request"))


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
        bars: list[Bar] = []
        if is_the_same_person(context, self.account, self.person):
            bars.append("asked-oneself")
        if context.load(AccountState, context.actor.account).breaches:
            bars.append("under-breach")
        verdict = decide("decide-request", facts(context, bars=bars), Thing("request"), only=roles)
        if verdict.allowed:
            return verdict.refs
        if verdict.lacks == "asked-oneself":
            msg = "you asked for this yourself, so somebody else decides: withdraw it if it is no longer needed"
            raise NotAllowed(msg)
        if verdict.lacks == "under-breach":
            msg = "a breach of this account is not closed: until then somebody else decides on requests"
            raise NotAllowed(msg)
        raise lacking(verdict, roles, "decide on requests to correct")


@dataclass(frozen=True)
class AskedForIt:
    """Taking back what one asked for oneself, with any account of the same person.

    `unknown` is what somebody hears who may not know that there is such a request.
    """

    account: str
    person: str
    unknown: Refusal

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the grant of the role in which people ask; somebody else's request is refused, or not there."""
        ties = [Tie("asked")] if is_the_same_person(context, self.account, self.person) else []
        verdict = decide("withdraw-request", facts(context, ties), Thing("request"))
        if verdict.allowed:
            return verdict.refs
        if verdict.lacks == "role":
            raise lacking(verdict, PERMITS["withdraw-request"].roles, "withdraw a request")
        if not verdict.known:
            raise self.unknown
        msg = "only who asked for it withdraws a request: whoever approves rejects it instead"
        raise NotAllowed(msg)
