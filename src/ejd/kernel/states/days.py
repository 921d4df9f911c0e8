"""State of one day: its list of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.command import State
from ejd.kernel.events.days import LessonListed
from ejd.kernel.ids import lesson_stream

if TYPE_CHECKING:
    from datetime import date

    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


class Planned(NamedTuple):
    """Identity of a lesson: the occurrence that was planned."""

    journal: str
    day: date
    slot: int
    ordinal: int

    @property
    def lesson(self) -> str:
        """The lesson's stream."""
        return lesson_stream(self.journal, self.day, self.slot, self.ordinal)


class DayState(State):
    """The lessons that are not, or once were not, as the timetable has them on this day."""

    kind: ClassVar[str] = "day"

    def __init__(self) -> None:
        """All is as the timetable says."""
        super().__init__()
        self.listed: dict[str, Planned] = {}

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """A lesson stands on the list once."""
        if isinstance(event, LessonListed):
            planned = Planned(event.journal, event.date, event.slot, event.ordinal)
            self.listed[planned.lesson] = planned
