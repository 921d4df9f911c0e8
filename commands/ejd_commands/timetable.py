"""The timetable (C5): what a journal has in the cycle, from a day on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, Strict

from ejd.kernel.calendar import CYCLE_DAYS_MAX
from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.due import SLOTS_MAX, schedule_on
from ejd.kernel.envelope import Scope
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import TimetableState
from ejd_commands import known
from ejd_commands.fields import Day, Id, Part, Slot
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event
    from ejd.kernel.events.journals import JournalOpened
    from ejd.kernel.states.school import YearState

ENTRIES_MAX = CYCLE_DAYS_MAX * SLOTS_MAX


class SlotWithoutBell(Refusal):
    """The journal's bell schedule has no such slot."""


class SlotTwice(Refusal):
    """A journal has one lesson in a slot; parallel subgroups have journals of their own."""


class ClassIsFreeThen(Refusal):
    """The class's working mode has no lessons on that day of the week (C1)."""


class ScheduleOfClosedPeriod(WrongState):
    """What was due in a closed period stays as it is."""


class ScheduleEntryPart(Part):
    """One lesson of the cycle: cycle day from 1, school-wide slot from 1, room if known."""

    cycle_day: Annotated[int, Strict(), Field(ge=1, le=CYCLE_DAYS_MAX)]
    slot: Slot
    room: Id | None = None


class ScheduleJournal(SetUpCommand):
    """Set all lessons of a journal in the cycle from a day on (C5); no entries: no lessons from then on."""

    name: ClassVar[str] = "schedule-journal"
    journal: Id
    starts: Day
    entries: Annotated[tuple[ScheduleEntryPart, ...], Field(max_length=ENTRIES_MAX)]

    def target(self, context: Context) -> Target:
        """Answer the timetable of the journal's year."""
        _, opened = known.journal(context, self.journal)
        return Target(timetable_stream(opened.year), Scope(kind="timetable", year=opened.year))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse lessons on days, in slots and rooms that are not there, and when the class is free."""
        _, opened = known.journal(context, self.journal)
        year = known.year(context, opened.year, "journal")
        known.in_year(year, self.starts, "starts")
        self._check_places(year, opened)
        self._check_working_days(context, year, opened)
        for room, index in {e.room: i for i, e in enumerate(self.entries) if e.room is not None}.items():
            known.check_room(context, room, f"entries.{index}.room")
        timetable = context.load(TimetableState, timetable_stream(opened.year))
        self.check_conflicts(timetable)
        entries = tuple(
            ScheduleEntry(cycle_day=e.cycle_day, slot=e.slot, room=e.room or "")
            for e in sorted(self.entries, key=lambda e: (e.cycle_day, e.slot))
        )
        schedules = timetable.schedules.get(self.journal, ())
        counting = schedule_on(schedules, self.starts)
        same = entries == (() if counting is None else counting.entries)
        if same and not any(schedule.starts > self.starts for schedule in schedules):
            return
        self._check_closed_periods(context, year, opened)
        yield JournalScheduled(journal=self.journal, starts=self.starts, entries=entries)

    def check_conflicts(self, timetable: TimetableState) -> None:  # noqa: ARG002 - what others have counts here
        """Raise a refusal that names every conflict (C5); so far only the journal's own second lesson in a slot.

        This is the place of the check of teachers, rooms, classes and pupils twice in one slot: `timetable` holds what
        all other journals of the year have, and from when on.
        """
        taken: set[tuple[int, int]] = set()
        for index, entry in enumerate(self.entries):
            if (entry.cycle_day, entry.slot) in taken:
                msg = f"cycle day {entry.cycle_day} has two lessons of this journal in slot {entry.slot}: leave one"
                raise SlotTwice(msg, field=f"entries.{index}.slot")
            taken.add((entry.cycle_day, entry.slot))

    def _check_places(self, year: YearState, opened: JournalOpened) -> None:
        cycle_days = 0 if year.data.cycle is None else len(year.data.cycle.days)
        for index, entry in enumerate(self.entries):
            if entry.cycle_day > cycle_days:
                msg = f"the year's cycle has {cycle_days} day(s): define the cycle first, or name one of its days"
                raise known.NoSuchCycleDay(msg, field=f"entries.{index}.cycle_day")
            if year.calendar.bell(opened.bells, entry.slot) is None:
                msg = f"the bell schedule {opened.bells!r} has no slot {entry.slot}: add it there, or choose another"
                raise SlotWithoutBell(msg, field=f"entries.{index}.slot")

    def _check_working_days(self, context: Context, year: YearState, opened: JournalOpened) -> None:
        """Classes of five days have the first five weekdays of the school's cycle (Sunday to Thursday is a week)."""
        cycle = year.data.cycle
        if cycle is None or cycle.kind != "weekly":
            return
        weekdays = list(dict.fromkeys(day.weekday for day in cycle.days))
        for class_id in opened.classes:
            formed = known.class_formed(context, class_id, "journal")
            worked = weekdays[: formed.week_days]
            for index, entry in enumerate(self.entries):
                day = cycle.days[entry.cycle_day - 1]
                if day.weekday not in worked:
                    msg = f"class {formed.name} has {formed.week_days} days a week, {day.name} is free: move the lesson"
                    raise ClassIsFreeThen(msg, field=f"entries.{index}.cycle_day")

    def _check_closed_periods(self, context: Context, year: YearState, opened: JournalOpened) -> None:
        for period in year.data.schemes.get(opened.scheme, ()):
            closed = year.is_closed(period.code, self.journal, context.now)
            if closed and self.starts <= period.last_day:
                msg = (
                    f"{period.name} is closed: let the schedule start after {period.last_day:%d.%m.%Y}, or reopen the "
                    "period for this journal"
                )
                raise ScheduleOfClosedPeriod(msg, field="starts")
