"""What a projection may not do, and what its folds see."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ejd.kernel.event import Catalogue, UnknownEventError
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.read.folding import Folding, fingerprint, no_keys
from ejd.read.projection import Projection, ProjectionError, StreamRows
from tests.read import toy
from tests.read.memory_store import MemoryStore


@dataclass(slots=True)
class NoStream:
    """Another column comes first."""

    pupil: str
    stream: str


@dataclass(slots=True)
class Real:
    """A column of a type that is not allowed."""

    stream: str
    average: float


@dataclass
class NoSlots:
    """Without slots."""

    stream: str


@dataclass(slots=True)
class MaybeKey:
    """A key that may be none."""

    stream: str
    pupil: str | None


def test_a_row_begins_with_its_stream() -> None:
    with pytest.raises(ProjectionError, match="must be 'stream'"):
        Projection("p", version=1).table("t", NoStream, key=("stream",))


def test_real_numbers_are_no_columns_because_two_databases_would_round_them_differently() -> None:
    with pytest.raises(ProjectionError, match="not a type of column"):
        Projection("p", version=1).table("t", Real, key=("stream",))


def test_rows_have_slots() -> None:
    with pytest.raises(ProjectionError, match="slots=True"):
        Projection("p", version=1).table("t", NoSlots, key=("stream",))


def test_a_key_is_never_none() -> None:
    with pytest.raises(ProjectionError, match="not a type of column"):
        Projection("p", version=1).table("t", MaybeKey, key=("stream", "pupil"))


def test_names_that_a_database_would_cut_or_fold_are_refused() -> None:
    for name in ("Upper", "x" * 64, "1st", "a-b", ""):
        with pytest.raises(ProjectionError, match="a-z, 0-9 and _"):
            Projection("p", version=1).table(name, toy.CounterRow, key=("stream",))


def test_two_tables_with_one_name_are_refused() -> None:
    one, two = Projection("one", version=1), Projection("two", version=1)
    for projection in (one, two):
        projection.table("rows", toy.CounterRow, key=("stream",))
    with pytest.raises(ProjectionError, match="name of its own"):
        Folding([one, two], toy.CATALOGUE)


def test_one_projection_has_one_fold_for_an_event() -> None:
    with pytest.raises(ProjectionError, match="two folds for Counted"):
        toy.counters.on(toy.Counted)(toy.counted)


def test_a_fold_may_not_write_into_another_stream() -> None:
    with pytest.raises(ProjectionError, match="may not write a row of b"):
        toy.COUNTERS.put(StreamRows("a", no_keys), toy.CounterRow("b", 1))


def test_the_fingerprint_changes_with_the_version_and_not_with_the_order() -> None:
    again = Projection("counters", version=2)
    assert fingerprint([toy.counters, toy.cells]) == fingerprint([toy.cells, toy.counters])
    assert fingerprint([again]) != fingerprint([Projection("counters", version=1)])


def test_a_name_that_nobody_listens_to_is_not_decoded() -> None:
    store = MemoryStore()
    store.add(("a", toy.Ignored()))
    broken = [meta._replace(state=b"not json") for meta in store.events]
    streams: dict[str, StreamRows] = {}
    toy.make_folding().fold(broken, streams)
    assert streams == {}


def test_a_name_that_nobody_knows_stops_the_fold() -> None:
    store = MemoryStore()
    store.add(("a", toy.Counted(times=1)))
    with pytest.raises(UnknownEventError, match="install the version"):
        Folding([], Catalogue([toy.Ignored])).fold(store.events, {})


def test_an_event_is_void_while_one_breach_holds_it_and_a_marker_never() -> None:
    store = MemoryStore()
    folding = toy.make_folding()
    store.add(*(("a", toy.Counted(times=times)) for times in (1, 10, 100)))
    store.add(("a", EventsVoided(breach="x", versions=(1, 2))))
    store.add(("a", EventsVoided(breach="y", versions=(2, 4))))
    assert folding.void_versions(store.events) == {"a": {1, 2, 4}}
    store.add(("a", EventsRestored(breach="x", versions=(1, 2))))
    assert folding.void_versions(store.events) == {"a": {2, 4}}
    store.add(("a", EventsRestored(breach="y", versions=(2, 4))))
    assert folding.void_versions(store.events) == {}


def test_a_fold_on_all_is_called_for_void_events_and_for_markers_and_the_others_are_not() -> None:
    store = MemoryStore()
    folding = toy.make_folding()
    store.add(("a", toy.Counted(times=1)), ("a", toy.OldWritten(cell="x", shout="old")), ("a", toy.Counted(times=10)))
    store.add(("a", EventsVoided(breach="b", versions=(1, 2))))
    streams: dict[str, StreamRows] = {}
    folding.fold(store.events, streams, folding.void_versions(store.events))
    rows = streams["a"]
    assert toy.LEDGER.all(rows) == [
        toy.LedgerRow("a", 1, "Counted", void=True),
        toy.LedgerRow("a", 2, "Written", void=True),
        toy.LedgerRow("a", 3, "Counted", void=False),
        toy.LedgerRow("a", 4, "b", void=False),
    ]
    assert toy.COUNTERS.all(rows) == [toy.CounterRow("a", 10)]
    assert toy.CELLS.all(rows) == []


def test_a_projection_has_one_fold_for_an_event_whether_it_sees_void_ones_or_not() -> None:
    with pytest.raises(ProjectionError, match="two folds for Counted"):
        toy.counters.on_all(toy.Counted)(toy.counted)
