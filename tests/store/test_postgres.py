"""The contract on PostgreSQL, as the service's role, and what only PostgreSQL can get wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from ejd.store import postgres
from ejd.store.errors import (
    CommitUnknownError,
    SchemaVersionError,
    StoreBusyError,
    StoreUnavailableError,
    UnsafeSettingError,
)
from ejd.store.judge import Question
from ejd.store.postgres import Store, append_lock_key, open_store
from ejd.store.roles import provision
from tests.postgres import PostgresDatabase
from tests.store.concurrency import Open
from tests.store.contract import StoreContract
from tests.store.proxy import Loses, Proxy
from tests.store.roles import SCHEMA, service_dsn
from tests.store.samples import ADA, a_commit

LOCK_KEY_OF_SCHOOL_1 = 3_116_146_417_337_132_956

__all__ = ["service_dsn"]


class TestPostgresStore(StoreContract):
    """A schema."""

    @pytest.fixture
    def open_again(self, service_dsn: str) -> Open:
        """Open the schema of this test."""
        return lambda: open_store(service_dsn, SCHEMA)

    @pytest.fixture
    def forbid_client(self, postgres_database: PostgresDatabase) -> Callable[[str], None]:
        """Have a constraint refuse it."""
        return lambda client: forbid(postgres_database.dsn, client)


def forbid(owner_dsn: str, client: str) -> None:
    """Give the table a constraint."""
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(f"ALTER TABLE {SCHEMA}.events ADD CHECK (client <> '{client}')".encode())


@pytest.fixture
def store(service_dsn: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(service_dsn, SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def proxy(service_dsn: str) -> Iterator[Proxy]:
    """A network in between."""
    proxy = Proxy(service_dsn)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("loses", ["question", "answer"])
@pytest.mark.parametrize("streams", [("a", "b"), ()])
def test_a_line_cut_at_the_commit_stores_the_command_once(proxy: Proxy, loses: Loses, streams: tuple[str, ...]) -> None:
    store = open_store(proxy.dsn, SCHEMA)
    proxy.loses = loses
    answer = store.append(a_commit(*streams, command_id="c-1"))
    assert proxy.loses == ""
    assert not answer.repeated
    assert [ref.stream for ref in answer.events] == list(streams)
    assert store.count_events() == len(streams)
    stored = store.find_answer(ADA, "c-1")
    assert stored is not None
    assert stored.events == answer.events
    store.close()


def test_a_server_that_stays_away_leaves_the_commit_unknown_and_the_id_decides(proxy: Proxy, store: Store) -> None:
    far = open_store(proxy.dsn, SCHEMA)
    proxy.loses, proxy.then_stays_down = "answer", True
    commit = a_commit("a", command_id="c-1")
    with pytest.raises(CommitUnknownError, match="send the same command again"):
        far.append(commit)
    with pytest.raises(StoreUnavailableError):
        far.append(a_commit("b"))
    proxy.is_down = False
    assert far.find_answer(ADA, "c-1") == store.find_answer(ADA, "c-1") is not None
    assert far.heads(["a", "b"]) == {"a": 1}
    far.append(a_commit("b"))
    far.close()


def test_a_restarted_server_is_found_again(postgres_database: PostgresDatabase, store: Store) -> None:
    store.append(a_commit("a"))
    store.read_page(0, 1)
    with psycopg.connect(postgres_database.dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert [event.stream for event in store.read_page(0, 9)] == ["a"]
    store.append(a_commit("b"))
    assert store.count_events() == 2


def test_a_process_that_froze_with_the_lock_loses_it(
    store: Store, service_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "IDLE_IN_TRANSACTION_SECONDS_MAX", 1)
    frozen = open_store(service_dsn, SCHEMA)
    frozen.recorder.begin(Question([], [], []))
    store.append(a_commit("a"))
    assert store.count_events() == 1
    frozen.append(a_commit("b"))
    assert store.count_events() == 2
    frozen.close()


def test_a_lock_that_is_never_given_back_makes_the_store_busy(
    service_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_SECONDS_MAX", 1)
    store = open_store(service_dsn, SCHEMA)
    with psycopg.connect(service_dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [append_lock_key(SCHEMA)])
        with pytest.raises(StoreBusyError, match="try again"):
            store.append(a_commit("a"))
    store.append(a_commit("a"))
    store.close()


def test_a_vacuum_or_a_concurrent_index_does_not_stall_appends(
    store: Store, postgres_database: PostgresDatabase
) -> None:
    with psycopg.connect(postgres_database.dsn) as vacuum:
        vacuum.execute(f"LOCK TABLE {SCHEMA}.events IN SHARE UPDATE EXCLUSIVE MODE".encode())
        store.append(a_commit("a"))
    assert store.count_events() == 1


def test_schools_of_one_database_do_not_wait_for_each_other(store: Store, postgres_database: PostgresDatabase) -> None:
    provision(postgres_database.dsn, "school_2", None)
    other = open_store(postgres_database.dsn, "school_2")
    store.recorder.begin(Question([], [], []))
    appending = threading.Thread(target=other.append, args=(a_commit("a"),))
    appending.start()
    appending.join(5)
    assert other.count_events() == 1
    assert store.count_events() == 0
    store.recorder.abandon()
    other.close()


def test_positions_ascend_also_over_a_gap(store: Store, postgres_database: PostgresDatabase) -> None:
    first = store.append(a_commit("a")).position
    with psycopg.connect(postgres_database.dsn) as owner:
        owner.execute(
            f"INSERT INTO {SCHEMA}.events SELECT position + 10, 'gap', 1, topic, state, recorded_at, actor, session, "
            f"client, command_id, batch_id, caused_by, salt FROM {SCHEMA}.events".encode()
        )
    assert store.append(a_commit("b")).position == first + 11
    assert [event.position for event in store.read_page(0, 9)] == [first, first + 10, first + 11]


@pytest.mark.parametrize("value", ["yes", "1", "TRUE", "on"])
def test_the_database_function_that_loses_events_is_refused(
    service_dsn: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", value)
    with pytest.raises(UnsafeSettingError, match="followers lose"):
        open_store(service_dsn, SCHEMA)
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "no")
    open_store(service_dsn, SCHEMA).close()
    monkeypatch.delenv("POSTGRES_ENABLE_DB_FUNCTIONS")
    datastore = postgres.Datastore(service_dsn, SCHEMA)
    datastore.enable_db_functions = True
    with pytest.raises(UnsafeSettingError, match="unset POSTGRES_ENABLE_DB_FUNCTIONS"):
        postgres.Recorder(datastore)


def test_a_schema_without_tables_or_of_a_newer_ejd_is_refused(
    service_dsn: str, postgres_database: PostgresDatabase
) -> None:
    with pytest.raises(SchemaVersionError, match="run its migrations"):
        open_store(service_dsn, "nobodys")
    with psycopg.connect(postgres_database.dsn) as owner:
        owner.execute(f"INSERT INTO {SCHEMA}.schema_version VALUES (1000, 'later')".encode())
    with pytest.raises(SchemaVersionError, match="install a newer ejd"):
        open_store(service_dsn, SCHEMA)


@pytest.mark.parametrize("name", ["", "School", "a-b", 'a"; DROP', "1a", "a" * 49])
def test_a_schema_name_needs_no_quoting(name: str) -> None:
    with pytest.raises(ValueError, match="small Latin letters"):
        postgres.Datastore("postgresql://nowhere/", name)


def test_lock_keys_differ_between_schools_and_never_change() -> None:
    keys = {append_lock_key(f"school_{number}") for number in range(1000)}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert append_lock_key("school_1") == LOCK_KEY_OF_SCHOOL_1
