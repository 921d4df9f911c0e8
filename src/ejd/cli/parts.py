"""What the verbs share: where they print, progress, the school of the settings, sentences instead of tracebacks."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.school import SchoolState
from ejd.read.rebuild import ensure_built

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ejd.app import School
    from ejd.settings import Settings

app = typer.Typer(
    name="ejd",
    help="A school journal that can prove itself.\n\nBegin with `ejd demo --serve`, or `ejd init` and `ejd serve`. "
    " Settings are environment variables (EJD_DATA_DIR, EJD_DATABASE_URL …), listed in docs/catalogues.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
importing = typer.Typer(
    no_args_is_help=True,
    help="Bring files in: `ejd import fet FILE --year 2026/27`, `ejd import oneroster FILE`.",
)
app.add_typer(importing, name="import")

out = Console(highlight=False, soft_wrap=True)


class Unusable(Exception):
    """What was asked for cannot be done here; the text says what to do instead."""


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


def place(settings: Settings) -> str:
    """Answer where the school is, without any password."""
    return str(settings.data_dir) if settings.database_url is None else f"PostgreSQL, schema {settings.school}"


def check_opened(school: School) -> None:
    """Raise Unusable when there is no school yet."""
    if not school.states.fresh(SchoolState, SCHOOL).name:
        raise Unusable("there is no school here yet: make one with `ejd init --name …` or `ejd demo`")


def run_server(school: School, host: str, port: int, *, feeder: bool) -> None:
    """Serve until interrupted."""
    import uvicorn  # noqa: PLC0415 - the other verbs start faster without it

    from ejd.http.logs import make_log  # noqa: PLC0415
    from ejd.http.service import create_http  # noqa: PLC0415
    from ejd.http.serving import config_of  # noqa: PLC0415

    application = create_http(school, feed=feeder, log=make_log(school.settings.log_level))
    gc.freeze()  # what is here by now stays: the collector need not look at it again (p99 of reports: 56 to 9 ms)
    uvicorn.Server(config_of(application, host=host, port=port, log_level=school.settings.log_level)).run()


def build_if_needed(school: School) -> None:
    """Build the read model beside the live one when this version of ejd needs it."""
    with bar("building the reports") as progress:
        ensure_built(school.read, school.workshop, progress=progress)
