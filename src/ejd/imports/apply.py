"""A timetable file is brought into a school: planned, rehearsed, then stored by commands in batches.

Everything goes through commands. What is so already is not sent again, so that importing twice changes nothing,
an interrupted import is simply run again, and a changed file brings only what changed in it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from ejd.access.keys import KeyDestroyedError
from ejd.access.secrets import Purpose, read_master_key, subkey
from ejd.access.vault import Clear
from ejd.handling.handler import BATCH_COMMANDS_MAX, batch_id_of
from ejd.imports.fet import read_fet_file
from ejd.imports.ground import Ground, SchoolAccess
from ejd.imports.identity import Source
from ejd.imports.journal_plans import clashes
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
from ejd_commands.people import NamedPerson

__all__ = ["ImportRefused", "ImportReport", "Progress", "import_file", "import_timetable", "report_lines"]

BATCH_EVENTS_MAX: Final = 2_000
"""Others wait for the append lock while a batch is stored."""

Progress = Callable[[int, int], None]
"""Told how many of how many steps are done; a step counts when it is rehearsed and when it is stored."""


def import_file(  # noqa: PLR0913 - what a file is imported as
    school: SchoolAccess,
    kind: SourceFormat,
    path: Path,
    *,
    actor: Actor,
    year_name: str,
    first_day: date,
    last_day: date,
    starts: date | None = None,
    solution: str | None = None,
    instance: str | None = None,
    progress: Progress | None = None,
    at: int | None = None,
) -> ImportReport:
    """Read a file and bring it in, see `import_timetable`; `solution` and `instance` choose inside an XHSTT archive."""
    file = read_fet_file(path) if kind == "fet" else read_xhstt_file(path, solution=solution, instance=instance)
    return import_timetable(
        school,
        file,
        actor=actor,
        year_name=year_name,
        first_day=first_day,
        last_day=last_day,
        starts=starts,
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
    progress: Progress | None = None,
    at: int | None = None,
) -> ImportReport:
    """Bring a timetable into an academic year; raises ImportRefused, and then says what to do.

    `starts` is the day from which the file counts, the year's first day unless given: name it when a changed
    timetable comes in the middle of the year, so that what was due before stays. `at` sets the clock of a simulated
    school (microseconds since 1970 UTC). Refused before anything is stored, unless somebody changes the same
    things meanwhile.
    """
    if not school.states.load(SchoolState, SCHOOL).name:
        raise ImportRefused("There is no school yet: open it first (`ejd init`), then import.")
    secret = subkey(read_master_key(school.settings.master_key_path), Purpose.HASH_BODIES)
    source = Source(secret, file.source_format, file.school_name)
    ground = Ground(school.states, source)
    actor = actor._replace(client=source.client)
    teaching = teaching_of(file)
    rehearsal = Rehearsal(school.states, ground, actor, at)
    try:
        term = Term(year_name, first_day, last_day, first_day if starts is None else starts)
        year = plan_year(ground, file, term)
        steps = Steps(ground, file, teaching, term, year)
        planned = list(steps)
    except ValidationError as error:
        raise ImportRefused(_said(error)) from error
    tell = progress or _tell_nobody
    total = 2 * len(planned)
    for done, step in enumerate(planned, start=1):
        rehearsal.take(step)
        if done % BATCH_COMMANDS_MAX == 0:
            tell(done, total)
    notes = (*file.notes, *year.notes, *teaching.notes, *steps.notes, *rehearsal.notes, *_clashes(file))
    tell(total - len(rehearsal.to_send), total)
    events = _store(school, rehearsal.to_send, actor, at, lambda left: tell(total - left, total))
    return _report(file, year, teaching, notes, rehearsal, events)
