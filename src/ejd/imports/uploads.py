"""Uploaded files that wait to be applied: sealed under a key of the school, in its data folder, for a day at most.

They hold names and birth dates, so that no byte of them stands in clear on the disk; what is no longer needed goes.
Processes that serve one school on several machines need the folder in common.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ejd.imports.ground import SchoolAccess
from ejd.imports.oneroster import read_oneroster
from ejd.imports.packed import csv_members, digest_of
from ejd.imports.roster_apply import Bringing, RosterImport
from ejd.imports.roster_report import RosterReport
from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_year import WantedYear
from ejd.imports.timetable_import import BroughtTimetable, TimetableImport
from ejd.kernel.command import Actor, NotFound, Refusal

__all__ = [
    "FILE_NAME_CHARACTERS_MAX",
    "UPLOAD_BYTES_MAX",
    "Import",
    "TooManyUploads",
    "Upload",
    "UploadGone",
    "Uploads",
]

UPLOAD_BYTES_MAX: Final = 32 * 1024 * 1024
UPLOADS_MAX: Final = 20
"""Waiting at once; the oldest goes only when its day is over."""
KEPT_SECONDS_MAX: Final = 24 * 60 * 60
FILE_NAME_CHARACTERS_MAX: Final = 200
NONCE_BYTES: Final = 12
MICROSECONDS: Final = 1_000_000

UploadKind = Literal["oneroster", "roster", "fet", "xhstt", "asc", "grid"]


class Import(Protocol):
    """What a roster and a timetable have in common once they are compared with the school."""

    @property
    def import_id(self) -> str:
        """Its id."""
        ...

    def report(self) -> RosterReport:
        """Answer the difference."""
        ...

    def apply(self, digest: str | None = None) -> RosterReport:
        """Store it."""
        ...


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
    term: int | None = None
    solution: str | None = None
    instance: str | None = None
    accept_conflicts: bool = False

    def rehearsed(self, school: SchoolAccess, actor: Actor, at: int | None) -> Import:
        """Answer the import of the file, compared with the school as it is now; raises ImportRefused."""
        wanted = WantedYear.of(*self.wanted) if self.wanted else WantedYear()
        if self.kind == "oneroster" or self.kind == "roster":  # noqa: PLR1714 - the type checker follows this
            files = {self.file_name: self.content} if self.kind == "roster" else self._members()
            roster = read_roster(files) if self.kind == "roster" else read_oneroster(files)
            bringing = Bringing(self.file_name, digest_of(files), wanted, self.source, self.overwrite)
            return RosterImport(school, roster, bringing, actor, at=at)
        brought = BroughtTimetable(
            kind=self.kind,
            file_name=self.file_name,
            content=self.content,
            wanted=wanted,
            term=self.term,
            solution=self.solution,
            instance=self.instance,
            accept_conflicts=self.accept_conflicts,
        )
        return TimetableImport(school, brought, actor, at=at)

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
