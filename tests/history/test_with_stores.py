"""Looking back on both databases: the real directory, the real read model beside it, also after a rebuild."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

import pytest

from ejd.history.past import Library, Then
from ejd.read.model import ReadModel
from ejd.read.rebuild import Workshop, rebuild
from ejd.read.writing import Feed
from ejd.store import postgres, sqlite
from ejd.store.base import BaseStore
from ejd.store.contract import Moment
from ejd.store.roles import provision
from tests import histories as h
from tests.history.asked import ask, parameters
from tests.history.kept import commits, copy_into, ends, without_void
from tests.history.test_as_of import live_answers
from tests.postgres import PostgresDatabase
from tests.read import laws

OpenStore = Callable[[], BaseStore]


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[OpenStore, ReadModel]]:
    """Answer what opens the store, and the read model in the same database."""
    if request.param == "sqlite":
        model = ReadModel.on_sqlite(tmp_path / "read", h.make_folding())
        open_store: OpenStore = partial(sqlite.open_store, tmp_path)
    else:
        database: PostgresDatabase = request.getfixturevalue("postgres_database")
        provision(database.dsn, "school", None)
        model = ReadModel.on_postgres(database.dsn, "school", h.make_folding())
        open_store = partial(postgres.open_store, database.dsn, "school")
    with closing(model):
        yield open_store, model


@pytest.mark.parametrize("seed", [3, 14])
def test_both_databases_look_back_to_what_was_there(places: tuple[OpenStore, ReadModel], seed: int) -> None:
    open_store, model = places
    player = h.play(h.CYCLES[seed % 3], h.random_steps(seed, 70))
    rnd = Random(seed)
    with closing(open_store()) as store:
        copy_into(store, player.store.events)
        rebuild(model, Workshop(open_store, h.make_folding), processes=1)
        feeder = laws.Feeding(model, Feed(model.folding, store))
        library = Library(model.folding, store)
        stood = ends(player.store.events)
        for end in [stood[-1], *rnd.sample(stood[-50:], 6)]:
            asked = list(parameters(rnd))
            for without in (False, True):
                then = Then(end.position, end.recorded_at, without_invalidated=without)
                found = []
                for name, chosen in asked:
                    with (
                        model.snapshot(then.position) as snapshot,
                        library.past(name, then, snapshot.connection) as past,
                    ):
                        found.append(ask(snapshot.connection, name, chosen, then.now, past))
                truth = without_void(player.store) if then.without_invalidated else player.store
                assert found == live_answers(truth, then.position, asked, then.now)
        feeder.close()


def test_a_moment_is_the_end_of_a_whole_commit(places: tuple[OpenStore, ReadModel]) -> None:
    open_store, _ = places
    player = h.play("weekly", h.random_steps(5, 40))
    with closing(open_store()) as store:
        assert store.moment_at(10) is None
        assert store.moment_before(10**15) is None
        copy_into(store, player.store.events)
        for own in commits(player.store.events)[-40:]:
            end = Moment(own[-1].position, own[-1].recorded_at)
            assert {store.moment_at(meta.position) for meta in own} == {end}
        stood = ends(player.store.events)
        assert store.moment_at(stood[-1].position + 100) == Moment(stood[-1].position, stood[-1].recorded_at)
        for at in {meta.recorded_at for meta in stood}:
            last = max(meta.position for meta in stood if meta.recorded_at <= at)
            assert store.moment_before(at) == Moment(last, at)
            before = [meta for meta in stood if meta.recorded_at < at]
            found = store.moment_before(at - 1)
            assert found == (Moment(before[-1].position, before[-1].recorded_at) if before else None)
