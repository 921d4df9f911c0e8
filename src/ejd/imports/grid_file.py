"""A timetable as it hangs on the wall: classes across, lessons down, days as blocks; which text stands for what.

What is a lesson's text is taken as it stands, line by line; what it means is found out with the school's own names
(`grid_names`). A merged cell is a cell in each of its places, so that one over several classes is in each of them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ejd.imports.roster_file import At, Refused, refused
from ejd.imports.roster_ground import class_key
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.tables import Cell, text_of
from ejd.imports.weekdays import weekday_of
from ejd.imports.workbook import Grid
from ejd.kernel.due import SLOTS_MAX

__all__ = ["GridCell", "GridFile", "read_grid"]

CELLS_MAX: Final = 20_000
"""A hundred classes with forty lessons a week, twice over."""
HEADING_ROWS_MAX: Final = 20
"""Titles that may stand above the classes."""
BETWEEN: Final = re.compile(r"\s*(?:\n\s*/\s*\n|\s/\s|/(?=\n)|(?<=\n)/)\s*")
"""What divides groups that are taught at the same time: a «/» with blanks or lines around it."""
_SLOT: Final = re.compile(r"\s*(\d{1,2})(?:\s*[.)]|\s*урок.*|\s*)", re.IGNORECASE)
_WEEK: Final = re.compile(r"недел\w*\s*(?:№\s*)?(\d)|(\d)[- ]?(?:я|ая)?\s*недел", re.IGNORECASE)


class GridCell(NamedTuple):
    """One lesson of one class: `lines` are its texts; several entries of one slot are groups."""

    at: At
    column: str
    class_name: str
    weekday: int
    week: int
    slot: int
    lines: tuple[str, ...]


class GridFile(NamedTuple):
    """All cells of a workbook with lessons, and what was not understood before any name was looked up."""

    cells: tuple[GridCell, ...]
    refusals: tuple[Refused, ...]
    weeks: int
    classes: tuple[str, ...]


def read_grid(grids: Sequence[Grid], classes: Sequence[str]) -> GridFile:
    """Return the lessons in the sheets; `classes` are the school's, by which the heading is known.

    Raises ImportRefused where no sheet has classes in a heading.
    """
    keys = {class_key(name): name for name in classes}
    cells: list[GridCell] = []
    refusals: list[Refused] = []
    found: dict[str, None] = {}
    for grid in grids:
        heading = _heading(grid, keys)
        if heading is None:
            if any(text_of(cell) for row in grid.rows for cell in row):
                at = At(grid.file, grid.sheet, 1)
                refusals.append(refused(at, "no row of this sheet names a class of the school: it is not read"))
            continue
        for cell in _Sheet(grid, heading, keys, refusals).cells():
            found[cell.class_name] = None
            cells.append(cell)
            if len(cells) > CELLS_MAX:
                raise ImportRefused(f"The file has more than {CELLS_MAX} lessons: leave out the rest.")
    if not cells and not refusals:
        raise ImportRefused("The file has no lessons: choose a timetable with classes across and lessons down.")
    return GridFile(tuple(cells), tuple(refusals), max((one.week for one in cells), default=1), tuple(found))


def _heading(grid: Grid, keys: dict[str, str]) -> int | None:
    """Return the row with the most classes of the school, of the first ones."""
    counts = [
        sum(bool(text) and class_key(text) in keys for text in map(text_of, row))
        for row in grid.rows[:HEADING_ROWS_MAX]
    ]
    best = max(counts, default=0)
    return counts.index(best) if best else None


class _Sheet:
    def __init__(self, grid: Grid, heading: int, keys: dict[str, str], refusals: list[Refused]) -> None:
        self._grid, self._heading, self._refusals = grid, heading, refusals
        self._columns: dict[int, str] = {}
        first = None
        for place, cell in enumerate(grid.rows[heading]):
            text = text_of(cell)
            name = keys.get(class_key(text)) if text else None
            if name is not None:
                self._columns[place] = name
                first = place if first is None else first
            elif first is not None and text:
                reason = "this heading is no class of the school: its column is not read"
                refusals.append(refused(self._at(heading), reason, column_name(place), text))
        self._left = range(first or 0)

    def _at(self, row: int) -> At:
        return At(self._grid.file, self._grid.sheet, row + 1)

    def cells(self) -> Iterator[GridCell]:
        """Yield the lessons: texts of one class in one slot together, over whatever rows and columns they spread."""
        weekday: int | None = None
        week, slot = 1, 0
        texts: dict[tuple[str, int, int, int], tuple[int, int, list[str]]] = {}
        for row in range(self._heading + 1, len(self._grid.rows)):
            left = [text_of(self._cell(row, place)) for place in self._left]
            day = next((found for text in left if (found := weekday_of(text)) is not None), None)
            if day is not None:
                weekday = day
                week = next((int(m[1] or m[2]) for text in left if (m := _WEEK.search(text))), 1)
            number = _slot_of(left)
            if number is not None:
                slot = number
            elif day is not None and not any(self._lines(row, place) for place in self._columns):
                slot = 0
                continue
            self._row(row, weekday, week, slot, texts)
        for (name, one_week, one_day, one_slot), (row, place, lines) in texts.items():
            yield GridCell(self._at(row), column_name(place), name, one_day, one_week, one_slot, tuple(lines))

    def _row(
        self,
        row: int,
        weekday: int | None,
        week: int,
        slot: int,
        texts: dict[tuple[str, int, int, int], tuple[int, int, list[str]]],
    ) -> None:
        for place, name in self._columns.items():
            lines = self._lines(row, place)
            if not lines:
                continue
            if (row, place) in self._grid.formulas:
                self._refuse(row, place, "a formula stands here: write the value", lines)
            elif weekday is None:
                self._refuse(row, place, "no day of the week stands before this lesson", lines)
            elif not 1 <= slot <= SLOTS_MAX:
                self._refuse(row, place, f"the lesson has no number from 1 to {SLOTS_MAX}", lines)
            else:
                _, _, known = texts.setdefault((name, week, weekday, slot), (row, place, []))
                known += [line for line in lines if known[-1:] != [line] or line == "/"]

    def _refuse(self, row: int, place: int, reason: str, lines: Sequence[str]) -> None:
        self._refusals.append(refused(self._at(row), reason, column_name(place), " ".join(lines)))

    def _cell(self, row: int, place: int) -> Cell:
        cells = self._grid.rows[row]
        return cells[place] if place < len(cells) else None

    def _lines(self, row: int, place: int) -> list[str]:
        cell = self._cell(row, place)
        if not isinstance(cell, str):
            text = text_of(cell)
            return [text] if text else []
        divided = BETWEEN.sub("\n/\n", cell.replace("\r\n", "\n"))
        return [line for each in divided.split("\n") if (line := " ".join(each.split()))]


def _slot_of(left: Sequence[str]) -> int | None:
    """Return the number of the lesson: the last of the cells before the classes that is one."""
    for text in reversed(left):
        match = _SLOT.fullmatch(text)
        if match:
            return int(match[1])
    return None


def column_name(place: int) -> str:
    """Return a column as spreadsheets call it: A, B … AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
