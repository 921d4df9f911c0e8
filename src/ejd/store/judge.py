"""Judging commits in memory: what was true under the append lock, what each commit may do, the rows that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from ejd.kernel.envelope import (
    NO_STREAM,
    Answer,
    Commit,
    EventRef,
    KnownCommandError,
    NewEvent,
    Recorded,
    ReservedError,
    Scope,
    StaleReadError,
    Watched,
    WatchedMovedError,
)
from ejd.store.dialect import MOVED_EVENTS_MAX
from ejd.store.errors import BadCommitError

EVENTS_IN_COMMIT_MAX = 60_000
STREAMS_IN_COMMIT_MAX = 60_000
"""An invalidation writes a marker to each affected stream in one transaction; everything else is far below."""
STATE_BYTES_MAX = 16 * 1024 * 1024
TEXT_CHARACTERS_MAX = 300
"""Two such texts, each character of four bytes, still fit into one entry of a PostgreSQL index (2,704 bytes)."""
INTEGER_MAX = 2**63 - 1
SALT_BYTES = 16

RandomBytes = Callable[[int], bytes]
CommandRow = tuple[str, str, str, bytes, str, int, int, int]
BatchRow = tuple[str, str, int, int, int]
DirectoryRow = tuple[str, str, str, str, str, str, str, int]
MovedRow = tuple[int, str, str, str]
"""Position, stream, its kind and journal."""

_encode = msgspec.json.Encoder().encode


class Question(NamedTuple):
    """What the commits of a group need to know, asked in one statement under the append lock."""

    streams: list[str]
    ids: list[str]
    keys: list[str]


class Watch(NamedTuple):
    """What has moved of some kinds of streams since a position is asked beside, by the few commits that watch some.

    `written`: streams that the group writes, whose kinds are asked too: one commit of a group may move what another
    one watches.
    """

    since: int
    kinds: list[str]
    written: list[str]

    def is_long_ago(self, position: int) -> bool:
        """Tell whether more may have been written since than is looked through; positions may have gaps."""
        return position - self.since > MOVED_EVENTS_MAX

    def asks(self, position: int) -> bool:
        """Tell whether there is anything to ask: the usual decision meets a store where nothing was written since."""
        return bool(self.written or position > self.since) and not self.is_long_ago(position)


class Known(NamedTuple):
    """What was true under the append lock; a stream without events is absent from `heads`."""

    position: int
    recorded_at: int
    heads: dict[str, int]
    ids: set[tuple[str, str]]
    owners: dict[str, str]
    moved: Sequence[MovedRow] | None = ()
    """None: too much to look through."""


class Rows(NamedTuple):
    """Everything one transaction writes; `released` keys are deleted before `reserved` ones are written."""

    events: list[Recorded]
    commands: list[CommandRow]
    batches: list[BatchRow]
    directory: list[DirectoryRow]
    released: list[str]
    reserved: list[tuple[str, str]]

    def anything(self) -> bool:
        """Tell whether there is a reason to commit."""
        return any(self)

    def position(self) -> int:
        """Answer the last position written, 0 when no event was."""
        return self.events[-1].position if self.events else 0


def question_of(commits: Iterable[Commit]) -> Question:
    """Collect the streams, ids and keys of a group, each once."""
    streams: dict[str, None] = {}
    ids: dict[str, None] = {}
    keys: dict[str, None] = {}
    for commit in commits:
        streams |= dict.fromkeys(commit.expected)
        ids |= dict.fromkeys(_ids(commit))
        if commit.reserve or commit.release:
            keys |= dict.fromkeys(chain(commit.release, commit.reserve))
    return Question(list(streams), list(ids), list(keys))


def watch_of(commits: Sequence[Commit]) -> Watch | None:
    """Collect what the commits of a group watch; None: nothing, as nearly always."""
    watching = [commit for commit in commits if commit.watched]
    if not watching:
        return None
    kinds = {watched.kind for commit in watching for watched in commit.watched}
    written = {event.stream for commit in commits for event in commit.events} if len(commits) > 1 else ()
    return Watch(min(commit.seen for commit in watching), sorted(kinds), list(written))


def known_from(rows: Iterable[tuple[int, str, str, int | None, int]]) -> Known:
    """Read the answer to a question: (0, stream, head), (1, last position and time), (2, id), (3, key) rows."""
    position = recorded_at = 0
    heads: dict[str, int] = {}
    ids: set[tuple[str, str]] = set()
    owners: dict[str, str] = {}
    for kind, first, second, number, moment in rows:
        if kind == 0:
            if number is not None:
                heads[first] = number
        elif kind == 1:
            position, recorded_at = number or 0, moment
        elif kind == 2:  # noqa: PLR2004 - the kinds are named in the docstring
            ids.add((first, second))
        else:
            owners[first] = second
    return Known(position, recorded_at, heads, ids, owners)


def check(commit: Commit) -> None:
    """Raise BadCommitError for what no state of the store could make right, before anybody waits for a lock."""
    if len(commit.events) > EVENTS_IN_COMMIT_MAX or len(commit.expected) > STREAMS_IN_COMMIT_MAX:
        msg = f"a commit has at most {EVENTS_IN_COMMIT_MAX} events and reads {STREAMS_IN_COMMIT_MAX} streams"
        raise BadCommitError(msg)
    if not commit.events and not commit.commands:
        raise BadCommitError("a commit without events needs a command to be known by")
    if not 0 <= commit.recorded_at <= INTEGER_MAX:
        raise BadCommitError("recorded_at is in microseconds since 1970 and not before")
    ids = _ids(commit)
    if len(set(ids)) != len(ids):
        raise BadCommitError("each command of a commit, and the batch, needs an id of its own")
    for event in commit.events:
        if event.stream not in commit.expected:
            raise BadCommitError(f"expected must name stream {event.stream}, which is written")
        if len(event.state) > STATE_BYTES_MAX:
            raise BadCommitError(f"the state of an event has at most {STATE_BYTES_MAX} bytes")
    check_texts(_texts(commit))


def check_texts(texts: Sequence[str]) -> None:
    """Raise BadCommitError for text PostgreSQL refuses (NUL, half surrogates) or an index cannot hold."""
    if max(map(len, texts), default=0) > TEXT_CHARACTERS_MAX:
        raise BadCommitError(f"a text of the envelope has at most {TEXT_CHARACTERS_MAX} characters")
    together = "".join(texts)
    if "\0" in together:
        raise BadCommitError("a text of the envelope contains a NUL character, which no database text may")
    if not together.isascii():
        try:
            together.encode()
        except UnicodeEncodeError as error:
            raise BadCommitError("a text of the envelope contains half a surrogate pair") from error


class Judge:
    """Holds what is true under the append lock, and moves it on with each commit it admits."""

    def __init__(self, known: Known, random_bytes: RandomBytes) -> None:
        """Start from what the database answered; `known` is used up."""
        self.position = known.position
        self.recorded_at = known.recorded_at
        self.heads = known.heads
        self.ids = known.ids
        self.owners = known.owners
        self._stored_owners = dict(known.owners)
        self._too_much = known.moved is None
        self._moved = list(known.moved or ())
        self._scopes = {stream: (kind, journal) for _, stream, kind, journal in self._moved}
        self._random_bytes = random_bytes
        self.events: list[Recorded] = []
        self.commands: list[CommandRow] = []
        self.batches: list[BatchRow] = []
        self.directory: list[DirectoryRow] = []

    def admit(self, commit: Commit) -> Answer:
        """Make the rows of a commit, or raise KnownCommandError, StaleReadError, ReservedError and change nothing."""
        self._refuse(commit)
        recorded_at = max(self.recorded_at, commit.recorded_at)
        for key in commit.release:
            self.owners.pop(key, None)
        self.owners.update(commit.reserve)
        refs = self._events(commit, recorded_at)
        self._answers(commit, refs, recorded_at)
        return Answer(
            position=self.position,
            events=tuple(refs),
            recorded_at=recorded_at,
            batch_id=commit.batch_id,
            body_hashes={command.command_id: command.body_hash for command in commit.commands},
        )

    def rows(self) -> Rows:
        """Answer what all admitted commits write together; keys that come and go inside the group leave no row."""
        before, after = self._stored_owners, self.owners
        return Rows(
            self.events,
            self.commands,
            self.batches,
            self.directory,
            [key for key, owner in before.items() if after.get(key) != owner],
            [(key, owner) for key, owner in after.items() if before.get(key) != owner],
        )

    def _refuse(self, commit: Commit) -> None:
        for known_id in _ids(commit):
            if (commit.actor, known_id) in self.ids:
                raise KnownCommandError(known_id)
        heads = self.heads
        stale = [stream for stream, version in commit.expected.items() if heads.get(stream, NO_STREAM) != version]
        if stale:
            raise StaleReadError(tuple(stale))
        if commit.watched and self._too_much:
            raise StaleReadError(())
        moved = [row[1] for row in self._moved if _is_watched(commit, row)]
        if moved:
            raise WatchedMovedError(tuple(dict.fromkeys(moved)))
        for key, stream in commit.reserve.items():
            owner = self.owners.get(key)
            if owner not in (None, stream) and key not in commit.release:
                raise ReservedError(key, owner)
        for event in commit.events:
            if event.stream not in heads and event.stream not in commit.scopes:
                raise BadCommitError(f"the first event of stream {event.stream} needs its scope")

    def _events(self, commit: Commit, recorded_at: int) -> list[EventRef]:
        refs: list[EventRef] = []
        position = self.position
        salts = self._random_bytes(SALT_BYTES * len(commit.events))
        for number, event in enumerate(commit.events):
            position += 1
            version = self.heads.get(event.stream, NO_STREAM) + 1
            if version == 1:
                scope = commit.scopes[event.stream]
                self.directory.append(_directory_row(event.stream, scope, position))
                self._scopes[event.stream] = (scope.kind, scope.journal)
            if event.stream in self._scopes:
                self._moved.append((position, event.stream, *self._scopes[event.stream]))
            self.heads[event.stream] = version
            self.events.append(
                Recorded(
                    position,
                    event.stream,
                    version,
                    event.name,
                    event.state,
                    recorded_at,
                    commit.actor,
                    commit.session,
                    commit.client,
                    event.command_id,
                    commit.batch_id,
                    caused_by_text(event),
                    salts[SALT_BYTES * number : SALT_BYTES * (number + 1)],
                )
            )
            refs.append(EventRef(position, event.stream, version, event.name))
        self.position = position
        if refs:
            self.recorded_at = recorded_at
        return refs

    def _answers(self, commit: Commit, refs: Sequence[EventRef], recorded_at: int) -> None:
        ranges: dict[str, tuple[int, int]] = {}
        for event, ref in zip(commit.events, refs, strict=True):
            first, _ = ranges.get(event.command_id, (ref.position, 0))
            ranges[event.command_id] = (first, ref.position)
        nothing = (self.position + 1, self.position)
        for command in commit.commands:
            first, last = ranges.get(command.command_id, nothing)
            self.commands.append(
                (
                    command.command_id,
                    commit.actor,
                    command.name,
                    command.body_hash,
                    commit.batch_id,
                    first,
                    last,
                    recorded_at,
                )
            )
        if commit.batch_id:
            first, last = (refs[0].position, refs[-1].position) if refs else nothing
            self.batches.append((commit.batch_id, commit.actor, first, last, recorded_at))
        self.ids.update((commit.actor, known_id) for known_id in _ids(commit))


def caused_by_text(event: NewEvent) -> str:
    """Answer the JSON list of [stream, version] that stands in the envelope."""
    return _encode(event.caused_by).decode() if event.caused_by else "[]"


def _is_watched(commit: Commit, row: MovedRow) -> bool:
    position, stream, kind, journal = row
    if position <= commit.seen or stream in commit.expected:
        return False
    return Watched(kind, journal) in commit.watched or Watched(kind) in commit.watched


def _directory_row(stream: str, scope: Scope, position: int) -> DirectoryRow:
    day = scope.date.isoformat() if scope.date else ""
    return (stream, scope.kind, scope.journal, scope.class_id, scope.person, scope.year, day, position)


def _ids(commit: Commit) -> list[str]:
    ids = [command.command_id for command in commit.commands]
    if commit.batch_id:
        ids.append(commit.batch_id)
    return ids


def _texts(commit: Commit) -> list[str]:
    texts = [commit.actor, commit.session, commit.client, commit.batch_id]
    for command in commit.commands:
        texts += (command.command_id, command.name)
    for event in commit.events:
        texts += (event.name, event.command_id)
        texts += (cause.stream for cause in event.caused_by)
    texts += commit.expected
    for scope in commit.scopes.values():
        texts += (scope.kind, scope.journal, scope.class_id, scope.person, scope.year)
    texts += chain.from_iterable(commit.watched)
    texts += _key_texts(commit.reserve, commit.release)
    return texts


def _key_texts(reserve: Mapping[str, str], release: Sequence[str]) -> Iterable[str]:
    return chain(reserve, reserve.values(), release)
