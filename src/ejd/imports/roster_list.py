"""The imports that a school had."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from ejd.handling.handler import BATCH_COMMANDS_MAX
from ejd.imports.ground import SchoolAccess
from ejd.kernel.calendar import zone
from ejd.kernel.events.imports import RefusedRow
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.imports import ImportState
from ejd.kernel.states.school import SchoolState

__all__ = ["PART_COMMANDS_MAX", "ListedImport", "batch_id", "batches_stored", "imports_of", "listed"]

FILE_NAME_FIELD: Final = "import-begun.file_name"
MICROSECONDS: Final = 1_000_000
PART_COMMANDS_MAX: Final = BATCH_COMMANDS_MAX - 1
"""Of the file, in a batch; its first command asks whether the import is over."""


class ListedImport(msgspec.Struct, frozen=True, kw_only=True):
    """An import with what came of it; `interrupted` is one that was begun and not ended: start it again, or undo it."""

    id: str
    state: Literal["interrupted", "applied", "undone"]
    kind: str
    file_name: str
    sha256: str
    year: str
    starts: str
    begun_at: str
    accounts: tuple[str, ...]
    commands: int
    commands_stored: int = 0
    """While it goes on, about how many are stored: whole batches."""
    added: int = 0
    changed: int = 0
    ended: int = 0
    unchanged: int = 0
    kept: int = 0
    refused: int = 0
    left: tuple[str, ...] = ()
    """Streams that its undoing left."""
    refusals: tuple[RefusedRow, ...] = ()


def imports_of(school: SchoolAccess) -> Iterator[ListedImport]:
    """Yield the imports in the order of their beginning, without their refusals."""
    for entry in school.states.store.directory(kinds=["import"]):
        found = listed(school, entry.stream)
        if found is not None:
            yield msgspec.structs.replace(found, refusals=())


def listed(school: SchoolAccess, import_id: str) -> ListedImport | None:
    """Answer one import, None where there is none, or a breach made it void."""
    state = school.states.fresh(ImportState, import_id)
    if state.first is None:
        return None
    begun, applied = state.begun[0], state.applied
    timezone = school.states.load(SchoolState, SCHOOL).timezone
    at = datetime.fromtimestamp(begun.at // MICROSECONDS, tz=zone(timezone))
    counts = ("added", "changed", "ended", "unchanged", "kept", "refused")
    return ListedImport(
        id=import_id,
        state="undone" if state.undone else "applied" if applied else "interrupted",
        kind=begun.kind,
        file_name=school.vault.unseal(begun.file_name, field=FILE_NAME_FIELD, at=state.first) or "—",
        sha256=begun.digest,
        year=begun.year,
        starts=begun.starts.isoformat(),
        begun_at=at.isoformat(timespec="seconds"),
        accounts=tuple(each.account for each in state.begun),
        commands=begun.commands,
        commands_stored=begun.commands if applied else _stored(school, import_id, state),
        **({} if applied is None else {each: getattr(applied, each) for each in counts}),
        left=() if state.undone is None else state.undone.left,
        refusals=() if applied is None else applied.refusals,
    )


def _stored(school: SchoolAccess, import_id: str, state: ImportState) -> int:
    """Answer how many commands the stored batches have."""
    stored = sum(batches_stored(school, import_id, each.account) for each in state.begun)
    return min(stored * PART_COMMANDS_MAX, state.begun[0].commands)


def batches_stored(school: SchoolAccess, import_id: str, account: str) -> int:
    """Answer how many batches of an import an account has stored; they are numbered from 0."""
    number = 0
    while school.states.store.find_answer(account, batch_id(import_id, account, number)) is not None:
        number += 1
    return number


def batch_id(import_id: str, account: str, number: int) -> str:
    """Answer the id of a batch of an import."""
    return str(uuid5(UUID(import_id), f"batch/{account}/{number}"))
