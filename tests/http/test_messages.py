"""What may be understood in two ways is refused, and no answer leaves it open what it is, or for whom."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from ejd.http import serving
from ejd.http.logs import make_log
from ejd.http.once import HEADERS as ONCE
from ejd.http.once import MANY
from ejd.http.service import create_http
from ejd.http.shield import HEADERS
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.server import served

COMMAND = "/api/v1/commands/define-subject"
FOREIGN = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def address(shared: Web) -> Iterator[str]:
    with served(create_http(shared.tiny.school, feed=False, log=make_log("error"))) as found:
        yield found


def answered(address: str, sent: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """Send bytes as they are and answer status, headers and body of the only answer, until the server hangs up."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        line.sendall(sent)
        told = b""
        while part := line.recv(4_096):
            told += part
    assert told.count(b"HTTP/1.1 ") == 1, "one request has one answer"
    head, _, body = told.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(one.decode().split(": ", 1) for one in lines)
    return status, {name.lower(): value for name, value in headers.items()}, body


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (
            b"Content-Length: 6\r\nTransfer-Encoding: chunked",
            b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 6", b"0\r\n\r\nX"),
        (b"Content-Length: 6\r\nContent-Length: 5", b"0\r\n\r\nX"),
        (b"Content-Length: +5", b"0\r\n\r\n"),
        (b"Transfer-Encoding: xchunked", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
        (b"Transfer-Encoding : chunked", b"0\r\n\r\n"),
        (b"X-A: b\n X-C: d", b""),
        (b"X-A: b\x00", b""),
    ],
)
def test_a_request_with_two_ends_is_none(address: str, head: bytes, body: bytes) -> None:
    """As of RFC 9112, 11.2: the proxy and this service might each see another end, and another next request."""
    sent = b"POST " + COMMAND.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body
    status, headers, told = answered(address, sent)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert json.loads(told)["type"] == "urn:ejd:problem:no-http-request"
    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert headers["content-type"] == "application/problem+json"


def test_who_comes_when_too_many_are_there_is_told_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUESTS_AT_ONCE_MAX", 0)
    status, headers, told = answered(address, b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status == b"HTTP/1.1 503 Service Unavailable"
    assert json.loads(told)["type"] == "urn:ejd:problem:overloaded"
    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert headers["retry-after"] == "1"


def test_nobody_changes_over_to_a_web_socket(address: str) -> None:
    upgrade = (
        b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n"
    )
    status, _, _ = answered(address, b"GET /api/v1/school HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert status == b"HTTP/1.1 401 Unauthorized"


@pytest.mark.parametrize("query", [f"pupil={w.VERA}&pupil={w.GLEB}", f"pupil={w.VERA}&%70upil={w.VERA}", "x=1&x=2"])
def test_a_parameter_stands_once(shared: Web, query: str) -> None:
    answer = shared.client.get(f"/api/v1/reports/gradebook?{query}", headers=shared.tiny.headers("ada"))
    assert "stands twice" in problem(answer, 400, "malformed")["detail"]


def test_some_parameters_take_several_values_and_are_known(shared: Web) -> None:
    answer = shared.client.get("/api/v1/events?type=mark-recorded/1&type=a/1", headers=shared.tiny.headers("deputy"))
    assert answer.status_code == 200
    several: dict[str, set[str]] = {}
    for path, operations in shared.client.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if "array" in str(parameter["schema"]):
                    several.setdefault(path, set()).add(parameter["name"])
    assert several == {path: set(names) for path, names in MANY.items()}


@pytest.mark.parametrize("name", sorted(one.decode() for one in ONCE))
def test_a_header_that_decides_stands_once(shared: Web, name: str) -> None:
    headers = [*shared.tiny.headers("deputy").items(), (name, "x"), (name, "y")]
    found = problem(shared.client.post(COMMAND, json={"title": "Химия"}, headers=headers), 400, "malformed")
    assert f"the header {name} stands twice" in found["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_page_of_another_site_may_read_anything(shared: Web, method: str) -> None:
    """No answer has a header of CORS, so that no browser hands one on; a preflight is no method of ours."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in ("/api/v1/school", COMMAND, "/openapi.json"):
        headers = {**shared.tiny.headers("deputy"), **FOREIGN, **(asked if method == "OPTIONS" else {})}
        answer = shared.client.request(method, path, headers=headers)
        assert not [one for one in answer.headers if one.startswith("access-control-")]
        if method == "OPTIONS":
            problem(answer, 405, "method-not-allowed")


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "PUT", "PATCH", "DEBUG"])
def test_methods_of_nobody_are_refused(shared: Web, method: str) -> None:
    secret = {"Cookie": "__Host-ejd=secret", "X-Secret": "secret"}
    answer = shared.client.request(method, "/api/v1/school", headers={**shared.tiny.headers("deputy"), **secret})
    problem(answer, 405, "method-not-allowed")
    assert "secret" not in answer.text


def test_every_text_says_its_characters(shared: Web) -> None:
    """JSON has no charset (RFC 8259, 11); whatever is text is UTF-8 and says so."""
    asked: dict[str, Any] = {"from_": "2025-10-06", "to": "2025-10-06"}
    answers = [
        shared.client.get("/docs"),
        shared.client.get("/docs/start.js"),
        shared.client.get("/metrics"),
        shared.get("/reports/progress", by="pupil", period="q1", format="csv"),
        shared.get("/exports/timetable.ics", class_=w.CLASS_5A, **asked),
    ]
    for answer in answers:
        assert answer.status_code == 200
        kind = answer.headers["content-type"]
        assert kind.startswith("text/")
        assert "charset=utf-8" in kind.lower(), kind
    for path in ("/openapi.json", "/healthz", "/readyz", "/nowhere", "/api/v1/school"):
        assert shared.client.get(path).headers["content-type"] in {"application/json", "application/problem+json"}


def test_a_question_stores_nothing(shared: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes the school is a POST: no link, no picture and no preview of one does anything."""

    def handle(*_args: Any, **_options: Any) -> None:
        raise AssertionError("a question sent a command")

    monkeypatch.setattr(shared.tiny.school.handler, "handle", handle)
    before = shared.tiny.school.store.last_position()
    paths = shared.client.get("/openapi.json").json()["paths"]
    asked = [path for path, operations in paths.items() if "get" in operations]
    assert len(asked) > 40
    for path in asked:
        answer = shared.client.get(path.replace("{", "").replace("}", ""), headers=shared.tiny.headers("head"))
        assert answer.status_code < 500, path
    assert shared.tiny.school.store.last_position() == before


WORDS = {"after", "file_name", "instance", "solution", "source", "year"}
"""Texts in addresses: where a page went on; names of a file, of parts of it, of the program that made it, of a year."""


def test_no_secret_and_no_name_is_part_of_an_address(shared: Web) -> None:
    """Addresses come into logs of proxies and histories of browsers: they have ids, days, codes and numbers."""
    document = shared.client.get("/openapi.json").json()
    free: set[str] = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] in {"query", "path"}:
                    free |= {parameter["name"] for schema in texts(parameter["schema"]) if not schema & KINDS}
    assert free == WORDS


KINDS = {"format", "pattern", "enum", "const"}


def texts(schema: dict[str, Any]) -> Iterator[set[str]]:
    """Yield the keywords of each text in a schema."""
    if schema.get("type") == "string":
        yield set(schema)
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from texts(part)
