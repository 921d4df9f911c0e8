"""Accounts of people and programs (F1): opening, roles, tokens, locks. No secret ever reaches a command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from ejd.kernel.access import SCOPES, Access
from ejd.kernel.command import Command, NotAllowed, NotFound, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import accounts as a
from ejd.kernel.ids import SCHOOL, SYSTEM, derived
from ejd.kernel.rights import Appoints, Supports, decider, same
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.people import GuardianState, PupilState, StaffState
from ejd.kernel.states.teaching import ClassState, JournalState
from ejd_commands import known
from ejd_commands.fields import Day, Digest, Id, Login, Moment, Name, Part, Reason, TokenId, TokenScopes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

TOKEN_DAYS_MAX = 400
TOKENS_MAX = 50
"""Tokens of one account that are valid at the same time."""
PERSON_OF_ROLE: dict[a.Role, str] = {
    "head": "staff member",
    "deputy-head": "staff member",
    "teacher": "staff member",
    "parent": "guardian",
    "pupil": "pupil",
}
"""Whose account a role needs; technical support may come from outside, an API client is a program."""
OF_THE_HEAD: frozenset[a.Role] = frozenset({"head", "deputy-head", "api-client"})
"""Roles that see the whole school: technical support gives them to nobody, else it could give them to itself."""


TAKEN = "this token id is used already: take a new one"


class LoginTaken(Refusal):
    """Another account has the login."""

    status = 409


class AccountIsOpen(WrongState):
    """The account is open with another login or person."""


class UnknownPerson(NotFound):
    """Nobody at the school has this id."""


class ProgramIsNobody(Refusal):
    """A program's account is nobody's."""


class NotForTheOwnAccount(NotAllowed):
    """Nobody gives the own account a role, or unlocks it."""


class RoleDoesNotFit(Refusal):
    """The role is not for the person, or the program, whose account it is."""


class ScopeDoesNotFit(Refusal):
    """The role cannot be given for such a part of the school."""


class UnknownScope(NotFound):
    """There is no class, journal or pupil of this id to give a role for."""


class AccountIsLocked(WrongState):
    """A locked account gets no tokens."""


class TokenTaken(WrongState):
    """The token's id is used for another token."""


class TooManyTokens(WrongState):
    """The account has as many valid tokens as one may have."""


class TokenTermWrong(Refusal):
    """A token ends in the future, within a named term."""


class UnknownToken(NotFound):
    """The account has no valid token of this id."""


class SuspendedByBreach(WrongState):
    """A breach of the account is reported, and its credentials are not reset yet."""


class SystemStaysLocked(NotAllowed):
    """The account that set the school up is not opened again."""


class AccountCommand(Command):
    """Base of the commands on accounts: head or technical support, and the system until the first head is there."""

    access: ClassVar[Access] = Access("manage-accounts", "account", "manage accounts")

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the right to manage accounts."""
        return Supports()


class OpenAccount(AccountCommand):
    """Open an account for a person of the school, or for a program (F1)."""

    name: ClassVar[str] = "open-account"
    account: Id | None = None
    kind: Literal["person", "program"]
    login: Login
    person: Id | None = None

    def stream(self, context: Context) -> str:
        """Answer the account's stream."""
        return self.account or derived(context.command_id, "account")

    def target(self, context: Context) -> Target:
        """Answer the account's stream; the directory keeps whose it is."""
        return Target(self.stream(context), Scope(kind="account", person=self.person or ""))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a login that is taken (case does not matter) and a person who is not there."""
        stream = self.stream(context)
        event = a.AccountOpened(kind=self.kind, login=self.login, person=self.person or "")
        opened = context.load(AccountState, stream).opened
        if opened == event:
            return
        if opened is not None or stream == SYSTEM:
            msg = "this account is open with another login or person: open a new account"
            raise AccountIsOpen(msg, field="account")
        if self.person is not None:
            if self.kind == "program":
                raise ProgramIsNobody("the account of a program is nobody's: leave the person out", field="person")
            if not person_is(context, self.person):
                msg = f"there is no staff member, pupil or guardian {self.person}: enter the person first"
                raise UnknownPerson(msg, field="person")
        taken = LoginTaken(f"the login {self.login!r} is taken: choose another one", field="login")
        context.reserve(f"login/{self.login.casefold()}", stream, otherwise=taken)
        yield event


def person_is(context: Context, person: str) -> frozenset[str]:
    """Answer what somebody is, or was, at the school; nothing when nobody has this id."""
    found = {
        "staff member": bool(context.load(StaffState, person).terms),
        "pupil": context.load(PupilState, person).enrolled,
        "guardian": context.load(GuardianState, person).registered,
    }
    return frozenset(what for what, is_so in found.items() if is_so)


class OneAccountCommand(AccountCommand):
    """Base of what is written to an existing account."""

    account: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the account's stream."""
        return Target(self.account, Scope(kind="account"))

    def not_own(self, context: Context, what: str) -> None:
        """Raise NotForTheOwnAccount when the actor's own account is meant, or another one of the same person."""
        if same(decider(context), decider(context, self.account)):
            msg = f"nobody can {what} the own account: ask the head or technical support"
            raise NotForTheOwnAccount(msg, field="account")


class ScopePart(Part):
    """A part of the school: a class, a journal, or what is about one child."""

    kind: Literal["class", "journal", "child"]
    id: Id


class RoleCommand(OneAccountCommand):
    """Base: a role of an account, in the whole school unless a scope is named."""

    role: a.Role
    scope: ScopePart | None = None

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the head where the role sees the whole school, else for the right to manage accounts."""
        return Appoints() if self.role in OF_THE_HEAD else Supports()

    def part(self) -> a.GrantScope | None:
        """Answer the scope as it is stored."""
        return None if self.scope is None else a.GrantScope(kind=self.scope.kind, id=self.scope.id)


class GrantRole(RoleCommand):
    """Grant a role from a day on (today unless named), to a day included if one is named (F1).

    In the whole school, or for a class (deputy head, API client), a journal (teacher, API client) or a child (parent,
    API client) only. Head, deputy head and API client are granted by the head.
    """

    name: ClassVar[str] = "grant-role"
    step_up: ClassVar[bool] = True
    starts: Day | None = None
    ends: Day | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a role that does not fit the person or the scope, and the own account."""
        opened = known.account(context, self.account)
        self.not_own(context, "grant a role to")
        starts = self.starts or context.today
        if self.ends is not None and self.ends < starts:
            msg = f"the role ends before {starts:%d.%m.%Y}, when it begins: correct one of the days"
            raise known.EndsBeforeItBegins(msg, field="ends")
        if (self.role == "api-client") != (opened.kind == "program"):
            msg = "programs, and only they, have the role api-client: choose another role or account"
            raise RoleDoesNotFit(msg, field="role")
        needed = PERSON_OF_ROLE.get(self.role)
        if needed is not None and needed not in (person_is(context, opened.person) if opened.person else ()):
            msg = f"the role {self.role} is for the account of a {needed}: open one for that person"
            raise RoleDoesNotFit(msg, field="role")
        scope = self._scope(context)
        grants = [g for g in context.load(AccountState, self.account).grants if (g.role, g.scope) == (self.role, scope)]
        if self.starts is None and any(g.starts <= starts and g.ends == self.ends for g in grants):
            return
        if not any((g.starts, g.ends) == (starts, self.ends) for g in grants):
            yield a.RoleGranted(role=self.role, starts=starts, ends=self.ends, scope=scope)

    def _scope(self, context: Context) -> a.GrantScope | None:
        """Answer where the role is to count; refuses a kind of scope that means nothing for it, and an unknown one."""
        scope = self.part()
        if scope is None:
            return None
        fitting = sorted(SCOPES[self.role])
        if scope.kind not in fitting:
            only = f"for the whole school or a {' or '.join(fitting)}" if fitting else "for the whole school only"
            raise ScopeDoesNotFit(f"the role {self.role} is given {only}: choose that", field="scope")
        there = {
            "class": context.load(ClassState, scope.id).formed is not None,
            "journal": context.load(JournalState, scope.id).opened is not None,
            "child": context.load(PupilState, scope.id).enrolled,
        }
        if not there[scope.kind]:
            what = "pupil" if scope.kind == "child" else scope.kind
            raise UnknownScope(f"there is no {what} {scope.id}: look the id up first", field="scope.id")
        return scope


class RevokeRole(RoleCommand):
    """Take a role away at once, in the scope named: without one, that for the whole school (F1)."""

    name: ClassVar[str] = "revoke-role"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Do nothing when the account does not have it."""
        known.account(context, self.account)
        held = {(grant.role, grant.scope) for grant in context.load(AccountState, self.account).grants}
        if (self.role, self.part()) in held:
            yield a.RoleRevoked(role=self.role, scope=self.part())


class IssueToken(OneAccountCommand):
    """Register a bearer token; the client made the secret and keeps it, only its SHA-256 comes here.

    Who makes a token can act as its account: for programs, and for who sees the whole school, the head does it.
    """

    name: ClassVar[str] = "issue-token"
    step_up: ClassVar[bool] = True
    token: TokenId
    digest: Digest
    client: Name
    expires_at: Moment
    scopes: TokenScopes | None = None
    """What it is for: read, write, and decide, which is what a person at a browser repeats the password for. All."""

    def need(self, context: Context) -> Need:
        """Ask for the head where the account is a program's, or has a role that sees the whole school."""
        return makes_token(context, self.account)

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a locked account, a term that is over or too long, and more tokens than one account may have."""
        known.account(context, self.account)
        state = context.load(AccountState, self.account)
        expires_at = microseconds(self.expires_at)
        token = self.token
        scopes = a.ALL_SCOPES if self.scopes is None else tuple(one for one in a.ALL_SCOPES if one in self.scopes)
        old = state.tokens.get(token)
        if old == (self.digest, self.client, expires_at, scopes):
            return
        if state.suspended:
            msg = "a breach of this account is open: reset-credentials comes first, then it gets a token"
            raise SuspendedByBreach(msg, field="account")
        if state.locked:
            raise AccountIsLocked("this account is locked: unlock it before it gets a token", field="account")
        check_term(context, expires_at)
        if old is not None:
            raise TokenTaken(TAKEN, field="token")
        claim_token(context, state, self.account, token)
        yield a.TokenIssued(token=token, digest=self.digest, client=self.client, expires_at=expires_at, scopes=scopes)


def makes_token(context: Context, account: str) -> Need:
    """Answer the right that a token for an account takes: whoever has it can do what the account can."""
    state = context.load(AccountState, account)
    program = state.opened is not None and state.opened.kind == "program"
    whole = any(grant.role in OF_THE_HEAD for grant in state.grants)
    return Appoints("make a token for this account") if program or whole else Supports()


def check_term(context: Context, expires_at: int) -> None:
    """Raise TokenTermWrong for an end in the past, or too far away."""
    if not context.now < expires_at <= context.now + TOKEN_DAYS_MAX * 86_400_000_000:
        msg = f"a token ends in the future, after at most {TOKEN_DAYS_MAX} days: choose such a moment"
        raise TokenTermWrong(msg, field="expires_at")


def claim_token(context: Context, state: AccountState, account: str, token: str, field: str = "token") -> None:
    """Claim the id of a new token; raises TooManyTokens, or TokenTaken when another token has it."""
    if sum(one.expires_at > context.now for one in state.tokens.values()) >= TOKENS_MAX:
        msg = f"this account has {TOKENS_MAX} valid tokens: revoke one that is not needed"
        raise TooManyTokens(msg, field="account")
    context.reserve(f"token/{token}", account, otherwise=TokenTaken(TAKEN, field=field))


def microseconds(moment: datetime) -> int:
    """Answer microseconds since 1970 UTC, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class RevokeToken(OneAccountCommand):
    """End a token at once."""

    name: ClassVar[str] = "revoke-token"
    token: TokenId

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse an id that ends nothing: a slip must not look like a success."""
        known.account(context, self.account)
        if self.token not in context.load(AccountState, self.account).tokens:
            msg = "this account has no such token, or it is revoked already: check the id"
            raise UnknownToken(msg, field="token")
        yield a.TokenRevoked(token=self.token)


class LockAccount(OneAccountCommand):
    """Lock an account: it can do nothing until it is unlocked (B1); the system's own account stays locked for good."""

    name: ClassVar[str] = "lock-account"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Do nothing when it is locked; the reason is sealed under the person's key."""
        person = SCHOOL if self.account == SYSTEM else known.account(context, self.account).person or SCHOOL
        if not context.load(AccountState, self.account).closed_by_hand:
            yield a.AccountLocked(reason=context.seal(person, self.reason, field="account-locked.reason"))


class UnlockAccount(OneAccountCommand):
    """Let an account that was locked by hand act again, with the reason; a breach is ended by reset-credentials."""

    name: ClassVar[str] = "unlock-account"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse the own account, the system's, and one that a breach suspends; do nothing when it is not locked."""
        if self.account == SYSTEM:
            msg = "the account that set the school up stays locked: use an account of the administration"
            raise SystemStaysLocked(msg, field="account")
        person = known.account(context, self.account).person or SCHOOL
        self.not_own(context, "unlock")
        state = context.load(AccountState, self.account)
        if state.suspended:
            msg = "a breach of this account is open: reset-credentials lets its owner act again, not this command"
            raise SuspendedByBreach(msg, field="account")
        if state.closed_by_hand:
            yield a.AccountUnlocked(reason=context.seal(person, self.reason, field="account-unlocked.reason"))
