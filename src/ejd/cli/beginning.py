"""Verbs that make a school: init, demo, import."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from ejd.app import initialise, opened, system_clock
from ejd.cli.parts import Unusable, app, bar, build_if_needed, check_opened, importing, out, place, run_server
from ejd.founding import IMPORTER, Founding, Head, cli_actor, found
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState
from ejd.settings import Settings

DEMO_IS_WHOLE = "demo.whole"
"""A file that says that the making of a demo came to its end: half of one looks like a school too."""


@app.command()
def init(  # noqa: PLR0913 - the options of the verb
    name: Annotated[str | None, typer.Option(help="Name of the school.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of the school, e.g. Europe/Moscow.")] = None,
    *,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="A school for trying out: settable clock, never a real one.")
    ] = False,
    head_family: Annotated[str | None, typer.Option(help="Family name of the head, who then gets an account.")] = None,
    head_given: Annotated[str | None, typer.Option(help="Given name of the head.")] = None,
    head_middle: Annotated[str, typer.Option(help="Patronymic of the head.")] = "",
) -> None:
    """Make a school: key, tables, accounts of the machine's operator. Can be repeated; nothing is overwritten.

    On SQLite it is made in EJD_DATA_DIR. On PostgreSQL give EJD_OWNER_DATABASE_URL and EJD_DATABASE_URL: the owner's
    role makes the tables, the service's role can read and append events and nothing else.
    """
    head = None
    if head_family or head_given:
        if not (head_family and head_given):
            raise Unusable("a head has a family name and a given name: give --head-family and --head-given")
        head = Head(family=head_family, given=head_given, middle=head_middle)
    settings = Settings()
    initialise(settings)
    founding = Founding(name=name, timezone=timezone, simulated=simulated or None, head=head)
    with opened(settings) as school:
        made = found(school.handler, founding, clock=system_clock)
        title = school.states.fresh(SchoolState, SCHOOL).name
    out.print(f"{title}: {'opened' if made else 'was open already'}, in {place(settings)}.")
    out.print(f"Keep a copy of {settings.master_key_path} apart from the backups: without it names are lost.")
    out.print("Next: `ejd token operator` for technical support, `ejd serve` to serve.")


@app.command()
def demo(  # noqa: PLR0913 - the options of the verb
    *,
    serving: Annotated[bool, typer.Option("--serve", help="Serve it when it is made.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw an earlier demo in the folder away first.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed makes the same school.")] = 7,
    small: Annotated[bool, typer.Option("--small", help="Two weeks of three classes instead of a quarter.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Make a believable Russian school with a quarter of held lessons, all through commands, marked simulated.

    It is made in EJD_DATA_DIR (default: var/demo). Prints sample tokens and what to try.
    """
    from ejd.demo.build import DemoRefused, build_demo  # noqa: PLC0415 - only this verb needs it
    from ejd.demo.report import demo_lines  # noqa: PLC0415
    from ejd.demo.shape import FULL, SMALL  # noqa: PLC0415

    settings = demo_settings()
    if fresh:
        remove_demo(settings)
    initialise(settings)
    with opened(settings) as school:
        whole = settings.data_dir / DEMO_IS_WHOLE
        if serving and school.states.fresh(SchoolState, SCHOOL).simulated:
            if not whole.exists():
                raise Unusable("the making of the demo here was interrupted: begin anew with --fresh")
            out.print("There is a demo here already: serving it. `--fresh` makes a new one with new tokens.")
        else:
            try:
                with bar("making the demo school") as progress:
                    report = build_demo(
                        school,
                        seed=seed,
                        shape=SMALL if small else FULL,
                        progress=lambda phase, done, of: progress(done, of, phase),
                    )
            except DemoRefused as refused:
                raise Unusable(str(refused)) from refused
            whole.touch()
            url = f"http://{host or settings.host}:{port or settings.port}"
            for line in demo_lines(report, url):
                out.print(line, markup=False)
        build_if_needed(school)
        if serving:
            run_server(school, host or settings.host, port or settings.port, feeder=True)


def demo_settings() -> Settings:
    """Answer the settings with a folder of the demo's own, unless one is named."""
    settings = Settings()
    if "data_dir" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"data_dir": Path("var/demo")})


def remove_demo(settings: Settings) -> None:
    """Throw a simulated school on SQLite away; raises Unusable for any other."""
    if settings.database_url is not None:
        raise Unusable(
            "--fresh removes a folder: on PostgreSQL drop the schemas yourself, or name others in EJD_SCHOOL"
        )
    if not (settings.data_dir / "events.db").is_file():
        return
    with opened(settings) as school:
        state = school.states.fresh(SchoolState, SCHOOL)
        if state.name and not state.simulated:
            raise Unusable(
                f"{settings.data_dir} holds a real school, which --fresh does not touch: name another folder"
            )
    shutil.rmtree(settings.data_dir)


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


@importing.command("fet")
def import_fet(  # noqa: PLR0913 - the options of the verb
    file: Path,
    year: Year,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    accept_conflicts: AcceptConflicts = False,
) -> None:
    """Import a FET file: classes, groups, pupils, teachers, subjects, rooms, timetable. Twice changes nothing."""
    bring_in("fet", file, bounds(year, first, last, starts), accept_conflicts=accept_conflicts)


@importing.command("xhstt")
def import_xhstt(  # noqa: PLR0913 - the options of the verb
    file: Path,
    year: Year,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    starts: Starts = None,
    accept_conflicts: AcceptConflicts = False,
) -> None:
    """Import an XHSTT archive with a solution. Twice changes nothing."""
    bring_in("xhstt", file, bounds(year, first, last, starts), accept_conflicts=accept_conflicts)


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
) -> None:
    """Import an XML export of aSc Timetables (2012 or 2008). Twice changes nothing."""
    bring_in("asc", file, bounds(year, first, last, starts), accept_conflicts=accept_conflicts, part=part)


@importing.command("grid")
def import_grid(
    file: Path,
    year: Year,
    *,
    starts: Starts = None,
    accept_conflicts: AcceptConflicts = False,
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Store it; else only the difference is told.")
    ] = False,
) -> None:
    """Import a timetable as it hangs on the wall (XLSX): classes across, lessons down; first as a trial."""
    from ejd.imports.grid_apply import grid_lines  # noqa: PLC0415
    from ejd.imports.grid_apply import import_grid as bring_grid  # noqa: PLC0415
    from ejd.imports.safe_xml import ImportRefused  # noqa: PLC0415

    with opened(Settings()) as school:
        check_opened(school)
        try:
            report = bring_grid(
                school,
                file,
                actor=cli_actor(IMPORTER),
                year_name=year,
                starts=starts.date() if starts else None,
                apply=apply,
                accept_conflicts=accept_conflicts,
            )
        except ImportRefused as refused:
            raise Unusable(str(refused)) from refused
    for line in grid_lines(report):
        out.print(line, markup=False)


def bring_in(
    kind: Literal["fet", "xhstt", "asc"], file: Path, term: Term, *, accept_conflicts: bool, part: int | None = None
) -> None:
    """Import a file as the program of the command line and print what came of it."""
    from ejd.imports.apply import ImportRefused, import_file, report_lines  # noqa: PLC0415

    with opened(Settings()) as school:
        check_opened(school)
        try:
            with bar(f"importing {file.name}") as progress:
                report = import_file(
                    school,
                    kind,
                    file,
                    actor=cli_actor(IMPORTER),
                    year_name=term.year,
                    first_day=term.first,
                    last_day=term.last,
                    starts=term.starts,
                    term=part,
                    accept_conflicts=accept_conflicts,
                    progress=progress,
                )
        except ImportRefused as refused:
            raise Unusable(str(refused)) from refused
    for line in report_lines(report):
        out.print(line, markup=False)


class Term(NamedTuple):
    """The academic year to import into, and the day from which the file counts (None: its first day)."""

    year: str
    first: date
    last: date
    starts: date | None


def bounds(year: str, first: datetime | None, last: datetime | None, starts: datetime | None) -> Term:
    """Answer the term of a year named like 2026/27."""
    from ejd.imports.days import year_days  # noqa: PLC0415 - only these verbs need it

    named = year_days(year) or (None, None)
    begins, ends = first.date() if first else named[0], last.date() if last else named[1]
    if begins is None or ends is None:
        raise Unusable("name the year like 2026/27, or give --from and --to")
    return Term(year, begins, ends, starts.date() if starts else None)
