"""Imports of files about people and classes: begun, applied, undone; what they brought stands in other streams."""

from datetime import date
from typing import ClassVar

import msgspec

from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed


class ImportBegun(Event, frozen=True, kw_only=True):
    """Somebody brings a file in; a second one in the stream is another account that goes on with it.

    `source` is the code under which the file's ids are known, `digest` the SHA-256 of the file, `file_name` is sealed
    under the school's key. `starts` is the day from which the file counts, `at` the time in microseconds since 1970
    UTC: from then on the account's events with this import's id in their client belong to it.
    """

    stored_name: ClassVar[str] = "import-begun/1"
    source: str
    kind: str
    file_name: Sealed
    digest: str
    year: str
    starts: date
    commands: int
    account: str
    at: int


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the file that was not brought in; the reason repeats nothing personal. `sheet` is "" in CSV."""

    file: str
    sheet: str
    row: int
    column: str
    reason: str


class ImportApplied(Event, frozen=True, kw_only=True):
    """Everything of the file that the rules let in is in the school; `refusals` are the first ones of `refused`.

    `kept` counts what the file says otherwise and a person of the school had written by hand: that stays.
    """

    stored_name: ClassVar[str] = "import-applied/1"
    added: int
    changed: int
    ended: int
    unchanged: int
    kept: int
    refused: int
    refusals: tuple[RefusedRow, ...] = ()


class ImportUndone(Event, frozen=True, kw_only=True):
    """What the import brought is void, but the streams in `left`: others have built on them since."""

    stored_name: ClassVar[str] = "import-undone/1"
    events: int
    streams: int
    left: tuple[str, ...] = ()
