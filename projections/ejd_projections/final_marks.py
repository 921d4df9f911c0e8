"""Final marks: one row per journal, period and pupil, with the basis that each was decided on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import final_marks as f
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, ask, bound, checked_ids, fetch, is_in, question

projection = Projection("final_marks", version=2)


@dataclass(slots=True)
class FinalMarkRow:
    """A final mark that stands; `period` is a grading period's code, or year, exam, overall.

    `weighted_sum` / `weight_sum` is the average that it was decided on, `basis_marks` how many marks it had;
    `recorded_at` is the first decision that stands, `version` the event that the value stands on.
    """

    stream: str
    journal: str
    period: str
    pupil: str
    value: str
    proposed: str
    weighted_sum: int
    weight_sum: int
    basis_marks: int
    lessons_held: int
    lessons_missed: int
    recorded_at: int
    version: int
    corrected: int


final_marks = projection.table(
    "final_marks", FinalMarkRow, key=("stream", "pupil"), indexes=[("journal", "period"), ("pupil",)]
)


def _row(event: f.FinalMarkDecided | f.FinalMarkCorrected, value: str, meta: Recorded) -> FinalMarkRow:
    basis = event.basis
    return FinalMarkRow(
        stream=meta.stream,
        journal=event.journal,
        period=event.period,
        pupil=event.pupil,
        value=value,
        proposed=basis.proposed,
        weighted_sum=basis.weighted_sum,
        weight_sum=basis.weight_sum,
        basis_marks=len(basis.marks),
        lessons_held=basis.lessons_held,
        lessons_missed=basis.lessons_missed,
        recorded_at=meta.recorded_at,
        version=meta.version,
        corrected=0,
    )


@projection.on(f.FinalMarkDecided)
def _final_mark_decided(event: f.FinalMarkDecided, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, event.value, meta)
    before = final_marks.get(rows, event.pupil)
    if before is not None:  # it was void when this one was decided, and is restored: it was the first
        row.recorded_at = before.recorded_at
    final_marks.put(rows, row)


@projection.on(f.FinalMarkCorrected)
def _final_mark_corrected(event: f.FinalMarkCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, event.new_value, meta)
    before = final_marks.get(rows, event.pupil)
    row.corrected = 1
    if before is not None:
        row.recorded_at, row.corrected = before.recorded_at, before.corrected + 1
    final_marks.put(rows, row)


@projection.on(f.FinalMarkWithdrawn)
def _final_mark_withdrawn(event: f.FinalMarkWithdrawn, _meta: Recorded, rows: StreamRows) -> None:
    final_marks.drop(rows, event.pupil)


_m = final_marks.c
_ORDER = [_m.journal, _m.period, _m.pupil]
_IN_JOURNALS = question(final_marks, among(_m.journal, "journals"), order=_ORDER)
_IN_JOURNALS_OF_ONE = question(final_marks, among(_m.journal, "journals"), _m.pupil == bound("pupil"), order=_ORDER)


def final_marks_in(
    c: sa.Connection,
    journals: Collection[str],
    *,
    periods: Collection[str] | None = None,
    pupil: str | None = None,
) -> list[FinalMarkRow]:
    """Answer the final marks of journals, of the periods and the pupil if given, by journal, period and pupil."""
    if pupil is None:
        found = ask(c, final_marks, _IN_JOURNALS, journals=checked_ids(journals))
    else:
        found = ask(c, final_marks, _IN_JOURNALS_OF_ONE, journals=checked_ids(journals), pupil=pupil)
    return found if periods is None else [row for row in found if row.period in periods]


def final_marks_of(
    c: sa.Connection, pupils: Collection[str], *, periods: Collection[str] | None = None
) -> list[FinalMarkRow]:
    """Answer the final marks of pupils in whatever journals, of the periods if given."""
    where = [is_in(_m.pupil, pupils), *([] if periods is None else [is_in(_m.period, periods)])]
    return fetch(c, final_marks, *where, order=[_m.pupil, _m.period, _m.journal])
