"""How a breach ends: what stood on what is void is decided one by one, then it is closed (B6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, Strict

from ejd.kernel.command import Elsewhere, Refusal
from ejd.kernel.dependents import reads
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.voiding import affected
from ejd_commands.breaches import BreachCommand, NotYet, missing
from ejd_commands.fields import Id, Part, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ejd.kernel.command import Context, Decided
    from ejd.kernel.envelope import Recorded

DEPENDENTS_MAX = 1_000
"""Dependents that one decision names; a forged load of a year has more, and takes several decisions."""
VERSION_MAX = 1_000_000


class NotADependent(Refusal):
    """The event does not stand on anything that this breach holds void."""


class DependentPart(Part):
    """One event that stood on what is void."""

    stream: Id
    version: Annotated[int, Strict(), Field(ge=1, le=VERSION_MAX)]


class DecideOnDependents(BreachCommand):
    """Decide about events that stood on what is void: they are kept, or were corrected; with the reason (B6)."""

    name: ClassVar[str] = "decide-on-dependents"
    dependents: Annotated[tuple[DependentPart, ...], Field(min_length=1, max_length=DEPENDENTS_MAX)]
    decision: Literal["kept", "corrected"]
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse what is no dependent, and `corrected` where nothing was written to the cell since."""
        state = self.state(context)
        reason = context.seal(SCHOOL, self.reason, field="dependent-decided.reason")
        wanted = [Ref(one.stream, one.version) for one in dict.fromkeys(self.dependents)]
        self._check(context, wanted)
        for ref in wanted:
            old = state.decided.get(ref)
            if old is None or old.decision != self.decision:
                yield b.DependentDecided(stream=ref.stream, version=ref.version, decision=self.decision, reason=reason)

    def _check(self, context: Context, wanted: Sequence[Ref]) -> None:
        """Look at each stream once: a thousand dependents may stand in one."""
        streams = list(dict.fromkeys(ref.stream for ref in wanted))
        known = set(context.dependents(self.breach, streams))
        written = {stream: Written(context.recorded(stream)) for stream in streams} if self.corrects else {}
        for ref in wanted:
            if ref not in known:
                msg = (
                    f"version {ref.version} of {ref.stream} does not stand on what this breach holds void: see its list"
                )
                raise NotADependent(msg, field="dependents")
            if self.corrects and not written[ref.stream].after(ref.version):
                msg = "nothing was written to this record since: correct it first, or keep it with the reason"
                raise NotADependent(msg, field="decision")

    @property
    def corrects(self) -> bool:
        """Whether the records are said to be put right."""
        return self.decision == "corrected"


class Written:
    """What the events of one stream were written to: the last version of each cell."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        """Read each event once."""
        self._keys = [reads(_event(meta.name, meta.state)) for meta in recorded]
        self._last = {key: version for version, keys in enumerate(self._keys, start=1) for key in keys}

    def after(self, version: int) -> bool:
        """Say whether a later event was written to what this one was written to."""
        return any(self._last[key] > version for key in self._keys[version - 1])


def _event(name: str, state: bytes) -> Event:
    return CATALOGUE.decode(name, state)


class CloseBreach(BreachCommand):
    """Close a breach when nothing more is to be decided, with the conclusion."""

    name: ClassVar[str] = "close-breach"
    conclusion: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse while receipts, the reset, a second person, or decisions on window and dependents are missing."""
        state = context.load(BreachState, self.breach)
        report = self.report(context)
        if state.closed:
            return
        lacking = missing(state)
        if lacking:
            raise NotYet(f"{lacking}: close the breach after that", field="breach")
        self._check_window(context, state, report.account)
        undecided = [ref for ref in context.dependents(self.breach) if ref not in state.decided]
        if undecided:
            msg = f"{len(undecided)} events stood on what is void and wait for a decision: decide-on-dependents first"
            raise NotYet(msg, field="breach")
        yield b.BreachClosed(
            conclusion=context.seal(report.person or SCHOOL, self.conclusion, field="breach-closed.conclusion")
        )
        yield Elsewhere(a.BreachSettled(breach=self.breach), report.account)

    def _check_window(self, context: Context, state: BreachState, account: str) -> None:
        """Refuse while the window of a breach without any invalidation is not empty: all of it is void (п. 21)."""
        window = state.window
        if window is None or state.invalidations:
            return
        left = affected(context.operations(account, window.starts, window.ends), window, state).events
        if left:
            msg = (
                f"{left} events of the account in the window are in force: look at the preview and propose-invalidation"
                ", or leave them out with the reason (narrow-breach-window), then close the breach"
            )
            raise NotYet(msg, field="breach")
