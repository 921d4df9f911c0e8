"""The laws of the read side for the real projections: whatever way events come in, the tables are the same."""

from __future__ import annotations

from contextlib import closing

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import SCHOOL
from ejd.kernel.void import MARKER_NAMES
from ejd.read.memory import Memory
from ejd.read.writing import Feed
from ejd_projections.mentions import mentions
from ejd_projections.revisions import revisions
from tests import histories as h
from tests.oracle_audit import rows_of_all
from tests.read import conftest as read_conftest
from tests.read import laws
from tests.read.conftest import NewPlace
from tests.read.memory_store import MemoryStore

new_place = read_conftest.new_place

STEPS_MAX = 45
"""A school with some 130 events: each of them is a transaction when they are fed one by one."""
SUBJECT = laws.Subject(h.make_folding, CATALOGUE, lambda _events: {})
MEMORY = Memory(h.make_folding())
HISTORIES = h.histories(STEPS_MAX)

SHOWN = frozenset(
    [
        "topic-recorded",
        "topic-corrected",
        "homework-set",
        "homework-corrected",
        "extra-lesson-planned",
        "lesson-moved",
        "lesson-substituted",
        "substitution-corrected",
        "lesson-cancelled",
        "lesson-reinstated",
        "journal-scheduled",
        "journal-opened",
        "teacher-assigned",
        "teacher-unassigned",
        "academic-year-opened",
        "cycle-defined",
        "breaks-defined",
        "holidays-defined",
        "bell-schedule-defined",
    ]
)
"""What a calendar shows, written out by hand."""

law = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def only_valid(store: MemoryStore, upto: int | None = None) -> laws.Rows:
    """Answer what folding gives when the void events, and the markers that made them so, had never been there.

    Tables that tell of void events too are the oracle's; what streams ever mentioned is what all events mention.
    """
    rows = folded([meta for meta, _ in laws.valid(store, CATALOGUE, upto)])
    last = store.last_position() if upto is None else upto
    ever = folded([meta for meta in store.events if meta.name not in MARKER_NAMES and meta.position <= last])
    rows |= {mentions.name: ever[mentions.name], revisions.name: revised(store.events, last)}
    return rows | rows_of_all(laws.judged(store, CATALOGUE, upto))


def revised(events: list[Recorded], last: int) -> set[tuple[object, ...]]:
    """Answer the newest event that a calendar shows, or marker after one, of each stream, void or not."""
    found: dict[str, tuple[object, ...]] = {}
    for meta in sorted(events, key=lambda one: one.position):
        shown = meta.name.partition("/")[0] in SHOWN
        if meta.position <= last and (shown or (meta.name in MARKER_NAMES and meta.stream in found)):
            found[meta.stream] = (meta.stream, meta.version, meta.recorded_at)
    return set(found.values())


def folded(events: list[Recorded]) -> laws.Rows:
    """Answer the tables that these events alone give."""
    with MEMORY.snapshot(MemoryStore(events), sorted({meta.stream for meta in events})) as snapshot:
        return laws.contents(SUBJECT.make_folding(), snapshot)


@settings(law, max_examples=4)
@given(player=HISTORIES)
def test_one_by_one_gives_what_the_valid_events_alone_give(new_place: NewPlace, player: h.Player) -> None:
    assert laws.fed(new_place(), SUBJECT, player.store, [1]) == only_valid(player.store)


@law
@given(player=HISTORIES, pages=st.lists(st.integers(1, 120), min_size=1, max_size=4))
def test_any_batches_give_the_same(new_place: NewPlace, player: h.Player, pages: list[int]) -> None:
    assert laws.fed(new_place(), SUBJECT, player.store, [*pages, 50]) == only_valid(player.store)


@settings(law, max_examples=4)
@given(player=HISTORIES, deaths=st.lists(st.sampled_from(["before", "after", ""]), min_size=1, max_size=4))
def test_pages_offered_twice_give_the_same(new_place: NewPlace, player: h.Player, deaths: list[str]) -> None:
    """A feeder that dies before or after its commit is followed by one that begins where the rows are."""
    place = new_place()
    with laws.empty_model(place, SUBJECT) as model:
        for death in (*deaths, ""):
            model.place = laws.Mortal(place, ["", death])  # type: ignore[assignment]
            feeder = laws.Feeding(model, Feed(model.folding, player.store, page_events=40))
            with closing(feeder):
                try:
                    feeder.run_to_end()
                except laws.Killed:
                    continue
        assert model.position() == player.store.last_position()
        assert laws.live_contents(model) == only_valid(player.store)


@law
@given(player=HISTORIES, chunk_streams=st.integers(3, 60))
def test_a_rebuild_gives_the_same(new_place: NewPlace, player: h.Player, chunk_streams: int) -> None:
    model, rows = laws.rebuilt(new_place(), SUBJECT, player.store, processes=1, chunk_streams=chunk_streams)
    model.close()
    assert rows == only_valid(player.store)


@settings(law, max_examples=1, database=None)
@given(player=HISTORIES)
def test_a_rebuild_by_two_processes_gives_the_same(new_place: NewPlace, player: h.Player) -> None:
    model, rows = laws.rebuilt(new_place(), SUBJECT, player.store, processes=2, chunk_streams=20)
    model.close()
    assert rows == only_valid(player.store)


@settings(law, max_examples=40)
@given(player=HISTORIES, data=st.data())
def test_streams_in_any_order_as_of_any_moment_give_the_same(player: h.Player, data: st.DataObject) -> None:
    upto = data.draw(st.integers(len(h.A_SMALL_SCHOOL), player.store.last_position()))
    streams = sorted(player.store.versions)
    data.draw(st.randoms(use_true_random=False)).shuffle(streams)
    with MEMORY.snapshot(player.store, streams, upto=upto) as snapshot:
        rows = laws.contents(SUBJECT.make_folding(), snapshot)
    assert rows == only_valid(player.store, upto)


@settings(law, max_examples=4)
@given(player=HISTORIES, data=st.data())
def test_an_invalidation_leaves_what_a_rebuild_from_nothing_gives(
    new_place: NewPlace, player: h.Player, data: st.DataObject
) -> None:
    place, store = new_place(), player.store
    with (
        laws.empty_model(place, SUBJECT) as model,
        closing(laws.Feeding(model, Feed(model.folding, store))) as feeder,
    ):
        feeder.run_to_end()
        told = sorted(set(store.versions) - set(player.set_up) or set(store.versions) - {SCHOOL})
        for stream in data.draw(st.lists(st.sampled_from(told), min_size=1, max_size=6, unique=True)):
            versions = data.draw(st.sets(st.integers(1, store.versions[stream]), min_size=1))
            store.commit(player.now, (stream, EventsVoided(breach="breach-3", versions=tuple(sorted(versions)))))
        feeder.run_to_end()
        incremental = laws.live_contents(model)
    rebuilt, rows = laws.rebuilt(new_place(), SUBJECT, store, processes=1, chunk_streams=30)
    rebuilt.close()
    assert incremental == rows == only_valid(store)
