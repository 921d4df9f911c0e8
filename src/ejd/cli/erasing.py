"""Verbs for erasures: list what the ledger has, carry out what waits, repeat after a restore."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ejd.access.ledger import ErasureLedger
from ejd.app import School, opened
from ejd.cli.parts import Unusable, app, check_opened, out
from ejd.jobs.erasing import WAIT_SECONDS
from ejd.settings import Settings

ROUNDS_MAX = 100
PAUSE_SECONDS = 0.5

erasures = typer.Typer(
    no_args_is_help=True,
    help="Erased persons: `ejd erasures list`, `ejd erasures finish`, after a restore `ejd erasures replay LEDGER`.",
)
app.add_typer(erasures, name="erasures")


@erasures.command("list")
def list_erasures() -> None:
    """Print the ledger: person, request, and when it was approved (microseconds since 1970 UTC); ids only."""
    for entry in ErasureLedger(Settings().erasure_ledger_path).entries():
        out.print(f"{entry.person} {entry.request} {entry.approved_at}", markup=False)


@erasures.command()
def finish() -> None:
    """Carry out approved erasures now, also those that a killed service left half done."""
    with opened(Settings()) as school:
        check_opened(school)
        _finish(school)


@erasures.command()
def replay(
    ledger: Annotated[Path, typer.Argument(help="The copy of the erasure ledger that was kept elsewhere.")],
) -> None:
    """After a restore, before the service runs: erase again whom the ledger names. Repeatable."""
    if not ledger.is_file():
        raise Unusable(f"there is no ledger at {ledger}: name the copy that was kept elsewhere")
    settings = Settings()
    own = ErasureLedger(settings.erasure_ledger_path)
    taken = sum(
        own.note(person=entry.person, request=entry.request, approved_at=entry.approved_at)
        for entry in ErasureLedger(ledger).entries()
    )
    out.print(f"{taken} erasures were not in the ledger here")
    with opened(settings) as school:
        check_opened(school)
        _finish(school)


def _finish(school: School) -> None:
    """Run the job until nothing is left; each round waits until every process has noticed what was destroyed."""
    for _ in range(ROUNDS_MAX):
        left = school.erasing.run()
        if school.read.live() is not None:
            school.feeder.run_to_end()
        if not left:
            out.print("nothing is left to erase")
            return
        time.sleep(min(PAUSE_SECONDS, WAIT_SECONDS))
    raise Unusable("erasures are not finished: does a service run that builds the reports just now? Try again later")
