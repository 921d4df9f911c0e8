"""Runs benchmarks by name, prints the table, writes RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    append_lesson,
    append_singles,
    as_of,
    authorization,
    breach,
    command,
    looks,
    over_http,
    page,
    rebuilding,
    reports,
    stock_runner,
)
from benchmarks.measure import Figure, Report
from benchmarks.places import Bench

RESULTS = Path(__file__).parent / "RESULTS.md"
SYNCS = 50
PAGE_BYTES = 4096
MODULES = (
    append_lesson,
    over_http,
    append_singles,
    stock_runner,
    rebuilding,
    command,
    page,
    breach,
    as_of,
    reports,
    looks,
    authorization,
)
BENCHMARKS: dict[str, Callable[[Bench], list[Report]]] = {module.NAME: module.run for module in MODULES}

WRITTEN = ("## What stands behind the ratios", "## Statements of the raw baselines")
"""Headings of the sections that a run writes."""
INTRODUCTION = """# What was measured

`python -m benchmarks --write` writes this page; sections under headings that it does not write are kept. Every figure
is a ratio of two contenders that took turns within one run, round by round: the median of the rounds, with the
quartiles in brackets. Times of another machine differ, ratios less; those of appending (rows 1 and 6) also depend on
the disk: the longer a sync takes, which both contenders wait for, the closer they come to 1. The time of a sync
stands in the last line; CPU times do not depend on it.

Everything is durable: PostgreSQL with `fsync` and `synchronous_commit`, SQLite with `synchronous = FULL`, both on a
disk. The CPU time is that of this process, its children and the PostgreSQL server together. Raw baselines write the
same columns, indexes, triggers and command rows with the same durability; they are given rows that are ready and check
nothing; their statements stand at the end. The schools are synthetic: events went into the store in large commits
around the commands, except where commands are what is measured.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments name, all without names; answer 0 also when a goal was missed: it is said, not hidden."""
    options = _options(argv)
    started = time.monotonic()
    with Bench(quick=options.quick) as bench:
        sync = _sync_seconds(bench.folder)
        reports = [report for name in options.names or BENCHMARKS for report in BENCHMARKS[name](bench)]
    print("\n".join([*_behind(reports), "", *_table(reports)]))
    machine = _machine(time.monotonic() - started, sync)
    print(machine)
    if options.write:
        before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
        RESULTS.write_text(_page(reports, machine) + by_hand(before), encoding="utf-8")
        print(f"written to {RESULTS}")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that they run, the figures mean nothing"
    )
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} too; only without --quick")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}: choose from {', '.join(BENCHMARKS)}")
    if options.write and (options.quick or options.names):
        parser.error("--write takes a whole run: leave out names and --quick")
    return options


def _table(reports: Iterable[Report]) -> Iterable[str]:
    """Answer the table as Markdown; it reads well in a terminal too."""
    yield "| row | what | database | ratio (quartiles) | goal | |"
    yield "|---|---|---|---|---|---|"
    figures = (figure for report in reports for figure in report.figures)
    for one in sorted(figures, key=lambda figure: figure.row):
        spread = f"{one.text(one.ratio.low)} - {one.text(one.ratio.high)}"
        yield (
            f"| {one.row} | {one.what} | {one.database} | **{one.text(one.ratio.median)}** ({spread})"
            f" | {_goal(one)} | {_verdict(one)} |"
        )


def _goal(one: Figure) -> str:
    if one.kind == "no goal":
        return "for comparison"
    return f"{'≥' if one.kind == 'at least' else '≤'} {one.text(one.goal)}"


def _verdict(one: Figure) -> str:
    return "" if one.kind == "no goal" else "met" if one.met else "**missed**"


def _behind(reports: Iterable[Report]) -> Iterable[str]:
    """Answer the times that the ratios are made of, and the notes."""
    for report in reports:
        for one in report.figures:
            yield f"* {one.row}, {one.database}: {one.what}"
            yield from (f"  * {line}" for line in one.details)
        yield from (f"* {note}" for note in report.notes)


def _page(reports: Sequence[Report], machine: str) -> str:
    behind, statements_of_raw = WRITTEN
    parts = [INTRODUCTION, "\n".join(_table(reports)), "", behind, "", *_behind(reports)]
    parts += ["", statements_of_raw, ""]
    for report in reports:
        for title, statements in report.statements.items():
            parts += [f"**{title}**", "```sql", *statements, "```", ""]
    return "\n".join([*parts, machine, ""])


def by_hand(page: str) -> str:
    """Answer the sections of a page that no run writes, which stay as they are: all under a heading not of WRITTEN."""
    kept: list[str] = []
    keeping = False
    for line in page.splitlines():
        if line.startswith("## "):
            keeping = line not in WRITTEN
        if keeping:
            kept.append(line)
    return "\n".join(["", *kept, ""]) if kept else ""


def _sync_seconds(folder: Path) -> float:
    """Answer how long the disk takes to keep a page (median): what every durable commit waits for."""
    waits = []
    with (folder / "sync").open("wb") as file:
        for _ in range(SYNCS):
            file.write(b"-" * PAGE_BYTES)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - started)
    return statistics.median(waits)


def _machine(seconds: float, sync_seconds: float) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("eventsourcing", "psycopg", "sqlalchemy"))
    return (
        f"Measured {time.strftime('%Y-%m-%d')} in {seconds / 60:.0f} minutes on {os.cpu_count()} CPUs"
        f" ({platform.machine()}), Python {sys.version.split()[0]}, {libraries}; a sync of the disk took"
        f" {sync_seconds * 1000:.2f} ms."
    )
