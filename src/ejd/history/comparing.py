"""One stream folded twice, without and with what is void, and compared row by row; what touches other figures is kept.

Averages, missed lessons and progress are sums over many streams: here it is noted what each affected stream takes
from them and gives to them. The rest comes from the live read model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ejd.history.changes import (
    AdviceChange,
    AttendanceChange,
    FinalMarkChange,
    LessonChange,
    Lists,
    MarkChange,
    MembershipChange,
)
from ejd.history.streams import Folds
from ejd.kernel.dependents import Decoded
from ejd.read.projection import StreamRows
from ejd_projections import final_marks as finals
from ejd_projections import gradebook_tables as book
from ejd_projections import memberships as members
from ejd_projections.rolls import MISSED


class Cell(NamedTuple):
    """Marks of one pupil in one lesson, as averages count them: kind of work and value."""

    pupil: str
    marks: tuple[tuple[str, str], ...]


class LessonSide(NamedTuple):
    """A lesson on one side: where it takes place, whether it counts for attendance, who missed it."""

    day: str
    counts: bool
    missed: frozenset[str]
    cells: tuple[Cell, ...]


class ChangedLesson(NamedTuple):
    """A lesson that figures see differently; None: it is not there on that side."""

    stream: str
    journal: str
    before: LessonSide | None
    after: LessonSide | None


class Side(NamedTuple):
    """A pupil's memberships on one side."""

    stays: tuple[members.StayRow, ...]
    plans: tuple[members.PlanRow, ...]


class Comparison:
    """Takes affected streams one by one; `lists` gets the rows that differ."""

    def __init__(self, lists: Lists) -> None:
        """Nothing was compared."""
        self.lists = lists
        self.lessons: dict[str, ChangedLesson] = {}
        self.lesson_rows: dict[str, book.LessonRow | None] = {}
        self.pupils: dict[str, tuple[Side, Side]] = {}
        self.final_marks: dict[str, list[finals.FinalMarkRow]] = {}
        self.final_mark_changes: set[tuple[str, str, str]] = set()
        self._folds = Folds((book.projection, finals.projection, members.projection))

    def take(self, stream: Sequence[Decoded], void: Collection[int], more: Collection[int]) -> None:
        """Compare a stream in which these versions are void with one in which `more` are void too."""
        before = self._folds.rows(stream, void)
        after = self._folds.rows(stream, {*void, *more})
        self._lesson(before, after)
        self._final_marks(before, after)
        self._memberships(before, after)

    def _lesson(self, before: StreamRows, after: StreamRows) -> None:
        old, new = book.lessons.get(before), book.lessons.get(after)
        row = old or new
        if row is None:
            return
        if old != new:
            self.lesson_rows[row.stream] = new
        identity = row.stream, row.journal, row.date
        for part, show in PARTS.items():
            was, is_now = _part(old, show), _part(new, show)
            if was != is_now:
                self.lists.lessons.add(LessonChange(*identity, part, was, is_now))
        self._cells(identity, before, after)
        sides = _side(old, before), _side(new, after)
        if sides[0] != sides[1]:
            self.lessons[row.stream] = ChangedLesson(row.stream, row.journal, *_only_changed(*sides))

    def _cells(self, identity: tuple[str, str, str], before: StreamRows, after: StreamRows) -> None:
        for (pupil, work, number), was_mark, mark in _pairs(book.marks, before, after):
            old_value, value = (None if one is None else one.value for one in (was_mark, mark))
            if old_value != value:
                self.lists.marks.add(MarkChange(*identity, pupil, work, number, old_value, value))
        for pupil, was_line, line in _pairs(book.attendance, before, after):
            old_line, new_line = _line(was_line), _line(line)
            if old_line != new_line:
                self.lists.attendance.add(AttendanceChange(*identity, pupil, old_line, new_line))
        for version, was_advice, advice in _pairs(book.recommendations, before, after):
            if (was_advice is None) != (advice is None):
                there = was_advice or advice
                change = AdviceChange(*identity, there.pupil, version, advice is not None)
                self.lists.recommendations.add(change)

    def _final_marks(self, before: StreamRows, after: StreamRows) -> None:
        for pupil, was, now in _pairs(finals.final_marks, before, after):
            old, new = (None if one is None else one.value for one in (was, now))
            there = was or now
            if was != now:  # also who decided when: of several marks in a subject the latest counts
                self.final_mark_changes.add((there.journal, there.period, pupil))
                self.final_marks[before.stream] = finals.final_marks.all(after)
            if old != new:
                self.lists.final_marks.add(FinalMarkChange(there.journal, there.period, pupil, old, new))

    def _memberships(self, before: StreamRows, after: StreamRows) -> None:
        sides = _memberships(before), _memberships(after)
        if sides[0] == sides[1]:
            return
        self.pupils[before.stream] = sides
        old, new = ({(s.kind, s.place, s.starts, s.ends) for s in side.stays} for side in sides)
        for stay in sorted(old ^ new, key=lambda one: (one[2], one[:2])):
            self.lists.memberships.add(MembershipChange(before.stream, *stay, stay in new))


def _part(row: book.LessonRow | None, show: Callable[[book.LessonRow], str | None]) -> str | None:
    return None if row is None else show(row)


def _homework(row: book.LessonRow) -> str | None:
    if row.homework is None:
        return None
    parts = (row.homework, row.homework_due, row.homework_minutes, row.homework_links.strip("[]"))
    return "; ".join(str(one) for one in parts if one not in {None, ""})


PARTS: Mapping[str, Callable[[book.LessonRow], str | None]] = {
    "topic": lambda row: row.topic,
    "homework": _homework,
    "roll": lambda row: "taken" if row.roll_taken else None,
    "cancelled": lambda row: "yes" if row.cancelled else None,
    "place": lambda row: f"{row.placed_date}, {row.placed_slot}" if row.moved or row.extra else None,
    "room": lambda row: row.room or None,
    "substitute": lambda row: row.substitute or None,
}
"""Parts of a lesson as a page shows them."""


def _line(row: book.AttendanceRow | None) -> str | None:
    if row is None:
        return None
    return row.kind if row.minutes is None else f"{row.kind}, {row.minutes} min"


def _pairs(table: Any, before: StreamRows, after: StreamRows) -> Iterable[tuple[Any, Any, Any]]:
    old, new = before.tables.get(table, {}), after.tables.get(table, {})
    for key in sorted({*old, *new}):
        yield key, old.get(key), new.get(key)


def _side(row: book.LessonRow | None, rows: StreamRows) -> LessonSide | None:
    if row is None:
        return None
    cells: dict[str, list[tuple[str, str]]] = {}
    for mark in book.marks.all(rows):
        cells.setdefault(mark.pupil, []).append((mark.work, mark.value))
    missed = frozenset(line.pupil for line in book.attendance.all(rows) if line.kind in MISSED)
    counts = row.roll_taken and not row.cancelled
    return LessonSide(
        row.placed_date,
        counts,
        missed if counts else frozenset(),
        tuple(Cell(pupil, tuple(own)) for pupil, own in sorted(cells.items())),
    )


def _only_changed(old: LessonSide | None, new: LessonSide | None) -> tuple[LessonSide | None, LessonSide | None]:
    """Leave out marks that count in the same place on both sides: thirty pupils have some, and a few are changed."""
    if old is None or new is None or old.day != new.day:
        return old, new
    same = set(old.cells).intersection(new.cells)
    left = (tuple(cell for cell in side.cells if cell not in same) for side in (old, new))
    return old._replace(cells=next(left)), new._replace(cells=next(left))


def _memberships(rows: StreamRows) -> Side:
    return Side(tuple(members.stays.all(rows)), tuple(members.individual_plans.all(rows)))
