"""Accounts of people and programs: roles, tokens, locks."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

TokenScope = Literal["read", "write", "decide"]
"""What a token is for: to ask, to record, and what a person at a browser repeats the password for."""
ALL_SCOPES: tuple[TokenScope, ...] = ("read", "write", "decide")
Role = Literal["head", "deputy-head", "teacher", "pupil", "parent", "support", "api-client"]


class GrantScope(msgspec.Struct, frozen=True):
    """Where a role counts: a class, a journal, or what is about one child; `id` is its stream."""

    kind: Literal["class", "journal", "child"]
    id: str


class AccountOpened(Event, frozen=True, kw_only=True):
    """Somebody, or a program, may act under this account; `person` is the staff member, pupil or guardian."""

    stored_name: ClassVar[str] = "account-opened/1"
    kind: Literal["person", "program"]
    login: str
    person: str = ""


class RoleGranted(Event, frozen=True, kw_only=True):
    """A role from a day on, to a day included if one is named; granted by another account, that of the envelope.

    In the whole school unless a scope is named; grants of one role in several scopes stand side by side.
    """

    stored_name: ClassVar[str] = "role-granted/1"
    role: Role
    starts: date
    ends: date | None = None
    scope: GrantScope | None = None


class RoleRevoked(Event, frozen=True, kw_only=True):
    """The role ends at once in the scope named: without one, that for the whole school."""

    stored_name: ClassVar[str] = "role-revoked/1"
    role: Role
    scope: GrantScope | None = None


class TokenIssued(Event, frozen=True, kw_only=True):
    """A bearer token; only the SHA-256 of its 256-bit secret is kept. Times in microseconds since 1970 UTC."""

    stored_name: ClassVar[str] = "token-issued/1"
    token: str
    digest: str
    client: str
    expires_at: int
    scopes: tuple[TokenScope, ...] = ALL_SCOPES


class TokenEndSet(Event, frozen=True, kw_only=True):
    """The token ends at another time than it was issued for: another one takes its place (microseconds, 1970 UTC)."""

    stored_name: ClassVar[str] = "token-end-set/1"
    token: str
    expires_at: int


class TokenRevoked(Event, frozen=True, kw_only=True):
    """The token answers 401 from now on."""

    stored_name: ClassVar[str] = "token-revoked/1"
    token: str


class AccountLocked(Event, frozen=True, kw_only=True):
    """The account can do nothing until it is unlocked."""

    stored_name: ClassVar[str] = "account-locked/1"
    reason: Sealed


class AccountUnlocked(Event, frozen=True, kw_only=True):
    """The account may act again."""

    stored_name: ClassVar[str] = "account-unlocked/1"
    reason: Sealed


class AccountSuspended(Event, frozen=True, kw_only=True):
    """A breach of the account was reported: it can do nothing until its credentials are reset (B1)."""

    stored_name: ClassVar[str] = "account-suspended/1"
    breach: str


class CredentialsReset(Event, frozen=True, kw_only=True):
    """Every token of the account ended for good; the owner gets new ones and may act again (B3)."""

    stored_name: ClassVar[str] = "credentials-reset/1"
    breach: str


class BreachSettled(Event, frozen=True, kw_only=True):
    """The breach of this account is closed: the owner may approve for others again."""

    stored_name: ClassVar[str] = "breach-settled/1"
    breach: str
