"""Beside row 1: the same lesson of 30 events as POST save-lesson to a real `ejd serve`, one client, one connection."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from benchmarks import school as synthetic
from benchmarks.append_lesson import RAW, prepared_rows
from benchmarks.measure import Figure, Report, details, interleave, speed_ratio
from benchmarks.places import Bench, Database
from benchmarks.raw import RawPostgres, RawSqlite
from benchmarks.school import Lesson, Shape
from ejd.access.secrets import new_token
from ejd.app import School, opened
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.kernel.events.lessons import HomeworkSet, MarkRecorded, RollTaken, TopicRecorded
from ejd.read.rebuild import rebuild
from ejd_commands.accounts import IssueToken
from tests import worlds as w
from tests.reliability.kill_server import free_port, server
from tests.scenario import uid

NAME = "http"
OURS = "POST save-lesson"
REQUEST_SECONDS_MAX = 60
OK = 200


def run(bench: Bench) -> list[Report]:
    """Compare on both databases; the request is made, and its answer read, by a client in this process."""
    databases: tuple[Database, ...] = ("sqlite",) if bench.quick else ("postgres", "sqlite")
    return [_run(bench, database) for database in databases]


def _run(bench: Bench, database: Database) -> Report:
    bench.say(f"{NAME} on {database}")
    rounds, per_round = bench.size(21, 1), bench.size(10, 3)
    shape = Shape(classes=2, journals=5, lessons=1 + rounds * per_round // 10)
    held = list(islice(synthetic.lessons(shape), rounds * per_round))
    settings = bench.settings(database)
    with opened(settings) as school:
        synthetic.set_up(school, shape)
        token = _token(school)
        rebuild(school.read, school.workshop, processes=1)
        set_up_events = school.store.count_events()
    raw = RawSqlite(bench.new_folder("raw")) if database == "sqlite" else RawPostgres(bench.database().dsn)
    port = free_port()
    with closing(raw), server(settings, port, bench.folder / f"{database}.log"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS_MAX)
        rows = iter(list(prepared_rows(held)))
        requests = iter([json.dumps(_body(lesson)) for lesson in held])
        laps = interleave(
            {
                OURS: _each(requests, per_round, lambda body: _post(connection, token, body)),
                RAW: _each(rows, per_round, raw.append),
            },
            rounds,
            bench.server_cpu,
        )
        connection.close()
        stored_raw = raw.counts()["events"]
    with opened(settings) as school:
        stored = school.store.count_events() - set_up_events
    report = Report(NAME)
    report.work[f"{NAME} {database}"] = {OURS: {"events": stored}, RAW: {"events": stored_raw}}
    ratio = speed_ratio(laps, OURS, RAW)
    what = f"the same lesson over HTTP (POST save-lesson, uvicorn, feeder running, one client), against {RAW}"
    told = [*details(laps, "lessons"), "CPU of the uvicorn process is not counted"]
    report.figures.append(Figure(1, what, database, ratio, 0.0, "no goal", percent=True, details=told))
    return report


def _each(things: Any, per_round: int, work: Callable[[Any], object]) -> Callable[[], int]:
    def run_round() -> int:
        own = list(islice(things, per_round))
        for one in own:
            work(one)
        return len(own)

    return run_round


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


def _post(connection: http.client.HTTPConnection, token: str, body: str) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/json",
    }
    connection.request("POST", "/api/v1/commands/save-lesson", body.encode(), headers)
    response = connection.getresponse()
    answer = response.read()
    assert response.status == OK, answer


def _body(lesson: Lesson) -> dict[str, Any]:
    """Answer the request that brings about the events of a lesson."""
    body: dict[str, Any] = {"journal": lesson.journal, "day": lesson.day.isoformat(), "slot": lesson.slot}
    topic, roll, homework, *marks = lesson.events
    assert isinstance(topic, TopicRecorded)
    assert isinstance(roll, RollTaken)
    assert isinstance(homework, HomeworkSet)
    body |= {"topic": topic.topic, "plan_item": topic.plan_item}
    body["absences"] = [{"pupil": one.pupil, "kind": one.kind} for one in roll.absences]
    due = homework.homework.due
    body["homework"] = {"text": homework.homework.text, "due": due.isoformat() if due else None}
    body["marks"] = _marks(marks)
    return body


def _marks(events: Sequence[object]) -> list[dict[str, Any]]:
    return [
        {"pupil": one.pupil, "work": one.work, "value": one.value} for one in events if isinstance(one, MarkRecorded)
    ]
