"""A timetable file is brought into a school: planned, rehearsed, then stored by commands in batches.

Everything goes through commands. What is so already is not sent again, so that importing twice changes nothing,
an interrupted import is simply run again, and a changed file brings only what changed in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import ValidationError

from ejd.access.keys import KeyDestroyedError
from ejd.access.secrets import Purpose
from ejd.handling.handler import BATCH_COMMANDS_MAX, batch_id_of
from ejd.imports.asc import read_asc_file
from ejd.imports.fet import read_fet_file
from ejd.imports.ground import Ground, SchoolAccess, Step
from ejd.imports.identity import Source
from ejd.imports.journal_plans import ClashKind, clashes
from ejd.imports.rehearsal import Rehearsal, ToSend
from ejd.imports.report import ImportReport, report_lines
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.steps import Steps
from ejd.imports.teaching_plan import Teaching, teaching_of
from ejd.imports.timetable_file import SourceFormat, TimetableFile
from ejd.imports.xhstt import read_xhstt_file
from ejd.imports.year_steps import PlannedYear, Term, plan_year
from ejd.kernel.command import Actor, Refusal
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState

__all__ = [
    "ImportRefused",
    "ImportReport",
    "Progress",
    "import_file",
    "import_timetable",
    "rehearse_timetable",
    "report_lines",
    "store_steps",
    "timetable_source",
]

BATCH_EVENTS_MAX: Final = 2_000
"""Others wait for the append lock while a batch is stored."""

TOLD_STEPS: Final = 250
THINGS_MAX: Final = 50_000
"""The largest real file we know of has 2,761 subjects, teachers, rooms, student sets and activities."""

_CLASHING: Final[Mapping[ClashKind, str]] = {
    "teacher": "teacher",
    "room": "room",
    "students": "class, group or pupil",
}

Progress = Callable[[int, int], None]
"""Told how many of how many steps are done; a step counts when it is rehearsed and when it is stored."""


def import_file(  # noqa: PLR0913 - what a file is imported as
    school: SchoolAccess,
    kind: Literal["fet", "xhstt", "asc"],
    path: Path,
    *,
    actor: Actor,
    year_name: str,
    first_day: date,
    last_day: date,
    starts: date | None = None,
    solution: str | None = None,
    instance: str | None = None,
    term: int | None = None,
    accept_conflicts: bool = False,
    progress: Progress | None = None,
    at: int | None = None,
) -> ImportReport:
    """Read a file and bring it in, see `import_timetable`; `solution` and `instance` choose inside an XHSTT archive.

    `term` chooses in a file of aSc Timetables whose lessons differ by term.
    """
    match kind:
        case "fet":
            file = read_fet_file(path)
        case "asc":
            file = read_asc_file(path, term=term)
        case _:
            file = read_xhstt_file(path, solution=solution, instance=instance)
    return import_timetable(
        school,
        file,
        actor=actor,
        year_name=year_name,
        first_day=first_day,
        last_day=last_day,
        starts=starts,
        accept_conflicts=accept_conflicts,
        progress=progress,
        at=at,
    )


def import_timetable(  # noqa: PLR0913 - what a file is imported as
    school: SchoolAccess,
    file: TimetableFile,
    *,
    actor: Actor,
    year_name: str,
    first_day: date,
    last_day: date,
    starts: date | None = None,
    accept_conflicts: bool = False,
    progress: Progress | None = None,
    at: int | None = None,
) -> ImportReport:
    """Bring a timetable into an academic year; raises ImportRefused, and then says what to do.

    `starts` is the day from which the file counts, the year's first day unless given: name it when a changed
    timetable comes in the middle of the year, so that what was due before stays. `at` sets the clock of a simulated
    school (microseconds since 1970 UTC). Refused before anything is stored, unless somebody changes the same
    things meanwhile. Conflicts that the school's rules call errors refuse it too, all named, unless they are accepted.
    """
    source = timetable_source(school, file.source_format, file.school_name)
    actor = actor._replace(client=source.client)
    term = Term(year_name, first_day, last_day, first_day if starts is None else starts)
    progress = progress or _tell_nobody
    done = rehearse_timetable(
        school, file, source, actor, term, accept_conflicts=accept_conflicts, progress=progress, at=at
    )
    total = 2 * len(done.plan.steps)
    events = store_steps(school, done.rehearsal.to_send, actor, at, lambda left: progress(total - left, total))
    return _report(file, done.plan, done.rehearsal, events)


def timetable_source(school: SchoolAccess, source_format: SourceFormat, name: str) -> Source:
    """Return the source of a file; raises ImportRefused where there is no school yet."""
    if not school.states.fresh(SchoolState, SCHOOL).name:
        raise ImportRefused("There is no school yet: open it first (`ejd init`), then import.")
    return Source(school.vault.secret(Purpose.HASH_BODIES), source_format, name)


class _Plan(NamedTuple):
    """The file as steps, with what its reading and planning chose, inferred or left out."""

    year: PlannedYear
    teaching: Teaching
    steps: tuple[Step, ...]
    teachers: dict[str, str]
    """Their names in the file by the ids that they get."""
    notes: tuple[str, ...]


class RehearsedTimetable(NamedTuple):
    """A file as it would come in."""

    plan: _Plan
    rehearsal: Rehearsal


def rehearse_timetable(  # noqa: PLR0913 - what a file is imported as
    school: SchoolAccess,
    file: TimetableFile,
    source: Source,
    actor: Actor,
    term: Term,
    *,
    accept_conflicts: bool,
    progress: Progress | None = None,
    at: int | None = None,
) -> RehearsedTimetable:
    """Play a file through without storing anything; raises ImportRefused."""
    ground = Ground(school.states, source)
    plan = _plan(ground, file, term)
    rehearsal = Rehearsal(ground.states, ground, actor, school.clock() if at is None else at)
    progress = progress or _tell_nobody
    for done, step in enumerate(plan.steps, start=1):
        rehearsal.take(step)
        if done % TOLD_STEPS == 0:
            progress(done, 2 * len(plan.steps))
    rehearsal.finish(plan.teachers, accept_conflicts=accept_conflicts)
    return RehearsedTimetable(plan, rehearsal)


def _plan(ground: Ground, file: TimetableFile, term: Term) -> _Plan:
    things = (file.subjects, file.teachers, file.rooms, file.classes, file.groups, file.pupils, file.lessons)
    if sum(map(len, things)) > THINGS_MAX:
        raise ImportRefused(f"The file has more than {THINGS_MAX} subjects, people, activities …: export one school.")
    teaching = teaching_of(file)
    try:
        year = plan_year(ground, file, term)
        steps = Steps(ground, file, teaching, term, year)
        every = tuple(steps)
    except ValidationError as error:
        raise ImportRefused(_sentence(error)) from error
    return _Plan(
        year,
        teaching,
        every,
        steps.teachers,
        (*file.notes, *year.notes, *teaching.notes, *steps.notes, *_clashes(file)),
    )


def store_steps(
    school: SchoolAccess, to_send: Sequence[ToSend], actor: Actor, at: int | None, left: Callable[[int], None]
) -> int:
    """Send batch after batch and return the number of events; each batch is stored whole or not at all."""
    _make_keys(school, to_send)
    events = 0
    waiting = len(to_send)
    left(waiting)
    for batch in _batches(to_send):
        requests = [each.request for each in batch]
        batch_id = batch_id_of([request.command_id for request in requests])
        try:
            answer = school.handler.handle(requests, actor, batch_id=batch_id, at=at)
        except Refusal as refusal:
            # A unique name that was taken meanwhile is noticed by the store, for the whole batch.
            what = "The import" if refusal.command_index is None else batch[refusal.command_index].step.what
            raise ImportRefused(
                f"{what}: {refusal.sentence}. Somebody changes the school at the same time: run the import again."
            ) from refusal
        events += 0 if answer.repeated else len(answer.events)
        waiting -= len(batch)
        left(waiting)
    return events


def _make_keys(school: SchoolAccess, to_send: Sequence[ToSend]) -> None:
    """Make the keys of all new persons, so that they wait for the disk together and not one by one."""
    try:
        school.vault.make_keys(each.person for each in to_send if each.person)
    except KeyDestroyedError as error:
        raise ImportRefused(
            "A person of the file was erased from this school: take the person out of the file."
        ) from error


def _batches(to_send: Sequence[ToSend]) -> Iterator[Sequence[ToSend]]:
    batch: list[ToSend] = []
    events = 0
    for each in to_send:
        if batch and (len(batch) == BATCH_COMMANDS_MAX or events + each.events > BATCH_EVENTS_MAX):
            yield batch
            batch, events = [], 0
        batch.append(each)
        events += each.events
    if batch:
        yield batch


def _report(file: TimetableFile, plan: _Plan, rehearsal: Rehearsal, events: int) -> ImportReport:
    return ImportReport(
        school_name=file.school_name,
        year=plan.year.id,
        classes=len(plan.teaching.classes),
        groups=len(plan.teaching.groups),
        pupils=len(file.pupils),
        teachers=len(file.teachers),
        subjects=len(file.subjects),
        rooms=len(file.rooms),
        journals=len(plan.teaching.journals),
        activities=len(file.lessons),
        activities_placed=sum(bool(each.placements) for each in file.lessons),
        periods=file.periods,
        refusals=file.refusals,
        notes=(*plan.notes, *rehearsal.notes, *(f"{one.what}: {one.sentence}." for one in rehearsal.refused)),
        conflicts=tuple(rehearsal.conflicts),
        conflicts_total=rehearsal.conflicts_total,
        commands_sent=len(rehearsal.to_send),
        commands_unchanged=rehearsal.unchanged,
        events_stored=events,
    )


def _clashes(file: TimetableFile) -> Iterator[str]:
    """Real timetables have them, so that they are told and do not stop the import."""
    found = Counter(clash.kind for clash in clashes(file))
    for kind, count in found.items():
        yield f"Slots in which the file has the same {_CLASHING[kind]} in several activities at once: {count}."


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(each) for each in first["loc"])
    return f"The file or the year's days do not fit the school ({error.title}, {field}): {first['msg']}."


def _tell_nobody(done: int, total: int) -> None:
    """Stand in for a progress bar."""
