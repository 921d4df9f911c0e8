"""Keys in a school's folder: one SQLite file beside events.db, whose journal keeps nothing that was destroyed."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ejd.access.keys import KeyRow, KeyStoreError, KeyStoreUnavailableError

SQLITE_WAIT_SECONDS_MAX = 30.0

_SQLITE_SCHEMA = """
CREATE TABLE IF NOT EXISTS person_keys (
    person TEXT NOT NULL PRIMARY KEY, wrapped BLOB, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_keys_buried ON person_keys (person) WHERE wrapped IS NULL;
DROP TRIGGER IF EXISTS person_keys_only_destroy;
CREATE TRIGGER IF NOT EXISTS person_keys_no_exchange BEFORE UPDATE ON person_keys
WHEN NEW.person <> OLD.person OR (NEW.wrapped IS NOT NULL AND (
    OLD.wrapped IS NULL OR substr(NEW.wrapped, 1, 1) <> x'02' OR length(NEW.wrapped) <> 69
    OR substr(NEW.wrapped, 1, 9) = substr(OLD.wrapped, 1, 9)
))
BEGIN SELECT RAISE(ABORT, 'a key can be destroyed or wrapped under another master key, never replaced'); END;
CREATE TRIGGER IF NOT EXISTS person_keys_keep BEFORE DELETE ON person_keys
BEGIN SELECT RAISE(ABORT, 'a tombstone stays'); END;
"""


def provision_sqlite(path: Path) -> None:
    """Make the key store's file, readable by its owner only; one that is there stays as it is."""
    # SQLite gives its journal the permissions of the file, so that these must be right from the start.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(_connect_sqlite(path)) as connection:
        connection.executescript(_SQLITE_SCHEMA)


@dataclass(frozen=True)
class SqliteKeyPlace:
    """The file `keys.db` in a school's folder."""

    path: Path

    def open(self) -> SqliteKeyTable:
        """Open the file, or raise KeyStoreError where there is none: an empty new one would hide the loss."""
        return SqliteKeyTable(self.path)


class SqliteKeyTable:
    """Keys in a file, through one connection that threads take in turn."""

    def __init__(self, path: Path) -> None:
        """Refuse a missing or broken file: `provision_sqlite` makes one for a new school."""
        if not path.is_file():
            msg = f"there is no key store at {path}: restore it from its backup (`ejd init` makes a new one)"
            raise KeyStoreError(msg)
        self._lock = threading.Lock()
        with _sqlite_errors():
            self._connection = _connect_sqlite(path)

    def read(self, persons: Sequence[str]) -> list[KeyRow]:
        """Answer the rows there are, in no order."""
        question = "SELECT person, wrapped FROM person_keys WHERE person IN (SELECT value FROM json_each(?))"
        with self._lock, _sqlite_errors():
            return list(map(KeyRow._make, self._connection.execute(question, (json.dumps(persons),))))

    def add(self, rows: Sequence[KeyRow], created_at: int) -> None:
        """Store rows of persons that have none; a row that is there wins, also a tombstone."""
        statement = "INSERT INTO person_keys (person, wrapped, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        with self._writing() as connection:
            connection.executemany(statement, [(row.person, row.wrapped, created_at) for row in rows])

    def bury(self, person: str, at: int) -> None:
        """Leave a tombstone in place of the person's key, also where there was none."""
        statement = (
            "INSERT INTO person_keys (person, wrapped, created_at) VALUES (?, NULL, ?)"
            " ON CONFLICT (person) DO UPDATE SET wrapped = NULL"
        )
        with self._writing() as connection:
            connection.execute(statement, (person, at))

    def count_buried(self) -> int:
        """Answer the number of tombstones from their own small index."""
        question = "SELECT count(*) FROM person_keys WHERE wrapped IS NULL"
        with self._lock, _sqlite_errors():
            [count] = self._connection.execute(question).fetchone()
        return int(count)

    def find_any(self) -> KeyRow | None:
        """Answer some row with a key, to try the master key on."""
        question = "SELECT person, wrapped FROM person_keys WHERE wrapped IS NOT NULL LIMIT 1"
        with self._lock, _sqlite_errors():
            row = self._connection.execute(question).fetchone()
        return None if row is None else KeyRow._make(row)

    def page(self, after: str, limit: int) -> list[KeyRow]:
        """Answer rows with a key whose person comes after one, in order."""
        question = (
            "SELECT person, wrapped FROM person_keys WHERE person > ? AND wrapped IS NOT NULL ORDER BY person LIMIT ?"
        )
        with self._lock, _sqlite_errors():
            return list(map(KeyRow._make, self._connection.execute(question, (after, limit))))

    def rewrap(self, changes: Sequence[tuple[KeyRow, KeyRow]]) -> int:
        """Put newly wrapped keys in the place of old ones that are still there, in one transaction."""
        if not changes:
            return 0
        with self._lock, _sqlite_errors():  # a file of an older ejd forbids it
            self._connection.executescript(_SQLITE_SCHEMA)
        statement = "UPDATE person_keys SET wrapped = ? WHERE person = ? AND wrapped = ?"
        with self._writing() as connection:
            values = [(new.wrapped, old.person, old.wrapped) for old, new in changes]
            return connection.executemany(statement, values).rowcount

    def wipe(self) -> None:
        """Do nothing: freed bytes are overwritten when they become free, and there is no write-ahead log."""

    def close(self) -> None:
        """Close the connection once the call that is running is over."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _sqlite_errors():
            connection = self._connection
            # IMMEDIATE, so that two processes queue for the lock; an upgrade from a read lock would fail.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def _connect_sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=SQLITE_WAIT_SECONDS_MAX,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # No write-ahead log: it would keep old pages, and with them destroyed keys, until it is next reset.
        # EXTRA flushes the folder too, since the deleted journal makes the commit. Freed bytes become zeros.
        for setting in ("journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON"):
            connection.execute(f"PRAGMA {setting}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        msg = f"the file of keys cannot be used ({error}): see that nobody locks it, else restore its backup"
        raise KeyStoreUnavailableError(msg) from error
