"""The server under the application: how long it waits for a client, and how much it takes before it knows the request.

uvicorn bounds neither the time nor the size of a request's head: a client that sends a byte now and then would hold a
connection, and memory, for ever (ASVS 5.0, 15.2.2).
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ejd.http.problems import Unavailable, problem_of
from ejd.http.shield import HEADERS, Headers
from ejd.kernel.command import Refusal

HEAD_SECONDS_MAX = 15.0
"""From the connection, or from the first byte of its next request, to the end of the headers."""
HEAD_BYTES_MAX = 32_768
"""The address, and the names and values of headers; the longest question asked by a page of ours is some 2 KiB."""
IDLE_SECONDS_MAX = 10
"""Between two requests of a connection: longer than a person takes to click on, shorter than a lesson."""
REQUESTS_AT_ONCE_MAX = 1_000
"""Then 503, at once: a school's morning has some hundred."""


class NoHttpRequest(Refusal):
    """What came is no request of HTTP, or has two ends."""

    status = 400


class Overloaded(Unavailable):
    """More is asked at once than the service takes."""


async def _overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = Overloaded("too much is being asked just now: send the same request again in a moment")
    response = problem_of(refusal)
    response.headers["Connection"] = "close"  # who waits on an open connection would keep another one out
    await response(scope, receive, send)


class PatientProtocol(HttpToolsProtocol):
    """HTTP with an end to waiting for a request's head; what the server itself refuses is a problem as any other."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait anew: a connection may carry many requests."""
        super().on_message_begin()
        self._head_bytes = 0
        self._wait()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here: from now on the application waits, for the body (`ejd.http.bodies`)."""
        self._stop_waiting()
        busy = max(len(self.connections), len(self.tasks)) > REQUESTS_AT_ONCE_MAX
        self.app = _BUSY if busy else self.config.loaded_app
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words help nobody
        """Answer a problem with the headers of all answers, and hang up."""
        self.transport.write(_NO_HTTP)
        self.transport.close()

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(len(part) for part in parts)
        if self._head_bytes > HEAD_BYTES_MAX:
            msg = "the head is too large"
            raise ValueError(msg)  # the parser hands it on as an invalid request, which is answered 400 and closed

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _no_http() -> bytes:
    response = problem_of(NoHttpRequest("this is no HTTP request, or has two ends: send another, by a usual client"))
    headers = {**HEADERS, **response.headers, "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 400 Bad Request\r\n%s\r\n%s" % (lines.encode(), response.body)


_NO_HTTP = _no_http()
_BUSY: Any = Headers(_overloaded)


def config_of(application: ASGIApp, **more: Any) -> uvicorn.Config:
    """Answer the configuration that every server of ours has."""
    return uvicorn.Config(
        application,
        http=PatientProtocol,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        ws="none",
        **more,
    )
