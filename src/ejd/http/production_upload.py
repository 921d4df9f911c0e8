"""A production calendar of one's own as a file: what it would change, and taking it (C1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from ejd.access.reading import check_reader
from ejd.handling.authentication import Authenticated
from ejd.handling.handler import Request as CommandRequest
from ejd.http import bodies
from ejd.http.commands import IfMatch, OptionalKey, SimulatedTime, moment_of, version_of
from ejd.http.contract import SchoolService
from ejd.http.dry_run import rehearsed
from ejd.http.imports import FileRefused
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed
from ejd.http.routes import add_question, problems, who
from ejd.http.wording import sentence_of
from ejd.imports.production_file import FILE_BYTES_MAX, CalendarFile, read_calendar
from ejd.imports.roster_file import Refused
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.uploads import FILE_NAME_CHARACTERS_MAX
from ejd.kernel.calendar import CalendarData
from ejd.kernel.command import Refusal
from ejd.kernel.envelope import Answer
from ejd.kernel.states.school import YearState
from ejd_commands.fields import Id, Name
from ejd_commands.known import UnknownYear
from ejd_commands.production import TakeProductionCalendar

NAME = "production-calendar-file"
UPLOAD_SECONDS_MAX = 30.0
ROWS_TOLD = 3
"""Rows that the sentence of a refused file names; `refusals` has all of them."""
TOO_LARGE = f"a calendar has at most {FILE_BYTES_MAX} bytes: send its holidays and transfers only"
STATUSES = (400, 401, 403, 404, 406, 408, 409, 413, 422, 503)


class CalendarFileParameters(BaseModel):
    """Which year the file is for; `week_days` and `worked` as take-production-calendar has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[Id, Field(description="The academic year.")]
    file_name: Annotated[
        Name, Field(max_length=FILE_NAME_CHARACTERS_MAX, description="Ends in .json for JSON; else it is CSV.")
    ]
    week_days: Annotated[
        Literal["5", "6"] | None, Field(description="Rules for 5 or 6 days a week; by default the year's cycle.")
    ] = None
    worked: Annotated[
        Literal["as-the-free-day", "none"], Field(description="What a Saturday is that is to be worked.")
    ] = "as-the-free-day"
    dry_run: Annotated[bool, Field(description="Answer the difference and store nothing.")] = False


@dataclass(slots=True)
class CalendarLine:
    """One day that is otherwise after the file; `before` and `after`: the holiday's name, or that of the cycle day."""

    kind: Literal["added", "changed", "ended"]
    what: Literal["holiday", "transferred-day"]
    day: str
    before: str
    after: str


@dataclass(slots=True)
class RefusedRow:
    """A row that is not taken; of JSON `sheet` is the list and `row` the place in it, from 1 on."""

    file: str
    sheet: str
    row: int
    column: str
    reason: str
    value: str


@dataclass(slots=True)
class CalendarOfFile:
    """What the file changes, or has changed; send `version` as If-Match, and what was looked at is what is taken.

    `state`: rehearsed (a dry run), applied, unchanged (everything was so already), refused (a dry run with rows that
    are refused: a calendar is taken whole or not at all). `repeated`: the same request was done before.
    """

    year: str
    year_name: str
    state: Literal["rehearsed", "applied", "unchanged", "refused"]
    version: int
    position: int | None
    repeated: bool
    added: int
    changed: int
    ended: int
    unchanged: int
    differences: list[CalendarLine]
    refusals: list[RefusedRow]


def add_production_file(app: FastAPI, school: SchoolService) -> None:
    """Add the route."""

    async def take(  # noqa: PLR0913 - the parts of the request, each documented by its own type
        request: Request,
        query: Annotated[CalendarFileParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        key: OptionalKey = None,
        if_match: IfMatch = None,
        simulated_time: SimulatedTime = None,
    ) -> Response:
        check_reader(NAME, client.grants)
        content = await bodies.read_body(
            request, bytes_max=FILE_BYTES_MAX, seconds_max=UPLOAD_SECONDS_MAX, too_large=TOO_LARGE
        )
        if not content:
            raise Malformed("the body is empty: send the file itself as the body")
        taking = _Taking(school, query, client, moment_of(simulated_time))
        found = await run_in_threadpool(taking.answer, content, key, version_of(if_match))
        noted = {"applied": "repeated" if found.repeated else "stored", "unchanged": "unchanged"}
        if found.state in noted:
            notes_of(request.scope).commands.append(TakeProductionCalendar.name)
            notes_of(request.scope).outcome = noted[found.state]
        headers = {"Cache-Control": "no-store", "ETag": f'"{found.version}"'}
        return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)

    endpoint: Any = take
    add_question(
        app,
        name=NAME,
        path="/production-calendar",
        endpoint=endpoint,
        model=CalendarOfFile,
        responses=problems(*STATUSES),
        tag="imports",
        description=(
            f"Send a calendar of one's own as the body (at most {FILE_BYTES_MAX} bytes): CSV with the headings дата,"
            " название, перенесён на, or JSON with holidays and transfers. It replaces all holidays and transferred"
            " days of the year, as take-production-calendar does, by the same rights."
        ),
        method="POST",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )


class _Taking:
    """One file on its way into one year."""

    def __init__(
        self, school: SchoolService, query: CalendarFileParameters, client: Authenticated, at: int | None
    ) -> None:
        self._school, self._query, self._client, self._at = school, query, client, at

    def answer(self, content: bytes, key: str | None, version: int | None) -> CalendarOfFile:
        """Rehearse the file, and unless it is a dry run send the command for the version that was rehearsed."""
        query = self._query
        year = self._school.states.fresh(YearState, query.year)
        if year.ref is None:
            raise UnknownYear(f"there is no academic year {query.year}: look it up in GET /api/v1/school", field="year")
        try:
            file = read_calendar(query.file_name, content)
            options = {"worked": query.worked, "week_days": None if query.week_days is None else int(query.week_days)}
            command = file.command(query.year, sentence_of, **options)
        except ImportRefused as refused:
            raise FileRefused(str(refused)) from refused
        if not isinstance(command, TakeProductionCalendar):
            return self._refused(command, year)
        if query.dry_run:
            try:
                return self._rehearsed(command)
            except Refusal as refusal:
                return self._refused((self._row(file, refusal),), year)
        if key is None:
            raise Malformed("name a UUID of your own in Idempotency-Key, or ask with dry_run=true", field="id")
        try:
            return self._sent(command, key, version)
        except Refusal as refusal:
            return self._refused((self._row(file, refusal),), year)

    def _row(self, file: CalendarFile, refusal: Refusal) -> Refused:
        row = file.refused_by(refusal)
        if row is None:
            raise refusal
        return row

    def _rehearsed(self, command: TakeProductionCalendar) -> CalendarOfFile:
        before = self._school.states.fresh(YearState, command.year).data
        decision = rehearsed(self._school, command, self._client.actor, at=self._at)
        after = decision.load(YearState, command.year).data
        lines = list(_lines(before, after))
        kinds = [line.kind for line in lines]
        total = len(_days(before)) + kinds.count("added")
        return CalendarOfFile(
            year=command.year,
            year_name=after.name,
            state="rehearsed" if decision.events else "unchanged",
            version=decision.reads[command.year],
            position=None,
            repeated=False,
            added=kinds.count("added"),
            changed=kinds.count("changed"),
            ended=kinds.count("ended"),
            unchanged=total - len(lines),
            differences=lines,
            refusals=[],
        )

    def _sent(self, command: TakeProductionCalendar, key: str, version: int | None) -> CalendarOfFile:
        """Send the command for the version whose difference is answered; of a repeat no difference is answered."""
        actor, requests = self._client.actor, [CommandRequest(command, key)]
        if self._school.store.find_answer(actor.account, key) is not None:
            answer = self._school.handler.handle(requests, actor, expected_version=version, at=self._at)
            year = self._school.states.fresh(YearState, command.year)
            return self._nothing(year, "applied" if answer.events else "unchanged", answer)
        found = self._rehearsed(command)
        expected = found.version if version is None else version
        answer = self._school.handler.handle(requests, actor, expected_version=expected, at=self._at)
        if answer.events:
            found.state, found.version = "applied", answer.events[-1].version
        found.position, found.repeated = answer.position, answer.repeated
        return found

    def _nothing(
        self,
        year: YearState,
        state: Literal["applied", "unchanged", "refused"],
        answer: Answer | None = None,
        refusals: Sequence[RefusedRow] = (),
    ) -> CalendarOfFile:
        """Answer without a difference."""
        return CalendarOfFile(
            year=self._query.year,
            year_name=year.data.name,
            state=state,
            version=year.version,
            position=None if answer is None else answer.position,
            repeated=answer is not None and answer.repeated,
            added=0,
            changed=0,
            ended=0,
            unchanged=0,
            differences=[],
            refusals=list(refusals),
        )

    def _refused(self, rows: Sequence[Refused], year: YearState) -> CalendarOfFile:
        """Answer the rows of a dry run; else raise FileRefused, which has all of them too."""
        told = [RefusedRow(one.file, one.sheet, one.row, one.column, one.reason, one.value) for one in rows]
        if self._query.dry_run:
            return self._nothing(year, "refused", refusals=told)
        first = "; ".join(f"row {one.row}: {one.reason}" for one in rows[:ROWS_TOLD])
        more = f"; and {len(rows) - ROWS_TOLD} more" if len(rows) > ROWS_TOLD else ""
        refused = FileRefused(f"nothing was taken, for a calendar is whole: {first}{more}")
        refused.more = {"refusals": [msgspec.to_builtins(one) for one in told]}
        raise refused


_Day = tuple[Literal["holiday", "transferred-day"], date]


def _days(data: CalendarData) -> dict[_Day, str]:
    """Answer the holidays and transferred days with what they are called."""
    named = [] if data.cycle is None else [one.name for one in data.cycle.days]
    found: dict[_Day, str] = {("holiday", one.day): one.name for one in data.holidays}
    for one in data.transferred:
        found["transferred-day", one.day] = named[one.cycle_day - 1] if one.cycle_day <= len(named) else ""
    return found


def _lines(before: CalendarData, after: CalendarData) -> Iterator[CalendarLine]:
    """Yield the days that differ, in order of time."""
    old, new = _days(before), _days(after)
    for what, day in sorted(old.keys() | new.keys(), key=lambda one: (one[1], one[0])):
        had, has = old.get((what, day)), new.get((what, day))
        if had == has:
            continue
        kind: Literal["added", "changed", "ended"] = "added" if had is None else "ended" if has is None else "changed"
        yield CalendarLine(kind, what, day.isoformat(), had or "", has or "")
