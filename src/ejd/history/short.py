"""What an event says, in one line: its plain fields, without sealed texts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec

from ejd.history.streams import Log, whole_streams
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.sealed import Sealed

SHORT_CHARACTERS_MAX = 200


def in_short(event: Event) -> str:
    """Answer `field: value` of every plain field that is not empty, cut at SHORT_CHARACTERS_MAX."""
    parts: list[str] = []
    _collect("", event, parts)
    text = ", ".join(parts)
    return text if len(text) <= SHORT_CHARACTERS_MAX else text[: SHORT_CHARACTERS_MAX - 1] + "…"


def _collect(prefix: str, value: object, parts: list[str]) -> None:
    if isinstance(value, Sealed):
        return
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _collect(name if not prefix else f"{prefix}.{name}", getattr(value, name), parts)
    elif isinstance(value, bool | int | str | date) and value != "":
        parts.append(f"{prefix}: {value}")
    elif isinstance(value, tuple) and value and not hasattr(value, "_fields"):
        parts.append(f"{prefix}: {len(value)}")


def says(log: Log, refs: Collection[Ref], upto: int) -> dict[Ref, tuple[str, str]]:
    """Answer the stored name and what it says of each event, those that are there."""
    wanted = set(refs)
    found: dict[Ref, tuple[str, str]] = {}
    for events in whole_streams(log, {one.stream for one in wanted}, upto):
        for meta in events:
            ref = Ref(meta.stream, meta.version)
            if ref in wanted:
                found[ref] = meta.name, in_short(CATALOGUE.decode(meta.name, meta.state))
    return found
