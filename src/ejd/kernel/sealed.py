"""Personal data as events carry it: a box that only the person's key opens, gone for good with that key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ejd.kernel.envelope import Ref

BOX_VERSION = 2
"""A box of version 2 opens in its event only; one of version 1 wherever its person and field are the same."""
BOX_VERSION_UNBOUND = 1
NONCE_BYTES = 12
TAG_BYTES = 16
BOX_BYTES_MIN = 1 + NONCE_BYTES + TAG_BYTES


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A text sealed under the key of `person`, a canonical lower-case UUID text.

    `box` is a version byte, a 12-byte nonce, AES-256-GCM ciphertext and its 16-byte tag (base64 in JSON).
    """

    person: str
    box: bytes


def sealed_for(person: str) -> bytes:
    """Answer the bytes by which stored JSON shows that it has a box of this person."""
    return f'{{"person":"{person}","box":"'.encode()


class TamperedError(Exception):
    """A box was altered, or moved here from another person, field or event; the message holds ids only."""

    def __init__(self, person: str, field: str, at: Ref) -> None:
        """Keep where the box stood; what was in it is unknown. `field` begins with the event's type."""
        super().__init__(
            f"{field} of person {person} in event {at.version} of stream {at.stream} does not open: "
            "it was altered, or moved here; restore that event from a backup"
        )
        self.person = person
        self.field = field
        self.at = at
