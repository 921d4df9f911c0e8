"""Second factors of the own account (F2). All are inner: the service sends them when a factor was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ejd.kernel.access import Access
from ejd.kernel.command import NotFound, WrongState
from ejd.kernel.credential_rights import OwnCredentials
from ejd.kernel.events import factors as f
from ejd.kernel.states.access import AccountState
from ejd_commands.accounts import OneAccountCommand
from ejd_commands.fields import CodeId, Id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

FACTORS_MAX = 8
"""Of one account: a telephone, a computer, keys, and their successors."""
RECOVERY_CODES = 10


class TooManyFactors(WrongState):
    """The account has as many second factors as one may have."""


class UnknownFactor(NotFound):
    """The account has no such second factor."""


class FactorTaken(WrongState):
    """The factor is there already."""


class RecoveryCodeEnded(WrongState):
    """The recovery code was used, or others were made since."""


class OwnFactorCommand(OneAccountCommand):
    """Base of what the owner does."""

    inner: ClassVar[bool] = True
    access: ClassVar[Access] = Access("keep-credentials", "account", "change somebody else's second factors")

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the owner."""
        return OwnCredentials(self.account)


class AddFactor(OwnFactorCommand):
    """Sign in with this too, from now on."""

    name: ClassVar[str] = "add-factor"
    factor: Id
    kind: f.FactorKind

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse more than FACTORS_MAX."""
        factors = context.load(AccountState, self.account).factors
        if self.factor in factors:
            raise FactorTaken("this second factor is there already: begin anew", field="factor")
        if len(factors) >= FACTORS_MAX:
            msg = f"an account has at most {FACTORS_MAX} second factors: remove one that is not used"
            raise TooManyFactors(msg)
        yield f.FactorAdded(factor=self.factor, kind=self.kind)


class RemoveFactor(OwnFactorCommand):
    """Sign in with this no longer."""

    name: ClassVar[str] = "remove-factor"
    factor: Id

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse one that is not there."""
        if self.factor not in context.load(AccountState, self.account).factors:
            raise UnknownFactor("this account has no such second factor: look at the list", field="factor")
        yield f.FactorRemoved(factor=self.factor)


class MakeRecoveryCodes(OwnFactorCommand):
    """Replace the recovery codes."""

    name: ClassVar[str] = "make-recovery-codes"
    codes: Annotated[tuple[CodeId, ...], Field(min_length=RECOVERY_CODES, max_length=RECOVERY_CODES)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:  # noqa: ARG002 - one signature for all commands
        """Note which codes count from now on."""
        yield f.RecoveryCodesMade(codes=self.codes)


class UseRecoveryCode(OwnFactorCommand):
    """Come with a recovery code instead of the device."""

    name: ClassVar[str] = "use-recovery-code"
    code: CodeId

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a code that no longer counts."""
        if self.code not in context.load(AccountState, self.account).recovery_codes:
            raise RecoveryCodeEnded("this recovery code was used already: take another one")
        yield f.RecoveryCodeUsed(code=self.code)
