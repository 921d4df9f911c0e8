"""A production calendar from a file: JSON as the command takes it, or CSV with one holiday or transfer a line."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from ejd.imports.safe_xml import ImportRefused
from ejd_commands.production import TakeProductionCalendar

FILE_BYTES_MAX = 256 * 1024
ROWS_MAX = 500
COLUMNS = ("дата", "название", "перенесён на")
"""Headings of the CSV: a line with a third cell says that the day off of the first is on that day."""
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y")


def command_from(path: Path, year: str) -> TakeProductionCalendar:
    """Answer the command for an academic year (its id); raises ImportRefused and pydantic's ValidationError."""
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ImportRefused(f"{path.name} has more than {FILE_BYTES_MAX} bytes: that is no calendar")
    text = _text(path.name, content)
    fields = _from_json(path.name, text) if path.suffix.lower() == ".json" else _from_csv(path.name, text)
    return TakeProductionCalendar.model_validate({"year": year, **fields})


def _text(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportRefused(f"{name} is neither UTF-8 nor Windows-1251: save it as CSV (UTF-8)")


def _from_json(name: str, text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ImportRefused(f'{name} is no JSON: write {{"holidays": [{{"day": …, "title": …}}]}}') from None
    if not isinstance(fields, dict) or not {"holidays"} <= set(fields) <= {"holidays", "transfers"}:
        raise ImportRefused(f"{name} is an object with holidays and, if there are any, transfers: nothing else")
    return fields


def _from_csv(name: str, text: str) -> dict[str, Any]:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ImportRefused(f"{name} is no CSV that can be read: {error}") from None
    heading = tuple(cell.strip().casefold().replace("е", "ё") for cell in rows[0]) if rows else ()
    if heading != tuple(cell.replace("е", "ё") for cell in COLUMNS):
        raise ImportRefused(f"{name}: the first line has the headings {', '.join(COLUMNS)}")
    if len(rows) > ROWS_MAX:
        raise ImportRefused(f"{name} has more than {ROWS_MAX} lines: that is no calendar of two years")
    holidays, transfers = [], []
    for number, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != len(COLUMNS):
            raise ImportRefused(f"{name}, line {number}: {len(cells)} cells, {len(COLUMNS)} are needed")
        day = _day(name, number, cells[0])
        if cells[2]:
            transfers.append({"old": day.isoformat(), "new": _day(name, number, cells[2]).isoformat()})
        else:
            holidays.append({"day": day.isoformat(), "title": cells[1]})
    return {"holidays": holidays, "transfers": transfers}


def _day(name: str, number: int, text: str) -> date:
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the school's calendar
        except ValueError:
            continue
    raise ImportRefused(f"{name}, line {number}: {text!r} is no date, write it as 31.12.2026")
