"""The audit of random histories is the oracle's: tables however they are fed, and the list with its figures."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.kernel.events import CATALOGUE
from ejd.read.memory import Memory
from tests import histories as h
from tests import oracle as o
from tests.audited import audited_history
from tests.oracle_audit import COUNTED, Audited, Said, audit, rows_of_all
from tests.projections.audit_compared import check_list, of_audit
from tests.read import conftest as read_conftest
from tests.read import laws
from tests.read.conftest import NewPlace

new_place = read_conftest.new_place

SUBJECT = laws.Subject(h.make_folding, CATALOGUE, lambda _events: {})
MEMORY = Memory(h.make_folding())
checks = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def oracle_of(store: h.ClockStore) -> dict[int, tuple[Audited, Said]]:
    return audit(o.facts_of(laws.valid(store, CATALOGUE)), laws.judged(store, CATALOGUE))


@settings(checks, max_examples=40)
@given(player=h.histories(), seed=st.integers(0, 999))
def test_the_list_of_a_random_history_is_the_oracles(player: h.Player, seed: int) -> None:
    store = audited_history(player, seed)
    with MEMORY.snapshot(store, sorted(store.versions)) as snapshot:
        rows = laws.contents(SUBJECT.make_folding(), snapshot)
        assert of_audit(rows) == of_audit(rows_of_all(laws.judged(store, CATALOGUE)))
        assert {row[:2] + row[-1:] for row in rows["entry_counts"]} == entries_of(store)
        check_list(snapshot.connection, oracle_of(store))


def entries_of(store: h.ClockStore) -> set[tuple[object, ...]]:
    counts: dict[tuple[str, str], int] = {}
    for meta, event in laws.valid(store, CATALOGUE):
        if isinstance(event, COUNTED):
            counts[meta.stream, meta.actor] = counts.get((meta.stream, meta.actor), 0) + 1
    return {(*key, count) for key, count in counts.items()}


@settings(checks, max_examples=4)
@given(player=h.histories(), seed=st.integers(0, 999), pages=st.lists(st.integers(1, 90), min_size=1, max_size=3))
def test_fed_and_rebuilt_on_a_database_it_is_the_oracles_too(
    new_place: NewPlace, player: h.Player, seed: int, pages: list[int]
) -> None:
    store = audited_history(player, seed)
    oracle = of_audit(rows_of_all(laws.judged(store, CATALOGUE)))
    assert of_audit(laws.fed(new_place(), SUBJECT, store, [*pages, 60])) == oracle
    model, rows = laws.rebuilt(new_place(), SUBJECT, store, processes=1, chunk_streams=50)
    with model.snapshot() as snapshot:
        check_list(snapshot.connection, oracle_of(store))
    model.close()
    assert of_audit(rows) == oracle


def test_the_histories_have_what_is_to_be_compared() -> None:
    """Histories by fixed seeds: corrections of every kind, of which some are void, late, or under approval."""
    found: list[tuple[Audited, Said]] = []
    for seed in range(1, 9):
        store = audited_history(h.play("weekly", h.random_steps(seed, 60)), seed)
        oracle = oracle_of(store)
        found += oracle.values()
        with MEMORY.snapshot(store, sorted(store.versions)) as snapshot:
            assert check_list(snapshot.connection, oracle) == len(oracle)
    assert {one.kind for one, _ in found} >= {"mark", "attendance", "topic", "homework", "substitution", "final-mark"}
    conditions: tuple[Callable[[Audited, Said], bool], ...] = (
        lambda _, said: said.approval is not None,
        lambda _, said: said.approval is not None and said.approval[1],
        lambda _, said: not said.counts,
        lambda _, said: said.direction == "up",
        lambda _, said: said.window == "outside",
        lambda one, _: one.change == "entered",
    )
    for number, condition in enumerate(conditions):
        assert sum(condition(one, said) for one, said in found) >= 3, number
