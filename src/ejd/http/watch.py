"""Around every request: an id, its time, a line in the log; a bug becomes a problem without internals."""

from __future__ import annotations

import re
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from ejd.http.logs import Log, frames_of
from ejd.http.metrics import Metrics
from ejd.http.notes import notes_of
from ejd.http.problems import InternalError, problem_of

REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds; they stand in the log only when something is wrong."""
ERROR_STATUS = 500
REFUSED = frozenset({401, 403, 421, 429})
"""Who is not known, may not, comes by a wrong name or too often: warnings, so that a quieter log keeps them too."""
NOT_THERE = 404
"""To somebody known a warning as well: what belongs to others is not there for them."""


class Watch:
    """Pure ASGI, and the outermost layer: nothing that happens inside is missed."""

    def __init__(self, app: ASGIApp, *, log: Log, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app = app
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of connection pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        notes = notes_of(scope)
        notes.request_id = _request_id(scope)
        status = 0
        begun = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", notes.request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log a line
            notes.outcome = InternalError.slug()
            self._log.error("bug", request_id=notes.request_id, error=type(error).__qualname__, frames=frames_of(error))
            if not status:
                msg = f"this is a bug of the service: tell technical support the request id {notes.request_id}"
                await problem_of(InternalError(msg))(scope, receive, noted)
        finally:
            self._note(scope, status or ERROR_STATUS, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        notes, route = notes_of(scope), getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE", "HEAD", "OPTIONS"} else "other"
        self._metrics.count(notes, method=method, route=route, status=status, seconds=seconds)
        if route in QUIET and status < ERROR_STATUS:
            return
        fields: dict[str, Any] = {
            "request_id": notes.request_id,
            "method": method,
            "route": route,
            "status": status,
            "outcome": notes.outcome,
            "ms": round(seconds * 1_000, 1),
        }
        for who in ("actor", "tried"):
            if getattr(notes, who):
                fields[who] = getattr(notes, who)
        if notes.commands:
            fields["command"] = notes.commands[0]
            fields["commands"] = len(notes.commands)
        asked_in_vain = status == NOT_THERE and bool(notes.actor)
        say = self._log.warning if status in REFUSED or asked_in_vain else self._log.info
        say("request", **fields)


def _request_id(scope: Scope) -> str:
    """Answer the id that a proxy gave, when it is a harmless one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if REQUEST_ID.fullmatch(text):
                return str(text)
    return str(uuid7())
