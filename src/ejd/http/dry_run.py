"""What a command would do now: decided as for real, and nothing of it is stored."""

from __future__ import annotations

from ejd.handling.decision import Decision
from ejd.http.asking import Asking
from ejd.http.contract import SchoolService
from ejd.kernel.command import Caused, Command, Elsewhere, Refusal
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.ids import SYSTEM
from ejd.kernel.sealed import Sealed

ATTEMPTS_MAX = 3


class NothingSealed:
    """Stands in for the vault: what is not stored needs no key."""

    def seal(self, person: str, text: str, *, field: str, at: Ref) -> Sealed:  # noqa: ARG002 - one signature for all sealers
        """Answer an empty box."""
        return Sealed(person, b"")


def decided(school: SchoolService, command: Command, asking: Asking) -> list[Event]:
    """Answer the events; raises Refusal. Who may ask is the question's own rule, not the command's."""
    refused: Refusal | None = None
    found: list[Event] = []
    for attempt in range(1, ATTEMPTS_MAX + 1):
        decision = Decision(
            school.states, NothingSealed(), actor=asking.who.actor, now=asking.now, timezone=asking.school.timezone
        )
        decision.command_id = SYSTEM
        refused = None
        try:
            found = [one.event if isinstance(one, Caused | Elsewhere) else one for one in command.decide(decision)]
        except Refusal as refusal:
            refused = refusal
        if attempt == ATTEMPTS_MAX or not _moved(school, decision):
            break
    if refused is not None:
        raise refused
    return found


def _moved(school: SchoolService, decision: Decision) -> bool:
    """Say whether something that was read was old; it is then forgotten."""
    heads = school.store.heads(list(decision.reads))
    moved = [stream for stream, version in decision.reads.items() if heads.get(stream, 0) != version]
    school.states.cache.forget(moved)
    return bool(moved)
