"""The read side on the real stores: what is appended is fed, and a rebuild by two processes finds the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, NewEvent, Scope
from ejd.kernel.event import Event, encode
from ejd.kernel.events.markers import EventsVoided
from ejd.read.memory import Memory
from ejd.read.model import ReadModel
from ejd.read.rebuild import Workshop, rebuild
from ejd.read.writing import Feed
from ejd.store import postgres, sqlite
from ejd.store.base import BaseStore
from ejd.store.roles import provision
from tests.postgres import PostgresDatabase
from tests.read import laws, toy

STREAMS = tuple(f"10000000-0000-7000-8000-00000000000{number}" for number in range(8))
ACCOUNT = "20000000-0000-7000-8000-000000000000"

OpenStore = Callable[[], BaseStore]


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Answer what opens the same store in this process and in others."""
    if request.param == "sqlite":
        return partial(sqlite.open_store, tmp_path)
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    provision(database.dsn, "school", None)
    return partial(postgres.open_store, database.dsn, "school")


@pytest.fixture
def model(open_store: OpenStore, request: pytest.FixtureRequest, tmp_path: Path) -> ReadModel:
    """A read model beside the store, in the same database, of which nothing is built yet."""
    if "sqlite" in request.node.callspec.id:
        return ReadModel.on_sqlite(tmp_path / "read", toy.make_folding())
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    return ReadModel.on_postgres(database.dsn, "school", toy.make_folding())


def write(store: BaseStore, number: int, stream: str, *events: Event) -> int:
    """Append the events as one command."""
    command = f"30000000-0000-7000-8000-{number:012d}"
    head = store.heads([stream]).get(stream, NO_STREAM)
    answer = store.append(
        Commit(
            actor=ACCOUNT,
            session="session",
            client="test",
            recorded_at=1_700_000_000_000_000 + number,
            commands=(CommandRecord(command_id=command, name="toy", body_hash=b"hash"),),
            events=tuple(
                NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                for event in events
            ),
            expected={stream: head},
            scopes={} if head else {stream: Scope(kind="toy")},
        )
    )
    return answer.position


def test_fed_is_rebuilt_is_as_of(open_store: OpenStore, model: ReadModel) -> None:
    workshop = Workshop(open_store, toy.make_folding)
    with closing(open_store()) as store, closing(model):
        rebuild(model, workshop, processes=1)
        feeder = laws.Feeding(model, Feed(model.folding, store, page_events=5))
        for number, stream in enumerate(STREAMS * 3):
            write(store, number, stream, toy.Counted(times=number), toy.Written(cell="я", text=None, loud=True))
            feeder.run_once()
        last = write(store, 100, STREAMS[0], EventsVoided(breach="x", versions=(1, 2)))
        feeder.run_to_end()
        feeder.close()
        fed = laws.live_contents(model)
        done = rebuild(model, workshop, processes=2, chunk_streams=1)
        with Memory(model.folding).snapshot(store, STREAMS) as snapshot:
            assert laws.contents(model.folding, snapshot) == fed
        assert laws.live_contents(model) == fed
        assert (done.events, done.position, model.position()) == (49, last, last)
        assert fed["counters"] == {
            (stream, sum(range(number, 24, 8)) - (number if number == 0 else 0))
            for number, stream in enumerate(STREAMS)
        }
