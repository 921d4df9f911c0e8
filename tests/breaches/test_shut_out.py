"""From the moment of the report the account can do nothing: over HTTP in every process, and what already waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ejd.app import School, system_clock
from ejd.handling.handler import Request
from ejd.kernel.command import Actor, Command, NotAuthenticated
from ejd.kernel.envelope import Answer
from ejd.kernel.rights import AccountLockedRefusal
from ejd_commands.accounts import IssueToken
from ejd_commands.breaches import ReportBreach, ResetCredentials
from ejd_commands.lessons import RecordTopic
from ejd_commands.marks import RecordMark
from tests import worlds as w
from tests.breach_story import BREACH, CELL, LESSON, Story, at
from tests.breaches.world import token_of
from tests.cli.test_processes import ask, running
from tests.postgres import PostgresDatabase
from tests.reliability.kill_server import free_port
from tests.schools import LOGINS, Database, TinySchool, tiny_school
from tests.store.concurrency import wait_until

SECONDS_MAX = 1.0
"""How long the thief goes on after the report is answered; the requirement gives one second."""
READY_SECONDS_MAX = 60.0
UNAUTHORIZED = 401


@contextmanager
def serving(tiny: TinySchool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int) -> Iterator[list[str]]:
    """Serve the school by real processes, and answer their addresses when they take commands."""
    settings = tiny.settings
    monkeypatch.setenv("EJD_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("EJD_SCHOOL", settings.school)
    if settings.database_url is not None:
        monkeypatch.setenv("EJD_DATABASE_URL", settings.database_url)
    with ExitStack() as stack:
        addresses = []
        for number in range(processes):
            port, log = free_port(), tmp_path / f"server {number}.log"
            stack.enter_context(running(log, "serve", "--no-feeder", "--port", str(port)))
            addresses.append(f"http://127.0.0.1:{port}")
        end = time.monotonic() + READY_SECONDS_MAX
        for address in addresses:
            while ask(f"{address}/healthz")[0] != 200:
                assert time.monotonic() < end, "the servers did not start in time"
                time.sleep(0.02)
        yield addresses


class Client:
    """Sends commands to a server as the holder of a token."""

    def __init__(self, address: str, token: str) -> None:
        """Nothing is sent yet."""
        self.address = address
        self.token = token

    def send(self, name: str, **body: Any) -> tuple[int, Any]:
        """Answer status and JSON."""
        return ask(f"{self.address}/api/v1/commands/{name}", self.token, body)

    def works(self) -> int:
        """Do something that a deputy head may do, and answer the status."""
        return self.send("define-room", title=f"Кабинет {uuid4().hex[:8]}")[0]


@pytest.mark.parametrize(("database", "processes"), [("sqlite", 1), ("postgres", 2)])
def test_a_stolen_token_is_worth_nothing_at_once_in_every_process(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    processes: int,
) -> None:
    """The thief works at the last process while the head reports at the first."""
    place: PostgresDatabase | None = request.getfixturevalue("postgres_database") if processes > 1 else None
    with (
        tiny_school(database, tmp_path, place, clock=system_clock, build=False) as tiny,
        serving(tiny, tmp_path, monkeypatch, processes) as addresses,
    ):
        head, helper = (Client(addresses[0], tiny.tokens[login]) for login in ("head", "helper"))
        thief = Client(addresses[-1], tiny.tokens["deputy"])
        assert thief.works() == 200
        report_breach(head, thief)
        end_of_the_thief(tiny, thief)

        status, answer = helper.send("reset-credentials", breach=BREACH)
        assert status == 200, answer
        assert thief.works() == UNAUTHORIZED
        made = token_of("the owner's new one")
        expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        fields = {"account": w.DEPUTY, "token": made.token, "digest": made.digest, "client": "web"}
        status, answer = head.send("issue-token", **fields, expires_at=expires_at)
        assert status == 200, answer
        assert Client(addresses[-1], made.text).works() == 200
        assert thief.works() == UNAUTHORIZED


def report_breach(head: Client, thief: Client) -> None:
    """Report while the thief goes on; what the thief begins after its answer gets 401."""
    answered = threading.Event()
    later: list[tuple[float, int]] = []

    def go_on() -> None:
        while not answered.is_set():
            assert thief.works() in {200, UNAUTHORIZED}
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            began = time.monotonic()
            later.append((began, thief.works()))

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(go_on)
        learned_at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        body = {"breach": BREACH, "account": w.DEPUTY, "learned_at": learned_at, "what": "токен украден"}
        status, answer = head.send("report-breach", **body)
        reported = time.monotonic()
        answered.set()
        going.result()
    assert status == 200, answer
    after = {status for began, status in later if began > reported}
    assert after == {UNAUTHORIZED}, "a request that began after the report was answered was let in"


def end_of_the_thief(tiny: TinySchool, thief: Client) -> None:
    """Questions are refused too, and the log has nothing of the account after the suspension."""
    assert ask(f"{thief.address}/api/v1/school", thief.token)[0] == UNAUTHORIZED
    events = tiny.school.store.find_events(limit=10_000)
    suspended = next(one.position for one in events if one.name == "account-suspended/1")
    own = [one.position for one in events if one.actor == w.DEPUTY]
    assert own
    assert max(own) < suspended


THIEF = Actor(w.ADA, str(uuid4()), "tests")
HEAD = Actor(w.HEAD, str(uuid4()), "tests")
REPORT = ReportBreach(breach=BREACH, account=w.ADA, learned_at=at(9), what="токен украден")
FORGERY = RecordMark(**CELL, pupil=w.VERA, value="5")
Send = Callable[[School, Command, Actor], "Future[Answer]"]


@pytest.fixture
def send() -> Iterator[Send]:
    """Send a command in a thread of its own; the threads end with the test."""
    with ThreadPoolExecutor(4) as pool:

        def submit(school: School, command: Command, actor: Actor) -> Future[Answer]:
            return pool.submit(school.handler.handle, [Request(command, str(uuid4()))], actor)

        yield submit


@contextmanager
def busy(school: School, waiting: int) -> Iterator[Callable[[], None]]:
    """Hold the lock under which this process appends; call what is given to wait until so many commands queue."""
    group = school.store._group

    def queued() -> None:
        wait_until(lambda: len(group._queue) >= waiting)

    with group._appender.writing:
        yield queued


def test_a_command_that_waits_in_the_batch_of_the_report_is_refused(story: Story, send: Send) -> None:
    """Both are in one group commit, the report first: the forgery is judged after it."""
    school = story.tiny.school
    group = school.store._group
    with group._appender.writing:
        reporting = send(school, REPORT, HEAD)
        wait_until(lambda: len(group._queue) == 1)
        forging = send(school, FORGERY, THIEF)
        wait_until(lambda: len(group._queue) == 2)
    assert reporting.result().events
    with pytest.raises(AccountLockedRefusal):
        forging.result()
    assert school.store.read_streams([LESSON]) == []


def test_a_command_that_waits_here_while_the_report_comes_elsewhere_is_refused(
    story: Story, elsewhere: School, send: Send
) -> None:
    school = story.tiny.school
    with busy(school, waiting=1) as queued:
        forging = send(school, FORGERY, THIEF)
        queued()
        send(elsewhere, REPORT, HEAD).result()
    with pytest.raises(AccountLockedRefusal):
        forging.result()
    assert school.store.read_streams([LESSON]) == []


def test_a_command_that_waits_until_the_account_may_act_again_is_refused(
    story: Story, elsewhere: School, send: Send
) -> None:
    """Report and reset come while it waits: the account is no longer suspended, but the thief's token has ended."""
    made = token_of("ada's")
    story.tiny.issue_token("ada", w.ADA)
    stolen = story.tiny.tokens["ada"].split("_")[1]
    school = story.tiny.school
    with busy(school, waiting=1) as queued:
        forging = send(school, FORGERY, Actor(w.ADA, stolen, "tests"))
        queued()
        send(elsewhere, REPORT, HEAD).result()
        send(elsewhere, ResetCredentials(breach=BREACH), HEAD).result()
    with pytest.raises(AccountLockedRefusal, match="token has ended"):
        forging.result()
    assert school.store.read_streams([LESSON]) == []
    honest = RecordTopic(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, topic="Дроби")
    assert send(school, honest, Actor(w.ADA, made.token, "tests")).result().events


def test_a_token_issued_while_the_report_is_decided_ends_with_the_reset(
    story: Story, elsewhere: School, send: Send
) -> None:
    """Support's stolen account lets BORIS in after the report has looked for such tokens and before it is saved."""
    made = token_of("let in")
    end = datetime(2025, 12, 1, tzinfo=UTC)
    issue = IssueToken(account=w.BORIS, token=made.token, digest=made.digest, client="web", expires_at=end)
    school = story.tiny.school
    thief = Actor(LOGINS["helper"][0], str(uuid4()), "tests")
    with busy(school, waiting=1) as queued:
        reporting = send(school, REPORT.model_copy(update={"account": w.SUPPORT}), HEAD)
        queued()
        send(elsewhere, issue, thief).result()
    assert reporting.result().events
    assert send(school, ResetCredentials(breach=BREACH), HEAD).result().events
    with pytest.raises(NotAuthenticated):
        school.authentication.by_token(made.text)
