"""Row 3: a full rebuild against the stock `ProjectionRunner`, with the same folds writing the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks import rebuilding
from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, details, interleave, speed_ratio
from benchmarks.places import Bench
from ejd.app import School, opened
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import CATALOGUE
from ejd.read.folding import Folding, tuples
from ejd.read.postgres import PostgresPlace
from ejd.read.projection import StreamRows, Table
from ejd.read.rebuild import rebuild
from ejd_projections import all_projections
from tests.postgres import PostgresDatabase

NAME = "stock-runner"
OURS, STOCK, EASY = "ejd, 1 process", "ProjectionRunner", "ProjectionRunner with synchronous_commit=off"
GOAL = 25.0
WAIT_SECONDS_MAX = 300.0
SIZE_BYTES = 4
ENVELOPE = slice(Recorded._fields.index("recorded_at"), Recorded._fields.index("salt"))
"""Time, account, session, client, command, batch, causes."""
_unpack = msgspec.msgpack.Decoder(tuple[int, str, str, str, str, str, str]).decode
Tuples = dict[Any, tuple[Any, ...]]


def run(bench: Bench) -> list[Report]:
    """Rebuild the whole school; the stock runner takes the first events of its lessons, its pace does not change."""
    bench.say(f"{NAME} on postgres")
    report = Report(NAME)
    rounds, count = bench.size(5, 1), bench.size(2_000, 60)
    with opened(bench.settings("postgres")) as school:
        synthetic.fill(school, rebuilding.shape_of(bench))
        events = _lesson_events(school, count)
        stocks = {STOCK: Stock(bench.database(), events, "on"), EASY: Stock(bench.database(), events, "off")}
        laps = interleave(
            {
                OURS: lambda: rebuild(school.read, school.workshop, processes=1).events,
                **{name: stock.rebuild for name, stock in stocks.items()},
            },
            rounds,
            bench.server_cpu,
        )
    expected = _folded(events)
    report.work[NAME] = {"folded in memory": expected, **{name: stock.contents() for name, stock in stocks.items()}}
    for name in stocks:
        own = {OURS: laps[OURS], name: laps[name]}
        what = f"full rebuild, events/s, against the stock {name} with the same folds and rows"
        figure = Figure(
            3, what, "postgres", speed_ratio(laps, OURS, name), GOAL, "at least", details=details(own, "events")
        )
        report.figures.append(figure)
    report.notes.append(
        "The stock runner is made as fast as its design allows: it decodes with our structs, keeps the rows of the "
        "streams in memory and reads none back, writes only the row that changed and its tracking, in one transaction "
        "an event."
    )
    return [report]


def _lesson_events(school: School, count: int) -> list[Recorded]:
    first = synthetic.set_up_events(school.store)
    return [
        meta._replace(position=position)
        for position, meta in enumerate(islice(school.store.read_page(first, count), count), 1)
    ]


def _folded(events: Sequence[Recorded]) -> dict[str, list[tuple[Any, ...]]]:
    streams: dict[str, StreamRows] = {}
    _folding().fold(events, streams)
    return {table.name: sorted(rows) for table, rows in tuples(streams.values()).items()}


def _folding() -> Folding:
    return Folding(all_projections(), CATALOGUE)


class Heard(NamedTuple):
    """What the subscription brings: a stored event with its time, as our folds want it."""

    meta: Recorded


class StructMapper(Mapper[str]):
    """Leaves decoding to the folds: faster than the stock transcoder. The envelope, packed, stands before the state."""

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Answer the event with its envelope: the audit's tables keep who recorded what."""
        size = int.from_bytes(stored_event.state[:SIZE_BYTES])
        envelope = _unpack(stored_event.state[SIZE_BYTES : SIZE_BYTES + size])
        return Heard(
            Recorded(
                getattr(stored_event, "id", 0),
                str(stored_event.originator_id),
                stored_event.originator_version,
                stored_event.topic,
                stored_event.state[SIZE_BYTES + size :],
                *envelope,
                b"",
            )
        )


def _packed(meta: Recorded) -> bytes:
    envelope = msgspec.msgpack.encode(meta[ENVELOPE])
    return len(envelope).to_bytes(SIZE_BYTES) + envelope


class Journal(Application[str]):
    """The application whose events are followed."""

    name = "journal"

    def construct_mapper(self) -> Mapper[str]:
        """Use structs."""
        return StructMapper(JSONTranscoder())


class View(PostgresTrackingRecorder):
    """All tables of the read model, written event by event with the tracking in one transaction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with nothing in memory."""
        super().__init__(*args, **kwargs)
        self.folding = _folding()
        self.streams: dict[str, StreamRows] = {}
        self.written: dict[tuple[Table[Any], str], Tuples] = {}
        self.upserts = {table: _upsert(table) for table in self.folding.tables}

    def take(self, meta: Recorded, tracking: Tracking) -> None:
        """Fold one event and write what changed."""
        self.folding.fold((meta,), self.streams)
        rows = self.streams.get(meta.stream)
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for table, own in (rows.tables if rows else {}).items():
                written = self.written.setdefault((table, meta.stream), {})
                for key, row in own.items():
                    values = table.as_tuple(row)
                    if written.get(key) != values:
                        written[key] = values
                        cursor.execute(self.upserts[table], values, prepare=True)


class Rows(Projection[View]):
    """Folds every event."""

    name = "rows"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Fold one."""
        self.view.take(domain_event.meta, tracking)


def _upsert(table: Table[Any]) -> sql.Composed:
    values = [name for name in table.columns if name not in table.key]
    changes = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in values)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(table.columns)),
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
        sql.SQL("UPDATE SET ") + changes if values else sql.SQL("NOTHING"),
    )


class Stock:
    """A database of the stock library with the same tables, and the same first events in it."""

    def __init__(self, database: PostgresDatabase, events: Sequence[Recorded], synchronous_commit: str) -> None:
        """Make the tables; the events go in at once, that is not measured."""
        self._dsn = database.dsn
        self._count = len(events)
        self._tables = _folding().tables
        place = PostgresPlace(database.dsn, "stock")
        place.prepare()
        generation = place.create(self._tables, "stock")
        place.finish(generation, self._tables, 0)
        names = {"name": sql.Identifier(database.name), "schema": sql.Identifier(place.schema(generation))}
        with psycopg.connect(self._dsn) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {name} SET search_path TO {schema}, public").format(**names))
            connection.execute(
                sql.SQL("ALTER DATABASE {name} SET synchronous_commit TO {value}").format(
                    value=sql.Literal(synchronous_commit), **names
                )
            )
        given = {key: str(value) for key, value in conninfo_to_dict(self._dsn).items()}
        self._env = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": given["dbname"],
            "POSTGRES_HOST": given["host"],
            "POSTGRES_PORT": given["port"],
            "POSTGRES_USER": given["user"],
            "POSTGRES_PASSWORD": given.get("password", "") or "none",
            "POSTGRES_ORIGINATOR_ID_TYPE": "text",
            "POSTGRES_POOL_SIZE": "3",
            "POSTGRES_SINGLE_ROW_TRACKING": "y",
        }
        self._store(events)

    def _store(self, events: Sequence[Recorded]) -> None:
        app = Journal(self._env)
        assert isinstance(app.recorder, PostgresApplicationRecorder)
        app.recorder.insert_events([StoredEvent(e.stream, e.version, e.name, _packed(e) + e.state) for e in events])
        app.close()

    def rebuild(self) -> int:
        """Empty the tables and let the stock runner fill them."""
        with psycopg.connect(self._dsn) as connection:
            for table in self._tables:
                connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table.name)))
            connection.execute("DROP TABLE IF EXISTS public.rows_tracking")
        runner = ProjectionRunner(application_class=Journal, projection_class=Rows, view_class=View, env=self._env)
        with runner:
            runner.wait(self._count, WAIT_SECONDS_MAX)
        return self._count

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Answer all rows."""
        found = {}
        with psycopg.connect(self._dsn) as connection:
            for table in self._tables:
                columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
                statement = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name))
                rows = connection.execute(statement).fetchall()
                if rows:
                    found[table.name] = sorted(rows)
        return found
