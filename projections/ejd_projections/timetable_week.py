"""A week of the timetable as it really takes place: who gives which lesson where, moves and substitutions applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.conflict_words import cycle_day_name
from ejd_projections.asking import checked_range
from ejd_projections.journal_catalogue import Journal, teachers_of
from ejd_projections.lessons_due import DueLesson, named_lessons, placed_lessons
from ejd_projections.memberships import members_of
from ejd_projections.school_catalogue import Year


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
    ids = [journal.id for journal in journals]
    loads = teachers_of(c, ids, first=first, last=last) if ids else {}
    members = members_of(c, journals, first=first, last=last, pupil=pupil) if pupil is not None else None
    chosen = [
        one
        for one in placed_lessons(c, journals, first=first, last=last)
        if (room is None or one.room == room)
        and (members is None or any(member.on(one.placed_date) for member in members[one.journal]))
        and (teacher is None or teacher in one.given_by(loads.get(one.journal, ())))
    ]
    return [
        _lesson(named, one.given_by(loads.get(one.journal, ())))
        for one, named in zip(chosen, named_lessons(c, journals, chosen), strict=True)
    ]


def _lesson(one: DueLesson, givers: Mapping[str, str]) -> TimetableLesson:
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
        teachers=[GivenBy(staff, name or one.substitute_name) for staff, name in givers.items()],
        substituted=bool(one.substitute),
        self_study=one.self_study,
        moved=one.moved,
        cancelled=one.cancelled,
        extra=one.extra,
        due=one.due,
        held=one.held,
        merged_journal=one.merged_journal,
    )
