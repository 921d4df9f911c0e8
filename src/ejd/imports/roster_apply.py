"""A roster is brought into a school: compared, rehearsed, then stored by commands as one import.

Applied once, the same file makes another import only when there is something to change again.
"""

from collections import Counter
from datetime import date
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from ejd.access.secrets import Purpose
from ejd.imports.ground import SchoolAccess
from ejd.imports.identity import Source
from ejd.imports.import_run import ImportRun, Progress, SchoolMoved, tell_nobody
from ejd.imports.roster_classes import ClassesPlan
from ejd.imports.roster_curricula import CurriculaPlan
from ejd.imports.roster_file import Refused, Roster
from ejd.imports.roster_ground import RosterGround
from ejd.imports.roster_guardians import GuardiansPlan
from ejd.imports.roster_journals import JournalsPlan
from ejd.imports.roster_names import SchoolNames
from ejd.imports.roster_people import PeoplePlan
from ejd.imports.roster_rehearsal import Difference, Planned, RosterRehearsal
from ejd.imports.roster_report import ImportStateName, RosterReport
from ejd.imports.roster_work import Work
from ejd.imports.roster_year import RosterYear, WantedYear, plan_year
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState

__all__ = ["Bringing", "RosterImport"]


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
        self._school, self._bringing = school, bringing
        self._kind, self._rows = roster.format, roster.rows
        self._progress = progress or tell_nobody
        secret = school.vault.secret(Purpose.HASH_BODIES)
        self._source = Source(secret, roster.format, bringing.source)
        said = msgspec.json.encode([[None if one is None else str(one) for one in bringing.wanted], bringing.overwrite])
        self._run = ImportRun(
            school,
            self._source,
            roster.format,
            bringing.file_name,
            bringing.sha256,
            said.decode(),
            actor,
            at,
            self._progress,
        )
        self.import_id, self._begun, self.actor = self._run.import_id, self._run.begun, self._run.actor
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
            added=counts["added"],
            changed=counts["changed"],
            ended=counts["ended"],
            unchanged=counts["unchanged"],
            kept=counts["kept"],
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
        return self._run.digest_of(self._done.digest)

    def apply(self, digest: str | None = None) -> RosterReport:
        """Store it; raises SchoolMoved for another `digest`, ImportRefused when others change the same things.

        Raises ImportEnded when the import was brought to its end meanwhile, or undone.
        """
        if digest is not None and digest != self.digest:
            msg = "the school has changed since in what the file is about: look at the difference again, then apply it"
            raise SchoolMoved(msg, field="digest")
        planned = self._done.to_send
        if not planned and not self._begun.begun:
            return self.report("unchanged")
        events = self._run.store(self._done.year.id, self._done.year.starts, planned)
        report = self.report("applied", events)
        self._run.end(report, report.refusals)
        return report

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
    CurriculaPlan(work).curricula()
    GuardiansPlan(work, people).guardians()


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(each) for each in first["loc"])
    return f"The file does not fit the school ({error.title}, {field}): {first['msg']}."
