"""Keeps the reports of a school up while the service runs: builds them when this code needs them new, then feeds.

The jobs of the timetable run beside the feeder.
"""

from __future__ import annotations

import threading

from ejd.http.contract import SchoolService
from ejd.http.logs import Log, frames_of
from ejd.kernel.sealed import TamperedError
from ejd.read.contract import BuildRunningError
from ejd.read.rebuild import ensure_built

RETRY_SECONDS = 1.0
"""Pause while another process builds, or the database is away."""
STOP_SECONDS_MAX = 5.0
"""A build that runs is left behind as a daemon: it is dropped by the next one."""


class Keeper:
    """One background thread until the feeder has its own; questions are answered 503 before the first build."""

    def __init__(self, school: SchoolService, log: Log) -> None:
        """Nothing is started."""
        self._school = school
        self._log = log
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End feeding after its page."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)
        self._school.jobs.stop()
        self._school.feeder.stop()

    def wait(self) -> None:
        """Return when `stop` was called: what `ejd feed` does all day."""
        self._stopping.wait()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                rebuilt = ensure_built(self._school.read, self._school.workshop)
            except BuildRunningError:
                self._stopping.wait(RETRY_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 - the service stays up and tries again
                self._log.error(
                    "build failed", error=type(error).__qualname__, frames=frames_of(error), **_damage_of(error)
                )
                self._stopping.wait(RETRY_SECONDS)
                continue
            if rebuilt is not None:
                self._log.info("reports built", generation=rebuilt.generation, events=rebuilt.events)
            if not self._stopping.is_set():
                self._school.feeder.start(self._report_feeding)
                self._school.jobs.start(self._report)
            return

    def _report_feeding(self, error: Exception) -> None:
        self._log.error("feeding failed", error=type(error).__qualname__, frames=frames_of(error), **_damage_of(error))

    def _report(self, job: str, error: Exception) -> None:
        self._log.error("job failed", job=job, error=type(error).__qualname__, frames=frames_of(error))


def _damage_of(error: Exception) -> dict[str, str]:
    """Answer which event was tampered with; that message holds ids only, other ones may repeat personal data."""
    return {"damage": str(error)} if isinstance(error, TamperedError) else {}
