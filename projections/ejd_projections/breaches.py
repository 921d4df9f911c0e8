"""Breaches of credentials (п. 19-21): what was decided when by whom, and whom an invalidation concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import breaches as b
from ejd.kernel.sealed import Sealed
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import ask, checked_limit, fetch, question

projection = Projection("breaches", version=2)


@dataclass(slots=True)
class BreachRow:
    """A breach as it stands; times are microseconds since 1970 UTC, None: not yet.

    `head_received_at` and `support_received_at` are as entered, `waiting` names those that a second person must still
    confirm ("head,support"). `starts`, `ends`, `sessions` (JSON list) are the window that was chosen, if any.
    `commands` and `invalidated` count what was ever made void, `restored` what was given back; `changed_position` is
    that of the last decision that made events void or valid again.
    """

    stream: str
    account: str
    person: str
    learned_at: int
    reported_at: int
    head_received_at: int | None
    support_received_at: int | None
    waiting: str
    reset_at: int | None
    starts: int | None
    ends: int | None
    sessions: str
    proposed: bool
    widening: bool
    invalidations: int
    commands: int
    invalidated: int
    restored: int
    changed_position: int
    closed: bool


@dataclass(slots=True)
class StepRow:
    """One decision; `text` is the reason in clear, empty where there is none or the key was destroyed.

    `detail` is a JSON object of what was decided: times, counts, a digest.
    """

    stream: str
    version: int
    kind: str
    at: int
    actor: str
    position: int
    text: str
    detail: str


@dataclass(slots=True)
class ConcernedRow:
    """A pupil of whom a decision (`version` of the breach) changed what parents may have seen: void or restored."""

    stream: str
    version: int
    pupil: str
    kind: str
    decided_at: int


breaches = projection.table("breaches", BreachRow, key=("stream",), indexes=[("account",), ("reported_at",)])
breach_steps = projection.table("breach_steps", StepRow, key=("stream", "version"))
breach_concerned = projection.table("breach_concerned", ConcernedRow, key=("stream", "version", "pupil"))


def _step(event: Event, meta: Recorded, rows: StreamRows, sealed: Sealed | None, detail: object) -> None:
    name = meta.name.partition("/")[0]
    text = ""
    if sealed is not None:
        field = next(one for one in event.__struct_fields__ if getattr(event, one) is sealed)
        text = rows.unseal(sealed, f"{name}.{field}") or ""
    row = StepRow(
        stream=meta.stream,
        version=meta.version,
        kind=name,
        at=meta.recorded_at,
        actor=meta.actor,
        position=meta.position,
        text=text,
        detail=msgspec.json.encode(detail).decode(),
    )
    breach_steps.put(rows, row)


def _breach(meta: Recorded, rows: StreamRows) -> BreachRow:
    """Answer the breach's row; a fold is total, so that any event can make it."""
    row = breaches.get(rows)
    if row is None:
        row = BreachRow(
            stream=meta.stream,
            account="",
            person="",
            learned_at=meta.recorded_at,
            reported_at=meta.recorded_at,
            head_received_at=None,
            support_received_at=None,
            waiting="",
            reset_at=None,
            starts=None,
            ends=None,
            sessions="[]",
            proposed=False,
            widening=False,
            invalidations=0,
            commands=0,
            invalidated=0,
            restored=0,
            changed_position=0,
            closed=False,
        )
        breaches.put(rows, row)
    return row


@projection.on(b.BreachReported)
def _reported(event: b.BreachReported, meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    row.account, row.person = event.account, event.person
    row.learned_at, row.reported_at = event.learned_at, event.reported_at
    _step(event, meta, rows, event.what, {"account": event.account, "learned_at": event.learned_at})


def _receivers(row: BreachRow, receiver: b.Receiver, *, waits: bool) -> None:
    waiting = {one for one in row.waiting.split(",") if one} - {receiver}
    row.waiting = ",".join(sorted(waiting | {receiver} if waits else waiting))


@projection.on(b.NoticeReceived)
def _received(event: b.NoticeReceived, meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    if event.receiver == "head":
        row.head_received_at = event.received_at
    else:
        row.support_received_at = event.received_at
    _receivers(row, event.receiver, waits=not event.confirmed)
    detail = {"receiver": event.receiver, "received_at": event.received_at, "confirmed": event.confirmed}
    _step(event, meta, rows, None, detail)


@projection.on(b.NoticeConfirmed)
def _confirmed(event: b.NoticeConfirmed, meta: Recorded, rows: StreamRows) -> None:
    _receivers(_breach(meta, rows), event.receiver, waits=False)
    _step(event, meta, rows, None, {"receiver": event.receiver, "received_at": event.received_at})


@projection.on(b.BreachCredentialsReset)
def _reset(event: b.BreachCredentialsReset, meta: Recorded, rows: StreamRows) -> None:
    _breach(meta, rows).reset_at = event.reset_at
    _step(event, meta, rows, None, {"reset_at": event.reset_at})


@projection.on(b.WindowNarrowed, b.WindowWidened)
def _window(event: b.WindowNarrowed | b.WindowWidened, meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    row.starts, row.ends = event.starts, event.ends
    row.sessions = msgspec.json.encode(event.sessions).decode()
    row.proposed = row.widening = False
    reason = event.reason if isinstance(event, b.WindowNarrowed) else None
    _step(event, meta, rows, reason, {"starts": event.starts, "ends": event.ends, "sessions": event.sessions})


@projection.on(b.WideningProposed)
def _widening(event: b.WideningProposed, meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    row.proposed, row.widening = False, True
    detail = {"starts": event.starts, "ends": event.ends, "sessions": event.sessions}
    _step(event, meta, rows, event.reason, detail)


@projection.on(b.InvalidationProposed)
def _proposed(event: b.InvalidationProposed, meta: Recorded, rows: StreamRows) -> None:
    _breach(meta, rows).proposed = True
    detail = {
        "digest": event.digest,
        "commands": event.commands,
        "events": event.events,
        "streams": event.streams,
    }
    _step(event, meta, rows, None, detail)


@projection.on(b.EventsInvalidated)
def _invalidated(event: b.EventsInvalidated, meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    events = _count(event.voided)
    row.proposed = False
    row.invalidations += 1
    row.commands += len(event.commands)
    row.invalidated += events
    row.changed_position = meta.position
    for pupil in event.pupils:
        breach_concerned.put(rows, ConcernedRow(meta.stream, meta.version, pupil, "void", event.decided_at))
    detail = {
        "digest": event.digest,
        "commands": len(event.commands),
        "events": events,
        "streams": len(event.voided),
        "pupils": len(event.pupils),
    }
    _step(event, meta, rows, None, detail)


@projection.on(b.OperationsReaffirmed)
def _reaffirmed(event: b.OperationsReaffirmed, meta: Recorded, rows: StreamRows) -> None:
    _restored(event.restored, meta, rows)
    detail = {"commands": event.commands, "events": _count(event.restored), "streams": len(event.restored)}
    _step(event, meta, rows, event.reason, detail)


@projection.on(b.InvalidationRevoked)
def _revoked(event: b.InvalidationRevoked, meta: Recorded, rows: StreamRows) -> None:
    _restored(event.restored, meta, rows)
    told = breach_concerned.all(rows)
    since = max((row.version for row in told if row.kind == "restored"), default=0)
    for pupil in {row.pupil for row in told if row.version > since}:
        breach_concerned.put(rows, ConcernedRow(meta.stream, meta.version, pupil, "restored", meta.recorded_at))
    _step(event, meta, rows, event.reason, {"events": _count(event.restored), "streams": len(event.restored)})


def _restored(restored: Sequence[b.VoidedVersions], meta: Recorded, rows: StreamRows) -> None:
    row = _breach(meta, rows)
    row.restored += _count(restored)
    row.changed_position = meta.position


@projection.on(b.DependentDecided)
def _decided(event: b.DependentDecided, meta: Recorded, rows: StreamRows) -> None:
    _breach(meta, rows)
    detail = {"stream": event.stream, "version": event.version, "decision": event.decision}
    _step(event, meta, rows, event.reason, detail)


@projection.on(b.BreachClosed)
def _closed(event: b.BreachClosed, meta: Recorded, rows: StreamRows) -> None:
    _breach(meta, rows).closed = True
    _step(event, meta, rows, event.conclusion, {})


def _count(versions: Sequence[b.VoidedVersions]) -> int:
    return sum(len(one.versions) for one in versions)


_ALL = question(breaches, order=[breaches.c.reported_at.desc()])


def breaches_by_report(c: sa.Connection, *, limit: int, offset: int = 0) -> list[BreachRow]:
    """Answer a page of breaches, the newest report first."""
    statement = _ALL.limit(checked_limit(limit)).offset(offset)
    return ask(c, breaches, statement)


def count_breaches(c: sa.Connection) -> int:
    """Answer how many breaches were ever reported."""
    return int(c.scalar(sa.select(sa.func.count()).select_from(breaches.table)) or 0)


def breaches_that_hold(c: sa.Connection) -> list[str]:
    """Answer the breaches that hold events void, by the time of their report."""
    t = breaches.c
    where = t.invalidated > t.restored
    return [row.stream for row in fetch(c, breaches, where, order=[t.reported_at])]


def concerned_pupils(c: sa.Connection) -> list[ConcernedRow]:
    """Answer the pupils concerned by any invalidation or its revocation, in the order of the decisions."""
    t = breach_concerned.c
    return fetch(c, breach_concerned, order=[t.decided_at])
