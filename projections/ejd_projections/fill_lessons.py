"""When topic, roll and homework of a lesson were first entered, and the lessons that fill completeness (D2) counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json, microseconds_at
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import lessons as e
from ejd.kernel.policies import GRADING_SYSTEMS
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import is_in, within
from ejd_projections.fill_counting import Judge, Judged, WrittenWork
from ejd_projections.gradebook_tables import lessons, marks
from ejd_projections.journal_catalogue import Journal, Teacher, find_journals, teachers_of
from ejd_projections.lessons_due import PlacedLesson, placed_lessons
from ejd_projections.memberships import members_of, stays_of
from ejd_projections.school_catalogue import Year, kinds_of_work, systems_of_grading

projection = Projection("fill_completeness", version=1)

UNMARKED_SCALE = "unmarked"
MIDNIGHT_MINUTES = 1440
"""A lesson in a slot without a bell ends with its day."""


@dataclass(slots=True)
class FillRow:
    """When each thing that a lesson owes was first entered, in microseconds since 1970 UTC; None: never.

    Corrections and withdrawals leave the first time alone; what is void was never entered.
    """

    stream: str
    topic_first_at: int | None
    roll_first_at: int | None
    homework_first_at: int | None


fill_entries = projection.table("fill_entries", FillRow, key=("stream",))


def _row(rows: StreamRows) -> FillRow:
    row = fill_entries.get(rows)
    if row is None:
        row = FillRow(rows.stream, None, None, None)
        fill_entries.put(rows, row)
    return row


@projection.on(e.TopicRecorded, e.TopicCorrected)
def _topic(_event: e.TopicRecorded | e.TopicCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _row(rows)
    if row.topic_first_at is None:  # a correction of a void topic is the first entry that stands
        row.topic_first_at = meta.recorded_at


@projection.on(e.RollTaken)
def _roll(_event: e.RollTaken, meta: Recorded, rows: StreamRows) -> None:
    row = _row(rows)
    if row.roll_first_at is None:
        row.roll_first_at = meta.recorded_at


@projection.on(e.HomeworkSet, e.HomeworkCorrected)
def _homework(event: e.HomeworkSet | e.HomeworkCorrected, meta: Recorded, rows: StreamRows) -> None:
    given = event.homework if isinstance(event, e.HomeworkSet) else event.new
    row = _row(rows)
    if given is not None and row.homework_first_at is None:
        row.homework_first_at = meta.recorded_at


class Choice(NamedTuple):
    """Which lessons are counted: every condition that is not None must hold; days included."""

    year: Year
    first: str
    last: str
    class_id: str | None
    group: str | None
    subject: str | None
    teacher: str | None
    pupil: str | None
    journals: Collection[str] | None


class Case(NamedTuple):
    """One lesson that counts, judged, with those who owe it."""

    placed: PlacedLesson
    journal: Journal
    owners: tuple[str, ...]
    judged: Judged


def judged_lessons(c: sa.Connection, choice: Choice, judge: Judge) -> list[Case]:
    """Answer the lessons of a choice that have ended and were not cancelled, in order of time."""
    first, last = choice.first, min(choice.last, judge.today.isoformat())
    journals = _journals(c, choice)
    if not journals or last < first:
        return []
    calendar = calendar_from_json(choice.year.calendar)
    placed = _ended(placed_lessons(c, journals, first=first, last=last), journals, calendar, judge)
    if choice.pupil is not None:
        belongs = members_of(c, journals, first=first, last=last, pupil=choice.pupil)
        placed = [one for one in placed if any(stay.on(one.placed_date) for stay in belongs[one.journal])]
    cases = _judged(c, placed, journals, judge, (first, last))
    return cases if choice.teacher is None else [case for case in cases if choice.teacher in case.owners]


def _journals(c: sa.Connection, choice: Choice) -> list[Journal]:
    """Answer the journals that meet the conditions; a teacher's are those of the load and of the substitutions."""
    year, first, last = choice.year.id, choice.first, choice.last
    groups = None if choice.group is None else {choice.group}
    if choice.pupil is not None:
        own = {stay.place for stay in stays_of(c, [choice.pupil], first=first, last=last)}
        groups = own if groups is None else groups & own
    ids = None if choice.journals is None else set(choice.journals)
    if choice.teacher is not None:
        taught = {one.id for one in find_journals(c, year=year, teacher=choice.teacher, first=first, last=last)}
        given = sa.select(lessons.c.journal).distinct()
        given = given.where(lessons.c.substitute == choice.teacher, within(lessons.c.placed_date, first, last))
        taught |= set(c.scalars(given))
        ids = taught if ids is None else ids & taught
    return find_journals(c, year=year, class_id=choice.class_id, groups=groups, subject=choice.subject, ids=ids)


def _ended(
    placed: Iterable[PlacedLesson], journals: Sequence[Journal], calendar: Calendar, judge: Judge
) -> list[PlacedLesson]:
    """Leave out what is cancelled and what has not ended yet."""
    today = judge.today.isoformat()
    bells = {journal.id: journal.bells for journal in journals}

    def over(one: PlacedLesson) -> bool:
        if one.placed_date != today:
            return one.placed_date < today
        bell = calendar.bell(bells[one.journal], one.placed_slot)
        ends = bell.ends if bell else MIDNIGHT_MINUTES
        return microseconds_at(date.fromisoformat(today), ends, judge.timezone) <= judge.now

    return [one for one in placed if not one.cancelled and over(one)]


def _judged(
    c: sa.Connection,
    placed: Sequence[PlacedLesson],
    journals: Sequence[Journal],
    judge: Judge,
    days: tuple[str, str],
) -> list[Case]:
    by_id = {journal.id: journal for journal in journals}
    loads = teachers_of(c, by_id, first=days[0], last=days[1])
    systems = {system.code: system for system in GRADING_SYSTEMS} | systems_of_grading(c)
    unmarked = {code for code, system in systems.items() if system.scale == UNMARKED_SCALE}
    here = sa.select(lessons.c.stream).where(is_in(lessons.c.journal, by_id), within(lessons.c.placed_date, *days))
    entries = {
        stream: FillRow(stream, *times)
        for stream, *times in c.execute(sa.select(fill_entries.table).where(fill_entries.c.stream.in_(here)))
    }
    counted, works = _marks(c, here)
    nothing = FillRow("", None, None, None)
    cases = []
    for one in placed:
        row, record, journal = entries.get(one.lesson, nothing), one.record, by_id[one.journal]
        parts = judge.parts(
            one.placed_date,
            topic_at=row.topic_first_at if record and record.topic is not None else None,
            roll_at=row.roll_first_at if record and record.roll_taken else None,
            homework_at=row.homework_first_at if record and record.homework is not None else None,
        )
        written = works.get(one.lesson, ())
        judged = Judged(
            parts=parts,
            markable=journal.grading_system not in unmarked,
            marks=counted.get(one.lesson, 0),
            written_begun=sum(judge.in_term(work.first_at, one.placed_date, work.mark_days) for work in written),
            written_whole=sum(judge.in_term(work.newest_at, one.placed_date, work.mark_days) for work in written),
            written=len(written),
        )
        cases.append(Case(one, journal, _owners(one, loads.get(journal.id, ())), judged))
    return cases


def _marks(c: sa.Connection, here: sa.Select[tuple[str]]) -> tuple[dict[str, int], dict[str, list[WrittenWork]]]:
    """Answer by lesson how many marks stand, and the written works among them."""
    kinds = kinds_of_work(c)
    m = marks.c
    statement = (
        sa.select(m.stream, m.work, sa.func.count(), sa.func.min(m.recorded_at), sa.func.max(m.recorded_at))
        .where(m.stream.in_(here))
        .group_by(m.stream, m.work)
    )
    counted: dict[str, int] = {}
    works: dict[str, list[WrittenWork]] = {}
    for lesson, code, count, first_at, newest_at in c.execute(statement):
        counted[lesson] = counted.get(lesson, 0) + count
        kind = kinds.get(code)
        if kind is not None and kind.written:
            works.setdefault(lesson, []).append(WrittenWork(first_at, newest_at, kind.mark_days))
    return counted, works


def _owners(one: PlacedLesson, loads: Iterable[Teacher]) -> tuple[str, ...]:
    if one.record is not None and one.record.substitute:
        return (one.record.substitute,)
    return tuple(dict.fromkeys(load.staff for load in one.loads(loads)))
