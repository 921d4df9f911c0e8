"""Where the real files are that nobody here wrote; the project ships none of them."""

import os
from pathlib import Path
from typing import Final

import pytest

__all__ = ["real_file"]

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_BESIDE_REPOSITORY: Final = _REPOSITORY.parent / "shared"


def real_file(relative: str) -> Path:
    """Return a file of `EJD_SHARED_DATA` (else of `../shared/data`); skip the test where there is none.

    On CI (`CI=true`) a file missing from a `../shared` that exists fails the test.
    """
    folder = Path(os.environ.get("EJD_SHARED_DATA") or _BESIDE_REPOSITORY / "data")
    path = folder / relative
    if path.is_file():
        return path
    reason = f"the real file {relative} is not in {folder}"
    if os.environ.get("CI") == "true" and _BESIDE_REPOSITORY.exists():
        pytest.fail(reason)
    pytest.skip(reason)
