"""An event is void while at least one breach holds it so."""

from __future__ import annotations

from ejd.kernel.events.journals import TeachingGroupFormed
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.states.teaching import GroupState
from ejd.kernel.void import MARKER_NAMES, void_versions
from tests.scenario import folded


def group(name: str) -> TeachingGroupFormed:
    """A group of this name."""
    return TeachingGroupFormed(year="y", name=name, kind="club", classes=())


def test_nothing_is_void_without_markers() -> None:
    assert void_versions([]) == set()
    assert void_versions([group("a")]) == set()


def test_a_breach_voids_and_restores_what_it_holds() -> None:
    voided = EventsVoided(breach="b1", versions=(2, 3))
    assert void_versions([voided]) == {2, 3}
    assert void_versions([voided, EventsRestored(breach="b1", versions=(2,))]) == {3}


def test_what_two_breaches_hold_is_void_until_both_let_it_go() -> None:
    both = [EventsVoided(breach="b1", versions=(2,)), EventsVoided(breach="b2", versions=(2,))]
    assert void_versions([*both, EventsRestored(breach="b1", versions=(2,))]) == {2}
    assert void_versions([*both, *(EventsRestored(breach=b, versions=(2,)) for b in ("b1", "b2"))]) == set()


def test_a_breach_restores_nothing_of_another() -> None:
    assert void_versions([EventsVoided(breach="b1", versions=(2,)), EventsRestored(breach="b2", versions=(2,))]) == {2}


def test_a_voided_breach_can_void_again() -> None:
    once = [EventsVoided(breach="b1", versions=(2,)), EventsRestored(breach="b1", versions=(2,))]
    assert void_versions([*once, EventsVoided(breach="b1", versions=(2,))]) == {2}


def test_markers_are_known_by_name() -> None:
    assert {"events-voided/1", "events-restored/1"} == MARKER_NAMES


def test_a_state_is_what_it_would_be_without_void_events_but_its_version_goes_on() -> None:
    events = (group("a"), group("b"), EventsVoided(breach="b1", versions=(2,)))
    state = folded(GroupState, "group", events)
    assert state.formed == group("a")
    assert state.version == 3
