"""Row 1: one writer saves whole lessons of 30 events, each one command and one transaction, store only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import islice
from typing import TypeVar

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Laps, Report, details, interleave, speed_ratio
from benchmarks.places import Bench, Database
from benchmarks.raw import RawPostgres, RawPsycopg, RawSqlite
from benchmarks.school import Lesson, Shape
from ejd.kernel.envelope import Commit, NewEvent, Scope
from ejd.store.base import BaseStore
from ejd.store.judge import Judge, Known, Rows
from tests.scenario import uid

NAME = "append-lesson"
GOALS: dict[Database, float] = {"postgres": 0.6, "sqlite": 0.5}
OURS, RAW, PSYCOPG = "ejd", "raw inserts", "psycopg's executemany"
T = TypeVar("T")


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    return [_run(bench, database) for database in ("postgres", "sqlite")]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    rounds, per_round = bench.size(31, 2), bench.size(40, 3)
    shape = Shape(classes=1, journals=1 + rounds * per_round // 100, lessons=100)
    held = list(islice(synthetic.lessons(shape), rounds * per_round))
    raws: dict[str, RawSqlite | RawPostgres] = (
        {RAW: RawSqlite(bench.new_folder("raw"))}
        if database == "sqlite"
        else {RAW: RawPostgres(bench.database().dsn), PSYCOPG: RawPsycopg(bench.database().dsn)}
    )
    store = bench.store(database)
    with closing(store):
        heads = _prepare(store, held)
        contenders = {OURS: _rounds(store.append, (_commit(one, heads) for one in held), per_round)}
        for name, raw in raws.items():
            contenders[name] = _rounds(raw.append, prepared_rows(held), per_round)
        laps = interleave(contenders, rounds, bench.server_cpu)
        report = Report(NAME)
        report.work[f"{NAME} {database}"] = {
            OURS: {"events": store.count_events() - len(heads)},
            **{name: {"events": raw.counts()["events"]} for name, raw in raws.items()},
        }
    for name, raw in raws.items():
        report.figures.append(_figure(database, shape, laps, name))
        report.statements[f"{name}, {database}"] = raw.statements
        raw.close()
    return report


def _figure(database: Database, shape: Shape, laps: Laps, name: str) -> Figure:
    """Only the strictest baseline has the goal."""
    return Figure(
        1,
        f"append a lesson of {shape.events} events, store only, one writer, against {name}",
        database,
        speed_ratio(laps, OURS, name),
        GOALS[database] if name == RAW else 0.0,
        "at least" if name == RAW else "no goal",
        percent=True,
        details=details({OURS: laps[OURS], name: laps[name]}, "lessons"),
    )


def _prepare(store: BaseStore, held: list[Lesson]) -> dict[str, int]:
    """Make the streams that saving a lesson reads (one event each); they are checked under the append lock."""
    streams = list(dict.fromkeys(stream for one in held for stream in one.reads))
    command = uid("benchmark reads")
    base = synthetic.commit_of(held[:1])
    events = tuple(NewEvent(stream=stream, name="read/1", state=b"{}", command_id=command) for stream in streams)
    store.append(
        Commit(
            actor=base.actor,
            session=base.session,
            client=base.client,
            recorded_at=1,
            commands=(),
            events=events,
            expected=dict.fromkeys(streams, 0),
            scopes={stream: Scope(kind="any") for stream in streams},
        )
    )
    return dict.fromkeys(streams, 1)


def _commit(lesson: Lesson, heads: dict[str, int]) -> Commit:
    return synthetic.commit_of([lesson], {stream: heads[stream] for stream in lesson.reads})


def prepared_rows(held: list[Lesson]) -> Iterable[Rows]:
    """Answer what the store would write, worked out beforehand: positions, versions, salts, texts."""
    position = 0
    for lesson in held:
        judge = Judge(Known(position, 0, {}, set(), {}), lambda size: b"s" * size)
        judge.admit(synthetic.commit_of([lesson]))
        position = judge.position
        yield judge.rows()


def _rounds(append: Callable[[T], object], things: Iterable[T], per_round: int) -> Callable[[], int]:
    """Answer a round's work: it appends the next ones, which are ready in memory."""
    ready = iter(list(things))

    def work() -> int:
        for one in islice(ready, per_round):
            append(one)
        return per_round

    return work
