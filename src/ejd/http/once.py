"""What may stand in a request once only: of two values a proxy and this service might each take another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from ejd.http.notes import notes_of
from ejd.http.problems import Malformed, problem_of

HEADERS = frozenset(
    {b"authorization", b"content-encoding", b"content-type", b"ejd-simulated-time", b"idempotency-key", b"if-match"}
)
"""Those that decide what is done, and for whom; Host is looked at in `ejd.http.shield`."""
MANY: Mapping[str, frozenset[str]] = {
    "/api/v1/audit/corrections": frozenset({"kind"}),
    "/api/v1/events": frozenset({"type"}),
    "/api/v1/reports/substitutions": frozenset({"kind"}),
}
"""Parameters that take several values; a test compares them with the OpenAPI document."""
SHOWN_CHARACTERS_MAX = 40


class Once:
    """Refuses a request that says the same thing twice."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is said once."""
        if scope["type"] == "http":
            twice = _header(scope) or _parameter(scope)
            if twice:
                notes_of(scope).outcome = Malformed.slug()
                refusal = Malformed(f"{twice} stands twice in the request: leave one of them")
                await problem_of(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _header(scope: Scope) -> str:
    counts = Counter(name for name, _ in scope["headers"] if name in HEADERS)
    return next((f"the header {name.decode()}" for name, count in counts.items() if count > 1), "")


def _parameter(scope: Scope) -> str:
    counts = Counter(name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    many = MANY.get(scope["path"], frozenset())
    twice = next((name for name, count in counts.items() if count > 1 and name not in many), None)
    return "" if twice is None else f"the parameter {twice[:SHOWN_CHARACTERS_MAX]!r}"
