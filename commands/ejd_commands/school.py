"""Opening the school; its regulation, kinds of work, grading systems, subjects, rooms (C1, C2, A4, A7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, Strict, StringConstraints

from ejd.kernel.access import Access
from ejd.kernel.command import Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, derived
from ejd.kernel.policies import GRADING_SYSTEMS, WORK_KINDS
from ejd.kernel.rights import Administers
from ejd.kernel.states.school import RoomState, SchoolState, SubjectState
from ejd_commands import known
from ejd_commands.fields import DAY_MIN, Code, Day, Id, MarkValue, Name, Part, ShortText, unique_key
from ejd_commands.known import SetUpCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.command import Caused, Context, Need
    from ejd.kernel.event import Event

TIMEZONE_CHARACTERS_MAX = 64
TERM_DAYS_MAX = 365
PERCENT_MAX = 100
BACKDATING_HOURS_MAX = 720
KEPT_YEARS_MAX = 100
MARKS_PER_PERIOD_MAX = 100
WORK_KINDS_MAX = 100
WEIGHT_HUNDREDTHS_MAX = 10_000
GRADE_VALUES_MAX = 200
BANDS_MAX = 100
SCALE_POINTS_MAX = 1_000
LEVEL_MAX = 5
CAPACITY_MAX = 10_000

Days = Annotated[int, Strict(), Field(ge=0, le=TERM_DAYS_MAX)]
KeptYears = Annotated[int, Strict(), Field(ge=1, le=KEPT_YEARS_MAX)]
Percent = Annotated[int, Strict(), Field(ge=0, le=PERCENT_MAX)]
Weight = Annotated[int, Strict(), Field(ge=0, le=WEIGHT_HUNDREDTHS_MAX)]
ScalePoints = Annotated[int, Strict(), Field(ge=0, le=SCALE_POINTS_MAX)]
Level = Annotated[int, Strict(), Field(ge=1, le=LEVEL_MAX)]


class SchoolIsOpen(WrongState):
    """There is a school already: it is opened once."""


class SimulationStaysSimulation(WrongState):
    """A simulated school never becomes a real one, nor a real one a simulated one."""


class NotAScale(Refusal):
    """The values, bounds and bands do not make a scale of marks."""


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        msg = "name a time zone of the IANA database, such as Europe/Moscow"
        raise ValueError(msg) from error
    return name


Timezone = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TIMEZONE_CHARACTERS_MAX, pattern=r"^[A-Za-z0-9_+/-]+$"),
    AfterValidator(_timezone),
]


class SchoolCommand(SetUpCommand):
    """Base of what is written to the school's own stream."""

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the school's stream."""
        return Target(SCHOOL, Scope(kind="school"))


class OpenSchool(SchoolCommand):
    """Open the school, once, with default regulation, kinds of work and grading systems; simulated ones stay so."""

    name: ClassVar[str] = "open-school"
    title: Name
    timezone: Timezone
    simulated: Annotated[bool, Strict()] = False

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Write the defaults beside the opening, so that every later decision finds them in the log.

        The default regulation counts from the earliest day there is: one adopted later for past days replaces it.
        """
        state = context.load(SchoolState, SCHOOL)
        if state.name:
            self._already(state)
            return
        yield s.SchoolOpened(name=self.title, timezone=self.timezone, simulated=self.simulated)
        yield s.RegulationAdopted(starts=DAY_MIN, regulation=s.Regulation())
        yield s.WorkKindsDefined(kinds=WORK_KINDS)
        for system in GRADING_SYSTEMS:
            yield s.GradingSystemDefined(system=system)

    def _already(self, state: SchoolState) -> None:
        if state.simulated != self.simulated:
            kinds = ("simulated", "real") if state.simulated else ("real", "simulated")
            msg = f"this is a {kinds[0]} school and never becomes a {kinds[1]} one: open that in a store of its own"
            raise SimulationStaysSimulation(msg, field="simulated")
        if (state.name, state.timezone) != (self.title, self.timezone):
            msg = f"the school {state.name!r} is open here already: open another one in a store of its own"
            raise SchoolIsOpen(msg, field="title")


class AdoptRegulation(SchoolCommand):
    """Adopt the terms of keeping the journal from a day on; what is left out is common practice (rules.md, M)."""

    name: ClassVar[str] = "adopt-regulation"
    access: ClassVar[Access] = Access("administer", "school", "adopt a regulation")
    starts: Day
    topic_days: Days = 0
    homework_days: Days = 0
    roll_days: Days = 0
    mark_days: Days = 0
    round_up_from_hundredths: Annotated[int, Strict(), Field(ge=1, le=99)] = 50
    not_attested_absence_percent: Percent = 50
    marks_per_period_min: Annotated[int, Strict(), Field(ge=0, le=MARKS_PER_PERIOD_MAX)] = 3
    topic_window_days: Days = 7
    homework_window_days: Days = 7
    attendance_window_days: Days = 7
    mark_window_days: Days = 7
    written_work_window_days: Days = 14
    final_mark_window_days: Days = 7
    substitution_window_days: Days = 7
    approvers: Annotated[tuple[Literal["head", "deputy-head"], ...], Field(min_length=1, max_length=2)] = (
        "head",
        "deputy-head",
    )
    approval_days: Days = 3
    backdating_hours: Annotated[int, Strict(), Field(ge=0, le=BACKDATING_HOURS_MAX)] = 24
    receiver_for_head: Literal["deputy-head", "support"] = "deputy-head"
    receiver_for_support: Literal["head", "deputy-head"] = "deputy-head"
    journals_kept_years: KeptYears = 5
    sheets_kept_years: KeptYears = 25

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Only administration changes the window (rules.md, journals)."""
        return Administers("adopt a regulation")

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Record the whole regulation, unless the same one counts from that day already."""
        known.only_once(self.approvers, "approvers")
        regulation = s.Regulation(**self.model_dump(exclude={"starts"}))
        if known.school(context).regulations.get(self.starts) != regulation:
            yield s.RegulationAdopted(starts=self.starts, regulation=regulation)


class WorkKindPart(Part):
    """A kind of marked work: its weight in hundredths of an ordinary mark, the term for entering marks in days."""

    code: Code
    title: Name
    weight: Weight = 100
    written: Annotated[bool, Strict()] = False
    mark_days: Days = 0


class DefineWorkKinds(SchoolCommand):
    """Define the whole list of kinds of work with weights (A4); one left out takes no new marks."""

    name: ClassVar[str] = "define-work-kinds"
    kinds: Annotated[tuple[WorkKindPart, ...], Field(min_length=1, max_length=WORK_KINDS_MAX)]

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse two kinds with one code or name."""
        known.only_once((kind.code for kind in self.kinds), "kinds")
        known.only_once((unique_key(kind.title) for kind in self.kinds), "kinds")
        kinds = tuple(
            s.WorkKind(code=k.code, name=k.title, weight=k.weight, written=k.written, mark_days=k.mark_days)
            for k in self.kinds
        )
        if tuple(known.school(context).work_kinds.values()) != kinds:
            yield s.WorkKindsDefined(kinds=kinds)


class GradeValuePart(Part):
    """A value of a scale: its five-point level, its number for averages, whether it counts in N."""

    value: MarkValue
    level: Level | None = None
    points: ScalePoints | None = None
    counts: Annotated[bool, Strict()] = True
    final_only: Annotated[bool, Strict()] = False


class BandPart(Part):
    """From `lowest` points on, a mark has this five-point level."""

    lowest: ScalePoints
    level: Level


class DefineGradingSystem(SchoolCommand):
    """Define a scale of marks under its code (A7): listed values, a range of whole numbers, or none at all."""

    name: ClassVar[str] = "define-grading-system"
    code: Code
    title: Name
    scale: Literal["listed", "range", "unmarked"]
    values: Annotated[tuple[GradeValuePart, ...], Field(max_length=GRADE_VALUES_MAX)] = ()
    lowest: ScalePoints = 0
    highest: ScalePoints = 0
    bands: Annotated[tuple[BandPart, ...], Field(max_length=BANDS_MAX)] = ()

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Refuse values, bounds and bands that do not fit the kind of scale."""
        known.only_once((value.value for value in self.values), "values")
        match self.scale:
            case "listed":
                self._check_listed()
            case "range":
                self._check_range()
            case _:
                self._check_unmarked()
        system = s.GradingSystem(
            code=self.code,
            name=self.title,
            scale=self.scale,
            values=tuple(s.GradeValue(**value.model_dump()) for value in self.values),
            lowest=self.lowest,
            highest=self.highest,
            bands=tuple(s.Band(**band.model_dump()) for band in self.bands),
        )
        if known.school(context).grading_systems.get(self.code) != system:
            yield s.GradingSystemDefined(system=system)

    def _check_listed(self) -> None:
        if all(value.final_only for value in self.values):
            raise NotAScale("a listed scale needs a value for current marks: add one", field="values")
        if self.bands or self.lowest or self.highest:
            raise NotAScale("bounds and bands belong to a range: leave them out of a listed scale", field="bands")

    def _check_range(self) -> None:
        if self.lowest >= self.highest:
            raise NotAScale("the highest mark of a range is above the lowest: correct the bounds", field="highest")
        starts = [band.lowest for band in self.bands]
        if not starts or starts != sorted(set(starts)) or starts[0] != self.lowest or starts[-1] > self.highest:
            msg = f"the bands of a range ascend from its lowest mark {self.lowest} to {self.highest} at most: fix them"
            raise NotAScale(msg, field="bands")
        for value in self.values:
            if value.value.isdecimal():
                msg = f"{value.value} is a number: a range lists only what is none, such as н/а"
                raise NotAScale(msg, field="values")

    def _check_unmarked(self) -> None:
        if self.values or self.bands or self.lowest or self.highest:
            raise NotAScale("an unmarked scale has no values, bounds or bands: leave them out", field="values")


class DefineSubject(SetUpCommand):
    """Put a subject of the approved curriculum on the list (C2), or change how it is written."""

    name: ClassVar[str] = "define-subject"
    subject: Id | None = None
    title: Name
    short: ShortText = ""

    def stream(self, context: Context) -> str:
        """Answer the subject's stream."""
        return self.subject or derived(context.command_id, "subject")

    def target(self, context: Context) -> Target:
        """Answer the subject's stream."""
        return Target(self.stream(context), Scope(kind="subject"))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Claim the name."""
        state = context.load(SubjectState, self.stream(context))
        event = s.SubjectDefined(name=self.title, short=self.short)
        if state.defined != event:
            known.claim_title(context, "subject", "subject", self.title, state.name, self.stream(context))
            yield event


class DefineRoom(SetUpCommand):
    """Put a room on the list (C2), or change how it is written."""

    name: ClassVar[str] = "define-room"
    room: Id | None = None
    title: Name
    capacity: Annotated[int, Strict(), Field(ge=1, le=CAPACITY_MAX)] | None = None
    kind: ShortText = ""

    def stream(self, context: Context) -> str:
        """Answer the room's stream."""
        return self.room or derived(context.command_id, "room")

    def target(self, context: Context) -> Target:
        """Answer the room's stream."""
        return Target(self.stream(context), Scope(kind="room"))

    def decide(self, context: Context) -> Iterable[Event | Caused]:
        """Claim the name."""
        state = context.load(RoomState, self.stream(context))
        event = s.RoomDefined(name=self.title, capacity=self.capacity, kind=self.kind)
        if state.defined != event:
            known.claim_title(context, "room", "room", self.title, state.name, self.stream(context))
            yield event
