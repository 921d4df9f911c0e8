"""What happened in lessons: the tables that the gradebook, completeness, missed topics and due lessons are asked of.

No entry finds its place empty for sure: what was void when it was made may have been restored. What stands already
keeps the time of its first entry, whatever is recorded over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import lessons as e
from ejd.read.projection import Projection, StreamRows

projection = Projection("gradebook", version=3)


@dataclass(slots=True)
class LessonRow:
    """One lesson of which anything is recorded. Times (`…_at`) are microseconds since 1970 UTC, None: not recorded.

    `date`, `slot`, `ordinal` are its identity; `placed_date`, `placed_slot` say where it takes place. `room` is
    empty unless the lesson has its own. `…_at` is the first entry that still stands, `…_corrected` counts
    corrections. `homework` "" says: none is set; `homework_links` is a JSON list. The substitute of `self_study`
    supervises and does not teach.
    """

    stream: str
    journal: str
    date: str
    slot: int
    ordinal: int
    placed_date: str
    placed_slot: int
    room: str
    extra: bool
    moved: bool
    cancelled: bool
    topic: str | None
    plan_item: int | None
    topic_at: int | None
    topic_corrected: int
    homework: str | None
    homework_due: str | None
    homework_minutes: int | None
    homework_links: str
    homework_at: int | None
    homework_corrected: int
    roll_taken: bool
    roll_at: int | None
    substitute: str
    substitute_subject: str
    merged_journal: str
    self_study: bool


@dataclass(slots=True)
class AttendanceRow:
    """One pupil's line of the roll: absent, excused, ill or late (with minutes); present pupils have none.

    `recorded_at` is the first entry of the line.
    """

    stream: str
    pupil: str
    kind: str
    minutes: int | None
    recorded_at: int
    corrected: int


@dataclass(slots=True)
class MarkRow:
    """One mark; `recorded_at` is the first entry of the cell, `version` the event that the value stands on."""

    stream: str
    pupil: str
    work: str
    number: int
    value: str
    control_work: str
    variant: int | None
    points: int | None
    recorded_at: int
    version: int
    corrected: int


@dataclass(slots=True)
class RecommendationRow:
    """A teacher's advice to one pupil in clear; empty when the pupil's key was destroyed."""

    stream: str
    version: int
    pupil: str
    text: str
    recorded_at: int


lessons = projection.table("lessons", LessonRow, key=("stream",), indexes=[("journal", "placed_date", "placed_slot")])
attendance = projection.table("attendance", AttendanceRow, key=("stream", "pupil"), indexes=[("pupil",)])
marks = projection.table("marks", MarkRow, key=("stream", "pupil", "work", "number"), indexes=[("pupil",)])
recommendations = projection.table(
    "recommendations", RecommendationRow, key=("stream", "version"), indexes=[("pupil",)]
)


def _lesson(event: e.LessonEvent, rows: StreamRows) -> LessonRow:
    """Answer the lesson's row; every event of a lesson carries its identity, so that any of them can make it."""
    row = lessons.get(rows)
    if row is None:
        day = event.date.isoformat()
        row = LessonRow(
            stream=rows.stream,
            journal=event.journal,
            date=day,
            slot=event.slot,
            ordinal=event.ordinal,
            placed_date=day,
            placed_slot=event.slot,
            room="",
            extra=False,
            moved=False,
            cancelled=False,
            topic=None,
            plan_item=None,
            topic_at=None,
            topic_corrected=0,
            homework=None,
            homework_due=None,
            homework_minutes=None,
            homework_links="[]",
            homework_at=None,
            homework_corrected=0,
            roll_taken=False,
            roll_at=None,
            substitute="",
            substitute_subject="",
            merged_journal="",
            self_study=False,
        )
        lessons.put(rows, row)
    return row


def _topic(row: LessonRow, topic: str, plan_item: int | None, meta: Recorded) -> None:
    row.topic, row.plan_item = topic, plan_item
    if row.topic_at is None:  # also for a correction: what it corrected may be void
        row.topic_at = meta.recorded_at


@projection.on(e.TopicRecorded)
def _topic_recorded(event: e.TopicRecorded, meta: Recorded, rows: StreamRows) -> None:
    _topic(_lesson(event, rows), event.topic, event.plan_item, meta)


@projection.on(e.TopicCorrected)
def _topic_corrected(event: e.TopicCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _lesson(event, rows)
    _topic(row, event.new_topic, event.new_plan_item, meta)
    row.topic_corrected += 1


def _homework(row: LessonRow, homework: e.Homework | None, meta: Recorded) -> None:
    row.homework = homework.text if homework else None
    row.homework_due = homework.due.isoformat() if homework and homework.due else None
    row.homework_minutes = homework.minutes if homework else None
    row.homework_links = msgspec.json.encode(homework.links).decode() if homework and homework.links else "[]"
    if homework is None:
        row.homework_at = None
    elif row.homework_at is None:
        row.homework_at = meta.recorded_at


@projection.on(e.HomeworkSet)
def _homework_set(event: e.HomeworkSet, meta: Recorded, rows: StreamRows) -> None:
    _homework(_lesson(event, rows), event.homework, meta)


@projection.on(e.HomeworkCorrected)
def _homework_corrected(event: e.HomeworkCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _lesson(event, rows)
    _homework(row, event.new, meta)
    row.homework_corrected += 1


@projection.on(e.RollTaken)
def _roll_taken(event: e.RollTaken, meta: Recorded, rows: StreamRows) -> None:
    row = _lesson(event, rows)
    row.roll_taken = True
    if row.roll_at is None:
        row.roll_at = meta.recorded_at
    before = {line.pupil: line.recorded_at for line in attendance.all(rows)}
    for pupil in before:
        attendance.drop(rows, pupil)
    for one in event.absences:
        recorded_at = before.get(one.pupil, meta.recorded_at)
        attendance.put(rows, AttendanceRow(rows.stream, one.pupil, one.kind, one.minutes, recorded_at, 0))


@projection.on(e.AttendanceCorrected)
def _attendance_corrected(event: e.AttendanceCorrected, meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows)
    if event.new is None:
        attendance.drop(rows, event.pupil)
        return
    before = attendance.get(rows, event.pupil)
    corrected = before.corrected + 1 if before else 1
    recorded_at = before.recorded_at if before else meta.recorded_at
    line = AttendanceRow(rows.stream, event.pupil, event.new.kind, event.new.minutes, recorded_at, corrected)
    attendance.put(rows, line)


@projection.on(e.MarkRecorded)
def _mark_recorded(event: e.MarkRecorded, meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows)
    before = marks.get(rows, event.pupil, event.work, event.number)
    row = MarkRow(
        rows.stream,
        event.pupil,
        event.work,
        event.number,
        event.value,
        event.control_work,
        event.variant,
        event.points,
        before.recorded_at if before else meta.recorded_at,
        meta.version,
        0,
    )
    marks.put(rows, row)


@projection.on(e.MarkCorrected)
def _mark_corrected(event: e.MarkCorrected, meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows)
    row = marks.get(rows, event.pupil, event.work, event.number)
    if row is None:  # the mark it corrected is void: the correction carries the full value
        row = MarkRow(rows.stream, event.pupil, event.work, event.number, "", "", None, None, meta.recorded_at, 0, 0)
        marks.put(rows, row)
    row.value, row.control_work, row.version = event.new_value, event.control_work, meta.version
    row.corrected += 1


@projection.on(e.MarkWithdrawn)
def _mark_withdrawn(event: e.MarkWithdrawn, _meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows)
    marks.drop(rows, event.pupil, event.work, event.number)


@projection.on(e.RecommendationGiven)
def _recommendation_given(event: e.RecommendationGiven, meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows)
    text = rows.unseal(event.text, "recommendation-given.text") or ""
    row = RecommendationRow(rows.stream, meta.version, event.pupil, text, meta.recorded_at)
    recommendations.put(rows, row)


@projection.on(e.ExtraLessonPlanned)
def _extra_lesson_planned(event: e.ExtraLessonPlanned, _meta: Recorded, rows: StreamRows) -> None:
    row = _lesson(event, rows)
    row.extra, row.room = True, event.room


@projection.on(e.LessonMoved)
def _lesson_moved(event: e.LessonMoved, _meta: Recorded, rows: StreamRows) -> None:
    row = _lesson(event, rows)
    row.placed_date, row.placed_slot = event.new_date.isoformat(), event.new_slot
    row.moved = (event.new_date, event.new_slot) != (event.date, event.slot)
    row.room = event.new_room or row.room


def _substitution(row: LessonRow, substitution: e.Substitution | None) -> None:
    row.substitute = substitution.teacher if substitution else ""
    row.substitute_subject = substitution.subject if substitution else ""
    row.merged_journal = substitution.merged_journal if substitution else ""
    row.self_study = substitution is not None and substitution.self_study


@projection.on(e.LessonSubstituted)
def _lesson_substituted(event: e.LessonSubstituted, _meta: Recorded, rows: StreamRows) -> None:
    _substitution(_lesson(event, rows), event.substitution)


@projection.on(e.SubstitutionCorrected)
def _substitution_corrected(event: e.SubstitutionCorrected, _meta: Recorded, rows: StreamRows) -> None:
    _substitution(_lesson(event, rows), event.new)


@projection.on(e.LessonCancelled)
def _lesson_cancelled(event: e.LessonCancelled, _meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows).cancelled = True


@projection.on(e.LessonReinstated)
def _lesson_reinstated(event: e.LessonReinstated, _meta: Recorded, rows: StreamRows) -> None:
    _lesson(event, rows).cancelled = False
