"""Current marks (A4), marks of control works (A5), and recommendations to pupils (A8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.command import Caused, Command, NotFound, Refusal, WrongState
from ejd.kernel.events.lessons import MarkCorrected, MarkRecorded, MarkWithdrawn, RecommendationGiven
from ejd.kernel.policies import allowed_values, grade_value
from ejd.kernel.states.lesson import Cell
from ejd.kernel.states.teaching import ControlWorkState
from ejd_commands.fields import Code, FreeText, Id, MarkNumber, MarkValue, Points, Reason, Variant
from ejd_commands.lesson_base import LessonCommand, membership, school, writable_lesson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Context, Decided
    from ejd.kernel.envelope import Ref
    from ejd_commands.lesson_base import OpenLesson
    from ejd_commands.windows import Windows


class CellIsTaken(WrongState):
    """There is another mark in this cell."""


class CellIsEmpty(WrongState):
    """There is no mark in this cell."""


class NotThisMark(Refusal):
    """The journal's grading system does not have this mark."""


class UnknownKindOfWork(Refusal):
    """The school does not have this kind of work."""


class UnknownControlWork(NotFound):
    """No control work has this id."""


class NotThisControlWork(Refusal):
    """The control work does not fit the mark."""


class MarkEntry(Command):
    """One mark of a lesson: cell, value, comment; `number` tells several marks of one kind of work apart (4/5)."""

    pupil: Id
    work: Code
    number: MarkNumber = 1
    value: MarkValue
    comment: FreeText | None = None
    control_work: Id | None = None
    variant: Variant | None = None
    points: Points | None = None


def check_value(context: Context, lesson: OpenLesson, value: str) -> None:
    """Raise NotThisMark when the value is no current mark of the journal's grading system."""
    system = school(context).grading_systems[lesson.journal.grading_system]
    known = grade_value(system, value)
    if known is None or known.final_only:
        msg = f"{value!r} is no current mark here: allowed are {allowed_values(system)}"
        raise NotThisMark(msg, field="value")


def check_work(context: Context, work: str) -> None:
    """Raise UnknownKindOfWork when the school has not defined it."""
    kinds = school(context).work_kinds
    if work not in kinds:
        msg = f"the school has no kind of work {work!r}: use one of {', '.join(kinds)}"
        raise UnknownKindOfWork(msg, field="work")


def _control_work(entry: MarkEntry, context: Context, lesson: OpenLesson, journal: str) -> Iterator[Ref]:
    if entry.control_work is None:
        return
    state = context.load(ControlWorkState, entry.control_work)
    if state.planned is None or state.ref is None or state.day is None:
        msg = f"there is no control work {entry.control_work}: look it up in the schedule of control works"
        raise UnknownControlWork(msg, field="control_work")
    planned = state.planned
    if planned.journal != journal or planned.work != entry.work or state.cancelled:
        msg = "this control work is of another journal or kind of work, or it is cancelled: choose the right one"
        raise NotThisControlWork(msg, field="control_work")
    if lesson.day < state.day:
        msg = f"this control work is on {state.day:%d.%m.%Y}, after the lesson: choose a lesson on that day or later"
        raise NotThisControlWork(msg, field="control_work")
    if entry.variant is not None and entry.variant > planned.variants:
        msg = f"this control work has {planned.variants} variant(s): correct the variant"
        raise NotThisControlWork(msg, field="variant")
    if entry.points is not None and planned.points_max is not None and entry.points > planned.points_max:
        msg = f"this control work has at most {planned.points_max} points: correct the points"
        raise NotThisControlWork(msg, field="points")
    yield state.ref


def is_written(context: Context, work: str) -> bool:
    """Say whether a kind of work is written, which has a window of its own; one no longer in the list is not."""
    kind = school(context).work_kinds.get(work)
    return kind is not None and kind.written


def record(
    entry: MarkEntry, lesson: OpenLesson, command: LessonCommand, context: Context, rule: Windows
) -> Iterator[Caused]:
    """Answer the event of one mark, or nothing when the cell has it already."""
    check_work(context, entry.work)
    check_value(context, lesson, entry.value)
    member = membership(context, lesson, command.journal, entry.pupil)
    refs = (member, *_control_work(entry, context, lesson, command.journal))
    found = lesson.state.marks.get(Cell(entry.pupil, entry.work, entry.number))
    if found is not None:
        if found.value == entry.value and found.control_work == (entry.control_work or ""):
            return
        msg = f"this cell has {found.value} already: correct it with a reason, or give the new mark the next number"
        raise CellIsTaken(msg, field="number")
    comment = entry.comment
    approval = rule.check("mark", lesson.day, pupil=entry.pupil, written=is_written(context, entry.work))
    yield Caused(
        MarkRecorded(
            **command.identity,
            pupil=entry.pupil,
            work=entry.work,
            number=entry.number,
            value=entry.value,
            comment=context.seal(entry.pupil, comment, field="mark-recorded.comment") if comment else None,
            control_work=entry.control_work or "",
            variant=entry.variant,
            points=entry.points,
        ),
        (*refs, *approval),
    )


class RecordMark(MarkEntry, LessonCommand):
    """Record a mark in an empty cell of a lesson (A4, A5)."""

    name: ClassVar[str] = "record-mark"

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a mark that the grading system, the membership or the control work does not allow."""
        rule = self.windows(context)
        yield from record(self, writable_lesson(self, context), self, context, rule)
        yield from rule.made()


class CorrectMark(LessonCommand):
    """Put another value in a cell, with the reason (A10)."""

    name: ClassVar[str] = "correct-mark"
    pupil: Id
    work: Code
    number: MarkNumber = 1
    value: MarkValue
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new value; the same value is no correction."""
        lesson, rule = writable_lesson(self, context), self.windows(context)
        found = lesson.state.marks.get(Cell(self.pupil, self.work, self.number))
        if found is None:
            msg = "there is no mark in this cell: record one"
            raise CellIsEmpty(msg, field="number")
        if found.value == self.value:
            return
        check_value(context, lesson, self.value)
        approval = rule.check("mark", lesson.day, pupil=self.pupil, written=is_written(context, self.work))
        yield Caused(
            MarkCorrected(
                **self.identity,
                pupil=self.pupil,
                work=self.work,
                number=self.number,
                old_value=found.value,
                new_value=self.value,
                control_work=found.control_work,
                reason=context.seal(self.pupil, self.reason, field="mark-corrected.reason"),
            ),
            (found.ref, *approval),
        )
        yield from rule.made()


class WithdrawMark(LessonCommand):
    """Take a mark out of its cell, with the reason (A10)."""

    name: ClassVar[str] = "withdraw-mark"
    pupil: Id
    work: Code
    number: MarkNumber = 1
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep the value that was there."""
        lesson, rule = writable_lesson(self, context), self.windows(context)
        found = lesson.state.marks.get(Cell(self.pupil, self.work, self.number))
        if found is None:
            msg = "there is no mark in this cell: nothing is to be withdrawn"
            raise CellIsEmpty(msg, field="number")
        approval = rule.check("mark", lesson.day, pupil=self.pupil, written=is_written(context, self.work))
        yield Caused(
            MarkWithdrawn(
                **self.identity,
                pupil=self.pupil,
                work=self.work,
                number=self.number,
                old_value=found.value,
                reason=context.seal(self.pupil, self.reason, field="mark-withdrawn.reason"),
            ),
            (found.ref, *approval),
        )
        yield from rule.made()


class GiveRecommendation(LessonCommand):
    """Write a recommendation to one pupil (A8); parents can acknowledge it."""

    name: ClassVar[str] = "give-recommendation"
    pupil: Id
    text: FreeText

    def decide(self, context: Context) -> Iterable[Decided]:
        """Seal it under the pupil's key."""
        lesson = writable_lesson(self, context)
        member = membership(context, lesson, self.journal, self.pupil)
        text = context.seal(self.pupil, self.text, field="recommendation-given.text")
        yield Caused(RecommendationGiven(**self.identity, pupil=self.pupil, text=text), (member,))
