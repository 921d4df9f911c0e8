"""What a change of the timetable is checked against: the journals, people and rooms that it can be in conflict with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.command import WrongState
from ejd.kernel.conflict_facts import NOT_LESSONS, ClassMode, Picture, Seats, Taught
from ejd.kernel.conflict_words import by_kind, shown
from ejd.kernel.conflicts import OF_PUPILS, find_conflicts
from ejd.kernel.ids import SCHOOL, timetable_stream
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import RoomState, SchoolState, TimetableState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from ejd.kernel.calendar import Calendar
    from ejd.kernel.command import Context
    from ejd.kernel.conflicts import Conflict
    from ejd.kernel.due import Schedule
    from ejd.kernel.states.people import Memberships

CONFLICTS_TOLD_MAX = 100
"""Conflicts that a refusal lists; all are counted."""


class TimetableHasConflicts(WrongState):
    """The timetable would have conflicts that the school's rules call errors."""


class Change(NamedTuple):
    """The schedules of some journals as they would be, checked from a day on."""

    year: str
    calendar: Calendar
    since: date
    schedules: Mapping[str, tuple[Schedule, ...]]


def check_conflicts(context: Context, change: Change, *, accepted: bool) -> dict[str, int]:
    """Answer how many errors each changed journal would be in; raises TimetableHasConflicts unless they are accepted.

    Warnings refuse nothing, so that they are not looked for: the report of conflicts has them.
    """
    rules = context.load(SchoolState, SCHOOL).timetable_rules
    picture = picture_of(context, change, rules.errors)
    found = find_conflicts(picture, since=change.since, changed=change.schedules, kinds=rules.errors)
    if found and not accepted:
        raise _refusal(context, picture, found)
    errors = dict.fromkeys(change.schedules, 0)
    for conflict in found:
        for journal in {lesson.journal for lesson in conflict.lessons} & errors.keys():
            errors[journal] += 1
    return errors


def _refusal(context: Context, picture: Picture, found: Sequence[Conflict]) -> TimetableHasConflicts:
    told = found[:CONFLICTS_TOLD_MAX]
    names = _names(context, picture, told)
    kinds = by_kind(found)
    listed = [shown(one, picture, names) for one in told]
    counted = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    refusal = TimetableHasConflicts(
        f"the timetable would have {len(found)} conflict(s) that the school's rules call errors ({counted}); the first:"
        f" {listed[0].says}. Change the lessons, or take the conflicts on with accept_conflicts",
        field="entries",
    )
    refusal.more = {
        "conflicts": [asdict(one) for one in listed],
        "conflicts_total": len(found),
        "conflicts_by_kind": kinds,
    }
    return refusal


def _names(context: Context, picture: Picture, told: Sequence[Conflict]) -> dict[str, str]:
    """Answer names of what is named in the clear; teachers are called by their ids, which reports resolve."""
    names: dict[str, str] = {}
    for conflict in told:
        for journal in {lesson.journal for lesson in conflict.lessons}:
            opened = context.load(JournalState, journal).opened
            names[journal] = "" if opened is None else opened.name
        if conflict.what in picture.rooms:
            names[conflict.what] = context.load(RoomState, conflict.what).name
        elif conflict.what in picture.classes:
            formed = context.load(ClassState, conflict.what).formed
            names[conflict.what] = "" if formed is None else formed.name
        elif conflict.kind == "group":
            group = context.load(GroupState, conflict.what).formed
            names[conflict.what] = "" if group is None else group.name
    return names


def picture_of(context: Context, change: Change, kinds: Collection[str]) -> Picture:
    """Answer what must be known to find conflicts of these kinds of the changed journals; what it reads is noted."""
    timetable = context.load(TimetableState, timetable_stream(change.year))
    schedules = {**timetable.schedules, **change.schedules}
    beside = timetable.schedules if "daily-limit" in kinds else _beside(change, timetable)
    taught = {
        journal: one
        for journal in dict.fromkeys((*change.schedules, *beside))
        if (one := _taught(context, journal, schedules[journal], "daily-limit" in kinds)) is not None
    }
    classes = {class_id for one in taught.values() for class_id in one.classes}
    rooms = {entry.room for journal in change.schedules for one in schedules[journal] for entry in one.entries}
    needs_pupils = not OF_PUPILS.isdisjoint(kinds)
    return Picture(
        calendar=change.calendar,
        taught=taught,
        classes=_modes(context, classes),
        rooms=_seats(context, rooms - {""}),
        pupils=_pupils(context, taught, change) if needs_pupils else {},
        rules=context.load(SchoolState, SCHOOL).timetable_rules,
    )


def _beside(change: Change, timetable: TimetableState) -> Iterable[str]:
    """Answer the journals with a lesson on a cycle day and at a time at which a changed journal has one."""
    cells = {(e.cycle_day, e.slot) for own in change.schedules.values() for one in own for e in one.entries}
    together = _overlapping(change.calendar)
    return {
        journal
        for day, slot in cells
        for other in {slot} | together.get(slot, set())
        for journal in timetable.taken.get((day, other), ())
    }


def _overlapping(calendar: Calendar) -> dict[int, set[int]]:
    """Answer for each slot those that overlap with it in some of the year's bell schedules."""
    bells = {bell for schedule in calendar.data.bells.values() for bell in schedule}
    found: dict[int, set[int]] = {}
    for one in bells:
        for other in bells:
            if one.starts < other.ends and other.starts < one.ends:
                found.setdefault(one.slot, set()).add(other.slot)
    return found


def _taught(context: Context, journal: str, schedules: tuple[Schedule, ...], by_group: bool) -> Taught | None:
    state = context.load(JournalState, journal)
    opened = state.opened
    if opened is None:  # its opening is void: what was scheduled for it is nobody's
        return None
    formed = context.load(GroupState, opened.group).formed if by_group and opened.group_kind == "group" else None
    return Taught(
        journal=journal,
        subject=opened.subject,
        group=opened.group,
        group_kind=opened.group_kind,
        classes=opened.classes,
        grade=opened.grade,
        bells=opened.bells,
        counts=formed is None or formed.kind not in NOT_LESSONS,
        schedules=schedules,
        loads=state.loads,
    )


def _modes(context: Context, classes: Iterable[str]) -> dict[str, ClassMode]:
    found = ((class_id, context.load(ClassState, class_id).formed) for class_id in classes)
    return {class_id: ClassMode(formed.grade, formed.week_days) for class_id, formed in found if formed is not None}


def _seats(context: Context, rooms: Iterable[str]) -> dict[str, Seats]:
    found = ((room, context.load(RoomState, room).defined) for room in rooms)
    return {room: Seats(defined.capacity, defined.kind) for room, defined in found if defined is not None}


def _pupils(context: Context, taught: Mapping[str, Taught], change: Change) -> dict[str, Memberships]:
    """Answer the memberships of who is ever in a changed journal."""
    places = {taught[journal].group for journal in change.schedules if journal in taught}

    def is_there(state: PupilState) -> bool:
        known = state.memberships
        return any(stay.where in places for stay in (*known.classes, *known.groups))

    return {pupil: state.memberships for pupil, state in context.load_all(PupilState, "pupil", is_there).items()}
