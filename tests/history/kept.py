"""A random history as a store that looking back can choose from: in memory, or copied into a real one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from ejd.kernel.envelope import CommandRecord, Commit, NewEvent, Recorded, Scope
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.control_works import ControlWorkPlanned
from ejd.kernel.events.final_marks import FinalMarkEvent
from ejd.kernel.events.lessons import LessonEvent
from ejd.store.base import BaseStore
from tests.read import laws
from tests.read.memory_store import MemoryStore
from tests.scenario import uid


def scope_of(event: Event) -> Scope:
    """Answer what the directory keeps of a stream that begins with this event, as commands would."""
    match event:
        case LessonEvent():
            return Scope(kind="lesson", journal=event.journal, date=event.date)
        case FinalMarkEvent():
            return Scope(kind="final-marks", journal=event.journal)
        case ControlWorkPlanned():
            return Scope(kind="control-work", journal=event.journal)
        case _:
            return Scope(kind="other")


@dataclass
class KeptStore(MemoryStore):
    """A history with a directory."""

    def __post_init__(self) -> None:
        """Note what each stream began with."""
        self.scopes: dict[str, Scope] = {}
        self.grown: dict[str, int] = {}
        for meta in self.events:
            self.scopes.setdefault(meta.stream, scope_of(CATALOGUE.decode(meta.name, meta.state)))
            self.grown[meta.stream] = meta.version

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """See `EventStore`."""
        return {stream: self.grown[stream] for stream in streams if stream in self.grown}

    def streams_of_journals(
        self, journals: Sequence[str], kind: str, *, first: str = "", last: str = "9999-12-31"
    ) -> list[str]:
        """See `EventStore`."""
        return [
            stream
            for stream, scope in self.scopes.items()
            if scope.kind == kind and scope.journal in journals and first <= _text(scope.date) <= last
        ]


def commits(events: Iterable[Recorded]) -> list[list[Recorded]]:
    """Answer the events of each commit."""
    return [list(own) for _, own in groupby(events, key=lambda meta: (meta.command_id, meta.recorded_at))]


def ends(events: Iterable[Recorded]) -> list[Recorded]:
    """Answer the last event of each commit: where a read model may stand."""
    return [own[-1] for own in commits(events)]


def void_now(store: MemoryStore) -> set[tuple[str, int]]:
    """Answer what a breach holds void at the end."""
    return {(meta.stream, meta.version) for meta, _, void in laws.judged(store, CATALOGUE) if void}


def without_void(store: MemoryStore) -> MemoryStore:
    """Answer the history in which what is void at the end never happened, and no breach either."""
    return MemoryStore([meta for meta, _ in laws.valid(store, CATALOGUE)])


def copy_into(store: BaseStore, events: Iterable[Recorded]) -> None:
    """Append a history, commit by commit; positions begin at 1 in both."""
    heads: dict[str, int] = {}
    for number, own in enumerate(commits(events)):
        command_id = uid(f"copied {number}")
        expected = {meta.stream: heads.get(meta.stream, 0) for meta in own}
        new = {one: scope_of(CATALOGUE.decode(m.name, m.state)) for m in reversed(own) if not expected[one := m.stream]}
        answer = store.append(
            Commit(
                actor=own[0].actor,
                session="session",
                client="tests",
                recorded_at=own[0].recorded_at,
                commands=(CommandRecord(command_id=command_id, name="copy", body_hash=b"hash"),),
                events=tuple(
                    NewEvent(stream=meta.stream, name=meta.name, state=meta.state, command_id=command_id)
                    for meta in own
                ),
                expected=expected,
                scopes=new,
            )
        )
        heads |= {meta.stream: meta.version for meta in own}
        assert answer.position == own[-1].position


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
