"""Substitutions and reschedulings (A9, п. 4): other teacher or subject, merged groups, self-study, moved, cancelled.

Each command is decided on a board of what takes place in the slot; several of them, by `substitution_bulk`, on one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.command import Caused, Elsewhere, Refusal, WrongState
from ejd.kernel.events.lessons import (
    LessonCancelled,
    LessonMoved,
    LessonReinstated,
    LessonSubstituted,
    Substitution,
    SubstitutionCorrected,
)
from ejd.kernel.ids import SCHOOL
from ejd.kernel.placements import EVERYTHING
from ejd.kernel.rights import Administers
from ejd.kernel.states.people import StaffState
from ejd.kernel.states.school import RoomState, SubjectState, YearState
from ejd_commands.fields import Day, Id, Reason, Slot
from ejd_commands.lesson_base import (
    LessonCommand,
    LessonIsCancelled,
    check_period_open,
    existing_lesson,
    opened_journal,
)
from ejd_commands.lessons import NotASchoolDay, UnknownRoom
from ejd_commands.placing import AcceptClashes, Board, check_free, check_teacher, listed, planned_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.envelope import Ref
    from ejd.kernel.placements import Needed
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


class SelfStudyIsNoLesson(Refusal):
    """Pupils who study alone are taught neither another subject nor together with another group."""


class TopicTakesThePlan(WrongState):
    """The lesson's topic is a line of its own plan, so that the lesson was held in its own subject."""


class HoldsRecords(WrongState):
    """What was held cannot be cancelled."""


class NotCancelled(WrongState):
    """The lesson is not cancelled."""


class MovedTooFarBack(Refusal):
    """The new day lies too far back to reschedule to it freely."""


class AdministeredLesson(LessonCommand, ABC):
    """Base: what the administration decides about a lesson."""

    access: ClassVar[Access] = Access("administer", "journal", "substitute, move or cancel lessons")

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration (п. 4: the deputy head records substitutions)."""
        return Administers("substitute, move or cancel lessons", self.journal)

    def open_lesson(self, context: Context) -> OpenLesson:
        """Answer a lesson that exists, is not cancelled, and lies in an open period."""
        lesson = existing_lesson(self, context)
        if lesson.state.cancelled:
            msg = "this lesson is cancelled: reinstate it first"
            raise LessonIsCancelled(msg)
        check_period_open(context, self.journal, lesson.journal, lesson.day)
        return lesson

    def decide(self, context: Context) -> Iterable[Decided]:
        """Decide it alone."""
        return self.on_board(context, Board(context))

    @abstractmethod
    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """Decide it beside what else the board has, and put it there; a reason is sealed as one about `about`."""


class SubstituteTeacher(AdministeredLesson):
    """Another teacher gives this lesson, perhaps in another subject or together with another group (A9)."""

    name: ClassVar[str] = "substitute-teacher"
    teacher: Id
    absent_teacher: Id | None = None
    subject: Id | None = None
    merged_journal: Id | None = None
    reason: Reason | None = None
    accept_conflicts: AcceptClashes = None

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """Seal the reason under the absent teacher's key: it may be an illness."""
        lesson = self.open_lesson(context)
        new = instead(self, context, lesson, subject=self.subject, merged_journal=self.merged_journal)
        return _substituted(self, context, board, lesson, new, about)


class AssignSelfStudy(AdministeredLesson):
    """The pupils of this lesson work alone, supervised by somebody or by nobody; it is nobody's hour (A9)."""

    name: ClassVar[str] = "assign-self-study"
    teacher: Id | None = None
    absent_teacher: Id | None = None
    reason: Reason | None = None
    accept_conflicts: AcceptClashes = None

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """A supervisor must be free like a teacher."""
        lesson = self.open_lesson(context)
        return _substituted(self, context, board, lesson, instead(self, context, lesson, self_study=True), about)


class CorrectSubstitution(AdministeredLesson):
    """Correct or withdraw a substitution, with the reason (A10); no teacher and no self-study: there was none."""

    name: ClassVar[str] = "correct-substitution"
    teacher: Id | None = None
    subject: Id | None = None
    merged_journal: Id | None = None
    self_study: bool | None = None
    reason: Reason
    accept_conflicts: AcceptClashes = None

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """Keep old and new; the same is no correction."""
        lesson = self.open_lesson(context)
        old = lesson.state.substitution
        if old is None:
            msg = "this lesson has no substitution: record one"
            raise NotSubstituted(msg)
        if self.self_study and (self.subject or self.merged_journal):
            msg = "pupils who study alone have neither another subject nor another group: leave both out"
            raise SelfStudyIsNoLesson(msg, field="self_study")
        new = None
        if self.teacher is not None or self.self_study:
            chosen = {"subject": self.subject, "merged_journal": self.merged_journal}
            new = instead(self, context, lesson, self_study=bool(self.self_study), **chosen)
        if new != old:
            despite = _check_and_put(self, board, lesson, new)
            rule = self.windows(context)
            refs = rule.check("substitution", lesson.day)
            reason = context.seal(about, self.reason, field="substitution-corrected.reason")
            event = SubstitutionCorrected(**self.identity, old=old, new=new, reason=reason, despite=despite)
            yield Caused(event, refs)
            yield from listed(self, lesson.day, refs=refs)
            yield from rule.made()


def instead(  # noqa: PLR0913 - the ways to give a lesson otherwise
    command: SubstituteTeacher | AssignSelfStudy | CorrectSubstitution,
    context: Context,
    lesson: OpenLesson,
    *,
    subject: str | None = None,
    merged_journal: str | None = None,
    self_study: bool = False,
) -> Substitution:
    """Answer the substitution as it is stored; raises for an unknown teacher, subject or journal.

    The journal's own subject is no other one.
    """
    if command.teacher is not None and not context.load(StaffState, command.teacher).works_on(lesson.day):
        msg = f"this teacher does not work here on {lesson.day:%d.%m.%Y}: choose another"
        raise NotOnTheStaff(msg, field="teacher")
    if subject is not None and not context.load(SubjectState, subject).name:
        msg = f"there is no subject {subject}: choose another"
        raise UnknownSubject(msg, field="subject")
    if merged_journal is not None:
        opened_journal(context, merged_journal)
    return Substitution(
        teacher=command.teacher or "",
        subject="" if subject in {None, lesson.journal.subject} else str(subject),
        merged_journal=merged_journal or "",
        self_study=self_study,
    )


def _substituted(  # noqa: PLR0913 - one record of a lesson on its board
    command: SubstituteTeacher | AssignSelfStudy,
    context: Context,
    board: Board,
    lesson: OpenLesson,
    new: Substitution,
    about: str,
) -> Iterator[Caused | Elsewhere]:
    old = lesson.state.substitution
    if old == new:
        return
    if old is not None:
        msg = "this lesson has another substitution already: correct it with a reason"
        raise IsSubstituted(msg, field="teacher")
    despite = _check_and_put(command, board, lesson, new)
    rule = command.windows(context)
    refs = rule.check("substitution", lesson.day)
    absent = command.absent_teacher or ""
    reason = None
    if command.reason is not None:
        reason = context.seal(absent or about, command.reason, field="lesson-substituted.reason")
    event = LessonSubstituted(
        **command.identity, absent_teacher=absent, substitution=new, reason=reason, despite=despite
    )
    yield Caused(event, refs)
    yield from listed(command, lesson.day, refs=refs)
    yield from rule.made()


def _check_and_put(
    command: SubstituteTeacher | AssignSelfStudy | CorrectSubstitution,
    board: Board,
    lesson: OpenLesson,
    new: Substitution | None,
) -> int:
    """Answer the clashes that are accepted; raises TopicTakesThePlan, NothingToMergeWith, TeacherIsNeededElsewhere."""
    if new is not None and new.subject and lesson.state.plan_item is not None:
        msg = (
            f"the topic of this lesson is line {lesson.state.plan_item} of its own plan: correct the topic first, "
            "a lesson in another subject does not use the plan up"
        )
        raise TopicTakesThePlan(msg, field="subject")
    twin = lesson.state.copy()
    twin.substitution = new
    placed = board.placement(planned_by(command), lesson.journal, twin)
    despite = check_teacher(placed, board, accepted=command.accept_conflicts, back=new is None)
    board.put(placed.lesson, placed)
    return despite


class MoveLesson(AdministeredLesson):
    """Move a lesson to another slot, day or room; its identity stays (A9)."""

    name: ClassVar[str] = "move-lesson"
    new_day: Day
    new_slot: Slot
    new_room: Id | None = None
    reason: Reason | None = None
    accept_conflicts: AcceptClashes = None

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """Refuse a day outside the year, a closed period, a place where teacher, room or pupils are taken."""
        lesson = self.open_lesson(context)
        data = context.load(YearState, lesson.journal.year).data
        if data.first_day is None or data.last_day is None or not data.first_day <= self.new_day <= data.last_day:
            msg = f"{self.new_day:%d.%m.%Y} is outside the academic year: choose another day"
            raise NotASchoolDay(msg, field="new_day")
        check_period_open(context, self.journal, lesson.journal, self.new_day)
        if self.new_room is not None and not context.load(RoomState, self.new_room).name:
            msg = f"there is no room {self.new_room}: choose another"
            raise UnknownRoom(msg, field="new_room")
        old_day, old_slot = lesson.state.placement or (self.day, self.slot)
        stays = (old_day, old_slot) == (self.new_day, self.new_slot)
        if stays and self.new_room is None:
            return
        twin = lesson.state.copy()
        twin.placement, twin.room = (self.new_day, self.new_slot), self.new_room or lesson.state.room
        placed = board.placement(planned_by(self), lesson.journal, twin)
        needs: tuple[Needed, ...] = ("room",) if stays else EVERYTHING
        despite = check_free(placed, board, "new_slot", accepted=self.accept_conflicts, needs=needs)
        rule = self.windows(context)
        refs = self._windows_of_both_days(rule, lesson.day)
        moved = LessonMoved(
            **self.identity,
            old_date=old_day,
            old_slot=old_slot,
            new_date=self.new_day,
            new_slot=self.new_slot,
            new_room=self.new_room or "",
            reason=context.seal(about, self.reason, field="lesson-moved.reason") if self.reason else None,
            despite=despite,
        )
        board.put(placed.lesson, placed)
        yield Caused(moved, refs)
        yield from listed(self, old_day, self.new_day, refs=refs)
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


class CancelLesson(AdministeredLesson):
    """A lesson does not take place, with the reason (A9)."""

    name: ClassVar[str] = "cancel-lesson"
    reason: Reason

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
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
        reason = context.seal(about, self.reason, field="lesson-cancelled.reason")
        board.put(self.lesson, None)
        yield Caused(LessonCancelled(**self.identity, reason=reason), refs)
        yield from listed(self, lesson.day, refs=refs)
        yield from rule.made()


class ReinstateLesson(AdministeredLesson):
    """A cancelled lesson takes place after all, with the reason (A9)."""

    name: ClassVar[str] = "reinstate-lesson"
    reason: Reason
    accept_conflicts: AcceptClashes = None

    def on_board(self, context: Context, board: Board, about: str = SCHOOL) -> Iterator[Caused | Elsewhere]:
        """Refuse a lesson that is not cancelled, or whose teacher, room or pupils were given away meanwhile."""
        lesson = existing_lesson(self, context)
        if not lesson.state.cancelled:
            msg = "this lesson is not cancelled: nothing is to be done"
            raise NotCancelled(msg)
        check_period_open(context, self.journal, lesson.journal, lesson.day)
        placed = board.placement(planned_by(self), lesson.journal, lesson.state)
        despite = check_free(placed, board, "slot", accepted=self.accept_conflicts, back=True)
        rule = self.windows(context)
        refs = rule.check("substitution", lesson.day)
        reason = context.seal(about, self.reason, field="lesson-reinstated.reason")
        board.put(placed.lesson, placed)
        yield Caused(LessonReinstated(**self.identity, reason=reason, despite=despite), refs)
        yield from listed(self, lesson.day, refs=refs)
        yield from rule.made()
