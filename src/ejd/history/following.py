"""What follows pupils from journal to journal, before and after: the part of averages and attendance made elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from ejd.history.comparing import ChangedLesson, Comparison, Side
from ejd_projections.followed import Followed, FollowedMark, Records, came_later, members_by_pupil
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.memberships import Member, cut_by_plans, members_of, stays_of
from ejd_projections.school_catalogue import Period, Year

Spans = Mapping[str, Sequence[Member]]


class Sides(NamedTuple):
    """What counts of one pupil from other journals, before and after."""

    before: Followed
    after: Followed


class Following:
    """Knows who moved, and finds what counts in a journal of lessons in others."""

    def __init__(
        self, c: sa.Connection, comparison: Comparison, journals: Iterable[Journal], years: Iterable[Year]
    ) -> None:
        """Find who moved in the years concerned, and the journals that the marks of who moved may follow into."""
        self._c = c
        self._comparison = comparison
        self._changed: dict[str, list[ChangedLesson]] = {}
        for lesson in comparison.lessons.values():
            self._changed.setdefault(lesson.journal, []).append(lesson)
        concerned = list(journals)
        self.journals = {one.id: one for one in concerned}
        self._movers = set(comparison.pupils)
        for year in years:
            self._find([one for one in concerned if one.year == year.id], year)

    def _find(self, concerned: list[Journal], year: Year) -> None:
        """Take in whoever left a journal with changed lessons in the year, and the journals of the subject around."""
        days = {"first": year.first_day, "last": year.last_day}
        changed = [one for one in concerned if one.id in self._changed]
        for own in members_of(self._c, changed, **days).values() if changed else ():
            self._movers.update(one.pupil for one in own if one.ends is not None)
        if not concerned or not self._movers:
            return
        places = {row.place for row in stays_of(self._c, self._movers, **days)}
        places |= {stay.place for _, after in self._comparison.pupils.values() for stay in after.stays}
        subjects = {one.subject for one in concerned}
        for one in find_journals(self._c, groups=places, year=year.id) if places else ():
            if one.subject in subjects:
                self.journals[one.id] = one

    def into(self, journal: Journal, period: Period) -> dict[str, Sides]:
        """Answer by pupil what counts in a journal and period from others; of pupils with anything on either side."""
        others = {
            one.id: one
            for one in self.journals.values()
            if (one.subject, one.year) == (journal.subject, journal.year) and one.id != journal.id
        }
        if not others or not self._movers:
            return {}
        first, last = period.first_day, period.last_day
        live = members_by_pupil(members_of(self._c, [journal, *others.values()], first=first, last=last), self._movers)
        here = {pupil: self._both(journal, period, pupil, live) for pupil in sorted(self._movers)}
        here = {pupil: both for pupil, both in here.items() if any(came_later(own, first) for own in both)}
        if not here:
            return {}
        before = Records.read(self._c, others, here, first, last)
        after = Records.read(self._c, others, here, first, last)
        for changed in (one for other in others for one in self._changed.get(other, ())):
            _apply(after, changed, period, here)
        found = {}
        for pupil, own in here.items():
            there = {one.id: self._both(one, period, pupil, live) for one in others.values()}
            sides = [
                records.of(pupil, own[side], {other: both[side] for other, both in there.items()})
                for side, records in enumerate((before, after))
            ]
            if any(one.marks or one.lessons for one in sides):
                found[pupil] = Sides(*sides)
        return found

    def _both(
        self, journal: Journal, period: Period, pupil: str, live: Mapping[str, Spans]
    ) -> tuple[Sequence[Member], Sequence[Member]]:
        """Answer the spans in which a journal is a pupil's, before and after."""
        before = live.get(journal.id, {}).get(pupil, [])
        sides = self._comparison.pupils.get(pupil)
        return before, before if sides is None else spans_of(journal, period, sides[1])


def spans_of(journal: Journal, period: Period, side: Side) -> list[Member]:
    """Answer the spans of a period in which a journal is a pupil's, on one side."""
    plans = [(plan.starts, plan.listed()) for plan in side.plans]
    return [
        member
        for stay in side.stays
        if stay.place == journal.group and stay.kind == journal.group_kind
        for member in cut_by_plans(stay, journal.id, plans)
        if member.starts <= period.last_day and (member.ends is None or member.ends > period.first_day)
    ]


def _apply(records: Records, changed: ChangedLesson, period: Period, pupils: Collection[str]) -> None:
    """Put a lesson as it is afterwards into what was read before."""
    stream, journal = changed.stream, changed.journal
    for cell in changed.before.cells if changed.before else ():
        left = [mark for mark in records.marks.get(cell.pupil, ()) if mark.lesson != stream]
        records.marks[cell.pupil] = left
    rolls = records.rolls.setdefault(journal, {})
    rolls.pop(stream, None)
    for pupil in changed.before.missed if changed.before else ():
        records.missed.get(pupil, set()).discard(stream)
    side = changed.after
    if side is None or not period.first_day <= side.day <= period.last_day:
        return
    for cell in side.cells:
        if cell.pupil in pupils:
            own = records.marks.setdefault(cell.pupil, [])
            own += [FollowedMark(journal, stream, side.day, work, value) for work, value in cell.marks]
    if side.counts:
        rolls[stream] = side.day
        for pupil in side.missed:
            records.missed.setdefault(pupil, set()).add(stream)
