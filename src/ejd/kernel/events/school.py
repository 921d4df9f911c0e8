"""The school itself: its regulation, grading systems, kinds of work, subjects and rooms."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event, Json
from ejd.kernel.events.accounts import Role


class SchoolOpened(Event, frozen=True, kw_only=True):
    """A school keeps its journal here from now on; a simulated one has a settable clock and never becomes real."""

    stored_name: ClassVar[str] = "school-opened/1"
    name: str
    timezone: str
    simulated: bool = False


class Regulation(msgspec.Struct, frozen=True, kw_only=True):
    """The school's own terms (положение о ведении журнала); defaults are common practice (rules.md, M).

    Days count from the lesson's day in the school's time zone, 0 is that same day until midnight; percentages
    are whole; `round_up_from_hundredths` 50 rounds 3.50 to 4. `…_window_days` is how long a record of that kind may
    be entered or corrected freely: after the lesson's day, of a final mark after its period's last day.
    `approvers` decide on requests after that, an approval counts for `approval_days` days after its own.
    A notice of a breach may be entered `backdating_hours` after it was received; later needs a second person.
    Of a closed year journals are kept `journals_kept_years` and summary sheets `sheets_kept_years` (rules.md, L).
    `receiver_for_head` and `receiver_for_support` receive the notice of a breach of the head's, or support's, account.
    """

    topic_days: int = 0
    homework_days: int = 0
    roll_days: int = 0
    mark_days: int = 0
    round_up_from_hundredths: int = 50
    not_attested_absence_percent: int = 50
    marks_per_period_min: int = 3
    topic_window_days: int = 7
    homework_window_days: int = 7
    attendance_window_days: int = 7
    mark_window_days: int = 7
    written_work_window_days: int = 14
    final_mark_window_days: int = 7
    substitution_window_days: int = 7
    approvers: tuple[Role, ...] = ("head", "deputy-head")
    approval_days: int = 3
    backdating_hours: int = 24
    receiver_for_head: Role = "deputy-head"
    receiver_for_support: Role = "deputy-head"
    journals_kept_years: int = 5
    sheets_kept_years: int = 25


class RegulationAdopted(Event, frozen=True, kw_only=True):
    """A regulation counts for lessons from a day on, until the next one does."""

    stored_name: ClassVar[str] = "regulation-adopted/2"
    starts: date
    regulation: Regulation


WRITTEN_WORK_MORE_DAYS = 7
"""Shape 1 had one window for everything; written work is marked within 7 days at most, its window begins then."""


def regulation_from_shape_1(fields: Json) -> tuple[str, Json]:
    """Answer shape 2 of a regulation: the one window of shape 1 becomes that of each kind of record."""
    regulation = dict(fields["regulation"])
    days = regulation.pop("correction_window_days", 7)
    windows = dict.fromkeys((f"{kind}_window_days" for kind in ("topic", "homework", "attendance", "mark")), days)
    windows |= {"substitution_window_days": days, "written_work_window_days": days + WRITTEN_WORK_MORE_DAYS}
    return RegulationAdopted.stored_name, {**fields, "regulation": regulation | windows}


class WorkKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of marked work; `weight` is hundredths of an ordinary mark, `mark_days` the term for entering marks."""

    code: str
    name: str
    weight: int = 100
    written: bool = False
    mark_days: int = 0


class WorkKindsDefined(Event, frozen=True, kw_only=True):
    """The whole list of kinds of work with weights (A4), replacing the one before."""

    stored_name: ClassVar[str] = "work-kinds-defined/1"
    kinds: tuple[WorkKind, ...]


class GradeValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a scale; `level` is its five-point equivalent (3 and more is at least satisfactory).

    A value without a level (осв, н/а) is no mark in an average; `counts` says whether it counts in N (н/а does);
    `points` is its number for averages; `final_only` values are no current marks.
    """

    value: str
    level: int | None = None
    points: int | None = None
    counts: bool = True
    final_only: bool = False


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """From `lowest` points on, a mark of a range scale has this five-point level."""

    lowest: int
    level: int


class GradingSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A scale of marks (A7): listed values, or whole numbers in a range with bands, or no marks at all (1st grade)."""

    code: str
    name: str
    scale: Literal["listed", "range", "unmarked"]
    values: tuple[GradeValue, ...] = ()
    lowest: int = 0
    highest: int = 0
    bands: tuple[Band, ...] = ()


class GradingSystemDefined(Event, frozen=True, kw_only=True):
    """A grading system under its code, replacing an earlier one of that code."""

    stored_name: ClassVar[str] = "grading-system-defined/1"
    system: GradingSystem


class SubjectDefined(Event, frozen=True, kw_only=True):
    """A subject of the approved curriculum; its stream is the subject's."""

    stored_name: ClassVar[str] = "subject-defined/1"
    name: str
    short: str = ""


class RoomDefined(Event, frozen=True, kw_only=True):
    """A room with its number of seats, if known; its stream is the room's."""

    stored_name: ClassVar[str] = "room-defined/1"
    name: str
    capacity: int | None = None
    kind: str = ""
