"""Signing in and out, the own sessions, the own password. Pages use it; programs come with tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import msgspec
from fastapi import Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ejd.access.codes import CODE_CHARACTERS_MAX
from ejd.access.reading import check_reader
from ejd.access.sessions import csrf_token, ends_of
from ejd.handling.authentication import Authenticated
from ejd.http.contract import SchoolService
from ejd.http.cookies import carry, drop, session_secret, visitor_of
from ejd.http.moments import moment_text
from ejd.http.notes import notes_of
from ejd.http.problems import NotThere
from ejd.http.routes import ApiRoute, add_question, problems, who
from ejd.kernel.rights import STEP_UP_MICROSECONDS_MAX
from ejd.signing.factors import Begin
from ejd.signing.service import OnlyAtABrowser, Opened
from ejd.store.signing_in import SessionRow
from ejd_commands.fields import Id, Login

PASSWORD_CHARACTERS_READ_MAX = 1_024
"""More is not read; what may be set is shorter (ejd.access.passwords)."""
TAG = "signing in"
CLEARED = '"cache", "storage"'
"""What a browser forgets when its owner leaves (ASVS 5.0, 14.3.1); not the cookies: the device stays known."""
STATUSES = (400, 401, 403, 406, 408, 413, 415, 422, 429, 503)

Secret = Annotated[
    SecretStr, Field(min_length=1, max_length=PASSWORD_CHARACTERS_READ_MAX, description="As typed: nothing is cut.")
]


class OpenRoute(ApiRoute):
    """Where people become known: the only routes that ask nobody who it is."""

    open: ClassVar[bool] = True


class OwnRoute(ApiRoute):
    """About the own session and credentials."""

    own: ClassVar[bool] = True


class SecretBody(BaseModel):
    """Base of bodies with a secret: strict, and nothing is trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignIn(SecretBody):
    """Login and password."""

    login: Login
    password: Secret


class FirstSignIn(SecretBody):
    """The one-time code from paper, and the password from now on."""

    login: Login
    code: Annotated[SecretStr, Field(min_length=1, max_length=CODE_CHARACTERS_MAX, examples=["k7md-2wxe-9fpn"])]
    password: Secret


class NewPassword(SecretBody):
    """The password of now, and the one from now on."""

    current: Secret
    password: Secret


class Shown(SecretBody):
    """The password, shown again."""

    password: Secret


class OneSession(BaseModel):
    """One session; times are RFC 3339. It ends at `ends_at`, or at `idle_ends_at` when nobody uses it."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    current: bool
    client: str = Field(description="What the browser said of itself.")
    new_device: bool = Field(description="Nobody had signed in to the account with this device before.")
    factors: str = Field(description="How its owner proved who it is: password, or code from paper.")
    created_at: str
    seen_at: str = Field(description="To the minute.")
    authenticated_at: str
    idle_ends_at: str
    ends_at: str


class OwnSession(OneSession):
    """The session of whoever asks. `csrf_token` goes into the header Ejd-CSRF-Token of whatever is no GET."""

    account: str = Field(json_schema_extra={"format": "uuid"})
    person: str
    roles: list[str]
    csrf_token: str
    step_up_until: str = Field(description="So long the password counts as shown a short time ago.")


class NextStep(BaseModel):
    """Login and password are right; now a second factor is shown (`second-factor`), with this ticket, once."""

    ticket: str
    kinds: list[str] = Field(description="What the account has: passkey, totp, recovery.")
    passkey: dict[str, Any] | None = Field(description="Options for navigator.credentials.get, when there is a key.")


NEXT_STEP: dict[int | str, dict[str, Any]] = {
    202: {"model": NextStep, "description": "The account has a second factor: show it."}
}


class Sessions(BaseModel):
    """The newest first."""

    sessions: list[OneSession]


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


def own(name: str) -> Callable[..., Authenticated]:
    """Answer what lets only those in who may ask this at all (ejd.access.reading)."""

    def checked(client: Annotated[Authenticated, Depends(who)]) -> Authenticated:
        check_reader(name, client.grants)
        return client

    return checked


def add_signing(app: FastAPI, school: SchoolService) -> None:
    """Add the routes."""
    _add_doors(app, school)
    _add_own(app, school)
    _add_secrets(app, school)


def _add_doors(app: FastAPI, school: SchoolService) -> None:
    def sign_in(request: Request, body: SignIn) -> Response:
        notes_of(request.scope).tried = school.signing.account_of(body.login)
        opened = school.signing.sign_in(body.login, body.password.get_secret_value(), visitor_of(request))
        return opened_or_next(school, request, opened)

    def first_sign_in(request: Request, body: FirstSignIn) -> Response:
        notes_of(request.scope).tried = school.signing.account_of(body.login)
        code, password = body.code.get_secret_value(), body.password.get_secret_value()
        return opened_or_next(school, request, school.signing.use_code(body.login, code, password, visitor_of(request)))

    for name, endpoint, description in (
        (
            "sign-in",
            sign_in,
            "Begin a session; its cookie is `__Host-ejd`. Whatever is wrong is answered alike, too many tries 429.",
        ),
        (
            "first-sign-in",
            first_sign_in,
            "Set a password with a one-time code from paper, and begin a session; every other session ends.",
        ),
    ):
        add_question(
            app,
            name=name,
            path=f"/{name}",
            endpoint=endpoint,
            model=OwnSession,
            responses={**NEXT_STEP, **problems(*STATUSES)},
            tag=TAG,
            description=description,
            route=OpenRoute,
            method="POST",
        )


def _add_own(app: FastAPI, school: SchoolService) -> None:
    def session(request: Request, client: Annotated[Authenticated, Depends(own("session"))]) -> Response:
        row = _row(client)
        return answer_of(_own(row, client, session_secret(request)))

    def sign_out(client: Annotated[Authenticated, Depends(own("sign-out"))]) -> Response:
        school.signing.sign_out(client)
        response = answer_of({"ended": 1})
        response.headers["Clear-Site-Data"] = CLEARED
        drop(response)
        return response

    def sessions(client: Annotated[Authenticated, Depends(own("sessions"))]) -> Response:
        return answer_of({"sessions": [_shown(one, client) for one in school.signing.sessions_of(client)]})

    def end_session(
        session: Annotated[Id, Path(description="As `sessions` answers it.")],
        client: Annotated[Authenticated, Depends(own("end-session"))],
    ) -> Response:
        if not school.signing.tables.end_session(client.actor.account, session):
            raise NotThere(f"you have no session {session}: see GET /api/v1/sessions", field="session")
        return answer_of({"ended": 1})

    def end_other_sessions(client: Annotated[Authenticated, Depends(own("end-other-sessions"))]) -> Response:
        return answer_of({"ended": school.signing.end_others(client)})

    common: dict[str, Any] = {"app": app, "tag": TAG, "route": OwnRoute}
    few, more = problems(400, 401, 403, 406, 503), problems(400, 401, 403, 404, 406, 503)
    add_question(
        name="session",
        path="/session",
        endpoint=session,
        model=OwnSession,
        responses=few,
        description="Who is signed in here, until when, and the token for what is no GET.",
        **common,
    )
    add_question(
        name="sign-out",
        path="/session",
        endpoint=sign_out,
        model=Ended,
        responses=few,
        description="End the session of this browser.",
        method="DELETE",
        **common,
    )
    add_question(
        name="sessions",
        path="/sessions",
        endpoint=sessions,
        model=Sessions,
        responses=few,
        description="The own sessions that have not ended; with a token too.",
        **common,
    )
    add_question(
        name="end-session",
        path="/sessions/{session}",
        endpoint=end_session,
        model=Ended,
        responses=more,
        description="End one of the own sessions, for example of a telephone that was lost.",
        method="DELETE",
        **common,
    )
    add_question(
        name="end-other-sessions",
        path="/sessions",
        endpoint=end_other_sessions,
        model=Ended,
        responses=few,
        description="End all own sessions but the one that asks.",
        method="DELETE",
        **common,
    )


def _add_secrets(app: FastAPI, school: SchoolService) -> None:
    def set_password(
        request: Request, body: NewPassword, client: Annotated[Authenticated, Depends(own("set-password"))]
    ) -> Response:
        current, password = body.current.get_secret_value(), body.password.get_secret_value()
        opened = school.signing.change_password(client, current, password, visitor_of(request))
        return opened_answer(school, request, opened)

    def step_up(request: Request, body: Shown, client: Annotated[Authenticated, Depends(own("step-up"))]) -> Response:
        opened = school.signing.step_up(client, body.password.get_secret_value(), visitor_of(request))
        return opened_or_next(school, request, opened)

    common: dict[str, Any] = {"app": app, "tag": TAG, "model": OwnSession, "route": OwnRoute}
    add_question(
        name="set-password",
        path="/password",
        endpoint=set_password,
        description="Set another password, showing the one of now. Every other session ends.",
        responses=problems(*STATUSES),
        method="POST",
        **common,
    )
    add_question(
        name="step-up",
        path="/session/step-up",
        endpoint=step_up,
        responses={**NEXT_STEP, **problems(*STATUSES)},
        description="Show the password again, before what demands it: decisions about a breach, credentials of others,"
        f" personal data that leaves the school. It counts for {STEP_UP_MICROSECONDS_MAX // 60_000_000} minutes.",
        method="POST",
        **common,
    )


def _row(client: Authenticated) -> SessionRow:
    if client.session is None:
        raise OnlyAtABrowser("this is about the session of a browser: sign in instead of sending a token")
    return client.session


def opened_or_next(school: SchoolService, request: Request, found: Opened | Begin) -> Response:
    """Answer the session that has begun, or what comes before it."""
    if isinstance(found, Opened):
        return opened_answer(school, request, found)
    content = {"ticket": found.ticket, "kinds": list(found.kinds), "passkey": found.passkey}
    return answer_of(content, status=202)


def opened_answer(school: SchoolService, request: Request, opened: Opened, **more: Any) -> Response:
    """Answer the session that has begun, and have the browser carry it."""
    client = school.authentication.by_session(opened.secret)
    notes_of(request.scope).actor = client.actor.account
    response = answer_of({**_own(opened.row, client, opened.secret), **more})
    carry(response, opened)
    return response


def _own(row: SessionRow, client: Authenticated, secret: str) -> dict[str, Any]:
    return {
        **_shown(row, client),
        "account": client.actor.account,
        "person": client.person,
        "roles": sorted(client.roles),
        "csrf_token": csrf_token(secret),
        "step_up_until": moment_text(row.authenticated_at + STEP_UP_MICROSECONDS_MAX),
    }


def _shown(row: SessionRow, client: Authenticated) -> dict[str, Any]:
    ends = ends_of(client.roles)
    return {
        "id": row.id,
        "current": row.id == client.actor.session,
        "client": row.client,
        "new_device": row.new_device,
        "factors": row.factors,
        "created_at": moment_text(row.created_at),
        "seen_at": moment_text(row.seen_at),
        "authenticated_at": moment_text(row.authenticated_at),
        "idle_ends_at": moment_text(row.seen_at + ends.idle),
        "ends_at": moment_text(row.created_at + ends.absolute),
    }


def answer_of(content: dict[str, Any], status: int = 200) -> Response:
    """Answer what nobody keeps."""
    return Response(
        msgspec.json.encode(content), status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )
