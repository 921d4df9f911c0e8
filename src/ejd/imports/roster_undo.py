"""An import undone as one: what it brought counts as never recorded, but what others have built on."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID, uuid5

import msgspec

from ejd.handling.handler import Request
from ejd.imports.ground import SchoolAccess
from ejd.imports.roster_report import LeftThing, UndoReport
from ejd.kernel.command import Actor
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.imports import ImportState
from ejd.kernel.states.people import NAMING
from ejd.kernel.titles import name_from_text
from ejd.kernel.void import MARKER_NAMES, Voids
from ejd.store.contract import PAGE_EVENTS_MAX
from ejd_commands.imports import NoSuchImport, UndoImport, UsedSince, brought_by

__all__ = ["undo_import"]

ATTEMPTS_MAX: Final = 5
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def undo_import(school: SchoolAccess, import_id: str, actor: Actor, *, at: int | None = None) -> UndoReport:
    """Undo an import, or what others have not built on; twice changes nothing. Raises Refusal."""
    state = school.states.fresh(ImportState, import_id)
    if not state.begun:
        raise NoSuchImport(f"there is no import {import_id}: look at the list of imports", field="import_id")
    if state.undone is not None and state.applied is not None:
        return _report(school, import_id, state, repeated=True)
    meanwhile: set[str] = set()
    repeated = True
    moved = UsedSince("others keep changing what the import brought: undo it again in a moment")
    for attempt in range(ATTEMPTS_MAX):
        look = _Look(school, state)
        keep = look.built_on()
        command = UndoImport(import_id=import_id, keep=tuple(sorted(keep)))
        request = Request(command, str(uuid5(UUID(import_id), f"undo/{actor.account}/{look.seen}/{attempt}")))
        try:
            answer = school.handler.handle([request], actor, at=at)
        except UsedSince as refusal:
            moved = refusal
            continue
        if answer.events and not answer.repeated:
            repeated = False
            meanwhile |= look.named_until(answer.position) - keep
        state = school.states.fresh(ImportState, import_id)
        # One that was still running may have stored a last batch after it was looked at: it is swept once more.
        if state.applied is not None or not answer.events:
            things = tuple(_thing(school, one) for one in sorted(meanwhile))
            return msgspec.structs.replace(_report(school, import_id, state, repeated=repeated), meanwhile=things)
    raise moved


class _Look:
    """What others have recorded since an import on the basis of what it brought; `seen` is how far the log was read.

    Looked through is the log from the import's first event on: what is recorded on the basis of an event, or names a
    thing that the import made.
    """

    def __init__(self, school: SchoolAccess, state: ImportState) -> None:
        self.seen = 0
        self._school, self._client = school, state.client
        self._brought = brought_by(school.states.store, state)
        self._versions = {stream: {meta.version for meta in metas} for stream, metas in self._brought.items()}
        self._made = {stream for stream, metas in self._brought.items() if _made(school, stream, metas[0])}
        positions = [meta.position for metas in self._brought.values() for meta in metas]
        self._first = min(positions, default=school.states.store.last_position() + 1)

    def built_on(self) -> set[str]:
        """Answer the streams that others have changed or named since, with all that those stand on; ask it once.

        The events are let go then: the command reads them again, and twice they would be the most of the memory.
        """
        keep: set[str] = set()
        for meta in self._others(self._first - 1):
            if meta.stream in self._versions and meta.version > min(self._versions[meta.stream]):
                keep.add(meta.stream)
            keep |= self._named(meta)
        waiting = list(keep)
        while waiting:
            for meta in self._brought[waiting.pop()]:
                more = self._named(meta) - keep
                keep |= more
                waiting += more
        self._brought.clear()
        return keep

    def named_until(self, position: int) -> set[str]:
        """Answer the streams that others named above `seen` and below a position."""
        found: set[str] = set()
        for meta in self._others(self.seen):
            found |= self._named(meta) if meta.position < position else set()
        return found

    def _others(self, after: int) -> Iterator[Recorded]:
        """Yield what others recorded above a position and is not void; imports as such build on nothing."""
        found: list[Recorded] = []
        voids: defaultdict[str, Voids] = defaultdict(Voids)
        while page := self._school.states.store.read_page(after, PAGE_EVENTS_MAX):
            after = self.seen = page[-1].position
            for meta in page:
                if meta.name in MARKER_NAMES:
                    voids[meta.stream].take(CATALOGUE.decode(meta.name, meta.state))
                elif meta.client != self._client and not meta.name.startswith("import-"):
                    found.append(meta)
        return (meta for meta in found if meta.version not in voids[meta.stream])

    def _named(self, meta: Recorded) -> set[str]:
        """Answer the import's streams on which an event stands, or which it names."""
        causes: Sequence[tuple[str, int]] = msgspec.json.decode(meta.caused_by)
        found = {stream for stream, version in causes if version in self._versions.get(stream, ())}
        found |= {each.decode() for each in _UUID.findall(meta.state)} & self._made
        return found - {meta.stream}


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


def _report(school: SchoolAccess, import_id: str, state: ImportState, *, repeated: bool) -> UndoReport:
    assert state.undone is not None  # noqa: S101 - undone just now, or before
    left = tuple(_thing(school, one) for one in state.undone.left)
    return UndoReport(
        import_id=import_id, events=state.undone.events, streams=state.undone.streams, left=left, repeated=repeated
    )


def _thing(school: SchoolAccess, stream: str) -> LeftThing:
    return LeftThing(kind=school.states.store.kind_of(stream) or "", id=stream, title=_title(school, stream))


def _title(school: SchoolAccess, stream: str) -> str:
    """Answer by what name people know a thing."""
    title = stream
    for meta in school.states.store.read_streams([stream]):
        event = CATALOGUE.decode(meta.name, meta.state)
        name = getattr(event, "name", None)
        if isinstance(event, NAMING) and isinstance(name, Sealed):
            text = school.vault.unseal(name, field=f"{meta.name.partition('/')[0]}.name", at=Ref(stream, meta.version))
            title = title if text is None else name_from_text(text).full()
        elif isinstance(name, str) and name:
            title = name
    return title
