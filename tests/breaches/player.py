"""Plays the steps of `tests.histories`, and those of breaches, through the real handler into a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple, TypeVar, cast

from ejd.app import School
from ejd.handling.decision import Decision
from ejd.handling.handler import Request, batch_id_of
from ejd.kernel.command import Actor, Command, Refusal, State
from ejd.kernel.envelope import Answer
from ejd.kernel.states.access import AccountState
from ejd_commands.breach_ends import CloseBreach, DecideOnDependents
from tests import histories as h
from tests.breaches import world as bw
from tests.scenario import uid

S = TypeVar("S", bound=State)

PAUSES = (0, 0, 0, 0, 1, 3, 20, 60, 300, 1440)
"""Minutes that may pass before a step."""
LIVE_TOKEN_SHARE = 0.9


class Sent(NamedTuple):
    """One request, and what came of it."""

    requests: tuple[Request, ...]
    actor: Actor
    batch_id: str
    answer: Answer | None


@dataclass(repr=False)
class RealPlayer(h.Player):
    """A player whose commands go to a school on a database; states come from there too."""

    school: School = field(kw_only=True)
    sessions: dict[str, list[bw.Held]] = field(default_factory=dict)
    """Tokens that were ever given to an account."""
    sent_before: list[Sent] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    rnd: Random = field(default_factory=lambda: Random(0))
    gathered: list[tuple[Command, str]] | None = None
    kept: dict[tuple[type[State], str], State] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    """Streams that were written since the last check."""

    def state(self, kind: type[S], stream: str) -> S:
        """Answer a state as a command would see it; only this player writes, so it is kept until a command moves it."""
        known = self.kept.get((kind, stream))
        if known is None:
            known = self.kept[kind, stream] = self.school.states.load(kind, stream)
        return cast("S", known)

    def context(self, by: str) -> Any:
        """Answer what a command sent now may know."""
        return Decision(
            self.school.states,
            self.school.vault,
            actor=Actor(by, self._session(by), "tests"),
            now=self.now,
            timezone="Europe/Moscow",
        )

    def _session(self, account: str) -> str:
        """Answer one of the account's tokens, mostly one that lives: its owner's, or the one that was stolen."""
        held = self.held_by(account)
        live = [one for one in held if one.token in self.state(AccountState, account).tokens]
        some = live if live and self.rnd.random() < LIVE_TOKEN_SHARE else held
        return self.rnd.choice(some[-3:]).token if some else uid("no session")

    def held_by(self, account: str) -> list[bw.Held]:
        """Answer the tokens that were ever given to an account, for more to be added."""
        return self.sessions.setdefault(account, [bw.owners_token(account)] if account in bw.PEOPLE else [])

    def send(self, command: Command, by: str) -> None:
        """Send it, or put it by for a batch."""
        if self.gathered is not None:
            self.gathered.append((command, by))
            return
        self.send_all([command], by)

    def send_all(self, commands: list[Command], by: str) -> None:
        """Send commands as one request of somebody, under one of the tokens that the account was ever given."""
        ids = []
        for _ in commands:
            self.sent += 1
            ids.append(uid(f"command {self.sent}"))
        requests = tuple(Request(one, its_id) for one, its_id in zip(commands, ids, strict=True))
        batch_id = batch_id_of(ids) if len(ids) > 1 else ""
        self.deliver(requests, Actor(by, self._session(by), "tests"), batch_id)

    def deliver(self, requests: tuple[Request, ...], actor: Actor, batch_id: str) -> Answer | None:
        """Hand a request to the handler; whatever is refused is refused by a rule."""
        if any(isinstance(one.command, CloseBreach | DecideOnDependents) for one in requests):
            self.school.feeder.run_to_end()  # they ask the reports where dependents may be
        names = "+".join(one.command.name for one in requests)
        answer = None
        try:
            answer = self.school.handler.handle(requests, actor, batch_id=batch_id)
        except Refusal as refusal:
            self.outcomes[f"{names}: {refusal.slug()}"] += 1
        else:
            self.outcomes[names] += 1
            written = {ref.stream for ref in answer.events}
            self.moved |= written
            for key in [key for key in self.kept if key[1] in written]:
                del self.kept[key]
        self.sent_before.append(Sent(requests, actor, batch_id, answer))
        return answer

    def step(self, kind: str, seed: int) -> None:
        """Let some time pass, then do one thing."""
        self.steps.append((kind, seed))
        self.rnd = Random(seed)
        minutes = self.rnd.choice(PAUSES)
        self.clock += timedelta(minutes=minutes, seconds=self.rnd.choice((0, 1)))
        (BREACH_STEPS.get(kind) or h.STEPS[kind])(self, self.rnd)

    def batch(self, kinds: list[str], seed: int) -> None:
        """Gather the commands of several steps, and send those of one account together."""
        self.gathered = []
        try:
            for number, kind in enumerate(kinds):
                self.step(kind, seed + number)
            gathered = self.gathered
        finally:
            self.gathered = None
        if gathered:
            by = self.rnd.choice(gathered)[1]
            self.send_all([command for command, sender in gathered if sender == by], by)

    def repeat(self, seed: int) -> None:
        """Send an earlier request again: what was stored is answered as before, whatever happened since."""
        if not self.sent_before:
            return
        before = Random(seed).choice(self.sent_before[-40:])
        again = self.deliver(before.requests, before.actor, before.batch_id)
        if before.answer is not None:
            assert again is not None, "what was stored is refused when it is repeated"
            assert again.repeated
            assert (again.position, again.events) == (before.answer.position, before.answer.events)


BreachStep = Callable[[RealPlayer, Random], None]
BREACH_STEPS: dict[str, BreachStep] = {}
BREACH_WEIGHTED: list[str] = []


def a_breach_step(weight: int) -> Callable[[BreachStep], BreachStep]:
    """Enter a kind of step; it comes as often as its weight says."""

    def enter(play: BreachStep) -> BreachStep:
        name = play.__name__.strip("_")
        BREACH_STEPS[name] = play
        BREACH_WEIGHTED.extend([name] * weight)
        return play

    return enter
