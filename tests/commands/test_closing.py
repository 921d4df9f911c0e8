"""Closing a grading period; reopening it for some journals until a moment, after which it is closed again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from ejd.kernel.command import Command, NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import year as y
from ejd.kernel.ids import SCHOOL
from ejd_commands import years
from ejd_commands.closing import (
    REOPENED_DAYS_MAX,
    REOPENED_JOURNALS_MAX,
    ClosePeriod,
    NoSuchPeriod,
    NoSuchPeriodInJournal,
    NotReopenedSoLong,
    PeriodIsNotClosed,
    ReopenPeriod,
    SetReadinessDate,
)
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.known import NamedTwice, OutsideTheYear
from ejd_commands.lesson_base import PeriodIsClosed, UnknownJournal
from ejd_commands.lessons import RecordTopic
from ejd_commands.substitutions import CancelLesson
from ejd_commands.timetable import ScheduleJournal, ScheduleOfClosedPeriod
from tests.scenario import Scenario, given, refused_as_input, sealed, uid
from tests.worlds import (
    A_GROUP_JOURNAL,
    A_SCHOOL,
    A_YEAR,
    ADA,
    API_CLIENT,
    DEPUTY,
    GROUP_JOURNAL,
    HEAD,
    JOURNAL,
    LESSON_SLOT,
    TODAY,
    VERA,
    YEAR,
)

CLOSED = (YEAR, y.PeriodClosed(period="q1"))
TOMORROW = datetime(2025, 10, 7, 9, tzinfo=UTC)
"""Noon in Moscow."""
UNTIL = int(TOMORROW.timestamp()) * 1_000_000
REOPENED = y.PeriodReopened(period="q1", journals=(JOURNAL,), until=UNTIL, reason=sealed(SCHOOL, "Ошибка в отметке"))
TOPIC = RecordTopic(journal=JOURNAL, day=TODAY, slot=LESSON_SLOT, plan_item=1)


def reopening(**change: Any) -> ReopenPeriod:
    fields = {"year": YEAR, "period": "q1", "journals": (JOURNAL,), "until": TOMORROW, "reason": "Ошибка в отметке"}
    return ReopenPeriod.model_validate(fields | change)


def closed(*more: tuple[str, Event]) -> Scenario:
    return given(A_GROUP_JOURNAL, CLOSED, *more)


def test_a_period_is_closed_once() -> None:
    outcome = given(A_YEAR).when(ClosePeriod(year=YEAR, period="q1"), by=DEPUTY)
    outcome.then(y.PeriodClosed(period="q1")).standing_on(Ref(YEAR, 1), Ref(DEPUTY, 2))
    outcome.when(ClosePeriod(year=YEAR, period="q1"), by=HEAD).then_nothing()


def test_the_term_of_the_set_up_is_named_by_the_administration() -> None:
    named = SetReadinessDate(year=YEAR, day=date(2025, 9, 20))
    outcome = given(A_YEAR).when(named, by=DEPUTY)
    outcome.then(y.ReadinessDateSet(day=date(2025, 9, 20))).in_stream(YEAR)
    outcome.when(named, by=DEPUTY).then_nothing()
    given(A_YEAR).when(SetReadinessDate(year=YEAR, day=date(2025, 9, 15)), by=DEPUTY).then_nothing()
    given(A_YEAR).when(named, by=API_CLIENT).then_refused(NotAllowed)
    before = SetReadinessDate(year=YEAR, day=date(2025, 8, 20))
    given(A_YEAR).when(before, by=DEPUTY).then_refused(OutsideTheYear, field="day")


def test_only_periods_of_the_year_are_closed() -> None:
    command = ClosePeriod(year=YEAR, period="q5")
    given(A_YEAR).when(command, by=HEAD).then_refused(NoSuchPeriod, saying="q1, q2, q3, q4, h1, h2", field="period")
    opened = y.AcademicYearOpened(name="2025/26", first_day=date(2025, 9, 1), last_day=date(2026, 5, 29))
    bare = given(A_SCHOOL, (YEAR, opened))
    bare.when(command, by=HEAD).then_refused(NoSuchPeriod, saying="those you define first")


@pytest.mark.parametrize("command", [ClosePeriod(year=YEAR, period="q1"), reopening()])
def test_programs_neither_close_nor_reopen(command: Command) -> None:
    closed().when(command, by=API_CLIENT).then_refused(NotAllowed, saying="grading period")


def test_a_closed_period_is_reopened_for_journals_until_a_moment_with_a_reason_that_is_sealed() -> None:
    outcome = closed().when(reopening(), by=HEAD)
    outcome.then(REOPENED).standing_on(Ref(JOURNAL, 1), Ref(HEAD, 2))
    outcome.sealing(SCHOOL, "Ошибка в отметке", field="period-reopened.reason")
    outcome.when(reopening(), by=HEAD).then_nothing()
    assert outcome.when(reopening(journals=(GROUP_JOURNAL,)), by=HEAD).events


def test_only_a_closed_period_is_reopened() -> None:
    given(A_GROUP_JOURNAL).when(reopening(), by=HEAD).then_refused(PeriodIsNotClosed, field="period")


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"until": datetime(2025, 10, 6, 9, tzinfo=UTC)}, NotReopenedSoLong, "until"),
        ({"until": datetime(2025, 11, 6, 9, 0, 1, tzinfo=UTC)}, NotReopenedSoLong, "until"),
        ({"journals": (JOURNAL, JOURNAL)}, NamedTwice, "journals"),
        ({"journals": (JOURNAL, uid("journal of nobody"))}, UnknownJournal, "journals.1"),
    ],
)
def test_a_reopening_that_is_past_long_or_of_no_journal_is_refused(
    change: dict[str, Any], refusal: type[Any], field: str
) -> None:
    closed().when(reopening(**change), by=HEAD).then_refused(refusal, field=field)


def test_the_longest_reopening_is_a_month() -> None:
    longest = datetime(2025, 10, 6, 9, tzinfo=UTC) + timedelta(days=REOPENED_DAYS_MAX)
    assert closed().when(reopening(until=longest), by=HEAD).events
    refused_as_input(ReopenPeriod, field="journals", year=YEAR, period="q1", journals=[], until=longest, reason="x")
    many = [uid(f"journal {n}") for n in range(REOPENED_JOURNALS_MAX + 1)]
    refused_as_input(ReopenPeriod, field="journals", year=YEAR, period="q1", journals=many, until=longest, reason="x")


def test_a_journal_by_half_years_has_no_quarter_to_reopen() -> None:
    half = closed((YEAR, y.PeriodClosed(period="h1")))
    half.when(reopening(period="h1"), by=HEAD).then_refused(NoSuchPeriodInJournal, field="journals.0")
    opened = next(event for stream, event in A_GROUP_JOURNAL if stream == JOURNAL)
    by_trimesters = msgspec.structs.replace(opened, scheme="trimesters")
    nowhere = closed((uid("by trimesters"), by_trimesters))
    nowhere.when(reopening(journals=(uid("by trimesters"),)), by=HEAD).then_refused(NoSuchPeriodInJournal)


def test_writing_in_a_closed_period_is_refused_everywhere_with_what_to_do() -> None:
    words = "reopen it for this journal (reopen-period), with the reason"
    closed().when(TOPIC, by=ADA).then_refused(PeriodIsClosed, saying=words)
    final = DecideFinalMark(journal=JOURNAL, period="q1", pupil=VERA, value="5")
    closed().when(final, by=ADA).then_refused(PeriodIsClosed, saying=words)
    cancelled = CancelLesson(journal=JOURNAL, day=TODAY, slot=LESSON_SLOT, reason="Карантин")
    closed().when(cancelled, by=DEPUTY).then_refused(PeriodIsClosed, saying=words)
    schedule = ScheduleJournal(journal=JOURNAL, starts=TODAY, entries=())
    closed().when(schedule, by=DEPUTY).then_refused(ScheduleOfClosedPeriod, saying="reopen the period for this journal")


def test_a_reopened_period_is_open_in_its_journals_only_and_closes_by_itself_at_the_moment() -> None:
    open_again = closed((YEAR, REOPENED))
    for command, by in (
        (TOPIC, ADA),
        (DecideFinalMark(journal=JOURNAL, period="q1", pupil=VERA, value="5"), ADA),
        (CancelLesson(journal=JOURNAL, day=TODAY, slot=LESSON_SLOT, reason="Карантин"), DEPUTY),
        (ScheduleJournal(journal=JOURNAL, starts=TODAY, entries=()), DEPUTY),
    ):
        assert open_again.at("2025-10-07 11:59").when(command, by=by).events
    open_again.at("2025-10-07 12:00").when(TOPIC, by=ADA).then_refused(PeriodIsClosed)
    other = RecordTopic(journal=GROUP_JOURNAL, day=TODAY, slot=3, topic="Colours")
    open_again.when(other, by=ADA).then_refused(PeriodIsClosed)


def test_closing_again_ends_what_was_reopened_at_once_and_only_then_says_something() -> None:
    command = ClosePeriod(year=YEAR, period="q1")
    outcome = closed((YEAR, REOPENED)).when(command, by=DEPUTY)
    outcome.then(y.PeriodClosed(period="q1"))
    outcome.when(TOPIC, by=ADA).then_refused(PeriodIsClosed)
    closed((YEAR, REOPENED)).at("2025-10-07 12:00").when(command, by=DEPUTY).then_nothing()


def test_a_reopening_of_shape_1_opens_the_whole_period_until_it_is_closed_again() -> None:
    old = y.PeriodReopened(period="q1", reason=sealed(SCHOOL, "Ошибка"))
    assert closed((YEAR, old)).when(TOPIC, by=ADA).events
    assert closed((YEAR, old)).when(ClosePeriod(year=YEAR, period="q1"), by=DEPUTY).events


AUTUMN = years.BreakPart(title="Осенние каникулы", first_day=date(2025, 10, 25), last_day=date(2025, 11, 3))
WINTER = years.BreakPart(title="Зимние каникулы", first_day=date(2025, 12, 31), last_day=date(2026, 1, 11))
FIRST_GRADE = years.BreakPart(
    title="Дополнительные", first_day=date(2026, 2, 16), last_day=date(2026, 2, 22), grades=(1,)
)
SPRING = years.BreakPart(title="Весенние", first_day=date(2026, 3, 28), last_day=date(2026, 4, 5))
BREAKS = (AUTUMN, WINTER, FIRST_GRADE, SPRING)
UNITY, MAY_DAY = (
    years.HolidayPart(day=date(2025, 11, 4), title="День единства"),
    years.HolidayPart(day=date(2026, 5, 1), title="Первомай"),
)
QUARANTINE = years.BreakPart(title="Карантин", first_day=date(2025, 10, 20), last_day=date(2025, 10, 21), grades=(5,))
CYCLE = tuple(years.CycleDayPart(title=f"День {n}", weekday=n) for n in range(6))


def test_neither_breaks_nor_holidays_nor_the_cycle_change_the_days_of_a_closed_period() -> None:
    change = years.ClosedPeriodChanges
    words = "I четверть is closed and keeps its days: leave 01.09.2025 to 24.10.2025"
    breaks = years.DefineBreaks(year=YEAR, breaks=(*BREAKS, QUARANTINE))
    closed().when(breaks, by=HEAD).then_refused(change, saying=words, field="breaks")
    free = years.HolidayPart(day=date(2025, 10, 6), title="День учителя")
    holidays = years.DefineHolidays(year=YEAR, holidays=(free, UNITY, MAY_DAY))
    closed().when(holidays, by=HEAD).then_refused(change, field="holidays")
    worked = years.TransferredDayPart(day=date(2025, 9, 7), cycle_day=1)
    holidays = years.DefineHolidays(year=YEAR, holidays=(UNITY, MAY_DAY), transferred=(worked,))
    closed().when(holidays, by=HEAD).then_refused(change, field="holidays")
    cycle = years.DefineCycle(year=YEAR, kind="weekly", days=CYCLE[:5])
    closed().when(cycle, by=HEAD).then_refused(change, field="days")


def test_names_and_the_days_of_open_periods_may_change_beside_a_closed_one() -> None:
    later = years.BreakPart(title="Карантин", first_day=date(2025, 11, 20), last_day=date(2025, 11, 21))
    for command in (
        years.DefineBreaks(year=YEAR, breaks=(*BREAKS, later)),
        years.DefineHolidays(year=YEAR, holidays=(UNITY,)),
        years.DefineCycle(year=YEAR, kind="weekly", days=CYCLE),
    ):
        assert closed().when(command, by=HEAD).events


def test_an_earlier_first_day_does_not_turn_the_alternating_weeks_of_a_closed_period_round() -> None:
    days = tuple(
        y.CycleDay(name=f"{week}/{weekday}", weekday=weekday, week=week) for week in (1, 2) for weekday in range(6)
    )
    weeks = (YEAR, y.CycleDefined(kind="weekly", days=days, weeks=2, weekdays=(0, 1, 2, 3, 4, 5)))
    earlier = years.OpenAcademicYear(
        year=YEAR, title="2025/26", first_day=date(2025, 8, 25), last_day=date(2026, 5, 29)
    )
    assert given(A_GROUP_JOURNAL, weeks).when(earlier, by=HEAD).events
    closed(weeks).when(earlier, by=HEAD).then_refused(years.ClosedPeriodChanges, field="first_day")
