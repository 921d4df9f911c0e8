"""The raw baselines of appending: the same rows into the same tables by the fewest statements, and nothing checked."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg

from ejd.store import arrays
from ejd.store.judge import Rows
from ejd.store.postgres import session_settings
from ejd.store.round_trip import RoundTrip
from ejd.store.schema import COMMAND_COLUMNS, DIRECTORY_COLUMNS, EVENT_COLUMNS, migrate_postgres, migrate_sqlite

ANSWER_SECONDS_MAX = 60.0
_POSTGRES_TYPES = {
    "events": "bigint text bigint text bytea bigint text text text text text text bytea",
    "commands": "text text text bytea text bigint bigint bigint",
    "directory": "text text text text text text text bigint",
}
_COLUMNS = {"events": EVENT_COLUMNS, "commands": COMMAND_COLUMNS, "directory": DIRECTORY_COLUMNS}


def _sqlite_insert(table: str) -> str:
    marks = ", ".join("?" for _ in _COLUMNS[table].split(","))
    return f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})"


def _postgres_insert(table: str) -> str:
    arrays_given = ", ".join(f"%s::{kind}[]" for kind in _POSTGRES_TYPES[table].split())
    return f"INSERT INTO {table} ({_COLUMNS[table]}) SELECT * FROM unnest({arrays_given})"


def _psycopg_insert(table: str) -> str:
    return _sqlite_insert(table).replace("?", "%s")


class RawSqlite:
    """Bare sqlite3 on a file with the store's tables, indexes and triggers, and its durability."""

    statements = (
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
        "BEGIN IMMEDIATE",
        f"executemany {_sqlite_insert('events')}",
        f"executemany {_sqlite_insert('commands')}",
        f"executemany {_sqlite_insert('directory')}",
        "COMMIT",
    )

    def __init__(self, folder: Path) -> None:
        """Make the file."""
        self._connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        migrate_sqlite(self._connection)
        self._inserts = {table: _sqlite_insert(table) for table in _COLUMNS}

    def append(self, rows: Rows) -> None:
        """Write one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(self._inserts["events"], rows.events)
        connection.executemany(self._inserts["commands"], rows.commands)
        if rows.directory:
            connection.executemany(self._inserts["directory"], rows.directory)
        connection.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        """Answer how many rows there are in each table."""
        return {table: self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COLUMNS}

    def close(self) -> None:
        """Close."""
        self._connection.close()


class RawPostgres:
    """Bare libpq on a schema with the store's tables, indexes and triggers: one pipeline, one round trip.

    It is the strictest baseline we know: psycopg itself needs twice to three times as long for the same rows.
    """

    statements: tuple[str, ...] = (
        "over libpq in one pipeline and one round trip, each statement prepared, each column one array in text form:",
        "BEGIN",
        _postgres_insert("events"),
        _postgres_insert("commands"),
        _postgres_insert("directory"),
        "COMMIT",
    )

    def __init__(self, dsn: str) -> None:
        """Make the tables."""
        migrate_postgres(dsn, "raw")
        self.connection: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self.connection.execute(session_settings("raw"))
        self.connection.execute("SET plan_cache_mode = force_generic_plan")
        self._trip = RoundTrip(self.connection, ANSWER_SECONDS_MAX)

    def append(self, rows: Rows) -> None:
        """Write one transaction."""
        self._trip.run([(b"BEGIN", ()), *arrays.inserts(rows), (b"COMMIT", ())])

    def counts(self) -> dict[str, int]:
        """Answer how many rows there are in each table."""
        found = {}
        for table in _COLUMNS:
            row = self.connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            found[table] = row[0] if row else 0
        return found

    def close(self) -> None:
        """Close."""
        self.connection.close()


class RawPsycopg(RawPostgres):
    """As most programs would write it: psycopg in pipeline mode, executemany (faster here than lists for unnest)."""

    statements = (
        "psycopg in pipeline mode, prepared:",
        "BEGIN",
        *(f"executemany {_psycopg_insert(table)}" for table in _COLUMNS),
        "COMMIT",
    )

    def __init__(self, dsn: str) -> None:
        """Make the tables."""
        super().__init__(dsn)
        self._inserts = {table: _psycopg_insert(table).encode() for table in _COLUMNS}

    def append(self, rows: Rows) -> None:
        """Write one transaction."""
        with self.connection.pipeline(), self.connection.cursor(binary=True) as cursor:
            cursor.execute("BEGIN", prepare=True)
            cursor.executemany(self._inserts["events"], rows.events)
            cursor.executemany(self._inserts["commands"], rows.commands)
            if rows.directory:
                cursor.executemany(self._inserts["directory"], rows.directory)
            cursor.execute("COMMIT", prepare=True)
