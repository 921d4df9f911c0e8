"""Curriculum against load against timetable against taught, class by class and subject by subject (C2, C4, D8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json
from ejd.kernel.due import schedule_on
from ejd_projections.asking import is_in
from ejd_projections.curricula import (
    Curriculum,
    Line,
    curricula_of_classes,
    curricula_of_pupils,
    curricula_of_year,
)
from ejd_projections.journal_catalogue import (
    ClassRow,
    Journal,
    classes_by_name,
    find_journals,
    groups_by_name,
    plan_topics,
    teachers_of,
)
from ejd_projections.lesson_course import Course, Moment, courses
from ejd_projections.memberships import class_members_on, members_of
from ejd_projections.people import names
from ejd_projections.school_catalogue import Year, subjects_by_name
from ejd_projections.timetable import schedules_of

Kind = Literal[
    "no-curriculum",
    "not-in-curriculum",
    "no-journal",
    "no-load",
    "load",
    "no-timetable",
    "timetable",
    "timetable-load",
    "no-plan",
    "plan",
    "year",
    "taught",
]
WHOLE_CLASS_KINDS = frozenset({"subgroup", "stream"})
"""Groups in which all of a class is taught, unless the curriculum has a line for that kind of group."""
BESIDE = frozenset({"club", "individual"})
"""Groups that a class's curriculum need not name."""
HUNDRED = 100


@dataclass(slots=True)
class Disagreement:
    """Two figures that differ, None: there is none; hours a week in hundredths, hours a year and taught in lessons."""

    kind: Kind
    expected: int | None
    found: int | None
    says: str


@dataclass(slots=True)
class ComparedRow:
    """One subject of a class (or of a pupil with an own curriculum) as one way through its journals has it.

    `journals` are taught to the same pupils, so that their hours add up; subgroups have a row each.
    """

    class_id: str
    class_name: str
    grade: int
    pupil: str
    pupil_name: str
    curriculum: str
    curriculum_name: str
    profile: str
    subject: str
    subject_name: str
    group_kind: str
    components: list[str]
    journals: list[str]
    groups: list[str]
    teachers: list[str]
    hours_per_week_hundredths: int | None
    load_hundredths: int | None
    timetable_hundredths: int | None
    hours_per_year: int | None
    plan_hours: int | None
    due_year: int
    due: int
    taught: int
    differences: list[Disagreement] = field(default_factory=list)


@dataclass(slots=True)
class CurriculumCompared:
    """A page of the `total` rows; `differing` counts those of the total that have differences."""

    year: str
    day: str
    total: int
    differing: int
    rows: list[ComparedRow]


class Way(NamedTuple):
    """One way through the journals of a subject, with the lines that it is held against."""

    of_class: ClassRow
    pupil: str
    curriculum: Curriculum | None
    subject: str
    group_kind: str
    lines: Sequence[Line]
    journals: Sequence[Journal]


class Choice(NamedTuple):
    """Which rows: every condition that is not None must hold."""

    class_id: str | None = None
    grade: int | None = None
    subject: str | None = None


def ways_of(c: sa.Connection, year: Year, day: str, choice: Choice) -> list[Way]:
    """Answer every way through the journals of the classes of a year, by class and subject."""
    classes = [
        one
        for one in classes_by_name(c, year=year.id)
        if choice.class_id in {None, one.stream} and choice.grade in {None, one.grade}
    ]
    kinds = {one.stream: one.kind for one in groups_by_name(c, year=year.id)}
    journals = find_journals(c, year=year.id, subject=choice.subject)
    by_class: dict[str, list[Journal]] = {}
    for journal in journals:
        for class_id in journal.classes:
            by_class.setdefault(class_id, []).append(journal)
    adopted = curricula_of_year(c, year.id)
    assigned = curricula_of_classes(c, [one.stream for one in classes], day)
    own = curricula_of_pupils(c, day)
    pupils = {one.pupil: one.class_id for one in class_members_on(c, day=day, pupils=own)} if own else {}
    titles = {row.stream: row.sort_key for row in subjects_by_name(c)}
    found: list[Way] = []
    for one in classes:
        here = by_class.get(one.stream, [])
        curriculum = adopted.get(assigned.get(one.stream, ""))
        found += _of_class(one, curriculum, here, kinds)
        for pupil in sorted(pupil for pupil, class_id in pupils.items() if class_id == one.stream):
            found += _of_pupil(c, one, pupil, adopted.get(own[pupil]), here, kinds, day)
    found = [way for way in found if choice.subject in {None, way.subject}]
    order = {one.stream: place for place, one in enumerate(classes)}
    found.sort(
        key=lambda way: (
            order[way.of_class.stream],
            way.pupil,
            titles.get(way.subject, ""),
            way.subject,
            way.group_kind,
        )
    )
    return found


def _of_class(
    one: ClassRow, curriculum: Curriculum | None, journals: Iterable[Journal], kinds: dict[str, str]
) -> Iterator[Way]:
    lines: dict[tuple[str, str], list[Line]] = {}
    for line in () if curriculum is None else curriculum.lines:
        lines.setdefault((line.subject, line.group_kind), []).append(line)
    taught: dict[tuple[str, str], list[Journal]] = {key: [] for key in lines}
    for journal in journals:
        kind = kinds.get(journal.group, "")
        if (journal.subject, kind) not in lines and kind in WHOLE_CLASS_KINDS:
            kind = ""
        if kind not in BESIDE or (journal.subject, kind) in lines:
            taught.setdefault((journal.subject, kind), []).append(journal)
    for (subject, kind), here in taught.items():
        together = [journal for journal in here if journal.group_kind == "class"]
        apart = [journal for journal in here if journal.group_kind != "class"]
        for path in [[*together, journal] for journal in apart] or [together]:
            yield Way(one, "", curriculum, subject, kind, lines.get((subject, kind), ()), path)


def _of_pupil(  # noqa: PLR0913 - the pupil, and what there is to be taught by
    c: sa.Connection,
    one: ClassRow,
    pupil: str,
    curriculum: Curriculum | None,
    journals: Sequence[Journal],
    kinds: dict[str, str],
    day: str,
) -> Iterator[Way]:
    lines: dict[str, list[Line]] = {}
    for line in () if curriculum is None else curriculum.lines:
        lines.setdefault(line.subject, []).append(line)
    members = members_of(c, journals, first=day, last=day, pupil=pupil)
    taught: dict[str, list[Journal]] = {subject: [] for subject in lines}
    for journal in journals:
        mine = any(member.on(day) for member in members[journal.id])
        if mine and (journal.subject in lines or kinds.get(journal.group) != "club"):
            taught.setdefault(journal.subject, []).append(journal)
    for subject, path in taught.items():
        yield Way(one, pupil, curriculum, subject, "", lines.get(subject, ()), path)


class Figures(NamedTuple):
    """What the journals of a year have on a day, by journal; `plan` is hours of the thematic plan."""

    loads: dict[str, int]
    teachers: dict[str, list[str]]
    weekly: dict[str, int]
    plan: dict[str, int]
    courses: dict[str, Course]


def figures_of(c: sa.Connection, year: Year, journals: Sequence[Journal], day: str, moment: Moment) -> Figures:
    """Answer load, lessons a week, hours of the plan and the course of each journal."""
    ids = [journal.id for journal in journals]
    loads: dict[str, int] = {}
    people: dict[str, list[str]] = {}
    for journal, teachers in teachers_of(c, ids, first=day, last=day).items():
        people[journal] = [one.name for one in teachers]
        hours = [one.hours_per_week for one in teachers if one.hours_per_week is not None]
        if hours:
            loads[journal] = HUNDRED * sum(hours)
    t = plan_topics.c
    plan = sa.select(t.stream, sa.func.sum(t.hours)).where(is_in(t.stream, ids)).group_by(t.stream)
    calendar = calendar_from_json(year.calendar)
    weekly = {}
    for journal, schedules in schedules_of(c, ids).items():
        schedule = schedule_on(schedules, date.fromisoformat(day))
        if schedule is not None and schedule.entries:
            weekly[journal] = per_week_hundredths(calendar, len(schedule.entries))
    return Figures(
        loads=loads,
        teachers=people,
        weekly=weekly,
        plan={journal: int(hours) for journal, hours in c.execute(plan)},
        courses=courses(c, year, journals, moment),
    )


def per_week_hundredths(calendar: Calendar, entries: int) -> int:
    """Answer lessons a week of so many in the cycle, half up; a rolling cycle has as many days a week as weekdays."""
    cycle = calendar.data.cycle
    if cycle is None or not cycle.days:
        return HUNDRED * entries
    above, below = (
        (entries, cycle.weeks) if cycle.kind == "weekly" else (entries * len(cycle.weekdays), len(cycle.days))
    )
    return (2 * HUNDRED * above + below) // (2 * below)


def curriculum_compared(  # noqa: PLR0913 - which rows, for whom, and the page
    c: sa.Connection,
    year: Year,
    *,
    day: str,
    moment: Moment,
    choice: Choice,
    classes: Collection[str] | None = None,
    journals: Collection[str] | None = None,
    differing: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> CurriculumCompared:
    """Answer the rows of a choice with every difference named, by class and subject.

    With `classes` and `journals` only rows of these classes, and rows all of whose journals are among these.
    """
    ways = ways_of(c, year, day, choice)
    if classes is not None:
        seen = set(journals or ())
        ways = [
            way
            for way in ways
            if way.of_class.stream in classes or (way.journals and {one.id for one in way.journals} <= seen)
        ]
    taught = {journal.id: journal for way in ways for journal in way.journals}
    figures = figures_of(c, year, list(taught.values()), day, moment)
    subjects = {row.stream: row.name for row in subjects_by_name(c)}
    people = names(c, {way.pupil for way in ways} - {""})
    rows = [_row(way, figures, subjects, people) for way in ways]
    with_differences = [row for row in rows if row.differences]
    listed = with_differences if differing else rows
    page = listed[offset:] if limit is None else listed[offset : offset + limit]
    return CurriculumCompared(year.id, day, len(listed), len(with_differences), page)


def _sum(figures: dict[str, int], journals: Sequence[Journal]) -> int | None:
    """Answer the sum over the journals; None when one of them has no figure, or there are no journals."""
    found = [figures.get(one.id) for one in journals]
    return None if not found or None in found else sum(one for one in found if one is not None)


def _row(way: Way, figures: Figures, subjects: dict[str, str], people: dict[str, str]) -> ComparedRow:
    curriculum, taught = way.curriculum, [figures.courses[one.id] for one in way.journals]
    row = ComparedRow(
        class_id=way.of_class.stream,
        class_name=way.of_class.name,
        grade=way.of_class.grade,
        pupil=way.pupil,
        pupil_name=people.get(way.pupil, ""),
        curriculum="" if curriculum is None else curriculum.id,
        curriculum_name="" if curriculum is None else curriculum.name,
        profile="" if curriculum is None else curriculum.profile,
        subject=way.subject,
        subject_name=subjects.get(way.subject, ""),
        group_kind=way.group_kind,
        components=[line.component for line in way.lines],
        journals=[one.id for one in way.journals],
        groups=[one.group_name for one in way.journals],
        teachers=[name for one in way.journals for name in figures.teachers.get(one.id, ())],
        hours_per_week_hundredths=sum(one.hours_per_week_hundredths for one in way.lines) or None,
        load_hundredths=_sum(figures.loads, way.journals),
        timetable_hundredths=_sum(figures.weekly, way.journals),
        hours_per_year=sum(one.hours_per_year for one in way.lines) or None,
        plan_hours=_sum(figures.plan, way.journals),
        due_year=sum(one.due_year for one in taught),
        due=sum(one.due for one in taught),
        taught=sum(one.taught for one in taught),
    )
    row.differences = list(_differences(row))
    return row


def _differences(row: ComparedRow) -> Iterator[Disagreement]:
    week, year = row.hours_per_week_hundredths, row.hours_per_year
    if not row.curriculum:
        yield Disagreement("no-curriculum", None, None, "the class has no curriculum on this day")
    elif week is None:
        yield Disagreement("not-in-curriculum", None, None, "the curriculum does not have this subject")
    if not row.journals:
        yield Disagreement("no-journal", week, None, "nobody is taught this: there is no journal")
        return
    if row.load_hundredths is None:
        yield Disagreement("no-load", week, None, "no teacher has it in the load with hours")
    elif week is not None and row.load_hundredths != week:
        says = f"load {_hours(row.load_hundredths)} h a week, curriculum {_hours(week)} h"
        yield Disagreement("load", week, row.load_hundredths, says)
    if row.timetable_hundredths is None:
        yield Disagreement("no-timetable", week, None, "the timetable does not have it")
    elif week is not None and row.timetable_hundredths != week:
        says = f"timetable {_hours(row.timetable_hundredths)} lessons a week, curriculum {_hours(week)} h"
        yield Disagreement("timetable", week, row.timetable_hundredths, says)
    if None not in {row.load_hundredths, row.timetable_hundredths} and row.load_hundredths != row.timetable_hundredths:
        says = f"timetable {_hours(row.timetable_hundredths)} lessons a week, load {_hours(row.load_hundredths)} h"
        yield Disagreement("timetable-load", row.load_hundredths, row.timetable_hundredths, says)
    yield from _yearly(row, year)


def _yearly(row: ComparedRow, year: int | None) -> Iterator[Disagreement]:
    if row.plan_hours is None:
        yield Disagreement("no-plan", year, None, "there is no thematic plan")
    elif year is not None and row.plan_hours != year:
        yield Disagreement("plan", year, row.plan_hours, f"plan {row.plan_hours} h, curriculum {year} h")
    if year is not None and row.due_year != year:
        yield Disagreement("year", year, row.due_year, f"{row.due_year} lessons due in the year, curriculum {year} h")
    if row.taught != row.due:
        yield Disagreement("taught", row.due, row.taught, f"{row.taught} lessons taught of {row.due} due by now")


def _hours(hundredths: int | None) -> str:
    """Answer hours as people write them: 2, 1.5, 0.25."""
    return "—" if hundredths is None else f"{hundredths / HUNDRED:.2f}".rstrip("0").rstrip(".")
