"""State of one lesson."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.command import State
from ejd.kernel.events import lessons as e

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


class Cell(NamedTuple):
    """Address of a mark in a lesson: several marks of one kind of work are numbered (4/5)."""

    pupil: str
    work: str
    number: int


class Mark(NamedTuple):
    """The value in a cell with the event it stands on."""

    value: str
    control_work: str
    ref: Ref


class LessonState(State):
    """Everything decisions on a lesson need; `placement` is where it takes place when it was moved.

    `room` is empty unless the lesson has its own.
    """

    kind: ClassVar[str] = "lesson"

    def __init__(self) -> None:
        """Nothing happened yet; whether it is due, the timetable says."""
        super().__init__()
        self.touched = False
        self.planned_day: date | None = None
        self.extra = False
        self.topic: str | None = None
        self.plan_item: int | None = None
        self.homework: e.Homework | None = None
        self.roll_taken = False
        self.absences: dict[str, e.Absence] = {}
        self.marks: dict[Cell, Mark] = {}
        self.recommended: dict[Ref, str] = {}
        self.substitution: e.Substitution | None = None
        self.substitution_ref: Ref | None = None
        self.placement: tuple[date, int] | None = None
        self.room = ""
        self.makes_up = ""
        self.cancelled = False
        self.cancelled_ref: Ref | None = None

    @property
    def held(self) -> bool:
        """A lesson counts as held once its topic or its roll is recorded."""
        return self.topic is not None or self.roll_taken

    @property
    def day(self) -> date | None:
        """The day on which it takes place; None while nothing is recorded."""
        return self.placement[0] if self.placement else self.planned_day

    def evolve(self, event: Event, ref: Ref) -> None:
        """Sort events by what they are about."""
        self.touched = True
        if isinstance(event, e.LessonEvent):
            self.planned_day = event.date
        match event:
            case e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn():
                self._mark(event, ref)
            case e.RollTaken():
                self.roll_taken = True
                self.absences = {absence.pupil: absence for absence in event.absences}
            case e.AttendanceCorrected():
                if event.new is None:
                    self.absences.pop(event.pupil, None)
                else:
                    self.absences[event.pupil] = event.new
            case e.RecommendationGiven():
                self.recommended[ref] = event.pupil
            case _:
                self._content(event)
                self._course(event, ref)

    def _mark(self, event: e.MarkRecorded | e.MarkCorrected | e.MarkWithdrawn, ref: Ref) -> None:
        cell = Cell(event.pupil, event.work, event.number)
        match event:
            case e.MarkRecorded():
                self.marks[cell] = Mark(event.value, event.control_work, ref)
            case e.MarkCorrected():
                self.marks[cell] = Mark(event.new_value, event.control_work, ref)
            case e.MarkWithdrawn():
                self.marks.pop(cell, None)

    def _content(self, event: Event) -> None:
        match event:
            case e.TopicRecorded():
                self.topic, self.plan_item = event.topic, event.plan_item
            case e.TopicCorrected():
                self.topic, self.plan_item = event.new_topic, event.new_plan_item
            case e.HomeworkSet():
                self.homework = event.homework
            case e.HomeworkCorrected():
                self.homework = event.new
            case _:
                pass

    def _course(self, event: Event, ref: Ref) -> None:
        match event:
            case e.ExtraLessonPlanned():
                self.extra, self.room, self.makes_up = True, event.room, event.makes_up
            case e.LessonSubstituted():
                self.substitution, self.substitution_ref = event.substitution, ref
            case e.SubstitutionCorrected():
                self.substitution, self.substitution_ref = event.new, ref
            case e.LessonMoved():
                self.placement = (event.new_date, event.new_slot)
                self.room = event.new_room or self.room
            case e.LessonCancelled():
                self.cancelled, self.cancelled_ref = True, ref
            case e.LessonReinstated():
                self.cancelled, self.cancelled_ref = False, None
            case _:
                pass
