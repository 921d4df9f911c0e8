"""Secrets that stand outside the database: the master key's file, keys derived from it, API tokens."""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RandomBytes = Callable[[int], bytes]
"""Answers that many bytes nobody can foresee, such as `os.urandom`; a seeded generator would reuse nonces."""

MASTER_KEY_BYTES = 32
MASTER_KEY_FILE_BYTES_MAX = 256
MASTER_KEY_FILE_MODE = 0o600
OTHERS_MODE = 0o077
TOKEN_ID_BYTES = 8
TOKEN_SECRET_BYTES = 32

_TOKEN = re.compile(rf"ejd_([0-9a-f]{{{2 * TOKEN_ID_BYTES}}})_([0-9a-f]{{{2 * TOKEN_SECRET_BYTES}}})")


class MasterKeyError(Exception):
    """The master key's file cannot be used; the text says what to do and never shows what is in it."""


class Purpose(Enum):
    """What a subkey is for: no two uses share a key, so that one cannot be turned against the other."""

    WRAP_PERSON_KEYS = b"ejd/1 wrap person keys"
    HASH_BODIES = b"ejd/1 hash command bodies"
    SEAL_UPLOADS = b"ejd/1 seal uploaded files"
    NAME_MASTER_KEY = b"ejd/1 name master key"
    COUNT_GUESSES = b"ejd/1 count guesses"
    DIGEST_CODES = b"ejd/1 digest one-time codes"
    SEAL_FACTORS = b"ejd/1 seal second factors"


class NewToken(NamedTuple):
    """A token just made: `text` is shown to its owner once, `token_id` and `digest` are what is kept."""

    token_id: str
    text: str
    digest: str

    def __repr__(self) -> str:
        """Leave the secret out of logs and tracebacks."""
        return f"NewToken(token_id={self.token_id!r})"


def create_master_key(path: Path, random_bytes: RandomBytes) -> None:
    """Write a new key, durable on return, to a file that only its owner can read.

    Raises MasterKeyError for a file that is there already: without its key, all that was sealed is lost.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags, MASTER_KEY_FILE_MODE)
    except FileExistsError:
        msg = f"{path} is there already and is not overwritten: it may be the only key to a school's names"
        raise MasterKeyError(msg) from None
    except OSError as error:
        msg = f"the master key cannot be written to {path}: {error.strerror}"
        raise MasterKeyError(msg) from None
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(base64.b64encode(random_bytes(MASTER_KEY_BYTES)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink()
        raise
    make_entry_durable(path.parent)


def read_master_key(path: Path) -> bytes:
    """Answer the 32 bytes of the key; raises MasterKeyError for a file absent, broken or not private."""
    text = _read_private_file(path)
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        msg = f"{path} does not hold a key of {MASTER_KEY_BYTES} bytes in base64: restore it from its backup"
        raise MasterKeyError(msg)
    return key


def subkey(master_key: bytes, purpose: Purpose) -> bytes:
    """Derive the 32 bytes that serve one purpose by HKDF-SHA256 (RFC 5869); keep them, deriving is slow."""
    assert len(master_key) == MASTER_KEY_BYTES, "a master key comes from read_master_key"  # noqa: S101 - invariant
    return HKDF(SHA256(), length=32, salt=None, info=purpose.value).derive(master_key)


def body_hash(key: bytes, canonical_json_bytes: bytes) -> bytes:
    """Answer the 32-byte HMAC-SHA256 of a command's body under the `HASH_BODIES` subkey.

    Keyed, because a plain hash of a short body (a mark, a name) can be guessed by trying.
    """
    return hmac.digest(key, canonical_json_bytes, "sha256")


def new_token(random_bytes: RandomBytes) -> NewToken:
    """Make an API token `ejd_<id>_<secret>`; 256 random bits in the secret make a slow hash needless."""
    token_id = random_bytes(TOKEN_ID_BYTES).hex()
    secret = random_bytes(TOKEN_SECRET_BYTES).hex()
    return NewToken(token_id, f"ejd_{token_id}_{secret}", digest(secret))


def parse_token(text: str) -> tuple[str, str] | None:
    """Answer id and secret of a token's text, or None for anything that `new_token` could not have made."""
    found = _TOKEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def digest(secret: str) -> str:
    """Answer what is stored of a token's secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(stored_digest: str, secret: str) -> bool:
    """Compare in constant time, so that the answer's delay tells nothing about the digest."""
    return hmac.compare_digest(stored_digest, digest(secret))


def _read_private_file(path: Path) -> bytes:
    # Without O_NONBLOCK a named pipe in the key's place would hold the service up for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags)
    except FileNotFoundError:
        msg = f"there is no master key at {path}: restore it from its backup (`ejd init` makes a new one)"
        raise MasterKeyError(msg) from None
    except OSError as error:
        msg = f"the master key {path} cannot be read: {error.strerror}"
        raise MasterKeyError(msg) from None
    try:
        # The open file is asked, not the path: nobody can exchange it between the question and the reading.
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            msg = f"the master key {path} is not a file"
            raise MasterKeyError(msg)
        if os.name == "posix" and mode & OTHERS_MODE:
            msg = f"others may use the master key {path} (mode {stat.S_IMODE(mode):o}): run `chmod 600 {path}`"
            raise MasterKeyError(msg)
        return os.read(file, MASTER_KEY_FILE_BYTES_MAX)
    finally:
        os.close(file)


def make_entry_durable(folder: Path) -> None:
    """Bring a change of a folder's entries to the disk."""
    if os.name != "posix":  # Windows has no handle on a folder to flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network file systems cannot
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
