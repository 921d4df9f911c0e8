"""One data key per person, wrapped under the master key, in a file or a schema apart from the events.

Destroying the key is erasing the person: what was sealed stays in the events and nobody can read it any more.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, NamedTuple, Protocol

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection, sql
from psycopg.abc import Params
from psycopg_pool import ConnectionPool

from ejd.access.secrets import Purpose, RandomBytes, subkey

PERSON_KEY_BYTES = 32
CACHED_KEYS_MAX = 20_000
KEYS_IN_ONE_QUERY_MAX = 5_000
DESTROYED_NOTICED_SECONDS_MAX = 2.0
"""How long another process may still open what was sealed under a key that has just been destroyed."""
SQLITE_WAIT_SECONDS_MAX = 30.0
POSTGRES_CONNECTIONS_MAX = 4
POSTGRES_WAIT_SECONDS_MAX = 30.0
POSTGRES_NAME_BYTES_MAX = 63

_WRAPPED_VERSION = b"\x01"
_NONCE_BYTES = 12
_PERSON = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCHOOL = re.compile(r"[a-z][a-z0-9_]*")


class KeyStoreError(Exception):
    """Something is wrong with the keys; the text says what and what to do."""


class KeyStoreUnavailableError(KeyStoreError):
    """The database or file of keys does not answer now; nothing is known to have changed, try again."""


class KeyDestroyedError(KeyStoreError):
    """The person was erased: nothing more is sealed for them, and no other key is ever made."""

    def __init__(self, person: str) -> None:
        """Keep the person for the refusal."""
        super().__init__(f"the data of person {person} was erased, nothing can be added to it")
        self.person = person


class KeyMissingError(KeyStoreError):
    """A box names a person without a key here: this store is older than the events, or another school's."""

    def __init__(self, person: str) -> None:
        """Keep the person for the message."""
        super().__init__(f"person {person} has no key here: restore the newest backup of the key store")
        self.person = person


class KeyNotOpenedError(KeyStoreError):
    """A wrapped key does not open: another master key wrapped it, or its row was altered or moved."""

    def __init__(self, person: str) -> None:
        """Keep the person for the message."""
        super().__init__(
            f"the key of person {person} does not open: check that the master key is this school's "
            "own, else restore the key store from its backup",
        )
        self.person = person


class KeyRow(NamedTuple):
    """A stored key; `wrapped` is None once destroyed: the row stays as a tombstone."""

    person: str
    wrapped: bytes | None


class KeyTable(Protocol):
    """Where the rows stand. Safe for threads; every write is durable when it returns."""

    def read(self, persons: Sequence[str]) -> list[KeyRow]:
        """Answer the rows there are, in no order."""
        ...

    def add(self, rows: Sequence[KeyRow], created_at: int) -> None:
        """Store rows of persons that have none; a row that is there wins, also a tombstone."""
        ...

    def bury(self, person: str, at: int) -> None:
        """Leave a tombstone in place of the person's key, also where there was none."""
        ...

    def count_buried(self) -> int:
        """Answer the number of tombstones: it only grows, so that a change shows that a key was destroyed."""
        ...

    def find_any(self) -> KeyRow | None:
        """Answer some row with a key, to try the master key on."""
        ...

    def close(self) -> None:
        """Close connections; no call may be running."""
        ...


class KeyPlace(Protocol):
    """Where a key table is and how to open it; travels to worker processes."""

    def open(self) -> KeyTable:
        """Connect, or raise KeyStoreError when nothing was provisioned there."""
        ...


class KeyStore:
    """Persons' keys ready for use, in a bounded cache; key material never leaves it, only ciphers do.

    Safe for threads, and for processes that create the same person's key at once: all get the same one.
    """

    def __init__(
        self,
        table: KeyTable,
        master_key: bytes,
        *,
        random_bytes: RandomBytes,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Try the master key on a stored key, so that a wrong one is refused before it wraps anything.

        `now` answers microseconds since 1970 UTC; `monotonic` seconds, to pace the look for tombstones.
        """
        self._table = table
        self._wrapping = AESGCM(subkey(master_key, Purpose.WRAP_PERSON_KEYS))
        self._random_bytes = random_bytes
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cache: dict[str, AESGCM | None] = {}
        self._generation = 0
        # Counted before any key is read: a tombstone that comes later always changes the count.
        self._look_at = monotonic() + DESTROYED_NOTICED_SECONDS_MAX
        self._buried = table.count_buried()
        stored = table.find_any()
        if stored is not None:
            self._unwrap(stored)

    def get(self, person: str) -> AESGCM | None:
        """Answer the person's cipher, None once destroyed; raises KeyMissingError for one never made."""
        self._look_for_tombstones()
        try:
            return self._cache[person]
        except KeyError:
            pass
        found = self._load([person])
        if person not in found:
            raise KeyMissingError(person)
        return found[person]

    def get_many(self, persons: Iterable[str]) -> dict[str, AESGCM | None]:
        """Answer ciphers by person, None for a destroyed one; a person who never had a key is left out."""
        self._look_for_tombstones()
        found: dict[str, AESGCM | None] = {}
        unknown: list[str] = []
        cache = self._cache
        for person in dict.fromkeys(persons):
            try:
                found[person] = cache[person]
            except KeyError:
                unknown.append(person)
        found.update(self._load(unknown))
        return found

    def get_or_create(self, person: str) -> AESGCM:
        """Answer the person's cipher; a new key is durable before anything is sealed with it."""
        return self.get_or_create_many([person])[person]

    def get_or_create_many(self, persons: Iterable[str]) -> dict[str, AESGCM]:
        """Answer a cipher for each person, with one commit for up to 5,000 new keys.

        Raises KeyDestroyedError when one of them was erased; the others' new keys stay and do no harm.
        """
        wanted = list(dict.fromkeys(persons))
        found = self.get_many(wanted)
        absent = [person for person in wanted if person not in found]
        if absent:
            self._create(absent)
            # Read back, since another process may have been first: its key is the one that counts.
            found.update(self._load(absent))
        ciphers: dict[str, AESGCM] = {}
        for person in wanted:
            cipher = found[person]
            if cipher is None:
                raise KeyDestroyedError(person)
            ciphers[person] = cipher
        return ciphers

    def destroy(self, person: str) -> None:
        """Erase the person's key for good and remember that it was: repeated calls change nothing.

        Other processes notice within DESTROYED_NOTICED_SECONDS_MAX.
        """
        _check_person(person)
        self._table.bury(person, self._now())
        with self._lock:
            self._generation += 1
            self._cache.pop(person, None)

    def close(self) -> None:
        """Forget the keys and close the table."""
        with self._lock:
            self._generation += 1
            self._cache.clear()
        self._table.close()

    def _look_for_tombstones(self) -> None:
        if self._monotonic() < self._look_at:
            return
        with self._lock:
            now = self._monotonic()
            if now < self._look_at:
                return
            buried = self._table.count_buried()
            if buried != self._buried:
                self._buried = buried
                self._generation += 1
                self._cache.clear()
            # Set last and from the time before the count: after a failed look the next call looks again.
            self._look_at = now + DESTROYED_NOTICED_SECONDS_MAX

    def _load(self, persons: Sequence[str]) -> dict[str, AESGCM | None]:
        generation = self._generation
        found: dict[str, AESGCM | None] = {}
        for some in _slices(persons):
            for row in self._table.read(some):
                found[row.person] = None if row.wrapped is None else self._unwrap(row)
        with self._lock:
            # What was read before a key was destroyed must not come back into the cache after it was dropped.
            if generation == self._generation:
                for person, cipher in found.items():
                    if len(self._cache) >= CACHED_KEYS_MAX:
                        del self._cache[next(iter(self._cache))]
                    self._cache[person] = cipher
        return found

    def _create(self, persons: Sequence[str]) -> None:
        for person in persons:
            _check_person(person)
        # In order, so that two processes that create the same keys wait for each other and never deadlock.
        for some in _slices(sorted(persons)):
            self._table.add([KeyRow(person, self._wrap_new_key(person)) for person in some], self._now())

    def _wrap_new_key(self, person: str) -> bytes:
        key = self._random_bytes(PERSON_KEY_BYTES)
        assert len(key) == PERSON_KEY_BYTES, "random_bytes answered another length"  # noqa: S101 - invariant
        nonce = self._random_bytes(_NONCE_BYTES)
        return _WRAPPED_VERSION + nonce + self._wrapping.encrypt(nonce, key, _wrapped_aad(person))

    def _unwrap(self, row: KeyRow) -> AESGCM:
        wrapped = row.wrapped or b""
        nonce = wrapped[1 : 1 + _NONCE_BYTES]
        if wrapped[:1] != _WRAPPED_VERSION or len(nonce) != _NONCE_BYTES:
            raise KeyNotOpenedError(row.person)
        try:
            key = self._wrapping.decrypt(nonce, wrapped[1 + _NONCE_BYTES :], _wrapped_aad(row.person))
        except InvalidTag:
            raise KeyNotOpenedError(row.person) from None
        assert len(key) == PERSON_KEY_BYTES, "only whole keys are ever wrapped"  # noqa: S101 - invariant
        return AESGCM(key)


# --- SQLite: one file beside events.db ----------------------------------------------------------------------

_SQLITE_SCHEMA = """
CREATE TABLE IF NOT EXISTS person_keys (
    person TEXT NOT NULL PRIMARY KEY, wrapped BLOB, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_keys_buried ON person_keys (person) WHERE wrapped IS NULL;
CREATE TRIGGER IF NOT EXISTS person_keys_only_destroy BEFORE UPDATE ON person_keys
WHEN NEW.wrapped IS NOT NULL OR NEW.person <> OLD.person
BEGIN SELECT RAISE(ABORT, 'a key can be destroyed, never replaced'); END;
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


# --- PostgreSQL: a schema beside the events' one, under its own grants --------------------------------------

_POSTGRES_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.person_keys (
    person text COLLATE "C" PRIMARY KEY, wrapped bytea, created_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS person_keys_buried ON {schema}.person_keys (person) WHERE wrapped IS NULL;
CREATE OR REPLACE FUNCTION {schema}.only_destroy() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'a key can be destroyed, never replaced';
END $$;
CREATE OR REPLACE TRIGGER person_keys_only_destroy BEFORE UPDATE ON {schema}.person_keys
    FOR EACH ROW WHEN (NEW.wrapped IS NOT NULL OR NEW.person <> OLD.person)
    EXECUTE FUNCTION {schema}.only_destroy();
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {service};
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {service};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC, {service};
GRANT USAGE ON SCHEMA {schema} TO {service};
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


def _wrapped_aad(person: str) -> bytes:
    return b"ejd/key" + _WRAPPED_VERSION + person.encode()


def _check_person(person: str) -> None:
    if not _PERSON.fullmatch(person):
        msg = f"{person!r} is not the id of a person: write the UUID in small letters"
        raise ValueError(msg)


def _slices(persons: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(persons), KEYS_IN_ONE_QUERY_MAX):
        yield persons[start : start + KEYS_IN_ONE_QUERY_MAX]
