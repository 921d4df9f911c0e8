"""A school of full size for its reports: classes in groups, a year's timetable, plans, curricula, changes, movement.

Like `benchmarks.school` its events go into the store in large commits, around the commands. Sixty classes are 1,500
pupils, 840 journals, 60,000 held lessons up to April. The timetable has no conflicts: a class has its own room, and a
teacher's six classes are shifted so far against each other that no subject falls on itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

from benchmarks.school import SESSION, Identity, micros
from ejd.app import School
from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, NewEvent, Ref, Scope
from ejd.kernel.event import Event, encode
from ejd.kernel.events import control_works as cw
from ejd.kernel.events import curricula as cu
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as le
from ejd.kernel.events import people as p
from ejd.kernel.events.school import RoomDefined, SubjectDefined
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import lesson_stream
from ejd.kernel.sealed import Sealed
from tests import worlds as w
from tests.handling.conftest import resealed_world
from tests.scenario import uid

HOURS = (5, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1)
"""Lessons a week by subject: 34 of the 35 places of a week."""
IN_HALVES = 2
"""The subject that is taught in two groups at once."""
WEEK_PLACES, DAYS, SHARED, WEEKS = 35, 5, 6, 34
"""Places of a week; days; classes of one teacher; weeks of a year."""
GRADES = range(5, 12)
PUPILS = 25
BREAKS = ((date(2025, 10, 25), date(2025, 11, 4)), (date(2025, 12, 31), date(2026, 1, 11)))
SPRING = (date(2026, 3, 28), date(2026, 4, 5))
CONTROL_EVERY = 12
"""Every so many lessons of a subject with three hours or more are a control work."""
CANCELLED, OTHER_SUBJECT, SUBSTITUTED, MOVED = 0.005, 0.010, 0.020, 0.025
"""Shares of lessons, added up."""
COMMIT_EVENTS_MAX = 10_000
Excuses = Callable[[type[Event], str], Sealed]
"""Seals the reason for an event of a kind that begins a stream."""


@dataclass(frozen=True)
class Size:
    """How large the school is; a smaller one has the first classes of a larger one."""

    classes: int
    today: date = date(2026, 4, 20)


class Journal(NamedTuple):
    """One journal; `half` is 0 for a whole class, else its group's number."""

    id: str
    number: int
    subject: int
    half: int

    @property
    def class_id(self) -> str:
        """The class that its pupils are from."""
        return class_id(self.number)

    @property
    def group(self) -> str:
        """For whom it is kept."""
        return group_id(self.number, self.half) if self.half else self.class_id

    @property
    def teacher(self) -> str:
        """Who has the load."""
        return teacher_id(self.number // SHARED, self.subject, self.half)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Days and slots of its week."""
        first = sum(HOURS[: self.subject]) + self.number % SHARED * DAYS
        places = ((first + hour) % WEEK_PLACES for hour in range(HOURS[self.subject]))
        return [(place % DAYS + 1, place // DAYS + 1) for place in places]


def class_id(number: int) -> str:
    """Answer the id of a class."""
    return uid(f"full class {number}")


def group_id(number: int, half: int) -> str:
    """Answer the id of a half of a class."""
    return uid(f"full group {number} {half}")


def teacher_id(share: int, subject: int, half: int) -> str:
    """Answer the id of the teacher of a subject in six classes."""
    return uid(f"full teacher {share} {subject} {max(half, 1)}")


def pupil_id(number: int, place: int) -> str:
    """Answer the id of a pupil by the class of the first day."""
    return uid(f"full pupil {number} {place}")


def guardian_id(number: int, place: int) -> str:
    """Answer the id of the mother of a pupil."""
    return uid(f"full guardian {number} {place}")


def sealed(school: School, person: str, text: str, kind: type[Event], field: str, stream: str) -> Sealed:  # noqa: PLR0913 - what a seal is bound to
    """Seal a text for the first event of a stream."""
    name = f"{kind.stored_name.partition('/')[0]}.{field}"
    return school.vault.seal(person, text, field=name, at=Ref(stream, 1))


def subject_id(subject: int) -> str:
    """Answer the id of a subject."""
    return uid(f"full subject {subject}")


def room_id(number: int, half: int) -> str:
    """Answer the id of a class's room; the second half has one of its own."""
    return uid(f"full room {number} {half // 2}")


def grade_of(number: int) -> int:
    """Answer the grade of a class."""
    return GRADES[number % len(GRADES)]


def journals_of(size: Size) -> Iterator[Journal]:
    """Yield all journals, class by class."""
    for number in range(size.classes):
        for subject in range(len(HOURS)):
            for half in (1, 2) if subject == IN_HALVES else (0,):
                yield Journal(uid(f"full journal {number} {subject} {half}"), number, subject, half)


def set_up(school: School, size: Size) -> Iterator[tuple[str, Event]]:
    """Yield the events of a year that is set up."""
    yield from resealed_world(school, (*w.A_YEAR, w.ALWAYS_FREE))
    for subject in range(len(HOURS)):
        yield subject_id(subject), SubjectDefined(name=f"Предмет {subject:02d}", short=f"П{subject}")
    for grade in GRADES:
        lines = tuple(
            cu.CurriculumLine(
                subject=subject_id(subject), hours_per_week_hundredths=hours * 100, hours_per_year=hours * WEEKS
            )
            for subject, hours in enumerate(HOURS)
        )
        adopted = cu.CurriculumAdopted(year=w.YEAR, name=f"План {grade}", grades=(grade,), lines=lines)
        yield uid(f"full curriculum {grade}"), adopted
    yield from _people(school, size)
    for number in range(size.classes):
        yield from _class(number)
    for journal in journals_of(size):
        yield from _journal(journal)


def _people(school: School, size: Size) -> Iterator[tuple[str, Event]]:
    staff = sorted({journal.teacher: journal.subject for journal in journals_of(size)}.items())
    pupils = [(number, place) for number in range(size.classes) for place in range(PUPILS)]
    school.vault.make_keys(
        [*(one for one, _ in staff), *(pupil_id(*one) for one in pupils), *(guardian_id(*one) for one in pupils)]
    )

    def name(person: str, family: str, given: str, kind: type[Event]) -> Sealed:
        return sealed(school, person, w.name_of(family, given), kind, "name", person)

    for one, subject in staff:
        own = name(one, f"Учителев{subject:02d}", "Иван", p.StaffMemberEmployed)
        yield one, p.StaffMemberEmployed(name=own, position="учитель", employed_on=date(2020, 8, 20))
        yield one, p.StaffQualified(subjects=(subject_id(subject),), category="first")
    for number, place in pupils:
        own = name(pupil_id(number, place), f"Ученикова{place:02d}", f"Анна{number}", p.PupilEnrolled)
        enrolled = p.PupilEnrolled(name=own, class_id=class_id(number), enrolled_on=w.FIRST_DAY)
        yield pupil_id(number, place), enrolled
        yield pupil_id(number, place), p.GroupJoined(group=group_id(number, place % 2 + 1), joined_on=w.FIRST_DAY)
        yield from _moved(size, number, place)
    for pupil in pupils:
        guardian = guardian_id(*pupil)
        own = name(guardian, f"Ученикова{pupil[1]:02d}", "Мария", p.GuardianRegistered)
        yield guardian, p.GuardianRegistered(name=own)
        yield guardian, p.GuardianshipEstablished(pupil=pupil_id(*pupil), relation="mother", starts=w.FIRST_DAY)


def _moved(size: Size, number: int, place: int) -> Iterator[tuple[str, Event]]:
    """One pupil of each class goes to the parallel class, if there is one, in February."""
    other = number + len(GRADES)
    if place == 0 and other < size.classes:
        pupil, day = pupil_id(number, place), date(2026, 2, 2)
        moved = p.PupilTransferred(old_class=class_id(number), new_class=class_id(other), transferred_on=day)
        yield pupil, p.GroupLeft(group=group_id(number, 1), left_on=day)
        yield pupil, moved
        yield pupil, p.GroupJoined(group=group_id(other, 1), joined_on=day)


def _class(number: int) -> Iterator[tuple[str, Event]]:
    grade = grade_of(number)
    name = f"{grade}-{number // len(GRADES) + 1}"
    yield (
        class_id(number),
        j.ClassFormed(year=w.YEAR, name=name, grade=grade, scheme="quarters", bells="first-shift"),
    )
    staff = teacher_id(number // SHARED, number % SHARED, 0)
    yield class_id(number), j.ClassTeacherAppointed(staff=staff, starts=w.FIRST_DAY)
    yield (
        class_id(number),
        cu.CurriculumAssigned(curriculum=uid(f"full curriculum {grade}"), starts=w.FIRST_DAY),
    )
    for half in (1, 2):
        formed = j.TeachingGroupFormed(
            year=w.YEAR, name=f"{name} гр. {half}", kind="subgroup", classes=(class_id(number),)
        )
        yield group_id(number, half), formed
        yield room_id(number, half), RoomDefined(name=f"{number}-{half}", capacity=30)


def _journal(journal: Journal) -> Iterator[tuple[str, Event]]:
    grade, hours = grade_of(journal.number), HOURS[journal.subject]
    yield (
        journal.id,
        j.JournalOpened(
            year=w.YEAR,
            subject=subject_id(journal.subject),
            group=journal.group,
            group_kind="group" if journal.half else "class",
            classes=(journal.class_id,),
            grade=grade,
            scheme="quarters",
            bells="first-shift",
            grading_system="five-point",
            name=f"Предмет {journal.subject}, {journal.number} {journal.half}",
        ),
    )
    yield journal.id, j.TeacherAssigned(staff=journal.teacher, starts=w.FIRST_DAY, hours_per_week=hours)
    topics = tuple(
        j.PlannedTopic(number=n, section=f"Раздел {n // 10}", topic=f"Тема {n}", control=_is_control(journal, n))
        for n in range(1, hours * WEEKS + 1)
    )
    yield journal.id, j.ThematicPlanAdopted(topics=topics)
    room = room_id(journal.number, journal.half)
    entries = tuple(ScheduleEntry(cycle_day=day, slot=slot, room=room) for day, slot in journal.places)
    yield w.TIMETABLE, JournalScheduled(journal=journal.id, starts=w.FIRST_DAY, entries=entries)


def _is_control(journal: Journal, lesson: int) -> bool:
    return HOURS[journal.subject] > IN_HALVES and lesson % CONTROL_EVERY == 0


def days_of(first: date, last: date) -> Iterator[date]:
    """Yield Monday to Friday without breaks and holidays."""
    free = {date(2026, 5, 1)}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        within = any(begins <= day <= ends for begins, ends in (*BREAKS, SPRING))
        if day.weekday() < DAYS and day not in free and not within:
            yield day


def held(size: Size, excuses: Excuses) -> Iterator[tuple[str, Scope, list[Event]]]:
    """Yield the lessons up to today and the planned control works, each with its events."""
    taught: dict[str, int] = {}
    all_journals = list(journals_of(size))
    pupils = {n: [pupil_id(n, place) for place in range(PUPILS)] for n in range(size.classes)}
    for day in days_of(w.FIRST_DAY, w.LAST_DAY):
        for journal in all_journals:
            for cycle_day, slot in journal.places:
                if cycle_day != day.weekday() + 1:
                    continue
                number = taught[journal.id] = taught.get(journal.id, 0) + 1
                if _is_control(journal, number):
                    yield _control_work(journal, number, day, slot)
                if day <= size.today:
                    yield _lesson(journal, number, day, slot, pupils[journal.number], excuses)


def _control_work(journal: Journal, number: int, day: date, slot: int) -> tuple[str, Scope, list[Event]]:
    planned = cw.ControlWorkPlanned(
        journal=journal.id, day=day, title=f"Работа {number}", form="тест", work="independent", slot=slot
    )
    scope = Scope(kind="control-work", journal=journal.id, year=w.YEAR, date=day)
    return uid(f"full control {journal.id} {number}"), scope, [planned]


def _excuse(school: School, kind: type[Event], stream: str) -> Sealed:
    return sealed(school, w.DEPUTY_STAFF, "Болезнь", kind, "reason", stream)


def _changed(journal: Journal, stream: str, identity: Identity, luck: float, excuses: Excuses) -> Iterator[Event]:
    """Yield what becomes of one lesson in forty: cancelled, another subject, a substitute, or another slot."""
    if luck < CANCELLED:
        yield le.LessonCancelled(**identity, reason=excuses(le.LessonCancelled, stream))
    elif luck < SUBSTITUTED:
        following = (journal.subject + 1) % len(HOURS)
        instead = le.Substitution(
            teacher=teacher_id(journal.number // SHARED, following, 0),
            subject=subject_id(following) if luck < OTHER_SUBJECT else "",
        )
        yield le.LessonSubstituted(
            **identity,
            absent_teacher=journal.teacher,
            substitution=instead,
            reason=excuses(le.LessonSubstituted, stream),
        )
    elif luck < MOVED:
        day, slot = identity["date"], identity["slot"]
        yield le.LessonMoved(
            **identity, old_date=day, old_slot=slot, new_date=day, new_slot=7, reason=excuses(le.LessonMoved, stream)
        )


def _lesson(  # noqa: PLR0913 - what a lesson is made from
    journal: Journal, number: int, day: date, slot: int, pupils: list[str], excuses: Excuses
) -> tuple[str, Scope, list[Event]]:
    stream = lesson_stream(journal.id, day, slot)
    chance = Random(stream)
    identity: Identity = {"journal": journal.id, "date": day, "slot": slot}
    others = pupils if not journal.half else pupils[journal.half - 1 :: 2]
    events = list(_changed(journal, stream, identity, chance.random(), excuses))
    if any(isinstance(one, le.LessonCancelled) for one in events):
        return stream, Scope(kind="lesson", journal=journal.id, year=w.YEAR, date=day), events
    events += [
        le.TopicRecorded(**identity, topic=f"Тема {number}", plan_item=number),
        le.RollTaken(**identity, absences=(le.Absence(pupil=chance.choice(others), kind="ill"),)),
        le.HomeworkSet(**identity, homework=le.Homework(text="§ 12", due=day + timedelta(days=1))),
        le.MarkRecorded(**identity, pupil=others[number % len(others)], work="oral", value=chance.choice("3455")),
    ]
    return stream, Scope(kind="lesson", journal=journal.id, class_id=journal.class_id, year=w.YEAR, date=day), events


def fill(school: School, size: Size) -> None:
    """Store the school."""
    first = list(set_up(school, size))
    streams = dict.fromkeys(stream for stream, _ in first)
    grouped: list[tuple[str, Scope, list[Event]]] = [(stream, Scope(kind=""), []) for stream in streams]
    places = {stream: own for stream, _, own in grouped}
    for stream, event in first:
        places[stream].append(event)
    _store(school, "set-up", w.FIRST_DAY, grouped)
    excuses: Excuses = partial(_excuse, school)
    waiting: list[tuple[str, Scope, list[Event]]] = []
    count = 0
    for number, one in enumerate(held(size, excuses)):
        waiting.append(one)
        count += len(one[2])
        if count >= COMMIT_EVENTS_MAX:
            _store(school, f"lessons {number}", size.today, waiting)
            waiting, count = [], 0
    if waiting:
        _store(school, "last lessons", size.today, waiting)


def _store(school: School, name: str, day: date, streams: list[tuple[str, Scope, list[Event]]]) -> None:
    command = uid(f"full {name}")
    school.store.append(
        Commit(
            actor=w.DEPUTY,
            session=SESSION,
            client="benchmarks",
            recorded_at=micros(day),
            commands=(CommandRecord(command_id=command, name="set-up", body_hash=b"-" * 32),),
            events=tuple(
                NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                for stream, _, events in streams
                for event in events
            ),
            expected={stream: NO_STREAM for stream, _, _ in streams},
            scopes={stream: scope for stream, scope, _ in streams},
        )
    )
