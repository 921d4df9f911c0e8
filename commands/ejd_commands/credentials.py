"""How people sign in (F2): one-time codes on paper and passwords. What is secret never reaches a command.

All but revoke-code are inner: the service sends them when a code or password was checked or made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.command import NotFound, Refusal, WrongState
from ejd.kernel.credential_rights import GivesCode, OwnCredentials
from ejd.kernel.events import credentials as c
from ejd.kernel.states.access import AccountState
from ejd_commands import known
from ejd_commands.accounts import AccountIsLocked, OneAccountCommand, SuspendedByBreach, microseconds
from ejd_commands.fields import CodeId, Id, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

CODE_DAYS_MAX = 60
"""A code that is handed out in June for September is made in September."""


class ProgramsHaveNoPassword(Refusal):
    """Programs come with tokens."""


class CodeTermWrong(Refusal):
    """A code ends in the future, within a named term."""


class UnknownCode(NotFound):
    """The account has no code of this id that counts."""


class CodeEnded(WrongState):
    """The code was used, replaced or revoked, or its time is over."""


class PasswordMoved(WrongState):
    """The password that was checked is no longer the one of the account."""


class CodeCommand(OneAccountCommand):
    """Base of what is done about a code for somebody else."""

    access: ClassVar[Access] = Access("give-code", "account", "give this account a code")

    code: CodeId

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for somebody who may give the owner a code."""
        return GivesCode(self.account)


class IssueCode(CodeCommand):
    """Give somebody a one-time code on paper: for the first password, or for one that was forgotten (F2)."""

    name: ClassVar[str] = "issue-code"
    inner: ClassVar[bool] = True
    step_up: ClassVar[bool] = True
    expires_at: Moment
    starts_over: bool = False

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse programs, the own account, a locked one, and a term that is over or too long."""
        opened = known.account(context, self.account)
        self.not_own(context, "give a code to")
        if opened.kind == "program":
            raise ProgramsHaveNoPassword("a program comes with a token: issue one with issue-token", field="account")
        state = context.load(AccountState, self.account)
        if state.suspended:
            msg = "a breach of this account is open: reset-credentials comes first, then its owner gets a code"
            raise SuspendedByBreach(msg, field="account")
        if state.locked:
            raise AccountIsLocked("this account is locked: unlock it before its owner gets a code", field="account")
        expires_at = microseconds(self.expires_at)
        if not context.now < expires_at <= context.now + CODE_DAYS_MAX * 86_400_000_000:
            msg = f"a code ends in the future, after at most {CODE_DAYS_MAX} days: choose such a moment"
            raise CodeTermWrong(msg, field="expires_at")
        yield c.CodeIssued(code=self.code, expires_at=expires_at, starts_over=self.starts_over)


class RevokeCode(CodeCommand):
    """End a one-time code at once, and the password that was set with it."""

    name: ClassVar[str] = "revoke-code"

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse an id that ends nothing: a slip must not look like a success."""
        known.account(context, self.account)
        if not context.load(AccountState, self.account).stands_on(self.code):
            msg = "this account has no such code, and its password does not go back to it: check the id"
            raise UnknownCode(msg, field="code")
        yield c.CodeRevoked(code=self.code)


class OwnCredentialCommand(OneAccountCommand):
    """Base of what the owner does."""

    access: ClassVar[Access] = Access("keep-credentials", "account", "set somebody else's password")

    inner: ClassVar[bool] = True
    credential: Id

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the owner."""
        return OwnCredentials(self.account)


class UseCode(OwnCredentialCommand):
    """Set a password with a code from paper: the code is used up, all sessions end."""

    name: ClassVar[str] = "use-code"
    code: CodeId

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a code that no longer counts."""
        expires_at = context.load(AccountState, self.account).codes.get(self.code)
        if expires_at is None or expires_at <= context.now:
            msg = "this code was used or its time is over: ask the class teacher or the office for a new one"
            raise CodeEnded(msg, field="code")
        yield c.CodeUsed(code=self.code)
        yield c.PasswordSet(credential=self.credential, way="code", code=self.code)


class ChangePassword(OwnCredentialCommand):
    """Set another password; `replaces` is the one that its owner has just shown."""

    name: ClassVar[str] = "change-password"
    replaces: Id

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse when another password was set meanwhile; the new one goes back to the code of the old one."""
        old = context.load(AccountState, self.account).password
        if old is None or old.credential != self.replaces:
            raise PasswordMoved("the password was changed meanwhile: sign in with the new one")
        yield c.PasswordSet(credential=self.credential, way="changed", code=old.code)
