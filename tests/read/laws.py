"""The laws of the read side, for any projections: whatever way the events come in, the tables hold the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from hypothesis import strategies as st

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Catalogue, Event
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.read.contract import Place, Writer
from ejd.read.feeder import Feeder
from ejd.read.folding import Folding
from ejd.read.memory import Memory
from ejd.read.model import ReadModel, Snapshot
from ejd.read.rebuild import Workshop, rebuild
from ejd.read.writing import Feed
from tests.read.memory_store import MemoryStore

Rows = dict[str, set[tuple[object, ...]]]
Oracle = Callable[[Iterable[tuple[Recorded, Event]]], Rows]

OracleOfAll = Callable[[Iterable[tuple[Recorded, Event, bool]]], Rows]

ELECTIONS_MAX = 1_000
"""A server gives the lease of a connection that has ended back a moment later: until then nobody is elected."""

BREACHES = ("breach-1", "breach-2")


def _nothing(_events: Iterable[tuple[Recorded, Event, bool]]) -> Rows:
    """Expect no table of projections that see void events."""
    return {}


@dataclass(frozen=True)
class Subject:
    """Projections under the laws: a picklable function that makes them, the catalogue, and the oracle.

    `oracle_of_all` speaks for the projections that see void events too.
    """

    make_folding: Callable[[], Folding]
    catalogue: Catalogue
    oracle: Oracle
    oracle_of_all: OracleOfAll = _nothing


def judged(store: MemoryStore, catalogue: Catalogue, upto: int | None = None) -> list[tuple[Recorded, Event, bool]]:
    """Answer all events and whether a breach holds each void, worked out the slow and plain way."""
    known = [meta for meta in store.events if upto is None or meta.position <= upto]
    held: set[tuple[str, str, int]] = set()
    for meta in known:
        event = catalogue.decode(meta.name, meta.state)
        if isinstance(event, EventsVoided):
            held |= {(event.breach, meta.stream, version) for version in event.versions}
        if isinstance(event, EventsRestored):
            held -= {(event.breach, meta.stream, version) for version in event.versions}
    void = {(stream, version) for _, stream, version in held}
    decoded = [(meta, catalogue.decode(meta.name, meta.state)) for meta in known]
    return [(meta, event, (meta.stream, meta.version) in void) for meta, event in decoded]


def valid(store: MemoryStore, catalogue: Catalogue, upto: int | None = None) -> list[tuple[Recorded, Event]]:
    """Answer the events that no breach holds void, without the markers."""
    return [
        (meta, event)
        for meta, event, void in judged(store, catalogue, upto)
        if not void and not isinstance(event, EventsVoided | EventsRestored)
    ]


@st.composite
def histories(draw: st.DrawFn, events: st.SearchStrategy[Event], streams_max: int = 4) -> MemoryStore:
    """Draw a store: commits over several streams, invalidations and restorations of two breaches, gaps."""
    store = MemoryStore()
    names = [f"stream-{number}" for number in range(streams_max)]
    stream = st.sampled_from(names)
    for _ in range(draw(st.integers(1, 14))):
        gap = draw(st.sampled_from([0, 0, 0, 1, 7]))
        if store.versions and draw(st.integers(0, 3)) == 0:
            marker = draw(st.sampled_from([EventsVoided, EventsVoided, EventsRestored]))
            breach = draw(st.sampled_from(BREACHES))
            touched = draw(st.lists(st.sampled_from(sorted(store.versions)), min_size=1, unique=True))
            versions = {
                one: draw(st.lists(st.integers(1, store.versions[one]), min_size=1, unique=True)) for one in touched
            }
            store.add(*((one, marker(breach=breach, versions=tuple(versions[one]))) for one in touched), gap=gap)
        else:
            store.add(*draw(st.lists(st.tuples(stream, events), min_size=1, max_size=6)), gap=gap)
    return store


def contents(folding: Folding, snapshot: Snapshot) -> Rows:
    """Answer every row of every table, and see that the questions' types are those of the rows."""
    found: Rows = {}
    for table in folding.tables:
        rows = [tuple(row) for row in snapshot.connection.execute(sa.select(table.table)).all()]
        assert len(rows) == len(set(rows))
        assert all(type(value) in {str, int, bool, type(None)} for row in rows for value in row)
        found[table.name] = set(rows)
    return found


def live_contents(model: ReadModel) -> Rows:
    """Answer what the live generation holds."""
    with model.snapshot() as snapshot:
        return contents(model.folding, snapshot)


def expected(subject: Subject, store: MemoryStore, upto: int | None = None) -> Rows:
    """Answer what the oracle says."""
    said = subject.oracle(valid(store, subject.catalogue, upto))
    said |= subject.oracle_of_all(judged(store, subject.catalogue, upto))
    return {table.name: said.get(table.name, set()) for table in subject.make_folding().tables}


@contextmanager
def empty_model(place: Place, subject: Subject) -> Iterator[ReadModel]:
    """Give a read model whose live generation has folded nothing."""
    with closing(ReadModel(place, subject.make_folding())) as model:
        rebuild(model, Workshop(MemoryStore, subject.make_folding), processes=1)
        yield model


def fed(place: Place, subject: Subject, store: MemoryStore, pages: Sequence[int]) -> Rows:
    """Feed in pages of these sizes, the last size again and again, and answer what is there then."""
    with (
        empty_model(place, subject) as model,
        closing(Feeding(model, Feed(model.folding, store))) as feeder,
    ):
        sizes = itertools.chain(pages, itertools.repeat(pages[-1]))
        count = 1
        while count:
            feeder.feed = Feed(model.folding, store, page_events=next(sizes))
            count = feeder.run_once()
        assert model.position() == store.last_position()
        return live_contents(model)


class Feeding(Feeder):
    """A feeder that can be closed as other things are."""

    def close(self) -> None:
        """Stop."""
        self.stop()


def rebuilt(
    place: Place, subject: Subject, store: MemoryStore, processes: int, chunk_streams: int = 2
) -> tuple[ReadModel, Rows]:
    """Build from nothing, and answer what is there then."""
    model = ReadModel(place, subject.make_folding())
    workshop = Workshop(partial(MemoryStore, store.events, store.versions), subject.make_folding)
    rebuild(model, workshop, processes=processes, chunk_streams=chunk_streams)
    assert model.position() == store.last_position()
    return model, live_contents(model)


def as_of(subject: Subject, store: MemoryStore, upto: int, streams: Sequence[str]) -> Rows:
    """Fold the streams, in this order, into memory."""
    folding = subject.make_folding()
    with Memory(folding).snapshot(store, streams, upto=upto) as snapshot:
        return contents(folding, snapshot)


class Killed(BaseException):
    """The process is gone; nothing catches it."""


class Mortal:
    """A place whose writers die at given commits, before the database hears of it or after."""

    def __init__(self, place: Place, deaths: Iterable[str]) -> None:
        """Each death is "before", "after" or "" for a commit that goes well."""
        self._place = place
        self._deaths = iter(deaths)

    def __getattr__(self, name: str) -> object:
        return getattr(self._place, name)

    def writer(self, generation: int) -> Writer:
        """Give a writer that may die."""
        writer = self._place.writer(generation)
        commit = writer.commit

        def die_or_commit() -> None:
            death = next(self._deaths, "")
            if death == "before":
                writer.close()
                raise Killed
            commit()
            if death == "after":
                writer.close()
                raise Killed

        writer.commit = die_or_commit  # type: ignore[method-assign]
        return writer


def fed_by_mortals(place: Place, subject: Subject, store: MemoryStore, deaths: Sequence[str]) -> Rows:
    """Feed while feeders die around their commits, each time begun again by a new one."""
    with empty_model(place, subject) as model:
        model.place = Mortal(place, deaths)  # type: ignore[assignment]
        for _ in range(ELECTIONS_MAX):
            feeder = Feeding(model, Feed(model.folding, store, page_events=3))
            try:
                feeder.run_to_end()
            except Killed:
                continue
            finally:
                feeder.close()
            if model.position() == store.last_position():
                break
        assert model.position() == store.last_position()
        return live_contents(model)
