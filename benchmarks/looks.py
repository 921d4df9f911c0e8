"""What the log of looks costs: the same gradebook, asked over HTTP by its teacher, with the log and without."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from starlette.testclient import TestClient

from benchmarks import school as synthetic
from benchmarks.measure import Figure, Report, details, interleave, time_ratio
from benchmarks.places import Bench, Database
from benchmarks.school import Shape
from ejd.access.secrets import new_token
from ejd.app import School, opened
from ejd.handling.handler import Request
from ejd.http.service import create_http
from ejd.kernel.command import Actor
from ejd.read.rebuild import rebuild
from ejd_commands.accounts import IssueToken
from tests import worlds as w
from tests.scenario import uid

NAME = "looks"
LOGGED, UNLOGGED = "with the log of looks", "without it"
GOAL = 2.0
LAST_DAY = "2025-12-30"
OK = 200
ADDRESS = "http://localhost"


def run(bench: Bench) -> list[Report]:
    """Compare on both databases."""
    databases: tuple[Database, ...] = ("sqlite",) if bench.quick else ("postgres", "sqlite")
    return [_run(bench, database) for database in databases]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    shape = Shape(classes=1, journals=2, lessons=3 if bench.quick else 60)
    rounds = bench.size(60, 3)
    report = Report(NAME)
    with ExitStack() as stack:
        school = stack.enter_context(opened(bench.settings(database)))
        synthetic.fill(school, shape)
        token = _token(school)
        rebuild(school.read, school.workshop, processes=1)
        logging, silent = (
            stack.enter_context(TestClient(create_http(school, feed=False), base_url=ADDRESS)) for _ in range(2)
        )
        silent.app.state.looking.note = lambda *_: None  # type: ignore[attr-defined]
        contenders: dict[str, Callable[[], int]] = {
            LOGGED: lambda: _ask(logging, token),
            UNLOGGED: lambda: _ask(silent, token),
        }
        for work in contenders.values():
            work()
        before = len(school.looks.page(limit=1_000))
        laps = interleave(contenders, rounds, bench.server_cpu)
        written = len(school.looks.page(limit=1_000)) - before
    asked = sum(one.units for one in laps[LOGGED])
    assert written == asked, f"{written} looks of {asked} answers"
    report.work[f"{NAME} {database}"] = {name: {"answers": sum(one.units for one in own)} for name, own in laps.items()}
    what = "the same gradebook (30 pupils × 60 lessons) over HTTP, each answer logged before it leaves, against none"
    ratio = time_ratio(laps, LOGGED, UNLOGGED)
    report.figures.append(Figure(10, what, database, ratio, GOAL, "at most", details=details(laps, "answers")))
    return report


def _ask(client: TestClient, token: str) -> int:
    parameters = {"journal": synthetic.journal_id(0, 0), "from": w.FIRST_DAY.isoformat(), "to": LAST_DAY}
    answer = client.get("/api/v1/reports/gradebook", params=parameters, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == OK, answer.text
    return 1


def _token(school: School) -> str:
    token = new_token(os.urandom)
    command = IssueToken(
        account=w.ADA,
        token=token.token_id,
        digest=token.digest,
        client="benchmarks",
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    school.handler.handle([Request(command, uid("token"))], Actor(w.HEAD, synthetic.SESSION, "benchmarks"))
    return token.text
