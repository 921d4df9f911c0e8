"""One import on its way into a school: an id that follows from the file, batches that can be gone on with, an end.

A run that was interrupted is simply started again: it finds what it stored, goes on, and ends as one run would have.
Every batch asks whether the import is over: what comes after somebody undid it is stored nowhere.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from ejd.access.keys import KeyDestroyedError
from ejd.handling.handler import Request, canonical_body
from ejd.imports.ground import SchoolAccess
from ejd.imports.identity import Source
from ejd.imports.roster_file import Refused
from ejd.imports.roster_list import PART_COMMANDS_MAX, batch_id, batches_stored
from ejd.imports.roster_rehearsal import Planned
from ejd.imports.roster_report import RosterReport
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.command import Actor, Command, Refusal
from ejd.kernel.states.imports import ImportState, client_of
from ejd_commands.imports import REFUSALS_KEPT_MAX, BeginImport, FinishImport, ImportIsOver, RefusedRowPart

__all__ = ["ImportEnded", "ImportRun", "ImportStopped", "Progress", "SchoolMoved", "tell_nobody"]

KEYS_AT_ONCE: Final = 2_000
BATCH_EVENTS_MAX: Final = 2_000
"""Others wait for the append lock while a batch is stored."""
GENERATIONS_MAX: Final = 1_000
"""How often one file can be imported anew, each time after something else changed."""

Progress = Callable[[int, int, str], None]
"""Told how much of how much is done, and of which phase."""


class SchoolMoved(Refusal):
    """What the import would do is not what its rehearsal showed."""

    status = 409


class ImportEnded(Refusal):
    """While it was stored, somebody else brought the import to its end, or undid it."""

    status = 409


class ImportStopped(ImportRefused):
    """While it was stored, somebody changed the same things, perhaps by the same import: look again, then go on."""


class _File(NamedTuple):
    kind: str
    name: str
    sha256: str


class ImportRun:
    """The import of one file that is not over: one that was interrupted, or the next one; raises ImportRefused."""

    def __init__(  # noqa: PLR0913 - what an import is of
        self,
        school: SchoolAccess,
        source: Source,
        kind: str,
        file_name: str,
        sha256: str,
        said: str,
        actor: Actor,
        at: int | None,
        progress: Progress,
    ) -> None:
        """Find it; `said` is all that was said of how the file is to be brought in."""
        self._school, self._source, self._at, self._progress = school, source, at, progress
        self._file = _File(kind, file_name, sha256)
        self.import_id, self.begun = self._find(said)
        self.actor = actor._replace(client=client_of(source.label, self.import_id))

    def digest_of(self, rehearsed: str) -> str:
        """Answer the SHA-256 of the import and of everything that it would send."""
        return hashlib.sha256(f"{self.import_id} {rehearsed}".encode()).hexdigest()

    def store(self, year: str, starts: date, planned: Sequence[Planned]) -> int:
        """Say that the import begins, unless this account said so, and store it; answer the number of events.

        Raises ImportEnded, and ImportStopped when others change the same things.
        """
        begin = BeginImport(
            import_id=self.import_id,
            source=self._source.label,
            kind=self._file.kind,
            file_name=self._file.name[:200],
            digest=self._file.sha256,
            year=year,
            starts=starts,
            commands=len(planned),
        )
        if not any(each.account == self.actor.account for each in self.begun.begun):
            self._send([begin], [self._id(f"begin/{self.actor.account}")], "")
        total, events, done = len(planned), 0, 0
        number = batches_stored(self._school, self.import_id, self.actor.account) if self.begun.begun else 0
        for keyed in range(0, total, KEYS_AT_ONCE):
            part = planned[keyed : keyed + KEYS_AT_ONCE]
            self._make_keys(part)
            for batch in _batches(part):
                # Said again it changes nothing, but is refused when the import is over: with the batch, or not at all.
                commands = [begin, *(each.command for each in batch)]
                ids = [self._id(f"{number}/begin/{_body(begin)}")]
                ids += [
                    each.command_id or self._id(f"{number}/{place}/{_body(each.command)}")
                    for place, each in enumerate(batch)
                ]
                events += self._send(commands, ids, batch_id(self.import_id, self.actor.account, number))
                number, done = number + 1, done + len(batch)
                self._progress(done, total, "storing")
        return events

    def end(self, report: RosterReport, refusals: Sequence[Refused]) -> None:
        """Say that everything of the file that the rules let in is in the school; reasons repeat nothing personal."""
        command = FinishImport(
            import_id=self.import_id,
            added=report.added,
            changed=report.changed,
            ended=report.ended,
            unchanged=report.unchanged,
            kept=report.kept,
            refused=report.refused,
            refusals=tuple(_stored(each) for each in refusals[:REFUSALS_KEPT_MAX]),
        )
        self._send([command], [self._id(f"finish/{self.actor.account}/{_body(command)}")], "")

    def _find(self, said: str) -> tuple[str, ImportState]:
        for generation in range(GENERATIONS_MAX):
            found = self._source.entity("import", self._file.sha256, said, str(generation))
            state = self._school.states.fresh(ImportState, found)
            if state.applied is None and state.undone is None:
                return found, state
        raise ImportRefused(f"This file was imported {GENERATIONS_MAX} times: make a new one.")

    def _send(self, commands: Sequence[Command], ids: Sequence[str], batch: str) -> int:
        requests = [Request(command, one) for command, one in zip(commands, ids, strict=True)]
        try:
            answer = self._school.handler.handle(requests, self.actor, batch_id=batch, at=self._at)
        except ImportIsOver as refusal:
            msg = "somebody else brought this import to its end, or undid it: look at what came of it"
            raise ImportEnded(msg, field="id") from refusal
        except Refusal as refusal:
            raise ImportStopped(
                f"The import stopped: {refusal.sentence}. Somebody changes the school at the same time:"
                " start it again, it goes on where it stopped."
            ) from refusal
        return 0 if answer.repeated else len(answer.events)

    def _id(self, what: str) -> str:
        return str(uuid5(UUID(self.import_id), what))

    def _make_keys(self, planned: Sequence[Planned]) -> None:
        """Make the keys of all new persons, so that they wait for the disk together and not one by one."""
        try:
            self._school.vault.make_keys(each.person for each in planned if each.person)
        except KeyDestroyedError as error:
            raise ImportRefused(
                "A person of the file was erased from this school: take the person out of the file."
            ) from error


def _batches(planned: Sequence[Planned]) -> Iterator[list[Planned]]:
    batch: list[Planned] = []
    events = 0
    for each in planned:
        if batch and (len(batch) == PART_COMMANDS_MAX or events + each.events > BATCH_EVENTS_MAX):
            yield batch
            batch, events = [], 0
        batch.append(each)
        events += each.events
    if batch:
        yield batch


def _body(command: Command) -> str:
    return hashlib.sha256(canonical_body(command)).hexdigest()


def _stored(refusal: Refused) -> RefusedRowPart:
    """Answer a refusal as it is kept: without what stands in the cell, which may be personal."""
    return RefusedRowPart(
        file=refusal.file[:200] or "—",
        sheet=refusal.sheet[:100],
        row=refusal.row,
        column=refusal.column[:200],
        reason=refusal.reason[:1_000],
    )


def tell_nobody(done: int, total: int, phase: str) -> None:
    """Stand in for a progress bar."""
