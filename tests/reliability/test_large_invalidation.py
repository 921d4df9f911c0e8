"""A small run of large_invalidation on each database; `python -m tests.reliability.large_invalidation` is large."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.school import Shape
from ejd.settings import Settings
from tests.postgres import PostgresDatabase
from tests.reliability.kill_server import postgres_settings
from tests.reliability.large_invalidation import run

SHAPE = Shape(classes=3, journals=10, lessons=100, events=4)


@pytest.mark.slow
def test_thousands_of_streams_on_sqlite_become_void_at_once_for_whoever_looks(tmp_path: Path) -> None:
    assert "in 3,000 streams" in run(Settings(data_dir=tmp_path / "school"), SHAPE)


@pytest.mark.slow
def test_thousands_of_streams_on_postgres_become_void_at_once_for_whoever_looks(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    assert "in 3,000 streams" in run(postgres_settings(postgres_database, tmp_path), SHAPE)
