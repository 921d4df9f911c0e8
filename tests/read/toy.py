"""A small set of projections that uses every corner of the contract, and what it should hold, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Catalogue, Event
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.read.folding import Folding
from ejd.read.projection import Projection, StreamRows


class Counted(Event, frozen=True, kw_only=True):
    """Something happened so many times."""

    stored_name: ClassVar[str] = "counted/1"
    times: int


class Written(Event, frozen=True, kw_only=True):
    """A cell has a text now."""

    stored_name: ClassVar[str] = "written/2"
    cell: str
    text: str | None
    loud: bool


class Wiped(Event, frozen=True, kw_only=True):
    """A cell is empty now."""

    stored_name: ClassVar[str] = "wiped/1"
    cell: str


class Ignored(Event, frozen=True, kw_only=True):
    """Nobody listens; its stored bytes are never decoded."""

    stored_name: ClassVar[str] = "ignored/1"


class OldWritten(Event, frozen=True, kw_only=True):
    """The first shape of `Written`, as old stores have it; only tests still write it."""

    stored_name: ClassVar[str] = "written/1"
    cell: str
    shout: str


CATALOGUE = Catalogue(
    [Counted, Written, Wiped, Ignored, EventsVoided, EventsRestored],
    {"written/1": lambda old: ("written/2", {"cell": old["cell"], "text": old["shout"], "loud": True})},
)

counters = Projection("counters", version=1)
cells = Projection("cells", version=3)
ledger = Projection("ledger", version=1)


@dataclass(slots=True)
class CounterRow:
    """The sum of a stream: a row that is changed in place."""

    stream: str
    total: int


@dataclass(slots=True)
class CellRow:
    """What a cell holds; `order` is a word of SQL on purpose."""

    stream: str
    cell: str
    text: str | None
    loud: bool
    order: int
    changed: int | None


@dataclass(slots=True)
class SeenRow:
    """Which cells there are: a row that is nothing but its key."""

    stream: str
    cell: str
    loud: bool


@dataclass(slots=True)
class LedgerRow:
    """One line for each event, also for the void ones, and for the markers."""

    stream: str
    version: int
    what: str
    void: bool


COUNTERS = counters.table("counters", CounterRow, key=("stream",), indexes=(("total",),))
CELLS = cells.table("cells", CellRow, key=("stream", "cell"), indexes=(("loud", "text"), ("order",)))
SEEN = cells.table("cells_seen", SeenRow, key=("stream", "cell", "loud"))
LEDGER = ledger.table("ledger", LedgerRow, key=("stream", "version"))


@counters.on(Counted)
def counted(event: Counted, meta: Recorded, rows: StreamRows) -> None:
    """Add up."""
    row = COUNTERS.get(rows)
    if row is None:
        COUNTERS.put(rows, CounterRow(meta.stream, event.times))
    else:
        row.total += event.times


@cells.on(Written, Wiped)
def changed(event: Written | Wiped, meta: Recorded, rows: StreamRows) -> None:
    """Keep the last text, and number the cells anew: each fold looks at all rows of its stream."""
    if isinstance(event, Wiped):
        CELLS.drop(rows, event.cell)
        for loud in (False, True):
            SEEN.drop(rows, event.cell, loud)
    else:
        before = CELLS.get(rows, event.cell)
        CELLS.put(
            rows,
            CellRow(
                stream=meta.stream,
                cell=event.cell,
                text=event.text,
                loud=event.loud,
                order=0,
                changed=None if before is None else meta.version,
            ),
        )
        SEEN.put(rows, SeenRow(meta.stream, event.cell, event.loud))
    for order, row in enumerate(CELLS.all(rows)):
        row.order = order


@ledger.on_all(Written, Counted)
def written_down(event: Written | Counted, meta: Recorded, rows: StreamRows) -> None:
    """Keep a line, whatever became of the event."""
    LEDGER.put(rows, LedgerRow(meta.stream, meta.version, type(event).__name__, meta.version in rows.void))


@ledger.on_all(EventsVoided)
def voided(event: EventsVoided, meta: Recorded, rows: StreamRows) -> None:
    """Keep a line about the marker."""
    LEDGER.put(rows, LedgerRow(meta.stream, meta.version, event.breach, void=False))


def make_folding() -> Folding:
    """Everything above; a function, so that other processes can make it too."""
    return Folding([counters, cells, ledger], CATALOGUE)


Rows = dict[str, set[tuple[object, ...]]]


def oracle(valid: Iterable[tuple[Recorded, Event]]) -> Rows:
    """Say what the tables should hold, knowing nothing of tables."""
    sums: dict[str, int] = {}
    texts: dict[str, dict[str, Written]] = {}
    again: dict[tuple[str, str], int | None] = {}
    seen: set[tuple[object, ...]] = set()
    for meta, event in valid:
        sheet = texts.setdefault(meta.stream, {})
        if isinstance(event, Counted):
            sums[meta.stream] = sums.get(meta.stream, 0) + event.times
        elif isinstance(event, Written):
            again[meta.stream, event.cell] = meta.version if event.cell in sheet else None
            sheet[event.cell] = event
            seen.add((meta.stream, event.cell, event.loud))
        elif isinstance(event, Wiped):
            sheet.pop(event.cell, None)
            seen -= {(meta.stream, event.cell, False), (meta.stream, event.cell, True)}
    return {
        "counters": set(sums.items()),
        "cells": {
            (stream, cell, sheet[cell].text, sheet[cell].loud, order, again[stream, cell])
            for stream, sheet in texts.items()
            for order, cell in enumerate(sorted(sheet))
        },
        "cells_seen": seen,
    }


def oracle_of_all(events: Iterable[tuple[Recorded, Event, bool]]) -> Rows:
    """Say what the table of all events should hold, each given with whether it is void."""
    lines: set[tuple[object, ...]] = set()
    for meta, event, void in events:
        if isinstance(event, Written | Counted):
            lines.add((meta.stream, meta.version, type(event).__name__, void))
        elif isinstance(event, EventsVoided):
            lines.add((meta.stream, meta.version, event.breach, False))
    return {"ledger": lines}
