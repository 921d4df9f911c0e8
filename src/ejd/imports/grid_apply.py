"""A timetable grid is compared with the school's timetable, and brought in when told.

Nothing but lessons, journals of classes and loads come of it: classes, groups, teachers, subjects and rooms are those
of the school. What is not understood is refused with its place; what is not refused is brought in, all or nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from ejd.imports.grid_file import GridCell, read_grid
from ejd.imports.grid_names import GridNames, Meaning, NotUnderstood, entries_of
from ejd.imports.ground import Ground, SchoolAccess, Step
from ejd.imports.identity import Source
from ejd.imports.rehearsal import Rehearsal
from ejd.imports.roster_file import Refused, refused
from ejd.imports.roster_ground import RosterGround, class_key
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.workbook import read_workbook
from ejd.kernel.command import Actor
from ejd.kernel.due import schedule_on
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import RoomState, TimetableState, YearState
from ejd.kernel.states.teaching import ClassState, JournalState
from ejd_commands.journals import AssignTeacher, OpenJournal
from ejd_commands.timetable import ScheduleEntryPart, ScheduleJournal

__all__ = ["GridPlan", "rehearse_grid"]

Fits = Callable[[str, Sequence[str]], bool]
"""Says whether a journal's class or group, with its classes, is meant."""
WEEKDAYS: Final = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")


class _Lesson(NamedTuple):
    """One lesson of one class, or one group of it, at its place in the cycle."""

    cell: GridCell
    class_id: str
    cycle_day: int
    meaning: Meaning
    alone: bool
    """Nobody else of the class is taught at the time."""


class RehearsedGrid(NamedTuple):
    """A grid as it would come in."""

    plan: "GridPlan"
    rehearsal: Rehearsal


def rehearse_grid(  # noqa: PLR0913 - what a file is imported as
    school: SchoolAccess,
    content: bytes,
    file_name: str,
    source: Source,
    actor: Actor,
    *,
    year_name: str,
    starts: date | None,
    accept_conflicts: bool,
    at: int | None = None,
) -> RehearsedGrid:
    """Play a workbook through without storing anything; raises ImportRefused."""
    plan = GridPlan(school, source, year_name, starts)
    file = read_grid(read_workbook(content, file_name), list(plan.class_names.values()))
    steps = list(plan.steps(file.cells, list(file.refusals)))
    ground = Ground(school.states, source)
    rehearsal = Rehearsal(ground.states, ground, actor, school.clock() if at is None else at)
    for step in steps:
        rehearsal.take(step)
    rehearsal.finish(plan.teacher_names, accept_conflicts=accept_conflicts)
    return RehearsedGrid(plan, rehearsal)


class GridPlan:
    """What the cells come to in the school as it is now."""

    def __init__(self, school: SchoolAccess, source: Source, year_name: str, starts: date | None) -> None:
        states = school.states
        self._source, self._ground = source, RosterGround(states, school.vault, source)
        wanted = " ".join(year_name.split()).casefold()
        years = {stream: one.data for stream, one in self._ground.all("year", YearState)}
        self.year = next((stream for stream, one in years.items() if one.name.casefold() == wanted), "")
        if not self.year:
            names = ", ".join(one.name for one in years.values()) or "none yet"
            raise ImportRefused(f"There is no academic year {shown(year_name)} here: the school has {shown(names)}.")
        data = years[self.year]
        if data.first_day is None or data.last_day is None or data.cycle is None or data.cycle.kind != "weekly":
            raise ImportRefused(f"The year {shown(data.name)} has no cycle of weekdays: define it first.")
        self.starts = starts or data.first_day
        if not data.first_day <= self.starts <= data.last_day:
            raise ImportRefused(f"{self.starts:%d.%m.%Y} is outside the year {shown(data.name)}: choose a day of it.")
        self._days = {(one.weekday, one.week): number for number, one in enumerate(data.cycle.days, start=1)}
        self._weeks, self._cycle = data.cycle.weeks, data.cycle.days
        rooms = [
            (entry.stream, states.fresh(RoomState, entry.stream)) for entry in states.store.directory(kinds=["room"])
        ]
        self._rooms = {stream: room.name for stream, room in rooms}
        self._names = GridNames(self._ground, rooms, self.year)
        formed = [(stream, one.formed) for stream, one in self._ground.all("class", ClassState)]
        self.class_names = {stream: one.name for stream, one in formed if one is not None and one.year == self.year}
        self._by_key = {class_key(name): stream for stream, name in self.class_names.items()}
        opened = [(stream, one) for stream, one in self._ground.all("journal", JournalState)]
        self._journals = {s: one for s, one in opened if one.opened is not None and one.opened.year == self.year}
        self.teacher_names = {one.stream: one.name.full() for one in self._ground.persons.values()}
        timetable = states.fresh(TimetableState, timetable_stream(self.year))
        self._schedules = timetable.schedules
        self.refusals: list[Refused] = []
        self.differences: list[str] = []
        self.notes: list[str] = []
        self.lessons = 0

    def steps(self, cells: Sequence[GridCell], refusals: list[Refused]) -> Iterator[Step]:
        """Yield what the cells come to; `refusals` and `differences` are complete afterwards."""
        self.refusals = refusals
        lessons = [lesson for cell in cells for lesson in self._read(cell)]
        wanted: defaultdict[str, dict[tuple[int, int], str]] = defaultdict(dict)
        teachers: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        new: dict[str, Step] = {}
        for together in self._together(lessons):
            try:
                journal = self._journal(together, new)
            except NotUnderstood as error:
                self._refuse(together, str(error))
                continue
            first = together[0]
            place = (first.cycle_day, first.cell.slot)
            if wanted[journal].get(place, first.meaning.room) != first.meaning.room:
                self._refuse(together, "this lesson stands here twice, in two rooms")
                continue
            wanted[journal][place] = first.meaning.room
            for staff in first.meaning.teachers:
                teachers[journal][staff] += 1
        self.lessons = sum(map(len, wanted.values()))
        yield from new.values()
        for journal, by_staff in teachers.items():
            yield from self._loads(journal, by_staff)
        self._differ(wanted)
        for journal, places in wanted.items():
            entries = tuple(
                ScheduleEntryPart(cycle_day=day, slot=slot, room=room or None) for (day, slot), room in places.items()
            )
            yield Step(self._title(journal), ScheduleJournal(journal=journal, starts=self.starts, entries=entries))

    def _read(self, cell: GridCell) -> Iterator[_Lesson]:
        entries = entries_of(cell.lines)
        number = self._days.get((cell.weekday, cell.week))
        for lines in entries:
            if number is None:
                reason = "the school's cycle does not have this day, or this week"
                self.refusals.append(refused(cell.at, reason, cell.column, " ".join(lines)))
                continue
            try:
                meaning = self._names.meaning(lines)
            except NotUnderstood as error:
                self.refusals.append(refused(cell.at, str(error), cell.column, " ".join(lines)))
            else:
                class_id = self._by_key[class_key(cell.class_name)]
                yield _Lesson(cell, class_id, number, meaning, len(entries) == 1)

    def _together(self, lessons: Sequence[_Lesson]) -> Iterator[list[_Lesson]]:
        """Yield lessons that are one: the same at the same time in several classes, with a teacher or in a group."""
        found: defaultdict[tuple[object, ...], list[_Lesson]] = defaultdict(list)
        for place, lesson in enumerate(lessons):
            meaning = lesson.meaning
            own: tuple[object, ...] = () if meaning.teachers or meaning.group else (place,)
            found[lesson.cycle_day, lesson.cell.slot, meaning, *own].append(lesson)
        yield from found.values()

    def _journal(self, together: Sequence[_Lesson], new: dict[str, Step]) -> str:
        """Answer the one journal that the lessons are of; raises NotUnderstood where that cannot be told."""
        meaning, classes = together[0].meaning, {one.class_id for one in together}
        if not meaning.group and len(classes) == 1 and together[0].alone:
            (class_id,) = classes
            own = self._of(meaning, "class", lambda group, _classes: group == class_id)
            own = own or self._taught(meaning, classes)
            if len(own) > 1:
                raise NotUnderstood("several journals could be meant: write the group in brackets after the subject")
            return own[0] if own else self._opened(meaning.subject, class_id, new)
        if meaning.group:
            found = self._of(meaning, "group", lambda group, _classes: group == meaning.group)
        else:
            found = self._taught(meaning, classes)
        if not found:
            raise NotUnderstood("no group here has a journal of this subject with this teacher: form it, or name it")
        if len(found) > 1:
            raise NotUnderstood("several groups here have this subject with this teacher: write the group in brackets")
        return found[0]

    def _of(self, meaning: Meaning, kind: str, fits: Fits) -> list[str]:
        return [
            stream
            for stream, one in self._journals.items()
            if one.opened is not None
            and (one.opened.subject, one.opened.group_kind) == (meaning.subject, kind)
            and fits(one.opened.group, one.opened.classes)
        ]

    def _taught(self, meaning: Meaning, classes: set[str]) -> list[str]:
        """Answer the journals of groups with pupils of these classes that one of the teachers has in the load."""
        found = self._of(meaning, "group", lambda _group, own: classes <= set(own))
        taught = [one for one in found if self._journals[one].teachers_on(self.starts) & set(meaning.teachers)]
        exact = [one for one in taught if set(self._classes(one)) == classes]
        return exact or taught

    def _classes(self, journal: str) -> tuple[str, ...]:
        opened = self._journals[journal].opened
        return () if opened is None else opened.classes

    def _opened(self, subject: str, class_id: str, new: dict[str, Step]) -> str:
        journal = self._source.entity("journal", subject, class_id)
        if journal not in new:
            command = OpenJournal(journal=journal, subject=subject, group=class_id, group_kind="class")
            new[journal] = Step(f"A new journal of {self.class_names[class_id]}", command)
            self.differences.append(f"added: a journal of {self.class_names[class_id]}")
        return journal

    def _loads(self, journal: str, by_staff: Mapping[str, int]) -> Iterator[Step]:
        known = self._journals.get(journal)
        have = frozenset() if known is None else known.teachers_on(self.starts)
        for staff, lessons in by_staff.items():
            if staff not in have:
                hours = -(-lessons // self._weeks)
                self.differences.append(f"added: {self.teacher_names.get(staff, '')} teaches {self._title(journal)}")
                command = AssignTeacher(journal=journal, staff=staff, starts=self.starts, hours_per_week=hours)
                yield Step(f"{self._title(journal)}, a teacher", command)

    def _differ(self, wanted: Mapping[str, Mapping[tuple[int, int], str]]) -> None:
        """Tell what becomes of each journal's lessons, and which journals with lessons the file leaves as they are."""
        left = 0
        for journal, schedules in self._schedules.items():
            schedule = schedule_on(schedules, self.starts)
            left += journal not in wanted and bool(schedule and schedule.entries)
        if left:
            self.notes.append(f"Journals with lessons that the file does not name, and that stay as they are: {left}.")
        for journal, places in wanted.items():
            schedule = schedule_on(self._schedules.get(journal, ()), self.starts)
            before = {(one.cycle_day, one.slot): one.room for one in (schedule.entries if schedule else ())}
            for place in sorted(before.keys() | places.keys()):
                old, now = before.get(place), places.get(place)
                if old != now:
                    word = "added" if old is None else "ended" if now is None else "changed"
                    room = self._rooms.get(now or old or "", "")
                    self.differences.append(f"{word}: {self._title(journal)}, {self._place(place)} {room}".rstrip())

    def _place(self, place: tuple[int, int]) -> str:
        day = self._cycle[place[0] - 1]
        name = day.name if day.weekday is None else WEEKDAYS[day.weekday]
        return f"{name}{f' ({day.week})' if self._weeks > 1 else ''} {place[1]}"

    def _title(self, journal: str) -> str:
        known = self._journals.get(journal)
        return known.opened.name if known is not None and known.opened is not None else "the new journal"

    def _refuse(self, together: Sequence[_Lesson], reason: str) -> None:
        for one in together:
            text = " ".join(one.cell.lines)
            self.refusals.append(refused(one.cell.at, reason, one.cell.column, text))
