"""Row 7: the same gradebook page in a store of half a million events and in one that holds only that journal."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Lap, Laps, Report, Spread, details, interleave, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Shape
from ejd.app import School, open_school
from ejd.read.rebuild import rebuild
from ejd_projections.gradebook import Gradebook, gradebook
from tests import worlds as w

NAME = "gradebook-page"
LARGE, SMALL, BARE = "in the large store", "with that journal only", "its bare statements, large store"
MEDIAN_GOAL, P99_GOAL, BARE_GOAL = 1.3, 2.0, 3.0
FULL_SHAPE = Shape(classes=20, journals=14, lessons=60)
QUICK_SHAPE = Shape(classes=2, journals=2, lessons=3)
LAST_DAY = "2025-12-30"
P99 = 98
Asked = list[tuple[str, Any]]


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("sqlite", "postgres")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    shape = QUICK_SHAPE if bench.quick else FULL_SHAPE
    with ExitStack() as stack:
        large = _school(bench, database, shape, stack)
        small = _school(bench, database, Shape(1, 1, shape.lessons), stack)
        asked = _statements(large)
        connection = _connection(large)
        stack.callback(connection.close)
        rounds = bench.size(500, 5)
        contenders: dict[str, Callable[[], int]] = {
            LARGE: lambda: _ask(large) and 1,
            SMALL: lambda: _ask(small) and 1,
            BARE: lambda: _bare(connection, asked),
        }
        for work in contenders.values():
            work()
        gc.collect()
        gc.freeze()  # what the building left behind is no server's: looking through it would hide the tails
        stack.callback(gc.unfreeze)
        laps = interleave(contenders, rounds, bench.server_cpu, collect=False)
        report = Report(NAME)
        pages = {LARGE: _page(large), SMALL: _page(small)}
        report.work[f"{NAME} {database}"] = {name: _shape(page) for name, page in pages.items()}
        report.notes.append(
            f"{database}: {large.store.count_events():,} events beside {small.store.count_events():,};"
            f" the page has {_shape(pages[LARGE])}"
        )
    report.figures += _figures(laps, database)
    report.statements[f"the page's bare statements, {database}"] = [" ".join(text.split())[:400] for text, _ in asked]
    return report


def _figures(laps: Laps, database: Database) -> list[Figure]:
    walls = {name: [one.wall_seconds for one in own] for name, own in laps.items()}
    p99 = _p99(walls[LARGE]) / _p99(walls[SMALL])
    what = "the same gradebook page (30 pupils × 60 lessons), 500,000 events against one journal"
    both = {LARGE: laps[LARGE], SMALL: laps[SMALL]}
    bare: dict[str, Sequence[Lap]] = {LARGE: laps[LARGE], BARE: laps[BARE]}
    tails = [
        f"{name}: p99 {_p99(own) * 1e3:.1f} ms, median {statistics.median(own) * 1e3:.1f} ms"
        for name, own in walls.items()
    ]
    return [
        Figure(
            7, f"{what}, median", database, _of_medians(walls), MEDIAN_GOAL, "at most", details=details(both, "pages")
        ),
        Figure(7, f"{what}, p99", database, Spread(p99, p99, p99), P99_GOAL, "at most", details=tails),
        Figure(
            7,
            "the page in the large store against its bare statements, fetched",
            database,
            time_ratio(laps, LARGE, BARE),
            BARE_GOAL,
            "at most",
            details=details(bare, "pages"),
        ),
    ]


def _of_medians(walls: dict[str, list[float]]) -> Spread:
    ratios = Spread.of([a / b for a, b in zip(walls[LARGE], walls[SMALL], strict=True)])
    return Spread(ratios.low, statistics.median(walls[LARGE]) / statistics.median(walls[SMALL]), ratios.high)


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[P99]


def _school(bench: Bench, database: Database, shape: Shape, stack: ExitStack) -> School:
    """Make a school, fold everything, and keep it open."""
    school = open_school(bench.settings(database))
    stack.callback(school.close)
    synthetic.fill(school, shape)
    done = rebuild(school.read, school.workshop, processes=1)
    bench.say(f"{done.events:,} events, {done.rows:,} rows on {database}")
    return school


def _page(school: School) -> Gradebook:
    with school.read.snapshot() as snapshot:
        return gradebook(
            snapshot.connection,
            journal=synthetic.journal_id(0, 0),
            first=w.FIRST_DAY.isoformat(),
            last=LAST_DAY,
        )


def _ask(school: School) -> bool:
    return bool(_page(school).pupils)


def _shape(page: Gradebook) -> dict[str, int]:
    return {
        "pupils": len(page.pupils),
        "lessons": len(page.lessons),
        "marks": sum(len(pupil.marks) for pupil in page.pupils),
    }


def _connection(school: School) -> sa.PoolProxiedConnection:
    with school.read.snapshot() as snapshot:
        return snapshot.connection.engine.raw_connection()


def _statements(school: School) -> Asked:
    """Listen to what one page asks the database, beginning with the snapshot's position."""
    asked: Asked = []

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    _page(school)
    with school.read.snapshot() as snapshot:
        engine = snapshot.connection.engine
        sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        _page(school)
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    return asked


def _bare(connection: sa.PoolProxiedConnection, asked: Asked) -> int:
    """Run them on a connection that is open, in one transaction, and fetch every row."""
    cursor = connection.cursor()
    for statement, parameters in asked:
        cursor.execute(statement, parameters)
        if cursor.description is not None:
            cursor.fetchall()
    cursor.close()
    connection.rollback()
    return 1
