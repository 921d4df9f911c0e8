"""Who teaches each lesson, and whether it is over: the raw material of the substitutions report (D10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd_projections.asking import within
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import Journal, Teacher, find_journals, teachers_of
from ejd_projections.lesson_course import MIDNIGHT_MINUTES, Moment
from ejd_projections.lessons_due import PlacedLesson, placed_lessons
from ejd_projections.school_catalogue import Year


class Taught(NamedTuple):
    """A lesson that is due or held: the teachers whose load it is, and those who teach it.

    Where the timetable names some of the journal's teachers for the lesson, it is theirs alone.

    Nobody teaches what is cancelled or left to self-study; `merged`: it is given together with another lesson, whose
    hour counts.
    """

    placed: PlacedLesson
    journal: Journal
    load: frozenset[str]
    teachers: frozenset[str]
    ended: bool
    merged: bool = False

    @property
    def self_study(self) -> bool:
        """Whether the pupils work alone."""
        return self.placed.record is not None and self.placed.record.self_study

    @property
    def other_subject(self) -> str:
        """The subject that is given instead, "" for the journal's own."""
        record = self.placed.record
        instead = "" if record is None or record.self_study else record.substitute_subject
        return "" if instead == self.journal.subject else instead


def taught_lessons(
    c: sa.Connection, year: Year, journals: Sequence[Journal], days: tuple[str, str], moment: Moment
) -> list[Taught]:
    """Answer the lessons of journals that take place between two days, both included, in order of time.

    Which of them are merged is known of lessons whose host is among the journals.
    """
    calendar = calendar_from_json(year.calendar)
    by_id = {journal.id: journal for journal in journals}
    loads = teachers_of(c, by_id, first=days[0], last=days[1]) if by_id else {}
    today = moment.day.isoformat()
    always = {journal: _always(own, days) for journal, own in loads.items()}
    found = []
    for one in placed_lessons(c, journals, first=days[0], last=days[1]):
        journal, day = by_id[one.journal], one.placed_date
        load = None if one.named else always.get(one.journal)
        if load is None:
            load = frozenset(own.staff for own in one.loads(loads.get(one.journal, ())))
        ended = day < today
        if day == today:
            bell = calendar.bell(journal.bells, one.placed_slot)
            ended = moment.over(moment.day, bell.ends if bell else MIDNIGHT_MINUTES)
        found.append(Taught(one, journal, load, _teachers(one, load), ended))
    return list(_merged(found))


def _always(loads: Sequence[Teacher], days: tuple[str, str]) -> frozenset[str] | None:
    """Answer who has the load on every day of the range; None when that changes: then each lesson is asked about."""
    if all(one.starts <= days[0] and (one.ends is None or days[1] <= one.ends) for one in loads):
        return frozenset(one.staff for one in loads)
    return None


def _teachers(one: PlacedLesson, load: frozenset[str]) -> frozenset[str]:
    record = one.record
    if record is None:
        return load
    if record.cancelled or record.self_study:
        return frozenset()
    return frozenset({record.substitute}) if record.substitute else load


def _host(one: Taught) -> str:
    return one.placed.record.merged_journal if one.placed.record is not None and one.teachers else ""


def _merged(found: Sequence[Taught]) -> Iterator[Taught]:
    """Say which lessons are given together with one of their host's: by its teacher, then, and not merged itself."""
    hosts: dict[tuple[str, str, int], set[str]] = {}
    for one in found:
        if not _host(one):
            place = (one.journal.id, one.placed.placed_date, one.placed.placed_slot)
            hosts.setdefault(place, set()).update(one.teachers)
    for one in found:
        there = hosts.get((_host(one), one.placed.placed_date, one.placed.placed_slot), set())
        yield one._replace(merged=not one.teachers.isdisjoint(there)) if _host(one) else one


def journals_taught(c: sa.Connection, year: str, teacher: str, days: tuple[str, str]) -> set[str]:
    """Answer the journals in which somebody has a load, or a substitution or supervision, on a day of the range."""
    own = {one.id for one in find_journals(c, year=year, teacher=teacher, first=days[0], last=days[1])}
    given = sa.select(lessons.c.journal).distinct()
    given = given.where(lessons.c.substitute == teacher, within(lessons.c.placed_date, *days))
    return own | set(c.scalars(given))
