"""An invalidation by hand: whole streams are read and decoded, a marker each and the rows that remain are written.

It decides nothing, compares nothing and checks nothing: what it writes is ready beforehand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Protocol

import psycopg

from benchmarks.rebuilding import Batches
from benchmarks.school import SESSION
from ejd.app import School
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import encode
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.markers import EventsVoided
from ejd.read.contract import Writer
from ejd.read.folding import tuples
from ejd.read.projection import StreamRows
from ejd.store import arrays
from ejd.store import dialect as sql
from ejd.store.judge import INTEGER_MAX, Rows
from ejd.store.postgres import append_lock_key, session_settings
from ejd.store.round_trip import RoundTrip
from ejd.store.sqlite import FILE_NAME, INSERT_COMMANDS, INSERT_EVENTS, MMAP_BYTES_MAX
from tests import worlds as w
from tests.scenario import uid

ANSWER_SECONDS_MAX = 60.0
LAST = "SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1"


class Ready(NamedTuple):
    """What an invalidation by hand writes: one version per stream is known beforehand, positions are not."""

    breach: str
    voided: dict[str, tuple[int, ...]]
    heads: dict[str, int]
    rows: Batches


def ready(school: School, breach: str, voided: dict[str, tuple[int, ...]]) -> Ready:
    """Work out what remains of the rows of these streams."""
    streams: dict[str, StreamRows] = {}
    events = school.store.read_streams(list(voided))
    void = {stream: frozenset(versions) for stream, versions in voided.items()}
    school.read.folding.fold(events, streams, void)
    return Ready(breach, voided, school.store.heads(list(voided)), tuples(streams.values()))


class Connections(Protocol):
    """How the events are read and written."""

    @property
    def statements(self) -> Sequence[str]:
        """What is issued."""
        ...

    def read(self, streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Answer all events of the streams."""
        ...

    def begin(self) -> tuple[int, int]:
        """Open a transaction, take the append lock, answer last position and time."""
        ...

    def finish(self, rows: Rows) -> None:
        """Write, and commit durably."""
        ...

    def close(self) -> None:
        """Close them."""
        ...


class ByHand:
    """Invalidates blocks of streams on bare connections."""

    def __init__(self, school: School) -> None:
        """Open them beside the school's own."""
        self._store: Connections = OnSqlite(school) if school.settings.database_url is None else OnPostgres(school)
        live = school.read.live()
        assert live is not None
        self._writer: Writer = school.read.place.writer(live)
        self.statements = (
            *self._store.statements,
            "for each table with rows of these streams: DELETE … WHERE stream = …; INSERT or COPY …; then the position",
        )

    def invalidate(self, block: Ready) -> int:
        """Read, decode, write markers and rows; answer the number of events read."""
        streams = list(block.voided)
        events = self._store.read(streams)
        for event in events:
            CATALOGUE.decode(event[3], event[4])
        before, recorded_at = self._store.begin()
        rows = _markers(block, before, recorded_at)
        self._store.finish(rows)
        self._write(block.rows, streams, rows.position())
        return len(events)

    def _write(self, rows: Batches, streams: Sequence[str], position: int) -> None:
        old = self._writer.begin()
        for table, own in rows.items():
            self._writer.forget(table, streams)
            self._writer.insert(table, own)
        self._writer.advance(old, position)
        self._writer.commit()

    def close(self) -> None:
        """Close all."""
        with closing(self._writer):
            self._store.close()


def _markers(block: Ready, position: int, recorded_at: int) -> Rows:
    command = uid(f"{block.breach} by hand")
    events = [
        Recorded(
            position + number,
            stream,
            block.heads[stream] + 1,
            EventsVoided.stored_name,
            encode(EventsVoided(breach=block.breach, versions=versions)),
            recorded_at,
            w.DEPUTY,
            SESSION,
            "benchmarks",
            command,
            "",
            "[]",
            b"s" * 16,
        )
        for number, (stream, versions) in enumerate(block.voided.items(), 1)
    ]
    last = events[-1].position
    return Rows(
        events, [(command, w.DEPUTY, "by-hand", b"-" * 32, "", position + 1, last, recorded_at)], [], [], [], []
    )


class OnSqlite:
    """Two connections, as the store has: one reads, one writes."""

    def __init__(self, school: School) -> None:
        """Open the file."""
        path = school.settings.data_dir / FILE_NAME
        self._reader, self._writer = (sqlite3.connect(path, isolation_level=None) for _ in range(2))
        for connection in (self._reader, self._writer):
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES_MAX}")
        self._streams = sql.SQLITE.sql(sql.STREAMS)
        self.statements: Sequence[str] = (
            self._streams,
            "BEGIN IMMEDIATE",
            LAST,
            INSERT_EVENTS,
            INSERT_COMMANDS,
            "COMMIT",
        )

    def read(self, streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Ask once."""
        return self._reader.execute(self._streams, (sql.SQLITE.many(streams), INTEGER_MAX)).fetchall()

    def begin(self) -> tuple[int, int]:
        """Take the write lock."""
        self._writer.execute("BEGIN IMMEDIATE")
        found: tuple[int, int] = self._writer.execute(LAST).fetchone()
        return found

    def finish(self, rows: Rows) -> None:
        """Write by executemany."""
        self._writer.executemany(INSERT_EVENTS, rows.events)
        self._writer.executemany(INSERT_COMMANDS, rows.commands)
        self._writer.execute("COMMIT")

    def close(self) -> None:
        """Close both."""
        self._reader.close()
        self._writer.close()


class OnPostgres:
    """Reading through psycopg, writing over libpq, as the store does it."""

    def __init__(self, school: School) -> None:
        """Open the schema."""
        settings = school.settings
        assert settings.database_url is not None
        self._reader: psycopg.Connection[Any]
        self._writer: psycopg.Connection[Any]
        self._reader, self._writer = (psycopg.connect(settings.database_url, autocommit=True) for _ in range(2))
        for connection in (self._reader, self._writer):
            connection.execute(session_settings(settings.school))
        self._trip = RoundTrip(self._writer, ANSWER_SECONDS_MAX)
        self._cursor = self._reader.cursor(binary=True)
        self._streams = sql.POSTGRES.sql(sql.STREAMS)
        self._lock = f"SELECT pg_advisory_xact_lock({append_lock_key(settings.school)})".encode()
        self.statements: Sequence[str] = (
            self._streams,
            f"BEGIN; {self._lock.decode()}; {LAST}",
            "INSERT INTO events … SELECT * FROM unnest(…); INSERT INTO commands …; COMMIT",
        )

    def read(self, streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Ask once, in binary form."""
        return self._cursor.execute(self._streams.encode(), (list(streams), INTEGER_MAX), prepare=True).fetchall()

    def begin(self) -> tuple[int, int]:
        """Take the append lock."""
        answer = self._trip.run([(b"BEGIN", ()), (self._lock, ()), (LAST.encode(), ())])
        return int(answer.get_value(0, 0) or 0), int(answer.get_value(0, 1) or 0)

    def finish(self, rows: Rows) -> None:
        """Write in one round trip."""
        self._trip.run([*arrays.inserts(rows), (b"COMMIT", ())])

    def close(self) -> None:
        """Close both."""
        self._reader.close()
        self._writer.close()


def versions_of(events: Iterable[Recorded], account: str) -> dict[str, tuple[int, ...]]:
    """Answer what an account wrote, stream by stream."""
    found: dict[str, tuple[int, ...]] = {}
    for one in events:
        if one.actor == account:
            found[one.stream] = (*found.get(one.stream, ()), one.version)
    return found
