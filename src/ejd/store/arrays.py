"""Rows as PostgreSQL arrays in text form: each column is one parameter, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ejd.store.judge import Rows
from ejd.store.round_trip import Statement, numbered
from ejd.store.schema import BATCH_COLUMNS, COMMAND_COLUMNS, DIRECTORY_COLUMNS, EVENT_COLUMNS

_TYPES = {"position": "bigint", "originator_version": "bigint", "recorded_at": "bigint"}
_TYPES |= {"first_position": "bigint", "last_position": "bigint"}
_TYPES |= {"state": "bytea", "salt": "bytea", "body_hash": "bytea"}


def integers(values: Iterable[int]) -> bytes:
    """Answer {1,2,3}."""
    return f"{{{','.join(map(str, values))}}}".encode()


def texts(values: Sequence[str]) -> bytes:
    """Answer {"a","b"}: always quoted, so that NULL and spaces are themselves."""
    if not values:
        return b"{}"
    together = "".join(values)
    if '"' in together or "\\" in together:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return ('{"' + '","'.join(values) + '"}').encode()


def blobs(values: Sequence[bytes]) -> bytes:
    r"""Answer {"\\x00ff"}: the backslash of the hex form is itself quoted."""
    if not values:
        return b"{}"
    return ('{"\\\\x' + '","\\\\x'.join(map(bytes.hex, values)) + '"}').encode()


class _Insert:
    """One INSERT of any number of rows, with one array parameter for each column."""

    def __init__(self, table: str, columns: str) -> None:
        names = columns.split(", ")
        kinds = [_TYPES.get(name, "text") for name in names]
        casts = ", ".join(f"%s::{kind}[]" for kind in kinds)
        insert = f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({casts})"  # noqa: S608 - names of ours
        self.statement = numbered(insert)
        self._writers = [{"bigint": integers, "bytea": blobs, "text": texts}[kind] for kind in kinds]

    def params(self, rows: Sequence[Sequence[object]]) -> list[bytes]:
        """Turn rows into columns."""
        return [write(column) for write, column in zip(self._writers, zip(*rows, strict=True), strict=True)]  # type: ignore[operator]


_EVENTS = _Insert("events", EVENT_COLUMNS)
_COMMANDS = _Insert("commands", COMMAND_COLUMNS)
_BATCHES = _Insert("batches", BATCH_COLUMNS)
_DIRECTORY = _Insert("directory", DIRECTORY_COLUMNS)
_RESERVATIONS = _Insert("reservations", "key, stream")
_RELEASE = b"DELETE FROM reservations WHERE key = ANY($1::text[])"


def inserts(rows: Rows) -> Iterator[Statement]:
    """Answer the statements of a transaction in their order, each with its parameters."""
    if rows.events:
        yield _EVENTS.statement, _EVENTS.params(rows.events)
    if rows.commands:
        yield _COMMANDS.statement, _COMMANDS.params(rows.commands)
    if rows.batches:
        yield _BATCHES.statement, _BATCHES.params(rows.batches)
    if rows.directory:
        yield _DIRECTORY.statement, _DIRECTORY.params(rows.directory)
    if rows.released:
        yield _RELEASE, [texts(rows.released)]
    if rows.reserved:
        yield _RESERVATIONS.statement, _RESERVATIONS.params(rows.reserved)
