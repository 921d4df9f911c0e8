"""Lets the library's conformance tests be imported: they name a cipher whose package (pycryptodome) nobody here uses."""

from __future__ import annotations

import sys
from types import ModuleType

_cipher = ModuleType("eventsourcing.cipher")
_cipher.__dict__["AESCipher"] = type("AESCipher", (), {})
sys.modules.setdefault("eventsourcing.cipher", _cipher)
