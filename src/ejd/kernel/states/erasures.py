"""State of the erasure of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ejd.kernel.command import State
from ejd.kernel.events import erasures as x

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event

Standing = Literal["none", "open", "rejected", "approved", "destroyed"]


class ErasureState(State):
    """A request with what became of it; an approval stays whatever becomes void."""

    kind: ClassVar[str] = "erasure"

    def __init__(self) -> None:
        """Nothing was asked for."""
        super().__init__()
        self.requested: x.ErasureRequested | None = None
        self.requested_ref: Ref | None = None
        self.standing: Standing = "none"

    def evolve(self, event: Event, ref: Ref) -> None:
        """What is approved is never open again."""
        match event:
            case x.ErasureRequested():
                self.requested, self.requested_ref, self.standing = event, ref, "open"
            case x.ErasureRejected():
                self.standing = "rejected"
            case x.ErasureApproved():
                self.standing = "approved"
            case x.KeyDestroyed():
                self.standing = "destroyed"
            case _:
                pass
