"""What second factors keep beside the events: sealed secrets, public keys, counters, digests, what was begun.

Each method is one statement in a transaction of its own, so that any number of processes may use the tables.
Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple

from ejd.store.dialect import Dialect
from ejd.store.outbox import Fetch

Begun = Literal["sign-in", "step-up", "add-totp", "add-passkey"]
_FACTOR = "factor, title, secret, counter, created_at"
_TICKET = "account, what, generation, session, secret, expires_at"


class FactorRow(NamedTuple):
    """A second factor; it counts only when the account's events name it.

    `secret` is sealed (an app's) or a public key; `counter` the last step of time, or of the key, that was shown.
    """

    factor: str
    title: str
    secret: str
    counter: int
    created_at: int


class Ticket(NamedTuple):
    """What somebody has begun and may go on with once, until `expires_at`.

    `generation` is that of the account's credentials when it began, `session` the one that goes on, `secret` what the
    next step needs: a challenge, or a sealed secret.
    """

    account: str
    what: Begun
    generation: int
    session: str
    secret: str
    expires_at: int


class FactorTables:
    """The tables of one school; safe for threads and processes."""

    def __init__(self, fetch: Fetch, dialect: Dialect, use: Callable[[], AbstractContextManager[None]]) -> None:
        """Take what runs one statement; `use` keeps the store open while it runs."""
        self._fetch = fetch
        self._dialect = dialect
        self._use = use

    def _run(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with self._use():
            return self._fetch(self._dialect.sql(statement), params)

    def put_factor(self, account: str, row: FactorRow) -> None:
        """Keep a factor."""
        self._run(
            f"INSERT INTO factors (account, {_FACTOR}) VALUES (?, ?, ?, ?, ?, ?) RETURNING 1",  # noqa: S608 - names of ours
            *(account, *row),
        )

    def factors_of(self, account: str) -> list[FactorRow]:
        """Answer the factors that are kept of an account, the oldest first."""
        statement = f"SELECT {_FACTOR} FROM factors WHERE account = ? ORDER BY created_at, factor"  # noqa: S608 - as above
        return [FactorRow._make(row) for row in self._run(statement, account)]

    def advance(self, account: str, factor: str, counter: int) -> bool:
        """Note that a step was shown; False when it, or a later one, was shown before."""
        return bool(
            self._run(
                "UPDATE factors SET counter = ? WHERE account = ? AND factor = ? AND counter < ? RETURNING 1",
                *(counter, account, factor, counter),
            )
        )

    def drop_factor(self, account: str, factor: str) -> None:
        """Forget a factor that its owner removed."""
        self._run("DELETE FROM factors WHERE account = ? AND factor = ? RETURNING 1", account, factor)

    def put_recovery_codes(self, account: str, digests: Mapping[str, str]) -> None:
        """Keep digests of recovery codes by their ids."""
        for code, digest in digests.items():
            self._run(
                "INSERT INTO recovery_codes (account, code, digest) VALUES (?, ?, ?) RETURNING 1",
                *(account, code, digest),
            )

    def recovery_codes(self, account: str) -> dict[str, str]:
        """Answer the digests of recovery codes that are kept of an account."""
        rows = self._run("SELECT code, digest FROM recovery_codes WHERE account = ?", account)
        return {str(code): str(digest) for code, digest in rows}

    def drop_recovery_codes(self, account: str, codes: Sequence[str]) -> None:
        """Forget recovery codes."""
        self._run(
            "DELETE FROM recovery_codes WHERE account = ? AND code IN ? RETURNING 1",
            *(account, self._dialect.many(codes)),
        )

    def forget_account(self, account: str) -> None:
        """Forget everything of an account."""
        for table in ("factors", "recovery_codes", "tickets"):
            self._run(f"DELETE FROM {table} WHERE account = ? RETURNING 1", account)  # noqa: S608 - names of ours

    def put_ticket(self, digest: str, ticket: Ticket, now: int) -> None:
        """Keep what was begun, under the digest of a secret; what is over is forgotten."""
        self._run("DELETE FROM tickets WHERE expires_at < ? RETURNING 1", now)
        self._run(
            f"INSERT INTO tickets (digest, {_TICKET}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING 1",  # noqa: S608 - as above
            *(digest, *ticket),
        )

    def ticket(self, digest: str) -> Ticket | None:
        """Answer what was begun."""
        found = self._run(f"SELECT {_TICKET} FROM tickets WHERE digest = ?", digest)  # noqa: S608 - as above
        return Ticket._make(found[0]) if found else None

    def take_ticket(self, digest: str) -> bool:
        """Use a ticket up; False when somebody was first."""
        return bool(self._run("DELETE FROM tickets WHERE digest = ? RETURNING 1", digest))
