"""What the web needs of a school; `ejd.app.School` has it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol

from ejd.access.vault import Vault
from ejd.handling.authentication import Authentication
from ejd.handling.handler import Handler
from ejd.handling.states import States
from ejd.kernel.command import Command
from ejd.read.feeder import Feeder
from ejd.read.model import ReadModel
from ejd.read.rebuild import Workshop
from ejd.signing.service import Signing
from ejd.store.contract import EventStore
from ejd.store.looks import Looks
from ejd.store.outbox import Outbox


class Place(Protocol):
    """Of the settings, which database it is: the schema version of the event store follows from that."""

    @property
    def database_url(self) -> str | None:
        """None on SQLite."""
        ...

    @property
    def data_dir(self) -> Path:
        """The folder in which uploaded files wait, sealed."""
        ...

    @property
    def host_names(self) -> Collection[str]:
        """The names under which the service is asked, without port."""
        ...

    @property
    def looks_hour_max(self) -> int:
        """People whom an account may look at in an hour before the head is told."""
        ...

    @property
    def looks_day_max(self) -> int:
        """The same in a day."""
        ...

    @property
    def looks_refused(self) -> bool:
        """Whether more than that is refused."""
        ...

    @property
    def master_key_path(self) -> Path:
        """The file of the key from which ids of imports and the key of uploads are derived."""
        ...


class Jobs(Protocol):
    """What happens by itself."""

    def start(self, report: Callable[[str, Exception], None], /) -> None:
        """Begin; errors are reported with the job's name."""
        ...

    def stop(self) -> None:
        """Wait for the job that runs."""
        ...


class SchoolService(Protocol):
    """One open school."""

    @property
    def settings(self) -> Place:
        """Where it is kept."""
        ...

    @property
    def vault(self) -> Vault:
        """To seal and open texts about people."""
        ...

    @property
    def store(self) -> EventStore:
        """The events."""
        ...

    @property
    def states(self) -> States:
        """What decisions know."""
        ...

    @property
    def handler(self) -> Handler:
        """The only way in."""
        ...

    @property
    def authentication(self) -> Authentication:
        """Who asks."""
        ...

    @property
    def signing(self) -> Signing:
        """How people get in."""
        ...

    @property
    def commands(self) -> Mapping[str, type[Command]]:
        """All commands by name."""
        ...

    @property
    def read(self) -> ReadModel:
        """Where reports come from."""
        ...

    @property
    def feeder(self) -> Feeder:
        """Not started."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What people are to be told."""
        ...

    @property
    def looks(self) -> Looks:
        """Who looked at whose data."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Not started."""
        ...

    @property
    def workshop(self) -> Workshop:
        """How the read model is built anew."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Microseconds since 1970 UTC."""
        ...
