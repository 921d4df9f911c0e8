"""Personal data as events carry it: a box that only the person's key opens, gone for good with that key."""

from __future__ import annotations

import msgspec

BOX_VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
BOX_BYTES_MIN = 1 + NONCE_BYTES + TAG_BYTES


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A text sealed under the key of `person`, a canonical lower-case UUID text.

    `box` is a version byte, a 12-byte nonce, AES-256-GCM ciphertext and its 16-byte tag (base64 in JSON).
    """

    person: str
    box: bytes
