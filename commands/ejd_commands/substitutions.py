"""Substitutions and reschedulings (A9, п. 4): other teacher, other subject, merged groups, moved, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.command import Caused, Refusal, WrongState
from ejd.kernel.due import is_due
from ejd.kernel.events.lessons import (
    LessonCancelled,
    LessonMoved,
    LessonReinstated,
    LessonSubstituted,
    Substitution,
    SubstitutionCorrected,
)
from ejd.kernel.ids import SCHOOL, timetable_stream
from ejd.kernel.rights import Administers
from ejd.kernel.states.people import StaffState
from ejd.kernel.states.school import RoomState, SubjectState, TimetableState, YearState
from ejd_commands.fields import Day, Id, Reason, Slot
from ejd_commands.lesson_base import (
    LessonCommand,
    LessonIsCancelled,
    check_period_open,
    existing_lesson,
    opened_journal,
)
from ejd_commands.lessons import NotASchoolDay, UnknownRoom

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.envelope import Ref
    from ejd_commands.lesson_base import OpenLesson
    from ejd_commands.windows import Windows


class NotOnTheStaff(Refusal):
    """The teacher does not work at the school on that day."""


class UnknownSubject(Refusal):
    """No subject has this id."""


class IsSubstituted(WrongState):
    """There is another substitution."""


class NotSubstituted(WrongState):
    """There is no substitution."""


class HoldsRecords(WrongState):
    """What was held cannot be cancelled."""


class NotCancelled(WrongState):
    """The lesson is not cancelled."""


class MovedTooFarBack(Refusal):
    """The new day lies too far back to reschedule to it freely."""


class SlotIsTaken(WrongState):
    """The journal has another lesson there."""


class AdministeredLesson(LessonCommand):
    """Base: what the administration decides about a lesson."""

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration (п. 4: the deputy head records substitutions)."""
        return Administers("substitute, move or cancel lessons")

    def open_lesson(self, context: Context) -> OpenLesson:
        """Answer a lesson that exists, is not cancelled, and lies in an open period."""
        lesson = existing_lesson(self, context)
        if lesson.state.cancelled:
            msg = "this lesson is cancelled: reinstate it first"
            raise LessonIsCancelled(msg)
        check_period_open(context, self.journal, lesson.journal, lesson.day)
        return lesson


class SubstituteTeacher(AdministeredLesson):
    """Another teacher gives this lesson, perhaps in another subject or together with another group (A9)."""

    name: ClassVar[str] = "substitute-teacher"
    teacher: Id
    absent_teacher: Id | None = None
    subject: Id | None = None
    merged_journal: Id | None = None
    reason: Reason | None = None

    def decide(self, context: Context) -> Iterable[Decided]:
        """Seal the reason under the absent teacher's key: it may be an illness."""
        lesson = self.open_lesson(context)
        new = substitution(self, context, lesson)
        old = lesson.state.substitution
        if old == new:
            return
        if old is not None:
            msg = "this lesson has another substitution already: correct it with a reason"
            raise IsSubstituted(msg, field="teacher")
        rule = self.windows(context)
        refs = rule.check("substitution", lesson.day)
        about = self.absent_teacher or SCHOOL
        reason = context.seal(about, self.reason, field="lesson-substituted.reason") if self.reason else None
        absent = self.absent_teacher or ""
        yield Caused(LessonSubstituted(**self.identity, absent_teacher=absent, substitution=new, reason=reason), refs)
        yield from rule.made()


class CorrectSubstitution(AdministeredLesson):
    """Correct or withdraw a substitution, with the reason (A10); no teacher means there was none."""

    name: ClassVar[str] = "correct-substitution"
    teacher: Id | None = None
    subject: Id | None = None
    merged_journal: Id | None = None
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new; the same is no correction."""
        lesson = self.open_lesson(context)
        old = lesson.state.substitution
        if old is None:
            msg = "this lesson has no substitution: record one"
            raise NotSubstituted(msg)
        new = None if self.teacher is None else substitution(self, context, lesson)
        if new != old:
            rule = self.windows(context)
            refs = rule.check("substitution", lesson.day)
            reason = context.seal(SCHOOL, self.reason, field="substitution-corrected.reason")
            yield Caused(SubstitutionCorrected(**self.identity, old=old, new=new, reason=reason), refs)
            yield from rule.made()


def substitution(
    command: SubstituteTeacher | CorrectSubstitution, context: Context, lesson: OpenLesson
) -> Substitution:
    """Answer the substitution as it is stored; raises for an unknown teacher, subject or journal."""
    teacher = command.teacher or ""
    if not context.load(StaffState, teacher).works_on(lesson.day):
        msg = f"this teacher does not work here on {lesson.day:%d.%m.%Y}: choose another"
        raise NotOnTheStaff(msg, field="teacher")
    if command.subject is not None and not context.load(SubjectState, command.subject).name:
        msg = f"there is no subject {command.subject}: choose another"
        raise UnknownSubject(msg, field="subject")
    if command.merged_journal is not None:
        opened_journal(context, command.merged_journal)
    return Substitution(teacher=teacher, subject=command.subject or "", merged_journal=command.merged_journal or "")


class MoveLesson(AdministeredLesson):
    """Move a lesson to another slot, day or room; its identity stays (A9)."""

    name: ClassVar[str] = "move-lesson"
    new_day: Day
    new_slot: Slot
    new_room: Id | None = None
    reason: Reason | None = None

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a day outside the year, a closed period, a slot in which the journal has a lesson already."""
        lesson = self.open_lesson(context)
        year = context.load(YearState, lesson.journal.year)
        data = year.data
        if data.first_day is None or data.last_day is None or not data.first_day <= self.new_day <= data.last_day:
            msg = f"{self.new_day:%d.%m.%Y} is outside the academic year: choose another day"
            raise NotASchoolDay(msg, field="new_day")
        check_period_open(context, self.journal, lesson.journal, self.new_day)
        if self.new_room is not None and not context.load(RoomState, self.new_room).name:
            msg = f"there is no room {self.new_room}: choose another"
            raise UnknownRoom(msg, field="new_room")
        old_day, old_slot = lesson.state.placement or (self.day, self.slot)
        if (old_day, old_slot) != (self.new_day, self.new_slot):
            self._check_free(context, lesson)
        elif self.new_room is None:
            return
        rule = self.windows(context)
        refs = self._windows_of_both_days(rule, lesson.day)
        moved = LessonMoved(
            **self.identity,
            old_date=old_day,
            old_slot=old_slot,
            new_date=self.new_day,
            new_slot=self.new_slot,
            new_room=self.new_room or "",
            reason=context.seal(SCHOOL, self.reason, field="lesson-moved.reason") if self.reason else None,
        )
        yield Caused(moved, refs)
        yield from rule.made()

    def _windows_of_both_days(self, rule: Windows, old_day: date) -> tuple[Ref, ...]:
        """Answer the approval for the old day, which covers the new one too; else the new day must be free as well."""
        refs = rule.check("substitution", old_day)
        if not refs and rule.is_over("substitution", self.new_day):
            window = rule.window("substitution", self.new_day)
            msg = (
                f"{self.new_day:%d.%m.%Y} was free for rescheduling until {window.last_day:%d.%m.%Y} {window.rule}: "
                "choose a later day, or plan an extra lesson there with an approval"
            )
            raise MovedTooFarBack(msg, field="new_day")
        return refs

    def _check_free(self, context: Context, lesson: OpenLesson) -> None:
        if (self.new_day, self.new_slot) == (self.day, self.slot):
            return
        year = context.load(YearState, lesson.journal.year)
        timetable = context.load(TimetableState, timetable_stream(lesson.journal.year))
        schedules = timetable.schedules.get(self.journal, ())
        own = lesson.journal
        at = (self.new_day, self.new_slot)
        if is_due(year.calendar, own.grade, schedules, *at, classes=own.classes) is not None:
            msg = f"this journal has a lesson on {self.new_day:%d.%m.%Y} in slot {self.new_slot}: choose a free slot"
            raise SlotIsTaken(msg, field="new_slot")


class CancelLesson(AdministeredLesson):
    """A lesson does not take place, with the reason (A9)."""

    name: ClassVar[str] = "cancel-lesson"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a lesson that holds records: it was held."""
        lesson = existing_lesson(self, context)
        if lesson.state.cancelled:
            return
        check_period_open(context, self.journal, lesson.journal, lesson.day)
        if lesson.state.held or lesson.state.marks:
            msg = "this lesson has records, so it was held: withdraw them first, with reasons"
            raise HoldsRecords(msg)
        rule = self.windows(context)
        refs = rule.check("substitution", lesson.day)
        reason = context.seal(SCHOOL, self.reason, field="lesson-cancelled.reason")
        yield Caused(LessonCancelled(**self.identity, reason=reason), refs)
        yield from rule.made()


class ReinstateLesson(AdministeredLesson):
    """A cancelled lesson takes place after all, with the reason (A9)."""

    name: ClassVar[str] = "reinstate-lesson"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a lesson that is not cancelled."""
        lesson = existing_lesson(self, context)
        if not lesson.state.cancelled:
            msg = "this lesson is not cancelled: nothing is to be done"
            raise NotCancelled(msg)
        check_period_open(context, self.journal, lesson.journal, lesson.day)
        rule = self.windows(context)
        refs = rule.check("substitution", lesson.day)
        reason = context.seal(SCHOOL, self.reason, field="lesson-reinstated.reason")
        yield Caused(LessonReinstated(**self.identity, reason=reason), refs)
        yield from rule.made()
