"""Tables as CSV and XLSX; whatever stands in a cell is text, a number or a time there, and never a formula.

CSV is as Excel opens it where Russian is the language of the machine: semicolons, CRLF, UTF-8 with its mark.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

CELL_CHARACTERS_MAX = 32_767
"""Of one cell in Excel; what is longer is cut, and ends in CUT."""
CUT = "…"
ROWS_MAX = 1_048_575
"""Of one sheet below its heading."""
SHEET_NAME_CHARACTERS_MAX = 31
WIDTH_MAX = 60
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a text begins that some spreadsheet program takes for a formula (OWASP, CSV injection), full-width signs too."""
TEXT_MARK = "'"
"""Put before such a text in CSV: programs show it, or take it as the sign that text follows."""
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Value = str | int | date | datetime | None
"""Times are those that the reader's clock showed: without a zone."""


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column, and how wide it is in letters."""

    heading: str
    width: int = 14


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


def is_formula(text: str) -> bool:
    """Say whether a program could take the text for a formula."""
    return FORMULA.match(text) is not None


def to_csv(sheet: Sheet) -> bytes:
    """Answer the table as CSV."""
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_csv_text(column.heading) for column in sheet.columns])
    writer.writerows([_csv_text(value) for value in row] for row in sheet.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _csv_text(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            text = _within(value)
            return TEXT_MARK + text if is_formula(text) else text
        case datetime():
            return f"{value:%d.%m.%Y %H:%M:%S}"
        case date():
            return f"{value:%d.%m.%Y}"
        case _:
            return str(value)


def _within(text: str) -> str:
    return text if len(text) < CELL_CHARACTERS_MAX else text[: CELL_CHARACTERS_MAX - 1 - len(CUT)] + CUT


def to_xlsx(sheet: Sheet, *, made_at: datetime) -> bytes:
    """Answer the table as a workbook of one sheet with a fixed heading and filters; ValueError above ROWS_MAX."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": sheet.title, "created": made_at})
        page = book.add_worksheet(sheet.title[:SHEET_NAME_CHARACTERS_MAX])
        page.freeze_panes(1, 0)
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        write = _Writer(book, page)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, min(column.width, WIDTH_MAX))
            page.write_string(0, place, column.heading, heading)
        count = 0
        for count, row in enumerate(sheet.rows, start=1):
            if count > ROWS_MAX:
                msg = f"a sheet holds {ROWS_MAX} rows: choose fewer"
                raise ValueError(msg)
            for place, value in enumerate(row):
                write.cell(count, place, value)
        page.autofilter(0, 0, count, len(sheet.columns) - 1)
    return out.getvalue()


class _Writer:
    """Writes values by their type, never by what they look like."""

    def __init__(self, book: Any, page: Any) -> None:
        self._page = page
        self._day = book.add_format({"num_format": "dd.mm.yyyy"})
        self._moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"})
        self._quoted = book.add_format({"quote_prefix": True})

    def cell(self, row: int, place: int, value: Value) -> None:
        match value:
            case None | "":
                return
            case str():
                text = _within(value)
                self._page.write_string(row, place, text, self._quoted if is_formula(text) else None)
            case datetime():
                self._page.write_datetime(row, place, value, self._moment)
            case date():
                self._page.write_datetime(row, place, value, self._day)
            case _:
                self._page.write_number(row, place, value)
