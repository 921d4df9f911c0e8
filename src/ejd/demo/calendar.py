"""The academic year 2026/27 as commands: six-day cycle, quarters beside half-years, breaks, holidays, two bells."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ejd_commands import years as y
from ejd_commands.production import TakeProductionCalendar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.kernel.command import Command

YEAR_TITLE = "2026/27"
WEEK = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота")
QUARTERS = (
    ("q1", "I четверть", date(2026, 9, 1), date(2026, 10, 24)),
    ("q2", "II четверть", date(2026, 11, 2), date(2026, 12, 29)),
    ("q3", "III четверть", date(2027, 1, 11), date(2027, 3, 20)),
    ("q4", "IV четверть", date(2027, 3, 29), date(2027, 5, 29)),
)
HALF_YEARS = (
    ("h1", "I полугодие", date(2026, 9, 1), date(2026, 12, 29)),
    ("h2", "II полугодие", date(2027, 1, 11), date(2027, 5, 29)),
)
BREAKS = (
    ("Осенние каникулы", date(2026, 10, 25), date(2026, 11, 1), ()),
    ("Зимние каникулы", date(2026, 12, 30), date(2027, 1, 10), ()),
    ("Дополнительные каникулы первоклассников", date(2027, 2, 8), date(2027, 2, 14), (1,)),
    ("Весенние каникулы", date(2027, 3, 21), date(2027, 3, 28), ()),
)
HOLIDAYS = (
    (date(2026, 11, 3), "Перенос с субботы 17 октября"),
    (date(2026, 11, 4), "День народного единства"),
    (date(2027, 2, 22), "Перенос выходного дня"),
    (date(2027, 2, 23), "День защитника Отечества"),
    (date(2027, 3, 8), "Международный женский день"),
    (date(2027, 5, 1), "Праздник Весны и Труда"),
    (date(2027, 5, 3), "Перенос выходного дня"),
    (date(2027, 5, 10), "Перенос с 9 мая"),
)
TRANSFERRED = ((date(2026, 10, 17), 2),)
"""A Saturday that works as a Tuesday."""
MAIN_BELLS = ((510, 555), (565, 610), (625, 670), (690, 735), (755, 800), (810, 855), (865, 910), (920, 965))
PRIMARY_BELLS = ((510, 550), (565, 605), (625, 665), (685, 725), (735, 775), (785, 825), (835, 875), (885, 925))
"""Minutes since midnight."""


def year_commands(year: str) -> Iterator[Command]:
    """Answer what opens the year and says what every date is; the school moves two days of the official calendar."""
    yield y.OpenAcademicYear(year=year, title=YEAR_TITLE, first_day=date(2026, 9, 1), last_day=date(2027, 5, 29))
    days = tuple(y.CycleDayPart(title=title, weekday=weekday) for weekday, title in enumerate(WEEK))
    yield y.DefineCycle(year=year, kind="weekly", days=days)
    for scheme, periods in (("quarters", QUARTERS), ("half-years", HALF_YEARS)):
        parts = tuple(
            y.GradingPeriodPart(code=code, title=title, first_day=first, last_day=last)
            for code, title, first, last in periods
        )
        yield y.DefineGradingPeriods(year=year, scheme=scheme, periods=parts)
    breaks = tuple(y.BreakPart(title=t, first_day=first, last_day=last, grades=g) for t, first, last, g in BREAKS)
    yield y.DefineBreaks(year=year, breaks=breaks)
    yield TakeProductionCalendar(year=year)
    yield y.DefineHolidays(
        year=year,
        holidays=tuple(y.HolidayPart(day=day, title=title) for day, title in HOLIDAYS),
        transferred=tuple(y.TransferredDayPart(day=day, cycle_day=cycle_day) for day, cycle_day in TRANSFERRED),
    )
    for code, title, bells in (
        ("main", "Основное расписание звонков", MAIN_BELLS),
        ("primary", "Расписание звонков начальной школы", PRIMARY_BELLS),
    ):
        parts_of_day = tuple(
            y.BellPart(slot=slot, starts=starts, ends=ends) for slot, (starts, ends) in enumerate(bells, start=1)
        )
        yield y.DefineBellSchedule(year=year, code=code, title=title, bells=parts_of_day)
