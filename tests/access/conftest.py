"""A school's vault on both databases: what touches keys runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from ejd.access.postgres_keys import PostgresKeyPlace, provision_postgres
from ejd.access.secrets import create_master_key
from ejd.access.sqlite_keys import SqliteKeyPlace, provision_sqlite
from tests.access.premises import SCHOOL, Premises
from tests.postgres import PostgresDatabase


@pytest.fixture(params=["sqlite", "postgres"])
def premises(request: pytest.FixtureRequest) -> Premises:
    """A newly made school on either database."""
    made = request.getfixturevalue(f"{request.param}_premises")
    assert isinstance(made, Premises)
    return made


@pytest.fixture
def master_key_path(tmp_path: Path) -> Path:
    """Where a newly made master key is."""
    create_master_key(tmp_path / "master.key", os.urandom)
    return tmp_path / "master.key"


@pytest.fixture
def sqlite_premises(master_key_path: Path, tmp_path: Path) -> Iterator[Premises]:
    """A school's folder."""
    folder = tmp_path / "school"
    folder.mkdir()
    provision_sqlite(folder / "keys.db")

    def read_raw() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))

    with ExitStack() as closing:
        yield Premises(master_key_path, SqliteKeyPlace(folder / "keys.db"), read_raw, closing)


@pytest.fixture
def postgres_premises(master_key_path: Path, postgres_database: PostgresDatabase) -> Iterator[Premises]:
    """A school's schema: provisioned by the owner, opened as the service role."""
    service = postgres_database.server.new_name("service")
    with psycopg.connect(postgres_database.dsn) as owner:
        owner.execute(f"CREATE ROLE {service} LOGIN PASSWORD 'of this test'".encode())
        provision_postgres(owner, school=SCHOOL, service_role=service)

    def read_raw() -> bytes:
        question = f"COPY {SCHOOL}_keys.person_keys TO STDOUT (FORMAT binary)".encode()
        with (
            psycopg.connect(postgres_database.dsn) as owner,
            owner.cursor() as cursor,
            cursor.copy(question) as copy,
        ):
            return b"".join(map(bytes, copy))

    place = PostgresKeyPlace(postgres_database.dsn_as(service, "of this test"), SCHOOL)
    try:
        with ExitStack() as closing:
            yield Premises(master_key_path, place, read_raw, closing)
    finally:
        with psycopg.connect(postgres_database.dsn) as owner:
            owner.execute(f"DROP OWNED BY {service}".encode())
            owner.execute(f"DROP ROLE {service}".encode())
