"""What a browser carries: the cookies of its session and of itself, and where a request of it comes from.

A cookie is sent by the browser whoever made it send something. So whatever is not a plain question must also say where
it comes from, and carry a token that only pages of ours know (OWASP: CSRF; ASVS 5.0, 3.5).
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, ClassVar

from ejd.access.sessions import ABSOLUTE_MAX, DEVICE_MICROSECONDS_MAX, is_csrf_token
from ejd.http.shield import name_of
from ejd.kernel.command import NotAllowed
from ejd.signing.factors import Page
from ejd.signing.service import Opened, Visitor

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SESSION_COOKIE, DEVICE_COOKIE = "__Host-ejd", "__Host-ejd-device"
"""A browser takes such a name only with Secure, without Domain, for the whole host: nobody beside us sets it."""
CSRF_HEADER = "Ejd-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
IPV6_NETWORK_BITS = 64
"""What one household or school has of IPv6."""
SECOND = 1_000_000


class CrossSite(NotAllowed):
    """A page of somebody else made the browser send this."""

    status: ClassVar[int] = 403


def session_secret(request: Request) -> str:
    """Answer the secret of the session's cookie, "" when there is none."""
    return request.cookies.get(SESSION_COOKIE, "")


def check_same_site(request: Request) -> None:
    """Raise CrossSite when the browser says that a page of another site made it send this."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = request.headers.get("host", "").lower()
    if site not in {None, "same-origin"} or (origin is not None and origin.lower().partition("://")[2] != own):
        raise CrossSite("this came from a page of another site: open the journal's own page and do it there")


def check_own_page(request: Request, secret: str) -> None:
    """Raise CrossSite unless a page of this session sent it: it says from where, and has the session's token."""
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        raise CrossSite("send the header Origin, as browsers do, or come with a token instead of a cookie")
    check_same_site(request)
    if not is_csrf_token(request.headers.get(CSRF_HEADER, ""), secret):
        raise CrossSite(f"send the session's csrf_token in the header {CSRF_HEADER}: GET /api/v1/session answers it")


def visitor_of(request: Request) -> Visitor:
    """Answer who stands before the door."""
    host = request.client.host if request.client is not None else ""
    device, client = request.cookies.get(DEVICE_COOKIE, ""), request.headers.get("user-agent", "")
    return Visitor(network_of(host), device, client, page_of(request))


def page_of(request: Request) -> Page:
    """Answer where the browser is; keys of devices are bound to it (WebAuthn), and browsers have them on https only.

    The name was checked by `ejd.http.shield`, and that the origin is the same by `check_same_site`.
    """
    host = request.headers.get("host", "")
    return Page(name_of(host), request.headers.get("origin") or f"https://{host}")


def network_of(host: str) -> str:
    """Answer the address by which tries are counted: of IPv6 the network, else anybody has a billion of them."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    return f"{int(address) >> IPV6_NETWORK_BITS:x}" if mapped is None else str(mapped)


def carry(response: Response, opened: Opened) -> None:
    """Have the browser carry session and device; JavaScript never sees either."""
    for name, value, microseconds in (
        (SESSION_COOKIE, opened.secret, ABSOLUTE_MAX),
        (DEVICE_COOKIE, opened.device, DEVICE_MICROSECONDS_MAX),
    ):
        response.set_cookie(
            name, value, max_age=microseconds // SECOND, path="/", secure=True, httponly=True, samesite="lax"
        )


def drop(response: Response) -> None:
    """Have the browser forget its session; the device stays known."""
    response.set_cookie(SESSION_COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="lax")
