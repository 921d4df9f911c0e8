"""Planned control works of the school's monitoring (ВШК)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import control_works as w
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, ask, bound, checked_ids, fetch, question, within

projection = Projection("control_works", version=2)


@dataclass(slots=True)
class ControlWorkRow:
    """A planned control work on the day that counts now; `work` is the kind of work its marks get."""

    stream: str
    journal: str
    day: str
    title: str
    form: str
    work: str
    variants: int
    points_max: int | None
    slot: int | None
    lessons: int
    cancelled: bool
    moved: int
    planned_at: int


@dataclass(slots=True)
class ControlNormsRow:
    """The school's norms for control works from a day on, as JSON of `ControlNorms`."""

    stream: str
    starts: str
    norms: str


control_norms = projection.table("control_norms", ControlNormsRow, key=("stream", "starts"))
control_works = projection.table("control_works", ControlWorkRow, key=("stream",), indexes=[("journal", "day")])


@projection.on(w.ControlNormsAdopted)
def _norms_adopted(event: w.ControlNormsAdopted, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.norms).decode()
    control_norms.put(rows, ControlNormsRow(meta.stream, event.starts.isoformat(), text))


@projection.on(w.ControlWorkPlanned)
def _control_work_planned(event: w.ControlWorkPlanned, meta: Recorded, rows: StreamRows) -> None:
    control_works.put(
        rows,
        ControlWorkRow(
            stream=meta.stream,
            journal=event.journal,
            day=event.day.isoformat(),
            title=event.title,
            form=event.form,
            work=event.work,
            variants=event.variants,
            points_max=event.points_max,
            slot=event.slot,
            lessons=event.lessons,
            cancelled=False,
            moved=0,
            planned_at=meta.recorded_at,
        ),
    )


@projection.on(w.ControlWorkMoved)
def _control_work_moved(event: w.ControlWorkMoved, _meta: Recorded, rows: StreamRows) -> None:
    row = control_works.get(rows)
    if row is not None:  # without its planning, which may be void, there is no control work
        row.day, row.slot = event.new_day.isoformat(), event.new_slot
        row.moved += 1


@projection.on(w.ControlWorkCancelled)
def _control_work_cancelled(_event: w.ControlWorkCancelled, _meta: Recorded, rows: StreamRows) -> None:
    row = control_works.get(rows)
    if row is not None:
        row.cancelled = True


_w = control_works.c
_IN_RANGE = question(
    control_works,
    among(_w.journal, "journals"),
    within(_w.day, bound("first"), bound("last")),
    order=[_w.day, _w.journal],
)


def control_works_in(c: sa.Connection, journals: Collection[str], *, first: str, last: str) -> list[ControlWorkRow]:
    """Answer the control works of journals in a range of days, cancelled ones too, by day."""
    return ask(c, control_works, _IN_RANGE, journals=checked_ids(journals), first=first, last=last)


def norms_adopted(c: sa.Connection) -> dict[date, w.ControlNorms]:
    """Answer the school's own norms by the day from which they count, for `ejd.kernel.control_norms.norms_on`."""
    return {
        date.fromisoformat(row.starts): msgspec.json.decode(row.norms, type=w.ControlNorms)
        for row in fetch(c, control_norms)
    }
