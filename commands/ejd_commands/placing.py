"""What takes place in a slot, as a decision sees it: the timetable, the day's list of changes, its own changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Strict

from ejd.kernel.command import Elsewhere, WrongState
from ejd.kernel.due import givers, is_due, schedule_on
from ejd.kernel.envelope import Scope
from ejd.kernel.events.days import LessonListed
from ejd.kernel.ids import SCHOOL, day_stream, timetable_stream
from ejd.kernel.placements import EVERYTHING, Placement, attending, clashes, in_words
from ejd.kernel.states.days import DayState, Planned
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import SchoolState, TimetableState, YearState
from ejd.kernel.states.teaching import GroupState, JournalState
from ejd_commands.fields import GRADE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.due import Schedule
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.journals import JournalOpened
    from ejd.kernel.events.timetable import ScheduleEntry, TimetableRules
    from ejd.kernel.placements import Clash, Needed
    from ejd_commands.lesson_base import LessonCommand

AcceptClashes = Annotated[
    bool | None,
    Strict(),
    Field(
        description="True: do it in spite of clashes that are errors; how many is kept with it, and reports show it."
    ),
]

AS_PLANNED = LessonState()
"""Nothing is recorded of the lesson."""


class SlotIsTaken(WrongState):
    """Teacher, room or pupils have another lesson there."""


class TeacherIsNeededElsewhere(WrongState):
    """The substitute has other lessons in that slot."""


class NothingToMergeWith(WrongState):
    """The substitute gives no lesson of the other journal in that slot."""


class Board:
    """Looks at each slot once; a command that changes several lessons puts each change on it before the next one."""

    def __init__(self, context: Context) -> None:
        """Look at nothing yet."""
        self._context = context
        self._slots: dict[tuple[str, date, int], list[Placement]] = {}
        self._changed: dict[str, Placement | None] = {}

    def beside(self, placed: Placement) -> list[Placement]:
        """Answer the lessons of its academic year that take place where and when a lesson is put, itself left out."""
        key = (placed.year, placed.day, placed.slot)
        if key not in self._slots:
            self._slots[key] = [*self._by_timetable(*key), *self._by_list(*key)]
        there = [one for one in self._slots[key] if one.lesson not in self._changed]
        there += [one for one in self._changed.values() if one is not None and (one.year, one.day, one.slot) == key]
        return [one for one in there if one.lesson != placed.lesson]

    def put(self, lesson: str, placement: Placement | None) -> None:
        """Take in what this command does to a lesson; None: it does not take place."""
        self._changed[lesson] = placement

    def placement(self, planned: Planned, opened: JournalOpened, state: LessonState) -> Placement:
        """Answer where a lesson takes place and what it needs there, whether or not it is cancelled."""
        day, slot = state.placement or (planned.day, planned.slot)
        entry = self._entry(planned, opened)
        instead = state.substitution
        if instead is not None and (instead.teacher or instead.self_study):
            teachers = frozenset({instead.teacher} - {""})
        else:
            there = self._context.load(JournalState, planned.journal).teachers_on(day)
            teachers = givers(entry.teachers if entry is not None else (), there)
        return Placement(
            lesson=planned.lesson,
            journal=planned.journal,
            name=opened.name,
            year=opened.year,
            day=day,
            slot=slot,
            teachers=teachers,
            room=state.room or (entry.room if entry is not None else ""),
            attending=attending(opened, self._kind(opened)),
            merged_with=instead.merged_journal if instead is not None else "",
            changed=state is not AS_PLANNED,
        )

    def _kind(self, opened: JournalOpened) -> str:
        if opened.group_kind == "class":
            return "class"
        formed = self._context.load(GroupState, opened.group).formed
        return "" if formed is None else formed.kind

    def _schedules(self, journal: str, year: str) -> Sequence[Schedule]:
        return self._context.load(TimetableState, timetable_stream(year)).schedules.get(journal, ())

    def _due(self, planned: Planned, opened: JournalOpened) -> Schedule | None:
        if planned.ordinal > 1:
            return None
        calendar = self._context.load(YearState, opened.year).calendar
        schedules = self._schedules(planned.journal, opened.year)
        return is_due(calendar, opened.grade, schedules, planned.day, planned.slot, classes=opened.classes)

    def _entry(self, planned: Planned, opened: JournalOpened) -> ScheduleEntry | None:
        """Answer the line of the timetable that the lesson comes from."""
        schedule = self._due(planned, opened)
        if schedule is None:
            return None
        calendar = self._context.load(YearState, opened.year).calendar
        cycle_day = calendar.cycle_day(planned.day, opened.grade, opened.classes)
        return next(entry for entry in schedule.entries if (entry.cycle_day, entry.slot) == (cycle_day, planned.slot))

    def with_pupils(self, placed: Placement) -> Placement:
        """Answer a placement with the pupils who belong in the lesson on its day."""
        group = (placed.attending.place, "class" if placed.attending.kind == "class" else "group")

        def is_there(state: PupilState) -> bool:
            return state.memberships.member_of(*group, placed.journal, placed.day) is not None

        pupils = frozenset(self._context.load_all(PupilState, "pupil", is_there))
        return placed._replace(attending=placed.attending._replace(pupils=pupils))

    @property
    def rules(self) -> TimetableRules:
        """The school's rules: which clashes are errors, which rooms several lessons may use at once."""
        return self._context.load(SchoolState, SCHOOL).timetable_rules

    def errors(self, placed: Placement, found: Iterable[Clash]) -> list[Clash]:
        """Answer what of clashes the school's rules call errors; warnings refuse nothing."""
        kinds = self.rules.errors
        return [one for clash in found if (one := clash.among(placed, kinds)) is not None]

    def _by_timetable(self, year: str, day: date, slot: int) -> Iterator[Placement]:
        """Answer the lessons of the timetable of which nothing says that they are elsewhere, or otherwise."""
        calendar = self._context.load(YearState, year).calendar
        # By grade: a break of single classes takes a day away, which _due sees, and never makes it another one.
        cycle_days = {calendar.cycle_day(day, grade) for grade in range(GRADE_MAX + 1)}
        listed = self._context.load(DayState, day_stream(day)).listed
        for journal, schedules in self._context.load(TimetableState, timetable_stream(year)).schedules.items():
            schedule = schedule_on(schedules, day)
            if schedule is None or not any(e.slot == slot and e.cycle_day in cycle_days for e in schedule.entries):
                continue
            planned = Planned(journal, day, slot, 1)
            opened = self._context.load(JournalState, journal).opened
            if planned.lesson not in listed and opened is not None and self._due(planned, opened) is not None:
                yield self.placement(planned, opened, AS_PLANNED)

    def _by_list(self, year: str, day: date, slot: int) -> Iterator[Placement]:
        """Answer the lessons on the day's list that take place in the slot after all that was done to them."""
        listed = self._context.load(DayState, day_stream(day)).listed
        states = self._context.load_many(LessonState, list(listed))
        for planned, state in zip(listed.values(), states, strict=True):
            opened = self._context.load(JournalState, planned.journal).opened
            there = (state.placement or (planned.day, planned.slot)) == (day, slot)
            if state.cancelled or not there or opened is None or opened.year != year:
                continue
            if state.extra or state.held or self._due(planned, opened) is not None:
                yield self.placement(planned, opened, state)


def check_free(  # noqa: PLR0913 - what is looked at, and beside what
    placed: Placement,
    board: Board,
    field: str,
    *,
    accepted: bool | None,
    needs: Sequence[Needed] = EVERYTHING,
    aside: bool = False,
    back: bool = False,
) -> int:
    """Answer how many clashes are accepted; else raise SlotIsTaken, which names every lesson, and over what.

    `aside`: the journal's own lesson does not count. `back`: it was there before, so that only changes count.
    """
    there = [one for one in board.beside(placed) if one.changed or not back]
    if any(placed.attending.may_meet(one.attending) for one in there):
        placed = board.with_pupils(placed)
        there = [board.with_pupils(one) if placed.attending.may_meet(one.attending) else one for one in there]
    if placed.room in board.rules.shared_rooms:
        placed = placed._replace(room="")
    found = board.errors(placed, clashes(placed, there, needs=needs, aside=aside))
    if found and not accepted:
        msg = (
            f"on {placed.day:%d.%m.%Y} in slot {placed.slot} this lesson would clash with {in_words(found)}: choose "
            "another slot or room, move or cancel those lessons first, or take the clashes on with accept_conflicts"
        )
        raise SlotIsTaken(msg, field=field)
    return len(found)


def check_teacher(placed: Placement, board: Board, *, accepted: bool | None, back: bool) -> int:
    """Answer how many clashes are accepted; else raise TeacherIsNeededElsewhere, which names every other lesson.

    Raises NothingToMergeWith too, which is no clash.
    `back`: the lesson's own teacher gives it after all, so that only changes count.
    """
    there = board.beside(placed)
    if placed.merged_with and not any(_hosts(one, placed) for one in there):
        msg = (
            f"this teacher gives no lesson of the other journal on {placed.day:%d.%m.%Y} in slot {placed.slot}, or "
            "gives it merged with a third one: name the journal whose lesson takes place then, and its teacher"
        )
        raise NothingToMergeWith(msg, field="merged_journal")
    others = [one for one in there if one.changed or not back]
    found = board.errors(placed, clashes(placed, others, needs=("teacher",)))
    if found and not accepted:
        msg = (
            f"on {placed.day:%d.%m.%Y} in slot {placed.slot} this teacher has {in_words(found)}: choose another, "
            "merge the groups, or take the clashes on with accept_conflicts"
        )
        raise TeacherIsNeededElsewhere(msg, field="teacher")
    return len(found)


def _hosts(other: Placement, placed: Placement) -> bool:
    common = not placed.teachers.isdisjoint(other.teachers)
    return common and other.journal == placed.merged_with and not other.merged_with


def planned_by(command: LessonCommand) -> Planned:
    """Answer the identity of a command's lesson."""
    return Planned(command.journal, command.day, command.slot, command.ordinal)


def listed(command: LessonCommand, *days: date, refs: tuple[Ref, ...] = ()) -> Iterator[Elsewhere]:
    """Answer the events that put a lesson on the lists of its planned day and of the days on which it takes place."""
    for day in sorted({command.day, *days}):
        event = LessonListed(day=day, **command.identity)
        yield Elsewhere(event, day_stream(day), Scope(kind="day", date=day), refs)
