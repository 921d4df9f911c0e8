"""States of classes, teaching groups, journals, control works, final marks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.events import control_works as c
from ejd.kernel.events import curricula as u
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j

if TYPE_CHECKING:
    from ejd.kernel.event import Event


class ClassState(State):
    """A class with its working mode."""

    kind: ClassVar[str] = "class"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not formed."""
        super().__init__()
        self.formed: j.ClassFormed | None = None
        self.ref: Ref | None = None
        self.teachers: dict[date, str] = {}
        self.curricula: dict[date, str] = {}

    def evolve(self, event: Event, ref: Ref) -> None:
        """Keep the whole event: it has full values."""
        match event:
            case j.ClassFormed():
                self.formed, self.ref = event, ref
            case j.ClassTeacherAppointed():
                self.teachers[event.starts] = event.staff
            case u.CurriculumAssigned():
                self.curricula[event.starts] = event.curriculum
            case _:
                pass

    def teacher_on(self, day: date) -> str:
        """Answer the class teacher on a day: whoever was appointed last, "" before anybody was."""
        starts = max((one for one in self.teachers if one <= day), default=None)
        return "" if starts is None else self.teachers[starts]


class GroupState(State):
    """A teaching group."""

    kind: ClassVar[str] = "group"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not formed."""
        super().__init__()
        self.formed: j.TeachingGroupFormed | None = None
        self.ref: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """Keep the whole event: it has full values."""
        if isinstance(event, j.TeachingGroupFormed):
            self.formed, self.ref = event, ref


class CurriculumState(State):
    """An approved curriculum."""

    kind: ClassVar[str] = "curriculum"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not adopted."""
        super().__init__()
        self.adopted: u.CurriculumAdopted | None = None
        self.ref: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """Keep the whole event: it has full values."""
        if isinstance(event, u.CurriculumAdopted):
            self.adopted, self.ref = event, ref


class Load(NamedTuple):
    """A teacher's load in a journal, days included; `ref` is the assignment."""

    staff: str
    starts: date
    ends: date | None
    ref: Ref
    hours_per_week: int | None = None


def close_loads(loads: tuple[Load, ...], staff: str, last_day: date) -> tuple[Load, ...]:
    """Answer the loads after a teacher's last day: later-ending ones end then, later-beginning ones fall away."""
    return tuple(
        load._replace(ends=last_day) if load.staff == staff and (load.ends is None or load.ends > last_day) else load
        for load in loads
        if load.staff != staff or load.starts <= last_day
    )


class JournalState(State):
    """A journal with its teachers by date and its thematic plan."""

    kind: ClassVar[str] = "journal"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Not opened."""
        super().__init__()
        self.opened: j.JournalOpened | None = None
        self.ref: Ref | None = None
        self.loads: tuple[Load, ...] = ()
        self.plan: dict[int, j.PlannedTopic] = {}
        self.plan_number_max = 0

    def evolve(self, event: Event, ref: Ref) -> None:
        """A new assignment of the same teacher replaces the old one from its day on."""
        match event:
            case j.JournalOpened():
                self.opened, self.ref = event, ref
            case j.TeacherAssigned():
                before = close_loads(self.loads, event.staff, event.starts - timedelta(days=1))
                self.loads = (*before, Load(event.staff, event.starts, event.ends, ref, event.hours_per_week))
            case j.TeacherUnassigned():
                self.loads = close_loads(self.loads, event.staff, event.ends)
            case j.ThematicPlanAdopted() | j.ThematicPlanRevised():
                self.plan = {topic.number: topic for topic in event.topics}
                self.plan_number_max = max(self.plan_number_max, *self.plan)
            case _:
                pass

    def load_of(self, staff: str, day: date) -> Load | None:
        """Answer the teacher's load that covers a date."""
        for load in self.loads:
            if load.staff == staff and load.starts <= day and (load.ends is None or day <= load.ends):
                return load
        return None

    def teachers_on(self, day: date) -> frozenset[str]:
        """Answer everybody whose load covers a date."""
        return frozenset(load.staff for load in self.loads if load.starts <= day and (load.ends or day) >= day)


class ControlWorkState(State):
    """A planned control work."""

    kind: ClassVar[str] = "control-work"

    def __init__(self) -> None:
        """Not planned."""
        super().__init__()
        self.planned: c.ControlWorkPlanned | None = None
        self.day: date | None = None
        self.slot: int | None = None
        self.cancelled = False
        self.ref: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """The last day named counts."""
        match event:
            case c.ControlWorkPlanned():
                self.planned, self.day, self.slot, self.ref = event, event.day, event.slot, ref
            case c.ControlWorkMoved():
                self.day, self.slot = event.new_day, event.new_slot
            case c.ControlWorkCancelled():
                self.cancelled = True
            case _:
                pass


class FinalMarksState(State):
    """The final marks of one journal and period by pupil."""

    kind: ClassVar[str] = "final-marks"

    def __init__(self) -> None:
        """No marks."""
        super().__init__()
        self.values: dict[str, str] = {}

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """Full values."""
        match event:
            case f.FinalMarkDecided():
                self.values[event.pupil] = event.value
            case f.FinalMarkCorrected():
                self.values[event.pupil] = event.new_value
            case f.FinalMarkWithdrawn():
                self.values.pop(event.pupil, None)
            case _:
                pass
