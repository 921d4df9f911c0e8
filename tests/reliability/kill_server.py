"""kill -9 of the server under concurrent clients, again and again; then everything acknowledged must be there, once.

python -m tests.reliability.kill_server --database sqlite --cycles 100
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from ejd.access.secrets import new_token
from ejd.app import School, initialise, open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.read.rebuild import ensure_built, rebuild
from ejd.settings import Settings
from ejd_commands.accounts import IssueToken
from tests import worlds as w
from tests.handling.conftest import create_service_role, store_world
from tests.postgres import database, shared_server
from tests.scenario import uid

CLIENTS = 8
START_SECONDS_MAX = 60
REQUEST_SECONDS_MAX = 10
KINDS = ("oral", "homework", "independent", "practical", "control", "dictation", "essay", "project")
LESSON_DAYS = tuple(
    day
    for day in (w.FIRST_DAY + timedelta(days=n) for n in range(50))
    if day.weekday() < 5 and day <= date(2025, 10, 24)
)


@dataclass
class Sent:
    """What the clients sent: by command id whether it was acknowledged, and the batch it was part of."""

    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: dict[str, tuple[str, dict[str, Any] | list[dict[str, Any]]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    faults: list[str] = field(default_factory=list)


class Door(NamedTuple):
    """Where the server listens, and as whom the clients come."""

    port: int
    token: str


class Cells:
    """Hands out every cell of the journal once."""

    def __init__(self) -> None:
        """Begin at the first cell."""
        self._cells = (
            {"journal": w.JOURNAL, "day": day.isoformat(), "slot": w.LESSON_SLOT, "pupil": p, "work": k, "number": n}
            for n in range(1, 21)
            for k in KINDS
            for p in (w.VERA, w.GLEB, w.DINA)
            for day in LESSON_DAYS
        )
        self._lock = threading.Lock()

    def take(self) -> dict[str, Any]:
        """Answer the next cell with a mark for it."""
        with self._lock:
            return {**next(self._cells), "value": "4"}


def prepare(settings: Settings) -> str:
    """Make the school with its journal and answer a token of its teacher."""
    initialise(settings)
    school = open_school(settings)
    with closing(school):
        store_world(school, (*w.A_JOURNAL, w.ALWAYS_FREE))
        token = new_token(os.urandom)
        command = IssueToken(
            account=w.ADA,
            token=token.token_id,
            digest=token.digest,
            client="kill",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        school.handler.handle([Request(command, uid("token"))], Actor(w.HEAD, uid("session"), "kill"))
        ensure_built(school.read, school.workshop, processes=1)
    return token.text


def free_port() -> int:
    """Answer a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(settings: Settings, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `ejd serve` as its own process group until it is killed."""
    environment = {
        **os.environ,
        "EJD_DATA_DIR": str(settings.data_dir),
        "EJD_SCHOOL": settings.school,
        "EJD_LOG_LEVEL": "warning",
        **({"EJD_DATABASE_URL": settings.database_url} if settings.database_url else {}),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ejd.cli", "serve", "--port", str(port)],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            wait_ready(process, port, log)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server says it is alive."""
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended by itself: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(
        f"the server did not start within {START_SECONDS_MAX} s: {log.read_text(errors='replace')[-2000:]}"
    )


def post(door: Door, path: str, key: str, body: object) -> dict[str, Any]:
    """Send one request; HTTPError for a refusal, OSError for a connection that died."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{door.port}{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {door.token}", "Idempotency-Key": key, "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS_MAX) as answer:  # noqa: S310 - our own server
        found: dict[str, Any] = json.load(answer)
        return found


def client(door: Door, cells: Cells, sent: Sent, rng: random.Random, stop: threading.Event) -> None:
    """Send single commands and batches of three until the server dies."""
    while not stop.is_set():
        ids: tuple[str, ...]
        body: Any
        if rng.random() < 0.7:
            ids = (str(UUID(int=rng.getrandbits(128), version=4)),)
            path, body, key = "/api/v1/commands/record-mark", cells.take(), ids[0]
        else:
            ids = tuple(str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(3))
            path, key = "/api/v1/commands", str(UUID(int=rng.getrandbits(128), version=4))
            body = [{"command": "record-mark", "id": one, **cells.take()} for one in ids]
        deliver(door, sent, (path, key, ids, body))


def deliver(door: Door, sent: Sent, request: tuple[str, str, tuple[str, ...], Any]) -> None:
    """Send one request and note whether it was acknowledged, unknown or wrongly refused."""
    path, key, ids, body = request
    try:
        post(door, path, key, body)
    except urllib.error.HTTPError as refusal:
        with sent.lock:
            sent.faults.append(f"{refusal.code}: {refusal.read().decode(errors='replace')[:300]}")
    except (OSError, ValueError, http.client.HTTPException):
        with sent.lock:
            sent.unknown[key] = (path, body)
        time.sleep(0.01)
    else:
        with sent.lock:
            sent.acknowledged[key] = ids
            sent.unknown.pop(key, None)


def repeat_unknown(door: Door, sent: Sent) -> None:
    """Send what was never acknowledged again under its old id, as a client would."""
    for key, (path, body) in list(sent.unknown.items()):
        ids = tuple(one["id"] for one in body) if isinstance(body, list) else (key,)
        deliver(door, sent, (path, key, ids, body))


def run(settings: Settings, cycles: int, seed: int, folder: Path) -> str:
    """Kill the server `cycles` times, then check; answer a line of figures. AssertionError says what was lost."""
    token = prepare(settings)
    sent, cells, rng, log = Sent(), Cells(), random.Random(seed), folder / "server.log"
    for _ in range(cycles):
        port = free_port()
        stop = threading.Event()
        with server(settings, port, log) as process:
            repeat_unknown(Door(port, token), sent)
            threads = [
                threading.Thread(
                    target=client, args=(Door(port, token), cells, sent, random.Random(rng.getrandbits(64)), stop)
                )
                for _ in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            time.sleep(rng.uniform(0.05, 0.6))
            os.killpg(process.pid, signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join(REQUEST_SECONDS_MAX * 2)
                assert not thread.is_alive(), "a client hangs"
    port = free_port()
    with server(settings, port, log):
        repeat_unknown(Door(port, token), sent)
    assert not sent.faults, sent.faults[:3]
    assert not sent.unknown, "every repeat was answered"
    school = open_school(settings)
    with closing(school):
        check_events(school, sent)
        check_read_model(school)
        events = school.store.count_events()
    return f"{cycles} kills, {len(sent.acknowledged)} acknowledged requests, {events} events: none lost, none twice"


def check_events(school: School, sent: Sent) -> None:
    """Assert that each acknowledged command stands in the store exactly once, and nothing else does."""
    stored = Counter(event.command_id for event in everything(school) if event.actor == w.ADA)
    wanted = {one for ids in sent.acknowledged.values() for one in ids}
    assert set(stored) == wanted, f"lost {len(wanted - set(stored))}, not asked for {len(set(stored) - wanted)}"
    assert set(stored.values()) <= {1}, "a command was stored twice"
    positions = [event.position for event in everything(school)]
    assert positions == sorted(set(positions))


def everything(school: School) -> Iterator[Any]:
    """Answer all events by pages."""
    after = 0
    while page := school.store.read_page(after, 5_000):
        yield from page
        after = page[-1].position


def check_read_model(school: School) -> None:
    """Assert that what was fed between the kills equals what a rebuild makes of all events."""
    school.feeder.run_to_end()
    fed = contents(school)
    rebuild(school.read, school.workshop, processes=1)
    assert contents(school) == fed


def contents(school: School) -> dict[str, list[tuple[Any, ...]]]:
    """Answer all rows of all tables of the live generation."""
    with school.read.snapshot() as snapshot:
        return {
            table.name: sorted((tuple(row) for row in snapshot.connection.execute(table.table.select())), key=repr)
            for table in school.read.folding.tables
        }


def main() -> int:
    """Run as a script on either database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.database == "sqlite":
            print(run(Settings(data_dir=folder / "school"), options.cycles, options.seed, folder))
            return 0
        with database(shared_server()) as fresh:
            print(run(postgres_settings(fresh, folder), options.cycles, options.seed, folder))
    return 0


def postgres_settings(fresh: Any, folder: Path) -> Settings:
    """Answer the settings of a school in a database of the test's server."""
    role = create_service_role(fresh)
    return Settings(
        data_dir=folder / "school", database_url=fresh.dsn_as(role), owner_database_url=fresh.dsn, school="school7"
    )


if __name__ == "__main__":
    sys.exit(main())
