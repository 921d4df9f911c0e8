"""The journal page (D1): pupils × lessons with marks, absences, averages, final marks, topics and homework."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from ejd.kernel.events.school import GradingSystem
from ejd.kernel.policies import Average, grade_value
from ejd_projections.asking import NotThereError, SelectionError, checked_range, within
from ejd_projections.control_works import ControlWorkRow, control_works_in
from ejd_projections.final_marks import FinalMarkRow, final_marks_in
from ejd_projections.gradebook_tables import attendance, lessons, marks, recommendations
from ejd_projections.journal_catalogue import Journal, Teacher, find_journals, teachers_of
from ejd_projections.memberships import Member, members_of
from ejd_projections.people import ERASED_SORT_KEY, PersonRow, people_by_id
from ejd_projections.rolls import MISSED, lessons_while_member, was_member
from ejd_projections.school_catalogue import Year, kinds_of_work, systems_of_grading, years

JOURNALS_MAX = 60
"""Journals in one answer; a class has some twenty."""
ORDINARY_WEIGHT = 100
"""Hundredths; the weight of a kind of work that the school no longer lists."""
FORMULA = "Σ (points × weight) / Σ weight"
"""The weighted average (rules.md, formulas, H: proposed final mark)."""


@dataclass(slots=True)
class Mark:
    """One mark of a cell; `version` is the event of the lesson's stream that the value stands on."""

    work: str
    number: int
    value: str
    control_work: str
    variant: int | None
    points: int | None
    recorded_at: int
    version: int
    corrected: int


@dataclass(slots=True)
class Cell:
    """One pupil in one lesson: marks by kind of work and number, the line of the roll or None for present."""

    lesson: str
    marks: list[Mark]
    absence: str | None
    minutes: int | None


@dataclass(slots=True)
class GradebookLesson:
    """One column of the page; `date` and `slot` say where the lesson takes place. Homework "" says: none is set."""

    lesson: str
    date: str
    slot: int
    planned_date: str
    planned_slot: int
    ordinal: int
    topic: str | None
    plan_item: int | None
    homework: str | None
    homework_due: str | None
    homework_minutes: int | None
    roll_taken: bool
    cancelled: bool
    moved: bool
    extra: bool
    substitute: str
    substitute_name: str = ""
    homework_links: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Recommendation:
    """Advice given in a lesson; empty text: the pupil's data was erased."""

    lesson: str
    version: int
    text: str


@dataclass(slots=True)
class FinalMark:
    """A final mark with the average it was decided on and what the rules proposed."""

    period: str
    value: str
    proposed: str
    weighted_sum: int
    weight_sum: int
    recorded_at: int
    corrected: int


@dataclass(slots=True)
class GradebookPupil:
    """One row of the page; only cells with something in them, in the order of the lessons.

    The average is `weighted_sum` / `weight_sum` of the `marks_counted` marks on the page; `average_hundredths` is
    rounded half up. `missed` of `lessons` with the roll taken while the pupil was in the journal.
    """

    pupil: str
    name: str
    stays: list[Member]
    cells: list[Cell]
    final_marks: list[FinalMark]
    recommendations: list[Recommendation]
    marks_counted: int
    weighted_sum: int
    weight_sum: int
    average_hundredths: int | None
    lessons: int
    missed: int


@dataclass(slots=True)
class Gradebook:
    """One journal in a range of days, both included."""

    journal: Journal
    first: str
    last: str
    formula: str
    teachers: list[Teacher]
    lessons: list[GradebookLesson]
    pupils: list[GradebookPupil]
    control_works: list[ControlWorkRow]


@dataclass(slots=True)
class _Page:
    """What is read of one journal, before it is a gradebook."""

    lessons: list[GradebookLesson] = field(default_factory=list)
    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)
    finals: dict[str, list[FinalMark]] = field(default_factory=dict)
    advice: dict[str, list[Recommendation]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)

    def cell(self, pupil: str, lesson: str) -> Cell:
        """Answer a cell, a new one when nothing is in it yet."""
        try:
            return self.cells[pupil][lesson]
        except KeyError:
            own = self.cells.setdefault(pupil, {})
            cell = own[lesson] = Cell(lesson, [], None, None)
            return cell


_l, _m, _a, _r = lessons.c, marks.c, attendance.c, recommendations.c
_HERE = (
    _l.journal.in_(sa.bindparam("journals", expanding=True)),
    within(_l.placed_date, sa.bindparam("first"), sa.bindparam("last")),
)
# Statements are made once: SQLAlchemy then finds the compiled text by the object. The lessons lead, so that the
# cost is theirs: each one's marks stand together under the lesson's stream, however large the store.
_LESSONS = (
    sa.select(
        *(_l.homework_links, _l.journal, _l.stream, _l.placed_date, _l.placed_slot, _l.date, _l.slot, _l.ordinal),
        *(_l.topic, _l.plan_item, _l.homework, _l.homework_due, _l.homework_minutes, _l.roll_taken),
        *(_l.cancelled, _l.moved, _l.extra, _l.substitute),
    )
    .where(*_HERE)
    .order_by(_l.journal, _l.placed_date, _l.placed_slot, _l.ordinal, _l.stream)
)
_MARKS = (
    sa.select(
        *(_m.stream, _m.pupil, _m.work, _m.number, _m.value, _m.control_work, _m.variant, _m.points),
        *(_m.recorded_at, _m.version, _m.corrected),
    )
    .select_from(lessons.table.join(marks.table, _m.stream == _l.stream))
    .where(*_HERE)
)
_ATTENDANCE = (
    sa.select(_a.stream, _a.pupil, _a.kind, _a.minutes)
    .select_from(lessons.table.join(attendance.table, _a.stream == _l.stream))
    .where(*_HERE)
)
_ADVICE = (
    sa.select(_r.stream, _r.pupil, _r.version, _r.text)
    .select_from(lessons.table.join(recommendations.table, _r.stream == _l.stream))
    .where(*_HERE)
    .order_by(_l.placed_date, _l.placed_slot, _r.version)
)
_ONE_PUPIL: sa.BindParameter[str] = sa.bindparam("pupil")
_MARKS_OF_ONE = _MARKS.where(_m.pupil == _ONE_PUPIL)
_ATTENDANCE_OF_ONE = _ATTENDANCE.where(_a.pupil == _ONE_PUPIL)
_ADVICE_OF_ONE = _ADVICE.where(_r.pupil == _ONE_PUPIL)


def gradebook(c: sa.Connection, *, journal: str, first: str, last: str, pupil: str | None = None) -> Gradebook:
    """Answer one journal's page between two dates, both included; with `pupil` only that pupil's row.

    Listed are pupils who belonged in the journal on any day of the range, and those who have a mark, a line of the
    roll or advice there; a moved lesson stands where it took place. Raises NotThereError for an unknown journal.
    """
    found = find_journals(c, ids=[journal])
    if not found:
        raise NotThereError("there is no such journal: choose one from the list of journals", field="journal")
    return gradebooks(c, found, first=first, last=last, pupil=pupil)[0]


def gradebooks(
    c: sa.Connection, journals: Sequence[Journal], *, first: str, last: str, pupil: str | None = None
) -> list[Gradebook]:
    """Answer the pages of several journals (of a class, a group, a pupil) with as many queries as one page takes."""
    checked_range(first, last)
    if len(journals) > JOURNALS_MAX:
        raise SelectionError(f"{len(journals)} journals are too many: choose at most {JOURNALS_MAX}", field="journal")
    if not journals:
        return []
    ids = [journal.id for journal in journals]
    pages = _read(c, ids, first, last, pupil)
    _add_finals(c, journals, pages, first, last, pupil)
    for journal_id, members in members_of(c, journals, first=first, last=last, pupil=pupil).items():
        for member in members:
            pages[journal_id].members.setdefault(member.pupil, []).append(member)
    people = people_by_id(c, _everybody(pages.values()))
    for page in pages.values():
        for lesson in page.lessons:
            if lesson.substitute in people:
                lesson.substitute_name = people[lesson.substitute].full()
    teachers = teachers_of(c, ids, first=first, last=last)
    works: dict[str, list[ControlWorkRow]] = {}
    for work in control_works_in(c, ids, first=first, last=last):
        works.setdefault(work.journal, []).append(work)
    systems = systems_of_grading(c)
    weights = {code: kind.weight for code, kind in kinds_of_work(c).items()}
    return [
        Gradebook(
            journal=journal,
            first=first,
            last=last,
            formula=FORMULA,
            teachers=teachers.get(journal.id, []),
            lessons=pages[journal.id].lessons,
            pupils=_pupils(pages[journal.id], people, systems.get(journal.grading_system), weights),
            control_works=works.get(journal.id, []),
        )
        for journal in journals
    ]


def _everybody(pages: Iterable[_Page]) -> set[str]:
    everybody: set[str] = set()
    for page in pages:
        everybody.update(page.members, page.cells, page.advice)
        everybody.update(lesson.substitute for lesson in page.lessons if lesson.substitute)
    return everybody


def _read(c: sa.Connection, ids: list[str], first: str, last: str, pupil: str | None) -> dict[str, _Page]:
    """Answer what was recorded in the lessons, journal by journal."""
    pages = {journal: _Page() for journal in ids}
    page_of: dict[str, _Page] = {}
    where = {"journals": ids, "first": first, "last": last}
    for links, journal, *content in c.execute(_LESSONS, where):
        lesson = GradebookLesson(*content)
        if links != "[]":
            lesson.homework_links = msgspec.json.decode(links, type=list[str])
        page = page_of[lesson.lesson] = pages[journal]
        page.lessons.append(lesson)
    of_one = pupil is not None
    if pupil is not None:
        where["pupil"] = pupil
    for row in c.execute(_MARKS_OF_ONE if of_one else _MARKS, where):
        stream = row[0]
        page_of[stream].cell(row[1], stream).marks.append(Mark(*row[2:]))
    for stream, who, kind, minutes in c.execute(_ATTENDANCE_OF_ONE if of_one else _ATTENDANCE, where):
        cell = page_of[stream].cell(who, stream)
        cell.absence, cell.minutes = kind, minutes
    for stream, who, version, text in c.execute(_ADVICE_OF_ONE if of_one else _ADVICE, where):
        page_of[stream].advice.setdefault(who, []).append(Recommendation(stream, version, text))
    return pages


def _add_finals(  # noqa: PLR0913 - the question's own parts
    c: sa.Connection,
    journals: Sequence[Journal],
    pages: dict[str, _Page],
    first: str,
    last: str,
    pupil: str | None,
) -> None:
    """Put final marks into the pages: of the periods that the range touches, and of the year where it ends."""
    by_year = {year.id: year for year in years(c, ids={journal.year for journal in journals})}
    shown = {journal.id: _FinalsShown(by_year.get(journal.year), journal.scheme, first, last) for journal in journals}
    for row in final_marks_in(c, [journal.id for journal in journals], pupil=pupil):
        if shown[row.journal].has(row):
            pages[row.journal].finals.setdefault(row.pupil, []).append(
                FinalMark(
                    period=row.period,
                    value=row.value,
                    proposed=row.proposed,
                    weighted_sum=row.weighted_sum,
                    weight_sum=row.weight_sum,
                    recorded_at=row.recorded_at,
                    corrected=row.corrected,
                )
            )


class _FinalsShown:
    """Which final marks belong on a page."""

    def __init__(self, year: Year | None, scheme: str, first: str, last: str) -> None:
        periods = year.periods if year else []
        self._touched = {p.code: p.first_day <= last and p.last_day >= first for p in periods}
        end = max((p.last_day for p in periods if p.scheme == scheme), default=year.last_day if year else "")
        self._at_the_end = last >= end

    def has(self, row: FinalMarkRow) -> bool:
        """Answer whether the period is touched; year, exam and overall belong where the last period ends."""
        return self._touched.get(row.period, self._at_the_end)


def _pupils(
    page: _Page, people: dict[str, PersonRow], system: GradingSystem | None, weights: dict[str, int]
) -> list[GradebookPupil]:
    order = {lesson.lesson: place for place, lesson in enumerate(page.lessons)}
    days = {lesson.lesson: lesson.date for lesson in page.lessons if lesson.roll_taken and not lesson.cancelled}
    roll_days = sorted(days.values())
    points: dict[str, int | None] = {}
    listed = sorted(
        page.members.keys() | page.cells.keys() | page.advice.keys(),
        key=lambda one: (people[one].sort_key if one in people else ERASED_SORT_KEY, one),
    )
    answers = []
    for pupil in listed:
        cells = sorted(page.cells.get(pupil, {}).values(), key=lambda cell: order[cell.lesson])
        stays = page.members.get(pupil, [])
        missed = counted = weighted = weight_sum = 0
        for cell in cells:
            day = days.get(cell.lesson)
            missed += cell.absence in MISSED and day is not None and was_member(stays, day)
            if len(cell.marks) > 1:
                cell.marks.sort(key=lambda mark: (mark.work, mark.number))
            for mark in cell.marks:
                if mark.value not in points:
                    meaning = grade_value(system, mark.value) if system else None
                    points[mark.value] = meaning.points if meaning else None
                worth = points[mark.value]
                if worth is not None:
                    weight = weights.get(mark.work, ORDINARY_WEIGHT)
                    counted += 1
                    weighted += worth * weight
                    weight_sum += weight
        answers.append(
            GradebookPupil(
                pupil=pupil,
                name=people[pupil].full() if pupil in people else "",
                stays=stays,
                cells=cells,
                final_marks=page.finals.get(pupil, []),
                recommendations=page.advice.get(pupil, []),
                marks_counted=counted,
                weighted_sum=weighted,
                weight_sum=weight_sum,
                average_hundredths=Average(weighted, weight_sum).hundredths(),
                lessons=lessons_while_member(roll_days, stays),
                missed=missed,
            )
        )
    return answers
