"""The import played through without storing anything: which of its commands change something, and which are refused.

Commands decide here as they do for real, each seeing the events of those before it. So a rule that says no is
heard before anything is stored, and what is so already is not sent again.
"""

import time
from typing import Final, NamedTuple

from ejd.handling.decision import Decision
from ejd.handling.handler import Request
from ejd.handling.states import States
from ejd.imports.ground import Ground, Step
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.command import Actor, Caused, Command, Refusal
from ejd.kernel.event import Event
from ejd.kernel.ids import SCHOOL
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.school import SchoolState

__all__ = ["Rehearsal", "ToSend"]

GENERATIONS_MAX: Final = 1_000
"""How often a file may go back to what it said before."""


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

    def __init__(self, states: States, ground: Ground, actor: Actor, at: int | None) -> None:
        self.to_send: list[ToSend] = []
        self.unchanged = 0
        self.notes: list[str] = []
        self._ground = ground
        timezone = states.load(SchoolState, SCHOOL).timezone
        now = time.time_ns() // 1_000 if at is None else at
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
        command_id = self._id(command, command.target(decision).stream, events[0])
        if command_id is None:
            self.notes.append(f"{step.what}: was changed by hand after an earlier import and stays so.")
            return
        self._sealer.person = ""
        decision.take(command, command_id, authority)
        self.to_send.append(ToSend(step, Request(command, command_id), len(events), self._sealer.person))

    def _id(self, command: Command, stream: str, event: Event) -> str | None:
        """Return the first id under which this content was not brought before.

        Where the file says what it said before, while somebody else has changed it since, the change stays: None.
        """
        source, account = self._ground.source, self._decision.actor.account
        told = self._ground.told_before(event, stream) if self._ground.exists(stream) else []
        ids = {each.command_id for each in told}
        for generation in range(GENERATIONS_MAX):
            command_id = source.command(command, generation)
            if command_id in ids:
                if told[-1].client != source.client:
                    return None
            elif not told or not self._ground.command_known(account, command_id):
                return command_id
        msg = f"The file went back to the same content {GENERATIONS_MAX} times: import it under another name of school."
        raise ImportRefused(msg)


def _event(decided: Event | Caused) -> Event:
    return decided.event if isinstance(decided, Caused) else decided
