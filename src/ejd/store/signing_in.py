"""What signing in keeps beside the events, because it changes or is secret: hashes, sessions, devices, guesses.

Each method is one statement in a transaction of its own, so that any number of processes may use the tables.
Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from ejd.store.dialect import Dialect
from ejd.store.outbox import Fetch

SESSIONS_LISTED_MAX = 200
_SESSION = "id, account, generation, created_at, seen_at, authenticated_at, factors, client, new_device"

_FORGIVEN = "((guesses.tries < ? AND guesses.since <= ?) OR (guesses.tries >= ? AND guesses.until <= ?))"
_OVER = "(guesses.tries + 1 - ?)"
_DOUBLED = f"CASE WHEN {_OVER} < ? THEN {_OVER} ELSE ? END"
_TAKE = (
    "INSERT INTO guesses (key, tries, since, until) VALUES (?, 1, ?, 0) "  # noqa: S608 - pieces of ours
    "ON CONFLICT (key) DO UPDATE SET "
    f"tries = CASE WHEN {_FORGIVEN} THEN 1 ELSE guesses.tries + 1 END, "
    f"since = CASE WHEN {_FORGIVEN} THEN ? ELSE guesses.since END, "
    f"until = CASE WHEN {_FORGIVEN} THEN 0 WHEN guesses.tries + 1 < ? THEN 0 "
    f"ELSE ? + ? * (1 << CAST({_DOUBLED} AS INTEGER)) END "
    "WHERE guesses.until <= ? RETURNING 1"
)


class SessionRow(NamedTuple):
    """One session of a browser; `id` is public, the secret's digest is only in the table.

    `generation` is that of the account's credentials when it began; `factors` say how its owner proved who it is.
    """

    id: str
    account: str
    generation: int
    created_at: int
    seen_at: int
    authenticated_at: int
    factors: str
    client: str
    new_device: bool


class Limit(NamedTuple):
    """How often something may be tried: `tries` in `window`, then one try after each delay.

    The delay doubles at most `doublings` times; after `calm` without a try everything is forgiven.
    """

    tries: int
    window: int
    delay: int
    doublings: int
    calm: int


TIME_MAX = 2**63 - 1


class SigningInTables:
    """The tables of one school; safe for threads and processes."""

    def __init__(self, fetch: Fetch, dialect: Dialect, use: Callable[[], AbstractContextManager[None]]) -> None:
        """Take what runs one statement; `use` keeps the store open while it runs."""
        self._fetch = fetch
        self._dialect = dialect
        self._use = use

    def _run(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with self._use():
            return self._fetch(self._dialect.sql(statement), params)

    # Passwords and codes

    def put_password(self, account: str, credential: str, hashed: str) -> None:
        """Keep a hash; it counts only when the account's events name the credential."""
        self._run(
            "INSERT INTO passwords (account, credential, hash) VALUES (?, ?, ?) "
            "ON CONFLICT (account, credential) DO UPDATE SET hash = excluded.hash RETURNING 1",
            *(account, credential, hashed),
        )

    def password(self, account: str, credential: str) -> str | None:
        """Answer the hash of a credential."""
        found = self._run("SELECT hash FROM passwords WHERE account = ? AND credential = ?", account, credential)
        return str(found[0][0]) if found else None

    def drop_passwords(self, account: str, keep: str = "") -> None:
        """Forget the hashes of an account, but that of one credential."""
        self._run("DELETE FROM passwords WHERE account = ? AND credential <> ? RETURNING 1", account, keep)

    def put_code(self, account: str, code: str, digest: str, expires_at: int) -> None:
        """Keep the keyed digest of a one-time code."""
        self._run(
            "INSERT INTO codes (account, code, digest, expires_at) VALUES (?, ?, ?, ?) RETURNING 1",
            *(account, code, digest, expires_at),
        )

    def code(self, account: str, code: str) -> str | None:
        """Answer the digest of a code."""
        found = self._run("SELECT digest FROM codes WHERE account = ? AND code = ?", account, code)
        return str(found[0][0]) if found else None

    def drop_codes(self, account: str, ended_before: int) -> None:
        """Forget codes of an account that end before a time."""
        self._run("DELETE FROM codes WHERE account = ? AND expires_at < ? RETURNING 1", account, ended_before)

    def forget_account(self, account: str) -> None:
        """Forget everything of an account: its owner is erased."""
        self.drop_passwords(account)
        self.drop_codes(account, ended_before=TIME_MAX)
        self.end_other_sessions(account)
        self.forget_devices(account)

    # Sessions and devices

    def open_session(self, digest: str, session: SessionRow) -> None:
        """Keep a session under the digest of its secret; one with the same public id is replaced."""
        self.end_session(session.account, session.id)
        columns = f"digest, {_SESSION}"
        self._run(
            f"INSERT INTO sessions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1",  # noqa: S608 - names of ours
            *(digest, *session[:-1], int(session.new_device)),
        )

    def session(self, digest: str) -> SessionRow | None:
        """Answer the session whose secret has the digest."""
        found = self._run(f"SELECT {_SESSION} FROM sessions WHERE digest = ?", digest)  # noqa: S608 - as above
        return _row(found[0]) if found else None

    def sessions_of(self, account: str) -> list[SessionRow]:
        """Answer the sessions of an account, the newest first."""
        statement = f"SELECT {_SESSION} FROM sessions WHERE account = ? ORDER BY created_at DESC, id LIMIT ?"  # noqa: S608 - as above
        return [_row(row) for row in self._run(statement, account, SESSIONS_LISTED_MAX)]

    def touch_session(self, session: str, seen_at: int) -> None:
        """Note when a session was seen last."""
        self._run("UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ? RETURNING 1", seen_at, session, seen_at)

    def end_session(self, account: str, session: str) -> bool:
        """End one session of an account; False when it has none of this id."""
        return bool(self._run("DELETE FROM sessions WHERE account = ? AND id = ? RETURNING 1", account, session))

    def end_other_sessions(self, account: str, but: str = "") -> int:
        """End all sessions of an account but one, and answer how many there were."""
        return len(self._run("DELETE FROM sessions WHERE account = ? AND id <> ? RETURNING 1", account, but))

    def end_old_sessions(self, account: str, keep: int) -> None:
        """End the sessions of an account that are not among the newest."""
        self._run(
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account = ? "
            "ORDER BY created_at DESC, id LIMIT ? OFFSET ?) RETURNING 1",
            *(account, SESSIONS_LISTED_MAX, keep),
        )

    def know_device(self, device: str, account: str, at: int) -> None:
        """Note that somebody signed in to the account with this device."""
        self._run(
            "INSERT INTO devices (device, account, seen_at) VALUES (?, ?, ?) "
            "ON CONFLICT (device, account) DO UPDATE SET seen_at = excluded.seen_at RETURNING 1",
            *(device, account, at),
        )

    def accounts_of_device(self, device: str) -> set[str]:
        """Answer the accounts to which somebody signed in with a device."""
        return {row[0] for row in self._run("SELECT account FROM devices WHERE device = ?", device)}

    def has_devices(self, account: str) -> bool:
        """Say whether anybody ever signed in to the account."""
        return bool(self._run("SELECT 1 FROM devices WHERE account = ? LIMIT 1", account))

    def forget_devices(self, account: str) -> None:
        """Forget the devices of an account: whoever has one is as strange as everybody else."""
        self._run("DELETE FROM devices WHERE account = ? RETURNING 1", account)

    def forget_before(self, sessions: int, devices: int, guesses: int) -> None:
        """Forget sessions begun, devices seen and guesses made before these times."""
        self._run("DELETE FROM sessions WHERE created_at < ? RETURNING 1", sessions)
        self._run("DELETE FROM devices WHERE seen_at < ? RETURNING 1", devices)
        self._run("DELETE FROM guesses WHERE until < ? AND since < ? RETURNING 1", guesses, guesses)

    # Guesses

    def waits(self, keys: Sequence[str], now: int) -> int:
        """Answer until when one of the keys lets nobody try, 0 when all do."""
        found = self._run(
            "SELECT coalesce(max(until), 0) FROM guesses WHERE key IN ? AND until > ?", self._dialect.many(keys), now
        )
        return int(found[0][0])

    def take(self, key: str, limit: Limit, now: int) -> bool:
        """Take one try before anything is tried; False when others took the last one."""
        forgiven = (limit.tries, now - limit.window, limit.tries, now - limit.calm)
        delay = (now, limit.delay, limit.tries, limit.doublings, limit.tries, limit.doublings)
        return bool(self._run(_TAKE, key, now, *forgiven, *forgiven, now, *forgiven, limit.tries, *delay, now))

    def give_back(self, key: str, limit: Limit) -> None:
        """Give a try back: it was none."""
        self._run(
            "UPDATE guesses SET tries = tries - 1, until = CASE WHEN tries <= ? THEN 0 ELSE until END "
            "WHERE key = ? AND tries > 0 RETURNING 1",
            *(limit.tries, key),
        )

    def forgive(self, key: str) -> None:
        """Forget every try: who tried was the one."""
        self._run("DELETE FROM guesses WHERE key = ? RETURNING 1", key)

    # Tokens

    def token_used(self, token: str, day: str) -> None:
        """Note the day (ISO) on which a token was used last."""
        self._run(
            "INSERT INTO token_uses (token, used_on) VALUES (?, ?) "
            "ON CONFLICT (token) DO UPDATE SET used_on = excluded.used_on RETURNING 1",
            *(token, day),
        )

    def last_uses(self, tokens: Sequence[str]) -> dict[str, str]:
        """Answer the last day of use of those tokens that were used."""
        rows = self._run("SELECT token, used_on FROM token_uses WHERE token IN ?", self._dialect.many(tokens))
        return {str(token): str(day) for token, day in rows}


def _row(row: tuple[Any, ...]) -> SessionRow:
    return SessionRow._make((*row[:-1], bool(row[-1])))
