"""An import undone as one: what it brought counts as never recorded, but what others have built on."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID, uuid5

import msgspec

from ejd.handling.handler import Request
from ejd.imports.ground import SchoolAccess
from ejd.imports.roster_report import LeftThing, UndoReport
from ejd.kernel.command import Actor
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.imports import ImportState
from ejd.kernel.states.people import NAMING
from ejd.kernel.titles import name_from_text
from ejd.kernel.void import MARKER_NAMES, Voids
from ejd.store.contract import PAGE_EVENTS_MAX
from ejd_commands.imports import NoSuchImport, UndoImport, UsedSince, brought_by

__all__ = ["undo_import"]

ATTEMPTS_MAX: Final = 3
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def undo_import(school: SchoolAccess, import_id: str, actor: Actor, *, at: int | None = None) -> UndoReport:
    """Undo an import, or what others have not built on; twice changes nothing. Raises Refusal."""
    state = school.states.fresh(ImportState, import_id)
    if not state.begun:
        raise NoSuchImport(f"there is no import {import_id}: look at the list of imports", field="import_id")
    if state.undone is not None:
        return _report(school, import_id, state, repeated=True)
    for attempt in range(ATTEMPTS_MAX):
        keep = built_on(school, state)
        command = UndoImport(import_id=import_id, keep=tuple(sorted(keep)))
        head = school.states.store.last_position()
        request = Request(command, str(uuid5(UUID(import_id), f"undo/{actor.account}/{head}/{attempt}")))
        try:
            school.handler.handle([request], actor, at=at)
        except UsedSince:
            if attempt == ATTEMPTS_MAX - 1:
                raise
            continue
        break
    return _report(school, import_id, school.states.fresh(ImportState, import_id), repeated=False)


def built_on(school: SchoolAccess, state: ImportState) -> set[str]:
    """Answer the streams of an import that others have changed or named since, with all that those stand on.

    Looked through is the log from the import's first event on: what is recorded on the basis of an event, or names a
    thing that the import made.
    """
    store = school.states.store
    brought = brought_by(store, state)
    if not brought:
        return set()
    versions = {stream: {meta.version for meta in metas} for stream, metas in brought.items()}
    made = {stream for stream, metas in brought.items() if _made(school, stream, metas[0])}
    first = min(meta.position for metas in brought.values() for meta in metas)
    keep: set[str] = set()
    for meta in _others(school, state.client, first - 1):
        if meta.stream in versions and meta.version > min(versions[meta.stream]):
            keep.add(meta.stream)
        keep |= _named(meta, versions, made)
    waiting = list(keep)
    while waiting:
        for meta in brought[waiting.pop()]:
            more = _named(meta, versions, made) - keep
            keep |= more
            waiting += more
    return keep


def _made(school: SchoolAccess, stream: str, first: Recorded) -> bool:
    """Say whether there was nothing valid in a stream before the import wrote to it."""
    if first.version == 1:
        return True
    recorded = school.states.store.read_streams([stream])
    voids = Voids()
    for meta in recorded:
        if meta.name in MARKER_NAMES:
            voids.take(CATALOGUE.decode(meta.name, meta.state))
    return all(meta.version in voids or meta.name in MARKER_NAMES for meta in recorded if meta.version < first.version)


def _others(school: SchoolAccess, client: str, after: int) -> Iterator[Recorded]:
    """Yield what others recorded above a position and is not void; imports as such build on nothing."""
    found: list[Recorded] = []
    voids: defaultdict[str, Voids] = defaultdict(Voids)
    while page := school.states.store.read_page(after, PAGE_EVENTS_MAX):
        after = page[-1].position
        for meta in page:
            if meta.name in MARKER_NAMES:
                marker = CATALOGUE.decode(meta.name, meta.state)
                assert isinstance(marker, EventsVoided | EventsRestored)  # noqa: S101 - their names say so
                voids[meta.stream].take(marker)
            elif meta.client != client and not meta.name.startswith("import-"):
                found.append(meta)
    return (meta for meta in found if meta.version not in voids[meta.stream])


def _named(meta: Recorded, versions: Mapping[str, set[int]], made: set[str]) -> set[str]:
    """Answer the import's streams on which an event stands, or which it names."""
    causes: Sequence[tuple[str, int]] = msgspec.json.decode(meta.caused_by)
    found = {stream for stream, version in causes if version in versions.get(stream, ())}
    found |= {each.decode() for each in _UUID.findall(meta.state)} & made
    return found - {meta.stream}


def _report(school: SchoolAccess, import_id: str, state: ImportState, *, repeated: bool) -> UndoReport:
    assert state.undone is not None  # noqa: S101 - undone just now, or before
    left = tuple(LeftThing(kind=_kind(school, one), id=one, title=_title(school, one)) for one in state.undone.left)
    return UndoReport(
        import_id=import_id, events=state.undone.events, streams=state.undone.streams, left=left, repeated=repeated
    )


def _kind(school: SchoolAccess, stream: str) -> str:
    return school.states.store.kind_of(stream) or ""


def _title(school: SchoolAccess, stream: str) -> str:
    """Answer by what name people know a thing."""
    title = stream
    for meta in school.states.store.read_streams([stream]):
        event = CATALOGUE.decode(meta.name, meta.state)
        name = getattr(event, "name", None)
        if isinstance(event, NAMING) and isinstance(name, Sealed):
            text = school.vault.unseal(name, field=f"{meta.name.partition('/')[0]}.name")
            title = title if text is None else name_from_text(text).full()
        elif isinstance(name, str) and name:
            title = name
    return title
