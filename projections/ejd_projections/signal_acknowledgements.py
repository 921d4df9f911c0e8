"""Which corrections came after a guardian had acknowledged what they changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta

import sqlalchemy as sa

from ejd_projections.acknowledgements import AcknowledgementRow, acknowledgements
from ejd_projections.asking import IDS_MAX, fetch, is_in
from ejd_projections.correction_figures import Judge
from ejd_projections.correction_search import Found

WEEK = timedelta(days=7)
CONCERNED = frozenset({"mark", "attendance", "final-mark"})
"""What a diary and a period's marks show of one pupil."""


class Acknowledged:
    """What guardians of pupils acknowledged, by pupil, in order of time."""

    def __init__(self, c: sa.Connection, judge: Judge, pupils: Collection[str]) -> None:
        """Read it in chunks of pupils."""
        self._judge = judge
        self._of: dict[str, list[AcknowledgementRow]] = defaultdict(list)
        ordered = sorted(pupils)
        for start in range(0, len(ordered), IDS_MAX):
            t = acknowledgements.c
            chunk = is_in(t.pupil, ordered[start : start + IDS_MAX])
            for row in fetch(c, acknowledgements, chunk, t.kind != "recommendation", order=[t.recorded_at]):
                self._of[row.pupil].append(row)

    def before(self, found: Found) -> str | None:
        """Answer what of it was acknowledged, as it stood before the correction; None: nothing was."""
        if found.kind not in CONCERNED:
            return None
        for row in self._of.get(found.pupil, ()):
            earlier = row.seen_position < found.position and row.recorded_at <= found.recorded_at
            if earlier and self._shows(row, found):
                what = f"the diary of the week of {row.week}" if row.kind == "diary" else f"the marks of {row.period}"
                return f"{what} had been acknowledged, as of position {row.seen_position}"
        return None

    def _shows(self, row: AcknowledgementRow, found: Found) -> bool:
        if not found.day:
            return row.kind == "period" and (row.year, row.period) == (found.year, found.period)
        day = date.fromisoformat(found.day)
        if row.kind == "diary":
            monday = date.fromisoformat(row.week)
            return monday <= day < monday + WEEK
        calendar = self._judge.calendars.get(row.year)
        period = calendar.period_by_code(row.period) if calendar and row.year == found.year else None
        return period is not None and period.first_day <= day <= period.last_day
