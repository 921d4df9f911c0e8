"""Empty places for a demonstration, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ejd.app import School, initialise, open_school
from ejd.settings import Settings
from tests.postgres import PostgresDatabase

SERVICE_ROLE = "ejd_service_demo"

OpenPlace = Callable[[str], School]
"""Opens an initialised, empty place of a name; it is closed after the test."""


@pytest.fixture(params=["sqlite", "postgres"])
def open_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenPlace]:
    """Places side by side: folders, or schemas of one database."""
    with ExitStack() as closing:

        def open_one(name: str) -> School:
            settings = Settings(data_dir=tmp_path / name)
            if request.param == "postgres":
                settings = _on_postgres(request.getfixturevalue("postgres_database"), tmp_path, name)
            initialise(settings)
            school = open_school(settings)
            closing.callback(school.close)
            return school

        yield open_one


def _on_postgres(database: PostgresDatabase, folder: Path, name: str) -> Settings:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE_ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(SERVICE_ROLE)))
    return Settings(
        data_dir=folder / name,
        database_url=database.dsn_as(SERVICE_ROLE),
        owner_database_url=database.dsn,
        school=name,
    )
