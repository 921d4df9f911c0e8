"""Rows 4 and 5: a full rebuild against bare SQL for the same events and rows, and with two processes against one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, Spread, details, interleave, speed_ratio, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Shape
from ejd.app import School, opened
from ejd.read import postgres, sqlite
from ejd.read.contract import Place
from ejd.read.folding import tuples
from ejd.read.projection import StreamRows, Table
from ejd.read.rebuild import Rebuilt, rebuild
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


def set_up_events(school: School) -> int:
    """Answer the position of the last event before the lessons: where the first commit ends."""
    first, *rest = school.store.read_page(0, 100_000)
    return max(one.position for one in (first, *rest) if one.command_id == first.command_id)


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    report = Report(NAME)
    with opened(bench.settings(database)) as school:
        synthetic.fill(school, shape_of(bench))
        rows = fold_everything(school)
        work = _Rebuilding(school, rows, database)
        rounds = bench.size(7, 1)
        laps = interleave(
            {
                OURS: lambda: work.ours(1),
                TWO: lambda: work.ours(2),
                RAW: work.raw,
            },
            rounds,
            bench.server_cpu,
        )
        report.work[f"{NAME} {database}"] = {
            OURS: {"events": laps[OURS][0].units, "rows": {done.rows for done in work.done[1]}},
            TWO: {"events": laps[TWO][0].units, "rows": {done.rows for done in work.done[2]}},
            RAW: {"events": laps[RAW][0].units, "rows": {sum(map(len, rows.values()))}},
        }
    events = f"{laps[OURS][0].units:,} events, {sum(map(len, rows.values())):,} rows"
    one = {OURS: laps[OURS], RAW: laps[RAW]}
    two = {TWO: laps[TWO], OURS: laps[OURS]}
    report.figures += [
        Figure(
            4,
            f"full rebuild against a raw cursor and a bulk insert of the same rows ({events})",
            database,
            speed_ratio(laps, OURS, RAW),
            RAW_GOAL,
            "at least",
            percent=True,
            details=[*details(one, "events"), *_phases(work.done[1])],
        ),
        Figure(
            5,
            "fold CPU, two processes against one (the busier one counts)",
            database,
            _cpu_ratio(work),
            CPU_GOAL,
            "at least",
            details=[*details(two, "events"), f"wall time: {time_ratio(laps, TWO, OURS).median:.2f} of one process's"],
        ),
    ]
    report.statements[f"raw rebuild, {database}"] = _statements(database)
    return report


def fold_everything(school: School) -> Batches:
    """Answer all rows of the read model, folded in memory: what the raw baseline has ready."""
    folding = school.read.folding
    events = [one for page in school.store.read_partition(0, 1, school.store.last_position()) for one in page]
    streams: dict[str, StreamRows] = {}
    folding.fold(events, streams)
    return tuples(streams.values())


@dataclass
class _Rebuilding:
    """One school's read model, made again and again by three roads."""

    school: School
    rows: Batches
    database: Database
    done: dict[int, list[Rebuilt]] = field(default_factory=dict)

    def ours(self, processes: int) -> int:
        """Rebuild, as `ejd rebuild` does."""
        done = rebuild(self.school.read, self.school.workshop, processes=processes)
        self.done.setdefault(processes, []).append(done)
        return done.events

    def raw(self) -> int:
        """Fetch all events by a cursor, insert the rows that are ready, make the same indexes, sync."""
        folding, place = self.school.read.folding, self.school.read.place
        generation = place.create(folding.tables, "raw")
        try:
            count = self._fetch()
            self._insert(place, generation)
            place.finish(generation, folding.tables, 1)
        finally:
            place.drop(generation)
        return count

    def _fetch(self) -> int:
        settings = self.school.settings
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

    def _insert(self, place: Place, generation: int) -> None:
        """Load through the place's own loader: executemany on SQLite, COPY in binary form on PostgreSQL."""
        with closing(place.loader(generation)) as loader:
            loader.begin()
            for table, rows in self.rows.items():
                loader.insert(table, rows)
            loader.commit()


def _count(fetchmany: Callable[[int], list[Any]]) -> int:
    count = 0
    while rows := fetchmany(FETCHED_AT_ONCE):
        count += len(rows)
    return count


def _cpu_ratio(work: _Rebuilding) -> Spread:
    ones = [sum(part.fold_cpu_seconds for part in done.parts) for done in work.done[1]]
    twos = [max(part.fold_cpu_seconds for part in done.parts) for done in work.done[2]]
    return Spread.of([one / two for one, two in zip(ones, twos, strict=True)])


def _phases(done: list[Rebuilt]) -> list[str]:
    """Say where the time of one process goes, in µs of CPU per event, and how long the indexes take."""
    last = done[-1]
    parts = [
        (name, sum(getattr(part, f"{name}_cpu_seconds") for part in last.parts) / last.events * 1e6)
        for name in ("read", "fold", "write")
    ]
    told = ", ".join(f"{name} {each:.2f} µs" for name, each in parts)
    return [f"CPU of this process for each event: {told}; indexes and sync {last.finish_seconds:.2f} s once"]


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
