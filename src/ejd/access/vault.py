"""Seals personal texts before they become events, and opens them for the one table that shows them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.access.keys import KeyMissingError, KeyPlace, KeyStore
from ejd.access.ring import MasterKeys
from ejd.access.secrets import Purpose, RandomBytes
from ejd.kernel.envelope import Ref
from ejd.kernel.sealed import BOX_BYTES_MIN, BOX_VERSION, BOX_VERSION_UNBOUND, NONCE_BYTES, Sealed, TamperedError

LASTING = (
    Purpose.HASH_BODIES,
    Purpose.SEAL_UPLOADS,
    Purpose.COUNT_GUESSES,
    Purpose.DIGEST_CODES,
    Purpose.SEAL_FACTORS,
)
"""What the school keeps a secret for that must stay the same whatever becomes of the master key."""
SEALED_TEXT_BYTES_MAX = 16 * 1024
"""Of one text in UTF-8: some 8,000 Cyrillic letters."""

_VERSION = bytes([BOX_VERSION])
_TEXT_AT = 1 + NONCE_BYTES
_VERSION_BYTES = 8
_LENGTH_BYTES = 2


class TextNotSealedError(ValueError):
    """A text that cannot be sealed; the message never shows the text."""


class Standing(NamedTuple):
    """A box with the field and the event it stands in."""

    sealed: Sealed
    field: str
    at: Ref


class Vault:
    """Seals and opens texts under their persons' keys. Safe for threads."""

    def __init__(self, keys: KeyStore, random_bytes: RandomBytes) -> None:
        """Take `random_bytes` for the nonces: they must never repeat under one key, so never seed it."""
        self._keys = keys
        self._random_bytes = random_bytes

    def seal(self, person: str, text: str, *, field: str, at: Ref) -> Sealed:
        """Seal a text so that it opens for this person, field and event only; makes the person's key when needed.

        Raises TextNotSealedError above SEALED_TEXT_BYTES_MAX, KeyDestroyedError for a person who was erased.
        """
        clear = _encode(text, field)
        cipher = self._keys.get_or_create(person)
        nonce = self._random_bytes(NONCE_BYTES)
        return Sealed(person, _VERSION + nonce + cipher.encrypt(nonce, clear, _aad(person, field, at)))

    def make_keys(self, persons: Iterable[str]) -> None:
        """Make the keys that are not there with one flush to disk for thousands: for what seals a great deal.

        Raises KeyDestroyedError when one of the persons was erased.
        """
        self._keys.get_or_create_many(persons)

    def unseal(self, sealed: Sealed, *, field: str, at: Ref) -> str | None:
        """Answer the text, or None when the person was erased.

        Raises TamperedError for a box of another person, field or event, KeyMissingError for a lost key store.
        """
        return _open(self._keys.get(sealed.person), sealed, field, at)

    def unseal_many(self, boxes: Sequence[Standing]) -> list[str | None]:
        """Open boxes where they stand, asking for all keys at once."""
        ciphers = self._keys.get_many(one.sealed.person for one in boxes)
        texts: list[str | None] = []
        for sealed, field, at in boxes:
            if sealed.person not in ciphers:
                raise KeyMissingError(sealed.person)
            texts.append(_open(ciphers[sealed.person], sealed, field, at))
        return texts

    def secret(self, purpose: Purpose) -> bytes:
        """Answer the school's 32 bytes for a purpose; they outlive an exchange of the master key. Keep them."""
        return self._keys.secret(purpose)

    def keep_secrets(self) -> None:
        """Have the school's secrets stored: before a rotation, after which they could not be derived any more."""
        for purpose in LASTING:
            self._keys.secret(purpose)

    def destroy(self, person: str) -> None:
        """Make all that was ever sealed for the person unreadable, everywhere and for good."""
        self._keys.destroy(person)

    def close(self) -> None:
        """Close the key store."""
        self._keys.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close, whatever happened."""
        self.close()


@dataclass(frozen=True)
class VaultFactory:
    """How to open a school's vault; holds places, no keys, and can be sent to worker processes."""

    master_key_path: Path
    keys: KeyPlace

    def open(self, *, random_bytes: RandomBytes = os.urandom, now: Callable[[], int] | None = None) -> Vault:
        """Open the vault in this process; after a fork open another, connections do not survive one.

        `now` dates new keys, in microseconds since 1970 UTC. Raises MasterKeyError or KeyStoreError.
        """
        masters = MasterKeys(self.master_key_path)
        masters.current()
        table = self.keys.open()
        try:
            keys = KeyStore(table, masters, random_bytes=random_bytes, now=now or _system_microseconds)
        except BaseException:
            table.close()
            raise
        return Vault(keys, random_bytes)


def _encode(text: str, field: str) -> bytes:
    assert field, "every sealed text has a field of its own"  # noqa: S101 - invariant
    try:
        clear = text.encode()
    except UnicodeEncodeError:  # it quotes the text, so that it must not go on to a log
        msg = f"{field} holds half a character (a lone surrogate): send valid Unicode"
        raise TextNotSealedError(msg) from None
    if len(clear) > SEALED_TEXT_BYTES_MAX:
        msg = f"{field} has {len(clear)} bytes, at most {SEALED_TEXT_BYTES_MAX} can be kept: make it shorter"
        raise TextNotSealedError(msg)
    return clear


def _open(cipher: AESGCM | None, sealed: Sealed, field: str, at: Ref) -> str | None:
    if cipher is None:
        return None
    box = sealed.box
    if len(box) < BOX_BYTES_MIN or box[0] not in (BOX_VERSION, BOX_VERSION_UNBOUND):
        raise TamperedError(sealed.person, field, at)
    aad = _aad(sealed.person, field, at) if box[0] == BOX_VERSION else _unbound_aad(sealed.person, field)
    try:
        clear = cipher.decrypt(box[1:_TEXT_AT], box[_TEXT_AT:], aad)
    except InvalidTag:
        raise TamperedError(sealed.person, field, at) from None
    return clear.decode()


def _aad(person: str, field: str, at: Ref) -> bytes:
    # Persons are of one length (checked where their key is made); the stream has its length in front, so that no
    # part can be shifted into the next one.
    stream = at.stream.encode()
    numbers = at.version.to_bytes(_VERSION_BYTES) + len(stream).to_bytes(_LENGTH_BYTES)
    return b"ejd/2" + person.encode() + numbers + stream + field.encode()


def _unbound_aad(person: str, field: str) -> bytes:
    return b"ejd/1" + person.encode() + field.encode()


def _system_microseconds() -> int:
    return time.time_ns() // 1_000
