"""Planned control works of the school's monitoring (ВШК): one stream each."""

from datetime import date
from typing import ClassVar

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed


class ControlWorkPlanned(Event, frozen=True, kw_only=True):
    """A control work of a journal on a day (A5); `work` is the kind of work its marks get."""

    stored_name: ClassVar[str] = "control-work-planned/1"
    journal: str
    day: date
    title: str
    form: str
    work: str
    variants: int = 1
    points_max: int | None = None


class ControlWorkMoved(Event, frozen=True, kw_only=True):
    """The control work is written on another day."""

    stored_name: ClassVar[str] = "control-work-moved/1"
    journal: str
    old_day: date
    new_day: date
    reason: Sealed


class ControlWorkCancelled(Event, frozen=True, kw_only=True):
    """The control work is not written."""

    stored_name: ClassVar[str] = "control-work-cancelled/1"
    journal: str
    reason: Sealed
