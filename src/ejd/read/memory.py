"""Questions about another state of the school: chosen streams folded into a database in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.read import sqlite
from ejd.read.contract import EventSource
from ejd.read.folding import Folding, tuples, without_collection
from ejd.read.model import Snapshot
from ejd.read.projection import StreamRows
from ejd.read.writing import REFOLD_STREAMS_MAX

Voids = Mapping[str, Iterable[int]]


class Memory:
    """Makes databases in memory with the tables of a read model; keep one: it compiles a question once."""

    def __init__(self, folding: Folding) -> None:
        """Nothing is opened yet."""
        self._folding = folding
        self._engine = sa.create_engine("sqlite://", creator=sqlite.memory, poolclass=sa.NullPool)
        self._schema = ";".join([*sqlite.schema(folding.tables), *sqlite.indexes(folding.tables)])

    @contextmanager
    def snapshot(
        self,
        source: EventSource,
        streams: Sequence[str],
        *,
        upto: int | None = None,
        without_invalidated: bool = False,
        void: Voids | None = None,
    ) -> Iterator[Snapshot]:
        """Fold the streams up to a position and give them for questions; see `State` for the rest."""
        with self.state(source, upto=upto, without_invalidated=without_invalidated, void=void) as state:
            state.bring(streams)
            yield state.snapshot

    @contextmanager
    def state(
        self,
        source: EventSource,
        *,
        upto: int | None = None,
        without_invalidated: bool = False,
        void: Voids | None = None,
        ahead: int | None = None,
    ) -> Iterator[State]:
        """Give an empty state at a position, into which streams are brought as a question turns out to need them.

        `ahead` is the position up to which it may go on (`State.go_on`); by default it stays where it is.
        """
        last = source.last_position()
        position = last if upto is None else min(upto, last)
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - what `memory` opens
            raw.executescript(self._schema)
            known_upto = last if without_invalidated else position
            read_upto = known_upto if ahead is None else max(known_upto, min(ahead, last))
            yield State(self._folding, source, Snapshot(connection, position), (known_upto, read_upto), void or {})


class State:
    """Another state of the school in the making: at one position, with the streams that were brought.

    Known are the markers up to `known_upto`: above the position they leave out what was made void at any time since.
    `void` leaves out more (stream to versions), for the preview of an invalidation. Streams are read up to `read_upto`,
    so that the state can go on to there without reading, or folding what has not moved.
    """

    def __init__(
        self, folding: Folding, source: EventSource, snapshot: Snapshot, upto: tuple[int, int], void: Voids
    ) -> None:
        """Begin with nothing; `upto` is up to where markers are known, and up to where streams are read."""
        self.snapshot = snapshot
        self.streams: set[str] = set()
        self._folding, self._source, self._void = folding, source, void
        self._known_upto, self._read_upto = upto
        self._ahead: dict[str, list[Recorded]] = {}
        """All events of the streams that have some above the position."""

    def bring(self, streams: Iterable[str]) -> None:
        """Fold the streams that were not brought yet; those that do not exist are empty."""
        missing = sorted(set(streams) - self.streams)
        self.streams.update(missing)
        raw = self.snapshot.connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - as in `Memory.state`
        with without_collection():
            for start in range(0, len(missing), REFOLD_STREAMS_MAX):
                chunk = missing[start : start + REFOLD_STREAMS_MAX]
                metas = self._source.read_streams(chunk, upto=self._read_upto)
                self._keep_ahead(metas)
                rows = self._fold([meta for meta in metas if meta.position <= self._known_upto])
                raw.execute("BEGIN")
                for table, values in tuples(rows).items():
                    raw.executemany(sqlite.STATEMENTS["insert"](table), values)
                raw.execute("COMMIT")

    def go_on(self, position: int) -> None:
        """Go on to a later position, at most the one given as `ahead`: only streams that moved are folded anew."""
        before = self.snapshot.position
        if not before <= position <= self._read_upto:
            msg = f"from {before} it goes on to at most {self._read_upto}, not to {position}"
            raise ValueError(msg)
        self.snapshot = Snapshot(self.snapshot.connection, position)
        self._known_upto = max(self._known_upto, position)
        moved = [one for one, metas in self._ahead.items() if any(before < meta.position <= position for meta in metas)]
        raw = self.snapshot.connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - as in `Memory.state`
        known = [meta for one in moved for meta in self._ahead[one] if meta.position <= position]
        with without_collection():
            rows = tuples(self._fold(known))
            raw.execute("BEGIN")
            for table in self._folding.tables:
                raw.execute(sqlite.STATEMENTS["forget"](table), (json.dumps(moved),))
            for table, values in rows.items():
                raw.executemany(sqlite.STATEMENTS["insert"](table), values)
            raw.execute("COMMIT")
        for one in moved:
            if self._ahead[one][-1].position <= position:
                del self._ahead[one]

    def _keep_ahead(self, metas: Sequence[Recorded]) -> None:
        position = self.snapshot.position
        later = {meta.stream for meta in metas if meta.position > position}
        if self._read_upto > self._known_upto:
            for meta in metas:
                if meta.stream in later:
                    self._ahead.setdefault(meta.stream, []).append(meta)

    def _fold(self, known: Sequence[Recorded]) -> Iterable[StreamRows]:
        versions = self._folding.void_versions(known)
        for stream, more in self._void.items():
            versions[stream] = versions.get(stream, frozenset()) | frozenset(more)
        rows: dict[str, StreamRows] = {}
        position = self.snapshot.position
        self._folding.fold((meta for meta in known if meta.position <= position), rows, versions)
        return rows.values()
