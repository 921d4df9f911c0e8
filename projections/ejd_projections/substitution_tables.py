"""What was done to lessons otherwise than the timetable has them (A9): who recorded it, when and why."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import lessons as e
from ejd.kernel.sealed import Sealed
from ejd.read.projection import Projection, StreamRows

projection = Projection("substitutions", version=2)


@dataclass(slots=True)
class ChangeRow:
    """One thing that stands of a lesson: `what` is instead (of its teacher), moved, cancelled, extra or restored.

    `restored`: a substitution or cancellation was taken back in spite of a clash; else nothing stands of it.

    `recorded_at` (microseconds UTC), `actor` (an account) and `reason` in clear are those of the newest event about it.
    `absent_teacher` is whom the substitution named, `makes_up` the stream of the lost lesson that an extra one is for,
    `despite` the number of clashes that were accepted.
    """

    stream: str
    what: str
    journal: str
    recorded_at: int
    actor: str
    reason: str
    absent_teacher: str
    makes_up: str
    despite: int


changes = projection.table("changed_lessons", ChangeRow, key=("stream", "what"), indexes=[("journal",), ("makes_up",)])


Changing = (
    e.LessonSubstituted
    | e.SubstitutionCorrected
    | e.LessonMoved
    | e.LessonCancelled
    | e.LessonReinstated
    | e.ExtraLessonPlanned
)


def _put(  # noqa: PLR0913 - what differs between the kinds
    event: Changing,
    meta: Recorded,
    rows: StreamRows,
    what: str,
    reason: Sealed | None,
    *,
    absent_teacher: str = "",
    makes_up: str = "",
) -> None:
    name, _, _ = meta.name.partition("/")
    text = "" if reason is None else rows.unseal(reason, f"{name}.reason") or ""
    row = ChangeRow(
        stream=rows.stream,
        what=what,
        journal=event.journal,
        recorded_at=meta.recorded_at,
        actor=meta.actor,
        reason=text,
        absent_teacher=absent_teacher,
        makes_up=makes_up,
        despite=0 if isinstance(event, e.LessonCancelled) else event.despite,
    )
    changes.put(rows, row)


@projection.on(e.LessonSubstituted)
def _lesson_substituted(event: e.LessonSubstituted, meta: Recorded, rows: StreamRows) -> None:
    _put(event, meta, rows, "instead", event.reason, absent_teacher=event.absent_teacher)
    changes.drop(rows, "restored")


@projection.on(e.SubstitutionCorrected)
def _substitution_corrected(event: e.SubstitutionCorrected, meta: Recorded, rows: StreamRows) -> None:
    before = changes.get(rows, "instead")
    if event.new is None:
        changes.drop(rows, "instead")
        _restored(event, meta, rows)
    else:
        absent = "" if before is None else before.absent_teacher
        _put(event, meta, rows, "instead", event.reason, absent_teacher=absent)


@projection.on(e.LessonMoved)
def _lesson_moved(event: e.LessonMoved, meta: Recorded, rows: StreamRows) -> None:
    _put(event, meta, rows, "moved", event.reason)


@projection.on(e.LessonCancelled)
def _lesson_cancelled(event: e.LessonCancelled, meta: Recorded, rows: StreamRows) -> None:
    _put(event, meta, rows, "cancelled", event.reason)
    changes.drop(rows, "restored")


@projection.on(e.LessonReinstated)
def _lesson_reinstated(event: e.LessonReinstated, meta: Recorded, rows: StreamRows) -> None:
    changes.drop(rows, "cancelled")
    _restored(event, meta, rows)


def _restored(event: e.LessonReinstated | e.SubstitutionCorrected, meta: Recorded, rows: StreamRows) -> None:
    if event.despite:
        _put(event, meta, rows, "restored", event.reason)


@projection.on(e.ExtraLessonPlanned)
def _extra_lesson_planned(event: e.ExtraLessonPlanned, meta: Recorded, rows: StreamRows) -> None:
    _put(event, meta, rows, "extra", event.reason, makes_up=event.makes_up)
