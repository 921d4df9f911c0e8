"""What was said about the personal data of one person, for decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.command import State
from ejd.kernel.consents import Word
from ejd.kernel.events import consents as k

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref
    from ejd.kernel.event import Event


def word_of(event: k.ConsentEvent) -> k.ConsentWord:
    """Answer what an event said, as one that corrects it keeps it."""
    decision: k.Decision = "refused"
    until = None
    if isinstance(event, k.ConsentGiven):
        decision, until = "given", event.until
    elif isinstance(event, k.ConsentWithdrawn):
        decision = "withdrawn"
    return k.ConsentWord(
        purpose=event.purpose, giver=event.giver, decision=decision, decided_on=event.decided_on, until=until
    )


def evolved(words: dict[int, k.ConsentWord], event: Event, version: int) -> None:
    """Take an event in, by version of what said it first; what corrects a void event says it by itself."""
    match event:
        case k.ConsentEvent():
            words[version] = word_of(event)
        case k.ConsentCorrected():
            words[event.version] = event.new
        case k.ConsentStruck():
            words.pop(event.version, None)
        case _:
            pass


class ConsentState(State):
    """The words about one person by the version that said each first, struck ones left out."""

    kind: ClassVar[str] = "consents"

    def __init__(self) -> None:
        """Nobody was asked."""
        super().__init__()
        self.said: dict[int, k.ConsentWord] = {}
        self.refs: dict[int, Ref] = {}

    def evolve(self, event: Event, ref: Ref) -> None:
        """Share the fold with the read model."""
        evolved(self.said, event, ref.version)
        if isinstance(event, k.ConsentEvent):
            self.refs[ref.version] = ref

    @property
    def words(self) -> list[Word]:
        """What counts, as the rule takes it."""
        return [
            Word(one.purpose, one.giver, one.decision, one.decided_on, one.until, version)
            for version, one in self.said.items()
        ]
