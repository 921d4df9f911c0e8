"""Every report of a random school equals the oracle's: in memory, and on both databases; on a school of known answers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ejd.kernel.events import CATALOGUE
from ejd.read.contract import Place
from ejd.read.folding import Folding
from ejd.read.memory import Memory
from ejd_projections import all_projections
from tests import histories as h
from tests import oracle as o
from tests.projections.compared import differences
from tests.projections.conftest import Ask
from tests.projections.story import ALGEBRA, CLASS_7A, ZHUKOV, YOZHIKOVA, a_school, at, micros
from tests.read import laws

SHARE_PERCENT = 3
"""Of some 3,000 questions about a history; another hundred for each one."""

checks = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
FOLDING = Folding(all_projections(), CATALOGUE, unseal=h.open_box)
MEMORY = Memory(FOLDING)
SUBJECT = laws.Subject(h.make_folding, CATALOGUE, lambda _events: {})


@settings(checks, max_examples=40)
@given(player=h.histories(), seed=st.integers(0, 999))
def test_every_report_of_a_random_school_is_the_oracles(player: h.Player, seed: int) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    with MEMORY.snapshot(player.store, sorted(player.store.versions)) as snapshot:
        found = differences(snapshot.connection, facts, player.now + 1, seed=seed, percent=SHARE_PERCENT)
        assert list(found) == []


@settings(checks, max_examples=4)
@given(player=h.histories(), seed=st.integers(0, 999))
def test_every_report_of_a_database_is_the_oracles(new_place: NewPlace, player: h.Player, seed: int) -> None:
    facts = o.facts_of(laws.valid(player.store, CATALOGUE))
    model, _ = laws.rebuilt(new_place(), SUBJECT, player.store, processes=1, chunk_streams=100)
    with model.snapshot() as snapshot:
        found = list(differences(snapshot.connection, facts, player.now + 1, seed=seed, percent=SHARE_PERCENT))
    model.close()
    assert found == []
