"""An import that is killed is started again, and the school is then what one run would have made of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.roster import roster
from ejd.app import initialise, opened, system_clock
from ejd.founding import Founding, found
from ejd.imports.roster_list import imports_of
from ejd.settings import Settings
from tests.imports.roster_files import everything_read
from tests.postgres import PostgresDatabase
from tests.schools import settings_of

PUPILS = 700
"""Some 3,000 commands in seven batches."""


def program(settings: Settings, *words: str) -> list[str]:
    """Answer the words that start the program."""
    del settings
    return [sys.executable, "-m", "ejd.cli", "import", "oneroster", *words, "--apply"]


def environment(settings: Settings) -> dict[str, str]:
    """Answer where the program finds the school."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("EJD_")}
    found |= {"EJD_DATA_DIR": str(settings.data_dir), "EJD_SCHOOL": settings.school}
    return found | ({} if settings.database_url is None else {"EJD_DATABASE_URL": settings.database_url})


def made(settings: Settings) -> Settings:
    """Make a school without anybody."""
    initialise(settings)
    with opened(settings) as school:
        found(school.handler, Founding(name="Школа № 7"), clock=system_clock)
    return settings


def read(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Answer all reports."""
    with opened(settings) as school:
        return everything_read(school)


@pytest.mark.slow
@pytest.mark.parametrize(("database", "batches"), [("sqlite", 1), ("postgres", 3)])
def test_killed_and_started_again_it_ends_as_one_run(
    request: pytest.FixtureRequest, tmp_path: Path, database: Any, batches: int
) -> None:
    files = tmp_path / "roster"
    files.mkdir()
    for name, content in roster(PUPILS).items():
        (files / name).write_bytes(content)
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    settings = made(settings_of(database, tmp_path / "killed", postgres))
    command = program(settings, str(files))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(settings)) as running:
        assert running.stdout is not None
        told = (line for line in running.stdout if line.startswith("storing"))
        for _ in range(batches):
            next(told)
        running.kill()
    with opened(settings) as school:
        (half,) = imports_of(school)
    assert half.state == "interrupted"
    assert 0 < half.commands_stored <= half.commands
    again = subprocess.run(command, capture_output=True, text=True, env=environment(settings), check=True)
    assert "An earlier run of this import was interrupted: this one goes on with it." in again.stdout
    whole = settings_of("sqlite", tmp_path / "whole")
    whole.data_dir.mkdir(parents=True)
    shutil.copy(settings.master_key_path, whole.master_key_path)  # the same key, so the same ids
    made(whole)
    once = subprocess.run(
        program(whole, str(files)), capture_output=True, text=True, env=environment(whole), check=True
    )
    assert "interrupted" not in once.stdout
    assert read(settings) == read(whole)
    third = subprocess.run(command, capture_output=True, text=True, env=environment(settings), check=True)
    assert third.stdout.splitlines()[-1] == "Nothing has changed: everything was so already"
