"""A production calendar from a file: JSON as the command takes it, or CSV with one holiday or transfer a line.

A calendar is whole: while a row of it is refused, nothing of it is taken.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from io import StringIO
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from ejd.imports.roster_file import At, Refused, refused
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.command import Refusal
from ejd_commands.production import TakeProductionCalendar

__all__ = ["FILE_BYTES_MAX", "ROWS_MAX", "CalendarFile", "read_calendar"]

FILE_BYTES_MAX: Final = 256 * 1024
ROWS_MAX: Final = 500
DAY, TITLE, MOVED = COLUMNS = ("дата", "название", "перенесён на")
"""Headings of the CSV: a line with a third cell says that the day off of the first is on that day."""
DATE_FORMATS: Final = ("%Y-%m-%d", "%d.%m.%Y")
_COLUMN_OF: Final = {"day": DAY, "old": DAY, "title": TITLE, "new": MOVED}

Words = Callable[[Mapping[str, Any]], str]
"""What pydantic finds wrong, as a sentence."""


class CalendarFile(NamedTuple):
    """What a file says: fields of the command, the rows that they stand in, and the rows that say nothing sound."""

    name: str
    fields: dict[str, Any]
    rows: Mapping[str, Sequence[int]]
    """By field the row of each entry; empty for JSON, whose entries are counted."""
    refusals: tuple[Refused, ...] = ()

    def command(self, year: str, words: Words, **options: Any) -> TakeProductionCalendar | tuple[Refused, ...]:
        """Answer the command for an academic year (its id), or all rows that are refused.

        Raises ImportRefused for what is wrong with the file as a whole.
        """
        if self.refusals:
            return self.refusals
        try:
            return TakeProductionCalendar.model_validate({"year": year, **self.fields, **options})
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
            found = [self._refused(one["loc"], words(one)) for one in wrong]
        rows = tuple(one for one in found if one is not None)
        if not rows:
            raise ImportRefused(f"{self.name} is no calendar: of its holidays or transfers {words(wrong[0])}")
        return rows

    def refused_by(self, refusal: Refusal) -> Refused | None:
        """Answer the row that a rule says no to; None when it is not about a row."""
        path = (refusal.field or "").split(".")
        return self._refused([int(one) if one.isdecimal() else one for one in path], refusal.sentence)

    def _refused(self, path: Sequence[str | int], reason: str) -> Refused | None:
        match [*path, ""]:
            case [str(field), int(place), str(part), *_] if field in self.fields:
                rows = self.rows.get(field)
                at = At(self.name, field, place + 1) if rows is None else At(self.name, "", rows[place])
                return refused(at, reason, part if rows is None else _COLUMN_OF.get(part, ""))
            case _:
                return None


def read_calendar(name: str, content: bytes) -> CalendarFile:
    """Read a file, by its name JSON or CSV; raises ImportRefused for what is no calendar at all."""
    if len(content) > FILE_BYTES_MAX:
        raise ImportRefused(f"{name} has more than {FILE_BYTES_MAX} bytes: that is no calendar")
    text = _text(name, content)
    return _from_json(name, text) if name.lower().endswith(".json") else _from_csv(name, text)


def _text(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportRefused(f"{name} is neither UTF-8 nor Windows-1251: save it as CSV (UTF-8)")


def _from_json(name: str, text: str) -> CalendarFile:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ImportRefused(f'{name} is no JSON: write {{"holidays": [{{"day": …, "title": …}}]}}') from None
    if not isinstance(fields, dict) or not {"holidays"} <= set(fields) <= {"holidays", "transfers"}:
        raise ImportRefused(f"{name} is an object with holidays and, if there are any, transfers: nothing else")
    if not all(isinstance(one, list) for one in fields.values()):
        raise ImportRefused(f"{name}: holidays and transfers are lists")
    if sum(len(one) for one in fields.values()) > ROWS_MAX:
        raise ImportRefused(f"{name} has more than {ROWS_MAX} entries: that is no calendar of two years")
    return CalendarFile(name, fields, {})


def _from_csv(name: str, text: str) -> CalendarFile:
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
    reading = _Reading(name)
    for number, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in row]
        if any(cells):
            reading.take(number, cells)
    fields = {"holidays": reading.holidays, "transfers": reading.transfers}
    return CalendarFile(name, fields, reading.rows, tuple(reading.refusals))


class _Reading:
    """Takes one line after another; those that say nothing sound are refused by name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: dict[tuple[str, date], int] = {}
        self.holidays: list[dict[str, str]] = []
        self.transfers: list[dict[str, str]] = []
        self.rows: dict[str, list[int]] = {"holidays": [], "transfers": []}
        self.refusals: list[Refused] = []

    def take(self, row: int, cells: Sequence[str]) -> None:
        """Take a line that is not empty."""
        if len(cells) != len(COLUMNS):
            self._refuse(row, f"the line has {len(cells)} cells, {len(COLUMNS)} are needed")
            return
        field = "transfers" if cells[2] else "holidays"
        day, new = self._day(row, DAY, cells[0]), self._day(row, MOVED, cells[2]) if cells[2] else None
        if day is None or (cells[2] and new is None):
            return
        before = self._seen.setdefault((field, day), row)
        if before != row:
            self._refuse(row, f"the day stands in line {before} already: leave one of them", DAY, cells[0])
        elif new is not None:
            self.transfers.append({"old": day.isoformat(), "new": new.isoformat()})
        else:
            self.holidays.append({"day": day.isoformat(), "title": cells[1]})
        if before == row:
            self.rows[field].append(row)

    def _day(self, row: int, column: str, text: str) -> date | None:
        for form in DATE_FORMATS:
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the school's calendar
            except ValueError:
                continue
        self._refuse(row, "that is no date: write it as 31.12.2026", column, text)
        return None

    def _refuse(self, row: int, reason: str, column: str = "", value: str = "") -> None:
        self.refusals.append(refused(At(self._name, "", row), reason, column, value))
