"""What stands around an event in the store, and what one transaction brings there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec

NO_STREAM = 0
"""Version of a stream that does not exist; the first event has version 1."""


class Ref(NamedTuple):
    """One stored event: a fact relied on, or a fact made void."""

    stream: str
    version: int


class Scope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Directory entry of a stream: written with its first event, kept for ever, also when all is void.

    Ids are canonical lower-case UUID texts; empty text means "does not apply".
    """

    kind: str
    journal: str = ""
    class_id: str = ""
    person: str = ""
    year: str = ""
    date: date | None = None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event about to be appended; its version follows from the commit's `expected`."""

    stream: str
    name: str
    state: bytes
    command_id: str
    caused_by: tuple[Ref, ...] = ()


class CommandRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One command of a commit: its id is scoped to the account; the hash of its body is keyed."""

    command_id: str
    name: str
    body_hash: bytes


class Watched(NamedTuple):
    """All streams of a kind, of one journal or (empty text) wherever they are: what a decision read as a whole."""

    kind: str
    journal: str = ""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """What one command, or one batch, brings to the store: all of it in one transaction, or nothing.

    `expected` names every stream that was read or is written, with the version it was read at
    (NO_STREAM for one that must not exist): all are checked again under the append lock.
    `watched` names what was read as a whole when the store stood at `seen`: no stream of it may have got an event since
    then, one that began meanwhile included, unless `expected` names it.
    `reserve` maps unique keys ("login/ivanova") to the stream that owns them; `release` frees keys.
    `recorded_at` is the clock in microseconds since 1970 UTC; the store never goes back behind its last one.
    """

    actor: str
    session: str
    client: str
    recorded_at: int
    commands: tuple[CommandRecord, ...]
    events: tuple[NewEvent, ...]
    expected: Mapping[str, int]
    scopes: Mapping[str, Scope] = {}
    reserve: Mapping[str, str] = {}
    release: tuple[str, ...] = ()
    batch_id: str = ""
    watched: frozenset[Watched] = frozenset()
    seen: int = 0


class Recorded(NamedTuple):
    """A stored event with its whole envelope. `recorded_at`: microseconds since 1970 UTC.

    A plain tuple in the order of the columns: a page of them is made without Python code per row.
    """

    position: int
    stream: str
    version: int
    name: str
    state: bytes
    recorded_at: int
    actor: str
    session: str
    client: str
    command_id: str
    batch_id: str
    caused_by: str
    salt: bytes


class EventRef(NamedTuple):
    """Reference to an event in an answer."""

    position: int
    stream: str
    version: int
    type: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command did: the last position and references to its events; `repeated` when it had been stored before.

    `body_hashes` has one keyed hash per command id, so that a repeat with another body can be told apart.
    """

    position: int
    events: tuple[EventRef, ...]
    recorded_at: int
    repeated: bool = False
    batch_id: str = ""
    body_hashes: Mapping[str, bytes] = {}


class DirectoryEntry(NamedTuple):
    """One stream of the directory."""

    stream: str
    kind: str
    journal: str
    class_id: str
    person: str
    year: str
    date: str
    first_position: int


class StaleReadError(Exception):
    """A stream that was read had moved by the time of appending: decide anew. `streams` names them."""

    def __init__(self, streams: tuple[str, ...]) -> None:
        """Keep the names, for the cache to forget and the test to look at."""
        super().__init__(f"read again, these streams have moved: {', '.join(streams)}")
        self.streams = streams


class WatchedMovedError(StaleReadError):
    """A stream among those read as a whole has moved, or began: look at these, and decide anew if they matter."""


class ReservedError(Exception):
    """A unique key belongs to another stream already."""

    def __init__(self, key: str, owner: str) -> None:
        """Keep key and owner for the refusal's sentence."""
        super().__init__(f"{key} is taken by {owner}")
        self.key = key
        self.owner = owner


class KnownCommandError(Exception):
    """A command id of the commit is stored already, alone or in another batch: answer from the store."""

    def __init__(self, command_id: str) -> None:
        """Keep the id for the answer."""
        super().__init__(f"command {command_id} is stored already")
        self.command_id = command_id
