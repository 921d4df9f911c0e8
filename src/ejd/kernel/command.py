"""What a command is: a pydantic model that decides purely; what it may ask is its context."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from ejd.kernel.access import Access
from ejd.kernel.envelope import Recorded, Ref, Scope
from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

S = TypeVar("S", bound="State")


class State:
    """What a stream's valid events add up to, for decisions. `version` counts void events and markers too."""

    kind: ClassVar[str] = ""
    cached: ClassVar[bool] = False
    """Whether states of this kind may be kept between commands; they are checked under the append lock anyway."""

    def __init__(self) -> None:
        """Start as the empty state: an existing stream whose events are all void looks the same."""
        self.version = 0

    def evolve(self, event: Event, ref: Ref) -> None:
        """Take a valid event in; total: it never fails for a missing predecessor."""

    def copy(self) -> Self:
        """Answer a state that can evolve without changing this one: containers are copied one level deep."""
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__ = {
            key: value.copy() if isinstance(value, (dict, list, set)) else value for key, value in self.__dict__.items()
        }
        return twin


class Refusal(Exception):
    """A rule says no. The text is a sentence for the user that says what to do; the class is the stable type."""

    status: ClassVar[int] = 422
    """HTTP status: 422 a rule, 409 a conflict or wrong state, 404 unknown, 403 not allowed, 401 not known."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        """Name the field that the refusal is about, where there is one."""
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.command_index: int | None = None
        self.more: Mapping[str, Any] = {}
        """What programs get beside the sentence: members of the problem (RFC 9457), as JSON takes them."""

    @classmethod
    def slug(cls) -> str:
        """Answer the stable type: the class name in kebab case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(Refusal):
    """Nothing of that kind has this id."""

    status = 404


class NotAllowed(Refusal):
    """The account's roles and duties do not cover this."""

    status = 403


class NotAuthenticated(Refusal):
    """The account or its token is not (or no longer) valid."""

    status = 401


class WrongState(Refusal):
    """It is not in the state that this command needs."""

    status = 409


class Target(NamedTuple):
    """The stream a command writes to, with the directory entry it gets with its first event."""

    stream: str
    scope: Scope


class Caused(NamedTuple):
    """An event with the facts that it, and not the whole command, stands on."""

    event: Event
    refs: tuple[Ref, ...]


class Elsewhere(NamedTuple):
    """An event that belongs in another stream than the command's target, stored in the same transaction.

    `scope` is the directory entry that a stream gets with its first event; None: the stream exists.
    """

    event: Event
    stream: str
    scope: Scope | None = None
    refs: tuple[Ref, ...] = ()


Decided = Event | Caused | Elsewhere
"""What a command may answer."""


class Proof(NamedTuple):
    """What a session at a browser stands on: the generation of the account's credentials, and when they were shown.

    `authenticated_at` in microseconds since 1970 UTC.
    """

    generation: int
    authenticated_at: int


class Actor(NamedTuple):
    """Who sends a command: account, session (a random id, not the secret), client program.

    `proof` is None for who comes with a token: there the session is the token's id.
    """

    account: str
    session: str
    client: str
    proof: Proof | None = None


class Need(Protocol):
    """A right that a command asks for; see `rights.py`."""

    def granted(self, context: Context) -> Sequence[Ref]:
        """Answer the facts that give the right; raises NotAllowed with the reason."""
        ...


class Context(Protocol):
    """What a decision may know: states (each noted, and checked again at the append), time, actor, sealing."""

    now: int
    """Microseconds since 1970 UTC."""
    command_id: str
    actor: Actor
    timezone: str

    @property
    def today(self) -> date:
        """The date in the school's time zone."""
        ...

    def load(self, state: type[S], stream: str) -> S:
        """Answer the state of a stream; empty when it does not exist."""
        ...

    def load_many(self, state: type[S], streams: Sequence[str]) -> list[S]:
        """Answer the states of several streams in the order asked, read together."""
        ...

    def load_all(self, state: type[S], kind: str, matters: Callable[[S], bool]) -> Mapping[str, S]:
        """Answer those of all streams of one kind whose states matter, as they are now.

        Each is noted; that no other one has come to matter, or begun, is checked at the append too.
        """
        ...

    def streams_of(self, journal: str, kind: str) -> list[str]:
        """Answer the streams of one kind that the directory knows for a journal; at the append it knows no other."""
        ...

    def operations(self, account: str, since: int, until: int) -> Iterator[Recorded]:
        """Answer the stored events of an account recorded in [since, until), microseconds UTC, in order."""
        ...

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the versions of streams (0: it does not exist); each is noted and checked again at the append."""
        ...

    def recorded(self, stream: str) -> list[Recorded]:
        """Answer all stored events of a stream with their envelopes, void ones too; its version is noted."""
        ...

    def dependents(self, breach: str, streams: Sequence[str] | None = None) -> list[Ref]:
        """Answer the valid events that stood on what a breach holds void, of some streams only if they are named."""
        ...

    def unfinished(self, year: str) -> Mapping[str, int]:
        """Answer what of an academic year stands open by kind, as reports count it up to now (G7)."""
        ...

    def rely(self, *refs: Ref) -> None:
        """Note facts that every event of this command stands on."""
        ...

    def seal(self, person: str, text: str, *, field: str) -> Sealed:
        """Seal free text or a name under the key of the person it is about (the school's, when about nobody)."""
        ...

    def reserve(self, key: str, stream: str, *, otherwise: Refusal) -> None:
        """Claim a unique key in the same transaction; `otherwise` is raised when another stream has it."""
        ...

    def release(self, key: str) -> None:
        """Free a unique key."""
        ...

    def owner_of(self, key: str) -> str | None:
        """Answer the stream that has claimed a unique key; whoever relies on that claims a key after it."""
        ...


class Command(BaseModel):
    """An intent with its rules. One subclass = one route `POST /api/v1/commands/{name}`; no list is edited."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: ClassVar[str] = ""
    access: ClassVar[Access]
    """Its action and to what kind of thing, as `kernel.access` judges it; a command without one is not found."""
    alone: ClassVar[bool] = False
    """Whether it must be the only command of its request: it changes what other events mean."""
    inner: ClassVar[bool] = False
    """Whether only the service itself sends it: it has no route, and no place in the catalogue."""
    step_up: ClassVar[bool] = False
    """Whether who is at a browser must have shown password or second factor again a short time ago."""
    events_max: ClassVar[int] = 10_000
    """Events that one request with this command may bring."""

    def needs_step_up(self, actor: Actor) -> bool:  # noqa: ARG002 - for those that ask some actors only
        """Answer `step_up`, unless it depends on who sends it."""
        return self.step_up

    def target(self, context: Context) -> Target:
        """Answer the stream this command writes to."""
        raise NotImplementedError

    def need(self, context: Context) -> Need:
        """Answer the right it takes."""
        raise NotImplementedError

    def decide(self, context: Context) -> Iterable[Decided]:
        """Answer the events, or raise a Refusal; no events: everything is already so."""
        raise NotImplementedError


def commands_in(module_names: Iterable[str], modules: Mapping[str, Any]) -> Iterator[type[Command]]:
    """Answer the command classes that the modules define, in order of name; inner ones are left out.

    Raises ValueError for two with one name, and for one that does not declare its access: nothing starts then.
    """
    found: dict[str, type[Command]] = {}
    for module_name in module_names:
        for thing in vars(modules[module_name]).values():
            if not (isinstance(thing, type) and issubclass(thing, Command) and thing.name and not thing.inner):
                continue
            if found.setdefault(thing.name, thing) is not thing:
                msg = f"{thing.__qualname__} needs a name of its own, {thing.name!r} is taken"
                raise ValueError(msg)
            if not hasattr(thing, "access"):
                msg = f"{thing.__qualname__} declares no access: say its action and the kind of thing in `access`"
                raise ValueError(msg)
    yield from (found[name] for name in sorted(found))
