"""State of a breach: reported, received twice, credentials reset, window, what it holds void, what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import msgspec

from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.events import breaches as b

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ejd.kernel.event import Event


class Window(NamedTuple):
    """Operations from `starts` (included) to `ends` (not included), of these sessions only when any are named."""

    starts: int
    ends: int
    sessions: tuple[str, ...] = ()

    def within(self, other: Window) -> bool:
        """Say whether everything in this window is in the other one too."""
        fewer = not other.sessions or (bool(self.sessions) and set(self.sessions) <= set(other.sessions))
        return other.starts <= self.starts and self.ends <= other.ends and fewer


class BreachState(State):
    """A breach; `held` is what it holds void now, stream by stream."""

    kind: ClassVar[str] = "breach"

    def __init__(self) -> None:
        """Nothing was reported."""
        super().__init__()
        self.reported: b.BreachReported | None = None
        self.receipts: dict[b.Receiver, b.NoticeReceived] = {}
        self.reset_at: int | None = None
        self.chosen: Window | None = None
        self.widening: b.WideningProposed | None = None
        self.proposed: b.InvalidationProposed | None = None
        self.invalidations = 0
        self.held: dict[str, set[int]] = {}
        self.commands: set[str] = set()
        self.reaffirmed: set[str] = set()
        self.pupils: set[str] = set()
        self.span: tuple[int, int] | None = None
        self.decided: dict[Ref, b.DependentDecided] = {}
        self.closed = False

    @property
    def window(self) -> Window | None:
        """The window as chosen, else from the later receipt to the reset (B3); None while one of them is missing."""
        received = [one.received_at for one in self.receipts.values() if one.confirmed]
        if self.reset_at is None or len(received) < len(RECEIVERS):
            return None
        return self.chosen or Window(max(received), self.reset_at)

    def evolve(self, event: Event, ref: Ref) -> None:  # noqa: ARG002 - one signature for all states
        """A new window makes an old proposal worthless: it was of another preview."""
        match event:
            case b.BreachReported():
                self.reported = event
            case b.BreachCredentialsReset():
                self.reset_at = event.reset_at
            case b.DependentDecided():
                self.decided[Ref(event.stream, event.version)] = event
            case b.BreachClosed():
                self.closed = True
            case b.NoticeReceived() | b.NoticeConfirmed():
                self._notice(event)
            case b.WindowNarrowed() | b.WideningProposed() | b.WindowWidened():
                self._choose(event)
            case _:
                self._invalidate(event)

    def _notice(self, event: b.NoticeReceived | b.NoticeConfirmed) -> None:
        match event:
            case b.NoticeReceived():
                self.receipts = {**self.receipts, event.receiver: event}
            case b.NoticeConfirmed():
                waiting = self.receipts.get(event.receiver)
                if waiting is not None and waiting.received_at == event.received_at:
                    self.receipts = {**self.receipts, event.receiver: msgspec.structs.replace(waiting, confirmed=True)}

    def _choose(self, event: b.WindowNarrowed | b.WideningProposed | b.WindowWidened) -> None:
        self.proposed = None
        match event:
            case b.WideningProposed():
                self.widening = event
            case b.WindowNarrowed() | b.WindowWidened():
                self.chosen, self.widening = Window(event.starts, event.ends, event.sessions), None

    def _invalidate(self, event: Event) -> None:
        match event:
            case b.InvalidationProposed():
                self.proposed = event
            case b.EventsInvalidated():
                self.proposed = None
                self.invalidations += 1
                self.commands = self.commands | set(event.commands)
                self.pupils = self.pupils | set(event.pupils)
                self._hold(event.voided)
                self._span()
            case b.OperationsReaffirmed():
                self.commands = self.commands - set(event.commands)
                self.reaffirmed = self.reaffirmed | set(event.commands)
                self._release(event.restored)
            case b.InvalidationRevoked():
                self.commands, self.reaffirmed = set(), set()
                self._release(event.restored)
            case _:
                pass

    def _span(self) -> None:
        """Keep from when to when anything was ever invalidated: the operations are found again by it."""
        window = self.window
        if window is not None:
            starts, ends = self.span or (window.starts, window.ends)
            self.span = (min(starts, window.starts), max(ends, window.ends))

    def _hold(self, voided: Iterable[b.VoidedVersions]) -> None:
        held = dict(self.held)
        for one in voided:
            held[one.stream] = held.get(one.stream, set()) | set(one.versions)
        self.held = held

    def _release(self, restored: Iterable[b.VoidedVersions]) -> None:
        held = dict(self.held)
        for one in restored:
            left = held.pop(one.stream, set()) - set(one.versions)
            if left:
                held[one.stream] = left
        self.held = held


RECEIVERS: tuple[b.Receiver, ...] = ("head", "support")
