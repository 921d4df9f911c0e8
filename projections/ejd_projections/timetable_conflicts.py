"""The conflicts of a year's timetable, worked out when asked by the kernel's finder from what counts now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.conflict_facts import NOT_LESSONS, ClassMode, Picture, Seats, Taught
from ejd.kernel.conflict_words import ShownConflict, shown
from ejd.kernel.conflicts import Conflict
from ejd.kernel.due import Schedule
from ejd_projections.journal_catalogue import classes_by_name, find_journals, groups_by_name, loads_of
from ejd_projections.memberships import memberships_in
from ejd_projections.people import names
from ejd_projections.school_catalogue import Year, rooms_by_name
from ejd_projections.timetable import rules_for_timetables, schedules_of


def picture_of(
    c: sa.Connection, year: Year, changes: Mapping[str, tuple[Schedule, ...]] | None = None
) -> tuple[Picture, dict[str, str]]:
    """Answer what a year's conflicts come of, and names by id; `changes` are schedules that journals would have."""
    journals = find_journals(c, year=year.id)
    ids = [journal.id for journal in journals]
    schedules = {**schedules_of(c, ids), **(changes or {})}
    loads = loads_of(c, ids)
    groups = {row.stream: row for row in groups_by_name(c, year=year.id)}
    classes = classes_by_name(c, year=year.id)
    rooms = rooms_by_name(c)
    taught = {
        journal.id: Taught(
            journal=journal.id,
            subject=journal.subject,
            group=journal.group,
            group_kind=journal.group_kind,
            classes=tuple(journal.classes),
            grade=journal.grade,
            bells=journal.bells,
            counts=journal.group not in groups or groups[journal.group].kind not in NOT_LESSONS,
            schedules=schedules[journal.id],
            loads=loads.get(journal.id, ()),
        )
        for journal in journals
        if journal.id in schedules
    }
    places = {row.stream for row in classes} | {one.group for one in taught.values()}
    picture = Picture(
        calendar=calendar_from_json(year.calendar),
        taught=taught,
        classes={row.stream: ClassMode(row.grade, row.week_days) for row in classes},
        rooms={row.stream: Seats(row.capacity, row.kind) for row in rooms},
        pupils=memberships_in(c, places),
        rules=rules_for_timetables(c),
    )
    named = {journal.id: journal.name for journal in journals}
    named |= {row.stream: row.name for row in classes}
    named |= {row.stream: row.name for row in groups.values()}
    named |= {row.stream: row.name for row in rooms}
    return picture, named


def with_names(
    c: sa.Connection, conflicts: Sequence[Conflict], picture: Picture, named: Mapping[str, str]
) -> list[ShownConflict]:
    """Answer a page of conflicts as people read it, teachers by their names."""
    people = {conflict.what for conflict in conflicts if conflict.kind in {"teacher", "load"}} - {""}
    every = {**named, **names(c, people)}
    return [shown(conflict, picture, every) for conflict in conflicts]
