"""Which positions each member of staff holds from which day on (C2); folded by the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import people as p
from ejd.kernel.states.people import Post, posts_after
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch

projection = Projection("positions", version=1)


@dataclass(slots=True)
class PositionRow:
    """A position from `starts` on, until the next one; `version` is the event of the person's stream that said it."""

    stream: str
    starts: str
    position: str
    version: int


positions = projection.table("staff_positions", PositionRow, key=("stream", "starts"))


@projection.on(p.StaffMemberEmployed, p.StaffPositionChanged, p.StaffPositionsCorrected)
def _fold(event: Event, meta: Recorded, rows: StreamRows) -> None:
    kept = sorted(positions.all(rows), key=lambda row: row.starts)
    posts = tuple(Post(row.position, date.fromisoformat(row.starts), Ref(row.stream, row.version)) for row in kept)
    for row in kept:
        positions.drop(rows, row.starts)
    for post in posts_after(posts, event, Ref(meta.stream, meta.version)):
        row = PositionRow(meta.stream, post.starts.isoformat(), post.position, post.ref.version)
        positions.put(rows, row)


def positions_of(c: sa.Connection) -> dict[str, list[PositionRow]]:
    """Answer by member of staff the positions in order of time."""
    found: dict[str, list[PositionRow]] = {}
    for row in fetch(c, positions, order=[positions.c.stream, positions.c.starts]):
        found.setdefault(row.stream, []).append(row)
    return found


def position_on(held: Sequence[PositionRow], day: str, left_on: str | None) -> str:
    """Answer the position of a day, "" for none; before any began the first one, after the last day of work its own."""
    until = day if left_on is None else min(day, left_on)
    begun = [row for row in held if row.starts <= until] or held[:1]
    return begun[-1].position if begun else ""
