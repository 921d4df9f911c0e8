"""Headers that keep a browser from harm, and the names that the service answers to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.http.shield import HEADERS, name_of
from tests.http.conftest import Web, problem
from tests.http.server import served
from tests.schools import tiny_school

EVERYWHERE = ("/docs", "/openapi.json", "/healthz", "/metrics", "/nowhere", "/api/v1/reports/gradebook", "/")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_says_what_a_browser_must_not_do(shared: Web, path: str) -> None:
    answer = shared.client.get(path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_so_does_the_answer_to_a_stranger_who_asks_under_a_wrong_name(shared: Web) -> None:
    answer = shared.client.get("/docs", headers={"Host": "evil.example"})
    assert problem(answer, 421, "unknown-host")["detail"].startswith("this service is not asked under this name")
    assert "evil" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1:1", "[::1]:8000", "[::1]"])
def test_the_services_own_names_are_answered_with_any_port(shared: Web, host: str) -> None:
    assert shared.client.get("/openapi.json", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "localhost.evil.example", "localhost:80@evil.example", "evil.example:localhost", "localhost:", "::1"]
)
def test_what_only_looks_like_a_name_of_ours_is_refused(shared: Web, host: str) -> None:
    assert shared.client.get("/openapi.json", headers={"Host": host}).status_code == 421


def test_a_machine_that_watches_may_ask_by_any_address(shared: Web) -> None:
    assert shared.client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_a_name_has_no_port() -> None:
    assert [name_of(host) for host in ("A.b:1", "[::1]:9", "[::1]", "a:b")] == ["a.b", "[::1]", "[::1]", ""]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place: Path = tmp_path_factory.mktemp("shield")
    with (
        tiny_school("sqlite", place) as tiny,
        served(create_http(tiny.school, log=make_log("error"))) as served_at,
    ):
        yield served_at


def test_two_hosts_in_one_request_are_refused(address: str) -> None:
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=10) as line:
        line.sendall(
            b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert line.recv(64).split()[1] in {b"400", b"421"}


def test_a_redirect_goes_to_this_service_only(address: str) -> None:
    with httpx2.Client() as client:
        answer = client.get(f"{address}/", headers={"X-Forwarded-Host": "evil.example"})
        assert answer.status_code == 307
        assert answer.headers["location"] == "/docs"


class _Inline(HTMLParser):
    """Collects what the policy of contents forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self._script = tag == "script"
        self.found += [name for name in names if name.startswith("on") or name == "style"]
        self.found += [url for url in (names.get("src"), names.get("href")) if url and not url.startswith("/")]

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append(data)


def test_the_page_of_the_api_has_nothing_inline_and_loads_from_here_only(shared: Web) -> None:
    page = shared.client.get("/docs")
    reader = _Inline()
    reader.feed(page.text)
    assert reader.found == []
    script = shared.client.get("/docs/start.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert 'url: "/openapi.json"' in script.text
