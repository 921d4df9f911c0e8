"""The import played through without storing anything: which of its commands change something, and which are refused.

Commands decide here as they do for real, each seeing the events of those before it. So a rule that says no is
heard before anything is stored, and what is so already is not sent again.

The file has the last word where the file changed, and only there: what it says as it said before, while a person
of the school has changed it since, stays as that person left it.
"""

from collections.abc import Sequence
from itertools import count, takewhile
from typing import NamedTuple

from ejd.handling.decision import Decision
from ejd.handling.handler import Request
from ejd.handling.states import States
from ejd.imports.ground import Ground, Step
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.command import Actor, Caused, Command, Decided, Elsewhere, Refusal
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.ids import SCHOOL
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.school import SchoolState

__all__ = ["Rehearsal", "ToSend"]


class ToSend(NamedTuple):
    """A command that changes something, with the number of its events."""

    step: Step
    request: Request
    events: int
    person: str
    """Whose name it seals, if anybody's."""


class _NoSeal:
    """Stands in for the vault, which would make a key for each person; notes whose keys are needed."""

    def __init__(self) -> None:
        self.person = ""

    def seal(self, person: str, text: str, *, field: str) -> Sealed:  # noqa: ARG002 - one signature for all sealers
        """Return an empty box."""
        self.person = person
        return Sealed(person, b"")


class Rehearsal:
    """Takes the steps in order; `to_send` and `notes` are what it comes to."""

    def __init__(self, states: States, ground: Ground, actor: Actor, now: int) -> None:
        self.to_send: list[ToSend] = []
        self.unchanged = 0
        self.notes: list[str] = []
        self._ground = ground
        timezone = states.load(SchoolState, SCHOOL).timezone
        self._sealer = _NoSeal()
        self._decision = Decision(states, self._sealer, actor=actor, now=now, timezone=timezone)

    def take(self, step: Step) -> None:
        """Note a step to be sent, as unchanged, or as kept; raises ImportRefused where a rule says no."""
        try:
            self._take(step)
        except Refusal as refusal:
            sentence = f"{step.what}: {refusal.sentence}."
            if not step.optional:
                raise ImportRefused(sentence) from refusal
            self.notes.append(sentence)

    def _take(self, step: Step) -> None:
        command, decision = step.command, self._decision
        authority = command.need(decision).granted(decision)
        events = [] if step.done else [_event(each) for each in command.decide(decision)]
        if not events:
            self.unchanged += 1
            return
        stream = command.target(decision).stream
        told = self._ground.told_before(events[0], stream) if self._ground.exists(stream) else []
        said = self._said(command, told)
        if told and told[-1].command_id in said:
            # The file says the same as at the last import: what it is different for now is not this thing's.
            self.unchanged += 1
            return
        if said and told[-1].client != self._ground.source.client:
            self.unchanged += 1
            self.notes.append(f"{step.what}: was changed by hand after an earlier import and stays so.")
            return
        command_id = self._new_id(command, after=len(said)) if told else self._ground.source.command(command, 0)
        self._sealer.person = ""
        decision.take(command, command_id, authority)
        self.to_send.append(ToSend(step, Request(command, command_id), len(events), self._sealer.person))

    def _said(self, command: Command, told: Sequence[Recorded]) -> list[str]:
        """Return the ids under which exactly this was brought before, generation after generation."""
        ids = {each.command_id for each in told}
        source = self._ground.source
        return list(takewhile(ids.__contains__, (source.command(command, number) for number in range(len(ids)))))

    def _new_id(self, command: Command, *, after: int) -> str:
        """Return the id of the next generation; one that was sent and came too late to change anything is passed."""
        account = self._decision.actor.account
        ids = (self._ground.source.command(command, number) for number in count(after))
        return next(each for each in ids if not self._ground.command_known(account, each))


def _event(decided: Decided) -> Event:
    return decided.event if isinstance(decided, (Caused, Elsewhere)) else decided
