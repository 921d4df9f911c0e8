"""A short run of kill_invalidation on each database; `python -m tests.reliability.kill_invalidation` is long."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.settings import Settings
from tests.postgres import PostgresDatabase
from tests.reliability.kill_invalidation import run
from tests.reliability.kill_server import postgres_settings


@pytest.mark.slow
def test_an_invalidation_on_sqlite_is_whole_or_not_there_wherever_the_server_is_killed(tmp_path: Path) -> None:
    assert "whole or not there" in run(Settings(data_dir=tmp_path / "school"), tmp_path)


@pytest.mark.slow
def test_an_invalidation_on_postgres_is_whole_or_not_there_wherever_the_server_is_killed(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    assert "whole or not there" in run(postgres_settings(postgres_database, tmp_path), tmp_path)
