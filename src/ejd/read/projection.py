"""The contract of a projection: tables whose rows each belong to one stream, and one fold per event class."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Generic, Protocol, TypeVar, overload

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

NAME_CHARACTERS_MAX = 63
"""PostgreSQL cuts longer names off in silence, and two of them may then be one."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")

Unseal = Callable[[Sealed, str, Ref], str | None]
"""Answers the clear text of a box, the name of its field and the event it stands in; None: the key was destroyed."""

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Both databases then compare text by its UTF-8 bytes: ORDER BY, MIN and ranges agree to the last row."""

_COLUMN_TYPES: dict[Any, tuple[sa.types.TypeEngine[Any], bool]] = {
    str: (_TEXT, False),
    int: (sa.BigInteger(), False),
    bool: (sa.Boolean(), False),
    str | None: (_TEXT, True),
    int | None: (sa.BigInteger(), True),
}


class Row(Protocol):
    """A dataclass with slots, one field per column, the stream it belongs to first."""

    stream: str


R = TypeVar("R", bound=Row)
E1 = TypeVar("E1", bound=Event)
E2 = TypeVar("E2", bound=Event)
E3 = TypeVar("E3", bound=Event)
E4 = TypeVar("E4", bound=Event)


class ProjectionError(Exception):
    """A projection breaks its contract; the message says which part of which one."""


class StreamRows:
    """All that a fold may see: the rows of its own stream, in every table, and the service that unseals.

    `void` is for folds registered with `on_all`: ask it about the event in hand only. A stream that is fed event by
    event has it empty, which is right for that event: what makes an event void comes after it, and folds all anew.
    """

    __slots__ = ("_unseal", "stream", "tables", "version", "void")

    def __init__(self, stream: str, unseal: Unseal, void: frozenset[int] = frozenset()) -> None:
        """Begin with no rows; the feeder puts in those that are stored already, and the version before each fold."""
        self.stream = stream
        self.version = 0
        self._unseal = unseal
        self.void = void
        self.tables: dict[Table[Any], dict[Any, Any]] = {}

    def unseal(self, sealed: Sealed, field: str) -> str | None:
        """Open a box of the event in hand; None when the key was destroyed, TamperedError for one from elsewhere."""
        return self._unseal(sealed, field, Ref(self.stream, self.version))


class Table(Generic[R]):
    """One table of a projection; its rows are read and written through the `StreamRows` of one stream.

    A row may also be changed in place, except in its key fields: the feeder compares values, not calls.
    """

    def __init__(
        self,
        name: str,
        row: type[R],
        metadata: sa.MetaData,
        key: Sequence[str],
        indexes: Sequence[Sequence[str]] = (),
    ) -> None:
        """Refuse a row type that SQLite and PostgreSQL would not store alike."""
        columns = _columns(name, row, key)
        self.name = name
        self.row = row
        self.key = tuple(key)
        self.columns = tuple(column.name for column in columns)
        primary = sa.PrimaryKeyConstraint(*self.key, name=_plain(f"{name}_pkey"))
        self.table = sa.Table(name, metadata, *columns, primary, sqlite_with_rowid=False)
        self.indexes = tuple(
            sa.Index(_plain(f"{name}_by_{'_'.join(names)}"), *(self.table.c[one] for one in names)) for names in indexes
        )
        self.flags = frozenset(place for place, column in enumerate(columns) if isinstance(column.type, sa.Boolean))
        self.as_tuple = _getter(self.columns)
        own = self.key[1:]
        self.key_of: Callable[[Any], Any] = attrgetter(*own) if own else _no_key
        places = [self.columns.index(name) for name in own]
        self.key_in: Callable[[tuple[Any, ...]], Any] = itemgetter(*places) if places else _no_key
        self.stream_in: Callable[[tuple[Any, ...]], str] = itemgetter(self.columns.index(self.key[0]))
        self._bare_key = len(own) == 1

    @property
    def c(self) -> sa.sql.base.ReadOnlyColumnCollection[str, sa.Column[Any]]:
        """The columns, for questions."""
        return self.table.c

    def put(self, rows: StreamRows, row: R) -> None:
        """Write a row, in place of the one that has its key."""
        if row.stream != rows.stream:
            raise ProjectionError(f"{self.name}: a fold of stream {rows.stream} may not write a row of {row.stream}")
        try:
            rows.tables[self][self.key_of(row)] = row
        except KeyError:
            rows.tables[self] = {self.key_of(row): row}

    def get(self, rows: StreamRows, *key: str | int) -> R | None:
        """Answer the row of this stream with the rest of the key, or None."""
        own: dict[Any, R] | None = rows.tables.get(self)
        return None if own is None else own.get(key[0] if self._bare_key else key)

    def drop(self, rows: StreamRows, *key: str | int) -> None:
        """Take the row away; nothing happens when there is none."""
        own = rows.tables.get(self)
        if own is not None:
            own.pop(key[0] if self._bare_key else key, None)

    def full_key(self, stream: str, key: Any) -> tuple[Any, ...]:
        """Answer the whole key of a row, the stream first, from what `key_of` gave."""
        return (stream, key) if self._bare_key else (stream, *key)

    def all(self, rows: StreamRows) -> list[R]:
        """Answer this stream's rows in the order of their keys, however they came into memory."""
        own: dict[Any, R] = rows.tables.get(self, {})
        return [own[key] for key in sorted(own)]


Fold = Callable[[E1, Recorded, StreamRows], None]


class Projection:
    """Tables that answer one family of questions, and how each event changes them.

    A changed fold needs a higher version: the read model is then built anew beside the live one.
    """

    def __init__(self, name: str, *, version: int) -> None:
        """Begin without tables; a module declares them and its folds below."""
        self.name = name
        self.version = version
        self.metadata = sa.MetaData()
        self.tables: list[Table[Any]] = []
        self.folds: dict[type[Event], Fold[Any]] = {}
        self.seeing_void: set[type[Event]] = set()

    def table(self, name: str, row: type[R], *, key: Sequence[str], indexes: Sequence[Sequence[str]] = ()) -> Table[R]:
        """Declare a table; its name is unique in the whole read model, its key begins with "stream"."""
        table = Table(name, row, self.metadata, key, indexes)
        self.tables.append(table)
        return table

    @overload
    def on(self, event: type[E1], /) -> Callable[[Fold[E1]], Fold[E1]]: ...
    @overload
    def on(self, event: type[E1], e2: type[E2], /) -> Callable[[Fold[E1 | E2]], Fold[E1 | E2]]: ...
    @overload
    def on(
        self, event: type[E1], e2: type[E2], e3: type[E3], /
    ) -> Callable[[Fold[E1 | E2 | E3]], Fold[E1 | E2 | E3]]: ...
    @overload
    def on(
        self, event: type[E1], e2: type[E2], e3: type[E3], e4: type[E4], /
    ) -> Callable[[Fold[E1 | E2 | E3 | E4]], Fold[E1 | E2 | E3 | E4]]: ...
    def on(self, *events: type[Event]) -> Callable[[Fold[Any]], Fold[Any]]:
        """Name the events a fold is for; one fold per event class and projection."""

        def register(fold: Fold[Any]) -> Fold[Any]:
            for event in events:
                if event in self.folds:
                    raise ProjectionError(f"{self.name} has two folds for {event.__qualname__}")
                self.folds[event] = fold
            return fold

        return register

    @overload
    def on_all(self, event: type[E1], /) -> Callable[[Fold[E1]], Fold[E1]]: ...
    @overload
    def on_all(self, *events: type[Event]) -> Callable[[Fold[Any]], Fold[Any]]: ...
    def on_all(self, *events: type[Event]) -> Callable[[Fold[Any]], Fold[Any]]:
        """Name the events a fold is for, void ones too: it asks `meta.version in rows.void`.

        For what must be told of the void itself (an audit, a choice of streams). Markers may be named like any other
        event. After a marker the stream is folded anew from its first event, with `rows.void` as it is then.
        """
        register: Callable[[Fold[Any]], Fold[Any]] = self.on(*events)

        def register_all(fold: Fold[Any]) -> Fold[Any]:
            self.seeing_void.update(events)
            return register(fold)

        return register_all

    def describe(self) -> str:
        """Answer what the stored rows depend on: name, version, columns, keys and indexes."""
        tables = (
            f"{table.name}({', '.join(f'{c.name} {c.type!r} {c.nullable}' for c in table.c)})"
            f" key {table.key} indexes {[index.name for index in table.indexes]}"
            for table in self.tables
        )
        return f"{self.name} v{self.version}: {'; '.join(tables)}"


def _columns(name: str, row: type[Any], key: Sequence[str]) -> list[sa.Column[Any]]:
    if not dataclasses.is_dataclass(row) or "__slots__" not in row.__dict__:
        raise ProjectionError(f"{name}: {row.__qualname__} must be a dataclass with slots=True")
    hints = typing.get_type_hints(row)
    names = [field.name for field in dataclasses.fields(row)]
    if names[:1] != ["stream"] or tuple(key[:1]) != ("stream",) or not set(key) <= set(names):
        raise ProjectionError(
            f"{name}: the first field and the first part of the key must be 'stream', the rest fields too"
        )
    columns = []
    for field in names:
        kind, nullable = _COLUMN_TYPES.get(hints[field], (None, False))
        if kind is None or (nullable and field in key):
            raise ProjectionError(
                f"{name}.{field}: {hints[field]} is not a type of column; str, int, bool, or None in no key"
            )
        columns.append(sa.Column(_plain(field), kind, nullable=nullable, autoincrement=False))
    return columns


def _getter(names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    names = tuple(names)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda row: (getattr(row, names[0]),)


def _no_key(_: object) -> tuple[()]:
    return ()


def _plain(name: str) -> str:
    if len(name) > NAME_CHARACTERS_MAX or not _NAME.fullmatch(name):
        raise ProjectionError(
            f"{name}: a name in a database is a-z, 0-9 and _, at most {NAME_CHARACTERS_MAX} characters"
        )
    return name
