"""What is refused before anything is made of it: too large, too deep, ambiguous, not JSON, not what was asked for."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from fastapi import Request
from starlette.types import Message, Scope

from ejd.handling.handler import BATCH_COMMANDS_MAX
from ejd.http import bodies, serving
from ejd.http.logs import make_log
from ejd.http.problems import BodyTooSlow
from ejd.http.service import create_http
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.server import served

PATH = "/api/v1/commands/define-subject"
GOOD = json.dumps({"subject": w.ENGLISH, "title": "Английский язык"}, ensure_ascii=False).encode()


def send(web: Web, body: Any, *, path: str = PATH, **headers: str) -> Any:
    """Send raw bytes, or chunks of them without a length."""
    given = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())} | headers
    return web.client.post(path, content=body, headers=web.tiny.headers("deputy", **given))


def test_a_body_has_a_limit_with_and_without_a_length(shared: Web) -> None:
    large = b'{"title": "' + b"a" * bodies.BODY_BYTES_MAX + b'"}'

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    problem(send(shared, large), 413, "body-too-large")
    problem(send(shared, chunks()), 413, "body-too-large")


def test_a_real_server_stops_reading_an_endless_body(shared: Web) -> None:
    """The client announces no length and would send a hundred times the limit."""

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * bodies.BODY_BYTES_MAX

    headers = shared.tiny.headers("deputy", **{"Content-Type": "application/json", "Idempotency-Key": str(uuid4())})
    app = create_http(shared.tiny.school, feed=False, log=make_log("error"))
    with served(app) as address, httpx2.Client(base_url=address, timeout=30) as client:
        try:
            response = client.post(PATH, content=endless(), headers=headers)
        except httpx2.WriteError:  # the server has hung up before the client looked at its answer
            return
        problem(response, 413, "body-too-large")


def test_a_body_may_be_as_large_as_the_limit(shared: Web) -> None:
    padded = GOOD + b" " * (bodies.BODY_BYTES_MAX - len(GOOD))
    assert send(shared, padded).status_code == 200
    problem(send(shared, padded + b" "), 413, "body-too-large")


def handed_over(web: Web, *messages: Message) -> Any:
    """Answer the response to what a server hands over, message by message; after the last one nothing comes."""
    coming = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"Host": "localhost", "Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    headers = [(k.lower().encode(), v.encode()) for k, v in web.tiny.headers("deputy", **given).items()]
    scope: Scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": headers}

    async def handled() -> None:
        await web.client.app(scope, receive, send)

    asyncio.run(handled())
    start, *parts = sent
    return httpx2.Response(start["status"], headers=start["headers"], content=b"".join(one["body"] for one in parts))


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_does_not_come_is_not_waited_for(shared: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shared.tiny.school.store.last_position()
    new = b'{"title": "Chess"}'
    assert handed_over(shared, part(new[:9]), part(new[9:], more=False)).status_code == 200, "in parts, and in time"
    stored = shared.tiny.school.store.last_position()
    assert stored > before
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.01)
    found = problem(handed_over(shared, part(b'{"title": "Go"}')), 408, "body-too-slow")
    assert "send it again" in found["detail"]
    assert shared.tiny.school.store.last_position() == stored, "a whole command whose end was not said is not done"


def test_who_sends_a_byte_now_and_then_has_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes at once, and the limit is on all of them together."""

    async def trickle() -> Message:
        await asyncio.sleep(0)
        return part(b" ")

    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.01)
    request = Request({"type": "http", "headers": []}, trickle)
    with pytest.raises(BodyTooSlow, match="did not come in"):
        asyncio.run(bodies.read_body(request))


def test_a_real_server_hangs_up_on_who_is_too_slow(shared: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client announces a body and sends its first byte; the server does not wait for the others."""
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.01)
    given = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
        "Content-Length": "99",
    }
    headers = shared.tiny.headers("deputy", **given)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    app = create_http(shared.tiny.school, feed=False, log=make_log("error"))
    with served(app) as address:
        port = urlsplit(address).port
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client, client.makefile("rb") as answer:
            client.sendall(f"POST {PATH} HTTP/1.1\r\n{head}\r\n{{".encode())
            told = answer.read()
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in told.lower()
    assert b"urn:ejd:problem:body-too-slow" in told


def test_half_a_body_is_not_done(shared: Web) -> None:
    """Even when the half is a whole command: the client has gone before the end."""
    before = shared.tiny.school.store.last_position()
    shared.log.truncate(0)
    found = problem(handed_over(shared, part(b'{"title": "Go"}'), {"type": "http.disconnect"}), 400, "body-incomplete")
    assert "send it again with the same id" in found["detail"]
    assert shared.tiny.school.store.last_position() == before
    line = json.loads(shared.log.getvalue().splitlines()[-1].lstrip("\0"))
    assert (line["event"], line["outcome"], line["status"]) == ("request", "body-incomplete", 400), "no bug"


def test_json_has_a_depth(shared: Web) -> None:
    for depth, detail in ((bodies.DEPTH_MAX, "no such field"), (bodies.DEPTH_MAX + 1, "levels"), (500_000, "levels")):
        nested = b"[" * (depth - 1) + b"]" * (depth - 1)
        found = problem(send(shared, b'{"title": "a", "x": ' + nested + b"}"), 400, "malformed")
        assert detail in found["detail"].lower()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"title": "a", "title": "b"}', "twice"),
        (b'{"title": "a", "x": {"k": 1, "k": 1}}', "twice"),
        (b'{"title": NaN}', "NaN"),
        (b'{"title": -Infinity}', "Infinity"),
        (b'{"title": "\\ud800"}', "surrogate"),
        (b'{"title": "a", "\\udfff": 1}', "surrogate"),
        (b'{"title": "\\ud83d\\u0041"}', "surrogate"),
        (b'{"title": "\xff"}', "UTF-8"),
        (b'\xef\xbb\xbf{"title": "a"}', "BOM"),
        (b'{"title": "a"', "line 1"),
        (b'{"title": ' + b"9" * 5_000 + b"}", "digits"),
        (b'{"title": "a"} x', "Extra data"),
        (b"", "empty"),
        (b"null", "give an object"),
        (b"[]", "give an object"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused(shared: Web, body: bytes, says: str) -> None:
    assert says in problem(send(shared, body), 400, "malformed")["detail"]


def test_a_whole_pair_of_surrogates_is_a_letter(shared: Web) -> None:
    assert send(shared, b'{"title": "\\ud83d\\ude00 club"}').status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=windows-1251", "json", ""]
)
def test_bodies_are_json_in_utf_8(shared: Web, kind: str) -> None:
    problem(send(shared, GOOD, **{"Content-Type": kind}), 415, "not-json")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "GZIP"])
def test_packed_bodies_are_not_opened(shared: Web, encoding: str) -> None:
    found = problem(send(shared, gzip.compress(GOOD), **{"Content-Encoding": encoding}), 415, "not-json")
    assert "without Content-Encoding" in found["detail"]


@pytest.mark.parametrize("encoding", ["identity", " Identity ", ""])
def test_a_body_may_be_said_to_be_as_it_is(shared: Web, encoding: str) -> None:
    assert send(shared, GOOD, **{"Content-Encoding": encoding}).status_code == 200


def test_a_charset_may_be_said(shared: Web) -> None:
    assert send(shared, GOOD, **{"Content-Type": 'Application/JSON; charset="UTF-8"'}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "image/*, text/*;q=0.5"])
def test_answers_are_json(shared: Web, accept: str) -> None:
    problem(send(shared, GOOD, Accept=accept), 406, "not-acceptable")
    problem(shared.get("/school", headers={"Accept": accept}), 406, "not-acceptable")


@pytest.mark.parametrize("accept", ["*/*", "text/html, application/json;q=0.5", "application/*", "APPLICATION/JSON"])
def test_who_accepts_json_among_others_gets_it(shared: Web, accept: str) -> None:
    assert shared.get("/school", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("key", [None, "", "1", "not-a-uuid", "{0198c0de-7a3b-7000-8000-3f1c2a9d4e55}", "0" * 32])
def test_a_command_needs_a_uuid_of_its_own(shared: Web, key: str | None) -> None:
    headers = shared.tiny.headers("deputy") | ({} if key is None else {"Idempotency-Key": key})
    found = problem(shared.client.post(PATH, json={"title": "Химия"}, headers=headers), 400, "malformed")
    assert found["field"] == "Idempotency-Key"


def test_every_wrong_field_is_named_and_nothing_that_was_sent_is_repeated(shared: Web) -> None:
    secret = "Щербатова"
    body = {"family": secret * 100, "given": "", "nickname": secret, "class_id": secret, "enrolled_on": "1.9.2025"}
    response = shared.command("enrol-pupil", body, login="deputy")
    found = problem(response, 400, "malformed")
    fields = {error["field"] for error in found["errors"]}
    assert fields == {"family", "given", "nickname", "class_id", "enrolled_on"}
    assert found["field"] in fields
    assert "(4 more)" in found["detail"]
    assert secret not in response.text
    assert secret not in shared.log.getvalue()


def entry(**fields: Any) -> dict[str, Any]:
    return {"command": "define-subject", "id": str(uuid4()), "title": "Химия"} | fields


TWICE = str(uuid4())


@pytest.mark.parametrize(
    ("entries", "index", "field"),
    [
        ([], None, None),
        ([entry(), entry(id="7")], 1, "id"),
        ([entry(), entry(id=None)], 1, "id"),
        ([entry(id=TWICE), entry(id=TWICE.upper())], 1, "id"),
        ([entry(command=7)], 0, "command"),
        ([entry(), entry(title="")], 1, "title"),
        ([entry(), entry(colour="red")], 1, "colour"),
        ([7], None, "0"),
        ({"command": "define-subject"}, None, None),
    ],
)
def test_a_malformed_batch_names_the_command(shared: Web, entries: Any, index: int | None, field: str | None) -> None:
    found = problem(shared.batch(entries, login="deputy"), 400, "malformed")
    assert found.get("command_index") == index
    if field is not None:
        assert found["field"] == field


def test_an_unknown_command_is_named(shared: Web) -> None:
    found = problem(shared.batch([entry(), entry(command="dance")], login="deputy"), 404, "not-found")
    assert found["command_index"] == 1
    assert "'dance'" in problem(shared.command("dance", {}, login="deputy"), 404, "not-found")["detail"]


def test_a_batch_has_a_limit(shared: Web) -> None:
    many = [entry(subject=w.MATHS, title="Математика", short="Мат") for _ in range(BATCH_COMMANDS_MAX)]
    assert shared.batch(many, login="deputy").status_code == 200
    found = problem(shared.batch([*many, entry()], login="deputy"), 422, "batch-too-large")
    assert str(BATCH_COMMANDS_MAX) in found["detail"]


def test_who_is_not_known_is_told_so_before_the_body_is_looked_at(shared: Web) -> None:
    for header in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer ejd_x"}):
        response = shared.client.post(PATH, content=b"\xff", headers=header)
        problem(response, 401, "not-authenticated")
        assert response.headers["www-authenticate"] == 'Bearer realm="ejd"'


def test_a_wrong_secret_tells_nothing_about_the_token(shared: Web) -> None:
    token = shared.tiny.tokens["ada"]
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    unknown = "ejd_" + "0" * 16 + "_" + "0" * 64
    answers = [
        problem(
            shared.client.get("/api/v1/school", headers={"Authorization": f"Bearer {one}"}), 401, "not-authenticated"
        )
        for one in (wrong, unknown)
    ]
    assert answers[0] == answers[1]
    assert token.rpartition("_")[2][:-1] not in shared.log.getvalue()


def test_unknown_addresses_and_methods_are_problems_too(shared: Web) -> None:
    problem(shared.client.get("/nowhere"), 404, "no-such-address")
    response = shared.client.delete(PATH)
    problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_the_log_is_json_with_ids_only(shared: Web) -> None:
    shared.log.truncate(0)
    shared.command("define-subject", {"title": "Тайная наука"}, login="deputy", **{"X-Request-Id": "req-7"})
    line = json.loads(shared.log.getvalue().splitlines()[-1].lstrip("\0"))
    assert line["request_id"] == "req-7"
    assert (line["actor"], line["command"], line["outcome"], line["status"]) == (
        w.DEPUTY,
        "define-subject",
        "stored",
        200,
    )
    assert "Тайная" not in shared.log.getvalue()


def test_a_server_does_not_wait_for_ever_for_a_head(shared: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for one that never begins, nor for one that never ends, nor for the second of a connection."""
    monkeypatch.setattr(serving, "HEAD_SECONDS_MAX", 0.3)
    app = create_http(shared.tiny.school, feed=False, log=make_log("error"))
    with served(app) as address:
        for sent in (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: a", b"GET /heal"):
            with _line(address) as line:
                line.sendall(sent)
                assert line.recv(64) == b""
        with _line(address) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: ")
            answers = b""
            while part := line.recv(4_096):
                answers += part
            assert answers.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("head", [b"GET /healthz?q=%s HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nX-Long: %s\r\n"])
def test_a_head_has_a_limit(shared: Web, head: bytes) -> None:
    app = create_http(shared.tiny.school, feed=False, log=make_log("error"))
    with served(app) as address, _line(address) as line:
        line.sendall(head % (b"a" * serving.HEAD_BYTES_MAX) + b"Host: localhost\r\n\r\n")
        assert line.recv(64).startswith(b"HTTP/1.1 400")


def _line(address: str) -> socket.socket:
    where = urlsplit(address)
    return socket.create_connection((where.hostname, where.port), timeout=20)
