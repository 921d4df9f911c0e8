"""The audit of corrections as the read model has it beside the oracle's: tables, list, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ejd_projections.correction_search import Choice
from ejd_projections.corrections import Correction, audit_of_corrections
from tests import worlds as w
from tests.oracle_audit import Audited, Said
from tests.read import laws

AUDIT_TABLES = ("corrections", "late_entries", "correction_requests", "correction_approvals", "correction_uses")
DAYS: dict[str, Any] = {"first": "2025-09-01", "last": "2026-05-29"}


def of_audit(rows: laws.Rows) -> laws.Rows:
    return {name: rows[name] for name in AUDIT_TABLES}


def shown(one: Correction) -> tuple[Any, ...]:
    said = Said(
        one.direction,
        one.window,
        one.hours_after_lesson,
        one.days_after_period_end,
        None if one.approval is None else (one.approval.request, one.approval.void),
        one.counts,
    )
    return one.record, one.version, one.kind, one.change, one.reason, " ".join(one.breaches), said


def expected(one: Audited, said: Said) -> tuple[Any, ...]:
    return one.meta.stream, one.meta.version, one.kind, one.change, one.reason, one.breaches, said


def positions(c: sa.Connection, **choice: Any) -> list[int]:
    return sorted(one.position for one in audit_of_corrections(c, Choice(**DAYS | choice)).corrections)


def check_list(c: sa.Connection, oracle: Mapping[int, tuple[Audited, Said]]) -> int:
    """Compare the whole list, and what each condition leaves of it, with `audit` of the oracle; answer how many."""
    whole = audit_of_corrections(c, Choice(**DAYS), descending=False)
    assert {one.position: shown(one) for one in whole.corrections} == {
        at: expected(one, said) for at, (one, said) in oracle.items()
    }
    assert whole.total == len(whole.corrections) == len(oracle)

    def that(condition: Any) -> list[int]:
        return sorted(at for at, (one, said) in oracle.items() if condition(one, said))

    assert positions(c, direction="up") == that(lambda _, said: said.direction == "up")
    assert positions(c, window="outside") == that(lambda _, said: said.window == "outside")
    assert positions(c, approval=True) == that(lambda _, said: said.approval is not None)
    assert positions(c, approval=False) == that(lambda _, said: said.approval is None)
    assert positions(c, void=True) == that(lambda _, said: not said.counts)
    assert positions(c, kinds={"mark", "topic"}) == that(lambda one, _: one.kind in {"mark", "topic"})
    assert positions(c, pupil=w.VERA) == that(lambda one, _: getattr(one.event, "pupil", "") == w.VERA)
    assert positions(c, teacher=w.BORIS_STAFF) == that(lambda one, _: one.meta.actor == w.BORIS)
    assert positions(c, hours_after_lesson_min=24) == that(lambda _, said: (said.hours_after_lesson or -1) >= 24)
    soon = {"days_after_period_end_min": -30, "days_after_period_end_max": 0}
    assert positions(c, **soon) == that(
        lambda _, said: said.days_after_period_end is not None and -30 <= said.days_after_period_end <= 0
    )
    return whole.total
