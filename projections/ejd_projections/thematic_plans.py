"""Versions of thematic plans with who adopted or revised them and when, and the breaks that they knew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import journals as j
from ejd.kernel.events import year as y
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in

projection = Projection("thematic_plans", version=1)


@dataclass(slots=True)
class PlanVersionRow:
    """One version of a journal's plan: `topics` is JSON of `PlannedTopic` in the order of teaching.

    `reason` is in clear, "" for an adoption. `recorded_at` is microseconds since 1970 UTC.
    """

    stream: str
    version: int
    position: int
    recorded_at: int
    actor: str
    kind: str
    topics: str
    reason: str


@dataclass(slots=True)
class BreaksRow:
    """What the breaks of a year were said to be at a position: JSON of `Break`."""

    stream: str
    version: int
    position: int
    breaks: str


plan_versions = projection.table("plan_versions", PlanVersionRow, key=("stream", "version"))
breaks_said = projection.table("breaks_said", BreaksRow, key=("stream", "version"))


@projection.on(j.ThematicPlanAdopted)
def _adopted(event: j.ThematicPlanAdopted, meta: Recorded, rows: StreamRows) -> None:
    _keep(meta, rows, "adopted", event.topics, "")


@projection.on(j.ThematicPlanRevised)
def _revised(event: j.ThematicPlanRevised, meta: Recorded, rows: StreamRows) -> None:
    reason = rows.unseal(event.reason, "thematic-plan-revised.reason") or ""
    _keep(meta, rows, event.kind, event.topics, reason)


def _keep(meta: Recorded, rows: StreamRows, kind: str, topics: tuple[j.PlannedTopic, ...], reason: str) -> None:
    text = msgspec.json.encode(topics).decode()
    row = PlanVersionRow(meta.stream, meta.version, meta.position, meta.recorded_at, meta.actor, kind, text, reason)
    plan_versions.put(rows, row)


@projection.on(y.BreaksDefined)
def _breaks(event: y.BreaksDefined, meta: Recorded, rows: StreamRows) -> None:
    text = msgspec.json.encode(event.breaks).decode()
    breaks_said.put(rows, BreaksRow(meta.stream, meta.version, meta.position, text))


@dataclass(slots=True)
class PlanVersion:
    """One version of a plan; the first one is number 1."""

    number: int
    position: int
    recorded_at: int
    account: str
    kind: str
    reason: str
    topics: tuple[j.PlannedTopic, ...]

    @property
    def hours(self) -> int:
        """Lessons of all its lines."""
        return sum(topic.hours for topic in self.topics)


def versions_of(c: sa.Connection, journals: Collection[str]) -> dict[str, list[PlanVersion]]:
    """Answer the versions of the plans of journals, the first one first; a journal without a plan is left out."""
    found: dict[str, list[PlanVersion]] = {}
    for row in fetch(c, plan_versions, is_in(plan_versions.c.stream, journals)):
        before = found.setdefault(row.stream, [])
        topics = msgspec.json.decode(row.topics, type=tuple[j.PlannedTopic, ...])
        version = PlanVersion(len(before) + 1, row.position, row.recorded_at, row.actor, row.kind, row.reason, topics)
        before.append(version)
    return found


def breaks_known(c: sa.Connection, year: str, positions: Collection[int]) -> dict[int, tuple[y.Break, ...] | None]:
    """Answer what the breaks of a year were when something was recorded at each position.

    Before the first time that breaks were said: what was said then. None: they never were.
    """
    said = [
        (row.position, msgspec.json.decode(row.breaks, type=tuple[y.Break, ...]))
        for row in fetch(c, breaks_said, breaks_said.c.stream == year)
    ]
    found: dict[int, tuple[y.Break, ...] | None] = {}
    for position in positions:
        before = [breaks for at, breaks in said if at < position]
        found[position] = before[-1] if before else said[0][1] if said else None
    return found
