"""Rows 12 and 13: what session and rights cost in a request, and that it is the same with 100,000 accounts.

The same requests go to the application, without a network between: as they are, and with the look-up of the session,
the duties of the reader and the right of the command taken out. Both answer, and store, the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from io import StringIO
from itertools import islice
from typing import Any
from unittest import mock
from uuid import uuid4

from starlette.types import ASGIApp

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, Work, details, interleave, time_ratio
from benchmarks.over_http import _body
from benchmarks.places import Bench, Database
from benchmarks.school import Lesson, Shape
from ejd.access.reading import Duties, Sight
from ejd.access.sessions import csrf_token, digest_secret
from ejd.app import School, open_school
from ejd.handling import handler
from ejd.handling.authentication import Authenticated
from ejd.http import asking, routes
from ejd.http.cookies import CSRF_HEADER, SESSION_COOKIE
from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.access import Held
from ejd.kernel.command import Actor
from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, NewEvent, Scope
from ejd.kernel.event import encode
from ejd.kernel.events.accounts import AccountOpened, RoleGranted
from ejd.read.rebuild import rebuild
from ejd.store.signing_in import SessionRow
from tests import worlds as w
from tests.scenario import uid

NAME = "authorization"
WITH, WITHOUT = "with session and rights looked up", "without"
MANY, FEW = "with 100,000 accounts and sessions", "10 of them"
COST_GOAL, GROWTH_GOAL = 1.15, 1.1
OK = 200
ACCOUNTS_IN_ONE_COMMIT = 1_000
SECRET = "5e" * 32
HOST = "localhost"
LAST_DAY = synthetic.school_days(30)[-1]


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    databases: tuple[Database, ...] = ("sqlite",) if bench.quick else ("postgres", "sqlite")
    return [_run(bench, database) for database in databases]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    rounds, each = bench.size(25, 2), bench.size(10, 3)
    size = (rounds + 1) * each
    shape = Shape(classes=5, journals=5, lessons=1 + 2 * size // 25)
    held = list(synthetic.lessons(shape))
    report = Report(NAME)

    def compare(row: int, what: str, contenders: Mapping[str, Work], goal: float) -> None:
        for work in contenders.values():
            work()
        laps = interleave(contenders, rounds, bench.server_cpu)
        ours, theirs = contenders
        ratio = time_ratio(laps, ours, theirs)
        told = details(laps, "requests")
        report.figures.append(
            Figure(row, f"{what}, {ours}, against {theirs}", database, ratio, goal, "at most", details=told)
        )
        report.work[f"{what} {ours} {database}"] = {name: {"answered": rounds * each} for name in contenders}

    with ExitStack() as stack:
        few = stack.enter_context(_school(bench, database, shape, 10))
        many = stack.enter_context(_school(bench, database, shape, bench.size(100_000, 200)))
        books = _books(held[:size])
        cost: dict[str, Work] = {WITH: partial(_round, few, iter(books), each), WITHOUT: _bare(few, iter(books), each)}
        compare(12, "a gradebook", cost, COST_GOAL)
        growth: dict[str, Work] = {
            MANY: partial(_round, many, iter(books), each),
            FEW: partial(_round, few, iter(books), each),
        }
        compare(13, "a gradebook", growth, GROWTH_GOAL)
        saved = [iter(_lessons(own)) for own in (held[:size], held[size : 2 * size])]
        cost = {WITH: partial(_round, few, saved[0], each), WITHOUT: _bare(few, saved[1], each)}
        compare(12, "saving a lesson", cost, COST_GOAL)
    return report


class Served:
    """One school's application, called in a loop of this thread."""

    def __init__(self, school: School, loop: asyncio.AbstractEventLoop) -> None:
        """Make the application, without feeder."""
        self.school = school
        self._loop = loop
        self._app: ASGIApp = create_http(school, feed=False, log=make_log("error", StringIO()))

    def ask(self, method: str, path: str, query: str, body: bytes) -> None:
        """Send one request with the cookie of the session; anything but 200 ends the benchmark."""
        self._loop.run_until_complete(self._ask(method, path, query, body))

    async def _ask(self, method: str, path: str, query: str, body: bytes) -> None:
        headers = {
            "host": HOST,
            "origin": f"https://{HOST}",
            "cookie": f"{SESSION_COOKIE}={SECRET}",
            CSRF_HEADER.lower(): csrf_token(SECRET),
            "content-type": "application/json",
            "content-length": str(len(body)),
            "idempotency-key": str(uuid4()),
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": (HOST, 443),
            "root_path": "",
        }
        status, answer = 0, b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, answer
            status = message.get("status", status)
            answer += message.get("body", b"")

        await self._app(scope, receive, send)
        assert status == OK, answer


Sent = tuple[str, str, str, bytes]


def _books(held: Sequence[Lesson]) -> list[Sent]:
    """Answer a question for each lesson: the gradebook of its journal for two weeks."""
    days = "from=2025-09-01&to=2025-09-14"
    return [("GET", "/api/v1/reports/gradebook", f"journal={one.journal}&{days}", b"") for one in held]


def _lessons(held: Sequence[Lesson]) -> list[Sent]:
    """Answer a command for each lesson: topic, roll, homework and marks of the class."""
    return [("POST", "/api/v1/commands/save-lesson", "", json.dumps(_body(one)).encode()) for one in held]


def _round(served: Served, sent: Iterator[Sent], each: int) -> int:
    own = list(islice(sent, each))
    for one in own:
        served.ask(*one)
    return len(own)


def _bare(served: Served, sent: Iterator[Sent], each: int) -> Callable[[], int]:
    """Answer the round with nothing looked up of who asks and what that lets somebody do."""
    known = Authenticated(Actor(w.ADA, uid("session"), "browser"), w.ADA_STAFF, (Held("teacher"),))

    def run_round() -> int:
        with (
            mock.patch.object(routes, "authenticate", return_value=known),
            mock.patch.object(asking, "duties_of", return_value=Duties()),
            mock.patch.object(asking, "sight", return_value=Sight(everything=True, duties=Duties())),
            mock.patch.object(handler, "authority", return_value=()),
        ):
            return _round(served, sent, each)

    return run_round


@contextmanager
def _school(bench: Bench, database: Database, shape: Shape, accounts: int) -> Iterator[Served]:
    """Open a school with so many accounts, each with a session, and ADA's whose secret is known."""
    settings = bench.settings(database)
    now = synthetic.micros(LAST_DAY)
    school = open_school(settings, clock=lambda: now)
    loop = asyncio.new_event_loop()
    try:
        synthetic.set_up(school, shape)
        for begin in range(0, accounts, ACCOUNTS_IN_ONE_COMMIT):
            school.store.append(_commit(range(begin, min(accounts, begin + ACCOUNTS_IN_ONE_COMMIT))))
            _open_sessions(school, range(begin, min(accounts, begin + ACCOUNTS_IN_ONE_COMMIT)), now)
        school.store.signing_in.open_session(digest_secret(SECRET), _session(w.ADA, now))
        rebuild(school.read, school.workshop, processes=1)
        yield Served(school, loop)
    finally:
        loop.close()
        school.close()


def _open_sessions(school: School, numbers: Sequence[int], now: int) -> None:
    """Write the rows in one statement: one by one they would take minutes."""
    rows = [(digest_secret(f"{one:064x}"), *_session(uid(f"account {one}"), now)[:-1], 0) for one in numbers]
    marks = ", ".join("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" for _ in rows)
    school.store.signing_in._run(  # noqa: SLF001 - the table's own way is one row at a time
        f"INSERT INTO sessions VALUES {marks} RETURNING 1", *(value for row in rows for value in row)
    )


def _session(account: str, now: int) -> SessionRow:
    return SessionRow(
        id=uid(f"session of {account}"),
        account=account,
        generation=0,
        created_at=now,
        seen_at=now,
        authenticated_at=now,
        factors="password",
        client="benchmark",
        new_device=False,
    )


def _commit(numbers: Sequence[int]) -> Commit:
    command = uid(f"accounts {numbers[0]}")
    accounts = [uid(f"account {number}") for number in numbers]
    opened = [AccountOpened(kind="person", login=f"pupil{number}") for number in numbers]
    granted = RoleGranted(role="pupil", starts=w.FIRST_DAY)
    pairs = [
        pair for account, event in zip(accounts, opened, strict=True) for pair in ((account, event), (account, granted))
    ]
    return Commit(
        actor=w.DEPUTY,
        session=synthetic.SESSION,
        client="benchmarks",
        recorded_at=synthetic.micros(w.FIRST_DAY),
        commands=(CommandRecord(command_id=command, name="set-up", body_hash=b"-" * 32),),
        events=tuple(
            NewEvent(stream=stream, name=event.stored_name, state=encode(event), command_id=command)
            for stream, event in pairs
        ),
        expected=dict.fromkeys(accounts, NO_STREAM),
        scopes={account: Scope(kind="account") for account in accounts},
        reserve={f"login/pupil{number}": account for number, account in zip(numbers, accounts, strict=True)},
    )
