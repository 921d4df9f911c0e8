"""Verbs for the calendar of a year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

import typer

from ejd.app import opened
from ejd.cli.parts import Unusable, app, check_opened, out
from ejd.founding import IMPORTER, cli_actor
from ejd.handling.handler import Request
from ejd.http.wording import sentence_of
from ejd.imports.production_file import FILE_BYTES_MAX, read_calendar
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.production import shipped
from ejd.kernel.states.school import YearState
from ejd.settings import Settings
from ejd_commands.fields import unique_key
from ejd_commands.production import TakeProductionCalendar

ROWS_TOLD = 20
"""Refused rows of a file that are told."""
WEEKS: dict[str, Literal[5, 6]] = {"5": 5, "6": 6}


def _shipped(year: str, options: dict[str, Any]) -> TakeProductionCalendar:
    return TakeProductionCalendar.model_validate({"year": year, **options})


def _from_file(file: Path, year: str, options: dict[str, Any]) -> TakeProductionCalendar:
    """Answer the command of a file; raises Unusable with the rows that are refused."""
    with file.open("rb") as opened_file:
        content = opened_file.read(FILE_BYTES_MAX + 1)
    try:
        found = read_calendar(file.name, content).command(year, sentence_of, **options)
    except ImportRefused as refused:
        raise Unusable(str(refused)) from refused
    if isinstance(found, TakeProductionCalendar):
        return found
    lines = [f"{file.name}, {one.sheet or 'line'} {one.row}: {one.column} {one.reason}" for one in found[:ROWS_TOLD]]
    more = len(found) - len(lines)
    raise Unusable("\n".join(lines) + (f"\nand {more} more" if more else ""))


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
        options = {
            "week_days": None if week is None else WEEKS[week],
            "worked": "as-the-free-day" if saturdays else "none",
        }
        command = _from_file(file, stream, options) if file else _shipped(stream, options)
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
