"""Where benchmarks run: a folder on the disk, and a durable PostgreSQL that is started when the first one asks."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal, Self

from ejd.app import initialise
from ejd.settings import Settings
from ejd.store import postgres, sqlite
from ejd.store.base import BaseStore
from ejd.store.roles import provision
from tests import postgres as servers
from tests.handling.conftest import create_service_role

Database = Literal["sqlite", "postgres"]
NANOSECONDS = 1_000_000_000


@dataclass
class Bench:
    """The bench that all benchmarks of a run share. `quick` makes them tiny: they then prove nothing but that they run.

    Everything is durable: SQLite with synchronous=FULL on a real disk, PostgreSQL with fsync.
    """

    quick: bool = False
    folder: Path = field(default_factory=lambda: Path(mkdtemp(prefix="ejd-benchmarks-")))
    _stack: ExitStack = field(default_factory=ExitStack)
    _server: servers.PostgresServer | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove the files, whatever happened."""
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, text: str) -> None:
        """Tell the person who waits what is going on."""
        if not self.quick:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def size(self, full: int, quick: int) -> int:
        """Choose a size."""
        return quick if self.quick else full

    def server(self) -> servers.PostgresServer:
        """Answer the PostgreSQL server; the first call starts it."""
        if self._server is None:
            self._server = self._stack.enter_context(servers.start(durable=True))
        return self._server

    def database(self) -> servers.PostgresDatabase:
        """Answer a new, empty database."""
        return self.server().create_database(self.server().new_name("bench"))

    def new_folder(self, name: str) -> Path:
        """Answer a new folder on the disk."""
        folder = self.folder / f"{next(self._numbers)}-{name}"
        folder.mkdir()
        return folder

    def store(self, database: Database) -> BaseStore:
        """Answer a new, empty store: nothing but the events."""
        if database == "sqlite":
            return sqlite.open_store(self.new_folder("store"))
        dsn = self.database().dsn
        provision(dsn, "school", None)
        return postgres.open_store(dsn, "school")

    def settings(self, database: Database) -> Settings:
        """Answer where a new, initialised school is."""
        folder = self.new_folder("school")
        if database == "sqlite":
            settings = Settings(data_dir=folder)
        else:
            fresh = self.database()
            role = create_service_role(fresh)
            settings = Settings(
                data_dir=folder, database_url=fresh.dsn_as(role), owner_database_url=fresh.dsn, school="school7"
            )
        initialise(settings)
        return settings

    @property
    def server_cpu(self) -> Callable[[], float]:
        """Answer what reads the server's CPU time, here or in another process; call it after `server`."""
        process = None if self._server is None else self._server.process
        return partial(cpu_of_family, None if process is None else process.pid)


def cpu_of_family(pid: int | None) -> float:
    """Answer the CPU seconds of a server, its processes that live and those that ended; Linux only, elsewhere 0."""
    if pid is None:
        return 0.0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        living = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    total = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    for one in living:
        with suppress(OSError):
            total += int(Path(f"/proc/{one}/schedstat").read_text(encoding="ascii").split()[0]) / NANOSECONDS
    return total
