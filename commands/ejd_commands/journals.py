"""Journals with their teachers and thematic plans (C4): one subject, one class or group, one year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, Strict

from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import journals as j
from ejd.kernel.ids import derived
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState
from ejd_commands import known
from ejd_commands.fields import TOPIC_CHARACTERS_MAX, Code, Day, Grade, Id, Name, Part, Topic
from ejd_commands.grading import check_marks_fit
from ejd_commands.known import SetUpCommand
from ejd_commands.plan_record import check_taught, taught_lessons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event

TOPICS_MAX = 1_000
TOPIC_HOURS_MAX = 100
HOURS_PER_WEEK_MAX = 60

PlannedTopicText = Annotated[Topic, Field(min_length=1, max_length=TOPIC_CHARACTERS_MAX)]
TopicNumber = Annotated[int, Strict(), Field(ge=1, le=TOPICS_MAX)]
TopicHours = Annotated[int, Strict(), Field(ge=1, le=TOPIC_HOURS_MAX)]


class JournalIsAnother(WrongState):
    """A journal keeps its subject and its class or group."""


class JournalExists(WrongState):
    """The subject has a journal with this class or group."""


class NotAssigned(WrongState):
    """The teacher has no load in the journal then."""


class NumbersNotInOrder(Refusal):
    """Lines of a thematic plan are numbered from 1 on without a gap."""


class Taught(NamedTuple):
    """Whom a journal is for, and the first of their classes, which lends the journal its settings."""

    year: str
    name: str
    classes: tuple[str, ...]
    first: j.ClassFormed


class OpenJournal(SetUpCommand):
    """Open the journal of a subject with a class or a teaching group, or change how it is kept (C4).

    Grade, grading periods, bells, grading system are those of the class, or of the group's first one, unless given.
    """

    name: ClassVar[str] = "open-journal"
    journal: Id | None = None
    subject: Id
    group: Id
    group_kind: Literal["class", "group"]
    grade: Grade | None = None
    scheme: Code | None = None
    bells: Code | None = None
    grading_system: Code | None = None
    title: Name | None = None

    def stream(self, context: Context) -> str:
        """Answer the journal's stream."""
        return self.journal or derived(context.command_id, "journal")

    def target(self, context: Context) -> Target:
        """Answer the journal's stream; the directory keeps class or group, and the year."""
        stream = self.stream(context)
        formed: j.ClassFormed | j.TeachingGroupFormed | None
        if self.group_kind == "class":
            formed = context.load(ClassState, self.group).formed
        else:
            formed = context.load(GroupState, self.group).formed
        year = "" if formed is None else formed.year
        return Target(stream, Scope(kind="journal", journal=stream, class_id=self.group, year=year))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a second journal of the same subject with the same class or group."""
        stream = self.stream(context)
        opened = context.load(JournalState, stream).opened
        subject = known.subject(context, self.subject)
        taught = self._taught(context)
        event = j.JournalOpened(
            year=taught.year,
            subject=self.subject,
            group=self.group,
            group_kind=self.group_kind,
            classes=taught.classes,
            grade=taught.first.grade if self.grade is None else self.grade,
            scheme=self.scheme or taught.first.scheme,
            bells=self.bells or taught.first.bells,
            grading_system=self.grading_system or taught.first.grading_system,
            name=self.title or f"{subject.name}, {taught.name}",
        )
        known.check_course(context, event.year, scheme=event.scheme, bells=event.bells)
        known.check_grading_system(context, event.grading_system)
        if opened is not None and (opened.subject, opened.group) != (event.subject, event.group):
            msg = "this journal is of another subject, class or group: open a new journal"
            raise JournalIsAnother(msg, field="journal")
        if opened == event:
            return
        if opened is not None and opened.grading_system != event.grading_system:
            check_marks_fit(context, stream, known.school(context).grading_systems[event.grading_system])
        msg = f"{event.name} has a journal already: use that journal"
        key = f"journal/{event.year}/{event.subject}/{event.group}"
        context.reserve(key, stream, otherwise=JournalExists(msg, field="group"))
        yield event

    def _taught(self, context: Context) -> Taught:
        if self.group_kind == "class":
            first = known.class_formed(context, self.group, "group")
            return Taught(first.year, first.name, (self.group,), first)
        group = known.group_formed(context, self.group)
        return Taught(group.year, group.name, group.classes, known.class_formed(context, group.classes[0], "group"))


class JournalCommand(SetUpCommand):
    """Base of what is written to an open journal."""

    journal: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the journal's stream."""
        return Target(self.journal, Scope(kind="journal", journal=self.journal))


class AssignTeacher(JournalCommand):
    """Give a teacher the load of a journal from a day on (C4); it replaces the teacher's own load from that day."""

    name: ClassVar[str] = "assign-teacher"
    staff: Id
    starts: Day
    ends: Day | None = None
    hours_per_week: Annotated[int, Strict(), Field(ge=1, le=HOURS_PER_WEEK_MAX)] | None = None

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse days outside the year, and on which the teacher does not work."""
        state, opened = known.journal(context, self.journal)
        year = known.year(context, opened.year, "journal")
        known.in_year(year, self.starts, "starts")
        term = known.working(context, self.staff, self.starts)
        if self.ends is not None:
            known.in_year(year, self.ends, "ends")
            if self.ends < self.starts:
                msg = f"the load ends before {self.starts:%d.%m.%Y}, when it begins: correct one of the days"
                raise known.EndsBeforeItBegins(msg, field="ends")
        if term.ends is not None and (self.ends is None or self.ends > term.ends):
            msg = f"this teacher's last day of work is {term.ends:%d.%m.%Y}: let the load end by then"
            raise known.NotEmployedThen(msg, field="ends")
        from_then = [
            (load.starts, load.ends, load.hours_per_week)
            for load in state.loads
            if load.staff == self.staff and load.starts >= self.starts
        ]
        if from_then != [(self.starts, self.ends, self.hours_per_week)]:
            yield j.TeacherAssigned(
                staff=self.staff, starts=self.starts, ends=self.ends, hours_per_week=self.hours_per_week
            )


class UnassignTeacher(JournalCommand):
    """End a teacher's load in a journal with a day; a day before its beginning takes it away (C4)."""

    name: ClassVar[str] = "unassign-teacher"
    staff: Id
    ends: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a teacher whose load has ended before."""
        state, _ = known.journal(context, self.journal)
        own = [load for load in state.loads if load.staff == self.staff]
        open_after = [load for load in own if load.ends is None or load.ends > self.ends]
        if open_after:
            context.rely(*(load.ref for load in open_after))
            yield j.TeacherUnassigned(staff=self.staff, ends=self.ends)
        elif not any(load.ends == self.ends for load in own):
            msg = f"this teacher has no load in the journal after {self.ends:%d.%m.%Y}: nothing is to be ended"
            raise NotAssigned(msg, field="staff")


class PlannedTopicPart(Part):
    """One line of the thematic plan: section, topic, hours (lessons), whether it is a control work, or a reserve."""

    number: TopicNumber
    section: Topic = ""
    topic: PlannedTopicText
    hours: TopicHours = 1
    control: Annotated[bool, Strict()] = False
    reserve: Annotated[bool, Strict()] | None = None

    def event(self) -> j.PlannedTopic:
        """Answer the line as it is stored."""
        return j.PlannedTopic(**self.model_dump(exclude={"reserve"}), reserve=bool(self.reserve))


class AdoptThematicPlan(JournalCommand):
    """Adopt the whole thematic plan (КТП) of a journal, replacing the one before (C4)."""

    name: ClassVar[str] = "adopt-thematic-plan"
    topics: Annotated[tuple[PlannedTopicPart, ...], Field(min_length=1, max_length=TOPICS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse lines that are not numbered from 1 on without a gap, and a plan without a line that was taught."""
        state, _ = known.journal(context, self.journal)
        for index, topic in enumerate(self.topics):
            if topic.number != index + 1:
                msg = f"line {index + 1} of the plan has the number {topic.number}: number the lines 1, 2, 3 …"
                raise NumbersNotInOrder(msg, field=f"topics.{index}.number")
        topics = tuple(topic.event() for topic in self.topics)
        if tuple(state.plan.values()) != topics:
            if state.plan:
                check_taught(taught_lessons(context, self.journal), state.plan, topics)
            yield j.ThematicPlanAdopted(topics=topics)
