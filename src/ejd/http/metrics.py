"""Figures for Prometheus, in a registry of the service's own: several services in one process do not mix."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ejd.http.contract import SchoolService
from ejd.http.notes import Notes
from ejd.http.readiness import Readiness

DONE = frozenset({"ok", "stored", "repeated", "unchanged"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one service; the feeder's gauges are asked for when somebody looks."""

    def __init__(self, school: SchoolService, readiness: Readiness) -> None:
        """Register everything."""
        self.registry = CollectorRegistry()
        self._commands = Counter("ejd_commands", "Commands by outcome.", ["command", "outcome"], registry=self.registry)
        self._refusals = Counter("ejd_refusals", "Requests refused, by problem.", ["problem"], registry=self.registry)
        self._requests = Histogram(
            "ejd_request_seconds",
            "Time to answer.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.registry.register(_FeederGauges(school, readiness))

    def count(self, notes: Notes, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that was answered."""
        outcome = notes.outcome if notes.outcome in DONE else "refused"
        for name in notes.commands:
            self._commands.labels(name, outcome).inc()
        if notes.outcome not in DONE:
            self._refusals.labels(notes.outcome).inc()
        self._requests.labels(method, route, str(status)).observe(seconds)


class _FeederGauges(Collector):
    """Where events, reports and the feeder of this process are."""

    def __init__(self, school: SchoolService, readiness: Readiness) -> None:
        self._feeder = school.feeder
        self._readiness = readiness

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Answer nothing: registering must not ask the database."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask for the state of now; a database that does not answer leaves its figures out."""
        found = self._readiness.look()
        figures = {
            "ejd_events_position": ("Highest position in the store of events.", found.last_position),
            "ejd_reports_position": ("Position up to which reports are folded.", found.position),
            "ejd_reports_lag_positions": ("Positions that the reports are behind.", found.lag),
            "ejd_feeder_leading": ("1: this process feeds the reports.", int(self._feeder.leading)),
            "ejd_feeder_errors": ("Errors of this process's feeder.", self._feeder.errors),
            "ejd_refolded_streams": ("Streams of an invalidation folded again so far.", found.refolded_streams),
            "ejd_refolding_streams": ("Streams of the invalidation that is being folded.", found.refolding_streams),
            "ejd_ready": ("1: the service is ready.", int(not found.reasons)),
        }
        for name, (words, value) in figures.items():
            if value is not None:
                yield GaugeMetricFamily(name, words, value=value)
