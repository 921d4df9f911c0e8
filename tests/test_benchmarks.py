"""The benchmarks run, and what they compare did the same work; how fast it was is no test's business."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.measure import Figure, Spread
from benchmarks.places import Bench
from benchmarks.runner import BENCHMARKS, main


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One tiny bench with one durable PostgreSQL for all of them."""
    with Bench(quick=True) as bench:
        yield bench


@pytest.mark.parametrize("name", BENCHMARKS)
def test_contenders_did_the_same_work(name: str, bench: Bench) -> None:
    for report in BENCHMARKS[name](bench):
        assert report.figures
        assert report.work
        for contenders in report.work.values():
            first, *others = contenders.values()
            assert first
            assert all(other == first for other in others)


def test_a_ratio_meets_its_goal_by_the_median() -> None:
    figure = Figure(1, "x", "sqlite", Spread(0.4, 0.5, 0.9), 0.5, "at least", percent=True)
    assert figure.met
    assert figure.text(figure.ratio.median) == "50 %"
    assert not Figure(1, "x", "sqlite", Spread(0.4, 0.5, 0.9), 0.4, "at most").met


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fastest"])
    assert "choose from append-lesson" in capsys.readouterr().err
