"""Real server processes under a clock that the test sets, and clients that mean no good, or know no better."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from ejd.access.secrets import new_token
from tests.breach_story import MOSCOW, at
from tests.http.clocked import set_clock
from tests.postgres import PostgresDatabase
from tests.reliability.kill_server import free_port
from tests.schools import LOGINS, Database, make_school

T = TypeVar("T")
READY_SECONDS_MAX = 120.0
REQUEST_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
UNAUTHORIZED = 401
OF_THE_REQUEST = frozenset({"position", "request_id", "instance"})
"""Fields that differ between two answers that say the same."""
SATURDAY = 5
ACCOUNTS = {login: account for login, (account, _, _) in LOGINS.items()}
Found = tuple[int, Any]
"""Status and JSON."""


@dataclass
class Attack:
    """The tiny school served by processes; requests go round among them. No answer may ever be a 5xx."""

    ports: list[int]
    tokens: dict[str, str]
    clock: Path
    now: datetime
    sent: int = 0
    faults: list[str] = field(default_factory=list)

    def morning(self) -> date:
        """Go on to eight o'clock of the next school day, when the owners have their accounts again; answer the day."""
        day = self.now.astimezone(MOSCOW).date() + timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
        self.stand(at(8, day=day))
        for breach in self.report("head", "/breaches", limit=1_000)["breaches"]:
            if breach["reset_at"] is None:
                self.done("helper", "reset-credentials", breach=breach["id"])
        for login in ("ada", "boris"):
            if self.get(login, "/school")[0] == UNAUTHORIZED:
                self.renew(login, ACCOUNTS[login])
        return day

    def stand(self, moment: datetime) -> None:
        """Set the clock of all processes; it goes on only."""
        assert moment >= self.now, "time runs backwards"
        self.now = moment
        set_clock(self.clock, moment)

    def request(self, method: str, path: str, login: str, body: Any = None, **headers: str) -> Found:
        """Send one request to the next process; bytes go as they are."""
        self.sent += 1
        port = self.ports[self.sent % len(self.ports)]
        headers = {"Authorization": f"Bearer {self.tokens[login]}", **headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS_MAX)) as connection:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            found = answer.status, json.loads(answer.read())
        if found[0] >= 500 and found[1]["type"] != "urn:ejd:problem:not-there-yet":
            self.faults.append(f"{method} {path} {body}: {found}")
        return found

    def send(self, login: str, name: str, key: str = "", /, **fields: Any) -> Found:
        """Send a command under a key of its own unless one is given; moments and days as text."""
        body = {one: value.isoformat() if hasattr(value, "isoformat") else value for one, value in fields.items()}
        return self.request("POST", f"/api/v1/commands/{name}", login, body, **{"Idempotency-Key": key or str(uuid4())})

    def done(self, login: str, name: str, key: str = "", /, **fields: Any) -> list[str]:
        """Send a command that must do something, and answer the types of its events."""
        status, answer = self.send(login, name, key, **fields)
        assert status == 200, answer
        assert answer["events"]
        return [event["type"] for event in answer["events"]]

    def refused(self, login: str, name: str, slug: str, /, **fields: Any) -> str:
        """Send a command that must be refused with this problem, and answer its sentence."""
        found = self.send(login, name, **fields)
        assert said(found) == slug, found
        assert found[0] < 500
        return str(found[1]["detail"])

    def batch(self, login: str, *entries: dict[str, Any]) -> Found:
        """Send commands at once, each under an id of its own."""
        return self.request("POST", "/api/v1/commands", login, [{"id": str(uuid4()), **entry} for entry in entries])

    def get(self, login: str, path: str, **parameters: Any) -> Found:
        """Ask a question."""
        query = urlencode({key.rstrip("_"): value for key, value in parameters.items()})
        return self.request("GET", f"/api/v1{path}{'?' if query else ''}{query}", login)

    def report(self, login: str, path: str, **parameters: Any) -> Any:
        """Ask a question that has everything stored so far."""
        status, answer = self.get(login, path, after=self.position(), **parameters)
        assert status == 200, answer
        return answer["report"]

    def heard(self, path: str, login: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """Ask for a path as it is, and answer status, text and ETag without what differs between equal answers.

        Of a workbook or an archive the text is what lies in it.
        """
        self.sent += 1
        port = self.ports[self.sent % len(self.ports)]
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS_MAX)) as connection:
            connection.request(method, path, headers={"Authorization": f"Bearer {self.tokens[login]}", **headers})
            answer = connection.getresponse()
            text = _text_of(answer.read())
            if "json" in answer.headers["content-type"]:
                found = {key: value for key, value in json.loads(text).items() if key not in OF_THE_REQUEST}
                text = json.dumps(found, ensure_ascii=False, sort_keys=True)
            if answer.status >= 500 and "not-there-yet" not in text:
                self.faults.append(f"{method} {path}: {text[:500]}")
            return answer.status, text, answer.headers.get("etag", "")

    def position(self) -> int:
        """Answer the last position of the store."""
        return int(self.request("GET", "/readyz", "head")[1]["last_position"])

    def renew(self, login: str, account: str) -> None:
        """Give an account a token: the head may for every account."""
        made = new_token(os.urandom)
        fields = {"account": account, "token": made.token_id, "digest": made.digest, "client": "web"}
        self.done("head", "issue-token", **fields, expires_at=self.now + timedelta(days=100))
        self.tokens[login] = made.text


def _text_of(content: bytes) -> str:
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(BytesIO(content)) as packed:
        return "\n".join(packed.read(name).decode() for name in sorted(packed.namelist()))


def said(found: Found) -> str:
    """Answer what came of a command in one word: done, same (it was so), or the problem's type."""
    status, answer = found
    if status != 200:
        return str(answer["type"]).rpartition(":")[2]
    return "done" if answer["events"] else "same"


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Call all of them at the same moment, each in a thread."""
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], T]) -> T:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


@contextmanager
def attacked(
    database: Database, folder: Path, place: PostgresDatabase | None, *, processes: int, timezone: str = "Europe/Moscow"
) -> Iterator[Attack]:
    """Serve the tiny school; at the end nothing was a 5xx, and no log has a traceback."""
    clock = folder / "clock"
    tiny = make_school(database, folder, place, timezone=timezone)
    tiny.school.close()
    attack = Attack([free_port() for _ in range(processes)], dict(tiny.tokens), clock, at(12))
    attack.stand(at(12))
    names = {"EJD_DATA_DIR": str(tiny.settings.data_dir), "EJD_SCHOOL": tiny.settings.school}
    if tiny.settings.database_url is not None:
        names["EJD_DATABASE_URL"] = tiny.settings.database_url
    logs = [folder / f"server {port}.log" for port in attack.ports]
    with ExitStack() as stack:
        for port, log in zip(attack.ports, logs, strict=True):
            stack.enter_context(_process(port, clock, log, {**os.environ, **names}))
        for port, log in zip(attack.ports, logs, strict=True):
            _wait_ready(port, log)
        yield attack
    assert attack.faults == []
    for log in logs:
        assert "Traceback" not in log.read_text()


@contextmanager
def _process(port: int, clock: Path, log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as output:
        words = [sys.executable, "-m", "tests.http.clocked", str(port), str(clock)]
        process = subprocess.Popen(words, stdout=output, stderr=output, env=environment)
        try:
            yield
            process.terminate()
            process.wait(STOP_SECONDS_MAX)
        finally:
            process.kill()
            process.wait()


def _wait_ready(port: int, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS_MAX
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_SECONDS_MAX)
        with closing(connection), suppress(OSError):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        assert time.monotonic() < end, log.read_text()[-2_000:]
        time.sleep(0.05)
