"""Who replaced whom, when, why, where (D10): every lesson that is not as the timetable has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from ejd_projections.account_holders import Holder, holders
from ejd_projections.asking import fetch, is_in
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.lesson_course import Moment
from ejd_projections.people import names
from ejd_projections.school_catalogue import Year, rooms_by_name, subjects_by_name
from ejd_projections.substitution_tables import ChangeRow, changes
from ejd_projections.taught_lessons import Taught, taught_lessons

Kind = Literal["teacher", "subject", "merged", "self-study", "moved", "cancelled", "extra", "restored"]
"""What happened to a lesson; several at once are possible."""
ORDER = ("instead", "moved", "cancelled", "extra", "restored")


@dataclass(slots=True)
class Person:
    """Somebody of the staff; the name is "" when it is not known."""

    id: str
    name: str


@dataclass(slots=True)
class Decision:
    """One of `instead`, `moved`, `cancelled`, `extra`, `restored`: who recorded it last, when (microseconds UTC), why.

    `despite`: how many clashes with other lessons were accepted with it. `restored`: a substitution or cancellation
    was taken back so. A reason is None when the reader may not see it, "" when none was given or it was erased.
    """

    what: str
    recorded_at: int
    by: Holder
    reason: str | None
    despite: int


@dataclass(slots=True)
class ChangedLesson:
    """One lesson; `date`, `slot` and `room` say where it takes place, `planned_…` where the timetable had it.

    `absent`: whom the substitution named, else those whose load it is. `teachers` give it; `supervisor` of self-study.
    `uses_plan`: its topic may be a line of the journal's own plan. `makes_up` is the lost lesson of an extra one.
    """

    lesson: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    kinds: list[str]
    planned_date: str
    planned_slot: int
    ordinal: int
    date: str
    slot: int
    room: str
    room_name: str
    absent: list[Person]
    teachers: list[Person]
    supervisor: Person | None
    given_subject: str
    given_subject_name: str
    merged_journal: str
    merged_journal_name: str
    held: bool
    topic: str | None
    plan_item: int | None
    uses_plan: bool
    makes_up: str
    decisions: list[Decision]


@dataclass(slots=True)
class Substitutions:
    """A page of the `total` lessons, in order of time; `by_kind` counts all that were chosen."""

    year: str
    first: str
    last: str
    total: int
    by_kind: dict[str, int]
    lessons: list[ChangedLesson]


@dataclass(frozen=True)
class Reader:
    """Who reads: reasons are shown to the administration, and to somebody about the own absence."""

    every_reason: bool
    person: str


def substitutions(  # noqa: PLR0913 - the question, its filters and its page
    c: sa.Connection,
    *,
    year: Year,
    journals: Sequence[Journal],
    days: tuple[str, str],
    moment: Moment,
    reader: Reader,
    teacher: str | None = None,
    kinds: Collection[str] = (),
    limit: int,
    offset: int = 0,
) -> Substitutions:
    """Answer the changed lessons of journals that take place between two days, both included.

    By teacher: absent, substitute or supervisor. `kinds`: any of them; all when there are none.
    """
    by_lesson = _changes(c, [one.id for one in journals])
    changed = {rows[0].journal for rows in by_lesson.values()}
    own = [one for one in journals if one.id in changed]
    chosen = []
    for one in taught_lessons(c, year, own, days, moment):
        rows = by_lesson.get(one.placed.lesson, [])
        of_it = _kinds(one, rows)
        if not of_it or (kinds and set(kinds).isdisjoint(of_it)):
            continue
        if teacher is None or teacher in _concerned(one, rows):
            chosen.append((one, rows, of_it))
    counted = Counter(kind for _, _, of_it in chosen for kind in of_it)
    page = chosen[offset : offset + limit]
    known = _Known(c, [(one, rows) for one, rows, _ in page])
    return Substitutions(
        year=year.id,
        first=days[0],
        last=days[1],
        total=len(chosen),
        by_kind=dict(sorted(counted.items())),
        lessons=[known.answer(one, rows, of_it, reader) for one, rows, of_it in page],
    )


def _changes(c: sa.Connection, journals: Collection[str]) -> dict[str, list[ChangeRow]]:
    found: dict[str, list[ChangeRow]] = {}
    for row in fetch(c, changes, is_in(changes.c.journal, journals)) if journals else ():
        found.setdefault(row.stream, []).append(row)
    return found


def _kinds(one: Taught, rows: Sequence[ChangeRow]) -> list[str]:
    """Answer what happened to a lesson; a room alone that changed is no move."""
    record = one.placed.record
    whats = {row.what for row in rows}
    found: list[str] = []
    if record is None:
        return found
    if "instead" in whats and record.self_study:
        found.append("self-study")
    elif "instead" in whats:
        found += [*(["teacher"] if record.substitute not in one.load else [])]
        found += [*(["subject"] if one.other_subject else []), *(["merged"] if record.merged_journal else [])]
        found = found or ["teacher"]
    if "moved" in whats and (record.moved or record.room):
        found.append("moved")
    found += [what for what in ("cancelled", "extra", "restored") if what in whats]
    return found


def _absent(one: Taught, rows: Sequence[ChangeRow]) -> frozenset[str]:
    named = frozenset(row.absent_teacher for row in rows) - {""}
    replaced = any(row.what == "instead" for row in rows) or one.placed.cancelled
    return named or (one.load - one.teachers if replaced else frozenset())


def _concerned(one: Taught, rows: Sequence[ChangeRow]) -> frozenset[str]:
    record = one.placed.record
    supervisor = frozenset({record.substitute}) if record is not None else frozenset()
    return one.load | one.teachers | supervisor | _absent(one, rows)


class _Known:
    """Names of what the lessons of a page name."""

    def __init__(self, c: sa.Connection, page: Sequence[tuple[Taught, list[ChangeRow]]]) -> None:
        records = [one.placed.record for one, _ in page if one.placed.record is not None]
        self._people = names(c, set().union(*(_concerned(one, rows) for one, rows in page)) - {""})
        self._holders = holders(c, {row.actor for _, rows in page for row in rows})
        self._subjects = {row.stream: row.name for row in subjects_by_name(c)}
        rooms = {one.placed.room for one, _ in page} - {""}
        self._rooms = {row.stream: row.name for row in rooms_by_name(c, ids=rooms)} if rooms else {}
        hosts = {record.merged_journal for record in records} - {""}
        self._journals = {one.id: one.name for one in find_journals(c, ids=hosts)} if hosts else {}

    def _people_of(self, ids: Collection[str]) -> list[Person]:
        found = [Person(one, self._people.get(one, "")) for one in ids]
        return sorted(found, key=lambda person: (person.name, person.id))

    def answer(self, one: Taught, rows: Sequence[ChangeRow], kinds: list[str], reader: Reader) -> ChangedLesson:
        """Answer a lesson with names, and with the reasons that the reader may see."""
        placed, journal, record = one.placed, one.journal, one.placed.record
        absent = _absent(one, rows)
        seen = reader.every_reason or reader.person in absent
        by_what = {row.what: row for row in rows}
        merged = record.merged_journal if record is not None else ""
        supervisor = record.substitute if record is not None and record.self_study else ""
        return ChangedLesson(
            lesson=placed.lesson,
            journal=journal.id,
            journal_name=journal.name,
            subject=journal.subject,
            subject_name=journal.subject_name,
            group=journal.group,
            group_name=journal.group_name,
            kinds=kinds,
            planned_date=placed.date,
            planned_slot=placed.slot,
            ordinal=placed.ordinal,
            date=placed.placed_date,
            slot=placed.placed_slot,
            room=placed.room,
            room_name=self._rooms.get(placed.room, ""),
            absent=self._people_of(absent),
            teachers=self._people_of(one.teachers),
            supervisor=Person(supervisor, self._people.get(supervisor, "")) if supervisor else None,
            given_subject=one.other_subject,
            given_subject_name=self._subjects.get(one.other_subject, ""),
            merged_journal=merged,
            merged_journal_name=self._journals.get(merged, ""),
            held=placed.held,
            topic=record.topic if record is not None else None,
            plan_item=record.plan_item if record is not None else None,
            uses_plan=not placed.cancelled and one.other_subject == "",
            makes_up=by_what["extra"].makes_up if "extra" in by_what else "",
            decisions=[
                Decision(what, row.recorded_at, self._holders[row.actor], row.reason if seen else None, row.despite)
                for what in ORDER
                if (row := by_what.get(what)) is not None
            ],
        )
