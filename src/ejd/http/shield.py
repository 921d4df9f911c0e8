"""Around every answer: what a browser must not do with it; around every request: the name it was asked under."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ejd.http.notes import notes_of
from ejd.http.problems import problem_of
from ejd.http.watch import QUIET
from ejd.kernel.command import Refusal

HSTS_SECONDS = 31_536_000
"""A year (ASVS 5.0, 3.4.1). Browsers heed it on https only."""
HEADERS: Mapping[str, str] = {
    # ASVS 5.0, 3.4.3: nothing inline. Pages of ours load scripts, styles, pictures and data from this service only.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "strict-transport-security": f"max-age={HSTS_SECONDS}; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
"""On every answer that does not say otherwise itself."""
POLICY_OF_A_FILE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""Of a page that is for saving and printing: it loads, sends and runs nothing, whatever stands in it."""


class UnknownHost(Refusal):
    """The service was asked under a name that is not its own."""

    status: ClassVar[int] = 421


class Headers:
    """Pure ASGI, outermost: a refusal and a bug have the headers too."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add what the answer does not have."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in self._headers if name not in there),
                ]
            await send(message)

        await self._app(scope, receive, shielded)


class Hosts:
    """Answers only to its own names, so that nothing is ever made of a name that a stranger chose (ASVS 5.0, 4.1)."""

    def __init__(self, app: ASGIApp, *, names: Collection[str]) -> None:
        """Take the names without port, IPv6 addresses in brackets; case does not matter."""
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request for another host, or with two; machines that watch ask by whatever address they have."""
        if scope["type"] == "http" and scope["path"] not in QUIET:
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or name_of(hosts[0].decode("latin-1")) not in self._names:
                notes_of(scope).outcome = UnknownHost.slug()
                refusal = UnknownHost(
                    "this service is not asked under this name: use its own, or add the name to EJD_ALLOWED_HOSTS"
                )
                await problem_of(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def name_of(host: str) -> str:
    """Answer the name of a Host header in lower case, without its port; nothing for one that is no name."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name = host
    elif not port.isdecimal():
        return ""
    return name.lower()
