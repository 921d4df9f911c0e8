"""Erasures of persons as a list for the administration: what an act of destruction is written from (152-ФЗ ст. 21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk, QuestionParameters
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.moments import moment_text
from ejd.http.routes import add_question, problems, who
from ejd.kernel.events.erasures import Kept
from ejd_commands.fields import Id
from ejd_projections.erasures import ErasureRow, find_erasures, logins_of

NAME = "erasures"


class ErasuresParameters(QuestionParameters):
    """All conditions given must hold."""

    person: Annotated[Id | None, Field(description="Of one person.")] = None
    standing: Annotated[
        Literal["open", "rejected", "approved", "destroyed"] | None,
        Field(description="open: waits for a decision; approved: the key is being destroyed; destroyed: done."),
    ] = None


@dataclass(slots=True)
class KeptClass:
    """Something that must be kept of the person, until a day (None: while the relation lasts), by which norm.

    `here`: by this service, so that the key must stay until then.
    """

    code: str
    until: str | None
    source: str
    here: bool


@dataclass(slots=True)
class Erasure:
    """One erasure: whom, by which ground, who decided, when (приказ Роскомнадзора от 28.10.2022 № 179).

    `logins` of the person's accounts stand in clear in the events for good: see that they are no names.
    """

    request: str
    person: str
    kind: str
    ground: str
    standing: str
    kept: list[KeptClass]
    logins: list[str]
    asked_by: str
    asked_at: str | None
    decided_by: str
    decided_at: str | None
    destroyed_at: str | None
    replayed: bool


@dataclass(slots=True)
class Erasures:
    """The newest first."""

    erasures: list[Erasure]


def erasures(asking: Asking, query: ErasuresParameters) -> Erasures:
    """Requests to erase persons with what had to be kept, who decided, and when the key was destroyed."""
    rows = find_erasures(asking.c, person=query.person, standing=query.standing)
    logins = logins_of(asking.c, {row.person for row in rows})
    return Erasures([_shown(row, logins.get(row.person, [])) for row in rows])


def _shown(row: ErasureRow, logins: list[str]) -> Erasure:
    kept = [
        KeptClass(one.code, None if one.until is None else one.until.isoformat(), one.source, one.here)
        for one in msgspec.json.decode(row.kept, type=list[Kept])
    ]
    return Erasure(
        request=row.stream,
        person=row.person,
        kind=row.kind,
        ground=row.ground,
        standing=row.standing,
        kept=kept,
        logins=logins,
        asked_by=row.asked_by,
        asked_at=_moment(row.asked_at),
        decided_by=row.decided_by,
        decided_at=_moment(row.decided_at),
        destroyed_at=_moment(row.destroyed_at),
        replayed=row.replayed,
    )


def _moment(at: int | None) -> str | None:
    return None if at is None else moment_text(at)


def add_erasures(app: FastAPI, desk: Desk) -> None:
    """Add the route."""
    answered: dict[int | str, dict[str, Any]] = {
        200: {"description": "The requests, with the position that they are true for"},
        304: {"description": "It is still as the ETag says"},
    }

    def answer(
        request: Request,
        query: Annotated[ErasuresParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        return desk.answer(
            NAME,
            lambda asking: erasures(asking, query),
            request=request,
            who=client,
            after=query.after,
            at=moment_of(simulated_time),
        )

    add_question(
        app,
        name=NAME,
        path="/erasures",
        endpoint=answer,
        model=Answered[Erasures],
        responses=answered | problems(400, 401, 403, 404, 406, 422, 503),
        tag="personal data",
        description=erasures.__doc__,
    )
