"""What became of a command that is sent again: the breaches that hold events of it void."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.kernel.events import CATALOGUE
from ejd.kernel.void import MARKER_NAMES, voids_of
from ejd.kernel.voiding import NEVER_VOID

if TYPE_CHECKING:
    from ejd.kernel.envelope import Answer
    from ejd.kernel.event import Event
    from ejd.store.contract import EventStore


def voided_by(store: EventStore, answer: Answer) -> list[str]:
    """Answer the breaches that hold at least one event of the answer void now.

    What is never void is not looked for: an invalidation that is sent again has its markers in thousands of streams.
    """
    versions: dict[str, set[int]] = {}
    for ref in answer.events:
        if ref.type not in NEVER_VOID:
            versions.setdefault(ref.stream, set()).add(ref.version)
    markers: dict[str, list[Event]] = {}
    for meta in store.read_streams(list(versions)) if versions else ():
        if meta.name in MARKER_NAMES:
            markers.setdefault(meta.stream, []).append(CATALOGUE.decode(meta.name, meta.state))
    return sorted(
        {
            breach
            for stream, own in markers.items()
            for breach, held in voids_of(own).by_breach.items()
            if held & versions[stream]
        }
    )
