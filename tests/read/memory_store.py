"""A store of events in memory: what the read side needs of one, and ways to write a history into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event, encode
from ejd.kernel.sealed import sealed_for
from ejd.store.contract import chunks

STEP_MICROSECONDS = 1_000_000


@dataclass
class MemoryStore:
    """Events in order of position, with gaps as a real store may have; picklable, for processes of their own."""

    events: list[Recorded] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    commits: int = 0

    def add(self, *events: tuple[str, Event], gap: int = 0) -> int:
        """Append the events in one commit and answer its last position."""
        self.commits += 1
        position = self.last_position() + gap
        for stream, event in events:
            position += 1
            version = self.versions[stream] = self.versions.get(stream, 0) + 1
            self.events.append(
                Recorded(
                    position=position,
                    stream=stream,
                    version=version,
                    name=event.stored_name,
                    state=encode(event),
                    recorded_at=self.commits * STEP_MICROSECONDS,
                    actor="actor",
                    session="session",
                    client="test",
                    command_id=f"command-{self.commits}",
                    batch_id="",
                    caused_by="[]",
                    salt=b"",
                )
            )
        return position

    def upto(self, position: int) -> MemoryStore:
        """Answer the store as it was."""
        return MemoryStore([meta for meta in self.events if meta.position <= position])

    def read_page(self, after: int, limit: int) -> list[Recorded]:
        """See `EventStore`."""
        return [meta for meta in self.events if meta.position > after][:limit]

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """See `EventStore`."""
        wanted = set(streams)
        return [meta for meta in self.events if meta.stream in wanted and (upto is None or meta.position <= upto)]

    def streams_sealed_for(self, person: str, upto: int) -> list[str]:
        """See `EventStore`."""
        held = sealed_for(person)
        return sorted({meta.stream for meta in self.events if meta.position <= upto and held in meta.state})

    def read_partition(self, part: int, parts: int, upto: int, chunk_streams: int) -> Iterator[list[Recorded]]:
        """See `PartitionedSource`: every `parts`-th stream, by name."""
        streams = sorted({meta.stream for meta in self.events})[part::parts]
        for chunk in chunks(streams, chunk_streams):
            yield self.read_streams(chunk, upto=upto)

    def last_position(self) -> int:
        """See `EventStore`."""
        return self.events[-1].position if self.events else 0

    def count_events(self) -> int:
        """See `EventStore`."""
        return len(self.events)

    def wait_for_news(self, after: int, timeout_seconds: float) -> bool:
        """Answer at once: tests do not wait."""
        return self.last_position() > after

    def close(self) -> None:
        """Nothing is open."""
