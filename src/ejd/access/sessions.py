"""Sessions of browsers: secrets that only their owner has, and when a session ends by itself."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ejd.access.secrets import RandomBytes

SECRET_BYTES = 32
SECRET = re.compile(r"[0-9a-f]{64}")
MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
TOUCH_MICROSECONDS = MINUTE
"""A session is written at most once in this time, however much its owner clicks."""
DEVICE_MICROSECONDS_MAX = 180 * DAY
SESSIONS_MAX = 20
"""Of one account; the oldest one ends when another begins."""
CLIENT_CHARACTERS_MAX = 200


class Ends(NamedTuple):
    """A session ends after so long without a request, and so long after signing in; microseconds."""

    idle: int
    absolute: int


STRICT = Ends(idle=30 * MINUTE, absolute=12 * HOUR)
"""NIST SP 800-63B-4, 2.2.3 has an hour and a day for its second level; who can do more is asked more often."""
ENDS: Mapping[str, Ends] = {
    "head": STRICT,
    "deputy-head": STRICT,
    "support": STRICT,
    "teacher": Ends(idle=3 * HOUR, absolute=14 * HOUR),
    "parent": Ends(idle=14 * DAY, absolute=30 * DAY),
    "pupil": Ends(idle=7 * DAY, absolute=30 * DAY),
}
"""By role. Whoever has several gets the shortest of each; a role that is not here the strict ones."""
ABSOLUTE_MAX = max(ends.absolute for ends in ENDS.values())


def ends_of(roles: frozenset[str]) -> Ends:
    """Answer the ends for somebody with these roles."""
    found = [ENDS.get(role, STRICT) for role in roles] or [STRICT]
    return Ends(min(one.idle for one in found), min(one.absolute for one in found))


def new_secret(random_bytes: RandomBytes) -> str:
    """Answer 256 random bits as hexadecimal text."""
    return random_bytes(SECRET_BYTES).hex()


def digest_secret(secret: str) -> str:
    """Answer what is kept of a secret; nothing that is not one has such a digest."""
    return hashlib.sha256(secret.encode()).hexdigest() if SECRET.fullmatch(secret) else ""


def csrf_token(secret: str) -> str:
    """Answer what a page of ours sends with what it does: bound to the session, and of no use without its cookie."""
    return hmac.digest(secret.encode(), b"ejd/1 csrf", "sha256").hex()


def is_csrf_token(given: str, secret: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), csrf_token(secret).encode())


def new_session_id(random_bytes: RandomBytes) -> str:
    """Answer the public id of a session: random, and no part of its secret."""
    return str(UUID(bytes=random_bytes(16), version=4))


def described(user_agent: str) -> str:
    """Answer what a browser says of itself, in one line of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in user_agent).split())
    return line[:CLIENT_CHARACTERS_MAX]
