"""The whole life of one cell, or of one part of a lesson, told from the events: nothing is left out, void or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ejd.history.streams import decode, void_by_breach
from ejd.kernel.dependents import Decoded, causes_of
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import corrections as c
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.read.projection import Unseal
from ejd_projections.correction_tables import homework_text, line_text, substitution_text

DAYS_OF_A_WEEK = 7

Spans = dict[tuple[str, str], tuple[date, date]]
"""First and last day of each grading period, by year and code."""


class Cell(NamedTuple):
    """What is told about: kinds of records, one pupil's or everybody's (""), one mark's or all (work "", number 0)."""

    kinds: frozenset[str]
    pupil: str = ""
    work: str = ""
    number: int = 0


class Change(NamedTuple):
    """What one event did to a cell."""

    what: str
    kind: str
    old: str
    new: str
    pupil: str = ""
    work: str = ""
    number: int = 0


@dataclass(slots=True)
class Standing:
    """What stands in a place of the cell."""

    kind: str
    pupil: str
    work: str
    number: int
    value: str


@dataclass(slots=True)
class Step:
    """One event of the life; `counts`: it is not void now, `breaches` hold it so.

    A marker (`what` voided, restored) names its breach and the `versions` of its stream that it is about. `seen` is
    what stood there at the position that a parent acknowledged.
    """

    what: str
    kind: str
    type: str
    stream: str
    version: int
    position: int
    recorded_at: int
    account: str
    session: str
    client: str
    command: str
    pupil: str
    work: str
    number: int
    old: str
    new: str
    reason: str
    until: int | None
    counts: bool
    breaches: list[str]
    versions: list[int]
    stands_on: list[Ref]
    seen: list[Standing]


Pick = Callable[[Event], Change | None]


def change_of(event: Event, cell: Cell) -> Change | None:
    """Answer what an event did to the cell, None when it is about something else."""
    found = _mark(event) or _attendance(event, cell) or _content(event) or _course(event)
    if found is None or found.kind not in cell.kinds:
        return None
    if cell.pupil and found.pupil and found.pupil != cell.pupil:
        return None
    if found.kind == "mark" and (cell.work not in {"", found.work} or cell.number not in {0, found.number}):
        return None
    return found


def _mark(event: Event) -> Change | None:
    match event:
        case e.MarkRecorded():
            return Change("recorded", "mark", "", event.value, event.pupil, event.work, event.number)
        case e.MarkCorrected():
            old, new = event.old_value, event.new_value
            return Change("corrected", "mark", old, new, event.pupil, event.work, event.number)
        case e.MarkWithdrawn():
            return Change("withdrawn", "mark", event.old_value, "", event.pupil, event.work, event.number)
        case f.FinalMarkDecided():
            return Change("recorded", "final-mark", "", event.value, event.pupil)
        case f.FinalMarkCorrected():
            return Change("corrected", "final-mark", event.old_value, event.new_value, event.pupil)
        case f.FinalMarkWithdrawn():
            return Change("withdrawn", "final-mark", event.old_value, "", event.pupil)
        case _:
            return None


def _attendance(event: Event, cell: Cell) -> Change | None:
    match event:
        case e.RollTaken() if cell.pupil:
            line = next((one for one in event.absences if one.pupil == cell.pupil), None)
            return Change("recorded", "attendance", "", line_text(line), cell.pupil)
        case e.RollTaken():
            lines = ", ".join(f"{one.pupil}: {line_text(one)}" for one in event.absences)
            return Change("recorded", "attendance", "", lines or "nobody absent")
        case e.AttendanceCorrected():
            return Change("corrected", "attendance", line_text(event.old), line_text(event.new), event.pupil)
        case _:
            return None


def _content(event: Event) -> Change | None:
    match event:
        case e.TopicRecorded():
            return Change("recorded", "topic", "", event.topic)
        case e.TopicCorrected():
            return Change("corrected", "topic", event.old_topic, event.new_topic)
        case e.HomeworkSet():
            return Change("recorded", "homework", "", homework_text(event.homework))
        case e.HomeworkCorrected():
            what = "withdrawn" if event.new is None else "corrected"
            return Change(what, "homework", homework_text(event.old), homework_text(event.new))
        case _:
            return None


def _course(event: Event) -> Change | None:
    match event:
        case e.LessonSubstituted():
            return Change("recorded", "substitution", "", substitution_text(event.substitution))
        case e.SubstitutionCorrected():
            what = "withdrawn" if event.new is None else "corrected"
            return Change(what, "substitution", substitution_text(event.old), substitution_text(event.new))
        case e.ExtraLessonPlanned():
            return Change("planned", "lesson", "", "extra")
        case e.LessonMoved():
            old, new = f"{event.old_date}, {event.old_slot}", f"{event.new_date}, {event.new_slot}"
            return Change("moved", "lesson", old, new)
        case e.LessonCancelled():
            return Change("cancelled", "lesson", "", "cancelled")
        case e.LessonReinstated():
            return Change("reinstated", "lesson", "cancelled", "")
        case _:
            return None


def request_change(event: Event) -> Change | None:
    """Answer what an event did to a request."""
    match event:
        case c.CorrectionRequested():
            return Change("requested", event.kind, "", "", event.pupil)
        case c.CorrectionApproved():
            return Change("approved", "request", "", "")
        case c.CorrectionRejected():
            return Change("rejected", "request", "", "")
        case c.CorrectionWithdrawn():
            return Change("request-withdrawn", "request", "", "")
        case c.CorrectionMade():
            return Change("approval-used", "request", "", "")
        case _:
            return None


def acknowledged(day: date | None, year: str, period: str, spans: Spans) -> Pick:
    """Answer what picks acknowledgements of a lesson's day, or of a final mark's period."""

    def pick(event: Event) -> Change | None:
        match event:
            case k.DiaryAcknowledged() if day is not None and 0 <= (day - event.week).days < DAYS_OF_A_WEEK:
                return Change("acknowledged", "diary", "", f"week of {event.week}", event.pupil)
            case k.PeriodMarksAcknowledged() if event.year == year and _covers(event, day, period, spans):
                return Change("acknowledged", "period", "", event.period, event.pupil)
            case _:
                return None

    return pick


def _covers(event: k.PeriodMarksAcknowledged, day: date | None, period: str, spans: Spans) -> bool:
    if day is None:
        return event.period == period
    first, last = spans.get((event.year, event.period), (date.max, date.min))
    return first <= day <= last


class Teller:
    """Tells the steps of streams, and what stood in the cell at a position."""

    def __init__(self, unseal: Unseal, record: Iterable[Recorded], cell: Cell) -> None:
        """Decode the record's own stream once."""
        self._unseal = unseal
        self._cell = cell
        self.record = decode(record)

    def steps_of_record(self) -> list[Step]:
        """Answer the steps of the record's own stream."""
        return self.steps(self.record, lambda event: change_of(event, self._cell))

    def steps(self, stream: Sequence[Decoded], pick: Pick) -> list[Step]:
        """Answer the steps of one stream: the events picked, and the markers about them."""
        held = void_by_breach(stream)
        picked: set[int] = set()
        found = []
        for meta, event in stream:
            if isinstance(event, EventsVoided | EventsRestored):
                versions = [one for one in event.versions if one in picked]
                if versions:
                    what = "voided" if isinstance(event, EventsVoided) else "restored"
                    step = self._step(meta, event, Change(what, "breach", "", ""))
                    step.breaches, step.versions = [event.breach], versions
                    found.append(step)
                continue
            change = pick(event)
            if change is not None:
                picked.add(meta.version)
                step = self._step(meta, event, change)
                step.breaches = sorted(breach for breach, versions in held.items() if meta.version in versions)
                step.counts = not step.breaches
                found.append(step)
        return found

    def _step(self, meta: Recorded, event: Event, change: Change) -> Step:
        seen = getattr(event, "seen_position", None)
        return Step(
            what=change.what,
            kind=change.kind,
            type=meta.name,
            stream=meta.stream,
            version=meta.version,
            position=meta.position,
            recorded_at=meta.recorded_at,
            account=meta.actor,
            session=meta.session,
            client=meta.client,
            command=meta.command_id,
            pupil=change.pupil,
            work=change.work,
            number=change.number,
            old=change.old,
            new=change.new,
            reason=self._reason(meta, event),
            until=event.until if isinstance(event, c.CorrectionApproved) else None,
            counts=True,
            breaches=[],
            versions=[],
            stands_on=list(causes_of(meta)),
            seen=[] if seen is None else self.standing(seen),
        )

    def _reason(self, meta: Recorded, event: Event) -> str:
        box = getattr(event, "reason", None)
        if box is None:
            return ""
        return self._unseal(box, f"{meta.name.partition('/')[0]}.reason", Ref(meta.stream, meta.version)) or ""

    def standing(self, position: int) -> list[Standing]:
        """Answer what stood in the cell at a position, as it was known then."""
        known = [one for one in self.record if one.meta.position <= position]
        void: set[int] = set().union(*void_by_breach(known).values())
        places: dict[tuple[str, str, str, int], str] = {}
        for meta, event in known:
            change = None if meta.version in void else change_of(event, self._cell)
            if change is None or change.kind == "lesson":
                continue
            place = change.kind, change.pupil, change.work, change.number
            places[place] = change.new
            if change.what == "withdrawn":
                del places[place]
        return [Standing(*place, value) for place, value in places.items()]

    def requests_named(self, steps: Iterable[Step], is_request: Callable[[str], bool]) -> Collection[str]:
        """Answer the requests that steps stand on."""
        streams = {ref.stream for step in steps for ref in step.stands_on}
        return {stream for stream in streams if is_request(stream)}
