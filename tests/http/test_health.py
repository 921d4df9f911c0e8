"""Alive, ready, figures, and what becomes of errors: nobody needs a token, nobody learns anything about people."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ejd.http.keeper import Keeper
from ejd.http.logs import make_log
from ejd.http.problems import refusal_of
from ejd.http.readiness import LAG_SECONDS_MAX, Readiness
from ejd.http.service import create_http
from ejd.read.contract import GenerationGoneError
from ejd.store import errors
from tests.http.conftest import Web, problem
from tests.http.server import ADDRESS, served
from tests.http.test_reports import hold, report
from tests.postgres import PostgresDatabase
from tests.schools import TinySchool, tiny_school

READY_SECONDS_MAX = 30


def test_alive_and_ready_without_a_token(web: Web) -> None:
    assert web.client.get("/healthz").json() == {"alive": True}
    position = hold(web)
    web.get("/lessons", after=position)
    found = web.client.get("/readyz")
    assert found.status_code == 200, found.text
    state = found.json()
    assert (state["ready"], state["lag"], state["read_model_current"]) == (True, 0, True)
    assert (state["position"], state["last_position"]) == (position, position)
    assert state["schema_version"] >= 1
    assert "/readyz" not in web.log.getvalue(), "asked every few seconds, it would drown the log"


def test_a_school_whose_reports_were_never_built_is_alive_and_not_ready(tmp_path: Path) -> None:
    with (
        tiny_school("sqlite", tmp_path, build=False) as tiny,
        TestClient(create_http(tiny.school, feed=False), base_url=ADDRESS) as client,
    ):
        assert client.get("/healthz").status_code == 200
        found = client.get("/readyz")
        assert problem(found, 503, "not-ready")["read_model_current"] is False
        response = client.get("/api/v1/school", headers=tiny.headers("deputy"))
        problem(response, 503, "reports-not-built")
        assert "retry-after" in response.headers


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_service_builds_its_reports_by_itself(
    tmp_path: Path, database: Any, request: pytest.FixtureRequest
) -> None:
    place: PostgresDatabase | None = None if database == "sqlite" else request.getfixturevalue("postgres_database")
    with (
        tiny_school(database, tmp_path, place, build=False) as tiny,
        served(create_http(tiny.school, log=make_log("error"))) as address,
        TestClient(create_http(tiny.school, feed=False), base_url=address) as client,
    ):
        end = time.monotonic() + READY_SECONDS_MAX
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        after = tiny.school.store.last_position()
        answer = client.get("/api/v1/school", headers=tiny.headers("deputy"), params={"after": after})
        assert report(answer)["name"] == "Школа № 7"


def test_reports_of_another_version_are_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of an older version may have built other tables: asking them would be a bug, not an answer."""
    monkeypatch.setattr(web.tiny.school.read.folding, "fingerprint", "another version")
    problem(web.get("/school"), 503, "reports-not-built")
    problem(web.client.get("/readyz"), 503, "not-ready")


def test_reports_that_stand_still_are_told(unfed: Web) -> None:
    now = [0.0]
    readiness = Readiness(unfed.tiny.school, monotonic=lambda: now[0])
    hold(unfed)
    assert readiness.look().lag
    assert readiness.look().reasons == []
    now[0] += LAG_SECONDS_MAX + 1
    (reason,) = readiness.look().reasons
    assert "look at the feeder" in reason
    unfed.tiny.feed()
    assert readiness.look().reasons == []


def test_a_long_invalidation_that_moves_on_does_not_stand_still(unfed: Web) -> None:
    now = [0.0]
    readiness = Readiness(unfed.tiny.school, monotonic=lambda: now[0])
    hold(unfed)
    feeder = unfed.tiny.school.feeder
    feeder.refolding = 20_000
    for feeder.refolded in range(500, 20_000, 500):
        now[0] += LAG_SECONDS_MAX - 1
        state = readiness.look()
        assert (state.reasons, state.refolded_streams, state.refolding_streams) == ([], feeder.refolded, 20_000)
    now[0] += LAG_SECONDS_MAX + 1
    assert len(readiness.look().reasons) == 1


def test_figures_for_prometheus(web: Web) -> None:
    position = hold(web)
    web.get("/lessons", after=position)
    web.get("/events", login="ada")
    text = web.client.get("/metrics").text
    for line in (
        'ejd_commands_total{command="save-lesson",outcome="stored"} 1.0',
        'ejd_refusals_total{problem="not-allowed"} 1.0',
        'ejd_request_seconds_count{method="GET",route="/api/v1/lessons",status="200"} 1.0',
        f"ejd_events_position {position:.1f}",
        f"ejd_reports_position {position:.1f}",
        "ejd_reports_lag_positions 0.0",
        "ejd_feeder_leading 1.0",
        "ejd_feeder_errors 0.0",
        "ejd_refolded_streams 0.0",
        "ejd_refolding_streams 0.0",
        "ejd_ready 1.0",
    ):
        assert line in text.splitlines()
    assert "Васильева" not in text


def test_a_bug_is_a_problem_without_internals_and_stands_in_the_log(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        msg = "Васильева Вера"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(web.tiny.school.store, "find_events", broken)
    response = web.get("/events", headers={"X-Request-Id": "req-13"})
    found = problem(response, 500, "internal-error")
    assert "req-13" in found["detail"]
    assert response.headers["x-request-id"] == "req-13"
    lines = [json.loads(line) for line in web.log.getvalue().splitlines()]
    (bug,) = [line for line in lines if line["event"] == "bug"]
    assert (bug["error"], bug["request_id"]) == ("ZeroDivisionError", "req-13")
    assert any("broken" in frame for frame in bug["frames"])
    assert "Васильева" not in response.text + web.log.getvalue()


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (errors.StoreBusyError("too many"), "store-busy"),
        (errors.StoreUnavailableError("secret host"), "store-unavailable"),
        (errors.StoreClosedError("closed"), "store-unavailable"),
        (errors.CommitUnknownError("gone"), "outcome-unknown"),
        (psycopg.OperationalError("secret host"), "store-unavailable"),
        (sa.exc.TimeoutError("pool"), "store-unavailable"),
        (GenerationGoneError("7"), "reports-not-built"),
    ],
)
def test_a_database_that_is_away_is_503_with_a_time_to_come_back(
    shared: Web, monkeypatch: pytest.MonkeyPatch, error: Exception, slug: str
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(shared.tiny.school.store, "find_events", away)
    response = shared.get("/events")
    problem(response, 503, slug)
    assert response.headers["retry-after"] == "1"
    assert "secret host" not in response.text


def test_a_bug_is_no_refusal() -> None:
    assert refusal_of(KeyError("x")) is None


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[TinySchool]:
    with tiny_school("sqlite", tmp_path, build=False) as tiny:
        yield tiny


def test_a_failing_build_is_told_and_tried_again(tiny: TinySchool, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def build(*_args: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no space for Васильева")

    monkeypatch.setattr("ejd.http.keeper.ensure_built", build)
    monkeypatch.setattr("ejd.http.keeper.RETRY_SECONDS", 0.01)
    from io import StringIO  # noqa: PLC0415 - one test's need

    log = StringIO()
    keeper = Keeper(tiny.school, make_log("info", log))
    keeper.start()
    end = time.monotonic() + READY_SECONDS_MAX
    while len(tries) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    keeper.stop()
    assert '"event": "build failed"' in log.getvalue()
    assert "Васильева" not in log.getvalue()
