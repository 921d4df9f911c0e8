"""Generations, snapshots and the feeder, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events.markers import EventsVoided
from ejd.read.contract import BuildRunningError, NoGenerationError, NotYetThereError, Place
from ejd.read.folding import Folding
from ejd.read.memory import Memory
from ejd.read.model import ReadModel
from ejd.read.projection import Projection
from ejd.read.rebuild import BuildFailedError, Workshop, ensure_built, rebuild
from ejd.read.writing import Feed
from tests.read import laws, toy
from tests.read.memory_store import MemoryStore

TOY = laws.Subject(toy.make_folding, toy.CATALOGUE, toy.oracle, toy.oracle_of_all)


@pytest.fixture
def store() -> MemoryStore:
    """Two streams, three events."""
    store = MemoryStore()
    store.add(("a", toy.Counted(times=1)), ("b", toy.Counted(times=20)))
    store.add(("a", toy.Counted(times=300)), gap=5)
    return store


@pytest.fixture
def model(place: Place) -> Iterator[ReadModel]:
    """A live generation that has folded nothing."""
    with laws.empty_model(place, TOY) as model:
        yield model


def workshop(store: MemoryStore) -> Workshop:
    return Workshop(partial(MemoryStore, store.events), toy.make_folding)


def counters(model: ReadModel) -> set[tuple[object, ...]]:
    return laws.live_contents(model)["counters"]


def test_before_the_first_build_a_question_is_told_so(place: Place) -> None:
    with (
        closing(ReadModel(place, toy.make_folding())) as model,
        pytest.raises(NoGenerationError, match="ejd rebuild"),
        model.snapshot(),
    ):
        pass


def test_a_question_that_waits_too_long_is_told_where_the_reports_are(model: ReadModel) -> None:
    with pytest.raises(NotYetThereError) as refusal, model.snapshot(after=1, timeout_seconds=0):
        pass
    assert refusal.value.position == 0


def test_a_waiting_question_is_answered_when_the_feeder_has_come_there(model: ReadModel, store: MemoryStore) -> None:
    found: list[int] = []

    def ask() -> None:
        with model.snapshot(after=store.last_position(), timeout_seconds=30) as snapshot:
            found.append(snapshot.position)

    asking = threading.Thread(target=ask)
    asking.start()
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
    asking.join()
    assert found == [store.last_position()]


def test_a_question_of_another_process_is_answered_too(place: Place, model: ReadModel, store: MemoryStore) -> None:
    with closing(ReadModel(place, toy.make_folding())) as elsewhere:
        with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
            feeder.run_to_end()
        with elsewhere.snapshot(after=store.last_position(), timeout_seconds=30) as snapshot:
            assert snapshot.position == store.last_position()


def test_a_snapshot_stays_as_it_is_while_the_feeder_goes_on(model: ReadModel, store: MemoryStore) -> None:
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
        with model.snapshot() as snapshot:
            store.add(("a", toy.Counted(times=4000)))
            feeder.run_to_end()
            assert snapshot.position == 8
            assert laws.contents(model.folding, snapshot)["counters"] == {("a", 301), ("b", 20)}
    assert counters(model) == {("a", 4301), ("b", 20)}


def test_a_question_cannot_write(model: ReadModel) -> None:
    with model.snapshot() as snapshot, pytest.raises(sa.exc.DBAPIError):
        snapshot.connection.execute(sa.insert(toy.COUNTERS.table).values(stream="x", total=1))


def test_the_old_generation_is_dropped_when_its_last_reader_has_gone(model: ReadModel, store: MemoryStore) -> None:
    with model.snapshot() as old:
        rebuild(model, workshop(store), processes=1)
        assert counters(model) == {("a", 301), ("b", 20)}
        assert laws.contents(model.folding, old)["counters"] == set()
    assert model.drop_old()
    assert model.place.generations() == [model.live()]


def test_the_feeder_follows_a_switch(model: ReadModel, store: MemoryStore) -> None:
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
        rebuild(model, workshop(store), processes=1)
        last = store.add(("b", toy.Counted(times=4)))
        assert feeder.run_to_end() == 1
        assert (feeder.position, feeder.lag) == (last, 0)
    assert counters(model) == {("a", 301), ("b", 24)}


def test_a_new_version_of_a_projection_is_built_beside(place: Place, model: ReadModel, store: MemoryStore) -> None:
    with closing(ReadModel(place, Folding([*model.folding.projections, NEWER], toy.CATALOGUE))) as newer:
        assert not newer.is_current()
        assert ensure_built(newer, Workshop(partial(MemoryStore, store.events), make_newer), processes=1)
        assert newer.is_current()
        assert ensure_built(newer, workshop(store)) is None


NEWER = Projection("newer", version=1)


def make_newer() -> Folding:
    return Folding([toy.counters, toy.cells, NEWER], toy.CATALOGUE)


def test_only_one_process_builds(model: ReadModel, store: MemoryStore) -> None:
    lease = model.place.lease("build")
    assert lease is not None
    with pytest.raises(BuildRunningError):
        rebuild(model, workshop(store), processes=1)
    assert not model.drop_old()
    lease.close()
    assert rebuild(model, workshop(store), processes=1).events == 3


def broken_folding() -> Folding:
    raise ValueError("no projections today")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_build_that_fails_leaves_the_live_generation_alone(
    model: ReadModel, store: MemoryStore, processes: int
) -> None:
    live = model.live()
    with pytest.raises((BuildFailedError, ValueError), match="no projections today"):
        rebuild(model, Workshop(partial(MemoryStore, store.events), broken_folding), processes=processes)
    assert model.place.generations() == [live]


def test_two_processes_build_what_one_does_and_say_how_far_they_are(model: ReadModel) -> None:
    store = MemoryStore()
    for number in range(40):
        store.add((f"stream-{number}", toy.Counted(times=number)))
    said: list[tuple[int, int]] = []
    done = rebuild(model, workshop(store), processes=2, chunk_streams=3, progress=lambda *count: said.append(count))
    assert (done.events, done.rows, len(done.parts), done.position) == (40, 80, 2, 40)
    assert said[-1] == (40, 40)
    assert counters(model) == {(f"stream-{number}", number) for number in range(40)}


class GrowingStore(MemoryStore):
    """Somebody goes on writing while the events are loaded."""

    def count_events(self) -> int:
        """Write one more after the last position was asked."""
        self.add(("late", toy.Counted(times=7)))
        return super().count_events()


def test_what_is_written_during_a_build_is_there_after_it(model: ReadModel, store: MemoryStore) -> None:
    growing = GrowingStore(store.events, store.versions)
    done = rebuild(model, Workshop(lambda: growing, toy.make_folding), processes=1)
    assert done.position == growing.last_position()
    assert counters(model) == {("a", 301), ("b", 20), ("late", 7)}


def test_the_position_never_goes_back_by_a_switch(model: ReadModel, store: MemoryStore) -> None:
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
    behind = store.upto(2)
    rebuild(model, Workshop(lambda: Late(behind, store), toy.make_folding), processes=1)
    assert model.position() == store.last_position()


class Late(MemoryStore):
    """A reader that sees the newest events only at the second look."""

    def __init__(self, early: MemoryStore, late: MemoryStore) -> None:
        super().__init__(early.events)
        self._late = late

    def read_page(self, after: int, limit: int) -> list[Recorded]:
        """Answer what is there, then look again."""
        page = super().read_page(after, limit)
        self.events = self._late.events
        return page


def test_streams_can_be_folded_again_at_any_time(model: ReadModel, store: MemoryStore) -> None:
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
        store.add(("b", toy.Counted(times=1)))
        feeder.refold(["a", "b", "nobody"])
        assert counters(model) == {("a", 301), ("b", 20)}
        feeder.run_to_end()
    assert counters(model) == {("a", 301), ("b", 21)}


def test_a_fold_gets_stored_rows_as_it_wrote_them(model: ReadModel) -> None:
    store = MemoryStore()
    store.add(("a", toy.Written(cell="z", text="Ё", loud=True)), ("a", toy.Written(cell="ё", text=None, loud=False)))
    with closing(laws.Feeding(model, Feed(model.folding, store))) as feeder:
        feeder.run_to_end()
    live = model.live()
    assert live is not None
    with closing(model.place.writer(live)) as writer:
        stored = sorted(writer.load(toy.CELLS, ["a"]))
    assert [[repr(value) for value in row] for row in stored] == [
        ["'a'", "'z'", "'Ё'", "True", "0", "None"],
        ["'a'", "'ё'", "None", "False", "1", "None"],
    ]


def test_a_page_never_ends_inside_a_commit(model: ReadModel) -> None:
    store = MemoryStore()
    first = store.add(*(("a", toy.Counted(times=1)) for _ in range(3)))
    second = store.add(*(("b", toy.Counted(times=1)) for _ in range(9)))
    with closing(laws.Feeding(model, Feed(model.folding, store, page_events=4))) as feeder:
        assert (feeder.run_once(), feeder.position) == (3, first)
        assert (feeder.run_once(), feeder.position) == (9, second)


def test_the_thread_feeds_until_it_is_stopped(model: ReadModel, store: MemoryStore) -> None:
    feeder = laws.Feeding(model, Feed(model.folding, store))
    feeder.start()
    with model.snapshot(after=store.last_position(), timeout_seconds=30) as snapshot:
        assert laws.contents(model.folding, snapshot)["counters"] == {("a", 301), ("b", 20)}
    feeder.stop()
    assert (feeder.last_error, feeder.errors, feeder.leading) == (None, 0, False)


def test_as_known_then_and_as_of_then_without_what_was_invalidated_since(store: MemoryStore) -> None:
    memory = Memory(toy.make_folding())
    then = store.last_position()
    store.add(("a", EventsVoided(breach="x", versions=(2,))))

    def total(*, without_invalidated: bool = False, upto: int | None, void: dict[str, list[int]]) -> object:
        with memory.snapshot(store, ["a"], upto=upto, without_invalidated=without_invalidated, void=void) as snapshot:
            return snapshot.connection.execute(sa.select(toy.COUNTERS.c.total)).scalar()

    assert total(upto=then, void={}) == 301
    assert total(upto=then, without_invalidated=True, void={}) == 1
    assert total(upto=None, void={}) == 1
    assert total(upto=then, void={"a": [1]}) == 300
