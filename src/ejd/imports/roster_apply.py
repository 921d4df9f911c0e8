"""A roster is brought into a school: compared, rehearsed, then stored by commands as one import.

An import has an id that follows from the file, so that a run that was interrupted is simply started again: it finds
what it stored, goes on, and ends as one run would have. Applied once, the same file makes another import only when
there is something to change again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID, uuid5

import msgspec
from pydantic import ValidationError

from ejd.access.keys import KeyDestroyedError
from ejd.access.secrets import Purpose, read_master_key, subkey
from ejd.handling.handler import BATCH_COMMANDS_MAX, Request, canonical_body
from ejd.imports.ground import SchoolAccess
from ejd.imports.identity import Source
from ejd.imports.roster_classes import ClassesPlan
from ejd.imports.roster_file import Refused, Roster
from ejd.imports.roster_ground import RosterGround
from ejd.imports.roster_guardians import GuardiansPlan
from ejd.imports.roster_journals import JournalsPlan
from ejd.imports.roster_list import batch_id, batches_stored
from ejd.imports.roster_names import SchoolNames
from ejd.imports.roster_people import PeoplePlan
from ejd.imports.roster_rehearsal import Difference, Planned, RosterRehearsal
from ejd.imports.roster_report import ImportStateName, RosterReport
from ejd.imports.roster_work import Work
from ejd.imports.roster_year import RosterYear, WantedYear, plan_year
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor, Command, Refusal
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.imports import ImportState, client_of
from ejd.kernel.states.school import SchoolState
from ejd_commands.imports import REFUSALS_KEPT_MAX, BeginImport, FinishImport, RefusedRowPart

__all__ = ["Bringing", "RosterImport", "SchoolMoved"]

KEYS_AT_ONCE: Final = 2_000
GENERATIONS_MAX: Final = 1_000
"""How often one file can be imported anew, each time after something else changed."""

Progress = Callable[[int, int, str], None]
"""Told how much of how much is done, and of which phase."""


class SchoolMoved(Refusal):
    """What the import would do is not what its rehearsal showed."""

    status = 409


class Bringing(NamedTuple):
    """Which file is brought, and how: `source` tells programs apart whose ids may be the same."""

    file_name: str
    sha256: str
    wanted: WantedYear = WantedYear()
    source: str = ""
    overwrite: bool = False


class _Rehearsed(NamedTuple):
    """What is left of a rehearsal: the states of the school that it saw are let go."""

    to_send: tuple[Planned, ...]
    differences: tuple[Difference, ...]
    counts: Counter[str]
    digest: str
    year: RosterYear
    refusals: tuple[Refused, ...]
    notes: tuple[str, ...]


class RosterImport:
    """One roster for one school: rehearsed when made, applied when told."""

    def __init__(  # noqa: PLR0913 - what an import is of
        self,
        school: SchoolAccess,
        roster: Roster,
        bringing: Bringing,
        actor: Actor,
        *,
        at: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Rehearse it; raises ImportRefused when the file is for no school, or no year of this one."""
        state = school.states.fresh(SchoolState, SCHOOL)
        if not state.name:
            raise ImportRefused("There is no school yet: open it first (`ejd init`), then import.")
        self._school, self._bringing, self._at = school, bringing, at
        self._kind, self._rows = roster.format, roster.rows
        self._progress = progress or _tell_nobody
        secret = subkey(read_master_key(school.settings.master_key_path), Purpose.HASH_BODIES)
        self._source = Source(secret, roster.format, bringing.source)
        self.import_id, self._begun = self._find()
        self.actor = actor._replace(client=client_of(self._source.label, self.import_id))
        now = school.clock() if at is None else at
        self._done = self._rehearse(roster, now, local_day(now, state.timezone))

    def report(self, state: ImportStateName | None = None, events: int = 0) -> RosterReport:
        """Answer the difference, and what became of it."""
        done, counts = self._done, self._done.counts
        nothing = not done.to_send and not self._begun.begun
        return RosterReport(
            import_id=self.import_id,
            state=state or ("unchanged" if nothing else "rehearsed"),
            kind=self._kind,
            file_name=self._bringing.file_name,
            sha256=self._bringing.sha256,
            year=done.year.id,
            year_name=done.year.title,
            starts=done.year.starts.isoformat(),
            rows=self._rows,
            **{each: counts[each] for each in ("added", "changed", "ended", "unchanged", "kept")},
            refused=len(done.refusals),
            commands=len(done.to_send),
            events=events,
            digest=self.digest,
            continued=bool(self._begun.begun),
            differences=done.differences,
            refusals=done.refusals,
            notes=done.notes,
        )

    @property
    def digest(self) -> str:
        """The SHA-256 of the import and of everything that it would send."""
        return hashlib.sha256(f"{self.import_id} {self._done.digest}".encode()).hexdigest()

    def apply(self, digest: str | None = None) -> RosterReport:
        """Store it; raises SchoolMoved for another `digest`, ImportRefused when others change the same things."""
        if digest is not None and digest != self.digest:
            msg = "the school has changed since in what the file is about: look at the difference again, then apply it"
            raise SchoolMoved(msg, field="digest")
        planned = self._done.to_send
        if not planned and not self._begun.begun:
            return self.report("unchanged")
        self._tell_begin(len(planned))
        events = self._store(planned)
        self._tell_end()
        return self.report("applied", events)

    def _find(self) -> tuple[str, ImportState]:
        """Answer the import of this file that is not over: one that was interrupted, or the next one."""
        wanted = [None if each is None else str(each) for each in self._bringing.wanted]
        said = msgspec.json.encode([wanted, self._bringing.overwrite]).decode()
        for generation in range(GENERATIONS_MAX):
            found = self._source.entity("import", self._bringing.sha256, said, str(generation))
            state = self._school.states.fresh(ImportState, found)
            if state.applied is None and state.undone is None:
                return found, state
        raise ImportRefused(f"This file was imported {GENERATIONS_MAX} times: make a new one.")

    def _rehearse(self, roster: Roster, now: int, today: date) -> _Rehearsed:
        self._progress(0, 0, "comparing with the school")
        ground = RosterGround(self._school.states, self._school.vault, self._source)
        rehearsal = RosterRehearsal(
            ground, self.actor, now, lambda done: self._progress(done, roster.rows, "comparing with the school")
        )
        wanted, notes = self._bringing.wanted, list(roster.notes)
        if self._begun.begun:
            wanted = wanted._replace(starts=self._begun.begun[0].starts)
        try:
            year = plan_year(ground, rehearsal, roster, wanted, today, notes)
            work = Work(ground, rehearsal, roster, year, self._bringing.overwrite, notes)
            if roster.format == "roster":
                work.linked, work.names = False, SchoolNames(ground, year.id)
            _plan(work)
        except ValidationError as error:
            raise ImportRefused(_sentence(error)) from error
        return _Rehearsed(
            tuple(rehearsal.to_send),
            tuple(rehearsal.differences),
            rehearsal.counts,
            rehearsal.digest(),
            year,
            (*roster.refusals, *rehearsal.refusals),
            tuple(notes),
        )

    def _tell_begin(self, commands: int) -> None:
        if any(each.account == self.actor.account for each in self._begun.begun):
            return
        year = self._done.year
        command = BeginImport(
            import_id=self.import_id,
            source=self._source.label,
            kind=self._kind,
            file_name=self._bringing.file_name[:200],
            digest=self._bringing.sha256,
            year=year.id,
            starts=year.starts,
            commands=commands,
        )
        self._send([command], [self._id(f"begin/{self.actor.account}")], "")

    def _tell_end(self) -> None:
        report = self.report()
        rows = tuple(_stored(each) for each in report.refusals[:REFUSALS_KEPT_MAX])
        command = FinishImport(
            import_id=self.import_id,
            added=report.added,
            changed=report.changed,
            ended=report.ended,
            unchanged=report.unchanged,
            kept=report.kept,
            refused=report.refused,
            refusals=rows,
        )
        body = hashlib.sha256(canonical_body(command)).hexdigest()
        self._send([command], [self._id(f"finish/{self.actor.account}/{body}")], "")

    def _store(self, planned: Sequence[Planned]) -> int:
        """Send batch after batch and answer the number of events; each batch is stored whole or not at all."""
        total, events, done = len(planned), 0, 0
        number = batches_stored(self._school, self.import_id, self.actor.account) if self._begun.begun else 0
        for keyed in range(0, total, KEYS_AT_ONCE):
            part = planned[keyed : keyed + KEYS_AT_ONCE]
            self._make_keys(part)
            for batch in _batches(part):
                commands = [each.command for each in batch]
                ids = [self._id(f"{number}/{place}/{_body(each)}") for place, each in enumerate(commands)]
                events += self._send(commands, ids, batch_id(self.import_id, self.actor.account, number))
                number, done = number + 1, done + len(batch)
                self._progress(done, total, "storing")
        return events

    def _send(self, commands: Sequence[Command], ids: Sequence[str], batch: str) -> int:
        requests = [Request(command, one) for command, one in zip(commands, ids, strict=True)]
        try:
            answer = self._school.handler.handle(requests, self.actor, batch_id=batch, at=self._at)
        except Refusal as refusal:
            raise ImportRefused(
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


def _plan(work: Work) -> None:
    """Everything that must be there comes before what names it."""
    classes = ClassesPlan(work)
    people = PeoplePlan(work, classes.fallback)
    classes.subjects()
    people.staff()
    classes.classes()
    people.pupils()
    classes.class_teachers()
    classes.groups()
    journals = JournalsPlan(work, classes)
    journals.journals()
    journals.loads()
    GuardiansPlan(work, people).guardians()


def _batches(planned: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    for start in range(0, len(planned), BATCH_COMMANDS_MAX):
        yield planned[start : start + BATCH_COMMANDS_MAX]


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


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(each) for each in first["loc"])
    return f"The file does not fit the school ({error.title}, {field}): {first['msg']}."


def _tell_nobody(done: int, total: int, phase: str) -> None:
    """Stand in for a progress bar."""
