"""Questions about another state of the school: chosen streams folded into a database in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.read import sqlite
from ejd.read.contract import EventSource
from ejd.read.folding import Folding, tuples
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
        """Fold the streams up to a position and give them for questions.

        `without_invalidated` leaves out what was made void at any time since, too; `void` leaves out more
        (stream to versions), for the preview of an invalidation.
        """
        last = source.last_position()
        position = last if upto is None else min(upto, last)
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - what `memory` opens
            raw.executescript(self._schema)
            for start in range(0, len(streams), REFOLD_STREAMS_MAX):
                chunk = streams[start : start + REFOLD_STREAMS_MAX]
                known = source.read_streams(chunk, upto=last if without_invalidated else position)
                rows = self._fold(known, position, void or {})
                for table, values in tuples(rows).items():
                    raw.executemany(sqlite.STATEMENTS["insert"](table), values)
            yield Snapshot(connection, position)

    def _fold(self, known: Sequence[Recorded], position: int, void: Voids) -> Iterable[StreamRows]:
        versions = self._folding.void_versions(known)
        for stream, more in void.items():
            versions[stream] = versions.get(stream, frozenset()) | frozenset(more)
        rows: dict[str, StreamRows] = {}
        self._folding.fold((meta for meta in known if meta.position <= position), rows, versions)
        return rows.values()
