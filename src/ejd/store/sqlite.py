"""The store in a folder: one SQLite file `events.db`, many readers, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eventsourcing.persistence import DataError, IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from ejd.store import dialect as sql
from ejd.store.base import BaseStore, Params
from ejd.store.errors import CommitUnknownError, StoreBusyError, StoreUnavailableError
from ejd.store.judge import Known, MovedRow, Question, RandomBytes, Rows, Watch, known_from
from ejd.store.rows import Clock, insert_stored
from ejd.store.schema import (
    BATCH_COLUMNS,
    COMMAND_COLUMNS,
    DIRECTORY_COLUMNS,
    EVENT_COLUMNS,
    migrate_sqlite,
)

FILE_NAME = "events.db"
LOCK_WAIT_SECONDS_MAX = 30
READERS_MAX = 16
READER_WAIT_SECONDS_MAX = 30.0
DATA_VERSION_POLL_SECONDS = 0.05
MMAP_BYTES_MAX = 1024**3
"""Pages are read where the operating system keeps them: reading whole streams gains a fifth (measured)."""


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * (columns.count(",") + 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - names of ours


INSERT_EVENTS = _insert("events", EVENT_COLUMNS)
INSERT_COMMANDS = _insert("commands", COMMAND_COLUMNS)
INSERT_BATCHES = _insert("batches", BATCH_COLUMNS)
INSERT_DIRECTORY = _insert("directory", DIRECTORY_COLUMNS)
INSERT_RESERVATIONS = _insert("reservations", "key, stream")
DELETE_RESERVATIONS = "DELETE FROM reservations WHERE key = ?"


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_WAIT_SECONDS_MAX, isolation_level=None, check_same_thread=False)
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES_MAX}")
    connection.execute("PRAGMA recursive_triggers = ON")  # or INSERT OR REPLACE deletes without asking the triggers
    return connection


class Readers:
    """Connections for reading, made when needed; at most READERS_MAX questions run at the same time."""

    def __init__(self, path: Path) -> None:
        """Open nothing yet."""
        self._path = path
        self._free: list[sqlite3.Connection] = []
        self._slots = threading.BoundedSemaphore(READERS_MAX)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection."""
        if not self._slots.acquire(timeout=READER_WAIT_SECONDS_MAX):
            raise StoreBusyError(f"{READERS_MAX} questions have been running for too long: try again")
        try:
            try:
                connection = self._free.pop()
            except IndexError:
                connection = _connect(self._path)
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._free.append(connection)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close what is not lent."""
        while self._free:
            self._free.pop().close()


class Recorder(SQLiteApplicationRecorder):
    """The library's recorder with the whole envelope beside each event, and a transaction for commits."""

    dialect = sql.SQLITE

    def __init__(
        self,
        datastore: SQLiteDatastore,
        *,
        random_bytes: RandomBytes = os.urandom,
        clock: Clock = lambda: time.time_ns() // 1000,
    ) -> None:
        """Open a connection for writing; the datastore's own pool serves only the library's questions."""
        super().__init__(datastore, events_table_name="events")
        self._path = Path(datastore.pool.db_name)
        self._random_bytes = random_bytes
        self._clock = clock
        self.writing = threading.Lock()
        self._writer = _connect(self._path)
        self._readers = Readers(self._path)
        self._watcher = _connect(self._path)
        self._watching = threading.Lock()
        self._data_version = -1
        self._question = self.dialect.sql(sql.QUESTION)
        self._moved = self.dialect.sql(sql.MOVED)

    def construct_create_table_statements(self) -> list[str]:
        """Leave the tables to the migrations."""
        return []

    def create_table(self) -> None:
        """Bring the file to the newest version of the tables."""
        with self.writing:
            migrate_sqlite(self._writer)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events of the library with the envelope given in `kwargs`; answer their positions."""
        envelope = {"recorded_at": self._clock(), **kwargs}
        return insert_stored(self, stored_events, self._random_bytes, envelope)

    def begin(self, question: Question, watch: Watch | None = None) -> Known:
        """Take the write lock of the file and answer the question as of then."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise self._unavailable(error) from error
        try:
            streams, ids, keys = map(self.dialect.many, question)
            known = known_from(self._writer.execute(self._question, (streams, ids, ids, keys)))
            return known if watch is None else known._replace(moved=self._moved_since(known, watch))
        except BaseException:
            self.abandon()
            raise

    def _moved_since(self, known: Known, watch: Watch) -> Sequence[MovedRow] | None:
        if not watch.asks(known.position):
            return None if watch.is_long_ago(known.position) else ()
        kinds, written = map(self.dialect.many, (watch.kinds, watch.written))
        return self._writer.execute(self._moved, (watch.since, kinds, written, kinds)).fetchall()

    def finish(self, rows: Rows) -> None:
        """Write all rows and commit; after an error nothing is left open."""
        try:
            self._write(rows)
        except sqlite3.Error as error:
            self.abandon()
            if isinstance(error, sqlite3.IntegrityError):
                raise IntegrityError(str(error)) from error
            if isinstance(error, (sqlite3.DataError, sqlite3.InterfaceError)):
                raise DataError(str(error)) from error
            raise StoreUnavailableError(f"the file of events cannot be written: {error}") from error
        except BaseException:
            self.abandon()
            raise
        try:
            self._commit()
        except sqlite3.Error as error:
            self.abandon()
            raise CommitUnknownError(f"the file did not answer the commit ({error}): send it again") from error

    def abandon(self) -> None:
        """Roll back whatever is open."""
        if self._writer.in_transaction:
            self._writer.rollback()

    def is_stored(self, rows: Rows) -> bool:
        """Look for the first event (or command) of a commit that was not answered, under the write lock."""
        self.begin(Question([], [], []))
        try:
            if rows.events:
                first = rows.events[0]
                wanted: Params = (first.position, first.stream, first.command_id, first.salt)
                return self._writer.execute(sql.STORED_EVENT, wanted).fetchone() is not None
            command_id, actor, _, body_hash, _, _, last, _ = rows.commands[0]
            wanted = (command_id, actor, body_hash, last)
            return self._writer.execute(sql.STORED_COMMAND, wanted).fetchone() is not None
        finally:
            self.abandon()

    def fetch(self, statement: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """Answer the rows of a question as plain tuples."""
        try:
            with self._readers.connection() as connection:
                return connection.execute(statement, params).fetchall()
        except sqlite3.OperationalError as error:
            raise StoreUnavailableError(f"the file of events cannot be read: {error}") from error

    def changed_elsewhere(self) -> bool:
        """Compare the file's data version with the one seen last; any commit changes it."""
        with self._watching:
            version = self._watcher.execute("PRAGMA data_version").fetchone()[0]
            changed = bool(version != self._data_version)
            self._data_version = version
            return changed

    def shut(self) -> None:
        """Close every connection, the library's too."""
        with self.writing, self._watching:
            self._writer.close()
            self._watcher.close()
        self._readers.close()
        self.datastore.close()

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Answer the library's notifications: their id is the position."""
        statement, params = sql.notifications(self.dialect, start, limit, stop, topics, inclusive=inclusive_of_start)
        return [Notification(*row) for row in self.fetch(statement, params)]

    def _write(self, rows: Rows) -> None:
        insert = self._writer.executemany
        insert(INSERT_EVENTS, rows.events)
        insert(INSERT_COMMANDS, rows.commands)
        if rows.directory:
            insert(INSERT_DIRECTORY, rows.directory)
        if rows.batches:
            insert(INSERT_BATCHES, rows.batches)
        if rows.released:
            insert(DELETE_RESERVATIONS, ((key,) for key in rows.released))
        if rows.reserved:
            insert(INSERT_RESERVATIONS, rows.reserved)

    def _commit(self) -> None:
        self._writer.execute("COMMIT")

    def _unavailable(self, error: sqlite3.OperationalError) -> StoreBusyError | StoreUnavailableError:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreBusyError(f"another process has been writing for {LOCK_WAIT_SECONDS_MAX} seconds: try again")
        return StoreUnavailableError(f"the file of events does not open: {error}")


class Store(BaseStore):
    """A school's events in a folder."""

    news_poll_seconds = DATA_VERSION_POLL_SECONDS

    def __init__(self, recorder: Recorder, random_bytes: RandomBytes) -> None:
        """Take the recorder over: closing the store closes it."""
        super().__init__(recorder, random_bytes)
        self.recorder = recorder


def open_store(folder: Path, *, random_bytes: RandomBytes = os.urandom) -> Store:
    """Open (or make) the school's file of events in an existing folder, with the newest tables."""
    datastore = SQLiteDatastore(str(folder / FILE_NAME), originator_id_type="text")
    recorder = Recorder(datastore, random_bytes=random_bytes)
    recorder.create_table()
    return Store(recorder, random_bytes)
