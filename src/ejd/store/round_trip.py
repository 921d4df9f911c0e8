"""Several prepared statements in one round trip, straight over libpq.

psycopg's own pipeline mode does the same with several waits and some 0.6 ms of processor time per append
(measured: 0.9 ms of client time for an append of one event, 0.25 ms here); appends are the hot path.
"""

from __future__ import annotations

import itertools
import re
import select
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.pq.abc import PGresult

TEXT = pq.Format.TEXT
Statement = tuple[bytes, Sequence[bytes]]


def numbered(statement: str) -> bytes:
    """Turn psycopg's %s into the $1, $2 … of the server."""
    numbers = itertools.count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", statement).encode()


class RoundTrip:
    """The writer's connection; each statement is prepared when it is first sent."""

    def __init__(self, connection: psycopg.Connection[Any], answer_seconds_max: float) -> None:
        """Take over a connection in autocommit mode that nobody else uses meanwhile."""
        self._pgconn = connection.pgconn
        self._answer_milliseconds_max = int(answer_seconds_max * 1000)
        self._names: dict[bytes, bytes] = {}
        self._numbers = itertools.count(1)
        self._poll = select.poll()

    def run(self, statements: Iterable[Statement]) -> PGresult:
        """Send all statements, wait for all answers, return the last one's rows.

        Raises the first error; the server ignores what followed it. OperationalError when it does not answer.
        """
        self._pgconn.enter_pipeline_mode()
        fresh: list[bytes] = []
        for text, params in statements:
            name = self._names.get(text)
            if name is None:
                name = self._names[text] = b"ejd%d" % next(self._numbers)
                self._pgconn.send_prepare(name, text)
                fresh.append(text)
            self._pgconn.send_query_prepared(name, params)
        self._pgconn.pipeline_sync()
        self._flush()
        try:
            return self._answers()
        except psycopg.Error:
            for text in fresh:  # the server may not have come to them: they are prepared again, under other names
                self._names.pop(text, None)
            raise

    def _flush(self) -> None:
        while self._pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            self._pgconn.consume_input()

    def _answers(self) -> PGresult:
        last: PGresult | None = None
        error: psycopg.Error | None = None
        while True:
            result = self._next()
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                break
            if result.status == pq.ExecStatus.FATAL_ERROR:
                error = error or errors.error_from_result(result)
            last = result
        self._pgconn.exit_pipeline_mode()
        if error is not None:
            raise error
        if last is None:
            raise psycopg.OperationalError("the server answered nothing")
        return last

    def _next(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        result = self._pgconn.get_result()
        if self._pgconn.status == pq.ConnStatus.BAD:
            message = self._pgconn.error_message.decode(errors="replace").strip()
            raise psycopg.OperationalError(message or "the connection is lost")
        return result

    def _wait(self, events: int) -> None:
        self._poll.register(self._pgconn.socket, events)
        if not self._poll.poll(self._answer_milliseconds_max):
            self._pgconn.finish()  # its answers would be taken for those of the next question
            raise psycopg.OperationalError("the server has not answered in time")
