"""Missed topics (D5): what each pupil missed, with topic and reason, and whether it was made up later.

A lesson counts for a pupil when its roll is taken, it is not cancelled, and the pupil belonged in the journal on the
day on which it took place. It is missed when the roll says absent, excused or ill; late is not missed. It is made up
when a mark was recorded for the pupil in that very lesson after the line of the roll: the pupil answered for it later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.calendar import local_day
from ejd.kernel.policies import percent_hundredths
from ejd_projections.asking import SelectionError, checked_range, is_in, within
from ejd_projections.gradebook_tables import attendance, lessons, marks
from ejd_projections.journal_catalogue import Journal, classes_by_name, find_journals
from ejd_projections.memberships import Member, StayRow, class_members_on, cut_by_plans, members_of, plans_of, stays_of
from ejd_projections.people import ERASED_SORT_KEY, PersonRow, people_by_id
from ejd_projections.rolls import MISSED, lessons_while_member, was_member
from ejd_projections.school_catalogue import school

PUPILS_MAX = 500
"""Pupils on one page of the report."""
FORMULA = "missed lessons / lessons with the roll taken while the pupil was in the journal × 100 %"


@dataclass(slots=True)
class MissedLesson:
    """One missed lesson where it took place; `kind` is absent, excused or ill, `topic` None: never recorded.

    `made_up` with the day (school time) and the value of the first mark after the absence.
    """

    lesson: str
    date: str
    slot: int
    topic: str | None
    plan_item: int | None
    kind: str
    made_up: bool = False
    made_up_on: str | None = None
    made_up_mark: str | None = None


@dataclass(slots=True)
class MissedInJournal:
    """A pupil's missed lessons in one journal: `missed` of `lessons`."""

    journal: str
    journal_name: str
    subject: str
    subject_name: str
    lessons: int
    missed: int
    made_up: int
    percent_hundredths: int | None
    rows: list[MissedLesson]


@dataclass(slots=True)
class PupilMissed:
    """One pupil; the class is that of the range's last day, "" for who is in none then."""

    pupil: str
    name: str
    class_id: str
    class_name: str
    lessons: int
    missed: int
    absent: int
    excused: int
    ill: int
    made_up: int
    percent_hundredths: int | None
    journals: list[MissedInJournal]


@dataclass(slots=True)
class MissedTopics:
    """The report; `numerator` and `denominator` are the sums over the pupils of this page."""

    first: str
    last: str
    formula: str
    numerator: int
    denominator: int
    percent_hundredths: int | None
    pupils_total: int
    pupils: list[PupilMissed]


def missed_topics(  # noqa: PLR0913 - the ways to choose
    c: sa.Connection,
    *,
    first: str,
    last: str,
    class_id: str | None = None,
    group: str | None = None,
    journal: str | None = None,
    pupil: str | None = None,
    subject: str | None = None,
    teacher: str | None = None,
    limit: int = PUPILS_MAX,
    offset: int = 0,
) -> MissedTopics:
    """Answer what pupils missed between two dates, both included; all conditions given must hold.

    `class_id` chooses pupils: who is in the class on the last day, with all lessons of the range wherever they were
    (rules.md, formulas, H). `group` (a class or a teaching group), `journal`, `subject` and `teacher` (in whose load
    the journal is on a day of the range) choose journals, and without a class or pupil their members. Pupils are
    listed by class and name.
    """
    checked_range(first, last)
    if not 1 <= limit <= PUPILS_MAX:
        raise SelectionError(f"a page has 1 to {PUPILS_MAX} pupils, not {limit}", field="limit")
    chosen: list[Journal] | None = None
    if group is not None or journal is not None or subject is not None or teacher is not None:
        chosen = find_journals(
            c,
            ids=None if journal is None else [journal],
            groups=None if group is None else [group],
            subject=subject,
            teacher=teacher,
            first=first,
            last=last,
        )
    pupils = _pupils(c, chosen, class_id=class_id, pupil=pupil, first=first, last=last)
    listed = _listed(c, pupils, last)
    page = listed[offset : offset + limit]
    lines = _details(c, page, chosen, first, last)
    return MissedTopics(
        first=first,
        last=last,
        formula=FORMULA,
        numerator=sum(one.missed for one in lines),
        denominator=sum(one.lessons for one in lines),
        percent_hundredths=percent_hundredths(sum(one.missed for one in lines), sum(one.lessons for one in lines)),
        pupils_total=len(listed),
        pupils=lines,
    )


def _pupils(  # noqa: PLR0913 - the ways to choose
    c: sa.Connection,
    chosen: Sequence[Journal] | None,
    *,
    class_id: str | None,
    pupil: str | None,
    first: str,
    last: str,
) -> set[str]:
    if class_id is not None:
        found = {one.pupil for one in class_members_on(c, day=last, classes=[class_id])}
        return found if pupil is None else found & {pupil}
    if pupil is not None:
        return {pupil}
    if chosen is None:
        return {one.pupil for one in class_members_on(c, day=last)}
    members = members_of(c, chosen, first=first, last=last) if chosen else {}
    return {member.pupil for own in members.values() for member in own}


def _listed(c: sa.Connection, pupils: Collection[str], last: str) -> list[PupilMissed]:
    """Answer the pupils by class and name, still without figures."""
    if not pupils:
        return []
    class_of = {one.pupil: one.class_id for one in class_members_on(c, day=last, pupils=pupils)}
    classes = {row.stream: row for row in classes_by_name(c, ids=set(class_of.values()))}
    people = people_by_id(c, pupils)
    names = {row.stream: row.name for row in classes.values()}

    def place(one: str) -> tuple[str, str, str]:
        own = classes.get(class_of.get(one, ""))
        return own.sort_key if own else ERASED_SORT_KEY, _sort_key(people, one), one

    return [
        PupilMissed(
            pupil=one,
            name=people[one].full() if one in people else "",
            class_id=class_of.get(one, ""),
            class_name=names.get(class_of.get(one, ""), ""),
            lessons=0,
            missed=0,
            absent=0,
            excused=0,
            ill=0,
            made_up=0,
            percent_hundredths=None,
            journals=[],
        )
        for one in sorted(pupils, key=place)
    ]


def _sort_key(people: dict[str, PersonRow], pupil: str) -> str:
    return people[pupil].sort_key if pupil in people else ERASED_SORT_KEY


def _details(
    c: sa.Connection, page: list[PupilMissed], chosen: Sequence[Journal] | None, first: str, last: str
) -> list[PupilMissed]:
    """Fill in the figures and the missed lessons of a page of pupils."""
    if not page:
        return page
    pupils = [one.pupil for one in page]
    stays = stays_of(c, pupils, first=first, last=last)
    journals = chosen
    if journals is None:
        journals = find_journals(c, groups={stay.place for stay in stays})
    belongs = _belongs(c, stays, journals)
    roll_days = _roll_days(c, [one.id for one in journals], first, last)
    missed = _missed(c, pupils, first, last)
    for one in page:
        for journal in journals:
            members = belongs.get((one.pupil, journal.id))
            if members:
                rows = [row for row in missed.get((one.pupil, journal.id), ()) if was_member(members, row.date)]
                _add(one, journal, lessons_while_member(roll_days.get(journal.id, ()), members), rows)
        one.percent_hundredths = percent_hundredths(one.missed, one.lessons)
    return page


def _add(one: PupilMissed, journal: Journal, count: int, rows: list[MissedLesson]) -> None:
    """Add a journal to a pupil's figures; it is listed when the pupil had a lesson there."""
    if not count:
        return
    made_up = sum(row.made_up for row in rows)
    one.lessons += count
    one.missed += len(rows)
    one.made_up += made_up
    one.absent += sum(row.kind == "absent" for row in rows)
    one.excused += sum(row.kind == "excused" for row in rows)
    one.ill += sum(row.kind == "ill" for row in rows)
    one.journals.append(
        MissedInJournal(
            journal=journal.id,
            journal_name=journal.name,
            subject=journal.subject,
            subject_name=journal.subject_name,
            lessons=count,
            missed=len(rows),
            made_up=made_up,
            percent_hundredths=percent_hundredths(len(rows), count),
            rows=rows,
        )
    )


def _belongs(
    c: sa.Connection, stays: Collection[StayRow], journals: Sequence[Journal]
) -> dict[tuple[str, str], list[Member]]:
    """Answer by pupil and journal when the pupil belonged there."""
    plans = plans_of(c, {stay.stream for stay in stays if stay.kind == "class"})
    by_place: dict[tuple[str, str], list[Journal]] = {}
    for journal in journals:
        by_place.setdefault((journal.group_kind, journal.group), []).append(journal)
    found: dict[tuple[str, str], list[Member]] = {}
    for stay in stays:
        for journal in by_place.get((stay.kind, stay.place), ()):
            members = cut_by_plans(stay, journal.id, plans.get(stay.stream, ()))
            found.setdefault((stay.stream, journal.id), []).extend(members)
    return found


def _roll_days(c: sa.Connection, journals: Collection[str], first: str, last: str) -> dict[str, list[str]]:
    """Answer by journal the days of the lessons that count, ascending, one entry per lesson."""
    t = lessons.c
    statement = (
        sa.select(t.journal, t.placed_date)
        .where(is_in(t.journal, journals), within(t.placed_date, first, last))
        .where(t.roll_taken, sa.not_(t.cancelled))
        .order_by(t.journal, t.placed_date)
    )
    days: dict[str, list[str]] = {}
    for journal, day in c.execute(statement):
        days.setdefault(journal, []).append(day)
    return days


def _missed(
    c: sa.Connection, pupils: Collection[str], first: str, last: str
) -> dict[tuple[str, str], list[MissedLesson]]:
    """Answer the missed lessons by pupil and journal, in order of time, with the mark that made up for each."""
    t, a, m = lessons.c, attendance.c, marks.c
    missed = (
        is_in(a.pupil, pupils),
        a.kind.in_(sorted(MISSED)),
        within(t.placed_date, first, last),
        t.roll_taken,
        sa.not_(t.cancelled),
    )
    both = attendance.table.join(lessons.table, t.stream == a.stream)
    later = (
        sa.select(a.stream, a.pupil, m.value, m.recorded_at)
        .select_from(both.join(marks.table, sa.and_(m.stream == a.stream, m.pupil == a.pupil)))
        .where(*missed, m.recorded_at > a.recorded_at)
        .order_by(a.stream, a.pupil, m.recorded_at.desc(), m.work.desc(), m.number.desc())
    )
    made_up = {(stream, pupil): (value, at) for stream, pupil, value, at in c.execute(later)}
    statement = (
        sa.select(a.pupil, t.journal, a.stream, t.placed_date, t.placed_slot, t.topic, t.plan_item, a.kind)
        .select_from(both)
        .where(*missed)
        .order_by(a.pupil, t.journal, t.placed_date, t.placed_slot, t.ordinal, t.stream)
    )
    opened = school(c)
    timezone = opened.timezone if opened else "UTC"
    found: dict[tuple[str, str], list[MissedLesson]] = {}
    for pupil, journal, lesson, *content in c.execute(statement):
        row = MissedLesson(lesson, *content)
        if (lesson, pupil) in made_up:
            row.made_up_mark, at = made_up[lesson, pupil]
            row.made_up, row.made_up_on = True, local_day(at, timezone).isoformat()
        found.setdefault((pupil, journal), []).append(row)
    return found
