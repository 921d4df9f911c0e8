"""Codes for a class, and tokens: who gets them, what they are for, and what a process elsewhere ends."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from ejd.access.secrets import new_token
from ejd.app import open_school
from tests import worlds as w
from tests.http.browser import BETTER, GOOD, Browser, with_password
from tests.http.conftest import Web, problem
from tests.schools import CHEAP, Clock


def test_a_class_teacher_prints_codes_for_the_class_and_they_open(web: Web) -> None:
    ada = with_password(web, "ada")
    answer = ada.send("POST", "/codes", {"class_id": w.CLASS_5A})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    (code,) = answer.json()["codes"]
    assert (code["login"], code["name"], code["person"]) == ("vera", "Васильева Вера", w.VERA)
    assert code["expires_at"] == "2025-10-20T09:00:00.000000Z"
    assert [(one["name"], one["why"]) for one in answer.json()["left_out"]] == [
        ("Глебов Глеб", "no-account"),
        ("Ёлкина Дина", "no-account"),
    ]
    body = {"login": "vera", "code": code["code"], "password": GOOD}
    assert Browser(web).send("POST", "/first-sign-in", body).status_code == 200
    again = ada.send("POST", "/codes", {"class_id": w.CLASS_5A}).json()
    assert again["codes"] == []
    assert {"person": w.VERA, "name": "Васильева Вера", "why": "has-password"} in again["left_out"]
    forgotten = ada.send("POST", "/codes", {"accounts": [w.PUPIL_ACCOUNT], "days": 1}).json()["codes"]
    assert [one["login"] for one in forgotten] == ["vera"]
    parents = ada.send("POST", "/codes", {"class_id": w.CLASS_5A, "whom": "guardians"}).json()
    assert [one["name"] for one in parents["codes"]] == ["Васильева Ольга"]


def test_a_locked_account_of_the_class_is_left_out(web: Web) -> None:
    web.command("lock-account", {"account": w.PUPIL_ACCOUNT, "reason": "проверка"}, login="head")
    left = web.client.post("/api/v1/codes", json={"class_id": w.CLASS_5A}, headers=web.tiny.headers("deputy")).json()
    assert (left["codes"], left["left_out"][0]["why"]) == ([], "locked")


def test_codes_are_made_by_whom_it_may_be(shared: Web) -> None:
    def codes(login: str, **body: object) -> object:
        return shared.client.post("/api/v1/codes", json=body, headers=shared.tiny.headers(login))

    for login in ("boris", "helper"):
        problem(codes(login, class_id=w.CLASS_5A), 403, "not-allowed")
    problem(codes("olga", class_id=w.CLASS_5A), 403, "not-allowed")
    problem(codes("boris", accounts=[w.PUPIL_ACCOUNT]), 403, "not-allowed")
    problem(codes("ada", accounts=[w.PUPIL_ACCOUNT, w.BORIS]), 403, "not-allowed")
    problem(codes("head", class_id=w.STRANGER), 404, "not-there")
    problem(codes("head", accounts=[w.STRANGER]), 404, "unknown-account")
    problem(codes("head", accounts=[w.API_CLIENT]), 422, "programs-have-no-password")
    wrong: list[dict[str, object]] = [
        {},
        {"accounts": []},
        {"accounts": [w.ADA], "class_id": w.CLASS_5A},
        {"accounts": [w.ADA], "days": 61},
    ]
    for body in wrong:
        problem(codes("head", **body), 400, "malformed")
    problem(codes("head", accounts=[w.ADA] * 101), 400, "malformed")


def test_codes_demand_the_password_of_a_short_time_ago(web: Web) -> None:
    head = with_password(web, "head")
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment += timedelta(minutes=11)
    problem(head.send("POST", "/codes", {"accounts": [w.ADA]}), 403, "step-up-needed")
    assert head.step_up("head").status_code == 200
    assert head.send("POST", "/codes", {"accounts": [w.ADA]}).status_code == 200


def token_of(web: Web, login: str, account: str, *scopes: str) -> str:
    made = new_token(lambda size: (login + "/".join(scopes)).encode().ljust(size, b"#")[-size:])
    body = {
        "account": account,
        "token": made.token_id,
        "digest": made.digest,
        "client": "tests",
        "expires_at": "2025-12-31T12:00:00+03:00",
        "scopes": list(scopes),
    }
    assert web.command("issue-token", body, login="head").status_code == 200
    web.tiny.tokens[login] = made.text
    return made.token_id


def test_a_token_does_what_it_is_for_at_the_edge_and_in_the_decision(web: Web) -> None:
    token_of(web, "reader", w.HEAD, "read")
    token_of(web, "writer", w.HEAD, "write")
    token_of(web, "decider", w.HEAD, "write", "decide")
    grant = {"account": w.BORIS, "role": "deputy-head"}
    assert web.get("/journals", login="reader").status_code == 200
    problem(web.get("/journals", login="writer"), 403, "token-scope-missing")
    problem(
        web.command("lock-account", {"account": w.BORIS, "reason": "x"}, login="reader"), 403, "token-scope-missing"
    )
    assert web.command("lock-account", {"account": w.BORIS, "reason": "x"}, login="writer").status_code == 200
    problem(web.command("grant-role", grant, login="writer"), 403, "token-scope-missing")
    assert web.command("grant-role", grant, login="decider").status_code == 200


def test_tokens_are_listed_with_the_day_of_their_last_use(web: Web) -> None:
    token = token_of(web, "reader", w.ADA, "read")
    (before, other) = web.get("/tokens", login="ada").json()["tokens"]
    assert (before["token"], before["scopes"], before["last_used_on"]) == (token, ["read"], None)
    assert (other["current"], other["last_used_on"]) == (True, "2025-10-06")
    web.get("/school", login="reader")
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment += timedelta(days=1)
    assert web.get("/tokens", login="head", account=w.ADA).json()["tokens"][0]["last_used_on"] == "2025-10-06"
    web.get("/school", login="reader")
    assert web.get("/tokens", login="helper", account=w.ADA).json()["tokens"][0]["last_used_on"] == "2025-10-07"
    problem(web.get("/tokens", login="deputy", account=w.ADA), 403, "not-allowed")
    problem(web.get("/tokens", login="head", account=w.STRANGER), 404, "not-there")
    for secret in web.tiny.tokens.values():
        assert secret.rpartition("_")[2] not in web.get("/tokens", login="ada").text


def test_a_program_exchanges_its_token_and_the_old_one_goes_on_for_a_day(web: Web) -> None:
    old = token_of(web, "program", w.API_CLIENT, "read", "write")
    made = new_token(lambda size: b"n" * size)
    body = {"account": w.API_CLIENT, "token": old, "new_token": made.token_id, "digest": made.digest}
    answer = web.command("rotate-token", {**body, "expires_at": "2026-10-01T12:00:00+03:00"}, login="program")
    assert answer.status_code == 200, answer.text
    web.tiny.tokens["newer"] = made.text
    assert isinstance(web.tiny.clock, Clock)
    for hours, status in ((0, 200), (23, 200), (2, 401)):
        web.tiny.clock.moment += timedelta(hours=hours)
        assert web.get("/journals", login="program").status_code == status
        assert web.get("/journals", login="newer").status_code == 200


REPORTING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ejd.app import open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.settings import Settings
from ejd_commands.breaches import ReportBreach

settings = Settings.model_validate_json(sys.argv[1])
now = int(sys.argv[4])
school = open_school(settings, clock=lambda: now)
learned = datetime.fromtimestamp(now // 1_000_000, UTC)
command = ReportBreach(account=sys.argv[2], learned_at=learned, what="украден")
answer = school.handler.handle(
    [Request(command, "0198c0de-7a3b-7000-8000-00000000beef")],
    Actor(sys.argv[3], "0198c0de-7a3b-7000-8000-000000000001", "another process"),
)
print(answer.position)
school.close()
"""


def test_a_breach_that_another_process_reports_ends_session_and_token_at_the_next_request(web: Web) -> None:
    """By position: as soon as the report is stored, whatever this process keeps in memory."""
    browser = with_password(web, "ada")
    assert browser.send("GET", "/session").status_code == 200
    assert web.get("/journals", login="ada").status_code == 200
    told = [web.tiny.settings.model_dump_json(), w.ADA, w.HEAD, str(web.tiny.clock())]
    done = subprocess.run([sys.executable, "-c", REPORTING, *told], capture_output=True, text=True, check=True)
    assert web.tiny.school.store.last_position() == int(done.stdout)
    problem(browser.send("GET", "/session"), 401, "session-ended")
    problem(web.get("/journals", login="ada"), 401, "not-authenticated")


@pytest.mark.parametrize("what", ["sign-out", "end", "password", "code"])
def test_what_ends_a_session_here_ends_it_in_every_other_service(web: Web, what: str) -> None:
    browser = with_password(web, "ada")
    kept = dict(browser.cookies)["__Host-ejd"]
    other = open_school(web.tiny.settings, clock=web.tiny.clock, hash_cost=CHEAP)
    try:
        session = other.authentication.by_session(kept).actor.session
        match what:
            case "sign-out":
                browser.send("DELETE", "/session")
            case "end":
                browser.send("DELETE", f"/sessions/{session}")
            case "password":
                assert browser.send("POST", "/password", {"current": GOOD, "password": BETTER}).status_code == 200
            case _:
                with_password(web, "ada", BETTER)
        with pytest.raises(Exception, match="this session is over"):
            other.authentication.by_session(kept)
    finally:
        other.close()
