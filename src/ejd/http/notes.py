"""What is noted of a request on its way, for log and metrics: never a token, never personal data."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

KEY = "ejd.notes"


@dataclass(slots=True)
class Notes:
    """`outcome` is ok, stored, repeated, unchanged, or the slug of a refusal; `commands` are names.

    `tried` is the account as which somebody, known or not, wants to sign in.
    """

    request_id: str = ""
    actor: str = ""
    tried: str = ""
    commands: list[str] = field(default_factory=list)
    outcome: str = "ok"
    told: list[bytes] = field(default_factory=list)
    """What was answered, as JSON, when the body is a file or left out: only for finding out whom it named."""


def notes_of(scope: MutableMapping[str, Any]) -> Notes:
    """Answer the notes of a request; they begin with the first question for them."""
    notes = scope.setdefault(KEY, Notes())
    assert isinstance(notes, Notes)  # noqa: S101 - nobody else writes there
    return notes
