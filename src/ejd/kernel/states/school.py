"""States of the school's set-up: school, subject, room, academic year, timetable."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from ejd.kernel import calendar
from ejd.kernel.command import State
from ejd.kernel.consents import Purpose, purpose_of
from ejd.kernel.due import Schedule, with_schedule
from ejd.kernel.events import consents as k
from ejd.kernel.events import control_works as w
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled, TimetableRules, TimetableRulesAdopted
from ejd.kernel.readiness import default_term

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


class SchoolState(State):
    """The school with its regulations, kinds of work and grading systems."""

    kind: ClassVar[str] = "school"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """A school that is not opened has no name."""
        super().__init__()
        self.name = ""
        self.timezone = "UTC"
        self.simulated = False
        self.regulations: dict[date, s.Regulation] = {}
        self.work_kinds: dict[str, s.WorkKind] = {}
        self.grading_systems: dict[str, s.GradingSystem] = {}
        self.control_norms: dict[date, w.ControlNorms] = {}
        self.timetable_rules = TimetableRules()
        self.consent_purposes: tuple[Purpose, ...] = ()

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """Keep full values."""
        match event:
            case s.SchoolOpened():
                self.name, self.timezone, self.simulated = event.name, event.timezone, event.simulated
            case s.RegulationAdopted():
                self.regulations[event.starts] = event.regulation
            case s.WorkKindsDefined():
                self.work_kinds = {kind.code: kind for kind in event.kinds}
            case s.GradingSystemDefined():
                self.grading_systems[event.system.code] = event.system
            case w.ControlNormsAdopted():
                self.control_norms[event.starts] = event.norms
            case TimetableRulesAdopted():
                self.timetable_rules = event.rules
            case k.ConsentPurposeDefined():
                self.consent_purposes = (*self.consent_purposes, purpose_of(event))
            case _:
                pass

    def regulation_on(self, day: date) -> s.Regulation:
        """Answer the regulation that counts on a day: the default one before the first adoption."""
        starts = max((start for start in self.regulations if start <= day), default=None)
        return s.Regulation() if starts is None else self.regulations[starts]


class SubjectState(State):
    """A subject exists once it has a name."""

    kind: ClassVar[str] = "subject"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Nameless: not defined."""
        super().__init__()
        self.defined: s.SubjectDefined | None = None
        self.name = ""
        self.ref: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """The last definition counts, whole."""
        if isinstance(event, s.SubjectDefined):
            self.defined, self.name, self.ref = event, event.name, ref


class RoomState(State):
    """A room exists once it has a name."""

    kind: ClassVar[str] = "room"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Nameless: not defined."""
        super().__init__()
        self.defined: s.RoomDefined | None = None
        self.name = ""
        self.ref: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """The last definition counts, whole."""
        if isinstance(event, s.RoomDefined):
            self.defined, self.name, self.ref = event, event.name, ref


class YearState(State):
    """An academic year: its calendar, and which periods are closed."""

    kind: ClassVar[str] = "year"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """A year that is not opened has no first day."""
        super().__init__()
        self.data = calendar.CalendarData()
        self.bell_names: dict[str, str] = {}
        self.closed: set[str] = set()
        self.reopened: dict[str, tuple[y.PeriodReopened, ...]] = {}
        self.ref: Ref | None = None
        self.readiness_day: date | None = None
        self.shut = False
        self.shut_ref: Ref | None = None
        self.closing: y.AcademicYearClosed | None = None
        self._calendar: calendar.Calendar | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """Share the calendar's fold with the read model; `ref` is the opening of the year."""
        if isinstance(event, y.AcademicYearOpened):
            self.ref = ref
        if isinstance(event, y.BellScheduleDefined):
            self.bell_names[event.code] = event.name
        match event:
            case y.ReadinessDateSet():
                self.readiness_day = event.day
            case y.AcademicYearClosed():
                self.shut, self.shut_ref, self.closing = True, ref, event
            case y.AcademicYearReopened():
                self.shut = False
            case y.PeriodClosed():
                self.closed.add(event.period)
                self.reopened.pop(event.period, None)
            case y.PeriodReopened() if not event.journals:
                self.closed.discard(event.period)
            case y.PeriodReopened():
                self.reopened[event.period] = (*self.reopened.get(event.period, ()), event)
            case _:
                self.data = calendar.evolve(self.data, event)
                self._calendar = None

    @property
    def readiness_term(self) -> date | None:
        """The day by which the set-up is to be done; None for a year that is not opened."""
        if self.readiness_day is None and self.data.first_day is not None:
            return default_term(self.data.first_day)
        return self.readiness_day

    def is_closed(self, period: str, journal: str, now: int) -> bool:
        """Say whether nothing in the period may be written in a journal: a reopening ends by itself (A10)."""
        if period not in self.closed:
            return False
        return not any(journal in one.journals and now < one.until for one in self.reopened.get(period, ()))

    @property
    def calendar(self) -> calendar.Calendar:
        """The calendar, made once for a state."""
        if self._calendar is None:
            self._calendar = calendar.Calendar(self.data)
        return self._calendar


class TimetableState(State):
    """All schedules of a year by journal, in the order in which they count."""

    kind: ClassVar[str] = "timetable"
    cached: ClassVar[bool] = True

    def __init__(self) -> None:
        """Nothing is scheduled."""
        super().__init__()
        self.schedules: dict[str, tuple[Schedule, ...]] = {}
        self.taken: dict[tuple[int, int], frozenset[str]] = {}
        """By cycle day and slot the journals that have a lesson there in any of their schedules."""

    def evolve(self, event: Event, ref: Ref) -> None:
        """A schedule replaces what was scheduled from its day on."""
        if isinstance(event, JournalScheduled):
            new = Schedule(event.starts, event.entries, ref)
            before = self.schedules.get(event.journal, ())
            after = self.schedules[event.journal] = with_schedule(before, new)
            had, has = ({(e.cycle_day, e.slot) for one in some for e in one.entries} for some in (before, after))
            for cell in had - has:
                self.taken[cell] -= {event.journal}
            for cell in has - had:
                self.taken[cell] = self.taken.get(cell, frozenset()) | {event.journal}
