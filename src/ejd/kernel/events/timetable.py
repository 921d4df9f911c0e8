"""The timetable: one stream per year, with full values."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ejd.kernel.event import Event


class ScheduleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of the cycle: cycle day from 1, school-wide slot from 1, room id or nothing.

    `teachers` are those of the journal's teachers who give this lesson; nobody named, or nobody of them with the load
    any more: all who have the load that day.
    """

    cycle_day: int
    slot: int
    room: str = ""
    teachers: tuple[str, ...] = ()


class JournalScheduled(Event, frozen=True, kw_only=True):
    """All lessons of a journal in the cycle from a day on; it replaces whatever was scheduled from that day.

    No entries at all means that the journal has no lessons from that day.
    """

    stored_name: ClassVar[str] = "journal-scheduled/1"
    journal: str
    starts: date
    entries: tuple[ScheduleEntry, ...]
    despite: int = 0
    """How many conflicts that the school's rules call errors were accepted with the command."""


ConflictKind = Literal[
    "teacher",
    "room",
    "class",
    "group",
    "pupil",
    "free-day",
    "no-bell",
    "load",
    "daily-limit",
    "room-size",
    "room-kind",
]
"""What can be wrong with a timetable: somebody or something twice at once, a day or slot that is not there, too much.

`class`: a whole class has a lesson while all or some of it has another; `group`: two journals of one teaching group;
`pupil`: in two groups at once. `free-day`: the class's working mode has no lessons then; `no-bell`: the bells have no
such slot. `load`: more lessons than the teachers' hours; `daily-limit`: more lessons a day than the norm.
"""
ERRORS: tuple[ConflictKind, ...] = ("teacher", "room", "class", "group", "pupil", "free-day", "no-bell")
"""What no timetable can be kept with; the others are warnings until a school says otherwise."""


class RoomNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A subject is taught in rooms of these kinds only."""

    subject: str
    kinds: tuple[str, ...]


class OwnDailyLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `lessons` a day for some grades, `once_a_week` on one day of the week."""

    first_grade: int
    last_grade: int
    lessons: int
    once_a_week: int


class TimetableRules(msgspec.Struct, frozen=True, kw_only=True):
    """The school's own rules for its timetable; the default is what counts before any was adopted.

    `errors` are the kinds of conflicts that refuse a change, all others are warnings. `shared_rooms` may be used by
    several at once (a sports hall). `daily_limits` count instead of the norm set (СанПиН) when there are any.
    """

    errors: tuple[ConflictKind, ...] = ERRORS
    shared_rooms: tuple[str, ...] = ()
    room_kinds: tuple[RoomNeed, ...] = ()
    daily_limits: tuple[OwnDailyLimit, ...] = ()


class TimetableRulesAdopted(Event, frozen=True, kw_only=True):
    """The school's rules for timetables, whole, replacing those before; on the school's stream."""

    stored_name: ClassVar[str] = "timetable-rules-adopted/1"
    rules: TimetableRules
