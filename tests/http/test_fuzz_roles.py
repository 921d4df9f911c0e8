"""Who reads not the whole school asks everything by chance: nobody is told of a child that is none of theirs.

The long run is `python -m tests.reliability.fuzz_roles`, with every role and every command.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from tests import worlds as w
from tests.http.conftest import Web, serve
from tests.http.server import ADDRESS
from tests.reliability.fuzz_hooks import known
from tests.reliability.fuzz_roles import ALIEN, ALIEN_WORDS, FOREIGN, NOBODY, Witness, ask, school_of_two_classes

SEED = 7
ONLY = (
    *("--mode", "positive", "--include-method", "GET"),
    *("--include-path", "/api/v1/commands/save-lesson", "--include-path", "/api/v1/commands/request-correction"),
)


def test_no_role_is_told_of_what_is_not_theirs(tmp_path: Path) -> None:
    seen = ask(tmp_path, list(FOREIGN), examples=6, seed=SEED, only=ONLY)
    assert [fault for one in seen.values() for fault in one.faults] == []
    assert sum(one.calls for one in seen.values()) > 200
    for login in ("ada", "boris", "olga", "vera"):
        assert seen[login].statuses[200], login
        assert seen[login].statuses[403] + seen[login].statuses[404], login
    assert set(seen[NOBODY].statuses) <= {200, 400, 401, 403, 406}, "200 is what watchers ask, 403 a cookie of nobody"


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("members", {}, {w.MISHA, ALIEN}),
        ("members", {"format": "xlsx"}, {"Мишин", "Нездешнева", "Аэлита"}),
        ("audit/corrections", {}, {"причина-об-Аэлите"}),
        ("exports/oneroster", {"year": w.YEAR}, {"Нездешнева", "aelita@elsewhere.example"}),
    ],
)
def test_a_leak_would_be_seen(leaking: Web, path: str, asked: dict[str, str], words: set[str]) -> None:
    """The head's answers under the name of ADA are one leak after another."""
    witness = Witness(leaking.client.app, {"ada": leaking.tiny.tokens["head"]}, {})
    answer = TestClient(witness, base_url=ADDRESS).get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    faults = " ".join(witness.seen["ada"].faults)
    assert not [word for word in words if f"foreign {word!r}" not in faults]


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The school in which there is something to leak."""
    with school_of_two_classes(tmp_path_factory.mktemp("leaking")) as tiny:
        yield from serve(tiny)


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def packed() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/sharedStrings.xml", f"<t>{ALIEN_WORDS[0]}</t>" * 50)
    return out.getvalue()


def told(status: int, body: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> list[str]:
    """Answer the faults that the witness finds in an answer to ADA."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        await send({"type": "http.response.body", "body": body[1:]})

    async def send(_message: Message) -> None: ...

    class Route:
        path = "/x"

    scope: Scope = {"type": "http", "method": "GET", "path": "/x", "query_string": query, "headers": [], "route": Route}
    witness = Witness(app, {"ada": "t"}, {("/x", "GET"): {"200", "404", "503"}})
    asyncio.run(witness(scope, receive, send))
    return witness.seen["ada"].faults


def cases() -> Iterator[tuple[int, list[str]]]:
    misha = b"%4d" % 0 + "Мишин Михаил".encode()
    yield 0, told(200, b'{"name": "\xd0\x92\xd0\xb5\xd1\x80\xd0\xb0"}')
    yield 1, told(200, misha)
    yield 1, told(404, b"x", (b"etag", w.MISHA.encode()))
    yield 0, told(404, f"no {w.MISHA}".encode(), query=f"pupil={w.MISHA}".encode())
    yield 1, told(200, packed())
    yield 1, told(200, "SUMMARY:Нез\r\n дешнева".encode())
    yield 1, told(500, b"x")[:1]
    yield 2, told(502, b"x")
    yield 1, told(418, b"x")


def test_the_witness_sees_what_is_wrong() -> None:
    for count, faults in cases():
        assert len(faults) == count, faults


@pytest.mark.parametrize("value", ["word", 7, None, "0198c0de", {"a": ["b"]}])
def test_what_is_no_id_and_no_day_stays_as_it_was_drawn(value: Any) -> None:
    assert known(value) == value
