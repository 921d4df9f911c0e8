"""The timetable (C5): what a journal has in the cycle, from a day on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from pydantic import Field, Strict

from ejd.kernel.calendar import CYCLE_DAYS_MAX
from ejd.kernel.closed_years import check_year
from ejd.kernel.command import Caused, Refusal, Target, WrongState
from ejd.kernel.due import SLOTS_MAX, Schedule, schedule_on, with_schedule
from ejd.kernel.envelope import Ref, Scope
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import RoomState, TimetableState
from ejd.kernel.states.teaching import ClassState, JournalState
from ejd_commands import known
from ejd_commands.fields import Day, Id, Part, Slot
from ejd_commands.known import SetUpCommand
from ejd_commands.lesson_base import UnknownJournal
from ejd_commands.timetable_picture import Change, check_conflicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.events.journals import JournalOpened
    from ejd.kernel.states.school import YearState

ENTRIES_MAX = CYCLE_DAYS_MAX * SLOTS_MAX
LESSON_TEACHERS_MAX = 20
"""Teachers of one lesson."""

CycleDayNumber = Annotated[int, Strict(), Field(ge=1, le=CYCLE_DAYS_MAX)]
AcceptConflicts = Annotated[
    bool | None,
    Strict(),
    Field(description="True: change it in spite of conflicts that are errors; how many is kept with the change."),
]


class SlotTwice(Refusal):
    """A journal has one lesson in a slot; parallel subgroups have journals of their own."""


class ScheduleOfClosedPeriod(WrongState):
    """What was due in a closed period stays as it is."""


class NotItsTeacher(Refusal):
    """Who gives a lesson has the load of the journal."""


class JournalOfAnotherYear(Refusal):
    """A journal is in the timetable of its own academic year."""


class ScheduleEntryPart(Part):
    """One lesson of the cycle: cycle day from 1, school-wide slot from 1, room if known.

    `teachers`: those of the journal's teachers who give it; left out, all who have the load that day.
    """

    cycle_day: CycleDayNumber
    slot: Slot
    room: Id | None = None
    teachers: Annotated[tuple[Id, ...], Field(max_length=LESSON_TEACHERS_MAX)] | None = None


class Wanted(NamedTuple):
    """What a journal is to have; `field` is where the command says so, to put before the names of parts."""

    journal: str
    entries: Sequence[ScheduleEntryPart]
    field: str = ""


class ScheduleJournal(SetUpCommand):
    """Set all lessons of a journal in the cycle from a day on (C5); no entries: no lessons from then on.

    Conflicts that the school's rules call errors refuse it, all named at once, unless they are accepted.
    """

    name: ClassVar[str] = "schedule-journal"
    journal: Id
    starts: Day
    entries: Annotated[tuple[ScheduleEntryPart, ...], Field(max_length=ENTRIES_MAX)]
    accept_conflicts: AcceptConflicts = None

    def target(self, context: Context) -> Target:
        """Answer the timetable of the journal's year."""
        _, opened = known.journal(context, self.journal)
        return timetable_of(opened.year)

    def decide(self, context: Context) -> Iterable[Caused]:
        """Refuse lessons on days and in rooms that are not there, and conflicts."""
        _, opened = known.journal(context, self.journal)
        year = known.year(context, opened.year, "journal")
        known.in_year(year, self.starts, "starts")
        wanted = [Wanted(self.journal, self.entries)]
        yield from scheduled(context, opened.year, self.starts, wanted, accepted=bool(self.accept_conflicts))


def timetable_of(year: str) -> Target:
    """Answer the one timetable of a year."""
    return Target(timetable_stream(year), Scope(kind="timetable", year=year))


class _Ready(NamedTuple):
    """A journal whose schedule changes, with the facts that its event stands on."""

    entries: tuple[ScheduleEntry, ...]
    refs: tuple[Ref, ...]


def scheduled(
    context: Context, year_id: str, starts: date, wanted: Iterable[Wanted], *, accepted: bool
) -> Iterator[Caused]:
    """Answer one event for each journal that changes; all of them are checked together, so that lessons can swap."""
    year = known.year(context, year_id)
    timetable = context.load(TimetableState, timetable_stream(year_id))
    ready: dict[str, _Ready] = {}
    for one in wanted:
        opened, refs = _opened(context, year_id, one)
        _check_places(year, one)
        _check_teachers(context, one, starts)
        refs += _rooms(context, one)
        entries = in_order(one.entries)
        if is_so(timetable.schedules.get(one.journal, ()), starts, entries):
            continue
        _check_closed_periods(context, year, opened, one, starts)
        ready[one.journal] = _Ready(entries, refs)
    errors = dict.fromkeys(ready, 0)
    if any(one.entries for one in ready.values()):
        after = {
            journal: with_schedule(
                timetable.schedules.get(journal, ()), Schedule(starts, one.entries, Ref(timetable_stream(year_id), 0))
            )
            for journal, one in ready.items()
        }
        errors = check_conflicts(context, Change(year_id, year.calendar, starts, after), accepted=accepted)
    for journal, (entries, refs) in ready.items():
        event = JournalScheduled(journal=journal, starts=starts, entries=entries, despite=errors[journal])
        yield Caused(event, refs)


def in_order(entries: Iterable[ScheduleEntryPart]) -> tuple[ScheduleEntry, ...]:
    """Answer the lessons as an event has them, by cycle day and slot."""
    ordered = sorted(entries, key=lambda e: (e.cycle_day, e.slot))
    return tuple(
        ScheduleEntry(
            cycle_day=e.cycle_day, slot=e.slot, room=e.room or "", teachers=tuple(sorted(set(e.teachers or ())))
        )
        for e in ordered
    )


def is_so(schedules: Sequence[Schedule], starts: date, entries: tuple[ScheduleEntry, ...]) -> bool:
    """Say whether a journal has just these lessons from a day on already, and nothing else later."""
    counting = schedule_on(schedules, starts)
    same = entries == (() if counting is None else counting.entries)
    return same and not any(schedule.starts > starts for schedule in schedules)


def _opened(context: Context, year_id: str, one: Wanted) -> tuple[JournalOpened, tuple[Ref, ...]]:
    """Answer a journal of the year, with the facts that only its own event stands on: its opening and its classes."""
    state = context.load(JournalState, one.journal)
    if state.opened is None or state.ref is None:
        msg = f"there is no journal {one.journal}: open it with open-journal"
        raise UnknownJournal(msg, field=f"{one.field}journal")
    if state.opened.year != year_id:
        msg = f"{state.opened.name} is a journal of another academic year: change the timetable of that year"
        raise JournalOfAnotherYear(msg, field=f"{one.field}journal")
    classes = (context.load(ClassState, class_id).ref for class_id in state.opened.classes)
    return state.opened, (state.ref, *(ref for ref in classes if ref is not None))


def _check_places(year: YearState, one: Wanted) -> None:
    cycle_days = 0 if year.data.cycle is None else len(year.data.cycle.days)
    taken: set[tuple[int, int]] = set()
    for index, entry in enumerate(one.entries):
        if entry.cycle_day > cycle_days:
            msg = f"the year's cycle has {cycle_days} day(s): define the cycle first, or name one of its days"
            raise known.NoSuchCycleDay(msg, field=f"{one.field}entries.{index}.cycle_day")
        if (entry.cycle_day, entry.slot) in taken:
            msg = f"cycle day {entry.cycle_day} has two lessons of this journal in slot {entry.slot}: leave one"
            raise SlotTwice(msg, field=f"{one.field}entries.{index}.slot")
        taken.add((entry.cycle_day, entry.slot))


def _check_teachers(context: Context, one: Wanted, starts: date) -> None:
    named = {staff: index for index, entry in enumerate(one.entries) for staff in entry.teachers or ()}
    if not named:
        return
    loads = context.load(JournalState, one.journal).loads
    have = {load.staff for load in loads if load.ends is None or load.ends >= starts}
    for staff, index in named.items():
        if staff not in have:
            msg = f"{staff} has no load in this journal from {starts:%d.%m.%Y} on: assign it with assign-teacher first"
            raise NotItsTeacher(msg, field=f"{one.field}entries.{index}.teachers")


def _rooms(context: Context, one: Wanted) -> tuple[Ref, ...]:
    refs = []
    for room, index in {e.room: i for i, e in enumerate(one.entries) if e.room is not None}.items():
        ref = context.load(RoomState, room).ref
        if ref is None:
            msg = f"there is no room {room}: define it with define-room"
            raise known.NoSuchRoom(msg, field=f"{one.field}entries.{index}.room")
        refs.append(ref)
    return tuple(refs)


def _check_closed_periods(context: Context, year: YearState, opened: JournalOpened, one: Wanted, starts: date) -> None:
    check_year(year)
    for period in year.data.schemes.get(opened.scheme, ()):
        closed = year.is_closed(period.code, one.journal, context.now)
        if closed and starts <= period.last_day:
            msg = (
                f"{period.name} is closed: let the schedule of {opened.name} start after {period.last_day:%d.%m.%Y}, "
                "or reopen the period for this journal"
            )
            raise ScheduleOfClosedPeriod(msg, field="starts")
