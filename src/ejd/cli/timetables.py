"""Verbs that bring timetables in: import fet, xhstt, asc, grid; each one import with an id, which can be undone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ejd.app import opened
from ejd.cli.parts import bar, check_opened, importing, out
from ejd.cli.rosters import Apply, days, refusing
from ejd.founding import IMPORTER, cli_actor
from ejd.settings import Settings

if TYPE_CHECKING:
    from ejd.imports.timetable_file import SourceFormat

Year = Annotated[str, typer.Option("--year", help="Academic year to import into, e.g. 2026/27.")]
FirstDay = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day (1 September).")]
LastDay = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day (31 May).")]
Starts = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day from which a changed file counts; what was due before stays."),
]
AcceptConflicts = Annotated[
    bool, typer.Option("--accept-conflicts", help="Take conflicts of the timetable as warnings: they are listed.")
]
Chosen = Annotated[str | None, typer.Option(help="Its Id, where the archive has several; by default the first.")]


@importing.command("fet")
def import_fet(  # noqa: PLR0913 - the options of the verb
    file: Path,
    year: Year,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    accept_conflicts: AcceptConflicts = False,
    apply: Apply = False,
) -> None:
    """Import a FET file: classes, groups, pupils, teachers, subjects, rooms, timetable; first as a trial."""
    bring("fet", file, days(year, first, last, starts), apply=apply, accept_conflicts=accept_conflicts)


@importing.command("xhstt")
def import_xhstt(  # noqa: PLR0913 - the options of the verb
    file: Path,
    year: Year,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    solution: Chosen = None,
    instance: Chosen = None,
    accept_conflicts: AcceptConflicts = False,
    apply: Apply = False,
) -> None:
    """Import an XHSTT archive with a solution; first as a trial."""
    said: dict[str, Any] = {"solution": solution, "instance": instance, "accept_conflicts": accept_conflicts}
    bring("xhstt", file, days(year, first, last, starts), apply=apply, **said)


@importing.command("asc")
def import_asc(  # noqa: PLR0913 - the options of the verb
    file: Path,
    year: Year,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    part: Annotated[int | None, typer.Option("--term", min=1, help="Which term, where lessons differ by term.")] = None,
    accept_conflicts: AcceptConflicts = False,
    apply: Apply = False,
) -> None:
    """Import an XML export of aSc Timetables (2012 or 2008); first as a trial."""
    said: dict[str, Any] = {"term": part, "accept_conflicts": accept_conflicts}
    bring("asc", file, days(year, first, last, starts), apply=apply, **said)


@importing.command("grid")
def import_grid(
    file: Path,
    year: Year,
    *,
    starts: Starts = None,
    accept_conflicts: AcceptConflicts = False,
    apply: Apply = False,
) -> None:
    """Import a timetable as it hangs on the wall (XLSX): classes across, lessons down; first as a trial."""
    bring("grid", file, days(year, None, None, starts), apply=apply, accept_conflicts=accept_conflicts)


def bring(kind: SourceFormat, file: Path, wanted: tuple[str | None, ...], *, apply: bool, **said: Any) -> None:
    """Compare a timetable with the school, store it when told, and print what came of it."""
    from ejd.imports.roster_report import report_lines  # noqa: PLC0415 - only these verbs need it
    from ejd.imports.roster_year import WantedYear  # noqa: PLC0415
    from ejd.imports.safe_xml import read_limited  # noqa: PLC0415
    from ejd.imports.timetable_import import BroughtTimetable, TimetableImport  # noqa: PLC0415

    with opened(Settings()) as school, refusing():
        check_opened(school)
        content, year = read_limited(file), WantedYear.of(*wanted)
        brought = BroughtTimetable(kind=kind, file_name=file.name, content=content, wanted=year, **said)
        with bar(f"importing {file.name}") as progress:
            found = TimetableImport(school, brought, cli_actor(IMPORTER), progress=progress)
            report = found.apply() if apply else found.report()
    for line in report_lines(report):
        out.print(line, markup=False)
