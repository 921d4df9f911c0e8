"""Group commit: threads that append at the same time share one transaction, and each is judged separately."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from eventsourcing.persistence import DataError, IntegrityError

from ejd.kernel.envelope import Answer, Commit, KnownCommandError, ReservedError, StaleReadError
from ejd.store.errors import (
    BadCommitError,
    CommitUnknownError,
    StoreBusyError,
    StoreClosedError,
    StoreUnavailableError,
)
from ejd.store.judge import Judge, Known, Question, RandomBytes, Rows, Watch, question_of, watch_of

GROUP_COMMITS_MAX = 64
GROUP_EVENTS_MAX = 5_000
QUEUE_COMMITS_MAX = 1_000
GATHER_SECONDS_MAX = 0.0005
ATTEMPTS_MAX = 5
RETRY_PAUSE_SECONDS = 0.05
INTERRUPTED = "the append was interrupted: send the same command again"

Outcome = Answer | Exception
Announce = Callable[[int], None]


class Appender(Protocol):
    """A recorder's transaction of appending; whoever holds `writing` has it alone in this process."""

    writing: threading.Lock

    def begin(self, question: Question, watch: Watch | None = None) -> Known:
        """Open the transaction, take the append lock, answer the question; StoreUnavailableError may be retried."""
        ...

    def finish(self, rows: Rows) -> None:
        """Write and commit; CommitUnknownError when the commit was sent and not answered."""
        ...

    def abandon(self) -> None:
        """Roll back whatever is open; never raises."""
        ...

    def is_stored(self, rows: Rows) -> bool:
        """Tell, under the append lock, whether a commit without an answer has happened after all."""
        ...


class _Ticket:
    """A thread's place in the queue; `turn` is released when it has its outcome, or has to lead."""

    __slots__ = ("commit", "outcome", "turn")

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.outcome: Outcome | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class GroupCommit:
    """Leader and followers: the first thread stores everybody's commits, then hands the lead to one who waits."""

    def __init__(self, appender: Appender, random_bytes: RandomBytes, announce: Announce) -> None:
        """`announce` is told the last position of each transaction, after it is durable."""
        self._appender = appender
        self._random_bytes = random_bytes
        self._announce = announce
        self._lock = threading.Lock()
        self._queue: deque[_Ticket] = deque()
        self._led = False
        self._closed = False
        self._company = 1
        self._gathered = threading.Condition(self._lock)

    def append(self, commit: Commit) -> Answer:
        """Answer when the commit is durable, or raise why it is not; see `EventStore.append`."""
        ticket = _Ticket(commit)
        with self._lock:
            if self._closed:
                raise StoreClosedError("the store is closed")
            if len(self._queue) >= QUEUE_COMMITS_MAX:
                raise StoreBusyError(f"{QUEUE_COMMITS_MAX} appends are waiting already: try again")
            self._queue.append(ticket)
            leads = not self._led
            self._led = True
            if len(self._queue) == self._company:
                self._gathered.notify()
        if not leads:
            self._wait(ticket)
        if ticket.outcome is None:
            self._lead(ticket)
        if isinstance(ticket.outcome, Answer):
            return ticket.outcome
        raise ticket.outcome or CommitUnknownError(INTERRUPTED)

    def close(self) -> None:
        """Refuse new commits; those in the queue are still stored by their threads."""
        with self._lock:
            self._closed = True

    def _wait(self, ticket: _Ticket) -> None:
        try:
            ticket.turn.acquire()
        except BaseException:  # an interrupted thread must not be handed the lead, or keep it
            with self._lock:
                leads = ticket.outcome is None and not ticket.turn.locked()
                if ticket in self._queue:
                    self._queue.remove(ticket)
            if leads:
                self._hand_over([], ticket)
            raise

    def _lead(self, own: _Ticket) -> None:
        group: list[_Ticket] = []
        try:
            with self._appender.writing:
                group = self._take()
                for ticket, outcome in zip(group, self._store([t.commit for t in group]), strict=True):
                    ticket.outcome = outcome
        except Exception as error:  # noqa: BLE001 - the followers must hear of it too
            for ticket in group or [own]:
                ticket.outcome = error
        finally:
            self._hand_over(group, own)

    def _take(self) -> list[_Ticket]:
        """Take a group; wait a moment for the threads that shared the last one, or half of them always come late."""
        group: list[_Ticket] = []
        events = 0
        with self._lock:
            if len(self._queue) < self._company:
                self._gathered.wait(GATHER_SECONDS_MAX)
            while self._queue and len(group) < GROUP_COMMITS_MAX:
                events += len(self._queue[0].commit.events)
                if group and events > GROUP_EVENTS_MAX:
                    break
                group.append(self._queue.popleft())
        return group

    def _hand_over(self, group: Sequence[_Ticket], own: _Ticket) -> None:
        with self._lock:
            if own in self._queue:
                self._queue.remove(own)
            self._company = min(len(group) + len(self._queue), GROUP_COMMITS_MAX)
            successor = self._queue[0] if self._queue else None
            self._led = successor is not None
        for ticket in group:
            if ticket is not own:
                ticket.outcome = ticket.outcome or CommitUnknownError(INTERRUPTED)
                ticket.turn.release()
        if successor is not None:
            successor.turn.release()

    def _store(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Store a group in one transaction; when the database refuses it, each commit alone."""
        try:
            return self._attempts(commits)
        except (IntegrityError, DataError) as error:
            if len(commits) == 1:
                return [error]
            return [outcome for commit in commits for outcome in self._store([commit])]

    def _attempts(self, commits: Sequence[Commit]) -> list[Outcome]:
        problem = StoreUnavailableError("the database does not answer: try again later")
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                time.sleep(RETRY_PAUSE_SECONDS * attempt)
            try:
                known = self._appender.begin(question_of(commits), watch_of(commits))
            except StoreUnavailableError as error:
                problem = error
                continue
            outcomes, rows = self._judge(commits, known)
            if not rows.anything():
                self._appender.abandon()
                return outcomes
            try:
                self._appender.finish(rows)
            except StoreUnavailableError as error:
                problem = error
                continue
            except CommitUnknownError as error:
                if not self._resolve(rows, error):
                    continue
            if rows.events:
                self._announce(rows.position())
            return outcomes
        raise problem

    def _judge(self, commits: Sequence[Commit], known: Known) -> tuple[list[Outcome], Rows]:
        judge = Judge(known, self._random_bytes)
        outcomes: list[Outcome] = []
        try:
            for commit in commits:
                try:
                    outcomes.append(judge.admit(commit))
                except (KnownCommandError, StaleReadError, ReservedError, BadCommitError) as refusal:
                    outcomes.append(refusal)
        except BaseException:
            self._appender.abandon()
            raise
        return outcomes, judge.rows()

    def _resolve(self, rows: Rows, error: CommitUnknownError) -> bool:
        """Find out what became of a commit that was not answered: its own rows tell, under the append lock."""
        for attempt in range(ATTEMPTS_MAX):
            time.sleep(RETRY_PAUSE_SECONDS * attempt)
            try:
                return self._appender.is_stored(rows)
            except (StoreUnavailableError, StoreBusyError):
                continue
        raise error
