"""What stood on an event that is void, and stays in force until somebody decides (B6). Never recursive (design §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from ejd.kernel.envelope import Ref
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.void import MARKER_NAMES

if TYPE_CHECKING:
    from ejd.kernel.envelope import Recorded
    from ejd.kernel.event import Event

Why = Literal["same-cell", "stands-on", "basis", "acknowledged", "decision"]
Key: TypeAlias = tuple[str | int, ...]
"""Names what of its stream an event is about."""
Held: TypeAlias = Mapping[str, AbstractSet[int]]
"""Void versions by stream."""
WEEK = timedelta(days=7)


class Dependent(NamedTuple):
    """A valid event that stood on void ones, and how."""

    ref: Ref
    why: Why
    on: tuple[Ref, ...]


class Decoded(NamedTuple):
    """A stored event with what it says."""

    meta: Recorded
    event: Event


class Shown(NamedTuple):
    """Something void about a pupil that parents could see: on which day or of which period, and from which position."""

    ref: Ref
    pupil: str
    position: int
    day: date | None = None
    period: str = ""


def writes(event: Event) -> tuple[Key, ...]:
    """Answer the cells that an event sets; what it sets void, a later event on the cell may have stood on."""
    match event:
        case e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn():
            return (("mark", event.pupil, event.work, event.number),)
        case e.RollTaken():
            return (("roll",),)
        case e.AttendanceCorrected():
            return (("roll", event.pupil),)
        case e.TopicRecorded() | e.TopicCorrected():
            return (("topic",),)
        case e.HomeworkSet() | e.HomeworkCorrected():
            return (("homework",),)
        case e.LessonSubstituted() | e.SubstitutionCorrected():
            return (("substitution",),)
        case e.LessonMoved() | e.LessonCancelled() | e.LessonReinstated() | e.ExtraLessonPlanned():
            return (("place",),)
        case f.FinalMarkEvent():
            return (("final-mark", event.pupil),)
        case _:
            return _sets_up(event)


def _sets_up(event: Event) -> tuple[Key, ...]:
    match event:
        case p.PupilEnrolled() | p.PupilTransferred() | p.PupilLeft() | p.PupilReturned():
            return (("class",),)
        case p.GroupJoined() | p.GroupLeft():
            return (("group", event.group),)
        case j.TeacherAssigned() | j.TeacherUnassigned():
            return (("load", event.staff),)
        case JournalScheduled():
            return (("schedule", event.journal),)
        case p.StaffMemberEmployed() | p.StaffMemberLeft():
            return (("employment",),)
        case _:
            return ()


def reads(event: Event) -> tuple[Key, ...]:
    """Answer the cells that an event was decided on: its own, and the roll under a line of it."""
    own = writes(event)
    return (("roll",), *own) if isinstance(event, e.AttendanceCorrected) else own


def causes_of(meta: Recorded) -> list[Ref]:
    """Answer the facts that an event says it stands on."""
    if meta.caused_by == "[]":
        return []
    return msgspec.json.decode(meta.caused_by, type=list[Ref])


def basis_of(event: Event) -> tuple[Ref, ...]:
    """Answer the marks that a final mark was decided on."""
    if isinstance(event, f.FinalMarkDecided | f.FinalMarkCorrected):
        return event.basis.marks
    return ()


def in_stream(stream: Sequence[Decoded], held: Held, breach: str, other_void: AbstractSet[int]) -> list[Dependent]:
    """Answer the dependents among the events of one stream, in order of version.

    `held` is what the breach holds void (or would, in a preview), `other_void` what other breaches do. An event that
    was decided after the marker had seen the void state: it does not depend on what was void by then.
    """
    own = held.get(stream[0].meta.stream, frozenset()) if stream else frozenset()
    known_from = _marked_at(stream, breach)
    found: list[Dependent] = []
    before: dict[Key, list[int]] = {}
    for meta, event in stream:
        if meta.version in own:
            for key in writes(event):
                before.setdefault(key, []).append(meta.version)
            continue
        if meta.name in MARKER_NAMES or meta.version in other_void:
            continue
        dependent = standing(meta, event, held)
        if dependent is None:
            seen = {
                v
                for key in reads(event)
                for v in before.get(key, ())
                if meta.version < known_from.get(v, meta.version + 1)
            }
            if seen:
                refs = tuple(Ref(meta.stream, version) for version in sorted(seen))
                dependent = Dependent(Ref(meta.stream, meta.version), "same-cell", refs)
        if dependent is not None:
            found.append(dependent)
    return found


def _marked_at(stream: Iterable[Decoded], breach: str) -> dict[int, int]:
    """Answer for each void version the marker's version from which on everybody knew."""
    known: dict[int, int] = {}
    for meta, event in stream:
        if isinstance(event, EventsVoided) and event.breach == breach:
            for version in event.versions:
                known.setdefault(version, meta.version)
    return known


def standing(meta: Recorded, event: Event, held: Held) -> Dependent | None:
    """Answer how an event stands on void ones by what it says itself: its causes, or the basis of a final mark."""
    ref = Ref(meta.stream, meta.version)
    on = tuple(one for one in basis_of(event) if one.version in held.get(one.stream, ()))
    if on:
        return Dependent(ref, "basis", on)
    on = tuple(one for one in causes_of(meta) if one.version in held.get(one.stream, ()))
    return Dependent(ref, "stands-on", on) if on else None


def shown(meta: Recorded, event: Event) -> list[Shown]:
    """Answer what a void event showed to parents, pupil by pupil."""
    ref = Ref(meta.stream, meta.version)
    match event:
        case e.RollTaken():
            return [Shown(ref, one.pupil, meta.position, event.date) for one in event.absences]
        case (
            e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn() | e.AttendanceCorrected() | e.RecommendationGiven()
        ):
            return [Shown(ref, event.pupil, meta.position, event.date)]
        case f.FinalMarkEvent():
            return [Shown(ref, event.pupil, meta.position, None, event.period)]
        case _:
            return []


def acknowledged(
    meta: Recorded, event: Event, void: Iterable[Shown], periods: Mapping[tuple[str, str], tuple[date, date]]
) -> Dependent | None:
    """Answer whether a parent acknowledged something void; `void` is about that pupil.

    `periods` maps year and code to first and last day. What counts is the position that the parent saw.
    """
    match event:
        case k.DiaryAcknowledged():
            first, last = event.week, event.week + WEEK - timedelta(days=1)
            period = ""
        case k.PeriodMarksAcknowledged():
            first, last = periods.get((event.year, event.period), (date.max, date.min))
            period = event.period
        case _:
            return None
    on = tuple(
        one.ref
        for one in void
        if one.position <= event.seen_position
        and ((one.day is not None and first <= one.day <= last) or (one.period != "" and one.period == period))
    )
    return Dependent(Ref(meta.stream, meta.version), "acknowledged", on) if on else None
