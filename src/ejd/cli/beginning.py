"""Verbs that make a school: init, demo."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from ejd.app import initialise, opened, system_clock
from ejd.cli.parts import Unusable, app, bar, build_if_needed, out, place, run_server
from ejd.founding import Founding, Head, found
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
