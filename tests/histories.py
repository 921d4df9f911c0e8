"""Random but valid histories, played by commands against a simulated clock; what is refused is left out.

A history is a list of steps, each a kind with a seed for its choices, so that a failing one shrinks to few steps, and
`play` repeats it. Beside commands there are steps in which one of two breaches makes events void, or valid again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor, Command, Refusal, State
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.events.corrections import CorrectionRequested
from ejd.kernel.events.lessons import LessonCancelled
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.events.school import SchoolOpened, SubjectDefined
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import SCHOOL, consents_stream, lesson_stream, timetable_stream
from ejd.kernel.policies import WORK_KINDS
from ejd.kernel.states.consents import ConsentState
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState, StaffState
from ejd.kernel.states.school import TimetableState, YearState
from ejd.kernel.states.teaching import ControlWorkState, CurriculumState, FinalMarksState, JournalState
from ejd.read.folding import Folding
from ejd_commands import (
    attendance,
    closing,
    consents,
    control_norms,
    control_works,
    corrections,
    curricula,
    final_marks,
    journals,
    lessons,
    marks,
    movement,
    movement_corrections,
    people,
    positions,
    school,
    substitutions,
    thematic_plans,
    years,
)
from ejd_commands import timetable as timetables
from ejd_projections import all_projections
from tests import worlds as w
from tests.read.memory_store import MemoryStore
from tests.scenario import SESSION, MemoryContext, World, decide, uid

S = TypeVar("S", bound=State)
Steps = Sequence[tuple[str, int]]
"""Kind of step, and the seed of its choices."""

MOSCOW = ZoneInfo("Europe/Moscow")
FIRST_CLOCK = datetime(2025, 9, 1, 7, tzinfo=MOSCOW)
BREACHES = ("breach-1", "breach-2")
STEPS_MIN, STEPS_MAX = 30, 80

CLASS_1A, CLASS_5V, CLASS_10A = uid("class 1a"), uid("class 5v"), uid("class 10a")
STREAM, ALONE = uid("group sports 5a 5b"), uid("group gleb alone")
READING, MATHS_B, MATHS_V, SPORTS, LONELY, CHEMISTRY = (
    uid(f"journal {name}") for name in ("reading 1a", "maths 5b", "maths 5v", "sports", "gleb", "chemistry")
)
SPORT_SUBJECT, CHEMISTRY_SUBJECT = uid("subject sports"), uid("subject chemistry")
PUPILS_OF = {
    CLASS_1A: [uid("pupil anna"), uid("pupil pavel")],
    w.CLASS_5B: [uid("pupil rita"), uid("pupil semyon")],
    CLASS_10A: [uid("pupil tanya"), uid("pupil ulyana")],
}
PUPILS = [w.VERA, w.GLEB, w.DINA, w.MISHA, *(one for some in PUPILS_OF.values() for one in some)]
CLASSES = [w.CLASS_5A, w.CLASS_5B, CLASS_5V, CLASS_1A, CLASS_10A]
GROUPS = [w.GROUP, STREAM, ALONE]
JOURNALS = [w.JOURNAL, w.GROUP_JOURNAL, READING, MATHS_B, MATHS_V, SPORTS, LONELY, CHEMISTRY]
STAFF = {w.ADA_STAFF: w.ADA, w.BORIS_STAFF: w.BORIS}
"""Teachers with their accounts."""
CYCLES = ("weekly", "two weeks", "rolling")


def open_box(box: Any, _field: str, _at: Ref) -> str | None:
    """Open what the scenario's fake seal made: the box is the clear text."""
    return cast("bytes", box.box).decode()


def make_folding() -> Folding:
    """Make the real projections, for a process of its own too."""
    return Folding(all_projections(), CATALOGUE, unseal=open_box)


@dataclass
class ClockStore(MemoryStore):
    """A store in memory whose events are recorded when the simulated clock says so."""

    def commit(self, at: int, *events: tuple[str, Event], command_id: str = "") -> int:
        """Append the events of one command at a time in microseconds since 1970 UTC."""
        before = len(self.events)
        position = self.add(*events)
        for index in range(before, len(self.events)):
            meta = self.events[index]
            self.events[index] = meta._replace(recorded_at=at, command_id=command_id or meta.command_id)
        return position


def _journal(  # noqa: PLR0913 - what differs between the journals
    journal: str,
    subject: str,
    group: str,
    classes: tuple[str, ...],
    *,
    grade: int = 5,
    system: str = "five-point",
    scheme: str = "quarters",
    staff: str = w.BORIS_STAFF,
    bells: str = "first-shift",
    entries: tuple[tuple[int, int], ...],
) -> World:
    opened = j.JournalOpened(
        year=w.YEAR,
        subject=subject,
        group=group,
        group_kind="class" if group in CLASSES else "group",
        classes=classes,
        grade=grade,
        scheme=scheme,
        bells=bells,
        grading_system=system,
        name=journal[:8],
    )
    lines = tuple(ScheduleEntry(cycle_day=day, slot=slot) for day, slot in entries)
    return (
        (journal, opened),
        (journal, j.TeacherAssigned(staff=staff, starts=w.FIRST_DAY)),
        (w.TIMETABLE, JournalScheduled(journal=journal, starts=w.FIRST_DAY, entries=lines)),
    )


def _class(class_id: str, name: str, grade: int, scheme: str = "quarters", system: str = "five-point") -> World:
    formed = j.ClassFormed(
        year=w.YEAR, name=name, grade=grade, scheme=scheme, bells="first-shift", grading_system=system
    )
    return ((class_id, formed), *(w.pupil(one, name, one[:4], class_id) for one in PUPILS_OF.get(class_id, ())))


def _group(group: str, name: str, kind: Any, classes: tuple[str, ...], *pupils: str) -> World:
    formed = j.TeachingGroupFormed(year=w.YEAR, name=name, kind=kind, classes=classes)
    return ((group, formed), *((one, p.GroupJoined(group=group, joined_on=w.FIRST_DAY)) for one in pupils))


UNEVEN = tuple(
    y.Bell(slot=n, starts=510 + 55 * (n - 1), ends=510 + 55 * (n - 1) + minutes)
    for n, minutes in enumerate((20, 20, 50), start=1)
)
"""Lessons that are too short or too long for a control work, and no times for the fourth one."""

A_SMALL_SCHOOL: World = (
    *w.A_GROUP_JOURNAL,
    (w.YEAR, y.BellScheduleDefined(code="uneven", name="Разные уроки", bells=UNEVEN)),
    (SPORT_SUBJECT, SubjectDefined(name="Физкультура")),
    (CHEMISTRY_SUBJECT, SubjectDefined(name="Химия")),
    *_class(CLASS_1A, "1А", 1, system="unmarked"),
    *_class(CLASS_5V, "5В", 5),
    *_class(CLASS_10A, "10А", 10, scheme="half-years"),
    *(w.pupil(one, "5Б", one[:4], w.CLASS_5B) for one in PUPILS_OF[w.CLASS_5B]),
    *_group(STREAM, "5АБ физ.", "stream", (w.CLASS_5A, w.CLASS_5B), w.DINA, w.MISHA),
    *_group(ALONE, "Глеб", "individual", (w.CLASS_5A,), w.GLEB),
    *_journal(READING, w.ENGLISH, CLASS_1A, (CLASS_1A,), grade=1, system="unmarked", entries=((1, 1), (3, 1))),
    *_journal(
        MATHS_B,
        w.MATHS,
        w.CLASS_5B,
        (w.CLASS_5B,),
        system="hundred-point",
        bells="uneven",
        entries=((1, 2), (2, 2), (4, 1)),
    ),
    *_journal(MATHS_V, w.MATHS, CLASS_5V, (CLASS_5V,), entries=((1, 4),)),
    *_journal(SPORTS, SPORT_SUBJECT, STREAM, (w.CLASS_5A, w.CLASS_5B), system="pass-fail", entries=((2, 5), (5, 5))),
    *_journal(LONELY, w.MATHS, ALONE, (w.CLASS_5A,), staff=w.ADA_STAFF, entries=((3, 3),)),
    *_journal(
        CHEMISTRY,
        CHEMISTRY_SUBJECT,
        CLASS_10A,
        (CLASS_10A,),
        grade=10,
        scheme="half-years",
        bells="uneven",
        entries=((2, 1), (2, 2), (4, 2)),
    ),
)
"""On top of A_GROUP_JOURNAL: 1А without marks, empty 5В, 10А by half-years, a stream, somebody taught alone."""


def a_small_school(cycle: str) -> World:
    """Answer the school with a weekly cycle, alternating weeks (maths of 5Б in B weeks too), or Day 1-6."""
    world: list[tuple[str, Event]] = []
    for stream, event in A_SMALL_SCHOOL:
        new = event
        if isinstance(event, y.CycleDefined) and cycle == "two weeks":
            days = tuple(
                y.CycleDay(name=f"{day.name} {week}", weekday=day.weekday, week=week)
                for week in (1, 2)
                for day in event.days
            )
            new = y.CycleDefined(kind="weekly", days=days, weeks=2, weekdays=event.weekdays)
        elif isinstance(event, y.CycleDefined) and cycle == "rolling":
            days = tuple(y.CycleDay(name=f"День {n}") for n in range(1, 7))
            new = y.CycleDefined(kind="rolling", days=days, weekdays=(0, 1, 2, 3, 4))
        elif isinstance(event, JournalScheduled) and event.journal == MATHS_B and cycle == "two weeks":
            entries = (*event.entries, *(ScheduleEntry(cycle_day=day, slot=3) for day in (7, 9)))
            new = JournalScheduled(journal=MATHS_B, starts=w.FIRST_DAY, entries=entries)
        elif isinstance(event, SchoolOpened):
            new = SchoolOpened(name=event.name, timezone=event.timezone, simulated=True)
        world.append((stream, new))
    return tuple(world)


class CachedContext(MemoryContext):
    """A context that folds a stream again only when it has grown."""

    cache: dict[tuple[type[State], str], tuple[int, State]]

    def load(self, state: type[S], stream: str) -> S:
        """Answer the state kept for this length of the stream."""
        size = len(self.streams.get(stream, ()))
        known = self.cache.get((state, stream))
        if known is None or known[0] != size:
            known = self.cache[state, stream] = (size, super().load(state, stream))
        return cast("S", known[1])


@dataclass(repr=False)
class Player:
    """Plays steps: keeps streams for deciding, the store for what was decided, and the clock."""

    streams: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    store: ClockStore = field(default_factory=ClockStore)
    clock: datetime = FIRST_CLOCK
    cache: dict[tuple[type[State], str], tuple[int, State]] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)
    touched: list[LessonName] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    set_up: dict[str, int] = field(default_factory=dict)
    """How many events of each stream are the set-up's."""
    outcomes: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    cycle: str = ""
    steps: list[tuple[str, int]] = field(default_factory=list)
    """What was played, for `play` to repeat."""

    def __repr__(self) -> str:
        """Answer the call that repeats it: all that it holds would be some hundred kilobytes."""
        return f"play({self.cycle!r}, {self.steps!r})"

    def begin(self, world: World) -> None:
        """Record the set-up a week before the clock begins."""
        at = int((self.clock - timedelta(days=7)).timestamp()) * 1_000_000
        for stream, event in world:
            self.streams[stream].append(event)
            self.store.commit(at, (stream, event))
        self.set_up = {stream: len(events) for stream, events in self.streams.items()}

    @property
    def now(self) -> int:
        """The clock in microseconds since 1970 UTC."""
        return int(self.clock.astimezone(UTC).timestamp()) * 1_000_000

    @property
    def today(self) -> date:
        """The school's day."""
        return local_day(self.now, "Europe/Moscow")

    def state(self, kind: type[S], stream: str) -> S:
        """Answer a state as a command would see it."""
        return self.context(w.HEAD).load(kind, stream)

    def context(self, by: str) -> CachedContext:
        """Answer what a command sent now may know."""
        context = CachedContext(
            streams=self.streams,
            reserved=dict(self.reserved),
            actor=Actor(by, SESSION, "tests"),
            command_id=uid(f"command {self.sent}"),
            now=self.now,
            timezone="Europe/Moscow",
        )
        context.cache = self.cache
        return context

    def send(self, command: Command, by: str) -> None:
        """Decide and record, or leave it when it is refused."""
        self.sent += 1
        context = self.context(by)
        try:
            decided = decide(command, context)
        except Refusal as refusal:
            self.outcomes[f"{command.name}: {refusal.slug()}"] += 1
            return
        self.outcomes[command.name] += 1
        self.reserved = context.reserved
        for one in decided:
            self.streams[one.stream].append(one.event)
        self.store.commit(self.now, *((one.stream, one.event) for one in decided), command_id=context.command_id)

    def tell(self, stream: str, event: Event) -> None:
        """Record an event that no command of this issue brings."""
        self.tell_all((stream, event))

    def tell_all(self, *events: tuple[str, Event]) -> None:
        """Record events in one commit."""
        for stream, event in events:
            self.streams[stream].append(event)
            self.outcomes[event.stored_name] += 1
        self.store.commit(self.now, *events)

    def step(self, kind: str, seed: int) -> None:
        """Let some time pass, then do one thing."""
        self.steps.append((kind, seed))
        rnd = Random(seed)
        passing = rnd.choice((0, 0, 1, 20, 60, 300, 1440, 1440, 2880, 4320))
        self.clock += timedelta(minutes=passing, seconds=rnd.choice((0, 1)))
        STEPS[kind](self, rnd)


LessonName = tuple[str, date, int, int]
"""Journal, planned day, slot, ordinal."""
Play = Callable[[Player, Random], None]
STEPS: dict[str, Play] = {}
WEIGHTED: list[str] = []


def a_step(weight: int) -> Callable[[Play], Play]:
    """Enter a kind of step; it comes as often as its weight says."""

    def enter(play: Play) -> Play:
        name = play.__name__.strip("_")
        STEPS[name] = play
        WEIGHTED.extend([name] * weight)
        return play

    return enter


# What a step may be about


def _lesson(player: Player, rnd: Random) -> LessonName:
    """Choose a lesson: one that was written in before, or one that the timetable has in these days."""
    if player.touched and rnd.random() < 0.55:
        return rnd.choice(player.touched[-12:])
    journal = rnd.choice([w.JOURNAL, w.JOURNAL, w.GROUP_JOURNAL, MATHS_B, *JOURNALS])
    found = _due_lately(player, journal, rnd.choice((0, 0, 0, 2)))
    lesson = rnd.choice(found[:3]) if found else (journal, player.today, rnd.randint(1, 4), 1)
    player.touched.append(lesson)
    return lesson


def _due_lately(player: Player, journal: str, ahead: int) -> list[LessonName]:
    """Answer the lessons of a journal by the timetable, from some days ahead on ten days back."""
    opened = player.state(JournalState, journal).opened
    found: list[LessonName] = []
    if opened is not None:
        calendar = player.state(YearState, w.YEAR).calendar
        schedules = player.state(TimetableState, timetable_stream(w.YEAR)).schedules.get(journal, ())
        for back in range(10):
            day = player.today + timedelta(days=ahead - back)
            number = calendar.cycle_day(day, opened.grade, opened.classes)
            current = [one for one in schedules if one.starts <= day][-1:]
            found += [(journal, day, e.slot, 1) for one in current for e in one.entries if e.cycle_day == number]
    return found


def _written(player: Player, rnd: Random, *parts: str) -> LessonName:
    """Choose a lesson that has one of these things recorded, when there is one."""
    there = [one for one in player.touched if any(getattr(_lesson_state(player, one), part) for part in parts)]
    return rnd.choice(there) if there else _lesson(player, rnd)


def _lesson_state(player: Player, lesson: LessonName) -> LessonState:
    journal, day, slot, ordinal = lesson
    return player.state(LessonState, lesson_stream(journal, day, slot, ordinal))


def _named(lesson: LessonName) -> dict[str, Any]:
    journal, day, slot, ordinal = lesson
    return {"journal": journal, "day": day, "slot": slot, "ordinal": ordinal}


def _teacher(player: Player, lesson: LessonName) -> str:
    """Answer the account that may write in a lesson."""
    state = _lesson_state(player, lesson)
    if state.substitution is not None:
        return STAFF.get(state.substitution.teacher, w.ADA)
    return _load(player, lesson[0], state.placement[0] if state.placement else lesson[1])


def _load(player: Player, journal: str, day: date) -> str:
    journal_state = player.state(JournalState, journal)
    return next((account for one, account in STAFF.items() if journal_state.load_of(one, day)), w.ADA)


def _members(player: Player, lesson: LessonName) -> list[str]:
    """Answer the pupils of a lesson, or all when it has none."""
    opened = player.state(JournalState, lesson[0]).opened
    if opened is None:
        return PUPILS
    state = _lesson_state(player, lesson)
    day = state.placement[0] if state.placement else lesson[1]
    found = [
        one
        for one in PUPILS
        if player.state(PupilState, one).memberships.member_of(opened.group, opened.group_kind, lesson[0], day)
    ]
    return found or PUPILS


def _value(player: Player, journal: str, rnd: Random, *, final: bool = False) -> str:
    opened = player.state(JournalState, journal).opened
    system = "five-point" if opened is None else opened.grading_system
    if final and rnd.random() < 0.3:
        return rnd.choice(("н/а", "осв", "зач", "незач"))
    if system == "hundred-point":
        return str(rnd.choice((0, 49, 50, 69, 70, 84, 85, 100)))
    return rnd.choice(("зач", "незач")) if system == "pass-fail" else str(rnd.choice((1, 2, 3, 3, 4, 4, 5, 5)))


def _mark(player: Player, lesson: LessonName, rnd: Random) -> marks.MarkEntry:
    return marks.MarkEntry(
        pupil=rnd.choice(_members(player, lesson)),
        work=rnd.choice(("oral", "homework", "control", "dictation")),
        number=rnd.choice((1, 1, 2)),
        value=_value(player, lesson[0], rnd),
    )


def _absences(player: Player, lesson: LessonName, rnd: Random) -> tuple[attendance.AbsenceLine, ...]:
    members = _members(player, lesson)
    away = rnd.sample(members, min(len(members), rnd.choice((0, 1, 1, 2))))
    return tuple(
        attendance.AbsenceLine(pupil=one, kind=rnd.choice(("absent", "excused", "ill", "late"))) for one in away
    )


def _homework(rnd: Random) -> lessons.HomeworkEntry:
    return lessons.HomeworkEntry(text=rnd.choice(("", "№ 5", "№ 6")), minutes=rnd.choice((None, 20)))


# Lessons


@a_step(9)
def _save_lesson(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    given = {
        (one.pupil, one.work, one.number): one for one in (_mark(player, lesson, rnd) for _ in range(rnd.randint(0, 3)))
    }
    command = lessons.SaveLesson(
        **_named(lesson),
        topic=rnd.choice(("", "Тема 1", "Тема 2")),
        homework=rnd.choice((None, _homework(rnd))),
        absences=rnd.choice((None, _absences(player, lesson, rnd), _absences(player, lesson, rnd))),
        marks=tuple(given.values()),
    )
    player.send(command, _teacher(player, lesson))


@a_step(3)
def _topic(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    command: Command = lessons.RecordTopic(**_named(lesson), plan_item=rnd.randint(1, 30))
    if rnd.random() < 0.6:
        lesson = _written(player, rnd, "topic")
        command = lessons.CorrectTopic(**_named(lesson), topic="Тема 3", reason="ошибка")
    player.send(command, _teacher(player, lesson))


@a_step(3)
def _homework_step(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    new = rnd.choice((None, _homework(rnd)))
    command: Command = lessons.SetHomework(**_named(lesson), homework=_homework(rnd))
    if rnd.random() < 0.6:
        lesson = _written(player, rnd, "homework")
        command = lessons.CorrectHomework(**_named(lesson), homework=new, reason="ошибка")
    player.send(command, _teacher(player, lesson))


@a_step(3)
def _roll(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    player.send(
        attendance.TakeRoll(**_named(lesson), absences=_absences(player, lesson, rnd)), _teacher(player, lesson)
    )


@a_step(4)
def _correct_attendance(player: Player, rnd: Random) -> None:
    lesson = _written(player, rnd, "roll_taken")
    command = attendance.CorrectAttendance(
        **_named(lesson),
        pupil=rnd.choice(_members(player, lesson)),
        kind=rnd.choice(("present", "absent", "excused", "ill", "late")),
        reason="ошибка",
    )
    player.send(command, _teacher(player, lesson))


@a_step(6)
def _record_mark(player: Player, rnd: Random) -> None:
    lesson = _written(player, rnd, "absences") if rnd.random() < 0.4 else _lesson(player, rnd)
    entry = _mark(player, lesson, rnd)
    player.send(marks.RecordMark(**_named(lesson), **entry.model_dump()), _teacher(player, lesson))


@a_step(5)
def _change_mark(player: Player, rnd: Random) -> None:
    """Correct or withdraw a mark that is there."""
    lesson = _written(player, rnd, "marks")
    state = _lesson_state(player, lesson)
    if not state.marks:
        return
    cell = rnd.choice(sorted(state.marks))
    where = _named(lesson) | {"pupil": cell.pupil, "work": cell.work, "number": cell.number, "reason": "ошибка"}
    command: Command = marks.WithdrawMark(**where)
    if rnd.random() < 0.6:
        command = marks.CorrectMark(**where, value=_value(player, lesson[0], rnd))
    player.send(command, _teacher(player, lesson))


@a_step(1)
def _recommend(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    advice = marks.GiveRecommendation(**_named(lesson), pupil=rnd.choice(_members(player, lesson)), text="Читать")
    player.send(advice, _teacher(player, lesson))


@a_step(3)
def _substitute(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    teacher = rnd.choice((w.ADA_STAFF, w.BORIS_STAFF, w.DEPUTY_STAFF, w.DEPUTY_STAFF))
    subject = rnd.choice((None, None, None, w.ENGLISH, w.MATHS))
    command: Command = substitutions.SubstituteTeacher(**_named(lesson), teacher=teacher, subject=subject)
    if rnd.random() < 0.2:
        supervisor = rnd.choice((None, teacher))
        command = substitutions.AssignSelfStudy(**_named(lesson), teacher=supervisor)
    if rnd.random() < 0.3:
        lesson = _written(player, rnd, "substitution")
        command = substitutions.CorrectSubstitution(
            **_named(lesson), teacher=rnd.choice((None, teacher)), reason="ошибка"
        )
    player.send(command, w.DEPUTY)


@a_step(4)
def _move(player: Player, rnd: Random) -> None:
    """Move a lesson, sometimes over the end of a quarter or into the break."""
    lesson = _lesson(player, rnd)
    new_day = max(w.FIRST_DAY, player.today + timedelta(days=rnd.choice((-20, -3, -1, 0, 0, 1, 2, 30))))
    if rnd.random() < 0.25:
        new_day = rnd.choice((date(2025, 10, 24), date(2025, 10, 25), date(2025, 11, 5)))
    player.send(substitutions.MoveLesson(**_named(lesson), new_day=new_day, new_slot=rnd.randint(1, 9)), w.DEPUTY)


@a_step(3)
def _cancel(player: Player, rnd: Random) -> None:
    lesson = _lesson(player, rnd)
    command: Command = substitutions.CancelLesson(**_named(lesson), reason="карантин")
    if rnd.random() < 0.35:
        lesson = _written(player, rnd, "cancelled")
        command = substitutions.ReinstateLesson(**_named(lesson), reason="ошибка")
    player.send(command, w.DEPUTY)


@a_step(2)
def _extra(player: Player, rnd: Random) -> None:
    """Plan an extra lesson: for one that was lost, mostly, and then it is sometimes lost itself."""
    lost = _lost(player, rnd) if rnd.random() < 0.8 else None
    if lost is None:
        journal, day, slot, _ = _lesson(player, rnd)
        lesson, makes_up = (journal, day, slot, rnd.choice((2, 2, 3))), None
    else:
        lesson = _in_an_empty_slot(player, rnd, lost)
        makes_up = lessons.LostLesson(day=lost[1], slot=lost[2], ordinal=lost[3])
    player.touched.append(lesson)
    player.send(lessons.PlanExtraLesson(**_named(lesson), makes_up=makes_up), w.DEPUTY)
    if makes_up is not None and rnd.random() < 0.5:
        _lose(player, rnd, lesson)


def _lost(player: Player, rnd: Random) -> LessonName:
    """Choose a lesson that was lost, or lose one."""
    known = [one for one in player.touched if _is_lost(player, one)]
    if known and rnd.random() < 0.5:
        return rnd.choice(known)
    lesson = _lesson(player, rnd)
    player.touched.append(lesson)
    _lose(player, rnd, lesson)
    return lesson


def _lose(player: Player, rnd: Random, lesson: LessonName) -> None:
    why: dict[str, Any] = {**_named(lesson), "reason": "карантин"}
    other = rnd.choice((w.ENGLISH, w.MATHS))
    ways = (
        substitutions.CancelLesson(**why),
        substitutions.SubstituteTeacher(**why, teacher=w.DEPUTY_STAFF, subject=other),
        substitutions.AssignSelfStudy(**why),
    )
    player.send(rnd.choice(ways), w.DEPUTY)


def _in_an_empty_slot(player: Player, rnd: Random, lesson: LessonName) -> LessonName:
    """Put an extra lesson where nobody has another one, some days back, so that it is over and clashes with nothing."""
    return lesson[0], player.today - timedelta(days=rnd.randint(1, 3)), rnd.randint(8, 9), 2


def _is_lost(player: Player, lesson: LessonName) -> bool:
    state = _lesson_state(player, lesson)
    return state.cancelled or (state.substitution is not None and bool(state.substitution.subject))


@a_step(3)
def _merge(player: Player, rnd: Random) -> None:
    """Give a lesson together with another one of that slot, by whoever teaches the other one."""
    journal, on, at, ordinal = _lesson(player, rnd)
    timetable = player.state(TimetableState, timetable_stream(w.YEAR))
    hosts = [one for one, schedules in timetable.schedules.items() if one != journal and schedules]
    host = rnd.choice(sorted(hosts) or [journal])
    into = substitutions.MoveLesson(journal=journal, day=on, slot=at, ordinal=ordinal, new_day=on, new_slot=at)
    opened = player.state(JournalState, host)
    slots = sorted({entry.slot for one in timetable.schedules.get(host, ()) for entry in one.entries})
    if slots and rnd.random() < 0.8:
        player.send(into.model_copy(update={"new_slot": rnd.choice(slots)}), w.DEPUTY)
    for teacher in sorted(opened.teachers_on(on)):
        where: dict[str, Any] = {"journal": journal, "day": on, "slot": at, "ordinal": ordinal}
        command = substitutions.SubstituteTeacher(**where, teacher=teacher, merged_journal=host)
        player.send(command, w.DEPUTY)


@a_step(1)
def _qualify(player: Player, rnd: Random) -> None:
    subjects = tuple(rnd.sample([w.MATHS, w.ENGLISH, SPORT_SUBJECT], rnd.randint(0, 3)))
    player.send(people.QualifyStaffMember(staff=rnd.choice(list(STAFF)), subjects=subjects), w.DEPUTY)


@a_step(1)
def _position(player: Player, rnd: Random) -> None:
    staff, held = rnd.choice(list(STAFF)), rnd.choice(("учитель", "завуч", "методист"))
    starts = w.FIRST_DAY + timedelta(days=rnd.randint(0, 60))
    player.send(positions.ChangeStaffPosition(staff=staff, position=held, starts=starts), w.DEPUTY)
    known = player.state(StaffState, staff)
    if rnd.random() < 0.5:
        days = sorted({term.starts for term in known.terms} | {starts})
        parts = tuple(positions.PositionPart(position=held, starts=one) for one in days)
        player.send(positions.CorrectStaffPositions(staff=staff, positions=parts, reason="ошибка"), w.DEPUTY)


@a_step(2)
def _consent(player: Player, rnd: Random) -> None:
    """Say something about the data of a pupil or the guardian; sometimes what was said is set right, or struck."""
    person, givers = rnd.choice(
        ((w.VERA, (w.VERA, w.PARENT_GUARDIAN)), (w.GLEB, (w.GLEB,)), (w.PARENT_GUARDIAN, (w.PARENT_GUARDIAN,)))
    )
    if rnd.random() < 0.2:
        changed = {"code": rnd.choice(("electronic-form", "trip")), "title": "Цель", "needs": "consent"}
        player.send(consents.DefineConsentPurpose.model_validate(changed | {"starts": w.FIRST_DAY}), w.DEPUTY)
    said: dict[str, Any] = {"person": person, "giver": rnd.choice(givers), "decided_on": w.FIRST_DAY}
    said["purpose"] = rnd.choice(("electronic-form", "photo", "trip"))
    known = sorted(player.state(ConsentState, consents_stream(person)).said)
    if known and rnd.random() < 0.4:
        wrong: dict[str, Any] = {"person": person, "version": rnd.choice(known), "reason": "ошибка"}
        decision: Any = rnd.choice(("given", "refused"))
        right = consents.CorrectConsent(**said | wrong, decision=decision)
        player.send(rnd.choice((right, consents.StrikeConsent(**wrong))), w.DEPUTY)
        return
    command = rnd.choice((consents.GiveConsent, consents.RefuseConsent, consents.WithdrawConsent))
    player.send(command.model_validate(said | {"channel": "paper", "note": rnd.choice((None, "записка"))}), w.DEPUTY)


# Requests to correct


def _standing(player: Player, *standings: str) -> list[tuple[str, CorrectionRequested]]:
    """Answer the requests that stand so, in the order of asking."""
    states = [(one, player.state(CorrectionState, one)) for one in player.requests]
    return [(one, state.requested) for one, state in states if state.requested and state.standing in standings]


@a_step(5)
def _ask(player: Player, rnd: Random) -> None:
    """Ask for a lesson of three weeks ago, or for something written then: often it is still free."""
    there = [one for one in player.touched if _lesson_state(player, one).marks and rnd.random() < 0.5]
    lesson = min(there, key=lambda one: one[1], default=_lesson(player, rnd))
    kind = rnd.choice(("topic", "homework", "attendance", "mark", "mark", "mark", "lesson", "substitution"))
    by = w.DEPUTY if kind == "substitution" else _teacher(player, lesson)
    cells = sorted(_lesson_state(player, lesson).marks)
    pupil = rnd.choice(cells).pupil if cells else rnd.choice(_members(player, lesson))
    request = uid(f"request {player.sent}")
    fields = _named(lesson) | {"kind": kind, "request": request, "reason": "не было доступа"}
    if kind == "mark" or (kind == "attendance" and rnd.random() < 0.5):
        fields["pupil"] = pupil
    player.send(corrections.RequestCorrection.model_validate(fields), by)
    if player.state(CorrectionState, request).requested is not None:
        player.requests.append(request)


@a_step(5)
def _decide_on_request(player: Player, rnd: Random) -> None:
    waiting = _standing(player, "open")
    if not waiting:
        return
    request, asked = rnd.choice(waiting)
    command: Command = corrections.ApproveCorrection(request=request)
    by = rnd.choice((w.HEAD, w.HEAD, w.DEPUTY))
    if rnd.random() < 0.15:
        command = corrections.RejectCorrection(request=request, reason="нет оснований")
    elif rnd.random() < 0.1:
        command, by = corrections.WithdrawCorrection(request=request), asked.account
    player.send(command, by)


@a_step(6)
def _use_an_approval(player: Player, rnd: Random) -> None:
    """Send what was asked for with the approval, mostly an approval that counts."""
    usable = _standing(player, "approved") or _standing(player, "used", "open")
    if not usable:
        return
    request, asked = rnd.choice(usable[-3:])
    assert asked.day is not None
    lesson = (asked.journal, asked.day, asked.slot, asked.ordinal)
    where = _named(lesson) | {"approval": request}
    why = where | {"reason": "с разрешения"}
    topic = _lesson_state(player, lesson).topic
    command: Command
    match asked.kind:
        case "topic" if topic is not None:
            command = lessons.CorrectTopic(**why, topic=f"{topic}!")
        case "topic":
            command = lessons.RecordTopic(**where, topic="Тема с опозданием")
        case "homework" if _lesson_state(player, lesson).homework is not None:
            command = lessons.CorrectHomework(**why, homework=_homework(rnd))
        case "homework":
            command = lessons.SetHomework(**where, homework=_homework(rnd))
        case "attendance" if asked.pupil:
            command = attendance.CorrectAttendance(**why, pupil=asked.pupil, kind=rnd.choice(("present", "ill")))
        case "attendance":
            command = attendance.TakeRoll(**where, absences=_absences(player, lesson, rnd))
        case "mark":
            command = _late_mark(player, lesson, asked.pupil, where, rnd)
        case "substitution":
            command = substitutions.SubstituteTeacher(**where, teacher=rnd.choice(list(STAFF)))
        case _:
            command = lessons.SaveLesson(**where, topic=topic or "Тема", marks=(_mark(player, lesson, rnd),))
    player.send(command, asked.account)


def _late_mark(player: Player, lesson: LessonName, pupil: str, where: dict[str, Any], rnd: Random) -> Command:
    cells = [cell for cell in sorted(_lesson_state(player, lesson).marks) if cell.pupil == pupil]
    if not cells:
        return marks.RecordMark(**where, pupil=pupil, work="oral", value=_value(player, lesson[0], rnd))
    cell = rnd.choice(cells)
    there = where | {"pupil": pupil, "work": cell.work, "number": cell.number, "reason": "с разрешения"}
    if rnd.random() < 0.2:
        return marks.WithdrawMark(**there)
    return marks.CorrectMark(**there, value=_value(player, lesson[0], rnd))


# People


def _day(player: Player, rnd: Random) -> date:
    return max(w.FIRST_DAY, player.today + timedelta(days=rnd.randint(-12, 14)))


@a_step(3)
def _transfer(player: Player, rnd: Random) -> None:
    class_id = rnd.choice((w.CLASS_5A, w.CLASS_5B, w.CLASS_5B, CLASS_5V, CLASS_10A))
    day = _day(player, rnd)
    player.send(movement.TransferPupil(pupil=rnd.choice(PUPILS), class_id=class_id, transferred_on=day), w.HEAD)


@a_step(3)
def _leave_or_return(player: Player, rnd: Random) -> None:
    pupil, day = rnd.choice(PUPILS), _day(player, rnd)
    command: Command = movement.RecordDeparture(pupil=pupil, left_on=day)
    if player.state(PupilState, pupil).memberships.class_on(day) is None:
        command = movement.RecordReturn(pupil=pupil, class_id=rnd.choice(CLASSES), returned_on=day)
    player.send(command, w.HEAD)


@a_step(4)
def _join_or_leave(player: Player, rnd: Random) -> None:
    pupil, group, day = rnd.choice(PUPILS), rnd.choice(GROUPS), _day(player, rnd)
    command: Command = movement.JoinGroup(pupil=pupil, group=group, joined_on=day)
    if rnd.random() < 0.4:
        command = movement.LeaveGroup(pupil=pupil, group=group, left_on=day)
    player.send(command, w.HEAD)


@a_step(4)
def _correct_movement(player: Player, rnd: Random) -> None:
    """A movement on record is put right back-dated, or taken back; half of the time the oldest one of the pupil."""
    pupil, day = rnd.choice(PUPILS), _day(player, rnd)
    memberships = player.state(PupilState, pupil).memberships
    class_id = rnd.choice((w.CLASS_5A, w.CLASS_5B, CLASS_5V))
    why: dict[str, Any] = {"pupil": pupil, "reason": "приказ от другого числа"}
    choices: list[Command] = [movement_corrections.CorrectEnrolment(**why, class_id=class_id, enrolled_on=day)]
    for stay in memberships.classes[1:]:
        on_record = {**why, "recorded_on": stay.starts}
        choices += [
            movement_corrections.CorrectTransfer(**on_record, class_id=class_id, transferred_on=day),
            movement_corrections.CorrectReturn(**on_record, class_id=class_id, returned_on=day),
            movement_corrections.WithdrawMovement(**on_record),
        ]
    for stay in memberships.classes:
        if stay.ends is not None:
            choices += [
                movement_corrections.CorrectDeparture(**why, recorded_on=stay.ends, left_on=day),
                movement_corrections.WithdrawMovement(**why, recorded_on=stay.ends),
            ]
    for stay in memberships.groups:
        of_group = {**why, "group": stay.where, "recorded_on": stay.starts}
        ends = day + timedelta(days=rnd.randint(1, 20)) if rnd.random() < 0.5 else None
        choices += [
            movement_corrections.CorrectGroupStay(**of_group, starts=day, ends=ends),
            movement_corrections.WithdrawGroupStay(**of_group),
        ]
    player.send(rnd.choice(choices), w.HEAD)


@a_step(3)
def _plan(player: Player, rnd: Random) -> None:
    pupil, day = rnd.choice(PUPILS[:6]), _day(player, rnd)
    chosen = rnd.choice(((), (w.JOURNAL,), (MATHS_B,)))
    command: Command = movement.SetIndividualPlan(pupil=pupil, starts=day, class_journals=chosen)
    if player.state(PupilState, pupil).memberships.plan_on(day) is not None and rnd.random() < 0.6:
        command = movement.EndIndividualPlan(pupil=pupil, ends=day)
    player.send(command, w.HEAD)


@a_step(1)
def _enrol(player: Player, rnd: Random) -> None:
    command = people.EnrolPupil(
        pupil=uid(f"pupil new {rnd.randint(1, 3)}"),
        family="Новый",
        given="Яков",
        class_id=rnd.choice(CLASSES),
        enrolled_on=_day(player, rnd),
    )
    player.send(command, w.HEAD)


# Set-up


@a_step(3)
def _schedule(player: Player, rnd: Random) -> None:
    entries = tuple(
        timetables.ScheduleEntryPart(cycle_day=day, slot=rnd.randint(1, 6))
        for day in rnd.sample(range(1, 6), rnd.randint(0, 3))
    )
    journal, day = rnd.choice(JOURNALS), _day(player, rnd)
    player.send(timetables.ScheduleJournal(journal=journal, starts=day, entries=entries), w.DEPUTY)


@a_step(1)
def _breaks(player: Player, rnd: Random) -> None:
    first = date(2025, 10, 25) - timedelta(days=rnd.randint(0, 4))
    whole = years.BreakPart(title="Осень", first_day=first, last_day=first + timedelta(days=rnd.randint(5, 10)))
    start = _day(player, rnd)
    grades, named = rnd.choice(
        (((1,), ()), ((5,), ()), ((1, 10), ()), ((), (w.CLASS_5A,)), ((1,), (w.CLASS_5A, w.CLASS_5B)))
    )
    small = years.BreakPart(
        title="Карантин", first_day=start, last_day=start + timedelta(days=1), grades=grades, classes=named
    )
    player.send(years.DefineBreaks(year=w.YEAR, breaks=rnd.choice(((whole,), (whole, small)))), w.DEPUTY)


@a_step(1)
def _holidays(player: Player, rnd: Random) -> None:
    cycle = player.state(YearState, w.YEAR).data.cycle
    free = years.HolidayPart(day=_day(player, rnd), title="Праздник")
    days = [date(2025, 9, 20) + timedelta(days=7 * n + rnd.randint(0, 1)) for n in range(rnd.randint(0, 3))]
    if cycle is not None and cycle.kind == "weekly":
        days.append(date(2025, 11, 3))
    worked = tuple(
        years.TransferredDayPart(day=day, cycle_day=rnd.randint(1, 5)) for day in dict.fromkeys(days) if day != free.day
    )
    player.send(years.DefineHolidays(year=w.YEAR, holidays=(free,), transferred=worked), w.DEPUTY)


@a_step(2)
def _regulation(player: Player, rnd: Random) -> None:
    topic, homework, roll = (rnd.choice((0, 0, 1, 3)) for _ in range(3))
    adopted = school.AdoptRegulation(starts=_day(player, rnd), topic_days=topic, homework_days=homework, roll_days=roll)
    player.send(adopted, w.HEAD)


@a_step(1)
def _work_kinds(player: Player, rnd: Random) -> None:
    kinds = [
        {
            "code": kind.code,
            "title": kind.name,
            "weight": rnd.choice((50, 100, 150)),
            "written": kind.written,
            "mark_days": rnd.choice((0, 2, 7)),
        }
        for kind in WORK_KINDS
        if kind.code != "dictation" or rnd.random() < 0.5
    ]
    player.send(school.DefineWorkKinds.model_validate({"kinds": kinds}), w.HEAD)


@a_step(2)
def _teachers(player: Player, rnd: Random) -> None:
    journal, staff, day = rnd.choice(JOURNALS[:5]), rnd.choice(list(STAFF)), _day(player, rnd)
    command: Command = journals.UnassignTeacher(journal=journal, staff=staff, ends=day)
    if rnd.random() < 0.6:
        ends = rnd.choice((None, day + timedelta(days=10)))
        command = journals.AssignTeacher(journal=journal, staff=staff, starts=day, ends=ends)
    player.send(command, w.DEPUTY)


@a_step(3)
def _thematic_plan(player: Player, rnd: Random) -> None:
    """Adopt a plan, or go on with the one that is there."""
    journal = rnd.choice((w.JOURNAL, w.JOURNAL, w.GROUP_JOURNAL, MATHS_B, SPORTS))
    plan = player.state(JournalState, journal).plan
    what, why = rnd.random(), {"journal": journal, "reason": "карантин"}
    lines: list[dict[str, Any]] = [
        {"number": line.number, "section": line.section, "topic": line.topic, "hours": line.hours}
        | {"control": line.control, "reserve": line.reserve}
        for line in plan.values()
    ]
    command: Command
    if not plan or what < 0.1:
        lines = [
            {
                "number": n + 1,
                "topic": f"Тема {n + 1}",
                "hours": rnd.choice((1, 1, 2, 3)),
                "reserve": rnd.random() < 0.3,
            }
            for n in range(rnd.randint(3, 20))
        ]
        command = journals.AdoptThematicPlan.model_validate({"journal": journal, "topics": lines})
    elif what < 0.5:
        extra = [{"topic": "Новая тема", "hours": rnd.randint(1, 3), "reserve": rnd.random() < 0.5}]
        rnd.shuffle(lines)
        kept = lines[: rnd.randint(max(1, len(lines) - 2), len(lines))]
        command = thematic_plans.ReviseThematicPlan.model_validate(why | {"topics": kept + extra})
    elif what < 0.8:
        numbers = rnd.sample(list(plan), min(len(plan), 2))
        command = thematic_plans.CombineTopics.model_validate(why | {"numbers": (*numbers, numbers[0])[:2], "hours": 1})
    else:
        command = thematic_plans.DropReserveHours.model_validate(why | {"hours": rnd.randint(1, 2)})
    player.send(command, w.DEPUTY)


CONTROL_WORKS = tuple(uid(f"control work {n}") for n in range(12))
RULES = (
    *("per-day", "per-week", "between", "hours", "first-or-last", "after-break", "monday-first", "no-lesson"),
    *("too-short", "long-lesson"),
)


@a_step(4)
def _control_work(player: Player, rnd: Random) -> None:
    """Plan, move or cancel control works, under norms that change."""
    there = [one for one in CONTROL_WORKS if player.state(ControlWorkState, one).planned is not None]
    what, day = rnd.random(), _day(player, rnd) + timedelta(days=rnd.randint(0, 20))
    works = [
        {"journal": rnd.choice(JOURNALS), "day": day + timedelta(days=n), "title": rnd.choice(("Дроби", "Углы"))}
        | {"form": "контрольная", "work": rnd.choice(("control", "oral")), "lessons": rnd.choice((1, 1, 2, 3))}
        | {"first_slot": rnd.choice((None, None, 1, 2))}
        for n in range(rnd.randint(1, 3))
    ]
    for one in works:
        due = _due_lately(player, rnd.choice((MATHS_B, CHEMISTRY, w.JOURNAL)), rnd.choice((0, 10)))
        if due and rnd.random() < 0.6:  # in a lesson of the journal, where bells and places in the day are looked at
            journal, on, slot, _ = rnd.choice(due)
            one |= {"journal": journal, "day": on, "first_slot": rnd.choice((None, slot))}
    command: Command
    if what < 0.15:
        rules = rnd.sample(RULES, 5)
        fields = {"starts": day, "source": "приказ", "errors": rules[: rnd.randint(0, 2)], "off": rules[3:]}
        fields |= {"minutes_min": rnd.choice((None, 22, 30, 60)), "lesson_minutes_max": rnd.choice((None, 22, 45))}
        command = control_norms.AdoptControlNorms.model_validate(fields)
    elif what < 0.4 and there:
        fields = {"control_work": rnd.choice(there), "reason": "карантин"}
        command = control_works.CancelControlWork.model_validate(fields)
        if rnd.random() < 0.7:
            command = control_works.MoveControlWork.model_validate(fields | {"new_day": day})
    elif what < 0.7:
        command = control_works.PlanControlWork.model_validate(works[0] | {"control_work": rnd.choice(CONTROL_WORKS)})
    else:
        command = control_works.PlanControlWorks.model_validate({"works": works})
    player.send(command, w.DEPUTY)


CURRICULA = tuple(uid(f"curriculum {n}") for n in range(3))


@a_step(3)
def _curriculum(player: Player, rnd: Random) -> None:
    """Adopt a curriculum, or give one that may be there to a class or a pupil."""
    one, day = rnd.choice(CURRICULA), _day(player, rnd)
    there = [one for one in CURRICULA if player.state(CurriculumState, one).adopted is not None]
    what = rnd.random()
    command: Command
    if what < 0.25 or not there:
        subjects = rnd.sample([w.MATHS, w.ENGLISH, SPORT_SUBJECT, CHEMISTRY_SUBJECT], rnd.randint(1, 4))
        lines = [
            {
                "subject": subject,
                "hours_per_week_hundredths": rnd.choice((50, 100, 200, 300, 500)),
                "component": rnd.choice(("federal", "participants")),
                "group_kind": rnd.choice(("", "", "", "stream", "individual", "subgroup")),
            }
            for subject in subjects
        ]
        fields = {"curriculum": one, "year": w.YEAR, "title": f"План {one[:4]}", "lines": lines}
        command = curricula.AdoptCurriculum.model_validate(fields | {"grades": rnd.choice(((), (5,), (5, 10)))})
    elif what < 0.6:
        class_id = rnd.choice(CLASSES)
        command = curricula.AssignCurriculum(class_id=class_id, curriculum=rnd.choice(there), starts=day)
    elif what < 0.9:
        pupil = rnd.choice(PUPILS[:6])
        command = curricula.AssignPupilCurriculum(pupil=pupil, curriculum=rnd.choice(there), starts=day)
    else:
        command = curricula.EndPupilCurriculum(pupil=rnd.choice(PUPILS[:6]), ends=day)
    player.send(command, w.DEPUTY)


@a_step(1)
def _close_or_reopen(player: Player, rnd: Random) -> None:
    until = (player.clock + timedelta(days=rnd.randint(1, 20))).astimezone(UTC)
    some = tuple(rnd.sample([one for one in JOURNALS if one != CHEMISTRY], rnd.randint(3, 7)))
    command: Command = closing.ReopenPeriod(year=w.YEAR, period="q1", journals=some, until=until, reason="исправление")
    if rnd.random() < 0.1:
        command = closing.ClosePeriod(year=w.YEAR, period="q1")
    player.send(command, w.HEAD)


# Final marks


@a_step(8)
def _final_mark(player: Player, rnd: Random) -> None:
    journal = rnd.choice([w.JOURNAL, w.JOURNAL, w.GROUP_JOURNAL, MATHS_B, SPORTS, LONELY, CHEMISTRY, READING])
    opened = player.state(JournalState, journal).opened
    half = opened is not None and opened.scheme == "half-years"
    period = rnd.choice(("h1" if half else "q1", "h1" if half else "q1", "h1" if half else "q2", "year", "exam"))
    lesson = (journal, rnd.choice((date(2025, 9, 9), date(2025, 10, 22), player.today)), 1, 1)
    fields = {"journal": journal, "period": period, "pupil": rnd.choice(_members(player, lesson))}
    value = _value(player, journal, rnd, final=True)
    stream = final_marks.DecideFinalMark(**fields, value=value)
    known = player.state(FinalMarksState, stream.target(player.context(w.HEAD)).stream if opened else "?").values
    command: Command = stream
    if fields["pupil"] in known:
        command = final_marks.CorrectFinalMark(**fields, value=value, reason="ошибка")
        if rnd.random() < 0.3:
            command = final_marks.WithdrawFinalMark(**fields, reason="ошибка")
    last = date(2026, 5, 29) if period in {"year", "exam"} else date(2025, 10, 24) if period == "q1" else w.LAST_DAY
    last = date(2025, 12, 30) if period in {"q2", "h1"} else last
    player.send(command, _load(player, journal, min(player.today, last)))


# Breaches


@a_step(3)
def _void(player: Player, rnd: Random) -> None:
    _mark_versions(player, rnd, EventsVoided)


@a_step(2)
def _restore(player: Player, rnd: Random) -> None:
    """Restore what is void, mostly; otherwise what is not."""
    held = [
        (stream, event)
        for stream, events in player.streams.items()
        for event in events
        if isinstance(event, EventsVoided)
    ]
    if not held or rnd.random() < 0.2:
        _mark_versions(player, rnd, EventsRestored)
        return
    stream, voided = rnd.choice(held)
    versions = voided.versions[: rnd.randint(1, len(voided.versions))]
    player.tell(stream, EventsRestored(breach=voided.breach, versions=versions))


@a_step(2)
def _cancelled_with_records(player: Player, rnd: Random) -> None:
    """A cancellation is void, so the lesson is written in; when it is valid again, a cancelled lesson has records."""
    lesson = _lesson(player, rnd)
    player.send(substitutions.CancelLesson(**_named(lesson), reason="карантин"), w.DEPUTY)
    stream, breach = lesson_stream(*lesson), rnd.choice(BREACHES)
    events = player.streams.get(stream, ())
    versions = tuple(n for n, event in enumerate(events, start=1) if isinstance(event, LessonCancelled))
    if versions:
        player.tell(stream, EventsVoided(breach=breach, versions=versions))
    absences = _absences(player, lesson, rnd)
    command = lessons.SaveLesson(**_named(lesson), absences=absences, marks=(_mark(player, lesson, rnd),))
    player.send(command, _teacher(player, lesson))
    if versions and rnd.random() < 0.7:
        player.tell(stream, EventsRestored(breach=breach, versions=versions))


def _mark_versions(player: Player, rnd: Random, marker: type[EventsVoided | EventsRestored]) -> None:
    """Void (or restore) some events of some streams; of the set-up only what is about one journal, pupil or class."""
    grown = [one for one, events in player.streams.items() if len(events) > player.set_up.get(one, 0)]
    whole = [one for one in grown if one not in player.set_up]
    markers: list[tuple[str, Event]] = []
    breach = rnd.choice(BREACHES)
    for stream in rnd.sample(grown, min(len(grown), rnd.randint(1, 4))):
        size = len(player.streams[stream])
        spared = player.set_up.get(stream, 0)
        if rnd.random() < 0.1 and stream not in {SCHOOL, w.YEAR}:
            spared = 0
        versions = range(spared + 1, size + 1)
        some = list(versions) if stream in whole and rnd.random() < 0.2 else rnd.sample(versions, min(len(versions), 2))
        markers.append((stream, marker(breach=breach, versions=tuple(sorted(some)))))
    if markers:
        player.tell_all(*markers)


MARKERS = frozenset({"void", "restore", "cancelled_with_records"})


@lru_cache
def _begun(cycle: str) -> Player:
    player = Player()
    player.begin(a_small_school(cycle))
    return player


def play(cycle: str, steps: Iterable[tuple[str, int]]) -> Player:
    """Play the steps in the small school."""
    begun = _begun(cycle)
    player = Player(cache=dict(begun.cache), set_up=begun.set_up, cycle=cycle)
    player.streams.update({stream: list(events) for stream, events in begun.streams.items()})
    player.store = ClockStore(list(begun.store.events), dict(begun.store.versions), begun.store.commits)
    for kind, seed in steps:
        player.step(kind, seed)
    return player


MORE_STEPS_MIN, MORE_STEPS_MAX = 4, 12


def random_steps(seed: int, count: int) -> list[tuple[str, int]]:
    """Answer steps without hypothesis, for looking at many histories by hand."""
    rnd = Random(seed)
    return [(rnd.choice(WEIGHTED), rnd.getrandbits(32)) for _ in range(count)]


def histories(steps_max: int = STEPS_MAX, *, then: Sequence[str] = ()) -> st.SearchStrategy[Player]:
    """Draw a history and play it; at the end some more steps of the kinds named, which are rare otherwise."""
    seed = st.integers(0, 2**32 - 1)
    steps = st.lists(st.tuples(st.sampled_from(WEIGHTED), seed), min_size=STEPS_MIN, max_size=steps_max)
    if then:
        more = st.lists(st.tuples(st.sampled_from(then), seed), min_size=MORE_STEPS_MIN, max_size=MORE_STEPS_MAX)
        steps = st.tuples(steps, more).map(lambda both: [*both[0], *both[1]])
    return st.builds(play, st.sampled_from(CYCLES), steps)
