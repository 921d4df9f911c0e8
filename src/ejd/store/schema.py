"""The store's tables and their versions: an ordered list of SQL files per database, each run once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ejd.store.errors import SchemaVersionError

EVENT_COLUMNS = (
    "position, originator_id, originator_version, topic, state, recorded_at, actor, session, client, "
    "command_id, batch_id, caused_by, salt"
)
COMMAND_COLUMNS = "command_id, actor, name, body_hash, batch_id, first_position, last_position, recorded_at"
BATCH_COLUMNS = "batch_id, actor, first_position, last_position, recorded_at"
DIRECTORY_COLUMNS = "stream, kind, journal, class_id, person, year, date, first_position"

MIGRATION_WAIT_SECONDS_MAX = 60
TABLES = ("events", "commands", "batches", "directory", "reservations")


class Migration(NamedTuple):
    """One SQL file: the number in front of its name is the schema version it leads to."""

    version: int
    name: str
    text: str


def migrations(database: str) -> list[Migration]:
    """Answer the SQL files of "sqlite" or "postgres" in their order."""
    folder = files("ejd.store.migrations") / database
    found = [
        Migration(int(file.name.split("_")[0]), file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def migrate_sqlite(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest version in one transaction; `connection` is in autocommit mode."""
    steps = migrations("sqlite")
    if _sqlite_version(connection) == steps[-1].version:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL)"
        )
        current = _sqlite_version(connection)
        _refuse_newer(current, steps[-1].version)
        for step in steps:
            if step.version > current:
                for statement in _statements(step.text):
                    connection.execute(statement)
                connection.execute("INSERT INTO schema_version VALUES (?, ?)", (step.version, step.name))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def migrate_postgres(dsn: str, schema: str) -> None:
    """Bring a school's schema to the newest version in one transaction, as the owner of its tables."""
    steps = migrations("postgres")
    with psycopg.connect(dsn) as connection:
        connection.execute(f"SET LOCAL lock_timeout = '{MIGRATION_WAIT_SECONDS_MAX}s'".encode())
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ejd migrate {schema}"])
        if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}, pg_temp").format(sql.Identifier(schema)))
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY, name text NOT NULL)")
        current = _postgres_version(connection)
        _refuse_newer(current, steps[-1].version)
        for step in steps:
            if step.version > current:
                connection.execute(step.text.encode())
                connection.execute("INSERT INTO schema_version VALUES (%s, %s)", [step.version, step.name])


def check_postgres(connection: psycopg.Connection[Any], schema: str) -> None:
    """Raise SchemaVersionError unless the schema has exactly the tables this version of ejd knows."""
    expected = migrations("postgres")[-1].version
    name = f"{schema}.schema_version"
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", [name]).fetchone()
    current = 0
    if row is not None and (row["there"] if isinstance(row, dict) else row[0]):
        current = _postgres_version(connection)
    _refuse_newer(current, expected)
    if current != expected:
        msg = (
            f"schema {schema!r} has version {current} of the event store, this ejd needs {expected}: "
            "run its migrations as the owner of the schema"
        )
        raise SchemaVersionError(msg)


def _refuse_newer(current: int, newest: int) -> None:
    if current > newest:
        msg = f"the event store has version {current}, this ejd knows {newest}: install a newer ejd"
        raise SchemaVersionError(msg)


def _sqlite_version(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    if found is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def _postgres_version(connection: psycopg.Connection[Any]) -> int:
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        row = cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def _statements(text: str) -> Iterator[str]:
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
