"""How things are timed: contenders take turns in every round, and what counts is the ratio within a round."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

Work = Callable[[], int]
"""Does one round's work and answers the number of units (events, commands, pages) it did."""

ServerCpu = Callable[[], float]
"""Answers the CPU seconds that a database server of ours has used so far."""


def no_server() -> float:
    """Answer nothing: SQLite works inside this process."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Lap:
    """One contender's part of one round. CPU counts this process, children that ended, and the server."""

    wall_seconds: float
    cpu_seconds: float
    units: int

    @property
    def wall_each(self) -> float:
        """Wall seconds of one unit."""
        return self.wall_seconds / self.units

    @property
    def cpu_each(self) -> float:
        """CPU seconds of one unit."""
        return self.cpu_seconds / self.units


Laps = Mapping[str, Sequence[Lap]]


def lap(work: Work, server_cpu: ServerCpu = no_server, *, collect: bool = True) -> Lap:
    """Time one piece of work; rubbish of the one before is collected first, unless the work is tiny."""
    if collect:
        gc.collect()
    cpu, started = server_cpu() + _cpu(), time.perf_counter()
    units = work()
    wall = time.perf_counter() - started
    return Lap(wall, _cpu() + server_cpu() - cpu, units)


def interleave(
    contenders: Mapping[str, Work], rounds: int, server_cpu: ServerCpu = no_server, *, collect: bool = True
) -> Laps:
    """Let all contenders take turns in this process."""
    timed = {name: partial(lap, work, server_cpu, collect=collect) for name, work in contenders.items()}
    return take_turns(timed, rounds)


def take_turns(contenders: Mapping[str, Callable[[], Lap]], rounds: int) -> Laps:
    """Let all contenders take turns, every second round in the opposite order; each times itself."""
    laps: dict[str, list[Lap]] = {name: [] for name in contenders}
    for number in range(rounds):
        order = list(contenders)
        for name in reversed(order) if number % 2 else order:
            laps[name].append(contenders[name]())
    return laps


def _cpu() -> float:
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of a figure over the rounds, with its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Work them out; a single figure is its own quartiles."""
        if len(figures) < 2:
            return cls(figures[0], figures[0], figures[0])
        low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
        return cls(low, median, high)


def speed_ratio(laps: Laps, ours: str, theirs: str) -> Spread:
    """Answer how many times as fast we are, round by round."""
    return Spread.of([b.wall_each / a.wall_each for a, b in zip(laps[ours], laps[theirs], strict=True)])


def time_ratio(laps: Laps, ours: str, theirs: str) -> Spread:
    """Answer how many times as long we take, round by round."""
    return speed_ratio(laps, theirs, ours)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a ratio with its goal, and what stands behind it."""

    row: int
    what: str
    database: str
    ratio: Spread
    goal: float
    kind: Literal["at least", "at most", "no goal"]
    percent: bool = False
    details: Sequence[str] = ()

    @property
    def met(self) -> bool:
        """Whether the median keeps the goal."""
        if self.kind == "no goal":
            return True
        return self.ratio.median >= self.goal if self.kind == "at least" else self.ratio.median <= self.goal

    def text(self, value: float) -> str:
        """Write a value of this figure."""
        return f"{value * 100:.0f} %" if self.percent else f"{value:.2f} ×"


@dataclass(slots=True)
class Report:
    """What one benchmark found. `work` counts what each contender did, for the test that compares it."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    work: dict[str, Mapping[str, object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    statements: dict[str, Sequence[str]] = field(default_factory=dict)


def details(laps: Laps, unit: str) -> list[str]:
    """Describe each contender: units per second, wall and CPU time of one unit (medians)."""
    lines = []
    for name, own in laps.items():
        wall = statistics.median(one.wall_each for one in own)
        cpu = sum(one.cpu_seconds for one in own) / sum(one.units for one in own)
        lines.append(
            f"{name}: {1 / wall:,.0f} {unit}/s, {_time(wall)} wall and {_time(cpu)} CPU each"
            f" ({len(own)} rounds of {own[0].units:,})"
        )
    return lines


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs" if seconds < 0.001 else f"{seconds * 1e3:,.2f} ms"
