"""The timetable of jobs: one process runs it, errors are reported, the next process takes over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from ejd.jobs.running import Job, Jobs
from tests.postgres import PostgresDatabase
from tests.schools import TinySchool, tiny_school

WAIT_SECONDS_MAX = 20.0
NEVER_AGAIN = 3_600


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The tiny school on either database."""
    kind: Literal["sqlite", "postgres"] = request.param
    database: PostgresDatabase | None = None
    if kind == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(kind, tmp_path, database, build=False) as school:
        yield school


def refuse(job: str, error: Exception) -> None:
    raise AssertionError(job) from error


def test_every_job_runs_at_once_and_one_that_fails_is_reported(tiny: TinySchool) -> None:
    ran, failed = threading.Event(), threading.Event()
    reported: list[tuple[str, str]] = []

    def fail() -> None:
        raise ValueError("broken")

    def report(job: str, error: Exception) -> None:
        reported.append((job, str(error)))
        failed.set()

    jobs = Jobs(tiny.school.read.place, [Job("good", NEVER_AGAIN, ran.set), Job("bad", NEVER_AGAIN, fail)])
    jobs.start(report)
    try:
        assert ran.wait(WAIT_SECONDS_MAX)
        assert failed.wait(WAIT_SECONDS_MAX)
    finally:
        jobs.stop()
    assert reported == [("bad", "broken")]
    assert not [one for one in threading.enumerate() if "APScheduler" in one.name]


def test_jobs_run_in_one_process_and_another_one_takes_over(tiny: TinySchool) -> None:
    runs: list[str] = []
    looked = threading.Event()
    place = tiny.school.read.place
    first = Jobs(place, [])
    assert first.leads()

    class Watched(Jobs):
        """Says when it has looked whether it leads."""

        def leads(self) -> bool:
            """Look, then say so."""
            leading = super().leads()
            looked.set()
            return leading

    second = Watched(place, [Job("count", NEVER_AGAIN, lambda: runs.append("second"))])
    second.start(refuse)
    assert looked.wait(WAIT_SECONDS_MAX)
    second.stop()
    assert runs == []
    first.stop()
    looked.clear()

    def count() -> None:
        runs.append("third")
        looked.set()

    third = Jobs(place, [Job("count", NEVER_AGAIN, count)])
    third.start(refuse)
    assert looked.wait(WAIT_SECONDS_MAX)
    third.stop()
    assert runs == ["third"]


def test_the_schools_own_timetable_does_nothing_where_nothing_happened(tiny: TinySchool) -> None:
    assert {job.name for job in tiny.school.jobs.timetable} == {
        "erasures",
        "open-dependents",
        "readiness",
        "retractions",
    }
    tiny.school.jobs.stop()
