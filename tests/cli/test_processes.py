"""The program as processes: serving and feeding side by side, ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.cli.commanding import Ejd
from tests.reliability.kill_server import free_port

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


@contextmanager
def running(log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `ejd` as a process; it ends in good order when it is told to."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ejd.cli", *words], stdout=output, stderr=output, env=dict(os.environ)
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS_MAX) in {0, -signal.SIGTERM}, log.read_text()[-2_000:]
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()


def ask(address: str, token: str = "", body: Any = None) -> tuple[int, Any]:
    """Send one request and answer status and JSON; 0 when nobody listens."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=10) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except OSError:
        return 0, None


def wait_ready(address: str, log: Path) -> None:
    """Wait until a server says that it is ready."""
    end = time.monotonic() + READY_SECONDS_MAX
    while ask(f"{address}/readyz")[0] != 200:
        assert time.monotonic() < end, log.read_text()[-2_000:]
        time.sleep(0.1)


def test_a_served_school_takes_commands_and_shows_them(ejd: Ejd, tmp_path: Path) -> None:
    """On PostgreSQL the service does not feed: another process does, as in compose.yaml."""
    ejd("init", "--head-family", "Громова", "--head-given", "Галина")
    token = ejd("token", "head").out.strip()
    apart = "EJD_DATABASE_URL" in os.environ
    port, log = free_port(), tmp_path / "served.log"
    address = f"http://127.0.0.1:{port}"
    with running(log, "serve", "--port", str(port), *(["--no-feeder"] if apart else [])):
        if apart:
            while ask(f"{address}/healthz")[0] != 200:
                time.sleep(0.1)
            assert ask(f"{address}/readyz")[0] == 503, "nobody has built the reports yet"
            with running(tmp_path / "fed.log", "feed"):
                wait_ready(address, log)
                check(address, token)
        else:
            wait_ready(address, log)
            check(address, token)
    assert token.rpartition("_")[2] not in log.read_text()


def check(address: str, token: str) -> None:
    """Define a subject and find it on the school's list."""
    status, answer = ask(f"{address}/api/v1/commands/define-subject", token, {"title": "Химия"})
    assert status == 200, answer
    status, school = ask(f"{address}/api/v1/school?after={answer['position']}", token)
    assert status == 200, school
    assert [subject["name"] for subject in school["report"]["subjects"]] == ["Химия"]
