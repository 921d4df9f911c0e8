"""Who looked at whose personal data: for the administration, and for everybody about oneself or the own child."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from ejd.handling.authentication import Authenticated
from ejd.http.asking import Answered, Asking, Desk, Limit
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.downloads import FILE_ROWS_MAX, TYPES, DownloadParameters, DownloadRoute, check_whole, with_format
from ejd.http.looks_files import LookLine, looks_download
from ejd.http.moments import moment_text
from ejd.http.problems import Malformed, NotThere
from ejd.http.routes import add_question, problems, who
from ejd.kernel.calendar import microseconds_at
from ejd.kernel.command import NotAllowed
from ejd.store.looks import PAGE_ROWS_MAX, LookRow, Looks
from ejd_commands.fields import WHOLE_NUMBER_MAX, Day, Id
from ejd_projections.account_holders import holders
from ejd_projections.asking import IDS_MAX
from ejd_projections.people import names, people_by_id

LOOKS_LIMIT = 100
WHOM_SHOWN_MAX = 50
"""People that one row lists for the administration; `people` counts all of them."""
QUESTION_PATTERN = r"^[a-z][a-z0-9-]{0,60}$"


class LooksParameters(DownloadParameters):
    """All conditions given must hold."""

    person: Annotated[
        Id | None, Field(description="Who was looked at; oneself, or the only child, for whoever sees nobody else.")
    ] = None
    account: Annotated[Id | None, Field(description="Who looked; for the administration.")] = None
    question: Annotated[str | None, Field(pattern=QUESTION_PATTERN, description="Such as gradebook.")] = None
    first: Annotated[Day | None, Field(alias="from", description="First day.")] = None
    last: Annotated[Day | None, Field(alias="to", description="Last day, included.")] = None
    before: Annotated[int | None, Field(ge=1, le=WHOLE_NUMBER_MAX, description="`next_before` of the page before.")] = (
        None
    )
    limit: Limit = LOOKS_LIMIT


@dataclass(slots=True)
class LookedAt:
    """A person who was named; the name is «удалено» for one who was erased, and "" for nobody known."""

    person: str
    name: str


@dataclass(slots=True)
class LookShown:
    """One answer that named people; `viewer_name` is "" for a program, whose login then stands in `login`.

    `asked`, `account` and `whom` (at most 50 of `people`) are for the administration, and empty for everybody else.
    """

    number: int
    at: str
    account: str
    login: str
    viewer: str
    viewer_name: str
    roles: list[str]
    question: str
    asked: dict[str, str]
    reason: str
    people: int
    whom: list[LookedAt]


@dataclass(slots=True)
class LooksPage:
    """A page, the newest first; `next_before` is None on the last one."""

    looks: list[LookShown]
    next_before: int | None


def looks(log: Looks, asking: Asking, query: LooksParameters) -> Any:
    """Who looked at whose personal data, when, in which report, in which role, and why where a reason was given.

    The administration sees all of it; everybody else the looks at oneself or the own child, by name and role.
    """
    person = whose(asking, query)
    zone = asking.school.timezone
    since = None if query.first is None else microseconds_at(query.first, 0, zone)
    until = None if query.last is None else microseconds_at(query.last + timedelta(days=1), 0, zone)
    everything = asking.sight.everything

    def page(before: int | None, limit: int) -> list[LookRow]:
        return log.page(
            before=before,
            limit=limit,
            person=person,
            account=query.account if everything else None,
            question=query.question,
            since=since,
            until=until,
        )

    if query.file is None:
        rows = page(query.before, query.limit)
        last = rows[-1].number if len(rows) == query.limit else None
        return LooksPage(shown(log, asking, rows, everything=everything), last)
    found = _all(page)
    report = shown(log, asking, found, everything=everything)
    asking.told.append(report)
    return looks_download(asking, query.file, map(_line, report))


def whose(asking: Asking, query: LooksParameters) -> str | None:
    """Answer about whom somebody may ask, None: about everybody. Raises NotAllowed, NotThere, Malformed."""
    if asking.sight.everything:
        if query.person is not None and not people_by_id(asking.live, [query.person]):
            raise NotThere("there is no such person: look it up in GET /api/v1/people", field="person")
        return query.person
    if query.account is not None:
        raise NotAllowed("who looked at what is for the administration: leave the account out")
    own = asking.sight.duties.pupils | ({asking.who.person} if asking.who.person else set())
    if query.person is not None:
        if query.person not in own:
            raise NotAllowed("you can read who looked at yourself or your child only: leave the person out")
        return query.person
    children = sorted(asking.sight.duties.pupils) or sorted(own)
    if len(children) != 1:
        raise Malformed("say whose data were looked at: your own, or those of which child", field="person")
    return children[0]


def _all(page: Callable[[int | None, int], list[LookRow]]) -> list[LookRow]:
    found: list[LookRow] = []
    while len(found) <= FILE_ROWS_MAX:
        rows = page(found[-1].number if found else None, PAGE_ROWS_MAX)
        found += rows
        if len(rows) < PAGE_ROWS_MAX:
            return found
    check_whole(len(found), FILE_ROWS_MAX, "looks", "choose fewer days")
    return found


def shown(log: Looks, asking: Asking, rows: Iterable[LookRow], *, everything: bool) -> list[LookShown]:
    """Answer looks with names: of who looked to everybody, of whom to the administration."""
    rows = list(rows)
    who_looked = holders(asking.live, {row.account for row in rows})
    sets = log.people_of({row.set_id for row in rows}) if everything and rows else {}
    first = {set_id: people[:WHOM_SHOWN_MAX] for set_id, people in sets.items()}
    named: dict[str, str] = {}
    ids = sorted({one for people in first.values() for one in people})
    for start in range(0, len(ids), IDS_MAX):
        named |= names(asking.live, ids[start : start + IDS_MAX])
    return [
        LookShown(
            number=row.number,
            at=moment_text(row.at),
            account=row.account if everything else "",
            login=who_looked[row.account].login if everything or not row.viewer else "",
            viewer=row.viewer,
            viewer_name=who_looked[row.account].name,
            roles=row.roles.split(","),
            question=row.question,
            asked=msgspec.json.decode(row.asked) if everything else {},
            reason=row.reason,
            people=row.people if everything else 1,
            whom=[LookedAt(one, named.get(one, "")) for one in first.get(row.set_id, ())],
        )
        for row in rows
    ]


def _line(one: LookShown) -> LookLine:
    who_looked = one.viewer_name or one.login
    whom = [each.name for each in one.whom]
    return LookLine(one.at, who_looked, one.roles, one.question, one.reason, one.people, whom)


def add_looks(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the route."""

    def answer(
        request: Request,
        query: Annotated[LooksParameters, Query()],
        client: Annotated[Authenticated, Depends(who)],
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked = with_format(query, request)
        return desk.answer(
            "looks",
            lambda asking: looks(school.looks, asking, asked),
            request=request,
            who=client,
            after=asked.after,
            at=moment_of(simulated_time),
        )

    content = {kind: {"schema": {"type": "string"}} for kind in TYPES if kind != "application/json"}
    answered: dict[int | str, dict[str, Any]] = {
        200: {"description": "The looks, the newest first", "content": content},
        304: {"description": "It is still as the ETag says"},
    }
    add_question(
        app,
        name="looks",
        path="/looks",
        endpoint=answer,
        model=Answered[LooksPage],
        responses=answered | problems(400, 401, 403, 404, 406, 422, 503),
        tag="audit",
        description=looks.__doc__,
        route=DownloadRoute,
    )
