"""Loading states from the store, and keeping those of the catalogue between commands."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ejd.kernel.envelope import NO_STREAM, Recorded, Ref
from ejd.kernel.void import MARKER_NAMES, void_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ejd.kernel.command import State
    from ejd.kernel.event import Catalogue
    from ejd.store.contract import EventStore

S = TypeVar("S", bound="State")

SearchDependents: TypeAlias = "Callable[[str, Sequence[str] | None], list[Ref]]"
"""Takes a breach and streams (None: wherever they may be), answers the dependents."""


CountUnfinished: TypeAlias = "Callable[[str], Mapping[str, int]]"
"""Takes an academic year, answers what of it stands open by kind."""


def no_count(year: str) -> Mapping[str, int]:
    """Refuse to answer: whoever puts a school together gives the count of `ejd.history`."""
    msg = f"nobody gave a count of what stands open in year {year}"
    raise LookupError(msg)


def no_search(breach: str, _streams: Sequence[str] | None) -> list[Ref]:
    """Refuse to answer: whoever puts a school together gives the search of `ejd.history`."""
    msg = f"nobody gave a search of what stood on breach {breach}"
    raise LookupError(msg)


CACHED_STATES_MAX = 50_000
"""A school of 3,000 people and its journals fits; a state has some hundred bytes, a timetable a megabyte."""


def fold(state: type[S], recorded: Sequence[Recorded], catalogue: Catalogue) -> S:
    """Answer the state of one stream from its stored events: void ones, and markers, count in the version only."""
    result = state()
    void: set[int] = set()
    if any(event.name in MARKER_NAMES for event in recorded):
        void = void_versions(catalogue.decode(e.name, e.state) for e in recorded if e.name in MARKER_NAMES)
    for event in recorded:
        if event.version not in void and event.name not in MARKER_NAMES:
            result.evolve(catalogue.decode(event.name, event.state), Ref(event.stream, event.version))
    result.version = recorded[-1].version if recorded else NO_STREAM
    return result


class StateCache:
    """States by stream, the least recently used forgotten first. Whoever takes one must copy it before evolving.

    A kept state may be old: the append checks its version, a refusal checks it too, so nothing is decided on it.
    """

    def __init__(self, states_max: int = CACHED_STATES_MAX) -> None:
        """Begin empty."""
        self._states: OrderedDict[tuple[type[Any], str], Any] = OrderedDict()
        self._lock = Lock()
        self._states_max = states_max

    def get(self, state: type[S], stream: str) -> S | None:
        """Answer the kept state, if any."""
        with self._lock:
            found: S | None = self._states.get((state, stream))
            if found is not None:
                self._states.move_to_end((state, stream))
            return found

    def put(self, stream: str, state: State) -> None:
        """Keep a state unless a newer one is kept already."""
        if not state.cached or state.version == NO_STREAM:
            return
        key = (type(state), stream)
        with self._lock:
            known = self._states.get(key)
            if known is not None and known.version > state.version:
                return
            self._states[key] = state
            self._states.move_to_end(key)
            if len(self._states) > self._states_max:
                self._states.popitem(last=False)

    def forget(self, streams: Iterable[str]) -> None:
        """Drop every state of these streams."""
        gone = set(streams)
        if not gone:
            return
        with self._lock:
            for key in [key for key in self._states if key[1] in gone]:
                del self._states[key]


class States:
    """Loads states; shared by all commands of a process."""

    def __init__(
        self,
        store: EventStore,
        catalogue: Catalogue,
        cache: StateCache | None = None,
        dependents: SearchDependents = no_search,
        unfinished: CountUnfinished = no_count,
    ) -> None:
        """Use a cache of one's own unless one is given.

        `dependents` finds what stood on what a breach holds void, `unfinished` counts what of a year stands open.
        """
        self.unfinished = unfinished
        self.store = store
        self.dependents = dependents
        self.catalogue = catalogue
        self.cache = cache if cache is not None else StateCache()
        self._kinds: dict[str, str] = {}

    def load(self, state: type[S], stream: str) -> S:
        """Answer a state, perhaps a kept (old) one; the caller checks its version before it counts."""
        if state.cached:
            kept = self.cache.get(state, stream)
            if kept is not None:
                return kept
        loaded = fold(state, self.store.read_streams([stream]), self.catalogue)
        self.cache.put(stream, loaded)
        return loaded

    def load_many(self, state: type[S], streams: Sequence[str]) -> dict[str, S]:
        """Answer the states of several streams: those that are not kept are read together."""
        found: dict[str, S] = {}
        recorded: dict[str, list[Recorded]] = {}
        for stream in streams:
            kept = self.cache.get(state, stream) if state.cached else None
            if kept is None:
                recorded[stream] = []
            else:
                found[stream] = kept
        for event in self.store.read_streams(list(recorded)) if recorded else ():
            recorded[event.stream].append(event)
        for stream, events in recorded.items():
            found[stream] = fold(state, events, self.catalogue)
            self.cache.put(stream, found[stream])
        return found

    def fresh_many(self, state: type[S], streams: Sequence[str]) -> dict[str, S]:
        """Answer states that are true at the time of the call: one question for what of them is kept already."""
        heads = self.store.heads(streams) if streams else {}
        kept = ((stream, self.cache.get(state, stream)) for stream in streams)
        self.cache.forget([stream for stream, one in kept if one is not None and one.version != heads.get(stream)])
        return self.load_many(state, streams)

    def kind_of(self, stream: str) -> str:
        """Answer the kind of a stream, "" while there is none; what it is never changes, so that it is asked once."""
        kind = self._kinds.get(stream)
        if kind is None:
            kind = self.store.kind_of(stream)
            if kind is None:
                return ""
            if len(self._kinds) >= CACHED_STATES_MAX:
                self._kinds.clear()
            self._kinds[stream] = kind
        return kind

    def fresh(self, state: type[S], stream: str) -> S:
        """Answer a state that is true at the time of the call: one small query when it is kept already."""
        kept = self.cache.get(state, stream)
        if kept is not None and self.store.heads([stream]).get(stream, NO_STREAM) == kept.version:
            return kept
        self.cache.forget([stream])
        return self.load(state, stream)

    def fresh_together(self, kinds: Mapping[str, type[S]]) -> dict[str, S]:
        """Answer states of several kinds by stream, true at the time of the call: one question for all their heads."""
        heads = self.store.heads(list(kinds))
        found: dict[str, S] = {}
        for stream, kind in kinds.items():
            kept = self.cache.get(kind, stream)
            if kept is None or kept.version != heads.get(stream, NO_STREAM):
                self.cache.forget([stream])
                kept = self.load(kind, stream)
            found[stream] = kept
        return found
