"""Approved curricula (учебные планы) of a year, and who is taught by which: classes, and single pupils."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event

Component = Literal["federal", "school", "participants"]
"""Federal part, the school's own, and the part formed by the participants of education (обязательная часть, …)."""
LineGroup = Literal["", "subgroup", "stream", "elective", "club", "individual"]
"""The kind of teaching group that a line is taught in; "": the class, or all of it in subgroups or a stream."""


class CurriculumLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one subject: a week in hundredths of a lesson (50 is every second week), a year in lessons."""

    subject: str
    hours_per_week_hundredths: int
    hours_per_year: int
    component: Component = "federal"
    group_kind: LineGroup = ""


class CurriculumAdopted(Event, frozen=True, kw_only=True):
    """The whole curriculum of a year for some grades (any without), replacing what it said before."""

    stored_name: ClassVar[str] = "curriculum-adopted/1"
    year: str
    name: str
    grades: tuple[int, ...]
    profile: str = ""
    weeks: int = 34
    lines: tuple[CurriculumLine, ...]


class CurriculumAssigned(Event, frozen=True, kw_only=True):
    """The class is taught by this curriculum from a day on, until the next one; the stream is the class's."""

    stored_name: ClassVar[str] = "curriculum-assigned/1"
    curriculum: str
    starts: date


class PupilCurriculumAssigned(Event, frozen=True, kw_only=True):
    """From a day on the pupil has an individual curriculum of hours; the stream is the pupil's."""

    stored_name: ClassVar[str] = "pupil-curriculum-assigned/1"
    curriculum: str
    starts: date


class PupilCurriculumEnded(Event, frozen=True, kw_only=True):
    """From a day on the pupil is taught by the class's curriculum again."""

    stored_name: ClassVar[str] = "pupil-curriculum-ended/1"
    ends: date
