"""One attempt at deciding: each state read is noted, each event decided is seen by the next command of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from ejd.kernel.calendar import local_day
from ejd.kernel.closed_years import check_open
from ejd.kernel.command import Caused, Elsewhere, WrongState
from ejd.kernel.envelope import NO_STREAM, NewEvent, Ref, Watched
from ejd.kernel.event import encode
from ejd.kernel.sealed import Sealed
from ejd.kernel.void import MARKER_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from ejd.handling.states import States
    from ejd.kernel.command import Actor, Command, Refusal, State, Target
    from ejd.kernel.envelope import Recorded, Scope
    from ejd.kernel.event import Event

S = TypeVar("S", bound="State")

CAUSES_PER_EVENT_MAX = 2_000
DERIVED_KINDS = frozenset({"lesson", "final-marks", "acknowledgements", "timetable", "day", "school"})
"""Nobody chooses the ids of these streams, so that they cannot be anything else's."""


class IdOfSomethingElse(WrongState):
    """The id belongs to a thing of another kind."""


PROMISED = b"\x00"
"""First byte of a box that is not sealed yet: no box that is has it."""
PROMISE_BYTES = 5


class Sealer(Protocol):
    """Seals a text under a person's key; see `ejd.access.vault.Vault`."""

    def seal(self, person: str, text: str, *, field: str, at: Ref) -> Sealed:
        """Answer the text sealed for one event; the key is durable before this returns."""
        ...


class Decision:
    """The context of the commands of one request; implements `ejd.kernel.command.Context`."""

    def __init__(self, states: States, sealer: Sealer, *, actor: Actor, now: int, timezone: str) -> None:
        """Begin with nothing read and nothing decided. `now`: microseconds since 1970 UTC."""
        self._states = states
        self._sealer = sealer
        self.actor = actor
        self.now = now
        self.timezone = timezone
        self.command_id = ""
        self.reads: dict[str, int] = {}
        self.pending: dict[str, list[tuple[Event, Ref]]] = {}
        self.events: list[NewEvent] = []
        self.scopes: dict[str, Scope] = {}
        self.reserved: dict[str, tuple[str, Refusal]] = {}
        self.released: list[str] = []
        self._loaded: dict[tuple[type[Any], str], Any] = {}
        self._own: set[tuple[type[Any], str]] = set()
        self._of_stream: dict[str, list[tuple[type[Any], str]]] = {}
        self._relied: list[Ref] = []
        self._everything: dict[tuple[type[Any], str], dict[str, Any]] = {}
        self.watched: dict[Watched, None] = {}
        self.seen = 0
        self._concerns: dict[str, list[tuple[type[Any], Callable[[Any], bool]]]] = {}
        self._clears: list[tuple[str, str]] = []

    @property
    def today(self) -> date:
        """The date in the school's time zone."""
        return local_day(self.now, self.timezone)

    def load(self, state: type[S], stream: str) -> S:
        """Answer the state with the events decided so far; its version is noted for the check under the append lock."""
        found: S | None = self._loaded.get((state, stream))
        if found is not None:
            return found
        loaded = self._states.load(state, stream)
        known = self.reads.setdefault(stream, loaded.version)
        if known != loaded.version:
            self._states.cache.forget([stream])
            loaded = self._states.load(state, stream)
            self.reads[stream] = min(known, loaded.version)
        self._note(state, stream, loaded)
        for event, ref in self.pending.get(stream, ()):
            self._evolve((state, stream), event, ref)
        return self._loaded[state, stream]  # type: ignore[no-any-return]

    def load_many(self, state: type[S], streams: Sequence[str]) -> list[S]:
        """Answer the states of several streams; those not loaded yet are read together."""
        missing = [stream for stream in streams if (state, stream) not in self._loaded]
        for stream, loaded in self._states.load_many(state, missing).items():
            if stream not in self.pending and self.reads.setdefault(stream, loaded.version) == loaded.version:
                self._note(state, stream, loaded)
        return [self.load(state, stream) for stream in streams]

    def load_all(self, state: type[S], kind: str, matters: Callable[[S], bool]) -> Mapping[str, S]:
        """Answer those that matter of a kind: all are asked once for a request, with what it decided so far."""
        self._watch(Watched(kind))
        self._concerns.setdefault(kind, []).append((state, matters))
        if (state, kind) not in self._everything:
            streams = [entry.stream for entry in self._states.store.directory(kinds=[kind])]
            self._everything[state, kind] = self._states.fresh_many(state, streams)
        found: dict[str, S] = self._everything[state, kind]
        own = [s for s, scope in self.scopes.items() if scope.kind == kind and s not in found]
        for stream in (*own, *(s for s in self.pending if s in found)):
            found[stream] = self.load(state, stream)
        return {stream: self.load(state, stream) for stream, one in found.items() if matters(one)}

    def still_holds(self, moved: Sequence[str]) -> bool:
        """Say whether streams that moved beside what was read as a whole leave the decision as it is, for none matters.

        Then the append may be tried again, as of now.
        """
        seen = self._states.store.last_position()
        for stream in moved:
            concerns = self._concerns.get(self._states.kind_of(stream))
            if concerns is None or any(matters(self._states.fresh(state, stream)) for state, matters in concerns):
                return False
        self.seen = seen
        return True

    def _watch(self, watched: Watched) -> None:
        """Note what is read as a whole, before it is read: from where the store stands now."""
        if not self.watched:
            self.seen = self._states.store.last_position()
        self.watched[watched] = None

    def streams_of(self, journal: str, kind: str) -> list[str]:
        """Answer the streams of one kind that the directory knows for a journal, those just decided too."""
        self._watch(Watched(kind, journal))
        known = self._states.store.streams_of_journal(journal, kind)
        own = [s for s, scope in self.scopes.items() if scope.journal == journal and scope.kind == kind]
        return list(dict.fromkeys((*known, *own)))

    def operations(self, account: str, since: int, until: int) -> Iterator[Recorded]:
        """Answer the events of an account by the index of actors and times."""
        return self._states.store.operations(account, since, until)

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the versions of streams, each noted for the check under the append lock."""
        found = self._states.store.heads(streams)
        for stream in streams:
            self.reads.setdefault(stream, found.get(stream, NO_STREAM))
        return {stream: self.reads[stream] for stream in streams}

    def recorded(self, stream: str) -> list[Recorded]:
        """Answer the stored events of a stream; what this request decided so far is not among them."""
        found = self._states.store.read_streams([stream])
        self.reads.setdefault(stream, found[-1].version if found else NO_STREAM)
        return found

    def dependents(self, breach: str, streams: Sequence[str] | None = None) -> list[Ref]:
        """Answer what stood on what a breach holds void: found in the log, whatever this request decided."""
        return self._states.dependents(breach, streams)

    def unfinished(self, year: str) -> Mapping[str, int]:
        """Answer what of a year stands open: counted in the reports, as far as the log is."""
        return self._states.unfinished(year)

    def rely(self, *refs: Ref) -> None:
        """Note facts that every event of the present command stands on."""
        self._relied.extend(refs)

    def seal(self, person: str, text: str, *, field: str) -> Sealed:
        """Promise a box: it is sealed when the event that it is in gets its stream and version, for there only."""
        self._clears.append((text, field))
        return Sealed(person, PROMISED + len(self._clears).to_bytes(PROMISE_BYTES - 1))

    def reserve(self, key: str, stream: str, *, otherwise: Refusal) -> None:
        """Claim a unique key; two commands of one batch cannot claim it for two streams."""
        owner = self.reserved.get(key)
        if owner is not None and owner[0] != stream:
            raise otherwise
        self.reserved[key] = (stream, otherwise)

    def release(self, key: str) -> None:
        """Free a unique key with the append, also one claimed earlier in the batch."""
        self.reserved.pop(key, None)
        self.released.append(key)

    def owner_of(self, key: str) -> str | None:
        """Answer who has a unique key, as the commands before this one in the batch leave it."""
        own = self.reserved.get(key)
        if own is not None:
            return own[0]
        return None if key in self.released else self._states.store.owner_of(key)

    def take(self, command: Command, command_id: str, authority: Sequence[Ref]) -> None:
        """Decide one command and take its events in."""
        self.command_id = command_id
        self._relied = list(authority)
        target = command.target(self)
        decided = list(command.decide(self))
        if not decided:
            return
        if target.stream not in self.reads:
            self.reads[target.stream] = self._states.store.heads([target.stream]).get(target.stream, 0)
        self._check_kind(target)
        self.scopes.setdefault(target.stream, target.scope)
        self._prepare([one for one in decided if isinstance(one, Elsewhere)])
        for one in decided:
            match one:
                case Elsewhere():
                    self._append(one.stream, one.event, one.refs)
                case Caused():
                    self._append(target.stream, one.event, one.refs)
                case _:
                    self._append(target.stream, one, ())

    def _prepare(self, elsewhere: Sequence[Elsewhere]) -> None:
        """Note the versions of the streams written beside the target, asked together, and their directory entries."""
        unknown = list(dict.fromkeys(one.stream for one in elsewhere if one.stream not in self.reads))
        if unknown:
            self.heads(unknown)
        for one in elsewhere:
            if one.scope is not None:
                self.scopes.setdefault(one.stream, one.scope)

    def _check_kind(self, target: Target) -> None:
        """Refuse to write to a stream of another kind: a given id may be anything's."""
        stream, kind = target.stream, target.scope.kind
        if kind in DERIVED_KINDS or self.reads[stream] == NO_STREAM:
            own = self.scopes.get(stream)
            known = kind if own is None else own.kind
        else:
            known = self._states.kind_of(stream)
        if known not in {kind, ""}:
            msg = f"{stream} is the id of a {known}, not of a {kind}: use the right id, or a new one"
            raise IdOfSomethingElse(msg)

    def _append(self, stream: str, event: Event, refs: Sequence[Ref]) -> None:
        if event.stored_name not in MARKER_NAMES:
            check_open(self, stream, event)
        before = self.pending.setdefault(stream, [])
        ref = Ref(stream, self.reads[stream] + len(before) + 1)
        event = self._with_boxes(event, ref)
        before.append((event, ref))
        causes = tuple(dict.fromkeys((*self._relied, *refs)))[:CAUSES_PER_EVENT_MAX]
        self.events.append(
            NewEvent(
                stream=stream,
                name=event.stored_name,
                state=encode(event),
                command_id=self.command_id,
                caused_by=causes,
            )
        )
        if event.stored_name in MARKER_NAMES:  # what is loaded of this stream is old now, and cannot be evolved
            self._own.difference_update(self._of_stream.get(stream, ()))
            return
        for key in self._of_stream.get(stream, ()):
            self._evolve(key, event, ref)

    def _with_boxes(self, event: Event, at: Ref) -> Event:
        """Seal what was promised; the version is certain, since the append expects the stream where it was read."""
        boxes = {}
        for name in event.__struct_fields__ if self._clears else ():
            value = getattr(event, name)
            if type(value) is Sealed and value.box[:1] == PROMISED:
                text, field = self._clears[int.from_bytes(value.box[1:]) - 1]
                boxes[name] = self._sealer.seal(value.person, text, field=field, at=at)
        return msgspec.structs.replace(event, **boxes) if boxes else event

    def _note(self, state: type[Any], stream: str, loaded: State) -> None:
        self._loaded[state, stream] = loaded
        self._of_stream.setdefault(stream, []).append((state, stream))

    def _evolve(self, key: tuple[type[Any], str], event: Event, ref: Ref) -> None:
        if key not in self._own:
            self._loaded[key] = self._loaded[key].copy()
            self._own.add(key)
        state = self._loaded[key]
        state.evolve(event, ref)
        state.version = ref.version

    def keep(self) -> None:
        """Put the states that this decision brought about in the cache; call it only after the append."""
        for key in self._own:
            self._states.cache.put(key[1], self._loaded[key])
