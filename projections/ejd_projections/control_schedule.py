"""The consolidated schedule of control works with every breach of the norms (C6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.control_norms import Breach, Work, find_breaches, in_words, norms_on
from ejd.kernel.due import schedule_on
from ejd.kernel.events.control_works import ControlNorms
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


class ScheduleFacts:
    """What the norms ask of the timetable, calendar and plans of a year, as the read model has them."""

    def __init__(self, c: sa.Connection, year: Year, journals: Sequence[Journal]) -> None:
        """Look up the schedules and the hours of the plans."""
        self.calendar = calendar_from_json(year.calendar)
        self._journals = {journal.id: journal for journal in journals}
        self._schedules = schedules_of(c, self._journals)
        self._adopted = norms_adopted(c)
        t = plan_topics.c
        hours = sa.select(t.stream, sa.func.sum(t.hours)).where(is_in(t.stream, self._journals)).group_by(t.stream)
        self._plan_hours = {journal: int(count) for journal, count in c.execute(hours)}
        self._of_class: dict[str, list[str]] = {}
        for journal in journals:
            for class_id in journal.classes:
                self._of_class.setdefault(class_id, []).append(journal.id)

    def norms(self, day: date) -> ControlNorms:
        """Answer the norms of a day."""
        return norms_on(self._adopted, day)

    def class_slots(self, class_id: str, day: date) -> set[int]:
        """Answer the slots of all journals that pupils of the class are in."""
        return {slot for journal in self._of_class.get(class_id, ()) for slot in self.journal_slots(journal, day)}

    def journal_slots(self, journal: str, day: date) -> list[int]:
        """Answer the slots of the schedule that counts on the day."""
        opened = self._journals[journal]
        number = self.calendar.cycle_day(day, opened.grade, opened.classes)
        schedule = schedule_on(self._schedules.get(journal, ()), day)
        return [] if schedule is None else [one.slot for one in schedule.entries if one.cycle_day == number]

    def once_a_week(self, journal: str, day: date) -> bool:
        """Count the lessons of the cycle by its weeks."""
        schedule = schedule_on(self._schedules.get(journal, ()), day)
        cycle = self.calendar.data.cycle
        return schedule is not None and len(schedule.entries) <= (1 if cycle is None else cycle.weeks)

    def year_hours(self, journal: str) -> int:
        """Answer the hours of the thematic plan, or count the days of the timetable."""
        hours = self._plan_hours.get(journal)
        if hours is not None:
            return hours
        return sum(len(self.journal_slots(journal, day)) for day in self.calendar.days())


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
    found = find_breaches(works, ScheduleFacts(c, year, everywhere), about={row.stream for row in shown})
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
