"""The list of events for the administration: who recorded what and when; what is sealed stays sealed."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ejd.access.reading import check_reader
from ejd.handling.authentication import Authenticated
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.routes import add_question, problems, who
from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Catalogue
from ejd.kernel.events import CATALOGUE
from ejd.kernel.sealed import Sealed
from ejd_commands.accounts import microseconds
from ejd_commands.fields import WHOLE_NUMBER_MAX, Id, Moment

EVENTS_MAX = 1_000
EVENTS_LIMIT = 100
TYPES_MAX = 20
EXAMPLE_ID = "0198c0de-7a3b-7000-8000-3f1c2a9d4e55"

EventType = Annotated[
    str, Field(pattern=r"^[a-z]+(-[a-z]+)*/[0-9]{1,3}$", max_length=100, examples=["mark-recorded/1"])
]


class EventsParameters(BaseModel):
    """All conditions given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[
        int,
        Field(ge=0, le=WHOLE_NUMBER_MAX, description="Events above this position: `next_after` of the page before."),
    ] = 0
    limit: Annotated[int, Field(ge=1, le=EVENTS_MAX, description="Events of a page.")] = EVENTS_LIMIT
    stream: Annotated[Id | None, Field(description="Of one stream.")] = None
    actor: Annotated[Id | None, Field(description="Recorded by one account.")] = None
    types: Annotated[
        list[EventType], Field(alias="type", max_length=TYPES_MAX, description="Of these types; may be repeated.")
    ] = []
    since: Annotated[Moment | None, Field(description="Recorded at this moment or later.")] = None
    until: Annotated[Moment | None, Field(description="Recorded before this moment.")] = None


class Cause(BaseModel):
    """An event that this one stands on."""

    stream: str
    version: int


class EventEntry(BaseModel):
    """One stored event with its envelope. Sealed fields are shown as `{"sealed": true, "person": id}`."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: str = Field(json_schema_extra={"format": "date-time"})
    actor: str
    session: str
    client: str
    command_id: str
    batch_id: str
    caused_by: list[Cause]
    payload: dict[str, Any]


class EventPage(BaseModel):
    """A page in order of position; `next_after` is None on the last one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "events": [
                    {
                        "position": 812,
                        "stream": EXAMPLE_ID,
                        "version": 1,
                        "type": "mark-recorded/1",
                        "recorded_at": "2025-10-06T09:00:00.000000Z",
                        "actor": EXAMPLE_ID,
                        "session": "edc61743c6eebe3a",
                        "client": "web",
                        "command_id": EXAMPLE_ID,
                        "batch_id": "",
                        "caused_by": [{"stream": EXAMPLE_ID, "version": 2}],
                        "payload": {"pupil": EXAMPLE_ID, "work": "oral", "number": 1, "value": "5"},
                    }
                ],
                "next_after": 812,
            }
        }
    )

    events: list[EventEntry]
    next_after: int | None


def add_events(app: FastAPI, school: SchoolService) -> None:
    """Add the route."""

    def events(
        request: Request,  # noqa: ARG001 - one signature for all routes
        query: Annotated[EventsParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
    ) -> Response:
        check_reader("events", client.grants)
        found = school.store.find_events(
            after=query.after,
            limit=query.limit + 1,
            stream=query.stream,
            actor=query.actor,
            names=query.types,
            since=None if query.since is None else microseconds(query.since),
            until=None if query.until is None else microseconds(query.until),
        )
        page = found[: query.limit]
        content = {
            "events": [shown(event) for event in page],
            "next_after": page[-1].position if len(found) > query.limit else None,
        }
        headers = {"Cache-Control": "no-store"}
        return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)

    add_question(
        app,
        name="events",
        path="/events",
        endpoint=events,
        model=EventPage,
        responses=problems(400, 401, 403, 406, 503),
        tag="events",
        description="What was recorded, by whom and when. For the head and deputy heads.",
    )


def shown(event: Recorded, catalogue: Catalogue = CATALOGUE) -> dict[str, Any]:
    """Answer an event as the administration sees it; the payload is in the newest shape of its type."""
    causes: Sequence[tuple[str, int]] = msgspec.json.decode(event.caused_by)
    return {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "type": event.name,
        "recorded_at": moment_text(event.recorded_at),
        "actor": event.actor,
        "session": event.session,
        "client": event.client,
        "command_id": event.command_id,
        "batch_id": event.batch_id,
        "caused_by": [{"stream": stream, "version": version} for stream, version in causes],
        "payload": without_boxes(catalogue.decode(event.name, event.state)),
    }


def without_boxes(value: Any) -> Any:
    """Answer plain JSON values; a sealed text is named, its ciphertext left out."""
    if isinstance(value, Sealed):
        return {"sealed": True, "person": value.person}
    if isinstance(value, msgspec.Struct):
        return {name: without_boxes(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (list, tuple)):
        return [without_boxes(one) for one in value]
    return msgspec.to_builtins(value)
