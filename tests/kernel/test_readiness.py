"""The term of a year's set-up, and the days on which people are reminded of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ejd.kernel.envelope import Ref
from ejd.kernel.events import year as y
from ejd.kernel.readiness import default_term, reminder_due
from ejd.kernel.states.school import YearState

TERM = date(2025, 9, 15)


def test_the_term_is_15_september_of_the_years_beginning() -> None:
    assert default_term(date(2025, 9, 1)) == TERM
    assert default_term(date(2025, 8, 25)) == TERM
    assert default_term(date(2026, 1, 12)) == date(2026, 9, 15)
    assert default_term(date(2025, 10, 1)) == date(2025, 10, 1)


@pytest.mark.parametrize(
    ("days", "due"),
    [(-15, None), (-14, -14), (-8, -14), (-7, -7), (0, 0), (2, 1), (20, 14), (28, 28), (34, 28), (35, None)],
)
def test_a_reminder_that_nobody_wrote_in_time_is_made_up_for(days: int, due: int | None) -> None:
    assert reminder_due(TERM, TERM + timedelta(days=days)) == due


def test_a_year_has_the_term_that_was_named() -> None:
    state = YearState()
    assert state.readiness_term is None
    state.evolve(
        y.AcademicYearOpened(name="2025/26", first_day=date(2025, 9, 1), last_day=date(2026, 5, 29)), Ref("year", 1)
    )
    assert state.readiness_term == TERM
    state.evolve(y.ReadinessDateSet(day=date(2025, 9, 20)), Ref("year", 2))
    assert state.readiness_term == date(2025, 9, 20)
