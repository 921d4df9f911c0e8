"""Row 10: the gradebook of one class as of a moment, against its streams read, decoded and inserted by hand."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, Spread, details, interleave, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Shape
from ejd.access.reading import Duties, Sight
from ejd.app import School, open_school
from ejd.handling.authentication import Authenticated
from ejd.history.past import NEEDED, Library, Past, Then
from ejd.http.asking import Asking
from ejd.http.reports import GradebookParameters, ProgressParameters, gradebook, progress
from ejd.kernel.access import Held
from ejd.kernel.command import Actor
from ejd.kernel.events import CATALOGUE
from ejd.read import sqlite
from ejd.read.folding import Folding, tuples
from ejd.read.projection import StreamRows, Table
from ejd.read.rebuild import rebuild
from ejd.store.schema import EVENT_COLUMNS
from ejd.store.sqlite import FILE_NAME, MMAP_BYTES_MAX
from ejd_projections.school_catalogue import School as OpenedSchool
from ejd_projections.school_catalogue import school as opened_school
from tests import worlds as w

NAME = "as-of"
OURS, RAW = "as of a moment", "read, decoded and inserted by hand"
GOAL, SECONDS_MAX = 3.0, 20.0
FULL_SHAPE = Shape(classes=20, journals=14, lessons=60)
QUICK_SHAPE = Shape(classes=2, journals=2, lessons=3)
QUESTION = "gradebook"
JOURNALS = 60
NOBODY = OpenedSchool("", "UTC", simulated=False)
READ: dict[Database, str] = {
    "sqlite": f"SELECT {EVENT_COLUMNS} FROM events WHERE originator_id IN (SELECT value FROM json_each(?))",
    "postgres": f"SELECT {EVENT_COLUMNS} FROM events WHERE originator_id = ANY(%s)",
}
Batches = dict[Table[Any], list[tuple[Any, ...]]]
Counts = dict[str, int]


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("sqlite", "postgres")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    with ExitStack() as stack:
        school = open_school(bench.settings(database))
        stack.callback(school.close)
        synthetic.fill(school, QUICK_SHAPE if bench.quick else FULL_SHAPE)
        rebuild(school.read, school.workshop, processes=1)
        library = Library(school.read.folding, school.store)
        moment = school.store.moment_at(school.store.last_position())
        assert moment is not None
        then = Then(moment.position, moment.recorded_at)
        by_hand = _ByHand(school, database, _streams(school, library, then), stack)
        laps = interleave(
            {OURS: lambda: len([_gradebook(school, library, then)]), RAW: lambda: len([by_hand.work()])},
            bench.size(15, 1),
            bench.server_cpu,
        )
        seconds = [_progress_seconds(school, library, then) for _ in range(bench.size(5, 1))]
        report = Report(NAME)
        report.work[f"{NAME} {database}"] = {OURS: _gradebook(school, library, then), RAW: by_hand.work()}
        events = school.store.count_events()
    report.figures = [
        Figure(
            10,
            f"as-of gradebook of one class ({by_hand.events:,} events of {events:,}) against {RAW}",
            database,
            time_ratio(laps, OURS, RAW),
            GOAL,
            "at most",
            details=details(laps, "gradebooks"),
        ),
        Figure(
            10,
            f"the whole school's progress as of a moment ({events:,} events): share of {SECONDS_MAX:.0f} s",
            database,
            Spread.of([one / SECONDS_MAX for one in seconds]),
            1.0,
            "at most",
            percent=True,
            details=[f"each round: {', '.join(f'{one:.2f} s' for one in seconds)}"],
        ),
    ]
    report.notes.append(f"{database}: without any final mark, so that progress looks into every lesson of the year")
    report.statements[f"as-of streams by hand, {database}"] = [
        READ[database],
        "msgspec.json.Decoder(type of the event).decode(state)",
        "executemany INSERT INTO … (each table of the question, in memory, with keys and indexes; rows are ready)",
    ]
    return report


class _ByHand:
    """The least that could be done with these streams: no void events, no folding, no question."""

    def __init__(self, school: School, database: Database, streams: Sequence[str], stack: ExitStack) -> None:
        """Have rows and decoders ready, and a connection open."""
        folding = school.read.folding.only(NEEDED[QUESTION])
        self._rows, self.events = _rows_of(school, folding, streams)
        self._schema = ";".join([*sqlite.schema(folding.tables), *sqlite.indexes(folding.tables)])
        self._decoders = {name: msgspec.json.Decoder(event) for name, event in CATALOGUE.events.items()}
        self._read, self._streams, self._database = READ[database], list(streams), database
        self._connection: Any
        if database == "sqlite":
            self._connection = sqlite3.connect(school.settings.data_dir / FILE_NAME)
            self._connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES_MAX}")
        else:
            assert school.settings.database_url is not None
            options = f"-c search_path={school.settings.school}"
            self._connection = psycopg.connect(school.settings.database_url, options=options, autocommit=True)
        stack.callback(self._connection.close)

    def work(self) -> Counts:
        """Read, decode, insert, and count what is there then."""
        given = msgspec.json.encode(self._streams).decode() if self._database == "sqlite" else self._streams
        rows = self._connection.execute(self._read, (given,)).fetchall()
        decoders = self._decoders
        decoded = [decoders[row[3]].decode(row[4]) for row in rows]
        assert len(decoded) == self.events
        memory = sqlite.memory()
        memory.executescript(self._schema)
        memory.execute("BEGIN")
        for table, own in self._rows.items():
            memory.executemany(sqlite.STATEMENTS["insert"](table), own)
        memory.execute("COMMIT")
        counts = {
            table: memory.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("marks", "lessons")
        }
        memory.close()
        return counts


def _rows_of(school: School, folding: Folding, streams: Sequence[str]) -> tuple[Batches, int]:
    events = school.store.read_streams(streams)
    rows: dict[str, StreamRows] = {}
    folding.fold(events, rows)
    return tuples(rows.values()), len(events)


def _asking(live: sa.Connection, past: Past, then: Then) -> Asking:
    past.begin()
    who = Authenticated(Actor(w.DEPUTY, "session", "benchmarks"), "", (Held("head"),))
    opened = opened_school(past.c) or NOBODY
    sight = Sight(everything=True, duties=Duties())
    return Asking(past.c, live, opened, sight, who, then.now, then.position, past, then)


def _gradebook(school: School, library: Library, then: Then) -> Counts:
    """Ask for the pages of one class, as the route does."""
    query = GradebookParameters.model_validate({"class": synthetic.class_id(0), "limit": JOURNALS})
    with school.read.snapshot() as live, library.past(QUESTION, then, live.connection) as past:
        found = gradebook(_asking(live.connection, past, then), query).gradebooks
        return {
            "marks": sum(len(pupil.marks) for page in found for pupil in page.pupils),
            "lessons": sum(len(page.lessons) for page in found),
        }


def _progress_seconds(school: School, library: Library, then: Then) -> float:
    """Ask for the progress of the whole school; without final marks all lessons are looked into."""
    query = ProgressParameters.model_validate({"period": "year"})
    started = time.perf_counter()
    with school.read.snapshot() as live, library.past("progress", then, live.connection) as past:
        assert progress(_asking(live.connection, past, then), query).rows
    return time.perf_counter() - started


def _streams(school: School, library: Library, then: Then) -> list[str]:
    """Answer what the gradebook of the class brings."""
    query = GradebookParameters.model_validate({"class": synthetic.class_id(0), "limit": JOURNALS})
    with school.read.snapshot() as live, library.past(QUESTION, then, live.connection) as past:
        gradebook(_asking(live.connection, past, then), query)
        return sorted(past.streams)
