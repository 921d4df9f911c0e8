"""What signals answer: findings, each with the records to look at and where their lives are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ejd_projections.account_holders import Holder
from ejd_projections.correction_search import Judged

RECORDS_MAX = 200
"""Records that one finding names; `count` is of all of them."""


@dataclass(slots=True)
class SignalRecord:
    """A record to look at: its event, and where its life is told."""

    record: str
    version: int
    kind: str
    journal: str
    journal_name: str
    group_name: str
    day: str
    slot: int
    period: str
    pupil: str
    pupil_name: str
    work: str
    number: int
    old: str
    new: str
    recorded_at: int
    hours_after_lesson: int | None
    life: str


@dataclass(slots=True)
class Finding:
    """Something found: who, how many records (the first RECORDS_MAX of them are named), and why.

    `entries`, `rate_hundredths` (corrections per 100 entries × 100) and `median_hundredths` belong to many-corrections.
    """

    by: Holder
    why: str
    count: int
    records: list[SignalRecord]
    entries: int | None = None
    rate_hundredths: int | None = None
    median_hundredths: int | None = None


def finding_of(actor: str, why: str, own: Sequence[Judged]) -> Finding:
    """Answer a finding about corrections of one account."""
    return Finding(Holder(actor, "", "", ""), why, len(own), [record_of(one) for one in own[:RECORDS_MAX]])


def record_of(one: Judged) -> SignalRecord:
    """Answer a correction as a record to look at."""
    found = one.found
    return SignalRecord(
        record=found.stream,
        version=found.version,
        kind=found.kind,
        journal=found.journal,
        journal_name=found.journal_name,
        group_name=found.group_name,
        day=found.day,
        slot=found.slot,
        period=found.period,
        pupil=found.pupil,
        pupil_name="",
        work=found.work,
        number=found.number,
        old=found.old,
        new=found.new,
        recorded_at=found.recorded_at,
        hours_after_lesson=one.figures.hours_after_lesson,
        life=life_path(found.kind, found.stream, found.journal, found.period, found.pupil, found.work, found.number),
    )


def life_path(  # noqa: PLR0913 - what names a record
    kind: str, record: str, journal: str, period: str, pupil: str, work: str, number: int
) -> str:
    """Answer where the life of a record is told."""
    match kind:
        case "mark":
            return f"/api/v1/audit/cells/{record}/{pupil}?work={work}&number={number}"
        case "attendance" if pupil:
            return f"/api/v1/audit/cells/{record}/{pupil}"
        case "final-mark":
            return f"/api/v1/audit/final-marks/{journal}/{period}/{pupil}"
        case "attendance":
            return f"/api/v1/audit/lessons/{record}/roll"
        case "topic" | "homework":
            return f"/api/v1/audit/lessons/{record}/{kind}"
        case _:
            return f"/api/v1/audit/lessons/{record}/substitution"
