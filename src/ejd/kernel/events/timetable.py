"""The timetable: one stream per year, with full values."""

from datetime import date
from typing import ClassVar

import msgspec

from ejd.kernel.event import Event


class ScheduleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of the cycle: cycle day from 1, school-wide slot from 1, room id or nothing."""

    cycle_day: int
    slot: int
    room: str = ""


class JournalScheduled(Event, frozen=True, kw_only=True):
    """All lessons of a journal in the cycle from a day on; it replaces whatever was scheduled from that day.

    No entries at all means that the journal has no lessons from that day.
    """

    stored_name: ClassVar[str] = "journal-scheduled/1"
    journal: str
    starts: date
    entries: tuple[ScheduleEntry, ...]
