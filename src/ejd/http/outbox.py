"""The outbox: what people are to be told, written and sent when."""

from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ejd.access.reading import check_reader
from ejd.handling.authentication import Authenticated
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.problems import Malformed
from ejd.http.routes import add_question, problems, who
from ejd.store.outbox import PAGE_ROWS_MAX, OutboxRow
from ejd_commands.fields import WHOLE_NUMBER_MAX, Id

OUTBOX_LIMIT = 100
MARK_CHARACTERS_MAX = 400
KIND_PATTERN = r"^[a-z][a-z-]{0,40}$"


class OutboxParameters(BaseModel):
    """All conditions given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[
        str | None, Field(max_length=MARK_CHARACTERS_MAX, description="`next_after` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_ROWS_MAX, description="Rows of a page.")] = OUTBOX_LIMIT
    kind: Annotated[str | None, Field(pattern=KIND_PATTERN, description="Such as retraction.")] = None
    recipient: Annotated[Id | None, Field(description="To one person.")] = None
    unsent: Annotated[bool, Field(description="Only what is to be sent still.")] = False
    withheld: Annotated[bool, Field(description="Only what is not sent for want of the family's consent.")] = False


class Withheld(BaseModel):
    """Why a notice is not sent, as in the report of consents, and whose word decided (ids)."""

    reason: str
    by: list[str]


class OutboxEntry(BaseModel):
    """One notice; `about` says what happened, without personal data."""

    key: str
    kind: str
    recipient: str
    about: dict[str, Any]
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    sent_at: str | None
    withheld: Withheld | None = Field(description="Not sent, and why: the family is informed on paper.")


class OutboxPage(BaseModel):
    """A page in the order of writing; `next_after` is None on the last one."""

    notices: list[OutboxEntry]
    next_after: str | None


def add_outbox(app: FastAPI, school: SchoolService) -> None:
    """Add the route."""

    def outbox(
        request: Request,  # noqa: ARG001 - one signature for all routes
        query: Annotated[OutboxParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
    ) -> Response:
        check_reader("outbox", client.grants)
        found = school.outbox.page(
            after=_mark(query.after),
            limit=query.limit,
            kind=query.kind,
            recipient=query.recipient,
            unsent=query.unsent,
            withheld=query.withheld,
        )
        last = found[-1] if len(found) == query.limit else None
        content = {
            "notices": [_shown(one) for one in found],
            "next_after": None if last is None else f"{last.created_at}.{last.key}",
        }
        headers = {"Cache-Control": "no-store"}
        return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)

    add_question(
        app,
        name="outbox",
        path="/outbox",
        endpoint=outbox,
        model=OutboxPage,
        responses=problems(400, 401, 403, 406, 503),
        tag="breaches",
        description="What people are to be told, such as retractions and reminders, and when it was sent, or why not.",
    )


def _mark(text: str | None) -> tuple[int, str]:
    if text is None:
        return -1, ""
    number, dot, key = text.partition(".")
    if not (number.isascii() and number.isdecimal() and dot) or int(number) > WHOLE_NUMBER_MAX or "\x00" in key:
        raise Malformed("this is no place of a page: give `next_after` of the page before", field="after")
    return int(number), key


def _shown(row: OutboxRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "recipient": row.recipient,
        "about": msgspec.json.decode(row.about),
        "created_at": moment_text(row.created_at),
        "sent_at": None if row.sent_at is None else moment_text(row.sent_at),
        "withheld": None if row.withheld is None else msgspec.json.decode(row.withheld),
    }
