"""What could become of the lessons of an absent teacher, as a question of the administration (A9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ejd.http.asking import Asking
from ejd.http.choosing import OfWhom, YearParameters, check_there
from ejd_commands.fields import Day, Id
from ejd_projections import substitution_proposals as p
from ejd_projections.lesson_course import moment_of
from ejd_projections.school_catalogue import find_year

COLLEAGUES, COLLEAGUES_MAX = 10, 200


class ProposalsParameters(YearParameters):
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
    first = (query.first or query.last or asking.day).isoformat()
    last = first if query.last is None else query.last.isoformat()
    year = find_year(asking.c, year=query.year, day=None if query.year else first)
    asking.ground.proposals(p.days_looked_at((first, last)), year.id)
    check_there(asking, OfWhom.model_validate({"teacher": query.teacher}))
    return p.proposals(
        asking.c,
        year=year,
        teacher=query.teacher,
        days=(first, last),
        moment=moment_of(asking.now, asking.school.timezone),
        colleagues_max=query.colleagues,
    )
