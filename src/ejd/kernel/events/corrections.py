"""Requests to correct, or enter late, what the regulation no longer leaves free (A10): one stream each."""

from datetime import date
from typing import ClassVar, Literal

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed

RecordKind = Literal["topic", "homework", "attendance", "mark", "final-mark", "substitution", "lesson"]
"""What a request is about; `lesson` is a whole lesson entered late with one save-lesson."""


class CorrectionRequested(Event, frozen=True, kw_only=True):
    """Somebody asks to correct one record, or to enter it late; `record` is the lesson's or the final marks' stream.

    `pupil` names whose mark, attendance or final mark it is; empty where the record is about no single pupil.
    `account` and `person` are who asks: neither may approve.
    `day`, `slot`, `ordinal` are the lesson's identity, `period` that of a final mark.
    """

    stored_name: ClassVar[str] = "correction-requested/1"
    account: str
    person: str = ""
    kind: RecordKind
    record: str
    journal: str
    day: date | None = None
    slot: int = 0
    ordinal: int = 1
    period: str = ""
    pupil: str = ""
    reason: Sealed


class CorrectionApproved(Event, frozen=True, kw_only=True):
    """Somebody else allows one command on that record until a moment (microseconds since 1970 UTC)."""

    stored_name: ClassVar[str] = "correction-approved/1"
    until: int


class CorrectionRejected(Event, frozen=True, kw_only=True):
    """The record stays as it is, for a reason."""

    stored_name: ClassVar[str] = "correction-rejected/1"
    reason: Sealed


class CorrectionWithdrawn(Event, frozen=True, kw_only=True):
    """Whoever asked no longer wants the correction."""

    stored_name: ClassVar[str] = "correction-withdrawn/1"


class CorrectionMade(Event, frozen=True, kw_only=True):
    """The approval is used up: the command with this id wrote to the record."""

    stored_name: ClassVar[str] = "correction-made/1"
    record: str
    command: str
