"""Which events of a stream are void: at least one breach holds them so. Markers themselves are never void."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.events.markers import EventsRestored, EventsVoided

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.event import Event

MARKER_NAMES = frozenset({EventsVoided.stored_name, EventsRestored.stored_name})


def void_versions(markers: Iterable[Event]) -> set[int]:
    """Answer the versions that are void after the markers of one stream, in their order."""
    held: dict[str, set[int]] = {}
    for marker in markers:
        match marker:
            case EventsVoided():
                held.setdefault(marker.breach, set()).update(marker.versions)
            case EventsRestored():
                held.setdefault(marker.breach, set()).difference_update(marker.versions)
            case _:
                pass
    return set().union(*held.values())
