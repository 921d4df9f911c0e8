"""What the four reports must say, worked out the slow and plain way: dicts and loops over valid events.

Written from the requirement texts (`rules.md`, README D1, D2, D4, D5), not from the projections, and with a calendar of
its own, so that a mistake there or in `ejd.kernel.calendar` shows as a difference. The events come in order of position
with void ones taken out; everything is linear in their number. Figures of the reports are in `tests.oracle_reports`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import control_works as w
from ejd.kernel.events import curricula as u
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import timetable as t
from ejd.kernel.events import year as y
from ejd.kernel.sealed import Sealed

ONE_DAY = timedelta(days=1)
ABSENT = ("absent", "excused", "ill")
"""н, у, б; о (late) was there (A3)."""

OpenBox = Callable[[Sealed, Ref], str]
"""Opens a sealed text of an event."""
LessonKey = tuple[str, date, int, int]
"""Journal, planned day, slot, ordinal."""


def in_clear(box: Sealed, _at: Ref | None = None) -> str:
    """Open what the fake seal of `tests.scenario` made: the box is the clear text."""
    return box.box.decode()


class Meta(Protocol):
    """What the oracle needs of a stored event's envelope."""

    @property
    def position(self) -> int:
        """Its place among all events."""
        ...

    @property
    def stream(self) -> str:
        """The stream it is in."""
        ...

    @property
    def version(self) -> int:
        """Its place there."""
        ...

    @property
    def recorded_at(self) -> int:
        """Microseconds since 1970 UTC."""
        ...


@dataclass
class Stay:
    """In a class or group from a day (included) to a day (not included, None: still)."""

    where: str
    starts: date
    ends: date | None = None


@dataclass
class Pupil:
    """Where a pupil is, by date; `plans` maps a first day to the class journals of the plan, None: the class's own."""

    classes: list[Stay] = field(default_factory=list)
    groups: list[Stay] = field(default_factory=list)
    plans: dict[date, tuple[str, ...] | None] = field(default_factory=dict)


@dataclass
class Load:
    """A teacher of a journal, both days included (None: still)."""

    staff: str
    starts: date
    ends: date | None
    hours: int | None = None


@dataclass
class Mark:
    """What stands in one cell; `at` is the first entry of the cell."""

    value: str
    at: int
    version: int
    corrected: int
    control_work: str


@dataclass
class Line:
    """One line of a roll; `at` is its first entry."""

    kind: str
    minutes: int | None
    at: int


@dataclass
class Lesson:
    """All that is recorded of one lesson."""

    stream: str
    key: LessonKey
    day: date
    slot: int
    extra: bool = False
    cancelled: bool = False
    topic: str | None = None
    plan_item: int | None = None
    homework: e.Homework | None = None
    topic_at: int | None = None
    roll_at: int | None = None
    homework_at: int | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    marks: dict[tuple[str, str, int], Mark] = field(default_factory=dict)
    advice: list[tuple[str, int, str]] = field(default_factory=list)
    substitute: str = ""
    other_subject: str = ""
    merged_with: str = ""
    self_study: bool = False
    makes_up: str = ""

    @property
    def journal(self) -> str:
        """The journal whose lesson it is."""
        return self.key[0]

    @property
    def held(self) -> bool:
        """Held once its topic or its roll is recorded."""
        return self.topic is not None or self.roll_at is not None

    @property
    def roll_counts(self) -> bool:
        """Whether it is one of the lessons that can be missed: the roll is taken and it was not cancelled."""
        return self.roll_at is not None and not self.cancelled


@dataclass
class FinalMark:
    """A final mark; `at` is the first decision that stands."""

    value: str
    at: int
    corrected: int
    basis: f.Basis


@dataclass
class Year:
    """An academic year as its events left it."""

    opened: y.AcademicYearOpened | None = None
    cycle: y.CycleDefined | None = None
    schemes: dict[str, tuple[y.GradingPeriod, ...]] = field(default_factory=dict)
    breaks: tuple[y.Break, ...] = ()
    holidays: set[date] = field(default_factory=set)
    transferred: dict[date, int] = field(default_factory=dict)
    bells: dict[str, dict[int, y.Bell]] = field(default_factory=dict)
    breaks_at: list[tuple[int, tuple[y.Break, ...]]] = field(default_factory=list)
    """What the breaks were said to be, by position."""
    cycle_days: dict[tuple[int, tuple[str, ...]], dict[date, int]] = field(default_factory=dict)
    """By grade and classes, filled when first asked."""


@dataclass
class Facts:
    """Everything the events say, by what it is about."""

    open_box: OpenBox = in_clear
    timezone: str = "UTC"
    regulations: dict[date, s.Regulation] = field(default_factory=dict)
    kinds: dict[str, s.WorkKind] = field(default_factory=dict)
    systems: dict[str, s.GradingSystem] = field(default_factory=dict)
    years: dict[str, Year] = field(default_factory=lambda: defaultdict(Year))
    classes: dict[str, j.ClassFormed] = field(default_factory=dict)
    groups: dict[str, j.TeachingGroupFormed] = field(default_factory=dict)
    curricula: dict[str, u.CurriculumAdopted] = field(default_factory=dict)
    curricula_of: dict[str, dict[date, str]] = field(default_factory=lambda: defaultdict(dict))
    """By class or pupil the curriculum from a day on; "": none of the own."""
    subjects: dict[str, str] = field(default_factory=dict)
    control_works: dict[str, tuple[w.ControlWorkPlanned, date, int | None]] = field(default_factory=dict)
    """By stream the plan, and day and slot of today; cancelled ones are not there."""
    control_norms: dict[date, w.ControlNorms] = field(default_factory=dict)
    rooms: dict[str, s.RoomDefined] = field(default_factory=dict)
    timetable_rules: t.TimetableRules = field(default_factory=t.TimetableRules)
    journals: dict[str, j.JournalOpened] = field(default_factory=dict)
    plans: dict[str, list[tuple[int, tuple[j.PlannedTopic, ...]]]] = field(default_factory=lambda: defaultdict(list))
    """By journal the thematic plans, by position."""
    loads: dict[str, list[Load]] = field(default_factory=lambda: defaultdict(list))
    schedules: dict[str, list[t.JournalScheduled]] = field(default_factory=lambda: defaultdict(list))
    pupils: dict[str, Pupil] = field(default_factory=lambda: defaultdict(Pupil))
    lessons: dict[str, Lesson] = field(default_factory=dict)
    finals: dict[tuple[str, str, str], FinalMark] = field(default_factory=dict)
    """By journal, period, pupil."""
    lessons_of: dict[str, list[Lesson]] = field(default_factory=lambda: defaultdict(list))
    finals_of: dict[tuple[str, str], dict[str, FinalMark]] = field(default_factory=lambda: defaultdict(dict))
    """By journal and period: the pupils' marks."""
    ever_in: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Pupils who were in a class or group on any day."""
    due_of: dict[str, set[tuple[date, int]]] = field(default_factory=dict)
    """Filled when first asked."""


def facts_of(events: Iterable[tuple[Meta, Event]], open_box: OpenBox = in_clear) -> Facts:
    """Take in all valid events, in order of position."""
    facts = Facts(open_box=open_box)
    for meta, event in events:
        match event:
            case e.LessonEvent():
                _lesson_event(facts, meta, event)
            case f.FinalMarkEvent():
                _final_mark_event(facts, meta, event)
            case t.JournalScheduled():
                before = [one for one in facts.schedules[event.journal] if one.starts < event.starts]
                facts.schedules[event.journal] = [*before, event]
            case _:
                _school_event(facts, meta.stream, event)
                _journal_event(facts, meta.stream, event)
                _plan_event(facts, meta, event)
                _year_event(facts, meta.stream, event)
                _pupil_event(facts, meta.stream, event)
    for lesson in facts.lessons.values():
        facts.lessons_of[lesson.journal].append(lesson)
    for (journal, period, pupil), final in facts.finals.items():
        facts.finals_of[journal, period][pupil] = final
    for pupil, one in facts.pupils.items():
        for stay in (*one.classes, *one.groups):
            facts.ever_in[stay.where].add(pupil)
    return facts


def _school_event(facts: Facts, stream: str, event: Event) -> None:
    match event:
        case s.RoomDefined():
            facts.rooms[stream] = event
        case t.TimetableRulesAdopted():
            facts.timetable_rules = event.rules
        case s.SchoolOpened():
            facts.timezone = event.timezone
        case s.RegulationAdopted():
            facts.regulations[event.starts] = event.regulation
        case s.WorkKindsDefined():
            facts.kinds = {kind.code: kind for kind in event.kinds}
        case s.GradingSystemDefined():
            facts.systems[event.system.code] = event.system
        case _:
            pass


def _journal_event(facts: Facts, stream: str, event: Event) -> None:
    match event:
        case j.ClassFormed():
            facts.classes[stream] = event
        case j.TeachingGroupFormed():
            facts.groups[stream] = event
        case s.SubjectDefined():
            facts.subjects[stream] = event.name
        case j.JournalOpened():
            facts.journals[stream] = event
        case j.TeacherAssigned():
            _end_load(facts, stream, event.staff, event.starts - ONE_DAY)
            facts.loads[stream].append(Load(event.staff, event.starts, event.ends, event.hours_per_week))
        case j.TeacherUnassigned():
            _end_load(facts, stream, event.staff, event.ends)
        case _:
            pass


def _plan_event(facts: Facts, meta: Meta, event: Event) -> None:
    match event:
        case w.ControlWorkPlanned() | w.ControlWorkMoved() | w.ControlWorkCancelled() | w.ControlNormsAdopted():
            _control_event(facts, meta, event)
        case j.ThematicPlanAdopted() | j.ThematicPlanRevised():
            facts.plans[meta.stream].append((meta.position, event.topics))
        case u.CurriculumAdopted():
            facts.curricula[meta.stream] = event
        case u.CurriculumAssigned():
            facts.curricula_of[meta.stream][event.starts] = event.curriculum
        case u.PupilCurriculumAssigned():
            _own_curriculum(facts, meta.stream, event.starts, event.curriculum)
        case u.PupilCurriculumEnded():
            _own_curriculum(facts, meta.stream, event.ends, "")
        case y.BreaksDefined():
            facts.years[meta.stream].breaks_at.append((meta.position, event.breaks))
        case _:
            pass


def _control_event(facts: Facts, meta: Meta, event: Event) -> None:
    match event:
        case w.ControlWorkPlanned():
            facts.control_works[meta.stream] = (event, event.day, event.slot)
        case w.ControlWorkMoved() if meta.stream in facts.control_works:
            planned, _, _ = facts.control_works[meta.stream]
            facts.control_works[meta.stream] = (planned, event.new_day, event.new_slot)
        case w.ControlWorkCancelled():
            facts.control_works.pop(meta.stream, None)
        case w.ControlNormsAdopted():
            facts.control_norms[event.starts] = event.norms
        case _:
            pass


def _own_curriculum(facts: Facts, pupil: str, day: date, curriculum: str) -> None:
    before = {starts: one for starts, one in facts.curricula_of[pupil].items() if starts < day}
    facts.curricula_of[pupil] = {**before, day: curriculum}


def _end_load(facts: Facts, journal: str, staff: str, last_day: date) -> None:
    """Let a teacher teach until this day and not later."""
    kept = []
    for load in facts.loads[journal]:
        if load.staff == staff:
            if load.starts > last_day:
                continue
            if load.ends is None or load.ends > last_day:
                load.ends = last_day
        kept.append(load)
    facts.loads[journal] = kept


def _year_event(facts: Facts, stream: str, event: Event) -> None:
    match event:
        case y.AcademicYearOpened():
            facts.years[stream].opened = event
        case y.CycleDefined():
            facts.years[stream].cycle = event
        case y.GradingPeriodsDefined():
            facts.years[stream].schemes[event.scheme] = event.periods
        case y.BreaksDefined():
            facts.years[stream].breaks = event.breaks
        case y.HolidaysDefined():
            facts.years[stream].holidays = {one.day for one in event.holidays}
            facts.years[stream].transferred = {one.day: one.cycle_day for one in event.transferred}
        case y.BellScheduleDefined():
            facts.years[stream].bells[event.code] = {bell.slot: bell for bell in event.bells}
        case _:
            pass


def _pupil_event(facts: Facts, stream: str, event: Event) -> None:  # noqa: C901 - one case for each kind of event
    match event:
        case p.PupilEnrolled():
            _into_class(facts.pupils[stream], event.class_id, event.enrolled_on)
        case p.PupilTransferred():
            _into_class(facts.pupils[stream], event.new_class, event.transferred_on)
        case p.PupilReturned():
            _into_class(facts.pupils[stream], event.class_id, event.returned_on)
        case p.PupilLeft():
            one = facts.pupils[stream]
            one.classes = _until(one.classes, event.left_on)
            one.groups = _until(one.groups, event.left_on)
        case p.GroupJoined():
            one = facts.pupils[stream]
            one.groups = [*_until(one.groups, event.joined_on, event.group), Stay(event.group, event.joined_on)]
        case p.GroupLeft():
            one = facts.pupils[stream]
            one.groups = _until(one.groups, event.left_on, event.group)
        case p.IndividualPlanSet():
            _plan(facts.pupils[stream], event.starts, event.class_journals)
        case p.IndividualPlanEnded():
            _plan(facts.pupils[stream], event.ends, None)
        case p.ClassStaysCorrected():
            facts.pupils[stream].classes = [Stay(spell.where, spell.starts, spell.ends) for spell in event.new]
        case p.GroupStaysCorrected():
            kept = [stay for stay in facts.pupils[stream].groups if stay.where != event.group]
            right = [Stay(spell.where, spell.starts, spell.ends) for spell in event.new]
            facts.pupils[stream].groups = [*kept, *right]
        case _:
            pass


def _into_class(pupil: Pupil, class_id: str, day: date) -> None:
    pupil.classes = [*_until(pupil.classes, day), Stay(class_id, day)]


def _until(stays: list[Stay], day: date, where: str | None = None) -> list[Stay]:
    """Answer the stays (in one place only, if it is named) as they are when the pupil goes on a day."""
    kept = []
    for stay in stays:
        if where is not None and stay.where != where:
            kept.append(stay)
        elif stay.starts < day:
            ends = day if stay.ends is None else min(stay.ends, day)
            kept.append(Stay(stay.where, stay.starts, ends))
    return kept


def _plan(pupil: Pupil, day: date, journals: tuple[str, ...] | None) -> None:
    pupil.plans = {starts: plan for starts, plan in pupil.plans.items() if starts < day}
    pupil.plans[day] = journals


def _lesson_event(facts: Facts, meta: Meta, event: e.LessonEvent) -> None:
    lesson = facts.lessons.get(meta.stream)
    if lesson is None:
        key = (event.journal, event.date, event.slot, event.ordinal)
        lesson = facts.lessons[meta.stream] = Lesson(meta.stream, key, event.date, event.slot)
    match event:
        case e.MarkRecorded() | e.MarkCorrected() | e.MarkWithdrawn():
            _mark_event(lesson, meta, event)
        case e.RollTaken():
            lesson.roll_at = meta.recorded_at if lesson.roll_at is None else lesson.roll_at
            first = {pupil: line.at for pupil, line in lesson.lines.items()}
            lesson.lines = {
                line.pupil: Line(line.kind, line.minutes, first.get(line.pupil, meta.recorded_at))
                for line in event.absences
            }
        case e.AttendanceCorrected():
            old = lesson.lines.pop(event.pupil, None)
            if event.new is not None:
                at = meta.recorded_at if old is None else old.at
                lesson.lines[event.pupil] = Line(event.new.kind, event.new.minutes, at)
        case e.RecommendationGiven():
            lesson.advice.append(
                (event.pupil, meta.version, facts.open_box(event.text, Ref(meta.stream, meta.version)))
            )
        case _:
            _content_event(lesson, meta, event)
            _course_event(lesson, event)


def _content_event(lesson: Lesson, meta: Meta, event: Event) -> None:
    match event:
        case e.TopicRecorded():
            _topic(lesson, meta, event.topic, event.plan_item)
        case e.TopicCorrected():
            _topic(lesson, meta, event.new_topic, event.new_plan_item)
        case e.HomeworkSet():
            _homework(lesson, meta, event.homework)
        case e.HomeworkCorrected():
            _homework(lesson, meta, event.new)
        case _:
            pass


def _course_event(lesson: Lesson, event: Event) -> None:
    match event:
        case e.ExtraLessonPlanned():
            lesson.extra, lesson.makes_up = True, event.makes_up
        case e.LessonMoved():
            lesson.day, lesson.slot = event.new_date, event.new_slot
        case e.LessonCancelled():
            lesson.cancelled = True
        case e.LessonReinstated():
            lesson.cancelled = False
        case e.LessonSubstituted():
            _instead(lesson, event.substitution)
        case e.SubstitutionCorrected():
            _instead(lesson, event.new or e.Substitution(teacher=""))
        case _:
            pass


def _instead(lesson: Lesson, given: e.Substitution) -> None:
    lesson.substitute, lesson.other_subject = given.teacher, given.subject
    lesson.merged_with, lesson.self_study = given.merged_journal, given.self_study


def _topic(lesson: Lesson, meta: Meta, topic: str, plan_item: int | None) -> None:
    lesson.topic, lesson.plan_item = topic, plan_item
    lesson.topic_at = meta.recorded_at if lesson.topic_at is None else lesson.topic_at


def _homework(lesson: Lesson, meta: Meta, homework: e.Homework | None) -> None:
    """Withdrawn homework is not there; that it was once entered in time stays so (D2)."""
    lesson.homework = homework
    if homework is not None and lesson.homework_at is None:
        lesson.homework_at = meta.recorded_at


def _mark_event(lesson: Lesson, meta: Meta, event: e.MarkRecorded | e.MarkCorrected | e.MarkWithdrawn) -> None:
    cell = (event.pupil, event.work, event.number)
    old = lesson.marks.get(cell)
    at = meta.recorded_at if old is None else old.at
    match event:
        case e.MarkRecorded():
            lesson.marks[cell] = Mark(event.value, at, meta.version, 0, event.control_work)
        case e.MarkCorrected():
            corrected = 1 if old is None else old.corrected + 1
            lesson.marks[cell] = Mark(event.new_value, at, meta.version, corrected, event.control_work)
        case e.MarkWithdrawn():
            lesson.marks.pop(cell, None)


def _final_mark_event(facts: Facts, meta: Meta, event: f.FinalMarkEvent) -> None:
    cell = (event.journal, event.period, event.pupil)
    old = facts.finals.get(cell)
    at = meta.recorded_at if old is None else old.at
    match event:
        case f.FinalMarkDecided():
            facts.finals[cell] = FinalMark(event.value, at, 0, event.basis)
        case f.FinalMarkCorrected():
            corrected = 1 if old is None else old.corrected + 1
            facts.finals[cell] = FinalMark(event.new_value, at, corrected, event.basis)
        case f.FinalMarkWithdrawn():
            facts.finals.pop(cell, None)
        case _:
            pass


# The calendar (C1): which day of the cycle a date is.


def days_between(first: date, last: date) -> Iterator[date]:
    """Answer the days, both included."""
    for number in range((last - first).days + 1):
        yield first + number * ONE_DAY


def cycle_days(year: Year, grade: int, classes: tuple[str, ...] = ()) -> dict[date, int]:
    """Answer the dates on which classes of a grade have lessons, with the cycle day that each one is."""
    if (grade, classes) in year.cycle_days:
        return year.cycle_days[grade, classes]
    found: dict[date, int] = {}
    if year.opened is not None and year.cycle is not None:
        counted = 0
        for day in days_between(year.opened.first_day, year.opened.last_day):
            if day in year.transferred:
                found[day] = year.transferred[day]
                continue
            if day in year.holidays or any(not (one.grades or one.classes) for one in _breaks_on(year, day)):
                continue
            number = _by_weekday(year.cycle, year.opened.first_day, day)
            if year.cycle.kind == "rolling":
                if day.weekday() not in year.cycle.weekdays:
                    continue
                number = counted % len(year.cycle.days) + 1
                counted += 1
            if number is not None and not _on_break(year, day, grade, classes):
                found[day] = number
    year.cycle_days[grade, classes] = found
    return found


def _breaks_on(year: Year, day: date) -> list[y.Break]:
    return [one for one in year.breaks if one.first_day <= day <= one.last_day]


def _on_break(year: Year, day: date, grade: int, classes: tuple[str, ...]) -> bool:
    """Answer whether the grade has a break, or every one of the classes is named by one or another break."""
    breaks = _breaks_on(year, day)
    if any(grade in one.grades for one in breaks):
        return True
    return classes != () and all(any(own in one.classes for one in breaks) for own in classes)


def _by_weekday(cycle: y.CycleDefined, first_day: date, day: date) -> int | None:
    """Answer the cycle day of a date in alternating weeks; a week begins with the first cycle day's weekday."""
    monday_or_so = first_day
    begins = (cycle.days[0].weekday or 0) if cycle.days else 0
    while monday_or_so.weekday() != begins:
        monday_or_so -= ONE_DAY
    week = (day - monday_or_so).days // 7 % cycle.weeks + 1
    for number, one in enumerate(cycle.days, start=1):
        if one.weekday == day.weekday() and one.week == week:
            return number
    return None


def scheduled_on(facts: Facts, journal: str, day: date) -> t.JournalScheduled | None:
    """Answer what a journal has in the cycle on a day: the last schedule that has begun."""
    current: t.JournalScheduled | None = None
    for schedule in facts.schedules.get(journal, ()):
        if schedule.starts <= day:
            current = schedule
    return current


def due(facts: Facts, journal: str) -> set[tuple[date, int]]:
    """Answer the days and slots on which the timetable has a lesson of a journal in its year."""
    if journal not in facts.due_of:
        opened = facts.journals[journal]
        found = set()
        for day, cycle_day in cycle_days(facts.years[opened.year], opened.grade, opened.classes).items():
            current = scheduled_on(facts, journal, day)
            if current is not None:
                found |= {(day, entry.slot) for entry in current.entries if entry.cycle_day == cycle_day}
        facts.due_of[journal] = found
    return facts.due_of[journal]


def recorded_in(facts: Facts, journal: str, first: date, last: date) -> list[Lesson]:
    """Answer the lessons of which anything is recorded that take place between two days, in order of time."""
    found = [lesson for lesson in facts.lessons_of.get(journal, ()) if first <= lesson.day <= last]
    return sorted(found, key=lambda lesson: (lesson.day, lesson.slot, lesson.key[1:]))


@dataclass
class Taking:
    """A lesson that takes place, with what is recorded of it."""

    key: LessonKey
    day: date
    slot: int
    record: Lesson | None


def taking_place(facts: Facts, journal: str, first: date, last: date) -> list[Taking]:
    """Answer the lessons between two days: due, extra or held; moved ones where they were moved to, none cancelled."""
    timetable = due(facts, journal)
    found = []
    known = set()
    for record in facts.lessons_of.get(journal, ()):
        _, planned, slot, ordinal = record.key
        asked_for = record.extra or (ordinal == 1 and (planned, slot) in timetable)
        if ordinal == 1:
            known.add((planned, slot))
        if first <= record.day <= last and not record.cancelled and (asked_for or record.held):
            found.append(Taking(record.key, record.day, record.slot, record))
    for day, slot in timetable:
        if (day, slot) not in known and first <= day <= last:
            found.append(Taking((journal, day, slot, 1), day, slot, None))
    return found


# Who belongs where (C3, C8).


def class_on(facts: Facts, pupil: str, day: date) -> str:
    """Answer the class of a pupil on a day, "" for none."""
    return next((stay.where for stay in facts.pupils[pupil].classes if _covers(stay, day)), "")


def belongs(facts: Facts, pupil: str, journal: str, day: date) -> bool:
    """Answer whether a journal is a pupil's on a day; in a class's journal an individual plan decides."""
    opened = facts.journals[journal]
    one = facts.pupils[pupil]
    if opened.group_kind == "group":
        return any(stay.where == opened.group and _covers(stay, day) for stay in one.groups)
    if not any(stay.where == opened.group and _covers(stay, day) for stay in one.classes):
        return False
    plan = None
    for starts in sorted(one.plans):
        if starts <= day:
            plan = one.plans[starts]
    return plan is None or journal in plan


def _covers(stay: Stay, day: date) -> bool:
    return stay.starts <= day and (stay.ends is None or day < stay.ends)


def days_of(facts: Facts, pupil: str, journal: str, first: date, last: date) -> set[date]:
    """Answer the days of a range on which a journal is a pupil's."""
    return {day for day in days_between(first, last) if belongs(facts, pupil, journal, day)}


def loads_on(facts: Facts, journal: str, first: date, last: date) -> set[str]:
    """Answer the teachers who have a journal in their load on a day of a range."""
    return {
        load.staff
        for load in facts.loads.get(journal, ())
        if load.starts <= last and (load.ends is None or load.ends >= first)
    }


def givers(facts: Facts, key: LessonKey, day: date) -> set[str]:
    """Answer who gives a lesson: of those with the load that day whom the timetable names for it, else all of them."""
    loads = loads_on(facts, key[0], day, day)
    return loads & _named(facts, key) or loads


def _named(facts: Facts, key: LessonKey) -> set[str]:
    journal, day, slot, ordinal = key
    opened = facts.journals[journal]
    number = cycle_days(facts.years[opened.year], opened.grade, opened.classes).get(day)
    current = [one for one in facts.schedules.get(journal, ()) if one.starts <= day][-1:]
    lines = [line for one in current for line in one.entries if (line.cycle_day, line.slot) == (number, slot)]
    return {who for line in lines for who in line.teachers} if ordinal == 1 else set()


# Time (rules.md: the server's recorded time in the school's zone).


def school_time(facts: Facts, at: int) -> datetime:
    """Answer a recorded time as the school's clocks showed it."""
    return datetime.fromtimestamp(at / 1_000_000, tz=ZoneInfo(facts.timezone))


def school_day(facts: Facts, at: int) -> date:
    """Answer the school's day of a recorded time."""
    return school_time(facts, at).date()


def regulation_on(facts: Facts, day: date) -> s.Regulation:
    """Answer the regulation that counts for lessons of a day."""
    before = [starts for starts in facts.regulations if starts <= day]
    return facts.regulations[max(before)] if before else s.Regulation()


def meaning(facts: Facts, system_code: str, value: str) -> tuple[int | None, int | None, bool] | None:
    """Answer points, five-point level and whether it counts in N, of a value in a grading system; None: no mark."""
    system = facts.systems.get(system_code)
    if system is None:
        return None
    for known in system.values:
        if known.value == value:
            return known.points, known.level, known.counts
    if system.scale != "range" or not value.isdecimal() or not system.lowest <= int(value) <= system.highest:
        return None
    level = None
    for band in sorted(system.bands, key=lambda one: one.lowest):
        if band.lowest <= int(value):
            level = band.level
    return int(value), level, True
