"""What an event is: a frozen struct with a stored name of its own, decoded and upcast by a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import msgspec

Json = dict[str, Any]
Upcaster = Callable[[Json], tuple[str, Json]]
"""Takes the JSON of one stored shape, answers the name and the JSON of the next one."""

UPCAST_STEPS_MAX = 32


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that was recorded; its fields are full values, never deltas.

    `stored_name` is the name and shape number in the store (`mark-recorded/1`); it never follows a Python path.
    """

    stored_name: ClassVar[str] = ""


class UnknownEventError(Exception):
    """A stored name that this version of the service does not know; install the version that wrote it."""


class Catalogue:
    """All event classes by stored name, with the upcasters of the shapes that are no longer written."""

    def __init__(self, events: Iterable[type[Event]], upcasters: Mapping[str, Upcaster] | None = None) -> None:
        """Refuse two classes with one name: decoding would depend on the order of import."""
        self.events: dict[str, type[Event]] = {}
        for event in events:
            if not event.stored_name or event.stored_name in self.events:
                msg = f"{event.__qualname__} needs a stored name of its own, not {event.stored_name!r}"
                raise ValueError(msg)
            self.events[event.stored_name] = event
        self.upcasters: dict[str, Upcaster] = dict(upcasters or {})
        self._decoders = {name: msgspec.json.Decoder(event).decode for name, event in self.events.items()}

    def decode(self, name: str, state: bytes) -> Event:
        """Answer the event of a stored name and its JSON bytes, in its newest shape.

        Raises UnknownEventError for a name nobody wrote, msgspec.ValidationError for bytes that are not that event.
        """
        decoder = self._decoders.get(name)
        if decoder is not None:
            return decoder(state)
        return self._upcast(name, state)

    def _upcast(self, name: str, state: bytes) -> Event:
        fields: Json = msgspec.json.decode(state) if name in self.upcasters else {}
        for _ in range(UPCAST_STEPS_MAX):
            if name in self.events:
                return msgspec.convert(fields, self.events[name])
            if name not in self.upcasters:
                break
            name, fields = self.upcasters[name](fields)
        msg = f"event {name!r} is unknown here: install the version of ejd that wrote it"
        raise UnknownEventError(msg)


_encode = msgspec.json.Encoder(order="deterministic").encode


def encode(event: Event) -> bytes:
    """Answer the canonical JSON bytes of an event: UTF-8, fields in the order of the class."""
    return _encode(event)
