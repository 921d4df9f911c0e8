"""Verbs about rosters: import oneroster, import roster, import list, import undo, template."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ejd.access.secrets import MasterKeyError
from ejd.app import NotInitialisedError, opened
from ejd.cli.parts import Unusable, app, bar, check_opened, importing, out
from ejd.founding import IMPORTER, cli_actor
from ejd.imports.safe_xml import ImportRefused
from ejd.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ejd.imports.roster_file import Roster

Files = Annotated[list[Path], typer.Argument(help="A zip, a folder, or the files.", show_default=False)]
Year = Annotated[str | None, typer.Option("--year", help="Academic year, e.g. 2026/27; by default the file says.")]
FirstDay = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of a new year.")]
LastDay = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of a new year.")]
Starts = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="Day from which the file counts; by default the year's first, later today."
    ),
]
Source = Annotated[str, typer.Option(help="Name of the program it is from, when several give files of one kind.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Let the file win over what was changed by hand.")]
Apply = Annotated[bool, typer.Option("--apply/--dry-run", help="Store it; otherwise only the difference is told.")]


@importing.command("oneroster")
def import_oneroster(  # noqa: PLR0913 - the options of the verb
    files: Files,
    year: Year = None,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    source: Source = "",
    *,
    overwrite: Overwrite = False,
    apply: Apply = False,
) -> None:
    """Import people, classes and groups from OneRoster 1.2 or 1.1 CSV, or School Data Sync 2.1; first as a trial."""
    from ejd.imports.oneroster import oneroster_files, read_oneroster  # noqa: PLC0415 - only this verb needs it

    with refusing():
        content = oneroster_files(files)
        bring(read_oneroster(content), files, content, days(year, first, last, starts), source, overwrite, apply)


@importing.command("roster")
def import_roster(  # noqa: PLR0913 - the options of the verb
    files: Files,
    year: Year = None,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    source: Source = "",
    *,
    overwrite: Overwrite = False,
    apply: Apply = False,
) -> None:
    """Import lists of pupils, staff, classes, groups, loads from XLSX or CSV (`ejd template all`); first as a trial."""
    from ejd.imports.packed import read_paths  # noqa: PLC0415 - only this verb needs it
    from ejd.imports.roster_sheets import read_roster  # noqa: PLC0415

    with refusing():
        content = read_paths(files)
        bring(read_roster(content), files, content, days(year, first, last, starts), source, overwrite, apply)


ALL, GRID = "all", "grid"


@app.command("template")
def write_template(
    what: Annotated[
        str, typer.Argument(help="pupils, staff, classes, groups, members, load, subjects, curricula, all; or grid.")
    ] = ALL,
    file_format: Annotated[str, typer.Option("--format", help="xlsx or csv.")] = "xlsx",
    out_file: Annotated[
        Path | None, typer.Option("--out", help="File to write; by default named after the list.")
    ] = None,
) -> None:
    """Write an empty list to fill in, with headings, an example and drop-down lists of what the school has."""
    from ejd.imports.roster_templates import choices_of, grid_template, template  # noqa: PLC0415
    from ejd.imports.sheet_words import LISTS  # noqa: PLC0415

    kinds = [kind for kind in LISTS if what in {kind, ALL}]
    one_only = what in {ALL, GRID}
    if not (kinds or what == GRID) or file_format not in {"xlsx", "csv"} or (file_format == "csv" and one_only):
        raise Unusable(f"choose one of {', '.join(LISTS)} as xlsx or csv, or all or grid as xlsx")
    path = out_file or Path(f"{what}.{file_format}")
    if path.exists():
        raise Unusable(f"{path} is there already and is not overwritten: choose another name with --out")
    choices: Mapping[str, Sequence[str]] = {}
    with suppress(NotInitialisedError, MasterKeyError), opened(Settings()) as school:
        choices = choices_of(school.states)
    if what == GRID:
        path.write_bytes(grid_template(choices, made_at=datetime.now()))  # noqa: DTZ005 - a workbook knows no zones
        out.print(f"Written: {path}. Fill it in, then try it: `ejd import grid {path} --year YEAR`.", markup=False)
        return
    path.write_bytes(template(kinds, file_format, choices))
    out.print(f"Written: {path}. Fill it in, then try it: `ejd import roster {path}`.", markup=False)


def days(year: str | None, *given: datetime | None) -> tuple[str | None, ...]:
    """Answer the year and its days as ISO text."""
    return (year, *(None if each is None else each.date().isoformat() for each in given))


def bring(  # noqa: PLR0913 - what the verbs have in common
    roster: Roster,
    paths: list[Path],
    content: Mapping[str, bytes],
    wanted: tuple[str | None, ...],
    source: str,
    overwrite: bool,
    apply: bool,
) -> None:
    """Compare a roster with the school, store it when told, and print what came of it."""
    from ejd.imports.packed import digest_of  # noqa: PLC0415
    from ejd.imports.roster_apply import Bringing, RosterImport  # noqa: PLC0415
    from ejd.imports.roster_report import report_lines  # noqa: PLC0415
    from ejd.imports.roster_year import WantedYear  # noqa: PLC0415

    bringing = Bringing(
        file_name=", ".join(path.name for path in paths),
        sha256=digest_of(content),
        wanted=WantedYear.of(*wanted),
        source=source,
        overwrite=overwrite,
    )
    with opened(Settings()) as school:
        check_opened(school)
        with bar("importing") as progress:
            found = RosterImport(school, roster, bringing, cli_actor(IMPORTER), progress=progress)
            report = found.apply() if apply else found.report()
    for line in report_lines(report):
        out.print(line, markup=False)


@importing.command("list")
def list_imports() -> None:
    """List the imports of rosters with their ids, newest last."""
    from ejd.imports.roster_list import imports_of  # noqa: PLC0415

    with opened(Settings()) as school:
        check_opened(school)
        for each in imports_of(school):
            counts = f"{each.added} added, {each.changed} changed, {each.ended} ended, {each.refused} refused"
            out.print(f"{each.id}  {each.begun_at}  {each.state:11}  {each.file_name}: {counts}", markup=False)


@importing.command("undo")
def undo(import_id: str) -> None:
    """Undo an import as one: what it brought counts as never recorded; what others have built on stays."""
    from ejd.imports.roster_report import undo_lines  # noqa: PLC0415
    from ejd.imports.roster_undo import undo_import  # noqa: PLC0415

    try:
        wanted = str(UUID(import_id))
    except ValueError:
        raise Unusable("this is no id of an import: look at `ejd import list`") from None
    with opened(Settings()) as school:
        check_opened(school)
        for line in undo_lines(undo_import(school, wanted, cli_actor(IMPORTER))):
            out.print(line, markup=False)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what is wrong with a file into one sentence."""
    try:
        yield
    except ImportRefused as refused:
        raise Unusable(str(refused)) from refused
