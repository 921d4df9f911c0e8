"""What both adapters share: the questions to the store, waiting for news, and closing in good order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Protocol

from ejd.kernel.envelope import Answer, Commit, DirectoryEntry, EventRef, Recorded
from ejd.kernel.sealed import sealed_for
from ejd.store import dialect as sql
from ejd.store import moments
from ejd.store.contract import DATE_MAX, PAGE_EVENTS_MAX, STREAMS_IN_ONE_READ_MAX, Moment, chunks
from ejd.store.dialect import Dialect
from ejd.store.errors import StoreBusyError, StoreClosedError
from ejd.store.factors import FactorTables
from ejd.store.group_commit import Appender, GroupCommit
from ejd.store.judge import INTEGER_MAX, RandomBytes, check
from ejd.store.looks import Looks
from ejd.store.news import News
from ejd.store.outbox import Outbox
from ejd.store.persons import PersonEvents
from ejd.store.signing_in import SigningInTables

CLOSE_WAIT_SECONDS_MAX = 30.0
NEWS_POLL_SECONDS_MAX = 1.0
DIRECTORY_PAGE_STREAMS = 5_000
OPERATIONS_PAGE_EVENTS = 2_000
CHUNK_STREAMS = 200

Params = Sequence[object]
Row = tuple[Any, ...]
BY_POSITION = itemgetter(0)


class StoreRecorder(Appender, Protocol):
    """What the store asks of its recorder beside appending."""

    dialect: Dialect

    def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Answer the rows of a question, outside of any transaction."""
        ...

    def changed_elsewhere(self) -> bool:
        """Tell whether another process may have appended since the last call."""
        ...

    def shut(self) -> None:
        """Close all connections; nothing is running any more."""
        ...


class BaseStore:
    """One school's events; see `ejd.store.contract.EventStore` for what is promised."""

    news_poll_seconds = NEWS_POLL_SECONDS_MAX

    def __init__(self, recorder: StoreRecorder, random_bytes: RandomBytes) -> None:
        """Translate the questions once for this database."""
        self._news = News()
        self._group = GroupCommit(recorder, random_bytes, self._announce)
        self._fetch = recorder.fetch
        self._reader = recorder
        self._many = recorder.dialect.many
        self._sql = recorder.dialect.sql
        self.outbox = Outbox(recorder.fetch, recorder.dialect, self._use)
        self.signing_in = SigningInTables(recorder.fetch, recorder.dialect, self._use)
        self.persons = PersonEvents(recorder.fetch, recorder.dialect, self._use)
        self.looks = Looks(recorder.fetch, recorder.dialect, self._use)
        self.factors = FactorTables(recorder.fetch, recorder.dialect, self._use)
        self._running = 0
        self._idle = threading.Condition()
        self._page_sql = self._sql(sql.PAGE)
        self._streams_sql = self._sql(sql.STREAMS)

    def append(self, commit: Commit) -> Answer:
        """Store the commit in one transaction, possibly shared with commits of other threads."""
        check(commit)
        with self._use():
            return self._group.append(commit)

    def forget_signing_in(self, account: str) -> None:
        """Forget everything with which somebody could sign in to the account."""
        self.signing_in.forget_account(account)
        self.factors.forget_account(account)

    def find_answer(self, actor: str, command_id: str) -> Answer | None:
        """Answer what the account's command (or batch) with this id did, or None when it was never stored."""
        with self._use():
            batch = self._fetch(self._sql(sql.BATCH), (command_id, actor))
            if batch:
                _, _, first, last, recorded_at = batch[0]
                hashes: dict[str, bytes] = dict(self._fetch(self._sql(sql.BATCH_COMMANDS), (command_id, actor)))
                return self._answer((actor, command_id, None), (first, last), recorded_at, hashes)
            command = self._fetch(self._sql(sql.COMMAND), (command_id, actor))
            if not command:
                return None
            _, _, _, body_hash, batch_id, first, last, recorded_at = command[0]
            hashes = {command_id: body_hash}
            return self._answer((actor, batch_id, command_id), (first, last), recorded_at, hashes)

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the version of each stream that exists; those that do not are left out."""
        found: dict[str, int] = {}
        with self._use():
            for chunk in chunks(streams, STREAMS_IN_ONE_READ_MAX):
                rows = self._fetch(self._sql(sql.HEADS), (self._many(chunk),))
                found.update((stream, head) for stream, head in rows if head is not None)
        return found

    def read_streams(self, streams: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Answer all events of the streams with position <= `upto`, in order of position."""
        rows: list[Row] = []
        for chunk in chunks(dict.fromkeys(streams), STREAMS_IN_ONE_READ_MAX):
            rows += self._stream_rows(chunk, INTEGER_MAX if upto is None else upto)
        rows.sort(key=BY_POSITION)
        return list(map(Recorded._make, rows))

    def streams_sealed_for(self, person: str, upto: int) -> list[str]:
        """Answer the streams that hold a text sealed for a person, up to a position; reads every event."""
        with self._use():
            rows = self._fetch(self._sql(sql.STREAMS_HOLDING), (sealed_for(person), upto))
        return sorted(str(stream) for [stream] in rows)

    def read_page(self, after: int, limit: int) -> list[Recorded]:
        """Answer at most `limit` events with a position above `after`, in order; never passes over one in flight."""
        return list(map(Recorded._make, self.read_rows(after, limit)))

    def read_rows(self, after: int, limit: int) -> list[Row]:
        """Answer the same page as plain tuples in the order of `Recorded`: no Python code runs for each row."""
        with self._use():
            return self._fetch(self._page_sql, (after, min(limit, PAGE_EVENTS_MAX)))

    def read_partition(
        self, part: int, parts: int, upto: int, chunk_streams: int = CHUNK_STREAMS
    ) -> Iterator[list[Recorded]]:
        """Yield all events up to a position, in chunks of whole streams; each stream is in exactly one part.

        Inside a chunk the events are in order of position.
        """
        for rows in self.partition_rows(part, parts, upto, chunk_streams):
            yield list(map(Recorded._make, rows))

    def partition_rows(
        self, part: int, parts: int, upto: int, chunk_streams: int = CHUNK_STREAMS
    ) -> Iterator[list[Row]]:
        """Yield the same chunks as plain tuples in the order of `Recorded`.

        Chunks follow the directory, whose order is that of the first events, and are dealt out in turn.
        """
        for number, streams in enumerate(chunks(self._streams_upto(upto), chunk_streams)):
            if number % parts == part:
                rows = self._stream_rows(streams, upto)
                rows.sort(key=BY_POSITION)
                yield rows

    def find_events(  # noqa: PLR0913 - the filters of the public list of events
        self,
        *,
        after: int = 0,
        limit: int = 100,
        stream: str | None = None,
        actor: str | None = None,
        names: Sequence[str] = (),
        since: int | None = None,
        until: int | None = None,
    ) -> list[Recorded]:
        """Answer a page of events by stream, actor, stored names and recorded time (microseconds, until exclusive)."""
        filters: list[tuple[str, object]] = [("position > ?", after)]
        if stream is not None:
            filters.append(("originator_id = ?", stream))
        if actor is not None:
            filters.append(("actor = ?", actor))
        if names:
            filters.append(("topic IN ?", self._many(names)))
        if since is not None:
            filters.append(("recorded_at >= ?", since))
        if until is not None:
            filters.append(("recorded_at < ?", until))
        where = " AND ".join(condition for condition, _ in filters)
        statement = self._sql(f"{sql.EVENTS} {where} ORDER BY position LIMIT ?")
        params = [value for _, value in filters]
        with self._use():
            return list(map(Recorded._make, self._fetch(statement, (*params, min(limit, PAGE_EVENTS_MAX)))))

    def operations(self, actor: str, since: int, until: int) -> Iterator[Recorded]:
        """Yield the events of an account recorded in [since, until), in order of position, page by page."""
        statement = self._sql(sql.OPERATIONS)
        after = 0
        while True:
            with self._use():
                rows = self._fetch(statement, (actor, since, until, after, OPERATIONS_PAGE_EVENTS))
            yield from map(Recorded._make, rows)
            if len(rows) < OPERATIONS_PAGE_EVENTS:
                return
            after, since = rows[-1][0], rows[-1][5]

    def last_position(self) -> int:
        """Answer the highest position, 0 for an empty store."""
        with self._use():
            return int(self._fetch(self._sql(sql.LAST_POSITION))[0][0])

    def owner_of(self, key: str) -> str | None:
        """Answer the stream that holds a unique key."""
        with self._use():
            rows = self._fetch(self._sql(sql.OWNER), (key,))
        return str(rows[0][0]) if rows else None

    def directory(self, *, kinds: Sequence[str] = ()) -> Iterator[DirectoryEntry]:
        """Answer the streams that were ever written, ordered by first position."""
        statement = self._sql(sql.DIRECTORY_OF_KINDS if kinds else sql.DIRECTORY)
        given = (self._many(kinds),) if kinds else ()
        after = 0
        while True:
            with self._use():
                rows = self._fetch(statement, (after, *given, DIRECTORY_PAGE_STREAMS))
            yield from map(DirectoryEntry._make, rows)
            if len(rows) < DIRECTORY_PAGE_STREAMS:
                return
            after = rows[-1][-1]

    def streams_of_journal(self, journal: str, kind: str) -> list[str]:
        """Answer the directory's streams of one kind and journal, ordered by first position."""
        with self._use():
            return [stream for (stream,) in self._fetch(self._sql(sql.JOURNAL_STREAMS), (journal, kind))]

    def streams_of_persons(self, persons: Sequence[str], kind: str) -> list[str]:
        """Answer the directory's streams of one kind and several persons."""
        found: list[str] = []
        for chunk in chunks(persons, STREAMS_IN_ONE_READ_MAX):
            with self._use():
                rows = self._fetch(self._sql(sql.STREAMS_OF_PERSONS), (self._many(chunk), kind))
            found += [stream for (stream,) in rows]
        return found

    def streams_of_journals(
        self, journals: Sequence[str], kind: str, *, first: str = "", last: str = DATE_MAX
    ) -> list[str]:
        """Answer the directory's streams of one kind and several journals, of a range of dates, both included."""
        found: list[str] = []
        for chunk in chunks(journals, STREAMS_IN_ONE_READ_MAX):
            with self._use():
                rows = self._fetch(self._sql(sql.STREAMS_OF_JOURNALS), (self._many(chunk), kind, first, last))
            found += [stream for (stream,) in rows]
        return found

    def moment_at(self, position: int) -> Moment | None:
        """Answer where the commit ends that the newest event at or below a position belongs to; None: there is none."""
        with self._use():
            return moments.moment_at(self._fetch, self._sql, position)

    def moment_before(self, recorded_at: int) -> Moment | None:
        """Answer where the store stood at a time: the last event recorded then or earlier; None: there was none."""
        with self._use():
            return moments.moment_before(self._fetch, self._sql, recorded_at)

    def kind_of(self, stream: str) -> str | None:
        """Answer the kind under which the directory has a stream, None for one that does not exist."""
        with self._use():
            rows = self._fetch(self._sql(sql.KIND), (stream,))
        return str(rows[0][0]) if rows else None

    def count_events(self) -> int:
        """Answer how many events there are (positions may have gaps)."""
        with self._use():
            return int(self._fetch(self._sql(sql.COUNT_EVENTS))[0][0])

    def wait_for_news(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is an event above `after`, of any process; False when the time is over."""
        try:
            return self._wait(after, timeout_seconds)
        except StoreClosedError:
            return False

    def close(self) -> None:
        """Finish running appends, then close the connections."""
        self._group.close()
        self._news.close()
        with self._idle:
            if self._running < 0:
                return
            if not self._idle.wait_for(lambda: self._running <= 0, CLOSE_WAIT_SECONDS_MAX):
                raise StoreBusyError(f"still in use after {CLOSE_WAIT_SECONDS_MAX} seconds: not closed")
            self._running = -1
        self._reader.shut()

    def _wait(self, after: int, timeout_seconds: float) -> bool:
        now = time.monotonic()
        deadline = now + timeout_seconds
        looked_at = now - NEWS_POLL_SECONDS_MAX
        while True:
            with self._use():
                changed = self._reader.changed_elsewhere()
            if changed or now - looked_at >= NEWS_POLL_SECONDS_MAX:
                looked_at = now
                self._news.announce(self.last_position())
            if self._news.wait(after, max(0.0, min(self.news_poll_seconds, deadline - now))):
                return True
            now = time.monotonic()
            if now >= deadline or self._news.closed:
                return self.last_position() > after

    def _announce(self, position: int) -> None:
        self._news.announce(position)

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._idle:
            if self._running < 0:
                raise StoreClosedError("the store is closed")
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                if self._running == 0 and self._news.closed:
                    self._idle.notify_all()

    def _stream_rows(self, streams: Sequence[str], upto: int) -> list[Row]:
        with self._use():
            return self._fetch(self._streams_sql, (self._many(streams), upto))

    def _streams_upto(self, upto: int) -> Iterator[str]:
        statement = self._sql(sql.DIRECTORY_STREAMS)
        after = 0
        while True:
            with self._use():
                rows = self._fetch(statement, (after, upto, DIRECTORY_PAGE_STREAMS))
            yield from (stream for _, stream in rows)
            if len(rows) < DIRECTORY_PAGE_STREAMS:
                return
            after = rows[-1][0]

    def _answer(
        self,
        whose: tuple[str, str, str | None],
        positions: tuple[int, int],
        recorded_at: int,
        hashes: dict[str, bytes],
    ) -> Answer:
        actor, batch_id, command_id = whose
        refs = tuple(
            EventRef(position, stream, version, name)
            for position, stream, version, name, command, by, batch in self._fetch(self._sql(sql.REFS), positions)
            if (by, batch) == (actor, batch_id) and command_id in (None, command)
        )
        return Answer(
            position=positions[1],
            events=refs,
            recorded_at=recorded_at,
            repeated=True,
            batch_id=batch_id,
            body_hashes=hashes,
        )
