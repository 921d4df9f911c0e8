"""Rules by their figures, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.calendar import local_day
from ejd.kernel.events.school import GradingSystem
from ejd.kernel.policies import (
    FIVE_POINT,
    HUNDRED_POINT,
    LETTER,
    PASS_FAIL,
    TEN_POINT,
    UNMARKED,
    Attendance,
    Average,
    allowed_values,
    average,
    deadline,
    grade_value,
    percent_hundredths,
    proposed_final_mark,
    rounded,
)


@pytest.mark.parametrize(
    ("system", "value", "level"),
    [
        (FIVE_POINT, "5", 5),
        (FIVE_POINT, "1", 1),
        (FIVE_POINT, "зач", 3),
        (FIVE_POINT, "н/а", None),
        (PASS_FAIL, "незач", 2),
        (HUNDRED_POINT, "0", 2),
        (HUNDRED_POINT, "49", 2),
        (HUNDRED_POINT, "50", 3),
        (HUNDRED_POINT, "100", 5),
        (TEN_POINT, "6", 4),
        (LETTER, "D", 3),
    ],
    ids=lambda value: value.code if isinstance(value, GradingSystem) else str(value),
)
def test_a_mark_has_its_five_point_level(system: GradingSystem, value: str, level: int | None) -> None:
    found = grade_value(system, value)
    assert found is not None
    assert found.level == level


@pytest.mark.parametrize(
    ("system", "value"),
    [
        (FIVE_POINT, "6"),
        (HUNDRED_POINT, "101"),
        (HUNDRED_POINT, "007"),
        (TEN_POINT, "0"),
        (TEN_POINT, "٣"),
        (UNMARKED, "5"),
    ],
    ids=str,
)
def test_what_is_no_mark_means_nothing(system: GradingSystem, value: str) -> None:
    assert grade_value(system, value) is None


def test_a_range_without_a_band_for_a_mark_has_no_level() -> None:
    found = grade_value(GradingSystem(code="x", name="", scale="range", lowest=1, highest=9), "5")
    assert found is not None
    assert (found.level, found.points) == (None, 5)


def test_allowed_marks_are_said_as_a_user_would() -> None:
    assert allowed_values(FIVE_POINT) == "5, 4, 3, 2, 1"
    assert allowed_values(TEN_POINT) == "whole numbers from 1 to 10"
    assert allowed_values(UNMARKED) == "none"


def test_an_average_is_weighted_and_leaves_out_marks_without_points() -> None:
    """(5 × 1.00 + 4 × 2.00) / 3.00 = 4.33."""
    mean = average([(5, 100), (4, 200), (None, 100)])
    assert mean == Average(1_300, 300)
    assert mean.hundredths() == 433
    assert average([]).hundredths() is None


def test_hundredths_are_rounded_half_up() -> None:
    assert Average(7, 800).hundredths() == 1  # 0.875 hundredths
    assert Average(1, 200).hundredths() == 1  # exactly half a hundredth
    assert Average(1, 201).hundredths() == 0


@pytest.mark.parametrize(
    ("mean", "threshold", "whole"),
    [
        (Average(350, 100), 50, 4),
        (Average(349, 100), 50, 3),
        (Average(350, 100), 60, 3),
        (Average(360, 100), 60, 4),
        (Average(0, 0), 50, None),
    ],
    ids=str,
)
def test_an_average_is_rounded_by_the_schools_threshold(mean: Average, threshold: int, whole: int | None) -> None:
    assert rounded(mean, threshold) == whole


NEAR_FIVE = Average(450, 100)


def propose(system: GradingSystem = FIVE_POINT, mean: Average = NEAR_FIVE, **change: Any) -> str:
    """Three marks, ten lessons of which five were missed, unless said otherwise."""
    fields: dict[str, Any] = {"marks_count": 3, "attendance": Attendance(10, 5), **change}
    return proposed_final_mark(system, mean, **fields, round_up_from_hundredths=50, marks_min=3, absence_percent_max=50)


def test_the_average_proposes_a_final_mark() -> None:
    assert propose() == "5"
    assert propose(TEN_POINT, Average(740, 100)) == "7"
    assert propose(LETTER, Average(449, 100)) == "B"


def test_nothing_is_proposed_below_the_norm_of_marks_or_without_an_average() -> None:
    assert propose(marks_count=2) == ""
    assert propose(mean=Average(0, 0)) == ""
    assert propose(PASS_FAIL) == ""


def test_whoever_missed_too_much_is_not_attested() -> None:
    assert propose(attendance=Attendance(10, 6)) == "н/а"
    assert propose(UNMARKED, attendance=Attendance(10, 6)) == ""
    assert propose(attendance=Attendance(0, 0)) == "5"


def test_a_deadline_is_the_midnight_after_the_last_day() -> None:
    same_day = deadline(date(2025, 9, 1), 0, "Europe/Moscow")
    assert local_day(same_day - 1, "Europe/Moscow") == date(2025, 9, 1)
    assert local_day(same_day, "Europe/Moscow") == date(2025, 9, 2)
    assert deadline(date(2025, 9, 1), 7, "Europe/Moscow") - same_day == 7 * 86_400_000_000


def test_a_percentage_is_exact_and_of_nothing_there_is_none() -> None:
    assert percent_hundredths(2, 3) == 6_667
    assert percent_hundredths(1, 8) == 1_250
    assert percent_hundredths(1, 20_000) == 1  # half a hundredth of a percent goes up
    assert percent_hundredths(0, 0) is None
