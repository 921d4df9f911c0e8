"""Which ids of other programs mean a thing of the school."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.command import State
from ejd.kernel.events.people import ExternalIdLinked

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


class LinkState(State):
    """The derived ids that were linked with a stream of any kind."""

    kind: ClassVar[str] = "link"

    def __init__(self) -> None:
        """Nothing is linked."""
        super().__init__()
        self.externals: tuple[str, ...] = ()

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """Keep them in their order."""
        if isinstance(event, ExternalIdLinked):
            self.externals = (*self.externals, event.external)
