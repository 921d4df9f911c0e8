"""Fixtures that every test may ask for; what they stand on is in `tests.postgres`."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.postgres import PostgresDatabase, PostgresServer, PrepareTemplate, database, shared_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, one per xdist worker and only where a test asks; it fails, it never skips."""
    server = shared_server()
    yield server
    server.stop()
    shared_server.cache_clear()


@pytest.fixture(scope="session")
def prepare_template() -> PrepareTemplate:
    """What fills the template once per worker. Override it in a folder's conftest to clone something else."""
    return leave_empty


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, prepare_template: PrepareTemplate) -> PostgresDatabase:
    """The prepared database that `postgres_database` clones; a test never writes to it."""
    return postgres_server.create_template(prepare_template)


@pytest.fixture
def postgres_database(
    postgres_server: PostgresServer, postgres_template: PostgresDatabase
) -> Iterator[PostgresDatabase]:
    """A database of this test alone, cloned from the template."""
    with database(postgres_server, postgres_template.name) as fresh:
        yield fresh


def leave_empty(_dsn: str) -> None:
    """Prepare nothing: the tests that ask get an empty database."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where CI=true: there, a missing component is a broken set-up."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"CI=true allows no skip, yet this test was skipped: {report.longrepr}"
    return report
