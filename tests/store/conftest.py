"""Lets the library's conformance tests be imported: they name a cipher of a package (pycryptodome) not used here."""

from __future__ import annotations

import sys
from types import ModuleType

_cipher = ModuleType("eventsourcing.cipher")
_cipher.__dict__["AESCipher"] = type("AESCipher", (), {})
sys.modules.setdefault("eventsourcing.cipher", _cipher)
