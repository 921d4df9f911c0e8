"""The command line. What a user can mend is one sentence on stderr; exit code 1: refused or failed, 2: usage."""

from __future__ import annotations

import sys

from rich.console import Console

from ejd.access.keys import KeyStoreError
from ejd.access.secrets import MasterKeyError
from ejd.app import NotInitialisedError
from ejd.cli import beginning, keeping
from ejd.cli.parts import Unusable, app
from ejd.kernel.command import Refusal
from ejd.read.contract import BuildRunningError
from ejd.read.rebuild import BuildFailedError
from ejd.store.errors import StoreError

__all__ = ["app", "beginning", "keeping", "main"]

KNOWN_ERRORS = (
    Refusal,
    NotInitialisedError,
    MasterKeyError,
    KeyStoreError,
    StoreError,
    BuildRunningError,
    BuildFailedError,
    Unusable,
)


def main() -> None:
    """Run the program: a known error is one sentence, anything else a fault of ours with its traceback."""
    try:
        app()
    except KNOWN_ERRORS as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"ejd: {error}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
