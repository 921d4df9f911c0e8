"""The contract on SQLite, and what only SQLite can get wrong."""
# ruff: noqa: D102 - the name of a test is its sentence

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ejd.store.errors import CommitUnknownError, SchemaVersionError, StoreBusyError
from ejd.store.sqlite import Store, open_store
from tests.store.concurrency import Open
from tests.store.contract import StoreContract
from tests.store.samples import ADA, a_commit


class TestSqliteStore(StoreContract):
    """A folder with a file."""

    @pytest.fixture
    def open_again(self, tmp_path: Path) -> Open:
        """Open the file of this test."""
        return lambda: open_store(tmp_path)

    @pytest.fixture
    def forbid_client(self, store: Store) -> Callable[[str], None]:
        """Have a trigger refuse it."""
        return lambda client: forbid(store, client)


def forbid(store: Store, client: str) -> None:
    """Give the writing connection a trigger of its own."""
    store.recorder._writer.execute(
        f"CREATE TEMP TRIGGER poison BEFORE INSERT ON main.events WHEN NEW.client = '{client}' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store; its file ends with the test's folder."""
    return open_store(tmp_path)


class Unanswered:
    """Stands for COMMIT: does it, or not, and then says that the disk failed; the next one works."""

    def __init__(self, store: Store, *, happens: bool, times: int = 1) -> None:
        self.commit = store.recorder._commit
        self.happens = happens
        self.times = times

    def __call__(self) -> None:
        if self.times == 0:
            self.commit()
            return
        self.times -= 1
        if self.happens:
            self.commit()
        raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize("streams", [("a", "b"), ()])
def test_a_commit_without_an_answer_is_stored_once_and_answered_right(
    store: Store, monkeypatch: pytest.MonkeyPatch, happens: bool, streams: tuple[str, ...]
) -> None:
    monkeypatch.setattr(store.recorder, "_commit", Unanswered(store, happens=happens))
    answer = store.append(a_commit(*streams, command_id="c-1"))
    assert not answer.repeated
    assert [ref.stream for ref in answer.events] == list(streams)
    assert store.count_events() == len(streams)
    stored = store.find_answer(ADA, "c-1")
    assert stored is not None
    assert stored.events == answer.events
    store.close()


def test_a_commit_whose_fate_cannot_be_learned_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: object) -> bool:
        raise StoreBusyError

    monkeypatch.setattr(store.recorder, "_commit", Unanswered(store, happens=True))
    monkeypatch.setattr(store.recorder, "is_stored", silent)
    with pytest.raises(CommitUnknownError, match="send it again"):
        store.append(a_commit("a", command_id="c-1"))
    assert store.find_answer(ADA, "c-1") is not None
    store.close()


@pytest.mark.parametrize("table", ["events", "commands", "batches", "directory"])
def test_rows_are_neither_changed_nor_deleted(store: Store, table: str) -> None:
    store.append(a_commit("a", batch_id="batch-1"))
    for change in (f"UPDATE {table} SET rowid = rowid", f"DELETE FROM {table}"):
        statement = change.replace("rowid", "actor") if table in {"commands", "batches"} else change
        with pytest.raises(sqlite3.IntegrityError, match=r"never|forgets nothing"):
            store.recorder._writer.execute(statement)
    with pytest.raises(sqlite3.IntegrityError):
        store.recorder._writer.execute("INSERT OR REPLACE INTO events SELECT * FROM events")
    assert store.count_events() == 1
    store.close()


def test_every_commit_reaches_the_disk(store: Store) -> None:
    (mode,) = store.recorder._writer.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = store.recorder._writer.execute("PRAGMA synchronous").fetchone()
    assert (mode, synchronous) == ("wal", 2)
    store.close()


def test_a_writer_elsewhere_that_never_ends_makes_the_store_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ejd.store.sqlite.LOCK_WAIT_SECONDS_MAX", 0.05)
    store, other = open_store(tmp_path), open_store(tmp_path)
    other.recorder._writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="try again"):
        store.append(a_commit("a"))
    other.recorder.abandon()
    store.append(a_commit("a"))
    store.close()
    other.close()


def test_a_file_of_a_newer_ejd_is_not_touched(store: Store, tmp_path: Path) -> None:
    store.recorder._writer.execute("INSERT INTO schema_version VALUES (1000, 'later')")
    store.close()
    with pytest.raises(SchemaVersionError, match="install a newer ejd"):
        open_store(tmp_path)


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ejd.store.schema._statements", lambda _: ["CREATE TABLE half (a)", "nonsense"])
    with pytest.raises(sqlite3.OperationalError):
        open_store(tmp_path)
    monkeypatch.undo()
    store = open_store(tmp_path)
    assert store.recorder.fetch("SELECT count(*) FROM sqlite_master WHERE name = 'half'") == [(0,)]
    store.close()
