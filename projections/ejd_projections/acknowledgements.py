"""What guardians confirmed having read (E4): diaries by week, marks by period, recommendations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import acknowledgements as a
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import ROWS_MAX, checked_limit, fetch, is_in

projection = Projection("acknowledgements", version=1)


@dataclass(slots=True)
class AcknowledgementRow:
    """One confirmation; `kind` is diary, period or recommendation, and only its own fields are filled.

    `week` is a Monday, `period` a code in `year`, `lesson` and `lesson_version` name a recommendation;
    `seen_position` is the position of what was read (0 for a recommendation), `channel` web, api or paper.
    """

    stream: str
    version: int
    kind: str
    guardian: str
    pupil: str
    channel: str
    week: str
    year: str
    period: str
    lesson: str
    lesson_version: int
    seen_position: int
    recorded_at: int


acknowledgements = projection.table(
    "acknowledgements",
    AcknowledgementRow,
    key=("stream", "version"),
    indexes=[("pupil", "recorded_at"), ("lesson",)],
)


def _row(event: a.AcknowledgementEvent, kind: str, meta: Recorded) -> AcknowledgementRow:
    return AcknowledgementRow(
        stream=meta.stream,
        version=meta.version,
        kind=kind,
        guardian=event.guardian,
        pupil=event.pupil,
        channel=event.channel,
        week="",
        year="",
        period="",
        lesson="",
        lesson_version=0,
        seen_position=0,
        recorded_at=meta.recorded_at,
    )


@projection.on(a.DiaryAcknowledged)
def _diary_acknowledged(event: a.DiaryAcknowledged, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, "diary", meta)
    row.week, row.seen_position = event.week.isoformat(), event.seen_position
    acknowledgements.put(rows, row)


@projection.on(a.PeriodMarksAcknowledged)
def _period_marks_acknowledged(event: a.PeriodMarksAcknowledged, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, "period", meta)
    row.year, row.period, row.seen_position = event.year, event.period, event.seen_position
    acknowledgements.put(rows, row)


@projection.on(a.RecommendationAcknowledged)
def _recommendation_acknowledged(event: a.RecommendationAcknowledged, meta: Recorded, rows: StreamRows) -> None:
    row = _row(event, "recommendation", meta)
    row.lesson, row.lesson_version = event.lesson, event.version
    acknowledgements.put(rows, row)


def acknowledged(
    c: sa.Connection, pupils: Collection[str], *, kind: str | None = None, limit: int = ROWS_MAX
) -> list[AcknowledgementRow]:
    """Answer what was confirmed for pupils, the newest first; of one kind if given."""
    t = acknowledgements.c
    where = [is_in(t.pupil, pupils), *([] if kind is None else [t.kind == kind])]
    found = fetch(c, acknowledgements, *where, order=[t.recorded_at.desc()])
    return found[: checked_limit(limit)]
