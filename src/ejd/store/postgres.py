"""The store in a schema of PostgreSQL: any number of processes, ordered by an advisory lock per schema."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import psycopg
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow, tuple_row

from ejd.store import arrays
from ejd.store import dialect as sql
from ejd.store.base import BaseStore, Params, Row
from ejd.store.errors import CommitUnknownError, StoreBusyError, StoreUnavailableError, UnsafeSettingError
from ejd.store.judge import Known, MovedRow, Question, RandomBytes, Rows, Watch, known_from
from ejd.store.postgres_news import PostgresNews
from ejd.store.round_trip import RoundTrip, numbered
from ejd.store.rows import Clock, insert_stored
from ejd.store.schema import check_postgres, migrate_postgres

LOCK_WAIT_SECONDS_MAX = 30
IDLE_IN_TRANSACTION_SECONDS_MAX = 10
"""Below the wait for the lock: a process that was stopped while it held the lock loses it before others give up."""
STATEMENT_SECONDS_MAX = 60
CONNECT_SECONDS_MAX = 10
ANSWER_SECONDS_MAX = 70
"""Above all waits of the server, so that usually the server is the one who gives up."""
READERS_MAX = 16
READ_ATTEMPTS_MAX = 3
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,47}")
ENABLE_DB_FUNCTIONS = "POSTGRES_ENABLE_DB_FUNCTIONS"
NO = ("", "n", "no", "f", "false", "off", "0")

COMMIT = b"COMMIT"
BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"
"""Each statement sees what was committed before it began: the question comes after the lock, not with it."""


def check_schema_name(schema: str) -> str:
    """Answer the name, or refuse one that would need quoting or leaves no room for what is derived from it."""
    if not SCHEMA_NAME.fullmatch(schema):
        raise ValueError(f"a schema is named by 1-48 small Latin letters, digits and _, not {schema!r}")
    return schema


def append_lock_key(schema: str) -> int:
    """Answer the 64-bit key of the advisory lock that orders the appends of one schema."""
    digest = hashlib.sha256(f"ejd append {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class Datastore(PostgresDatastore):
    """The library's pool, opened by DSN, with the school's schema in front of every unqualified name."""

    def __init__(self, dsn: str, schema: str) -> None:
        """Connect to nothing yet."""
        self.dsn = dsn
        given = {key: value for key, value in conninfo_to_dict(dsn).items() if value is not None}
        super().__init__(
            dbname=str(given.get("dbname", "")),
            host=str(given.get("host", "")),
            port=str(given.get("port", "")),
            user=str(given.get("user", "")),
            password=str(given.get("password", "")),
            pool_size=1,
            max_overflow=READERS_MAX - 1,
            connect_timeout=CONNECT_SECONDS_MAX,
            schema=check_schema_name(schema),
            originator_id_type="text",
        )
        kwargs = self.pool.kwargs
        if isinstance(kwargs, dict):
            kwargs.clear()
            kwargs.update(given, row_factory=psycopg.rows.dict_row)

    def after_connect_func(self) -> Any:
        """Prepare a connection for reading."""
        statement = session_settings(self.schema)

        def after_connect(connection: psycopg.Connection[Any]) -> None:
            connection.autocommit = True
            connection.execute(statement)

        return after_connect

    def register_type_adapters(self) -> None:
        """Skip the library's composite types: our tables have none."""


def session_settings(schema: str) -> bytes:
    """Answer the settings of every connection: bounded waits, our tables first, temporary ones never in front."""
    return (
        f"SET search_path TO {schema}, pg_temp; "
        f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'; "
        f"SET lock_timeout = '{LOCK_WAIT_SECONDS_MAX}s'; "
        f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS_MAX}s'; "
        "SET synchronous_commit = on"
    ).encode()


def _is_lost(cause: BaseException | None) -> bool:
    """Tell a broken connection, after which reading again is safe and may help, from a refusal by the server."""
    if not isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


def _question_rows(result: PGresult) -> Iterator[tuple[int, str, str, int | None, int]]:
    value = result.get_value
    for row in range(result.ntuples):
        kind, first, second, number, moment = (value(row, column) for column in range(5))
        yield int(kind or 0), _text(first), _text(second), None if number is None else int(number), int(moment or 0)


def _moved_rows(result: PGresult) -> Iterator[MovedRow]:
    value = result.get_value
    for row in range(result.ntuples):
        yield int(value(row, 0) or 0), _text(value(row, 1)), _text(value(row, 2)), _text(value(row, 3))


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


class Recorder(PostgresApplicationRecorder):
    """The library's recorder with the whole envelope beside each event, ordered by an advisory lock."""

    dialect = sql.POSTGRES

    def __init__(
        self,
        datastore: Datastore,
        *,
        random_bytes: RandomBytes = os.urandom,
        clock: Clock = lambda: time.time_ns() // 1000,
    ) -> None:
        """Refuse the library's database function: it appends without a lock, and followers lose events."""
        if datastore.enable_db_functions or os.environ.get(ENABLE_DB_FUNCTIONS, "").strip().lower() not in NO:
            raise UnsafeSettingError(
                f"unset {ENABLE_DB_FUNCTIONS}: with it events are appended without a lock, and followers lose some"
            )
        super().__init__(datastore, events_table_name="events")
        self.sql_create_statements.clear()
        self.lock_table_statements.clear()
        self._datastore = datastore
        self._schema = datastore.schema
        self._random_bytes = random_bytes
        self._clock = clock
        self.writing = threading.Lock()
        self._writer: psycopg.Connection[TupleRow] | None = None
        self._lock = f"SELECT pg_advisory_xact_lock({append_lock_key(self._schema)})".encode()
        self._question = numbered(self.dialect.sql(sql.QUESTION))
        self._moved = numbered(self.dialect.sql(sql.MOVED))

    def create_table(self) -> None:
        """Bring the schema to the newest version of the tables; only its owner may."""
        migrate_postgres(self._datastore.dsn, self._schema)

    def check_tables(self) -> None:
        """Raise SchemaVersionError unless the migrations have been run."""
        with self.datastore.get_connection() as connection:
            check_postgres(connection, self._schema)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events of the library with the envelope given in `kwargs`; answer their positions."""
        envelope = {"recorded_at": self._clock(), **kwargs}
        return insert_stored(self, stored_events, self._random_bytes, envelope)

    def begin(self, question: Question, watch: Watch | None = None) -> Known:
        """Take the append lock of the schema and answer the question as of then, in one round trip.

        A watch takes another one, for the few commands that read a whole kind of streams, when others wrote meanwhile.
        """
        streams, ids, keys = map(arrays.texts, question)
        try:
            self._connected()
            question_asked = (self._question, (streams, ids, ids, keys))
            known = known_from(_question_rows(self._trip.run([(BEGIN, ()), (self._lock, ()), question_asked])))
            return known if watch is None else known._replace(moved=self._moved_since(known, watch))
        except psycopg.Error as error:
            self.abandon()
            if isinstance(error, psycopg.errors.LockNotAvailable):
                msg = f"others have been appending for {LOCK_WAIT_SECONDS_MAX} seconds: try again"
                raise StoreBusyError(msg) from error
            if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
                raise StoreUnavailableError(f"the database does not answer: {error}") from error
            raise DatabaseError(str(error)) from error
        except BaseException:
            self.abandon()
            raise

    def _moved_since(self, known: Known, watch: Watch) -> Sequence[MovedRow] | None:
        if not watch.asks(known.position):
            return None if watch.is_long_ago(known.position) else ()
        kinds, written = map(arrays.texts, (watch.kinds, watch.written))
        asked = (self._moved, (b"%d" % watch.since, kinds, written, kinds))
        return list(_moved_rows(self._trip.run([asked])))

    def finish(self, rows: Rows) -> None:
        """Write all rows and commit, in one round trip; after an error nothing is left open."""
        connection = self._connected()
        try:
            self._trip.run(chain(arrays.inserts(rows), [(COMMIT, ())]))
        except psycopg.Error as error:
            lost = connection.broken or connection.closed
            self.abandon()
            if lost:
                raise CommitUnknownError("the database went away: send the same command again") from error
            if isinstance(error, psycopg.IntegrityError):
                raise IntegrityError(str(error)) from error
            if isinstance(error, psycopg.DataError):
                raise DataError(str(error)) from error
            if isinstance(error, psycopg.OperationalError):
                raise StoreUnavailableError(f"the database cannot write: {error}") from error
            raise DatabaseError(str(error)) from error
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Roll back whatever is open; a connection that cannot is closed, which rolls back too."""
        connection = self._writer
        if connection is None:
            return
        pgconn = connection.pgconn
        with suppress(psycopg.Error):
            if not connection.closed and pgconn.pipeline_status == PipelineStatus.OFF:
                if pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                    connection.rollback()
                if pgconn.transaction_status == TransactionStatus.IDLE:
                    return
        self._writer = None
        with suppress(psycopg.Error):
            connection.close()

    def is_stored(self, rows: Rows) -> bool:
        """Look for the first event (or command) of a commit that was not answered; the lock waits until it ended."""
        self.begin(Question([], [], []))
        try:
            connection = self._connected()
            if rows.events:
                first = rows.events[0]
                wanted: Params = (first.position, first.stream, first.command_id, first.salt)
                statement = self.dialect.sql(sql.STORED_EVENT)
            else:
                command_id, actor, _, body_hash, _, _, last, _ = rows.commands[0]
                wanted = (command_id, actor, body_hash, last)
                statement = self.dialect.sql(sql.STORED_COMMAND)
            return connection.execute(statement.encode(), wanted).fetchone() is not None
        except psycopg.Error as error:
            raise StoreUnavailableError(f"the database does not answer: {error}") from error
        finally:
            self.abandon()

    def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Answer the rows of a question as plain tuples."""
        query = statement.encode()
        for _ in range(READ_ATTEMPTS_MAX - 1):
            try:
                return self._fetch_once(query, params)
            except PersistenceError as error:
                if not _is_lost(error.__cause__):
                    raise
                self.datastore.pool.check()
        try:
            return self._fetch_once(query, params)
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError(f"the database does not answer: {error}") from error

    def _fetch_once(self, query: bytes, params: Params) -> list[Row]:
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(binary=True, row_factory=tuple_row) as cursor,
        ):
            return cursor.execute(query, params, prepare=True).fetchall()

    def changed_elsewhere(self) -> bool:
        """Leave it to the listening thread: it hears of other processes."""
        return False

    def shut(self) -> None:
        """Close every connection."""
        with self.writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self.datastore.close()

    def max_notification_id(self) -> int | None:
        """Answer the last position, or None for an empty store."""
        ((position,),) = self.fetch("SELECT max(position) FROM events")
        return None if position is None else int(position)

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

    def _connected(self) -> psycopg.Connection[TupleRow]:
        if self._writer is None or self._writer.closed:
            self._writer = psycopg.connect(
                self._datastore.dsn,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS_MAX,
                tcp_user_timeout=ANSWER_SECONDS_MAX * 1000,
            )
            self._writer.execute(session_settings(self._schema))
            self._writer.execute("SET plan_cache_mode = force_generic_plan")  # planning cost half of an append
            self._trip = RoundTrip(self._writer, ANSWER_SECONDS_MAX)
        return self._writer


class Store(BaseStore):
    """A school's events in a schema."""

    def __init__(self, recorder: Recorder, random_bytes: RandomBytes, dsn: str, schema: str) -> None:
        """Take the recorder over: closing the store closes it."""
        super().__init__(recorder, random_bytes)
        self.recorder = recorder
        self._postgres_news = PostgresNews(dsn, f"ejd_{schema}", self._look)

    def wait_for_news(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is an event above `after`, of any process; False when the time is over."""
        self._postgres_news.listen()
        return super().wait_for_news(after, timeout_seconds)

    def close(self) -> None:
        """Finish running appends, tell others of the last ones, then close the connections."""
        self._group.close()
        self._postgres_news.close()
        super().close()

    def _announce(self, position: int) -> None:
        super()._announce(position)
        self._postgres_news.tell()

    def _look(self) -> None:
        self._news.announce(self.last_position())


def open_store(dsn: str, schema: str, *, random_bytes: RandomBytes = os.urandom) -> Store:
    """Open the school's schema as the service; its owner has made it with `ejd.store.roles.provision`."""
    recorder = Recorder(Datastore(dsn, schema), random_bytes=random_bytes)
    recorder.check_tables()
    return Store(recorder, random_bytes, dsn, schema)
