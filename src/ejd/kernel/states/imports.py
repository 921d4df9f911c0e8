"""States of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.command import State
from ejd.kernel.events import imports as i

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


class ImportState(State):
    """An import with the accounts that worked on it, and how it ended."""

    kind: ClassVar[str] = "import"

    def __init__(self) -> None:
        """Not begun."""
        super().__init__()
        self._stream = ""
        self.begun: tuple[i.ImportBegun, ...] = ()
        self.first: Ref | None = None
        self.applied: i.ImportApplied | None = None
        self.undone: i.ImportUndone | None = None

    @property
    def client(self) -> str:
        """The client program in the envelope of every event that it brought; only for an import that is begun."""
        return client_of(self.begun[0].source, self._stream)

    def evolve(self, event: Event, ref: Ref) -> None:
        """Keep whole events."""
        self._stream = ref.stream
        match event:
            case i.ImportBegun():
                self.begun = (*self.begun, event)
                self.first = self.first or ref
            case i.ImportApplied():
                self.applied = event
            case i.ImportUndone():
                self.undone = _together(self.undone, event)
            case _:
                pass


def client_of(source: str, import_id: str) -> str:
    """Answer the client program under which an import of a source sends its commands."""
    return f"ejd-import-{source}/{import_id}"


def _together(before: i.ImportUndone | None, event: i.ImportUndone) -> i.ImportUndone:
    """Answer what two undoings came to: an import that was still running is swept once more."""
    if before is None:
        return event
    left = tuple(sorted({*before.left, *event.left}))
    return i.ImportUndone(events=before.events + event.events, streams=before.streams + event.streams, left=left)
