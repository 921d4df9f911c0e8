"""Working days of the staff, and the day by whose end a notice must have come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ejd.kernel.calendar import CalendarData
from ejd.kernel.events import year as y
from ejd.kernel.working_days import FREE_DAYS_MAX, is_working_day, notice_deadline

SATURDAY = date(2025, 10, 11)
FIVE = y.CycleDefined(kind="weekly", days=tuple(y.CycleDay(name=str(n), weekday=n) for n in range(5)))
SIX = y.CycleDefined(kind="weekly", days=tuple(y.CycleDay(name=str(n), weekday=n) for n in range(6)))
ROLLING = y.CycleDefined(
    kind="rolling", days=tuple(y.CycleDay(name=str(n)) for n in range(6)), weekdays=(6, 0, 1, 2, 3)
)


def calendar(cycle: y.CycleDefined | None = FIVE, **more: tuple[object, ...]) -> CalendarData:
    """Answer a year 2025/26."""
    return CalendarData(first_day=date(2025, 9, 1), last_day=date(2026, 5, 29), cycle=cycle, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "data", "works"),
    [
        (date(2025, 10, 10), calendar(), True),
        (SATURDAY, calendar(), False),
        (SATURDAY, calendar(SIX), True),
        (SATURDAY, calendar(None), False),
        (date(2025, 10, 10), calendar(None), True),
        (date(2025, 10, 12), calendar(ROLLING), True),
        (date(2025, 10, 10), calendar(ROLLING), False),
        (SATURDAY, calendar(transferred=(y.TransferredDay(day=SATURDAY, cycle_day=1),)), True),
        (date(2025, 11, 4), calendar(holidays=(y.Holiday(day=date(2025, 11, 4), name="День единства"),)), False),
        (
            date(2025, 10, 28),
            calendar(breaks=(y.Break(name="осенние", first_day=date(2025, 10, 27), last_day=date(2025, 11, 2)),)),
            True,
        ),
        (date(2026, 7, 1), calendar(SIX), True),
        (date(2026, 7, 4), calendar(SIX), False),
        (date(2025, 10, 10), CalendarData(), True),
    ],
)
def test_the_staff_works_by_the_cycle_of_the_year_in_breaks_too(day: date, data: CalendarData, works: bool) -> None:
    assert is_working_day(day, [data]) is works


def micros(moment: datetime) -> int:
    """Answer microseconds since 1970 UTC."""
    return int(moment.timestamp()) * 1_000_000


def test_a_notice_has_until_the_end_of_the_first_working_day_after_the_day_of_learning() -> None:
    friday_evening = micros(datetime(2025, 10, 31, 20, 30, tzinfo=UTC))
    holiday = calendar(holidays=(y.Holiday(day=date(2025, 11, 3), name="перенос"),))
    assert notice_deadline(friday_evening, [calendar()], "Europe/Moscow") == micros(
        datetime(2025, 11, 3, 21, tzinfo=UTC)
    )
    assert notice_deadline(friday_evening, [holiday], "Europe/Moscow") == micros(datetime(2025, 11, 4, 21, tzinfo=UTC))


def test_a_calendar_without_working_days_gives_the_next_day() -> None:
    free = y.CycleDefined(kind="rolling", days=(y.CycleDay(name="1"),), weekdays=())
    learned = micros(datetime(2025, 10, 6, 9, tzinfo=UTC))
    assert (date(2026, 5, 29) - date(2025, 10, 6)).days > FREE_DAYS_MAX
    assert notice_deadline(learned, [calendar(free)], "Europe/Moscow") == micros(datetime(2025, 10, 7, 21, tzinfo=UTC))
