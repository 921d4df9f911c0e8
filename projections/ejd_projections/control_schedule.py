"""The consolidated schedule of control works with every breach of the norms (C6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.control_facts import YearFacts, YearGround
from ejd.kernel.control_norms import Breach, Work, find_breaches, in_words
from ejd_projections.asking import is_in
from ejd_projections.control_works import ControlWorkRow, control_works_in, norms_adopted
from ejd_projections.journal_catalogue import (
    Journal,
    Teacher,
    classes_by_name,
    find_journals,
    plan_topics,
    teachers_of,
)
from ejd_projections.school_catalogue import Year, kinds_of_work
from ejd_projections.timetable import schedules_of

ROWS_LIMIT = 500


@dataclass(slots=True)
class ScheduledWork:
    """A control work of the schedule; `classes` are names, `breaches` the places of its breaches in the list."""

    control_work: str
    day: str
    slot: int | None
    lessons: int
    title: str
    form: str
    work: str
    journal: str
    subject_name: str
    group_name: str
    grade: int
    classes: list[str]
    teachers: list[str]
    cancelled: bool
    moved: int
    breaches: list[int]


@dataclass(slots=True)
class BrokenNorm:
    """A norm that works break: `found` against `limit`, by the norms whose source is named.

    `where` is the name of the class, or of the journal, that it is about.
    """

    rule: str
    severity: str
    day: str
    where: str
    found: int
    limit: int
    source: str
    says: str
    works: list[str]


@dataclass(slots=True)
class ControlSchedule:
    """A page of the `total` works between two days, in order of time, with all breaches of those that are shown."""

    year: str
    first: str
    last: str
    total: int
    errors: int
    warnings: int
    works: list[ScheduledWork]
    breaches: list[BrokenNorm]


def year_facts(c: sa.Connection, year: Year, journals: Sequence[Journal]) -> YearFacts:
    """Answer what the norms ask of a year, as the read model has it."""
    known = {journal.id: journal for journal in journals}
    t = plan_topics.c
    hours = sa.select(t.stream, sa.func.sum(t.hours)).where(is_in(t.stream, known)).group_by(t.stream)
    plan_hours = {journal: int(count) for journal, count in c.execute(hours)}
    calendar = calendar_from_json(year.calendar)
    return YearFacts(YearGround(calendar, norms_adopted(c), schedules_of(c, known), known, plan_hours.get))


def control_schedule(  # noqa: PLR0913 - which works, and the page
    c: sa.Connection,
    year: Year,
    *,
    first: str,
    last: str,
    journals: Collection[str],
    limit: int = ROWS_LIMIT,
    offset: int = 0,
) -> ControlSchedule:
    """Answer the works of the journals between two days; the norms are looked at over all works of the year."""
    everywhere = find_journals(c, year=year.id)
    by_id = {journal.id: journal for journal in everywhere}
    written = {code for code, kind in kinds_of_work(c).items() if kind.written}
    rows = control_works_in(c, by_id, first=year.first_day, last=year.last_day)
    works = [_work(row, by_id[row.journal], written) for row in rows if not row.cancelled]
    shown = [row for row in rows if row.journal in journals and first <= row.day <= last]
    shown.sort(key=lambda row: (row.day, row.slot or 0, by_id[row.journal].name, row.stream))
    page = shown[offset : offset + limit]
    ids = {row.stream for row in page}
    found = find_breaches(works, year_facts(c, year, everywhere), about={row.stream for row in shown})
    listed = [one for one in found if not ids.isdisjoint(one.works)]
    names = {row.stream: row.name for row in classes_by_name(c, year=year.id)}
    teachers = teachers_of(c, {row.journal for row in page}, first=first, last=last)
    places: dict[str, list[int]] = {}
    for place, one in enumerate(listed):
        for work in one.works:
            places.setdefault(work, []).append(place)
    return ControlSchedule(
        year=year.id,
        first=first,
        last=last,
        total=len(shown),
        errors=sum(one.severity == "error" for one in found),
        warnings=sum(one.severity == "warning" for one in found),
        works=[
            ScheduledWork(
                control_work=row.stream,
                day=row.day,
                slot=row.slot,
                lessons=row.lessons,
                title=row.title,
                form=row.form,
                work=row.work,
                journal=row.journal,
                subject_name=by_id[row.journal].subject_name,
                group_name=by_id[row.journal].group_name,
                grade=by_id[row.journal].grade,
                classes=[names.get(one, "") for one in by_id[row.journal].classes],
                teachers=list(dict.fromkeys(one.name for one in teachers.get(row.journal, ()) if _then(one, row.day))),
                cancelled=row.cancelled,
                moved=row.moved,
                breaches=places.get(row.stream, []),
            )
            for row in page
        ],
        breaches=[_broken(one, names, by_id) for one in listed],
    )


def _then(load: Teacher, day: str) -> bool:
    return load.starts <= day and (load.ends is None or day <= load.ends)


def _work(row: ControlWorkRow, journal: Journal, written: Collection[str]) -> Work:
    return Work(
        id=row.stream,
        journal=row.journal,
        subject=journal.subject,
        grade=journal.grade,
        classes=tuple(journal.classes),
        day=date.fromisoformat(row.day),
        slot=row.slot,
        lessons=row.lessons,
        title=row.title,
        written=row.work in written,
    )


def _broken(one: Breach, classes: dict[str, str], journals: dict[str, Journal]) -> BrokenNorm:
    return BrokenNorm(
        rule=one.rule,
        severity=one.severity,
        day=one.day.isoformat(),
        where=journals[one.where].name if one.where in journals else classes.get(one.where, ""),
        found=one.found,
        limit=one.limit,
        source=one.source,
        says=in_words(one),
        works=list(one.works),
    )
