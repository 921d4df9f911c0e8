"""A school that is closed leaves nothing open."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg

from tests.handling.conftest import SERVICE_ROLE
from tests.postgres import PostgresDatabase
from tests.schools import tiny_school

SECONDS_MAX = 5.0
"""A session ends a moment after its connection."""


def test_no_connection_is_left_when_a_school_is_built_and_closed(
    postgres_database: PostgresDatabase, tmp_path: Path
) -> None:
    """A rebuild in this process opened the keys for its folding, and left them open."""
    with tiny_school("postgres", tmp_path, postgres_database) as tiny:
        assert tiny.school.read.position() > 0
    asked = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND usename = %s"
    end = time.monotonic() + SECONDS_MAX
    with psycopg.connect(postgres_database.dsn, autocommit=True) as connection:
        left = connection.execute(asked, [SERVICE_ROLE]).fetchall()
        while left and time.monotonic() < end:
            left = connection.execute(asked, [SERVICE_ROLE]).fetchall()
    assert left == []
