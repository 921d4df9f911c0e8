"""Where the store stood at a time: recorded times never run backwards, so that positions are searched by halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ejd.store import dialect as sql
from ejd.store.contract import Moment
from ejd.store.judge import INTEGER_MAX

Fetch = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
Write = Callable[[str], str]
"""Writes neutral SQL for one database."""


def moment_at(fetch: Fetch, write: Write, position: int) -> Moment | None:
    """Answer where the commit ends that the newest event at or below a position belongs to; None: there is none."""
    found = fetch(write(sql.AT), (min(position, INTEGER_MAX),))
    if not found:
        return None
    own, recorded_at, actor, command_id, batch_id = found[0]
    ends = fetch(write(sql.LAST_OF_COMMIT), (batch_id, actor, command_id, actor, batch_id))
    return Moment(max(own, *(end for (end,) in ends)) if ends else own, recorded_at)


def moment_before(fetch: Fetch, write: Write, recorded_at: int) -> Moment | None:
    """Answer where the store stood at a time: the last event recorded then or earlier; None: there was none."""
    newest = fetch(write(sql.AT), (INTEGER_MAX,))
    low, high, found = 0, newest[0][0] if newest else 0, None
    while low < high:
        middle = (low + high + 1) // 2
        row = fetch(write(sql.AT), (middle,))
        if row and row[0][1] > recorded_at:
            high = row[0][0] - 1
        else:
            low = middle
            found = Moment(row[0][0], row[0][1]) if row else None
    return found
