"""The master keys of a school: the present one, during a rotation the next one too, and the one before.

A running service finds a key by its id and looks at the files again when it does not know one, so that a rotation needs
no restart.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.access.secrets import MasterKeyError, Purpose, read_master_key, subkey

NEXT: Final = ".next"
OLD: Final = ".old"
KEY_ID_BYTES: Final = 8


class MasterKey(NamedTuple):
    """A master key with its public id, by which wrapped rows name it, and its cipher for persons' keys."""

    id: bytes
    key: bytes
    wrapping: AESGCM

    def __repr__(self) -> str:
        """Leave the key out of logs and tracebacks."""
        return f"MasterKey(id={self.id.hex()})"


class MasterKeys:
    """The keys in a file, in `<file>.next` and in `<file>.old`; read again when a file was exchanged. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self.path = path
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[tuple[int, int, int], MasterKey]] = {}

    def current(self) -> MasterKey:
        """Answer the present key; raises MasterKeyError."""
        found = self._find(self.path)
        if found is None:
            read_master_key(self.path)  # says what is wrong
            raise MasterKeyError(f"the master key {self.path} is being exchanged: try again")
        return found

    def next(self) -> MasterKey | None:
        """Answer the key of a rotation that is going on."""
        return self._find(self.path.with_name(self.path.name + NEXT))

    def all(self) -> list[MasterKey]:
        """Answer every key there is, the present one first."""
        others = (self._find(self.path.with_name(self.path.name + end)) for end in (NEXT, OLD))
        return [self.current(), *(one for one in others if one is not None)]

    def by_id(self, key_id: bytes) -> MasterKey | None:
        """Answer the key with an id; the files are only asked when it is not known."""
        for _, known in list(self._read.values()):
            if known.id == key_id:
                return known
        return next((one for one in self.all() if one.id == key_id), None)

    def _find(self, path: Path) -> MasterKey | None:
        try:
            found = os.stat(path)  # noqa: PTH116 - one call on the way of every new key
        except FileNotFoundError:
            return None
        signature = (found.st_mtime_ns, found.st_ino, found.st_size)
        with self._lock:
            known = self._read.get(path)
            if known is None or known[0] != signature:
                known = self._read[path] = (signature, made(read_master_key(path)))
            return known[1]


def made(key: bytes) -> MasterKey:
    """Answer a master key with what follows from its bytes."""
    name = subkey(key, Purpose.NAME_MASTER_KEY)[:KEY_ID_BYTES]
    return MasterKey(name, key, AESGCM(subkey(key, Purpose.WRAP_PERSON_KEYS)))
