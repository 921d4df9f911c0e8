"""Hours by teacher and month for payroll (D10): planned, own, substituted, merged, lost. See docs/substitutions.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lesson_course import Moment
from ejd_projections.people import people_by_id
from ejd_projections.school_catalogue import Year
from ejd_projections.taught_lessons import Taught, journals_taught, taught_lessons

FORMULA = "hours = own + substituted; planned = own + lost + merged of the own load + ahead of the own load"
MONTH_CHARACTERS = len("2026-09")


@dataclass(slots=True)
class HoursRow:
    """Lessons of one teacher in one month ("" for a total); a lesson counts in the month in which it takes place.

    `planned`: of the own load, due or held. Of those that are over: `own` taught, `substituted` for others, `merged`
    given together with another lesson that counts, `supervised` self-study (no hour). `lost`: of the own load,
    cancelled, given to somebody else, or left to self-study. `ahead`: to be taught, not over yet. `hours` are own and
    substituted; `not_recorded` of these have neither topic nor roll.
    """

    staff: str
    name: str
    month: str
    planned: int = 0
    own: int = 0
    substituted: int = 0
    merged: int = 0
    lost: int = 0
    lost_cancelled: int = 0
    lost_substituted: int = 0
    lost_self_study: int = 0
    supervised: int = 0
    ahead: int = 0
    hours: int = 0
    not_recorded: int = 0


FIGURES = tuple(name for name in HoursRow.__slots__ if name not in {"staff", "name", "month"})


@dataclass(slots=True)
class TeachingHours:
    """Teachers in the order of the alphabet, each one's months in order; `total` is over all rows."""

    year: str
    first: str
    last: str
    formula: str
    total: HoursRow
    rows: list[HoursRow]


def teaching_hours(
    c: sa.Connection, *, year: Year, days: tuple[str, str], moment: Moment, teacher: str | None = None
) -> TeachingHours:
    """Answer the hours between two days, both included, of one teacher or of all."""
    chosen = find_journals(c, year=year.id)
    if teacher is not None:
        own = journals_taught(c, year.id, teacher, days)
        chosen = [one for one in chosen if one.id in own]
    rows = _counted(taught_lessons(c, year, chosen, days, moment))
    if teacher is not None:
        rows = {key: row for key, row in rows.items() if key[0] == teacher}
    people = people_by_id(c, {staff for staff, _ in rows})
    for row in rows.values():
        row.name = people[row.staff].full() if row.staff in people else ""
    ordered = sorted(
        rows.values(),
        key=lambda row: (people[row.staff].sort_key if row.staff in people else "", row.staff, row.month),
    )
    total = HoursRow("", "", "")
    for row in ordered:
        for figure in FIGURES:
            setattr(total, figure, getattr(total, figure) + getattr(row, figure))
    return TeachingHours(year.id, days[0], days[1], FORMULA, total, ordered)


def _counted(taught: Iterable[Taught]) -> dict[tuple[str, str], HoursRow]:
    rows: dict[tuple[str, str], HoursRow] = {}

    def row_of(staff: str, one: Taught) -> HoursRow:
        key = (staff, one.placed.placed_date[:MONTH_CHARACTERS])
        if key not in rows:
            rows[key] = HoursRow(staff, "", key[1])
        return rows[key]

    for one in taught:
        for staff in one.load:
            _count_load(row_of(staff, one), one, staff)
        for staff in one.teachers:
            _count_taught(row_of(staff, one), one, staff)
        record = one.placed.record
        if one.self_study and one.ended and record is not None and record.substitute and not record.cancelled:
            row_of(record.substitute, one).supervised += 1
    return rows


def _count_load(row: HoursRow, one: Taught, staff: str) -> None:
    row.planned += 1
    if staff in one.teachers:
        return
    row.lost += 1
    if one.placed.cancelled:
        row.lost_cancelled += 1
    elif one.self_study:
        row.lost_self_study += 1
    else:
        row.lost_substituted += 1


def _count_taught(row: HoursRow, one: Taught, staff: str) -> None:
    if not one.ended:
        row.ahead += 1
    elif one.merged:
        row.merged += 1
    else:
        row.hours += 1
        row.not_recorded += not one.placed.held
        if staff in one.load:
            row.own += 1
        else:
            row.substituted += 1
