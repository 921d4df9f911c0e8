"""NOTIFY and LISTEN beside the appends: two threads, started when first needed, each with a connection of its own.

NOTIFY takes a lock of the whole server when it commits, so it never runs inside an appending transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
from psycopg import sql

from ejd.store.errors import StoreError

TELL_PAUSE_SECONDS = 0.02
"""Appends within this time share one NOTIFY."""
LISTEN_STEP_SECONDS = 0.5
RECONNECT_PAUSE_SECONDS = 1.0
JOIN_SECONDS_MAX = 5.0
CONNECT_SECONDS_MAX = 5


class PostgresNews:
    """Tells other processes that there are events, and hears it from them; losing a message costs a poll."""

    def __init__(self, dsn: str, channel: str, heard: Callable[[], None]) -> None:
        """`heard` is called in the listening thread, which has then to look for itself."""
        self._dsn = dsn
        self._channel = sql.Identifier(channel)
        self._heard = heard
        self._untold = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def tell(self) -> None:
        """Have others told soon; costs the appending thread nothing."""
        self._untold.set()
        if "teller" not in self._threads:
            self._start("teller", self._tell_all)

    def listen(self) -> None:
        """Start hearing; called again it does nothing."""
        if "listener" not in self._threads:
            self._start("listener", self._listen_all)

    def close(self) -> None:
        """Stop both threads."""
        self._stopped.set()
        self._untold.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(JOIN_SECONDS_MAX)

    def _start(self, name: str, run: Callable[[], None]) -> None:
        with self._lock:
            if name not in self._threads and not self._stopped.is_set():
                thread = threading.Thread(target=self._guard, args=(run,), name=f"ejd-{name}", daemon=True)
                self._threads[name] = thread
                thread.start()

    def _guard(self, run: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            try:
                run()
            except (psycopg.Error, StoreError):
                self._stopped.wait(RECONNECT_PAUSE_SECONDS)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._dsn, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX)

    def _tell_all(self) -> None:
        with self._connect() as connection:
            while not self._stopped.is_set():
                self._untold.wait()
                self._untold.clear()
                connection.execute(sql.SQL("NOTIFY {}").format(self._channel))
                self._stopped.wait(TELL_PAUSE_SECONDS)

    def _listen_all(self) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL("LISTEN {}").format(self._channel))
            self._heard()
            while not self._stopped.is_set():
                for _ in connection.notifies(timeout=LISTEN_STEP_SECONDS, stop_after=1):
                    self._heard()
