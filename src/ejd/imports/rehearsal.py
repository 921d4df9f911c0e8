"""The import played through without storing anything: which of its commands change something, and which are refused.

Commands decide here as they do for real, each seeing the events of those before it. So a rule that says no is
heard before anything is stored, and what is so already is not sent again.

The file has the last word where the file changed, and only there: what it says as it said before, while a person
of the school has changed it since, stays as that person left it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count, takewhile
from typing import Final, NamedTuple

from ejd.handling.decision import Decision
from ejd.handling.handler import Request
from ejd.handling.states import States
from ejd.imports.ground import Ground, Step
from ejd.imports.roster_rehearsal import DifferenceKind
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.sealing import NoSeal
from ejd.kernel.command import Actor, Caused, Command, Decided, Elsewhere, Refusal
from ejd.kernel.due import schedule_on
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import authority
from ejd.kernel.states.school import SchoolState, TimetableState
from ejd_commands.timetable import ScheduleJournal, in_order, is_so
from ejd_commands.timetable_changes import JOURNALS_MAX, ChangeTimetable, JournalChangePart
from ejd_commands.timetable_picture import TimetableHasConflicts

__all__ = ["Rehearsal", "ToSend"]


NOUNS: Final[Mapping[str, str]] = {
    "define-subject": "subject",
    "define-room": "room",
    "form-class": "class",
    "form-teaching-group": "group",
    "employ-staff-member": "staff member",
    "enrol-pupil": "pupil",
    "transfer-pupil": "pupil",
    "join-group": "group member",
    "leave-group": "group member",
    "open-journal": "journal",
    "assign-teacher": "load",
    "unassign-teacher": "load",
    "schedule-journal": "lessons",
}
"""What a command is about; the others are about the academic year."""
ENDING: Final = frozenset({"leave-group", "unassign-teacher"})


class ToSend(NamedTuple):
    """A command that changes something, with the number of its events."""

    step: Step
    request: Request
    events: int
    person: str
    """Whose name it seals, if anybody's."""


class Told(NamedTuple):
    """One line of the difference between file and school."""

    kind: DifferenceKind
    noun: str
    what: str
    detail: str = ""


class Said(NamedTuple):
    """What a rule said of a step; `what` may name a person."""

    what: str
    sentence: str


class Rehearsal:
    """Takes the steps in order, then `finish`; `to_send`, `notes` and `conflicts` are what it comes to.

    What journals have in the timetable is gathered and becomes one change, so that lessons may swap, and conflicts
    are judged when everything is in its place.
    """

    def __init__(self, states: States, ground: Ground, actor: Actor, now: int) -> None:
        self.conflicts: list[str] = []
        self.conflicts_total = 0
        self._lessons: defaultdict[tuple[str, date], list[JournalChangePart]] = defaultdict(list)
        self.to_send: list[ToSend] = []
        self.unchanged = 0
        self.kept = 0
        """Of the unchanged: what a person of the school wrote otherwise."""
        self.notes: list[str] = []
        self.differences: list[Told] = []
        self.refused: list[Said] = []
        """Steps that are left out since a rule says no."""
        self._ground = ground
        timezone = states.load(SchoolState, SCHOOL).timezone
        self._sealer = NoSeal()
        self._decision = Decision(states, self._sealer, actor=actor, now=now, timezone=timezone)

    def take(self, step: Step) -> None:
        """Note a step to be sent, as unchanged, or as kept; raises ImportRefused where a rule says no."""
        try:
            self._take(step)
        except Refusal as refusal:
            if not step.optional:
                raise ImportRefused(f"{step.what}: {refusal.sentence}.") from refusal
            self.refused.append(Said(step.what, refusal.sentence))

    def finish(self, names: Mapping[str, str], *, accept_conflicts: bool) -> None:
        """Note the change of the timetable; raises ImportRefused for conflicts unless they are accepted.

        `names` are those of teachers by id, by which conflicts call them.
        """
        for (year, starts), parts in self._lessons.items():
            for first in range(0, len(parts), JOURNALS_MAX):
                journals = tuple(parts[first : first + JOURNALS_MAX])
                self._change(ChangeTimetable(year=year, starts=starts, journals=journals), names, accept_conflicts)

    def _change(self, command: ChangeTimetable, names: Mapping[str, str], accept_conflicts: bool) -> None:
        decision = self._decision
        stands_on = authority(decision, command)
        source, stream = self._ground.source, command.target(decision).stream
        before = len(decision.events)
        try:
            decision.take(command, source.command(command, 0), stands_on)
        except TimetableHasConflicts as refusal:
            self.conflicts += [_told(one, names) for one in refusal.more["conflicts"]]
            self.conflicts_total += refusal.more["conflicts_total"]
            if not accept_conflicts:
                raise ImportRefused(self.conflicts_sentence()) from refusal
            command = command.model_copy(update={"accept_conflicts": True})
            decision.take(command, source.command(command, 0), stands_on)
        except Refusal as refusal:
            raise ImportRefused(f"The timetable: {refusal.sentence}.") from refusal
        command_id = self._new_id(command, after=0) if self._ground.written(stream) else source.command(command, 0)
        step = Step("The timetable", command)
        self.to_send.append(ToSend(step, Request(command, command_id), len(decision.events) - before, ""))

    def conflicts_sentence(self) -> str:
        """Return why the file is not brought in unless its conflicts are accepted, the first ones named."""
        more = self.conflicts_total - len(self.conflicts)
        lines = [f"The timetable of the file has {self.conflicts_total} conflict(s):", *self.conflicts]
        lines += [f"and {more} more."] if more else []
        return "\n".join([*lines, "Mend them in the file, or import it with the conflicts taken as warnings."])

    def _gather(self, step: Step, command: ScheduleJournal) -> None:
        """Note what a journal is to have, or that it is so already, or that a person changed it and it stays."""
        stream = command.target(self._decision).stream
        schedules = self._decision.load(TimetableState, stream).schedules.get(command.journal, ())
        wanted = JournalScheduled(journal=command.journal, starts=command.starts, entries=in_order(command.entries))
        if is_so(schedules, command.starts, wanted.entries):
            self.unchanged += 1
            return
        told = self._ground.told_before(wanted, stream) if self._ground.exists(stream) else []
        said = [each for each in told if self._ground.source.brought(each.client) and _is(each, wanted)]
        if said and told[-1] is said[-1]:
            self.unchanged += 1
            return
        if said and not self._ground.source.brought(told[-1].client):
            self._keep(step)
            return
        had = len(before.entries) if (before := schedule_on(schedules, command.starts)) else 0
        kind: DifferenceKind = "changed" if had and command.entries else "added" if command.entries else "ended"
        detail = f"lessons in a turn of the cycle: {had} before, {len(command.entries)} now"
        self.differences.append(Told(kind, "lessons", step.what, detail))
        year = command.target(self._decision).scope.year
        self._lessons[year, command.starts].append(JournalChangePart(journal=command.journal, entries=command.entries))

    def _take(self, step: Step) -> None:
        command, decision = step.command, self._decision
        if isinstance(command, ScheduleJournal):
            self._gather(step, command)
            return
        stands_on = authority(decision, command)
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
        if said and not self._ground.source.brought(told[-1].client):
            self._keep(step)
            return
        new = not self._ground.written(stream)
        command_id = self._ground.source.command(command, 0) if new else self._new_id(command, after=len(said))
        self._sealer.person = ""
        decision.take(command, command_id, stands_on)
        self.differences.append(Told(_kind(command, told), NOUNS.get(command.name, "academic year"), step.what))
        self.to_send.append(ToSend(step, Request(command, command_id), len(events), self._sealer.person))

    def _keep(self, step: Step) -> None:
        self.unchanged += 1
        self.kept += 1
        sentence = "was changed by hand after an earlier import and stays so"
        self.differences.append(Told("kept", NOUNS.get(step.command.name, "academic year"), step.what, sentence))
        self.notes.append(f"{step.what}: {sentence}.")

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


def _kind(command: Command, told: Sequence[Recorded]) -> DifferenceKind:
    if command.name in ENDING:
        return "ended"
    return "changed" if told or command.name == "transfer-pupil" else "added"


def _is(told: Recorded, wanted: JournalScheduled) -> bool:
    """Return whether an earlier event said the same, with whatever conflicts it was taken."""
    event = CATALOGUE.decode(told.name, told.state)
    return isinstance(event, JournalScheduled) and (event.starts, event.entries) == (wanted.starts, wanted.entries)


def _told(conflict: Mapping[str, object], names: Mapping[str, str]) -> str:
    """Return a conflict's sentence with the teacher called as the file calls him."""
    what = str(conflict["what"])
    return str(conflict["says"]).replace(what, names.get(what, what)) if what else str(conflict["says"])


def _event(decided: Decided) -> Event:
    return decided.event if isinstance(decided, (Caused, Elsewhere)) else decided
