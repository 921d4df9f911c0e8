"""One key per person, made once, wrapped, once destroyed gone for ever: what both key stores promise."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import threading
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.access import keys as keys_module
from ejd.access.keys import (
    DESTROYED_NOTICED_SECONDS_MAX,
    KeyDestroyedError,
    KeyMissingError,
    KeyNotOpenedError,
    KeyPlace,
    KeyRow,
    KeyStore,
    KeyStoreError,
    KeyStoreUnavailableError,
)
from ejd.access.postgres_keys import PostgresKeyPlace, PostgresKeyTable, keys_schema, provision_postgres
from ejd.access.ring import MasterKeys
from ejd.access.secrets import create_master_key, read_master_key
from ejd.access.sqlite_keys import SqliteKeyPlace, SqliteKeyTable, provision_sqlite
from tests.access.premises import NOON, SCHOOL, Premises
from tests.postgres import PostgresDatabase

NONCE = bytes(12)
PERSONS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(40)]
ADA, BORIS, CLARA = PERSONS[:3]


def fingerprint(cipher: AESGCM | None) -> bytes:
    """Tell one key from another without seeing it."""
    assert cipher is not None
    return cipher.encrypt(NONCE, b"", None)


def fingerprints(ciphers: Mapping[str, AESGCM | None]) -> dict[str, bytes]:
    return {person: fingerprint(cipher) for person, cipher in ciphers.items()}


def create_keys(place: KeyPlace, master_key_path: Path, persons: list[str]) -> list[bytes]:
    """Run in a process of its own."""
    keys = KeyStore(place.open(), MasterKeys(master_key_path), random_bytes=os.urandom, now=lambda: NOON)
    try:
        return [fingerprint(keys.get_or_create(person)) for person in persons]
    finally:
        keys.close()


def test_a_key_is_made_once_and_found_by_every_store(premises: Premises) -> None:
    first, second = premises.open_keys(), premises.open_keys()
    made = fingerprint(first.get_or_create(ADA))
    assert fingerprint(first.get_or_create(ADA)) == made
    assert fingerprint(second.get_or_create(ADA)) == made
    assert fingerprint(premises.open_keys().get(ADA)) == made
    assert fingerprint(first.get_or_create(BORIS)) != made


def test_a_person_without_a_key_is_missing_and_not_erased(premises: Premises) -> None:
    keys = premises.open_keys()
    keys.get_or_create(ADA)
    assert set(keys.get_many([ADA, BORIS, ADA])) == {ADA}
    with pytest.raises(KeyMissingError, match=rf"{BORIS} has no key here: restore"):
        keys.get(BORIS)


def test_many_keys_are_made_in_slices(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "KEYS_IN_ONE_QUERY_MAX", 7)
    made = premises.open_keys().get_or_create_many(reversed(PERSONS))
    found = premises.open_keys().get_many(PERSONS)
    assert fingerprints(found) == fingerprints(made)
    assert set(found) == set(PERSONS)
    assert premises.open_keys().get_many([]) == premises.open_keys().get_or_create_many([]) == {}


def test_threads_that_create_at_once_get_the_same_keys(premises: Premises) -> None:
    stores = [premises.open_keys(), premises.open_keys()]
    start = threading.Barrier(8)

    def create(number: int) -> list[bytes]:
        start.wait(timeout=30)
        return [fingerprint(stores[number % 2].get_or_create(person)) for person in PERSONS]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, range(8)))
    assert answers == [answers[0]] * 8
    assert len(set(answers[0])) == len(PERSONS)


def test_stores_that_create_many_in_opposite_order_agree(premises: Premises) -> None:
    persons = [str(UUID(int=number)) for number in range(2000)]
    stores = [premises.open_keys() for _ in range(4)]
    start = threading.Barrier(4)

    def create(number: int) -> dict[str, bytes]:
        start.wait(timeout=30)
        return fingerprints(stores[number].get_or_create_many(persons if number % 2 else reversed(persons)))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(create, range(4)))
    assert answers == [answers[0]] * 4


def test_new_keys_are_stored_in_one_order(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that stored the same keys in opposite orders would wait for each other: PostgreSQL ends one of them."""
    keys = premises.open_keys()
    stored: list[str] = []
    add = keys._table.add

    def watch(rows: list[KeyRow], created_at: int) -> None:
        stored.extend(row.person for row in rows)
        add(rows, created_at)

    monkeypatch.setattr(keys._table, "add", watch)
    keys.get_or_create_many(reversed(PERSONS))
    assert stored == PERSONS


def test_processes_that_create_at_once_get_the_same_keys(premises: Premises) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        work = [processes.submit(create_keys, premises.place, premises.master_key_path, PERSONS) for _ in range(4)]
        answers = [job.result(timeout=60) for job in work]
    assert answers == [answers[0]] * 4
    assert len(set(answers[0])) == len(PERSONS)


def test_a_destroyed_key_is_gone_and_never_made_again(premises: Premises) -> None:
    keys = premises.open_keys()
    keys.get_or_create_many([ADA, BORIS])
    keys.destroy(ADA)
    keys.destroy(ADA)
    for store in (keys, premises.open_keys()):
        assert store.get(ADA) is None
        assert store.get_many([ADA]) == {ADA: None}
        with pytest.raises(KeyDestroyedError, match=f"data of person {ADA} was erased"):
            store.get_or_create(ADA)
        with pytest.raises(KeyDestroyedError):
            store.get_or_create_many([CLARA, ADA])
        assert store.get(BORIS) is not None


def test_a_person_can_be_erased_before_anything_was_sealed(premises: Premises) -> None:
    keys = premises.open_keys()
    keys.destroy(ADA)
    with pytest.raises(KeyDestroyedError):
        keys.get_or_create(ADA)


def test_another_process_notices_a_destroyed_key_in_the_named_time(premises: Premises) -> None:
    seconds = 100.0
    here, there = premises.open_keys(), premises.open_keys(monotonic=lambda: seconds)
    here.get_or_create_many([ADA, BORIS])
    assert None not in there.get_many([ADA, BORIS]).values()
    here.destroy(ADA)
    seconds += DESTROYED_NOTICED_SECONDS_MAX
    assert there.get(ADA) is None
    assert there.get(BORIS) is not None
    here.destroy(BORIS)
    seconds += DESTROYED_NOTICED_SECONDS_MAX
    assert there.get_many([ADA, BORIS]) == {ADA: None, BORIS: None}
    with pytest.raises(KeyDestroyedError):
        there.get_or_create(BORIS)


def test_a_key_read_before_it_was_destroyed_does_not_come_back(premises: Premises) -> None:
    """The reader has the row in hand when another thread destroys the key and drops it from the cache."""
    keys = premises.open_keys()
    keys.get_or_create(ADA)
    keys._cache.clear()
    read = keys._table.read

    def read_then_be_overtaken(persons: list[str]) -> list[KeyRow]:
        rows = read(persons)
        keys.destroy(ADA)
        return rows

    keys._table.read = read_then_be_overtaken  # type: ignore[assignment,method-assign]
    assert keys.get(ADA) is not None, "this one call began before the erasure"
    keys._table.read = read  # type: ignore[method-assign]
    assert keys.get(ADA) is None


def test_the_cache_is_bounded(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "CACHED_KEYS_MAX", 5)
    keys = premises.open_keys()
    made = fingerprints(keys.get_or_create_many(PERSONS))
    assert len(keys._cache) == 5
    assert {person: fingerprint(keys.get(person)) for person in PERSONS} == made
    assert len(keys._cache) == 5


def test_what_is_cached_asks_the_database_nothing(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = premises.open_keys()
    keys.get_or_create_many(PERSONS)

    def must_not_be_asked(*_: object) -> list[KeyRow]:
        raise AssertionError

    monkeypatch.setattr(keys._table, "read", must_not_be_asked)
    assert len(keys.get_or_create_many(PERSONS)) == len(PERSONS)
    assert keys.get(ADA) is not None


@pytest.mark.parametrize(
    "person", ["", "ivanov", ADA.upper().replace("8", "A"), f"{{{ADA}}}", ADA.replace("-", ""), ADA + "\n"]
)
def test_only_a_canonical_id_gets_a_key(premises: Premises, person: str) -> None:
    keys = premises.open_keys()
    with pytest.raises(ValueError, match="is not the id of a person"):
        keys.get_or_create(person)
    with pytest.raises(ValueError, match="is not the id of a person"):
        keys.destroy(person)


def test_another_master_key_is_refused_before_it_wraps_anything(premises: Premises, tmp_path: Path) -> None:
    premises.open_keys().get_or_create(ADA)
    premises.master_key_path = tmp_path / "other.key"
    create_master_key(premises.master_key_path, os.urandom)
    with pytest.raises(KeyNotOpenedError, match="check that the master key is this school's own"):
        premises.factory.open()


def test_a_wrapped_key_moved_to_another_person_does_not_open(premises: Premises) -> None:
    keys = premises.open_keys()
    keys.get_or_create(ADA)
    [row] = keys._table.read([ADA])
    keys._table.add([KeyRow(BORIS, row.wrapped)], NOON)
    with pytest.raises(KeyNotOpenedError) as refused:
        keys.get(BORIS)
    assert refused.value.person == BORIS


@pytest.mark.parametrize("broken", [b"", b"\x01", b"\x01" + bytes(11), bytes(61), b"\x01" + bytes(60)])
def test_a_broken_wrapped_key_is_named(premises: Premises, broken: bytes) -> None:
    keys = premises.open_keys()
    keys._table.add([KeyRow(ADA, broken)], NOON)
    with pytest.raises(KeyNotOpenedError, match=ADA):
        keys.get_many([ADA])


def test_neither_the_master_key_nor_a_person_key_is_stored_in_clear(premises: Premises) -> None:
    made: list[bytes] = []

    def remember(size: int) -> bytes:
        made.append(os.urandom(size))
        return made[-1]

    master = read_master_key(premises.master_key_path)
    keys = KeyStore(
        premises.place.open(), MasterKeys(premises.master_key_path), random_bytes=remember, now=lambda: NOON
    )
    keys.get_or_create_many(PERSONS)
    raw = premises.read_raw()
    keys.close()
    assert ADA.encode() in raw, "else this test looks at the wrong bytes"
    in_clear = [secret for secret in made if len(secret) == 32]
    assert len(in_clear) == len(PERSONS)
    for secret in [master, *in_clear]:
        assert secret not in raw
        assert secret.hex().encode() not in raw
    assert premises.master_key_path.read_bytes().strip() not in raw


def test_a_closed_store_cannot_be_used(premises: Premises) -> None:
    keys = premises.open_keys()
    keys.get_or_create(ADA)
    keys.close()
    with pytest.raises(KeyStoreUnavailableError):
        keys.get(ADA)


def test_a_stored_key_cannot_be_replaced_or_brought_back(premises: Premises) -> None:
    """Who holds the service's rights may destroy keys, and nothing else."""
    table = premises.place.open()
    keys = premises.open_keys()
    keys.get_or_create(ADA)
    keys.destroy(BORIS)
    refused: tuple[type[Exception], ...] = (psycopg.Error, sqlite3.Error, KeyStoreUnavailableError)
    for statement in (
        "UPDATE {} SET wrapped = 'x'",
        f"UPDATE {{}} SET person = '{CLARA}' WHERE person = '{ADA}'",
        "DELETE FROM {}",
    ):
        with pytest.raises(refused):
            run(table, statement)
    table.close()
    assert keys.get(ADA) is not None
    assert premises.open_keys().get_many([ADA, BORIS])[BORIS] is None


def run(table: object, statement: str) -> None:
    if isinstance(table, SqliteKeyTable):
        table._connection.execute(statement.format("person_keys"))
    if isinstance(table, PostgresKeyTable):
        table._run(statement.format("{table}"), ())


# --- SQLite alone -------------------------------------------------------------


def test_the_file_and_its_journal_are_private(tmp_path: Path) -> None:
    provision_sqlite(tmp_path / "keys.db")
    assert stat.S_IMODE((tmp_path / "keys.db").stat().st_mode) == 0o600
    table = SqliteKeyTable(tmp_path / "keys.db")
    with table._writing() as connection:
        connection.execute("INSERT INTO person_keys VALUES ('x', NULL, 1)")
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert files == {"keys.db": 0o600, "keys.db-journal": 0o600}
    table.close()


def test_a_destroyed_key_leaves_the_file(tmp_path: Path) -> None:
    provision_sqlite(tmp_path / "keys.db")
    table = SqliteKeyTable(tmp_path / "keys.db")
    wrapped = {person: os.urandom(61) for person in PERSONS}
    table.add([KeyRow(*item) for item in wrapped.items()], NOON)
    assert wrapped[ADA] in (tmp_path / "keys.db").read_bytes()
    table.bury(ADA, NOON)
    assert [file.name for file in tmp_path.iterdir()] == ["keys.db"], "no log that keeps what was overwritten"
    raw = (tmp_path / "keys.db").read_bytes()
    assert wrapped[ADA][:16] not in raw
    assert wrapped[ADA][-16:] not in raw
    assert wrapped[BORIS] in raw
    table.close()


def test_provisioning_again_keeps_the_keys(tmp_path: Path) -> None:
    provision_sqlite(tmp_path / "keys.db")
    table = SqliteKeyTable(tmp_path / "keys.db")
    table.add([KeyRow(ADA, b"wrapped")], NOON)
    provision_sqlite(tmp_path / "keys.db")
    assert table.read([ADA]) == [KeyRow(ADA, b"wrapped")]
    table.close()


def test_a_lost_file_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match=r"there is no key store at .*: restore it from its backup"):
        SqliteKeyPlace(tmp_path / "keys.db").open()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"this is not a database " * 100])
def test_a_broken_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys.db").write_bytes(content)
    with pytest.raises(KeyStoreUnavailableError, match="file of keys cannot be used"):
        KeyStore(
            SqliteKeyPlace(tmp_path / "keys.db").open(),
            MasterKeys(tmp_path / "no.key"),
            random_bytes=os.urandom,
            now=lambda: 0,
        )


# --- PostgreSQL alone ---------------------------------------------------------


def test_the_service_may_read_add_and_destroy_and_nothing_else(postgres_premises: Premises) -> None:
    assert isinstance(postgres_premises.place, PostgresKeyPlace)
    schema = keys_schema(SCHOOL)
    with psycopg.connect(postgres_premises.place.dsn, autocommit=True) as service:
        for statement in (
            f"DELETE FROM {schema}.person_keys",
            f"TRUNCATE {schema}.person_keys",
            f"DROP TABLE {schema}.person_keys",
            f"ALTER TABLE {schema}.person_keys DISABLE TRIGGER ALL",
            f"UPDATE {schema}.person_keys SET created_at = 0",
            f"CREATE TABLE {schema}.mine (x int)",
            f"DROP SCHEMA {schema}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement.encode())


@pytest.mark.usefixtures("postgres_premises")
def test_another_role_sees_no_keys(postgres_database: PostgresDatabase) -> None:
    stranger = postgres_database.server.new_name("stranger")
    with psycopg.connect(postgres_database.dsn, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {stranger}".encode())
        owner.execute(f"SET ROLE {stranger}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(f"SELECT * FROM {SCHOOL}_keys.person_keys".encode())
        owner.execute(b"RESET ROLE")
        owner.execute(f"DROP ROLE {stranger}".encode())


def test_provisioning_a_schema_again_keeps_the_keys(
    postgres_premises: Premises, postgres_database: PostgresDatabase
) -> None:
    assert isinstance(postgres_premises.place, PostgresKeyPlace)
    service = psycopg.conninfo.conninfo_to_dict(postgres_premises.place.dsn)["user"]
    made = fingerprint(postgres_premises.open_keys().get_or_create(ADA))
    with psycopg.connect(postgres_database.dsn) as owner:
        provision_postgres(owner, school=SCHOOL, service_role=str(service))
    again = postgres_premises.open_keys()
    assert fingerprint(again.get(ADA)) == made
    again.get_or_create(BORIS)
    again.destroy(ADA)


def test_a_school_that_was_not_provisioned_is_a_sentence(postgres_database: PostgresDatabase) -> None:
    with pytest.raises(KeyStoreError, match="there is no key store of lyceum_8 here"):
        PostgresKeyPlace(postgres_database.dsn, "lyceum_8").open()


def test_a_database_that_does_not_answer_is_a_sentence() -> None:
    with pytest.raises(KeyStoreUnavailableError, match="the database of keys cannot be used"):
        PostgresKeyTable("postgresql://nobody@127.0.0.1:1/none", SCHOOL, wait_seconds=0.2)


def test_a_connection_that_was_cut_is_replaced(
    postgres_premises: Premises, postgres_database: PostgresDatabase
) -> None:
    """As after a restart of the server: idle connections are dead, and no call fails for it."""
    keys = postgres_premises.open_keys()
    keys.get_or_create(ADA)
    with psycopg.connect(postgres_database.dsn, autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert keys.get_or_create(BORIS) is not None


@pytest.mark.parametrize("school", ["", "Lyceum", "7", "a-b", 'a"b', "школа", "a" * 59])
def test_a_name_that_postgresql_would_change_is_refused(school: str) -> None:
    with pytest.raises(ValueError, match="cannot name a school"):
        keys_schema(school)


def test_a_dsn_is_not_shown() -> None:
    assert "s3cret" not in repr(PostgresKeyPlace("postgresql://u:s3cret@h/school", SCHOOL))
