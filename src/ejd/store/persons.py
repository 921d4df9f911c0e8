"""Everything stored that concerns one person: by stream, by account, and by the id inside an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from ejd.kernel.envelope import Recorded
from ejd.store.dialect import EVENTS, Dialect
from ejd.store.outbox import Fetch

PAGE_EVENTS_MAX = 2_000
STREAMS = "SELECT stream, kind FROM directory WHERE person = ? OR stream = ? ORDER BY first_position"
ABOUT = EVENTS + (
    "position > ? AND position <= ? AND (originator_id IN ? OR actor IN ? OR HOLDS ?) ORDER BY position LIMIT ?"
)
"""Reads every event once: somebody asks for it a few times a year."""


class OwnStream(NamedTuple):
    """A stream of the person, or about the person as a whole."""

    stream: str
    kind: str


class PersonEvents:
    """The part of a store that answers about one person; safe for threads."""

    def __init__(self, fetch: Fetch, dialect: Dialect, use: Callable[[], AbstractContextManager[None]]) -> None:
        """`use` keeps the store open while a statement runs."""
        self._fetch, self._use, self._many = fetch, use, dialect.many
        self._streams, self._about = dialect.sql(STREAMS), dialect.sql(ABOUT)

    def streams(self, person: str) -> list[OwnStream]:
        """Answer the directory's streams of a person, the own one too."""
        with self._use():
            return [OwnStream(*row) for row in self._fetch(self._streams, (person, person))]

    def about(self, person: str, streams: Sequence[str], accounts: Sequence[str], upto: int) -> Iterator[Recorded]:
        """Yield the events of streams, those recorded by accounts, and those that name the person, in order."""
        own, actors, held = self._many(streams), self._many(accounts), person.encode()
        after = 0
        while True:
            with self._use():
                rows = self._fetch(self._about, (after, upto, own, actors, held, PAGE_EVENTS_MAX))
            yield from map(Recorded._make, rows)
            if len(rows) < PAGE_EVENTS_MAX:
                return
            after = rows[-1][0]
