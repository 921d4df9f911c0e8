"""Reports as tables for the deputy head: headings in Russian, percentages with two places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ejd.exports.spreadsheet import Column, Sheet, Value, hundredths
from ejd.http.asking import Asking, Download
from ejd.http.downloads import FILE_ROWS_MAX, check_whole, download
from ejd.http.list_files import day_of
from ejd.http.reports import (
    FillParameters,
    MissedParameters,
    ProgressParameters,
    fill_completeness,
    missed_topics,
    progress,
)
from ejd_projections.asking import ROWS_MAX, SelectionError
from ejd_projections.fill_completeness import FillCounts, LateLesson
from ejd_projections.fill_counting import Filling
from ejd_projections.missed_topics import PUPILS_MAX, PupilMissed
from ejd_projections.progress import ProgressRow

BY: Mapping[str, str] = {
    "journal": "Журнал",
    "teacher": "Учитель",
    "class": "Класс",
    "subject": "Предмет",
    "line": "Класс, предмет",
    "grade": "Параллель",
    "pupil": "Ученик",
}
PARTS: Mapping[str, str] = {"lesson": "запись урока", "roll": "посещаемость", "topic": "тема", "homework": "задание"}
STATES: Mapping[str, str] = {
    "on-time": "в срок",
    "late": "с опозданием",
    "missing": "нет",
    "in-term": "нет, срок не истёк",
}
ABSENCES: Mapping[str, str] = {"absent": "н", "excused": "у", "ill": "б"}
TOTAL = "Всего"

FILLING = (
    Column("заполнено", 10),
    Column("в срок", 8),
    Column("поздно", 8),
    Column("нет", 8),
    Column("полнота, %", 10),
    Column("своевременность, %", 12),
)


def _of_part(name: str) -> Sequence[Column]:
    return [Column(f"{name}: {one.heading}", one.width) for one in FILLING]


LATE_COLUMNS = (
    Column("Дата", 12),
    Column("Урок", 6),
    Column("Класс, группа", 16),
    Column("Предмет", 24),
    Column("Учителя", 34),
    Column("Дней опоздания", 10),
    Column("Запись урока", 18),
    Column("Посещаемость", 18),
    Column("Тема", 18),
    Column("Задание", 18),
    Column("Урок (идентификатор)", 36),
)


def fill_file(asking: Asking, query: FillParameters) -> Download:
    """Answer how journals are filled; the workbook has late lessons on a second sheet, CSV has the first one."""
    whole = {"limit": ROWS_MAX, "offset": 0, "rows_limit": ROWS_MAX, "rows_offset": 0}
    found = fill_completeness(asking, query.model_copy(update=whole))
    check_whole(found.rows_total, len(found.rows), "rows", "choose a class")
    check_whole(found.late_total, len(found.late), "late lessons", "choose fewer days, or a class")
    columns = (
        Column(BY[found.by], 34),
        Column("Уроков", 8),
        *_of_part("Уроки"),
        *_of_part("Посещаемость"),
        *_of_part("Темы"),
        *_of_part("Задания"),
        Column("Отметок", 8),
        Column("Уроков с отметками, %", 12),
    )
    above = (f"Заполнение журналов, {found.year_name}: {_days(found.first, found.last)}",)
    rows = [_fill_row(one, one.name) for one in found.rows] + [_fill_row(found.total, TOTAL)]
    late_above = (f"Не в срок: {PARTS[found.part]}, {_days(found.first, found.last)}",)
    late = Sheet("Не в срок", LATE_COLUMNS, (_late_row(one) for one in found.late), above=late_above)
    sheets = [Sheet("Заполнение", columns, rows, above=above), late]
    return download(asking, query.file, sheets, f"fill-completeness-{found.first}-{found.last}")


def _fill_row(one: FillCounts, name: str) -> Sequence[Value]:
    parts = [value for part in (one.lessons, one.roll, one.topics, one.homework) for value in _filling(part)]
    return (name, one.lessons.due, *parts, one.marks.marks, hundredths(one.marks.lessons.percent_hundredths))


def _filling(part: Filling) -> Sequence[Value]:
    figures = (part.completeness.percent_hundredths, part.timeliness.percent_hundredths)
    return (part.filled, part.on_time, part.late, part.missing, *(hundredths(one) for one in figures))


def _late_row(one: LateLesson) -> Sequence[Value]:
    entries = [STATES[part.state] for part in (one.recorded, one.roll, one.topic, one.homework)]
    who = ", ".join(one.teacher_names)
    return (day_of(one.date), one.slot, one.group_name, one.subject_name, who, one.days_late, *entries, one.lesson)


PROGRESS_COLUMNS = (
    Column("Класс", 10),
    Column("Предмет", 24),
    Column("Учеников", 9),
    Column("Успевают", 9),
    Column("Из", 6),
    Column("Успеваемость, %", 12),
    Column("«5»", 6),
    Column("«4»", 6),
    Column("«3»", 6),
    Column("«2»", 6),
    Column("н/а", 6),
    Column("осв", 6),
    Column("Без отметки", 8),
    Column("Качество, %", 10),
    Column("СОУ, %", 10),
    Column("Средний балл", 10),
)


def progress_file(asking: Asking, query: ProgressParameters) -> Download:
    """Answer the progress of a period, a row for each class, subject, teacher … and one for all together."""
    found = progress(asking, query.model_copy(update={"limit": ROWS_MAX, "offset": 0}))
    check_whole(found.rows_total, len(found.rows), "rows", "choose a class")
    what = BY[found.by]
    kept = [place for place, column in enumerate(PROGRESS_COLUMNS) if column.heading != what]
    lines = [(one.name, _progress_row(one)) for one in found.rows] + [(TOTAL, _progress_row(found.total))]
    rows = [(name, *(line[place] for place in kept)) for name, line in lines]
    columns = (Column(what, 34), *(PROGRESS_COLUMNS[place] for place in kept))
    above = (f"Успеваемость, {found.year_name}, {found.period_name}: {_days(found.first, found.last)}",)
    sheet = Sheet("Успеваемость", columns, rows, above=above)
    return download(asking, query.file, sheet, f"progress-{found.period}")


def _progress_row(one: ProgressRow) -> Sequence[Value]:
    s, figure = one.statistics, one.progress
    return (
        one.class_name,
        one.subject_name,
        one.pupils,
        *(figure.numerator, figure.denominator, hundredths(figure.percent_hundredths)),
        *(s.n5, s.n4, s.n3, s.n2, s.not_attested, s.exempt, s.without_mark),
        hundredths(s.quality.percent_hundredths),
        hundredths(s.degree.hundredths),
        hundredths(s.average.hundredths),
    )


MISSED_COLUMNS = (
    Column("Класс", 8),
    Column("Ученик", 34),
    Column("Предмет", 24),
    Column("Дата", 12),
    Column("Урок", 6),
    Column("Тема", 50),
    Column("№ по плану", 8),
    Column("Причина", 8),
    Column("Отработано", 12),
    Column("Отметка", 8),
    Column("Урок (идентификатор)", 36),
)


def missed_file(asking: Asking, query: MissedParameters) -> Download:
    """Answer every missed lesson of the pupils chosen with its topic."""
    rows: list[Sequence[Value]] = []
    offset = 0
    while True:
        page = missed_topics(asking, query.model_copy(update={"limit": PUPILS_MAX, "offset": offset}))
        rows += [row for pupil in page.pupils for row in _missed_rows(pupil)]
        if len(rows) > FILE_ROWS_MAX:
            msg = f"more than {FILE_ROWS_MAX} missed lessons are too many for one file: choose fewer days, or a class"
            raise SelectionError(msg, field="format")
        offset += PUPILS_MAX
        if offset >= page.pupils_total:
            break
    above = (f"Пропущенные темы: {_days(page.first, page.last)}",)
    sheet = Sheet("Пропущенные темы", MISSED_COLUMNS, rows, above=above)
    return download(asking, query.file, sheet, f"missed-topics-{page.first}-{page.last}")


def _missed_rows(pupil: PupilMissed) -> Iterator[Sequence[Value]]:
    for journal in pupil.journals:
        for one in journal.rows:
            yield (
                pupil.class_name,
                pupil.name,
                journal.subject_name,
                day_of(one.date),
                one.slot,
                one.topic or "",
                one.plan_item,
                ABSENCES.get(one.kind, one.kind),
                day_of(one.made_up_on),
                one.made_up_mark or "",
                one.lesson,
            )


def _days(first: str, last: str) -> str:
    begins, ends = day_of(first), day_of(last)
    return f"{begins:%d.%m.%Y} – {ends:%d.%m.%Y}" if begins and ends else ""
