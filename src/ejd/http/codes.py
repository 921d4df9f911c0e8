"""One-time codes for a person or a class, answered once to whoever prints them; the tokens of an account."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ejd.access.reading import ADMINISTRATION
from ejd.handling.authentication import Authenticated
from ejd.http.asking import QuestionParameters
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.problems import NotThere
from ejd.http.routes import add_question, problems
from ejd.http.signing import TAG, own
from ejd.kernel.calendar import local_day
from ejd.kernel.command import NotAllowed
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState
from ejd.kernel.states.teaching import ClassState
from ejd.kernel.titles import sort_key
from ejd.signing.service import CODES_AT_ONCE_MAX, Issued
from ejd_commands.credentials import CODE_DAYS_MAX
from ejd_commands.fields import Id
from ejd_projections.memberships import class_members_on
from ejd_projections.people import guardianships_on, names

CODE_DAYS = 14
"""Time to hand the sheet out at a meeting of parents, and for the first evening at home."""


class Codes(BaseModel):
    """For whom: accounts, or all pupils of a class (or who acts for them) who have no password yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: Annotated[tuple[Id, ...], Field(max_length=CODES_AT_ONCE_MAX)] = ()
    class_id: Id | None = None
    whom: Literal["pupils", "guardians"] = "pupils"
    days: Annotated[int, Field(ge=1, le=CODE_DAYS_MAX, description="Until the codes end.")] = CODE_DAYS
    starts_over: Annotated[
        bool, Field(description="The owner lost the second factor: once the code is used, there is none any more.")
    ] = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Codes:
        if bool(self.accounts) == (self.class_id is not None):
            msg = "name accounts, or a class"
            raise ValueError(msg)
        return self


class PrintedCode(BaseModel):
    """One code: it is answered here and never again."""

    account: str = Field(json_schema_extra={"format": "uuid"})
    login: str
    person: str
    name: str
    code_id: str
    code: str = Field(examples=["k7md-2wxe-9fpn"])
    expires_at: str = Field(json_schema_extra={"format": "date-time"})


class LeftOut(BaseModel):
    """Somebody of the class who got no code."""

    person: str
    name: str
    why: Literal["no-account", "has-password", "locked"]


class PrintedCodes(BaseModel):
    """In the order of names."""

    codes: list[PrintedCode]
    left_out: list[LeftOut]


class TokensParameters(QuestionParameters):
    """Whose."""

    account: Annotated[Id | None, Field(description="Another account than the own: head and technical support.")] = None


class OneToken(BaseModel):
    """One token that may be used; the secret is known to its owner only."""

    token: str
    client: str
    scopes: list[str]
    expires_at: str = Field(json_schema_extra={"format": "date-time"})
    last_used_on: str | None = Field(description="The day; None: never.")
    current: bool = Field(description="The request came with it.")


class Tokens(BaseModel):
    """The first to end first."""

    tokens: list[OneToken]


def add_codes(app: FastAPI, school: SchoolService) -> None:
    """Add the routes."""

    def issue_codes(body: Codes, client: Annotated[Authenticated, Depends(own("issue-codes"))]) -> Response:
        chosen = Chosen(school, client, body)
        issued: list[Issued] = []
        if chosen.accounts:
            issued = school.signing.issue_codes(
                client.actor, chosen.accounts, days=body.days, starts_over=body.starts_over
            )
        return _answer(chosen.shown(issued))

    def tokens(
        query: Annotated[TokensParameters, Query()], client: Annotated[Authenticated, Depends(own("tokens"))]
    ) -> Response:
        account = query.account or client.actor.account
        if account != client.actor.account and client.roles.isdisjoint({"head", "support"}):
            raise NotAllowed("tokens of another account are seen by head and technical support: leave the account out")
        state = school.states.fresh(AccountState, account)
        if state.opened is None:
            raise NotThere(f"there is no account {account}: check the id", field="account")
        return _answer({"tokens": _tokens(school, client, state)})

    add_question(
        app,
        name="issue-codes",
        path="/codes",
        endpoint=issue_codes,
        model=PrintedCodes,
        responses=problems(400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 503),
        tag=TAG,
        description="Make one-time codes to print and hand out in person. Each is answered once; one that gets lost is"
        " replaced by another. Of a class only those get one who have no password yet.",
        method="POST",
    )
    add_question(
        app,
        name="tokens",
        path="/tokens",
        endpoint=tokens,
        model=Tokens,
        responses=problems(400, 401, 403, 404, 406, 503),
        tag=TAG,
        description="The tokens of the own account, or of another one: scopes, end, last day of use.",
    )


class Chosen:
    """Who gets a code, by account, and who does not."""

    def __init__(self, school: SchoolService, client: Authenticated, body: Codes) -> None:
        """Look everybody up; raises NotThere and NotAllowed for a class that is not there, or not the own one."""
        self._school = school
        self.accounts: list[str] = list(body.accounts)
        self._persons: dict[str, str] = {}
        self._left_out: list[tuple[str, str]] = []
        if body.class_id is not None:
            day = local_day(school.clock(), school.states.load(SchoolState, SCHOOL).timezone)
            self._check_class(client, body.class_id, day)
            self._choose(body.class_id, body.whom, day.isoformat())
        for account, state in school.states.load_many(AccountState, self.accounts).items():
            if state.opened is not None:
                self._persons[account] = state.opened.person
        self._names = self._named({*self._persons.values(), *(person for person, _ in self._left_out)})

    def _check_class(self, client: Authenticated, class_id: str, day: date) -> None:
        state = self._school.states.fresh(ClassState, class_id)
        if state.formed is None:
            raise NotThere(f"there is no class {class_id}: check the id", field="class_id")
        began = [starts for starts in state.teachers if starts <= day]
        teacher = state.teachers[max(began)] if began else ""
        if client.roles.isdisjoint(ADMINISTRATION) and (not client.person or client.person != teacher):
            raise NotAllowed("codes for a class are made by its class teacher, head and deputy head")

    def _choose(self, class_id: str, whom: str, day: str) -> None:
        with self._school.read.snapshot() as snapshot:
            c = snapshot.connection
            persons = [one.pupil for one in class_members_on(c, day=day, classes=[class_id])]
            if whom == "guardians":
                pupils = set(persons)
                acting = [one.stream for one in guardianships_on(c, day) if one.pupil in pupils]
                persons = list(dict.fromkeys(acting))
        for person in persons:
            accounts = self._school.store.streams_of_persons([person], "account")
            states = self._school.states.fresh_many(AccountState, accounts)
            opened = [one for one in accounts if states[one].opened is not None]
            if not opened:
                self._left_out.append((person, "no-account"))
            elif any(states[one].password is not None for one in opened):
                self._left_out.append((person, "has-password"))
            elif states[opened[0]].locked:
                self._left_out.append((person, "locked"))
            else:
                self.accounts.append(opened[0])

    def _named(self, persons: set[str]) -> dict[str, str]:
        with self._school.read.snapshot() as snapshot:
            return names(snapshot.connection, sorted(persons - {""}))

    def shown(self, issued: list[Issued]) -> dict[str, Any]:
        """Answer the codes with the names to print, in their order."""
        codes = [
            {
                "account": one.account,
                "login": one.login,
                "person": self._persons.get(one.account, ""),
                "name": self._names.get(self._persons.get(one.account, ""), ""),
                "code_id": one.code_id,
                "code": one.code,
                "expires_at": moment_text(one.expires_at),
            }
            for one in issued
        ]
        left = [{"person": one, "name": self._names.get(one, ""), "why": why} for one, why in self._left_out]
        return {"codes": sorted(codes, key=_by_name), "left_out": sorted(left, key=_by_name)}


def _by_name(row: dict[str, Any]) -> tuple[str, str]:
    return sort_key(row["name"]), row["person"]


def _tokens(school: SchoolService, client: Authenticated, state: AccountState) -> list[dict[str, Any]]:
    now = school.clock()
    valid = sorted((one.expires_at, token) for token, one in state.tokens.items() if one.expires_at > now)
    used = school.signing.tables.last_uses([token for _, token in valid])
    return [
        {
            "token": token,
            "client": state.tokens[token].client,
            "scopes": list(state.tokens[token].scopes),
            "expires_at": moment_text(ends),
            "last_used_on": used.get(token),
            "current": token == client.actor.session,
        }
        for ends, token in valid
    ]


def _answer(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})
