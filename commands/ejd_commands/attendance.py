"""The roll (A3): taken once, corrected pupil by pupil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ejd.kernel.command import Caused, Refusal, WrongState
from ejd.kernel.events.lessons import Absence, AttendanceCorrected, RollTaken
from ejd_commands.fields import Id, Reason
from ejd_commands.lesson_base import LessonCommand, membership, writable_lesson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ejd.kernel.command import Context, Decided
    from ejd_commands.lesson_base import OpenLesson
    from ejd_commands.windows import Windows

ABSENCES_MAX = 100
LATE_MINUTES_MAX = 240


class RollTakenAlready(WrongState):
    """Another roll was taken."""


class RollNotTaken(WrongState):
    """There is no roll to correct."""


class TwiceOnTheRoll(Refusal):
    """A pupil stands twice on one roll."""


class MinutesOnlyForLate(Refusal):
    """Only somebody who came late has minutes."""


class AbsenceLine(BaseModel):
    """One line of the roll: absent (н), excused (у), ill (б), late (о) with minutes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pupil: Id
    kind: Literal["absent", "excused", "ill", "late"]
    minutes: Annotated[int, Field(ge=1, le=LATE_MINUTES_MAX)] | None = None

    def event(self) -> Absence:
        """Answer the line as it is stored; raises MinutesOnlyForLate."""
        if self.minutes is not None and self.kind != "late":
            msg = "minutes belong to a late pupil only: leave them out or say 'late'"
            raise MinutesOnlyForLate(msg, field="minutes")
        return Absence(pupil=self.pupil, kind=self.kind, minutes=self.minutes)


def take(
    lines: Sequence[AbsenceLine], lesson: OpenLesson, command: LessonCommand, context: Context, rule: Windows
) -> Iterator[Caused]:
    """Answer the roll's event, or nothing when the same roll was taken already."""
    absences = {line.pupil: line.event() for line in lines}
    if len(absences) != len(lines):
        msg = "a pupil stands twice on this roll: leave one line"
        raise TwiceOnTheRoll(msg, field="absences")
    refs = tuple(membership(context, lesson, command.journal, pupil) for pupil in absences)
    if lesson.state.roll_taken:
        if lesson.state.absences == absences:
            return
        msg = "the roll was taken already: correct single pupils with correct-attendance and a reason"
        raise RollTakenAlready(msg, field="absences")
    approval = rule.check("attendance", lesson.day)
    yield Caused(RollTaken(**command.identity, absences=tuple(absences.values())), (*refs, *approval))


class TakeRoll(LessonCommand):
    """Take the roll: who is not named was present; nobody named means that nobody was absent (A3)."""

    name: ClassVar[str] = "take-roll"
    absences: Annotated[tuple[AbsenceLine, ...], Field(max_length=ABSENCES_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a second, different roll."""
        rule = self.windows(context)
        yield from take(self.absences, writable_lesson(self, context), self, context, rule)
        yield from rule.made()


class CorrectAttendance(LessonCommand):
    """Correct one pupil's line of the roll, with the reason (A10); `kind` present removes the line."""

    name: ClassVar[str] = "correct-attendance"
    pupil: Id
    kind: Literal["present", "absent", "excused", "ill", "late"]
    minutes: Annotated[int, Field(ge=1, le=LATE_MINUTES_MAX)] | None = None
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new line; the same line is no correction."""
        lesson, rule = writable_lesson(self, context), self.windows(context)
        if not lesson.state.roll_taken:
            msg = "the roll of this lesson was not taken yet: take it first"
            raise RollNotTaken(msg)
        member = membership(context, lesson, self.journal, self.pupil)
        old = lesson.state.absences.get(self.pupil)
        new = None
        if self.kind != "present":
            new = AbsenceLine(pupil=self.pupil, kind=self.kind, minutes=self.minutes).event()
        elif self.minutes is not None:
            msg = "minutes belong to a late pupil only: leave them out or say 'late'"
            raise MinutesOnlyForLate(msg, field="minutes")
        if old == new:
            return
        refs = (member, *rule.check("attendance", lesson.day, pupil=self.pupil))
        reason = context.seal(self.pupil, self.reason, field="attendance-corrected.reason")
        yield Caused(AttendanceCorrected(**self.identity, pupil=self.pupil, old=old, new=new, reason=reason), refs)
        yield from rule.made()
