"""The eventsourcing library's own conformance tests, held against both of our recorders."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.sqlite import SQLiteDatastore
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from ejd.store import postgres, sqlite
from ejd.store.roles import provision
from tests.postgres import PostgresDatabase

SCHEMA = "library"


class _WithSqlite:
    """Makes recorders of files that end with the test."""

    recorder_class: type[sqlite.Recorder] = sqlite.Recorder

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> sqlite.Recorder:
        folder = Path(tempfile.mkdtemp(dir=self.tmp_path))
        datastore = SQLiteDatastore(str(folder / "events.db"), originator_id_type="text")
        recorder = self.recorder_class(datastore)
        recorder.create_table()
        self.addCleanup(recorder.shut)  # type: ignore[attr-defined]
        return recorder


class _WithPostgres:
    """Makes recorders of schemas that end with the database."""

    recorder_class: type[postgres.Recorder] = postgres.Recorder

    @pytest.fixture(autouse=True)
    def _place(self, postgres_database: PostgresDatabase) -> None:
        self.dsn = postgres_database.dsn

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> postgres.Recorder:
        provision(self.dsn, SCHEMA, None)
        recorder = self.recorder_class(postgres.Datastore(self.dsn, SCHEMA))
        recorder.create_table()
        recorder.check_tables()
        self.addCleanup(recorder.shut)  # type: ignore[attr-defined]
        return recorder


class _SilentSqlite(sqlite.Recorder):
    """An aggregate recorder answers no positions; ours is an application recorder, so the answer is dropped here."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class _SilentPostgres(postgres.Recorder):
    """As its sibling."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class TestSqliteAggregate(_WithSqlite, AggregateRecorderTestCase):
    """Streams."""

    recorder_class = _SilentSqlite


class TestSqliteApplication(_WithSqlite, ApplicationRecorderTestCase[sqlite.Recorder]):
    """Positions, threads, throughput."""


class TestSqliteOrder(_WithSqlite, NonInterleavingNotificationIDsBaseCase):
    """Positions of one insert do not mix with those of another."""


class TestPostgresAggregate(_WithPostgres, AggregateRecorderTestCase):
    """Streams."""

    recorder_class = _SilentPostgres


class TestPostgresApplication(_WithPostgres, ApplicationRecorderTestCase[postgres.Recorder]):
    """Positions, threads, throughput, subscriptions."""


class TestPostgresOrder(_WithPostgres, NonInterleavingNotificationIDsBaseCase):
    """Positions of one insert do not mix with those of another."""


def test_the_librarys_insert_takes_the_envelope_as_keywords(tmp_path: Path) -> None:
    datastore = SQLiteDatastore(str(tmp_path / "events.db"), originator_id_type="text")
    recorder = sqlite.Recorder(datastore, random_bytes=lambda count: b"s" * count, clock=lambda: 7)
    recorder.create_table()
    events = [StoredEvent("a", version, "marked/1", b"{}") for version in (1, 2)]
    assert isinstance(recorder, ApplicationRecorder)
    assert recorder.insert_events(events, actor="ada", session="s-1", client="cli", command_id="c") == [1, 2]
    rows = recorder.fetch("SELECT * FROM events")
    assert rows[1] == (2, "a", 2, "marked/1", b"{}", 7, "ada", "s-1", "cli", "c", "", "[]", b"s" * 16)
    assert recorder.fetch("SELECT stream, kind, first_position FROM directory") == [("a", "", 1)]
    recorder.shut()
