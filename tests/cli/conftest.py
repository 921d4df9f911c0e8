"""`ejd` with a folder of its own, on either database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.commanding import Ejd
from tests.handling.conftest import create_service_role
from tests.postgres import PostgresDatabase


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ejd:
    """The program in an empty folder; nothing is made yet."""
    for name in [name for name in os.environ if name.startswith("EJD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    ejd = Ejd(monkeypatch, capsys)
    ejd.env(data_dir=str(tmp_path / "school"))
    return ejd


@pytest.fixture(params=["sqlite", "postgres"])
def ejd(request: pytest.FixtureRequest, bare: Ejd) -> Ejd:
    """The program on either database."""
    if request.param == "postgres":
        database: PostgresDatabase = request.getfixturevalue("postgres_database")
        role = create_service_role(database)
        bare.env(database_url=database.dsn_as(role), owner_database_url=database.dsn, school="cli")
    return bare
