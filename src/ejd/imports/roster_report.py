"""What came of a file, for a program and for the terminal."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from ejd.imports.roster_file import Refused, RosterFormat
from ejd.imports.roster_rehearsal import Difference
from ejd.imports.timetable_file import SourceFormat

__all__ = ["RosterReport", "UndoReport", "report_lines", "undo_lines"]

ImportStateName = Literal["unchanged", "rehearsed", "applied"]
LINES_MAX: Final = 200
"""Of the difference, so many lines are printed; the API answers all."""


class RosterReport(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between a file and the school, and what became of it.

    `digest` is of all commands in their order: who applies a rehearsal names it. `continued`: an earlier run of the
    same import was interrupted, and this one goes on with it.
    """

    import_id: str
    state: ImportStateName
    kind: RosterFormat | SourceFormat
    file_name: str
    sha256: str
    year: str
    year_name: str
    starts: str
    rows: int
    added: int
    changed: int
    ended: int
    unchanged: int
    kept: int
    refused: int
    commands: int
    events: int
    digest: str
    continued: bool
    differences: tuple[Difference, ...]
    refusals: tuple[Refused, ...]
    notes: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    """Of the timetable that the file would make, the first ones, a sentence each; they stop it unless accepted."""
    conflicts_total: int = 0


class LeftThing(msgspec.Struct, frozen=True, kw_only=True):
    """What was not undone, since others have built on it; `title` may be a person's name."""

    kind: str
    id: str
    title: str


class UndoReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an undoing came to."""

    import_id: str
    events: int
    streams: int
    left: tuple[LeftThing, ...]
    meanwhile: tuple[LeftThing, ...] = ()
    """Undone, though others built on it in the very moment: import the file again to have it back."""
    repeated: bool = False
    """It was undone before, and nothing was done now."""


def report_lines(report: RosterReport) -> Iterator[str]:
    """Return the report as plain lines."""
    yield f"{report.file_name}: {report.rows} rows for the academic year {report.year_name}, from {report.starts} on"
    for line in report.differences[:LINES_MAX]:
        detail = f" ({line.detail})" if line.detail else ""
        yield f"  {line.kind}: {line.noun} {line.title}{detail}{_place(line.file, line.sheet, line.row)}"
    if len(report.differences) > LINES_MAX:
        yield f"  … and {len(report.differences) - LINES_MAX} lines more"
    for refusal in report.refusals[:LINES_MAX]:
        yield f"  refused: {_refusal(refusal)}"
    if len(report.refusals) > LINES_MAX:
        yield f"  … and {len(report.refusals) - LINES_MAX} refusals more"
    yield from report.notes
    if report.conflicts_total:
        yield f"Conflicts of the timetable: {report.conflicts_total}; they stop it unless it is told to accept them"
        yield from (f"  {conflict}" for conflict in report.conflicts)
        if report.conflicts_total > len(report.conflicts):
            yield f"  and {report.conflicts_total - len(report.conflicts)} more"
    yield (
        f"Added: {report.added}, changed: {report.changed}, ended: {report.ended}, so already: {report.unchanged},"
        f" kept as the school wrote it: {report.kept}, refused: {report.refused}"
    )
    if report.continued:
        yield "An earlier run of this import was interrupted: this one goes on with it."
    yield _outcome(report)


def _outcome(report: RosterReport) -> str:
    if report.state == "applied":
        return f"Applied as import {report.import_id}: {report.commands} commands, {report.events} events"
    if report.state == "unchanged":
        return "Nothing has changed: everything was so already"
    return f"This is a trial, nothing is stored: {report.commands} commands would be sent (--apply sends them)"


def _refusal(refusal: Refused) -> str:
    column = f", column {refusal.column}" if refusal.column else ""
    value = f" [{refusal.value}]" if refusal.value else ""
    return f"{refusal.reason}{value}{_place(refusal.file, refusal.sheet, refusal.row, column)}"


def _place(file: str, sheet: str, row: int, column: str = "") -> str:
    where = ", ".join(part for part in (file, sheet, f"row {row}" if row else "") if part)
    return f" — {where}{column}" if where else ""


def undo_lines(report: UndoReport) -> Iterator[str]:
    """Return what an undoing came to as plain lines."""
    if report.repeated:
        yield f"Import {report.import_id} was undone before."
    else:
        yield f"Import {report.import_id} is undone: {report.events} events in {report.streams} streams count no more."
    for each in report.left[:LINES_MAX]:
        yield f"  left, others have built on it: {each.kind} {each.title}"
    if len(report.left) > LINES_MAX:
        yield f"  … and {len(report.left) - LINES_MAX} more"
    for each in report.meanwhile[:LINES_MAX]:
        yield f"  undone while others built on it, import the file again to have it back: {each.kind} {each.title}"
