"""The command line. What a user can mend is one sentence on stderr; exit code 1: refused or failed, 2: usage."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ejd.access.keys import KeyStoreError
from ejd.access.secrets import MasterKeyError, new_token
from ejd.app import NotInitialisedError, School, initialise, opened, system_clock
from ejd.founding import OPERATOR as OPERATOR_ACCOUNT
from ejd.founding import Founding, Head, cli_actor, found
from ejd.handling.handler import Request
from ejd.kernel.command import Refusal
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState
from ejd.read.contract import BuildRunningError
from ejd.read.rebuild import BuildFailedError, ensure_built, rebuild
from ejd.settings import Settings
from ejd.store.errors import StoreError
from ejd_commands.accounts import IssueToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN_DAYS_MAX = 400
FIRST_MONTH, LAST_MONTH, LAST_DAY = 9, 5, 31
"""«Academic year from 1 September» (rules.md) to the end of May."""

app = typer.Typer(
    name="ejd",
    help="A school journal that can prove itself.\n\nBegin with `ejd demo --serve`, or `ejd init` and `ejd serve`. "
    " Settings are environment variables (EJD_DATA_DIR, EJD_DATABASE_URL …), listed in docs/catalogues.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
importing = typer.Typer(
    no_args_is_help=True, help="Bring real timetable files in: `ejd import fet FILE --year 2026/27`."
)
app.add_typer(importing, name="import")

out = Console(highlight=False, soft_wrap=True)


class Unusable(Exception):
    """What was asked for cannot be done here; the text says what to do instead."""


KNOWN_ERRORS = (
    Refusal,
    NotInitialisedError,
    MasterKeyError,
    KeyStoreError,
    StoreError,
    BuildRunningError,
    BuildFailedError,
    Unusable,
)


@contextmanager
def bar(title: str) -> Iterator[Callable[..., None]]:
    """Show progress: a bar on a terminal, a line per tenth elsewhere; a third argument names a new phase."""
    if out.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=out, transient=True) as progress:
            task = progress.add_task(title, total=None)
            yield lambda done, of, phase=title: progress.update(task, description=phase, completed=done, total=of)
        return
    shown = (title, -1)

    def line(done: int, of: int, phase: str = title) -> None:
        nonlocal shown
        now = (phase, 10 * done // of if of else 10)
        if now[0] != shown[0] or now[1] > shown[1]:
            shown = now
            out.print(f"{phase}: {done} of {of}")

    yield line


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


def place(settings: Settings) -> str:
    """Answer where the school is, without any password."""
    return str(settings.data_dir) if settings.database_url is None else f"PostgreSQL, schema {settings.school}"


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    *,
    feeder: Annotated[bool, typer.Option(help="Feed the reports in this process too.")] = True,
) -> None:
    """Serve the school over HTTP; /docs has the routes. One process on SQLite, any number on PostgreSQL."""
    settings = Settings()
    with opened(settings) as school:
        check_opened(school)
        run_server(school, host or settings.host, port or settings.port, feeder=feeder)


def check_opened(school: School) -> None:
    """Raise Unusable when there is no school yet."""
    if not school.states.fresh(SchoolState, SCHOOL).name:
        raise Unusable("there is no school here yet: make one with `ejd init --name …` or `ejd demo`")


def run_server(school: School, host: str, port: int, *, feeder: bool) -> None:
    """Serve until interrupted."""
    import uvicorn  # noqa: PLC0415 - the other verbs start faster without it

    from ejd.http.service import create_http  # noqa: PLC0415

    application = create_http(school, feed=feeder)
    uvicorn.run(application, host=host, port=port, log_level=school.settings.log_level, access_log=False)


@app.command()
def feed() -> None:
    """Feed the reports, without HTTP. Any number may run on PostgreSQL: one feeds, the others wait to take over."""
    import signal  # noqa: PLC0415
    import threading  # noqa: PLC0415

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with opened(Settings()) as school:
        build_if_needed(school)
        school.feeder.start()
        out.print("feeding; stop with Ctrl-C")
        ended.wait()


def build_if_needed(school: School) -> None:
    """Build the read model beside the live one when this version of ejd needs it."""
    with bar("building the reports") as progress:
        ensure_built(school.read, school.workshop, progress=progress)


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
        if serving and school.states.fresh(SchoolState, SCHOOL).simulated:
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


@importing.command("fet")
def import_fet(file: Path, year: Year, first: FirstDay = None, last: LastDay = None) -> None:
    """Import a FET file: classes, groups, pupils, teachers, subjects, rooms, timetable. Twice changes nothing."""
    bring_in("fet", file, year, first, last)


@importing.command("xhstt")
def import_xhstt(file: Path, year: Year, first: FirstDay = None, last: LastDay = None) -> None:
    """Import an XHSTT archive with a solution. Twice changes nothing."""
    bring_in("xhstt", file, year, first, last)


def bring_in(
    kind: Literal["fet", "xhstt"], file: Path, year: str, first: datetime | None, last: datetime | None
) -> None:
    """Import a file as the program of the command line and print what came of it."""
    from ejd.founding import IMPORTER  # noqa: PLC0415 - only this verb needs it
    from ejd.imports.apply import ImportRefused, import_file, report_lines  # noqa: PLC0415

    begins, ends = bounds(year, first, last)
    with opened(Settings()) as school:
        check_opened(school)
        try:
            with bar(f"importing {file.name}") as progress:
                report = import_file(
                    school,
                    kind,
                    file,
                    actor=cli_actor(IMPORTER),
                    year_name=year,
                    first_day=begins,
                    last_day=ends,
                    progress=progress,
                )
        except ImportRefused as refused:
            raise Unusable(str(refused)) from refused
    for line in report_lines(report):
        out.print(line, markup=False)


def bounds(year: str, first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Answer first and last day of a year named like 2026/27."""
    number = year[:4]
    if not number.isdecimal() and (first is None or last is None):
        raise Unusable("name the year like 2026/27, or give --from and --to")
    begins = first.date() if first else date(int(number), FIRST_MONTH, 1)
    ends = last.date() if last else date(int(number) + 1, LAST_MONTH, LAST_DAY)
    return begins, ends


@app.command()
def token(
    login: Annotated[str, typer.Argument(help="Login of the account, e.g. operator.")],
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=TOKEN_DAYS_MAX - 1)] = 30,
    client: Annotated[str, typer.Option(help="Program that will use it.")] = "command line",
) -> None:
    """Make a bearer token and print it once: its secret is made here and never stored."""
    with opened(Settings()) as school:
        check_opened(school)
        account = school.store.owner_of(f"login/{login.casefold()}")
        if account is None:
            raise Unusable(f"there is no account {login!r}: open one with the command open-account")
        made = new_token(os.urandom)
        command = IssueToken(
            account=account,
            token=made.token_id,
            digest=made.digest,
            client=client,
            expires_at=datetime.fromtimestamp(system_clock() / 1_000_000, UTC) + timedelta(days=days),
        )
        school.handler.handle([Request(command, str(uuid4()))], cli_actor(OPERATOR_ACCOUNT))
    out.print(made.text, markup=False)


@app.command("rebuild")
def rebuild_reports(
    processes: Annotated[int | None, typer.Option(help="Processes that fold; default: by size.", min=1, max=64)] = None,
) -> None:
    """Build all reports anew beside the live ones, then switch; reports are answered all the while."""
    with opened(Settings()) as school, bar("rebuilding") as progress:
        built = rebuild(school.read, school.workshop, processes=processes, progress=progress)
    out.print(
        f"generation {built.generation} is live at position {built.position}: "
        f"{built.events} events, {built.rows} rows, "
        f"{built.load_seconds + built.finish_seconds + built.catch_up_seconds:.1f} s"
    )


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is here: school, events, how far the reports are."""
    with opened(Settings()) as school:
        state = school.states.fresh(SchoolState, SCHOOL)
        last, live = school.store.last_position(), school.read.live()
        position = school.read.position() if live is not None else 0
        figures = {
            "school": state.name,
            "simulated": state.simulated,
            "place": place(school.settings),
            "events": school.store.count_events(),
            "position": last,
            "reports_position": position,
            "lag": last - position,
            "generation": live,
            "reports_current": school.read.is_current(),
        }
    if as_json:
        out.print(json.dumps(figures, ensure_ascii=False), markup=False)
        return
    for key, value in figures.items():
        out.print(f"{key.replace('_', ' ')}: {value}", markup=False)


@app.command()
def openapi(
    to: Annotated[Path | None, typer.Option("--out", help="File to write; default: standard output.")] = None,
) -> None:
    """Write the OpenAPI document of the service; needs no school."""
    from ejd.http.service import create_http  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, master_key_file=None)
        initialise(settings)
        with opened(settings) as school:
            text = json.dumps(create_http(school, feed=False).openapi(), ensure_ascii=False, indent=2) + "\n"
    if to is None:
        sys.stdout.write(text)
    else:
        to.write_text(text, encoding="utf-8")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def benchmark(context: typer.Context) -> None:
    """Measure against raw SQL and the stock library (options go to `python -m benchmarks`); needs the source tree."""
    if importlib.util.find_spec("benchmarks") is None:
        sys.path.insert(0, str(Path.cwd()))
    if importlib.util.find_spec("benchmarks") is None:
        raise Unusable("benchmarks/ is not here: run this in a checkout of the source")
    runner = importlib.import_module("benchmarks")
    raise typer.Exit(runner.main(context.args))


def main() -> None:
    """Run the program: a known error is one sentence, anything else a fault of ours with its traceback."""
    try:
        app()
    except KNOWN_ERRORS as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"ejd: {error}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
