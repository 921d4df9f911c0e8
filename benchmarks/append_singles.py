"""Row 2: eight writers append single events on PostgreSQL, against the recorder of the stock library."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, details, interleave, speed_ratio
from benchmarks.places import Bench
from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, NewEvent, Scope
from ejd.store.base import BaseStore
from tests.scenario import uid

NAME = "append-singles"
OURS, STOCK = "ejd", "eventsourcing"
WRITERS = 8
GOAL = 3.0
TOPIC = "mark-recorded/1"


def run(bench: Bench) -> list[Report]:
    """Let each writer write streams of its own, event by event; every append is durable before the next one."""
    bench.say(f"{NAME} on postgres")
    rounds, per_writer = bench.size(15, 2), bench.size(100, 5)
    report = Report(NAME)
    with closing(bench.store("postgres")) as store, closing(_stock_datastore(bench.database().dsn)) as datastore:
        stock = PostgresApplicationRecorder(datastore)
        stock.create_table()
        states = [b'{"journal":"%s","number":%d}' % (uid("journal").encode(), number) for number in range(per_writer)]
        with ThreadPoolExecutor(WRITERS) as pool:
            laps = interleave(
                {
                    OURS: _round(pool, lambda stream: _write_ours(store, stream, states), per_writer),
                    STOCK: _round(pool, lambda stream: _write_stock(stock, stream, states), per_writer),
                },
                rounds,
                bench.server_cpu,
            )
        report.work[NAME] = {
            OURS: {"events": store.count_events()},
            STOCK: {"events": stock.max_notification_id()},
        }
    ratio = speed_ratio(laps, OURS, STOCK)
    what = f"append single events, {WRITERS} writers, against the stock PostgresApplicationRecorder"
    report.figures.append(Figure(2, what, "postgres", ratio, GOAL, "at least", details=details(laps, "events")))
    report.notes.append(
        "Ours also writes a command row, a directory row per stream and the whole envelope; it checks versions and ids."
    )
    return [report]


def _stock_datastore(dsn: str) -> PostgresDatastore:
    given = conninfo_to_dict(dsn)
    return PostgresDatastore(
        dbname=str(given["dbname"]),
        host=str(given["host"]),
        port=str(given["port"]),
        user=str(given["user"]),
        password=str(given.get("password", "")),
        pool_size=WRITERS,
        originator_id_type="text",
    )


def _round(pool: ThreadPoolExecutor, write: Callable[[str], None], per_writer: int) -> Callable[[], int]:
    numbers = count()

    def work() -> int:
        streams = [uid(f"single {next(numbers)}") for _ in range(WRITERS)]
        list(pool.map(write, streams))
        return WRITERS * per_writer

    return work


def _write_ours(store: BaseStore, stream: str, states: list[bytes]) -> None:
    for version, state in enumerate(states):
        command = uid(f"{stream} {version}")
        store.append(
            Commit(
                actor=stream,
                session=synthetic.SESSION,
                client="benchmarks",
                recorded_at=1_700_000_000_000_000,
                commands=(CommandRecord(command_id=command, name="record-mark", body_hash=b"-" * 32),),
                events=(NewEvent(stream=stream, name=TOPIC, state=state, command_id=command),),
                expected={stream: NO_STREAM + version},
                scopes={} if version else {stream: Scope(kind="lesson")},
            )
        )


def _write_stock(stock: PostgresApplicationRecorder, stream: str, states: list[bytes]) -> None:
    for version, state in enumerate(states, 1):
        stock.insert_events([StoredEvent(stream, version, TOPIC, state)])
