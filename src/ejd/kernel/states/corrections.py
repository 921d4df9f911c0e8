"""State of a request to correct, or to enter late, what the regulation no longer leaves free."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ejd.kernel.command import State
from ejd.kernel.events import corrections as c

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event

Standing = Literal["none", "open", "approved", "rejected", "withdrawn", "used"]


class CorrectionState(State):
    """A request with what became of it; an approval that is void leaves the request open again."""

    kind: ClassVar[str] = "correction"

    def __init__(self) -> None:
        """Nothing was asked for."""
        super().__init__()
        self.requested: c.CorrectionRequested | None = None
        self.requested_ref: Ref | None = None
        self.standing: Standing = "none"
        self.until = 0
        self.approval: Ref | None = None

    def evolve(self, event: Event, ref: Ref) -> None:
        """The last decision counts."""
        match event:
            case c.CorrectionRequested():
                self.requested, self.requested_ref, self.standing = event, ref, "open"
            case c.CorrectionApproved():
                self.standing, self.until, self.approval = "approved", event.until, ref
            case c.CorrectionRejected():
                self.standing = "rejected"
            case c.CorrectionWithdrawn():
                self.standing = "withdrawn"
            case c.CorrectionMade():
                self.standing = "used"
            case _:
                pass
