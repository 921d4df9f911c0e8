"""Runs a timetable of jobs in the one process that holds the lease; the others wait to take over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from apscheduler.schedulers.background import BackgroundScheduler

from ejd.read.contract import Lease, Place

LEASE = "jobs"
LATE_SECONDS_MAX = 3_600
"""A run that could not begin in time is made up for when this machine has slept for less."""


class Job(NamedTuple):
    """One line of the timetable; running it twice, or in two processes, does no harm."""

    name: str
    every_seconds: int
    run: Callable[[], object]


ReportError = Callable[[str, Exception], None]
"""Takes the job's name and what went wrong."""


class Jobs:
    """The jobs of one school in one process; started and stopped with what feeds the reports."""

    def __init__(self, place: Place, timetable: Sequence[Job]) -> None:
        """Nothing is started."""
        self.timetable = tuple(timetable)
        self._place = place
        self._lease: Lease | None = None
        self._lock = threading.Lock()
        self._scheduler: BackgroundScheduler | None = None

    def start(self, report: ReportError) -> None:
        """Run every job at once and then at its interval, where this process has the lease; returns at once."""
        scheduler = BackgroundScheduler(timezone=UTC)
        for job in self.timetable:
            scheduler.add_job(
                partial(self._run, job, report),
                "interval",
                seconds=job.every_seconds,
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=LATE_SECONDS_MAX,
                next_run_time=datetime.now(UTC),
            )
        self._scheduler = scheduler
        scheduler.start()

    def stop(self) -> None:
        """Wait for the job that runs, then give the lease back; harmless when nothing was started."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.close()

    def leads(self) -> bool:
        """Say whether this process runs the jobs; takes the lease when it is free."""
        with self._lock:
            if self._lease is None:
                self._lease = self._place.lease(LEASE)
            return self._lease is not None

    def _run(self, job: Job, report: ReportError) -> None:
        try:
            if self.leads():
                job.run()
        except Exception as error:  # noqa: BLE001 - the other jobs, and the next run, go on
            report(job.name, error)
