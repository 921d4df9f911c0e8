"""Verbs for a school that is there: serve, feed, token, rebuild, status, openapi, benchmark."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from uuid import uuid4

import typer

from ejd.access.secrets import new_token
from ejd.app import School, initialise, opened, system_clock
from ejd.cli.parts import Unusable, app, bar, check_opened, out, place, run_server
from ejd.founding import cli_actor
from ejd.handling.handler import Request
from ejd.http.keeper import Keeper
from ejd.http.logs import make_log
from ejd.http.readiness import schema_version
from ejd.kernel.events.accounts import ALL_SCOPES
from ejd.kernel.ids import OPERATOR, SCHOOL
from ejd.kernel.states.school import SchoolState
from ejd.read.contract import NoGenerationError
from ejd.read.rebuild import rebuild
from ejd.settings import Settings
from ejd_commands.accounts import IssueToken
from ejd_commands.credentials import CODE_DAYS_MAX

TOKEN_DAYS_MAX = 400


class ScopeName(StrEnum):
    """The scopes of a token, as the command line takes them."""

    READ = "read"
    WRITE = "write"
    DECIDE = "decide"


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


@app.command()
def feed() -> None:
    """Feed the reports, without HTTP. Any number may run on PostgreSQL: one feeds, the others wait to take over."""
    settings = Settings()
    with opened(settings) as school:
        keeper = Keeper(school, make_log(settings.log_level))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.stop())
        keeper.start()
        out.print("feeding; stop with Ctrl-C")
        keeper.wait()


@app.command()
def token(
    login: Annotated[str, typer.Argument(help="Login of the account, e.g. operator.")],
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=TOKEN_DAYS_MAX - 1)] = 30,
    client: Annotated[str, typer.Option(help="Program that will use it.")] = "command line",
    scope: Annotated[
        list[ScopeName] | None, typer.Option(help="What it is for; several times for several. Default: all.")
    ] = None,
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
            scopes=tuple(one for one in ALL_SCOPES if ScopeName(one) in scope) if scope else None,
        )
        school.handler.handle([Request(command, str(uuid4()))], cli_actor(OPERATOR))
    out.print(made.text, markup=False)


@app.command()
def code(
    login: Annotated[str, typer.Argument(help="Login of the account: of staff, the head's too.")],
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=CODE_DAYS_MAX)] = 7,
    *,
    starts_over: Annotated[
        bool, typer.Option("--starts-over", help="The owner lost the second factor: there is none once it is used.")
    ] = False,
) -> None:
    """Make a one-time code for the first sign-in or a forgotten password, print it once; it is handed over in person.

    Families get theirs from the class teacher or the office (POST /api/v1/codes).
    """
    with opened(Settings()) as school:
        check_opened(school)
        account = school.store.owner_of(f"login/{login.casefold()}")
        if account is None:
            raise Unusable(f"there is no account {login!r}: open one with the command open-account")
        actor = cli_actor(OPERATOR)
        (issued,) = school.signing.issue_codes(actor, [account], days=days, starts_over=starts_over)
    out.print(issued.code, markup=False)


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


def reports_position(school: School) -> int:
    """Answer how far the reports are: 0 when they are not built, or their files were deleted."""
    try:
        return school.read.position()
    except NoGenerationError:
        return 0


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is here: school, events, how far the reports are."""
    with opened(Settings()) as school:
        state = school.states.fresh(SchoolState, SCHOOL)
        last, live = school.store.last_position(), school.read.live()
        position = reports_position(school)
        figures = {
            "school": state.name,
            "simulated": state.simulated,
            "place": place(school.settings),
            "schema": schema_version(school),
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
