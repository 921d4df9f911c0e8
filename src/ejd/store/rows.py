"""The library's own way in: stored events without a commit get an envelope of given or empty values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent

from ejd.kernel.envelope import Recorded
from ejd.store.group_commit import Appender
from ejd.store.judge import SALT_BYTES, DirectoryRow, Known, Question, RandomBytes, Rows, check_texts

Clock = Callable[[], int]
TEXTS = ("actor", "session", "client", "command_id", "batch_id")


def insert_stored(
    appender: Appender, stored_events: Sequence[StoredEvent], random_bytes: RandomBytes, envelope: dict[str, Any]
) -> list[int] | None:
    """Insert events of the library in a transaction of their own; answer their positions, None when there are none.

    An error, also one after which nobody knows whether the events are stored, is the caller's to judge: the
    library's own retry would turn an unanswered commit into a false conflict.
    """
    if not stored_events:
        return None
    streams = list(dict.fromkeys(str(event.originator_id) for event in stored_events))
    with appender.writing:
        known = appender.begin(Question(streams, [], []))
        try:
            rows = rows_of(stored_events, known, random_bytes, envelope)
        except BaseException:
            appender.abandon()
            raise
        appender.finish(rows)
    return [event.position for event in rows.events]


def rows_of(
    stored_events: Sequence[StoredEvent], known: Known, random_bytes: RandomBytes, envelope: dict[str, Any]
) -> Rows:
    """Put stored events of the library into rows; `envelope` may give actor, session, recorded_at and so on.

    Versions are the caller's: one that is stored already fails in the database, as the library expects.
    """
    texts = [str(envelope.get(name, "")) for name in TEXTS]
    check_texts([*texts, *(event.topic for event in stored_events)])
    recorded_at = max(known.recorded_at, int(envelope["recorded_at"]))
    caused_by = str(envelope.get("caused_by", "[]"))
    actor, session, client, command_id, batch_id = texts
    events: list[Recorded] = []
    directory: list[DirectoryRow] = []
    seen = set(known.heads)
    for position, event in enumerate(stored_events, known.position + 1):
        stream = str(event.originator_id)
        if stream not in seen:
            seen.add(stream)
            directory.append((stream, "", "", "", "", "", "", position))
        events.append(
            Recorded(
                position,
                stream,
                event.originator_version,
                event.topic,
                event.state,
                recorded_at,
                actor,
                session,
                client,
                command_id,
                batch_id,
                caused_by,
                random_bytes(SALT_BYTES),
            )
        )
    return Rows(events, [], [], directory, [], [])
