"""The read model of a school: generations of tables, of which one is live, and snapshots for questions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ejd.read.contract import GenerationGoneError, NoGenerationError, NotYetThereError, Place
from ejd.read.folding import Folding
from ejd.read.postgres import PostgresPlace
from ejd.read.sqlite import SqlitePlace

AFTER_SECONDS_MAX = 5.0
POLL_SECONDS = 0.02
"""How often we look whether another process has fed; in one process the feeder wakes us."""

OPEN_TRIES_MAX = 10
"""Each try fails only when a switch came between; nobody rebuilds that often."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent state of all tables: everything up to `position`, nothing above it."""

    connection: sa.Connection
    position: int
    generation: int = 0


class ReadModel:
    """All generations of one school; safe for threads, one per process."""

    def __init__(self, place: Place, folding: Folding, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Make the place when it is not there; no generation is built yet."""
        self.place = place
        self.folding = folding
        self._monotonic = monotonic
        self._fed = threading.Condition()
        self._feedings = 0
        self._lock = threading.Lock()
        self._engines: dict[int, sa.Engine] = {}
        self._live: int | None = None
        place.prepare()

    @classmethod
    def on_sqlite(cls, folder: Path, folding: Folding) -> ReadModel:
        """Keep the generations as files of a folder."""
        return cls(SqlitePlace(folder), folding)

    @classmethod
    def on_postgres(cls, dsn: str, school: str, folding: Folding) -> ReadModel:
        """Keep the generations as schemas `<school>_read_<n>`."""
        return cls(PostgresPlace(dsn, school), folding)

    def create_generation(self) -> int:
        """Make a generation with empty tables beside the live one; `ejd.read.rebuild` fills it."""
        return self.place.create(self.folding.tables, self.folding.fingerprint)

    def live(self) -> int | None:
        """Answer the live generation, None when nothing was ever built."""
        return self.place.live()

    def is_current(self) -> bool:
        """Say whether the live generation was built for the projections of this code."""
        live = self.live()
        try:
            return live is not None and self.place.fingerprint(live) == self.folding.fingerprint
        except GenerationGoneError:
            return False

    def switch(self, generation: int) -> None:
        """Make a generation live; `ejd.read.rebuild` sees to it that the position never goes back by that."""
        self.place.point(generation)
        self.notify()

    def drop_old(self) -> bool:
        """Drop every generation that is not live; False when a reader, or a running build, is in the way."""
        lease = self.place.lease("build")
        if lease is None:
            return False
        try:
            live = self.live()
            dropped = [self.place.drop(one) for one in self.place.generations() if one != live]
            return all(dropped)
        finally:
            lease.close()

    def notify(self) -> None:
        """Wake the questions of this process that wait for a position."""
        with self._fed:
            self._feedings += 1
            self._fed.notify_all()

    @contextmanager
    def snapshot(self, after: int | None = None, timeout_seconds: float = AFTER_SECONDS_MAX) -> Iterator[Snapshot]:
        """Give the live generation as it is at one position, at least `after`.

        Raises NotYetThereError when `after` is not reached in time, NoGenerationError before the first build.
        """
        snapshot = self._wait_for(after, timeout_seconds)
        try:
            yield snapshot
        finally:
            self._close(snapshot)

    def position(self) -> int:
        """Answer up to where the live generation is folded."""
        with self.snapshot() as snapshot:
            return snapshot.position

    def close(self) -> None:
        """Close the connections that are not in use; the others close when their questions end."""
        with self._lock:
            engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.dispose()

    def _wait_for(self, after: int | None, timeout_seconds: float) -> Snapshot:
        deadline = self._monotonic() + timeout_seconds
        while True:
            seen = self._feedings
            snapshot = self._open()
            if after is None or snapshot.position >= after:
                return snapshot
            self._close(snapshot)
            left = deadline - self._monotonic()
            if left <= 0:
                raise NotYetThereError(snapshot.position)
            with self._fed:
                if self._feedings == seen:
                    self._fed.wait(min(left, POLL_SECONDS))

    def _open(self) -> Snapshot:
        live = self._live
        for _ in range(OPEN_TRIES_MAX):
            if live is None:
                live = self.live()
            if live is None:
                raise NoGenerationError("nothing was built yet: run `ejd rebuild`")
            found = self._try(live)
            if isinstance(found, Snapshot):
                return found
            live = found
        raise NoGenerationError("the live generation changes faster than it can be opened")

    def _try(self, live: int) -> Snapshot | int | None:
        """Open a snapshot of this generation, or answer which one to try next."""
        connection: sa.Connection | None = None
        try:
            connection = self._engine(live).connect()
            position, now = self.place.look(connection, live)
        except GenerationGoneError:
            if connection is not None:
                connection.close()
            self._retire(live)
            return None
        except sa.exc.DBAPIError as error:
            if connection is not None:
                connection.close()
            if not error.connection_invalidated:
                raise
            return live
        if now == live:
            self._live = live
            return Snapshot(connection, position, live)
        connection.close()
        self._retire(live)
        return now

    def _close(self, snapshot: Snapshot) -> None:
        """Give the connection back, or close it when its pool has gone meanwhile."""
        if snapshot.generation not in self._engines:
            snapshot.connection.detach()
        snapshot.connection.close()

    def _engine(self, generation: int) -> sa.Engine:
        engine = self._engines.get(generation)
        if engine is None:
            with self._lock:
                engine = self._engines.get(generation)
                if engine is None:
                    engine = self._engines[generation] = self.place.engine(generation)
        return engine

    def _retire(self, generation: int) -> None:
        with self._lock:
            engine = self._engines.pop(generation, None)
            if self._live == generation:
                self._live = None
        if engine is not None:
            engine.dispose()
