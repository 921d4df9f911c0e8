"""Fill completeness and timeliness (D2): lessons due, recorded, on time, late, missing; roll, topics, homework, marks.

A lesson counts once its end by the bells has passed, whether the timetable asks for it or it was held; a cancelled one
does not count, a moved one counts on the day on which it takes place. Its teacher is the substitute, else whoever
has the load on that day; two teachers of one load both owe it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from ejd.kernel.titles import sort_key
from ejd_projections.asking import checked_limit, checked_range
from ejd_projections.fill_counting import Filling, Judge, MarksEntered, Part, State, filling, marks_entered
from ejd_projections.fill_lessons import Case, Choice, judged_lessons
from ejd_projections.journal_catalogue import classes_by_name
from ejd_projections.people import ERASED, ERASED_SORT_KEY, people_by_id
from ejd_projections.school_catalogue import find_year, regulations_by_start, school, subjects_by_name

By: TypeAlias = Literal["journal", "teacher", "class", "subject"]
LATE_LIMIT = 50
"""Late lessons on a page when nobody says how many."""
ROWS_LIMIT = 1_000
"""Rows on a page when nobody says how many."""


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
    year, SelectionError for dates or a page that cannot be.
    """
    checked_range(first, last)
    checked_limit(limit)
    checked_limit(rows_limit)
    opened, the_school = find_year(c, year=year), school(c)
    judge = Judge(now, the_school.timezone if the_school else "UTC", regulations_by_start(c))
    choice = Choice(opened, first, last, class_id, group, subject, teacher, pupil, journals)
    cases = judged_lessons(c, choice, judge)
    late = sorted((one for one in cases if one.judged.parts[part].days_late), key=lambda one: _badness(one, part))
    page = late[offset : offset + limit]
    groups = _grouped(cases, by, class_id=class_id, teacher=teacher)
    named = _named(c, groups, by, {owner for case in page for owner in case.owners})
    return FillCompleteness(
        year=year,
        year_name=opened.name,
        first=first,
        last=last,
        as_of=judge.clock(now),
        by=by,
        part=part,
        total=_counts("", "", cases),
        rows_total=len(groups),
        rows=[
            _counts(key, name, groups[key])
            for key, name in list(named.rows.items())[rows_offset : rows_offset + rows_limit]
        ],
        late_total=len(late),
        late=[_late_lesson(case, part, judge, named.people) for case in page],
    )


def _badness(case: Case, part: Part) -> tuple[int, str, int, str]:
    return -case.judged.parts[part].days_late, case.placed.placed_date, case.placed.placed_slot, case.placed.lesson


def _grouped(cases: Iterable[Case], by: By, *, class_id: str | None, teacher: str | None) -> dict[str, list[Case]]:
    """Sort the lessons into rows; one that is chosen by class or teacher counts in that row only."""
    keys: dict[By, Callable[[Case], Iterable[str]]] = {
        "journal": lambda case: (case.journal.id,),
        "subject": lambda case: (case.journal.subject,),
        "class": lambda case: (class_id,) if class_id else dict.fromkeys(case.journal.classes),
        "teacher": lambda case: (teacher,) if teacher else case.owners or ("",),
    }
    groups: dict[str, list[Case]] = {}
    for case in cases:
        for key in keys[by](case):
            groups.setdefault(key, []).append(case)
    return groups


class _Names(NamedTuple):
    """Names of rows in their order, and of the people on the page."""

    rows: dict[str, str]
    people: dict[str, str]


def _named(c: sa.Connection, groups: dict[str, list[Case]], by: By, people: set[str]) -> _Names:
    known = people_by_id(c, people | (set(groups) if by == "teacher" else set()))
    if by == "journal":
        journals = sorted(
            (cases[0].journal for cases in groups.values()), key=lambda one: (one.grade, sort_key(one.name))
        )
        rows = {journal.id: journal.name for journal in journals}
    elif by == "subject":
        rows = {row.stream: row.name for row in subjects_by_name(c, ids=groups)}
    elif by == "class":
        rows = {row.stream: row.name for row in classes_by_name(c, ids=groups)}
    else:
        ordered = sorted(groups, key=lambda key: (known[key].sort_key if key in known else ERASED_SORT_KEY, key))
        rows = {key: known[key].full() if key in known else ERASED if key else "" for key in ordered}
    nameless = dict.fromkeys(sorted(set(groups) - set(rows)), "")
    return _Names(rows | nameless, {person: row.full() for person, row in known.items()})


def _counts(key: str, name: str, cases: Sequence[Case]) -> FillCounts:
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


def _late_lesson(case: Case, part: Part, judge: Judge, people: dict[str, str]) -> LateLesson:
    def entry(name: Part) -> LessonEntry:
        one = case.judged.parts[name]
        return LessonEntry(one.state, None if one.at is None else judge.clock(one.at), one.days_late)

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
