"""What of an academic year still stands open before it is closed, and whether it is (G7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in
from ejd_projections.breaches import breaches
from ejd_projections.correction_requests import requests
from ejd_projections.final_marks import final_marks_in
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.lessons_due import placed_lessons
from ejd_projections.memberships import members_of
from ejd_projections.school_catalogue import Year, systems_of_grading

projection = Projection("year_closing", version=1)

Kind: TypeAlias = Literal["period", "lesson-without-topic", "final-mark", "request", "breach"]
UNMARKED_SCALE = "unmarked"
OF_THE_YEAR = "year"
"""The period of the mark for the whole year (A6)."""


@dataclass(slots=True)
class ClosedYearRow:
    """A year that was closed, with when it may go; `unfinished` is JSON of what stood open; `closed` until reopened."""

    stream: str
    closed: bool
    closed_at: int
    closed_by: str
    unfinished: str
    journals_kept_until: str
    sheets_kept_until: str
    reason: str


@dataclass(slots=True)
class PromotionRow:
    """How a pupil came into a class, or left the school ("" as `new_class`), after a year."""

    stream: str
    new_class: str
    old_class: str
    terms: str
    starts: str


closed_years = projection.table("closed_years", ClosedYearRow, key=("stream",))
promotions = projection.table("promotions", PromotionRow, key=("stream", "new_class"))


@projection.on(p.PupilPromoted)
def _promoted(event: p.PupilPromoted, meta: Recorded, rows: StreamRows) -> None:
    row = PromotionRow(meta.stream, event.new_class, event.old_class, event.terms, event.starts.isoformat())
    promotions.put(rows, row)


def promoted_into(c: sa.Connection, pupils: Collection[str]) -> dict[tuple[str, str], str]:
    """Answer on which terms pupils came into classes: promoted, conditional, repeats; by pupil and class."""
    rows = fetch(c, promotions, is_in(promotions.c.stream, pupils)) if pupils else []
    return {(row.stream, row.new_class): row.terms for row in rows}


@projection.on(y.AcademicYearClosed)
def _closed(event: y.AcademicYearClosed, meta: Recorded, rows: StreamRows) -> None:
    reason = "" if event.reason is None else rows.unseal(event.reason, "academic-year-closed.reason") or ""
    closed_years.put(
        rows,
        ClosedYearRow(
            stream=meta.stream,
            closed=True,
            closed_at=meta.recorded_at,
            closed_by=meta.actor,
            unfinished=msgspec.json.encode({one.kind: one.count for one in event.unfinished}).decode(),
            journals_kept_until=event.journals_kept_until.isoformat(),
            sheets_kept_until=event.sheets_kept_until.isoformat(),
            reason=reason,
        ),
    )


@projection.on(y.AcademicYearReopened)
def _reopened(_event: y.AcademicYearReopened, _meta: Recorded, rows: StreamRows) -> None:
    row = closed_years.get(rows)
    if row is not None:
        row.closed = False


@dataclass(slots=True)
class OpenPoint:
    """So many things of a kind stand open in one journal and period, or at one request or breach (`about`)."""

    kind: Kind
    about: str
    name: str
    period: str
    count: int
    sentence: str


def closed_year(c: sa.Connection, year: str) -> ClosedYearRow | None:
    """Answer when a year was closed last, also when it was reopened since; None: never."""
    found = fetch(c, closed_years, closed_years.c.stream == year)
    return found[0] if found else None


def open_points(c: sa.Connection, year: Year) -> list[OpenPoint]:
    """Answer everything that stands open: periods, then journals by grade and name, requests, breaches."""
    journals = find_journals(c, year=year.id)
    found = [
        OpenPoint("period", one.code, one.name, one.code, 1, f"{one.name} is not closed")
        for one in year.periods
        if not one.closed
    ]
    found += _lessons(c, year, journals)
    found += _final_marks(c, year, journals)
    ids = {one.id: one.name for one in journals}
    for row in fetch(c, requests, requests.c.standing == "open", order=[requests.c.requested_at]):
        if row.journal in ids:
            name = ids[row.journal]
            found.append(OpenPoint("request", row.stream, name, "", 1, f"{name}: a request to correct is not decided"))
    for breach in fetch(c, breaches, breaches.c.closed.is_(False), order=[breaches.c.reported_at]):
        found.append(OpenPoint("breach", breach.stream, "", "", 1, "a breach is not closed"))
    return found


def _lessons(c: sa.Connection, year: Year, journals: Sequence[Journal]) -> Iterator[OpenPoint]:
    """Answer the journals with lessons that were due or held, not cancelled, and have no topic."""
    if not journals:
        return
    placed = placed_lessons(c, journals, first=year.first_day, last=year.last_day)
    bare = Counter(one.journal for one in placed if not one.cancelled and (one.record is None or not one.record.topic))
    for journal in journals:
        count = bare[journal.id]
        if count:
            sentence = f"{journal.name}: {count} lesson(s) without a topic"
            yield OpenPoint("lesson-without-topic", journal.id, journal.name, "", count, sentence)


def _final_marks(c: sa.Connection, year: Year, journals: Sequence[Journal]) -> Iterator[OpenPoint]:
    """Answer the journals and periods in which members of the period's last day have no final mark (rules.md)."""
    systems = systems_of_grading(c)
    marked = [one for one in journals if one.grading_system in systems]
    marked = [one for one in marked if systems[one.grading_system].scale != UNMARKED_SCALE]
    if not marked:
        return
    given = {(row.journal, row.period, row.pupil) for row in final_marks_in(c, [one.id for one in marked])}
    spans = [(one.scheme, one.code, one.name, one.last_day) for one in year.periods]
    ends = {last for _, _, _, last in spans} | {year.last_day}
    members_on = {last: members_of(c, marked, first=last, last=last) for last in ends}
    for journal in marked:
        own = [span for span in spans if span[0] == journal.scheme]
        own.append((journal.scheme, OF_THE_YEAR, year.name, year.last_day))
        for _, code, name, last in own:
            members = {one.pupil for one in members_on[last][journal.id]}
            count = sum((journal.id, code, pupil) not in given for pupil in members)
            if count:
                sentence = f"{journal.name}, {name}: {count} final mark(s) missing"
                yield OpenPoint("final-mark", journal.id, journal.name, code, count, sentence)
