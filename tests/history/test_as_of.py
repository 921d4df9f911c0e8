"""A report as of a moment is what the live report said then, whatever was made void or restored since."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
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
def test_a_past_that_goes_on_is_at_each_moment_the_past_of_that_moment(player: h.Player, seed: int) -> None:
    """Also where markers made something void in between, or gave it back."""
    rnd = Random(seed)
    store = KeptStore(player.store.events)
    moments = sorted(rnd.choices(ends(store.events), k=4), key=lambda one: one.position)
    thens = [Then(one.position, one.recorded_at) for one in moments]
    asked = rnd.sample(list(parameters(rnd)), 8)
    library = Library(h.make_folding(), store)
    expected = [past_answers(store, then, asked) for then in thens]
    with MEMORY.snapshot(store, sorted(store.scopes)) as snapshot:
        for number, (name, chosen) in enumerate(asked):
            with library.series(name, thens[0], thens[-1], snapshot.connection) as past:
                for then, answers in zip(thens, expected, strict=True):
                    past.go_on(then.position)
                    assert ask(snapshot.connection, name, chosen, then.now, past) == answers[number], (name, then)


def test_a_past_goes_on_as_far_as_was_said_and_never_back() -> None:
    store = KeptStore(h.play(h.CYCLES[0], h.random_steps(1, 40)).store.events)
    middle, last = ends(store.events)[2].position, ends(store.events)[-1].position
    with MEMORY.state(store, upto=middle, ahead=last - 1) as state:
        for position in (middle - 1, last):
            with pytest.raises(ValueError, match="it goes on to at most"):
                state.go_on(position)
        state.go_on(last - 1)


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
