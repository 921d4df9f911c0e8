"""What all commands on a lesson share: its identity, whether it can be written, who is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypedDict

from ejd.kernel.access import Access
from ejd.kernel.closed_years import check_year
from ejd.kernel.command import Command, NotFound, Refusal, Target, WrongState
from ejd.kernel.due import is_due
from ejd.kernel.envelope import Scope
from ejd.kernel.ids import SCHOOL, lesson_stream, timetable_stream
from ejd.kernel.rights import Teaches, knows_pupil
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import SchoolState, TimetableState, YearState
from ejd.kernel.states.teaching import JournalState
from ejd_commands.fields import Day, Id, Ordinal, Slot
from ejd_commands.windows import Windows

if TYPE_CHECKING:
    from datetime import date

    from ejd.kernel.command import Context, Need
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.journals import JournalOpened


class UnknownJournal(NotFound):
    """No journal has this id."""


class UnknownPupil(NotFound):
    """No pupil has this id."""


class NoSuchLesson(NotFound):
    """Neither the timetable nor an extra lesson has a lesson there."""


class LessonIsCancelled(WrongState):
    """A cancelled lesson holds no records."""


class LessonNotYetHeld(Refusal):
    """A lesson is recorded on its day or later."""


class PeriodIsClosed(Refusal):
    """The grading period of the lesson is closed, and not reopened for this journal at this time."""


class NotInThisJournal(Refusal):
    """The pupil does not belong in this journal on the lesson's day."""


class Identity(TypedDict):
    """The planned occurrence that names a lesson; the fields of every lesson event."""

    journal: str
    date: date
    slot: int
    ordinal: int


class OpenLesson(NamedTuple):
    """A lesson that can be written: its journal, state, and the day on which it takes place."""

    journal: JournalOpened
    state: LessonState
    day: date


class LessonCommand(Command):
    """Base: a lesson is named by journal, planned day, school-wide slot and ordinal.

    `approval` is the approved request by which a record is written whose free window is over (A10).
    """

    access: ClassVar[Access] = Access("write-record", "journal", "write in this journal")
    journal: Id
    day: Day
    slot: Slot
    ordinal: Ordinal = 1
    approval: Id | None = None

    @property
    def lesson(self) -> str:
        """The lesson's stream."""
        return lesson_stream(self.journal, self.day, self.slot, self.ordinal)

    @property
    def identity(self) -> Identity:
        """What every event of the lesson carries."""
        return {"journal": self.journal, "date": self.day, "slot": self.slot, "ordinal": self.ordinal}

    def target(self, context: Context) -> Target:
        """Answer the lesson's stream; the directory keeps journal, class or group, year and planned day."""
        journal = opened_journal(context, self.journal)
        context.load(LessonState, self.lesson)
        scope = Scope(kind="lesson", journal=self.journal, class_id=journal.group, year=journal.year, date=self.day)
        return Target(self.lesson, scope)

    def need(self, context: Context) -> Need:
        """Ask for the load, or the substitution, on the day on which the lesson takes place."""
        opened_journal(context, self.journal)
        state = context.load(LessonState, self.lesson)
        day = state.placement[0] if state.placement else self.day
        return Teaches(self.journal, day, unknown_journal(self.journal), self.lesson)

    def windows(self, context: Context, *, whole: bool = False) -> Windows:
        """Answer the rule of free windows for what this command writes to the lesson."""
        return Windows(context, self.lesson, self.approval, whole=whole)


def opened_journal(context: Context, journal: str) -> JournalOpened:
    """Answer the journal's opening; raises UnknownJournal."""
    opened = context.load(JournalState, journal).opened
    if opened is None:
        raise unknown_journal(journal)
    return opened


def unknown_journal(journal: str) -> UnknownJournal:
    """Answer what whoever may not see a journal hears of it, and of one that is not there."""
    return UnknownJournal(f"there is no journal {journal}: look it up in GET /api/v1/journals", field="journal")


def existing_lesson(command: LessonCommand, context: Context) -> OpenLesson:
    """Answer a lesson that is due, extra, or has records though it is no longer due; raises NoSuchLesson.

    The schedule it is due by is noted as relied on.
    """
    journal = opened_journal(context, command.journal)
    state = context.load(LessonState, command.lesson)
    year = context.load(YearState, journal.year)
    schedules = context.load(TimetableState, timetable_stream(journal.year)).schedules.get(command.journal, ())
    schedule = None
    if command.ordinal == 1:
        at = (command.day, command.slot)
        schedule = is_due(year.calendar, journal.grade, schedules, *at, classes=journal.classes)
    if schedule is not None:
        context.rely(schedule.ref)
    elif not state.touched:
        msg = (
            f"the timetable has no lesson of this journal on {command.day:%d.%m.%Y} in slot {command.slot}: "
            "check day and slot in GET /api/v1/lessons, or plan an extra lesson"
        )
        raise NoSuchLesson(msg, field="slot")
    return OpenLesson(journal, state, state.placement[0] if state.placement else command.day)


def writable_lesson(command: LessonCommand, context: Context) -> OpenLesson:
    """Answer a lesson that records can be written to: it exists, takes place, has come, its period is open."""
    lesson = existing_lesson(command, context)
    if lesson.state.cancelled:
        msg = "this lesson is cancelled: reinstate it first if it was held"
        raise LessonIsCancelled(msg)
    if lesson.day > context.today:
        msg = f"this lesson is on {lesson.day:%d.%m.%Y}: record it on that day or later"
        raise LessonNotYetHeld(msg, field="day")
    check_period_open(context, command.journal, lesson.journal, lesson.day)
    return lesson


def check_period_open(context: Context, journal_id: str, journal: JournalOpened, day: date) -> None:
    """Raise YearIsClosed, or PeriodIsClosed when the grading period of a day is closed for the journal.

    Before windows and approvals, by which nothing of a closed year could be written either.
    """
    year = context.load(YearState, journal.year)
    check_year(year)
    period = year.calendar.period(journal.scheme, day)
    if period is not None and year.is_closed(period.code, journal_id, context.now):
        raise PeriodIsClosed(closed_sentence(period.name))


def closed_sentence(name: str) -> str:
    """Answer what to do about a closed period."""
    return f"{name} is closed: ask the deputy head to reopen it for this journal (reopen-period), with the reason"


def check_known(context: Context, journal: JournalOpened, pupil: str) -> None:
    """Raise UnknownPupil for an id of nobody, and of a pupil whom the actor cannot have met: the same in every letter.

    Who was ever in the journal's class or group is met there.
    """
    state = context.load(PupilState, pupil)
    stays = (*state.memberships.classes, *state.memberships.groups)
    met = any(stay.where == journal.group for stay in stays) or (state.enrolled and knows_pupil(context, pupil))
    if not met:
        msg = f"there is no pupil {pupil}: look the pupil up in the gradebook of this journal"
        raise UnknownPupil(msg, field="pupil")


def membership(context: Context, lesson: OpenLesson, journal: str, pupil: str) -> Ref:
    """Answer the fact by which the pupil belongs in the journal on the lesson's day; raises NotInThisJournal."""
    check_known(context, lesson.journal, pupil)
    state = context.load(PupilState, pupil)
    stay = state.memberships.member_of(lesson.journal.group, lesson.journal.group_kind, journal, lesson.day)
    if stay is None:
        msg = f"pupil {pupil} does not belong in this journal on {lesson.day:%d.%m.%Y}: check class, group and dates"
        raise NotInThisJournal(msg, field="pupil")
    return stay.ref


def school(context: Context) -> SchoolState:
    """Answer the school with its kinds of work and grading systems."""
    return context.load(SchoolState, SCHOOL)
