"""A teacher is away: the lessons concerned, and for each who is free, what to merge it with, where to move it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.placements import Attending, Placement, clashes
from ejd_projections.asking import SelectionError, checked_range
from ejd_projections.journal_catalogue import Journal, find_journals, teachers_of
from ejd_projections.lesson_course import Moment
from ejd_projections.memberships import Member, members_of
from ejd_projections.people import PersonRow, names, staff
from ejd_projections.qualifications import qualifications_of
from ejd_projections.school_catalogue import Year, rooms_by_name
from ejd_projections.taught_lessons import Taught, taught_lessons
from ejd_projections.timetable import rules_for_timetables

DAYS_MAX = 62
"""Two months of absence at once."""
MOVES_MAX = 5
MOVE_DAYS_MAX = 10
"""How long after the absence a lesson may be moved to."""
RANKING = "qualified in the subject, teaches that class, fewer lessons that day, fewer that week, by the alphabet"


@dataclass(slots=True)
class Colleague:
    """Somebody employed and free then. Lessons of that day and of its week, from Monday, as they stand now."""

    id: str
    name: str
    qualified: bool
    teaches_class: bool
    lessons_that_day: int
    lessons_that_week: int


@dataclass(slots=True)
class Merge:
    """A lesson of the same subject at the same time, for pupils of the same class."""

    journal: str
    journal_name: str
    teachers: list[str]
    teacher_names: list[str]


@dataclass(slots=True)
class Move:
    """A day after the absence and a slot in which teacher, room and pupils are free."""

    date: str
    slot: int


@dataclass(slots=True)
class ConcernedLesson:
    """One lesson of the absent teacher; `date` and `slot` say where it takes place, `planned_…` name it in commands."""

    lesson: str
    journal: str
    journal_name: str
    subject: str
    subject_name: str
    group: str
    group_name: str
    planned_date: str
    planned_slot: int
    ordinal: int
    date: str
    slot: int
    room: str
    room_name: str
    free: int
    colleagues: list[Colleague]
    merges: list[Merge]
    moves: list[Move]


@dataclass(slots=True)
class Proposals:
    """The lessons concerned in order of time; `free` counts all who are, the best of them are listed."""

    year: str
    teacher: str
    teacher_name: str
    first: str
    last: str
    ranking: str
    lessons: list[ConcernedLesson]


def days_looked_at(days: tuple[str, str]) -> tuple[str, str]:
    """Answer the days whose lessons count: from the Monday before an absence to some days after it.

    Raises SelectionError for an absence that is too long.
    """
    first, last = checked_range(*days)
    if (last - first).days >= DAYS_MAX:
        raise SelectionError(f"an absence of at most {DAYS_MAX} days at once: choose an earlier last day", field="to")
    monday = first - timedelta(days=first.weekday())
    return monday.isoformat(), (last + timedelta(days=MOVE_DAYS_MAX + 6)).isoformat()


def proposals(  # noqa: PLR0913 - the question and its limit
    c: sa.Connection, *, year: Year, teacher: str, days: tuple[str, str], moment: Moment, colleagues_max: int
) -> Proposals:
    """Answer what could become of the lessons that somebody gives between two days, both included."""
    school = _School(c, year, days_looked_at(days), moment)
    last = date.fromisoformat(days[1])
    concerned = [
        one
        for one in school.taught
        if teacher in one.teachers and not one.placed.cancelled and days[0] <= one.placed.placed_date <= days[1]
    ]
    known = names(c, {teacher}.union(*(one.teachers for one in school.taught)))
    rooms = {one.placed.room for one in concerned} - {""}
    room_names = {row.stream: row.name for row in rooms_by_name(c, ids=rooms)} if rooms else {}
    return Proposals(
        year=year.id,
        teacher=teacher,
        teacher_name=known.get(teacher, ""),
        first=days[0],
        last=days[1],
        ranking=RANKING,
        lessons=[
            _concerned(one, school, teacher, room_names, known, last, colleagues_max=colleagues_max)
            for one in concerned
        ],
    )


def _concerned(  # noqa: PLR0913 - one lesson with all that is known
    one: Taught,
    school: _School,
    teacher: str,
    room_names: dict[str, str],
    known: dict[str, str],
    last: date,
    *,
    colleagues_max: int,
) -> ConcernedLesson:
    placed, journal = one.placed, one.journal
    free = school.free(one, teacher)
    return ConcernedLesson(
        lesson=placed.lesson,
        journal=journal.id,
        journal_name=journal.name,
        subject=journal.subject,
        subject_name=journal.subject_name,
        group=journal.group,
        group_name=journal.group_name,
        planned_date=placed.date,
        planned_slot=placed.slot,
        ordinal=placed.ordinal,
        date=placed.placed_date,
        slot=placed.placed_slot,
        room=placed.room,
        room_name=room_names.get(placed.room, ""),
        free=len(free),
        colleagues=free[:colleagues_max],
        merges=list(school.merges(one, known)),
        moves=list(school.moves(one, last)),
    )


class _School:
    """All lessons from the Monday before an absence to some days after it, and who could come."""

    def __init__(self, c: sa.Connection, year: Year, days: tuple[str, str], moment: Moment) -> None:
        journals = find_journals(c, year=year.id)
        self._calendar = calendar_from_json(year.calendar)
        self._shared_rooms = frozenset(rules_for_timetables(c).shared_rooms)
        self._members = members_of(c, journals, first=days[0], last=days[1]) if journals else {}
        self._pupils: dict[tuple[str, str], frozenset[str]] = {}
        self.taught = taught_lessons(c, year, journals, days, moment)
        self._there: dict[tuple[str, int], list[Taught]] = {}
        self._of_day: Counter[tuple[str, str]] = Counter()
        self._of_week: Counter[tuple[str, tuple[int, int]]] = Counter()
        for one in self.taught:
            if one.placed.cancelled:
                continue
            day = one.placed.placed_date
            self._there.setdefault((day, one.placed.placed_slot), []).append(one)
            for who in one.teachers if not one.merged else ():
                self._of_day[who, day] += 1
                self._of_week[who, _week(day)] += 1
        self._loads = teachers_of(c, [one.id for one in journals], first=days[0], last=days[1]) if journals else {}
        self._classes = {one.id: frozenset(one.classes) for one in journals}
        self._qualified = {who: frozenset(one.subjects) for who, one in qualifications_of(c).items()}
        loaded = {load.staff for loads in self._loads.values() for load in loads}
        self._staff = [row for row in staff(c) if row.stream in loaded or self._qualified.get(row.stream)]

    def free(self, one: Taught, absent: str) -> list[Colleague]:
        """Answer everybody employed who neither teaches nor supervises then, the best first."""
        day, slot = one.placed.placed_date, one.placed.placed_slot
        busy = {absent}.union(*(_needed(other) for other in self._there.get((day, slot), ())))
        own = self._teachers_of_classes(frozenset(one.journal.classes), day)
        found = [
            Colleague(
                id=row.stream,
                name=row.full(),
                qualified=one.journal.subject in self._qualified.get(row.stream, ()),
                teaches_class=row.stream in own,
                lessons_that_day=self._of_day[row.stream, day],
                lessons_that_week=self._of_week[row.stream, _week(day)],
            )
            for row in self._staff
            if row.stream not in busy and _employed(row, day)
        ]
        found.sort(
            key=lambda who: (not who.qualified, not who.teaches_class, who.lessons_that_day, who.lessons_that_week)
        )
        return found

    def _teachers_of_classes(self, classes: frozenset[str], day: str) -> set[str]:
        return {
            load.staff
            for journal, loads in self._loads.items()
            if not classes.isdisjoint(self._classes[journal])
            for load in loads
            if load.starts <= day and (load.ends is None or day <= load.ends)
        }

    def merges(self, one: Taught, known: dict[str, str]) -> Iterator[Merge]:
        """Answer the lessons with which it could be given as one."""
        for other in self._there[one.placed.placed_date, one.placed.placed_slot]:
            record = other.placed.record
            alone = record is None or not record.merged_journal
            fits = other.journal.subject == one.journal.subject and other.journal.id != one.journal.id
            shares = not set(other.journal.classes).isdisjoint(one.journal.classes)
            others = sorted(other.teachers - one.teachers, key=lambda who: (known.get(who, ""), who))
            if alone and fits and shares and others:
                yield Merge(other.journal.id, other.journal.name, others, [known.get(who, "") for who in others])

    def moves(self, one: Taught, last: date) -> Iterator[Move]:
        """Answer the next places after the absence where nothing clashes."""
        found = 0
        for number in range(1, MOVE_DAYS_MAX + 1):
            day = last + timedelta(days=number)
            if self._calendar.cycle_day(day, one.journal.grade, one.journal.classes) is None:
                continue
            for bell in sorted(self._calendar.data.bells.get(one.journal.bells, ()), key=lambda bell: bell.slot):
                there = [self._placement(other, day) for other in self._there.get((day.isoformat(), bell.slot), ())]
                if found < MOVES_MAX and not clashes(self._placement(one, day), there):
                    found += 1
                    yield Move(day.isoformat(), bell.slot)

    def _placement(self, one: Taught, day: date) -> Placement:
        """Answer what the lesson needs on a day: the pupils are those who belong in it then."""
        placed, journal = one.placed, one.journal
        return Placement(
            lesson=placed.lesson,
            journal=journal.id,
            name=journal.name,
            year=journal.year,
            day=day,
            slot=placed.placed_slot,
            teachers=frozenset(_needed(one)),
            room="" if placed.room in self._shared_rooms else placed.room,
            attending=self._attending(journal, day.isoformat()),
        )

    def _attending(self, journal: Journal, day: str) -> Attending:
        if (journal.id, day) not in self._pupils:
            there: Iterable[Member] = self._members.get(journal.id, ())
            self._pupils[journal.id, day] = frozenset(one.pupil for one in there if one.on(day))
        pupils = self._pupils[journal.id, day]
        return Attending(journal.group, journal.group_kind, tuple(journal.classes), pupils)


def _needed(one: Taught) -> Sequence[str]:
    """Answer who is needed in a lesson that takes place: its teachers, or the supervisor of self-study."""
    record = one.placed.record
    supervisor = [record.substitute] if record is not None and record.self_study and record.substitute else []
    return [*one.teachers, *supervisor]


def _employed(row: PersonRow, day: str) -> bool:
    return row.employed_on is not None and row.employed_on <= day and (row.left_on is None or day <= row.left_on)


def _week(day: str) -> tuple[int, int]:
    year, week, _ = date.fromisoformat(day).isocalendar()
    return year, week
