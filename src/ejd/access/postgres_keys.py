"""Keys in PostgreSQL: a schema beside the events' one, under its own grants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.abc import Params
from psycopg_pool import ConnectionPool

from ejd.access.keys import KeyRow, KeyStoreError, KeyStoreUnavailableError

POSTGRES_CONNECTIONS_MAX = 4
POSTGRES_WAIT_SECONDS_MAX = 30.0
POSTGRES_NAME_BYTES_MAX = 63
_SCHOOL = re.compile(r"[a-z][a-z0-9_]*")

_POSTGRES_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.person_keys (
    person text COLLATE "C" PRIMARY KEY, wrapped bytea, created_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS person_keys_buried ON {schema}.person_keys (person) WHERE wrapped IS NULL;
CREATE OR REPLACE FUNCTION {schema}.only_destroy() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'a key can be destroyed or wrapped under another master key, never replaced';
END $$;
CREATE OR REPLACE TRIGGER person_keys_only_destroy BEFORE UPDATE ON {schema}.person_keys
    FOR EACH ROW WHEN (NEW.person <> OLD.person OR (NEW.wrapped IS NOT NULL AND (
        OLD.wrapped IS NULL OR substr(NEW.wrapped, 1, 1) <> '\\x02' OR length(NEW.wrapped) <> 69
        OR substr(NEW.wrapped, 1, 9) = substr(OLD.wrapped, 1, 9)
    )))
    EXECUTE FUNCTION {schema}.only_destroy();
CREATE OR REPLACE FUNCTION {schema}.wipe() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    CLUSTER {schema}.person_keys USING person_keys_pkey;
END $$;
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {service};
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {service};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC, {service};
GRANT USAGE ON SCHEMA {schema} TO {service};
GRANT EXECUTE ON FUNCTION {schema}.wipe() TO {service};
GRANT SELECT, INSERT, UPDATE (wrapped) ON {schema}.person_keys TO {service};
"""


def keys_schema(school: str) -> str:
    """Name the schema of a school's keys; raises ValueError where PostgreSQL would fold or cut the name."""
    schema = f"{school}_keys"
    if not _SCHOOL.fullmatch(school) or len(schema) > POSTGRES_NAME_BYTES_MAX:
        msg = f"{school!r} cannot name a school: take up to 58 small Latin letters, digits, _, a letter first"
        raise ValueError(msg)
    return schema


def provision_postgres(connection: Connection[Any], *, school: str, service_role: str) -> None:
    """Make the school's key schema, owned by the connection's role, in the caller's transaction; repeatable.

    The service role must exist and not be the owner; it may read, add and destroy keys, and nothing else.
    """
    names = {"schema": sql.Identifier(keys_schema(school)), "service": sql.Identifier(service_role)}
    connection.execute(sql.SQL(_POSTGRES_SCHEMA).format(**names))


@dataclass(frozen=True)
class PostgresKeyPlace:
    """The schema `<school>_keys` behind a DSN, which may hold a password and is therefore never shown."""

    dsn: str = field(repr=False)
    school: str

    def open(self) -> PostgresKeyTable:
        """Connect as the service role."""
        return PostgresKeyTable(self.dsn, self.school)


class PostgresKeyTable:
    """Keys in a schema of their own, through a small pool; each statement is its own transaction."""

    def __init__(self, dsn: str, school: str, wait_seconds: float = POSTGRES_WAIT_SECONDS_MAX) -> None:
        """Wait, bounded, for the first connection, so that a wrong DSN fails here and not in a command."""
        self._table = sql.Identifier(keys_schema(school), "person_keys")
        self._function = sql.Identifier(keys_schema(school), "wipe")
        self._pool: ConnectionPool[Connection[tuple[Any, ...]]] = ConnectionPool(
            dsn,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=POSTGRES_CONNECTIONS_MAX,
            timeout=wait_seconds,
            configure=_make_durable,
            # A round trip where the cache did not know; after a restart of the server no call fails for it.
            check=ConnectionPool.check_connection,
            open=False,
            name=f"keys of {school}",
        )
        try:
            with _postgres_errors():
                self._pool.open(wait=True, timeout=wait_seconds)
            self._refuse_missing_table(school)
        except BaseException:
            self._pool.close()
            raise

    def read(self, persons: Sequence[str]) -> list[KeyRow]:
        """Answer the rows there are, in no order."""
        question = "SELECT person, wrapped FROM {table} WHERE person = ANY(%s)"
        return list(map(KeyRow._make, self._ask(question, (list(persons),))))

    def add(self, rows: Sequence[KeyRow], created_at: int) -> None:
        """Store rows of persons that have none; a row that is there wins, also a tombstone."""
        statement = (
            "INSERT INTO {table} (person, wrapped, created_at)"
            " SELECT person, wrapped, %s FROM unnest(%s::text[], %s::bytea[]) WITH ORDINALITY"
            " AS new (person, wrapped, place) ORDER BY place ON CONFLICT DO NOTHING"
        )
        self._run(statement, (created_at, [row.person for row in rows], [row.wrapped for row in rows]))

    def bury(self, person: str, at: int) -> None:
        """Leave a tombstone in place of the person's key, also where there was none."""
        statement = (
            "INSERT INTO {table} (person, wrapped, created_at) VALUES (%s, NULL, %s)"
            " ON CONFLICT (person) DO UPDATE SET wrapped = NULL"
        )
        self._run(statement, (person, at))
        # The row's dead version still holds the wrapped key: the table is written anew into another file.
        self.wipe()

    def count_buried(self) -> int:
        """Answer the number of tombstones from their own small index."""
        [[count]] = self._ask("SELECT count(*) FROM {table} WHERE wrapped IS NULL", ())
        return int(count)

    def find_any(self) -> KeyRow | None:
        """Answer some row with a key, to try the master key on."""
        rows = self._ask("SELECT person, wrapped FROM {table} WHERE wrapped IS NOT NULL LIMIT 1", ())
        return KeyRow._make(rows[0]) if rows else None

    def close(self) -> None:
        """Close the pool's connections."""
        self._pool.close()

    def _ask(self, question: LiteralString, params: Params) -> list[tuple[Any, ...]]:
        with _postgres_errors(), self._pool.connection() as connection:
            return connection.execute(sql.SQL(question).format(table=self._table), params).fetchall()

    def _run(self, statement: LiteralString, params: Params) -> None:
        with _postgres_errors(), self._pool.connection() as connection:
            connection.execute(sql.SQL(statement).format(table=self._table), params)

    def page(self, after: str, limit: int) -> list[KeyRow]:
        """Answer rows with a key whose person comes after one, in order."""
        question = (
            "SELECT person, wrapped FROM {table} WHERE person > %s AND wrapped IS NOT NULL ORDER BY person LIMIT %s"
        )
        return list(map(KeyRow._make, self._ask(question, (after, limit))))

    def rewrap(self, changes: Sequence[tuple[KeyRow, KeyRow]]) -> int:
        """Put newly wrapped keys in the place of old ones that are still there, in one transaction."""
        statement = (
            "UPDATE {table} AS t SET wrapped = new.wrapped"
            " FROM unnest(%s::text[], %s::bytea[], %s::bytea[]) AS new (person, old, wrapped)"
            " WHERE t.person = new.person AND t.wrapped = new.old"
        )
        columns = (
            [old.person for old, _ in changes],
            [old.wrapped for old, _ in changes],
            [new.wrapped for _, new in changes],
        )
        with _postgres_errors(), self._pool.connection() as connection:
            return connection.execute(sql.SQL(statement).format(table=self._table), columns).rowcount

    def wipe(self) -> None:
        """Write the table anew into another file: dead versions of rows still hold what was replaced."""
        try:
            with self._pool.connection() as connection:
                connection.execute(sql.SQL("SELECT {wipe}()").format(wipe=self._function))
        except psycopg.errors.UndefinedFunction:
            msg = "the key store was made by an older ejd: run `ejd init` once as the owner, then it goes on by itself"
            raise KeyStoreError(msg) from None
        except psycopg.Error as error:
            msg = f"the database of keys cannot be used: {error}"
            raise KeyStoreUnavailableError(msg) from error

    def _refuse_missing_table(self, school: str) -> None:
        [[table]] = self._ask("SELECT to_regclass(%s)", (self._table.as_string(),))
        if table is None:
            msg = f"there is no key store of {school} here: restore it from its backup (`ejd init` makes one)"
            raise KeyStoreError(msg)


@contextmanager
def _postgres_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:  # PoolTimeout is one of them
        msg = f"the database of keys cannot be used: {error}"
        raise KeyStoreUnavailableError(msg) from error


def _make_durable(connection: Connection[tuple[Any, ...]]) -> None:
    # A server tuned for speed may answer before the commit is on disk; a lost key would lose what it sealed.
    connection.execute("SET synchronous_commit = on")
