"""Whose final marks of a period count where: the cells (pupil × subject) that progress (D4) is counted over.

The count date is the period's last day. A pupil who moved within the period counts in the class of that day with the
marks of wherever they were given; who has left by then does not count (rules.md, formulas, H). Of several marks in
one subject one counts: that of a journal the pupil belongs in on the count date, a class's before a group's, then
the latest decided. Where journals are chosen, a mark of one of them comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.due import occurrences
from ejd.kernel.events.school import GradingSystem
from ejd.kernel.policies import GRADING_SYSTEMS
from ejd_projections.asking import checked_range, fetch, is_in, within
from ejd_projections.final_marks import FinalMarkRow, final_marks
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import (
    ClassRow,
    Journal,
    Teacher,
    classes_by_name,
    find_journals,
    journals,
    teachers_of,
)
from ejd_projections.memberships import class_members_on, members_of
from ejd_projections.period import find_period
from ejd_projections.progress_counting import Standing, standing
from ejd_projections.school_catalogue import Year, systems_of_grading
from ejd_projections.timetable import schedules_of

YEAR_PERIODS = {"year": "Год", "exam": "Экзамен", "overall": "Итог"}
"""Final marks beside those of grading periods (A6), with their names."""
BY_MARKS_ONLY = frozenset({"exam", "overall"})
"""Nobody's timetable says who is assessed here: a journal is once it has such a final mark."""
UNMARKED_SCALE = "unmarked"


class Span(NamedTuple):
    """A period of final marks, days included; `last` is the count date, `scheme` None for the year's own marks."""

    code: str
    name: str
    scheme: str | None
    first: str
    last: str


class Choice(NamedTuple):
    """Which final marks are counted: every condition that is not None must hold."""

    year: Year
    span: Span
    class_id: str | None
    grade: int | None
    group: str | None
    subject: str | None
    teacher: str | None
    pupil: str | None
    journals: Collection[str] | None

    @property
    def by_journals(self) -> bool:
        """Whether only pupils of the journals chosen count, and not their whole classes."""
        return any(one is not None for one in (self.group, self.teacher, self.journals))


class Cell(NamedTuple):
    """One pupil in one subject that is to be assessed, or has a final mark; None: no mark yet."""

    pupil: str
    class_id: str
    subject: str
    standing: Standing | None


class Results(NamedTuple):
    """What is counted. `pupils` has every class of the choice, also one without pupils.

    `lines` has every class × subject in which pupils are to be assessed or have marks, with the number of pupils
    below the line, and the subjects of a class without pupils, with 0. `journals` are those to be assessed, `members`
    their pupils, `teachers` who answers for them.
    """

    classes: list[ClassRow]
    pupils: dict[str, list[str]]
    lines: dict[tuple[str, str], int]
    cells: list[Cell]
    journals: list[Journal]
    members: dict[str, set[str]]
    teachers: dict[str, list[Teacher]]
    subjects: dict[str, str]


def span_of(year: Year, period: str) -> Span:
    """Answer the days of a grading period by its code, or of the year for year, exam and overall marks.

    Raises NotThereError for an unknown period.
    """
    if period in YEAR_PERIODS:
        return Span(period, YEAR_PERIODS[period], None, year.first_day, year.last_day)
    found = find_period(year, period)
    return Span(found.code, found.name, found.scheme, found.first_day, found.last_day)


def results_of(c: sa.Connection, choice: Choice) -> Results:
    """Answer the cells of a choice with all that they are grouped and named by."""
    span = choice.span
    chosen, teachers = _journals(c, choice)
    classes = _classes(c, choice, chosen)
    class_ids = {row.stream for row in classes}
    chosen = [one for one in chosen if class_ids & set(one.classes)]
    only = None if choice.pupil is None else [choice.pupil]
    class_of = {one.pupil: one.class_id for one in class_members_on(c, day=span.last, classes=class_ids, pupils=only)}
    systems = {system.code: system for system in GRADING_SYSTEMS} | systems_of_grading(c)
    rows = _final_marks(c, choice, class_of)
    assessed = _assessed(c, choice, chosen, systems, _journals_with_marks(c, choice, chosen))
    belonging = members_of(c, assessed, first=span.last, last=span.last, pupil=choice.pupil)
    members = {journal: {one.pupil for one in stays if one.pupil in class_of} for journal, stays in belonging.items()}
    if choice.by_journals:
        inside = set().union(*members.values())
        class_of = {pupil: class_id for pupil, class_id in class_of.items() if pupil in inside}
    known = {one.id: one for one in chosen}
    elsewhere = {row.journal for row in rows} - set(known)
    known |= {one.id: one for one in find_journals(c, ids=elsewhere)} if elsewhere else {}
    best = _best(rows, known, members, systems)
    cells = _cells(choice, class_of, assessed, members, best)
    pupils: dict[str, list[str]] = {row.stream: [] for row in classes}
    for pupil, class_id in class_of.items():
        pupils[class_id].append(pupil)
    return Results(
        classes=classes,
        pupils=pupils,
        lines=_lines(choice, pupils, assessed, members, cells),
        cells=cells,
        journals=assessed,
        members=members,
        teachers=teachers,
        subjects={one.subject: one.subject_name for one in known.values()},
    )


def _journals(c: sa.Connection, choice: Choice) -> tuple[list[Journal], dict[str, list[Teacher]]]:
    """Answer the journals of the choice that have such a period, with who answers for each."""
    span = choice.span
    found = find_journals(
        c,
        year=choice.year.id,
        class_id=choice.class_id,
        groups=None if choice.group is None else [choice.group],
        subject=choice.subject,
        teacher=choice.teacher,
        first=span.first,
        last=span.last,
        ids=choice.journals,
    )
    found = [one for one in found if span.scheme in {None, one.scheme}]
    loads = teachers_of(c, [one.id for one in found], first=span.first, last=span.last)
    teachers = {journal: _answerable(own, span.last) for journal, own in loads.items()}
    if choice.teacher is not None:
        found = [one for one in found if any(load.staff == choice.teacher for load in teachers.get(one.id, ()))]
    return found, teachers


def _answerable(loads: Sequence[Teacher], day: str) -> list[Teacher]:
    """Answer who has the load of a journal on the count date, else those who had it last."""
    ends = [load.ends or day for load in loads]
    newest = min(day, max(ends))
    return [load for load, end in zip(loads, ends, strict=True) if end >= newest]


def _lines(
    choice: Choice,
    pupils: dict[str, list[str]],
    assessed: Sequence[Journal],
    members: dict[str, set[str]],
    cells: Sequence[Cell],
) -> dict[tuple[str, str], int]:
    """Answer the lines with their pupils: the whole class, or, chosen by journals, those who belong in one of them.

    There is a line where there is a cell, and for each subject of a class without pupils, with nothing below it; a
    group to which nobody of a class belongs makes no line of that class.
    """
    own: dict[tuple[str, str], set[str]] = {(cell.class_id, cell.subject): set() for cell in cells}
    whole = not choice.by_journals and choice.pupil is None
    empty = {class_id for class_id, inside in pupils.items() if not inside} if whole else set()
    for one in assessed:
        own |= {(class_id, one.subject): set() for class_id in empty.intersection(one.classes)}
        belonging = members.get(one.id, set())
        for class_id, subject in own:
            if subject == one.subject:
                own[class_id, subject] |= belonging.intersection(pupils[class_id])
    return {line: len(inside) if choice.by_journals else len(pupils[line[0]]) for line, inside in own.items()}


def _classes(c: sa.Connection, choice: Choice, chosen: Sequence[Journal]) -> list[ClassRow]:
    """Answer the classes that are counted: those of the choice that have final marks in such a period."""
    ids = None if choice.class_id is None else [choice.class_id]
    linked = {class_id for journal in chosen for class_id in journal.classes}
    whole = not choice.by_journals and choice.subject is None
    return [
        row
        for row in classes_by_name(c, year=choice.year.id, ids=ids)
        if choice.grade in {None, row.grade}
        and (row.stream in linked or (whole and choice.span.scheme in {None, row.scheme}))
    ]


def _final_marks(c: sa.Connection, choice: Choice, pupils: Collection[str]) -> list[FinalMarkRow]:
    m, j = final_marks.c, journals.c
    of_year = sa.select(j.stream).where(j.year == choice.year.id)
    if choice.subject is not None:
        of_year = of_year.where(j.subject == choice.subject)
    return fetch(c, final_marks, m.period == choice.span.code, is_in(m.pupil, pupils), m.journal.in_(of_year))


def _journals_with_marks(c: sa.Connection, choice: Choice, chosen: Sequence[Journal]) -> set[str]:
    """Answer the journals that have any final mark of the period, whoever got it: choosing pupils changes nothing."""
    m = final_marks.c
    here = is_in(m.journal, [one.id for one in chosen])
    return set(c.scalars(sa.select(m.journal).where(m.period == choice.span.code, here).distinct()))


def _assessed(
    c: sa.Connection,
    choice: Choice,
    chosen: Sequence[Journal],
    systems: dict[str, GradingSystem],
    with_marks: Collection[str],
) -> list[Journal]:
    """Answer the journals whose pupils are to be assessed: marked ones that have lessons, or marks, in the period."""
    marked = [
        one for one in chosen if one.grading_system in systems and systems[one.grading_system].scale != UNMARKED_SCALE
    ]
    if choice.span.code in BY_MARKS_ONLY:
        return [one for one in marked if one.id in with_marks]
    taught = _taught(c, choice, [one for one in marked if one.id not in with_marks])
    return [one for one in marked if one.id in with_marks or one.id in taught]


def _taught(c: sa.Connection, choice: Choice, asked: Sequence[Journal]) -> set[str]:
    """Answer the journals that have a lesson in the period: held or extra, or due and not cancelled.

    A moved lesson counts where it was moved to, as long as the timetable has it.
    """
    if not asked:
        return set()
    first, last = choice.span.first, choice.span.last
    t = lessons.c
    inside = [is_in(t.journal, {one.id for one in asked}), within(t.placed_date, first, last), t.cancelled.is_(False)]
    real = sa.or_(t.topic.is_not(None), t.roll_taken, t.extra)
    taught = set(c.scalars(sa.select(t.journal).where(*inside, real).distinct()))
    rest = {one.id: one for one in asked if one.id not in taught}
    away = sa.or_(t.cancelled, t.placed_date < first, t.placed_date > last)
    gone = set(c.scalars(sa.select(t.stream).where(is_in(t.journal, rest), within(t.date, first, last), away)))
    moved = {row.stream: row.date for row in c.execute(sa.select(t.stream, t.date).where(*inside, t.moved))}
    calendar = calendar_from_json(choice.year.calendar)
    days = checked_range(min([first, *moved.values()]), max([last, *moved.values()]))
    for journal, own in schedules_of(c, list(rest)).items():
        for one in occurrences(calendar, rest[journal].grade, journal, own, *days, classes=rest[journal].classes):
            if one.lesson in moved or (first <= one.date.isoformat() <= last and one.lesson not in gone):
                taught.add(journal)
                break
    return taught


def _best(
    rows: Sequence[FinalMarkRow],
    known: dict[str, Journal],
    members: dict[str, set[str]],
    systems: dict[str, GradingSystem],
) -> dict[tuple[str, str], Standing]:
    """Answer the one final mark of each pupil in each subject."""
    best: dict[tuple[str, str], tuple[tuple[bool, bool, int, str], Standing]] = {}
    for row in rows:
        journal = known[row.journal]
        found = standing(systems.get(journal.grading_system), row.value)
        if found is None:
            continue
        belongs = row.pupil in members.get(row.journal, ())
        rank = (belongs, journal.group_kind == "class", row.recorded_at, row.journal)
        key = (row.pupil, journal.subject)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, found)
    return {key: found for key, (_, found) in best.items()}


def _cells(
    choice: Choice,
    class_of: dict[str, str],
    assessed: Sequence[Journal],
    members: dict[str, set[str]],
    best: dict[tuple[str, str], Standing],
) -> list[Cell]:
    """Answer the cells: who is to be assessed in what, and, where whole classes count, whoever has a mark.

    Exams are chosen: nobody without an exam mark is to be assessed.
    """
    owed = {(pupil, one.subject) for one in assessed for pupil in members.get(one.id, ())}
    with_mark = {key for key in best if key in owed or not choice.by_journals}
    keys = with_mark if choice.span.code == "exam" else owed | with_mark
    return [
        Cell(pupil, class_of[pupil], subject, best.get((pupil, subject)))
        for pupil, subject in sorted(keys)
        if pupil in class_of
    ]
