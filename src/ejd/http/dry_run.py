"""What a command would do now: decided as for real, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ejd.handling.decision import Decision
from ejd.http.asking import Asking
from ejd.http.contract import SchoolService
from ejd.kernel.command import Actor, Caused, Command, Elsewhere, Refusal
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.ids import SCHOOL, SYSTEM
from ejd.kernel.rights import authority
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.school import SchoolState

T = TypeVar("T")

ATTEMPTS_MAX = 3


class NothingSealed:
    """Stands in for the vault: what is not stored needs no key."""

    def seal(self, person: str, text: str, *, field: str, at: Ref) -> Sealed:  # noqa: ARG002 - one signature for all sealers
        """Answer an empty box."""
        return Sealed(person, b"")


def decided(school: SchoolService, command: Command, asking: Asking) -> list[Event]:
    """Answer the events; raises Refusal. Who may ask is the question's own rule, not the command's."""

    def decide(decision: Decision) -> list[Event]:
        return [one.event if isinstance(one, Caused | Elsewhere) else one for one in command.decide(decision)]

    return _settled(school, decide, asking.who.actor, asking.now, asking.school.timezone)


def rehearsed(school: SchoolService, command: Command, actor: Actor, *, at: int | None) -> Decision:
    """Answer the decision that the handler would take, by the rights of the actor; raises Refusal as it would."""

    def decide(decision: Decision) -> Decision:
        decision.take(command, SYSTEM, authority(decision, command))
        return decision

    now = school.handler.clock_at(at)
    return _settled(school, decide, actor, now, school.states.load(SchoolState, SCHOOL).timezone)


def _settled(school: SchoolService, decide: Callable[[Decision], T], actor: Actor, now: int, timezone: str) -> T:
    """Answer what a decision comes to on states that have not moved meanwhile; raises Refusal."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        decision = Decision(school.states, NothingSealed(), actor=actor, now=now, timezone=timezone)
        decision.command_id = SYSTEM
        try:
            found = decide(decision)
        except Refusal:
            if attempt == ATTEMPTS_MAX or not _moved(school, decision):
                raise
        else:
            if attempt == ATTEMPTS_MAX or not _moved(school, decision):
                return found
    raise AssertionError("the last attempt answers or raises")


def _moved(school: SchoolService, decision: Decision) -> bool:
    """Say whether something that was read was old; it is then forgotten."""
    heads = school.store.heads(list(decision.reads))
    moved = [stream for stream, version in decision.reads.items() if heads.get(stream, 0) != version]
    school.states.cache.forget(moved)
    return bool(moved)
