"""What people show beside a password (F2). No event holds a secret: public keys and sealed secrets stand beside."""

from typing import ClassVar, Literal

from ejd.kernel.event import Event

FactorKind = Literal["totp", "passkey"]


class FactorAdded(Event, frozen=True, kw_only=True):
    """The owner signs in with this too: codes of an app (RFC 6238), or a key of a device (WebAuthn)."""

    stored_name: ClassVar[str] = "factor-added/1"
    factor: str
    kind: FactorKind


class FactorRemoved(Event, frozen=True, kw_only=True):
    """It counts no longer; every session of the account ended."""

    stored_name: ClassVar[str] = "factor-removed/1"
    factor: str


class RecoveryCodesMade(Event, frozen=True, kw_only=True):
    """Codes for the day on which the device is lost, each good once; those that were made before count no longer."""

    stored_name: ClassVar[str] = "recovery-codes-made/1"
    codes: tuple[str, ...]


class RecoveryCodeUsed(Event, frozen=True, kw_only=True):
    """The owner came with a recovery code instead of the device."""

    stored_name: ClassVar[str] = "recovery-code-used/1"
    code: str
