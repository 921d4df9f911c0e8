"""What stood on what a breach holds void (B6): worked out by looking at every event there is, breach by breach.

Shares nothing with `ejd.kernel.dependents` and `ejd.history`, which follow void events to where dependents can be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import msgspec

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import breaches as b
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import timetable as t
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from tests.breaches.truth import Happened, Truth, Where

Periods = Mapping[tuple[str, str], tuple[date, date]]
"""First and last day of the grading periods, by year and code."""


class Standing:
    """Knows where each event is, and when each was void."""

    def __init__(self, truth: Truth, periods: Periods) -> None:
        """Replay the markers once."""
        self.truth = truth
        self.periods = periods
        self.at: dict[Where, int] = {(meta.stream, meta.version): meta.position for meta, _ in truth.happened}
        self.by_position: dict[int, Happened] = {one.meta.position: one for one in truth.happened}
        self._changes: dict[int, list[tuple[int, str, bool]]] = defaultdict(list)
        for meta, event in truth.happened:
            if isinstance(event, EventsVoided | EventsRestored):
                void = isinstance(event, EventsVoided)
                for version in event.versions:
                    self._changes[self.at[meta.stream, version]].append((meta.position, event.breach, void))

    def void_just_before(self, position: int, before: int) -> bool:
        """Answer whether any breach held an event void then."""
        return any({breach: void for at, breach, void in self._changes.get(position, ()) if at < before}.values())

    def dependents(self, breach: str) -> set[int]:
        """Answer the positions of valid events that stood on something that the breach holds void.

        On what an event says it stands on; on an earlier event on the same cell that was valid when it was decided; on
        what a parent had seen; and what the account decided in other breaches in the time of what was made void.
        """
        held = self.truth.breaches[breach].void
        if not held:
            return set()
        found = set(self._decisions(breach))
        for meta, event in self.truth.happened:
            if meta.position in self.truth.void or isinstance(event, EventsVoided | EventsRestored):
                continue
            if (
                held.intersection(self._named(meta, event))
                or any(self._same_cell(old, meta, event) for old in held)
                or any(self._seen(old, event) for old in held)
            ):
                found.add(meta.position)
        return found

    def _named(self, meta: Recorded, event: Event) -> Iterator[int]:
        named: list[Where] = [(stream, version) for stream, version in msgspec.json.decode(meta.caused_by)]
        if isinstance(event, f.FinalMarkDecided | f.FinalMarkCorrected):
            named += [(ref.stream, ref.version) for ref in event.basis.marks]
        if isinstance(event, k.RecommendationAcknowledged):
            named.append((event.lesson, event.version))
        yield from (self.at[one] for one in named if one in self.at)

    def _same_cell(self, old: int, meta: Recorded, event: Event) -> bool:
        before = self.by_position[old]
        return (
            before.meta.stream == meta.stream
            and old < meta.position
            and same_cell(before.event, event)
            and not self.void_just_before(old, meta.position)
        )

    def _seen(self, old: int, event: Event) -> bool:
        return (
            isinstance(event, k.DiaryAcknowledged | k.PeriodMarksAcknowledged)
            and old <= event.seen_position
            and showed(self.by_position[old].event, event, self.periods)
            and not self.void_just_before(old, event.seen_position + 1)
        )

    def _decisions(self, name: str) -> Iterator[int]:
        breach = self.truth.breaches[name]
        starts, ends = breach.span or (0, 0)
        for meta, event in self.truth.own[breach.account]:
            if isinstance(event, b.BreachEvent) and meta.stream != name and starts <= meta.recorded_at < ends:
                yield meta.position


MARK = (e.MarkRecorded, e.MarkCorrected, e.MarkWithdrawn)
ALIKE: tuple[tuple[type[Event], ...], ...] = (
    (e.TopicRecorded, e.TopicCorrected),
    (e.HomeworkSet, e.HomeworkCorrected),
    (e.LessonSubstituted, e.SubstitutionCorrected),
    (e.LessonMoved, e.LessonCancelled, e.LessonReinstated, e.ExtraLessonPlanned),
    (p.PupilEnrolled, p.PupilTransferred, p.PupilLeft, p.PupilReturned, p.ClassStaysCorrected),
    (p.StaffMemberEmployed, p.StaffMemberLeft),
    (p.StaffPositionChanged, p.StaffPositionsCorrected),
    (p.StaffQualified,),
)
"""Events of one stream that are about one thing, whatever they say."""


def same_cell(old: Event, new: Event) -> bool:
    """Say whether a later event was decided on what an earlier one in its stream had set."""
    match old, new:
        case (
            (e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn()) as one,
            (e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn()) as other,
        ):
            return (one.pupil, one.work, one.number) == (other.pupil, other.work, other.number)
        case e.RollTaken(), e.RollTaken() | e.AttendanceCorrected():
            return True
        case e.AttendanceCorrected(), e.AttendanceCorrected():
            return old.pupil == new.pupil
        case f.FinalMarkEvent(), f.FinalMarkEvent():
            return old.pupil == new.pupil
        case (
            (p.GroupJoined() | p.GroupLeft() | p.GroupStaysCorrected()) as one,
            (p.GroupJoined() | p.GroupLeft() | p.GroupStaysCorrected()) as other,
        ):
            return one.group == other.group
        case (j.TeacherAssigned() | j.TeacherUnassigned()) as one, (j.TeacherAssigned() | j.TeacherUnassigned()) as two:
            return one.staff == two.staff
        case t.JournalScheduled(), t.JournalScheduled():
            return old.journal == new.journal
        case _:
            return any(isinstance(old, alike) and isinstance(new, alike) for alike in ALIKE)


def showed(void: Event, seen: k.DiaryAcknowledged | k.PeriodMarksAcknowledged, periods: Periods) -> bool:
    """Say whether a parent could see a void event in what he or she acknowledged."""
    if isinstance(void, f.FinalMarkEvent):
        same = isinstance(seen, k.PeriodMarksAcknowledged) and seen.period == void.period
        return same and seen.pupil == void.pupil
    if isinstance(void, e.RollTaken):
        pupils = {one.pupil for one in void.absences}
    elif isinstance(void, (*MARK, e.AttendanceCorrected, e.RecommendationGiven)):
        pupils = {void.pupil}
    else:
        return False
    if isinstance(seen, k.DiaryAcknowledged):
        first, last = seen.week, seen.week + timedelta(days=6)
    else:
        first, last = periods.get((seen.year, seen.period), (date.max, date.min))
    return seen.pupil in pupils and first <= void.date <= last
