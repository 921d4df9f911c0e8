"""The routes of the audit; who may ask is in `ejd.access.reading.READERS` under the same names."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from ejd.handling.authentication import Authenticated
from ejd.http import audit, next_year, year_closing
from ejd.http.asking import Answered, Asking, Desk, QuestionParameters
from ejd.http.audit_lives import add_lives
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.downloads import TYPES, DownloadParameters, DownloadRoute, with_format
from ejd.http.routes import ApiRoute, add_question, problems, who
from ejd_projections.correction_requests import CorrectionRequests
from ejd_projections.corrections import Corrections
from ejd_projections.signals import Signals

STATUSES = (400, 401, 403, 404, 406, 422, 503)


@dataclass(frozen=True)
class AuditQuestion:
    """One question of the audit; its name is its rule's name too."""

    name: str
    path: str
    parameters: type[QuestionParameters]
    report: Any
    ask: Callable[[SchoolService, Asking, Any], Any]

    @property
    def files(self) -> bool:
        """Whether it is answered as CSV and XLSX too."""
        return issubclass(self.parameters, DownloadParameters)


AUDIT = (
    AuditQuestion(
        "audit-corrections", "/audit/corrections", audit.CorrectionsParameters, Corrections, audit.corrections
    ),
    AuditQuestion("audit-requests", "/audit/requests", audit.RequestsParameters, CorrectionRequests, audit.requests),
    AuditQuestion(
        "year-closing",
        "/reports/year-closing",
        year_closing.ClosingParameters,
        year_closing.YearClosing,
        year_closing.year_closing,
    ),
    AuditQuestion(
        "next-year", "/reports/next-year", next_year.NextYearParameters, next_year.NextYear, next_year.next_year
    ),
    AuditQuestion("audit-signals", "/audit/signals", audit.SignalsParameters, Signals, audit.find_signals),
)


def add_audit(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the routes."""
    examples = json.loads(files("ejd.http").joinpath("audit_examples.json").read_text(encoding="utf-8"))
    for question in AUDIT:
        content: dict[str, Any] = {"application/json": {"example": examples[question.name]}}
        if question.files:
            content |= {kind: {"schema": {"type": "string"}} for kind in TYPES if kind not in content}
        answered: dict[int | str, dict[str, Any]] = {
            200: {"description": "The report, with the position that it is true for", "content": content},
            304: {"description": "It is still as the ETag says"},
        }
        add_question(
            app,
            name=question.name,
            path=question.path,
            endpoint=_endpoint(desk, school, question),
            model=Answered[question.report],  # type: ignore[name-defined]
            responses=answered | problems(*STATUSES),
            tag="audit",
            description=question.ask.__doc__,
            route=DownloadRoute if question.files else ApiRoute,
        )
    add_lives(app, school, desk)


def _endpoint(desk: Desk, school: SchoolService, question: AuditQuestion) -> Callable[..., Response]:
    parameters = question.parameters

    def answer(
        request: Request,
        query: Annotated[parameters, Query()],  # type: ignore[valid-type]
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked: QuestionParameters = query
        if isinstance(asked, DownloadParameters):
            asked = with_format(asked, request)
        return desk.answer(
            question.name,
            lambda asking: question.ask(school, asking, asked),
            request=request,
            who=client,
            after=asked.after,
            at=moment_of(simulated_time),
        )

    return answer
