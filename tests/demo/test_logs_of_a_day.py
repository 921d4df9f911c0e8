"""A day of the demonstration school over HTTP, with refusals, attacks and a bug: its logs hold nobody and no secret."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ejd.access.secrets import new_token
from ejd.app import School, initialise, opened
from ejd.demo.build import build_demo
from ejd.demo.report import DemoReport
from ejd.demo.shape import SMALL, TIMEZONE
from ejd.founding import cli_actor
from ejd.handling.handler import Handler, Request
from ejd.http import questions
from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor
from ejd.kernel.envelope import Answer, Recorded, Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.ids import OPERATOR
from ejd.kernel.sealed import Sealed
from ejd.kernel.titles import name_from_text
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from ejd_commands.accounts import IssueToken
from ejd_projections.account_holders import account_holders
from ejd_projections.people import persons
from tests.http.server import ADDRESS

THE_DAY = date(2026, 9, 10)
PASSWORD = "лиловый жираф читает газету"
TEXT_CHARACTERS_MIN = 4
"""Shorter texts ("м", "А.") stand in any log by chance."""


@dataclass
class OverHttp:
    """Stands in for the handler of the demonstration: what happens on THE_DAY is sent over HTTP by who does it."""

    handler: Handler
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    @property
    def states(self) -> Any:
        """Those of the handler."""
        return self.handler.states

    @property
    def store(self) -> Any:
        """That of the handler."""
        return self.handler.store

    def handle(self, requests: Sequence[Request], actor: Actor, *, batch_id: str = "", at: int | None = None) -> Answer:
        """Send what belongs to the day as HTTP requests, everything else as usual."""
        if at is None or local_day(at, TIMEZONE) != THE_DAY:
            return self.handler.handle(requests, actor, batch_id=batch_id, at=at)
        moment = datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()
        headers = {"Authorization": f"Bearer {self.token(actor.account, at)}", "Ejd-Simulated-Time": moment}
        parts = [(one.command.name, one.command.model_dump(mode="json"), one.command_id) for one in requests]
        if len(parts) == 1:
            name, body, command_id = parts[0]
            headers["Idempotency-Key"] = command_id
            answered = self.client.post(f"/api/v1/commands/{name}", json=body, headers=headers)
        else:
            batch = [{"command": name, "id": command_id, **body} for name, body, command_id in parts]
            answered = self.client.post(
                "/api/v1/commands", json=batch, headers={**headers, "Idempotency-Key": batch_id}
            )
        assert answered.status_code == 200, answered.text
        self.sent += [name for name, _, _ in parts]
        self.bodies += [body for _, body, _ in parts]
        ids = [one.command_id for one in requests]
        found = self.handler.store.find_answer(actor.account, batch_id if len(ids) > 1 else ids[0])
        return found or Answer(position=answered.json()["position"] or 0, events=(), recorded_at=at)

    def token(self, account: str, at: int) -> str:
        """Answer a token of an account, issued when it is first needed."""
        if account not in self.tokens:
            made = new_token(os.urandom)
            end = datetime.now(UTC) + timedelta(days=300)
            command = IssueToken(account=account, token=made.token_id, digest=made.digest, client="day", expires_at=end)
            self.handler.handle([Request(command, str(uuid4()))], cli_actor(OPERATOR), at=at)
            self.tokens[account] = made.text
        return self.tokens[account]


@dataclass
class Day:
    """What happened on the day, and everything that was said to any log."""

    school: School
    report: DemoReport
    over: OverHttp
    log: StringIO
    others: StringIO
    secrets: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The demonstration with one day over HTTP, everything said to structlog and to Python's own logging kept."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("day") / "school")
    initialise(settings)
    log, others = StringIO(), StringIO()
    handler = logging.StreamHandler(others)
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the tests' own client
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with opened(settings) as school:
            app = create_http(school, feed=False, log=make_log("debug", log))
            with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
                over = OverHttp(school.handler, client)
                report = build_demo(replace(school, handler=over), shape=SMALL)  # type: ignore[arg-type]
                ensure_built(school.read, school.workshop, processes=1)
                school.feeder.run_to_end()
                lived = Day(school, report, over, log, others)
                read_and_refused(lived)
                signed_in(lived)
                yield lived
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def read_and_refused(day: Day) -> None:
    """Ask every question as everybody, and send what is refused, with names wherever a client can put some."""
    client, name = day.over.client, some_name(day.school)
    for role, token in day.report.tokens.items():
        day.secrets.append(token)
        headers = {"Authorization": f"Bearer {token}"}
        for question in questions.QUESTIONS:
            client.get(f"/api/v1{question.path}", headers=headers)
            client.get(f"/api/v1{question.path}", params={"class": name, "teacher": name}, headers=headers)
        for path in (
            f"/people/{name}",
            f"/people/{name}/data",
            "/events",
            "/erasures",
            "/outbox",
            "/audit/corrections",
        ):
            client.get(f"/api/v1{path}", headers=headers)
        client.post("/api/v1/commands/enrol-pupil", json={"family": name, "pupil": name, role: name}, headers=headers)
        client.post("/api/v1/commands/enrol-pupil", content=f'{{"family": "{name}"'.encode(), headers=headers)
        client.post(f"/api/v1/commands/{name}", json={}, headers={**headers, "Idempotency-Key": name.encode().hex()})
    client.get("/api/v1/school", headers={"Authorization": "Bearer ejd_0123456789abcdef_" + "a" * 64})
    client.get(f"/{name}?token={day.secrets[0]}", headers={"X-Request-Id": day.secrets[0]})


def some_name(school: School) -> str:
    """Answer the name of somebody of the school."""
    with school.read.snapshot() as snapshot:
        return str(snapshot.connection.execute(sa.select(persons.c.family).limit(1)).scalar_one())


def signed_in(day: Day) -> None:
    """Have a teacher sign in for the first time, by a wrong and by the right code and password, and look around."""
    school, client = day.school, day.over.client
    account = school.authentication.by_token(day.report.tokens["teacher"]).actor.account
    with school.read.snapshot() as snapshot:
        login = snapshot.connection.execute(
            sa.select(account_holders.c.login).where(account_holders.c.stream == account)
        ).scalar_one()
    giver = Actor(OPERATOR, str(uuid4()), "tests")
    (issued,) = school.signing.issue_codes(giver, [account], days=7)
    page = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    statuses = []
    for path, body in (
        ("first-sign-in", {"login": login, "code": "ABCD-EFGH-JKLM", "password": PASSWORD}),
        ("first-sign-in", {"login": login, "code": issued.code, "password": PASSWORD}),
        ("sign-in", {"login": login, "password": PASSWORD.upper()}),
        ("sign-in", {"login": login, "password": PASSWORD}),
    ):
        answered = client.post(f"/api/v1/{path}", json=body, headers=page)
        statuses.append(answered.status_code)
        day.secrets += [*answered.cookies.values(), *([answered.json()["csrf_token"]] if answered.is_success else [])]
        client.get("/api/v1/session", headers=page)
    assert statuses[1] == statuses[3] == 200, statuses
    day.secrets += [PASSWORD, PASSWORD.upper(), issued.code, login]


def test_the_day_was_a_day(day: Day) -> None:
    assert len(day.over.sent) >= 30
    assert {"save-lesson"} <= set(day.over.sent)
    assert len(day.over.tokens) >= 5
    lines = [json.loads(line) for line in day.log.getvalue().splitlines()]
    statuses = {line["status"] for line in lines if line["event"] == "request"}
    assert {200, 400, 401, 403, 404} <= statuses
    assert len(lines) > 300


def test_no_name_contact_date_or_free_text_stands_in_any_log(day: Day) -> None:
    said = (day.log.getvalue() + day.others.getvalue()).casefold()
    known = texts_of(day.school)
    assert len(known) > 150
    assert [one for one in known if one.casefold() in said] == []
    assert not any("а" <= letter <= "я" for letter in day.log.getvalue().casefold()), "nothing in Russian at all"


def test_nothing_that_was_sent_stands_in_any_log(day: Day) -> None:
    said = day.log.getvalue() + day.others.getvalue()
    words = {
        text for body in day.over.bodies for text in strings_in(body) if any("а" <= c <= "я" for c in text.lower())
    }
    assert len(words) >= 10
    assert [one for one in words if one in said] == []


def test_no_token_password_or_cookie_stands_in_any_log(day: Day) -> None:
    said = day.log.getvalue() + day.others.getvalue()
    secrets = [*day.secrets, *day.over.tokens.values()]
    assert len(secrets) > 10
    parts = {part for one in secrets for part in (one, one.rpartition("_")[2]) if len(part) >= TEXT_CHARACTERS_MIN}
    assert [one for one in parts if one in said] == []


def test_a_bug_says_where_and_not_about_whom(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    name = some_name(day.school)

    def broken(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError(f"{name} broke it")

    monkeypatch.setattr(day.school.read, "snapshot", broken)
    token = next(iter(day.report.tokens.values()))
    answered = day.over.client.get("/api/v1/school", headers={"Authorization": f"Bearer {token}"})
    assert answered.status_code == 500
    assert name not in answered.text + day.log.getvalue() + day.others.getvalue()
    assert '"error": "RuntimeError"' in day.log.getvalue()


def texts_of(school: School) -> set[str]:
    """Answer every name, contact, birth date and free text that the school has sealed, in its parts."""
    found: set[str] = set()
    for meta in all_events(school):
        event = CATALOGUE.decode(meta.name, meta.state)
        for name in event.__struct_fields__:
            box = getattr(event, name)
            if isinstance(box, Sealed):
                field_name = f"{meta.name.partition('/')[0]}.{name}"
                text = school.read.folding.unseal(box, field_name, Ref(meta.stream, meta.version)) or ""
                found.update(_parts(name, text))
    return {one for one in found if len(one) >= TEXT_CHARACTERS_MIN}


def all_events(school: School) -> Iterator[Recorded]:
    """Yield every event."""
    after = 0
    while page := school.store.read_page(after, 5_000):
        yield from page
        after = page[-1].position


def _parts(name: str, text: str) -> Iterator[str]:
    match name:
        case "name":
            parts = name_from_text(text)
            yield from (parts.family, parts.given, parts.middle)
        case "contacts":
            yield from (one for one in json.loads(text).values() if one)
        case _:
            yield text


def strings_in(value: Any) -> Iterator[str]:
    """Yield every text of JSON."""
    match value:
        case dict():
            for one in value.values():
                yield from strings_in(one)
        case list():
            for one in value:
                yield from strings_in(one)
        case str() if len(value) >= TEXT_CHARACTERS_MIN:
            yield value
