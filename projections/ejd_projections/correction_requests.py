"""Requests to correct what the regulation no longer leaves free (A10), with what became of them, and their use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import corrections as c
from ejd.read.projection import Projection, StreamRows
from ejd_projections.account_holders import Holder, holders
from ejd_projections.asking import ROWS_MAX, checked_limit, fetch
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.people import names

projection = Projection("correction_requests", version=1)

RequestStanding = Literal["open", "approved", "rejected", "withdrawn", "used", "void"]
"""As the kernel's, and `void`: a breach made the request itself void."""


@dataclass(slots=True)
class RequestRow:
    """One request; what is void has no part in `standing` and what was decided.

    `decided_…` is the valid approval or rejection that came last, `approval` its version (None: no approval),
    `until` the end of its term (microseconds UTC). Reasons are in clear, "" when the key they stood under is gone.
    """

    stream: str
    account: str
    person: str
    kind: str
    record: str
    journal: str
    day: str
    slot: int
    ordinal: int
    period: str
    pupil: str
    reason: str
    requested_at: int
    void: bool
    standing: str
    decided_by: str
    decided_at: int | None
    decision_reason: str
    approval: int | None
    until: int | None
    used_at: int | None
    command: str


@dataclass(slots=True)
class ApprovalRow:
    """One approval, valid or void."""

    stream: str
    version: int
    account: str
    approved_at: int
    until: int
    void: bool


@dataclass(slots=True)
class UseRow:
    """The command that used an approval up; `approval` is the version of the last one before it.

    What it wrote to `record` are the events there with this command and actor.
    """

    stream: str
    version: int
    record: str
    command: str
    actor: str
    made_at: int
    void: bool
    approval: int
    approved_by: str
    approved_at: int
    approval_void: bool


requests = projection.table(
    "correction_requests", RequestRow, key=("stream",), indexes=[("standing", "requested_at"), ("record",)]
)
approvals = projection.table("correction_approvals", ApprovalRow, key=("stream", "version"))
uses = projection.table("correction_uses", UseRow, key=("stream", "version"), indexes=[("record", "command")])


def _is_void(meta: Recorded, rows: StreamRows) -> bool:
    return meta.version in rows.void


@projection.on_all(c.CorrectionRequested)
def _requested(event: c.CorrectionRequested, meta: Recorded, rows: StreamRows) -> None:
    void = _is_void(meta, rows)
    requests.put(
        rows,
        RequestRow(
            stream=meta.stream,
            account=event.account,
            person=event.person,
            kind=event.kind,
            record=event.record,
            journal=event.journal,
            day=event.day.isoformat() if event.day else "",
            slot=event.slot,
            ordinal=event.ordinal,
            period=event.period,
            pupil=event.pupil,
            reason=rows.unseal(event.reason, "correction-requested.reason") or "",
            requested_at=meta.recorded_at,
            void=void,
            standing="void" if void else "open",
            decided_by="",
            decided_at=None,
            decision_reason="",
            approval=None,
            until=None,
            used_at=None,
            command="",
        ),
    )


def _valid(meta: Recorded, rows: StreamRows) -> RequestRow | None:
    """Answer the request for an event that changes its standing; None for a void event or a void request."""
    row = requests.get(rows)
    return None if row is None or row.void or _is_void(meta, rows) else row


@projection.on_all(c.CorrectionApproved)
def _approved(event: c.CorrectionApproved, meta: Recorded, rows: StreamRows) -> None:
    void = _is_void(meta, rows)
    approvals.put(rows, ApprovalRow(meta.stream, meta.version, meta.actor, meta.recorded_at, event.until, void))
    row = _valid(meta, rows)
    if row is not None:
        row.standing, row.approval, row.until = "approved", meta.version, event.until
        row.decided_by, row.decided_at = meta.actor, meta.recorded_at


@projection.on_all(c.CorrectionRejected)
def _rejected(event: c.CorrectionRejected, meta: Recorded, rows: StreamRows) -> None:
    row = _valid(meta, rows)
    if row is not None:
        row.standing, row.approval, row.until = "rejected", None, None
        row.decided_by, row.decided_at = meta.actor, meta.recorded_at
        row.decision_reason = rows.unseal(event.reason, "correction-rejected.reason") or ""


@projection.on_all(c.CorrectionWithdrawn)
def _withdrawn(_event: c.CorrectionWithdrawn, meta: Recorded, rows: StreamRows) -> None:
    row = _valid(meta, rows)
    if row is not None:
        row.standing = "withdrawn"


@projection.on_all(c.CorrectionMade)
def _made(event: c.CorrectionMade, meta: Recorded, rows: StreamRows) -> None:
    given = approvals.all(rows)
    last = given[-1] if given else ApprovalRow(meta.stream, 0, "", 0, 0, void=True)
    use = UseRow(
        stream=meta.stream,
        version=meta.version,
        record=event.record,
        command=event.command,
        actor=meta.actor,
        made_at=meta.recorded_at,
        void=_is_void(meta, rows),
        approval=last.version,
        approved_by=last.account,
        approved_at=last.approved_at,
        approval_void=last.void,
    )
    uses.put(rows, use)
    row = _valid(meta, rows)
    if row is not None:
        row.standing, row.used_at, row.command = "used", meta.recorded_at, event.command


@dataclass(slots=True)
class CorrectionRequest:
    """A request with names; times are microseconds UTC. `expired`: approved, not used, and its term is over."""

    request: str
    standing: str
    expired: bool
    kind: str
    record: str
    journal: str
    journal_name: str
    day: str
    slot: int
    ordinal: int
    period: str
    pupil: str
    pupil_name: str
    reason: str
    requested_by: Holder
    requested_at: int
    decided_by: Holder | None
    decided_at: int | None
    decision_reason: str
    approval: int | None
    until: int | None
    used_at: int | None
    command: str


@dataclass(slots=True)
class CorrectionRequests:
    """A page of the `total` requests, the oldest open ones first: they wait; `counts` by standing of all of them."""

    total: int
    counts: dict[str, int]
    requests: list[CorrectionRequest]


_r = requests.c


def correction_requests(  # noqa: PLR0913 - the ways to choose requests
    connection: sa.Connection,
    *,
    now: int,
    standing: RequestStanding | None = None,
    journals: Sequence[str] | None = None,
    pupil: str | None = None,
    account: str | None = None,
    limit: int = ROWS_MAX,
    offset: int = 0,
) -> CorrectionRequests:
    """Answer requests that meet the conditions, in order of time."""
    where = [
        *([] if journals is None else [_r.journal.in_(journals)]),
        *([] if pupil is None else [_r.pupil == pupil]),
        *([] if account is None else [_r.account == account]),
    ]
    counted = sa.select(_r.standing, sa.func.count()).where(*where).group_by(_r.standing)
    counts = {name: int(count) for name, count in connection.execute(counted).all()}
    if standing is not None:
        where.append(_r.standing == standing)
    statement = sa.select(requests.table).where(*where).order_by(_r.requested_at, _r.stream)
    page = connection.execute(statement.limit(checked_limit(limit)).offset(offset)).all()
    total = sum(counts.values()) if standing is None else counts.get(standing, 0)
    return CorrectionRequests(total, counts, with_names(connection, [RequestRow(*row) for row in page], now))


def requests_about(connection: sa.Connection, record: str) -> list[RequestRow]:
    """Answer the requests about one lesson, or one stream of final marks, in order of time."""
    return fetch(connection, requests, _r.record == record, order=[_r.requested_at])


def with_names(connection: sa.Connection, rows: Sequence[RequestRow], now: int) -> list[CorrectionRequest]:
    """Answer requests as they are shown."""
    accounts = {one for row in rows for one in (row.account, row.decided_by)} - {""}
    by_account = holders(connection, accounts)
    people = names(connection, {row.pupil for row in rows} - {""})
    ids = {row.journal for row in rows}
    journals = {one.id: one.name for one in find_journals(connection, ids=ids)} if ids else {}
    return [
        CorrectionRequest(
            request=row.stream,
            standing=row.standing,
            expired=row.standing == "approved" and row.until is not None and row.until <= now,
            kind=row.kind,
            record=row.record,
            journal=row.journal,
            journal_name=journals.get(row.journal, ""),
            day=row.day,
            slot=row.slot,
            ordinal=row.ordinal,
            period=row.period,
            pupil=row.pupil,
            pupil_name=people.get(row.pupil, ""),
            reason=row.reason,
            requested_by=by_account[row.account],
            requested_at=row.requested_at,
            decided_by=by_account.get(row.decided_by),
            decided_at=row.decided_at,
            decision_reason=row.decision_reason,
            approval=row.approval,
            until=row.until,
            used_at=row.used_at,
            command=row.command,
        )
        for row in rows
    ]
