"""Production calendars and grading systems as tables: what a school prints and compares; words in Russian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.downloads import FileReportParameters, download
from ejd.http.grading import GradingParameters, GradingSystem, GradingSystems, grading_systems
from ejd.http.production import ProductionCalendar, production_calendar

CALENDAR_COLUMNS = (
    Column("Год", 8),
    Column("Что", 18),
    Column("Дата", 12),
    Column("Выходной вместо", 16),
    Column("Название", 40),
    Column("Основание", 60),
)
SYSTEM_COLUMNS = (
    Column("Код", 16),
    Column("Система оценивания", 28),
    Column("Отметка", 12),
    Column("От", 8),
    Column("До", 8),
    Column("Уровень по пятибалльной", 14),
    Column("Баллы для среднего", 12),
    Column("Только итоговая", 12),
    Column("Классы", 40),
)


def production_calendar_file(asking: Asking, query: FileReportParameters) -> Download:
    """Answer a row for each holiday and each transferred day off, year by year."""
    sheet = Sheet("Производственный календарь", CALENDAR_COLUMNS, _days(production_calendar(asking, query)))
    return download(asking, query.file, sheet, f"production-calendar-{asking.today}")


def _days(found: ProductionCalendar) -> Iterator[Sequence[Value]]:
    for one in found.years:
        for holiday in one.holidays:
            yield (one.year, "праздник", date.fromisoformat(holiday.day), None, holiday.title, one.source)
        for moved in one.transfers:
            new, old = date.fromisoformat(moved.new), date.fromisoformat(moved.old)
            yield (one.year, "перенос выходного", new, old, "", moved.source or one.source)


def grading_systems_file(asking: Asking, query: GradingParameters) -> Download:
    """Answer a row for each listed mark, and for each band of a range of points."""
    sheet = Sheet("Системы оценивания", SYSTEM_COLUMNS, _marks(grading_systems(asking, query)))
    return download(asking, query.file, sheet, f"grading-systems-{asking.today}")


def _marks(found: GradingSystems) -> Iterator[Sequence[Value]]:
    for one in found.systems:
        classes = ", ".join(one.classes)
        rows = [*_listed(one), *_bands(one)]
        for row in rows or [("без отметок", None, None, None, None, "")]:
            yield (one.code, one.name, *row, classes)


def _listed(one: GradingSystem) -> Iterator[tuple[Value, ...]]:
    for value in one.values:
        yield (value.value, None, None, value.level, value.points, "да" if value.final_only else "")


def _bands(one: GradingSystem) -> Iterator[tuple[Value, ...]]:
    bands = sorted(one.bands, key=lambda band: band.lowest)
    ends = [band.lowest - 1 for band in bands[1:]]
    for band, highest in zip(bands, [*ends, one.highest], strict=False):
        yield ("", band.lowest, highest, band.level, None, "")
