"""Ids of what an import brings: they follow from the source and the file's own ids, so that a repeat finds them."""

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

import msgspec

from ejd.access.secrets import body_hash
from ejd.handling.handler import canonical_body
from ejd.kernel.command import Command

__all__ = ["Source"]

_LABEL_CHARACTERS: Final = 8


class Source:
    """One program's file about one school; two files of the same format and school name are the same source.

    Ids are UUIDs of version 5 in a namespace that follows from a key of the school: pupils and teachers are known
    to timetables by name, and from a plain hash a name can be guessed even after its key was destroyed.
    """

    def __init__(self, secret: bytes, source_format: str, name: str) -> None:
        """Take the school's `HASH_BODIES` key; `name` is compared without regard to case and spaces."""
        place = ["ejd import", source_format, " ".join(name.casefold().split())]
        self._namespace = UUID(bytes=body_hash(secret, msgspec.json.encode(place))[:16])
        self.source_format = source_format
        self.label = f"{source_format}-{self.entity('label')[:_LABEL_CHARACTERS]}"
        """What events show of the source: a code of small letters, digits and a hyphen."""
        self.client = f"ejd-import-{self.label}"
        """The client program in the envelope of every event of this source."""

    def brought(self, client: str) -> bool:
        """Return whether the client program of an event was an import of this source, with an id of its own or not."""
        return client == self.client or client.startswith(f"{self.client}/")

    def entity(self, kind: str, *keys: str) -> str:
        """Return the id of a thing by the file's own id, whatever else the file says about it."""
        return self._id(kind, keys)

    def command(self, command: Command, generation: int) -> str:
        """Return the id of a command by its whole content; a later generation says the same again."""
        return self._id("command", (str(generation), hashlib.sha256(canonical_body(command)).hexdigest()))

    def _id(self, kind: str, keys: Sequence[str]) -> str:
        return str(uuid5(self._namespace, msgspec.json.encode([kind, *keys]).decode()))
