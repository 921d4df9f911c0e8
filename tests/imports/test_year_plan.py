"""The days, bells and halves of a year that a timetable file calls for."""

from __future__ import annotations

from datetime import date

import pytest

from ejd.imports.titles import grade_of, person_name
from ejd.imports.weekdays import cycle
from ejd.imports.year_plan import bells_of, cycle_of, half_years, numbers_in
from ejd.kernel.events.year import CycleDay, CycleDefined
from tests.imports.small_files import activity, timetable

LESSON = activity(1, "Математика", "Ада/5А", (0, 1))


@pytest.mark.parametrize(
    ("days", "kind", "weekdays", "weeks"),
    [
        (cycle(["Sunday", "Monday"]), "weekly", [6, 0], [1, 1]),
        # A second Monday opens week 2.
        (cycle(["Mon", "Tue", "Mon", "Tue"]), "weekly", [0, 1, 0, 1], [1, 1, 2, 2]),
        # Weeks without names of days begin on Monday (DK-FG-12).
        (cycle(["D1", "D2", "D3"], [1, 1, 2]), "weekly", [0, 1, 0], [1, 1, 2]),
        # Two halves of one day are two days, and no weekday can be both.
        (cycle(["Mon early", "Mon late"], [1, 1]), "weekly", [0, 1], [1, 1]),
        (cycle([f"D{n}" for n in range(8)], [1] * 8), "rolling", [None] * 8, [1] * 8),
        (cycle(["Day 1", "Monday"]), "rolling", [None, None], [1, 1]),
    ],
)
def test_a_cycle_follows_the_names_or_the_weeks_of_days(
    days: tuple[CycleDay, ...], kind: str, weekdays: list[int | None], weeks: list[int]
) -> None:
    found = cycle_of(timetable(LESSON, days=days))  # type: ignore[arg-type]
    assert (found.kind, [day.weekday for day in found.days], [day.week for day in found.days]) == (
        kind,
        weekdays,
        weeks,
    )


def test_the_schools_own_cycle_is_used_where_the_files_days_are_in_it() -> None:
    planned = cycle_of(timetable(LESSON, days=cycle(["Monday", "Wednesday"])))
    six_days = tuple(CycleDay(name=str(n), weekday=n) for n in (5, 0, 1, 2, 3, 4))
    assert numbers_in(CycleDefined(kind="weekly", days=six_days), planned) == (2, 4)
    assert numbers_in(CycleDefined(kind="weekly", days=six_days[:2]), planned) is None
    assert numbers_in(CycleDefined(kind="weekly", days=six_days, weeks=2), planned) is None
    assert numbers_in(CycleDefined(kind="rolling", days=six_days[:2]), planned) is None
    counted = cycle_of(timetable(LESSON, days=cycle(["Day 1", "Day 2"])))
    assert numbers_in(CycleDefined(kind="rolling", days=six_days[:2]), counted) == (1, 2)


@pytest.mark.parametrize(
    ("names", "bells"),
    [
        # Lessons of 45 minutes, shorter where the next one begins earlier; clocks may stand among other words.
        (("08:10", "08:50", "с 9.45"), [(490, 530), (530, 575), (585, 630)]),
        (("1", "2", "3"), [(480, 525), (535, 580), (590, 635)]),
        (("08:10", "08:10", "09:00"), [(480, 525), (535, 580), (590, 635)]),
    ],
)
def test_bells_ring_when_the_slots_say_so(names: tuple[str, ...], bells: list[tuple[int, int]]) -> None:
    found = bells_of(timetable(LESSON, slots_per_day=3, slot_names=names))
    assert [(bell.starts, bell.ends) for bell in found] == bells


def test_even_twenty_slots_end_by_midnight() -> None:
    found = bells_of(timetable(LESSON, slots_per_day=20))
    assert found[-1].ends <= 1440
    assert found[0].starts >= 0


def test_half_years_leave_no_day_out() -> None:
    first, second = half_years(date(2026, 9, 1), date(2027, 5, 28))
    assert (first.first_day, first.last_day) == (date(2026, 9, 1), date(2027, 1, 13))
    assert (second.first_day, second.last_day) == (date(2027, 1, 14), date(2027, 5, 28))


def test_a_grade_is_the_number_that_a_class_begins_with() -> None:
    names = {"07A": 7, "12 IB": 12, "5А": 5, "11": 11, "Α1": 0, "2010": 0, "14b": 0, "": 0}
    assert {name: grade_of(name) for name in names} == names


def test_a_person_reads_as_in_the_file() -> None:
    assert person_name(" Ada  King Lovelace ").full() == "Ada King Lovelace"
    assert person_name("T07").family == "T07"
    assert len(person_name("x" * 300).family) == 100
