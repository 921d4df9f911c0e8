"""The routes of exports in formats of other programs; who may ask is in `ejd.access.reading.READERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from ejd.exports.oneroster import ZIP_TYPE, PackageTooLargeError
from ejd.exports.oneroster_package import oneroster_package
from ejd.handling.authentication import Authenticated
from ejd.http import calendar_feed
from ejd.http.asking import Asking, Desk, Download, ReportParameters
from ejd.http.choosing import YearParameters, year_of
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.downloads import local_time
from ejd.http.routes import ApiRoute, add_question, problems, who
from ejd_projections.asking import SelectionError
from ejd_projections.people import people_of_kind

STATUSES = (400, 401, 403, 404, 406, 422, 503)


@dataclass(frozen=True)
class Export:
    """One export: its name is its rule's name too; `kind` is its media type without parameters."""

    name: str
    path: str
    parameters: type[ReportParameters]
    ask: Callable[[Asking, Any], Download]
    kind: str


def oneroster_export(asking: Asking, query: YearParameters) -> Download:
    """A year as OneRoster 1.2 CSV (G1), rostering and gradebook, as a zip for bulk processing.

    Marks are results of line items, one for each kind of work marked in a lesson; final marks are line items of their
    grading periods.
    """
    year = year_of(asking, query)
    asking.ground.everything(year.id, (year.first_day, year.last_day))
    made_at = local_time(asking, asking.now)
    try:
        body = oneroster_package(asking.c, asking.school, year, day=asking.today, made_at=made_at)
    except PackageTooLargeError as error:
        raise SelectionError(f"{error}: choose a year with fewer marks", field="year") from error
    asking.told.append(
        [row.stream for kind in ("pupil", "guardian", "staff") for row in people_of_kind(asking.c, kind)]
    )
    return Download(body, ZIP_TYPE, f"oneroster-{asking.today}.zip")


EXPORTS = (
    Export(
        "timetable-calendar",
        "/exports/timetable.ics",
        calendar_feed.CalendarParameters,
        calendar_feed.timetable_calendar,
        "text/calendar",
    ),
    Export("oneroster", "/exports/oneroster", YearParameters, oneroster_export, ZIP_TYPE),
)


def add_exports(app: FastAPI, desk: Desk) -> None:
    """Add the routes."""
    for export in EXPORTS:
        answered: dict[int | str, dict[str, Any]] = {
            200: {"description": "The file", "content": {export.kind: {"schema": {"type": "string"}}}},
        }
        add_question(
            app,
            name=export.name,
            path=export.path,
            endpoint=_endpoint(desk, export),
            model=None,
            responses=answered | problems(*STATUSES),
            tag="exports",
            description=export.ask.__doc__,
            route=_route_for(export.kind),
        )


def _route_for(kind: str) -> type[ApiRoute]:
    """Answer a route whose clients accept the export's media type."""

    class ExportRoute(ApiRoute):
        """See `_route_for`."""

        accepted = frozenset({"*/*", kind, f"{kind.partition('/')[0]}/*"})

    return ExportRoute


def _endpoint(desk: Desk, export: Export) -> Callable[..., Response]:
    parameters = export.parameters

    def answer(
        request: Request,
        query: Annotated[parameters, Query()],  # type: ignore[valid-type]
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked: ReportParameters = query
        return desk.answer(
            export.name,
            lambda asking: export.ask(asking, asked),
            request=request,
            who=client,
            after=asked.after,
            as_of=asked.as_of,
            invalidated=asked.invalidated,
            at=moment_of(simulated_time),
        )

    return answer
