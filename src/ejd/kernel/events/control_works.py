"""Planned control works of the school's monitoring (ВШК): one stream each; the norms for them are the school's."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

NormRule = Literal[
    "per-day",
    "per-week",
    "between",
    "hours",
    "first-or-last",
    "after-break",
    "monday-first",
    "no-lesson",
    "written",
    "length",
    "too-short",
    "long-lesson",
]
"""What a plan of control works can break; docs/control-works.md says what each one is."""


class ControlNorms(msgspec.Struct, frozen=True, kw_only=True):
    """Norms for control works with their source, which is printed wherever one is broken.

    At most `per_day_max` a day and `per_week_max` a week for a class, one in `weeks_between_tenths` (25: two and a half
    weeks) in a subject for a parallel, `hours_percent_max` of the subject's yearly hours, `lessons_max` lessons long.
    `single_hour_exception`: a subject of one hour a week may be written in the first or last lesson if it falls there.
    `minutes_min` of bell time for a work, and `lesson_minutes_max` for each of its lessons; None: not asked for.
    A breach of a rule in `errors` is refused, of one in `off` not looked for, any other one is a warning.
    """

    source: str
    per_day_max: int = 1
    per_week_max: int = 3
    weeks_between_tenths: int = 25
    hours_percent_max: int = 10
    single_hour_exception: bool = True
    written_only: bool = False
    lessons_max: int = 2
    minutes_min: int | None = None
    lesson_minutes_max: int | None = None
    errors: tuple[NormRule, ...] = ("per-day",)
    off: tuple[NormRule, ...] = ("per-week", "after-break", "monday-first", "length")


class ControlNormsAdopted(Event, frozen=True, kw_only=True):
    """The school's norms for control works from a day on, until the next ones; they replace the official set."""

    stored_name: ClassVar[str] = "control-norms-adopted/1"
    starts: date
    norms: ControlNorms


class ControlWorkPlanned(Event, frozen=True, kw_only=True):
    """A control work of a journal on a day (A5); `work` is the kind of work its marks get.

    `slot` is the school-wide number of its first lesson, None: not said; `lessons` is how many it takes.
    """

    stored_name: ClassVar[str] = "control-work-planned/1"
    journal: str
    day: date
    title: str
    form: str
    work: str
    variants: int = 1
    points_max: int | None = None
    slot: int | None = None
    lessons: int = 1


class ControlWorkMoved(Event, frozen=True, kw_only=True):
    """The control work is written on another day."""

    stored_name: ClassVar[str] = "control-work-moved/1"
    journal: str
    old_day: date
    new_day: date
    new_slot: int | None = None
    reason: Sealed


class ControlWorkCancelled(Event, frozen=True, kw_only=True):
    """The control work is not written."""

    stored_name: ClassVar[str] = "control-work-cancelled/1"
    journal: str
    reason: Sealed
