"""A provisioned school and the role of the service, for tests that must not be the owner."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from ejd.store.roles import provision
from tests.postgres import PostgresDatabase

SCHEMA = "school_1"
SERVICE = "ejd_store_service"


@pytest.fixture
def service_dsn(postgres_database: PostgresDatabase) -> str:
    """The school's database as the role of the service; roles belong to the server, so it may exist."""
    with psycopg.connect(postgres_database.dsn, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE]).fetchone():
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'service'")
            connection.execute(statement.format(sql.Identifier(SERVICE)))
    provision(postgres_database.dsn, SCHEMA, SERVICE)
    return postgres_database.dsn_as(SERVICE, "service")
