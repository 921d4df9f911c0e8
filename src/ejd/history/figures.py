"""Averages and missed lessons before and after: live sums of one journal and period, with what changed put in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from ejd.history.changes import AverageChange, MissedChange
from ejd.history.comparing import ChangedLesson, Comparison, LessonSide
from ejd.history.following import Following, Sides, spans_of
from ejd.kernel.policies import Average
from ejd_projections.asking import among, bound, checked_ids, within
from ejd_projections.gradebook import Worth
from ejd_projections.gradebook_tables import attendance, lessons, marks
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.memberships import Member, members_of
from ejd_projections.rolls import MISSED, lessons_while_member, was_member
from ejd_projections.school_catalogue import Period, kinds_of_work, systems_of_grading, years

JOURNALS_IN_ONE_QUESTION = 500
JOURNALS_COUNTED_AT_ONCE = 50
"""Of one period: their pupils are far below what one question may name."""

_l, _m, _a = lessons.c, marks.c, attendance.c
_HERE = (_l.journal == bound("journal"), within(_l.placed_date, bound("first"), bound("last")))
_MARKS = (
    sa.select(_l.journal, _m.pupil, _m.work, _m.value, sa.func.count())
    .select_from(lessons.table.join(marks.table, _m.stream == _l.stream))
    .where(among(_l.journal, "journals"), within(_l.placed_date, bound("first"), bound("last")))
    .where(among(_m.pupil, "pupils"))
    .group_by(_l.journal, _m.pupil, _m.work, _m.value)
)
_ROLLS = sa.select(_l.stream, _l.placed_date).where(*_HERE, _l.roll_taken, _l.cancelled.is_(False))
_MISSED = (
    sa.select(_l.stream, _a.pupil)
    .select_from(lessons.table.join(attendance.table, _a.stream == _l.stream))
    .where(*_HERE, _l.roll_taken, _l.cancelled.is_(False), among(_a.kind, "kinds"))
)


class _Counted(NamedTuple):
    """How many marks of a kind and value a pupil has."""

    pupil: str
    work: str
    value: str
    times: int


@dataclass
class _Touched:
    """What changes in one journal and period."""

    journal: Journal
    period: Period
    lessons: dict[str, ChangedLesson] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    pupils: set[str] = field(default_factory=set)
    rolls: bool = False
    elsewhere: dict[str, Sides] = field(default_factory=dict)
    """What counts here from other journals, by pupil who moved."""


class Figures:
    """Averages and missed lessons of all journals and periods that a comparison touched."""

    def __init__(self, c: sa.Connection, comparison: Comparison) -> None:
        """Find the journals concerned and their periods."""
        self._c = c
        self._comparison = comparison
        self._lists = comparison.lists
        self._periods = {year.id: year.periods for year in years(c)}
        self._systems = systems_of_grading(c)
        self._weights = {code: kind.weight for code, kind in kinds_of_work(c).items()}
        known = self._concerned()
        self._following = Following(c, comparison, known.values(), years(c))
        self._journals = self._following.journals

    def compare(self) -> None:
        """Put the rows that differ into the lists, by journal, period and pupil."""
        by_journal: dict[str, list[ChangedLesson]] = {}
        for changed in self._comparison.lessons.values():
            by_journal.setdefault(changed.journal, []).append(changed)
        moved = self._moved()
        every: list[_Touched] = []
        for journal in sorted(self._journals.values(), key=lambda one: one.id):
            touched = {one.code: _Touched(journal, one) for one in self._of_scheme(journal)}
            for changed in by_journal.get(journal.id, ()):
                _touch(touched.values(), changed)
            for one in touched.values():
                one.pupils |= moved.get(journal.group, set())
                one.elsewhere = self._following.into(journal, one.period)
                one.marks.update(one.elsewhere)
                one.pupils.update(one.elsewhere)
            every += touched.values()
        counted = self._counted(every)
        for one in every:
            self._averages(one, counted.get((one.journal.id, one.period.code), ()))
            self._attendance(one.journal, one.period, one)

    def _concerned(self) -> dict[str, Journal]:
        ids = sorted({one.journal for one in self._comparison.lessons.values()})
        found: dict[str, Journal] = {}
        for start in range(0, len(ids), JOURNALS_IN_ONE_QUESTION):
            some = find_journals(self._c, ids=ids[start : start + JOURNALS_IN_ONE_QUESTION])
            found |= {one.id: one for one in some}
        places = self._moved()
        if places:
            found |= {one.id: one for one in find_journals(self._c, groups=list(places))}
        return found

    def _moved(self) -> dict[str, set[str]]:
        """Answer the pupils whose memberships change, by class and group."""
        places: dict[str, set[str]] = {}
        for pupil, sides in self._comparison.pupils.items():
            for place in {stay.place for side in sides for stay in side.stays}:
                places.setdefault(place, set()).add(pupil)
        return places

    def _of_scheme(self, journal: Journal) -> list[Period]:
        own = [one for one in self._periods.get(journal.year, ()) if one.scheme == journal.scheme]
        return sorted(own, key=lambda one: one.first_day)

    def _counted(self, every: Iterable[_Touched]) -> dict[tuple[str, str], list[_Counted]]:
        """Count the marks of the pupils concerned, of all journals with the same period together."""
        by_period: dict[tuple[str, str, str], list[_Touched]] = {}
        for one in every:
            if one.marks:
                period = one.period
                by_period.setdefault((period.code, period.first_day, period.last_day), []).append(one)
        found: dict[tuple[str, str], list[_Counted]] = {}
        for (code, first, last), touched in by_period.items():
            where = {"first": first, "last": last}
            for start in range(0, len(touched), JOURNALS_COUNTED_AT_ONCE):
                some = {one.journal.id: one for one in touched[start : start + JOURNALS_COUNTED_AT_ONCE]}
                pupils = checked_ids({pupil for one in some.values() for pupil in one.marks})
                asked = self._c.execute(_MARKS, {**where, "journals": sorted(some), "pupils": pupils})
                for journal, *counted in asked.all():
                    if counted[0] in some[journal].marks:
                        found.setdefault((journal, code), []).append(_Counted(*counted))
        return found

    def _averages(self, touched: _Touched, counted: Iterable[_Counted]) -> None:
        journal, period = touched.journal, touched.period
        worth = Worth(self._systems.get(journal.grading_system), self._weights)
        sums = {pupil: [0, 0, 0] for pupil in touched.marks}
        for pupil, work, value, times in counted:
            _count(sums[pupil], worth, [(work, value)] * times, 1)
        before = {pupil: tuple(own) for pupil, own in sums.items()}
        for pupil, sides in touched.elsewhere.items():
            old_sums = list(before[pupil])
            _count(old_sums, worth, [(mark.work, mark.value) for mark in sides.before.marks], 1)
            before[pupil] = tuple(old_sums)
            _count(sums[pupil], worth, [(mark.work, mark.value) for mark in sides.after.marks], 1)
        for changed in touched.lessons.values():
            for side, sign in ((changed.before, -1), (changed.after, 1)):
                if side is not None and period.first_day <= side.day <= period.last_day:
                    for cell in side.cells:
                        _count(sums[cell.pupil], worth, cell.marks, sign)
        for pupil in sorted(sums):
            if before[pupil] != tuple(sums[pupil]):
                marks_before, *old = before[pupil]
                marks_after, *new = sums[pupil]
                self._lists.averages.add(
                    AverageChange(
                        *(pupil, journal.id, period.code),
                        marks_before=marks_before,
                        before_hundredths=Average(*old).hundredths(),
                        marks_after=marks_after,
                        after_hundredths=Average(*new).hundredths(),
                    )
                )

    def _attendance(self, journal: Journal, period: Period, touched: _Touched) -> None:
        if not (touched.rolls or touched.pupils):
            return
        where = {"journal": journal.id, "first": period.first_day, "last": period.last_day}
        days = {row.stream: row.placed_date for row in self._c.execute(_ROLLS, where)}
        missed: dict[str, set[str]] = {}
        for stream, pupil in self._c.execute(_MISSED, {**where, "kinds": sorted(MISSED)}).all():
            missed.setdefault(pupil, set()).add(stream)
        old = _Roll(days, missed)
        new = old.changed(touched.lessons.values(), period)
        stays = self._stays(journal, period)
        moved = self._stays_after(journal, period)
        everybody = {*stays, *moved} if touched.rolls else set()
        for pupil in sorted(everybody | touched.pupils):
            was = old.of(pupil, stays.get(pupil, []))
            now = new.of(pupil, moved[pupil] if pupil in moved else stays.get(pupil, []))
            if pupil in touched.elsewhere:
                sides = touched.elsewhere[pupil]
                was = was[0] + sides.before.missed, was[1] + sides.before.lessons
                now = now[0] + sides.after.missed, now[1] + sides.after.lessons
            if was != now:
                self._lists.missed.add(MissedChange(pupil, journal.id, period.code, *was, *now))

    def _stays(self, journal: Journal, period: Period) -> dict[str, list[Member]]:
        found: dict[str, list[Member]] = {}
        inside = members_of(self._c, [journal], first=period.first_day, last=period.last_day)
        for member in inside.get(journal.id, ()):
            found.setdefault(member.pupil, []).append(member)
        return found

    def _stays_after(self, journal: Journal, period: Period) -> dict[str, list[Member]]:
        return {pupil: spans_of(journal, period, after) for pupil, (_, after) in self._comparison.pupils.items()}


def _touch(touched: Collection[_Touched], changed: ChangedLesson) -> None:
    """Note in the periods where the lesson takes place, on either side, whose figures may change."""
    old, new = changed.before, changed.after
    rolls = _roll_of(old) != _roll_of(new)
    lines = (old.missed if old else frozenset()) ^ (new.missed if new else frozenset())
    for side in (old, new):
        own = None if side is None else _at(touched, side.day)
        if side is None or own is None:
            continue
        own.lessons[changed.stream] = changed
        own.marks.update(cell.pupil for cell in side.cells)
        own.rolls = own.rolls or rolls
        own.pupils |= lines


def _roll_of(side: LessonSide | None) -> str | None:
    return side.day if side is not None and side.counts else None


def _at(touched: Iterable[_Touched], day: str) -> _Touched | None:
    return next((one for one in touched if one.period.first_day <= day <= one.period.last_day), None)


def _count(sums: list[int], worth: Worth, marks_given: Iterable[tuple[str, str]], sign: int) -> None:
    for work, value in marks_given:
        weighted, weight = worth.one(value, work)
        sums[0] += sign * (weight > 0)
        sums[1] += sign * weighted
        sums[2] += sign * weight


class _Roll:
    """Lessons of a journal and period with the roll taken, and who missed which."""

    def __init__(self, days: dict[str, str], missed: dict[str, set[str]]) -> None:
        self._days = days
        self._missed = missed
        self._sorted = sorted(days.values())

    def changed(self, lessons_changed: Iterable[ChangedLesson], period: Period) -> _Roll:
        """Answer the same with the changed lessons as they are afterwards."""
        days = dict(self._days)
        missed = {pupil: set(own) for pupil, own in self._missed.items()}
        for one in lessons_changed:
            days.pop(one.stream, None)
            for pupil in one.before.missed if one.before else ():
                missed.get(pupil, set()).discard(one.stream)
            side = one.after
            if side is not None and side.counts and period.first_day <= side.day <= period.last_day:
                days[one.stream] = side.day
                for pupil in side.missed:
                    missed.setdefault(pupil, set()).add(one.stream)
        return _Roll(days, missed)

    def of(self, pupil: str, stays: list[Member]) -> tuple[int, int]:
        """Answer how many lessons a pupil missed, of how many."""
        missed = sum(was_member(stays, self._days[one]) for one in self._missed.get(pupil, ()) if one in self._days)
        return missed, lessons_while_member(self._sorted, stays)
