"""Commits that differ only in what a test is about."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from uuid import uuid4

from ejd.kernel.envelope import CommandRecord, Commit, NewEvent, Ref, Scope

ADA = "0190a1b2-0000-7000-8000-00000000ada0"
BOB = "0190a1b2-0000-7000-8000-00000000b0b0"
NOON = 1_790_000_000_000_000
LESSON = Scope(kind="lesson", journal="journal-1")
_numbers = itertools.count(1)


def new_id() -> str:
    """A random id, as commands and streams have them."""
    return str(uuid4())


def a_commit(  # noqa: PLR0913 - what a test is about is named, the rest is left out
    *streams: str,
    expected: Mapping[str, int] | None = None,
    command_id: str = "",
    actor: str = ADA,
    client: str = "tests/1",
    recorded_at: int = NOON,
    reserve: Mapping[str, str] | None = None,
    release: tuple[str, ...] = (),
    batch_id: str = "",
    caused_by: tuple[Ref, ...] = (),
    body_hash: bytes = b"hash",
    scope: Scope = LESSON,
) -> Commit:
    """One command with one event for each stream named; unless said otherwise none of them exists yet."""
    command_id = command_id or new_id()
    expected = dict.fromkeys(streams, 0) if expected is None else expected
    return Commit(
        actor=actor,
        session="session-1",
        client=client,
        recorded_at=recorded_at,
        commands=(CommandRecord(command_id=command_id, name="record-mark", body_hash=body_hash),),
        events=tuple(an_event(stream, command_id, caused_by) for stream in streams),
        expected=expected,
        scopes={stream: scope for stream in streams if expected[stream] == 0},
        reserve=reserve or {},
        release=release,
        batch_id=batch_id,
    )


def an_event(stream: str, command_id: str, caused_by: tuple[Ref, ...] = ()) -> NewEvent:
    """An event whose payload is a number of its own."""
    state = b'{"number":%d}' % next(_numbers)
    return NewEvent(stream=stream, name="mark-recorded/1", state=state, command_id=command_id, caused_by=caused_by)


def a_batch(batch_id: str, *commits: Commit) -> Commit:
    """The commands of several commits, all or nothing."""
    return Commit(
        actor=commits[0].actor,
        session="session-1",
        client="tests/1",
        recorded_at=NOON,
        commands=tuple(command for commit in commits for command in commit.commands),
        events=tuple(event for commit in commits for event in commit.events),
        expected={stream: version for commit in commits for stream, version in commit.expected.items()},
        scopes={stream: scope for commit in commits for stream, scope in commit.scopes.items()},
        batch_id=batch_id,
    )
