"""The one kind of route under /api: who asks is known before a byte of the body is read."""

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Literal

from fastapi import Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from ejd.access.reading import QUESTIONS, READERS, check_reader
from ejd.handling.authentication import Authenticated, Authentication
from ejd.http import bodies
from ejd.http.contract import SchoolService
from ejd.http.cookies import SAFE_METHODS, SESSION_COOKIE, check_own_page, check_same_site, session_secret
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed, NotAcceptable, Problem
from ejd.kernel.access import Access, Held
from ejd.kernel.command import NotAuthenticated
from ejd.kernel.rights import check_recent, check_roles, check_scope
from ejd.signing.second import check_complete

BEARER = HTTPBearer(
    scheme_name="token",
    description="A token as `ejd token LOGIN` printed it: `Authorization: Bearer ejd_…`",
    auto_error=False,
)
"""Declares the scheme; `ApiRoute` itself checks the token."""
COOKIE = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="The session of a browser, from `sign-in`; whatever is no GET has the header Ejd-CSRF-Token too.",
    auto_error=False,
)
"""As BEARER: either of them, never both."""

PREFIX = "/api/v1"
ACCEPTED = frozenset({"*/*", "application/*", "application/json"})
QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")
"""A weight of RFC 9110; whatever else stands there counts as 1."""

WORDS: dict[int, str] = {
    400: "Malformed: a field is missing, unknown or wrong",
    401: "Without a valid token, or the account is locked",
    403: "The roles and duties of the account do not cover this",
    404: "Nothing has the id that was given",
    406: "The route answers nothing that the client accepts",
    408: f"The body did not come in {bodies.BODY_SECONDS_MAX:.0f} seconds",
    409: "A conflict with what is there already, or the wrong state",
    429: "Too many tries, or more people looked at than the school allows: again after Retry-After seconds",
    413: f"More than {bodies.BODY_BYTES_MAX} bytes",
    415: "Bodies are JSON only",
    422: "A rule of the school says no",
    503: "The database is busy or away, or the reports are not as far: try again after Retry-After seconds",
}
"""Statuses that are documented, with what they mean."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answer the documentation of the problems that a route may answer with."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        headers = {"Retry-After": {"schema": {"type": "string"}}} if status in {429, 503} else {}
        if status == 401:  # noqa: PLR2004
            headers = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        answers[status] = {
            "description": WORDS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": headers} if headers else {}),
        }
    return answers


__all__ = ["BEARER", "COOKIE", "ApiRoute", "Problem", "add_question", "problems", "who"]


def who(request: Request) -> Authenticated:
    """Answer who asks; `ApiRoute` has put it there."""
    found = request.state.who
    assert isinstance(found, Authenticated)  # noqa: S101 - invariant of ApiRoute
    return found


class CheckedRequest(Request):
    """A request whose body was read and parsed already, strictly."""

    checked_body: bytes = b""
    checked_json: Any = None

    async def body(self) -> bytes:
        """Answer the bytes that were read."""
        return self.checked_body

    async def json(self) -> Any:
        """Answer what was parsed."""
        return self.checked_json


class ApiRoute(APIRoute):
    """Checks, in this order: what the client can read, who it is, whether its roles may at all, what it sends."""

    accepted: ClassVar[frozenset[str]] = ACCEPTED
    open: ClassVar[bool] = False
    """Whether nobody needs to be known: only where people become known."""
    own: ClassVar[bool] = False
    """Whether it is about the own session and credentials: open also before a second factor that the role demands."""
    step_up: ClassVar[bool] = False
    """Whether who is at a browser must have shown password or second factor again a short time ago."""
    access: Access | None = None
    """What it declares about itself; a service with a route that declares nothing does not start."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own handler."""
        handler = super().get_route_handler()
        has_body = self.body_field is not None
        has_parameters = _takes_parameters(self.dependant)
        question, named = self.name, self.name in READERS

        async def checked(request: Request) -> Response:
            check_accept(request.headers.get("accept", ""), self.accepted)
            request = CheckedRequest(request.scope, request.receive)
            if self.open:
                check_same_site(request)
            else:
                school: SchoolService = request.app.state.school
                known = await run_in_threadpool(authenticate, school.authentication, request)
                notes_of(request.scope).actor = known.actor.account
                if not self.own:
                    check_complete(known)
                check_declared(self, known.grants)
                if self.step_up:
                    check_recent(known.actor.proof, known.scopes, school.clock())
                request.state.who = known
            if request.url.query and not has_parameters:
                raise Malformed("this takes no parameters: leave out what stands after the ?")
            if has_body:
                bodies.check_content_type(
                    request.headers.get("content-type", ""), request.headers.get("content-encoding", "")
                )
                request.checked_body = await bodies.read_body(request)
                if not request.checked_body:
                    raise Malformed("the body is empty: send the fields as JSON")
                request.checked_json = bodies.parse(request.checked_body)
            response = await handler(request)
            if named:  # before it leaves: what cannot be written down is not answered
                await run_in_threadpool(request.app.state.looking.note, question, request, response, request.state.who)
            return response

        return checked


def check_declared(route: ApiRoute, grants: Sequence[Held]) -> None:
    """Refuse, before a body costs anything, whoever has no role for what the route declares."""
    assert route.access is not None, f"{route.path} declares no access"  # noqa: S101 - invariant of `declare`
    if route.access.action == "read":
        check_reader(route.name, grants)
    else:
        check_roles(route.access, grants)


def declare(app: FastAPI, access: Access) -> None:
    """Say of the route added last what it does to what."""
    route = app.router.routes[-1]
    assert isinstance(route, ApiRoute)  # noqa: S101 - invariant of those who add routes
    route.access = access


class UndeclaredRouteError(Exception):
    """The service does not start: a route says neither what it does to what nor that it is open to all."""


def check_all_declared(app: FastAPI) -> None:
    """Raise UndeclaredRouteError unless every route declares its access, or is one of OPEN."""
    for route in app.router.routes:
        path = str(getattr(route, "path", route))
        checks = isinstance(route, ApiRoute) and not route.open
        declared = getattr(route, "access", None) is not None if checks else is_open(path)
        if not declared:
            msg = f"{path} declares no access: use add_question or add_commands, or say in OPEN why all may ask it"
            raise UndeclaredRouteError(msg)


def is_open(path: str) -> bool:
    """Say whether an address is one of OPEN, or below one."""
    return path in OPEN or any(path.startswith(f"{one}/") for one in OPEN if one != "/")


OPEN: dict[str, str] = {
    "/": "leads to the documentation",
    "/api/v1/sign-in": "where people become known: login and password",
    "/api/v1/first-sign-in": "where people become known: login and the code from paper",
    "/api/v1/second-factor": "where people become known: the second factor, with the ticket of the first",
    "/healthz": "for those who watch the machine; says only that the process lives",
    "/readyz": "for those who watch the machine; positions and whether the database answers, nothing of the school",
    "/metrics": "for those who watch the machine; figures by route, nobody's name; keep it inside by the proxy",
    "/docs": "the documentation, which is the same for every school",
    "/openapi.json": "the documentation, which is the same for every school",
    "/static-offline-docs": "styles and scripts of the documentation",
}
"""Addresses outside the API, and all below them, that nobody has to be known for, with the reason."""


def add_question(  # noqa: PLR0913 - what a documented route has
    app: FastAPI,
    *,
    name: str,
    path: str,
    endpoint: Callable[..., Response],
    model: Any,
    responses: dict[int | str, dict[str, Any]],
    tag: str,
    description: str | None,
    route: type[ApiRoute] = ApiRoute,
    method: Literal["GET", "POST", "DELETE"] = "GET",
    openapi_extra: dict[str, Any] | None = None,
) -> None:
    """Add the route of a question under `/api/v1`; one that needs a body is a POST, so is what is no command.

    Raises ValueError unless READERS says who may ask it, or the route says itself that it is open.
    """
    if name not in READERS and not route.open:
        msg = f"say in ejd.access.reading.READERS who may ask {name}"
        raise ValueError(msg)
    app.router.add_api_route(
        PREFIX + path,
        endpoint,
        methods=[method],
        name=name,
        operation_id=name,
        response_model=model,
        responses=responses | problems(429),
        summary=name.replace("-", " ").capitalize(),
        description=description,
        dependencies=[] if route.open else [Depends(BEARER), Depends(COOKIE)],
        tags=[tag],
        route_class_override=route,
        openapi_extra=openapi_extra,
    )
    if not route.open:
        declare(app, QUESTIONS[name])


def _takes_parameters(dependant: Dependant) -> bool:
    return bool(dependant.query_params) or any(_takes_parameters(one) for one in dependant.dependencies)


def check_accept(accept: str, accepted: frozenset[str] = ACCEPTED) -> None:
    """Raise NotAcceptable when the client says that it can read nothing that the route answers."""
    if accept and accepted.isdisjoint(acceptable(accept)):
        kinds = " or ".join(sorted(one for one in accepted if "*" not in one))
        raise NotAcceptable(f"answers are {kinds}: accept that")


def acceptable(accept: str) -> list[str]:
    """Answer the media types of an Accept header, the most welcome first; those with q=0 are left out."""
    found: list[tuple[float, str]] = []
    for part in accept.split(","):
        kind, *parameters = (one.strip().lower() for one in part.split(";"))
        text = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        quality = float(text) if QUALITY.fullmatch(text) else 1.0
        if kind and quality > 0:
            found.append((-quality, kind))
    return [kind for _, kind in sorted(found, key=lambda one: one[0])]


def authenticate(authentication: Authentication, request: Request) -> Authenticated:
    """Answer who asks, by token or by session, never by both; raises NotAuthenticated, CrossSite, TokenScopeMissing."""
    secret, header = session_secret(request), request.headers.get("authorization", "")
    if secret and header:
        raise Malformed("send a token or the cookie of a session, not both: one request comes from one of them")
    safe = request.method in SAFE_METHODS
    if secret:
        if not safe:
            check_own_page(request, secret)
        return authentication.by_session(secret)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated(
            "sign in, or send a token: `Authorization: Bearer ejd_…`, as `ejd token LOGIN` printed it"
        )
    who = authentication.by_token(token.strip())
    check_scope(who.scopes, "read" if safe else "write")
    return who
