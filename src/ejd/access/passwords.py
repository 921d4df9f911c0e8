"""Passwords: what one may be, and its slow hash (argon2id, RFC 9106), of which few run at the same time."""

from __future__ import annotations

import re
import threading
import unicodedata
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ejd.kernel.command import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CHARACTERS_MIN = 15
"""Of a password that is the only factor (NIST SP 800-63B-4, 3.1.1.2; ASVS 5.0, 6.2.9)."""
CHARACTERS_WITH_SECOND_FACTOR_MIN = 8
CHARACTERS_MAX = 256
"""ASVS 5.0, 6.2.9 wants at least 64; what is longer costs time and is no better."""
CONTEXT_CHARACTERS_MIN = 4
"""Shorter words (Ян, Ли) stand in too many good passwords."""
HASHES_AT_ONCE_MAX = 2
"""Each takes 64 MiB and a processor for 147 ms: more would let strangers fill the memory."""
HASH_WAIT_SECONDS_MAX = 10.0
DIFFERENT_CHARACTERS_MIN = 5
LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."
CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю"
TO_CYRILLIC, TO_LATIN = str.maketrans(LATIN, CYRILLIC), str.maketrans(CYRILLIC, LATIN)
ROWS = (
    "1234567890",
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz"),
    *("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"),
)
ROW_CHARACTERS_MIN = 4


class PasswordTooShort(Refusal):
    """The password has too few characters."""


class PasswordTooLong(Refusal):
    """The password has more characters than are kept."""


class PasswordIsKnown(Refusal):
    """The password is one of those that are tried first."""


class PasswordSaysWhose(Refusal):
    """The password is made of the school's name, the login or the own name."""


class HasherBusyError(Exception):
    """Too many passwords are being hashed; nothing was decided."""


class Cost(NamedTuple):
    """What one hash costs: KiB of memory, passes, threads (RFC 9106)."""

    memory_kib: int = 65_536
    passes: int = 3
    threads: int = 1


def normalised(password: str) -> str:
    """Answer the password in Unicode's composed form: two keyboards may send й differently."""
    return unicodedata.normalize("NFC", password)


class Hasher:
    """Hashes and compares; safe for threads."""

    at_once: ClassVar[threading.BoundedSemaphore] = threading.BoundedSemaphore(HASHES_AT_ONCE_MAX)
    """One for the process, however many schools it has."""

    def __init__(self, cost: Cost | None = None) -> None:
        """Take another cost only in tests: the default is that of production."""
        cost = cost or Cost()
        self._hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.threads)
        self._nobodys: str | None = None
        self.hashes = 0
        """How many were computed, for who measures what guessing costs."""

    def hash(self, password: str) -> str:
        """Answer what is kept: salt, cost and hash in one text. Raises HasherBusyError."""
        with self._turn():
            return self._hasher.hash(normalised(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Say whether it is the password; None costs the same and never matches. Raises HasherBusyError."""
        if kept is None and self._nobodys is None:
            self._nobodys = self.hash("the account of nobody")
        with self._turn():
            try:
                same = self._hasher.verify(kept or self._nobodys or "", normalised(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(same) and kept is not None

    def is_old(self, kept: str) -> bool:
        """Say whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.at_once.acquire(timeout=HASH_WAIT_SECONDS_MAX):
            raise HasherBusyError
        try:
            self.hashes += 1
            yield
        finally:
            self.at_once.release()


def check_password(password: str, words: Collection[str], *, second_factor: bool) -> None:
    """Raise a refusal unless the password may be set (NIST SP 800-63B-4, 3.1.1.2): no rules of composition.

    `words` are the school's name, the login and the own names: a password made of them is the first to be guessed.
    """
    check_length(password, second_factor=second_factor)
    text = normalised(password)
    if len(text) > CHARACTERS_MAX:
        msg = f"take at most {CHARACTERS_MAX} characters"
        raise PasswordTooLong(msg, field="password")
    folded = text.casefold()
    if len(set(folded)) < DIFFERENT_CHARACTERS_MIN or _is_known(folded):
        msg = "this password is among those that are tried first: choose something that nobody else would"
        raise PasswordIsKnown(msg, field="password")
    if _says_whose(folded, words):
        msg = "this password is made of the school's name, the login or your name: choose other words"
        raise PasswordSaysWhose(msg, field="password")


def check_length(password: str, *, second_factor: bool) -> None:
    """Raise PasswordTooShort for one that is too short to stand alone, or beside a second factor."""
    least = CHARACTERS_WITH_SECOND_FACTOR_MIN if second_factor else CHARACTERS_MIN
    if len(normalised(password)) < least:
        msg = f"take at least {least} characters: a sentence of your own is easy to remember"
        raise PasswordTooShort(msg, field="password")


@cache
def breached() -> frozenset[str]:
    """Answer the list that comes along, in small letters."""
    text = files("ejd.access").joinpath("breached_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def _is_known(folded: str) -> bool:
    """Say whether it is a breached one, one repeated, two in a row, or a way along the keyboard; in either layout."""
    known = breached()
    for text in {folded, folded.translate(TO_LATIN), folded.translate(TO_CYRILLIC)}:
        bare = re.sub(r"[\W_]+", "", text)
        for one in {text, bare, bare.strip("0123456789")}:
            if one in known or _once(one) in known or (one and _along_the_rows(one)):
                return True
            if any(one[:cut] in known and _once(one[cut:]) in known for cut in range(4, len(one) - 3)):
                return True
    return False


def _once(text: str) -> str:
    """Answer what a text repeats: `passpass` is `pass`."""
    found = re.fullmatch(r"(.+?)\1*", text, re.DOTALL)
    return found[1] if found else text


def _along_the_rows(text: str) -> bool:
    """Say whether it consists of pieces of the rows of a keyboard, forwards or backwards, or of the alphabet."""
    ways = [way * 2 for row in ROWS for way in (row, row[::-1])]
    place = 0
    while place < len(text):
        longest = 0
        for way in ways:
            size = longest + 1
            while place + size <= len(text) and text[place : place + size] in way:
                longest, size = size, size + 1
        if longest < ROW_CHARACTERS_MIN and longest < len(text) - place:
            return False
        place += longest
    return True


def _says_whose(folded: str, words: Collection[str]) -> bool:
    """Say whether little is left of a password when the words that say whose it is are taken out."""
    parts = {part for word in words for part in re.split(r"[\W_\d]+", word.casefold())} | {
        re.sub(r"[\W_]+", "", word.casefold()) for word in words
    }
    known = [part for part in parts if len(part) >= CONTEXT_CHARACTERS_MIN]
    for left in (folded, folded.translate(TO_LATIN), folded.translate(TO_CYRILLIC)):
        for part in sorted(known, key=len, reverse=True):
            left = left.replace(part, "")  # noqa: PLW2901 - piece by piece
        if len(left) < len(folded) and len(re.sub(r"[\W_\d]+", "", left)) < CHARACTERS_WITH_SECOND_FACTOR_MIN:
            return True
    return False
