"""The store's questions in neutral SQL, and how each database writes them.

`?` is a value, `IN ?` a list of values, `EACH ?` a list as a table with the column `value`, `HOLDS ?` bytes in a state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from ejd.store.schema import BATCH_COLUMNS, COMMAND_COLUMNS, DIRECTORY_COLUMNS, EVENT_COLUMNS

_encode = msgspec.json.Encoder().encode


class Dialect(NamedTuple):
    """Writes neutral SQL for one database and makes a list ready to be a parameter."""

    mark: str
    within: str
    each: str
    holds: str
    many: Callable[[Sequence[str]], object]

    def sql(self, text: str) -> str:
        """Translate neutral SQL."""
        text = text.replace("EACH ?", "\x01").replace("IN ?", "\x02").replace("HOLDS ?", "\x03").replace("?", self.mark)
        return text.replace("\x01", self.each).replace("\x02", self.within).replace("\x03", self.holds)


SQLITE = Dialect(
    mark="?",
    within="IN (SELECT value FROM json_each(?))",
    each="json_each(?)",
    holds="instr(state, ?) > 0",
    many=lambda values: _encode(list(values)).decode(),
)
POSTGRES = Dialect(
    mark="%s",
    within="= ANY(%s)",
    each="unnest(%s::text[]) AS each(value)",
    holds="position(%s::bytea IN state) > 0",
    many=list,
)

QUESTION = """
SELECT 0, value, '', (SELECT max(originator_version) FROM events WHERE originator_id = value), 0 FROM EACH ?
UNION ALL
SELECT 1, '', '', position, recorded_at
FROM (SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1) AS last
UNION ALL SELECT 2, actor, command_id, 0, 0 FROM commands WHERE command_id IN ?
UNION ALL SELECT 2, actor, batch_id, 0, 0 FROM batches WHERE batch_id IN ?
UNION ALL SELECT 3, key, stream, 0, 0 FROM reservations WHERE key IN ?
"""
MOVED_EVENTS_MAX = 20_000
"""Events since a decision that are looked through; after more it is decided anew."""
MOVED = f"""
SELECT position, stream, kind, journal FROM (
    SELECT position, originator_id FROM events WHERE position > ? ORDER BY position LIMIT {MOVED_EVENTS_MAX}
) AS since JOIN directory ON stream = originator_id WHERE kind IN ?
UNION ALL SELECT 0, stream, kind, journal FROM directory WHERE stream IN ? AND kind IN ?
"""  # noqa: S608 - a number of ours
"""What has moved since a position, of some kinds; of the streams that are to be written, those of the kinds.

The limit makes PostgreSQL go along the index of positions: a plan for any position takes a third of all to be later.
"""
LAST_POSITION = "SELECT coalesce(max(position), 0) FROM events"
COUNT_EVENTS = "SELECT count(*) FROM events"
HEADS = """
SELECT value, (SELECT max(originator_version) FROM events WHERE originator_id = value) FROM EACH ?
"""
OWNER = "SELECT stream FROM reservations WHERE key = ?"
BATCH = f"SELECT {BATCH_COLUMNS} FROM batches WHERE batch_id = ? AND actor = ?"  # noqa: S608 - named columns
BATCH_COMMANDS = "SELECT command_id, body_hash FROM commands WHERE batch_id = ? AND batch_id <> '' AND actor = ?"
COMMAND = f"SELECT {COMMAND_COLUMNS} FROM commands WHERE command_id = ? AND actor = ?"  # noqa: S608 - as above
REFS = """
SELECT position, originator_id, originator_version, topic, command_id, actor, batch_id FROM events
WHERE position BETWEEN ? AND ? ORDER BY position
"""
_EVENTS = f"SELECT {EVENT_COLUMNS} FROM events WHERE "  # noqa: S608 - as above
EVENTS = _EVENTS
PAGE = _EVENTS + "position > ? ORDER BY position LIMIT ?"
STREAMS = _EVENTS + "originator_id IN ? AND position + 0 <= ?"
"""`+ 0` keeps PostgreSQL from reading the whole index of positions while the table has no statistics (measured: 2-4 ms
instead of 0.5 ms a stream, growing with the store). Without ORDER BY: sorting the tuples in Python costs a quarter of
what it costs either database (measured)."""
OPERATIONS = (
    _EVENTS
    + """actor = ? AND recorded_at >= ? AND recorded_at < ? AND position + 0 > ?
ORDER BY recorded_at, position LIMIT ?"""
)
"""Recorded times never run backwards with positions, so that the index of actors and times gives their order."""
STORED_EVENT = "SELECT 1 FROM events WHERE position = ? AND originator_id = ? AND command_id = ? AND salt = ?"
STORED_COMMAND = """
SELECT 1 FROM commands WHERE command_id = ? AND actor = ? AND body_hash = ? AND last_position = ?
"""
_NOTIFICATIONS = "SELECT originator_id, originator_version, topic, state, position FROM events"
_DIRECTORY = f"SELECT {DIRECTORY_COLUMNS} FROM directory WHERE first_position > ? "  # noqa: S608 - as above
DIRECTORY = _DIRECTORY + "ORDER BY first_position LIMIT ?"
DIRECTORY_OF_KINDS = _DIRECTORY + "AND kind IN ? ORDER BY first_position LIMIT ?"
JOURNAL_STREAMS = """
SELECT stream FROM directory WHERE journal = ? AND journal <> '' AND kind = ? ORDER BY first_position
"""
STREAMS_OF_PERSONS = """
SELECT stream FROM directory WHERE person IN ? AND person <> '' AND kind = ? ORDER BY first_position
"""
STREAMS_OF_JOURNALS = """
SELECT stream FROM directory
WHERE journal IN ? AND journal <> '' AND kind = ? AND date >= ? AND date <= ? ORDER BY first_position
"""
AT = """
SELECT position, recorded_at, actor, command_id, batch_id FROM events WHERE position <= ?
ORDER BY position DESC LIMIT 1
"""
LAST_OF_COMMIT = """
SELECT last_position FROM batches WHERE batch_id = ? AND actor = ?
UNION ALL SELECT last_position FROM commands WHERE command_id = ? AND actor = ? AND batch_id = ?
"""
STREAMS_HOLDING = "SELECT DISTINCT originator_id FROM events WHERE HOLDS ? AND position <= ?"
"""Reads every event: for what happens a few times a year."""
KIND = "SELECT kind FROM directory WHERE stream = ?"
DIRECTORY_STREAMS = """
SELECT first_position, stream FROM directory WHERE first_position > ? AND first_position <= ?
ORDER BY first_position LIMIT ?
"""


def notifications(  # noqa: PLR0913 - the library's own parts
    dialect: Dialect, start: int | None, limit: int, stop: int | None, topics: Sequence[str], *, inclusive: bool
) -> tuple[str, list[object]]:
    """Answer the statement and parameters of the library's notifications: id, stream, version, topic, state."""
    filters: list[tuple[str, object]] = []
    if start is not None:
        filters.append(("position >= ?" if inclusive else "position > ?", start))
    if stop is not None:
        filters.append(("position <= ?", stop))
    if topics:
        filters.append(("topic IN ?", dialect.many(topics)))
    where = " AND ".join(condition for condition, _ in filters) or "position > 0"
    text = f"{_NOTIFICATIONS} WHERE {where} ORDER BY position LIMIT ?"
    return dialect.sql(text), [*(value for _, value in filters), limit]
