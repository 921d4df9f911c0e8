"""Every state, report and sign-in is the truth's, whatever happens in whatever order (issue 3: what proves it).

Every run walks from the same seed, so that a commit is judged by what it changes and not by luck; `EJD_PROVE_SEED`
chooses another one. New seeds are what the nightly run is for (docs/guides/prove.md).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ejd.handling import states
from tests.breaches import world as bw
from tests.breaches.machine import prove, prove_for
from tests.postgres import PostgresServer

SEED = 20_260_915
SECONDS = {"sqlite": 30.0, "postgres": 15.0}
HYPOTHESIS_SCHOOLS, HYPOTHESIS_STEPS = 2, 60
NOTICING_SEED, NOTICING_SECONDS = 2, 60.0
"""Seven schools of eight notice within their 150 steps; it goes on to the next one until the time is over."""
REACHED = (
    "report-breach",
    "acknowledge-breach-notice",
    "reset-credentials",
    "propose-invalidation",
    "invalidate-breach",
    "issue-token",
    "save-lesson",
)
"""What every run must have come to, else it proves little."""


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    """The seed of every run, or the one that was asked for; it is printed in any case."""
    chosen = int(os.environ.get("EJD_PROVE_SEED") or SEED)
    with capsys.disabled():
        sys.stdout.write(f"\n[EJD_PROVE_SEED={chosen}] ")
    return chosen


def test_whatever_happens_everything_is_the_truth_on_sqlite(seed: int, tmp_path: Path) -> None:
    _, played = prove_for(bw.on_sqlite(tmp_path), seed=seed, seconds=SECONDS["sqlite"])
    assert set(REACHED) <= set(played), played


def test_whatever_happens_everything_is_the_truth_on_postgres(
    seed: int, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    _, played = prove_for(bw.on_postgres(postgres_server, tmp_path), seed=seed, seconds=SECONDS["postgres"])
    assert "report-breach" in played


def test_hypothesis_drives_the_same_machine(seed: int, tmp_path: Path) -> None:
    """As the nightly run does, which shortens the way to a difference."""
    machine = prove(bw.on_sqlite(tmp_path), seed=seed, schools=HYPOTHESIS_SCHOOLS, steps=HYPOTHESIS_STEPS)
    assert machine.steps >= HYPOTHESIS_STEPS


def test_the_truth_notices_a_store_that_forgets_what_is_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof that cannot fail is none: states that know no markers are found out."""
    monkeypatch.setattr(states, "void_versions", lambda _markers: set())
    with pytest.raises(AssertionError):
        prove_for(bw.on_sqlite(tmp_path), seed=NOTICING_SEED, seconds=NOTICING_SECONDS)
