"""Events become rows in memory: decoded once, void versions left out, folded stream by stream."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Catalogue, Event, UnknownEventError
from ejd.kernel.sealed import Sealed
from ejd.kernel.void import MARKER_NAMES, Voids
from ejd.read.projection import Fold, Projection, ProjectionError, StreamRows, Table, Unseal

FEED_TABLE = "feed"
"""The table of each generation that says up to where it is folded; no projection may take its name."""

NONE_VOID: frozenset[int] = frozenset()
NOTHING_VOID: Mapping[str, frozenset[int]] = {}


Listener = tuple[Callable[[bytes], Any], tuple[Fold[Any], ...], tuple[Fold[Any], ...]]
"""How a stored name is decoded, its folds, and those of them that see it also when it is void."""


def no_keys(_sealed: Sealed, _field: str, _at: Ref) -> str | None:
    """Unseal nothing: for projections that hold no personal data, and after the master key is gone."""
    return None


def nothing_to_close() -> None:
    """Close nothing: somebody else opened what unseals."""


class Folding:
    """All projections of a read model together with the events they listen to."""

    def __init__(
        self,
        projections: Sequence[Projection],
        catalogue: Catalogue,
        *,
        unseal: Unseal = no_keys,
        close: Callable[[], None] = nothing_to_close,
    ) -> None:
        """Refuse two tables with one name: they live side by side in one generation.

        `close` closes what `unseal` opened, where it was opened for this folding alone.
        """
        self.close = close
        self.projections = tuple(projections)
        self.tables: tuple[Table[Any], ...] = tuple(table for one in projections for table in one.tables)
        names = [FEED_TABLE, *(table.name for table in self.tables)]
        if len(set(names)) != len(names):
            raise ProjectionError(f"each table needs a name of its own: {sorted(names)}")
        self.fingerprint = fingerprint(projections)
        self.unseal = unseal
        self._catalogue = catalogue
        self._folds: dict[type[Event], tuple[Fold[Any], ...]] = {
            event: tuple(one.folds[event] for one in projections if event in one.folds)
            for event in catalogue.events.values()
        }
        self._seeing_void: dict[type[Event], tuple[Fold[Any], ...]] = {
            event: tuple(one.folds[event] for one in projections if event in one.seeing_void)
            for event in catalogue.events.values()
        }
        self._listeners = self._listen()
        self._concerned = self._concern()

    def only(self, names: Collection[str]) -> Folding:
        """Answer a folding of the projections with these names, for questions that need no more."""
        chosen = [one for one in self.projections if one.name in names]
        if len(chosen) != len(set(names)):
            raise ProjectionError(f"there are not all of these projections: {sorted(names)}")
        return Folding(chosen, self._catalogue, unseal=self.unseal)

    def fold(
        self,
        events: Iterable[Recorded],
        streams: dict[str, StreamRows],
        void: Mapping[str, frozenset[int]] = NOTHING_VOID,
    ) -> None:
        """Fold events, each stream's in order of version, into its rows; new streams are added.

        Raises UnknownEventError for a name that only a newer version of the service knows.
        """
        listeners = self._listeners
        stream = ""
        rows = StreamRows(stream, self.unseal)
        for meta in events:
            listener = listeners.get(meta.name)
            if listener is None:
                self._refuse(meta)
                continue
            decode, folds, seeing_void = listener
            if void and meta.version in void.get(meta.stream, ()) and meta.name not in MARKER_NAMES:
                if not seeing_void:
                    continue
                folds = seeing_void
            if meta.stream != stream:
                stream = meta.stream
                known = streams.get(stream)
                if known is None:
                    known = streams[stream] = StreamRows(stream, self.unseal, void.get(stream, NONE_VOID))
                rows = known
            event = decode(meta.state)
            rows.version = meta.version
            for fold in folds:
                fold(event, meta, rows)

    def void_versions(self, events: Iterable[Recorded]) -> dict[str, frozenset[int]]:
        """Answer the versions that at least one breach holds void, by the markers among the events."""
        held: dict[str, Voids] = {}
        for meta in events:
            if meta.name in MARKER_NAMES:
                held.setdefault(meta.stream, Voids()).take(self._catalogue.decode(meta.name, meta.state))
        return {stream: frozenset(void) for stream, voids in held.items() if (void := voids.versions())}

    def concerned(self, name: str) -> tuple[Table[Any], ...]:
        """Answer the tables that folds of this stored name may read or write; unknown names concern none."""
        return self._concerned.get(name, ())

    def start(self, stream: str) -> StreamRows:
        """Answer an empty set of rows for a stream."""
        return StreamRows(stream, self.unseal)

    def _listen(self) -> dict[str, Listener]:
        listeners: dict[str, Listener] = {}
        for name, event in self._catalogue.events.items():
            if self._folds[event]:
                decode = msgspec.json.Decoder(event).decode
                listeners[name] = (decode, self._folds[event], self._seeing_void[event])
        for name in self._catalogue.upcasters:
            listeners[name] = (self._decode_old(name), (self._by_class(self._folds),), self._old_seeing_void())
        return listeners

    def _decode_old(self, name: str) -> Callable[[bytes], Event]:
        return lambda state: self._catalogue.decode(name, state)

    def _by_class(self, folds: Mapping[type[Event], tuple[Fold[Any], ...]]) -> Fold[Any]:
        """Answer one fold for an old shape: only the decoded event says which folds it concerns."""

        def fold_by_class(event: Event, meta: Recorded, rows: StreamRows) -> None:
            for fold in folds[type(event)]:
                fold(event, meta, rows)

        return fold_by_class

    def _old_seeing_void(self) -> tuple[Fold[Any], ...]:
        return (self._by_class(self._seeing_void),) if any(self._seeing_void.values()) else ()

    def _concern(self) -> dict[str, tuple[Table[Any], ...]]:
        concerned = {
            name: tuple(table for one in self.projections if event in one.folds for table in one.tables)
            for name, event in self._catalogue.events.items()
        }
        return concerned | dict.fromkeys(self._catalogue.upcasters, self.tables)

    def _refuse(self, meta: Recorded) -> None:
        if meta.name not in self._catalogue.events:
            raise UnknownEventError(f"event {meta.name!r} is unknown here: install the version of ejd that wrote it")


@contextmanager
def without_collection() -> Iterator[None]:
    """Let the collector of cycles rest: rows and events form none, and looking for some doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def fingerprint(projections: Iterable[Projection]) -> str:
    """Answer a digest that changes with the name, version or columns of any projection, in whatever order."""
    described = "\n".join(sorted(one.describe() for one in projections))
    return hashlib.sha256(described.encode()).hexdigest()


def tuples(streams: Iterable[StreamRows]) -> dict[Table[Any], list[tuple[Any, ...]]]:
    """Answer all rows as the database takes them, table by table."""
    batches: dict[Table[Any], list[tuple[Any, ...]]] = {}
    for rows in streams:
        for table, own in rows.tables.items():
            try:
                batches[table].extend(map(table.as_tuple, own.values()))
            except KeyError:
                batches[table] = list(map(table.as_tuple, own.values()))
    return batches
