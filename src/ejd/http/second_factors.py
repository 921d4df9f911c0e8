"""Second factors: showing one, and the owner's own: an app, keys of devices, recovery codes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel, Field, SecretStr, StringConstraints

from ejd.access.codes import CODE_CHARACTERS_MAX
from ejd.handling.authentication import Authenticated
from ejd.http.contract import SchoolService
from ejd.http.cookies import page_of, visitor_of
from ejd.http.moments import moment_text
from ejd.http.problems import Malformed
from ejd.http.routes import add_question, problems
from ejd.http.signing import (
    STATUSES,
    TAG,
    OpenRoute,
    OwnRoute,
    OwnSession,
    Secret,
    SecretBody,
    answer_of,
    opened_answer,
    own,
)
from ejd.http.signing import Shown as Password
from ejd.signing.factors import Begin, Shown
from ejd.signing.second import SecondStep
from ejd_commands.factors import FACTORS_MAX
from ejd_commands.fields import Id

PASSKEY_FIELDS_MAX = 10
TICKET_CHARACTERS = 64
TITLE_CHARACTERS_MAX = 60

Ticket = Annotated[SecretStr, Field(min_length=TICKET_CHARACTERS, max_length=TICKET_CHARACTERS)]
AppCode = Annotated[SecretStr, Field(min_length=6, max_length=12, description="Six digits that the app shows now.")]
Passkey = Annotated[
    dict[str, Any], Field(max_length=PASSKEY_FIELDS_MAX, description="What navigator.credentials answered, as JSON.")
]


class ShowFactor(SecretBody):
    """One of the three, with the ticket of sign-in or step-up."""

    ticket: Ticket
    code: AppCode | None = None
    recovery: Annotated[SecretStr, Field(min_length=1, max_length=CODE_CHARACTERS_MAX)] | None = None
    passkey: Passkey | None = None


class NewFactor(SecretBody):
    """What the app or the key showed, with the ticket that began it; `title` is for the owner's list."""

    ticket: Ticket
    title: Annotated[str, StringConstraints(min_length=1, max_length=TITLE_CHARACTERS_MAX, strip_whitespace=True)]
    code: AppCode | None = None
    passkey: Passkey | None = None


class RemovedFactor(SecretBody):
    """The password, shown again."""

    password: Secret


class OneFactor(BaseModel):
    """One second factor."""

    factor: str = Field(json_schema_extra={"format": "uuid"})
    kind: str = Field(description="totp: an app shows codes; passkey: a key of a device.")
    title: str
    created_at: str


class OwnFactors(BaseModel):
    """The own second factors, and how many recovery codes are left."""

    factors: list[OneFactor]
    recovery_codes: int


class NewApp(BaseModel):
    """The secret for an app, and the address that a QR code holds; add it with the ticket and the code it shows."""

    ticket: str
    secret: str
    uri: str


class NewKey(BaseModel):
    """Options for navigator.credentials.create; add the key with the ticket and what that answered."""

    ticket: str
    passkey: dict[str, Any]


class AddedFactor(OwnSession):
    """The session goes on; recovery codes are shown here once, with the first factor."""

    factor: str = Field(json_schema_extra={"format": "uuid"})
    recovery_codes: list[str]


class NewCodes(BaseModel):
    """Each opens once instead of the device; shown here once. Those before count no longer."""

    recovery_codes: list[str]


def add_second_factors(app: FastAPI, school: SchoolService) -> None:
    """Add the routes."""
    step = SecondStep(school.signing)
    _add_showing(app, school, step)
    _add_beginning(app, step)
    _add_own(app, school, step)


def _add_showing(app: FastAPI, school: SchoolService, step: SecondStep) -> None:
    def second_factor(request: Request, body: ShowFactor) -> Response:
        shown = _shown(body.code, body.recovery, body.passkey)
        return opened_answer(school, request, step.finish(body.ticket.get_secret_value(), shown, visitor_of(request)))

    add_question(
        app,
        name="second-factor",
        path="/second-factor",
        endpoint=second_factor,
        model=OwnSession,
        responses=problems(*STATUSES, 409),
        tag=TAG,
        description="Show the second factor after `sign-in`, `first-sign-in` or `step-up` answered 202.",
        route=OpenRoute,
        method="POST",
    )


def _add_beginning(app: FastAPI, step: SecondStep) -> None:
    def begin_totp(body: Password, client: Annotated[Authenticated, Depends(own("begin-totp"))]) -> Response:
        begun = step.begin_totp(client, body.password.get_secret_value())
        return answer_of({"ticket": begun.ticket, "secret": begun.secret, "uri": begun.uri})

    def begin_passkey(
        request: Request, body: Password, client: Annotated[Authenticated, Depends(own("begin-passkey"))]
    ) -> Response:
        begun: Begin = step.begin_passkey(client, body.password.get_secret_value(), page_of(request))
        return answer_of({"ticket": begun.ticket, "passkey": begun.passkey})

    common: dict[str, Any] = {"app": app, "tag": TAG, "method": "POST", "route": OwnRoute}
    add_question(
        name="begin-totp",
        path="/second-factors/totp",
        endpoint=begin_totp,
        model=NewApp,
        responses=problems(*STATUSES),
        description="Begin to add an app that shows codes (RFC 6238).",
        **common,
    )
    add_question(
        name="begin-passkey",
        path="/second-factors/passkey",
        endpoint=begin_passkey,
        model=NewKey,
        responses=problems(*STATUSES),
        description="Begin to add a key of a device (WebAuthn).",
        **common,
    )


def _add_own(app: FastAPI, school: SchoolService, step: SecondStep) -> None:
    def second_factors(client: Annotated[Authenticated, Depends(own("second-factors"))]) -> Response:
        found = step.own(client)
        factors = [{**one._asdict(), "created_at": moment_text(one.created_at)} for one in found.factors]
        return answer_of({"factors": factors, "recovery_codes": found.recovery_codes})

    def add_factor(
        request: Request, body: NewFactor, client: Annotated[Authenticated, Depends(own("add-second-factor"))]
    ) -> Response:
        school.signing.session_of(client)
        shown = _shown(body.code, None, body.passkey)
        added = step.add(client, body.ticket.get_secret_value(), body.title, shown, visitor_of(request))
        return opened_answer(school, request, added.opened, factor=added.factor, recovery_codes=added.recovery_codes)

    def renew(body: Password, client: Annotated[Authenticated, Depends(own("recovery-codes"))]) -> Response:
        return answer_of({"recovery_codes": step.renew_recovery_codes(client, body.password.get_secret_value())})

    def remove(
        request: Request,
        factor: Annotated[Id, Path(description="As `second-factors` answers it.")],
        body: RemovedFactor,
        client: Annotated[Authenticated, Depends(own("remove-second-factor"))],
    ) -> Response:
        opened = step.remove(client, body.password.get_secret_value(), factor, visitor_of(request))
        return opened_answer(school, request, opened)

    common: dict[str, Any] = {"app": app, "tag": TAG, "route": OwnRoute}
    add_question(
        name="second-factors",
        path="/second-factors",
        endpoint=second_factors,
        model=OwnFactors,
        responses=problems(400, 401, 403, 406, 503),
        description=f"The own second factors, at most {FACTORS_MAX}.",
        **common,
    )
    add_question(
        name="add-second-factor",
        path="/second-factors",
        endpoint=add_factor,
        model=AddedFactor,
        responses=problems(*STATUSES, 409),
        description="Add what was begun. Every other session ends.",
        method="POST",
        **common,
    )
    add_question(
        name="recovery-codes",
        path="/second-factors/recovery-codes",
        endpoint=renew,
        model=NewCodes,
        responses=problems(*STATUSES),
        description="Make new recovery codes.",
        method="POST",
        **common,
    )
    add_question(
        name="remove-second-factor",
        path="/second-factors/{factor}/remove",
        endpoint=remove,
        model=OwnSession,
        responses=problems(*STATUSES, 404, 409),
        description="Remove a second factor. Every other session ends; the last one stays where the role demands one.",
        method="POST",
        **common,
    )


def _shown(code: SecretStr | None, recovery: SecretStr | None, passkey: dict[str, Any] | None) -> Shown:
    """Answer the one thing that is shown; raises Malformed for none, or several."""
    if [code, recovery, passkey].count(None) != 2:  # noqa: PLR2004 - all but one
        raise Malformed("show one thing: a code, a recovery code, or a passkey")
    return Shown(
        code.get_secret_value() if code is not None else "",
        recovery.get_secret_value() if recovery is not None else "",
        passkey,
    )
