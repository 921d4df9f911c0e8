"""A teacher is away: one command for all the lessons concerned, all or nothing (A9, п. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.access import Access
from ejd.kernel.closed_years import YearIsClosed
from ejd.kernel.command import Command, Elsewhere, Refusal
from ejd.kernel.rights import Administers
from ejd_commands import known
from ejd_commands.fields import Day, Id, Ordinal, Part, Reason, Slot
from ejd_commands.placing import AcceptClashes, Board
from ejd_commands.substitutions import (
    AdministeredLesson,
    AssignSelfStudy,
    CancelLesson,
    MoveLesson,
    SubstituteTeacher,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Caused, Context, Decided, Need, Target

BULK_LESSONS_MAX = 300
"""Lessons of one command: a teacher has some thirty a week, so that two months of illness fit."""


class LessonTwice(Refusal):
    """One lesson stands twice in the list."""


class ChosenLesson(Part):
    """A lesson of the absent teacher, and what becomes of it; `approval` where its free window is over (A10)."""

    journal: Id
    day: Day
    slot: Slot
    ordinal: Ordinal = 1
    approval: Id | None = None


class GivenBy(ChosenLesson):
    """Another teacher gives it, perhaps in another subject or merged with the lesson of another journal."""

    kind: Literal["teacher"]
    teacher: Id
    subject: Id | None = None
    merged_journal: Id | None = None


class LeftToSelfStudy(ChosenLesson):
    """The pupils work alone, supervised by somebody or nobody."""

    kind: Literal["self-study"]
    teacher: Id | None = None


class Moved(ChosenLesson):
    """It takes place at another time."""

    kind: Literal["move"]
    new_day: Day
    new_slot: Slot
    new_room: Id | None = None


class Cancelled(ChosenLesson):
    """It does not take place."""

    kind: Literal["cancel"]


Chosen = Annotated[GivenBy | LeftToSelfStudy | Moved | Cancelled, Field(discriminator="kind")]
SINGLE: dict[type[ChosenLesson], type[AdministeredLesson]] = {
    GivenBy: SubstituteTeacher,
    LeftToSelfStudy: AssignSelfStudy,
    Moved: MoveLesson,
    Cancelled: CancelLesson,
}
"""By kind of choice the command that does the same to one lesson."""


class SubstituteTeacherBulk(Command):
    """Decide what becomes of many lessons of an absent teacher at once, all or nothing (A9).

    The reason is sealed under the absent teacher's key: it may be an illness.
    """

    name: ClassVar[str] = "substitute-teacher-bulk"
    access: ClassVar[Access] = Access("administer", "school", "substitute, move or cancel lessons")
    absent_teacher: Id
    reason: Reason
    lessons: Annotated[tuple[Chosen, ...], Field(min_length=1, max_length=BULK_LESSONS_MAX)]
    accept_conflicts: AcceptClashes = None

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the administration, as each single command does."""
        return Administers("substitute, move or cancel lessons")

    def target(self, context: Context) -> Target:
        """Answer the first lesson's stream; the others are written beside it."""
        return self._single(self.lessons[0]).target(context)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Decide one lesson after the other on one board, so that each sees what became of those before it."""
        known.staff(context, self.absent_teacher, "absent_teacher")
        board = Board(context)
        seen: set[str] = set()
        for index, chosen in enumerate(self.lessons):
            single = self._single(chosen)
            if single.lesson in seen:
                msg = f"the lesson of {single.day:%d.%m.%Y} in slot {single.slot} stands twice: leave one of the two"
                raise LessonTwice(msg, field=f"lessons.{index}")
            seen.add(single.lesson)
            try:
                yield from _beside(single, context, single.on_board(context, board, self.absent_teacher))
            except YearIsClosed:  # which is about no lesson of the list
                raise
            except Refusal as refusal:
                refusal.field = f"lessons.{index}.{refusal.field}" if refusal.field else f"lessons.{index}"
                refusal.sentence = f"{single.day:%d.%m.%Y}, slot {single.slot}: {refusal.sentence}"
                raise

    def _single(self, chosen: ChosenLesson) -> AdministeredLesson:
        fields = chosen.model_dump(exclude={"kind"}) | {"reason": self.reason}
        if isinstance(chosen, (GivenBy, LeftToSelfStudy)):
            fields["absent_teacher"] = self.absent_teacher
        if not isinstance(chosen, Cancelled):
            fields["accept_conflicts"] = self.accept_conflicts
        return SINGLE[type(chosen)].model_validate(fields)


def _beside(single: AdministeredLesson, context: Context, decided: Iterable[Caused | Elsewhere]) -> Iterator[Elsewhere]:
    """Answer the events of one lesson's command as events that are stored beside those of the others."""
    scope = single.target(context).scope
    for one in decided:
        yield one if isinstance(one, Elsewhere) else Elsewhere(one.event, single.lesson, scope, one.refs)
