"""Marks follow a pupil who moved: what was made in other journals of the subject counts in the journal of today.

Rows stay where they were made (rules.md, formulas, H). What counts elsewhere are the lessons of journals of the same
subject and year on days on which the pupil belonged there, and here only later, as in the basis of final marks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from ejd_projections.asking import among, bound, checked_ids, within
from ejd_projections.gradebook_tables import attendance, lessons, marks
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.memberships import Member, members_of, stays_of
from ejd_projections.rolls import MISSED, was_member


@dataclass(slots=True)
class FollowedMark:
    """A mark of another journal of the subject that counts here; its row is in that journal."""

    journal: str
    lesson: str
    date: str
    work: str
    value: str


@dataclass(slots=True)
class Followed:
    """What counts of one pupil from other journals: marks, lessons with the roll taken, those missed."""

    marks: list[FollowedMark] = field(default_factory=list)
    lessons: int = 0
    missed: int = 0


class Here(NamedTuple):
    """A journal's pupils with the spans in which it is theirs."""

    journal: Journal
    members: Mapping[str, list[Member]]


_l, _m, _a = lessons.c, marks.c, attendance.c
_HERE = (among(_l.journal, "journals"), within(_l.placed_date, bound("first"), bound("last")))
_MARKS = (
    sa.select(_l.journal, _m.pupil, _l.stream, _l.placed_date, _m.work, _m.value)
    .select_from(lessons.table.join(marks.table, _m.stream == _l.stream))
    .where(*_HERE, among(_m.pupil, "pupils"))
    .order_by(_l.placed_date, _l.placed_slot, _l.stream, _m.work, _m.number)
)
_ROLLS = sa.select(_l.journal, _l.stream, _l.placed_date).where(*_HERE, _l.roll_taken, _l.cancelled.is_(False))
_MISSED = (
    sa.select(_a.pupil, _l.stream)
    .select_from(lessons.table.join(attendance.table, _a.stream == _l.stream))
    .where(*_HERE, among(_a.pupil, "pupils"), among(_a.kind, "kinds"))
)


def followed(c: sa.Connection, here: Sequence[Here], *, first: str, last: str) -> dict[str, dict[str, Followed]]:
    """Answer by journal and pupil what counts from elsewhere; only pupils who came into it after the first day."""
    moved = {pupil for one in here for pupil, own in one.members.items() if came_later(own, first)}
    if not moved:
        return {}
    places = {row.place for row in stays_of(c, moved, first=first, last=last)}
    found = find_journals(c, groups=places) if places else []
    subjects = {(one.journal.year, one.journal.subject) for one in here}
    others = [one for one in found if (one.year, one.subject) in subjects]
    there = {one.journal.id: _others(one.journal, others) for one in here}
    wanted = {one.id: one for own in there.values() for one in own}
    if not wanted:
        return {}
    spans = members_by_pupil(members_of(c, list(wanted.values()), first=first, last=last), moved)
    records = Records.read(c, wanted, moved, first, last)
    return {
        one.journal.id: {
            pupil: records.of(pupil, own, {each.id: spans[each.id].get(pupil, []) for each in there[one.journal.id]})
            for pupil, own in one.members.items()
            if came_later(own, first)
        }
        for one in here
    }


def members_by_pupil(
    members: Mapping[str, Iterable[Member]], pupils: Collection[str]
) -> dict[str, dict[str, list[Member]]]:
    """Answer by journal and pupil the spans of some pupils."""
    found: dict[str, dict[str, list[Member]]] = {}
    for journal, own in members.items():
        spans = found.setdefault(journal, {})
        for member in own:
            if member.pupil in pupils:
                spans.setdefault(member.pupil, []).append(member)
    return found


def _others(journal: Journal, candidates: Iterable[Journal]) -> list[Journal]:
    same = (journal.year, journal.subject)
    return [one for one in candidates if (one.year, one.subject) == same and one.id != journal.id]


def came_later(own: Iterable[Member], first: str) -> bool:
    """Say whether a pupil came, or came back, into a journal after a day."""
    return any(one.starts > first for one in own)


def _follows(own: Sequence[Member], there: Iterable[Member], day: str) -> bool:
    return was_member(there, day) and not was_member(own, day) and came_later(own, day)


class Records:
    """Marks and rolls of several journals, of some pupils, by lesson."""

    def __init__(self) -> None:
        """Nothing is read."""
        self.marks: dict[str, list[FollowedMark]] = {}
        self.rolls: dict[str, dict[str, str]] = {}
        self.missed: dict[str, set[str]] = {}

    @classmethod
    def read(
        cls, c: sa.Connection, journals: Collection[str], pupils: Collection[str], first: str, last: str
    ) -> Records:
        """Read them of a range of days."""
        records = cls()
        where = {"journals": checked_ids(journals), "first": first, "last": last}
        ids = checked_ids(pupils)
        for journal, pupil, *rest in c.execute(_MARKS, {**where, "pupils": ids}).all():
            records.marks.setdefault(pupil, []).append(FollowedMark(journal, *rest))
        for journal, lesson, day in c.execute(_ROLLS, where).all():
            records.rolls.setdefault(journal, {})[lesson] = day
        for pupil, lesson in c.execute(_MISSED, {**where, "pupils": ids, "kinds": sorted(MISSED)}).all():
            records.missed.setdefault(pupil, set()).add(lesson)
        return records

    def of(self, pupil: str, own: Sequence[Member], there: Mapping[str, Sequence[Member]]) -> Followed:
        """Answer what counts of a pupil of days on which the pupil was there, and in the own journal only later."""
        missed = self.missed.get(pupil, set())
        rolls = list(self._rolls(own, there))
        return Followed(
            marks=[mark for mark in self.marks.get(pupil, ()) if _follows(own, there.get(mark.journal, ()), mark.date)],
            lessons=len(rolls),
            missed=sum(lesson in missed for lesson in rolls),
        )

    def _rolls(self, own: Sequence[Member], there: Mapping[str, Sequence[Member]]) -> Iterator[str]:
        for journal, spans in there.items():
            if spans:
                rolls = self.rolls.get(journal, {})
                yield from (lesson for lesson, day in rolls.items() if _follows(own, spans, day))
