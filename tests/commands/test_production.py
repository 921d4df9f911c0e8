"""Holidays and transferred days of a year from the official production calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.events import year as y
from ejd_commands.known import NamedTwice, UnknownYear
from ejd_commands.production import (
    NoCycleYet,
    NoDayToWorkAs,
    NoProductionCalendar,
    NotADayOff,
    OwnCalendarIsWhole,
    TakeProductionCalendar,
)
from ejd_commands.years import ClosedPeriodChanges
from tests.scenario import World, given
from tests.worlds import A_SCHOOL, A_YEAR, HEAD, STRANGER, YEAR

OPENED = (YEAR, y.AcademicYearOpened(name="2025/26", first_day=date(2025, 9, 1), last_day=date(2026, 5, 29)))
FIVE_DAYS = tuple(y.CycleDay(name=f"День {n}", weekday=n) for n in range(5))
AT_FIVE_DAYS: World = (
    *A_SCHOOL,
    OPENED,
    (YEAR, y.CycleDefined(kind="weekly", days=FIVE_DAYS, weekdays=(0, 1, 2, 3, 4))),
)
TAKE = TakeProductionCalendar(year=YEAR)


def days(event: Any) -> dict[str, str]:
    assert isinstance(event, y.HolidaysDefined)
    return {one.day.isoformat(): one.name for one in event.holidays}


def test_a_school_at_five_days_works_a_saturday_by_the_timetable_of_the_free_monday() -> None:
    outcome = given(AT_FIVE_DAYS).when(TAKE, by=HEAD)
    (event,) = outcome.events
    assert isinstance(event, y.HolidaysDefined)
    assert event.transferred == (y.TransferredDay(day=date(2025, 11, 1), cycle_day=1),)
    found = days(event)
    assert found["2025-11-03"] == "Выходной (перенесён с 01.11.2025)"
    assert found["2025-12-31"] == "Выходной (перенесён с 05.01.2025)"
    assert found["2026-01-09"] == "Выходной (перенесён с 03.01.2026)"
    assert found["2026-03-09"] == "Выходной (перенесён с 08.03.2026)"
    assert {"2025-06-13", "2026-12-31"}.isdisjoint(found)
    outcome.when(TAKE, by=HEAD).then_nothing()


def test_a_saturday_in_the_break_or_that_nobody_works_has_no_lessons() -> None:
    autumn = y.Break(name="Осенние каникулы", first_day=date(2025, 10, 25), last_day=date(2025, 11, 3))
    resting = (YEAR, y.BreaksDefined(breaks=(autumn,)))
    (event,) = given(AT_FIVE_DAYS, resting).when(TAKE, by=HEAD).events
    assert isinstance(event, y.HolidaysDefined)
    assert event.transferred == ()
    own = TakeProductionCalendar(year=YEAR, worked="none")
    (event,) = given(AT_FIVE_DAYS).when(own, by=HEAD).events
    assert isinstance(event, y.HolidaysDefined)
    assert event.transferred == ()


def test_the_rules_are_those_of_the_week_that_is_named() -> None:
    (six,) = given(A_YEAR).when(TAKE, by=HEAD).events
    (five,) = given(A_YEAR).when(TakeProductionCalendar(year=YEAR, week_days=5), by=HEAD).events
    (also_six,) = given(AT_FIVE_DAYS).when(TakeProductionCalendar(year=YEAR, week_days=6), by=HEAD).events
    assert days(six) == days(also_six)
    assert set(days(five)) - set(days(six)) == {"2025-11-03", "2026-01-09", "2026-05-11"}


def test_a_calendar_of_ones_own_replaces_the_official_one() -> None:
    own = TakeProductionCalendar.model_validate(
        {
            "year": YEAR,
            "holidays": [{"day": "2025-10-20", "title": "День района"}, {"day": "2027-01-01", "title": "Новый год"}],
            "transfers": [{"old": "2025-10-18", "new": "2025-10-21"}],
        }
    )
    given(AT_FIVE_DAYS).when(own, by=HEAD).then(
        y.HolidaysDefined(
            holidays=(
                y.Holiday(day=date(2025, 10, 20), name="День района"),
                y.Holiday(day=date(2025, 10, 21), name="Выходной (перенесён с 18.10.2025)"),
            ),
            transferred=(y.TransferredDay(day=date(2025, 10, 18), cycle_day=2),),
        )
    )


def own(**fields: Any) -> TakeProductionCalendar:
    return TakeProductionCalendar.model_validate({"year": YEAR, **fields})


ONE_HOLIDAY = [{"day": "2025-10-20", "title": "День района"}]


def test_what_makes_no_calendar_is_refused() -> None:
    world = given(AT_FIVE_DAYS)
    alone = own(transfers=[{"old": "2025-10-18", "new": "2025-10-21"}])
    world.when(alone, by=HEAD).then_refused(OwnCalendarIsWhole, field="holidays")
    monday = own(holidays=ONE_HOLIDAY, transfers=[{"old": "2025-10-20", "new": "2025-10-21"}])
    world.when(monday, by=HEAD).then_refused(NotADayOff, saying="20.10.2025", field="transfers.0.old")
    nowhere = own(holidays=ONE_HOLIDAY, transfers=[{"old": "2025-10-18", "new": "2025-10-18"}])
    world.when(nowhere, by=HEAD).then_refused(NotADayOff, field="transfers.0.old")
    world.when(own(holidays=ONE_HOLIDAY * 2), by=HEAD).then_refused(NamedTwice, field="holidays")
    sunday = own(holidays=ONE_HOLIDAY, transfers=[{"old": "2025-10-18", "new": "2025-10-19"}])
    world.when(sunday, by=HEAD).then_refused(NoDayToWorkAs, saying="worked none", field="worked")
    given(A_SCHOOL).when(TakeProductionCalendar(year=STRANGER), by=HEAD).then_refused(UnknownYear)


def test_a_year_needs_its_cycle_and_a_calendar() -> None:
    given(A_SCHOOL, OPENED).when(TAKE, by=HEAD).then_refused(NoCycleYet, saying="define-cycle", field="year")
    far = (YEAR, y.AcademicYearOpened(name="2027/28", first_day=date(2027, 9, 1), last_day=date(2028, 5, 29)))
    given(AT_FIVE_DAYS, far).when(TAKE, by=HEAD).then_refused(
        NoProductionCalendar, saying="no production calendar of 2028", field="holidays"
    )


def test_a_rolling_cycle_has_no_day_that_a_saturday_is_worked_as() -> None:
    rolling = (
        YEAR,
        y.CycleDefined(kind="rolling", days=(y.CycleDay(name="День 1"),), weekdays=(0, 1, 2, 3, 4)),
    )
    given(AT_FIVE_DAYS, rolling).when(TAKE, by=HEAD).then_refused(NoDayToWorkAs, field="worked")
    given(AT_FIVE_DAYS, rolling).when(own(worked="none"), by=HEAD).in_stream(YEAR)


def test_closed_periods_keep_their_days() -> None:
    quarter = y.GradingPeriod(code="q2", name="II", first_day=date(2025, 10, 27), last_day=date(2025, 12, 30))
    closed = (
        (YEAR, y.GradingPeriodsDefined(scheme="quarters", periods=(quarter,))),
        (YEAR, y.PeriodClosed(period="q2")),
    )
    given(AT_FIVE_DAYS, closed).when(TAKE, by=HEAD).then_refused(ClosedPeriodChanges, field="year")
