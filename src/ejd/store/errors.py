"""What can go wrong in the store beside the three outcomes of the envelope (stale, reserved, known)."""

from __future__ import annotations


class StoreError(Exception):
    """Root of the store's own errors; each is a sentence that says what to do."""


class BadCommitError(StoreError, ValueError):
    """The commit contradicts itself, breaks a named limit, or has text no database can keep: nothing is stored."""


class StoreBusyError(StoreError):
    """Others held the append lock, or the queue of appends was full, for too long: nothing is stored, try again."""


class StoreUnavailableError(StoreError):
    """The database does not answer: nothing is stored, try again later."""


class StoreClosedError(StoreError):
    """The store was closed; open it again."""


class CommitUnknownError(StoreError):
    """The database went away before it answered a commit: send the same command ids again, they decide."""


class UnsafeSettingError(StoreError):
    """A setting under which followers lose events; unset it."""


class SchemaVersionError(StoreError):
    """The tables are missing, or of another version of ejd; migrate them."""
