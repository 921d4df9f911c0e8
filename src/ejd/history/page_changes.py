"""What changed on journal pages between two moments, cell by cell, and the events that did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import control_works as w
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.ids import final_marks_stream
from ejd.kernel.sealed import Sealed
from ejd_projections.gradebook import Gradebook, GradebookLesson, GradebookPupil

Kind: TypeAlias = Literal[
    "lesson",
    "topic",
    "homework",
    "roll",
    "placement",
    "substitution",
    "mark",
    "attendance",
    "recommendation",
    "final-mark",
    "control-work",
    "membership",
    "teachers",
]
MEMBERSHIP = (
    *(p.PupilEnrolled, p.PupilTransferred, p.PupilLeft, p.PupilReturned),
    *(p.GroupJoined, p.GroupLeft, p.IndividualPlanSet, p.IndividualPlanEnded),
    *(p.ClassStaysCorrected, p.GroupStaysCorrected),
)
BY_KIND: Mapping[Kind, tuple[type[Event], ...]] = {
    "topic": (e.TopicRecorded, e.TopicCorrected),
    "homework": (e.HomeworkSet, e.HomeworkCorrected),
    "roll": (e.RollTaken,),
    "placement": (e.LessonMoved, e.LessonCancelled, e.LessonReinstated, e.ExtraLessonPlanned),
    "substitution": (e.LessonSubstituted, e.SubstitutionCorrected),
    "mark": (e.MarkRecorded, e.MarkCorrected, e.MarkWithdrawn),
    "attendance": (e.RollTaken, e.AttendanceCorrected),
    "recommendation": (e.RecommendationGiven,),
    "final-mark": (f.FinalMarkDecided, f.FinalMarkCorrected, f.FinalMarkWithdrawn),
    "control-work": (w.ControlWorkPlanned, w.ControlWorkMoved, w.ControlWorkCancelled),
    "membership": MEMBERSHIP,
    "teachers": (j.TeacherAssigned, j.TeacherUnassigned),
}
"""By kind of cell the events that may touch it; a lesson is there by any of its events."""

Value = dict[str, Any]


class Cell(NamedTuple):
    """One cell of the pages. `stream` is what its events are in; `work` and `number` tell marks of one cell apart.

    `number` of a recommendation is the version of its event; `period` is that of a final mark.
    """

    journal: str
    kind: Kind
    stream: str
    pupil: str = ""
    work: str = ""
    number: int = 0
    period: str = ""


class Found(NamedTuple):
    """One event between the two moments."""

    meta: Recorded
    event: Event
    touched: tuple[Event, ...]
    """What it says about: itself, or the events that a marker is about."""


def cells_of(pages: Iterable[Gradebook]) -> dict[Cell, Value]:
    """Answer everything that was written on pages; sums and averages follow from it."""
    cells: dict[Cell, Value] = {}
    for page in pages:
        journal = page.journal.id
        if page.teachers:
            cells[Cell(journal, "teachers", journal)] = {"teachers": _plain(page.teachers)}
        for lesson in page.lessons:
            cells.update(_of_lesson(journal, lesson))
        for work in page.control_works:
            cells[Cell(journal, "control-work", work.stream)] = _plain(work)
        for one in page.pupils:
            cells.update(_of_pupil(journal, one))
    return cells


def _of_pupil(journal: str, one: GradebookPupil) -> Iterator[tuple[Cell, Value]]:
    if one.stays:
        yield Cell(journal, "membership", one.pupil, one.pupil), {"stays": _plain(one.stays)}
    for mark in one.marks:
        yield Cell(journal, "mark", mark.lesson, one.pupil, mark.work, mark.number), _plain(mark)
    for absence in one.absences:
        yield Cell(journal, "attendance", absence.lesson, one.pupil), _plain(absence)
    for advice in one.recommendations:
        yield Cell(journal, "recommendation", advice.lesson, one.pupil, number=advice.version), _plain(advice)
    for final in one.final_marks:
        stream = final_marks_stream(journal, final.period)
        yield Cell(journal, "final-mark", stream, one.pupil, period=final.period), _plain(final)


def _of_lesson(journal: str, lesson: GradebookLesson) -> Iterator[tuple[Cell, Value]]:
    yield (
        Cell(journal, "lesson", lesson.lesson),
        {"planned_date": lesson.planned_date, "planned_slot": lesson.planned_slot, "ordinal": lesson.ordinal},
    )
    if lesson.topic is not None:
        yield Cell(journal, "topic", lesson.lesson), {"topic": lesson.topic, "plan_item": lesson.plan_item}
    if lesson.homework is not None:
        yield (
            Cell(journal, "homework", lesson.lesson),
            {
                "homework": lesson.homework,
                "homework_due": lesson.homework_due,
                "homework_minutes": lesson.homework_minutes,
                "homework_links": lesson.homework_links,
            },
        )
    if lesson.roll_taken:
        yield Cell(journal, "roll", lesson.lesson), {"roll_taken": True}
    placed = (lesson.date, lesson.slot) != (lesson.planned_date, lesson.planned_slot)
    if placed or lesson.cancelled or lesson.moved or lesson.extra:
        fields = ("date", "slot", "cancelled", "moved", "extra")
        yield Cell(journal, "placement", lesson.lesson), {name: getattr(lesson, name) for name in fields}
    if lesson.substitute:
        value = {"substitute": lesson.substitute, "substitute_name": lesson.substitute_name}
        yield Cell(journal, "substitution", lesson.lesson), value


def differences(before: Mapping[Cell, Value], after: Mapping[Cell, Value]) -> list[Cell]:
    """Answer the cells that are not the same, in a stable order."""
    return sorted(cell for cell in {*before, *after} if before.get(cell) != after.get(cell))


def between(events: Iterable[Recorded], after: int) -> dict[str, list[Found]]:
    """Answer by stream the events above a position; a marker comes with the events that it is about."""
    known: dict[tuple[str, int], Event] = {}
    found: dict[str, list[Found]] = {}
    for meta in events:
        event = known[meta.stream, meta.version] = CATALOGUE.decode(meta.name, meta.state)
        if meta.position <= after:
            continue
        touched: tuple[Event, ...] = (event,)
        if isinstance(event, EventsVoided | EventsRestored):
            touched = tuple(known[meta.stream, one] for one in event.versions if (meta.stream, one) in known)
        found.setdefault(meta.stream, []).append(Found(meta, event, touched))
    return found


def touches(cell: Cell, found: Found) -> bool:
    """Say whether an event, or what a marker is about, touches a cell of its stream."""
    return any(_touches(cell, event) for event in found.touched)


def _touches(cell: Cell, event: Event) -> bool:
    if cell.kind == "lesson":
        return True
    if not isinstance(event, BY_KIND[cell.kind]):
        return False
    match event:  # a roll touches everybody: whom it does not name was present
        case e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn():
            return (event.pupil, event.work, event.number) == (cell.pupil, cell.work, cell.number)
        case e.AttendanceCorrected() | e.RecommendationGiven() | f.FinalMarkEvent():
            return event.pupil == cell.pupil
        case _:
            return True


def reason_of(event: Event) -> tuple[Sealed, str] | None:
    """Answer the sealed reason of an event with the field it is sealed for, None where there is none."""
    reason = getattr(event, "reason", None)
    if not isinstance(reason, Sealed):
        return None
    return reason, f"{event.stored_name.partition('/')[0]}.reason"


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
