"""Carries approved erasures out, step by step: each step is repeated until it is done, whatever is killed meanwhile.

1. The person goes into the ledger; a restore that knows nothing of the erasure repeats it from there.
2. The key is destroyed, passwords, codes, sessions and devices of the accounts are forgotten; other processes notice
   within two seconds, and only then
3. `KeyDestroyed` is stored: the feeder folds everything anew that holds a text of the person.
4. Waiting uploads go, and the read model is built anew, so that no page of a file keeps what was deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid5

import msgspec

from ejd.access.keys import DESTROYED_NOTICED_SECONDS_MAX
from ejd.kernel.envelope import NO_STREAM, CommandRecord, Commit, KnownCommandError, NewEvent, Scope, StaleReadError
from ejd.kernel.event import encode
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.erasures import ErasureApproved, KeyDestroyed
from ejd.kernel.ids import SCHOOL, SYSTEM
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from ejd.access.ledger import ErasureLedger
    from ejd.access.vault import Vault
    from ejd.handling.states import States
    from ejd.kernel.envelope import Recorded

PAGE_EVENTS_MAX = 1_000
NAMES = (ErasureApproved.stored_name, KeyDestroyed.stored_name)
CLIENT = "ejd-erasing"
WAIT_SECONDS = DESTROYED_NOTICED_SECONDS_MAX + 0.5
"""A key destroyed for as long is known to be in every process: what was sealed or folded with it came before."""


class Due(NamedTuple):
    """An erasure that is not finished: the stream of its request, the person, when it was approved."""

    request: str
    person: str
    approved_at: int
    replayed: bool = False


class Cleaned(msgspec.Struct, frozen=True):
    """Up to which position of a `KeyDestroyed` the read model was built anew; in a file beside the ledger."""

    position: int = 0


class Erasing:
    """The job of one school; one process runs it at a time.

    `rebuild` builds the read model anew, `drop_old` takes the generations before away; both answer whether they could.
    `shut_out` forgets passwords, codes, sessions and devices of an account.
    """

    def __init__(  # noqa: PLR0913 - everything that knows a person
        self,
        states: States,
        vault: Vault,
        ledger: ErasureLedger,
        *,
        rebuild: Callable[[], bool],
        drop_old: Callable[[], bool],
        clear_uploads: Callable[[], None],
        shut_out: Callable[[str], None],
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is looked at yet."""
        self._states, self._vault, self._ledger = states, vault, ledger
        self._rebuild, self._drop_old, self._clear_uploads = rebuild, drop_old, clear_uploads
        self._shut_out, self._clock, self._monotonic = shut_out, clock, monotonic
        self._seen = 0
        self._due: dict[str, Due] = {}
        self._destroyed_at: dict[str, float] = {}
        self._destroyed: set[str] = set()
        self._last_destroyed = 0
        self._rebuilt_upto = 0
        self._ledger_size = -1
        self._cleaned_path = Path(f"{ledger.path}.cleaned")

    def run(self) -> int:
        """Go as far as can be gone now, and answer how many erasures are not finished yet."""
        self._look()
        for due in list(self._due.values()):
            self._carry_out(due)
        self._look()
        cleaned = self._clean()
        return len(self._due) + (not cleaned)

    def _look(self) -> None:
        """Take in what was approved and done since, and what only the ledger knows."""
        store = self._states.store
        while page := store.find_events(after=self._seen, names=NAMES, limit=PAGE_EVENTS_MAX):
            for meta in page:
                self._take(meta)
            self._seen = page[-1].position
        path = self._ledger.path
        size = path.stat().st_size if path.exists() else 0
        if size != self._ledger_size:
            for entry in self._ledger.entries():
                if entry.person not in self._destroyed and entry.person not in self._due:
                    self._due[entry.person] = Due(entry.request, entry.person, entry.approved_at, replayed=True)
            self._ledger_size = size

    def _take(self, meta: Recorded) -> None:
        match CATALOGUE.decode(meta.name, meta.state):
            case ErasureApproved(person=person) if person not in self._destroyed:
                self._due[person] = Due(meta.stream, person, meta.recorded_at)
            case KeyDestroyed(person=person):
                self._destroyed.add(person)
                self._due.pop(person, None)
                self._last_destroyed = meta.position
            case _:
                pass

    def _carry_out(self, due: Due) -> None:
        self._ledger.note(person=due.person, request=due.request, approved_at=due.approved_at)
        since = self._destroyed_at.get(due.person)
        if since is None:
            self._vault.destroy(due.person)
            for own in self._states.store.persons.streams(due.person):
                if own.kind == "account":
                    self._shut_out(own.stream)
            self._destroyed_at[due.person] = self._monotonic()
        elif self._monotonic() - since >= WAIT_SECONDS:
            self._store(due)

    def _store(self, due: Due) -> None:
        store = self._states.store
        event = KeyDestroyed(person=due.person, replayed=due.replayed)
        command = str(uuid5(UUID(due.request), "destroy-key"))
        head = store.heads([due.request]).get(due.request, NO_STREAM)
        simulated = self._states.fresh(SchoolState, SCHOOL).simulated
        commit = Commit(
            actor=SYSTEM,
            session="",
            client=CLIENT,
            recorded_at=due.approved_at if simulated else self._clock(),
            commands=(CommandRecord(command_id=command, name="destroy-key", body_hash=b"-"),),
            events=(NewEvent(stream=due.request, name=event.stored_name, state=encode(event), command_id=command),),
            expected={due.request: head},
            scopes={} if head else {due.request: Scope(kind="erasure", person=due.person)},
        )
        try:
            store.append(commit)
        except (StaleReadError, KnownCommandError):
            return  # somebody was there in between: the next run sees what is left to do

    def _clean(self) -> bool:
        """Build the read model anew once for all keys destroyed since the last time; True: nothing is left to do."""
        done = self._read_cleaned().position
        if self._last_destroyed <= done:
            return True
        last = self._last_destroyed
        if self._rebuilt_upto < last:
            self._clear_uploads()
            if not self._rebuild():
                return False
            self._rebuilt_upto = last
        if not self._drop_old():  # somebody still reads it, the feeder until its next page
            return False
        part = self._cleaned_path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(Cleaned(last)))
        part.replace(self._cleaned_path)
        return True

    def _read_cleaned(self) -> Cleaned:
        try:
            return msgspec.json.decode(self._cleaned_path.read_bytes(), type=Cleaned)
        except (FileNotFoundError, msgspec.DecodeError):
            return Cleaned()


def drop_uploads(folder: Path) -> None:
    """Let all files go that wait to be applied: any of them may name the person, and each can be uploaded again."""
    paths: Iterable[Path] = folder.glob("*.upload")
    for path in paths:
        path.unlink(missing_ok=True)
