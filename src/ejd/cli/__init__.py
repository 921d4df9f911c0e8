"""The command line. What a user can mend is one sentence on stderr; exit code 1: refused or failed, 2: usage."""

from __future__ import annotations

import sys

import psycopg
from eventsourcing.persistence import OperationalError
from pydantic import ValidationError
from rich.console import Console

from ejd.access.keys import KeyStoreError
from ejd.access.ledger import LedgerError
from ejd.access.secrets import MasterKeyError
from ejd.app import NotInitialisedError
from ejd.cli import beginning, calendar, erasing, exporting, keeping, keeping_keys, persons, rosters, timetables
from ejd.cli.parts import Unusable, app
from ejd.kernel.command import Refusal
from ejd.read.contract import BuildRunningError
from ejd.read.rebuild import BuildFailedError
from ejd.settings import Settings
from ejd.store.errors import StoreError

__all__ = [
    "app",
    "beginning",
    "calendar",
    "erasing",
    "exporting",
    "keeping",
    "keeping_keys",
    "main",
    "persons",
    "rosters",
    "timetables",
]

KNOWN_ERRORS = (
    Refusal,
    NotInitialisedError,
    MasterKeyError,
    KeyStoreError,
    LedgerError,
    StoreError,
    BuildRunningError,
    BuildFailedError,
    Unusable,
)


USAGE = 2


def main() -> None:
    """Run the program: a known error is one sentence, anything else a fault of ours with its traceback."""
    try:
        app()
    except KNOWN_ERRORS as error:
        _say(str(error))
        sys.exit(1)
    except ValidationError as error:
        _say(_of_values(error))
        sys.exit(USAGE)
    except (psycopg.OperationalError, OperationalError) as error:
        _say(f"the database does not answer: {' '.join(str(error).split())}")
        sys.exit(1)
    except OSError as error:
        _say(f"{error.filename or 'the system'}: {error.strerror or error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _of_values(error: ValidationError) -> str:
    """Answer what is wrong with an option or a setting; what was given is not repeated, it may be a password."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if error.title == Settings.__name__:
        name = f"the setting EJD_{name.upper()}"
    return f"{name}: {first['msg'].removeprefix('Value error, ')}"


def _say(sentence: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"ejd: {sentence}", markup=False)
