"""What each member of staff is qualified to teach (C2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import people as p
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in

projection = Projection("qualifications", version=1)


@dataclass(slots=True)
class QualificationRow:
    """All subjects of one person as a JSON list of ids, in the order in which they were named, and the category."""

    stream: str
    subjects: str
    category: str


qualifications = projection.table("qualifications", QualificationRow, key=("stream",))


@projection.on(p.StaffQualified)
def _staff_qualified(event: p.StaffQualified, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.subjects).decode()
    qualifications.put(rows, QualificationRow(meta.stream, text, event.category))


@dataclass(slots=True)
class Qualification:
    """What somebody is qualified to teach: ids of subjects, and the category."""

    subjects: list[str]
    category: str


def qualifications_of(c: sa.Connection, *, staff: Collection[str] | None = None) -> dict[str, Qualification]:
    """Answer by person the qualification; of all staff when None. Of whom nothing is known, nothing is answered."""
    where = [] if staff is None else [is_in(qualifications.c.stream, staff)]
    return {
        row.stream: Qualification(msgspec.json.decode(row.subjects, type=list[str]), row.category)
        for row in fetch(c, qualifications, *where)
    }
