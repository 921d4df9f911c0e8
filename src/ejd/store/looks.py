"""Who looked at whose personal data: rows that are only ever added, one for each answer that named people."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from ejd.store.dialect import Dialect
from ejd.store.outbox import Fetch

PAGE_ROWS_MAX = 1_000
MEMBERS_IN_ONE_STATEMENT = 400
SETS_REMEMBERED_MAX = 10_000
KINDS_REMEMBERED_MAX = 200_000
IDS_IN_ONE_QUESTION = 10_000
SET_BYTES_MAX = 16 * 1_000_000
"""Of one set of people, unpacked: a million of them."""
UUID_BYTES = 16
EXPORTED_MAX = 10_000
"""Looks in the export of one person's data; the log itself has them all."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONCE = "ON CONFLICT DO NOTHING RETURNING 1"
PERSONS = frozenset({"pupil", "guardian", "staff"})
"""Kinds of the directory whose streams are people."""
_COLUMNS = "number, at, account, viewer, roles, session, question, asked, reason, people, set_id"


class Look(NamedTuple):
    """One answer to one account (`viewer` is its person, "" for a program) at a time in microseconds UTC.

    `asked` are the parameters as JSON, ids and codes only; `reason` is a code that the viewer gave, "" without.
    """

    at: int
    account: str
    viewer: str
    roles: str
    session: str
    question: str
    asked: str
    reason: str


class LookRow(NamedTuple):
    """A look as it is stored: `people` says how many it named, `set_id` who."""

    number: int
    at: int
    account: str
    viewer: str
    roles: str
    session: str
    question: str
    asked: str
    reason: str
    people: int
    set_id: str


class Looks:
    """The log of one school; safe for threads and processes.

    People stand before the look that names them, each statement in a transaction of its own: whoever dies in between
    leaves a set that no look names yet.
    """

    def __init__(self, fetch: Fetch, dialect: Dialect, use: Callable[[], AbstractContextManager[None]]) -> None:
        """Know no set and no person yet; `use` keeps the store open while a statement runs."""
        self._fetch, self._dialect, self._use = fetch, dialect, use
        self._sets: dict[str, None] = {}
        self._kinds: dict[str, str] = {}
        self._lock = threading.Lock()

    def kinds_of(self, ids: Collection[str]) -> dict[str, str]:
        """Answer which of these ids are people, and of which kind: pupil, guardian or staff; others are left out."""
        with self._lock:
            found = {one: self._kinds[one] for one in ids if one in self._kinds}
        missing = [one for one in ids if one not in found]
        statement = self._dialect.sql("SELECT stream, kind FROM directory WHERE stream IN ?")
        for chunk in _chunks(missing, IDS_IN_ONE_QUESTION):
            with self._use():
                found.update(dict(self._fetch(statement, (self._dialect.many(chunk),))))
        with self._lock:
            if len(self._kinds) > KINDS_REMEMBERED_MAX:
                self._kinds.clear()
            self._kinds.update({one: found[one] for one in missing if one in found})
        return {one: kind for one, kind in found.items() if kind in PERSONS}

    def put(self, look: Look, people: Collection[str]) -> int:
        """Write that an answer named these people, and answer the number of the row; it is there when this returns."""
        ids = sorted(people)
        packed = zlib.compress(b"".join(UUID(one).bytes for one in ids), 1)
        set_id = hashlib.sha256("".join(ids).encode()).hexdigest()[:32]
        with self._lock:
            known = set_id in self._sets
        if not known:
            self._keep(set_id, ids, packed)
        statement = (
            "INSERT INTO looks (at, account, viewer, roles, session, question, asked, reason, people, set_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"
        )
        with self._use():
            ((number,),) = self._fetch(self._dialect.sql(statement), (*look, len(ids), set_id))
        return int(number)

    def page(  # noqa: PLR0913 - the filters of the public list
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        person: str | None = None,
        account: str | None = None,
        question: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[LookRow]:
        """Answer a page, the newest first, below the number of the last row before; times until exclusive."""
        source = "looks" if person is None else "look_members JOIN looks USING (set_id)"
        filters: list[tuple[str, object]] = [] if person is None else [("person = ?", person)]
        given = (("number < ?", before), ("account = ?", account), ("question = ?", question))
        times = (("at >= ?", since), ("at < ?", until))
        filters += [(condition, value) for condition, value in (*given, *times) if value is not None]
        where = " AND ".join(condition for condition, _ in filters) or "number > 0"
        statement = f"SELECT {_COLUMNS} FROM {source} WHERE {where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - names of ours
        params = [value for _, value in filters]
        with self._use():
            rows = self._fetch(self._dialect.sql(statement), (*params, min(limit, PAGE_ROWS_MAX)))
        return [LookRow(*row) for row in rows]

    def of_person(self, person: str) -> Iterator[dict[str, str]]:
        """Yield the looks at one person, the newest first, at most EXPORTED_MAX: when, by whom, as what, where."""
        found = 0
        before: int | None = None
        while found < EXPORTED_MAX:
            rows = self.page(person=person, before=before, limit=min(PAGE_ROWS_MAX, EXPORTED_MAX - found))
            for row in rows:
                at = (EPOCH + timedelta(microseconds=row.at)).isoformat(timespec="seconds")
                yield {"at": at, "viewer": row.viewer, "roles": row.roles, "question": row.question}
            if not rows:
                return
            found, before = found + len(rows), rows[-1].number

    def people_of(self, set_ids: Collection[str]) -> dict[str, list[str]]:
        """Answer by set the ids of the people in it."""
        statement = self._dialect.sql("SELECT set_id, people FROM look_sets WHERE set_id IN ?")
        with self._use():
            rows = self._fetch(statement, (self._dialect.many(sorted(set(set_ids))),))
        return {set_id: list(_unpacked(packed)) for set_id, packed in rows}

    def looked_at(self, account: str, since: int) -> dict[str, int]:
        """Answer everybody whom an account looked at since a time, with the time of the last look."""
        statement = "SELECT set_id, max(at) FROM looks WHERE account = ? AND at >= ? GROUP BY set_id"
        with self._use():
            last = {set_id: int(at) for set_id, at in self._fetch(self._dialect.sql(statement), (account, since))}
        found: dict[str, int] = {}
        for set_id, people in self.people_of(last).items():
            for person in people:
                found[person] = max(found.get(person, 0), last[set_id])
        return found

    def _keep(self, set_id: str, ids: Sequence[str], packed: bytes) -> None:
        """Write a set and its members; a repeat, also by another process, writes nothing."""
        with self._use():
            for chunk in _chunks(ids, MEMBERS_IN_ONE_STATEMENT):
                rows = ", ".join(["(?, ?)"] * len(chunk))
                statement = (
                    f"INSERT INTO look_members (person, set_id) VALUES {rows} ON CONFLICT DO NOTHING RETURNING 1"  # noqa: S608 - marks only
                )
                self._fetch(self._dialect.sql(statement), [value for one in chunk for value in (one, set_id)])
            statement = f"INSERT INTO look_sets (set_id, people) VALUES (?, ?) {ONCE}"  # noqa: S608 - words of ours
            self._fetch(self._dialect.sql(statement), (set_id, packed))
        with self._lock:
            if len(self._sets) > SETS_REMEMBERED_MAX:
                self._sets.clear()
            self._sets[set_id] = None


def _unpacked(packed: bytes) -> Iterator[str]:
    whole = zlib.decompressobj().decompress(packed, SET_BYTES_MAX)
    for start in range(0, len(whole), UUID_BYTES):
        yield str(UUID(bytes=bytes(whole[start : start + UUID_BYTES])))


def _chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(ids)
    while chunk := list(islice(left, size)):
        yield chunk
