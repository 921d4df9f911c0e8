"""The official production calendar: days of each year counted against the norms that were published for them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ejd.kernel.production import DayOff, ProductionYear, PublicHoliday, Transfer, Worked, days_of, shipped

FIVE, SIX = frozenset(range(5)), frozenset(range(6))
WORKING_DAYS = {2024: 248, 2025: 247, 2026: 247, 2027: 247}
"""At five days a week; 2024-2026 as ConsultantPlus publishes them, 2027 as the package holidays 0.109 counts."""


def working_days(year: int, weekdays: frozenset[int]) -> list[date]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = days_of([shipped()[year]], first, last, weekdays)
    free, worked = {one.day for one in days.free}, {one.day for one in days.worked}
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in every if day in worked or (day.weekday() in weekdays and day not in free)]


@pytest.mark.parametrize("year", sorted(WORKING_DAYS))
def test_a_year_has_as_many_working_days_as_are_published(year: int) -> None:
    assert len(working_days(year, FIVE)) == WORKING_DAYS[year]


@pytest.mark.parametrize("year", sorted(WORKING_DAYS))
def test_every_year_names_its_act_and_how_far_it_was_confirmed(year: int) -> None:
    one = shipped()[year]
    assert one.source
    assert one.confirmed
    assert all(day.day.year == year for day in one.holidays)
    assert all(moved.old.year == moved.new.year == year for moved in one.transfers)
    assert all(moved.old.weekday() in {5, 6} and moved.new.weekday() in FIVE for moved in one.transfers)
    assert len({moved.new for moved in one.transfers}) == len(one.transfers)


def test_what_is_not_confirmed_says_so() -> None:
    assert {year for year, one in shipped().items() if one.note} == {2027}


def test_a_saturday_is_worked_for_the_monday_that_is_free() -> None:
    days = days_of([shipped()[2025]], date(2025, 10, 27), date(2025, 11, 9), FIVE)
    assert days.worked == (Worked(date(2025, 11, 1), date(2025, 11, 3)),)
    assert days.free == (
        DayOff(date(2025, 11, 3), "Выходной (перенесён с 01.11.2025)", date(2025, 11, 1)),
        DayOff(date(2025, 11, 4), "День народного единства"),
    )


def test_at_six_days_a_week_a_saturday_is_no_day_off_that_could_move() -> None:
    days = days_of([shipped()[2025]], date(2025, 10, 27), date(2025, 12, 31), SIX)
    assert days.worked == ()
    assert [one.day for one in days.free] == [date(2025, 11, 4), date(2025, 12, 31)]


def test_a_holiday_that_is_free_anyway_keeps_its_name() -> None:
    own = ProductionYear(
        year=2025,
        source="школа",
        holidays=(PublicHoliday(day=date(2025, 11, 3), name="День школы"),),
        transfers=(Transfer(old=date(2025, 11, 1), new=date(2025, 11, 3)),),
    )
    assert days_of([own], date(2025, 9, 1), date(2025, 12, 31), FIVE).free == (DayOff(date(2025, 11, 3), "День школы"),)
