"""kill -9 of the server at every stage of an invalidation: it is whole or not there, and can be repeated.

python -m tests.reliability.kill_invalidation --database sqlite --rounds 10

Each stage is hit exactly (`tests.reliability.dying`), by an invalidation and by its revocation in turn, while others
write; then the server begins again, the same request is sent again under the same id, and everything is compared.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from ejd.access.secrets import new_token
from ejd.app import School, initialise, open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor
from ejd.kernel.void import MARKER_NAMES
from ejd.read.rebuild import ensure_built, rebuild
from ejd.settings import Settings
from ejd_commands.accounts import IssueToken
from ejd_commands.marks import RecordMark
from tests import worlds as w
from tests.breaching import Breach
from tests.handling.conftest import store_world
from tests.postgres import database, shared_server
from tests.reliability.dying import NOT_YET_STORED, REBUILD_STAGES, STAGES
from tests.reliability.kill_server import LESSON_DAYS, Door, contents, everything, free_port, post, postgres_settings
from tests.reliability.kill_server import wait_ready as wait_alive
from tests.scenario import uid

BREACH = uid("a breach that is killed")
DEATH_SECONDS_MAX = 60.0
PAUSE_SECONDS = 0.01
LATEST_KILL_SECONDS = 0.3
AT_ANY_TIME = "at any time"
FORGED_DAYS = LESSON_DAYS[:20]
"""One stream each."""


class Sent(NamedTuple):
    """A request that can be sent again."""

    by: str
    path: str
    key: str
    body: dict[str, Any]


class Pending(NamedTuple):
    """A decision whose server was killed, what it answered before if it did, and whether the decision is stored."""

    sent: Sent
    answer: dict[str, Any] | None
    stored: bool


@dataclass
class Killing:
    """One school that is killed again and again."""

    settings: Settings
    folder: Path
    rng: random.Random
    tokens: dict[str, str] = field(default_factory=dict)
    noted: dict[str, bool] = field(default_factory=dict)
    """Commands of others by id: whether they were acknowledged."""
    decisions: int = 0
    pending: Pending | None = None

    @property
    def armed(self) -> Path:
        """The file without which nobody dies."""
        return self.folder / "armed"

    def prepare(self) -> None:
        """Make the school; ADA's account writes twenty lessons, and is then known to be in wrong hands."""
        initialise(self.settings)
        with closing(open_school(self.settings)) as school:
            store_world(school, (*w.A_JOURNAL, w.ALWAYS_FREE))
            for account in (w.HEAD, w.DEPUTY):
                self._give_token(school, account)
            learned_at = school.clock()
            for number, day in enumerate(FORGED_DAYS):
                mark = RecordMark(journal=w.JOURNAL, day=day, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
                school.handler.handle([Request(mark, uid(f"forged {number}"))], Actor(w.ADA, uid("session"), "tests"))
            Breach(school, BREACH).open(learned_at)
            ensure_built(school.read, school.workshop, processes=1)

    def _give_token(self, school: School, account: str) -> None:
        made = new_token(os.urandom)
        command = IssueToken(
            account=account,
            token=made.token_id,
            digest=made.digest,
            client="kill",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        school.handler.handle([Request(command, uid(f"token {account}"))], Actor(w.HEAD, uid("session"), "kill"))
        self.tokens[account] = made.text

    def next_decision(self) -> Sent:
        """Answer an invalidation that is proposed, or the revocation of the one there is."""
        self.decisions += 1
        key = uid(f"decision {self.decisions}")
        with closing(open_school(self.settings)) as school:
            breach = Breach(school, BREACH)
            if breach.state().held:
                body = {"breach": BREACH, "reason": "Ложная тревога"}
                return Sent(w.HEAD, "/api/v1/commands/revoke-invalidation", key, body)
            body = {"breach": BREACH, "digest": breach.propose(uid(f"proposal {self.decisions}"))}
            return Sent(w.DEPUTY, "/api/v1/commands/invalidate-breach", key, body)

    @contextmanager
    def server(self, stage: str = AT_ANY_TIME) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """Run `ejd serve` (one that will die at a stage, when it is armed) until the end of the block."""
        port = free_port()
        process = self._start(stage, "serve", "--port", str(port))
        try:
            wait_alive(process, port, self.folder / "server.log")
            yield process, port
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def rebuild_and_die(self, stage: str) -> None:
        """Let `ejd rebuild` be killed at a stage."""
        self.armed.touch()
        process = self._start(stage, "rebuild")
        assert process.wait(DEATH_SECONDS_MAX) == -signal.SIGKILL, f"it was not killed {stage}"
        self.armed.unlink()

    def _start(self, stage: str, *arguments: str) -> subprocess.Popen[bytes]:
        program = ["ejd.cli"] if stage == AT_ANY_TIME else ["tests.reliability.dying", stage, str(self.armed)]
        environment = {
            **os.environ,
            "EJD_DATA_DIR": str(self.settings.data_dir),
            "EJD_SCHOOL": self.settings.school,
            "EJD_LOG_LEVEL": "warning",
            **({"EJD_DATABASE_URL": self.settings.database_url} if self.settings.database_url else {}),
        }
        with (self.folder / "server.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *program, *arguments],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def send(self, sent: Sent, port: int) -> dict[str, Any] | None:
        """Send a request; None when the server died before it answered."""
        try:
            return post(Door(port, self.tokens[sent.by]), sent.path, sent.key, sent.body)
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{refusal.code}: {refusal.read().decode(errors='replace')[:300]}") from None
        except (OSError, ValueError, HTTPException):
            return None

    def write_meanwhile(self, port: int, stop: threading.Event) -> None:
        """Be somebody else who works all the while: each subject is noted with whether it was acknowledged."""
        while not stop.wait(PAUSE_SECONDS):
            name = uid(f"subject {len(self.noted)}")
            self.noted[name] = False
            body = {"subject": name, "title": f"Предмет {len(self.noted)}", "short": "П"}
            self.noted[name] = self.send(Sent(w.HEAD, "/api/v1/commands/define-subject", name, body), port) is not None

    def kill(self, stage: str) -> str:
        """Send the next decision to a server that is killed on the way; answer what became of it.

        That server has answered the last decision again before, which another one was killed at.
        """
        stop = threading.Event()
        with self.server(stage) as (process, port):
            self.repeat(port)
            sent = self.next_decision()
            before = self.markers()
            other = threading.Thread(target=self.write_meanwhile, args=(port, stop))
            other.start()
            try:
                self.armed.touch()
                if stage == AT_ANY_TIME:
                    threading.Timer(self.rng.uniform(0, LATEST_KILL_SECONDS), os.killpg, (process.pid, 9)).start()
                answer = self.send(sent, port)
                assert process.wait(DEATH_SECONDS_MAX) == -signal.SIGKILL, f"it was not killed {stage}"
            finally:
                stop.set()
                other.join()
                self.armed.unlink()
        found = self.markers() - before
        assert found in {0, len(FORGED_DAYS)}, f"killed {stage}: {found} markers of {len(FORGED_DAYS)} are there"
        self.pending = Pending(sent, answer, stored=bool(found))
        return "stored" if found else "not there"

    def repeat(self, port: int) -> None:
        """Send the last decision again, twice, to a server that lives: one answer, and nothing is done twice."""
        if self.pending is None:
            return
        (sent, first, stored), self.pending = self.pending, None
        again = self.send(sent, port)
        assert again is not None
        assert again["repeated"] == stored, "what is there is not done again"
        assert len(again["events"]) == len(FORGED_DAYS) + 1
        assert self.send(sent, port) == {**again, "repeated": True}
        assert first is None or first["events"] == again["events"], "the same answer as before"

    def markers(self) -> int:
        """Answer how many markers the store has."""
        with closing(open_school(self.settings)) as school:
            return sum(one.name in MARKER_NAMES for one in everything(school))

    def check(self) -> None:
        """Assert that nothing is lost, nothing twice, and reports are what a rebuild makes of the events."""
        with closing(open_school(self.settings)) as school:
            events = list(everything(school))
            per_command = Counter(one.command_id for one in events if one.stream in self.noted)
            assert set(per_command.values()) <= {1}
            lost = [name for name, known in self.noted.items() if known and name not in per_command]
            assert not lost, f"{len(lost)} acknowledged commands are lost"
            decided = Counter((one.stream, one.command_id) for one in events if one.name in MARKER_NAMES)
            assert set(decided.values()) <= {1}, "a stream has two markers of one decision"
            school.feeder.run_to_end()
            fed = contents(school)
            rebuild(school.read, school.workshop, processes=1)
            assert contents(school) == fed


def run(settings: Settings, folder: Path, *, rounds: int = 1, seed: int = 7, at_any_time: int = 1) -> str:
    """Kill at each stage; answer a line of figures. AssertionError says what was lost."""
    killing = Killing(settings, folder, random.Random(seed))
    killing.prepare()
    outcomes: Counter[str] = Counter()
    for _ in range(rounds):
        for stage in (*STAGES, *[AT_ANY_TIME] * at_any_time):
            outcome = killing.kill(stage)
            if stage != AT_ANY_TIME:
                assert outcome == ("not there" if stage in NOT_YET_STORED else "stored"), stage
            outcomes[outcome] += 1
            killing.check()
        for stage in REBUILD_STAGES:
            killing.rebuild_and_die(stage)
            killing.check()
            outcomes["in rebuilds"] += 1
    with killing.server() as (_, port):
        killing.repeat(port)
    killing.check()
    told = ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))
    return f"{outcomes.total()} kills ({told}), {sum(killing.noted.values())} commands of others: whole or not there"


def main() -> int:
    """Run as a script on either database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.database == "sqlite":
            settings = Settings(data_dir=folder / "school")
            print(run(settings, folder, rounds=options.rounds, seed=options.seed, at_any_time=5))
            return 0
        with database(shared_server()) as fresh:
            settings = postgres_settings(fresh, folder)
            print(run(settings, folder, rounds=options.rounds, seed=options.seed, at_any_time=5))
    return 0


if __name__ == "__main__":
    sys.exit(main())
