"""The tiny school behind HTTP: in-process on each database, and on SQLite where the database makes no difference."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests.http.server import ADDRESS
from tests.postgres import PostgresDatabase
from tests.schools import TinySchool, tiny_school


class Web:
    """A client of the tiny school; each call says as whom it comes."""

    def __init__(self, tiny: TinySchool, client: TestClient, log: StringIO) -> None:
        """Keep what a test looks at."""
        self.tiny = tiny
        self.client = client
        self.log = log

    def command(self, name: str, body: Any, *, login: str = "ada", key: str | None = None, **headers: str) -> Any:
        """Send a command; a key of its own unless one is given."""
        own = key or self.tiny.new_id()
        headers = self.tiny.headers(login, **{"Idempotency-Key": own}, **headers)
        return self.client.post(f"/api/v1/commands/{name}", json=body, headers=headers)

    def batch(self, entries: Any, *, login: str = "ada", **headers: str) -> Any:
        """Send a batch."""
        return self.client.post("/api/v1/commands", json=entries, headers=self.tiny.headers(login, **headers))

    def get(self, path: str, *, login: str = "deputy", headers: Any = None, **parameters: Any) -> Any:
        """Ask a question; `class_` is the parameter class, `from_` from."""
        named = {key.removesuffix("_"): value for key, value in parameters.items()}
        return self.client.get(f"/api/v1{path}", params=named, headers=self.tiny.headers(login, **(headers or {})))


def serve(tiny: TinySchool, *, feed: bool = True) -> Iterator[Web]:
    """Run the application, with its feeder unless told not to."""
    log = StringIO()
    app = create_http(tiny.school, feed=feed, log=make_log("debug", log))
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield Web(tiny, client, log)


@pytest.fixture(params=["sqlite", "postgres"])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    """The school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database) as tiny:
        yield from serve(tiny)


@pytest.fixture(params=["sqlite", "postgres"])
def unfed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    """The school on either database, whose reports stand still until a test feeds them."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database) as tiny:
        yield from serve(tiny, feed=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A school on SQLite for tests that leave nothing behind that matters to another one."""
    with tiny_school("sqlite", tmp_path_factory.mktemp("shared")) as tiny:
        yield from serve(tiny)


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    """Assert that a response is this problem in the shape of RFC 9457, and answer it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["type"] == f"urn:ejd:problem:{slug}", found
    assert found["status"] == status
    assert found["title"].endswith(".")
    assert found["detail"]
    return found
