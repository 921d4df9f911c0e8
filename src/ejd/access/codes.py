"""One-time codes that are printed, and read by people: no letter in them looks like another one or like a digit."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ejd.access.secrets import RandomBytes

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without 0 and o, 1, i and l. 31 letters: 12 of them hold 59 bits, which ten tries in five minutes never find."""
CODE_LETTERS, GROUP_LETTERS = 12, 4
RECOVERY_LETTERS = 24
"""118 bits: from 112 on a code that is kept for long needs no slow hash (ASVS 5.0, 6.5.2)."""
CODE_ID_BYTES = 8
CODE_CHARACTERS_MAX = 40
LOOK_ALIKES = str.maketrans("асеоурхкмтнв", "aceoypxkmthb")
"""Cyrillic letters that somebody types whose keyboard stands on the other layout, where they look the same."""


class NewCode(NamedTuple):
    """A code just made: `text` is printed once, `code_id` and its digest are what is kept."""

    code_id: str
    text: str

    def __repr__(self) -> str:
        """Leave the secret out of logs and tracebacks."""
        return f"NewCode(code_id={self.code_id!r})"


def new_code(random_bytes: RandomBytes, length: int = CODE_LETTERS) -> NewCode:
    """Make a code such as `k7md-2wxe-9fpn`; every letter is as likely as any other."""
    letters: list[str] = []
    while len(letters) < length:
        usable = (byte for byte in random_bytes(2 * length) if byte < 256 - 256 % len(ALPHABET))
        letters += [ALPHABET[byte % len(ALPHABET)] for byte in usable]
    text = "".join(letters[:length])
    groups = (text[at : at + GROUP_LETTERS] for at in range(0, length, GROUP_LETTERS))
    return NewCode(random_bytes(CODE_ID_BYTES).hex(), "-".join(groups))


def read_code(text: str) -> str:
    """Answer the letters of a code as somebody typed it: case, hyphens and spaces do not matter."""
    return "".join(c for c in text.casefold().translate(LOOK_ALIKES) if c in ALPHABET)


def digest_code(key: bytes, account: str, text: str) -> str:
    """Answer what is kept of a code: its HMAC-SHA256 under the `DIGEST_CODES` subkey, so that a copy tells nothing."""
    return hmac.digest(key, f"{account}/{read_code(text)}".encode(), "sha256").hex()


def is_code_of(kept: str, key: bytes, account: str, text: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(kept, digest_code(key, account, text))
