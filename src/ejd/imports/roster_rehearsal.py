"""A roster played through without storing anything: what changes, what is so already, what a rule refuses.

Commands decide here as they do for real, each seeing the events of those before it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import msgspec

from ejd.handling.decision import Decision
from ejd.handling.handler import canonical_body
from ejd.imports.roster_file import At, Refused, refused
from ejd.imports.roster_ground import RosterGround
from ejd.imports.sealing import NoSeal
from ejd.kernel.command import Actor, Command, Refusal
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import authority
from ejd.kernel.states.school import SchoolState

__all__ = ["Difference", "DifferenceKind", "Planned", "RosterRehearsal"]

DifferenceKind = Literal["added", "changed", "ended", "kept"]
DIFFERENCES_TOLD: Final = 250


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the difference between file and school; `title` may be a person's name.

    `kept`: the file says otherwise, but a person of the school wrote it by hand, and so it stays.
    """

    kind: DifferenceKind
    noun: str
    title: str
    file: str
    sheet: str
    row: int
    detail: str = ""


class Planned(NamedTuple):
    """A command that changes something, the number of its events, and whose name it seals ("": nobody's)."""

    command: Command
    events: int
    person: str
    command_id: str = ""
    """Where the command's id follows from what it says, and not from its place in the import."""


class RosterRehearsal:
    """Takes one command after another; what they come to adds up here."""

    def __init__(self, ground: RosterGround, actor: Actor, now: int, progress: Callable[[int], None]) -> None:
        self.to_send: list[Planned] = []
        self.differences: list[Difference] = []
        self.refusals: list[Refused] = []
        self.counts: Counter[str] = Counter()
        self._progress = progress
        self._sealer = NoSeal()
        timezone = ground.load(SchoolState, SCHOOL).timezone
        self._decision = Decision(ground, self._sealer, actor=actor, now=now, timezone=timezone)
        self._digest = hashlib.sha256()

    @property
    def decision(self) -> Decision:
        """The states as they will be."""
        return self._decision

    def send(  # noqa: PLR0913 - what a line of the difference says
        self, command: Command, kind: DifferenceKind, noun: str, title: str, at: At, detail: str = ""
    ) -> bool:
        """Take a command; False and a refusal with the rule's own sentence when it says no."""
        decision, before = self._decision, len(self._decision.events)
        self._sealer.person = ""
        try:
            decision.take(command, "", authority(decision, command))
        except Refusal as refusal:
            self.refuse(at, refusal.sentence)
            return False
        events = len(decision.events) - before
        if not events:
            self.same()
            return True
        self.to_send.append(Planned(command, events, self._sealer.person))
        self._digest.update(hashlib.sha256(canonical_body(command)).digest())
        self._tell(kind, noun, title, at, detail)
        return True

    def send_along(self, command: Command, at: At) -> bool:
        """Take a command that belongs to a line that is told already."""
        lines, counts = len(self.differences), self.counts.copy()
        taken = self.send(command, "changed", "", "", at)
        if taken:
            del self.differences[lines:]
            self.counts = counts
        return taken

    def same(self) -> None:
        """Count something that is so already."""
        self.counts["unchanged"] += 1

    def keep(self, noun: str, title: str, at: At, detail: str) -> None:
        """Tell what stays as a person of the school wrote it."""
        self._tell("kept", noun, title, at, detail)

    def refuse(self, at: At, reason: str, column: str = "", value: str = "") -> None:
        """Tell what is not brought in."""
        self.counts["refused"] += 1
        self.refusals.append(refused(at, reason, column, value))

    def digest(self) -> str:
        """Answer the SHA-256 of everything that would be sent, in its order."""
        return self._digest.hexdigest()

    def _tell(self, kind: DifferenceKind, noun: str, title: str, at: At, detail: str) -> None:
        self.counts[kind] += 1
        self.differences.append(
            Difference(kind=kind, noun=noun, title=title, file=at.file, sheet=at.sheet, row=at.row, detail=detail)
        )
        if len(self.differences) % DIFFERENCES_TOLD == 0:
            self._progress(len(self.differences))
