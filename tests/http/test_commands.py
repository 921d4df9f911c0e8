"""Commands over HTTP: done once however often they are sent, all or nothing together, versions at the edge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ejd.app import open_school
from ejd.http.service import create_http
from ejd_commands.catalogue import catalogue
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.server import ADDRESS
from tests.postgres import PostgresDatabase
from tests.schools import JOURNAL_5B, LESSON_5B, NOON, SLOT_5B, tiny_school

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
MARK: dict[str, Any] = {**LESSON, "pupil": w.VERA, "work": "oral", "value": "5"}
TOPIC: dict[str, Any] = {**LESSON, "topic": "Дроби"}


def entry(name: str, fields: dict[str, Any], command_id: str | None = None) -> dict[str, Any]:
    return {"command": name, "id": command_id or str(uuid4()), **fields}


def test_a_command_answers_with_what_it_stored(web: Web) -> None:
    answer = web.command("record-mark", MARK)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content == {
        "position": content["position"],
        "events": [
            {"position": content["position"], "stream": w.LESSON, "version": 1, "type": "mark-recorded/1"},
        ],
        "repeated": False,
    }
    (stored,) = web.tiny.school.store.read_streams([w.LESSON])
    assert (stored.actor, stored.client) == (w.ADA, "tests")
    assert stored.session in web.tiny.tokens["ada"], "the session is the token's public id"
    assert web.tiny.tokens["ada"].rpartition("_")[2] not in str(stored)


def test_the_same_key_again_answers_the_same_and_stores_nothing(web: Web) -> None:
    key = str(uuid4())
    first = web.command("record-mark", MARK, key=key)
    again = web.command("record-mark", MARK, key=key.upper())
    assert again.status_code == 200
    assert again.json() == {**first.json(), "repeated": True}
    assert len(web.tiny.school.store.read_streams([w.LESSON])) == 1


def test_the_same_key_with_another_body_is_a_conflict(web: Web) -> None:
    key = str(uuid4())
    web.command("record-mark", MARK, key=key)
    found = problem(web.command("record-mark", {**MARK, "value": "4"}, key=key), 409, "id-reused")
    assert found["field"] == "id"


def test_a_command_that_changes_nothing_has_no_events(shared: Web) -> None:
    command = {"subject": w.MATHS, "title": "Математика", "short": "Мат"}
    answer = shared.command("define-subject", command, login="deputy")
    assert answer.json()["events"] == []


def test_a_rule_that_says_no_names_field_and_way_out(shared: Web) -> None:
    found = problem(shared.command("record-mark", {**MARK, "day": "2025-10-07"}), 422, "lesson-not-yet-held")
    assert found["field"] == "day"
    assert "record it on that day or later" in found["detail"]
    problem(shared.command("record-mark", {**MARK, "pupil": w.MISHA}), 404, "unknown-pupil")
    problem(shared.command("record-mark", MARK, login="boris"), 404, "unknown-journal")
    problem(shared.command("record-mark", MARK, login="olga"), 403, "not-allowed")
    problem(shared.command("record-mark", {**MARK, "journal": w.STRANGER}), 404, "unknown-journal")


def test_a_batch_is_stored_whole_or_not_at_all(web: Web) -> None:
    other = {**MARK, "pupil": w.GLEB}
    bad = [entry("record-mark", MARK), entry("record-topic", TOPIC), entry("record-mark", {**other, "work": "dance"})]
    found = problem(web.batch(bad), 422, "unknown-kind-of-work")
    assert (found["command_index"], found["field"]) == (2, "work")
    assert web.tiny.school.store.read_streams([w.LESSON]) == []

    good = [entry("record-mark", MARK), entry("record-topic", TOPIC), entry("record-mark", other)]
    first = web.batch(good)
    assert [event["version"] for event in first.json()["events"]] == [1, 2, 3]
    assert web.batch(good).json() == {**first.json(), "repeated": True}
    problem(web.batch([*good[:2], entry("record-mark", other)]), 409, "id-reused")


def test_a_batch_may_have_an_id_of_its_own(web: Web) -> None:
    key, ids = str(uuid4()), [str(uuid4()), str(uuid4())]
    commands = [entry("record-mark", MARK, ids[0]), entry("record-topic", TOPIC, ids[1])]
    headers = {"Idempotency-Key": key}
    assert not web.batch(commands, **headers).json()["repeated"]
    assert web.batch(commands, **headers).json()["repeated"]
    problem(web.batch(commands, **{"Idempotency-Key": str(uuid4())}), 409, "id-reused")
    problem(web.batch(commands, **{"Idempotency-Key": ids[0]}), 400, "malformed")


def test_a_batch_goes_across_streams_and_each_command_sees_those_before_it(web: Web) -> None:
    commands = [
        entry("assign-teacher", {"journal": JOURNAL_5B, "staff": w.ADA_STAFF, "starts": "2025-09-01"}),
        entry("schedule-journal", {"journal": JOURNAL_5B, "starts": "2025-10-06", "entries": []}),
        entry("plan-extra-lesson", {"journal": JOURNAL_5B, "day": "2025-10-07", "slot": 5, "ordinal": 2}),
    ]
    answer = web.batch(commands, login="deputy")
    assert answer.status_code == 200, answer.text
    assert len({event["stream"] for event in answer.json()["events"]}) == 4, "journal, timetable, lesson, day"
    gone = {**MARK, "journal": JOURNAL_5B, "slot": SLOT_5B, "pupil": w.MISHA}
    problem(web.command("record-mark", gone), 404, "no-such-lesson")
    assert LESSON_5B not in web.tiny.school.store.heads([LESSON_5B])


def test_the_expected_version_is_given_as_if_match_or_as_a_parameter(web: Web) -> None:
    web.command("record-topic", TOPIC)
    stale = {"If-Match": '"0"'}
    found = problem(web.command("record-mark", MARK, **stale), 409, "version-conflict")
    assert "version 1" in found["detail"]
    assert web.command("record-mark", MARK, **{"If-Match": '"1"'}).status_code == 200
    headers = web.tiny.headers("ada", **{"Idempotency-Key": str(uuid4())})
    second = {**MARK, "pupil": w.GLEB}
    path = "/api/v1/commands/record-mark"
    late = web.client.post(path, json=second, headers=headers, params={"expected_version": 1})
    problem(late, 409, "version-conflict")
    assert web.client.post(path, json=second, headers=headers, params={"expected_version": 2}).status_code == 200


@pytest.mark.parametrize("header", ["1", 'W/"1"', "*", '"x"', '"1", "2"', '"-1"'])
def test_if_match_is_one_version_in_quotes(shared: Web, header: str) -> None:
    found = problem(shared.command("record-mark", MARK, **{"If-Match": header}), 400, "malformed")
    assert found["field"] == "If-Match"


def test_two_different_versions_are_refused(shared: Web) -> None:
    headers = shared.tiny.headers("ada", **{"Idempotency-Key": str(uuid4()), "If-Match": '"1"'})
    response = shared.client.post(
        "/api/v1/commands/record-mark", json=MARK, headers=headers, params={"expected_version": 2}
    )
    problem(response, 400, "malformed")


def test_of_many_clients_at_one_cell_one_wins(web: Web) -> None:
    def attempt(number: int) -> int:
        status: int = web.command("record-mark", {**MARK, "value": str(2 + number % 4)}).status_code
        return status

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(attempt, range(16)))
    assert statuses.count(200) == 4, "four of sixteen bring the value that won"
    assert statuses.count(409) == 12
    assert len(web.tiny.school.store.read_streams([w.LESSON])) == 1


def test_a_lock_counts_at_the_next_request_in_every_process(web: Web) -> None:
    assert web.command("record-mark", MARK).status_code == 200
    other = open_school(web.tiny.settings, clock=web.tiny.clock)
    try:
        other.authentication.by_token(web.tiny.tokens["ada"])
        lock = {"account": w.ADA, "reason": "украли телефон"}
        assert web.command("lock-account", lock, login="head").status_code == 200
        response = web.command("record-topic", TOPIC)
        problem(response, 401, "not-authenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")
        problem(web.get("/school", login="ada"), 401, "not-authenticated")
        with pytest.raises(Exception, match="locked"):
            other.authentication.by_token(web.tiny.tokens["ada"])
    finally:
        other.close()
    assert web.command("unlock-account", lock, login="head").status_code == 200
    assert web.command("record-topic", TOPIC).status_code == 200


def test_a_revoked_token_ends_at_once(web: Web) -> None:
    token = web.tiny.tokens["ada"].split("_")[1]
    assert web.command("revoke-token", {"account": w.ADA, "token": token}, login="helper").status_code == 200
    problem(web.command("record-topic", TOPIC), 401, "not-authenticated")


def test_a_real_school_has_no_settable_clock(shared: Web) -> None:
    header = {"Ejd-Simulated-Time": NOON.isoformat()}
    problem(shared.command("record-mark", MARK, **header), 422, "clock-not-settable")
    problem(shared.get("/school", headers=header), 422, "clock-not-settable")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_simulated_school_has_one_and_says_so_on_every_report(
    tmp_path: Path, database: Any, request: pytest.FixtureRequest
) -> None:
    from starlette.testclient import TestClient  # noqa: PLC0415 - only here beside the fixtures

    place: PostgresDatabase | None = None if database == "sqlite" else request.getfixturevalue("postgres_database")
    with (
        tiny_school(database, tmp_path, place, simulated=True) as tiny,
        TestClient(create_http(tiny.school), base_url=ADDRESS) as client,
    ):
        headers = tiny.headers("ada", **{"Idempotency-Key": str(uuid4())})
        too_early = {**headers, "Ejd-Simulated-Time": "2025-10-05T12:00:00+03:00"}
        path = "/api/v1/commands/record-mark"
        problem(client.post(path, json=MARK, headers=too_early), 422, "lesson-not-yet-held")
        stored = client.post(path, json=MARK, headers=headers)
        assert stored.status_code == 200, stored.text
        asked = client.get(
            "/api/v1/school", headers=tiny.headers("ada"), params={"after": stored.json()["position"]}
        ).json()
        assert asked["simulated"] is True
        assert asked["report"]["today"] == "2025-10-06"
        for wrong in ("2025-10-06T12:00:00", "yesterday", "1999-01-01T00:00:00Z", "2101-01-01T00:00:00Z"):
            response = client.post(path, json=MARK, headers={**headers, "Ejd-Simulated-Time": wrong})
            assert problem(response, 400, "malformed")["field"] == "Ejd-Simulated-Time"


def test_every_command_has_its_route_with_its_documentation(shared: Web) -> None:
    paths = shared.client.get("/openapi.json").json()["paths"]
    for name, command in catalogue().items():
        operation = paths[f"/api/v1/commands/{name}"]["post"]
        assert operation["operationId"] == name
        assert operation["description"] == (command.__doc__ or "").strip()
