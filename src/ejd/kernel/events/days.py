"""The days: which lessons of a day are not as the timetable has them (the list of changes, лист замен)."""

from datetime import date
from typing import ClassVar

from ejd.kernel.event import Event


class LessonListed(Event, frozen=True, kw_only=True):
    """A lesson is on the list of changes of a day: substituted, moved to it or away, cancelled, reinstated, extra.

    Its own stream says how; the list only says which streams to look into. `date`, `slot`, `ordinal` are its identity.
    """

    stored_name: ClassVar[str] = "lesson-listed/1"
    day: date
    journal: str
    date: date
    slot: int
    ordinal: int = 1
