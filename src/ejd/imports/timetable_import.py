"""A timetable file as one import with an id: compared, applied by the digest of the difference, undone as one."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from ejd.handling.handler import canonical_body
from ejd.imports.apply import rehearse_timetable, timetable_source
from ejd.imports.asc import read_asc
from ejd.imports.days import year_days
from ejd.imports.fet import read_fet
from ejd.imports.grid_apply import rehearse_grid
from ejd.imports.ground import SchoolAccess
from ejd.imports.import_run import ImportRun, Progress, SchoolMoved, tell_nobody
from ejd.imports.rehearsal import Rehearsal, Told
from ejd.imports.roster_file import At, Refused, refused
from ejd.imports.roster_rehearsal import Difference, Planned
from ejd.imports.roster_report import ImportStateName, RosterReport
from ejd.imports.roster_year import WantedYear
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.timetable_file import RefusalKind, SourceFormat, TimetableFile
from ejd.imports.xhstt import read_xhstt
from ejd.imports.year_steps import Term
from ejd.kernel.command import Actor
from ejd.kernel.states.school import YearState
from ejd_commands.fields import unique_key

__all__ = ["TIMETABLE_BYTES_MAX", "BroughtTimetable", "TimetableImport"]

TIMETABLE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Over HTTP; the largest real timetable we know of is 2.6 MB, and its tree takes the tenfold while it is read."""
_QUOTED: Final = re.compile(r"“[^”]*”")
_WHY: Final[dict[RefusalKind, str]] = {
    "inactive": "the activity is switched off",
    "no-subject": "the activity has no subject",
    "no-students": "the activity is taught to nobody",
    "unknown-name": "the activity names what the file does not list",
    "bad-duration": "the activity has no duration that is a whole number of lessons",
    "no-time": "the activity has no day and hour",
    "incomplete-time": "the activity has only a part of its time",
    "only-a-wish": "the time of the activity is only a wish",
    "several-times": "the activity is fixed at several times at once",
    "past-the-end": "the activity would run on after the last lesson",
    "twice-at-once": "the activity meets itself",
}


class BroughtTimetable(msgspec.Struct, frozen=True, kw_only=True):
    """A file with what was said of it; `term`: of aSc files that differ by term, the others choose in an archive."""

    kind: SourceFormat
    file_name: str
    content: bytes
    wanted: WantedYear
    term: int | None = None
    solution: str | None = None
    instance: str | None = None
    accept_conflicts: bool = False

    def said(self) -> str:
        """Answer all that was said in one text: brought in otherwise, the file is another import."""
        wanted = [None if one is None else str(one) for one in self.wanted]
        return msgspec.json.encode([wanted, self.term, self.solution, self.instance, self.accept_conflicts]).decode()


class _Rehearsed(NamedTuple):
    """What is left of a rehearsal: the states of the school that it saw are let go."""

    to_send: tuple[Planned, ...]
    differences: tuple[Difference, ...]
    refusals: tuple[Refused, ...]
    counts: Counter[str]
    notes: tuple[str, ...]
    conflicts: tuple[str, ...]
    conflicts_total: int
    conflicts_sentence: str
    digest: str
    year: str
    rows: int


class TimetableImport:
    """One timetable for one school: rehearsed when made, applied when told. Conflicts are told, and stop it then."""

    def __init__(
        self,
        school: SchoolAccess,
        brought: BroughtTimetable,
        actor: Actor,
        *,
        at: int | None = None,
        progress: Progress = tell_nobody,
    ) -> None:
        """Rehearse it; raises ImportRefused when the file is none, or for no year of this school."""
        self._school, self._brought, self._at, self._progress = school, brought, at, progress
        file = _read(brought)
        self._source = timetable_source(school, brought.kind, "" if file is None else file.school_name)
        self.sha256 = hashlib.sha256(brought.content).hexdigest()
        said = brought.said()
        self._run = ImportRun(
            school, self._source, brought.kind, brought.file_name, self.sha256, said, actor, at, progress
        )
        self.import_id, self._begun = self._run.import_id, self._run.begun
        self._term = _term(school, brought.wanted)
        self._done = self._rehearse_grid() if file is None else self._rehearse(file)

    def report(self, state: ImportStateName | None = None, events: int = 0) -> RosterReport:
        """Answer the difference, and what became of it."""
        done, counts = self._done, self._done.counts
        nothing = not done.to_send and not self._begun.begun
        return RosterReport(
            import_id=self.import_id,
            state=state or ("unchanged" if nothing else "rehearsed"),
            kind=self._brought.kind,
            file_name=self._brought.file_name,
            sha256=self.sha256,
            year=done.year,
            year_name=self._term.year_name,
            starts=self._term.starts.isoformat(),
            rows=done.rows,
            added=counts["added"],
            changed=counts["changed"],
            ended=counts["ended"],
            unchanged=counts["unchanged"],
            kept=counts["kept"],
            refused=len(done.refusals),
            commands=len(done.to_send),
            events=events,
            digest=self._run.digest_of(done.digest),
            continued=bool(self._begun.begun),
            differences=done.differences,
            refusals=done.refusals,
            notes=done.notes,
            conflicts=done.conflicts,
            conflicts_total=done.conflicts_total,
        )

    def apply(self, digest: str | None = None) -> RosterReport:
        """Store it; raises SchoolMoved for another `digest`, ImportEnded, and ImportRefused.

        Refused are conflicts that were not accepted, and what others change at the same time.
        """
        if digest is not None and digest != self._run.digest_of(self._done.digest):
            msg = "the school has changed since in what the file is about: look at the difference again, then apply it"
            raise SchoolMoved(msg, field="digest")
        if self._done.conflicts_total and not self._brought.accept_conflicts:
            raise ImportRefused(self._done.conflicts_sentence)
        if not self._done.to_send and not self._begun.begun:
            return self.report("unchanged")
        events = self._run.store(self._done.year, self._term.starts, self._done.to_send)
        report = self.report("applied", events)
        self._run.end(report, [_kept(each) for each in report.refusals])
        return report

    def _rehearse(self, file: TimetableFile) -> _Rehearsed:
        plan, rehearsal = rehearse_timetable(
            self._school,
            file,
            self._source,
            self._run.actor,
            self._term,
            accept_conflicts=True,
            progress=lambda done, total: self._progress(done, total, "comparing"),
            at=self._at,
        )
        number = {each.id: place for place, each in enumerate(file.lessons, start=1)}
        name = self._brought.file_name
        refusals = [
            Refused(file=name, sheet="", row=number[one.activity_id], reason=_WHY[one.kind], value=one.reason)
            for one in file.refusals
        ]
        return self._rehearsed(rehearsal, rehearsal.differences, refusals, plan.notes, plan.year.id, len(file.lessons))

    def _rehearse_grid(self) -> _Rehearsed:
        plan, rehearsal = rehearse_grid(
            self._school,
            self._brought.content,
            self._brought.file_name,
            self._source,
            self._run.actor,
            year_name=self._term.year_name,
            starts=self._term.starts,
            accept_conflicts=True,
            at=self._at,
        )
        lessons = [told for line in plan.differences if (told := _told(line)) is not None]
        kept = [one for one in rehearsal.differences if one.kind == "kept"]
        return self._rehearsed(rehearsal, [*lessons, *kept], plan.refusals, plan.notes, plan.year, plan.lessons)

    def _rehearsed(  # noqa: PLR0913 - what a rehearsal comes to
        self,
        rehearsal: Rehearsal,
        told: Sequence[Told],
        refusals: Sequence[Refused],
        notes: Sequence[str],
        year: str,
        rows: int,
    ) -> _Rehearsed:
        name = self._brought.file_name
        lines = tuple(
            Difference(kind=one.kind, noun=one.noun, title=one.what, file=name, sheet="", row=0, detail=one.detail)
            for one in told
        )
        by_rules = (refused(At(name, "", 0), one.sentence, value=one.what) for one in rehearsal.refused)
        to_send = tuple(
            Planned(one.step.command, one.events, one.person, one.request.command_id) for one in rehearsal.to_send
        )
        digest = hashlib.sha256()
        for one in to_send:
            digest.update(hashlib.sha256(canonical_body(one.command)).digest())
        return _Rehearsed(
            to_send=to_send,
            differences=lines,
            refusals=(*refusals, *by_rules),
            counts=Counter(one.kind for one in lines) + Counter(unchanged=rehearsal.unchanged - rehearsal.kept),
            notes=(*notes, *rehearsal.notes),
            conflicts=tuple(rehearsal.conflicts),
            conflicts_total=rehearsal.conflicts_total,
            conflicts_sentence=rehearsal.conflicts_sentence(),
            digest=digest.hexdigest(),
            year=year,
            rows=rows,
        )


def _read(brought: BroughtTimetable) -> TimetableFile | None:
    """Answer the file; a grid is read with the school's names, later."""
    match brought.kind:
        case "fet":
            return read_fet(brought.content)
        case "asc":
            return read_asc(brought.content, term=brought.term)
        case "xhstt":
            return read_xhstt(brought.content, solution=brought.solution, instance=brought.instance)
        case _:
            return None


def _term(school: SchoolAccess, wanted: WantedYear) -> Term:
    """Answer the year with the days that it has, or that were said, or that its name says."""
    name = " ".join((wanted.name or "").split())
    if not name:
        raise ImportRefused("Say which academic year the timetable is for: give `year`, for example 2026/27.")
    stream = school.states.store.owner_of(f"year/{unique_key(name)}")
    known = None if stream is None else school.states.fresh(YearState, stream).data
    said = year_days(name) or (None, None)
    first = wanted.first_day or (known.first_day if known else None) or said[0]
    last = wanted.last_day or (known.last_day if known else None) or said[1]
    if first is None or last is None:
        raise ImportRefused(f"There is no academic year {shown(name)} here: name it like 2026/27, or give its days.")
    return Term(name, first, last, wanted.starts or first)


_WORDS: Final[dict[str, Literal["added", "changed", "ended"]]] = {
    "added": "added",
    "changed": "changed",
    "ended": "ended",
}


def _told(line: str) -> Told | None:
    """Answer a line of a grid's difference, which begins with its kind."""
    word, _, what = line.partition(": ")
    kind = _WORDS.get(word)
    return None if kind is None else Told(kind, "lesson", what)


def _kept(refusal: Refused) -> Refused:
    """Answer a refusal as it may be stored in clear: what it repeats of the file, perhaps a name, is left out."""
    return msgspec.structs.replace(refusal, reason=_QUOTED.sub("“…”", refusal.reason))
