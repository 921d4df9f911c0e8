"""Which events of a stream are void: at least one breach holds them so. Markers themselves are never void."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.events.markers import EventsRestored, EventsVoided

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.event import Event

MARKER_NAMES = frozenset({EventsVoided.stored_name, EventsRestored.stored_name})


class Voids:
    """What is void in one stream as its markers are read in their order, and which breaches hold it."""

    def __init__(self) -> None:
        """Nothing is held."""
        self.by_breach: dict[str, set[int]] = {}

    def take(self, marker: Event) -> list[int]:
        """Read the next marker and answer the versions that became void, or valid again; other events change none."""
        if not isinstance(marker, EventsVoided | EventsRestored):
            return []
        before = {version for version in marker.versions if version in self}
        held = self.by_breach.setdefault(marker.breach, set())
        if isinstance(marker, EventsVoided):
            held.update(marker.versions)
        else:
            held.difference_update(marker.versions)
        return [one for one in dict.fromkeys(marker.versions) if (one in self) != (one in before)]

    def __contains__(self, version: int) -> bool:
        return any(version in held for held in self.by_breach.values())

    def versions(self) -> set[int]:
        """Answer the versions that at least one breach holds."""
        return set().union(*self.by_breach.values())


def voids_of(markers: Iterable[Event]) -> Voids:
    """Answer what is void after the markers of one stream, in their order."""
    voids = Voids()
    for marker in markers:
        voids.take(marker)
    return voids


def void_versions(markers: Iterable[Event]) -> set[int]:
    """Answer the versions that are void after the markers of one stream, in their order."""
    return voids_of(markers).versions()
