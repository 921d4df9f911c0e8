"""All that the demonstration does goes through here: commands in batches, by the accounts of those who act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from ejd.demo.shape import TIMEZONE, derived_id
from ejd.handling.handler import BATCH_COMMANDS_MAX, Request, batch_id_of
from ejd.kernel.calendar import microseconds_at
from ejd.kernel.command import Actor, Command

if TYPE_CHECKING:
    from ejd.handling.handler import Handler
    from ejd.kernel.envelope import Answer

Errand: TypeAlias = Callable[[], Iterable[Command]]
"""Commands that follow from what has been sent by then."""
Listener: TypeAlias = Callable[[Sequence[Command], "Answer"], None]
WEB, MOBILE, PROGRAM = "ejd-web", "ejd-mobile", "school-programs"


class Sender:
    """Sends commands at simulated times and counts what came of them."""

    def __init__(self, handler: Handler, seed: int) -> None:
        """Begin at position 0."""
        self.handler = handler
        self._seed = seed
        self.listeners: list[Listener] = []
        self.events: Counter[str] = Counter()
        self.commands: Counter[str] = Counter()
        self.commits = 0
        self.position = 0

    def send(self, account: str, commands: Iterable[Command], at: int, client: str = WEB) -> None:
        """Send commands of one account, in as few batches as their limit allows; raises Refusal.

        `at`: microseconds since 1970 UTC.
        """
        pending = list(commands)
        for start in range(0, len(pending), BATCH_COMMANDS_MAX):
            self._batch(account, pending[start : start + BATCH_COMMANDS_MAX], at, client)

    def _batch(self, account: str, commands: list[Command], at: int, client: str) -> None:
        sent = self.commands.total()
        requests = [
            Request(command, derived_id(self._seed, "command", str(sent + number)))
            for number, command in enumerate(commands)
        ]
        answer = self.handler.handle(
            requests,
            Actor(account, derived_id(self._seed, "session", account, client), client),
            batch_id=batch_id_of([request.command_id for request in requests]) if len(requests) > 1 else "",
            at=at,
        )
        self.commits += 1
        self.position = max(self.position, answer.position)
        self.commands.update(command.name for command in commands)
        self.events.update(event.type for event in answer.events)
        for listener in self.listeners:
            listener(commands, answer)


class Agenda:
    """What is going to be sent when; commands of one account and minute become one batch, in the order noted."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        self._days: dict[date, dict[tuple[int, str, str], list[Command | Errand]]] = {}

    def note(self, day: date, minute: int, account: str, *what: Command | Errand, client: str = WEB) -> None:
        """Plan commands, or an errand, for a minute of a day of the school's time."""
        self._days.setdefault(day, {}).setdefault((minute, account, client), []).extend(what)

    def days(self) -> list[date]:
        """Answer the days on which there is something to do."""
        return sorted(self._days)

    def carry_out(self, day: date, sender: Sender) -> None:
        """Send what is planned for a day in order of time."""
        planned = self._days.get(day, {})
        for minute, account, client in sorted(planned):
            at = microseconds_at(day, minute, TIMEZONE)
            for commands in _together(planned[minute, account, client]):
                sender.send(account, commands, at, client)


def _together(planned: Sequence[Command | Errand]) -> Iterator[list[Command]]:
    """Answer batches: an errand is one of its own, as what it does follows from what was sent before it."""
    batch: list[Command] = []
    for one in planned:
        if isinstance(one, Command):
            batch.append(one)
            continue
        if batch:
            yield batch
        batch = []
        made = list(one())
        if made:
            yield made
    if batch:
        yield batch
