"""Classes, teaching groups and journals with their teachers and thematic plans."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed


class ClassFormed(Event, frozen=True, kw_only=True):
    """A class of one year; it is a teaching group too. `week_days` 5 or 6 is its working mode."""

    stored_name: ClassVar[str] = "class-formed/1"
    year: str
    name: str
    grade: int
    scheme: str
    bells: str
    week_days: int = 5
    grading_system: str = "five-point"


class ClassTeacherAppointed(Event, frozen=True, kw_only=True):
    """The class teacher (классный руководитель) from a day on, until the next one."""

    stored_name: ClassVar[str] = "class-teacher-appointed/1"
    staff: str
    starts: date


class TeachingGroupFormed(Event, frozen=True, kw_only=True):
    """Pupils of one or several classes taught together; `individual` has a single pupil."""

    stored_name: ClassVar[str] = "teaching-group-formed/1"
    year: str
    name: str
    kind: Literal["subgroup", "stream", "elective", "club", "individual"]
    classes: tuple[str, ...]


class JournalOpened(Event, frozen=True, kw_only=True):
    """The journal page of one subject with one teaching group for one year.

    `group` is a class's or a teaching group's id (`group_kind` says which); `classes` all classes its pupils are from.
    """

    stored_name: ClassVar[str] = "journal-opened/1"
    year: str
    subject: str
    group: str
    group_kind: Literal["class", "group"]
    classes: tuple[str, ...]
    grade: int
    scheme: str
    bells: str
    grading_system: str
    name: str


class TeacherAssigned(Event, frozen=True, kw_only=True):
    """Teaching load: this teacher teaches the journal from a day on, to a day included if one is named."""

    stored_name: ClassVar[str] = "teacher-assigned/1"
    staff: str
    starts: date
    ends: date | None = None
    hours_per_week: int | None = None


class TeacherUnassigned(Event, frozen=True, kw_only=True):
    """The teacher's load in the journal ends with this day."""

    stored_name: ClassVar[str] = "teacher-unassigned/1"
    staff: str
    ends: date


class PlannedTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the thematic plan; hours are lessons.

    `reserve` hours may be dropped when lessons were lost; `combined` are the numbers of lines that became part of it.
    """

    number: int
    section: str
    topic: str
    hours: int = 1
    control: bool = False
    reserve: bool = False
    combined: tuple[int, ...] = ()


class ThematicPlanAdopted(Event, frozen=True, kw_only=True):
    """The whole thematic plan (КТП) of the journal, replacing the one before."""

    stored_name: ClassVar[str] = "thematic-plan-adopted/1"
    topics: tuple[PlannedTopic, ...]


class ThematicPlanRevised(Event, frozen=True, kw_only=True):
    """The whole plan as it goes on, in the order of teaching; what was taught keeps its number.

    Topics were `combined`, or hours of the reserve dropped, because lessons were lost; else it was `revised`.
    """

    stored_name: ClassVar[str] = "thematic-plan-revised/1"
    topics: tuple[PlannedTopic, ...]
    kind: Literal["revised", "combined", "reserve-dropped"] = "revised"
    reason: Sealed
