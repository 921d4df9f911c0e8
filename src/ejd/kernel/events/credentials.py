"""How people sign in: passwords and one-time codes. No event holds a secret, nor anything made of one."""

from typing import ClassVar, Literal

from ejd.kernel.event import Event

Way = Literal["code", "changed"]


class CodeIssued(Event, frozen=True, kw_only=True):
    """A one-time code for the owner, given out on paper; its digest stands under this id beside the events.

    `expires_at` in microseconds since 1970 UTC. A code that was issued before counts no longer. `starts_over`: with it
    the owner has no second factor any more, for example because the telephone is lost.
    """

    stored_name: ClassVar[str] = "code-issued/1"
    code: str
    expires_at: int
    starts_over: bool = False


class CodeUsed(Event, frozen=True, kw_only=True):
    """The owner came with the code: it is used up, and every session of the account ended."""

    stored_name: ClassVar[str] = "code-used/1"
    code: str


class CodeRevoked(Event, frozen=True, kw_only=True):
    """The code opens nothing any more; a password that was set with it, and the sessions since, ended."""

    stored_name: ClassVar[str] = "code-revoked/1"
    code: str


class PasswordSet(Event, frozen=True, kw_only=True):
    """The owner set a password: with a one-time code, or by changing the old one. All sessions before it ended.

    `credential` is the id under which its hash stands beside the events; `code` is the code that it goes back to.
    """

    stored_name: ClassVar[str] = "password-set/1"
    credential: str
    way: Way
    code: str = ""
