"""What both adapters promise, in one protocol; `tests/store/contract.py` holds it to account on both databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from ejd.kernel.envelope import Answer, Commit, DirectoryEntry, Recorded
from ejd.store.factors import FactorTables
from ejd.store.persons import PersonEvents
from ejd.store.signing_in import SigningInTables

PAGE_EVENTS_MAX = 10_000
STREAMS_IN_ONE_READ_MAX = 10_000
DATE_MAX = "9999-12-31"
"""Later than any date of the directory: the end of a range without one."""


class Moment(NamedTuple):
    """A position at which a whole commit has ended, and when that was recorded (microseconds since 1970 UTC)."""

    position: int
    recorded_at: int


class EventStore(Protocol):
    """One school's events. Safe for threads; several processes may hold one each."""

    @property
    def signing_in(self) -> SigningInTables:
        """What signing in keeps beside the events."""
        ...

    @property
    def factors(self) -> FactorTables:
        """What second factors keep beside the events."""
        ...

    @property
    def persons(self) -> PersonEvents:
        """Everything that concerns one person."""
        ...

    def append(self, commit: Commit) -> Answer:
        """Store the commit in one transaction, possibly shared with commits of other threads.

        Raises StaleReadError, ReservedError, KnownCommandError (see `find_answer`); then nothing is stored.
        """
        ...

    def find_answer(self, actor: str, command_id: str) -> Answer | None:
        """Answer what the account's command (or batch) with this id did, or None when it was never stored."""
        ...

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the version of each stream that exists; those that do not are left out."""
        ...

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Answer all events of the streams with position <= `upto`, in order of position."""
        ...

    def streams_sealed_for(self, person: str, upto: int) -> list[str]:
        """Answer the streams that hold a text sealed for a person, up to a position (reads every event)."""
        ...

    def read_page(self, after: int, limit: int) -> list[Recorded]:
        """Answer at most `limit` events with a position above `after`, in order; never passes over one in flight."""
        ...

    def read_rows(self, after: int, limit: int) -> list[tuple[Any, ...]]:
        """Answer the page of `read_page` as plain tuples in the order of `Recorded`: what a feeder reads fastest."""
        ...

    def read_partition(self, part: int, parts: int, upto: int, chunk_streams: int) -> Iterator[list[Recorded]]:
        """Yield all events up to a position in chunks of whole streams; each stream is in exactly one of the parts.

        Inside a chunk the events are in order of position; the chunks of different parts can be read by processes.
        """
        ...

    def partition_rows(self, part: int, parts: int, upto: int, chunk_streams: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the chunks of `read_partition` as plain tuples in the order of `Recorded`."""
        ...

    def find_events(  # noqa: PLR0913 - the filters of the public list of events
        self,
        *,
        after: int = 0,
        limit: int = 100,
        stream: str | None = None,
        actor: str | None = None,
        names: Sequence[str] = (),
        since: int | None = None,
        until: int | None = None,
    ) -> list[Recorded]:
        """Answer a page of events by stream, actor, stored names and recorded time (microseconds, until exclusive)."""
        ...

    def operations(self, actor: str, since: int, until: int) -> Iterator[Recorded]:
        """Yield the events of an account recorded in [since, until) (microseconds UTC), in order of position.

        Costs what they are, whatever the size of the store: there is an index of actors and times.
        """
        ...

    def last_position(self) -> int:
        """Answer the highest position, 0 for an empty store."""
        ...

    def owner_of(self, key: str) -> str | None:
        """Answer the stream that holds a unique key."""
        ...

    def directory(self, *, kinds: Sequence[str] = ()) -> Iterator[DirectoryEntry]:
        """Answer the streams that were ever written, ordered by first position."""
        ...

    def streams_of_journal(self, journal: str, kind: str) -> list[str]:
        """Answer the directory's streams of one kind and journal, by first position (cheap: it has an index)."""
        ...

    def streams_of_persons(self, persons: Sequence[str], kind: str) -> list[str]:
        """Answer the directory's streams of one kind and several persons (cheap: it has an index)."""
        ...

    def streams_of_journals(
        self, journals: Sequence[str], kind: str, *, first: str = "", last: str = DATE_MAX
    ) -> list[str]:
        """Answer the directory's streams of one kind and several journals, of a range of dates, both included."""
        ...

    def moment_at(self, position: int) -> Moment | None:
        """Answer where the commit ends that the newest event at or below a position belongs to; None: there is none."""
        ...

    def moment_before(self, recorded_at: int) -> Moment | None:
        """Answer where the store stood at a time: the last event recorded then or earlier; None: there was none."""
        ...

    def kind_of(self, stream: str) -> str | None:
        """Answer the kind under which the directory has a stream (it never changes), None for an unknown stream."""
        ...

    def count_events(self) -> int:
        """Answer how many events there are (positions may have gaps)."""
        ...

    def wait_for_news(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is an event above `after`, of any process; False when the time is over."""
        ...

    def close(self) -> None:
        """Finish running appends, then close the connections."""
        ...


def chunks(streams: Iterable[str], size: int) -> Iterator[list[str]]:
    """Cut a list of streams into lists of at most `size`."""
    chunk: list[str] = []
    for stream in streams:
        chunk.append(stream)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
