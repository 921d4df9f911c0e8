"""A report as of a moment is what the live report said then, whatever was made void or restored since."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.history.past import Library, Then
from ejd.read.memory import Memory
from tests import histories as h
from tests.history.asked import ask, parameters
from tests.history.kept import KeptStore, ends, without_void
from tests.read.memory_store import MemoryStore

MEMORY = Memory(h.make_folding())
"""All projections with all streams: what the live read model holds (held to it by tests/projections/test_laws.py)."""

checks = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)


def live_answers(store: MemoryStore, upto: int, asked: list[tuple[str, dict[str, Any]]], now: int) -> list[Any]:
    """Answer what the live reports said when the store ended at a position."""
    with MEMORY.snapshot(store, sorted({meta.stream for meta in store.events}), upto=upto) as snapshot:
        return [ask(snapshot.connection, name, chosen, now) for name, chosen in asked]


def past_answers(store: KeptStore, then: Then, asked: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Answer what looking back says."""
    library = Library(h.make_folding(), store)
    answers = []
    with MEMORY.snapshot(store, sorted(store.scopes)) as snapshot:
        for name, chosen in asked:
            with library.past(name, then, snapshot.connection) as past:
                answers.append(ask(snapshot.connection, name, chosen, then.now, past))
    return answers


@settings(checks, max_examples=25)
@given(player=h.histories(), seed=st.integers(0, 2**32 - 1))
def test_as_of_a_position_is_what_the_live_report_said_there(player: h.Player, seed: int) -> None:
    rnd = Random(seed)
    store = KeptStore(player.store.events)
    end = rnd.choice(ends(store.events))
    asked = list(parameters(rnd))
    found = past_answers(store, Then(end.position, end.recorded_at), asked)
    for question, then, now in zip(
        asked, found, live_answers(store, end.position, asked, end.recorded_at), strict=True
    ):
        assert then == now, question


@settings(checks, max_examples=15)
@given(player=h.histories(), seed=st.integers(0, 2**32 - 1))
def test_without_the_invalidated_is_the_history_in_which_that_never_happened(player: h.Player, seed: int) -> None:
    rnd = Random(seed)
    store = KeptStore(player.store.events)
    end = rnd.choice(ends(store.events))
    asked = list(parameters(rnd))
    found = past_answers(store, Then(end.position, end.recorded_at, without_invalidated=True), asked)
    never = live_answers(without_void(store), end.position, asked, end.recorded_at)
    for question, then, now in zip(asked, found, never, strict=True):
        assert then == now, question
