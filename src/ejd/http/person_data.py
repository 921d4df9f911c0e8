"""Everything that the school has of a person, for the person, its guardians and the administration (152-ФЗ ст. 14)."""

from __future__ import annotations

import threading
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ejd.access.reading import ADMINISTRATION, check_reader
from ejd.handling.authentication import Authenticated
from ejd.history.person_data import Beside, person_data
from ejd.http.contract import SchoolService
from ejd.http.notes import notes_of
from ejd.http.person_html import to_html
from ejd.http.problems import NotThere, Unavailable
from ejd.http.routes import ACCEPTED, ApiRoute, acceptable, add_question, problems, who
from ejd.http.shield import POLICY_OF_A_FILE
from ejd.kernel.calendar import local_day
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.people import GuardianState
from ejd.kernel.states.school import SchoolState
from ejd_commands.fields import Id

NAME = "person-data"
AT_ONCE_MAX = 2
"""Exports of one process at the same time: each reads the whole log once."""
HTML_TYPE = "text/html"


class ExportsBusy(Unavailable):
    """Others are having a person's data exported just now."""


class PersonDataParameters(BaseModel):
    """How it is to be answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[
        Literal["json", "html"] | None,
        Field(description="html is a page in Russian to read and print. By default what the client accepts."),
    ] = None


class DataEventEntry(BaseModel):
    """One event about the person; `data` has what was sealed for it in clear, lines about others only are left out."""

    position: int
    recorded_at: int = Field(description="Microseconds since 1970 UTC.")
    type: str
    stream: str
    version: int
    account: str
    void: bool
    linked: list[str] = Field(
        description="own: the person's stream; else the fields that name it or are sealed for it."
    )
    data: dict[str, Any]


class RecordedEntry(BaseModel):
    """One event that an account of the person recorded about something else."""

    position: int
    recorded_at: int
    type: str
    stream: str
    version: int


class PersonDataAnswer(BaseModel):
    """The whole export."""

    person: str
    position: int = Field(description="Everything up to this position is in it.")
    streams: list[dict[str, str]]
    accounts: list[str]
    logins: list[str]
    about: list[DataEventEntry]
    recorded: list[RecordedEntry]
    notices: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    second_factors: list[dict[str, Any]]
    looks: list[dict[str, Any]]


class PersonDataRoute(ApiRoute):
    """A route whose clients may accept a page."""

    accepted = ACCEPTED | {HTML_TYPE, "text/*"}


def check_may_have(school: SchoolService, client: Authenticated, person: str) -> None:
    """Raise NotThere unless it is oneself, a child that one acts for today, or one administrates."""
    check_reader(NAME, client.grants)
    if client.roles & ADMINISTRATION or (client.person and client.person == person):
        return
    if client.person and "parent" in client.roles:
        today = local_day(school.clock(), school.states.load(SchoolState, SCHOOL).timezone)
        if school.states.fresh(GuardianState, client.person).acts_for(person, today) is not None:
            return
    raise _not_there()


def _not_there() -> NotThere:
    return NotThere(
        "there is no such person among those whose data you may have: ask the administration", field="person"
    )


def add_person_data(app: FastAPI, school: SchoolService) -> None:
    """Add the route."""
    answered: dict[int | str, dict[str, Any]] = {200: {"content": {HTML_TYPE: {"schema": {"type": "string"}}}}}
    slots = threading.BoundedSemaphore(AT_ONCE_MAX)

    def answer(
        request: Request,
        person: Annotated[Id, Path(description="A pupil, staff member or guardian.")],
        query: Annotated[PersonDataParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
    ) -> Response:
        check_may_have(school, client, person)
        if not slots.acquire(blocking=False):
            raise ExportsBusy("others are having data exported: try again in a moment")
        try:
            found = person_data(
                school.store,
                Beside(school.outbox, school.store.signing_in, school.store.factors),
                school.read.folding.unseal,
                person,
                looks=school.looks.of_person,
            )
        finally:
            slots.release()
        if not (found.streams or found.about):
            raise _not_there()
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="person-{person}"'}
        if query.format == "html" or (query.format is None and _wants_page(request)):
            state = school.states.load(SchoolState, SCHOOL)
            notes_of(request.scope).told.append(msgspec.json.encode(found))  # for the log of looks
            page = to_html(found, school=state.name, timezone=state.timezone, now=school.clock())
            headers["Content-Security-Policy"] = POLICY_OF_A_FILE
            return Response(page, media_type="text/html; charset=utf-8", headers=headers)
        return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)

    add_question(
        app,
        name=NAME,
        path="/people/{person}/data",
        endpoint=answer,
        model=PersonDataAnswer,
        responses=answered | problems(400, 401, 403, 404, 406, 422, 503),
        tag="personal data",
        description="Everything that is sealed for a person, names it, or was recorded by its accounts (152-ФЗ ст. 14)."
        " For the administration, the person, and who acts for a child today.",
        route=PersonDataRoute,
    )


def _wants_page(request: Request) -> bool:
    """Say whether the client would rather have the page than JSON."""
    welcome = acceptable(request.headers.get("accept", ""))
    kinds = [one for one in welcome if one in {HTML_TYPE, "text/*", "application/json", "application/*"}]
    return bool(kinds) and kinds[0].startswith("text/")
