"""What a date is: weekly, alternating and rolling cycles, breaks, holidays, transferred days, periods, bells."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from ejd.kernel.calendar import (
    YEAR_DAYS_MAX,
    Calendar,
    CalendarData,
    calendar_from_json,
    evolve,
    local_day,
    microseconds_at,
)
from ejd.kernel.event import Event
from ejd.kernel.events import year as y
from ejd.kernel.events.journals import ClassTeacherAppointed

MON_1_SEP = date(2025, 9, 1)
OPENED = y.AcademicYearOpened(name="2025/26", first_day=MON_1_SEP, last_day=date(2026, 5, 29))
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly(*weekdays: int, weeks: int = 1) -> y.CycleDefined:
    """A cycle of these weekdays, in this order, for each of the weeks."""
    days = (y.CycleDay(name=NAMES[n], weekday=n, week=week) for week in range(1, weeks + 1) for n in weekdays)
    return y.CycleDefined(kind="weekly", days=tuple(days), weeks=weeks)


def rolling(length: int, *weekdays: int) -> y.CycleDefined:
    """Day 1 to Day `length`, counted over these weekdays."""
    days = tuple(y.CycleDay(name=f"Day {n}") for n in range(1, length + 1))
    return y.CycleDefined(kind="rolling", days=days, weekdays=weekdays)


def calendar(*events: Event) -> Calendar:
    """The calendar of the year after these events."""
    data = CalendarData()
    for event in (OPENED, *events):
        data = evolve(data, event)
    return Calendar(data)


def days_from(found: Calendar, first: date, count: int, grade: int = 5) -> list[int | None]:
    """The cycle days of consecutive dates."""
    return [found.cycle_day(first + timedelta(days=n), grade) for n in range(count)]


def test_a_week_of_five_days_repeats() -> None:
    assert days_from(calendar(weekly(0, 1, 2, 3, 4)), MON_1_SEP, 8) == [1, 2, 3, 4, 5, None, None, 1]


def test_a_week_of_six_days_has_lessons_on_saturday() -> None:
    assert days_from(calendar(weekly(0, 1, 2, 3, 4, 5)), MON_1_SEP, 7) == [1, 2, 3, 4, 5, 6, None]


def test_alternating_weeks_take_turns_from_the_week_of_the_first_day() -> None:
    both = calendar(weekly(0, 1, 2, 3, 4, weeks=2))
    assert days_from(both, MON_1_SEP, 5) == [1, 2, 3, 4, 5]
    assert days_from(both, MON_1_SEP + timedelta(days=7), 5) == [6, 7, 8, 9, 10]
    assert days_from(both, MON_1_SEP + timedelta(days=14), 5) == [1, 2, 3, 4, 5]


def test_a_year_that_begins_in_the_middle_of_a_week_begins_with_the_first_of_the_alternating_weeks() -> None:
    thursday = y.AcademicYearOpened(name="2022/23", first_day=date(2022, 9, 1), last_day=date(2023, 5, 31))
    both = calendar(thursday, weekly(0, 1, 2, 3, 4, weeks=2))
    assert days_from(both, date(2022, 9, 1), 5) == [4, 5, None, None, 6]


def test_a_week_can_run_from_sunday_to_thursday() -> None:
    sunday = MON_1_SEP + timedelta(days=6)
    assert days_from(calendar(weekly(6, 0, 1, 2, 3)), sunday, 8) == [1, 2, 3, 4, 5, None, None, 1]


def test_alternating_weeks_from_sunday_change_on_sunday_not_on_monday() -> None:
    """1 September is the Monday of week 1, so the Sunday after it begins week 2 and its Monday goes on with it."""
    both = calendar(weekly(6, 0, 1, 2, 3, weeks=2))
    assert days_from(both, MON_1_SEP, 4) == [2, 3, 4, 5]
    assert days_from(both, MON_1_SEP + timedelta(days=6), 5) == [6, 7, 8, 9, 10]


def test_a_rolling_cycle_counts_school_days() -> None:
    assert days_from(calendar(rolling(6, 0, 1, 2, 3, 4)), MON_1_SEP, 9) == [1, 2, 3, 4, 5, None, None, 6, 1]


def test_a_rolling_cycle_does_not_count_holidays_and_breaks() -> None:
    free = y.HolidaysDefined(holidays=(y.Holiday(day=date(2025, 9, 2), name="H"),))
    rest = y.BreaksDefined(breaks=(y.Break(name="B", first_day=date(2025, 9, 4), last_day=date(2025, 9, 5)),))
    found = calendar(rolling(3, 0, 1, 2, 3, 4), free, rest)
    assert days_from(found, MON_1_SEP, 9) == [1, None, 2, None, None, None, None, 3, 1]


def test_a_break_of_single_grades_leaves_the_count_of_a_rolling_cycle_alone() -> None:
    extra = y.BreaksDefined(breaks=(y.Break(name="B", first_day=MON_1_SEP, last_day=MON_1_SEP, grades=(1,)),))
    found = calendar(rolling(3, 0, 1, 2, 3, 4), extra)
    assert days_from(found, MON_1_SEP, 3, grade=1) == [None, 2, 3]
    assert days_from(found, MON_1_SEP, 3, grade=2) == [1, 2, 3]


def test_a_break_is_for_all_or_for_single_grades() -> None:
    winter = y.Break(name="W", first_day=date(2025, 9, 2), last_day=date(2025, 9, 3))
    extra = y.Break(name="E", first_day=date(2025, 9, 4), last_day=date(2025, 9, 4), grades=(1, 2))
    found = calendar(weekly(0, 1, 2, 3, 4), y.BreaksDefined(breaks=(winter, extra)))
    assert days_from(found, MON_1_SEP, 5, grade=1) == [1, None, None, None, 5]
    assert days_from(found, MON_1_SEP, 5, grade=3) == [1, None, None, 4, 5]


def test_a_transferred_saturday_works_as_the_monday_that_was_free() -> None:
    """Monday 3 November is free for Tuesday 4 November; Saturday 1 November works for it."""
    moved = y.HolidaysDefined(
        holidays=(y.Holiday(day=date(2025, 11, 3), name="Перенос"), y.Holiday(day=date(2025, 11, 4), name="День")),
        transferred=(y.TransferredDay(day=date(2025, 11, 1), cycle_day=1),),
    )
    found = calendar(weekly(0, 1, 2, 3, 4), moved)
    assert days_from(found, date(2025, 11, 1), 5) == [1, None, None, None, 3]


def test_a_transferred_day_works_in_a_break_and_a_rolling_cycle_goes_on_after_it() -> None:
    moved = y.HolidaysDefined(holidays=(), transferred=(y.TransferredDay(day=date(2025, 9, 6), cycle_day=1),))
    rest = y.BreaksDefined(breaks=(y.Break(name="B", first_day=date(2025, 9, 6), last_day=date(2025, 9, 7)),))
    found = calendar(rolling(6, 0, 1, 2, 3, 4), moved, rest)
    assert days_from(found, date(2025, 9, 5), 4) == [5, 1, None, 6]


def test_outside_the_year_there_are_no_lessons() -> None:
    found = calendar(weekly(0, 1, 2, 3, 4))
    assert found.cycle_day(date(2025, 8, 29), 5) is None
    assert found.cycle_day(date(2026, 6, 1), 5) is None
    assert len(list(found.days())) == 271


def test_without_a_year_or_a_cycle_there_are_no_lessons() -> None:
    assert calendar().cycle_day(MON_1_SEP, 5) is None
    nowhere = Calendar(evolve(CalendarData(), weekly(0, 1)))
    assert list(nowhere.days()) == []
    assert nowhere.cycle_day(MON_1_SEP, 5) is None
    assert nowhere.by_week(MON_1_SEP) is None


def test_a_break_of_single_classes_is_no_break_for_others() -> None:
    field_practice = y.Break(name="Практика", first_day=MON_1_SEP, last_day=date(2025, 9, 2), classes=("8a", "8b"))
    excursion = y.Break(name="Экскурсия", first_day=MON_1_SEP, last_day=MON_1_SEP, grades=(1,), classes=("8c",))
    found = calendar(weekly(0, 1, 2, 3, 4), y.BreaksDefined(breaks=(field_practice, excursion)))
    tuesday = date(2025, 9, 2)
    assert found.cycle_day(MON_1_SEP, 8) == 1
    assert found.cycle_day(MON_1_SEP, 8, ("8a",)) is None
    assert found.cycle_day(MON_1_SEP, 1, ("1a",)) is None
    assert found.cycle_day(MON_1_SEP, 8, ("8d",)) == 1
    # A stream is taught as long as one of its classes is there; three breaks together may take all of them away.
    assert found.cycle_day(MON_1_SEP, 8, ("8a", "8d")) == 1
    assert found.cycle_day(MON_1_SEP, 8, ("8c", "8a")) is None
    assert found.cycle_day(tuesday, 8, ("8c", "8a")) == 2
    assert (found.break_for_all(MON_1_SEP), found.by_week(MON_1_SEP)) == (False, 1)


def test_a_rolling_cycle_counts_on_while_single_classes_rest() -> None:
    practice = y.Break(name="Практика", first_day=MON_1_SEP, last_day=date(2025, 9, 2), classes=("8a",))
    found = calendar(rolling(3, 0, 1, 2, 3, 4), y.BreaksDefined(breaks=(practice,)))
    days = [MON_1_SEP + timedelta(days=n) for n in range(4)]
    assert [found.cycle_day(day, 8, ("8a",)) for day in days] == [None, None, 3, 1]
    assert [found.cycle_day(day, 8, ("8b",)) for day in days] == [1, 2, 3, 1]


def test_a_cycle_without_days_has_no_lessons() -> None:
    assert calendar(y.CycleDefined(kind="weekly", days=())).cycle_day(MON_1_SEP, 5) is None


def test_a_year_is_never_walked_for_ever() -> None:
    endless = y.AcademicYearOpened(name="", first_day=MON_1_SEP, last_day=date(2100, 1, 1))
    assert len(list(calendar(endless).days())) == YEAR_DAYS_MAX


Q1 = y.GradingPeriod(code="q1", name="I", first_day=MON_1_SEP, last_day=date(2025, 10, 24))
Q2 = y.GradingPeriod(code="q2", name="II", first_day=date(2025, 11, 5), last_day=date(2025, 12, 30))
H1 = y.GradingPeriod(code="h1", name="I п/г", first_day=MON_1_SEP, last_day=date(2025, 12, 30))
PERIODS = (
    y.GradingPeriodsDefined(scheme="quarters", periods=(Q1, Q2)),
    y.GradingPeriodsDefined(scheme="half-years", periods=(H1,)),
)


@pytest.mark.parametrize(
    ("scheme", "day", "period"),
    [
        ("quarters", Q1.first_day, Q1),
        ("quarters", Q1.last_day, Q1),
        ("quarters", date(2025, 10, 25), None),
        ("quarters", Q2.first_day, Q2),
        ("half-years", date(2025, 10, 25), H1),
        ("trimesters", Q1.first_day, None),
    ],
    ids=str,
)
def test_a_day_lies_in_a_period_of_a_scheme_or_between_two(
    scheme: str, day: date, period: y.GradingPeriod | None
) -> None:
    assert calendar(*PERIODS).period(scheme, day) == period


def test_a_period_is_found_by_its_code_over_all_schemes() -> None:
    found = calendar(*PERIODS)
    assert found.period_by_code("h1") == H1
    assert found.period_by_code("q9") is None


def test_a_slot_has_its_times_in_a_bell_schedule() -> None:
    first = y.Bell(slot=1, starts=510, ends=555)
    found = calendar(y.BellScheduleDefined(code="first-shift", name="I", bells=(first,)))
    assert found.bell("first-shift", 1) == first
    assert found.bell("first-shift", 2) is None
    assert found.bell("second-shift", 1) is None


def test_other_events_change_no_calendar() -> None:
    data = calendar(*PERIODS).data
    assert evolve(data, ClassTeacherAppointed(staff="", starts=MON_1_SEP)) is data


def test_the_read_model_keeps_a_calendar_as_json() -> None:
    data = calendar(*PERIODS, weekly(0, 1, 2, 3, 4)).data
    text = msgspec.json.encode(data).decode()
    assert calendar_from_json(text).data == data
    assert calendar_from_json(text) is calendar_from_json(text)


def test_a_day_of_the_school_begins_at_its_own_midnight() -> None:
    midnight = microseconds_at(date(2025, 9, 2), 0, "Europe/Moscow")
    assert midnight == 1_756_760_400_000_000  # 2025-09-01T21:00:00Z
    assert local_day(midnight, "Europe/Moscow") == date(2025, 9, 2)
    assert local_day(midnight - 1, "Europe/Moscow") == date(2025, 9, 1)
    assert microseconds_at(date(2025, 9, 1), 1440, "Europe/Moscow") == midnight


@pytest.mark.parametrize("cycle", [weekly(0, 1, 2, 3, 4), rolling(6, 0, 1, 2, 3, 4)])
def test_a_class_has_the_cycle_day_of_its_grade_or_none(cycle: y.CycleDefined) -> None:
    """Whoever looks for what may take place on a date asks by grade: breaks of classes shift no day."""
    first, last = date(2025, 9, 2), date(2025, 9, 10)
    some = y.Break(name="Практика", first_day=first, last_day=last, classes=("8a",))
    all_of_it = y.Break(name="Поход", first_day=date(2025, 9, 5), last_day=date(2025, 9, 12), grades=(8,))
    found = calendar(cycle, y.BreaksDefined(breaks=(some, all_of_it)))
    own = [found.cycle_day(day, 8, ("8a",)) for day in found.days()]
    of_the_grade = [found.cycle_day(day, 8) for day in found.days()]
    assert sum(one is None for one in own) > sum(one is None for one in of_the_grade)
    assert all(one in {None, other} for one, other in zip(own, of_the_grade, strict=True))
