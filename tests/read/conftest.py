"""Places for read models: every law holds on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from ejd.read.contract import Place
from ejd.read.postgres import PostgresPlace
from ejd.read.sqlite import SqlitePlace
from tests.postgres import PostgresDatabase

NewPlace = Callable[[], Place]


@pytest.fixture(params=["sqlite", "postgres"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> NewPlace:
    """Answer another empty place at each call: an example of hypothesis must not see the last one's rows."""
    numbers = itertools.count(1)
    if request.param == "sqlite":
        return lambda: SqlitePlace(tmp_path / f"school-{next(numbers)}")
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    return lambda: PostgresPlace(database.dsn, f"school_{next(numbers)}")


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    """One empty place."""
    return new_place()
