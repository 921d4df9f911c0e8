"""Choosing corrections: what the database can judge, then what only the figures tell; sorting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from ejd.read.projection import Table
from ejd_projections.account_holders import account_holders
from ejd_projections.asking import SelectionError
from ejd_projections.correction_figures import Direction, Figures, Judge, Where, WindowSide
from ejd_projections.correction_requests import uses
from ejd_projections.correction_tables import Change, CorrectionRow, Kind, corrections, late_entries
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import classes, journal_classes, journals, teaching_groups
from ejd_projections.people import persons
from ejd_projections.school_catalogue import subjects

CORRECTIONS_MAX = 100_000
"""Corrections that one question looks at; a school of 2,000 pupils makes some 20,000 in a year."""

FIRST_ENTRIES = frozenset({"entered", "planned", "moved", "cancelled"})

SortBy = Literal[
    "recorded-at",
    "lesson-day",
    "kind",
    "teacher",
    "class",
    "subject",
    "pupil",
    "hours-after-lesson",
    "days-after-period-end",
]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which corrections; every condition given must hold. Days are those of the lesson, or a final mark's last day.

    `teacher` is the staff member who recorded it. `since` and `until` (exclusive) are microseconds UTC.
    """

    first: str
    last: str
    year: str | None = None
    teacher: str | None = None
    class_id: str | None = None
    group: str | None = None
    subject: str | None = None
    journal: str | None = None
    pupil: str | None = None
    kinds: Collection[Kind] = ()
    change: Change | None = None
    direction: Direction | None = None
    window: WindowSide | None = None
    approval: bool | None = None
    void: bool | None = None
    since: int | None = None
    until: int | None = None
    hours_after_lesson_min: int | None = None
    days_after_period_end_min: int | None = None
    days_after_period_end_max: int | None = None


class Found(NamedTuple):
    """One correction as it is read: its own columns but the reason, and what is joined to it."""

    stream: str
    version: int
    position: int
    recorded_at: int
    actor: str
    session: str
    client: str
    kind: str
    change: str
    journal: str
    planned_day: str
    planned_slot: int
    ordinal: int
    period: str
    pupil: str
    work: str
    number: int
    old: str
    new: str
    void: bool
    breaches: str
    day: str
    slot: int
    year: str
    scheme: str
    bells: str
    grading_system: str
    journal_name: str
    journal_key: str
    subject: str
    subject_name: str
    subject_key: str
    group: str
    group_name: str
    person: str
    login: str
    teacher_key: str
    family: str | None
    given: str | None
    middle: str | None
    pupil_key: str
    pupil_family: str | None
    pupil_given: str | None
    pupil_middle: str | None
    request: str
    approval: int
    approved_by: str
    approved_at: int
    approval_void: bool

    @property
    def where(self) -> Where:
        """What the figures need."""
        return Where(
            self.kind,
            self.year,
            self.scheme,
            self.bells,
            self.grading_system,
            self.day,
            self.slot,
            self.period,
            self.work,
        )


_teacher, _pupil = persons.table.alias("teacher"), persons.table.alias("pupil")


def joined_rows(table: Table[CorrectionRow], *, only_used: bool) -> sa.Select[Any]:
    """Answer a table's rows as columns of `Found`; with `only_used` those whose command used an approval up."""
    t, p, j, h, u = table.c, lessons.c, journals.c, account_holders.c, uses.c
    some = sa.func.coalesce
    used = sa.and_(u.record == t.stream, u.command == t.command, u.actor == t.actor)
    joined = (
        table.table.join(uses.table, used, isouter=not only_used)
        .outerjoin(lessons.table, p.stream == t.stream)
        .outerjoin(journals.table, j.stream == t.journal)
        .outerjoin(subjects.table, subjects.c.stream == j.subject)
        .outerjoin(classes.table, classes.c.stream == j.group_id)
        .outerjoin(teaching_groups.table, teaching_groups.c.stream == j.group_id)
        .outerjoin(account_holders.table, h.stream == t.actor)
        .outerjoin(_teacher, _teacher.c.stream == h.person)
        .outerjoin(_pupil, _pupil.c.stream == t.pupil)
    )
    own = (t.stream, t.version, t.position, t.recorded_at, t.actor, t.session, t.client, t.kind, t.change, t.journal)
    cell = (t.day, t.slot, t.ordinal, t.period, t.pupil, t.work, t.number, t.old, t.new, t.void, t.breaches)
    placed = (some(p.placed_date, t.day), some(p.placed_slot, t.slot))
    journal = (j.year, j.scheme, j.bells, j.grading_system, j.name, j.sort_key, j.subject)
    names_of = (subjects.c.name, subjects.c.sort_key, j.group_id, some(classes.c.name, teaching_groups.c.name))
    teacher = (_teacher.c.family, _teacher.c.given, _teacher.c.middle)
    pupil = (_pupil.c.family, _pupil.c.given, _pupil.c.middle)
    return sa.select(
        *(*own, *cell, *placed),
        *(some(one, "") for one in (*journal, *names_of, h.person, h.login, _teacher.c.sort_key)),
        *(*teacher, some(_pupil.c.sort_key, ""), *pupil),
        *(some(u.stream, ""), some(u.approval, 0), some(u.approved_by, ""), some(u.approved_at, 0)),
        some(u.approval_void, sa.false()),
    ).select_from(joined)


_STATEMENTS = {one: joined_rows(one, only_used=one is late_entries) for one in (corrections, late_entries)}
"""A late entry is in the audit only with an approval: without one it was in its window."""


def _conditions(table: Table[CorrectionRow], choice: Choice) -> Iterable[sa.ColumnElement[bool]]:
    """Answer the conditions that the database can judge."""
    t, j = table.c, journals.c
    day = sa.func.coalesce(lessons.c.placed_date, t.day)
    yield sa.or_(t.day == "", sa.and_(day >= choice.first, day <= choice.last))
    equal = (
        (j.year, choice.year),
        (account_holders.c.person, choice.teacher),
        (j.group_id, choice.group),
        (j.subject, choice.subject),
        (t.journal, choice.journal),
        (t.pupil, choice.pupil),
        (t.change, choice.change),
        (t.void, choice.void),
    )
    yield from (column == value for column, value in equal if value is not None)
    if choice.kinds:
        yield t.kind.in_(sorted(choice.kinds))
    if choice.class_id is not None:
        link = journal_classes.c
        yield t.journal.in_(sa.select(link.stream).where(link.class_id == choice.class_id))
    if choice.since is not None:
        yield t.recorded_at >= choice.since
    if choice.until is not None:
        yield t.recorded_at < choice.until
    if choice.approval is not None and table is corrections:
        yield uses.c.stream.is_not(None) if choice.approval else uses.c.stream.is_(None)


class Judged(NamedTuple):
    """A correction with its figures."""

    found: Found
    figures: Figures


def find_corrections(c: sa.Connection, choice: Choice, judge: Judge) -> list[Judged]:
    """Answer all corrections that meet the conditions, in order of position; refuses more than CORRECTIONS_MAX."""
    tables = [corrections] if choice.approval is False else [corrections, late_entries]
    rows: list[Any] = []
    for table in tables:
        statement = _STATEMENTS[table].where(*_conditions(table, choice)).limit(CORRECTIONS_MAX + 1 - len(rows))
        rows += c.execute(statement).all()
        if len(rows) > CORRECTIONS_MAX:
            msg = f"these are more than {CORRECTIONS_MAX} corrections: choose a shorter time, a class or a teacher"
            raise SelectionError(msg, field="first")
    judged = []
    for found in map(Found._make, rows):
        figures = judge.figures(found.where, found.old, found.new, found.recorded_at)
        if _holds(choice, judge, found, figures):
            judged.append(Judged(found, figures))
    judged.sort(key=lambda one: one.found.position)
    return judged


def _holds(choice: Choice, judge: Judge, found: Found, figures: Figures) -> bool:
    """Say whether the conditions hold that only the figures can tell; a first entry in its window is not late."""
    if found.change in FIRST_ENTRIES and figures.window != "outside":
        return False
    if not found.day:
        end = judge.period_end(found.where)
        if end is None or not choice.first <= end.isoformat() <= choice.last:
            return False
    if choice.direction is not None and figures.direction != choice.direction:
        return False
    if choice.window is not None and figures.window != choice.window:
        return False
    after, least = figures.hours_after_lesson, choice.hours_after_lesson_min
    if least is not None and (after is None or after < least):
        return False
    days, most = figures.days_after_period_end, choice.days_after_period_end_max
    least = choice.days_after_period_end_min
    if least is not None and (days is None or days < least):
        return False
    return most is None or (days is not None and days <= most)


_SORTS: dict[SortBy, Callable[[Judged], Any]] = {
    "recorded-at": lambda one: one.found.recorded_at,
    "lesson-day": lambda one: (one.found.day, one.found.slot),
    "kind": lambda one: (one.found.kind, one.found.change),
    "teacher": lambda one: (one.found.teacher_key, one.found.actor),
    "class": lambda one: (one.found.journal_key, one.found.group),
    "subject": lambda one: (one.found.subject_key, one.found.subject),
    "pupil": lambda one: (one.found.pupil_key, one.found.pupil),
    "hours-after-lesson": lambda one: one.figures.hours_after_lesson,
    "days-after-period-end": lambda one: one.figures.days_after_period_end,
}


def in_order(judged: list[Judged], sort: SortBy, *, descending: bool) -> list[Judged]:
    """Answer the corrections in an order, those of equal rank by position; what has no figure stands last."""
    key = _SORTS[sort]
    with_figure = [one for one in judged if key(one) is not None]
    without = [one for one in judged if key(one) is None]
    return sorted(with_figure, key=key, reverse=descending) + without
