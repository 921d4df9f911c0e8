"""Verbs that take the school's data out: export oneroster."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ejd.app import opened, system_clock
from ejd.cli.parts import Unusable, app, build_if_needed, check_opened, out
from ejd.kernel.calendar import local_day
from ejd.settings import Settings

exporting = typer.Typer(no_args_is_help=True, help="Take the school's data out: `ejd export oneroster --year 2026/27`.")
app.add_typer(exporting, name="export")


@exporting.command("oneroster")
def export_oneroster(
    year: Annotated[str | None, typer.Option("--year", help="Academic year, e.g. 2026/27; the present one.")] = None,
    to: Annotated[Path, typer.Option("--out", help="The zip to write.")] = Path("oneroster.zip"),
) -> None:
    """Write a year as a OneRoster 1.2 package: people, classes, enrollments, marks, final marks."""
    from ejd.exports.oneroster_package import made_at, oneroster_package  # noqa: PLC0415 - only this verb needs it
    from ejd_projections import school_catalogue as catalogue  # noqa: PLC0415

    with opened(Settings()) as school:
        check_opened(school)
        build_if_needed(school)
        school.feeder.run_to_end()
        with school.read.snapshot() as snapshot:
            c = snapshot.connection
            known, about = catalogue.years(c), catalogue.school(c)
            names = ", ".join(one.name for one in known) or "none yet"
            if about is None or not known:
                raise Unusable("there is no academic year to export: open one first")
            today = local_day(system_clock(), about.timezone)
            chosen = catalogue.find_year(c, day=today.isoformat())
            if year is not None:
                found = [one for one in known if one.name == " ".join(year.split())]
                if not found:
                    raise Unusable(f"there is no academic year {year}: the school has {names}")
                chosen = found[0]
            at = made_at(system_clock(), about.timezone)
            package = oneroster_package(c, about, chosen, day=today.isoformat(), made_at=at)
            with closing(package), to.open("wb") as file:
                shutil.copyfileobj(package, file)
    out.print(f"{chosen.name} is in {to}", markup=False)
