"""Tables from strangers, within named limits: CSV in the encodings and shapes that schools have."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from ejd.exports.spreadsheet import TEXT_MARK, is_formula
from ejd.imports.roster_file import ROWS_MAX, At
from ejd.imports.safe_xml import FILE_BYTES_MAX, ImportRefused, shown

__all__ = [
    "CELL_CHARACTERS_MAX",
    "COLUMNS_MAX",
    "SNIFFED_CHARACTERS",
    "Cell",
    "Row",
    "Table",
    "decoded",
    "heading_key",
    "read_csv",
    "safely",
    "text_of",
]

COLUMNS_MAX: Final = 200
"""The widest table of OneRoster 1.2 has 28 columns and may have extensions."""
CELL_CHARACTERS_MAX: Final = 10_000
"""A list of ids in one cell may be long; a name is refused by its own limit later."""
SNIFFED_CHARACTERS: Final = 4_000

_RUN: Final = frozenset("=+-@＝＋－＠")
Cell = str | int | float | bool | date | datetime | None


class Row(NamedTuple):
    """One row below the heading: where it is, its cells by heading, what is wrong with single cells."""

    at: At
    cells: Mapping[str, Cell]
    faults: Mapping[str, str] = {}

    def text(self, heading: str) -> str:
        """Answer a cell as one line of text, "" where there is none."""
        return text_of(self.cells.get(heading))


class Table(NamedTuple):
    """A heading and its rows, which can be read once."""

    file: str
    sheet: str
    headings: tuple[str, ...]
    rows: Iterator[Row]


def text_of(cell: Cell) -> str:
    """Answer what a spreadsheet shows: whole numbers without a fraction, days as in OneRoster.

    An apostrophe before = + - @ was put there so that no program runs the text (`ejd.exports`): it is taken off.
    """
    match cell:
        case str() if cell[:1] == "'" and cell[1:].lstrip()[:1] in _RUN:
            return " ".join(cell[1:].split())
        case None:
            return ""
        case str():
            return " ".join(cell.split())
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date():
            return cell.strftime("%Y-%m-%d")
        case _:
            return str(cell)


def heading_key(text: str) -> str:
    """Answer what two ways to write a heading have in common: case, ё, blanks and marks at the end do not count."""
    return " ".join(text.casefold().replace("ё", "е").split()).strip(" *:.")


def read_csv(content: bytes, file: str, delimiters: str = ",;\t") -> Table:
    """Answer the table of a CSV file; raises ImportRefused.

    Understood are UTF-8 with or without its mark, UTF-16 with it, and else cp1251; commas, semicolons, tabs.
    """
    if len(content) > FILE_BYTES_MAX:
        raise ImportRefused(
            f"The file {shown(file)} has more than {FILE_BYTES_MAX // 2**20} MiB: split it, or export one school."
        )
    text = decoded(content, file)
    first = text[:SNIFFED_CHARACTERS].lstrip().partition("\n")[0]
    delimiter = max(delimiters, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headings, line = _heading(lines, file)
    return Table(file, "", headings, _rows(lines, headings, file, line))


def decoded(content: bytes, file: str) -> str:
    """Answer the text of a file; raises ImportRefused for one that is none."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (b"", "utf-8"),
        (b"", "cp1251"),
    ):
        if content.startswith(mark):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" in text:
                raise ImportRefused(f"The file {shown(file)} is no text: choose a CSV file.")
            return text
    raise ImportRefused(f"The file {shown(file)} is neither UTF-8 nor windows-1251: save it as CSV UTF-8.")


def _heading(lines: Iterator[list[str]], file: str) -> tuple[tuple[str, ...], int]:
    number = 0
    for number, cells in enumerate(safely(lines, file), start=1):
        if any(cell.strip() for cell in cells):
            return checked_headings(cells, file), number
    raise ImportRefused(f"The file {shown(file)} is empty: export it again.")


def checked_headings(cells: Sequence[str], file: str) -> tuple[str, ...]:
    """Answer the headings, unnamed columns at the end left out; raises ImportRefused for too many or a repeated one."""
    if len(cells) > COLUMNS_MAX:
        raise ImportRefused(f"The file {shown(file)} has more than {COLUMNS_MAX} columns: leave out what is not asked.")
    headings = [" ".join(cell.split()) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    keys = [heading_key(each) for each in headings if each]
    for each in keys:
        if keys.count(each) > 1:
            raise ImportRefused(f"The file {shown(file)} has the column {shown(each)} twice: leave one of them.")
    return tuple(headings)


def _rows(lines: Iterator[list[str]], headings: Sequence[str], file: str, line: int) -> Iterator[Row]:
    for number, cells in enumerate(safely(lines, file), start=line + 1):
        if number > ROWS_MAX + line:
            raise ImportRefused(f"The file {shown(file)} has more than {ROWS_MAX} rows: export one school at a time.")
        if not any(cell.strip() for cell in cells):
            continue
        at = At(file, "", number)
        if len(cells) > len(headings) and any(cell.strip() for cell in cells[len(headings) :]):
            yield Row(at, dict(zip(headings, cells, strict=False)), {"": "the row has more cells than the heading"})
            continue
        if any(len(cell) > CELL_CHARACTERS_MAX for cell in cells):
            yield Row(at, {}, {"": f"a cell has more than {CELL_CHARACTERS_MAX} characters"})
            continue
        yield Row(at, {name: unmarked(cell) for name, cell in zip(headings, cells, strict=False) if name})


def unmarked(cell: str) -> str:
    """Answer a cell without the apostrophe that our own exports put before what a program could run."""
    text = cell.removeprefix(TEXT_MARK)
    return text if len(text) < len(cell) and is_formula(text) else cell


def safely(lines: Iterator[list[str]], file: str) -> Iterator[list[str]]:
    """Yield the rows of a CSV file; raises ImportRefused where it breaks."""
    while True:
        try:
            yield next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportRefused(
                f"The file {shown(file)} is no whole CSV file ({error}): save it again from the program it is from."
            ) from None
