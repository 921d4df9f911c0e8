"""Runs benchmarks by name, prints the table, writes RESULTS.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from benchmarks import append_lesson, append_singles, command, page, rebuilding, stock_runner
from benchmarks.measure import Report
from benchmarks.places import Bench

BENCHMARKS: dict[str, Callable[[Bench], list[Report]]] = {module.NAME: module.run for module in (append_lesson, append_singles, rebuilding, stock_runner, command, page)}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    a = parser.parse_args(argv)
    with Bench(quick=a.quick) as bench:
        for n in a.names or BENCHMARKS:
            for r in BENCHMARKS[n](bench):
                for f in r.figures:
                    print(f.row, f.what, f.database, f.text(f.ratio.low), f.text(f.ratio.median), f.text(f.ratio.high), f.kind, f.goal, "met" if f.met else "MISSED")
                    for d in f.details: print("   ", d)
                print(r.work, r.notes)
    return 0
