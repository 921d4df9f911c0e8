"""Erasures of persons: asked for, decided, done; without any text, so that nothing is left to erase here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import erasures as x
from ejd.read.projection import Projection, StreamRows
from ejd_projections.account_holders import account_holders
from ejd_projections.asking import fetch, is_in

projection = Projection("erasures", version=1)

ERASURES_MAX = 1_000
"""Of one page: the newest ones."""


@dataclass(slots=True)
class ErasureRow:
    """One request by its stream. `standing`: open, rejected, approved, destroyed; times in microseconds since 1970 UTC.

    `kept` is what had to be kept on the day of the last step, as JSON.
    """

    stream: str
    person: str
    kind: str
    ground: str
    standing: str
    kept: str
    asked_by: str
    asked_at: int | None
    decided_by: str
    decided_at: int | None
    destroyed_at: int | None
    replayed: bool


erasures = projection.table("erasures", ErasureRow, key=("stream",), indexes=[("person",)])


def _row(rows: StreamRows, person: str) -> ErasureRow:
    """Answer the row of the stream, or one that says no more than whom it is about."""
    return erasures.get(rows) or ErasureRow(
        stream=rows.stream,
        person=person,
        kind="",
        ground="",
        standing="open",
        kept="[]",
        asked_by="",
        asked_at=None,
        decided_by="",
        decided_at=None,
        destroyed_at=None,
        replayed=False,
    )


@projection.on(x.ErasureRequested)
def _requested(event: x.ErasureRequested, meta: Recorded, rows: StreamRows) -> None:
    row = _row(rows, event.person)
    row.person, row.kind, row.ground, row.kept = event.person, event.kind, event.ground, _json(event.kept)
    row.asked_by, row.asked_at = event.account, meta.recorded_at
    erasures.put(rows, row)


@projection.on(x.ErasureRejected)
def _rejected(_event: x.ErasureRejected, meta: Recorded, rows: StreamRows) -> None:
    row = erasures.get(rows)
    if row is not None:
        row.standing, row.decided_by, row.decided_at = "rejected", meta.actor, meta.recorded_at


@projection.on(x.ErasureApproved)
def _approved(event: x.ErasureApproved, meta: Recorded, rows: StreamRows) -> None:
    row = _row(rows, event.person)
    row.kind, row.ground, row.kept = event.kind, event.ground, _json(event.kept)
    row.standing, row.decided_by, row.decided_at = "approved", meta.actor, meta.recorded_at
    erasures.put(rows, row)


@projection.on(x.KeyDestroyed)
def _key_destroyed(event: x.KeyDestroyed, meta: Recorded, rows: StreamRows) -> None:
    row = _row(rows, event.person)
    row.standing, row.destroyed_at, row.replayed = "destroyed", meta.recorded_at, event.replayed
    erasures.put(rows, row)


def _json(kept: tuple[x.Kept, ...]) -> str:
    return msgspec.json.encode(kept).decode()


def find_erasures(c: sa.Connection, *, person: str | None, standing: str | None) -> list[ErasureRow]:
    """Answer erasures, the newest first, those of one person or standing only if it is named."""
    where = [
        column == value
        for column, value in ((erasures.c.person, person), (erasures.c.standing, standing))
        if value is not None
    ]
    order = [sa.func.coalesce(erasures.c.asked_at, erasures.c.destroyed_at).desc(), erasures.c.stream]
    return fetch(c, erasures, *where, order=order)[:ERASURES_MAX]


def logins_of(c: sa.Connection, persons: Collection[str]) -> dict[str, list[str]]:
    """Answer the logins of persons' accounts: they stand in clear in the events for good."""
    found: dict[str, list[str]] = {}
    rows = fetch(c, account_holders, is_in(account_holders.c.person, persons), order=[account_holders.c.login])
    for row in rows:
        found.setdefault(row.person, []).append(row.login)
    return found
