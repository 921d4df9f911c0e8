"""Guessing: who tries too often is refused before anything is hashed, and locks nobody else out.

Tries are counted where all processes see them. For one account: ten in five minutes, then one after each delay, which
grows. Whoever has signed in to the account with the same device before is counted apart, so that nobody can keep the
owner out. For one place: a device that somebody signed in with before, else an address, which may be a whole school.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from ejd.access.sessions import DAY, MINUTE
from ejd.kernel.command import Refusal
from ejd.store.signing_in import Limit, SigningInTables

ACCOUNT_LIMIT = Limit(tries=10, window=5 * MINUTE, delay=MINUTE, doublings=4, calm=DAY)
"""The longest delay is 16 minutes: less than a hundred tries a day, and never the end of trying."""
DEVICE_LIMIT = Limit(tries=100, window=5 * MINUTE, delay=5 * MINUTE, doublings=0, calm=0)
"""Of a device that somebody signed in with: a computer of the class, on which thirty pupils mistype."""
ADDRESS_LIMIT = Limit(tries=300, window=5 * MINUTE, delay=5 * MINUTE, doublings=0, calm=0)
"""Wrong tries only. A school behind one address has a thousand people on the first of September."""


class TooManyTries(Refusal):
    """Somebody has tried too often."""

    status: ClassVar[int] = 429

    def __init__(self, wait_seconds: int) -> None:
        """Say how long to wait."""
        super().__init__(f"too many tries: wait {wait_seconds} seconds, or ask the office for a one-time code")
        self.retry_after_seconds = wait_seconds


class Attempt(NamedTuple):
    """One try that was taken; it counts unless it turns out to be the owner's."""

    tables: SigningInTables
    whose: str
    where: str
    where_limit: Limit

    def succeeded(self) -> None:
        """Forget the wrong tries before it."""
        self.tables.forgive(self.whose)
        self.given_back()

    def given_back(self) -> None:
        """Count it as no try at the place; whose account it was stays counted."""
        if self.where:
            self.tables.give_back(self.where, self.where_limit)


class Guessing:
    """Counts tries."""

    def __init__(self, tables: SigningInTables, *, clock: Callable[[], int], key: bytes) -> None:
        """Take the key under which logins and addresses are hashed: the table shall not tell who tried."""
        self._tables = tables
        self._clock = clock
        self._key = key

    def attempt(self, *whose: str, device: str = "", address: str = "") -> Attempt:
        """Take one try at something of somebody's from a known device, else an address; raises TooManyTries."""
        now = self._clock()
        account, limit = self._hashed("whose", *whose), DEVICE_LIMIT if device else ADDRESS_LIMIT
        place = self._hashed("device", device) if device else self._hashed("address", address) if address else ""
        wait = self._wait([account, place], now)
        if wait:
            raise TooManyTries(wait)
        if place and not self._tables.take(place, limit, now):
            raise TooManyTries(self._wait([place], now))
        if not self._tables.take(account, ACCOUNT_LIMIT, now):
            if place:
                self._tables.give_back(place, limit)
            raise TooManyTries(self._wait([account], now))
        return Attempt(self._tables, account, place, limit)

    def _wait(self, keys: list[str], now: int) -> int:
        """Answer how many seconds one of the keys lets nobody try, rounded up; 0 when all do."""
        return max(0, -((now - self._tables.waits(keys, now)) // 1_000_000))

    def _hashed(self, *parts: str) -> str:
        return hmac.digest(self._key, "\x00".join(parts).encode(), "sha256").hex()
