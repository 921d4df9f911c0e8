"""What the read side needs of its neighbours: a store's events, and a place for generations of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.read.projection import Table

NO_POSITION = 0
"""A generation that has folded nothing; the first event of a store stands above it."""

LOCK_SECONDS_MAX = 10.0
"""How long a write may wait for another writer of the same generation."""


class NotYetThereError(Exception):
    """The read side has not come to the wanted position in time; ask again. `position` is where it was."""

    def __init__(self, position: int) -> None:
        """Keep the position for the answer's header."""
        super().__init__(f"the reports are at position {position}, ask again in a moment")
        self.position = position


class NoGenerationError(Exception):
    """There is no live generation: the read model was never built. Run `ejd rebuild`."""


class GenerationGoneError(Exception):
    """The generation was dropped while it was being opened; look at the pointer again."""


class MovedError(Exception):
    """Another feeder has moved the position meanwhile, or the generation is no longer live: begin again."""


class BuildRunningError(Exception):
    """Another process is building a generation now; wait for it to end."""


class EventSource(Protocol):
    """The part of an event store that feeding needs."""

    def read_page(self, after: int, limit: int) -> list[Recorded]:
        """Answer at most `limit` events above a position, in order."""
        ...

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Answer all events of the streams up to a position, in order of position."""
        ...

    def streams_sealed_for(self, person: str, upto: int) -> list[str]:
        """Answer the streams that hold a text sealed for a person, up to a position (reads every event)."""
        ...

    def last_position(self) -> int:
        """Answer the highest position."""
        ...

    def wait_for_news(self, after: int, timeout_seconds: float) -> bool:
        """Wait for an event above a position; False when the time is over."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class PartitionedSource(EventSource, Protocol):
    """An event store that several processes can read at once, each its own streams."""

    def count_events(self) -> int:
        """Answer how many events there are."""
        ...

    def read_partition(self, part: int, parts: int, upto: int, chunk_streams: int) -> Iterator[list[Recorded]]:
        """Answer the events up to a position in chunks of whole streams; part 0..parts-1 are disjoint."""
        ...


class Writer(Protocol):
    """A connection that changes one generation; one thread at a time."""

    generation: int

    def begin(self) -> int:
        """Open a transaction as this generation's only writer and answer its position.

        Raises GenerationGoneError when it was dropped.
        """
        ...

    def commit(self) -> None:
        """Make the transaction's rows and position visible together."""
        ...

    def rollback(self) -> None:
        """Forget the transaction; harmless when there is none."""
        ...

    def live(self) -> int | None:
        """Answer the live generation as it is now, inside the transaction or not."""
        ...

    def advance(self, old: int, new: int) -> None:
        """Move the position; raises MovedError unless it is still the old one."""
        ...

    def load(self, table: Table[Any], streams: Sequence[str]) -> list[tuple[Any, ...]]:
        """Answer the stored rows of these streams, as tuples in the order of the columns."""
        ...

    def forget(self, table: Table[Any], streams: Sequence[str]) -> None:
        """Delete all rows of these streams."""
        ...

    def upsert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows, in place of those with their keys; the keys are distinct."""
        ...

    def delete(self, table: Table[Any], keys: Sequence[tuple[Any, ...]]) -> None:
        """Delete the rows with these keys."""
        ...

    def insert(self, table: Table[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows whose keys are known to be new, by the fastest road of the database."""
        ...

    def close(self) -> None:
        """Close the connection; an open transaction is forgotten."""
        ...


class Lease(Protocol):
    """Something that only one process has at a time, gone with the process."""

    def close(self) -> None:
        """Give it back."""
        ...


class Place(Protocol):
    """Where the generations of one school's read model live; picklable, without open connections.

    `feeder` and `build` are its two leases: who feeds, and who builds a generation.
    """

    def prepare(self) -> None:
        """Make the place itself; harmless when it is there."""
        ...

    def live(self) -> int | None:
        """Answer the number of the live generation, None before the first switch."""
        ...

    def point(self, generation: int) -> None:
        """Make a generation the live one, atomically and durably; the holder of `hold` calls it."""
        ...

    def generations(self) -> list[int]:
        """Answer the numbers of all generations there are, oldest first."""
        ...

    def create(self, tables: Sequence[Table[Any]], fingerprint: str) -> int:
        """Make a generation with empty tables, without indexes, for loading; numbers are never used again."""
        ...

    def finish(self, generation: int, tables: Sequence[Table[Any]], position: int) -> None:
        """Make the indexes after loading, set the position and bring everything safely to disk."""
        ...

    def drop(self, generation: int) -> bool:
        """Take a generation away; False when somebody still reads it: try again later."""
        ...

    def fingerprint(self, generation: int) -> str:
        """Answer what the generation was built for."""
        ...

    def writer(self, generation: int) -> Writer:
        """Open a connection for feeding."""
        ...

    def loader(self, generation: int) -> Writer:
        """Open a connection for loading a generation before `finish`; other processes may load beside."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Take a lease, or None when another process has it."""
        ...

    def engine(self, generation: int) -> sa.Engine:
        """Answer an engine whose transactions are read-only snapshots; dispose it after use."""
        ...

    def look(self, connection: sa.Connection, generation: int) -> tuple[int, int | None]:
        """Begin the snapshot: answer its position and which generation is live, as the snapshot sees it.

        Raises GenerationGoneError.
        """
        ...
