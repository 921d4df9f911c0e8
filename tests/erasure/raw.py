"""Looks for texts in raw files, in every form in which a file or a database may hold them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

FORM_BYTES_MIN = 6
"""Shorter ones stand in any file by chance."""


def forms_of(text: str) -> set[bytes]:
    """Answer the bytes of a text in UTF-8, UTF-16, windows-1251, JSON with escapes, hexadecimal and base64.

    In UTF-8 in small letters too, as sort keys have it; base64 at each of its three offsets, without the ends that
    depend on the neighbours.
    """
    found = {text.encode(encoding, "ignore") for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp1251")}
    found |= {text.lower().encode(), text.encode().hex().encode(), json.dumps(text)[1:-1].encode()}
    for offset in range(3):
        coded = base64.b64encode(b"\x00" * offset + text.encode())
        found.add(coded[4 if offset else 0 : -4])
    return {form for form in found if len(form) >= FORM_BYTES_MIN}


def found_in(files: Iterable[Path], texts: Sequence[str]) -> list[tuple[str, str]]:
    """Answer which text stands in which file; files that vanish meanwhile hold nothing."""
    forms = {text: forms_of(text) for text in texts}
    found = []
    for path in files:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        found += [(path.name, text) for text, own in forms.items() if any(form in content for form in own)]
    return found


def files_under(*folders: Path) -> list[Path]:
    """Answer all files under folders, in the order of their paths."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
