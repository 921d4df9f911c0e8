"""Moments of the past as clients write them: a time or a position."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from ejd.history.past import Then
from ejd.http.problems import Malformed
from ejd.store.contract import EventStore

Invalidated: TypeAlias = Literal["include", "exclude"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION = re.compile(r"[0-9]+")


class NotInThePast(Malformed):
    """The moment asked about is no moment of the school's past."""


def moment_text(recorded_at: int) -> str:
    """Answer microseconds since 1970 as RFC 3339 in UTC, to the last digit."""
    return (EPOCH + timedelta(microseconds=recorded_at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def find_then(
    store: EventStore, text: str, present: int, *, without_invalidated: bool = False, field: str = "as_of"
) -> Then:
    """Answer the moment that a client wrote; raises NotInThePast for the future and before the first event.

    A position inside of a commit means the whole commit: no report was ever asked of half of one.
    """
    if _POSITION.fullmatch(text):
        position = int(text)
        if position > store.last_position():
            raise NotInThePast(f"there is no position {position} yet: give one that an answer had", field=field)
        found = store.moment_at(position)
        now = found.recorded_at if found else 0
    else:
        now = _microseconds(text, field)
        if now > present:
            raise NotInThePast(f"{text} is in the future: leave {field} out to ask about the present", field=field)
        found = store.moment_before(now)
    if found is None:
        raise NotInThePast("nothing was recorded by then: give a later moment", field=field)
    return Then(found.position, now, without_invalidated)


def _microseconds(text: str, field: str) -> int:
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError, TypeError):
        raise Malformed(f"{field}: there is no such time, write it as 2025-10-06T12:00:00Z", field=field) from None
