"""Choosing the days of a report: a grading period by its code, or a first and a last day."""

from __future__ import annotations

from dataclasses import dataclass

from ejd_projections.asking import NotThereError, SelectionError, checked_range
from ejd_projections.school_catalogue import Period, Year


@dataclass(slots=True)
class Selection:
    """The days that a report is about, both included; `period` is "" when they were chosen by date."""

    year: str
    first: str
    last: str
    period: str
    scheme: str
    name: str


def select_days(  # noqa: PLR0913 - the ways to say which days
    year: Year,
    *,
    today: str,
    period: str | None = None,
    scheme: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Selection:
    """Answer the days by a period's code, or by dates, or else the scheme's current period, or the whole year.

    Between two periods the last begun one is the current one. Dates may leave out one end: the year's end then
    counts. Raises SelectionError for a period with dates, dates the wrong way round or too far apart, and
    NotThereError for an unknown period or scheme.
    """
    if first is not None or last is not None:
        if period is not None:
            raise SelectionError("choose a period or dates, not both: leave one out", field="period")
        chosen = Selection(year.id, first or year.first_day, last or year.last_day, "", "", "")
        checked_range(chosen.first, chosen.last)
        return chosen
    if period is not None:
        return _of_period(year, find_period(year, period, scheme=scheme))
    if scheme is not None:
        return _of_period(year, current_period(year, scheme, today))
    return Selection(year.id, year.first_day, year.last_day, "", "", year.name)


def find_period(year: Year, code: str, *, scheme: str | None = None) -> Period:
    """Answer the grading period with this code, which is unique in its year; raises NotThereError."""
    for period in year.periods:
        if period.code == code and scheme in {None, period.scheme}:
            return period
    known = ", ".join(period.code for period in year.periods if scheme in {None, period.scheme})
    raise NotThereError(f"there is no period {code!r} in {year.name}: choose from {known}", field="period")


def current_period(year: Year, scheme: str, today: str) -> Period:
    """Answer the scheme's period that today lies in, else the last begun one, else the first one."""
    periods = sorted((one for one in year.periods if one.scheme == scheme), key=lambda one: one.first_day)
    if not periods:
        raise NotThereError(f"{year.name} has no grading periods of scheme {scheme!r}", field="scheme")
    return next((one for one in reversed(periods) if one.first_day <= today), periods[0])


def _of_period(year: Year, period: Period) -> Selection:
    return Selection(
        year=year.id,
        first=period.first_day,
        last=period.last_day,
        period=period.code,
        scheme=period.scheme,
        name=period.name,
    )
