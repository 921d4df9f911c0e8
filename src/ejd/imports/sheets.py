"""Lists as schools keep them, in XLSX or CSV: which list a sheet is, and its rows by field."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ejd.imports.roster_file import ROWS_MAX, At, Refused, refused
from ejd.imports.safe_xml import FILE_BYTES_MAX, ImportRefused, shown
from ejd.imports.sheet_words import EXAMPLE, LISTS, ListKind, known_headings
from ejd.imports.tables import (
    CELL_CHARACTERS_MAX,
    COLUMNS_MAX,
    SNIFFED_CHARACTERS,
    Cell,
    decoded,
    heading_key,
    safely,
    text_of,
)
from ejd.imports.workbook import Grid, read_workbook

__all__ = ["ListRow", "ReadList", "read_lists"]

HEADING_ROWS_MAX: Final = 20
"""Above the heading stand titles: «Список учеников 8А класса», «Утверждаю» …"""
HEADINGS_MIN: Final = 2
_ORDER: Final[tuple[ListKind, ...]] = (
    "curricula",
    "load",
    "members",
    "pupils",
    "staff",
    "groups",
    "classes",
    "subjects",
)
"""The list with more to ask is tried first: a list of pupils has everything that one of classes has."""
_MARKS: Final[Mapping[ListKind, frozenset[str]]] = {
    "curricula": frozenset({"curriculum", "subject", "hours"}),
    "load": frozenset({"teacher", "subject", "taught"}),
    "members": frozenset({"group", "family"}),
    "pupils": frozenset({"family", "given"}),
    "staff": frozenset({"family", "position"}),
    "groups": frozenset({"group", "classes"}),
    "classes": frozenset({"class"}),
    "subjects": frozenset({"subject"}),
}


class ListRow(NamedTuple):
    """One row: where it is, its texts and cells by field."""

    at: At
    texts: Mapping[str, str]
    cells: Mapping[str, Cell]
    headings: Mapping[str, str]

    def refuse(self, reason: str, field: str = "") -> Refused:
        """Answer a refusal of the row, or of one field of it."""
        return refused(self.at, reason, self.headings.get(field, ""), self.texts.get(field, ""))


class ReadList(NamedTuple):
    """A list with its rows; `title` is the sheet's or file's name, which may be a class."""

    kind: ListKind
    title: str
    rows: Sequence[ListRow]


class _Heading(NamedTuple):
    kind: ListKind
    row: int
    fields: Mapping[int, str]
    headings: Mapping[str, str]
    ignored: tuple[str, ...]


def read_lists(files: Mapping[str, bytes], refusals: list[Refused], notes: list[str]) -> Iterator[ReadList]:
    """Yield the lists in the files; raises ImportRefused for a file without any."""
    left = ROWS_MAX
    for file, content in files.items():
        grids = read_workbook(content, file) if content.startswith(b"PK") else [_csv_grid(content, file)]
        found = False
        for grid in grids:
            if grid.sheet in _WRITTEN:
                continue
            heading = _heading(grid)
            if heading is None:
                if any(any(text_of(each) for each in row) for row in grid.rows):
                    notes.append(f"{_place(grid)}: no list is recognised, the sheet is not read.")
                continue
            found = True
            rows = list(_rows(grid, heading, refusals))
            left -= len(rows)
            if left < 0:
                raise ImportRefused(f"The files have more than {ROWS_MAX} rows: import them in parts.")
            notes += _notes(grid, heading)
            yield ReadList(heading.kind, grid.sheet or file.rpartition(".")[0], rows)
        if not found:
            raise ImportRefused(
                f"The file {shown(file)} has none of the lists: take the headings of a template (`ejd template all`)."
            )


_WRITTEN: Final = frozenset({"Пояснения", "Значения"})
"""Sheets of a template that hold no list."""


def _csv_grid(content: bytes, file: str) -> Grid:
    if len(content) > FILE_BYTES_MAX:
        raise ImportRefused(f"The file {shown(file)} has more than {FILE_BYTES_MAX // 2**20} MiB: split it.")
    text = decoded(content, file)
    delimiter = max(";,\t", key=text[:SNIFFED_CHARACTERS].count)
    rows: list[list[Cell]] = []
    for cells in safely(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), file):
        if len(rows) > ROWS_MAX or len(cells) > COLUMNS_MAX:
            raise ImportRefused(
                f"The file {shown(file)} has more than {ROWS_MAX} rows or {COLUMNS_MAX} columns: split it."
            )
        rows.append(list(cells))
    return Grid(file, "", rows)


def _heading(grid: Grid) -> _Heading | None:
    for number, row in enumerate(grid.rows[:HEADING_ROWS_MAX]):
        texts = [text_of(each) for each in row[:COLUMNS_MAX]]
        keys = [heading_key(each) for each in texts]
        for kind in _ORDER:
            known = known_headings(kind)
            fields = {place: known[key] for place, key in enumerate(keys) if known.get(key)}
            there = set(fields.values())
            there |= {"family", "given"} if "full" in there else set()
            enough = sum(bool(key) for key in keys) >= HEADINGS_MIN or kind in {"subjects", "classes"}
            if _MARKS[kind] <= there and enough and not (kind == "pupils" and "должность" in keys):
                ignored = tuple(text for text, key in zip(texts, keys, strict=True) if key and key not in known)
                names = {field: texts[place] for place, field in reversed(fields.items())}
                return _Heading(kind, number, fields, names, ignored)
    return None


def _rows(grid: Grid, heading: _Heading, refusals: list[Refused]) -> Iterator[ListRow]:
    for number in range(heading.row + 1, len(grid.rows)):
        row = grid.rows[number]
        texts = [text_of(each) for each in row]
        if not any(texts) or heading_key(next(text for text in texts if text)).startswith(EXAMPLE):
            continue
        at = At(grid.file, grid.sheet, number + 1)
        formula = next((place for place in heading.fields if (number, place) in grid.formulas), None)
        if formula is not None:
            reason = "this cell is a formula: write its value"
            refusals.append(refused(at, reason, text_of(grid.rows[heading.row][formula])))
            continue
        if any(len(each) > CELL_CHARACTERS_MAX for each in texts):
            refusals.append(refused(at, f"a cell has more than {CELL_CHARACTERS_MAX} characters"))
            continue
        fields: dict[str, str] = {}
        cells: dict[str, Cell] = {}
        differing = ""
        for place, field in heading.fields.items():
            if place < len(row) and texts[place] and field not in fields:
                fields[field], cells[field] = texts[place], row[place]
            elif place < len(row) and texts[place] and fields[field] != texts[place]:
                differing = heading.headings[field]
        if differing:
            refusals.append(refused(at, "two columns of one meaning say different things: leave one", differing))
        elif fields:
            yield ListRow(at, fields, cells, heading.headings)


def _notes(grid: Grid, heading: _Heading) -> Iterator[str]:
    where = _place(grid)
    secret = [each for each in heading.ignored if "парол" in each.casefold() or "password" in each.casefold()]
    if secret:
        yield f"{where}: passwords are never read ({', '.join(map(shown, secret))})."
    rest = [shown(each) for each in heading.ignored if each not in secret]
    if rest:
        yield f"{where}: columns that are not read: {', '.join(rest)}."
    twice = [heading.headings[field] for field, count in Counter(heading.fields.values()).items() if count > 1]
    if twice:
        named = ", ".join(map(shown, twice))
        yield f"{where}: several columns mean the same, the first that is filled counts: {named}."
    if grid.merged:
        yield f"{where}: merged cells, whose value counts in each of them: {grid.merged}."


def _place(grid: Grid) -> str:
    return shown(f"{grid.file}, {grid.sheet}" if grid.sheet else grid.file)


assert set(_ORDER) == set(LISTS)  # noqa: S101 - every list is tried
