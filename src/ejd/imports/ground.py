"""The school that an import meets: what is there already, and who brought it."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from ejd.access.vault import Vault
from ejd.handling.handler import Handler
from ejd.handling.states import States
from ejd.imports.identity import Source
from ejd.kernel.command import Command, State
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.void import MARKER_NAMES, void_versions
from ejd_commands.fields import unique_key

__all__ = ["Ground", "SchoolAccess", "Step"]

S = TypeVar("S", bound=State)


class Places(Protocol):
    """Of the settings, where the school's key is."""

    @property
    def master_key_path(self) -> Path:
        """The file of the master key."""
        ...


class SchoolAccess(Protocol):
    """What an import needs of a school; `ejd.app.School` has it."""

    @property
    def settings(self) -> Places:
        """Where the key is from which ids are derived."""
        ...

    @property
    def states(self) -> States:
        """To see what is there."""
        ...

    @property
    def handler(self) -> Handler:
        """The only way in."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Microseconds since 1970 UTC."""
        ...

    @property
    def vault(self) -> Vault:
        """To make many persons' keys at once."""
        ...


class Step(NamedTuple):
    """One command that an import would send, with what it is about in words for a refusal."""

    what: str
    command: Command
    done: bool = False
    """It was done before, and doing it again would be refused."""
    optional: bool = False
    """A refusal is told and does not stop the import."""


class Ground:
    """Asks the store; nothing is kept but the events of streams that were asked for."""

    def __init__(self, states: States, source: Source) -> None:
        self.source = source
        self.reused: defaultdict[str, int] = defaultdict(int)
        """How many things of each kind were there under their names, brought by somebody else."""
        self.states = States(states.store, states.catalogue)
        """What stands in the store: what a process keeps between commands may be old."""
        self._histories: dict[str, list[Recorded]] = {}
        self._written: set[str] = set()
        self._told: dict[str, dict[tuple[str, ...], list[Recorded]]] = {}

    def load(self, state: type[S], stream: str) -> S:
        """Return the state of a stream."""
        return self.states.load(state, stream)

    def named(self, kind: str, within: str, title: str, own: str) -> str:
        """Return the id of a thing: the import's own, or the one of somebody else's thing of that name.

        `within` begins the unique key, as the commands reserve it.
        """
        return self.owned(kind, f"{within}/{unique_key(title)}", own)

    def owned(self, kind: str, key: str, own: str) -> str:
        """Return the holder of a unique key, else the own id; an own thing that is there keeps its id."""
        holder = self.states.store.owner_of(key)
        if holder is None or holder == own or self.exists(own):
            return own
        self.reused[kind] += 1
        return holder

    def exists(self, stream: str) -> bool:
        """Return whether anything stands there that is not void."""
        return bool(self.history(stream))

    def written(self, stream: str) -> bool:
        """Return whether anything was ever written there, void or not: ids of commands may be used."""
        self.history(stream)
        return stream in self._written

    def ours(self, ref: Ref) -> bool:
        """Return whether an event was brought by an import of this source."""
        found = next((each for each in self.history(ref.stream) if each.version == ref.version), None)
        return found is not None and self.source.brought(found.client)

    def history(self, stream: str) -> list[Recorded]:
        """Return the events of a stream that are not void, as they were when first asked for."""
        if stream not in self._histories:
            recorded = self.states.store.read_streams([stream])
            if recorded:
                self._written.add(stream)
            markers = [each for each in recorded if each.name in MARKER_NAMES]
            void = void_versions(self.states.catalogue.decode(each.name, each.state) for each in markers)
            self._histories[stream] = [
                each for each in recorded if each.version not in void and each.name not in MARKER_NAMES
            ]
        return self._histories[stream]

    def told_before(self, event: Event, stream: str) -> list[Recorded]:
        """Return the earlier events about the same thing in a stream, the oldest first."""
        if stream not in self._told:
            told: defaultdict[tuple[str, ...], list[Recorded]] = defaultdict(list)
            for each in self.history(stream):
                told[_thing(self.states.catalogue.decode(each.name, each.state))].append(each)
            self._told[stream] = told
        return self._told[stream].get(_thing(event), [])

    def command_known(self, account: str, command_id: str) -> bool:
        """Return whether the account has sent a command under this id, even one that changed nothing."""
        return self.states.store.find_answer(account, command_id) is not None


def _thing(event: Event) -> tuple[str, ...]:
    """Return what in its stream an event is about: joining and leaving a group are about the same."""
    named = tuple(str(getattr(event, field, "")) for field in ("journal", "staff", "group", "code"))
    return named if any(named) else (event.stored_name,)
