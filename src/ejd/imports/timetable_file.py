"""The neutral model of a timetable file: what a school's timetabling program says, whatever the program.

Ids are the file's own and unique within their kind; student sets (classes, groups, pupils) share one
namespace. Everything stands in the file's order, so that the same bytes always give an equal model.
"""

from typing import Final, Literal

import msgspec

__all__ = [
    "DAYS_MAX",
    "PERIODS_MAX",
    "SLOTS_PER_DAY_MAX",
    "STUDENT_SETS_MAX",
    "CycleDay",
    "Named",
    "Placement",
    "PlannedActivity",
    "Pupil",
    "RefusalKind",
    "Refused",
    "Room",
    "SchoolClass",
    "SourceFormat",
    "StudentSet",
    "TeachingGroup",
    "TimetableFile",
]

DAYS_MAX: Final = 100
"""The longest real cycle we have read has ten days."""
SLOTS_PER_DAY_MAX: Final = 100
STUDENT_SETS_MAX: Final = 50_000
PERIODS_MAX: Final = 200_000
"""In one turn of the cycle; the fullest real file we have read has 1,794."""

SourceFormat = Literal["fet", "xhstt", "asc", "grid"]

RefusalKind = Literal[
    "inactive",
    "no-subject",
    "no-students",
    "unknown-name",
    "bad-duration",
    "no-time",
    "incomplete-time",
    "only-a-wish",
    "several-times",
    "past-the-end",
    "twice-at-once",
]
"""Why an activity is not in the timetable: `no-time` has none, `incomplete-time` has a part of it,
`only-a-wish` is timed by a constraint that the program was free to break, `past-the-end` would run on after
the last slot, `twice-at-once` meets itself."""


class CycleDay(msgspec.Struct, frozen=True):
    """One day of the timetable's cycle."""

    name: str
    weekday: int | None
    """0 is Monday; None where the name is no weekday's, so that the day rolls over the calendar."""
    week: int | None
    """1, 2 … in a cycle of several weeks, None where the file knows no weeks."""
    place_in_week: int
    """0 is the first school day of its week (of the whole cycle where there are no weeks)."""


class Named(msgspec.Struct, frozen=True):
    """A subject or a teacher."""

    id: str
    name: str


class Room(msgspec.Struct, frozen=True):
    """A room; `capacity` counts seats, None where the file sets no limit."""

    id: str
    name: str
    capacity: int | None = None


class SchoolClass(msgspec.Struct, frozen=True):
    """A class; `parallel` is the name of the year that it stands in, '' where the file has none above it."""

    id: str
    name: str
    parallel: str = ""
    headcount: int | None = None


class TeachingGroup(msgspec.Struct, frozen=True):
    """Pupils who are taught together without being a class."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    """The student sets that it wholly consists of; empty where the file names none, as for one half of a
    class."""
    classes: tuple[str, ...] = ()
    """The classes that its pupils come from."""
    headcount: int | None = None


class Pupil(msgspec.Struct, frozen=True):
    """One pupil; `class_id` is the first class with this pupil, None in schools of individual plans."""

    id: str
    name: str
    class_id: str | None = None


StudentSet = SchoolClass | TeachingGroup | Pupil


class Placement(msgspec.Struct, frozen=True, order=True):
    """One lesson-period in each turn of the cycle."""

    day: int
    """Index into `TimetableFile.days`."""
    slot: int
    """1 is the first lesson of the day."""
    room: str | None = None


class PlannedActivity(msgspec.Struct, frozen=True):
    """An activity (FET) or event (XHSTT): what is taught to whom by whom, and where in the cycle."""

    id: str
    subject: str
    teachers: tuple[str, ...]
    student_sets: tuple[str, ...]
    duration_slots: int
    """0 where the file gives no usable duration; such an activity is refused."""
    placements: tuple[Placement, ...] = ()
    """As many as `duration_slots`, or none for a refused activity."""
    division: str | None = None
    """Shared by the activities into which the program split one course (FET's Activity_Group_Id)."""


class Refused(msgspec.Struct, frozen=True):
    """An activity that is not in the timetable, with a sentence that says why and what would change it."""

    activity_id: str
    kind: RefusalKind
    reason: str


class TimetableFile(msgspec.Struct, frozen=True):
    """A whole file. Raises AssertionError when an activity would be neither placed nor refused, or both."""

    source_format: SourceFormat
    school_name: str
    days: tuple[CycleDay, ...]
    slots_per_day: int
    """Of the longest day."""
    slot_names: tuple[str, ...]
    subjects: tuple[Named, ...]
    teachers: tuple[Named, ...]
    rooms: tuple[Room, ...]
    classes: tuple[SchoolClass, ...]
    groups: tuple[TeachingGroup, ...]
    pupils: tuple[Pupil, ...]
    lessons: tuple[PlannedActivity, ...]
    """Every activity of the file, the refused ones too."""
    refusals: tuple[Refused, ...]
    notes: tuple[str, ...] = ()
    """What the reader chose, inferred or left out, a sentence each."""

    def __post_init__(self) -> None:
        refused = [each.activity_id for each in self.refusals]
        _hold(len(refused) == len(set(refused)), "an activity is refused twice")
        ids = {lesson.id for lesson in self.lessons}
        _hold(len(ids) == len(self.lessons), "two activities share an id")
        _hold(ids.issuperset(refused), "a refusal names no activity of the file")
        self._hold_placements(frozenset(refused))

    def _hold_placements(self, refused: frozenset[str]) -> None:
        for lesson in self.lessons:
            due = 0 if lesson.id in refused else lesson.duration_slots
            _hold(len(lesson.placements) == due, f"activity {lesson.id} is neither wholly placed nor refused")
            _hold(bool(due) or lesson.id in refused, f"activity {lesson.id} is placed nowhere and not refused")
            for placement in lesson.placements:
                inside = 0 <= placement.day < len(self.days) and 1 <= placement.slot <= self.slots_per_day
                _hold(inside, f"activity {lesson.id} is placed outside the cycle")

    @property
    def periods(self) -> int:
        """How many lesson-periods one turn of the cycle has."""
        return sum(len(lesson.placements) for lesson in self.lessons)

    @property
    def student_sets(self) -> dict[str, StudentSet]:
        """Classes, groups and pupils by id."""
        everyone: tuple[StudentSet, ...] = (*self.classes, *self.groups, *self.pupils)
        return {each.id: each for each in everyone}


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
