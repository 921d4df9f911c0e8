"""The school office over HTTP: an empty school is founded, and everything else comes through the public API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.testclient import TestClient

from ejd.access.secrets import new_token
from ejd.app import School, initialise, open_school
from ejd.founding import Founding, Head, cli_actor, found, named
from ejd.handling.handler import Request
from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.ids import OPERATOR
from ejd.read.rebuild import ensure_built
from ejd_commands.accounts import IssueToken
from tests.http.server import ADDRESS
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import Clock, Database, settings_of

MOSCOW = ZoneInfo("Europe/Moscow")
FOUNDED = datetime(2025, 8, 18, 9, tzinfo=MOSCOW)
HEAD = "head"
COMMANDS_AT_ONCE = 200
TOKEN_DAYS = 330
Fields = Mapping[str, Any]


@dataclass
class Office:
    """Sends commands and asks questions at moments of the year, each as somebody."""

    client: TestClient
    clock: Clock
    school: School
    tokens: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    position: int = 0
    pupils: dict[str, str] = field(default_factory=dict)
    """Ids of those whom a file brought, by name."""

    def on(self, day: date, at: time) -> None:
        """Set the clock."""
        self.clock.moment = datetime.combine(day, at, MOSCOW)

    def send(self, name: str, by: str = HEAD, **fields: Any) -> Any:
        """Send a command; what the plan says must be possible."""
        answer = self.offer(name, by, **fields)
        assert answer.status_code == 200, (name, fields, answer.text)
        self.position = answer.json()["position"]
        return answer.json()

    def offer(self, name: str, by: str = HEAD, **fields: Any) -> Any:
        """Send a command that may be refused."""
        self.sent += 1
        headers = {**self._headers(by), "Idempotency-Key": uid(f"year {self.sent}")}
        return self.client.post(f"/api/v1/commands/{name}", json=_plain(fields), headers=headers)

    def send_all(self, commands: Iterable[tuple[str, Fields]], by: str = HEAD) -> None:
        """Send many commands in few batches."""
        left = iter(commands)
        while chunk := list(islice(left, COMMANDS_AT_ONCE)):
            entries = []
            for name, fields in chunk:
                self.sent += 1
                entries.append({"command": name, "id": uid(f"year {self.sent}"), **_plain(fields)})
            answer = self.client.post("/api/v1/commands", json=entries, headers=self._headers(by))
            assert answer.status_code == 200, answer.text
            self.position = answer.json()["position"]

    def ask(self, path: str, asker: str = HEAD, **parameters: Any) -> Any:
        """Answer a report that knows everything sent so far; `class_` is the parameter class, `from_` from."""
        named_ = {key.removesuffix("_"): value for key, value in parameters.items()}
        answer = self.client.get(
            f"/api/v1{path}", params=_plain({**named_, "after": self.position}), headers=self._headers(asker)
        )
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()["report"]

    def bring_in(self, content: bytes, file_name: str, **options: Any) -> None:
        """Upload a list, look at the difference, and apply it: everything in it is new."""
        query = _plain({"kind": "roster", "file_name": file_name, "year": "2025/26", **options})
        seen = self.client.post("/api/v1/imports", params=query, content=content, headers=self._headers(HEAD)).json()
        assert (seen["changed"], seen["ended"], seen["refused"]) == (0, 0, 0), seen
        path = f"/api/v1/imports/{seen['import_id']}/apply"
        done = self.client.post(path, json={"digest": seen["digest"]}, headers=self._headers(HEAD))
        assert (done.status_code, done.json()["state"]) == (200, "applied"), done.text
        self.position = int(done.headers["Ejd-Position"])

    def ask_with_body(self, path: str, body: Fields, asker: str = HEAD) -> Any:
        """Answer a question that is asked with a body: what a change would do."""
        answer = self.client.post(
            f"/api/v1{path}", params={"after": self.position}, json=_plain(body), headers=self._headers(asker)
        )
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()["report"]

    def file(self, path: str, asker: str = HEAD, **parameters: Any) -> bytes:
        """Answer a file that knows everything sent so far."""
        named_ = {key.removesuffix("_"): value for key, value in parameters.items()}
        answer = self.client.get(
            f"/api/v1{path}", params=_plain({**named_, "after": self.position}), headers=self._headers(asker)
        )
        assert answer.status_code == 200, (path, answer.text)
        return answer.content

    def bring(self, kind: str, file_name: str, content: bytes, asker: str = HEAD) -> Any:
        """Upload a roster and apply it; what came of it is answered."""
        headers, query = self._headers(asker), {"kind": kind, "file_name": file_name}
        trial = self.client.post("/api/v1/imports", params=query, content=content, headers=headers)
        assert trial.status_code == 200, trial.text
        answer = self.client.post(
            f"/api/v1/imports/{trial.json()['import_id']}/apply",
            json={"digest": trial.json()["digest"]},
            headers=headers,
        )
        assert answer.status_code == 200, answer.text
        self.position = self.school.store.last_position()
        return answer.json()

    def give_token(self, login: str, account: str) -> None:
        """Let somebody come in: the head hands the new secret over."""
        made = new_token(lambda size: sha256(f"{login}/{size}".encode()).digest()[:size])
        ends = self.clock.moment.astimezone(UTC) + timedelta(days=TOKEN_DAYS)
        self.send(
            "issue-token", account=account, token=made.token_id, digest=made.digest, client="web", expires_at=ends
        )
        self.tokens[login] = made.text

    def _headers(self, by: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[by]}"}


def _plain(value: Any) -> Any:
    """Answer what JSON has: dates and moments as text."""
    match value:
        case date():
            return value.isoformat()
        case Mapping():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


@contextmanager
def founded(database: Database, folder: Path, postgres: PostgresDatabase | None = None) -> Iterator[Office]:
    """Found an empty school whose head has a token, and serve it."""
    settings = settings_of(database, folder, postgres)
    initialise(settings)
    clock = Clock(FOUNDED)
    school = open_school(settings, clock=clock)
    try:
        head = Head(family="Громова", given="Галина")
        found(school.handler, Founding(name="Школа на год", timezone="Europe/Moscow", head=head), clock=clock)
        made = new_token(lambda size: sha256(f"head/{size}".encode()).digest()[:size])
        command = IssueToken(
            account=named("account head"),
            token=made.token_id,
            digest=made.digest,
            client="web",
            expires_at=FOUNDED.astimezone(UTC) + timedelta(days=TOKEN_DAYS),
        )
        school.handler.handle([Request(command, uid("the head's token"))], cli_actor(OPERATOR))
        ensure_built(school.read, school.workshop, processes=1)
        log = make_log("error", StringIO())
        with TestClient(create_http(school, log=log), base_url=ADDRESS, raise_server_exceptions=False) as client:
            yield Office(client, clock, school, {HEAD: made.text})
    finally:
        school.close()
