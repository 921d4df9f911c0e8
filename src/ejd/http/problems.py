"""RFC 9457: whatever goes wrong is answered as problem+json with a stable type and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import psycopg
import sqlalchemy as sa
from eventsourcing.persistence import OperationalError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ejd.access.keys import KeyDestroyedError, KeyStoreUnavailableError
from ejd.access.passwords import HasherBusyError
from ejd.http.notes import notes_of
from ejd.http.wording import sentence_of
from ejd.kernel.command import Refusal
from ejd.kernel.conflict_words import ShownConflict
from ejd.kernel.event import UnknownEventError
from ejd.kernel.sealed import TamperedError
from ejd.read.contract import GenerationGoneError, NoGenerationError, NotYetThereError
from ejd.store import errors as store
from ejd_projections.asking import NotThereError, SelectionError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:ejd:problem:"
FIELD_ERRORS_MAX = 20
RETRY_AFTER_SECONDS = 1
TOO_SLOW, UNAVAILABLE = 408, 503


class FieldError(BaseModel):
    """One field that does not fit."""

    field: str
    message: str


class Problem(BaseModel):
    """Why a request was not done (RFC 9457); `detail` says what to do about it."""

    type: str = Field(examples=[f"{TYPE_PREFIX}cell-is-taken"], description="Stable: programs tell them apart by it.")
    title: str = Field(examples=["There is another mark in this cell."])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["this cell has 4 already: correct it with a reason"])
    field: str | None = Field(default=None, examples=["number"], description="The field that it is about.")
    command_index: int | None = Field(default=None, description="In a batch: which command, from 0.")
    errors: list[FieldError] | None = Field(default=None, description="Malformed requests: every field that is wrong.")
    conflicts: list[ShownConflict] | None = Field(
        default=None, description="timetable-has-conflicts: the first conflicts of the timetable that are errors."
    )
    conflicts_total: int | None = Field(default=None, description="How many there are.")
    conflicts_by_kind: dict[str, int] | None = Field(default=None, description="How many of each kind.")


class Malformed(Refusal):
    """The request cannot be understood."""

    status = 400

    def __init__(self, sentence: str, *, field: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        """Keep every field that is wrong."""
        super().__init__(sentence, field=field)
        self.errors = list(errors)


class Unselectable(Malformed):
    """What was asked for cannot be selected."""


class NotThere(Refusal):
    """Nothing has the id that was asked for."""

    status = 404


class NoSuchAddress(Refusal):
    """Nothing is at this address."""

    status = 404


class MethodNotAllowed(Refusal):
    """This address does not know the method."""

    status = 405


class NotAcceptable(Refusal):
    """Answers are JSON."""

    status = 406


class BodyTooSlow(Refusal):
    """The body did not come in time; nothing was stored."""

    status = TOO_SLOW


class BodyIncomplete(Refusal):
    """The client went away before its body had come; nothing was stored."""

    status = 400


class BodyTooLarge(Refusal):
    """The body is larger than one request may be."""

    status = 413


class NotJson(Refusal):
    """Requests are JSON."""

    status = 415


class OtherHttpProblem(Refusal):
    """The request cannot be answered."""

    status = 400


class Unavailable(Refusal):
    """It cannot be answered just now; the same request will do later."""

    status = UNAVAILABLE


class StoreBusy(Unavailable):
    """Too much is being written just now; nothing was stored."""


class SignInBusy(Unavailable):
    """Too many passwords are being checked just now; nothing was decided."""


class StoreUnavailable(Unavailable):
    """The database does not answer; nothing was stored."""


class OutcomeUnknown(Unavailable):
    """The database went away before it answered; the same id again answers what became of it."""


class NotThereYet(Unavailable):
    """The reports have not come to the wanted position in time."""


class ReportsNotBuilt(Unavailable):
    """The reports are being built."""


class NewerVersionNeeded(Unavailable):
    """There are events of a newer version of the service."""


class RecordDamaged(Unavailable):
    """A stored event was tampered with; what needs it cannot be answered until it is restored."""


class PersonErased(Refusal):
    """The personal data of somebody named was erased; nothing can be added to it."""

    status: ClassVar[int] = 409


class NotReady(Unavailable):
    """The service is alive but not ready."""


class InternalError(Refusal):
    """The service has a bug here; it is in its log."""

    status: ClassVar[int] = 500


def title_of(refusal: Refusal) -> str:
    """Answer the first line of the class's docstring: it says the same for every refusal of the class."""
    return (type(refusal).__doc__ or type(refusal).__name__).strip().partition("\n")[0]


def problem_of(refusal: Refusal, *, status: int | None = None, more: Mapping[str, Any] | None = None) -> Response:
    """Answer the response; 401 names the scheme, 408 ends the connection, 503 says when to try again."""
    status = status or refusal.status
    content = {
        "type": TYPE_PREFIX + refusal.slug(),
        "title": title_of(refusal),
        "status": status,
        "detail": refusal.sentence,
        "field": refusal.field,
        "command_index": refusal.command_index,
        "errors": [one.model_dump() for one in getattr(refusal, "errors", ())] or None,
        **refusal.more,
        **(more or {}),
    }
    body = msgspec.json.encode({key: value for key, value in content.items() if value is not None})
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004 - RFC 9110: who is not known is told how to make himself known
        headers["WWW-Authenticate"] = 'Bearer realm="ejd"'
    if status == TOO_SLOW:  # RFC 9110: else the rest of the body could go on trickling in
        headers["Connection"] = "close"
    if status == UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    wait_seconds = getattr(refusal, "retry_after_seconds", None)
    if wait_seconds is not None:
        headers["Retry-After"] = str(wait_seconds)
    return Response(body, status, headers, MEDIA_TYPE)


def malformed(errors: Sequence[Mapping[str, Any]], *, skip: int = 0) -> Malformed:
    """Answer pydantic's errors as one refusal; what was sent is never repeated: it may be personal data.

    `skip` leaves out the first parts of each place ("body", "query").
    """
    found = []
    for error in errors[:FIELD_ERRORS_MAX]:
        field = ".".join(str(part) for part in error["loc"][skip:])
        found.append(FieldError(field=field, message=sentence_of(error)))
    first = found[0] if found else FieldError(field="", message="it cannot be read")
    where = f"{first.field}: " if first.field else ""
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return Malformed(f"{where}{first.message}{more}", field=first.field or None, errors=found)


def unavailable(_error: Exception) -> Refusal:
    """Answer for a database that is away."""
    return StoreUnavailable("the database does not answer: try again in a moment")


TRANSLATIONS: Mapping[type[Exception], Callable[[Any], Refusal]] = {
    store.BadCommitError: lambda e: Malformed(str(e)),
    store.StoreBusyError: lambda _: StoreBusy("others are writing: send the same request again in a moment"),
    store.StoreUnavailableError: unavailable,
    store.StoreClosedError: lambda _: StoreUnavailable("the service is going down: try again in a moment"),
    store.CommitUnknownError: lambda _: OutcomeUnknown("send the same request with the same id again: it decides"),
    HasherBusyError: lambda _: SignInBusy("many people are signing in just now: try again in a moment"),
    KeyStoreUnavailableError: unavailable,
    KeyDestroyedError: lambda e: PersonErased(f"{e}: leave the person out"),
    TamperedError: lambda e: RecordDamaged(str(e)),
    psycopg.OperationalError: unavailable,
    OperationalError: unavailable,
    sa.exc.OperationalError: unavailable,
    sa.exc.TimeoutError: unavailable,
    NotYetThereError: lambda e: NotThereYet(f"{e}: the position asked for is not in the reports yet", field="after"),
    NoGenerationError: lambda _: ReportsNotBuilt("the reports are being built: try again in a moment"),
    UnknownEventError: lambda e: NewerVersionNeeded(str(e)),
    GenerationGoneError: lambda _: ReportsNotBuilt("the reports were built anew meanwhile: ask again"),
    NotThereError: lambda e: NotThere(e.sentence, field=e.field),
    SelectionError: lambda e: Unselectable(e.sentence, field=e.field),
}
"""What other layers raise, as refusals."""


def refusal_of(error: Exception) -> Refusal | None:
    """Answer the refusal that an error stands for; None: it is a bug."""
    if isinstance(error, Refusal):
        return error
    for kind, translate in TRANSLATIONS.items():
        if isinstance(error, kind):
            return translate(error)
    return None


def _of_http(error: HTTPException) -> Refusal:
    match error.status_code:
        case 404:
            return NoSuchAddress("nothing is at this address: see /docs for what there is")
        case 405:
            allowed = (error.headers or {}).get("Allow", "")
            return MethodNotAllowed(f"use {allowed} here" if allowed else "use another method here")
        case _:
            return OtherHttpProblem(str(error.detail))


def install(app: FastAPI) -> None:
    """Have every refusal and every known error answered as a problem."""

    def answer(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        assert refusal is not None, "only what has a translation is handled here"  # noqa: S101 - invariant
        notes_of(request.scope).outcome = refusal.slug()
        return problem_of(refusal)

    def answer_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
        return answer(request, malformed(error.errors(), skip=1))

    def answer_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
        refusal = _of_http(error)
        notes_of(request.scope).outcome = refusal.slug()
        response = problem_of(refusal, status=error.status_code)
        response.headers.update(error.headers or {})
        return response

    kinds: list[type[Exception]] = [Refusal, *TRANSLATIONS]
    for kind in kinds:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(HTTPException, answer_http)
