"""Which lessons take place: timetable × calendar, joined with what is recorded, computed when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json
from ejd.kernel.due import Schedule, givers, is_due, occurrences
from ejd.kernel.events.timetable import ScheduleEntry
from ejd_projections.asking import ROWS_MAX, checked_limit, checked_range, fetch, is_in, within
from ejd_projections.gradebook_tables import LessonRow, lessons, marks
from ejd_projections.journal_catalogue import Journal, Teacher
from ejd_projections.people import names
from ejd_projections.school_catalogue import rooms_by_name, subjects_by_name, years
from ejd_projections.timetable import schedules_of

FIRST_PORTION_DAYS = 7
"""Of a page that is made day by day; a school of 1,500 pupils has some 2,000 lessons in them."""


class PlacedLesson(NamedTuple):
    """A lesson where it takes place, with its record if there is one: the raw material of reports.

    `date`, `slot`, `ordinal` are its identity. `due`: the timetable or an extra lesson asks for it; what is
    not due is listed only when it was held. `room` is an id or "".
    """

    lesson: str
    journal: str
    date: str
    slot: int
    ordinal: int
    placed_date: str
    placed_slot: int
    room: str
    due: bool
    record: LessonRow | None
    named: tuple[str, ...] = ()
    """Those of the journal's teachers whom the timetable names for it."""

    def loads(self, loads: Iterable[Teacher]) -> list[Teacher]:
        """Answer the loads of a journal by which the lesson is given on its day, unless somebody else gives it."""
        day = self.placed_date
        there = [one for one in loads if one.starts <= day and (one.ends is None or day <= one.ends)]
        who = givers(self.named, {one.staff for one in there})
        return [one for one in there if one.staff in who]

    def given_by(self, loads: Iterable[Teacher]) -> dict[str, str]:
        """Answer who gives the lesson, by id with the name; the name is "" for the substitute or supervisor.

        Nobody gives a lesson of self-study that nobody supervises.
        """
        record = self.record
        if record is not None and (record.substitute or record.self_study):
            return {record.substitute: ""} if record.substitute else {}
        return {load.staff: load.name for load in self.loads(loads)}

    @property
    def held(self) -> bool:
        """A lesson counts as held once its topic or its roll is recorded (as LessonState of the kernel)."""
        return self.record is not None and (self.record.topic is not None or self.record.roll_taken)

    @property
    def cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.record is not None and self.record.cancelled


@dataclass(slots=True)
class DueLesson:
    """A lesson for `GET /api/v1/lessons`; `starts_at` and `ends_at` are minutes since midnight by the bells."""

    lesson: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    date: str
    slot: int
    ordinal: int
    placed_date: str
    placed_slot: int
    starts_at: int | None
    ends_at: int | None
    room: str
    room_name: str
    due: bool
    held: bool
    cancelled: bool
    moved: bool
    extra: bool
    substitute: str
    substitute_name: str
    substitute_subject: str
    substitute_subject_name: str
    merged_journal: str
    self_study: bool
    topic: str | None
    homework: str | None
    roll_taken: bool


def substituted_journals(c: sa.Connection, teacher: str, *, first: str, last: str) -> set[str]:
    """Answer the journals in which somebody gives a lesson instead of another teacher in a range of days."""
    t = lessons.c
    given = sa.select(t.journal).distinct().where(t.substitute == teacher)
    return set(c.scalars(given.where(t.placed_date >= first, t.placed_date <= last)))


def placed_lessons(c: sa.Connection, journals: Sequence[Journal], *, first: str, last: str) -> list[PlacedLesson]:
    """Answer the lessons of journals that take place between two dates, both included, in order of time.

    A moved lesson counts where it takes place; a cancelled one is listed, with `cancelled`.
    """
    days = checked_range(first, last)
    if not journals:
        return []
    ids = [journal.id for journal in journals]
    records = lesson_records(c, ids, first, last)
    schedules = schedules_of(c, ids)
    calendars = {
        year.id: calendar_from_json(year.calendar) for year in years(c, ids={journal.year for journal in journals})
    }
    nothing = calendar_from_json("{}")
    found = [
        placed
        for journal in journals
        for placed in _of_journal(
            journal,
            calendars.get(journal.year, nothing),
            schedules.get(journal.id, ()),
            records.get(journal.id, {}),
            days,
        )
    ]
    order = {journal.id: place for place, journal in enumerate(journals)}
    found.sort(key=lambda one: (one.placed_date, one.placed_slot, order[one.journal], one.ordinal, one.lesson))
    return found


def marks_in_lessons(c: sa.Connection, journals: Collection[str], first: str, last: str) -> dict[str, int]:
    """Answer by lesson how many marks stand in it, of lessons of journals that were planned in a range of days."""
    chosen = (is_in(lessons.c.journal, journals), within(lessons.c.date, first, last))
    counted = sa.select(marks.c.stream, sa.func.count()).join(lessons.table, lessons.c.stream == marks.c.stream)
    return {row[0]: int(row[1]) for row in c.execute(counted.where(*chosen).group_by(marks.c.stream)).all()}


def lesson_records(
    c: sa.Connection, journals: Collection[str], first: str, last: str
) -> dict[str, dict[str, LessonRow]]:
    """Answer by journal and stream what is recorded of lessons that lie in the range, or were to lie in it."""
    in_range = sa.or_(within(lessons.c.placed_date, first, last), within(lessons.c.date, first, last))
    records: dict[str, dict[str, LessonRow]] = {}
    for row in fetch(c, lessons, is_in(lessons.c.journal, journals), in_range):
        records.setdefault(row.journal, {})[row.stream] = row
    return records


def _of_journal(
    journal: Journal,
    calendar: Calendar,
    schedules: Sequence[Schedule],
    records: dict[str, LessonRow],
    days: tuple[date, date],
) -> Iterator[PlacedLesson]:
    first, last = days[0].isoformat(), days[1].isoformat()
    listed = set()
    for one in occurrences(calendar, journal.grade, journal.id, schedules, *days, classes=journal.classes):
        listed.add(one.lesson)
        record = records.get(one.lesson)
        if record is not None:
            if first <= record.placed_date <= last:
                yield _recorded(record, due=True, room=one.room, named=one.teachers)
        else:
            day = one.date.isoformat()
            place = (day, one.slot)
            yield PlacedLesson(one.lesson, journal.id, *place, 1, *place, one.room, True, None, one.teachers)  # noqa: FBT003 - `due`, in the order of the fields
    for record in records.values():
        if record.stream in listed or not first <= record.placed_date <= last:
            continue
        entry = _by_timetable(record, calendar, journal, schedules)
        if entry is not None:
            yield _recorded(record, due=True, room=entry.room, named=entry.teachers)
        elif record.extra or record.topic is not None or record.roll_taken:
            yield _recorded(record, due=record.extra, room="")


def _by_timetable(
    record: LessonRow, calendar: Calendar, journal: Journal, schedules: Sequence[Schedule]
) -> ScheduleEntry | None:
    """Answer the lesson that the timetable has on the planned day, None when it has none there."""
    day = date.fromisoformat(record.date)
    if record.ordinal != 1:
        return None
    schedule = is_due(calendar, journal.grade, schedules, day, record.slot, classes=journal.classes)
    if schedule is None:
        return None
    cycle_day = calendar.cycle_day(day, journal.grade, journal.classes)
    return next((e for e in schedule.entries if e.cycle_day == cycle_day and e.slot == record.slot), None)


def _recorded(record: LessonRow, *, due: bool, room: str, named: tuple[str, ...] = ()) -> PlacedLesson:
    return PlacedLesson(
        lesson=record.stream,
        journal=record.journal,
        date=record.date,
        slot=record.slot,
        ordinal=record.ordinal,
        placed_date=record.placed_date,
        placed_slot=record.placed_slot,
        room=record.room or room,
        due=due,
        record=record,
        named=named,
    )


def lessons_due(  # noqa: PLR0913 - the range and the page
    c: sa.Connection,
    journals: Sequence[Journal],
    *,
    first: str,
    last: str,
    limit: int = ROWS_MAX,
    offset: int = 0,
) -> list[DueLesson]:
    """Answer a page of the lessons of journals between two dates, due and held, with names, in order of time.

    Days after the page's last one are not looked at.
    """
    end = offset + checked_limit(limit)
    found: list[PlacedLesson] = []
    for begins, ends in _portions(*checked_range(first, last)):
        found += placed_lessons(c, journals, first=begins.isoformat(), last=ends.isoformat())
        if len(found) >= end:
            break
    return named_lessons(c, journals, found[offset:end])


def _portions(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the days in portions, each twice as long as the one before: a year is few of them."""
    length = FIRST_PORTION_DAYS
    while first <= last:
        ends = min(first + timedelta(days=length - 1), last)
        yield first, ends
        first, length = ends + timedelta(days=1), length * 2


def named_lessons(c: sa.Connection, journals: Sequence[Journal], page: Sequence[PlacedLesson]) -> list[DueLesson]:
    """Answer lessons of journals with names and times, in the order in which they were given."""
    by_id = {journal.id: journal for journal in journals}
    records = [one.record for one in page if one.record is not None]
    people = names(c, {record.substitute for record in records} - {""})
    subject_ids = {record.substitute_subject for record in records} - {""}
    subjects = {row.stream: row.name for row in subjects_by_name(c, ids=subject_ids)} if subject_ids else {}
    room_ids = {one.room for one in page} - {""}
    rooms = {row.stream: row.name for row in rooms_by_name(c, ids=room_ids)} if room_ids else {}
    calendars = {
        year.id: calendar_from_json(year.calendar) for year in years(c, ids={journal.year for journal in journals})
    }
    answers = []
    for one in page:
        journal = by_id[one.journal]
        calendar = calendars.get(journal.year)
        bell = calendar.bell(journal.bells, one.placed_slot) if calendar else None
        answer = _answer(one, journal, people, subjects, rooms.get(one.room, ""))
        if bell is not None:
            answer.starts_at, answer.ends_at = bell.starts, bell.ends
        answers.append(answer)
    return answers


def _answer(
    one: PlacedLesson, journal: Journal, people: dict[str, str], subjects: dict[str, str], room_name: str
) -> DueLesson:
    record = one.record
    return DueLesson(
        lesson=one.lesson,
        journal=journal.id,
        journal_name=journal.name,
        subject=journal.subject,
        subject_name=journal.subject_name,
        group=journal.group,
        group_name=journal.group_name,
        date=one.date,
        slot=one.slot,
        ordinal=one.ordinal,
        placed_date=one.placed_date,
        placed_slot=one.placed_slot,
        starts_at=None,
        ends_at=None,
        room=one.room,
        room_name=room_name,
        due=one.due,
        held=one.held,
        cancelled=one.cancelled,
        moved=record is not None and record.moved,
        extra=record is not None and record.extra,
        substitute=record.substitute if record else "",
        substitute_name=people.get(record.substitute, "") if record else "",
        substitute_subject=record.substitute_subject if record else "",
        substitute_subject_name=subjects.get(record.substitute_subject, "") if record else "",
        merged_journal=record.merged_journal if record else "",
        self_study=record is not None and record.self_study,
        topic=record.topic if record else None,
        homework=record.homework if record else None,
        roll_taken=record is not None and record.roll_taken,
    )
