"""All marks of journals, lesson by lesson: what is handed to other programs, a few journals at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from ejd_projections.asking import IDS_MAX, among, checked_ids
from ejd_projections.final_marks import final_marks
from ejd_projections.gradebook_tables import lessons, marks

_l, _m, _f = lessons.c, marks.c, final_marks.c
_OF = among(_l.journal, "journals")
_HERE = lessons.table.join(marks.table, _m.stream == _l.stream)
_ORDER = (_l.journal, _l.placed_date, _l.placed_slot, _l.stream, _m.work, _m.number)
_WORKS = (
    sa.select(_l.journal, _l.stream, _l.placed_date, _l.placed_slot, _l.topic, _m.work, _m.number)
    .select_from(_HERE)
    .where(_OF)
    .distinct()
    .order_by(*_ORDER)
)
_MARKS = (
    sa.select(_l.journal, _l.stream, _m.work, _m.number, _m.pupil, _m.value, _m.recorded_at)
    .select_from(_HERE)
    .where(_OF)
    .order_by(*_ORDER, _m.pupil)
)
_MARKED = sa.select(_m.pupil).select_from(_HERE).where(_OF).distinct()
_FINALLY = sa.select(_f.pupil).where(among(_f.journal, "journals")).distinct()


class MarkedWork(NamedTuple):
    """A kind of work (its `number`-th mark) that was marked in a lesson, on the day on which that took place."""

    journal: str
    lesson: str
    day: str
    slot: int
    topic: str | None
    work: str
    number: int


class GivenMark(NamedTuple):
    """One mark; `recorded_at` is microseconds since 1970 UTC."""

    journal: str
    lesson: str
    work: str
    number: int
    pupil: str
    value: str
    recorded_at: int


def works_marked(c: sa.Connection, journals: Collection[str]) -> Iterator[MarkedWork]:
    """Yield what was marked in the lessons of journals, by journal and time."""
    for row in c.execute(_WORKS, {"journals": checked_ids(journals)}):
        yield MarkedWork(*row)


def marks_given(c: sa.Connection, journals: Collection[str]) -> Iterator[GivenMark]:
    """Yield the marks of journals, by journal and time."""
    for row in c.execute(_MARKS, {"journals": checked_ids(journals)}):
        yield GivenMark(*row)


def pupils_marked(c: sa.Connection, journals: Collection[str]) -> set[str]:
    """Answer the pupils who have a mark, or a final mark, in journals, members of them or not."""
    ids = sorted(journals)
    found: set[str] = set()
    for start in range(0, len(ids), IDS_MAX):
        where = {"journals": ids[start : start + IDS_MAX]}
        found.update(c.scalars(_MARKED, where))
        found.update(c.scalars(_FINALLY, where))
    return found
