"""The contract on PostgreSQL, as the service's role: it may add, and nothing else."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from ejd.store.postgres import open_store
from ejd.store.roles import provision
from tests.postgres import PostgresDatabase
from tests.store.contract import Open, StoreContract

SCHEMA = "school_1"
SERVICE = "ejd_store_service"


@pytest.fixture
def service_dsn(postgres_database: PostgresDatabase) -> str:
    """A provisioned school, seen by the role of the service."""
    role = sql.Identifier(SERVICE)
    with psycopg.connect(postgres_database.dsn, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'service'").format(role))
    provision(postgres_database.dsn, SCHEMA, SERVICE)
    return postgres_database.dsn_as(SERVICE, "service")


class TestPostgresStore(StoreContract):
    """A schema."""

    @pytest.fixture
    def open_again(self, service_dsn: str) -> Open:
        """Open the schema of this test."""
        return lambda: open_store(service_dsn, SCHEMA)
