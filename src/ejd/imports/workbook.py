"""Workbooks from strangers: looked through before anything is read, then read by calamine.

A workbook is a zip of XML. Refused before reading are zips that would unpack to too much, document types and
entities, locked files, and sheets wider or longer than any list of a school. Formulas are found in the XML, since a
reader answers only what they last came to: a cell with one is refused by name.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from defusedxml import ElementTree as SafeTree
from python_calamine import CalamineError, CalamineWorkbook

from ejd.imports.packed import open_zip, unpacked
from ejd.imports.roster_file import ROWS_MAX
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.tables import CELL_CHARACTERS_MAX, COLUMNS_MAX, Cell

__all__ = ["Grid", "read_workbook"]

SHEETS_MAX: Final = 100
MERGED_CELLS_MAX: Final = 20_000
PART_LOOKED_BACK: Final = 4_000
"""Before a formula its cell's start is looked for so far."""
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_MERGED: Final = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_CELL: Final = re.compile(rb"\sr=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_FORBIDDEN: Final = (b"<!DOCTYPE", b"<!ENTITY")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Grid(NamedTuple):
    """The cells of a sheet by row and column from 0; where formulas stand; how many cells were merged into others."""

    file: str
    sheet: str
    rows: list[list[Cell]]
    formulas: frozenset[tuple[int, int]] = frozenset()
    merged: int = 0


class _Marks(NamedTuple):
    """What the XML of a sheet tells beside the values."""

    formulas: frozenset[tuple[int, int]]
    merged: tuple[tuple[int, int, int, int], ...]


def read_workbook(content: bytes, file: str) -> list[Grid]:
    """Answer the sheets of an XLSX workbook in their order; raises ImportRefused."""
    with open_zip(content, file) as packed:
        names = {member.filename for member in packed.infolist()}
        if "xl/workbook.xml" not in names:
            raise ImportRefused(
                f"The file {shown(file)} is a zip and not an XLSX workbook, whatever its name says: unpack it and give"
                " the lists in it, or bring a OneRoster zip in as OneRoster."
            )
        marks = _looked_through(packed, file)
    grids: list[Grid] = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names[: SHEETS_MAX + 1]:
            found = marks.get(name, _Marks(frozenset(), ()))
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            grids.append(_grid(file, name, [[_cell(each) for each in row] for row in rows], found))
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile):
        raise _broken(file) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a fault of the reader in Rust, which is no Exception
            raise
        raise _broken(file) from None
    if len(grids) > SHEETS_MAX:
        raise ImportRefused(
            f"The workbook {shown(file)} has more than {SHEETS_MAX} sheets: leave out what is not asked."
        )
    return grids


def _broken(file: str) -> ImportRefused:
    return ImportRefused(f"The workbook {shown(file)} is broken or locked with a password: save it again as .xlsx.")


def _looked_through(packed: zipfile.ZipFile, file: str) -> dict[str, _Marks]:
    """Answer what the sheets' XML tells, by sheet name; raises ImportRefused for what no list of a school has."""
    by_part: dict[str, _Marks] = {}
    tree: dict[str, bytes] = {}
    for member in packed.infolist():
        name = member.filename
        if not name.endswith((".xml", ".rels", ".vml")):
            continue
        part = unpacked(packed, member, file)
        if any(each in part for each in _FORBIDDEN) or part.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImportRefused(
                f"The workbook {shown(file)} declares a document type or entities, which can hide an attack:"
                " save it again in Excel or LibreOffice."
            )
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            by_part[name] = _marks(part, file)
        elif name in {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}:
            tree[name] = part
    return {name: by_part[part] for name, part in _parts(tree, file) if part in by_part}


def _parts(tree: dict[str, bytes], file: str) -> Iterator[tuple[str, str]]:
    """Yield the names of sheets with the parts in which they stand."""
    try:
        targets = {
            each.get("Id", ""): each.get("Target", "")
            for each in SafeTree.fromstring(tree.get("xl/_rels/workbook.xml.rels", b"<none/>"), forbid_dtd=True)
        }
        sheets = [
            each for each in SafeTree.fromstring(tree["xl/workbook.xml"], forbid_dtd=True).iter() if _is_sheet(each.tag)
        ]
    except (SafeTree.ParseError, ValueError, LookupError):
        raise _broken(file) from None
    for each in sheets:
        target = targets.get(each.get(_RELATION, ""), "")
        yield each.get("name", ""), target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _is_sheet(tag: object) -> bool:
    return isinstance(tag, str) and tag.rpartition("}")[2] == "sheet"


def _marks(part: bytes, file: str) -> _Marks:
    for letters, digits in _CELL.findall(part):
        if _column(letters) >= COLUMNS_MAX or int(digits) > ROWS_MAX:
            raise ImportRefused(
                f"A sheet of {shown(file)} has more than {COLUMNS_MAX} columns or {ROWS_MAX} rows: leave out the rest."
            )
    formulas: set[tuple[int, int]] = set()
    for match in _FORMULA.finditer(part):
        before = part[max(0, match.start() - PART_LOOKED_BACK) : match.start()]
        cells = list(_CELL.finditer(before[before.rfind(b"<c") if b"<c" in before else 0 :]))
        if not cells:
            raise ImportRefused(f"The workbook {shown(file)} has formulas in cells without names: save values only.")
        formulas.add((int(cells[-1][2]) - 1, _column(cells[-1][1])))
    merged = tuple(
        (int(top) - 1, _column(left), int(bottom) - 1, _column(right))
        for left, top, right, bottom in _MERGED.findall(part)
    )
    if sum(max(0, (b - t + 1) * (r - left + 1)) for t, left, b, r in merged) > MERGED_CELLS_MAX:
        raise ImportRefused(f"A sheet of {shown(file)} merges more than {MERGED_CELLS_MAX} cells: unmerge them.")
    return _Marks(frozenset(formulas), merged)


def _column(letters: bytes) -> int:
    number = 0
    for each in letters:
        number = number * 26 + each - 64
    return number - 1


def _cell(value: object) -> Cell:
    """Answer the value; texts longer than a list has are cut, times of day are texts."""
    if value is None or isinstance(value, str | int | float | bool):
        return value[: CELL_CHARACTERS_MAX + 1] if isinstance(value, str) else value
    return value if isinstance(value, date) else str(value)


def _grid(file: str, sheet: str, rows: list[list[Cell]], marks: _Marks) -> Grid:
    """Answer the cells with the value of a merged one in each of its cells."""
    filled = 0
    for top, left, bottom, right in marks.merged:
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else None
        for row in range(top, min(bottom + 1, len(rows))):
            for column in range(left, min(right + 1, len(rows[row]))):
                if (row, column) != (top, left) and value not in {None, ""}:
                    rows[row][column] = value
                    filled += 1
    return Grid(file, sheet, rows, marks.formulas, filled)
