"""A week of the timetable as it really takes place: who gives which lesson where, moves and substitutions applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.conflict_words import cycle_day_name
from ejd.kernel.due import Schedule, is_due
from ejd_projections.asking import checked_range
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import Journal, Teacher, teachers_of
from ejd_projections.lessons_due import DueLesson, lessons_due
from ejd_projections.memberships import members_of
from ejd_projections.school_catalogue import Year, years
from ejd_projections.timetable import schedules_of

WEEK_LESSONS_MAX = 10_000


@dataclass(slots=True)
class TimetableDay:
    """A date with the day of the cycle that it is; 0 and what it is instead (a holiday, a break) where it is none."""

    date: str
    cycle_day: int
    cycle_day_name: str
    free: str


@dataclass(slots=True)
class GivenBy:
    """Who gives a lesson."""

    staff: str
    name: str


@dataclass(slots=True)
class TimetableLesson:
    """A lesson where it takes place; `planned_date` and `planned_slot` are where the timetable has it.

    `starts_at` and `ends_at` are minutes since midnight by the bells. `subject` is what is really taught; `teachers`
    who really give it: the substitute (in self-study whoever supervises, perhaps nobody), else those whom the
    timetable names, else all who have the load that day.
    """

    lesson: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    date: str
    slot: int
    starts_at: int | None
    ends_at: int | None
    planned_date: str
    planned_slot: int
    ordinal: int
    room: str
    room_name: str
    teachers: list[GivenBy]
    substituted: bool
    self_study: bool
    moved: bool
    cancelled: bool
    extra: bool
    due: bool
    held: bool
    merged_journal: str


def days_of_week(year: Year, *, first: str, last: str, grade: int, classes: Collection[str] = ()) -> list[TimetableDay]:
    """Answer the dates of a range for classes of a grade (0 and none: for all, without breaks of single ones)."""
    calendar = calendar_from_json(year.calendar)
    found = []
    for day in calendar.days(*checked_range(first, last)):
        number = calendar.cycle_day(day, grade, classes) or 0
        names = [one.name for one in calendar.data.holidays if one.day == day]
        names += [
            one.name
            for one in calendar.data.breaks
            if one.first_day <= day <= one.last_day
            and (one.for_all or grade in one.grades or not set(classes).isdisjoint(one.classes))
        ]
        free = "" if number else next(iter(names), "")
        found.append(TimetableDay(day.isoformat(), number, cycle_day_name(calendar, number), free))
    return found


def substituted_journals(c: sa.Connection, teacher: str, *, first: str, last: str) -> set[str]:
    """Answer the journals in which somebody is a substitute on a day of a range."""
    t = lessons.c
    given = sa.select(t.journal).distinct().where(t.substitute == teacher)
    return set(c.scalars(given.where(t.placed_date >= first, t.placed_date <= last)))


def lessons_of_week(  # noqa: PLR0913 - whose lessons
    c: sa.Connection,
    journals: Sequence[Journal],
    *,
    first: str,
    last: str,
    teacher: str | None = None,
    room: str | None = None,
    pupil: str | None = None,
) -> list[TimetableLesson]:
    """Answer the lessons of journals between two days, in order of time; of a teacher, room and pupil if given."""
    by_id = {journal.id: journal for journal in journals}
    given_by = _Givers(c, by_id, first, last)
    members = members_of(c, journals, first=first, last=last, pupil=pupil) if pupil is not None else None
    found = []
    for one in lessons_due(c, journals, first=first, last=last, limit=WEEK_LESSONS_MAX):
        if room is not None and one.room != room:
            continue
        if members is not None and not any(member.on(one.placed_date) for member in members[one.journal]):
            continue
        givers = given_by(one)
        if teacher is None or any(giver.staff == teacher for giver in givers):
            found.append(_lesson(one, givers))
    return found


class _Givers:
    """Finds who gives a lesson."""

    def __init__(self, c: sa.Connection, journals: dict[str, Journal], first: str, last: str) -> None:
        self._journals = journals
        self._teachers = teachers_of(c, journals, first=first, last=last)
        self._schedules = schedules_of(c, journals)
        found = years(c, ids={journal.year for journal in journals.values()})
        self._calendars = {year.id: calendar_from_json(year.calendar) for year in found}

    def __call__(self, lesson: DueLesson) -> list[GivenBy]:
        """Answer the substitute, else those of the load on the day on which it takes place."""
        if lesson.substitute:
            return [GivenBy(lesson.substitute, lesson.substitute_name)]
        if lesson.self_study:
            return []
        named = self._named(lesson)
        there = [one for one in self._teachers.get(lesson.journal, ()) if _on(one, lesson.placed_date)]
        return [GivenBy(one.staff, one.name) for one in there if not named or one.staff in named]

    def _named(self, lesson: DueLesson) -> tuple[str, ...]:
        """Answer the teachers whom the timetable names for a lesson."""
        journal = self._journals[lesson.journal]
        calendar, day = self._calendars.get(journal.year), date.fromisoformat(lesson.date)
        if calendar is None or lesson.ordinal != 1:
            return ()
        schedules: tuple[Schedule, ...] = self._schedules.get(journal.id, ())
        schedule = is_due(calendar, journal.grade, schedules, day, lesson.slot, classes=journal.classes)
        cycle_day = calendar.cycle_day(day, journal.grade, journal.classes)
        entries = () if schedule is None else schedule.entries
        return next((e.teachers for e in entries if (e.cycle_day, e.slot) == (cycle_day, lesson.slot)), ())


def _on(load: Teacher, day: str) -> bool:
    return load.starts <= day and (load.ends is None or day <= load.ends)


def _lesson(one: DueLesson, givers: list[GivenBy]) -> TimetableLesson:
    return TimetableLesson(
        lesson=one.lesson,
        journal=one.journal,
        journal_name=one.journal_name,
        subject=one.substitute_subject or one.subject,
        subject_name=one.substitute_subject_name or one.subject_name,
        group=one.group,
        group_name=one.group_name,
        date=one.placed_date,
        slot=one.placed_slot,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        planned_date=one.date,
        planned_slot=one.slot,
        ordinal=one.ordinal,
        room=one.room,
        room_name=one.room_name,
        teachers=givers,
        substituted=bool(one.substitute),
        self_study=one.self_study,
        moved=one.moved,
        cancelled=one.cancelled,
        extra=one.extra,
        due=one.due,
        held=one.held,
        merged_journal=one.merged_journal,
    )
