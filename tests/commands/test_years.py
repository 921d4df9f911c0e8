"""The academic year: its bounds, cycle, periods, breaks, holidays, bells."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import year as y
from ejd.kernel.ids import derived
from ejd_commands.known import (
    BelongsToAnotherYear,
    EndsBeforeItBegins,
    NamedTwice,
    NameTaken,
    NoSuchCycleDay,
    OutsideTheYear,
    UnknownClass,
    UnknownYear,
)
from ejd_commands.years import (
    BellsOverlap,
    ClosedPeriodChanges,
    DefineBellSchedule,
    DefineBreaks,
    DefineCycle,
    DefineGradingPeriods,
    DefineHolidays,
    HolidayAndWorkingDay,
    NotACycle,
    NotAYear,
    OpenAcademicYear,
    PeriodCodeTaken,
    PeriodsOverlap,
    YearIsInUse,
)
from tests.scenario import given, refused_as_input, uid
from tests.worlds import (
    A_CLASS_5A,
    A_SCHOOL,
    A_YEAR,
    API_CLIENT,
    CLASS_5A,
    CLASS_5B,
    DEPUTY,
    FIRST_DAY,
    HEAD,
    LAST_DAY,
    STRANGER,
    YEAR,
)

A_BARE_YEAR = (*A_SCHOOL, (YEAR, y.AcademicYearOpened(name="2025/26", first_day=FIRST_DAY, last_day=LAST_DAY)))
OPENING = Ref(YEAR, 1)
Fields = dict[str, Any]


def the_year(**change: Any) -> OpenAcademicYear:
    return OpenAcademicYear.model_validate(
        {"year": YEAR, "title": "2025/26", "first_day": FIRST_DAY, "last_day": LAST_DAY, **change}
    )


def test_a_year_is_opened_under_an_id_that_follows_from_the_command() -> None:
    command_id = uid("command of a year")
    outcome = given(A_SCHOOL).when(the_year(year=None), by=API_CLIENT, command_id=command_id)
    stream = derived(command_id, "year")
    outcome.then(y.AcademicYearOpened(name="2025/26", first_day=FIRST_DAY, last_day=LAST_DAY)).in_stream(stream)
    assert outcome.reserved == {"year/2025/26": stream}


def test_a_year_is_opened_once_and_can_be_corrected() -> None:
    given(A_YEAR).when(the_year(), by=HEAD).then_nothing()
    longer = the_year(last_day=date(2026, 6, 30))
    given(A_YEAR).when(longer, by=HEAD).then(
        y.AcademicYearOpened(name="2025/26", first_day=FIRST_DAY, last_day=date(2026, 6, 30))
    )


def test_two_years_cannot_have_one_name() -> None:
    taken = given(A_SCHOOL).with_reserved({"year/2025/26": uid("another year")})
    taken.when(the_year(), by=HEAD).then_refused(NameTaken, saying="another academic year", field="title")


@pytest.mark.parametrize("last_day", [FIRST_DAY, date(2025, 8, 1), date(2026, 10, 7)])
def test_bounds_that_are_no_year_are_refused(last_day: date) -> None:
    given(A_SCHOOL).when(the_year(last_day=last_day), by=HEAD).then_refused(NotAYear, field="last_day")


@pytest.mark.parametrize(
    ("happened", "first_day", "last_day", "field"),
    [
        (A_YEAR[-6:], date(2025, 9, 2), LAST_DAY, "first_day"),
        (A_YEAR[-6:], FIRST_DAY, date(2026, 5, 28), "last_day"),
        (
            ((YEAR, y.BreaksDefined(breaks=(y.Break(name="К", first_day=FIRST_DAY, last_day=FIRST_DAY),))),),
            date(2025, 9, 3),
            LAST_DAY,
            "first_day",
        ),
        (
            ((YEAR, y.HolidaysDefined(holidays=(y.Holiday(day=FIRST_DAY, name="П"),))),),
            date(2025, 9, 4),
            LAST_DAY,
            "first_day",
        ),
        (
            (
                (
                    YEAR,
                    y.HolidaysDefined(holidays=(), transferred=(y.TransferredDay(day=LAST_DAY, cycle_day=1),)),
                ),
            ),
            FIRST_DAY,
            date(2026, 5, 27),
            "last_day",
        ),
    ],
)
def test_a_year_cannot_shrink_under_what_it_has(happened: Any, first_day: date, last_day: date, field: str) -> None:
    command = the_year(first_day=first_day, last_day=last_day)
    given(A_BARE_YEAR, *happened).when(command, by=HEAD).then_refused(
        YearIsInUse, saying="change it first", field=field
    )


WEEK = [{"title": name, "weekday": n} for n, name in enumerate(("Пн", "Вт", "Ср", "Чт", "Пт"))]


def cycle(**fields: Any) -> DefineCycle:
    return DefineCycle.model_validate({"year": YEAR, "kind": "weekly", "days": WEEK, **fields})


def test_a_weekly_cycle_is_defined_once() -> None:
    outcome = given(A_BARE_YEAR).when(cycle(), by=API_CLIENT)
    days = tuple(y.CycleDay(name=str(day["title"]), weekday=n) for n, day in enumerate(WEEK))
    outcome.then(y.CycleDefined(kind="weekly", days=days)).standing_on(OPENING)
    outcome.when(cycle(), by=HEAD).then_nothing()


def test_two_alternating_weeks_and_a_week_from_sunday_are_cycles() -> None:
    both = [{**day, "week": week} for week in (1, 2) for day in WEEK]
    (event,) = given(A_BARE_YEAR).when(cycle(days=both, weeks=2), by=HEAD).events
    assert isinstance(event, y.CycleDefined)
    assert [(day.week, day.weekday) for day in event.days][4:6] == [(1, 4), (2, 0)]
    sunday = [{"title": "Sun", "weekday": 6}, *WEEK[:4]]
    (event,) = given(A_BARE_YEAR).when(cycle(days=sunday), by=HEAD).events
    assert isinstance(event, y.CycleDefined)
    assert event.weekdays == (0, 1, 2, 3, 6)


def test_a_rolling_cycle_counts_certain_weekdays() -> None:
    days = [{"title": f"Day {n}"} for n in range(1, 7)]
    (event,) = given(A_BARE_YEAR).when(cycle(kind="rolling", days=days, weekdays=[4, 0, 1, 2, 3]), by=HEAD).events
    assert isinstance(event, y.CycleDefined)
    assert (event.kind, len(event.days), event.weekdays) == ("rolling", 6, (0, 1, 2, 3, 4))


@pytest.mark.parametrize(
    ("fields", "saying"),
    [
        ({"days": [{"title": "Пн"}]}, "needs its weekday"),
        ({"days": [*WEEK, WEEK[0]]}, "twice in one week"),
        ({"days": [{**WEEK[0], "week": 2}]}, "has 1 week"),
        ({"weekdays": [0]}, "leave the list out"),
        ({"kind": "rolling", "days": [{"title": "Day 1"}]}, "name each of them once"),
        ({"kind": "rolling", "days": [{"title": "Day 1"}], "weekdays": [0, 0]}, "name each of them once"),
        ({"kind": "rolling", "weekdays": [0]}, "neither weekday nor week"),
        ({"kind": "rolling", "days": [{"title": "D", "week": 2}], "weekdays": [0]}, "neither weekday nor week"),
        ({"kind": "rolling", "days": [{"title": "D"}], "weekdays": [0], "weeks": 2}, "neither weekday nor week"),
    ],
)
def test_days_that_make_no_cycle_are_refused(fields: Fields, saying: str) -> None:
    given(A_BARE_YEAR).when(cycle(**fields), by=HEAD).then_refused(NotACycle, saying=saying)


def test_a_cycle_keeps_the_days_that_transferred_dates_need() -> None:
    saturday = y.HolidaysDefined(holidays=(), transferred=(y.TransferredDay(day=date(2025, 11, 1), cycle_day=6),))
    refused = given(A_YEAR, (YEAR, saturday)).when(cycle(), by=HEAD)
    refused.then_refused(NoSuchCycleDay, saying="01.11.2025 works as cycle day 6", field="days")
    monday = y.HolidaysDefined(holidays=(), transferred=(y.TransferredDay(day=date(2025, 11, 1), cycle_day=1),))
    assert given(A_YEAR, (YEAR, monday)).when(cycle(), by=HEAD).events


Q1 = {"code": "q1", "title": "I", "first_day": "2025-09-01", "last_day": "2025-10-24"}
Q2 = {"code": "q2", "title": "II", "first_day": "2025-11-05", "last_day": "2025-12-30"}


def periods(*parts: Fields, scheme: str = "quarters") -> DefineGradingPeriods:
    return DefineGradingPeriods.model_validate({"year": YEAR, "scheme": scheme, "periods": parts})


def test_periods_of_a_scheme_are_defined_whole() -> None:
    outcome = given(A_BARE_YEAR).when(periods(Q1, Q2), by=HEAD)
    outcome.then(
        y.GradingPeriodsDefined(
            scheme="quarters",
            periods=(
                y.GradingPeriod(code="q1", name="I", first_day=date(2025, 9, 1), last_day=date(2025, 10, 24)),
                y.GradingPeriod(code="q2", name="II", first_day=date(2025, 11, 5), last_day=date(2025, 12, 30)),
            ),
        )
    )
    outcome.when(periods(Q1, Q2), by=HEAD).then_nothing()


@pytest.mark.parametrize(
    ("parts", "refusal", "field"),
    [
        ([{**Q1, "first_day": "2025-08-31"}], OutsideTheYear, "periods.0.first_day"),
        ([Q1, {**Q2, "last_day": "2026-05-30"}], OutsideTheYear, "periods.1.last_day"),
        ([{**Q1, "first_day": "2025-10-25"}], EndsBeforeItBegins, "periods.0.last_day"),
        ([Q1, {**Q2, "first_day": "2025-10-24"}], PeriodsOverlap, "periods"),
        ([Q2, Q1], PeriodsOverlap, "periods"),
        ([Q1, {**Q2, "code": "q1"}], NamedTwice, "periods"),
        ([{**Q1, "code": "h1"}], PeriodCodeTaken, "periods"),
        ([{**Q1, "code": "year"}], PeriodCodeTaken, "periods"),
    ],
)
def test_periods_that_do_not_fit_are_refused(parts: list[Fields], refusal: type[Any], field: str) -> None:
    given(A_YEAR).when(periods(*parts), by=HEAD).then_refused(refusal, field=field)


def test_a_closed_period_keeps_its_days() -> None:
    closed = given(A_YEAR, (YEAR, y.PeriodClosed(period="q1")))
    shifted = periods({**Q1, "last_day": "2025-10-23"}, Q2)
    closed.when(shifted, by=HEAD).then_refused(
        ClosedPeriodChanges, saying="leave 01.09.2025 to 24.10.2025 as they were", field="periods"
    )
    renamed = periods({**Q1, "title": "Первая"}, Q2)
    assert closed.when(renamed, by=HEAD).events


def test_breaks_are_defined_whole_also_for_single_grades() -> None:
    part = {"title": "Зимние", "first_day": "2025-12-31", "last_day": "2026-01-11", "grades": [2, 1, 2]}
    command = DefineBreaks.model_validate({"year": YEAR, "breaks": [part]})
    outcome = given(A_BARE_YEAR).when(command, by=DEPUTY)
    winter = y.Break(name="Зимние", first_day=date(2025, 12, 31), last_day=date(2026, 1, 11), grades=(1, 2))
    outcome.then(y.BreaksDefined(breaks=(winter,)))
    outcome.when(command, by=DEPUTY).then_nothing()
    outside = DefineBreaks.model_validate({"year": YEAR, "breaks": [{**part, "last_day": "2026-08-01"}]})
    given(A_BARE_YEAR).when(outside, by=DEPUTY).then_refused(
        OutsideTheYear, saying="(01.09.2025 to 29.05.2026)", field="breaks.0.last_day"
    )


def test_single_classes_have_breaks_of_their_own() -> None:
    part = {"title": "Практика", "first_day": "2025-10-13", "last_day": "2025-10-17", "classes": [CLASS_5B, CLASS_5A]}
    command = DefineBreaks.model_validate({"year": YEAR, "breaks": [part]})
    practice = y.Break(
        name="Практика",
        first_day=date(2025, 10, 13),
        last_day=date(2025, 10, 17),
        classes=tuple(sorted((CLASS_5A, CLASS_5B))),
    )
    given(A_CLASS_5A).when(command, by=DEPUTY).then(y.BreaksDefined(breaks=(practice,)))
    closed = (YEAR, y.PeriodClosed(period="q1"))
    given(A_CLASS_5A, closed).when(command, by=DEPUTY).then_refused(ClosedPeriodChanges, field="breaks")
    given(A_BARE_YEAR).when(command, by=DEPUTY).then_refused(UnknownClass, field="breaks.0.classes.0")
    another = (CLASS_5B, j.ClassFormed(year=STRANGER, name="5Б", grade=5, scheme="q", bells="b"))
    given(A_CLASS_5A, another).when(command, by=DEPUTY).then_refused(
        BelongsToAnotherYear, saying="5Б", field="breaks.0.classes.0"
    )


UNITY = {"day": "2025-11-04", "title": "День народного единства"}


def holidays(*days: Fields, transferred: list[Fields] | None = None) -> DefineHolidays:
    return DefineHolidays.model_validate({"year": YEAR, "holidays": days, "transferred": transferred or []})


def test_holidays_and_transferred_days_are_defined_whole() -> None:
    command = holidays(UNITY, transferred=[{"day": "2025-11-01", "cycle_day": 1}])
    outcome = given(A_YEAR).when(command, by=HEAD)
    outcome.then(
        y.HolidaysDefined(
            holidays=(y.Holiday(day=date(2025, 11, 4), name="День народного единства"),),
            transferred=(y.TransferredDay(day=date(2025, 11, 1), cycle_day=1),),
        )
    )
    outcome.when(command, by=HEAD).then_nothing()


@pytest.mark.parametrize(
    ("command", "refusal", "field"),
    [
        (holidays({**UNITY, "day": "2025-08-31"}), OutsideTheYear, "holidays.0.day"),
        (holidays(UNITY, UNITY), NamedTwice, "holidays"),
        (
            holidays(UNITY, transferred=[{"day": "2025-11-04", "cycle_day": 1}]),
            HolidayAndWorkingDay,
            "transferred.0.day",
        ),
        (holidays(transferred=[{"day": "2025-11-01", "cycle_day": 7}]), NoSuchCycleDay, "transferred.0.cycle_day"),
        (holidays(transferred=[{"day": "2026-07-01", "cycle_day": 1}]), OutsideTheYear, "transferred.0.day"),
        (holidays(transferred=[{"day": "2025-11-01", "cycle_day": n} for n in (1, 2)]), NamedTwice, "transferred"),
    ],
)
def test_holidays_that_do_not_fit_are_refused(command: Command, refusal: type[Any], field: str) -> None:
    given(A_YEAR).when(command, by=HEAD).then_refused(refusal, field=field)


def test_a_day_is_transferred_only_when_there_is_a_cycle() -> None:
    command = holidays(transferred=[{"day": "2025-11-01", "cycle_day": 1}])
    given(A_BARE_YEAR).when(command, by=HEAD).then_refused(NoSuchCycleDay, saying="define the cycle first")


FIRST_LESSON = {"slot": 1, "starts": 510, "ends": 555}


def bells(*parts: Fields) -> DefineBellSchedule:
    return DefineBellSchedule.model_validate({"year": YEAR, "code": "short-days", "title": "Короткие", "bells": parts})


def test_a_bell_schedule_is_defined_once() -> None:
    command = bells(FIRST_LESSON, {"slot": 2, "starts": 555, "ends": 590})
    outcome = given(A_BARE_YEAR).when(command, by=HEAD)
    rings = (y.Bell(slot=1, starts=510, ends=555), y.Bell(slot=2, starts=555, ends=590))
    outcome.then(y.BellScheduleDefined(code="short-days", name="Короткие", bells=rings))
    outcome.when(command, by=HEAD).then_nothing()


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([{**FIRST_LESSON, "ends": 510}], "bells.0.ends"),
        ([FIRST_LESSON, {"slot": 2, "starts": 554, "ends": 590}], "bells.1.starts"),
        ([FIRST_LESSON, {"slot": 1, "starts": 560, "ends": 590}], "bells.1.starts"),
    ],
)
def test_bells_that_overlap_or_lose_the_order_are_refused(parts: list[Fields], field: str) -> None:
    given(A_BARE_YEAR).when(bells(*parts), by=HEAD).then_refused(BellsOverlap, field=field)


def test_a_slot_is_one_of_twenty() -> None:
    refused_as_input(
        DefineBellSchedule, field="bells.0.slot", year=YEAR, code="x", title="X", bells=[{**FIRST_LESSON, "slot": 21}]
    )


def test_a_year_that_is_not_there_takes_nothing() -> None:
    command = DefineBreaks(year=STRANGER, breaks=())
    given(A_SCHOOL).when(command, by=HEAD).then_refused(UnknownYear, saying="open-academic-year", field="year")
