"""The timetable as schools print it: days and slots down, classes across; a cycle as it is planned, or a real week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.due import givers, schedule_on
from ejd_projections.journal_catalogue import ClassRow, Journal, Teacher, classes_by_name, teachers_of
from ejd_projections.lessons_due import PlacedLesson, placed_lessons
from ejd_projections.people import PersonRow, people_by_id, staff
from ejd_projections.school_catalogue import Year, rooms_by_name, subjects_by_name
from ejd_projections.timetable import schedules_of

WEEK_DAYS = 7


@dataclass(slots=True)
class GridClass:
    """A column."""

    id: str
    name: str


@dataclass(slots=True)
class GridEntry:
    """A lesson in a cell. `group_name` is "" for the whole class; `teachers` and `teacher_names` go together.

    `teacher_names` are short (Иванова И.И.), full where two of the staff would be called the same. What is not as
    planned is said: cancelled, moved, extra, substituted (another teacher or subject).
    """

    journal: str
    subject_name: str
    group_name: str
    teachers: list[str]
    teacher_names: list[str]
    room_name: str
    cancelled: bool = False
    moved: bool = False
    extra: bool = False
    substituted: bool = False


@dataclass(slots=True)
class GridCell:
    """What a class has in a slot; several entries are groups that are taught at the same time."""

    class_id: str
    entries: list[GridEntry]


@dataclass(slots=True)
class GridSlot:
    """A line of the table; cells without lessons are left out."""

    slot: int
    cells: list[GridCell]


@dataclass(slots=True)
class GridDay:
    """A block of lines. `date` is "" in a cycle; `weekday` 0 is Monday, None where the cycle has none."""

    date: str
    name: str
    cycle_day: int | None
    weekday: int | None
    week: int
    slots: list[GridSlot]


@dataclass(slots=True)
class TimetableGrid:
    """The table; `first` and `last` are the days of the week, or the day on which the cycle counts."""

    year: str
    year_name: str
    first: str
    last: str
    classes: list[GridClass]
    days: list[GridDay]


@dataclass(slots=True)
class _Placed:
    """A lesson before it has names."""

    journal: Journal
    slot: int
    room: str
    entry: GridEntry
    teachers: list[str] = field(default_factory=list)


def cycle_grid(
    c: sa.Connection, year: Year, journals: Sequence[Journal], *, day: str, class_id: str | None = None
) -> TimetableGrid:
    """Answer the timetable of a whole cycle as it counts on a day; days of the cycle without lessons have no slots."""
    cycle = calendar_from_json(year.calendar).data.cycle
    schedules = schedules_of(c, [one.id for one in journals])
    loads = teachers_of(c, [one.id for one in journals], first=day, last=day)
    placed: dict[int, list[_Placed]] = {}
    for journal in journals:
        schedule = schedule_on(schedules.get(journal.id, ()), date.fromisoformat(day))
        for one in schedule.entries if schedule else ():
            own = loads.get(journal.id, ())
            who = givers(one.teachers, {load.staff for load in own})
            found = _planned(journal, one.slot, one.room, [load for load in own if load.staff in who])
            placed.setdefault(one.cycle_day, []).append(found)
    _name(c, [one for own in placed.values() for one in own])
    classes = _classes(c, year, journals, class_id)
    return TimetableGrid(
        year=year.id,
        year_name=year.name,
        first=day,
        last=day,
        classes=[GridClass(row.stream, row.name) for row in classes],
        days=[
            GridDay("", one.name, number, one.weekday, one.week, _slots(placed.get(number, ()), classes))
            for number, one in enumerate(cycle.days if cycle else (), start=1)
        ],
    )


def week_grid(
    c: sa.Connection, year: Year, journals: Sequence[Journal], *, day: str, class_id: str | None = None
) -> TimetableGrid:
    """Answer what really takes place in the week of a day, Monday to Sunday, with everything that was changed."""
    monday = date.fromisoformat(day) - timedelta(days=date.fromisoformat(day).weekday())
    days = [(monday + timedelta(days=number)).isoformat() for number in range(WEEK_DAYS)]
    by_id = {one.id: one for one in journals}
    loads = teachers_of(c, list(by_id), first=days[0], last=days[-1])
    placed: dict[str, list[_Placed]] = {}
    for one in placed_lessons(c, journals, first=days[0], last=days[-1]):
        found = _real(by_id[one.journal], one, loads.get(one.journal, ()))
        placed.setdefault(one.placed_date, []).append(found)
    every = [one for own in placed.values() for one in own]
    _name(c, every)
    classes = _classes(c, year, journals, class_id)
    calendar = calendar_from_json(year.calendar)
    grades = Counter(one.grade for one in journals)
    grade = grades.most_common(1)[0][0] if grades else 0
    return TimetableGrid(
        year=year.id,
        year_name=year.name,
        first=days[0],
        last=days[-1],
        classes=[GridClass(row.stream, row.name) for row in classes],
        days=[
            GridDay(
                date=one,
                name="",
                cycle_day=calendar.cycle_day(date.fromisoformat(one), grade, [class_id] if class_id else ()),
                weekday=number,
                week=1,
                slots=_slots(placed.get(one, ()), classes),
            )
            for number, one in enumerate(days)
        ],
    )


def _planned(journal: Journal, slot: int, room: str, loads: Iterable[Teacher]) -> _Placed:
    entry = GridEntry(journal.id, journal.subject_name, _group(journal), [], [], "")
    return _Placed(journal, slot, room, entry, [one.staff for one in loads])


def _real(journal: Journal, one: PlacedLesson, loads: Iterable[Teacher]) -> _Placed:
    found = _planned(journal, one.placed_slot, one.room, ())
    found.teachers = list(one.given_by(loads))
    record, entry = one.record, found.entry
    if record is not None:
        entry.cancelled, entry.moved, entry.extra = record.cancelled, record.moved, record.extra
        entry.substituted = bool(record.substitute or record.substitute_subject)
        entry.subject_name = record.substitute_subject or entry.subject_name
    return found


def _group(journal: Journal) -> str:
    return journal.group_name if journal.group_kind == "group" else ""


def _name(c: sa.Connection, placed: Sequence[_Placed]) -> None:
    """Put names where ids are: of teachers, rooms, and subjects that were taught instead."""
    people = people_by_id(c, {person for one in placed for person in one.teachers})
    short = _short(people | {row.stream: row for row in staff(c)})
    room_ids = {one.room for one in placed} - {""}
    rooms = {row.stream: row.name for row in rooms_by_name(c, ids=room_ids)} if room_ids else {}
    instead = {one.entry.subject_name for one in placed if one.entry.substituted}
    subjects = {row.stream: row.name for row in subjects_by_name(c, ids=instead)} if instead else {}
    for one in placed:
        one.entry.teachers = list(dict.fromkeys(one.teachers))
        one.entry.teacher_names = [short.get(person, "") for person in one.entry.teachers]
        one.entry.room_name = rooms.get(one.room, "")
        one.entry.subject_name = subjects.get(one.entry.subject_name, one.entry.subject_name)


def _short(people: dict[str, PersonRow]) -> dict[str, str]:
    """Answer short names, full ones for those whom the short name would not tell apart."""
    alike = Counter(row.named.short() for row in people.values())
    return {
        person: row.named.short() if row.family and alike[row.named.short()] == 1 else row.full()
        for person, row in people.items()
    }


def _classes(c: sa.Connection, year: Year, journals: Collection[Journal], class_id: str | None) -> list[ClassRow]:
    """Answer the columns: the class asked for, or all classes that the journals have pupils from."""
    named = {one for journal in journals for one in journal.classes} if class_id is None else {class_id}
    return [row for row in classes_by_name(c, year=year.id) if row.stream in named]


def _slots(placed: Collection[_Placed], classes: Sequence[ClassRow]) -> list[GridSlot]:
    """Answer the lines up to the last lesson of the day, from the first slot on."""
    if not placed:
        return []
    found = []
    for slot in range(1, max(one.slot for one in placed) + 1):
        here = [one for one in placed if one.slot == slot]
        cells = []
        for row in classes:
            own = [one for one in here if row.stream in one.journal.classes]
            own.sort(key=lambda one: (one.entry.subject_name, one.entry.group_name, one.entry.journal))
            if own:
                cells.append(GridCell(row.stream, [one.entry for one in own]))
        found.append(GridSlot(slot, cells))
    return found
