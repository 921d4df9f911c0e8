"""The erasure ledger: who was erased, in a file apart from events and keys that is copied away from the machine.

A restored backup brings erased persons back with their keys; the ledger says whom to erase again. It holds ids only.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

LEDGER_LINE_BYTES_MAX: Final = 1_024
FIRST_DIGEST: Final = "0" * 64


class LedgerError(Exception):
    """The ledger cannot be used; the text says what to do."""


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure: the person, the request's stream, when it was approved (microseconds since 1970 UTC).

    `digest` is the SHA-256 of the digest before and this entry, so that no line can be taken out or changed unseen.
    """

    person: str
    request: str
    approved_at: int
    digest: str = ""


class ErasureLedger:
    """One line a person, in JSON, only ever appended to. One process writes at a time: the one that runs the jobs."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet; there may be no file."""
        self.path = path

    def entries(self) -> list[LedgerEntry]:
        """Answer the lines in their order; raises LedgerError for one that was altered. A torn last line is none."""
        found: list[LedgerEntry] = []
        last = FIRST_DIGEST
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = msgspec.json.decode(line, type=LedgerEntry)
            except msgspec.DecodeError:
                entry = None
            if entry is None or entry.digest != _digest(last, entry):
                msg = f"line {number} of the erasure ledger {self.path} was altered: take a copy of it from elsewhere"
                raise LedgerError(msg)
            found.append(entry)
            last = entry.digest
        return found

    def note(self, *, person: str, request: str, approved_at: int) -> bool:
        """Append a person, durable on return; False for one who stands there already."""
        known = self.entries()
        if any(entry.person == person for entry in known):
            return False
        bare = LedgerEntry(person=person, request=request, approved_at=approved_at)
        entry = msgspec.structs.replace(bare, digest=_digest(known[-1].digest if known else FIRST_DIGEST, bare))
        line = msgspec.json.encode(entry) + b"\n"
        assert len(line) <= LEDGER_LINE_BYTES_MAX, "ids and a number are short"  # noqa: S101 - invariant
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            whole = sum(len(one) + 1 for one in self._lines())
            os.ftruncate(file, whole)  # what a crash has torn off at the end
            os.lseek(file, whole, os.SEEK_SET)
            os.write(file, line)
            os.fsync(file)
        finally:
            os.close(file)
        return True

    def _lines(self) -> list[bytes]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return content.split(b"\n")[:-1]


def _digest(before: str, entry: LedgerEntry) -> str:
    content = msgspec.json.encode([before, entry.person, entry.request, entry.approved_at])
    return hashlib.sha256(content).hexdigest()
