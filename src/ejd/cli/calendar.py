"""Verbs for the calendar of a year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from uuid import uuid4

import typer

from ejd.app import opened
from ejd.cli.parts import Unusable, app, check_opened, out
from ejd.founding import IMPORTER, cli_actor
from ejd.handling.handler import Request
from ejd.imports.production_file import command_from
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.production import shipped
from ejd.kernel.states.school import YearState
from ejd.settings import Settings
from ejd_commands.fields import unique_key
from ejd_commands.production import TakeProductionCalendar

WEEKS: dict[str, Literal[5, 6]] = {"5": 5, "6": 6}


@app.command("production-calendar")
def production_calendar(
    year: Annotated[str, typer.Option(help="Name of the academic year, e.g. 2026/27.")],
    file: Annotated[Path | None, typer.Option(help="JSON or CSV instead of the calendar that comes along.")] = None,
    week: Annotated[str | None, typer.Option(help="Rules for 5 or 6 days a week; default: the year's cycle.")] = None,
    *,
    saturdays: Annotated[bool, typer.Option(help="Lessons on Saturdays that are to be worked.")] = True,
) -> None:
    """Take holidays and transferred days of a year from the official production calendar. Twice changes nothing."""
    if week not in {None, *WEEKS}:
        raise Unusable("--week is 5 or 6")
    with opened(Settings()) as school:
        check_opened(school)
        stream = school.store.owner_of(f"year/{unique_key(year)}")
        if stream is None:
            raise Unusable(f"there is no academic year {year!r}: open it with the command open-academic-year")
        try:
            command = TakeProductionCalendar(year=stream) if file is None else command_from(file, stream)
        except ImportRefused as refused:
            raise Unusable(str(refused)) from refused
        command = command.model_copy(
            update={
                "week_days": None if week is None else WEEKS[week],
                "worked": "as-the-free-day" if saturdays else "none",
            }
        )
        answer = school.handler.handle([Request(command, str(uuid4()))], cli_actor(IMPORTER))
        data = school.states.fresh(YearState, stream).data
    if file is None and data.first_day is not None and data.last_day is not None:
        for number in range(data.first_day.year, data.last_day.year + 1):
            one = shipped()[number]
            out.print(f"{number}: {one.source}; {one.note or one.confirmed}", markup=False)
    out.print(
        f"holidays: {len(data.holidays)}, worked: {len(data.transferred)}; "
        + ("changed" if answer.events else "everything was so already"),
        markup=False,
    )
