"""Approved curricula (учебные планы) with hours a week and a year, for classes and single pupils (C2, C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, Strict

from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import curricula as u
from ejd.kernel.ids import derived
from ejd.kernel.states.teaching import ClassState, CurriculumState
from ejd_commands import known
from ejd_commands.fields import Day, Grade, Id, Name, Part, ShortText
from ejd_commands.known import SetUpCommand
from ejd_commands.movement import PupilCommand

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Caused, Context
    from ejd.kernel.event import Event

LINES_MAX = 200
GRADES_MAX = 14
WEEKS_MAX = 53
WEEK_HOURS_HUNDREDTHS_MAX = 6_000
YEAR_HOURS_MAX = 2_000
HUNDRED = 100


class NotForThisGrade(Refusal):
    """The curriculum is for other grades."""


class NoPupilCurriculum(WrongState):
    """The pupil is taught by the class's curriculum on that day."""


class CurriculumLinePart(Part):
    """Hours of a subject, a week in hundredths (50: every second week); a year, if left out, by the weeks."""

    subject: Id
    hours_per_week_hundredths: Annotated[int, Strict(), Field(ge=1, le=WEEK_HOURS_HUNDREDTHS_MAX)]
    hours_per_year: Annotated[int, Strict(), Field(ge=1, le=YEAR_HOURS_MAX)] | None = None
    component: Literal["federal", "school", "participants"] = "federal"
    group_kind: Literal["", "subgroup", "stream", "elective", "club", "individual"] = ""

    def event(self, weeks: int) -> u.CurriculumLine:
        """Answer the line with the hours of the year worked out, half a lesson up."""
        by_weeks = (2 * self.hours_per_week_hundredths * weeks + HUNDRED) // (2 * HUNDRED)
        return u.CurriculumLine(
            subject=self.subject,
            hours_per_week_hundredths=self.hours_per_week_hundredths,
            hours_per_year=self.hours_per_year or by_weeks,
            component=self.component,
            group_kind=self.group_kind,
        )


class AdoptCurriculum(SetUpCommand):
    """Adopt the whole curriculum (учебный план) of a year for some grades, or change it (C2).

    A subject may have lines of several components, and lines that are taught in other kinds of groups.
    """

    name: ClassVar[str] = "adopt-curriculum"
    curriculum: Id | None = None
    year: Id
    title: Name
    grades: Annotated[tuple[Grade, ...], Field(max_length=GRADES_MAX)] = ()
    profile: ShortText = ""
    weeks: Annotated[int, Strict(), Field(ge=1, le=WEEKS_MAX)] = 34
    lines: Annotated[tuple[CurriculumLinePart, ...], Field(min_length=1, max_length=LINES_MAX)]

    def stream(self, context: Context) -> str:
        """Answer the curriculum's stream."""
        return self.curriculum or derived(context.command_id, "curriculum")

    def target(self, context: Context) -> Target:
        """Answer the curriculum's stream."""
        return Target(self.stream(context), Scope(kind="curriculum", year=self.year))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse unknown subjects, and two lines of one subject, component and kind of group."""
        stream = self.stream(context)
        adopted = context.load(CurriculumState, stream).adopted
        known.same_year(None if adopted is None else adopted.year, self.year, "curriculum")
        known.year(context, self.year)
        known.only_once((str(grade) for grade in self.grades), "grades")
        names = [
            (known.subject(context, line.subject, f"lines.{n}.subject").name, line.component, line.group_kind)
            for n, line in enumerate(self.lines)
        ]
        known.only_once((", ".join(part for part in one if part) for one in names), "lines")
        event = u.CurriculumAdopted(
            year=self.year,
            name=self.title,
            grades=tuple(sorted(self.grades)),
            profile=self.profile,
            weeks=self.weeks,
            lines=tuple(line.event(self.weeks) for line in self.lines),
        )
        if adopted != event:
            old_title = "" if adopted is None else adopted.name
            known.claim_title(context, "curriculum", f"curriculum/{self.year}", self.title, old_title, stream)
            yield event


class AssignCurriculum(SetUpCommand):
    """Let a class be taught by a curriculum from a day on, until the next one (C2)."""

    name: ClassVar[str] = "assign-curriculum"
    class_id: Id
    curriculum: Id
    starts: Day

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the class's stream."""
        return Target(self.class_id, Scope(kind="class", class_id=self.class_id))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a curriculum of another year or other grades."""
        formed = known.class_on_a_day(context, self.class_id, self.starts, "starts")
        _check_fits(context, self.curriculum, formed.year, formed.grade)
        if context.load(ClassState, self.class_id).curricula.get(self.starts) != self.curriculum:
            yield u.CurriculumAssigned(curriculum=self.curriculum, starts=self.starts)


class AssignPupilCurriculum(PupilCommand):
    """Give a pupil an individual curriculum of hours from a day on (C3); which journals, set-individual-plan says."""

    name: ClassVar[str] = "assign-pupil-curriculum"
    curriculum: Id
    starts: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a curriculum of another year or other grades, and a pupil who is in no class that day."""
        state = known.pupil(context, self.pupil)
        stay = self.in_class(state, self.starts, "starts")
        formed = known.class_formed(context, stay.where)
        _check_fits(context, self.curriculum, formed.year, formed.grade)
        if state.curricula[-1:] != ((self.starts, self.curriculum),):
            context.rely(stay.ref)
            yield u.PupilCurriculumAssigned(curriculum=self.curriculum, starts=self.starts)


class EndPupilCurriculum(PupilCommand):
    """From a day on the pupil is taught by the class's curriculum again (C3)."""

    name: ClassVar[str] = "end-pupil-curriculum"
    ends: Day

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse a pupil without a curriculum of the own on that day."""
        curricula = known.pupil(context, self.pupil).curricula
        if curricula[-1:] == ((self.ends, ""),):
            return
        if not _on(curricula, self.ends):
            msg = f"the pupil has no individual curriculum on {self.ends:%d.%m.%Y}: choose a day on which there is one"
            raise NoPupilCurriculum(msg, field="ends")
        yield u.PupilCurriculumEnded(ends=self.ends)


def _on(curricula: Iterable[tuple[date, str]], day: date) -> str:
    found = ""
    for starts, curriculum in curricula:
        if starts <= day:
            found = curriculum
    return found


def _check_fits(context: Context, curriculum_id: str, year: str, grade: int) -> None:
    curriculum = known.curriculum(context, curriculum_id)
    if curriculum.year != year:
        msg = f"the curriculum {curriculum.name} is of another academic year: adopt one for this year"
        raise known.BelongsToAnotherYear(msg, field="curriculum")
    if curriculum.grades and grade not in curriculum.grades:
        grades = ", ".join(map(str, curriculum.grades))
        msg = f"the curriculum {curriculum.name} is for grades {grades}, not for grade {grade}: choose another one"
        raise NotForThisGrade(msg, field="curriculum")
