"""The application: commands, questions, health, and what is around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from ejd.http import problems
from ejd.http.asking import Desk
from ejd.http.breaches import add_breaches
from ejd.http.codes import add_codes
from ejd.http.commands import add_commands
from ejd.http.contract import SchoolService
from ejd.http.documentation import create_documented
from ejd.http.erasures import add_erasures
from ejd.http.health import add_health
from ejd.http.imports import add_imports
from ejd.http.keeper import Keeper
from ejd.http.logs import Log, make_log
from ejd.http.looking import Looking
from ejd.http.metrics import Metrics
from ejd.http.once import Once
from ejd.http.outbox import add_outbox
from ejd.http.person_data import add_person_data
from ejd.http.production_upload import add_production_file
from ejd.http.questions import add_questions
from ejd.http.readiness import Readiness
from ejd.http.routes import check_all_declared
from ejd.http.second_factors import add_second_factors
from ejd.http.shield import Headers, Hosts
from ejd.http.signing import add_signing
from ejd.http.watch import Watch

DESCRIPTION = """
An electronic school journal. **Commands** say what happened (`POST /api/v1/commands/…`), **reports** answer what is so.

* Every request carries a token, `Authorization: Bearer ejd_…` (made by `ejd token LOGIN`), or the cookie of a session.
* Every command carries an `Idempotency-Key`: send the same one again as often as you like, it is done once.
* Give the `position` that a command answered as `after` to a report, and the report has what you did.
* What is refused is answered as `application/problem+json` with a stable `type` and a sentence that says what to do.
"""
TAGS = [
    {"name": "commands", "description": "What happened. One route per command; several at once in one transaction."},
    {"name": "reports", "description": "What is so: by class, group, pupil, subject, teacher and period."},
    {"name": "school", "description": "The school's set-up: where a client finds ids."},
    {"name": "breaches", "description": "Breaches of credentials: what is void, what stood on it, what comes next."},
    {"name": "audit", "description": "Corrections, requests, the life of a cell, signals; for the administration."},
    {"name": "events", "description": "What was recorded by whom and when; for the administration."},
    {"name": "imports", "description": "Files about people and classes: the difference, applied and undone as one."},
    {"name": "personal data", "description": "What is known of a person, and what was erased."},
    {"name": "exports", "description": "What the school knows in formats of other programs."},
    {"name": "signing in", "description": "Passwords, one-time codes, sessions; tokens are issued by commands."},
    {"name": "operation", "description": "For those who keep the machine; without a token."},
]


def create_http(school: SchoolService, *, feed: bool = True, log: Log | None = None) -> FastAPI:
    """Answer the application of one school.

    With `feed` it keeps the reports up itself; of several processes one is elected.
    """
    log = log or make_log("info")
    readiness = Readiness(school)
    metrics = Metrics(school, readiness)
    keeper = Keeper(school, log)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if feed:
            keeper.start()
        try:
            yield
        finally:
            await run_in_threadpool(keeper.stop)

    app = create_documented(
        title="ejd",
        version=version("ejd"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.school = school
    app.state.looking = Looking(school)
    app.add_api_route("/", lambda: RedirectResponse("/docs"), include_in_schema=False)
    problems.install(app)
    add_commands(app, school)
    desk = app.state.desk = Desk(school)  # one, so that whoever looks back is counted together
    add_questions(app, school, desk)
    add_breaches(app, school, desk)
    add_outbox(app, school)
    add_erasures(app, desk)
    add_person_data(app, school)
    add_imports(app, school)
    add_production_file(app, school)
    add_signing(app, school)
    add_second_factors(app, school)
    add_codes(app, school)
    add_health(app, readiness, metrics)
    check_all_declared(app)
    app.add_middleware(Once)
    app.add_middleware(Hosts, names=school.settings.host_names)
    app.add_middleware(Watch, log=log, metrics=metrics)
    app.add_middleware(Headers)
    _document_problems(app)
    return app


def _document_problems(app: FastAPI) -> None:
    """Put the one schema of all problems into the document; routes refer to it by name.

    FastAPI's own 422 is taken out: fields that do not fit are answered 400 here.
    """
    plain = app.openapi

    def document() -> dict[str, Any]:
        found = plain()
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs"))
            schemas["Problem"] = schema
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            for operations in found["paths"].values():
                for operation in operations.values():
                    if "HTTPValidationError" in str(operation["responses"].get("422")):
                        del operation["responses"]["422"]
        return found

    app.openapi = document  # type: ignore[method-assign]
