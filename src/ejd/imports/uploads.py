"""Uploaded files that wait to be applied: sealed under a key of the school, in its data folder, for a day at most.

They hold names and birth dates, so that no byte of them stands in clear on the disk; what is no longer needed goes.
Processes that serve one school on several machines need the folder in common.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.imports.oneroster import read_oneroster
from ejd.imports.packed import csv_members, digest_of
from ejd.imports.roster_apply import Bringing
from ejd.imports.roster_file import Roster
from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_year import WantedYear
from ejd.kernel.command import NotFound, Refusal

__all__ = ["FILE_NAME_CHARACTERS_MAX", "UPLOAD_BYTES_MAX", "TooManyUploads", "Upload", "UploadGone", "Uploads"]

UPLOAD_BYTES_MAX: Final = 32 * 1024 * 1024
UPLOADS_MAX: Final = 20
"""Waiting at once; the oldest goes only when its day is over."""
KEPT_SECONDS_MAX: Final = 24 * 60 * 60
FILE_NAME_CHARACTERS_MAX: Final = 200
NONCE_BYTES: Final = 12
MICROSECONDS: Final = 1_000_000

UploadKind = Literal["oneroster", "roster"]


class TooManyUploads(Refusal):
    """More files wait than a school needs."""

    status = 409


class UploadGone(NotFound):
    """No uploaded file waits under this id."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it came, with what was said of it."""

    kind: UploadKind
    file_name: str
    content: bytes
    wanted: tuple[str | None, ...] = ()
    source: str = ""
    overwrite: bool = False
    at: int
    """Microseconds since 1970 UTC."""

    def roster(self) -> Roster:
        """Answer what the file says; raises ImportRefused."""
        if self.kind == "roster":
            return read_roster({self.file_name: self.content})
        return read_oneroster(self._members())

    def bringing(self) -> Bringing:
        """Answer how it is brought in."""
        sha256 = digest_of({self.file_name: self.content} if self.kind == "roster" else self._members())
        wanted = WantedYear.of(*self.wanted) if self.wanted else WantedYear()
        return Bringing(self.file_name, sha256, wanted, self.source, self.overwrite)

    def _members(self) -> dict[str, bytes]:
        if self.content.startswith(b"PK"):
            return csv_members(self.content, self.file_name)
        return {self.file_name: self.content}


class Uploads:
    """The waiting files of one school."""

    def __init__(
        self, folder: Path, key: bytes, clock: Callable[[], int], random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Take the key (AES-256) and the clock from outside."""
        self._folder, self._cipher, self._clock, self._random_bytes = folder, AESGCM(key), clock, random_bytes

    def keep(self, import_id: str, upload: Upload) -> None:
        """Keep a file under its import's id; raises TooManyUploads."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = self._waiting()
        if import_id not in waiting and len(waiting) >= UPLOADS_MAX:
            msg = f"{UPLOADS_MAX} uploaded files wait already: apply one, or wait until their day is over"
            raise TooManyUploads(msg)
        nonce = self._random_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(upload), import_id.encode())
        part = self._path(import_id).with_suffix(".part")
        part.write_bytes(sealed)
        seconds = self._clock() // MICROSECONDS
        os.utime(part, (seconds, seconds))
        part.replace(self._path(import_id))

    def find(self, import_id: str) -> Upload:
        """Answer a waiting file; raises UploadGone."""
        if import_id in self._waiting():
            try:
                sealed = self._path(import_id).read_bytes()
                clear = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], import_id.encode())
                return msgspec.msgpack.decode(clear, type=Upload)
            except (FileNotFoundError, InvalidTag, ValueError, msgspec.DecodeError):
                self.drop(import_id)
        msg = "no uploaded file waits under this id, or its day is over: upload it again"
        raise UploadGone(msg, field="id")

    def drop(self, import_id: str) -> None:
        """Let a file go that is no longer needed."""
        self._path(import_id).unlink(missing_ok=True)

    def _waiting(self) -> set[str]:
        """Answer the ids that wait, after those have gone whose day is over."""
        now = self._clock() // MICROSECONDS
        found = set()
        for path in self._folder.glob("*.upload"):
            try:
                old = now - int(path.stat().st_mtime) > KEPT_SECONDS_MAX
            except FileNotFoundError:
                continue
            if old:
                path.unlink(missing_ok=True)
            else:
                found.add(path.stem)
        return found

    def _path(self, import_id: str) -> Path:
        return self._folder / f"{import_id}.upload"
