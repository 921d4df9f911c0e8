"""The schedule of control works as a question, and as tables for the notice board: words in Russian (C6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download, Limit, Offset, told
from ejd.http.choosing import ChoiceParameters, allowed_journals, days_of, year_of
from ejd.http.downloads import FILE_ROWS_MAX, FileReportParameters, download
from ejd_commands.fields import GRADE_MAX
from ejd_projections.control_schedule import (
    ROWS_LIMIT,
    BrokenNorm,
    ControlSchedule,
    ScheduledWork,
    control_schedule,
)


class ScheduleParameters(FileReportParameters, ChoiceParameters):
    """Without days: the whole year."""

    grade: Annotated[int | None, Field(ge=0, le=GRADE_MAX, description="A parallel: journals of one grade.")] = None
    limit: Limit = ROWS_LIMIT
    offset: Offset = 0


@told
def schedule(asking: Asking, query: ScheduleParameters) -> ControlSchedule:
    """The consolidated schedule of control works (C6) by class, parallel or school, with every breach of the norms.

    Each breach names its rule, what was found against what is allowed, and the source of the norm.
    """
    return _schedule(asking, query, limit=query.limit, offset=query.offset)


def schedule_file(asking: Asking, query: ScheduleParameters) -> Download:
    """Answer all works as one table, their breaches beside them."""
    found = _schedule(asking, query, limit=FILE_ROWS_MAX)
    return download(asking, query.file, schedule_sheet(found), f"control-works-{found.first}-{found.last}")


def _schedule(asking: Asking, query: ScheduleParameters, *, limit: int, offset: int = 0) -> ControlSchedule:
    days = days_of(asking, query)
    allowed = allowed_journals(asking, query, days)
    asking.ground.control_works(days.year)
    return control_schedule(
        asking.c,
        year_of(asking, query),
        first=days.first,
        last=days.last,
        journals={one.id for one in allowed.journals if query.grade in {None, one.grade}},
        limit=limit,
        offset=offset,
    )


COLUMNS = (
    Column("Дата", 12),
    Column("Урок", 7),
    Column("Класс", 10),
    Column("Группа", 14),
    Column("Предмет", 24),
    Column("Тема работы", 36),
    Column("Форма контроля", 20),
    Column("Уроков", 8),
    Column("Учитель", 28),
    Column("Отменена", 10),
    Column("Нарушения норм", 80),
)
RULES: Mapping[str, str] = {
    "per-day": "контрольных в один день: {found}, не более {limit}",
    "per-week": "контрольных за неделю: {found}, не более {limit}",
    "between": "дней после предыдущей по предмету в параллели: {found}, не менее {weeks} недели",
    "hours": "уроков на контрольные: {found}, по объёму часов не более {limit}",
    "first-or-last": "на первом или последнем уроке",
    "after-break": "в первый день после каникул",
    "monday-first": "на первом уроке в понедельник",
    "no-lesson": "в это время нет урока",
    "written": "работа не письменная",
    "length": "уроков: {found}, не более {limit}",
    "too-short": "минут на работу по звонкам: {found}, не менее {limit}",
    "long-lesson": "минут в уроке по звонкам: {found}, не более {limit}",
}
SEVERITIES: Mapping[str, str] = {"error": "ошибка", "warning": "предупреждение"}
TENTHS = 10


def schedule_sheet(found: ControlSchedule) -> Sheet:
    """Answer the schedule as a table."""
    return Sheet("График контрольных работ", COLUMNS, _rows(found))


def _rows(found: ControlSchedule) -> Iterator[Sequence[Value]]:
    for one in found.works:
        yield _row(one, [found.breaches[place] for place in one.breaches])


def _row(one: ScheduledWork, breaches: Sequence[BrokenNorm]) -> Sequence[Value]:
    return (
        date.fromisoformat(one.day),
        one.slot,
        ", ".join(one.classes),
        one.group_name,
        one.subject_name,
        one.title,
        one.form,
        one.lessons,
        ", ".join(one.teachers),
        "да" if one.cancelled else "",
        "; ".join(_breach(breach) for breach in breaches),
    )


def _breach(one: BrokenNorm) -> str:
    weeks = f"{one.limit / TENTHS:g}".replace(".", ",")
    words = RULES[one.rule].format(found=one.found, limit=one.limit, weeks=weeks)
    return f"{SEVERITIES[one.severity]}: {words} ({one.source})"
