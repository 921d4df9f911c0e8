"""Reading whole streams in bounded chunks, decoded once for whatever is asked of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ejd.kernel.command import Refusal
from ejd.kernel.dependents import Decoded
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.void import voids_of
from ejd.read.folding import no_keys
from ejd.read.projection import Fold, Projection, StreamRows

CHUNK_STREAMS = 500
"""Streams that are in memory at once: some 50,000 events of long lessons."""


class Log(Protocol):
    """The part of an event store that is read here."""

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Answer all events of the streams up to a position, in order of position."""
        ...

    def operations(self, actor: str, since: int, until: int) -> Iterator[Recorded]:
        """Yield the events of an account recorded in [since, until)."""
        ...

    def streams_of_journals(self, journals: Sequence[str], kind: str) -> list[str]:
        """Answer the streams of one kind and several journals."""
        ...

    def streams_of_persons(self, persons: Sequence[str], kind: str) -> list[str]:
        """Answer the streams of one kind and several persons."""
        ...


class TooManyStreams(Refusal):
    """More would have to be looked into than one question may."""


def whole_streams(log: Log, streams: Collection[str], upto: int) -> Iterator[list[Recorded]]:
    """Yield the events of each stream that has any, up to a position, in order of version; streams in order of id."""
    ordered = sorted(streams)
    for start in range(0, len(ordered), CHUNK_STREAMS):
        chunk = ordered[start : start + CHUNK_STREAMS]
        known: dict[str, list[Recorded]] = {stream: [] for stream in chunk}
        for meta in log.read_streams(chunk, upto=upto):
            known[meta.stream].append(meta)
        for events in known.values():
            if events:
                yield events


def decode(events: Iterable[Recorded]) -> list[Decoded]:
    """Decode the events of one stream."""
    return [Decoded(meta, CATALOGUE.decode(meta.name, meta.state)) for meta in events]


def void_by_breach(stream: Iterable[Decoded]) -> dict[str, set[int]]:
    """Answer the versions of one stream that each breach holds void, by its markers."""
    return voids_of(event for _, event in stream).by_breach


class Folds:
    """Chosen projections folded in memory, without a database and without keys: names and texts stay sealed."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        """Find the folds of each event once."""
        found: dict[type[Event], list[Fold[Any]]] = {}
        for projection in projections:
            for event, fold in projection.folds.items():
                found.setdefault(event, []).append(fold)
        self._folds: Mapping[type[Event], list[Fold[Any]]] = found

    def rows(self, stream: Sequence[Decoded], void: Collection[int]) -> StreamRows:
        """Answer the rows of one stream as they are when these versions are void."""
        rows = StreamRows(stream[0].meta.stream, no_keys)
        for meta, event in stream:
            if meta.version not in void:
                for fold in self._folds.get(type(event), ()):
                    fold(event, meta, rows)
        return rows
