"""Folded rows into a generation: page by page with the position, stream by stream anew, or in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ejd.kernel.envelope import Recorded
from ejd.kernel.events.erasures import KeyDestroyed
from ejd.kernel.void import MARKER_NAMES
from ejd.read.contract import EventSource, MovedError, Writer
from ejd.read.folding import Folding, without_collection
from ejd.read.projection import ProjectionError, StreamRows, Table

PAGE_EVENTS_MAX = 5_000
REFOLD_STREAMS_MAX = 500
"""Streams that are in memory at once when they are folded again."""

COPIED_ROWS_MIN = 100
"""From as many new rows of one table on, the road of bulk loading is the faster one (measured on PostgreSQL)."""

Before = dict[tuple[Table[Any], str], dict[Any, tuple[Any, ...]]]

Progress = Callable[[int, int], None]
"""Takes how many streams are folded again so far, and how many there are."""


def silent(_done: int, _total: int) -> None:
    """Show nothing."""


@contextmanager
def transaction(writer: Writer) -> Iterator[int]:
    """Commit what happens inside, with the position at its beginning, or nothing of it."""
    try:
        yield writer.begin()
        writer.commit()
    except BaseException:
        with suppress(Exception):  # a connection that is gone has rolled back; its own error matters more
            writer.rollback()
        raise


def next_page(source: EventSource, after: int, limit: int = PAGE_EVENTS_MAX) -> list[Recorded]:
    """Answer the next events, whole commits only: no report may see half a lesson or half an invalidation.

    A commit that is larger than `limit` makes the page larger.
    """
    page = source.read_page(after, limit)
    more = page
    while len(more) == limit:
        last = _commit(page[-1])
        cut = next(
            (at for at in range(len(page) - 1, -1, -1) if _commit(page[at]) != last),
            None,
        )
        if cut is not None:
            return page[: cut + 1]
        more = source.read_page(page[-1].position, limit)
        page = page + more
    return page


def write_page(
    folding: Folding, source: EventSource, writer: Writer, page: Sequence[Recorded], progress: Progress = silent
) -> None:
    """Fold a page into the generation, inside a transaction that is open.

    A stream with a marker in the page is folded again from the store, up to the page's end; and every stream with a
    text of a person whose key is gone now.
    """
    marked = {meta.stream for meta in page if meta.name in MARKER_NAMES}
    for meta in page:
        if meta.name == KeyDestroyed.stored_name:
            person = msgspec.json.decode(meta.state, type=KeyDestroyed).person
            marked.update(source.streams_sealed_for(person, page[-1].position))
    rest = [meta for meta in page if meta.stream not in marked] if marked else page
    before, streams = _load(folding, writer, rest)
    folding.fold(rest, streams)
    _write_changes(writer, streams.values(), before)
    if marked:
        refold(folding, source, writer, sorted(marked), upto=page[-1].position, progress=progress)


def refold(  # noqa: PLR0913 - from where to where, and which
    folding: Folding,
    source: EventSource,
    writer: Writer,
    streams: Sequence[str],
    *,
    upto: int,
    progress: Progress = silent,
) -> None:
    """Fold streams from their first event up to a position, inside a transaction that is open.

    Only the rows that come out differently are written: an invalidation leaves most of a lesson as it was.
    """
    progress(0, len(streams))
    for start in range(0, len(streams), REFOLD_STREAMS_MAX):
        chunk = streams[start : start + REFOLD_STREAMS_MAX]
        _refold(folding, writer, source.read_streams(chunk, upto=upto))
        progress(start + len(chunk), len(streams))


def _refold(folding: Folding, writer: Writer, events: Sequence[Recorded]) -> None:
    wanted: dict[Table[Any], set[str]] = {}
    for stream, name in {(meta.stream, meta.name) for meta in events}:
        for table in folding.concerned(name):
            wanted.setdefault(table, set()).add(stream)
    before: Before = {}
    for table, rows in _stored(writer, wanted):
        stream_in, key_in = table.stream_in, table.key_in
        for stored in rows:
            before.setdefault((table, stream_in(stored)), {})[key_in(stored)] = stored
    streams: dict[str, StreamRows] = {}
    folding.fold(events, streams, folding.void_versions(events))
    for table, stream in before:  # what no valid event speaks of any more has to go
        known = streams.get(stream)
        if known is None:
            known = streams[stream] = folding.start(stream)
        known.tables.setdefault(table, {})
    _write_changes(writer, streams.values(), before)


@dataclass(frozen=True)
class Feed:
    """What flows where: the events of a store, page by page, into a generation."""

    folding: Folding
    source: EventSource
    page_events: int = PAGE_EVENTS_MAX

    def bring(self, writer: Writer, *, after: int, live: bool, progress: Progress = silent) -> tuple[int, int]:
        """Bring one page and its position into the generation in one transaction; answer events and position.

        Raises MovedError when the generation is not at `after`, or should be live and is it no longer.
        """
        with without_collection():
            return self._bring(writer, after, progress, live=live)

    def _bring(self, writer: Writer, after: int, progress: Progress, *, live: bool) -> tuple[int, int]:
        page = next_page(self.source, after, self.page_events)
        if not page:
            return 0, after
        with transaction(writer) as position:
            if position != after or (live and writer.live() != writer.generation):
                raise MovedError
            write_page(self.folding, self.source, writer, page, progress)
            writer.advance(after, page[-1].position)
        return len(page), page[-1].position


def _commit(meta: Recorded) -> tuple[str, str]:
    return meta.actor, meta.batch_id or meta.command_id


def _load(folding: Folding, writer: Writer, page: Sequence[Recorded]) -> tuple[Before, dict[str, StreamRows]]:
    """Read what is stored of the page's streams; a stream that begins in the page has nothing stored."""
    wanted: dict[Table[Any], set[str]] = {}
    begun: set[str] = set()
    for meta in page:
        if meta.version == 1:
            begun.add(meta.stream)
        elif meta.stream not in begun:
            for table in folding.concerned(meta.name):
                wanted.setdefault(table, set()).add(meta.stream)
    before: Before = {}
    streams: dict[str, StreamRows] = {}
    for table, found in _stored(writer, wanted):
        for stored in found:
            row = table.row(*stored)
            rows = streams.get(row.stream)
            if rows is None:
                rows = streams[row.stream] = folding.start(row.stream)
            key = table.key_of(row)
            rows.tables.setdefault(table, {})[key] = row
            before.setdefault((table, row.stream), {})[key] = stored
    return before, streams


def _stored(
    writer: Writer, wanted: Mapping[Table[Any], Iterable[str]]
) -> Iterator[tuple[Table[Any], list[tuple[Any, ...]]]]:
    for table, names in wanted.items():
        yield table, writer.load(table, sorted(names))


@dataclass
class _Changes:
    """What differs from what was stored, table by table."""

    new: dict[Table[Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    changed: dict[Table[Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    dropped: dict[Table[Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    emptied: dict[Table[Any], list[str]] = field(default_factory=dict)

    def compare(self, table: Table[Any], stream: str, own: Mapping[Any, Any], stored: dict[Any, Any]) -> None:
        """Take in the rows of one stream; `stored` is used up."""
        for key, row in own.items():
            if table.key_of(row) != key:
                raise ProjectionError(f"{table.name}: a fold changed the key {key} of a row in place")
            values = table.as_tuple(row)
            old = stored.pop(key, None)
            if old != values:
                (self.new if old is None else self.changed).setdefault(table, []).append(values)
        if stored and not own:
            self.emptied.setdefault(table, []).append(stream)
        elif stored:
            self.dropped.setdefault(table, []).extend(table.full_key(stream, key) for key in stored)

    def write(self, writer: Writer) -> None:
        """Write each table with few statements."""
        for table, names in self.emptied.items():
            writer.forget(table, names)
        for table, keys in self.dropped.items():
            writer.delete(table, keys)
        for table, rows in self.new.items():
            if len(rows) >= COPIED_ROWS_MIN:
                writer.insert(table, rows)
            else:
                self.changed.setdefault(table, []).extend(rows)
        for table, rows in self.changed.items():
            writer.upsert(table, rows)


def _write_changes(writer: Writer, streams: Iterable[StreamRows], before: Before) -> None:
    changes = _Changes()
    for rows in streams:
        for table, own in rows.tables.items():
            changes.compare(table, rows.stream, own, before.get((table, rows.stream), {}))
    changes.write(writer)
