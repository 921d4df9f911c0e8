"""Fill completeness and timeliness (D2): lessons due, recorded, on time, late, missing; roll, topics, homework, marks.

A lesson counts once its end by the bells has passed, whether the timetable asks for it or it was held; a cancelled one
does not count, a moved one counts on the day on which it takes place. Its teacher is the substitute, else whoever
has the load on that day; two teachers of one load both owe it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json, microseconds_at, zone
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import lessons as e
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import SelectionError, checked_limit, checked_range, is_in
from ejd_projections.fill_counting import (
    Entry,
    Filling,
    Judge,
    Judged,
    MarksEntered,
    Part,
    State,
    WrittenWork,
    filling,
    marks_entered,
)
from ejd_projections.gradebook_tables import lessons, marks
from ejd_projections.journal_catalogue import Journal, Teacher, classes_by_name, find_journals, teachers_of
from ejd_projections.lessons_due import PlacedLesson, placed_lessons
from ejd_projections.memberships import members_of, stays_of
from ejd_projections.people import ERASED, ERASED_SORT_KEY, people_by_id
from ejd_projections.school_catalogue import (
    find_year,
    kinds_of_work,
    regulations_by_start,
    school,
    subjects_by_name,
    systems_of_grading,
)

projection = Projection("fill_completeness", version=1)

By: TypeAlias = Literal["journal", "teacher", "class", "subject"]
UNMARKED_SCALE = "unmarked"
LATE_LIMIT = 50
"""Late lessons on a page when nobody says how many."""
ROWS_LIMIT = 1_000
"""Rows on a page when nobody says how many."""
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


@dataclass(slots=True)
class FillCounts:
    """Figures of one journal, teacher, class or subject (`id` and `name`; empty: all together, or no teacher).

    `lessons` is the record as a whole: a lesson is recorded by its topic or its roll.
    """

    id: str
    name: str
    lessons: Filling
    roll: Filling
    topics: Filling
    homework: Filling
    marks: MarksEntered


@dataclass(slots=True)
class LessonEntry:
    """One thing that a lesson owes: `state` is on-time, late, missing (term over) or in-term (missing, term runs).

    `recorded_at` is the first entry as ISO time of the school's zone; `days_late` counts days past the term, to the
    entry or, while it is missing, to now.
    """

    state: State
    recorded_at: str | None
    days_late: int


@dataclass(slots=True)
class LateLesson:
    """A lesson of which the chosen part is late or missing past its term; `date` and `slot` are where it took place.

    `teachers` are the ids of those who owe it, `teacher_names` their names in the same order; `substituted` when a
    substitute gave it.
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
    teachers: list[str]
    teacher_names: list[str]
    substituted: bool
    days_late: int
    recorded: LessonEntry
    roll: LessonEntry
    topic: LessonEntry
    homework: LessonEntry


@dataclass(slots=True)
class FillCompleteness:
    """The report. `as_of` is the moment up to which lessons count, ISO time of the school's zone.

    `total` has each lesson once; in `rows` a lesson of a stream over two classes, or of two teachers, counts for
    both. `late` is one page, the worst first, of the `late_total` lessons of which `part` is late or missing past
    its term.
    """

    year: str
    year_name: str
    first: str
    last: str
    as_of: str
    by: By
    part: Part
    total: FillCounts
    rows_total: int
    rows: list[FillCounts]
    late_total: int
    late: list[LateLesson]


class _Case(NamedTuple):
    """One lesson that counts, judged, with those who owe it."""

    placed: PlacedLesson
    journal: Journal
    owners: tuple[str, ...]
    judged: Judged


def fill_completeness(  # noqa: PLR0913 - the ways to choose
    c: sa.Connection,
    *,
    year: str,
    first: str,
    last: str,
    now: int,
    class_id: str | None = None,
    group: str | None = None,
    subject: str | None = None,
    teacher: str | None = None,
    pupil: str | None = None,
    journals: Collection[str] | None = None,
    by: By = "journal",
    part: Part = "lesson",
    limit: int = LATE_LIMIT,
    offset: int = 0,
    rows_limit: int = ROWS_LIMIT,
    rows_offset: int = 0,
) -> FillCompleteness:
    """Answer how the lessons of a year between two dates, both included, were filled by `now` (microseconds UTC).

    All conditions given must hold: journals of a class, of a group (a class or a teaching group), of a subject, out
    of `journals`; lessons that a teacher owes; lessons on days on which a pupil belongs in their journal. `limit`
    and `offset` page the late lessons, `rows_limit` and `rows_offset` the rows. Raises NotThereError for an unknown
    year, SelectionError for dates and pages that cannot be.
    """
    checked_range(first, last)
    checked_limit(limit)
    checked_limit(rows_limit)
    opened, the_school = find_year(c, year=year), school(c)
    judge = Judge(now, the_school.timezone if the_school else "UTC", regulations_by_start(c))
    reached = min(last, judge.today.isoformat())
    chosen = _choose(c, year, first, last, (class_id, group, subject, teacher, pupil), journals)
    cases: list[_Case] = []
    if chosen and first <= reached:
        placed = _ended(
            placed_lessons(c, chosen, first=first, last=reached), chosen, calendar_from_json(opened.calendar), judge
        )
        if pupil is not None:
            belongs = members_of(c, chosen, first=first, last=reached, pupil=pupil)
            placed = [one for one in placed if any(stay.on(one.placed_date) for stay in belongs[one.journal])]
        cases = _judged(c, placed, chosen, judge, (first, reached))
    if teacher is not None:
        cases = [case for case in cases if teacher in case.owners]
    late = sorted((case for case in cases if _is_late(case.judged.parts[part])), key=lambda case: _badness(case, part))
    groups = _grouped(cases, by, class_id=class_id, teacher=teacher)
    page = late[offset : offset + limit]
    people = {owner for case in page for owner in case.owners}
    named = _in_order(c, {journal.id: journal for journal in chosen}, groups, by, people)
    return FillCompleteness(
        year=year,
        year_name=opened.name,
        first=first,
        last=last,
        as_of=datetime.fromtimestamp(now // 1_000_000, tz=zone(judge.timezone)).isoformat(),
        by=by,
        part=part,
        total=_counts("", "", cases),
        rows_total=len(groups),
        rows=[
            _counts(key, named.rows[key], groups[key]) for key in named.order[rows_offset : rows_offset + rows_limit]
        ],
        late_total=len(late),
        late=[_late_lesson(case, part, judge, named.people) for case in page],
    )


def _choose(
    c: sa.Connection,
    year: str,
    first: str,
    last: str,
    chosen: tuple[str | None, str | None, str | None, str | None, str | None],
    journals: Collection[str] | None,
) -> list[Journal]:
    """Answer the journals that meet the conditions; a teacher's are those of the load and of the substitutions."""
    class_id, group, subject, teacher, pupil = chosen
    groups = None if group is None else {group}
    if pupil is not None:
        own = {stay.place for stay in stays_of(c, [pupil], first=first, last=last)}
        groups = own if groups is None else groups & own
    ids = None if journals is None else set(journals)
    if teacher is not None:
        taught = {one.id for one in find_journals(c, year=year, teacher=teacher, first=first, last=last)}
        given = sa.select(lessons.c.journal).distinct()
        given = given.where(lessons.c.substitute == teacher, lessons.c.placed_date.between(first, last))
        taught |= set(c.scalars(given))
        ids = taught if ids is None else ids & taught
    return find_journals(c, year=year, class_id=class_id, groups=groups, subject=subject, ids=ids)


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
) -> list[_Case]:
    by_id = {journal.id: journal for journal in journals}
    loads = teachers_of(c, by_id, first=days[0], last=days[1])
    systems = systems_of_grading(c)
    unmarked = {code for code, system in systems.items() if system.scale == UNMARKED_SCALE} | {UNMARKED_SCALE}
    here = sa.select(lessons.c.stream).where(is_in(lessons.c.journal, by_id), lessons.c.placed_date.between(*days))
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
        cases.append(_Case(one, journal, _owners(one, loads.get(journal.id, ())), judged))
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
    day = one.placed_date
    return tuple(
        dict.fromkeys(load.staff for load in loads if load.starts <= day and (load.ends is None or day <= load.ends))
    )


def _is_late(entry: Entry) -> bool:
    return entry.days_late > 0


def _badness(case: _Case, part: Part) -> tuple[int, str, int, str]:
    return -case.judged.parts[part].days_late, case.placed.placed_date, case.placed.placed_slot, case.placed.lesson


def _grouped(cases: Iterable[_Case], by: By, *, class_id: str | None, teacher: str | None) -> dict[str, list[_Case]]:
    """Sort the lessons into rows; one that is chosen by class or teacher counts in that row only."""
    keys: dict[By, Callable[[_Case], Iterable[str]]] = {
        "journal": lambda case: (case.journal.id,),
        "subject": lambda case: (case.journal.subject,),
        "class": lambda case: (class_id,) if class_id else dict.fromkeys(case.journal.classes),
        "teacher": lambda case: (teacher,) if teacher else case.owners or ("",),
    }
    if by not in keys:
        raise SelectionError(f"rows are by {', '.join(keys)}, not by {by!r}", field="by")
    groups: dict[str, list[_Case]] = {}
    for case in cases:
        for key in keys[by](case):
            groups.setdefault(key, []).append(case)
    return groups


class _Names(NamedTuple):
    """Names of rows with their order, and of people on the page."""

    rows: dict[str, str]
    order: list[str]
    people: dict[str, str]


def _in_order(
    c: sa.Connection, journals: dict[str, Journal], keys: Collection[str], by: By, people: set[str]
) -> _Names:
    known = people_by_id(c, people | (set(keys) if by == "teacher" else set()))
    if by == "journal":
        rows = {key: journal.name for key, journal in journals.items()}
    elif by == "subject":
        rows = {row.stream: row.name for row in subjects_by_name(c, ids=keys)}
    elif by == "class":
        rows = {row.stream: row.name for row in classes_by_name(c, ids=keys)}
    else:
        ordered = sorted(keys, key=lambda key: (known[key].sort_key if key in known else ERASED_SORT_KEY, key))
        rows = {key: known[key].full() if key in known else ("" if not key else ERASED) for key in ordered}
    order = [key for key in rows if key in keys]
    unknown = sorted(set(keys) - set(order))
    names = {person: row.full() for person, row in known.items()}
    return _Names({**dict.fromkeys(unknown, ""), **rows}, order + unknown, names)


def _counts(key: str, name: str, cases: Sequence[_Case]) -> FillCounts:
    judged = [case.judged for case in cases]
    return FillCounts(
        id=key,
        name=name,
        lessons=filling("lesson", judged),
        roll=filling("roll", judged),
        topics=filling("topic", judged),
        homework=filling("homework", judged),
        marks=marks_entered(judged),
    )


def _late_lesson(case: _Case, part: Part, judge: Judge, people: dict[str, str]) -> LateLesson:
    def entry(name: Part) -> LessonEntry:
        one = case.judged.parts[name]
        return LessonEntry(one.state, judge.clock(one.at), one.days_late)

    record, journal = case.placed.record, case.journal
    return LateLesson(
        lesson=case.placed.lesson,
        journal=journal.id,
        journal_name=journal.name,
        subject=journal.subject,
        subject_name=journal.subject_name,
        group=journal.group,
        group_name=journal.group_name,
        date=case.placed.placed_date,
        slot=case.placed.placed_slot,
        teachers=list(case.owners),
        teacher_names=[people.get(owner, "") for owner in case.owners],
        substituted=record is not None and record.substitute != "",
        days_late=case.judged.parts[part].days_late,
        recorded=entry("lesson"),
        roll=entry("roll"),
        topic=entry("topic"),
        homework=entry("homework"),
    )
