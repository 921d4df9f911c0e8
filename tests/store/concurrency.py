"""What every adapter promises to threads and to other processes."""
# ruff: noqa: D102 - the name of a test is its sentence

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from eventsourcing.persistence import IntegrityError

from ejd.kernel.envelope import (
    Answer,
    Commit,
    KnownCommandError,
    Recorded,
    ReservedError,
    Scope,
    StaleReadError,
    Watched,
    WatchedMovedError,
)
from ejd.store.base import BaseStore
from ejd.store.errors import StoreBusyError, StoreClosedError
from ejd.store.group_commit import Appender
from ejd.store.judge import Known, Question, Watch
from tests.store.samples import a_commit

Open = Callable[[], BaseStore]


class ConcurrencyContract:
    """Threads, a second process, waiting and closing."""

    def test_eight_writers_and_a_follower_that_misses_nothing(self, store: BaseStore, open_again: Open) -> None:
        writers, each = 8, 60
        other = open_again()
        stores = [store, other]
        seen: list[Recorded] = []

        def write(number: int) -> None:
            for version in range(each):
                stores[number % 2].append(a_commit(f"w-{number}", expected={f"w-{number}": version}))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(seen) < writers * each and time.monotonic() < deadline:
            after = seen[-1].position if seen else 0
            if store.wait_for_news(after, 5):
                seen += store.read_page(after, 50)
        for thread in threads:
            thread.join()
        assert seen == store.read_page(0, writers * each + 1)
        assert all(before.position < after.position for before, after in pairwise(seen))
        assert all(before.recorded_at <= after.recorded_at for before, after in pairwise(seen))
        for number in range(writers):
            assert [e.version for e in seen if e.stream == f"w-{number}"] == list(range(1, each + 1))
        other.close()

    def test_only_the_stale_ones_of_many_simultaneous_commits_fail(self, store: BaseStore) -> None:
        store.append(a_commit("shared"))
        rivals = [a_commit("shared", expected={"shared": 1}) for _ in range(4)]
        peaceful = [a_commit(f"own-{number}") for number in range(4)]
        outcomes = in_threads(store, [*rivals, *peaceful])
        assert sum(isinstance(outcome, Answer) for outcome in outcomes[:4]) == 1
        assert sum(isinstance(outcome, StaleReadError) for outcome in outcomes[:4]) == 3
        assert all(isinstance(outcome, Answer) for outcome in outcomes[4:])

    def test_two_processes_see_each_others_commits(self, store: BaseStore, open_again: Open) -> None:
        other = open_again()
        store.append(a_commit("a", command_id="c-1"))
        assert other.heads(["a"]) == {"a": 1}
        with pytest.raises(StaleReadError):
            other.append(a_commit("a"))
        with pytest.raises(KnownCommandError):
            other.append(a_commit("b", command_id="c-1"))
        other.append(a_commit("a", expected={"a": 1}))
        assert store.heads(["a"]) == {"a": 2}
        other.close()

    def test_news_of_another_process_wakes_a_waiter(self, store: BaseStore, open_again: Open) -> None:
        other = open_again()
        assert store.wait_for_news(0, 0.3) is False
        timer = threading.Timer(0.2, lambda: other.append(a_commit("a")))
        timer.start()
        started = time.monotonic()
        assert store.wait_for_news(0, 10) is True
        assert time.monotonic() - started < 2
        assert store.wait_for_news(store.last_position(), 0.0) is False
        timer.join()
        other.close()

    def test_close_finishes_running_appends_and_refuses_new_ones(self, store: BaseStore, open_again: Open) -> None:
        stored: list[Answer] = []
        refused: list[StoreClosedError] = []

        def write(number: int) -> None:
            try:
                for version in range(100_000):
                    answer = store.append(a_commit(f"w-{number}", expected={f"w-{number}": version}))
                    stored.append(answer)
            except StoreClosedError as error:
                refused.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        waiter = threading.Thread(target=store.wait_for_news, args=(10**12, 60))
        for thread in (*threads, waiter):
            thread.start()
        time.sleep(0.3)
        store.close()
        for thread in (*threads, waiter):
            thread.join(20)
            assert not thread.is_alive()
        store.close()
        assert len(refused) == 8
        with pytest.raises(StoreClosedError):
            store.read_page(0, 1)
        again = open_again()
        assert again.count_events() == len(stored)
        again.close()


class GroupCommitContract:
    """Commits of one transaction do not know each other."""

    def test_commits_that_wait_together_share_a_transaction(
        self, store: BaseStore, appender: Appender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        began: list[Question] = []
        begin = appender.begin

        def counted(question: Question, watch: Watch | None = None) -> Known:
            began.append(question)
            return begin(question, watch)

        monkeypatch.setattr(appender, "begin", counted)
        outcomes = in_one_group(store, appender, [a_commit(f"s-{number}") for number in range(6)])
        assert all(isinstance(outcome, Answer) for outcome in outcomes)
        assert len(began) == 1
        assert store.count_events() == 6

    def test_later_commits_of_a_group_see_what_earlier_ones_moved(self, store: BaseStore, appender: Appender) -> None:
        commits = [a_commit("shared", command_id=f"c-{number}", reserve={"k": "shared"}) for number in range(2)]
        commits += [a_commit("own", reserve={"k": "own"}, command_id="c-2"), a_commit("free", command_id="c-3")]
        outcomes = in_one_group(store, appender, commits)
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds in (
            ["Answer", "Answer", "ReservedError", "StaleReadError"],
            ["Answer", "Answer", "ReservedError", "ReservedError"],
        )
        assert store.count_events() == 2

    def test_of_two_watchers_in_a_group_that_move_what_the_other_watches_one_is_stored(
        self, store: BaseStore, appender: Appender
    ) -> None:
        watching = {"watched": frozenset({Watched("lesson", "journal-1")}), "seen": store.last_position()}
        old = a_commit("old")
        store.append(old)
        watching["seen"] = store.last_position()
        rivals = [msgspec.structs.replace(a_commit(f"new-{number}"), **watching) for number in range(2)]
        outcomes = in_one_group(store, appender, rivals)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Answer", "WatchedMovedError"]
        moving = a_commit("old", expected={"old": 1})
        watching["seen"] = store.last_position()
        elsewhere = msgspec.structs.replace(a_commit("other", scope=Scope(kind="pupil")), **watching)
        outcomes = in_one_group(store, appender, [moving, elsewhere])
        assert isinstance(outcomes[0], Answer)
        if isinstance(outcomes[1], Answer):
            assert outcomes[1].position < outcomes[0].position, "it came before, so that nothing had moved"
        else:
            assert isinstance(outcomes[1], WatchedMovedError)
            assert outcomes[1].streams == ("old",)

    def test_a_commit_the_database_refuses_fails_alone(
        self, store: BaseStore, appender: Appender, forbid_client: Callable[[str], None]
    ) -> None:
        forbid_client("poison")
        commits = [a_commit(f"s-{number}") for number in range(4)]
        outcomes = in_one_group(store, appender, [*commits, a_commit("bad", client="poison")])
        assert all(isinstance(outcome, Answer) for outcome in outcomes[:4])
        assert isinstance(outcomes[4], IntegrityError)
        assert store.heads(["bad", "s-0"]) == {"s-0": 1}

    def test_the_queue_has_a_limit(self, store: BaseStore, appender: Appender, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ejd.store.group_commit.QUEUE_COMMITS_MAX", 1)
        with appender.writing:
            waiting = threading.Thread(target=store.append, args=(a_commit("first"),))
            waiting.start()
            wait_until(lambda: len(store._group._queue) == 1)
            with pytest.raises(StoreBusyError, match="try again"):
                store.append(a_commit("second"))
        waiting.join()
        assert store.count_events() == 1

    def test_an_interrupted_thread_does_not_keep_the_lead(
        self, store: BaseStore, appender: Appender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(_: Question, __: Watch | None = None) -> Known:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(appender, "begin", interrupted)
            with pytest.raises(KeyboardInterrupt):
                store.append(a_commit("a"))
        store.append(a_commit("a"))
        assert store.count_events() == 1

    def test_randomness_is_passed_in(self, store: BaseStore) -> None:
        salts = b"".join(bytes([number]) * 16 for number in range(3))
        store._group._random_bytes = lambda count: salts[:count]
        store.append(a_commit("a", "b", "c"))
        assert b"".join(event.salt for event in store.read_page(0, 3)) == salts


def wait_until(happened: Callable[[], bool], seconds_max: float = 10) -> None:
    """Poll, because a thread that waits for a lock does not say so."""
    deadline = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def in_one_group(store: BaseStore, appender: Appender, commits: list[Commit]) -> list[Answer | Exception]:
    """Append all commits while somebody else writes, so that they wait for each other in the queue."""
    outcomes: list[list[Answer | Exception]] = []
    crowd = threading.Thread(target=lambda: outcomes.append(in_threads(store, commits)))
    with appender.writing:
        crowd.start()
        wait_until(lambda: len(store._group._queue) == len(commits))
    crowd.join()
    return outcomes[0]


def in_threads(store: BaseStore, commits: list[Commit]) -> list[Answer | Exception]:
    """Append all commits at the same moment; answer what became of each."""
    outcomes: list[Answer | Exception] = [RuntimeError("not run")] * len(commits)
    together = threading.Barrier(len(commits))

    def run(number: int) -> None:
        together.wait()
        try:
            outcomes[number] = store.append(commits[number])
        except (StaleReadError, KnownCommandError, ReservedError, IntegrityError) as refusal:
            outcomes[number] = refusal

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(commits))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
