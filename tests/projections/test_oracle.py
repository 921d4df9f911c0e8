"""Every report of a random school equals the oracle's, in memory and on both databases (D1, D2, D4, D5)."""

from __future__ import annotations

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.kernel.events import CATALOGUE
from ejd.read.memory import Memory
from ejd_projections.teaching_hours import FIGURES
from tests import histories as h
from tests import oracle as o
from tests import oracle_substitutions as u
from tests import worlds as w
from tests.projections.compared import Difference, differences, questions
from tests.read import conftest as read_conftest
from tests.read import laws
from tests.read.conftest import NewPlace

new_place = read_conftest.new_place

SHARE_PERCENT = 3
"""Of some 3,000 questions about a history; another hundred for each one."""
SEEDS = 12
PRINTED_CHARACTERS_MAX = 2_000
"""Of thirty steps; hypothesis prints no difference beside an example whose words are too long."""

checks = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
MEMORY = Memory(h.make_folding())
SUBJECT = laws.Subject(h.make_folding, CATALOGUE, lambda _events: {})


def test_a_history_says_how_it_is_repeated() -> None:
    player = h.play("rolling", h.random_steps(seed=1, count=30))
    repeated = eval(repr(player), {"play": h.play})  # noqa: S307 - our own words
    assert repeated.store.events == player.store.events
    assert len(repr(player)) < PRINTED_CHARACTERS_MAX


@settings(checks, max_examples=30)
@given(player=h.histories(), seed=st.integers(0, 999), hours=st.sampled_from([0, 5, 12, 72]))
def test_every_report_of_a_random_school_is_the_oracles(player: h.Player, seed: int, hours: int) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    now = player.now + 1 + hours * 3_600_000_000
    with MEMORY.snapshot(player.store, sorted(player.store.versions)) as snapshot:
        assert list(differences(snapshot.connection, facts, now, seed=seed, percent=SHARE_PERCENT)) == []


@settings(checks, max_examples=4)
@given(player=h.histories(), seed=st.integers(0, 999))
def test_every_report_of_a_database_is_the_oracles(new_place: NewPlace, player: h.Player, seed: int) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    model, _ = laws.rebuilt(new_place(), SUBJECT, player.store, processes=1, chunk_streams=100)
    with model.snapshot() as snapshot:
        found = list(differences(snapshot.connection, facts, player.now + 1, seed=seed, percent=SHARE_PERCENT))
    model.close()
    assert found == []


HOURS = ("hours ", "not made up ")
"""Questions about hours for payroll, and what was not made up, begin with these words."""


def all_differences(c: sa.Connection, player: h.Player, facts: o.Facts, *words: str) -> list[Difference]:
    """Answer where reports differ from the oracle; every question that begins with the words is asked."""
    return [
        difference
        for one in questions(facts, player.now + 1)
        if one.words.startswith(words)
        for difference in one.differences(c, one.words)
    ]


LOSING = ("extra", "extra", "cancel", "substitute")
"""Steps by which lessons are lost and made up, and what makes up is lost too."""


@settings(checks, max_examples=25)
@given(player=h.histories(then=LOSING))
def test_hours_and_what_was_not_made_up_are_the_oracles(player: h.Player) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    with MEMORY.snapshot(player.store, sorted(player.store.versions)) as snapshot:
        assert all_differences(snapshot.connection, player, facts, *HOURS) == []


@settings(checks, max_examples=25)
@given(player=h.histories(then=("control_work",)))
def test_the_schedule_of_control_works_is_the_oracles(player: h.Player) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    with MEMORY.snapshot(player.store, sorted(player.store.versions)) as snapshot:
        assert all_differences(snapshot.connection, player, facts, "control works ") == []


@settings(checks, max_examples=3)
@given(player=h.histories())
def test_hours_of_a_database_are_the_oracles(new_place: NewPlace, player: h.Player) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    model, _ = laws.rebuilt(new_place(), SUBJECT, player.store, processes=1, chunk_streams=100)
    with model.snapshot() as snapshot:
        found = all_differences(snapshot.connection, player, facts, *HOURS)
    model.close()
    assert found == []


def test_the_histories_have_every_kind_of_hour() -> None:
    """Otherwise the comparison above would compare nothing with nothing."""
    seen: set[str] = set()
    lost: set[str] = set()
    for seed in range(SEEDS):
        player = h.play("weekly", h.random_steps(seed=seed, count=150))
        facts = o.facts_of(laws.valid(player.store, CATALOGUE))
        for row in u.hours(facts, w.YEAR, w.FIRST_DAY, w.LAST_DAY, player.now).values():
            seen |= set(row)
        answer = u.not_made_up(facts, w.YEAR, w.FIRST_DAY, w.LAST_DAY, player.now)
        lost |= {row["why"] for row in answer["rows"].values()} | ({"made up"} if answer["made_up"] else set())
    assert seen == set(FIGURES)
    assert lost == {"cancelled", "other-subject", "made up"}
