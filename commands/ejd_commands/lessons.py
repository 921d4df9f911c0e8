"""What a lesson was about (A2): topic, homework (A8), the whole lesson at once, extra lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ejd.kernel.access import Access
from ejd.kernel.command import Caused, Refusal, WrongState
from ejd.kernel.events.lessons import (
    ExtraLessonPlanned,
    Homework,
    HomeworkCorrected,
    HomeworkSet,
    TopicCorrected,
    TopicRecorded,
)
from ejd.kernel.ids import SCHOOL, lesson_stream
from ejd.kernel.rights import Administers
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.school import RoomState, YearState
from ejd.kernel.states.teaching import JournalState
from ejd_commands import attendance, marks
from ejd_commands.attendance import AbsenceLine
from ejd_commands.fields import Day, Id, Link, LongText, Minutes, Ordinal, Part, Reason, Slot, Topic
from ejd_commands.lesson_base import LessonCommand, check_period_open, opened_journal, writable_lesson
from ejd_commands.marks import MarkEntry
from ejd_commands.placing import AcceptClashes, Board, check_free, listed, planned_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.journals import JournalOpened
    from ejd_commands.lesson_base import OpenLesson
    from ejd_commands.windows import Windows

MARKS_MAX = 300
LINKS_MAX = 20
PLAN_ITEM_MAX = 1_000


class TopicIsRecorded(WrongState):
    """The lesson has another topic."""


class NoTopic(WrongState):
    """There is no topic to correct."""


class NotInThePlan(Refusal):
    """The thematic plan has no such line."""


class TopicMissing(Refusal):
    """Neither a topic nor a line of the plan was given."""


class HomeworkIsSet(WrongState):
    """The lesson has other homework."""


class NoHomework(WrongState):
    """There is no homework to correct."""


class HomeworkDueBefore(Refusal):
    """Homework cannot be due before it is given."""


class LessonExists(WrongState):
    """An extra lesson has the next ordinal."""


class NotASchoolDay(Refusal):
    """The day is outside the academic year."""


class UnknownRoom(Refusal):
    """No room has this id."""


class NothingToMakeUp(WrongState):
    """The lesson that is to be made up was not lost."""


class PlanOfAnotherSubject(Refusal):
    """A lesson that is given in another subject does not use up its own journal's plan."""


class HomeworkEntry(BaseModel):
    """Homework: what to do, until when, how many minutes it should take, links. No text: nothing is set."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    text: LongText = ""
    due: Day | None = None
    minutes: Minutes | None = None
    links: Annotated[tuple[Link, ...], Field(max_length=LINKS_MAX)] = ()

    def event(self, lesson: OpenLesson) -> Homework:
        """Answer it as it is stored; raises HomeworkDueBefore."""
        if self.due is not None and self.due < lesson.day:
            msg = f"homework of {lesson.day:%d.%m.%Y} cannot be due before that day: correct the date"
            raise HomeworkDueBefore(msg, field="homework.due")
        return Homework(text=self.text, due=self.due, minutes=self.minutes, links=self.links)


def topic_of(topic: str, plan_item: int | None, lesson: OpenLesson, command: LessonCommand, context: Context) -> str:
    """Answer the topic as given, else the plan's; raises NotInThePlan, TopicMissing or PlanOfAnotherSubject."""
    instead = lesson.state.substitution
    if plan_item is not None and instead is not None and instead.subject not in {"", lesson.journal.subject}:
        msg = "this lesson is given in another subject, the plan of this journal stays as it is: type the topic"
        raise PlanOfAnotherSubject(msg, field="plan_item")
    if plan_item is None:
        if not topic:
            msg = "a lesson needs a topic: type it, or choose a line of the thematic plan"
            raise TopicMissing(msg, field="topic")
        return topic
    planned = context.load(JournalState, command.journal).plan.get(plan_item)
    if planned is None:
        msg = f"the thematic plan of this journal has no line {plan_item}: choose another or type the topic"
        raise NotInThePlan(msg, field="plan_item")
    return topic or planned.topic


def record_topic(  # noqa: PLR0913 - one record of a lesson with its rule
    topic: str, plan_item: int | None, lesson: OpenLesson, command: LessonCommand, context: Context, rule: Windows
) -> Iterator[Caused]:
    """Answer the topic's event, or nothing when the lesson has it already."""
    topic = topic_of(topic, plan_item, lesson, command, context)
    if lesson.state.topic is not None:
        if (lesson.state.topic, lesson.state.plan_item) == (topic, plan_item):
            return
        msg = "this lesson has another topic already: correct it with a reason"
        raise TopicIsRecorded(msg, field="topic")
    refs = rule.check("topic", lesson.day)
    yield Caused(TopicRecorded(**command.identity, topic=topic, plan_item=plan_item), refs)


def set_homework(entry: HomeworkEntry, lesson: OpenLesson, command: LessonCommand, rule: Windows) -> Iterator[Caused]:
    """Answer the homework's event, or nothing when the lesson has it already."""
    homework = entry.event(lesson)
    if lesson.state.homework is not None:
        if lesson.state.homework == homework:
            return
        msg = "this lesson has other homework already: correct it with a reason"
        raise HomeworkIsSet(msg, field="homework")
    refs = rule.check("homework", lesson.day)
    yield Caused(HomeworkSet(**command.identity, homework=homework), refs)


class RecordTopic(LessonCommand):
    """Record what the lesson was about: typed, or a line of the thematic plan (A2)."""

    name: ClassVar[str] = "record-topic"
    topic: Topic = ""
    plan_item: Annotated[int, Field(ge=1, le=PLAN_ITEM_MAX)] | None = None

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a second, different topic."""
        rule = self.windows(context)
        yield from record_topic(self.topic, self.plan_item, writable_lesson(self, context), self, context, rule)
        yield from rule.made()


class CorrectTopic(LessonCommand):
    """Correct the topic, with the reason (A10)."""

    name: ClassVar[str] = "correct-topic"
    topic: Topic = ""
    plan_item: Annotated[int, Field(ge=1, le=PLAN_ITEM_MAX)] | None = None
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new topic; the same one is no correction."""
        lesson, rule = writable_lesson(self, context), self.windows(context)
        state = lesson.state
        if state.topic is None:
            msg = "this lesson has no topic yet: record it"
            raise NoTopic(msg, field="topic")
        topic = topic_of(self.topic, self.plan_item, lesson, self, context)
        if (state.topic, state.plan_item) != (topic, self.plan_item):
            refs = rule.check("topic", lesson.day)
            corrected = TopicCorrected(
                **self.identity,
                old_topic=state.topic,
                new_topic=topic,
                new_plan_item=self.plan_item,
                reason=context.seal(SCHOOL, self.reason, field="topic-corrected.reason"),
            )
            yield Caused(corrected, refs)
            yield from rule.made()


class SetHomework(LessonCommand):
    """Set the homework of a lesson (A8)."""

    name: ClassVar[str] = "set-homework"
    homework: HomeworkEntry

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse second, different homework."""
        rule = self.windows(context)
        yield from set_homework(self.homework, writable_lesson(self, context), self, rule)
        yield from rule.made()


class CorrectHomework(LessonCommand):
    """Correct or withdraw homework, with the reason (A10)."""

    name: ClassVar[str] = "correct-homework"
    homework: HomeworkEntry | None = None
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new; the same is no correction."""
        lesson, rule = writable_lesson(self, context), self.windows(context)
        old = lesson.state.homework
        if old is None:
            msg = "this lesson has no homework yet: set it"
            raise NoHomework(msg, field="homework")
        new = None if self.homework is None else self.homework.event(lesson)
        if new != old:
            refs = rule.check("homework", lesson.day)
            reason = context.seal(SCHOOL, self.reason, field="homework-corrected.reason")
            yield Caused(HomeworkCorrected(**self.identity, old=old, new=new, reason=reason), refs)
            yield from rule.made()


class SaveLesson(LessonCommand):
    """Save a whole lesson at once: topic, roll, marks, homework; what is there already and the same is left alone (A2).

    Parts that are left out are not touched; a roll without absences says that nobody was absent.
    """

    name: ClassVar[str] = "save-lesson"
    topic: Topic = ""
    plan_item: Annotated[int, Field(ge=1, le=PLAN_ITEM_MAX)] | None = None
    homework: HomeworkEntry | None = None
    absences: Annotated[tuple[AbsenceLine, ...], Field(max_length=attendance.ABSENCES_MAX)] | None = None
    marks: Annotated[tuple[MarkEntry, ...], Field(max_length=MARKS_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Do what the single commands would do; a mark given twice in one request is refused like a taken cell."""
        lesson, rule = writable_lesson(self, context), self.windows(context, whole=True)
        if self.topic or self.plan_item is not None:
            yield from record_topic(self.topic, self.plan_item, lesson, self, context, rule)
        if self.absences is not None:
            yield from attendance.take(self.absences, lesson, self, context, rule)
        cells = {(mark.pupil, mark.work, mark.number) for mark in self.marks}
        if len(cells) != len(self.marks):
            msg = "two marks are for the same cell: give the second one the next number"
            raise marks.CellIsTaken(msg, field="marks")
        for mark in self.marks:
            yield from marks.record(mark, lesson, self, context, rule)
        if self.homework is not None:
            yield from set_homework(self.homework, lesson, self, rule)
        yield from rule.made()


class LostLesson(Part):
    """A lesson of the same journal that was cancelled, given in another subject or left to self-study."""

    day: Day
    slot: Slot
    ordinal: Ordinal = 1


class PlanExtraLesson(LessonCommand):
    """Plan a lesson that the timetable does not have; it has the next free ordinal, and may make a lost one up."""

    name: ClassVar[str] = "plan-extra-lesson"
    access: ClassVar[Access] = Access("administer", "journal", "plan extra lessons")
    room: Id | None = None
    makes_up: LostLesson | None = None
    reason: Reason | None = None
    accept_conflicts: AcceptClashes = None

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Extra lessons are planned by the administration."""
        return Administers("plan extra lessons", self.journal)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse an ordinal that is in use or leaves a gap, a day outside the year, an unknown room."""
        journal = opened_journal(context, self.journal)
        data = context.load(YearState, journal.year).data
        if data.first_day is None or data.last_day is None or not data.first_day <= self.day <= data.last_day:
            msg = f"{self.day:%d.%m.%Y} is outside the academic year: choose another day"
            raise NotASchoolDay(msg, field="day")
        check_period_open(context, self.journal, journal, self.day)
        if self.room is not None and not context.load(RoomState, self.room).name:
            msg = f"there is no room {self.room}: choose another"
            raise UnknownRoom(msg, field="room")
        state = context.load(LessonState, self.lesson)
        if state.extra:
            return
        if state.touched or self.ordinal < FIRST_EXTRA_ORDINAL:
            msg = "this ordinal is the timetable's or in use: extra lessons begin with ordinal 2"
            raise LessonExists(msg, field="ordinal")
        lost, stands_on = self._lost(context, journal)
        board = Board(context)
        twin = state.copy()
        twin.room = self.room or ""
        placed = board.placement(planned_by(self), journal, twin)
        despite = check_free(placed, board, "slot", accepted=self.accept_conflicts, aside=True)
        rule = self.windows(context)
        refs = rule.check("substitution", self.day)
        reason = context.seal(SCHOOL, self.reason, field="extra-lesson-planned.reason") if self.reason else None
        event = ExtraLessonPlanned(**self.identity, room=self.room or "", makes_up=lost, reason=reason, despite=despite)
        yield Caused(event, (*refs, *stands_on))
        yield from listed(self, refs=refs)
        yield from rule.made()

    def _lost(self, context: Context, journal: JournalOpened) -> tuple[str, tuple[Ref, ...]]:
        """Answer the stream of the lesson that is made up, with what it was lost by; raises NothingToMakeUp."""
        if self.makes_up is None:
            return "", ()
        stream = lesson_stream(self.journal, self.makes_up.day, self.makes_up.slot, self.makes_up.ordinal)
        state = context.load(LessonState, stream)
        instead = state.substitution
        other = instead is not None and (instead.self_study or instead.subject not in {"", journal.subject})
        if not state.cancelled and not other:
            msg = (
                f"the lesson of {self.makes_up.day:%d.%m.%Y} in slot {self.makes_up.slot} was neither cancelled nor "
                "given in another subject nor left to self-study: leave makes_up out, or name another lesson"
            )
            raise NothingToMakeUp(msg, field="makes_up")
        lost_by = state.cancelled_ref if state.cancelled else state.substitution_ref
        return stream, () if lost_by is None else (lost_by,)


FIRST_EXTRA_ORDINAL = 2
