"""Classes, teaching groups and journals of a year, with class teachers, loads and thematic plans."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.events import journals as j
from ejd.kernel.states.teaching import Load
from ejd.kernel.titles import sort_key
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import (
    DAY_MAX,
    ROWS_MAX,
    NotThereError,
    among,
    bound,
    checked_ids,
    checked_limit,
    fetch,
    is_in,
)
from ejd_projections.people import persons
from ejd_projections.school_catalogue import subjects

projection = Projection("journal_catalogue", version=1)


@dataclass(slots=True)
class ClassRow:
    """A class of one year; sorted by grade, then by letter."""

    stream: str
    year: str
    name: str
    grade: int
    scheme: str
    bells: str
    week_days: int
    grading_system: str
    sort_key: str


@dataclass(slots=True)
class ClassTeacherRow:
    """The class teacher from a day on, until the next one."""

    stream: str
    starts: str
    staff: str


@dataclass(slots=True)
class GroupRow:
    """A teaching group; `classes` is a JSON list of class ids."""

    stream: str
    year: str
    name: str
    kind: str
    classes: str
    sort_key: str


@dataclass(slots=True)
class JournalRow:
    """A journal page; `group_id` is a class or a teaching group, `classes` a JSON list of class ids."""

    stream: str
    year: str
    subject: str
    group_id: str
    group_kind: str
    classes: str
    grade: int
    scheme: str
    bells: str
    grading_system: str
    name: str
    sort_key: str


@dataclass(slots=True)
class JournalClassRow:
    """A class that pupils of the journal are from: the link that questions by class follow."""

    stream: str
    class_id: str


@dataclass(slots=True)
class JournalTeacherRow:
    """A load: the teacher teaches the journal from `starts` to `ends`, both included (None: still)."""

    stream: str
    staff: str
    starts: str
    ends: str | None
    hours_per_week: int | None


@dataclass(slots=True)
class PlanTopicRow:
    """One line of a journal's thematic plan; `hours` are lessons."""

    stream: str
    number: int
    section: str
    topic: str
    hours: int
    control: bool


classes = projection.table("classes", ClassRow, key=("stream",), indexes=[("year", "sort_key")])
class_teachers = projection.table("class_teachers", ClassTeacherRow, key=("stream", "starts"))
teaching_groups = projection.table("teaching_groups", GroupRow, key=("stream",), indexes=[("year",)])
journals = projection.table("journals", JournalRow, key=("stream",), indexes=[("year", "sort_key"), ("group_id",)])
journal_classes = projection.table(
    "journal_classes", JournalClassRow, key=("stream", "class_id"), indexes=[("class_id",)]
)
journal_teachers = projection.table(
    "journal_teachers", JournalTeacherRow, key=("stream", "staff", "starts"), indexes=[("staff",)]
)
plan_topics = projection.table("plan_topics", PlanTopicRow, key=("stream", "number"))


def _by_grade(grade: int, name: str) -> str:
    """Answer a key that puts 9А before 10А."""
    return f"{grade:02d}{sort_key(name)}"


@projection.on(j.ClassFormed)
def _class_formed(event: j.ClassFormed, meta: Recorded, rows: StreamRows) -> None:
    classes.put(
        rows,
        ClassRow(
            stream=meta.stream,
            year=event.year,
            name=event.name,
            grade=event.grade,
            scheme=event.scheme,
            bells=event.bells,
            week_days=event.week_days,
            grading_system=event.grading_system,
            sort_key=_by_grade(event.grade, event.name),
        ),
    )


@projection.on(j.ClassTeacherAppointed)
def _class_teacher_appointed(event: j.ClassTeacherAppointed, meta: Recorded, rows: StreamRows) -> None:
    class_teachers.put(rows, ClassTeacherRow(meta.stream, event.starts.isoformat(), event.staff))


@projection.on(j.TeachingGroupFormed)
def _teaching_group_formed(event: j.TeachingGroupFormed, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.classes).decode()
    teaching_groups.put(rows, GroupRow(meta.stream, event.year, event.name, event.kind, text, sort_key(event.name)))


@projection.on(j.JournalOpened)
def _journal_opened(event: j.JournalOpened, meta: Recorded, rows: StreamRows) -> None:
    journals.put(
        rows,
        JournalRow(
            stream=meta.stream,
            year=event.year,
            subject=event.subject,
            group_id=event.group,
            group_kind=event.group_kind,
            classes=msgspec.json.encode(event.classes).decode(),
            grade=event.grade,
            scheme=event.scheme,
            bells=event.bells,
            grading_system=event.grading_system,
            name=event.name,
            sort_key=_by_grade(event.grade, event.name),
        ),
    )
    for row in journal_classes.all(rows):
        journal_classes.drop(rows, row.class_id)
    for class_id in event.classes:
        journal_classes.put(rows, JournalClassRow(meta.stream, class_id))


@projection.on(j.TeacherAssigned)
def _teacher_assigned(event: j.TeacherAssigned, meta: Recorded, rows: StreamRows) -> None:
    # As JournalState: a new assignment of a teacher replaces the old one from its day on.
    _close_loads(rows, event.staff, (event.starts - timedelta(days=1)).isoformat())
    starts = event.starts.isoformat()
    ends = event.ends.isoformat() if event.ends else None
    journal_teachers.put(rows, JournalTeacherRow(meta.stream, event.staff, starts, ends, event.hours_per_week))


@projection.on(j.TeacherUnassigned)
def _teacher_unassigned(event: j.TeacherUnassigned, _meta: Recorded, rows: StreamRows) -> None:
    _close_loads(rows, event.staff, event.ends.isoformat())


def _close_loads(rows: StreamRows, staff: str, last_day: str) -> None:
    # As `close_loads` of ejd.kernel.states.teaching: later-ending loads end then, later-beginning ones fall away.
    for row in journal_teachers.all(rows):
        if row.staff != staff:
            continue
        if row.starts > last_day:
            journal_teachers.drop(rows, row.staff, row.starts)
        elif row.ends is None or row.ends > last_day:
            row.ends = last_day


@projection.on(j.ThematicPlanAdopted, j.ThematicPlanRevised)
def _thematic_plan(event: j.ThematicPlanAdopted | j.ThematicPlanRevised, meta: Recorded, rows: StreamRows) -> None:
    for row in plan_topics.all(rows):
        plan_topics.drop(rows, row.number)
    for one in event.topics:
        row = PlanTopicRow(meta.stream, one.number, one.section, one.topic, one.hours, one.control)
        plan_topics.put(rows, row)


@dataclass(slots=True)
class Journal:
    """A journal with the names that a reader needs; `group` is a class or a teaching group."""

    id: str
    name: str
    year: str
    subject: str
    subject_name: str
    group: str
    group_kind: str
    group_name: str
    classes: list[str]
    grade: int
    scheme: str
    bells: str
    grading_system: str


@dataclass(slots=True)
class Teacher:
    """A teacher of a journal in a range of days, both included (None: still)."""

    journal: str
    staff: str
    name: str
    starts: str
    ends: str | None
    hours_per_week: int | None


def classes_by_name(c: sa.Connection, *, year: str | None = None, ids: Collection[str] | None = None) -> list[ClassRow]:
    """Answer classes by grade, then by letter."""
    where = [*([] if year is None else [classes.c.year == year])]
    where += [] if ids is None else [is_in(classes.c.stream, ids)]
    return fetch(c, classes, *where, order=[classes.c.sort_key])


def groups_by_name(c: sa.Connection, *, year: str | None = None, ids: Collection[str] | None = None) -> list[GroupRow]:
    """Answer teaching groups in the order of the alphabet."""
    where = [*([] if year is None else [teaching_groups.c.year == year])]
    where += [] if ids is None else [is_in(teaching_groups.c.stream, ids)]
    return fetch(c, teaching_groups, *where, order=[teaching_groups.c.sort_key])


def class_teachers_on(c: sa.Connection, ids: Collection[str], day: str) -> dict[str, str]:
    """Answer the class teacher's id of each class on a day; a class without one is left out."""
    found = fetch(c, class_teachers, is_in(class_teachers.c.stream, ids), class_teachers.c.starts <= day)
    return {row.stream: row.staff for row in found}


_NAMED = (
    sa.select(
        journals.table,
        sa.func.coalesce(subjects.c.name, ""),
        sa.func.coalesce(classes.c.name, teaching_groups.c.name, ""),
    )
    .outerjoin(subjects.table, subjects.c.stream == journals.c.subject)
    .outerjoin(classes.table, classes.c.stream == journals.c.group_id)
    .outerjoin(teaching_groups.table, teaching_groups.c.stream == journals.c.group_id)
    .order_by(journals.c.sort_key, journals.c.stream)
)
_NAMED_ONE = _NAMED.where(journals.c.stream == bound("journal"))


def find_journals(  # noqa: PLR0913 - the ways to choose journals
    c: sa.Connection,
    *,
    year: str | None = None,
    class_id: str | None = None,
    groups: Collection[str] | None = None,
    subject: str | None = None,
    teacher: str | None = None,
    first: str | None = None,
    last: str | None = None,
    ids: Collection[str] | None = None,
    limit: int = ROWS_MAX,
    offset: int = 0,
) -> list[Journal]:
    """Answer the journals that meet all the conditions given, by grade and name.

    By teacher: journals in whose load the teacher is on a day of the range `first` to `last` (on any day without).
    """
    columns = journals.c
    where = [
        *([] if year is None else [columns.year == year]),
        *([] if groups is None else [is_in(columns.group_id, groups)]),
        *([] if subject is None else [columns.subject == subject]),
        *([] if ids is None else [is_in(columns.stream, ids)]),
    ]
    if class_id is not None:
        link = journal_classes.c
        where.append(columns.stream.in_(sa.select(link.stream).where(link.class_id == class_id)))
    if teacher is not None:
        load = journal_teachers.c
        taught = sa.select(load.stream).where(load.staff == teacher)
        if last is not None:
            taught = taught.where(load.starts <= last)
        if first is not None:
            taught = taught.where(sa.or_(load.ends.is_(None), load.ends >= first))
        where.append(columns.stream.in_(taught))
    statement = _NAMED.where(*where).limit(checked_limit(limit)).offset(offset)
    return [_journal(JournalRow(*row[:-2]), row[-2], row[-1]) for row in c.execute(statement).all()]


def find_journal(c: sa.Connection, journal: str) -> Journal:
    """Answer one journal; raises NotThereError when there is none with this id."""
    for row in c.execute(_NAMED_ONE, {"journal": journal}).all():
        return _journal(JournalRow(*row[:-2]), row[-2], row[-1])
    raise NotThereError("there is no such journal: choose one from the list of journals", field="journal")


def _journal(row: JournalRow, subject_name: str, group_name: str) -> Journal:
    return Journal(
        id=row.stream,
        name=row.name,
        year=row.year,
        subject=row.subject,
        subject_name=subject_name,
        group=row.group_id,
        group_kind=row.group_kind,
        group_name=group_name,
        classes=msgspec.json.decode(row.classes, type=list[str]),
        grade=row.grade,
        scheme=row.scheme,
        bells=row.bells,
        grading_system=row.grading_system,
    )


_load = journal_teachers.c
_TEACHERS = (
    sa.select(journal_teachers.table, persons.c.family, persons.c.given, persons.c.middle)
    .outerjoin(persons.table, persons.c.stream == _load.staff)
    .where(
        among(_load.stream, "journals"),
        _load.starts <= bound("last"),
        sa.or_(_load.ends.is_(None), _load.ends >= bound("first")),
    )
    .order_by(_load.stream, persons.c.sort_key, _load.staff, _load.starts)
)


def teachers_of(
    c: sa.Connection, ids: Collection[str], *, first: str | None = None, last: str | None = None
) -> dict[str, list[Teacher]]:
    """Answer the loads of journals that touch a range of days, by journal, in the order of the alphabet."""
    where = {"journals": checked_ids(ids), "first": first or "", "last": last or DAY_MAX}
    found: dict[str, list[Teacher]] = {}
    for journal, person, starts, ends, hours, *name in c.execute(_TEACHERS, where).all():
        full = " ".join(part for part in name if part)
        found.setdefault(journal, []).append(Teacher(journal, person, full, starts, ends, hours))
    return found


def loads_of(c: sa.Connection, ids: Collection[str]) -> dict[str, tuple[Load, ...]]:
    """Answer the loads of journals on all days, by journal: for `kernel.conflicts`, without the events they are by."""
    found: dict[str, tuple[Load, ...]] = {}
    for row in fetch(c, journal_teachers, is_in(journal_teachers.c.stream, ids)):
        ends = date.fromisoformat(row.ends) if row.ends else None
        load = Load(row.staff, date.fromisoformat(row.starts), ends, Ref(row.stream, 0), row.hours_per_week)
        found[row.stream] = (*found.get(row.stream, ()), load)
    return found


def planned_hours(c: sa.Connection, ids: Collection[str]) -> dict[str, int]:
    """Answer the hours of the thematic plans of journals; one without a plan is left out."""
    t = plan_topics.c
    summed = sa.select(t.stream, sa.func.sum(t.hours)).where(is_in(t.stream, ids)).group_by(t.stream)
    return {journal: int(hours) for journal, hours in c.execute(summed).all()}


def plan_of(c: sa.Connection, journal: str) -> list[PlanTopicRow]:
    """Answer the thematic plan of a journal by number."""
    return fetch(c, plan_topics, plan_topics.c.stream == journal)
