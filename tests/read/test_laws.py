"""The laws, held to account by a small set of projections that uses every corner of the contract."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.kernel.event import Event
from ejd.kernel.events.markers import EventsVoided
from ejd.read.contract import Place
from ejd.read.writing import Feed
from tests.read import laws, toy
from tests.read.conftest import NewPlace
from tests.read.memory_store import MemoryStore

TOY = laws.Subject(toy.make_folding, toy.CATALOGUE, toy.oracle, toy.oracle_of_all)
CELL_NAMES = st.sampled_from(["а", "ё", "я", "Ё", "z", "", "\t\\N"])
TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(toy.Counted, times=st.integers(-(2**40), 2**40)),
    st.builds(toy.Written, cell=CELL_NAMES, text=TEXTS, loud=st.booleans()),
    st.builds(toy.Wiped, cell=CELL_NAMES),
    st.builds(toy.Ignored),
    st.builds(toy.OldWritten, cell=CELL_NAMES, shout=st.just("old")),
)

HISTORIES = laws.histories(EVENTS)

law = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@law
@given(store=HISTORIES)
def test_one_by_one_is_what_the_oracle_says(new_place: NewPlace, store: MemoryStore) -> None:
    assert laws.fed(new_place(), TOY, store, [1]) == laws.expected(TOY, store)


@law
@given(store=HISTORIES, pages=st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_any_batches_give_the_same(new_place: NewPlace, store: MemoryStore, pages: list[int]) -> None:
    assert laws.fed(new_place(), TOY, store, pages) == laws.expected(TOY, store)


@law
@given(store=HISTORIES, chunk_streams=st.integers(1, 5))
def test_a_rebuild_gives_the_same(new_place: NewPlace, store: MemoryStore, chunk_streams: int) -> None:
    model, rows = laws.rebuilt(new_place(), TOY, store, processes=1, chunk_streams=chunk_streams)
    model.close()
    assert rows == laws.expected(TOY, store)


@law
@given(store=HISTORIES, deaths=st.lists(st.sampled_from(["before", "after", ""]), max_size=6))
def test_a_kill_around_a_commit_loses_nothing(new_place: NewPlace, store: MemoryStore, deaths: list[str]) -> None:
    assert laws.fed_by_mortals(new_place(), TOY, store, deaths) == laws.expected(TOY, store)


@pytest.mark.parametrize("death", ["before", "after"])
def test_a_kill_at_each_commit_of_a_history_loses_nothing(new_place: NewPlace, death: str) -> None:
    store = MemoryStore()
    for times in range(1, 7):
        store.add(("a", toy.Counted(times=times)), ("b", toy.Written(cell="z", text="т", loud=False)), gap=3)
        if times == 2:  # no later: folding a stream again would heal what a torn page had done to it
            store.add(("a", EventsVoided(breach="x", versions=(2,))), ("b", toy.Wiped(cell="z")))
    for commits in range(10):
        deaths = [""] * commits + [death]
        assert laws.fed_by_mortals(new_place(), TOY, store, deaths) == laws.expected(TOY, store)


@settings(law, max_examples=100)
@given(store=HISTORIES, data=st.data())
def test_streams_in_any_order_at_any_position_give_the_same(store: MemoryStore, data: st.DataObject) -> None:
    upto = data.draw(st.integers(0, store.last_position() + 1))
    streams = data.draw(st.permutations(sorted(store.versions)))
    assert laws.as_of(TOY, store, upto, streams) == laws.expected(TOY, store, upto)


@settings(law, max_examples=2, database=None)
@given(store=HISTORIES)
def test_a_rebuild_by_two_processes_gives_the_same(new_place: NewPlace, store: MemoryStore) -> None:
    model, rows = laws.rebuilt(new_place(), TOY, store, processes=2, chunk_streams=1)
    model.close()
    assert rows == laws.expected(TOY, store)


def test_a_page_offered_twice_changes_nothing(place: Place) -> None:
    store = MemoryStore()
    store.add(("a", toy.Counted(times=2)), ("b", toy.Counted(times=3)))
    with laws.empty_model(place, TOY) as model:
        feed = Feed(model.folding, store)
        first, second = laws.Feeding(model, feed), laws.Feeding(model, feed)
        assert first.run_to_end() == 2
        assert second.run_once() == 0
        assert not second.leading
        first.close()
        assert second.run_once() == 0
        assert second.leading
        second.close()
        assert laws.live_contents(model)["counters"] == {("a", 2), ("b", 3)}
