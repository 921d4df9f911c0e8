"""What guardians confirm having read (E4, п. 15): the week's diary, a period's marks, a recommendation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ejd.kernel.access import Access
from ejd.kernel.command import Command, NotFound, Refusal, Target
from ejd.kernel.envelope import Ref, Scope
from ejd.kernel.events.acknowledgements import (
    DiaryAcknowledged,
    PeriodMarksAcknowledged,
    RecommendationAcknowledged,
)
from ejd.kernel.ids import acknowledgements_stream
from ejd.kernel.rights import ActsForPupil
from ejd.kernel.states.access import AcknowledgementsState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import YearState
from ejd_commands.fields import Code, Day, Id
from ejd_commands.final_marks import UnknownPeriod
from ejd_commands.lesson_base import UnknownPupil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

POSITION_MAX = 2**53
VERSION_MAX = 1_000_000


class UnknownRecommendation(NotFound):
    """The lesson has no recommendation of that version."""


class NotAMonday(Refusal):
    """A week of the diary begins on Monday."""


class NotYetToRead(Refusal):
    """What has not begun cannot have been read."""


def unknown_pupil(pupil: str) -> UnknownPupil:
    """Answer what whoever may not see a pupil hears of one, and of an id that is no pupil's."""
    return UnknownPupil(f"there is no pupil {pupil}: check the id", field="pupil")


class AcknowledgementCommand(Command):
    """Base: a guardian and a pupil; `channel` paper is registered by the school from a signature."""

    access: ClassVar[Access] = Access("acknowledge", "child", "acknowledge", also="register-paper")
    guardian: Id
    pupil: Id
    channel: Literal["web", "api", "paper"] = "api"

    def target(self, context: Context) -> Target:
        """Answer the stream of this guardian and pupil."""
        if not context.load(PupilState, self.pupil).enrolled:
            raise unknown_pupil(self.pupil)
        stream = acknowledgements_stream(self.guardian, self.pupil)
        return Target(stream, Scope(kind="acknowledgements", person=self.pupil))

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the guardianship."""
        unknown = unknown_pupil(self.pupil)
        return ActsForPupil(self.guardian, self.pupil, from_paper=self.channel == "paper", unknown=unknown)

    def state(self, context: Context) -> AcknowledgementsState:
        """Answer what was acknowledged before."""
        return context.load(AcknowledgementsState, acknowledgements_stream(self.guardian, self.pupil))


class AcknowledgeDiary(AcknowledgementCommand):
    """Confirm having read the diary of a week, as it stood at a position (E4)."""

    name: ClassVar[str] = "acknowledge-diary"
    week: Day
    seen_position: Annotated[int, Field(ge=0, le=POSITION_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a week that has not begun; the same or an older position changes nothing."""
        if self.week.weekday() != 0:
            msg = f"{self.week:%d.%m.%Y} is no Monday: name the Monday of the week"
            raise NotAMonday(msg, field="week")
        if self.week > context.today:
            msg = "this week has not begun: acknowledge it when there is something to read"
            raise NotYetToRead(msg, field="week")
        if self.state(context).weeks.get(self.week, -1) < self.seen_position:
            yield DiaryAcknowledged(
                guardian=self.guardian,
                pupil=self.pupil,
                channel=self.channel,
                week=self.week,
                seen_position=self.seen_position,
            )


class AcknowledgePeriodMarks(AcknowledgementCommand):
    """Confirm having read the marks of a grading period, as they stood at a position (E4)."""

    name: ClassVar[str] = "acknowledge-period-marks"
    year: Id
    period: Code
    seen_position: Annotated[int, Field(ge=0, le=POSITION_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse an unknown period; the same or an older position changes nothing."""
        period = context.load(YearState, self.year).calendar.period_by_code(self.period)
        if period is None:
            msg = f"this year has no period {self.period!r}: check the code"
            raise UnknownPeriod(msg, field="period")
        if period.first_day > context.today:
            msg = "this period has not begun: acknowledge it when there is something to read"
            raise NotYetToRead(msg, field="period")
        if self.state(context).periods.get((self.year, self.period), -1) < self.seen_position:
            yield PeriodMarksAcknowledged(
                guardian=self.guardian,
                pupil=self.pupil,
                channel=self.channel,
                year=self.year,
                period=self.period,
                seen_position=self.seen_position,
            )


class AcknowledgeRecommendation(AcknowledgementCommand):
    """Confirm having read a recommendation: the lesson's stream and the version of the event (E4)."""

    name: ClassVar[str] = "acknowledge-recommendation"
    lesson: Id
    version: Annotated[int, Field(ge=1, le=VERSION_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse what is no recommendation to this pupil; a second time changes nothing."""
        ref = Ref(self.lesson, self.version)
        if context.load(LessonState, self.lesson).recommended.get(ref) != self.pupil:
            msg = "this lesson has no such recommendation to this pupil: check lesson and version"
            raise UnknownRecommendation(msg, field="version")
        if ref not in self.state(context).recommendations:
            context.rely(ref)
            yield RecommendationAcknowledged(
                guardian=self.guardian,
                pupil=self.pupil,
                channel=self.channel,
                lesson=self.lesson,
                version=self.version,
            )
