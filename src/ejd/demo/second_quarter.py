"""The timetable of the second quarter: two lessons of one class change places, in one change of both journals."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from ejd.demo.calendar import QUARTERS
from ejd_commands.timetable_changes import ChangeTimetable, JournalChangePart, MovePart

if TYPE_CHECKING:
    from ejd.demo.roster import Journal, Place, Roster

STARTS = QUARTERS[1][2]
"""After the days that the demonstration tells of."""


def second_quarter(roster: Roster) -> ChangeTimetable:
    """Answer the first swap for which both teachers are free; the search for a timetable has left many.

    In classes without individual teaching: there somebody has lessons of the own while the class has others.
    """
    apart = {one.id for group in roster.groups if group.kind == "individual" for one in group.classes}
    own = [j for j in roster.journals if j.group is None and j.ends is None and j.classes[0].id not in apart]
    busy: dict[str, set[Place]] = {}
    for journal in roster.journals:
        for teacher in {journal.taught_by.id, journal.teacher_on(STARTS).id}:
            busy.setdefault(teacher, set()).update(journal.places)
    swaps = (
        (one, other, place, to)
        for one, other in permutations(own, 2)
        if one.classes == other.classes and one.teacher_on(STARTS) is not other.teacher_on(STARTS)
        for place in one.places
        for to in other.places
        if to not in busy[one.teacher_on(STARTS).id] and place not in busy[other.teacher_on(STARTS).id]
    )
    one, other, place, to = next(swaps)
    journals = (_moved(one, place, to), _moved(other, to, place))
    return ChangeTimetable(year=roster.year, starts=STARTS, journals=journals)


def _moved(journal: Journal, place: Place, to: Place) -> JournalChangePart:
    move = MovePart(cycle_day=place.day, slot=place.slot, to_cycle_day=to.day, to_slot=to.slot)
    return JournalChangePart(journal=journal.id, moves=(move,))
