"""Breaches: where each one stands, its preview, and what stood on what is void."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.history.dependents import Found, dependents_of
from ejd.history.short import says
from ejd.http.asking import Answered, Asking, Desk, Limit, Offset, QuestionParameters
from ejd.http.breach_state import Breach, BreachDetail, Known, breach_of, calendars, detail_of
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.routes import BEARER, ApiRoute, problems, who
from ejd.kernel.envelope import Ref
from ejd_commands.fields import Id
from ejd_projections.breaches import breaches_by_report, breaches_that_hold, count_breaches
from ejd_projections.people import names

BREACHES_LIMIT = 100
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


@dataclass(slots=True)
class StoodOn:
    """A void event that something stood on."""

    stream: str
    version: int
    type: str
    says: str


@dataclass(slots=True)
class Dependent:
    """A record in force that stood on what is void.

    `why`: same-cell (a later event on the same cell), stands-on (an approval, a grant, set-up), basis (of a final
    mark), acknowledged (by a parent), decision (in a breach). `decision` is kept, corrected, or "" while it is open.
    """

    breach: str
    position: int
    stream: str
    version: int
    type: str
    says: str
    recorded_at: str
    actor: str
    why: str
    on: list[StoodOn]
    decision: str


@dataclass(slots=True)
class Dependents:
    """A page of `total` dependents in the order of the log; `open` counts those nobody has decided on."""

    total: int
    open: int
    dependents: list[Dependent]


@dataclass(frozen=True)
class OfBreach:
    """A dependent with the breach that it belongs to, and the decision."""

    breach: str
    found: Found
    decision: str


def breaches(_school: SchoolService, asking: Asking, query: PageParameters) -> Breaches:
    """All breaches of credentials: where each stands, what comes next, and the clocks that run (п. 21)."""
    rows = breaches_by_report(asking.c, limit=query.limit, offset=query.offset)
    people = names(asking.c, {row.person for row in rows if row.person})
    days = calendars(asking)
    shown = [breach_of(asking, row, days, people.get(row.person, "")) for row in rows]
    return Breaches(count_breaches(asking.c), shown)


def found_of(school: SchoolService, asking: Asking, breach: str) -> list[OfBreach]:
    """Answer all dependents of one breach with what was decided about each."""
    known = Known(school, breach, upto=asking.position)
    decided = known.state.decided
    return [
        OfBreach(breach, one, decided[one.ref].decision if one.ref in decided else "")
        for one in dependents_of(school.store, asking.c, breach, known.state, upto=asking.position)
    ]


def page_of(school: SchoolService, asking: Asking, chosen: list[OfBreach], query: PageParameters) -> Dependents:
    """Answer a page of dependents with what they, and what they stood on, say."""
    page = chosen[query.offset : query.offset + query.limit]
    refs = {ref for one in page for ref in (one.found.ref, *one.found.on)}
    said = says(school.store, refs, asking.position)
    return Dependents(
        total=len(chosen),
        open=sum(one.decision == "" for one in chosen),
        dependents=[_dependent(one, said) for one in page],
    )


def _dependent(one: OfBreach, said: dict[Ref, tuple[str, str]]) -> Dependent:
    found = one.found
    on = [StoodOn(*ref, *said.get(ref, ("", ""))) for ref in found.on]
    return Dependent(
        breach=one.breach,
        position=found.position,
        stream=found.ref.stream,
        version=found.ref.version,
        type=found.name,
        says=said.get(found.ref, ("", ""))[1],
        recorded_at=moment_text(found.recorded_at),
        actor=found.actor,
        why=found.why,
        on=on,
        decision=one.decision,
    )


def dependents(school: SchoolService, asking: Asking, breach: str, query: DependentsParameters) -> Dependents:
    """Records in force that stood on what the breach holds void (B6), each with what it stood on, decided or not."""
    found = found_of(school, asking, breach)
    if query.open is not None:
        found = [one for one in found if (one.decision == "") == query.open]
    return page_of(school, asking, found, query)


def open_dependents(school: SchoolService, asking: Asking, query: PageParameters) -> Dependents:
    """What is still to be decided over all breaches: records in force that stood on what is void (B6)."""
    found = [one for one in _of_all(school, asking) if one.decision == ""]
    return page_of(school, asking, found, query)


def without_basis(school: SchoolService, asking: Asking, query: PageParameters) -> Dependents:
    """Records that stay although the set-up they stood on is void: a load, an enrolment, a timetable, a grant."""
    kind_of = school.states.kind_of
    found = [
        one
        for one in _of_all(school, asking)
        if one.found.why == "stands-on" and any(kind_of(ref.stream) not in RECORD_KINDS for ref in one.found.on)
    ]
    return page_of(school, asking, found, query)


def _of_all(school: SchoolService, asking: Asking) -> Iterable[OfBreach]:
    for breach in breaches_that_hold(asking.c):
        yield from found_of(school, asking, breach)


def detail(school: SchoolService, asking: Asking, breach: str, _query: QuestionParameters) -> BreachDetail:
    """One breach: window, what it holds void, how far the reports are, and every decision with who, when and why."""
    return detail_of(school, asking, breach)


@dataclass(frozen=True)
class _Route:
    """A question; `one` says that it is about one breach."""

    name: str
    path: str
    parameters: type[QuestionParameters]
    report: Any
    ask: Callable[..., Any]
    one: bool = False


ROUTES = (
    _Route("breaches", "/breaches", PageParameters, Breaches, breaches),
    _Route("breach", "/breaches/{breach}", QuestionParameters, BreachDetail, detail, one=True),
    _Route(
        "breach-dependents", "/breaches/{breach}/dependents", DependentsParameters, Dependents, dependents, one=True
    ),
    _Route("open-dependents", "/reports/open-dependents", PageParameters, Dependents, open_dependents),
    _Route("without-basis", "/reports/without-basis", PageParameters, Dependents, without_basis),
)


def add_breaches(app: FastAPI, school: SchoolService) -> None:
    """Add the routes; who may ask is in `ejd.access.reading.READERS` under the same names."""
    desk = Desk(school)
    for route in ROUTES:
        app.router.add_api_route(
            f"/api/v1{route.path}",
            _endpoint(desk, school, route),
            methods=["GET"],
            name=route.name,
            operation_id=route.name,
            response_model=Answered[route.report],  # type: ignore[name-defined]
            responses=problems(400, 401, 403, 404, 406, 422, 503),
            summary=route.name.replace("-", " ").capitalize(),
            description=route.ask.__doc__,
            dependencies=[Depends(BEARER)],
            tags=["breaches"],
            route_class_override=ApiRoute,
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
        return desk.answer(
            route.name,
            lambda asking: route.ask(school, asking, breach, asked),
            request=request,
            who=client,
            after=asked.after,
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
