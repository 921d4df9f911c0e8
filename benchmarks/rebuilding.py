"""Rows 4 and 5: a full rebuild against bare SQL for the same events and rows, and with two processes against one."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import cache
from multiprocessing import get_context
from typing import Any

import psycopg

from benchmarks import school as synthetic
from benchmarks.measure import (
    Figure,
    Lap,
    Laps,
    Report,
    ServerCpu,
    Spread,
    details,
    lap,
    no_server,
    speed_ratio,
    take_turns,
    time_ratio,
)
from benchmarks.places import Bench, Database
from benchmarks.school import Shape
from ejd.app import School, open_school, opened
from ejd.read import postgres, sqlite
from ejd.read.contract import Place
from ejd.read.folding import tuples
from ejd.read.projection import StreamRows, Table
from ejd.read.rebuild import Rebuilt, rebuild
from ejd.settings import Settings
from ejd.store.schema import EVENT_COLUMNS
from ejd.store.sqlite import FILE_NAME, MMAP_BYTES_MAX
from ejd_projections.gradebook_tables import marks

NAME = "rebuild"
OURS, TWO, RAW = "ejd, 1 process", "ejd, 2 processes", "raw cursor and bulk insert"
RAW_GOAL, CPU_GOAL = 0.4, 1.7
FETCHED_AT_ONCE = 5_000
CURSOR = f"SELECT {EVENT_COLUMNS} FROM events ORDER BY position"
Batches = dict[Table[Any], list[tuple[Any, ...]]]


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("postgres", "sqlite")]


def shape_of(bench: Bench) -> Shape:
    """Answer a school of some hundred thousand events, or a tiny one."""
    return Shape(2, 2, 4) if bench.quick else Shape(classes=7, journals=10, lessons=60)


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    settings = bench.settings(database)
    with opened(settings) as school:
        synthetic.fill(school, shape_of(bench))
    rounds = bench.size(7, 1)
    with _worker(bench) as own, _worker(bench) as other:
        done: dict[int, list[Rebuilt]] = {1: [], 2: []}

        def ours(processes: int) -> Lap:
            timed, rebuilt = own.submit(rebuild_here, settings, processes, bench.server_cpu).result()
            done[processes].append(rebuilt)
            return timed

        _, raw_rows = other.submit(raw_here, settings, no_server).result()
        laps = take_turns(
            {
                OURS: lambda: ours(1),
                TWO: lambda: ours(2),
                RAW: lambda: other.submit(raw_here, settings, bench.server_cpu).result()[0],
            },
            rounds,
        )
    report = Report(NAME)
    report.figures += _figures(database, laps, done)
    report.statements[f"raw rebuild, {database}"] = _statements(database)
    report.work[f"{NAME} {database}"] = {
        OURS: {"events": laps[OURS][0].units, "rows": {one.rows for one in done[1]}},
        TWO: {"events": laps[TWO][0].units, "rows": {one.rows for one in done[2]}},
        RAW: {"events": laps[RAW][0].units, "rows": {raw_rows}},
    }
    return report


def _worker(bench: Bench) -> Executor:
    """Answer a process of its own for a contender: rows in the memory of one would slow the other down."""
    return ThreadPoolExecutor(1) if bench.quick else ProcessPoolExecutor(1, get_context("spawn"))


def _figures(database: Database, laps: Laps, done: dict[int, list[Rebuilt]]) -> list[Figure]:
    events = f"{laps[OURS][0].units:,} events, {done[1][0].rows:,} rows"
    starts = [part.start_wall_seconds for one in done[2] for part in one.parts]
    wall = f"wall time of two {time_ratio(laps, TWO, OURS).median:.2f} of one's"
    return [
        Figure(
            4,
            f"full rebuild against a raw cursor and a bulk insert of the same rows ({events})",
            database,
            speed_ratio(laps, OURS, RAW),
            RAW_GOAL,
            "at least",
            percent=True,
            details=[*details({OURS: laps[OURS], RAW: laps[RAW]}, "events"), _phases(done[1])],
        ),
        Figure(
            5,
            f"fold CPU of one process against the busier of two ({events})",
            database,
            _cpu_ratio(done),
            CPU_GOAL,
            "at least",
            details=[
                *details({TWO: laps[TWO], OURS: laps[OURS]}, "events"),
                f"{wall}; a process is ready after {statistics.median(starts):.2f} s",
            ],
        ),
    ]


@cache
def _school_here(settings_json: str) -> School:
    """Open the school once in a worker process; it ends with the process."""
    return open_school(Settings.model_validate_json(settings_json))


@cache
def _rows_of(settings_json: str) -> Batches:
    """Fold all rows of the read model in memory: what the raw baseline has ready."""
    school = _school_here(settings_json)
    store = school.store
    events = [one for chunk in store.read_partition(0, 1, store.last_position()) for one in chunk]
    streams: dict[str, StreamRows] = {}
    school.read.folding.fold(events, streams)
    return tuples(streams.values())


def rebuild_here(settings: Settings, processes: int, server_cpu: ServerCpu) -> tuple[Lap, Rebuilt]:
    """Rebuild in this process, as `ejd rebuild` does."""
    school = _school_here(settings.model_dump_json())
    done: list[Rebuilt] = []

    def work() -> int:
        done.append(rebuild(school.read, school.workshop, processes=processes))
        return done[0].events

    return lap(work, server_cpu), done[0]


def raw_here(settings: Settings, server_cpu: ServerCpu) -> tuple[Lap, int]:
    """Fetch all events by a cursor, insert the rows that are ready, make the same indexes, sync; and count the rows."""
    school = _school_here(settings.model_dump_json())
    rows = _rows_of(settings.model_dump_json())
    tables, place = school.read.folding.tables, school.read.place

    def work() -> int:
        generation = place.create(tables, "raw")
        try:
            count = _fetch(settings)
            _insert(place, generation, rows)
            place.finish(generation, tables, 1)
        finally:
            place.drop(generation)
        return count

    return lap(work, server_cpu), sum(map(len, rows.values()))


def _fetch(settings: Settings) -> int:
    if settings.database_url is None:
        with closing(sqlite3.connect(settings.data_dir / FILE_NAME)) as connection:
            connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES_MAX}")
            return _count(connection.execute(CURSOR).fetchmany)
    options = f"-c search_path={settings.school}"
    with (
        psycopg.connect(settings.database_url, options=options) as connected,
        psycopg.ServerCursor(connected, "raw") as cursor,
    ):
        cursor.execute(CURSOR.encode(), binary=True)
        return _count(cursor.fetchmany)


def _insert(place: Place, generation: int, rows: Batches) -> None:
    """Load through the place's own loader: executemany on SQLite, COPY in binary form on PostgreSQL."""
    with closing(place.loader(generation)) as loader:
        loader.begin()
        for table, own in rows.items():
            loader.insert(table, own)
        loader.commit()


def _count(fetchmany: Callable[[int], list[Any]]) -> int:
    count = 0
    while rows := fetchmany(FETCHED_AT_ONCE):
        count += len(rows)
    return count


def _cpu_ratio(done: dict[int, list[Rebuilt]]) -> Spread:
    ones = [sum(part.fold_cpu_seconds for part in one.parts) for one in done[1]]
    twos = [max(part.fold_cpu_seconds for part in one.parts) for one in done[2]]
    return Spread.of([one / two for one, two in zip(ones, twos, strict=True)])


def _phases(done: list[Rebuilt]) -> str:
    """Say where the time of one process goes, in µs of CPU per event, and how long the indexes take."""
    told = []
    for name in ("read", "fold", "write"):
        each = [getattr(one.parts[0], f"{name}_cpu_seconds") / one.events * 1e6 for one in done]
        told.append(f"{name} {statistics.median(each):.2f} µs")
    finish = statistics.median(one.finish_seconds for one in done)
    return f"CPU of our process for each event: {', '.join(told)}; indexes and sync {finish:.2f} s once"


def _statements(database: Database) -> list[str]:
    if database == "sqlite":
        return [
            "CREATE TABLE … WITHOUT ROWID (each table of the read model)",
            CURSOR,
            f"PRAGMA journal_mode = OFF; BEGIN IMMEDIATE; executemany {sqlite.STATEMENTS['insert'](marks)}; …; COMMIT",
            "CREATE INDEX …; PRAGMA optimize; PRAGMA journal_mode = WAL; fsync",
        ]
    return [
        "CREATE TABLE … (each table of the read model, without keys and indexes)",
        f"binary server-side cursor: {CURSOR}",
        f"BEGIN; {postgres.STATEMENTS['insert'](marks)}; …; COMMIT",
        "BEGIN; ALTER TABLE … ADD PRIMARY KEY …; CREATE INDEX …; ANALYZE …; COMMIT",
    ]
