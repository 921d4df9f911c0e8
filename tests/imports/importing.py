"""Schools that files are imported into, and what then stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ejd.app import School, initialise, open_school, system_clock
from ejd.founding import IMPORTER, Founding, Head, cli_actor, found
from ejd.handling.handler import Request
from ejd.handling.states import States
from ejd.imports.apply import ImportReport, import_timetable
from ejd.imports.timetable_file import TimetableFile
from ejd.kernel.calendar import Calendar
from ejd.kernel.command import Command
from ejd.kernel.due import Occurrence, occurrences
from ejd.kernel.envelope import Answer
from ejd.kernel.events import CATALOGUE
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.people import PupilState, Stay
from ejd.kernel.states.school import RoomState, SubjectState, TimetableState, YearState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import Clock, settings_of

FIRST_DAY, LAST_DAY = date(2026, 9, 1), date(2027, 5, 28)
AUGUST = datetime(2026, 8, 24, 9, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Answer microseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@contextmanager
def empty_school(
    folder: Path, postgres: PostgresDatabase | None = None, *, clock: Clock | None = None
) -> Iterator[School]:
    """A school with its head and nobody else, in August 2026: simulated, or a real one with a clock of the test."""
    settings = settings_of("sqlite" if postgres is None else "postgres", folder, postgres)
    initialise(settings)
    school = open_school(settings, clock=clock or system_clock)
    try:
        at = micros(AUGUST) if clock is None else None
        founding = Founding(name="Школа № 7", simulated=clock is None, head=Head("Громова", "Галина"), at=at)
        found(school.handler, founding, clock=school.clock)
        yield school
    finally:
        school.close()


def bring(school: School, file: TimetableFile, **options: Any) -> ImportReport:
    """Import a file for 2026/27 as the importer, in August unless said otherwise."""
    given: dict[str, Any] = {
        "actor": cli_actor(IMPORTER),
        "year_name": "2026/27",
        "first_day": FIRST_DAY,
        "last_day": LAST_DAY,
        "at": micros(AUGUST),
    }
    return import_timetable(school, file, **{**given, **options})


def by_hand(school: School, command: Command, *, at: datetime | None = AUGUST, account: str = IMPORTER) -> Answer:
    """Send one command as a person at the machine; without a time by the school's own clock."""
    number = school.store.last_position()
    request = Request(command, uid(f"by hand {number} {command.name}"))
    return school.handler.handle([request], cli_actor(account), at=None if at is None else micros(at))


def events_after(school: School, position: int) -> list[str]:
    """Answer the stored names of the events above a position."""
    return [each.name for each in school.store.read_page(position, 10_000)]


class Due(NamedTuple):
    """A due lesson in words: subject, class (nothing for a teaching group), day of the cycle, slot, room."""

    subject: str
    class_name: str
    day: int
    slot: int
    room: str


class Found:
    """What stands in a school's store after an import, by the names that a reader sees."""

    def __init__(self, school: School, year: str) -> None:
        """Fold from the store, not from what the import left in memory."""
        self.school = school
        self.states = States(school.store, CATALOGUE)
        self.year = self.states.load(YearState, year)
        self.timetable = self.states.load(TimetableState, timetable_stream(year))

    @property
    def calendar(self) -> Calendar:
        """The calendar of the year."""
        return self.year.calendar

    def streams(self, kind: str) -> list[str]:
        """Answer the streams of one kind."""
        return [entry.stream for entry in self.school.store.directory(kinds=[kind])]

    def journals(self) -> dict[str, JournalState]:
        """Answer all journals by id."""
        return {stream: self.states.load(JournalState, stream) for stream in self.streams("journal")}

    def journal(self, name: str) -> str:
        """Answer the id of the one journal of a name."""
        (found,) = [stream for stream, state in self.journals().items() if state.opened and state.opened.name == name]
        return found

    def groups(self) -> dict[str, str]:
        """Answer the names of groups by id."""
        named = {stream: self.states.load(GroupState, stream).formed for stream in self.streams("group")}
        return {stream: formed.name for stream, formed in named.items() if formed is not None}

    def members(self, group_name: str) -> list[Stay]:
        """Answer all stays in the one group of a name, pupil by pupil."""
        (group,) = [stream for stream, name in self.groups().items() if name == group_name]
        states = [self.states.load(PupilState, stream) for stream in self.streams("pupil")]
        return [stay for state in states for stay in state.memberships.groups if stay.where == group]

    def turn(self, after: date = date(2026, 10, 1)) -> tuple[date, date]:
        """Answer the first and last day of one turn of the cycle."""
        cycle = self.year.data.cycle
        assert cycle is not None
        first = next(day for day in self.calendar.days() if day > after and self.calendar.cycle_day(day, 0) == 1)
        if cycle.kind == "weekly":
            return first, first + timedelta(days=7 * cycle.weeks - 1)
        last = next(
            day for day in self.calendar.days() if day > first and self.calendar.cycle_day(day, 0) == len(cycle.days)
        )
        return first, last

    def due_lessons(self, first: date, last: date) -> list[Occurrence]:
        """Answer the due lessons of all journals between two days."""
        found: list[Occurrence] = []
        for journal, schedules in self.timetable.schedules.items():
            opened = self.states.load(JournalState, journal).opened
            assert opened is not None
            found += occurrences(self.calendar, opened.grade, journal, schedules, first, last)
        return found

    def due_in_a_turn(self) -> Counter[Due]:
        """Answer the lessons of one turn of the cycle in words."""
        return Counter(self.in_words(each) for each in self.due_lessons(*self.turn()))

    def in_words(self, due: Occurrence) -> Due:
        """Answer a due lesson by names."""
        states = self.states
        opened = states.load(JournalState, due.journal).opened
        assert opened is not None
        school_class = states.load(ClassState, opened.group).formed if opened.group_kind == "class" else None
        room = states.load(RoomState, due.room).name if due.room else ""
        day = self.calendar.cycle_day(due.date, opened.grade)
        assert day is not None
        return Due(
            states.load(SubjectState, opened.subject).name,
            school_class.name if school_class else "",
            day,
            due.slot,
            room,
        )


def due_by_file(file: TimetableFile) -> Counter[Due]:
    """Answer the lessons of one turn of the cycle as the file has them."""
    names = {each.id: each.name for each in file.subjects} | {each.id: each.name for each in file.rooms}
    classes = {each.id: each.name for each in file.classes}
    return Counter(
        Due(
            names[lesson.subject],
            classes.get(lesson.student_sets[0], "") if len(lesson.student_sets) == 1 else "",
            place.day + 1,
            place.slot,
            "" if place.room is None else names[place.room],
        )
        for lesson in file.lessons
        for place in lesson.placements
    )
