"""What the role of the service may do in a school's schema: add, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ejd.store.postgres import open_store
from ejd.store.roles import provision
from tests.postgres import PostgresDatabase
from tests.store.roles import SCHEMA, SERVICE, service_dsn
from tests.store.samples import a_commit

__all__ = ["service_dsn"]

KEPT = ("events", "commands", "batches", "directory")
FORBIDDEN = (
    "UPDATE {table} SET actor = 'x'",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER no_change",
    "ALTER TABLE {table} ADD COLUMN x text",
    "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "DROP TABLE {table}",
    "DROP TRIGGER no_change ON {table}",
    "DROP SCHEMA {schema} CASCADE",
    "CREATE TABLE {schema}.mine (a int)",
    "CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (position) DO UPDATE SET actor = 'x'",
    "SELECT * FROM {table} FOR UPDATE",
    "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "SET session_replication_role = replica",
    "UPDATE {schema}.schema_version SET version = 0",
    "UPDATE {schema}.reservations SET stream = 'x'",
    "TRUNCATE {schema}.reservations",
    "UPDATE {schema}.outbox SET recipient = 'x'",
    "DELETE FROM {schema}.outbox",
    "TRUNCATE {schema}.outbox",
    "UPDATE {schema}.looks SET viewer = 'x'",
    "DELETE FROM {schema}.look_members",
    "TRUNCATE {schema}.look_sets",
)


@pytest.fixture
def service(service_dsn: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of the service to a store that holds something in each table."""
    store = open_store(service_dsn, SCHEMA)
    store.append(a_commit("a", batch_id="batch-1", reserve={"k": "a", "old": "a"}))
    store.append(a_commit("a", expected={"a": 1}, release=("old",)))
    store.close()
    with psycopg.connect(service_dsn, autocommit=True) as connection:
        yield connection


def run(connection: psycopg.Connection[tuple[object, ...]], statement: str, table: str = "events") -> None:
    connection.execute(statement.format(schema=SCHEMA, table=f"{SCHEMA}.{table}").encode())


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_service_cannot(service: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(service, statement)
    service.rollback()
    row = service.execute(f"SELECT count(*), min(actor) <> 'x' FROM {SCHEMA}.events".encode()).fetchone()
    assert row == (2, True)


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["DELETE FROM {table}", "TRUNCATE {table}"])
def test_the_service_cannot_in_any_table_that_is_kept(
    service: psycopg.Connection[tuple[object, ...]], table: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(service, statement, table)


@pytest.mark.parametrize("table", KEPT)
def test_rights_given_by_mistake_meet_the_owners_triggers(
    service: psycopg.Connection[tuple[object, ...]], postgres_database: PostgresDatabase, table: str
) -> None:
    with psycopg.connect(postgres_database.dsn, autocommit=True) as owner:
        run(owner, f"GRANT ALL ON {{table}} TO {SERVICE}", table)
        for who in (service, owner):
            column = "stream" if table == "directory" else "actor"
            for statement in (f"UPDATE {{table}} SET {column} = 'x'", "DELETE FROM {table}", "TRUNCATE {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed or deleted"):
                    run(who, statement, table)
        owner.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed or deleted"):
            run(owner, "DELETE FROM {table}", table)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner"):
            run(service, "ALTER TABLE {table} DISABLE TRIGGER ALL", table)


def test_provisioning_again_takes_back_what_was_given_by_mistake(
    service: psycopg.Connection[tuple[object, ...]], postgres_database: PostgresDatabase
) -> None:
    with psycopg.connect(postgres_database.dsn) as owner:
        run(owner, f"GRANT ALL ON {{table}} TO {SERVICE}")
        run(owner, f"GRANT CREATE ON SCHEMA {{schema}} TO {SERVICE}")
    provision(postgres_database.dsn, SCHEMA, SERVICE)
    for statement in ("DELETE FROM {table}", "CREATE TABLE {schema}.mine (a int)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            run(service, statement)


def test_an_owner_who_is_no_superuser_is_enough(postgres_database: PostgresDatabase, service_dsn: str) -> None:
    with psycopg.connect(postgres_database.dsn, autocommit=True) as superuser:
        if not superuser.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ejd_store_owner'").fetchone():
            superuser.execute("CREATE ROLE ejd_store_owner LOGIN PASSWORD 'owner'")
        superuser.execute(f"GRANT CREATE ON DATABASE {postgres_database.name} TO ejd_store_owner".encode())
    provision(postgres_database.dsn_as("ejd_store_owner", "owner"), "school_3", SERVICE)
    store = open_store(service_dsn, "school_3")
    store.append(a_commit("a"))
    assert store.count_events() == 1
    store.close()
