"""A short run of kill_server on each database; the long one is `python -m tests.reliability.kill_server`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.settings import Settings
from tests.postgres import PostgresDatabase
from tests.reliability.kill_server import postgres_settings, run

CYCLES = 4


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_twice_when_the_server_on_sqlite_is_killed(tmp_path: Path) -> None:
    assert "none lost" in run(Settings(data_dir=tmp_path / "school"), CYCLES, 7, tmp_path)


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_twice_when_the_server_on_postgres_is_killed(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    assert "none lost" in run(postgres_settings(postgres_database, tmp_path), CYCLES, 7, tmp_path)
