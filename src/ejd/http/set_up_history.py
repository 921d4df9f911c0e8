"""How the readiness of a year grew: the report as it was at the end of each day, worked out anew when asked (C7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk, QuestionParameters
from ejd.http.choosing import OfYear, year_of
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.routes import add_question, problems, who
from ejd.http.set_up import judged
from ejd.kernel.calendar import microseconds_at
from ejd_commands.fields import Day
from ejd_projections.asking import SelectionError
from ejd_projections.readiness import ground_of
from ejd_projections.school_catalogue import find_year

DAYS_MAX = 31
DAYS = 14
END_OF_DAY_MINUTES = 1_440
NAME = "readiness-history"


@dataclass(slots=True)
class ReadinessPoint:
    """The figures as they were when a day ended, or now for today; 0 of 0 before the year was opened."""

    day: str
    percent: int
    numerator: int
    denominator: int
    done: int
    partly: int
    not_started: int


@dataclass(slots=True)
class ReadinessHistory:
    """The percentage of a year by day; days before the school's first event are left out."""

    year: str
    year_name: str
    first: str
    last: str
    points: list[ReadinessPoint]


class HistoryParameters(OfYear, QuestionParameters):
    """Which days, both included."""

    first: Annotated[Day | None, Field(alias="from", description=f"First day; by default {DAYS} days.")] = None
    last: Annotated[Day | None, Field(alias="to", description="Last day; today by default.")] = None


def days_asked(asking: Asking, query: HistoryParameters) -> tuple[date, date]:
    """Answer first and last day; raises SelectionError for too many, for none, and for days to come."""
    last = query.last or asking.day
    first = query.first or last - timedelta(days=DAYS - 1)
    if last > asking.day:
        raise SelectionError(f"{last} is still to come: the last day is today or before", field="to")
    if not 0 <= (last - first).days < DAYS_MAX:
        raise SelectionError(f"ask about 1 to {DAYS_MAX} days: correct the first day", field="from")
    return first, last


def moments(asking: Asking, query: HistoryParameters) -> list[int]:
    """Answer the last moment of each day, and now for today (microseconds since 1970 UTC)."""
    first, last = days_asked(asking, query)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [min(asking.now, microseconds_at(day, END_OF_DAY_MINUTES, asking.school.timezone) - 1) for day in days]


def point(asking: Asking, past: Asking, query: HistoryParameters) -> ReadinessPoint:
    """Answer the figures of one moment."""
    year = year_of(asking, query).id
    past.ground.whole_year(year)
    try:
        known = find_year(past.c, year=year)
    except SelectionError:
        return ReadinessPoint(past.today, 0, 0, 0, 0, 0, 0)
    found = judged(ground_of(past.c, known, past.today), past.day, lambda sections: sections)
    return ReadinessPoint(
        past.today, found.percent, found.numerator, found.denominator, found.done, found.partly, found.not_started
    )


def gathered(asking: Asking, query: HistoryParameters, points: list[ReadinessPoint]) -> ReadinessHistory:
    """Answer the report."""
    first, last = days_asked(asking, query)
    year = year_of(asking, query)
    return ReadinessHistory(year.id, year.name, first.isoformat(), last.isoformat(), points)


def add_readiness_history(app: FastAPI, desk: Desk) -> None:
    """Add the route."""

    def history(
        request: Request,
        query: Annotated[HistoryParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        return desk.series(
            NAME,
            lambda asking, past: point(asking, past, query),
            lambda asking, points: gathered(asking, query, points),
            request=request,
            who=client,
            after=query.after,
            moments=lambda asking: moments(asking, query),
            at=moment_of(simulated_time),
        )

    add_question(
        app,
        name=NAME,
        path="/reports/readiness/history",
        endpoint=history,
        model=Answered[ReadinessHistory],
        responses=problems(400, 401, 403, 404, 406, 422, 503),
        tag="reports",
        description=(
            "Percentage of a year's readiness by day. Nothing of it is stored: each day is worked out from the events"
            " recorded by its end, so that days before the first question are in it too."
        ),
    )
