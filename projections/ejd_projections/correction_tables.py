"""Every correction that was ever made, also those that a breach made void, and entries that may have been late.

A correction is kept whatever became of it: the audit tells of the void itself. First entries are kept only when they
were recorded so long after their lesson that they can be late somewhere on earth: whether they were, the regulation
and the school's time zone say when it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.sealed import Sealed
from ejd.read.projection import Projection, StreamRows

projection = Projection("corrections", version=1)

Kind = Literal["mark", "attendance", "topic", "homework", "substitution", "lesson", "final-mark"]
Change = Literal["corrected", "withdrawn", "reinstated", "entered", "planned", "moved", "cancelled"]
"""`entered`, `planned`, `moved`, `cancelled`: a first entry, in the audit when it was late, under an approval."""

SELF_STUDY = "self-study"
"""The fourth part of a substitution in which the pupils work alone."""
EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY_MICROSECONDS = 86_400_000_000
FIRST_MIDNIGHT_UTC = 10 * 3_600_000_000
"""At 10:00 UTC the next day begins where the clocks are ahead most (UTC+14): nothing is late before."""


@dataclass(slots=True)
class CorrectionRow:
    """One event that changed (or entered late) a record; `day`, `slot`, `ordinal` are the lesson's identity.

    `old` and `new` are the values in clear: a mark, a line of the roll ("late 10"), a text, a substitution as
    "teacher|subject|journal" (ids). `breaches` are those that hold it void now, in order, with spaces between.
    """

    stream: str
    version: int
    position: int
    recorded_at: int
    actor: str
    session: str
    client: str
    command: str
    kind: str
    change: str
    journal: str
    day: str
    slot: int
    ordinal: int
    period: str
    pupil: str
    work: str
    number: int
    old: str
    new: str
    reason: str
    void: bool
    breaches: str


@dataclass(slots=True)
class MovedRow:
    """The day to which a lesson was moved."""

    stream: str
    day: str


KEY = ("stream", "version")
corrections = projection.table(
    "corrections", CorrectionRow, key=KEY, indexes=[("journal", "day"), ("pupil",), ("actor", "recorded_at")]
)
late_entries = projection.table("late_entries", CorrectionRow, key=KEY, indexes=[("journal", "day")])
moved_lessons = projection.table("moved_lessons", MovedRow, key=("stream",))


def _row(  # noqa: PLR0913 - what differs between the kinds
    event: e.LessonEvent | f.FinalMarkEvent,
    meta: Recorded,
    rows: StreamRows,
    kind: Kind,
    change: Change,
    *,
    old: str = "",
    new: str = "",
    reason: Sealed | None = None,
) -> CorrectionRow:
    lesson = event if isinstance(event, e.LessonEvent) else None
    name, _, _ = meta.name.partition("/")
    return CorrectionRow(
        stream=meta.stream,
        version=meta.version,
        position=meta.position,
        recorded_at=meta.recorded_at,
        actor=meta.actor,
        session=meta.session,
        client=meta.client,
        command=meta.command_id,
        kind=kind,
        change=change,
        journal=event.journal,
        day=lesson.date.isoformat() if lesson else "",
        slot=lesson.slot if lesson else 0,
        ordinal=lesson.ordinal if lesson else 1,
        period=event.period if isinstance(event, f.FinalMarkEvent) else "",
        pupil=getattr(event, "pupil", ""),
        work=getattr(event, "work", ""),
        number=getattr(event, "number", 0),
        old=old,
        new=new,
        reason="" if reason is None else rows.unseal(reason, f"{name}.reason") or "",
        void=meta.version in rows.void,
        breaches="",
    )


def line_text(line: e.Absence | None) -> str:
    """Answer a line of the roll as one text; nobody on the roll was present."""
    if line is None:
        return "present"
    return line.kind if line.minutes is None else f"{line.kind} {line.minutes}"


def substitution_text(substitution: e.Substitution | None) -> str:
    """Answer the ids of a substitution as one text; "" for none. Self-study has a fourth part that says so."""
    if substitution is None:
        return ""
    text = f"{substitution.teacher}|{substitution.subject}|{substitution.merged_journal}"
    return f"{text}|{SELF_STUDY}" if substitution.self_study else text


def homework_text(homework: e.Homework | None) -> str:
    """Answer homework as one text: what, for when, how long, where to look; "" when it is withdrawn or none is set."""
    if homework is None:
        return ""
    due = f"({homework.due.isoformat()})" if homework.due else ""
    minutes = f"({homework.minutes} min)" if homework.minutes is not None else ""
    return " ".join(part for part in (homework.text, due, minutes, *homework.links) if part)


@projection.on_all(e.MarkCorrected)
def _mark_corrected(event: e.MarkCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, meta, rows, "mark", "corrected", old=event.old_value, new=event.new_value, reason=event.reason)
    corrections.put(rows, row)


@projection.on_all(e.MarkWithdrawn)
def _mark_withdrawn(event: e.MarkWithdrawn, meta: Recorded, rows: StreamRows) -> None:
    corrections.put(rows, _row(event, meta, rows, "mark", "withdrawn", old=event.old_value, reason=event.reason))


@projection.on_all(e.AttendanceCorrected)
def _attendance_corrected(event: e.AttendanceCorrected, meta: Recorded, rows: StreamRows) -> None:
    old, new = line_text(event.old), line_text(event.new)
    corrections.put(rows, _row(event, meta, rows, "attendance", "corrected", old=old, new=new, reason=event.reason))


@projection.on_all(e.TopicCorrected)
def _topic_corrected(event: e.TopicCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, meta, rows, "topic", "corrected", old=event.old_topic, new=event.new_topic, reason=event.reason)
    corrections.put(rows, row)


@projection.on_all(e.HomeworkCorrected)
def _homework_corrected(event: e.HomeworkCorrected, meta: Recorded, rows: StreamRows) -> None:
    change: Change = "withdrawn" if event.new is None else "corrected"
    old, new = homework_text(event.old), homework_text(event.new)
    corrections.put(rows, _row(event, meta, rows, "homework", change, old=old, new=new, reason=event.reason))


@projection.on_all(e.SubstitutionCorrected)
def _substitution_corrected(event: e.SubstitutionCorrected, meta: Recorded, rows: StreamRows) -> None:
    change: Change = "withdrawn" if event.new is None else "corrected"
    old, new = substitution_text(event.old), substitution_text(event.new)
    corrections.put(rows, _row(event, meta, rows, "substitution", change, old=old, new=new, reason=event.reason))


@projection.on_all(e.LessonReinstated)
def _lesson_reinstated(event: e.LessonReinstated, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, meta, rows, "lesson", "reinstated", old="cancelled", reason=event.reason)
    corrections.put(rows, row)


@projection.on_all(f.FinalMarkCorrected)
def _final_mark_corrected(event: f.FinalMarkCorrected, meta: Recorded, rows: StreamRows) -> None:
    old, new = event.old_value, event.new_value
    corrections.put(rows, _row(event, meta, rows, "final-mark", "corrected", old=old, new=new, reason=event.reason))


@projection.on_all(f.FinalMarkWithdrawn)
def _final_mark_withdrawn(event: f.FinalMarkWithdrawn, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, meta, rows, "final-mark", "withdrawn", old=event.old_value, reason=event.reason)
    corrections.put(rows, row)


def _can_be_late(event: e.LessonEvent, meta: Recorded, rows: StreamRows) -> bool:
    moved = moved_lessons.get(rows)
    day = event.date if moved is None else min(event.date, date.fromisoformat(moved.day))
    return meta.recorded_at >= (day.toordinal() - EPOCH_DAY) * DAY_MICROSECONDS + FIRST_MIDNIGHT_UTC


@projection.on_all(e.TopicRecorded)
def _topic_recorded(event: e.TopicRecorded, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        late_entries.put(rows, _row(event, meta, rows, "topic", "entered", new=event.topic))


@projection.on_all(e.HomeworkSet)
def _homework_set(event: e.HomeworkSet, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        late_entries.put(rows, _row(event, meta, rows, "homework", "entered", new=homework_text(event.homework)))


@projection.on_all(e.RollTaken)
def _roll_taken(event: e.RollTaken, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        new = f"roll taken, lines: {len(event.absences)}"
        late_entries.put(rows, _row(event, meta, rows, "attendance", "entered", new=new))


@projection.on_all(e.MarkRecorded)
def _mark_recorded(event: e.MarkRecorded, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        late_entries.put(rows, _row(event, meta, rows, "mark", "entered", new=event.value))


@projection.on_all(e.LessonSubstituted)
def _lesson_substituted(event: e.LessonSubstituted, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        new = substitution_text(event.substitution)
        late_entries.put(rows, _row(event, meta, rows, "substitution", "entered", new=new, reason=event.reason))


@projection.on_all(e.ExtraLessonPlanned)
def _extra_lesson_planned(event: e.ExtraLessonPlanned, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        late_entries.put(rows, _row(event, meta, rows, "lesson", "planned", new="extra", reason=event.reason))


@projection.on_all(e.LessonMoved)
def _lesson_moved(event: e.LessonMoved, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        old, new = (f"{day.isoformat()}, {slot}" for day, slot in _places(event))
        late_entries.put(rows, _row(event, meta, rows, "lesson", "moved", old=old, new=new, reason=event.reason))
    if meta.version not in rows.void:
        moved_lessons.put(rows, MovedRow(rows.stream, event.new_date.isoformat()))


def _places(event: e.LessonMoved) -> tuple[tuple[date, int], tuple[date, int]]:
    return (event.old_date, event.old_slot), (event.new_date, event.new_slot)


@projection.on_all(e.LessonCancelled)
def _lesson_cancelled(event: e.LessonCancelled, meta: Recorded, rows: StreamRows) -> None:
    if _can_be_late(event, meta, rows):
        row = _row(event, meta, rows, "lesson", "cancelled", new="cancelled", reason=event.reason)
        late_entries.put(rows, row)


@projection.on_all(f.FinalMarkDecided)
def _final_mark_decided(event: f.FinalMarkDecided, meta: Recorded, rows: StreamRows) -> None:
    late_entries.put(rows, _row(event, meta, rows, "final-mark", "entered", new=event.value))


def _marked(versions: tuple[int, ...], rows: StreamRows) -> list[CorrectionRow]:
    found = (table.get(rows, version) for version in versions for table in (corrections, late_entries))
    return [row for row in found if row is not None]


@projection.on_all(EventsVoided)
def _voided(event: EventsVoided, _meta: Recorded, rows: StreamRows) -> None:
    for row in _marked(event.versions, rows):
        row.breaches = " ".join(sorted({*row.breaches.split(), event.breach}))


@projection.on_all(EventsRestored)
def _restored(event: EventsRestored, _meta: Recorded, rows: StreamRows) -> None:
    for row in _marked(event.versions, rows):
        row.breaches = " ".join(sorted({*row.breaches.split()} - {event.breach}))
