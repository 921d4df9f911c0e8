"""Generations on SQLite: one file each, `read-<n>.db`, and a pointer file that is replaced atomically."""

from __future__ import annotations

import fcntl
import json
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from ejd.read.contract import LOCK_SECONDS_MAX, NO_POSITION, GenerationGoneError, Lease, MovedError, Writer
from ejd.read.folding import FEED_TABLE
from ejd.read.projection import Table

READERS_KEPT = 8
READERS_MORE_MAX = 120
"""Beyond the connections that are kept: a thread of the server needs one at a time."""

CACHE_KIB = 65_536
POINTER = "read.live"
_FILE = re.compile(r"read-(\d+)\.db")


@dataclass(frozen=True)
class SqlitePlace:
    """A folder of generations; see `ejd.read.contract.Place`."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def live(self) -> int | None:
        """Read the pointer file."""
        return self._pointer()["live"]

    def point(self, generation: int) -> None:
        """Replace the pointer file."""
        self._write_pointer(live=generation, last=self._pointer()["last"] or generation)

    def generations(self) -> list[int]:
        """List the files."""
        names = (_FILE.fullmatch(path.name) for path in self.folder.glob("read-*.db"))
        return sorted(int(match[1]) for match in names if match)

    def create(self, tables: Sequence[Table[Any]], fingerprint: str) -> int:
        """Make the next file; the holder of the build lease calls it."""
        pointer = self._pointer()
        generation = max(pointer["last"] or 0, *self.generations(), 0) + 1
        self._write_pointer(live=pointer["live"], last=generation)
        connection = _connect(self.path(generation), create=True)
        try:
            for statement in schema(tables):
                connection.execute(statement)
            connection.execute(f"INSERT INTO {FEED_TABLE} VALUES (?, ?)", (NO_POSITION, fingerprint))  # noqa: S608 - constant
        finally:
            connection.close()
        return generation

    def finish(self, generation: int, tables: Sequence[Table[Any]], position: int) -> None:
        """Index, then synchronise file and folder: until now nothing was made durable."""
        connection = _connect(self.path(generation))
        try:
            connection.execute("PRAGMA synchronous = OFF")
            for index in indexes(tables):
                connection.execute(index)
            connection.execute(f"UPDATE {FEED_TABLE} SET position = ?", (position,))  # noqa: S608 - constant
            connection.execute("PRAGMA optimize = 0x10002")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        self.path(generation, ".turn").unlink(missing_ok=True)
        _synchronise(self.path(generation))
        _synchronise(self.folder)

    def drop(self, generation: int) -> bool:
        """Unlink the files: whoever has them open reads on to the end."""
        for end in (".turn", "-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                self.path(generation, end).unlink()
        return True

    def fingerprint(self, generation: int) -> str:
        """Ask the file."""
        connection = _connect(self.path(generation))
        try:
            found: tuple[str] = connection.execute(f"SELECT fingerprint FROM {FEED_TABLE}").fetchone()  # noqa: S608 - constant
            return found[0]
        finally:
            connection.close()

    def writer(self, generation: int) -> Writer:
        """Write through WAL; a loss of power may cost the last pages, which are then folded again."""
        connection = _connect(self.path(generation))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return SqliteWriter(self, generation, connection)

    def loader(self, generation: int) -> Writer:
        """Write without journal: a load that breaks off is thrown away."""
        connection = _connect(self.path(generation))
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        return SqliteLoader(self, generation, connection, self.path(generation, ".turn"))

    def lease(self, name: str) -> Lease | None:
        """Lock a file without waiting."""
        lease = FileLease(self.folder / f"{name}.lock")
        if lease.take(wait=False):
            return lease
        lease.close()
        return None

    def engine(self, generation: int) -> sa.Engine:
        """Open read-only connections that begin deferred transactions."""
        path = self.path(generation)
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: _reader(path),
            poolclass=sa.QueuePool,
            pool_size=READERS_KEPT,
            max_overflow=READERS_MORE_MAX,
        )
        sa.event.listen(engine, "begin", _begin)
        return engine

    def look(self, connection: sa.Connection, _generation: int) -> tuple[int, int | None]:
        """Read the position, which takes the snapshot, then the pointer."""
        found = connection.exec_driver_sql(f"SELECT position FROM {FEED_TABLE}").one()  # noqa: S608 - constant
        return found[0], self.live()

    def path(self, generation: int, end: str = "") -> Path:
        """Answer where a generation's file is."""
        return self.folder / f"read-{generation}.db{end}"

    def _pointer(self) -> dict[str, int | None]:
        try:
            pointer: dict[str, int | None] = json.loads((self.folder / POINTER).read_bytes())
        except FileNotFoundError:
            return {"live": None, "last": None}
        return pointer

    def _write_pointer(self, **pointer: int | None) -> None:
        new = self.folder / f"{POINTER}.new"
        with new.open("w") as file:
            json.dump(pointer, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / POINTER)
        _synchronise(self.folder)


class FileLease:
    """A lock on a file: of one open file, so that it holds between threads too, and ends with the process."""

    def __init__(self, path: Path) -> None:
        """Open the file; nothing is locked yet."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, *, wait: bool) -> bool:
        """Lock it; False when another one has it and we do not wait."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Unlock it and keep it open."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Unlock it for good."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class SqliteWriter:
    """See `ejd.read.contract.Writer`."""

    def __init__(self, place: SqlitePlace, generation: int, connection: sqlite3.Connection) -> None:
        """Take over an open connection in autocommit mode."""
        self.generation = generation
        self._place = place
        self._connection = connection
        self._statements: dict[tuple[str, Table[Any]], str] = {}

    def begin(self) -> int:
        """Take the write lock at once: waiting for it later could fail as a deadlock."""
        self._connection.execute("BEGIN IMMEDIATE")
        if not self._place.path(self.generation).exists():
            self.rollback()
            raise GenerationGoneError
        found: tuple[int] = self._connection.execute(f"SELECT position FROM {FEED_TABLE}").fetchone()  # noqa: S608 - constant
        return found[0]

    def commit(self) -> None:
        """Commit."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back what is open."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def live(self) -> int | None:
        """Read the pointer file."""
        return self._place.live()

    def advance(self, old: int, new: int) -> None:
        """Move the position if it is where we left it."""
        statement = f"UPDATE {FEED_TABLE} SET position = ? WHERE position = ?"  # noqa: S608 - constant
        if self._connection.execute(statement, (new, old)).rowcount != 1:
            raise MovedError

    def load(self, table: Table[Any], streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Read by stream; booleans come back as booleans."""
        found = self._connection.execute(self._statement("load", table), (json.dumps(streams),)).fetchall()
        if not table.flags:
            return found
        return [
            tuple(bool(value) if place in table.flags else value for place, value in enumerate(row)) for row in found
        ]

    def forget(self, table: Table[Any], streams: Sequence[str]) -> None:
        """Delete by stream."""
        self._connection.execute(self._statement("forget", table), (json.dumps(streams),))

    def upsert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert or update."""
        self._connection.executemany(self._statement("upsert", table), rows)

    def delete(self, table: Table[Any], keys: Sequence[tuple[Any, ...]]) -> None:
        """Delete by key."""
        self._connection.executemany(self._statement("delete", table), keys)

    def insert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert; a store that gives its events ordered by stream keeps the tree of keys compact."""
        self._connection.executemany(self._statement("insert", table), rows)

    def close(self) -> None:
        """Close."""
        self._connection.close()

    def _statement(self, what: str, table: Table[Any]) -> str:
        known = self._statements.get((what, table))
        if known is None:
            known = self._statements[what, table] = STATEMENTS[what](table)
        return known


class SqliteLoader(SqliteWriter):
    """Several processes load one file, turn by turn: the kernel wakes the next one, SQLite would poll."""

    def __init__(self, place: SqlitePlace, generation: int, connection: sqlite3.Connection, turn: Path) -> None:
        """Open the file whose lock is the turn."""
        super().__init__(place, generation, connection)
        self._turn = FileLease(turn)

    def begin(self) -> int:
        """Wait for the turn."""
        self._turn.take(wait=True)
        return super().begin()

    def commit(self) -> None:
        """Give the turn to the next."""
        super().commit()
        self._turn.release()

    def close(self) -> None:
        """Close both."""
        super().close()
        self._turn.close()


def schema(tables: Sequence[Table[Any]]) -> list[str]:
    """Answer the statements that make the tables of a generation, without the indexes."""
    feed = f"CREATE TABLE {FEED_TABLE} (position BIGINT NOT NULL, fingerprint TEXT NOT NULL)"
    return [feed, *(str(CreateTable(table.table).compile(dialect=dialect.dialect())) for table in tables)]


def indexes(tables: Sequence[Table[Any]]) -> list[str]:
    """Answer the statements that make the indexes."""
    made = [index for table in tables for index in table.indexes]
    return [str(CreateIndex(index).compile(dialect=dialect.dialect())) for index in made]


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _load(table: Table[Any]) -> str:
    return f'SELECT {_names(table.columns)} FROM "{table.name}" {_OF_STREAMS}'  # noqa: S608 - names are checked


def _forget(table: Table[Any]) -> str:
    return f'DELETE FROM "{table.name}" {_OF_STREAMS}'  # noqa: S608 - names are checked


def _insert(table: Table[Any]) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f'INSERT INTO "{table.name}" ({_names(table.columns)}) VALUES ({marks})'  # noqa: S608 - names are checked


def _upsert(table: Table[Any]) -> str:
    values = [name for name in table.columns if name not in table.key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
    action = f"UPDATE SET {changes}" if values else "NOTHING"
    return f"{_insert(table)} ON CONFLICT ({_names(table.key)}) DO {action}"


def _delete(table: Table[Any]) -> str:
    return f'DELETE FROM "{table.name}" WHERE ' + " AND ".join(f'"{name}" = ?' for name in table.key)  # noqa: S608 - names are checked


_OF_STREAMS = "WHERE stream IN (SELECT value FROM json_each(?))"
STATEMENTS: dict[str, Callable[[Table[Any]], str]] = {
    "load": _load,
    "forget": _forget,
    "insert": _insert,
    "upsert": _upsert,
    "delete": _delete,
}


def memory() -> sqlite3.Connection:
    """Open a database that lives as long as its connection."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def _connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open an existing file; a dropped generation must not come back as an empty one."""
    uri = f"{path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"
    try:
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=LOCK_SECONDS_MAX
        )
    except sqlite3.OperationalError as error:
        if create or path.exists():
            raise
        raise GenerationGoneError from error
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _reader(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _synchronise(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
