"""Changes of the timetable for several journals at once, checked and stored as a whole (C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from pydantic import Field

from ejd.kernel.command import Refusal, WrongState
from ejd.kernel.due import schedule_on
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import TimetableState
from ejd_commands import known
from ejd_commands.fields import Day, Id, Part, Slot
from ejd_commands.known import SetUpCommand
from ejd_commands.timetable import (
    ENTRIES_MAX,
    AcceptConflicts,
    CycleDayNumber,
    ScheduleEntryPart,
    SlotTwice,
    Wanted,
    scheduled,
    timetable_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ejd.kernel.command import Caused, Context, Target
    from ejd.kernel.due import Schedule

JOURNALS_MAX = 2_000
"""Journals of one change; the largest real file we know of has 741."""


class NotAChange(Refusal):
    """A journal's lessons are given either whole, or as what is moved, added and removed."""


class NoSuchEntry(Refusal):
    """The journal has no lesson there on the day from which the change counts."""


class LaterScheduleExists(WrongState):
    """The journal has another schedule later on, which a partial change would silently replace."""


class CellPart(Part):
    """A lesson that the journal has."""

    cycle_day: CycleDayNumber
    slot: Slot


class MovePart(Part):
    """A lesson that the journal has, and where it goes; it keeps its teachers, and its room unless one is named."""

    cycle_day: CycleDayNumber
    slot: Slot
    to_cycle_day: CycleDayNumber
    to_slot: Slot
    to_room: Id | None = None


Cells = Annotated[tuple[CellPart, ...], Field(max_length=ENTRIES_MAX)]
Moves = Annotated[tuple[MovePart, ...], Field(max_length=ENTRIES_MAX)]
Entries = Annotated[tuple[ScheduleEntryPart, ...], Field(max_length=ENTRIES_MAX)]


class JournalChangePart(Part):
    """All lessons of a journal (`entries`), or what of them is moved, added and removed."""

    journal: Id
    entries: Entries | None = None
    moves: Moves = ()
    added: Entries = ()
    removed: Cells = ()


class ChangeTimetable(SetUpCommand):
    """Change what journals have in the cycle from a day on, all together or not at all (C5): two lessons can swap.

    Conflicts that the school's rules call errors refuse it, all named at once, unless they are accepted. What it
    would do is answered before by `POST /api/v1/reports/timetable/preview`, which takes the same body.
    """

    name: ClassVar[str] = "change-timetable"
    year: Id
    starts: Day
    journals: Annotated[tuple[JournalChangePart, ...], Field(min_length=1, max_length=JOURNALS_MAX)]
    accept_conflicts: AcceptConflicts = None

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the timetable of the year."""
        return timetable_of(self.year)

    def decide(self, context: Context) -> Iterable[Caused]:
        """Refuse a journal twice, lessons that are not there, and conflicts of the whole."""
        known.in_year(known.year(context, self.year), self.starts, "starts")
        known.only_once((one.journal for one in self.journals), "journals")
        wanted = self._wanted(context)
        yield from scheduled(context, self.year, self.starts, wanted, accepted=bool(self.accept_conflicts))

    def _wanted(self, context: Context) -> Iterator[Wanted]:
        timetable = context.load(TimetableState, timetable_stream(self.year))
        for index, one in enumerate(self.journals):
            field = f"journals.{index}."
            partial = bool(one.moves or one.added or one.removed)
            if partial == (one.entries is not None):
                msg = "give the journal's entries, or what of them is moved, added or removed: just one of both"
                raise NotAChange(msg, field=f"{field}entries")
            if one.entries is not None:
                yield Wanted(one.journal, one.entries, field)
            else:
                schedules = timetable.schedules.get(one.journal, ())
                yield Wanted(one.journal, self._changed(one, schedules, field), field)

    def _changed(
        self, one: JournalChangePart, schedules: Sequence[Schedule], field: str
    ) -> tuple[ScheduleEntryPart, ...]:
        """Answer the lessons after a partial change: what leaves its place leaves first, so that lessons can swap."""
        later = next((schedule.starts for schedule in schedules if schedule.starts > self.starts), None)
        if later is not None:
            msg = (
                f"the journal has another schedule from {later:%d.%m.%Y} on, which this change would replace: give all "
                "entries of the journal, or let the change start later"
            )
            raise LaterScheduleExists(msg, field=f"{field}journal")
        counting = schedule_on(schedules, self.starts)
        has = {} if counting is None else {(e.cycle_day, e.slot): _Has(e.room, e.teachers) for e in counting.entries}
        for index, cell in enumerate(one.removed):
            _take(has, cell, f"{field}removed.{index}")
        new: list[tuple[str, tuple[int, int], _Has]] = []
        for index, move in enumerate(one.moves):
            old = _take(has, move, f"{field}moves.{index}")
            to = (move.to_cycle_day, move.to_slot)
            new.append(("moves", to, old._replace(room=move.to_room) if move.to_room else old))
        new += [("added", (e.cycle_day, e.slot), _Has(e.room or "", e.teachers or ())) for e in one.added]
        for where, place, lesson in new:
            if place in has:
                msg = f"cycle day {place[0]} has two lessons of this journal in slot {place[1]}: leave one"
                raise SlotTwice(msg, field=f"{field}{where}")
            has[place] = lesson
        return tuple(
            ScheduleEntryPart(cycle_day=day, slot=slot, room=lesson.room or None, teachers=lesson.teachers or None)
            for (day, slot), lesson in has.items()
        )


class _Has(NamedTuple):
    """Where a lesson is given, and by whom if it names them."""

    room: str
    teachers: tuple[str, ...]


def _take(has: dict[tuple[int, int], _Has], cell: CellPart | MovePart, field: str) -> _Has:
    """Take a lesson out of its place."""
    place = (cell.cycle_day, cell.slot)
    if place not in has:
        msg = f"the journal has no lesson on cycle day {place[0]} in slot {place[1]} then: name one that it has"
        raise NoSuchEntry(msg, field=field)
    return has.pop(place)
