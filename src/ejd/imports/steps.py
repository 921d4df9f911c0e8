"""A timetable file becomes commands, in the order in which each finds what it builds on."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ejd.imports.ground import Ground, Step
from ejd.imports.journal_plans import PlannedLesson
from ejd.imports.safe_xml import shown
from ejd.imports.teaching_plan import INDIVIDUAL_CLASS, TaughtJournal, Teaching
from ejd.imports.timetable_file import Pupil, TimetableFile
from ejd.imports.titles import distinct_titles, grade_of, person_name
from ejd.imports.year_steps import PlannedYear, Term
from ejd.kernel.ids import timetable_stream
from ejd.kernel.policies import FIVE_POINT
from ejd.kernel.states.people import PupilState, StaffState
from ejd.kernel.states.school import TimetableState
from ejd.kernel.states.teaching import JournalState
from ejd_commands.classes import FormClass, FormTeachingGroup
from ejd_commands.journals import HOURS_PER_WEEK_MAX, AssignTeacher, OpenJournal, UnassignTeacher
from ejd_commands.movement import JoinGroup, LeaveGroup, TransferPupil
from ejd_commands.people import EmployStaffMember, EnrolPupil
from ejd_commands.school import CAPACITY_MAX, DefineRoom, DefineSubject
from ejd_commands.timetable import LESSON_TEACHERS_MAX, ScheduleEntryPart, ScheduleJournal

__all__ = ["Steps"]

POSITION: Final = "учитель"
"""Of everybody whom the file has as a teacher."""


class Steps:
    """All steps of a file into a year, once; `notes` are complete after the last step.

    Things of a name that the school has already are used as they are. What a person of the school changed stays;
    what an earlier import of the source brought, and the file no longer has, ends.
    """

    def __init__(self, ground: Ground, file: TimetableFile, teaching: Teaching, term: Term, year: PlannedYear) -> None:
        self.notes: list[str] = []
        self._ground, self._file, self._teaching, self._term, self._year = ground, file, teaching, term, year
        source, within = ground.source, year.id
        self._subject_titles = distinct_titles(file.subjects)
        self._room_titles = distinct_titles(file.rooms)
        self._class_titles = distinct_titles((*file.classes, INDIVIDUAL_CLASS))
        self._subjects = {
            each: ground.named("subjects", "subject", name, source.entity("subject", each))
            for each, name in self._subject_titles.items()
        }
        self._rooms = {
            each: ground.named("rooms", "room", name, source.entity("room", each))
            for each, name in self._room_titles.items()
        }
        self._classes = {
            each.id: ground.named(
                "classes", f"class/{within}", self._class_titles[each.id], source.entity("class", within, each.id)
            )
            for each in teaching.classes
        }
        self._groups = {
            each.key: ground.named("groups", f"group/{within}", each.title, source.entity("group", within, *each.key))
            for each in teaching.groups
        }
        self._teachers = {each.id: source.entity("staff", each.id) for each in file.teachers}
        self._pupils = {each.id: source.entity("pupil", within, each.id) for each in file.pupils}
        self._journals = {each.key: self._journal_id(each) for each in teaching.journals}

    def __iter__(self) -> Iterator[Step]:
        """Everything that must be there comes before what names it; leaving comes before joining."""
        yield from self._year.steps
        yield from self._catalogue()
        yield from self._forms()
        yield from self._people()
        yield from self._leaving()
        yield from self._joining()
        for journal in self._teaching.journals:
            yield from self._opening(journal)
            yield from self._assigning(journal)
        yield from self._ending()
        for journal in self._teaching.journals:
            yield self._scheduling(journal)
        for kind, count in self._ground.reused.items():
            self.notes.append(
                f"Of the {kind} of the file the school has already, and they are used as they are: {count}."
            )

    @property
    def teachers(self) -> dict[str, str]:
        """Names of the file's teachers by the ids that they get."""
        return {self._teachers[each.id]: each.name for each in self._file.teachers}

    def _own(self, kind: str, given: str, *keys: str) -> bool:
        """Tell whether a thing is the import's own, and so described by it."""
        return given == self._ground.source.entity(kind, *keys)

    def _journal_id(self, journal: TaughtJournal) -> str:
        subject, group = self._subjects[journal.subject], self._group(journal)
        own = self._ground.source.entity("journal", subject, group)
        return self._ground.owned("journals", f"journal/{self._year.id}/{subject}/{group}", own)

    def _group(self, journal: TaughtJournal) -> str:
        return self._classes[journal.group[0]] if journal.group_kind == "class" else self._groups[journal.group]

    def _catalogue(self) -> Iterator[Step]:
        for each, name in self._subject_titles.items():
            if self._own("subject", self._subjects[each], each):
                yield Step(f"Subject “{shown(name)}”", DefineSubject(subject=self._subjects[each], title=name))
        seats = {each.id: each.capacity for each in self._file.rooms}
        for each, name in self._room_titles.items():
            if self._own("room", self._rooms[each], each):
                known = seats[each]
                capacity = known if known is not None and known <= CAPACITY_MAX else None
                yield Step(f"Room “{shown(name)}”", DefineRoom(room=self._rooms[each], title=name, capacity=capacity))

    def _forms(self) -> Iterator[Step]:
        year = self._year
        for school_class in self._teaching.classes:
            class_id, name = self._classes[school_class.id], self._class_titles[school_class.id]
            if self._own("class", class_id, year.id, school_class.id):
                command = FormClass(
                    class_id=class_id,
                    year=year.id,
                    title=name,
                    grade=grade_of(name),
                    scheme=year.scheme,
                    bells=year.bells,
                    week_days=year.week_days,
                    grading_system=FIVE_POINT.code,  # the file does not say; unmarked would refuse marks in Italy's 1 A
                )
                yield Step(f"Class “{shown(name)}”", command)
        for group in self._teaching.groups:
            if self._own("group", self._groups[group.key], year.id, *group.key):
                yield Step(
                    f"Teaching group “{shown(group.title)}”",
                    FormTeachingGroup(
                        group=self._groups[group.key],
                        year=year.id,
                        title=group.title,
                        kind=group.kind,
                        classes=tuple(self._classes[each] for each in group.classes),
                    ),
                )

    def _people(self) -> Iterator[Step]:
        for teacher in self._file.teachers:
            staff, name = self._teachers[teacher.id], person_name(teacher.name)
            command = EmployStaffMember(
                staff=staff, family=name.family, given=name.given, position=POSITION, employed_on=self._term.first_day
            )
            known = bool(self._ground.load(StaffState, staff).terms)
            yield Step(f"Teacher “{shown(teacher.name)}”", command, done=known)
        for pupil in self._file.pupils:
            yield from self._enrolling(pupil)

    def _enrolling(self, pupil: Pupil) -> Iterator[Step]:
        stream, name, starts = self._pupils[pupil.id], person_name(pupil.name), self._term.starts
        home = self._classes[self._teaching.class_of[pupil.id]]
        what, state = f"Pupil “{shown(pupil.name)}”", self._ground.load(PupilState, stream)
        command = EnrolPupil(pupil=stream, family=name.family, given=name.given, class_id=home, enrolled_on=starts)
        yield Step(what, command, done=state.enrolled)
        stay = state.memberships.class_on(starts)
        if stay is not None and stay.where != home and self._ground.ours(stay.ref):
            yield Step(what, TransferPupil(pupil=stream, class_id=home, transferred_on=starts), optional=True)

    def _leaving(self) -> Iterator[Step]:
        """Only groups that the file still has are left: records in others keep their pupils."""
        wanted = self._members()
        for pupil, stream in self._pupils.items():
            for stay in self._ground.load(PupilState, stream).memberships.groups:
                lasts = stay.ends is None or stay.ends > self._term.starts
                if lasts and stay.where in wanted and stream not in wanted[stay.where] and self._ground.ours(stay.ref):
                    command = LeaveGroup(pupil=stream, group=stay.where, left_on=max(self._term.starts, stay.starts))
                    yield Step(f"Pupil “{shown(pupil)}” leaving a group", command, optional=True)

    def _members(self) -> dict[str, set[str]]:
        members: defaultdict[str, set[str]] = defaultdict(set)
        for group in self._teaching.groups:
            members[self._groups[group.key]].update(self._pupils[each] for each in group.pupils)
        return members

    def _joining(self) -> Iterator[Step]:
        for group in self._teaching.groups:
            for pupil in group.pupils:
                command = JoinGroup(
                    pupil=self._pupils[pupil], group=self._groups[group.key], joined_on=self._term.starts
                )
                yield Step(f"Pupil “{shown(pupil)}” in group “{shown(group.title)}”", command, optional=True)

    def _opening(self, journal: TaughtJournal) -> Iterator[Step]:
        subject, group = self._subjects[journal.subject], self._group(journal)
        if not self._own("journal", self._journals[journal.key], subject, group):
            return
        grades = {grade_of(self._class_titles[each]) for each in journal.classes}
        command = OpenJournal(
            journal=self._journals[journal.key],
            subject=subject,
            group=group,
            group_kind=journal.group_kind,
            grade=None if len(grades) == 1 else 0,
            title=journal.title,
        )
        yield Step(self._what(journal), command)

    def _assigning(self, journal: TaughtJournal) -> Iterator[Step]:
        stream, starts = self._journals[journal.key], self._term.starts
        state = self._ground.load(JournalState, stream)
        for teacher in journal.teachers:
            staff, hours = self._teachers[teacher], self._hours_per_week(journal, teacher)
            load = state.load_of(staff, starts)
            known = load is not None and (load.hours_per_week == hours or not self._ground.ours(load.ref))
            command = AssignTeacher(journal=stream, staff=staff, starts=starts, hours_per_week=hours)
            what = f"{self._what(journal)}, teacher “{shown(teacher)}”"
            yield Step(what, command, done=known, optional=True)
        wanted = {self._teachers[each] for each in journal.teachers}
        for load in state.loads:
            lasts = load.ends is None or load.ends >= starts
            if lasts and load.staff not in wanted and self._ground.ours(load.ref):
                command_end = UnassignTeacher(journal=stream, staff=load.staff, ends=starts - timedelta(days=1))
                yield Step(f"{self._what(journal)}, a teacher", command_end, optional=True)

    def _hours_per_week(self, journal: TaughtJournal, teacher: str) -> int | None:
        """Return lessons a week, rounded up in A/B weeks; a counted cycle has no weeks."""
        lessons = sum(teacher in lesson.teachers for lesson in journal.lessons)
        if self._year.weeks is None or lessons == 0:
            return None
        return min(-(-lessons // self._year.weeks), HOURS_PER_WEEK_MAX)

    def _ending(self) -> Iterator[Step]:
        """Journals of an earlier import that the file no longer has lose their lessons, not their records."""
        ours = set(self._journals.values())
        ended = 0
        schedules = self._ground.load(TimetableState, timetable_stream(self._year.id)).schedules
        for journal, known in schedules.items():
            if journal not in ours and known[-1].entries and self._ground.ours(known[-1].ref):
                ended += 1
                command = ScheduleJournal(journal=journal, starts=self._term.starts, entries=())
                yield Step("A journal that the file no longer has", command)
        if ended:
            self.notes.append(
                f"Journals no longer in the file, which have no lessons from {self._term.starts} on: {ended}."
            )

    def _scheduling(self, journal: TaughtJournal) -> Step:
        entries = tuple(
            ScheduleEntryPart(
                cycle_day=self._year.numbers[lesson.placement.day],
                slot=lesson.placement.slot,
                room=None if lesson.placement.room is None else self._rooms[lesson.placement.room],
                teachers=self._own_teachers(journal, lesson),
            )
            for lesson in journal.lessons
        )
        command = ScheduleJournal(journal=self._journals[journal.key], starts=self._term.starts, entries=entries)
        return Step(f"The lessons of {self._what(journal)}", command)

    def _own_teachers(self, journal: TaughtJournal, lesson: PlannedLesson) -> tuple[str, ...] | None:
        """Return who gives a lesson where that is not everybody who teaches the journal."""
        if not lesson.teachers or set(lesson.teachers) == set(journal.teachers):
            return None
        return tuple(self._teachers[each] for each in dict.fromkeys(lesson.teachers))[:LESSON_TEACHERS_MAX]

    def _what(self, journal: TaughtJournal) -> str:
        return f"Journal {journal.key} (“{shown(self._subject_titles[journal.subject])}”)"
