"""The benchmarks run, and what they compare did the same work; how fast it was is no test's business."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.measure import Figure, Spread
from benchmarks.places import Bench
from benchmarks.runner import BENCHMARKS, RESULTS, WRITTEN, by_hand, main


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


def test_sections_written_by_hand_outlive_a_run() -> None:
    own = "## Import of a roster\n\nMeasured alone.\n\n| a |\n|---|"
    others = "\n\n".join(["# What was measured", *(f"{heading}\n\nold" for heading in WRITTEN)])
    assert by_hand(f"{others}\n\n{own}\n") == f"\n{own}\n"
    assert by_hand(f"# What was measured\n\n{own}\n\n{WRITTEN[0]}\n\nold\n") == f"\n{own}\n\n"
    assert by_hand(others) == by_hand("") == ""
    page = RESULTS.read_text(encoding="utf-8")
    assert page.endswith(by_hand(page)), "the real page ends with what is kept"
    assert "## Import of a large roster" in by_hand(page)
