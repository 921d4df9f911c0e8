"""Breaches: where each one stands, its preview, and what stood on what is void."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.access.reading import check_reader
from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk, Limit, Offset, QuestionParameters
from ejd.http.breach_dependents import Dependents, OfBreach, found_of, page_of
from ejd.http.breach_preview import InvalidationPreview, PreviewParameters, breach_preview
from ejd.http.breach_state import Breach, BreachDetail, Known, breach_of, calendars, detail_of
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.routes import add_question, problems, who
from ejd_commands.fields import Id
from ejd_projections.breaches import breaches_by_report, breaches_that_hold, count_breaches
from ejd_projections.people import names

DEPENDENTS_LIMIT = 100
RECORD_KINDS = frozenset({"lesson", "final-marks", "correction", "acknowledgements", "breach"})
"""Kinds of streams that hold records of the school's work; everything else is set-up."""


class PageParameters(QuestionParameters):
    """A page."""

    limit: Limit = DEPENDENTS_LIMIT
    offset: Offset = 0


class DependentsParameters(PageParameters):
    """All, or only those on which nobody has decided yet, or the others."""

    open: Annotated[bool | None, Field(description="True: not decided yet; false: decided; left out: all.")] = None


@dataclass(slots=True)
class Breaches:
    """A page of all breaches, the newest report first."""

    total: int
    breaches: list[Breach]


def breaches(_school: SchoolService, asking: Asking, query: PageParameters) -> Breaches:
    """All breaches of credentials: where each stands, what comes next, and the clocks that run (п. 21)."""
    rows = breaches_by_report(asking.c, limit=query.limit, offset=query.offset)
    people = names(asking.c, {row.person for row in rows if row.person}) if asking.sight.personal else {}
    days = calendars(asking)
    shown = [breach_of(asking, row, days, people.get(row.person, "")) for row in rows]
    return Breaches(count_breaches(asking.c), shown)


def dependents(school: SchoolService, asking: Asking, breach: str, query: DependentsParameters) -> Dependents:
    """Records in force that stood on what the breach holds void (B6), each with what it stood on, decided or not."""
    found = found_of(school, asking, breach)
    if query.open is not None:
        found = [one for one in found if (one.decision == "") == query.open]
    return page_of(school, asking, found, limit=query.limit, offset=query.offset)


def open_dependents(school: SchoolService, asking: Asking, query: PageParameters) -> Dependents:
    """What is still to be decided over all breaches: records in force that stood on what is void (B6)."""
    found = [one for one in _of_all(school, asking) if one.decision == ""]
    return page_of(school, asking, found, limit=query.limit, offset=query.offset)


def without_basis(school: SchoolService, asking: Asking, query: PageParameters) -> Dependents:
    """Records that stay although the set-up they stood on is void: a load, an enrolment, a timetable, a grant."""
    kind_of = school.states.kind_of
    found = [
        one
        for one in _of_all(school, asking)
        if one.found.why == "stands-on" and any(kind_of(ref.stream) not in RECORD_KINDS for ref in one.found.on)
    ]
    return page_of(school, asking, found, limit=query.limit, offset=query.offset)


def _of_all(school: SchoolService, asking: Asking) -> Iterable[OfBreach]:
    for breach in breaches_that_hold(asking.c):
        yield from found_of(school, asking, breach)


def detail(school: SchoolService, asking: Asking, breach: str, _query: QuestionParameters) -> BreachDetail:
    """One breach: window, what it holds void, how far the reports are, and every decision with who, when and why."""
    return detail_of(school, asking, breach)


@dataclass(frozen=True)
class _Route:
    """A question; `one` says that it is about one breach, `decided` that it has what was decided in it, unasked."""

    name: str
    path: str
    parameters: type[QuestionParameters]
    report: Any
    ask: Callable[..., Any]
    one: bool = False
    decided: bool = False


ROUTES = (
    _Route("breaches", "/breaches", PageParameters, Breaches, breaches),
    _Route("breach", "/breaches/{breach}", QuestionParameters, BreachDetail, detail, one=True),
    _Route(
        "breach-dependents",
        "/breaches/{breach}/dependents",
        DependentsParameters,
        Dependents,
        dependents,
        one=True,
        decided=True,
    ),
    _Route(
        "breach-preview",
        "/breaches/{breach}/preview",
        PreviewParameters,
        InvalidationPreview,
        breach_preview,
        one=True,
        decided=True,
    ),
    _Route("open-dependents", "/reports/open-dependents", PageParameters, Dependents, open_dependents),
    _Route("without-basis", "/reports/without-basis", PageParameters, Dependents, without_basis),
)


def add_breaches(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the routes; who may ask is in `ejd.access.reading.READERS` under the same names."""
    for route in ROUTES:
        add_question(
            app,
            name=route.name,
            path=route.path,
            endpoint=_endpoint(desk, school, route),
            model=Answered[route.report],  # type: ignore[name-defined]
            responses=problems(400, 401, 403, 404, 406, 422, 503),
            tag="breaches",
            description=route.ask.__doc__,
        )


def _endpoint(desk: Desk, school: SchoolService, route: _Route) -> Callable[..., Response]:
    parameters = route.parameters

    def of_one(
        request: Request,
        breach: Id,
        query: Annotated[parameters, Query()],  # type: ignore[valid-type]
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked: QuestionParameters = query
        after = asked.after
        if route.decided:
            check_reader(route.name, client.grants)
            after = max(Known(school, breach).position, after or 0)
        return desk.answer(
            route.name,
            lambda asking: route.ask(school, asking, breach, asked),
            request=request,
            who=client,
            after=after,
            at=moment_of(simulated_time),
        )

    def of_all(
        request: Request,
        query: Annotated[parameters, Query()],  # type: ignore[valid-type]
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked: QuestionParameters = query
        return desk.answer(
            route.name,
            lambda asking: route.ask(school, asking, asked),
            request=request,
            who=client,
            after=asked.after,
            at=moment_of(simulated_time),
        )

    return of_one if route.one else of_all
