"""Who was refused stands in the log, with why and when, and never with a secret; nobody writes a line of their own."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests import worlds as w
from tests.http.browser import GOOD, WRONG, with_password
from tests.http.conftest import Web
from tests.http.server import ADDRESS
from tests.schools import JOURNAL_5B

SECRET = "ejd_0123456789abcdef_" + "5" * 64
FORGED = '\r\n{"event": "request", "status": 200}\u2028{"actor": "x"}\x1b[2J'


def said(log: StringIO) -> list[dict[str, Any]]:
    """Answer the lines of a log, and begin it anew; each is one object."""
    lines = [json.loads(line) for line in log.getvalue().split("\n") if line]
    log.seek(0)
    log.truncate()
    return lines


def refusals(web: Web) -> list[tuple[Any, dict[str, Any]]]:
    """Answer requests that are refused, each with what the log says of it."""
    said(web.log)
    api, headers = "/api/v1", web.tiny.headers
    return [
        (web.client.get(api + "/school"), {"status": 401, "outcome": "not-authenticated", "route": api + "/school"}),
        (
            web.client.get(api + "/school", headers={"Authorization": f"Bearer {SECRET}"}),
            {"status": 401, "outcome": "not-authenticated"},
        ),
        (
            web.get("/events", login="ada"),
            {"status": 403, "outcome": "not-allowed", "actor": w.ADA, "route": api + "/events"},
        ),
        (
            web.command("define-subject", {"title": "Химия"}, login="vera"),
            {
                "status": 403,
                "outcome": "not-allowed",
                "actor": w.PUPIL_ACCOUNT,
                "route": f"{api}/commands/define-subject",
            },
        ),
        (
            web.get("/reports/gradebook", login="ada", journal=JOURNAL_5B),
            {"status": 404, "outcome": "not-there", "actor": w.ADA},
        ),
        (
            web.client.get(api + "/school", headers={**headers("ada"), "Host": "evil.example"}),
            {"status": 421, "outcome": "unknown-host"},
        ),
    ]


def test_every_refusal_of_somebody_is_a_warning_with_who_what_and_why(shared: Web) -> None:
    found = refusals(shared)
    lines = said(shared.log)
    assert len(lines) == len(found)
    for (answer, expected), line in zip(found, lines, strict=True):
        assert answer.status_code == expected["status"]
        assert (line["level"], line["event"]) == ("warning", "request")
        assert {name: line.get(name) for name in expected} == expected
        assert line["request_id"] == answer.headers["x-request-id"]
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_no_secret_and_nothing_that_was_sent_stands_there(shared: Web) -> None:
    refusals(shared)
    text = shared.log.getvalue()
    for secret in (SECRET[21:], *(token.rpartition("_")[2] for token in shared.tiny.tokens.values())):
        assert secret not in text
    assert "Химия" not in text
    assert "evil" not in text


def test_a_quieter_log_keeps_the_refusals(shared: Web) -> None:
    log = StringIO()
    app = create_http(shared.tiny.school, feed=False, log=make_log("warning", log))
    with TestClient(app, base_url=ADDRESS) as client:
        quieter = Web(shared.tiny, client, log)
        assert quieter.get("/school").status_code == 200
        assert said(log) == []
        asked = refusals(quieter)
        assert len(said(log)) == len(asked)


def test_whoever_signs_in_or_fails_to_is_named_by_account_and_never_by_what_was_typed(shared: Web) -> None:
    browser = with_password(shared, "ada")
    said(shared.log)
    asked = (
        (browser.sign_in("ada"), {"level": "info", "status": 200, "actor": w.ADA, "tried": w.ADA}),
        (
            browser.sign_in("ada", WRONG),
            {"level": "warning", "status": 401, "outcome": "sign-in-refused", "actor": None, "tried": w.ADA},
        ),
        (
            browser.sign_in("nobody-has-this", WRONG),
            {"level": "warning", "status": 401, "outcome": "sign-in-refused", "actor": None, "tried": None},
        ),
        (browser.send("POST", "/sign-in", {"login": "ada"}), {"level": "info", "status": 400, "tried": None}),
    )
    text = shared.log.getvalue()
    for (answer, expected), line in zip(asked, said(shared.log), strict=True):
        assert answer.status_code == expected["status"]
        assert line["route"] == "/api/v1/sign-in"
        assert {name: line.get(name) for name in expected} == expected
    for typed in (WRONG, GOOD, "nobody-has-this", *browser.cookies.values(), browser.csrf):
        assert typed not in text


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "GET", "url": "/api/v1/nowhere%0d%0a%E2%80%A8" + "x" * 20},
        {"method": "GET", "url": "/api/v1/school", "headers": {"X-Request-Id": "a b\t{}"}},
        {"method": "GET", "url": "/api/v1/school", "headers": {"X-Request-Id": "x" * 65}},
        {"method": "GET", "url": "/api/v1/school", "headers": {"User-Agent": "\x1b[2J", "Referer": "x"}},
        {"method": "POST", "url": "/api/v1/commands/define-subject", "json": {"title": FORGED}},
        {"method": "POST", "url": "/api/v1/commands/define-subject", "json": {FORGED: 1}},
        {"method": "POST", "url": "/api/v1/commands", "json": [{"command": FORGED, "id": w.JOURNAL}]},
        {"method": "BREW\x0b", "url": "/api/v1/school"},
    ],
)
def test_one_request_is_one_line_whatever_it_says(shared: Web, asked: dict[str, Any]) -> None:
    said(shared.log)
    shared.client.request(**{**asked, "headers": {**shared.tiny.headers("deputy"), **asked.get("headers", {})}})
    text = shared.log.getvalue()
    (line,) = said(shared.log)
    assert set(line) <= {
        *("request_id", "method", "route", "status", "outcome", "ms", "actor", "tried", "command", "commands"),
        *("level", "event", "timestamp"),
    }
    assert not any(sign in text for sign in ("\x1b", "\u2028", "\r", "\x0b"))
    assert line["status"] >= 400 or line["route"] == "/api/v1/school"
    assert line["method"] in {"GET", "POST", "other"}
