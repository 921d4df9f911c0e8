"""Progress percentage (D4) by final marks: per subject and class, per class, per pupil, teacher, grade and school."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import sqlalchemy as sa

from ejd_projections.asking import checked_limit
from ejd_projections.figures import Percent, percent
from ejd_projections.people import ERASED, ERASED_SORT_KEY, people_by_id
from ejd_projections.progress_counting import (
    CLASS_PROGRESS,
    PUPIL_PROGRESS,
    SUBJECT_PROGRESS,
    TEACHER_PROGRESS,
    Statistics,
    statistics,
)
from ejd_projections.progress_results import Cell, Choice, Results, results_of, span_of
from ejd_projections.school_catalogue import find_year, subjects_by_name

By: TypeAlias = Literal["class", "line", "subject", "teacher", "grade", "pupil"]
ROWS_LIMIT = 1_000
"""Rows on a page when nobody says how many."""


@dataclass(slots=True)
class ProgressRow:
    """Figures of one class, line (subject in a class), subject, teacher, grade or pupil, or of all together.

    `class_id` and `subject` with their names are filled where the row is about one. `pupils` counts those on the
    count date. `progress` is formula (a) for a line, a subject and a teacher, (b) for a class, a grade and all
    together, (c) for a pupil; its denominator is 0 where nobody is to be assessed (first grade, no lessons).
    `statistics` count every final mark of the row.
    """

    id: str
    name: str
    class_id: str
    class_name: str
    subject: str
    subject_name: str
    pupils: int
    progress: Percent
    statistics: Statistics


@dataclass(slots=True)
class Progress:
    """The report of one period of final marks: a grading period's code, or year, exam, overall.

    `last` is the count date. `total` is all that was chosen together; `rows` is one page of `rows_total`. In rows by
    teacher a pupil taught by two teachers counts for both.
    """

    year: str
    year_name: str
    period: str
    period_name: str
    first: str
    last: str
    by: By
    total: ProgressRow
    rows_total: int
    rows: list[ProgressRow]


def progress(  # noqa: PLR0913 - the ways to choose
    c: sa.Connection,
    *,
    year: str,
    period: str,
    class_id: str | None = None,
    grade: int | None = None,
    group: str | None = None,
    subject: str | None = None,
    teacher: str | None = None,
    pupil: str | None = None,
    journals: Collection[str] | None = None,
    by: By = "class",
    limit: int = ROWS_LIMIT,
    offset: int = 0,
) -> Progress:
    """Answer the progress of a period; all conditions given must hold.

    `class_id` and `grade` choose classes as they are on the count date; `subject` its final marks only. `group` (a
    class or teaching group), `teacher` (who answers for the journal on the count date) and `journals` choose
    journals: then only the pupils who belong in them count, not their whole classes. Raises NotThereError for an
    unknown year or period, SelectionError for a page that cannot be.
    """
    checked_limit(limit)
    opened = find_year(c, year=year)
    span = span_of(opened, period)
    found = results_of(c, Choice(opened, span, class_id, grade, group, subject, teacher, pupil, journals))
    rows = _ROWS[by](c, found, teacher)
    return Progress(
        year=year,
        year_name=opened.name,
        period=span.code,
        period_name=span.name,
        first=span.first,
        last=span.last,
        by=by,
        total=_of_classes("", "", found, set(found.pupils), found.cells),
        rows_total=len(rows),
        rows=[make() for make in rows[offset : offset + limit]],
    )


Rows: TypeAlias = list[partial[ProgressRow]]
"""Rows in their order, each counted only when it is on the page."""


def _row(key: str, name: str, pupils: int, figure: Percent, cells: Iterable[Cell]) -> ProgressRow:
    return ProgressRow(
        id=key,
        name=name,
        class_id="",
        class_name="",
        subject="",
        subject_name="",
        pupils=pupils,
        progress=figure,
        statistics=statistics(cell.standing for cell in cells),
    )


def _satisfactory(cells: Iterable[Cell]) -> int:
    return sum(cell.standing is not None and cell.standing.satisfactory for cell in cells)


def _of_classes(key: str, name: str, found: Results, classes: set[str], cells: Sequence[Cell]) -> ProgressRow:
    """Answer (b) over classes; a pupil without any final mark but «осв» is not among those who have only good ones."""
    assessed = {class_id for class_id, _ in found.lines} & classes
    counted: dict[str, bool] = {}
    for cell in cells:
        if cell.standing is not None and not cell.standing.exempt:
            counted[cell.pupil] = counted.get(cell.pupil, True) and cell.standing.satisfactory
    figure = percent(CLASS_PROGRESS, sum(counted.values()), sum(len(found.pupils[one]) for one in assessed))
    return _row(key, name, sum(len(found.pupils[one]) for one in classes), figure, cells)


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], tuple[str, ...]]) -> dict[tuple[str, ...], list[Cell]]:
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return groups


def _by_class(_c: sa.Connection, found: Results, _teacher: str | None) -> Rows:
    groups = _grouped(found.cells, lambda cell: (cell.class_id,))

    def make(class_id: str, name: str) -> ProgressRow:
        row = _of_classes(class_id, name, found, {class_id}, groups.get((class_id,), []))
        row.class_id, row.class_name = class_id, name
        return row

    return [partial(make, one.stream, one.name) for one in found.classes]


def _by_grade(_c: sa.Connection, found: Results, _teacher: str | None) -> Rows:
    classes: dict[int, set[str]] = {}
    for one in found.classes:
        classes.setdefault(one.grade, set()).add(one.stream)

    def make(grade: int) -> ProgressRow:
        own = classes[grade]
        return _of_classes(str(grade), str(grade), found, own, [cell for cell in found.cells if cell.class_id in own])

    return [partial(make, grade) for grade in sorted(classes)]


def _subject_order(c: sa.Connection, found: Results) -> list[str]:
    named = [row.stream for row in subjects_by_name(c, ids=found.subjects)] if found.subjects else []
    return [*named, *sorted(set(found.subjects) - set(named))]


def _by_line(c: sa.Connection, found: Results, _teacher: str | None) -> Rows:
    groups = _grouped(found.cells, lambda cell: (cell.class_id, cell.subject))
    names = {row.stream: row.name for row in found.classes}

    def make(class_id: str, subject: str) -> ProgressRow:
        cells = groups.get((class_id, subject), [])
        pupils = found.lines[class_id, subject]
        name = f"{names[class_id]}, {found.subjects.get(subject, '')}"
        figure = percent(SUBJECT_PROGRESS, _satisfactory(cells), pupils)
        row = _row(f"{class_id}/{subject}", name, pupils, figure, cells)
        row.class_id, row.class_name = class_id, names[class_id]
        row.subject, row.subject_name = subject, found.subjects.get(subject, "")
        return row

    order = _subject_order(c, found)
    lines = [
        (one.stream, subject) for one in found.classes for subject in order if (one.stream, subject) in found.lines
    ]
    return [partial(make, *line) for line in lines]


def _by_subject(c: sa.Connection, found: Results, _teacher: str | None) -> Rows:
    groups = _grouped(found.cells, lambda cell: (cell.subject,))

    def make(subject: str) -> ProgressRow:
        cells = groups.get((subject,), [])
        pupils = sum(count for (_, one), count in found.lines.items() if one == subject)
        name = found.subjects.get(subject, "")
        row = _row(subject, name, pupils, percent(SUBJECT_PROGRESS, _satisfactory(cells), pupils), cells)
        row.subject, row.subject_name = subject, name
        return row

    taught = {subject for _, subject in found.lines}
    return [partial(make, subject) for subject in _subject_order(c, found) if subject in taught]


def _by_teacher(c: sa.Connection, found: Results, teacher: str | None) -> Rows:
    own: dict[str, set[tuple[str, str]]] = {}
    for journal in found.journals:
        for load in found.teachers.get(journal.id, ()):
            if teacher in {None, load.staff}:
                pairs = own.setdefault(load.staff, set())
                pairs.update((pupil, journal.subject) for pupil in found.members.get(journal.id, ()))
    by_pair = {(cell.pupil, cell.subject): cell for cell in found.cells}
    people = people_by_id(c, own)
    order = sorted(own, key=lambda one: (people[one].sort_key if one in people else ERASED_SORT_KEY, one))

    def make(staff: str) -> ProgressRow:
        cells = [by_pair[pair] for pair in own[staff] if pair in by_pair]
        pupils = len({pupil for pupil, _ in own[staff]})
        figure = percent(TEACHER_PROGRESS, _satisfactory(cells), len(own[staff]))
        return _row(staff, people[staff].full() if staff in people else ERASED, pupils, figure, cells)

    return [partial(make, staff) for staff in order]


def _by_pupil(c: sa.Connection, found: Results, _teacher: str | None) -> Rows:
    groups = _grouped(found.cells, lambda cell: (cell.pupil,))
    people = people_by_id(c, {pupil for own in found.pupils.values() for pupil in own})

    def make(pupil: str, class_id: str, class_name: str) -> ProgressRow:
        cells = groups.get((pupil,), [])
        owed = sum(cell.standing is None or not cell.standing.exempt for cell in cells)
        figure = percent(PUPIL_PROGRESS, _satisfactory(cells), owed)
        row = _row(pupil, people[pupil].full() if pupil in people else ERASED, 1, figure, cells)
        row.class_id, row.class_name = class_id, class_name
        return row

    def place(pupil: str) -> tuple[str, str]:
        return people[pupil].sort_key if pupil in people else ERASED_SORT_KEY, pupil

    listed = [(one, pupil) for one in found.classes for pupil in sorted(found.pupils[one.stream], key=place)]
    return [partial(make, pupil, one.stream, one.name) for one, pupil in listed]


_ROWS: dict[By, Callable[[sa.Connection, Results, str | None], Rows]] = {
    "class": _by_class,
    "line": _by_line,
    "subject": _by_subject,
    "teacher": _by_teacher,
    "grade": _by_grade,
    "pupil": _by_pupil,
}
