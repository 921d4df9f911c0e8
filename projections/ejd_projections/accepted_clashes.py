"""Lessons that were put where they clash with others, because somebody took the clash on (A9, C5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ejd_projections.account_holders import Holder, holders
from ejd_projections.asking import is_in
from ejd_projections.gradebook_tables import lessons
from ejd_projections.journal_catalogue import Journal
from ejd_projections.substitution_tables import changes

_COLUMNS = (
    lessons.c.stream,
    lessons.c.journal,
    lessons.c.placed_date,
    lessons.c.placed_slot,
    changes.c.what,
    changes.c.despite,
    changes.c.recorded_at,
    changes.c.actor,
)


@dataclass(slots=True)
class AcceptedClash:
    """A lesson where it takes place, with the decision that put it there.

    `what`: instead (of its teacher), moved, extra or restored. `clashes` were counted as it was decided, and recorded
    by somebody at a time (microseconds UTC): whether they stand still, the lessons of that slot say.
    """

    lesson: str
    journal: str
    journal_name: str
    date: str
    slot: int
    what: str
    clashes: int
    recorded_at: int
    by: Holder


def accepted_clashes(c: sa.Connection, journals: Collection[Journal], *, first: str, last: str) -> list[AcceptedClash]:
    """Answer those of some journals that take place between two days, both included, in order of time."""
    names = {journal.id: journal.name for journal in journals}
    if not names:
        return []
    t = lessons.c
    question = (
        sa.select(*_COLUMNS)
        .join(changes.table, changes.c.stream == t.stream)
        .where(changes.c.despite > 0, sa.not_(t.cancelled), t.placed_date >= first, t.placed_date <= last)
        .where(is_in(t.journal, names))
        .order_by(t.placed_date, t.placed_slot, t.stream, changes.c.what)
    )
    rows = c.execute(question).all()
    known = holders(c, {row.actor for row in rows})
    return [
        AcceptedClash(
            lesson=row.stream,
            journal=row.journal,
            journal_name=names[row.journal],
            date=row.placed_date,
            slot=row.placed_slot,
            what=row.what,
            clashes=row.despite,
            recorded_at=row.recorded_at,
            by=known[row.actor],
        )
        for row in rows
    ]
