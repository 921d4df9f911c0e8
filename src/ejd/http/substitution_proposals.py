"""What could become of the lessons of an absent teacher, as a question of the administration (A9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk
from ejd.http.choosing import OfWhom, OfYear, check_there
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.routes import add_question, problems, who
from ejd_commands.fields import Day, Id
from ejd_projections import substitution_proposals as p
from ejd_projections.lesson_course import moment_of as lesson_moment
from ejd_projections.school_catalogue import find_year

COLLEAGUES, COLLEAGUES_MAX = 10, 200
STATUSES = (400, 401, 403, 404, 406, 422, 503)


class ProposalsParameters(OfYear):
    """Who is away, from when to when, both days included."""

    teacher: Annotated[Id, Field(description="The absent member of staff.")]
    first: Annotated[Day | None, Field(alias="from", description="First day of absence; today by default.")] = None
    last: Annotated[Day | None, Field(alias="to", description="Last day of absence; the first one by default.")] = None
    colleagues: Annotated[
        int, Field(ge=1, le=COLLEAGUES_MAX, description="How many of the free colleagues are listed for a lesson.")
    ] = COLLEAGUES


def proposals(asking: Asking, query: ProposalsParameters) -> p.Proposals:
    """What could become of the lessons of an absent teacher (A9): all that are concerned, with moves applied.

    For each the free colleagues, the best first; lessons to merge it with; free places after the absence. What is
    chosen of it is sent as one substitute-teacher-bulk.
    """
    check_there(asking, OfWhom.model_validate({"teacher": query.teacher}))
    first = (query.first or query.last or asking.day).isoformat()
    last = first if query.last is None else query.last.isoformat()
    year = find_year(asking.c, year=query.year, day=None if query.year else first)
    return p.proposals(
        asking.c,
        year=year,
        teacher=query.teacher,
        days=(first, last),
        moment=lesson_moment(asking.now, asking.school.timezone),
        colleagues_max=query.colleagues,
    )


def add_proposals(app: FastAPI, desk: Desk) -> None:
    """Add the route."""
    answered: dict[int | str, dict[str, Any]] = {
        200: {"description": "The lessons with proposals, with the position that they are true for"},
        304: {"description": "It is still as the ETag says"},
    }
    add_question(
        app,
        name="substitution-proposals",
        path="/reports/substitutions/proposals",
        endpoint=_endpoint(desk),
        model=Answered[p.Proposals],
        responses=answered | problems(*STATUSES),
        tag="reports",
        description=proposals.__doc__,
    )


def _endpoint(desk: Desk) -> Callable[..., Response]:
    def answer(
        request: Request,
        query: Annotated[ProposalsParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        return desk.answer(
            "substitution-proposals",
            lambda asking: proposals(asking, query),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    return answer
