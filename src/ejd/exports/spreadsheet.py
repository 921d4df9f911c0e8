"""Tables as CSV and XLSX; whatever stands in a cell is text, a number or a time there, and never a formula.

CSV is as Excel opens it where Russian is the language of the machine: semicolons, CRLF, UTF-8 with its mark.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import groupby
from typing import Any

import xlsxwriter

CELL_CHARACTERS_MAX = 32_767
"""Of one cell in Excel; what is longer is cut, and ends in CUT."""
CUT = "…"
ROWS_MAX = 1_048_575
"""Of one sheet below its heading."""
SHEET_NAME_CHARACTERS_MAX = 31
SHEETS_MAX = 100
"""Of one workbook; a class has some twenty journals."""
WIDTH_MAX = 60
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
FOOTER_CHARACTERS_MAX = 255
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a text begins that some spreadsheet program takes for a formula (OWASP, CSV injection), full-width signs too."""
TEXT_MARK = "'"
"""Put before such a text in CSV: programs show it, or take it as the sign that text follows."""
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Value = str | int | Decimal | date | datetime | None
"""Times are those that the reader's clock showed: without a zone."""


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column, and how wide it is in letters."""

    heading: str
    width: int = 14
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table; `above` are lines over it and `merged` so many first columns whose equal cells are one, in XLSX."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]
    above: Sequence[str] = ()
    merged: int = 0


def hundredths(count: int | None) -> Decimal | None:
    """Answer a number that a report keeps in hundredths."""
    return None if count is None else Decimal(count).scaleb(-2)


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
        case Decimal():
            return str(value).replace(".", ",")
        case _:
            return str(value)


def _within(text: str) -> str:
    return text if len(text) < CELL_CHARACTERS_MAX else text[: CELL_CHARACTERS_MAX - 1 - len(CUT)] + CUT


def to_xlsx(sheets: Sheet | Sequence[Sheet], *, made_at: datetime, note: str = "") -> bytes:
    """Answer tables as a workbook, each on a sheet with a fixed heading and filters; `note` is printed under them.

    Raises ValueError above ROWS_MAX rows or SHEETS_MAX sheets.
    """
    every = [sheets] if isinstance(sheets, Sheet) else sheets
    if not 1 <= len(every) <= SHEETS_MAX:
        msg = f"a workbook holds 1 to {SHEETS_MAX} sheets, not {len(every)}: choose fewer"
        raise ValueError(msg)
    out = BytesIO()
    # merging writes into rows that were written before, which the frugal mode has forgotten
    frugal = not any(sheet.merged for sheet in every)
    with xlsxwriter.Workbook(out, {"constant_memory": frugal, "strings_to_formulas": False}) as book:
        book.set_properties({"title": every[0].title, "created": made_at})
        formats = _Formats(book)
        taken: set[str] = set()
        for sheet in every:
            page = book.add_worksheet(_sheet_name(sheet.title, taken))
            if note:
                page.set_footer(f"&L{note}&R&P / &N"[:FOOTER_CHARACTERS_MAX])
            _write_sheet(page, sheet, formats)
    return out.getvalue()


def _sheet_name(title: str, taken: set[str]) -> str:
    """Answer a name that Excel takes and that no other sheet has; case does not matter to it."""
    plain = NOT_IN_SHEET_NAMES.sub(" ", title).strip().strip("'") or "Лист"
    name = plain[:SHEET_NAME_CHARACTERS_MAX]
    number = 1
    while name.casefold() in taken:
        number += 1
        mark = f" ({number})"
        name = plain[: SHEET_NAME_CHARACTERS_MAX - len(mark)] + mark
    taken.add(name.casefold())
    return name


def _write_sheet(page: Any, sheet: Sheet, formats: _Formats) -> None:
    top = len(sheet.above)
    page.freeze_panes(top + 1, sheet.merged)
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, min(column.width, WIDTH_MAX), formats.wrapped if column.wrap else None)
    for line, text in enumerate(sheet.above):
        page.write_string(line, 0, _within(text), formats.above)
    for place, column in enumerate(sheet.columns):
        page.write_string(top, place, column.heading, formats.heading)
    write = _Writer(page, formats, [column.wrap for column in sheet.columns])
    first: list[Sequence[Value]] = []
    count = 0
    for count, row in enumerate(sheet.rows, start=1):
        if count > ROWS_MAX:
            msg = f"a sheet holds {ROWS_MAX} rows: choose fewer"
            raise ValueError(msg)
        for place, value in enumerate(row):
            write.cell(top + count, place, value)
        if sheet.merged:
            first.append(tuple(row[: sheet.merged]))
    page.autofilter(top, 0, top + count, len(sheet.columns) - 1)
    _merge(page, first, top + 1, formats)


def _merge(page: Any, rows: Sequence[Sequence[Value]], top: int, formats: _Formats) -> None:
    """Make one cell of equal neighbours below each other, column by column, within what is one cell to the left."""
    for place in range(len(rows[0]) if rows else 0):
        begins = 0
        for _, alike in groupby(row[: place + 1] for row in rows):
            height = len(list(alike))
            if height > 1:
                value = _csv_text(rows[begins][place])
                page.merge_range(top + begins, place, top + begins + height - 1, place, value, formats.merged)
            begins += height


class _Formats:
    """What cells look like, once for a workbook."""

    def __init__(self, book: Any) -> None:
        self.above = book.add_format({"bold": True})
        self.heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.merged = book.add_format({"text_wrap": True, "valign": "vcenter", "align": "center"})
        self.day = book.add_format({"num_format": "dd.mm.yyyy"})
        self.moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"})
        self.fraction = book.add_format({"num_format": "0.00"})
        self.quoted = book.add_format({"quote_prefix": True})
        self.quoted_wrapped = book.add_format({"quote_prefix": True, "text_wrap": True, "valign": "top"})


class _Writer:
    """Writes values by their type, never by what they look like."""

    def __init__(self, page: Any, formats: _Formats, wraps: Sequence[bool]) -> None:
        self._page, self._formats, self._wraps = page, formats, wraps

    def cell(self, row: int, place: int, value: Value) -> None:
        formats = self._formats
        match value:
            case None | "":
                return
            case str():
                text = _within(value)
                plain = formats.wrapped if self._wraps[place] else None
                quoted = formats.quoted_wrapped if self._wraps[place] else formats.quoted
                self._page.write_string(row, place, text, quoted if is_formula(text) else plain)
            case datetime():
                self._page.write_datetime(row, place, value, formats.moment)
            case date():
                self._page.write_datetime(row, place, value, formats.day)
            case Decimal():
                self._page.write_number(row, place, float(value), formats.fraction)
            case _:
                self._page.write_number(row, place, value)
