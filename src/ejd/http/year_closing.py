"""Before a year is closed: everything that stands open; after that: when it was closed, until when it is kept (G7)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ejd.http.asking import Asking, Limit, Offset, QuestionParameters
from ejd.http.choosing import OfYear, year_of
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd_projections.account_holders import holders
from ejd_projections.year_closing import OpenPoint, closed_year, open_points

POINTS_LIMIT = 500


@dataclass(slots=True)
class Closing:
    """When the year was closed last, by whom and over what; `closed` is false again once it is reopened."""

    closed: bool
    closed_at: str
    closed_by: str
    unfinished: dict[str, int]
    journals_kept_until: str
    sheets_kept_until: str
    reason: str


@dataclass(slots=True)
class YearClosing:
    """A page of the `total` open points of a year; `counts` adds them all up by kind."""

    year: str
    year_name: str
    last_day: str
    closing: Closing | None
    counts: dict[str, int]
    total: int
    points: list[OpenPoint]


class ClosingParameters(OfYear, QuestionParameters):
    """Which year."""

    limit: Limit = POINTS_LIMIT
    offset: Offset = 0


def year_closing(_school: SchoolService, asking: Asking, query: ClosingParameters) -> YearClosing:
    """What of a year stands open (G7): periods, topics, final marks, requests, breaches; whether it is closed."""
    c, year = asking.c, year_of(asking, query)
    points = open_points(c, year)
    counts: dict[str, int] = {}
    for one in points:
        counts[one.kind] = counts.get(one.kind, 0) + one.count
    row = closed_year(c, year.id)
    closing = None
    if row is not None:
        closing = Closing(
            closed=row.closed,
            closed_at=moment_text(row.closed_at),
            closed_by=holders(c, [row.closed_by])[row.closed_by].name,
            unfinished=msgspec.json.decode(row.unfinished, type=dict[str, int]),
            journals_kept_until=row.journals_kept_until,
            sheets_kept_until=row.sheets_kept_until,
            reason=row.reason,
        )
    return YearClosing(
        year=year.id,
        year_name=year.name,
        last_day=year.last_day,
        closing=closing,
        counts=counts,
        total=len(points),
        points=points[query.offset : query.offset + query.limit],
    )
