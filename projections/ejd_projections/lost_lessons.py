"""Lessons that were neither held in their subject nor made up (D10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ejd_projections.asking import fetch, is_in
from ejd_projections.gradebook_tables import LessonRow, lessons
from ejd_projections.journal_catalogue import Journal
from ejd_projections.lesson_course import Moment
from ejd_projections.people import names
from ejd_projections.school_catalogue import Year, subjects_by_name
from ejd_projections.substitution_tables import changes
from ejd_projections.taught_lessons import Taught, taught_lessons

RULE = (
    "cancelled, or given in another subject, and no extra lesson that names it (makes_up) has taken place in the "
    "journal's own subject"
)


@dataclass(slots=True)
class LostLesson:
    """One such lesson; `date` and `slot` say where it was to take place. `why` is cancelled or other-subject.

    `make_up_date`: an extra lesson for it is planned on that day and not over yet.
    """

    lesson: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    planned_date: str
    planned_slot: int
    ordinal: int
    date: str
    slot: int
    why: str
    given_subject: str
    given_subject_name: str
    teachers: list[str]
    teacher_names: list[str]
    make_up_date: str | None
    make_up_slot: int | None


@dataclass(slots=True)
class LostLessons:
    """A page of the `total` lessons, in order of time; `lost` are all that were, `made_up` those that were made up."""

    year: str
    first: str
    last: str
    rule: str
    lost: int
    made_up: int
    total: int
    lessons: list[LostLesson]


def lost_lessons(  # noqa: PLR0913 - the question and its page
    c: sa.Connection,
    *,
    year: Year,
    journals: Sequence[Journal],
    days: tuple[str, str],
    moment: Moment,
    teacher: str | None = None,
    limit: int,
    offset: int = 0,
) -> LostLessons:
    """Answer the lessons of journals lost between two days and not made up by now, of a teacher's load if named."""
    lost = [one for one in taught_lessons(c, year, journals, days, moment) if one.placed.due and _is_lost(one)]
    if teacher is not None:
        lost = [one for one in lost if teacher in one.load]
    extra = _made_up(c, year, {one.journal.id: one.journal for one in lost}, moment)
    still = [one for one in lost if not (one.placed.lesson in extra and extra[one.placed.lesson].ended)]
    page = still[offset : offset + limit]
    people = names(c, set().union(*(one.load for one in page)))
    subjects = {row.stream: row.name for row in subjects_by_name(c)}
    return LostLessons(
        year=year.id,
        first=days[0],
        last=days[1],
        rule=RULE,
        lost=len(lost),
        made_up=len(lost) - len(still),
        total=len(still),
        lessons=[_answer(one, extra.get(one.placed.lesson), people, subjects) for one in page],
    )


def _is_lost(one: Taught) -> bool:
    return one.placed.cancelled or one.other_subject != ""


def _made_up(c: sa.Connection, year: Year, journals: dict[str, Journal], moment: Moment) -> dict[str, Taught]:
    """Answer by lost lesson the extra lesson that makes it up: one that is over before one that is ahead."""
    rows = fetch(c, changes, is_in(changes.c.journal, journals), changes.c.makes_up != "") if journals else []
    for_what = {row.stream: row.makes_up for row in rows}
    placed = _placed(c, for_what)
    found: dict[str, Taught] = {}
    if not placed:
        return found
    days = (min(row.placed_date for row in placed), max(row.placed_date for row in placed))
    own = [journals[one] for one in sorted({row.journal for row in placed})]
    for one in taught_lessons(c, year, own, days, moment):
        lost = for_what.get(one.placed.lesson)
        if lost is None or _is_lost(one) or one.self_study:
            continue
        known = found.get(lost)
        if known is None or (one.ended and not known.ended):
            found[lost] = one
    return found


def _placed(c: sa.Connection, streams: Collection[str]) -> list[LessonRow]:
    return fetch(c, lessons, is_in(lessons.c.stream, streams)) if streams else []


def _answer(one: Taught, extra: Taught | None, people: dict[str, str], subjects: dict[str, str]) -> LostLesson:
    placed, journal = one.placed, one.journal
    teachers = sorted(one.load, key=lambda staff: (people.get(staff, ""), staff))
    return LostLesson(
        lesson=placed.lesson,
        journal=journal.id,
        journal_name=journal.name,
        subject=journal.subject,
        subject_name=journal.subject_name,
        group=journal.group,
        group_name=journal.group_name,
        planned_date=placed.date,
        planned_slot=placed.slot,
        ordinal=placed.ordinal,
        date=placed.placed_date,
        slot=placed.placed_slot,
        why="cancelled" if placed.cancelled else "other-subject",
        given_subject="" if placed.cancelled else one.other_subject,
        given_subject_name="" if placed.cancelled else subjects.get(one.other_subject, ""),
        teachers=teachers,
        teacher_names=[people.get(staff, "") for staff in teachers],
        make_up_date=None if extra is None else extra.placed.placed_date,
        make_up_slot=None if extra is None else extra.placed.placed_slot,
    )
