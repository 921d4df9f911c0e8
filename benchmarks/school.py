"""A synthetic school that is large at will: its events go straight into the store, around the commands.

That is for speed only: half a million events through the commands would take an hour. What is measured on it is
reading; benchmarks of commands send real commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import NamedTuple, TypedDict

import psycopg
from psycopg import sql

from ejd.app import School
from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, NewEvent, Ref, Scope
from ejd.kernel.event import Event, encode
from ejd.kernel.events.journals import JournalOpened, TeacherAssigned, ThematicPlanAdopted
from ejd.kernel.events.lessons import Absence, Homework, HomeworkSet, MarkRecorded, RollTaken, TopicRecorded
from ejd.kernel.events.people import PupilEnrolled
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import SCHOOL, lesson_stream
from ejd.store.base import BaseStore
from tests import worlds as w
from tests.handling.conftest import resealed_world
from tests.scenario import uid

COMMIT_EVENTS_MAX = 10_000
SLOTS = 7
NOON = 9 * 3_600_000_000
DAY_MICROSECONDS = 24 * 3_600_000_000
EPOCH = date(1970, 1, 1)
WORKS = ("oral", "homework", "independent", "practical")
SESSION = uid("session of benchmarks")


@dataclass(frozen=True)
class Shape:
    """How large the school is; a smaller one has the first classes, journals and lessons of a larger one."""

    classes: int
    journals: int
    """Of each class."""
    lessons: int
    """Of each journal, one on every school day."""
    pupils: int = 30
    events: int = 30
    """Of each lesson: topic, roll, homework, and marks."""

    @property
    def lesson_events(self) -> int:
        """Events of all lessons together."""
        return self.classes * self.journals * self.lessons * self.events


class Identity(TypedDict):
    """What every event of a lesson carries."""

    journal: str
    date: date
    slot: int


class Lesson(NamedTuple):
    """One held lesson."""

    stream: str
    scope: Scope
    day: date
    slot: int
    journal: str
    command_id: str
    caused_by: tuple[Ref, ...]
    reads: tuple[str, ...]
    """Streams that the command which saved it has read, beside its own."""
    events: tuple[Event, ...]


def class_id(number: int) -> str:
    """Answer the id of a class."""
    return uid(f"benchmark class {number}")


def journal_id(number: int, subject: int) -> str:
    """Answer the id of a class's journal."""
    return uid(f"benchmark journal {number} {subject}")


def pupils_of(shape: Shape, number: int) -> list[str]:
    """Answer the pupils of a class."""
    return [uid(f"benchmark pupil {number} {pupil}") for pupil in range(shape.pupils)]


def school_days(days: int) -> list[date]:
    """Answer the first school days of the year, Monday to Friday; breaks are not kept."""
    found = (w.FIRST_DAY + timedelta(days=number) for number in count())
    return [next(day for day in found if day.weekday() < 5) for _ in range(days)]


def micros(day: date) -> int:
    """Answer noon of a day in Moscow, in microseconds since 1970 UTC."""
    return (day - EPOCH).days * DAY_MICROSECONDS + NOON


def set_up(school: School, shape: Shape) -> None:
    """Store the school of `tests.worlds` with classes, pupils, journals and a timetable in front of the lessons."""
    school.vault.make_keys(pupil for number in range(shape.classes) for pupil in pupils_of(shape, number))
    events: list[tuple[str, Event]] = list(resealed_world(school, w.A_YEAR))
    events.append(w.ALWAYS_FREE)
    for number in range(shape.classes):
        events.append((class_id(number), w.class_formed(f"5-{number}")))
        for place, pupil in enumerate(pupils_of(shape, number)):
            text = w.name_of(f"Фамилия{number:02d}{place:02d}", "Имя")
            name = school.vault.seal(pupil, text, field="pupil-enrolled.name", at=Ref(pupil, 1))
            events.append((pupil, PupilEnrolled(name=name, class_id=class_id(number), enrolled_on=w.FIRST_DAY)))
        events += (one for subject in range(shape.journals) for one in _journal(number, subject))
    store_events(school.store, events)


def _journal(number: int, subject: int) -> Iterator[tuple[str, Event]]:
    journal = journal_id(number, subject)
    opened = JournalOpened(
        year=w.YEAR,
        subject=w.MATHS,
        group=class_id(number),
        group_kind="class",
        classes=(class_id(number),),
        grade=5,
        scheme="quarters",
        bells="first-shift",
        grading_system="five-point",
        name=f"Предмет {subject}, 5-{number}",
    )
    yield journal, opened
    yield journal, TeacherAssigned(staff=w.ADA_STAFF, starts=w.FIRST_DAY, hours_per_week=5)
    yield journal, ThematicPlanAdopted(topics=w.THE_PLAN)
    days = tuple(ScheduleEntry(cycle_day=day, slot=slot_of(subject), room=w.ROOM_12) for day in range(1, 6))
    yield w.TIMETABLE, JournalScheduled(journal=journal, starts=w.FIRST_DAY, entries=days)


def slot_of(subject: int) -> int:
    """Answer the slot of a journal; with many journals several lie in one: no matter here."""
    return subject % SLOTS + 1


def store_events(store: BaseStore, events: Iterable[tuple[str, Event]]) -> None:
    """Store set-up events as one commit."""
    listed = list(events)
    command = uid(f"benchmark set-up {len(listed)}")
    streams = dict.fromkeys(stream for stream, _ in listed)
    pupils = {stream for stream, event in listed if isinstance(event, PupilEnrolled)}
    store.append(
        Commit(
            actor=w.DEPUTY,
            session=SESSION,
            client="benchmarks",
            recorded_at=micros(w.FIRST_DAY),
            commands=(CommandRecord(command_id=command, name="set-up", body_hash=b"-" * 32),),
            events=tuple(
                NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
                for stream, event in listed
            ),
            expected=dict.fromkeys(streams, NO_STREAM),
            scopes={stream: Scope(kind="pupil" if stream in pupils else "") for stream in streams},
        )
    )


def lessons(shape: Shape) -> Iterator[Lesson]:
    """Answer the lessons day by day, as a school holds them; each is the same in a school of any size."""
    pupils = {number: pupils_of(shape, number) for number in range(shape.classes)}
    for day in school_days(shape.lessons):
        for subject in range(shape.journals):
            for number in range(shape.classes):
                yield _lesson(shape, number, subject, day, pupils[number])


def _lesson(shape: Shape, number: int, subject: int, day: date, pupils: list[str]) -> Lesson:
    journal, slot = journal_id(number, subject), slot_of(subject)
    stream = lesson_stream(journal, day, slot)
    chance = Random(stream)
    identity: Identity = {"journal": journal, "date": day, "slot": slot}
    absent = chance.sample(pupils, 2)
    events: list[Event] = [
        TopicRecorded(**identity, topic=f"Тема {day.day}: натуральные числа", plan_item=day.day % 30 + 1),
        RollTaken(**identity, absences=tuple(Absence(pupil=pupil, kind="absent") for pupil in absent)),
        HomeworkSet(**identity, homework=Homework(text="§ 12, № 345-348", due=day + timedelta(days=1))),
    ]
    events += (
        MarkRecorded(
            **identity,
            pupil=pupils[place % len(pupils)],
            work=WORKS[place // len(pupils)],
            value=chance.choice("3455"),
        )
        for place in range(shape.events - len(events))
    )
    concerned = dict.fromkeys((*pupils[: shape.events - 3], *absent))
    reads = (journal, w.ADA, w.YEAR, w.TIMETABLE, SCHOOL, *concerned)
    return Lesson(
        stream=stream,
        scope=Scope(kind="lesson", journal=journal, class_id=class_id(number), year=w.YEAR, date=day),
        day=day,
        slot=slot,
        journal=journal,
        command_id=uid(f"save {stream}"),
        caused_by=(Ref(w.ADA, 2), Ref(journal, 2), Ref(w.TIMETABLE, 1), Ref(pupils[0], 1)),
        reads=reads,
        events=tuple(events[: shape.events]),
    )


def commits(held: Iterable[Lesson], commit_events_max: int = COMMIT_EVENTS_MAX) -> Iterator[Commit]:
    """Put lessons into commits, as large as allowed."""
    waiting: list[Lesson] = []
    size = 0
    for lesson in held:
        if waiting and size + len(lesson.events) > commit_events_max:
            yield commit_of(waiting)
            waiting, size = [], 0
        waiting.append(lesson)
        size += len(lesson.events)
    if waiting:
        yield commit_of(waiting)


def commit_of(held: list[Lesson], expected: dict[str, int] | None = None) -> Commit:
    """Put lessons into one commit; `expected` names streams that were read."""
    return Commit(
        actor=w.ADA,
        session=SESSION,
        client="benchmarks",
        recorded_at=micros(held[-1].day),
        commands=tuple(
            CommandRecord(command_id=one.command_id, name="save-lesson", body_hash=b"-" * 32) for one in held
        ),
        events=tuple(
            NewEvent(
                stream=one.stream,
                name=event.stored_name,
                state=encode(event),
                command_id=one.command_id,
                caused_by=one.caused_by,
            )
            for one in held
            for event in one.events
        ),
        expected={**(expected or {}), **dict.fromkeys((one.stream for one in held), NO_STREAM)},
        scopes={one.stream: one.scope for one in held},
    )


def fill(school: School, shape: Shape) -> None:
    """Set a school up and hold all its lessons; then PostgreSQL learns its tables, as autovacuum would in a minute."""
    set_up(school, shape)
    for commit in commits(lessons(shape)):
        school.store.append(commit)
    if school.settings.owner_database_url is not None:
        with psycopg.connect(school.settings.owner_database_url) as connection:
            name = sql.Identifier(school.settings.school, "events")
            connection.execute(sql.SQL("ANALYZE {}").format(name))


def set_up_events(store: BaseStore) -> int:
    """Answer the position of the last event before the lessons: where the first commit ends."""
    first, *rest = store.read_page(0, COMMIT_EVENTS_MAX)
    return max(one.position for one in (first, *rest) if one.command_id == first.command_id)
