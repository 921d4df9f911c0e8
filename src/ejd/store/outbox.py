"""What people are to be told: rows that are written once, by whichever process comes first, and marked when sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import msgspec

from ejd.kernel.consents import Verdict
from ejd.store.dialect import Dialect

ROWS_IN_ONE_STATEMENT = 100
PAGE_ROWS_MAX = 1_000
_COLUMNS = "key, kind, recipient, about, created_at, sent_at, withheld"
_ROW = "(?, ?, ?, ?, ?, ?)"


class Notice(NamedTuple):
    """One thing to tell one person; `key` says what about whom, `about` is a JSON object without personal data.

    Made by `to_staff`, `to_owner` and `to_family` only. `withheld` is the JSON of why it is not sent, or None.
    """

    key: str
    kind: str
    recipient: str
    about: str
    withheld: str | None


def to_staff(key: str, kind: str, recipient: str, about: str) -> Notice:
    """Answer a notice about somebody's duty at the school, which needs no consent.

    The school tells its staff what the labour contract has them do (152-ФЗ ст. 6 ч. 1 п. 5).
    """
    return Notice(key, kind, recipient, about, None)


def to_owner(key: str, kind: str, recipient: str, about: str) -> Notice:
    """Answer a notice about the safety of the own account, which needs no consent.

    Telling the owner of a stranger is one of the measures that protect personal data (152-ФЗ ст. 19 ч. 1).
    """
    return Notice(key, kind, recipient, about, None)


def to_family(key: str, kind: str, recipient: str, about: str, verdict: Verdict) -> Notice:
    """Answer a notice about a pupil to the pupil or a guardian; without consent it is kept with the reason, not sent.

    `verdict` is what `ejd.kernel.consents.may` says of this pupil and recipient.
    """
    if verdict.allowed:
        return Notice(key, kind, recipient, about, None)
    withheld = msgspec.json.encode({"reason": verdict.reason, "by": verdict.by}).decode()
    return Notice(key, kind, recipient, about, withheld)


class OutboxRow(NamedTuple):
    """A notice with the times when it was written and sent (microseconds since 1970 UTC; None: not yet, or never)."""

    key: str
    kind: str
    recipient: str
    about: str
    created_at: int
    sent_at: int | None
    withheld: str | None


class Fetch(Protocol):
    """Runs one statement in a transaction of its own and answers its rows."""

    def __call__(self, statement: str, params: Sequence[object] = (), /) -> list[tuple[Any, ...]]:
        """Answer the rows."""
        ...


class Outbox:
    """The outbox of one school; safe for threads and processes."""

    def __init__(self, fetch: Fetch, dialect: Dialect, use: Callable[[], AbstractContextManager[None]]) -> None:
        """Translate nothing yet; `use` keeps the store open while a statement runs."""
        self._fetch = fetch
        self._sql = dialect.sql
        self._use = use

    def put(self, notices: Sequence[Notice], at: int) -> int:
        """Write those that are not there yet, and answer how many that were; a repeat writes nothing.

        What was withheld once stays so: the family was told on paper, and is not told again.
        """
        written = 0
        for chunk in _chunks(notices):
            rows = ", ".join([_ROW] * len(chunk))
            statement = (
                f"INSERT INTO outbox (key, kind, recipient, about, withheld, created_at) VALUES {rows} "  # noqa: S608 - marks only
                "ON CONFLICT (key) DO NOTHING RETURNING key"
            )
            params = [value for one in chunk for value in (*one, at)]
            with self._use():
                written += len(self._fetch(self._sql(statement), params))
        return written

    def page(  # noqa: PLR0913 - the filters of the public list
        self,
        *,
        after: tuple[int, str] = (-1, ""),
        limit: int = 100,
        kind: str | None = None,
        recipient: str | None = None,
        unsent: bool = False,
        withheld: bool = False,
    ) -> list[OutboxRow]:
        """Answer a page in order of writing, after the time and key of the last row before.

        `unsent`: only what is to be sent still; `withheld`: only what is not sent for want of consent.
        """
        where = ["(created_at > ? OR (created_at = ? AND key > ?))"]
        params: list[object] = [after[0], after[0], after[1]]
        for column, value in (("kind", kind), ("recipient", recipient)):
            if value is not None:
                where.append(f"{column} = ?")
                params.append(value)
        if unsent:
            where.append("sent_at IS NULL AND withheld IS NULL")
        if withheld:
            where.append("withheld IS NOT NULL")
        statement = f"SELECT {_COLUMNS} FROM outbox WHERE {' AND '.join(where)} ORDER BY created_at, key LIMIT ?"  # noqa: S608 - names of ours
        with self._use():
            rows = self._fetch(self._sql(statement), (*params, min(limit, PAGE_ROWS_MAX)))
        return [OutboxRow(*row) for row in rows]

    def mark_sent(self, key: str, at: int) -> bool:
        """Note when a notice was sent; False when it is noted already, withheld, or there is no such notice."""
        statement = "UPDATE outbox SET sent_at = ? WHERE key = ? AND sent_at IS NULL AND withheld IS NULL RETURNING key"
        with self._use():
            return bool(self._fetch(self._sql(statement), (at, key)))


def _chunks(notices: Sequence[Notice]) -> Iterator[Sequence[Notice]]:
    """Cut into statements; a key twice in one of them would be a conflict with itself, so that it goes in once."""
    unique = list({one.key: one for one in notices}.values())
    for start in range(0, len(unique), ROWS_IN_ONE_STATEMENT):
        yield unique[start : start + ROWS_IN_ONE_STATEMENT]
