"""Journal pages as a workbook: marks on one sheet, topics and homework on the next, as in the paper journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ejd.exports.spreadsheet import Column, Sheet, Value, hundredths
from ejd.http.asking import Asking, Download
from ejd.http.downloads import check_whole, download
from ejd.http.list_files import day_of
from ejd.http.reports import GradebookParameters, gradebook
from ejd_projections.asking import SelectionError
from ejd_projections.gradebook import JOURNALS_MAX, Gradebook, GradebookLesson, GradebookPupil

ABSENCES: Mapping[str, str] = {"absent": "н", "excused": "у", "ill": "б", "late": "о"}
FINAL_NAMES: Mapping[str, str] = {"year": "Год", "exam": "Экзамен", "overall": "Итог"}
PUPIL_COLUMNS = (Column("№", 4), Column("Ученик", 34))
FIGURE_COLUMNS = (Column("Средняя", 8), Column("Пропущено", 10), Column("Уроков", 8))
LESSON_COLUMNS = (
    Column("Дата", 12),
    Column("Урок", 6),
    Column("Тема", 60, wrap=True),
    Column("№ по плану", 8),
    Column("Домашнее задание", 60, wrap=True),
    Column("К сроку", 12),
    Column("Минут", 8),
    Column("Замещает", 30),
    Column("Состояние", 18),
)


def gradebook_file(asking: Asking, query: GradebookParameters) -> Download:
    """Answer journal pages; CSV holds one table, and so the marks of one journal."""
    found = gradebook(asking, query.model_copy(update={"limit": JOURNALS_MAX, "offset": 0}))
    check_whole(found.journals_total, len(found.gradebooks), "journals", "choose a class, a group or a journal")
    if query.file == "csv" and len(found.gradebooks) != 1:
        msg = f"CSV holds one journal and {len(found.gradebooks)} were chosen: name the journal, or take xlsx"
        raise SelectionError(msg, field="format")
    if not found.gradebooks:
        raise SelectionError("there are no journals to put into a file: choose other ones", field="format")
    sheets = [sheet for one in found.gradebooks for sheet in (marks_sheet(one), lessons_sheet(one))]
    return download(asking, query.file, sheets, f"gradebook-{found.first}-{found.last}")


def _above(book: Gradebook) -> Sequence[str]:
    days = f"{date.fromisoformat(book.first):%d.%m.%Y} – {date.fromisoformat(book.last):%d.%m.%Y}"
    teachers = ", ".join(dict.fromkeys(one.name for one in book.teachers))
    return (f"{book.journal.subject_name}, {book.journal.group_name}: {days}", teachers)


def marks_sheet(book: Gradebook) -> Sheet:
    """Answer pupils × lessons: absences and marks, averages, final marks."""
    finals = list(dict.fromkeys(mark.period for pupil in book.pupils for mark in pupil.final_marks))
    columns = (
        *PUPIL_COLUMNS,
        *(Column(f"{date.fromisoformat(one.date):%d.%m} ({one.slot})", 8) for one in book.lessons),
        *FIGURE_COLUMNS,
        *(Column(FINAL_NAMES.get(period, period), 8) for period in finals),
    )
    rows = (_pupil_row(number, one, book, finals) for number, one in enumerate(book.pupils, start=1))
    return Sheet(book.journal.name, columns, rows, above=_above(book))


def _pupil_row(number: int, one: GradebookPupil, book: Gradebook, finals: Sequence[str]) -> Sequence[Value]:
    values = {mark.period: mark.value for mark in one.final_marks}
    return (
        number,
        one.name,
        *_cells(one, book.lessons),
        hundredths(one.average_hundredths),
        one.missed,
        one.lessons,
        *(_mark(values.get(period, "")) for period in finals),
    )


def _cells(one: GradebookPupil, lessons: Sequence[GradebookLesson]) -> Iterator[Value]:
    """Answer the row's cells: «н», «4/5», «н 4» for a lesson that was missed and made up."""
    absences = {each.lesson: ABSENCES.get(each.kind, each.kind) for each in one.absences}
    marks: dict[str, list[str]] = {}
    for mark in one.marks:
        marks.setdefault(mark.lesson, []).append(mark.value)
    for lesson in lessons:
        absence, given = absences.get(lesson.lesson, ""), "/".join(marks.get(lesson.lesson, ()))
        yield f"{absence} {given}" if absence and given else absence or _mark(given)


def _mark(value: str) -> Value:
    """Answer a mark as a number where it is one, so that a spreadsheet can count with it."""
    return int(value) if value.isascii() and value.isdigit() else value


def lessons_sheet(book: Gradebook) -> Sheet:
    """Answer the right-hand page: topics and homework."""
    return Sheet(f"Темы, {book.journal.name}", LESSON_COLUMNS, (_lesson(one) for one in book.lessons))


def _lesson(one: GradebookLesson) -> Sequence[Value]:
    words = ((one.cancelled, "отменён"), (one.moved, "перенесён"), (one.extra, "дополнительный"))
    return (
        day_of(one.date),
        one.slot,
        one.topic or "",
        one.plan_item,
        one.homework or "",
        day_of(one.homework_due),
        one.homework_minutes,
        one.substitute_name,
        ", ".join(word for holds, word in words if holds),
    )
