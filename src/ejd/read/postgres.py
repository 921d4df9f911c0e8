"""Generations on PostgreSQL: one schema each, `<school>_read_<n>`, and a pointer table in `<school>_read`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateTable

from ejd.read.contract import LOCK_SECONDS_MAX, NO_POSITION, GenerationGoneError, Lease, MovedError, Writer
from ejd.read.folding import FEED_TABLE
from ejd.read.projection import Table

CONNECT_SECONDS_MAX = 10
DROP_LOCK_SECONDS_MAX = 0.2
"""A reader keeps its tables; who waits behind our lock would wait for that reader too, so we wait little."""

READERS_KEPT = 8
READERS_MORE_MAX = 32

_GONE = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedObject)
DIALECT: sa.Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class PostgresPlace:
    """A database in which a school has schemas; see `ejd.read.contract.Place`."""

    dsn: str
    school: str

    @property
    def home(self) -> str:
        """The schema of the pointer."""
        return f"{self.school}_read"

    def schema(self, generation: int) -> str:
        """Answer the schema of a generation."""
        return f"{self.home}_{generation}"

    def prepare(self) -> None:
        """Make the pointer, once, whoever of several processes comes first."""
        with self._connect() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._number("prepare"),))
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.home}"')
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS "{self.home}".pointer'
                " (one BOOLEAN PRIMARY KEY CHECK (one), live BIGINT, last BIGINT NOT NULL)"
            )
            connection.execute(
                f'INSERT INTO "{self.home}".pointer VALUES (TRUE, NULL, 0) ON CONFLICT DO NOTHING'  # noqa: S608 - a checked name
            )

    def live(self) -> int | None:
        """Read the pointer."""
        with self._connect() as connection:
            return self.live_by(connection)

    def live_by(self, connection: Connection) -> int | None:
        """Read the pointer with a connection that is there already."""
        found = connection.execute(f'SELECT live FROM "{self.home}".pointer').fetchone()  # noqa: S608 - a checked name
        return None if found is None else found[0]

    def point(self, generation: int) -> None:
        """Write the pointer."""
        with self._connect() as connection:
            connection.execute(f'UPDATE "{self.home}".pointer SET live = %s', (generation,))  # noqa: S608 - a checked name

    def generations(self) -> list[int]:
        """List the schemas."""
        with self._connect() as connection:
            found = connection.execute(
                "SELECT substring(nspname FROM '_([0-9]+)$')::bigint FROM pg_namespace"
                " WHERE left(nspname, length(%(home)s) + 1) = %(home)s || '_'"
                " AND substr(nspname, length(%(home)s) + 2) ~ '^[0-9]+$' ORDER BY 1",
                {"home": self.home},
            ).fetchall()
        return [row[0] for row in found]

    def create(self, tables: Sequence[Table[Any]], fingerprint: str) -> int:
        """Make the next schema; not even the primary keys are there yet, sorting later is faster."""
        with self._connect() as connection, connection.transaction():
            counted = connection.execute(
                f'UPDATE "{self.home}".pointer SET last = last + 1 RETURNING last'  # noqa: S608 - a checked name
            ).fetchone()
            generation: int = counted[0] if counted else 0
            schema = self.schema(generation)
            connection.execute(f'CREATE SCHEMA "{schema}"')
            connection.execute(f'SET LOCAL search_path TO "{schema}"')
            connection.execute(f"CREATE TABLE {FEED_TABLE} (position BIGINT NOT NULL, fingerprint TEXT NOT NULL)")
            connection.execute(f"INSERT INTO {FEED_TABLE} VALUES (%s, %s)", (NO_POSITION, fingerprint))  # noqa: S608 - constant
            for table in tables:
                connection.execute(str(CreateTable(table.table).compile(dialect=DIALECT)))
                connection.execute(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{table.name}_pkey"')
        return generation

    def finish(self, generation: int, tables: Sequence[Table[Any]], position: int) -> None:
        """Sort the keys in, index and analyse; a commit is durable here in any case."""
        with self._connect() as connection, connection.transaction():
            connection.execute(f'SET LOCAL search_path TO "{self.schema(generation)}"')
            connection.execute("SET LOCAL maintenance_work_mem TO '256MB'")
            for table in tables:
                key = _names(table.key)
                connection.execute(f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{table.name}_pkey" PRIMARY KEY ({key})')
                for index in table.indexes:
                    connection.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
                if position > NO_POSITION:  # of an empty table the planner would believe that it stays empty
                    connection.execute(f'ANALYZE "{table.name}"')
            connection.execute(f"UPDATE {FEED_TABLE} SET position = %s", (position,))  # noqa: S608 - constant

    def drop(self, generation: int) -> bool:
        """Drop the schema when nobody reads it: every reader holds a lock on the feed table."""
        schema = self.schema(generation)
        with self._connect() as connection:
            try:
                with connection.transaction():
                    connection.execute(f"SET LOCAL lock_timeout TO {int(DROP_LOCK_SECONDS_MAX * 1000)}")
                    connection.execute(f'LOCK TABLE "{schema}".{FEED_TABLE} IN ACCESS EXCLUSIVE MODE')
                    connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
            except psycopg.errors.LockNotAvailable:
                return False
            except _GONE:
                connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        return True

    def fingerprint(self, generation: int) -> str:
        """Ask the feed table."""
        with self._connect() as connection:
            try:
                found = connection.execute(
                    f'SELECT fingerprint FROM "{self.schema(generation)}".{FEED_TABLE}'  # noqa: S608 - a checked name
                ).fetchone()
            except _GONE as error:
                raise GenerationGoneError from error
        return str(found[0]) if found else ""

    def writer(self, generation: int) -> Writer:
        """Open a connection whose transactions are begun by hand."""
        return PostgresWriter(self, generation, self._connect())

    def loader(self, generation: int) -> Writer:
        """Several may COPY into one table at once."""
        return PostgresLoader(self, generation, self._connect())

    def lease(self, name: str) -> Lease | None:
        """Take an advisory lock of the session; the server gives it back when the connection ends."""
        connection = self._connect()
        found = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._number(name),)).fetchone()
        if found and found[0]:
            return connection
        connection.close()
        return None

    def engine(self, generation: int) -> sa.Engine:
        """Open connections whose transactions are REPEATABLE READ, READ ONLY."""
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._reader,
            pool_size=READERS_KEPT,
            max_overflow=READERS_MORE_MAX,
        )
        return engine.execution_options(schema_translate_map={None: self.schema(generation)})

    def look(self, connection: sa.Connection, generation: int) -> tuple[int, int | None]:
        """Read position and pointer in one statement: it takes the snapshot, and a lock against `drop`."""
        try:
            found = connection.exec_driver_sql(
                f'SELECT f.position, p.live FROM "{self.schema(generation)}".{FEED_TABLE} f,'  # noqa: S608 - checked names
                f' "{self.home}".pointer p'
            ).one()
        except (sa.exc.ProgrammingError, sa.exc.InternalError) as error:
            raise GenerationGoneError from error
        return found[0], found[1]

    def _reader(self) -> Connection:
        connection = psycopg.connect(self.dsn, connect_timeout=CONNECT_SECONDS_MAX)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return connection

    def _connect(self) -> Connection:
        return psycopg.connect(
            self.dsn,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS_MAX,
            options=f"-c lock_timeout={int(LOCK_SECONDS_MAX * 1000)}",
        )

    def _number(self, name: str) -> int:
        digest = hashlib.blake2b(f"{self.home} {name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


class PostgresWriter:
    """See `ejd.read.contract.Writer`."""

    def __init__(self, place: PostgresPlace, generation: int, connection: Connection) -> None:
        """Take over a connection in autocommit mode; its search path names the generation."""
        self.generation = generation
        self._place = place
        self._connection = connection
        self._statements: dict[tuple[str, Table[Any]], str] = {}
        connection.execute(f'SET search_path TO "{place.schema(generation)}"')

    def begin(self) -> int:
        """Lock the position: the feeder, a second feeder and a switch take turns."""
        self._connection.execute("BEGIN")
        try:
            found = self._connection.execute(f"SELECT position FROM {FEED_TABLE} FOR UPDATE").fetchone()  # noqa: S608 - constant
        except _GONE as error:
            self.rollback()
            raise GenerationGoneError from error
        return int(found[0]) if found else NO_POSITION

    def commit(self) -> None:
        """Commit."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back what is open."""
        if not self._connection.closed:
            self._connection.rollback()

    def live(self) -> int | None:
        """Read the pointer."""
        return self._place.live_by(self._connection)

    def advance(self, old: int, new: int) -> None:
        """Move the position if it is where we left it."""
        statement = f"UPDATE {FEED_TABLE} SET position = %s WHERE position = %s"  # noqa: S608 - constant
        if self._connection.execute(statement, (new, old)).rowcount != 1:
            raise MovedError

    def load(self, table: Table[Any], streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Read by stream."""
        return self._connection.execute(self._statement("load", table), (list(streams),)).fetchall()

    def forget(self, table: Table[Any], streams: Sequence[str]) -> None:
        """Delete by stream."""
        self._connection.execute(self._statement("forget", table), (list(streams),))

    def upsert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert or update, all in one statement and one round trip: columns go as arrays."""
        self._connection.execute(self._statement("upsert", table), [list(one) for one in zip(*rows, strict=True)])

    def delete(self, table: Table[Any], keys: Sequence[tuple[Any, ...]]) -> None:
        """Delete by key, in one statement."""
        self._connection.execute(self._statement("delete", table), [list(one) for one in zip(*keys, strict=True)])

    def insert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """COPY in binary form: half the cost of text, on both sides."""
        with self._connection.cursor().copy(self._statement("insert", table)) as copy:
            copy.set_types(_types(table, table.columns))
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """Close."""
        self._connection.close()

    def _statement(self, what: str, table: Table[Any]) -> str:
        known = self._statements.get((what, table))
        if known is None:
            known = self._statements[what, table] = STATEMENTS[what](table)
        return known


class PostgresLoader(PostgresWriter):
    """Loads beside others: the position is nobody's business before `finish`."""

    def begin(self) -> int:
        """Begin without lock."""
        self._connection.execute("BEGIN")
        return NO_POSITION


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _types(table: Table[Any], names: Sequence[str]) -> list[str]:
    types: dict[type[Any], str] = {sa.Text: "text", sa.BigInteger: "int8", sa.Boolean: "bool"}
    return [types[type(table.c[name].type)] for name in names]


def _arrays(table: Table[Any], names: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in _types(table, names))})"


def _load(table: Table[Any]) -> str:
    return f'SELECT {_names(table.columns)} FROM "{table.name}" WHERE stream = ANY(%s)'  # noqa: S608 - names are checked


def _forget(table: Table[Any]) -> str:
    return f'DELETE FROM "{table.name}" WHERE stream = ANY(%s)'  # noqa: S608 - names are checked


def _insert(table: Table[Any]) -> str:
    return f'COPY "{table.name}" ({_names(table.columns)}) FROM STDIN (FORMAT binary)'


def _upsert(table: Table[Any]) -> str:
    values = [name for name in table.columns if name not in table.key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
    action = f"UPDATE SET {changes}" if values else "NOTHING"
    return (
        f'INSERT INTO "{table.name}" ({_names(table.columns)}) SELECT * FROM {_arrays(table, table.columns)}'  # noqa: S608 - names are checked
        f" ON CONFLICT ({_names(table.key)}) DO {action}"
    )


def _delete(table: Table[Any]) -> str:
    same = " AND ".join(f'own."{name}" = gone."{name}"' for name in table.key)
    gone = f"{_arrays(table, table.key)} AS gone({_names(table.key)})"
    return f'DELETE FROM "{table.name}" AS own USING {gone} WHERE {same}'  # noqa: S608 - names are checked


STATEMENTS: dict[str, Callable[[Table[Any]], str]] = {
    "load": _load,
    "forget": _forget,
    "insert": _insert,
    "upsert": _upsert,
    "delete": _delete,
}
