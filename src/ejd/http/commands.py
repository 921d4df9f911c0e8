"""One route per command class, and one for batches: nothing here knows a single command by name."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from ejd.handling.authentication import Authenticated
from ejd.handling.handler import BATCH_COMMANDS_MAX, BatchTooLarge, batch_id_of, find
from ejd.handling.handler import Request as CommandRequest
from ejd.handling.voided import voided_by
from ejd.http.contract import SchoolService
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed, malformed
from ejd.http.routes import BEARER, COOKIE, ApiRoute, declare, problems, who
from ejd.kernel.access import Access
from ejd.kernel.command import Command, NotFound
from ejd.kernel.envelope import Answer
from ejd_commands.accounts import microseconds
from ejd_commands.fields import DAY_MAX, DAY_MIN, UUID_PATTERN, WHOLE_NUMBER_MAX, Id, Moment

PREFIX = "/api/v1/commands"
STATUSES = (400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 503)
ANY_COMMAND = Access("send", "school", "send several commands at once")
"""Whoever is known may send a batch, or a name that no command has; each command is decided by itself."""
EXAMPLE_ID = "0198c0de-7a3b-7000-8000-3f1c2a9d4e55"


class EventReference(BaseModel):
    """One event that was stored."""

    position: int
    stream: str = Field(json_schema_extra={"format": "uuid"})
    version: int
    type: str


class CommandAnswer(BaseModel):
    """What a command did. Give `position` as `after` to a report, and it has what was done. No events: it was so."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "position": 48_213,
                "events": [
                    {"position": 48_213, "stream": EXAMPLE_ID, "version": 7, "type": "mark-recorded/1"},
                ],
                "repeated": False,
            }
        }
    )

    position: int
    events: list[EventReference]
    repeated: bool = Field(description="True: the same request was done before; this is its answer, nothing was done.")
    voided_by: list[str] = Field(
        default_factory=list,
        description="Only of a repeated request, and only where it is so: the breaches that hold what it did void.",
    )


IdempotencyKey = Annotated[
    Id,
    Header(
        alias="Idempotency-Key",
        description="A UUID of your own for this request. Sent again, it answers the same and does nothing twice.",
        examples=[EXAMPLE_ID],
    ),
]
OptionalKey = Annotated[
    Id | None,
    Header(
        alias="Idempotency-Key",
        description="The id of the batch; by default it follows from the ids of its commands.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", pattern=r'^"[0-9]{1,18}"$', description='The version you saw, as `"7"`; 409 if it moved.'),
]
ExpectedVersion = Annotated[
    int | None, Query(ge=0, le=WHOLE_NUMBER_MAX, description="The same as If-Match, for clients without headers.")
]
SimulatedTime = Annotated[
    Moment | None,
    Header(
        alias="Ejd-Simulated-Time",
        description="The clock of a simulated school (RFC 3339); refused by a real one.",
        examples=["2025-10-06T12:00:00+03:00"],
    ),
]


def moment_of(given: datetime | None) -> int | None:
    """Answer a simulated time in microseconds since 1970 UTC; raises Malformed outside the days of a journal."""
    if given is None:
        return None
    if not DAY_MIN < given.date() < DAY_MAX:
        msg = f"choose a moment between {DAY_MIN:%d.%m.%Y} and {DAY_MAX:%d.%m.%Y}"
        raise Malformed(msg, field="Ejd-Simulated-Time")
    return microseconds(given)


def encoded(school: SchoolService, answer: Answer, request: Request) -> Response:
    """Answer the response, and note for the log what became of the command; a repeat says whether it is void since."""
    outcome = "repeated" if answer.repeated else "stored" if answer.events else "unchanged"
    notes_of(request.scope).outcome = outcome
    content: dict[str, Any] = {
        "position": answer.position,
        "events": [event._asdict() for event in answer.events],
        "repeated": answer.repeated,
    }
    breaches = voided_by(school.store, answer) if answer.repeated else []
    if breaches:
        content["voided_by"] = breaches
    return Response(msgspec.json.encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})


def add_commands(app: FastAPI, school: SchoolService) -> None:
    """Add the routes of all commands."""
    for name, command in school.commands.items():
        _add(
            app,
            f"{PREFIX}/{name}",
            _single(school, command),
            command.access,
            name=name,
            summary=name.replace("-", " ").capitalize(),
            description=_documentation(command),
        )
    _add(
        app,
        PREFIX,
        _batch(school),
        ANY_COMMAND,
        name="batch",
        summary="Several commands at once",
        description=(
            f"Up to {BATCH_COMMANDS_MAX} commands in one transaction, all or nothing; each sees what those before it "
            'did. Each object is a command\'s fields beside `"command"` (its name) and `"id"` (a UUID of its own).'
        ),
    )
    app.router.routes.append(
        ApiRoute(
            PREFIX + "/{name}", _unknown(school), methods=["POST"], name="unknown-command", include_in_schema=False
        )
    )
    declare(app, ANY_COMMAND)


def _add(app: FastAPI, path: str, endpoint: Callable[..., Response], access: Access, **documentation: Any) -> None:
    app.router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        response_model=CommandAnswer,
        responses=problems(*STATUSES),
        dependencies=[Depends(BEARER), Depends(COOKIE)],
        tags=["commands"],
        operation_id=documentation["name"],
        route_class_override=ApiRoute,
        **documentation,
    )
    declare(app, access)


def _documentation(command: type[Command]) -> str:
    """Answer the class's docstring: it is the documentation."""
    return (command.__doc__ or "").strip()


def _single(school: SchoolService, kind: type[Command]) -> Callable[..., Response]:
    def send(  # noqa: PLR0913 - the parts of the request, each documented by its own type
        request: Request,
        command: kind,  # type: ignore[valid-type]
        key: IdempotencyKey,
        client: Annotated[Authenticated, Depends(who)],
        if_match: IfMatch = None,
        expected_version: ExpectedVersion = None,
        simulated_time: SimulatedTime = None,
    ) -> Response:
        notes_of(request.scope).commands.append(kind.name)
        answer = school.handler.handle(
            [CommandRequest(command, key)],
            client.actor,
            expected_version=version_of(if_match, expected_version),
            at=moment_of(simulated_time),
        )
        return encoded(school, answer, request)

    return send


def version_of(if_match: str | None, expected_version: int | None = None) -> int | None:
    """Answer the version that the client saw; raises Malformed when it names two."""
    if if_match is None:
        return expected_version
    version = int(if_match.strip('"'))
    if expected_version not in {None, version}:
        raise Malformed("If-Match and expected_version name different versions: leave one out", field="If-Match")
    return version


ENTRY_SCHEMA = {
    "type": "object",
    "required": ["command", "id"],
    "properties": {
        "command": {"type": "string", "description": "The name of a command, such as record-topic."},
        "id": {"type": "string", "format": "uuid", "pattern": UUID_PATTERN},
    },
    "additionalProperties": True,
    "example": {"command": "define-subject", "id": EXAMPLE_ID, "title": "Математика"},
}
Entries = Annotated[
    list[dict[str, Any]],
    WithJsonSchema({"type": "array", "items": ENTRY_SCHEMA, "minItems": 1, "maxItems": BATCH_COMMANDS_MAX}),
]


def _batch(school: SchoolService) -> Callable[..., Response]:
    def send_batch(
        request: Request,
        entries: Entries,
        client: Annotated[Authenticated, Depends(who)],
        key: OptionalKey = None,
        simulated_time: SimulatedTime = None,
    ) -> Response:
        requests = requests_of(entries, school.commands)
        notes_of(request.scope).commands.extend(one.command.name for one in requests)
        ids = [one.command_id for one in requests]
        if key in ids:
            raise Malformed("the batch needs an id of its own, not that of one of its commands", field="id")
        answer = school.handler.handle(
            requests, client.actor, batch_id=key or batch_id_of(ids), at=moment_of(simulated_time)
        )
        return encoded(school, answer, request)

    return send_batch


def requests_of(entries: list[dict[str, Any]], catalogue: Mapping[str, type[Command]]) -> list[CommandRequest]:
    """Answer the commands of a batch; raises Malformed with the index of the command that is wrong."""
    if not entries:
        raise Malformed("a batch has at least one command: put one in")
    if len(entries) > BATCH_COMMANDS_MAX:
        msg = f"a batch may have {BATCH_COMMANDS_MAX} commands, this one has {len(entries)}: send it in parts"
        raise BatchTooLarge(msg)
    requests: list[CommandRequest] = []
    ids: set[str] = set()
    for index, entry in enumerate(entries):
        try:
            request = _request_of(entry, catalogue, ids)
        except (Malformed, NotFound) as refusal:
            refusal.command_index = index
            raise
        ids.add(request.command_id)
        requests.append(request)
    return requests


def _request_of(entry: dict[str, Any], catalogue: Mapping[str, type[Command]], taken: set[str]) -> CommandRequest:
    name, command_id = entry.get("command"), entry.get("id")
    if not isinstance(name, str):
        raise Malformed("each command of a batch says its name in `command`", field="command")
    if not isinstance(command_id, str) or not re.fullmatch(UUID_PATTERN, command_id):
        raise Malformed("each command of a batch has a UUID of its own in `id`", field="id")
    if command_id.lower() in taken:
        raise Malformed("two commands of the batch have the same id: give each its own", field="id")
    fields = {key: value for key, value in entry.items() if key not in {"command", "id"}}
    try:
        command = find(catalogue, name).model_validate(fields)
    except ValidationError as error:
        raise malformed(error.errors(include_url=False, include_input=False)) from None
    return CommandRequest(command, command_id.lower())


def _unknown(school: SchoolService) -> Callable[..., Response]:
    def refuse(name: str) -> Response:
        find(school.commands, name)
        raise AssertionError("a known command has a route of its own")

    return refuse
