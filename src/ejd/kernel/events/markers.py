"""Markers that make earlier events of the same stream void, or valid again."""

from typing import ClassVar

from ejd.kernel.event import Event


class EventsVoided(Event, frozen=True, kw_only=True):
    """The listed versions of this stream count as never recorded while this breach holds them (B5)."""

    stored_name: ClassVar[str] = "events-voided/1"
    breach: str
    versions: tuple[int, ...]


class EventsRestored(Event, frozen=True, kw_only=True):
    """This breach no longer holds the listed versions void (B7)."""

    stored_name: ClassVar[str] = "events-restored/1"
    breach: str
    versions: tuple[int, ...]
