"""What stood on an event that is void, and stays in force until somebody decides (B6). Never recursive (design §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from ejd.kernel.envelope import Ref
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import curricula as u
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.void import MARKER_NAMES, Voids

if TYPE_CHECKING:
    from ejd.kernel.envelope import Recorded
    from ejd.kernel.event import Event

Why = Literal["same-cell", "stands-on", "basis", "acknowledged", "decision"]
Key: TypeAlias = tuple[str | int, ...]
"""Names what of its stream an event is about."""
Held: TypeAlias = Mapping[str, AbstractSet[int]]
"""Void versions by stream."""
WEEK = timedelta(days=7)
FOREVER = 2**63 - 1
"""Above every position."""


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
    """Something void about a pupil that parents could see: on which day or of which period.

    `visible` are the spans of positions, the end not included, in which no breach held it void.
    """

    ref: Ref
    pupil: str
    visible: tuple[tuple[int, int], ...]
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
        case p.PupilEnrolled() | p.PupilTransferred() | p.PupilLeft() | p.PupilReturned() | p.ClassStaysCorrected():
            return (("class",),)
        case p.GroupJoined() | p.GroupLeft() | p.GroupStaysCorrected():
            return (("group", event.group),)
        case j.TeacherAssigned() | j.TeacherUnassigned():
            return (("load", event.staff),)
        case j.ThematicPlanAdopted() | j.ThematicPlanRevised():
            return (("plan",),)
        case JournalScheduled():
            return (("schedule", event.journal),)
        case u.CurriculumAssigned() | u.PupilCurriculumAssigned() | u.PupilCurriculumEnded():
            return (("curriculum",),)
        case p.StaffMemberEmployed() | p.StaffMemberLeft():
            return (("employment",),)
        case p.StaffPositionChanged() | p.StaffPositionsCorrected():
            return (("position",),)
        case p.StaffQualified():
            return (("qualification",),)
        case _:
            return ()


def reads(event: Event) -> tuple[Key, ...]:
    """Answer the cells that an event was decided on: its own, and the roll under a line of it."""
    own = writes(event)
    return (("roll",), *own) if isinstance(event, e.AttendanceCorrected) else own


def causes_of(meta: Recorded) -> tuple[Ref, ...]:
    """Answer the facts that an event says it stands on."""
    return _causes(meta.caused_by)


@lru_cache(maxsize=4_096)
def _causes(text: str) -> tuple[Ref, ...]:
    """Decode once: all events of a command say much the same."""
    return msgspec.json.decode(text, type=tuple[Ref, ...])


def basis_of(event: Event) -> tuple[Ref, ...]:
    """Answer the marks that a final mark was decided on."""
    if isinstance(event, f.FinalMarkDecided | f.FinalMarkCorrected):
        return event.basis.marks
    return ()


def in_stream(stream: Sequence[Decoded], held: Held, other_void: AbstractSet[int]) -> list[Dependent]:
    """Answer the dependents among the events of one stream, in order of version.

    `held` is what the breach holds void (or would, in a preview), `other_void` what other breaches do. An event that
    was decided while a marker held what it would have stood on had seen the void state: it does not depend.
    """
    own = held.get(stream[0].meta.stream, frozenset()) if stream else frozenset()
    found: list[Dependent] = []
    before: dict[Key, list[int]] = {}
    hidden = Voids()
    for meta, event in stream:
        if meta.name in MARKER_NAMES:
            hidden.take(event)
        elif meta.version in own:
            for key in writes(event):
                before.setdefault(key, []).append(meta.version)
        elif meta.version not in other_void:
            dependent = standing(meta, event, held)
            if dependent is None:
                seen = {one for key in reads(event) for one in before.get(key, ()) if one not in hidden}
                refs = tuple(Ref(meta.stream, version) for version in sorted(seen))
                dependent = Dependent(Ref(meta.stream, meta.version), "same-cell", refs) if refs else None
            if dependent is not None:
                found.append(dependent)
    return found


def visible_spans(stream: Iterable[Decoded], versions: AbstractSet[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Answer for each of the versions the spans of positions, ends not included, in which no breach held it void."""
    spans: dict[int, tuple[tuple[int, int], ...]] = {}
    since: dict[int, int] = {}
    hidden = Voids()
    for meta, event in stream:
        if meta.version in versions:
            since[meta.version] = meta.position
        if meta.name in MARKER_NAMES:
            for version in (one for one in hidden.take(event) if one in versions):
                if version in hidden:
                    spans[version] = (*spans.get(version, ()), (since.pop(version), meta.position))
                else:
                    since[version] = meta.position
    return {version: (*spans.get(version, ()), *_open(since.get(version))) for version in versions}


def _open(since: int | None) -> tuple[tuple[int, int], ...]:
    return () if since is None else ((since, FOREVER),)


def standing(meta: Recorded, event: Event, held: Held) -> Dependent | None:
    """Answer how an event stands on void ones by what it says itself: its causes, or the basis of a final mark."""
    ref = Ref(meta.stream, meta.version)
    on = tuple(one for one in basis_of(event) if one.version in held.get(one.stream, ()))
    if on:
        return Dependent(ref, "basis", on)
    on = tuple(one for one in causes_of(meta) if one.version in held.get(one.stream, ()))
    return Dependent(ref, "stands-on", on) if on else None


def shown(meta: Recorded, event: Event, visible: tuple[tuple[int, int], ...]) -> list[Shown]:
    """Answer what a void event showed to parents, pupil by pupil; `visible` is when, see `visible_spans`."""
    ref = Ref(meta.stream, meta.version)
    match event:
        case e.RollTaken():
            return [Shown(ref, one.pupil, visible, event.date) for one in event.absences]
        case (
            e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn() | e.AttendanceCorrected() | e.RecommendationGiven()
        ):
            return [Shown(ref, event.pupil, visible, event.date)]
        case f.FinalMarkEvent():
            return [Shown(ref, event.pupil, visible, None, event.period)]
        case _:
            return []


def acknowledged(
    meta: Recorded, event: Event, void: Iterable[Shown], periods: Mapping[tuple[str, str], tuple[date, date]]
) -> Dependent | None:
    """Answer whether a parent acknowledged something void; `void` is about that pupil.

    `periods` maps year and code to first and last day. What counts is the position that the parent saw.
    """
    period: str | None = None
    match event:
        case k.DiaryAcknowledged():
            first, last = event.week, event.week + WEEK - timedelta(days=1)
        case k.PeriodMarksAcknowledged():
            first, last = periods.get((event.year, event.period), (date.max, date.min))
            period = event.period
        case _:
            return None
    on = tuple(
        one.ref
        for one in void
        if any(since <= event.seen_position < until for since, until in one.visible)
        and ((one.day is not None and first <= one.day <= last) or one.period == period)
    )
    return Dependent(Ref(meta.stream, meta.version), "acknowledged", on) if on else None
