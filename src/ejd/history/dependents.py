"""Everything that stood on what a breach holds void, or would hold void: in which streams it is, and decided or not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from threading import Lock
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa

from ejd.handling.states import fold
from ejd.history.looking import Looking
from ejd.history.streams import Log, TooManyStreams, decode, void_by_breach, whole_streams
from ejd.kernel.dependents import Decoded, Dependent, Held, Shown, Why, acknowledged, causes_of, in_stream, standing
from ejd.kernel.envelope import NO_STREAM, Recorded, Ref
from ejd.kernel.events import CATALOGUE, breaches
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import final_marks as f
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.void import MARKER_NAMES
from ejd.read.model import ReadModel
from ejd.store.contract import EventStore
from ejd_projections.school_catalogue import years

ShownByPupil: TypeAlias = Mapping[str, Sequence[Shown]]
"""What parents could see of what is void, by pupil."""
BREACHES_REMEMBERED_MAX = 4
DEPENDENTS_MAX = 100_000
"""Dependents of one breach: somebody has to decide each."""

BREACH_NAMES = frozenset(one.stored_name for one in CATALOGUE.events.values() if issubclass(one, breaches.BreachEvent))
ACKNOWLEDGED_NAMES = frozenset(
    one.stored_name for one in CATALOGUE.events.values() if issubclass(one, k.AcknowledgementEvent)
)
BASIS_NAMES = frozenset({f.FinalMarkDecided.stored_name, f.FinalMarkCorrected.stored_name})


class Found(NamedTuple):
    """A dependent with its envelope: where in the log, what, when and by which account it was recorded."""

    position: int
    ref: Ref
    why: Why
    on: tuple[Ref, ...]
    name: str
    recorded_at: int
    actor: str


class Question(NamedTuple):
    """Of which breach: the account, from when to when it was in wrong hands, and what is held (or would be)."""

    breach: str
    account: str
    span: tuple[int, int] | None
    held: Held


class Search:
    """Looks for dependents: first the streams with void events are fed in, then `rest` looks where they lead."""

    def __init__(self, log: Log, c: sa.Connection, question: Question, *, upto: int) -> None:
        """Know the whole of what is void before the first stream comes."""
        self._log = log
        self._c = c
        self._question = question
        self._upto = upto
        self._looking = Looking(log, c)
        self._found: dict[Ref, Found] = {}
        self._periods: dict[tuple[str, str], tuple[date, date]] | None = None

    def take(self, stream: list[Decoded], by_breach: Mapping[str, set[int]]) -> None:
        """Look into a stream that has void events itself."""
        question = self._question
        own = question.held[stream[0].meta.stream]
        self._looking.take(stream, own)
        others: set[int] = set().union(*(void for one, void in by_breach.items() if one != question.breach))
        metas = {meta.version: meta for meta, _ in stream}
        for dependent in in_stream(stream, question.held, others):
            self._add(dependent, metas[dependent.ref.version])

    def rest(self) -> list[Found]:
        """Look where the void events lead, and answer all dependents in the order of the log.

        Raises TooManyStreams when more would have to be looked into than STREAMS_LOOKED_INTO_MAX.
        """
        held = self._question.held
        for events in whole_streams(self._log, self._looking.streams(held), self._upto):
            self._look_into(events)
        self._acknowledgements()
        self._decisions()
        return sorted(self._found.values())

    def named(self, streams: Iterable[str], shown: Callable[[], ShownByPupil]) -> list[Found]:
        """Answer the dependents in these streams only; `shown` is asked for when there is an acknowledgement."""
        held = self._question.held
        wanted = set(streams)
        for events in whole_streams(self._log, wanted, self._upto):
            if events[0].stream in held:
                stream = decode(events)
                self.take(stream, void_by_breach(stream))
            elif events[0].name in ACKNOWLEDGED_NAMES:
                self._acknowledged(events, shown())
            else:
                self._look_into(events)
        self._decisions(wanted)
        return sorted(self._found.values())

    @property
    def shown(self) -> ShownByPupil:
        """What parents could see of what is void in the streams taken so far."""
        return self._looking.shown

    def _look_into(self, events: list[Recorded]) -> None:
        void: set[int] | None = None
        for meta in events:
            dependent = self._standing(meta)
            if dependent is None:
                continue
            if void is None:
                void = _void(events)
            if meta.version not in void:
                self._add(dependent, meta)

    def _standing(self, meta: Recorded) -> Dependent | None:
        held = self._question.held
        if meta.name in MARKER_NAMES:
            return None
        if meta.name in BASIS_NAMES:
            return standing(meta, CATALOGUE.decode(meta.name, meta.state), held)
        on = tuple(one for one in causes_of(meta) if one.version in held.get(one.stream, ()))
        if not on:
            return None
        why: Why = "decision" if meta.name in BREACH_NAMES else "stands-on"
        return Dependent(Ref(meta.stream, meta.version), why, on)

    def _acknowledgements(self) -> None:
        for events in whole_streams(self._log, self._looking.acknowledgements(), self._upto):
            self._acknowledged(events, self._looking.shown)

    def _acknowledged(self, events: list[Recorded], shown: ShownByPupil) -> None:
        if self._periods is None:
            self._periods = {
                (year.id, one.code): (date.fromisoformat(one.first_day), date.fromisoformat(one.last_day))
                for year in years(self._c)
                for one in year.periods
            }
        void = _void(events)
        for meta, event in decode(events):
            if meta.version in void or not isinstance(event, k.AcknowledgementEvent):
                continue
            seen = shown.get(event.pupil, [])
            found = acknowledged(meta, event, seen, self._periods) or self._recommendation(meta, event)
            found = found or self._standing(meta)
            if found is not None:
                self._add(found, meta)

    def _recommendation(self, meta: Recorded, event: object) -> Dependent | None:
        if not isinstance(event, k.RecommendationAcknowledged):
            return None
        if event.version not in self._question.held.get(event.lesson, ()):
            return None
        return Dependent(Ref(meta.stream, meta.version), "acknowledged", (Ref(event.lesson, event.version),))

    def _decisions(self, only: AbstractSet[str] | None = None) -> None:
        """Find what the account decided in breaches while it was in wrong hands: never void, so to be looked at."""
        if self._question.span is None or not any(self._question.held.values()):
            return
        for meta in self._log.operations(self._question.account, *self._question.span):
            other = meta.name in BREACH_NAMES and meta.stream != self._question.breach
            if other and meta.position <= self._upto and (only is None or meta.stream in only):
                self._add(Dependent(Ref(meta.stream, meta.version), "decision", ()), meta)

    def _add(self, dependent: Dependent, meta: Recorded) -> None:
        """Keep the first way in which an event is found to depend."""
        if dependent.ref in self._found:
            return
        self._found[dependent.ref] = Found(
            meta.position, dependent.ref, dependent.why, dependent.on, meta.name, meta.recorded_at, meta.actor
        )
        if len(self._found) > DEPENDENTS_MAX:
            msg = (
                f"more than {DEPENDENTS_MAX} records stand on what is void here: "
                "narrow the window, or decide session by session"
            )
            raise TooManyStreams(msg)


def _void(events: Iterable[Recorded]) -> set[int]:
    markers = decode(meta for meta in events if meta.name in MARKER_NAMES)
    return set().union(*void_by_breach(markers).values())


def dependents_of(log: Log, c: sa.Connection, breach: str, state: BreachState, *, upto: int) -> list[Found]:
    """Answer what stands on what the breach holds void now, in the order of the log."""
    search = _search(log, c, breach, state, upto)
    return [] if search is None else _whole(log, search, state.held, upto).rest()


def _search(log: Log, c: sa.Connection, breach: str, state: BreachState, upto: int) -> Search | None:
    if state.reported is None or not state.held:
        return None
    held = {stream: frozenset(versions) for stream, versions in state.held.items()}
    return Search(log, c, Question(breach, state.reported.account, state.span, held), upto=upto)


def _whole(log: Log, search: Search, held: Iterable[str], upto: int) -> Search:
    for events in whole_streams(log, set(held), upto):
        stream = decode(events)
        search.take(stream, void_by_breach(stream))
    return search


class DependentsSearch:
    """What decisions ask: the dependents of a breach as of now, of named streams only if any are named.

    Raises NotYetThereError while the reports, which know whose journal and whose parent is whose, are not as far.
    """

    def __init__(self, store: EventStore, model: ReadModel) -> None:
        """Nothing is looked into yet."""
        self._store = store
        self._model = model
        self._states: OrderedDict[str, BreachState] = OrderedDict()
        self._shown: OrderedDict[tuple[str, int], ShownByPupil] = OrderedDict()
        self._lock = Lock()

    def __call__(self, breach: str, streams: Sequence[str] | None) -> list[Ref]:
        """Answer the references in the order of the log."""
        state = self._state(breach)
        upto = self._store.last_position()
        with self._model.snapshot(upto) as snapshot:
            c = snapshot.connection
            if streams is None:
                found = dependents_of(self._store, c, breach, state, upto=upto)
            else:
                search = _search(self._store, c, breach, state, upto)
                found = [] if search is None else search.named(streams, lambda: self._seen(c, breach, state, upto))
        return [one.ref for one in found]

    def _state(self, breach: str) -> BreachState:
        """Answer the state as it is now: a decision on a thousand dependents asks a thousand times."""
        head = self._store.heads([breach]).get(breach, NO_STREAM)
        with self._lock:
            known = self._states.get(breach)
        if known is None or known.version != head:
            known = fold(BreachState, self._store.read_streams([breach]), CATALOGUE)
            with self._lock:
                self._states[breach] = known
                if len(self._states) > BREACHES_REMEMBERED_MAX:
                    self._states.popitem(last=False)
        return known

    def _seen(self, c: sa.Connection, breach: str, state: BreachState, upto: int) -> ShownByPupil:
        """Answer what parents could see: kept, since what is held changes with the breach's own events only."""
        key = (breach, state.version)
        with self._lock:
            known = self._shown.get(key)
        if known is None:
            search = _search(self._store, c, breach, state, upto)
            known = {} if search is None else _whole(self._store, search, state.held, upto).shown
            with self._lock:
                self._shown[key] = known
                if len(self._shown) > BREACHES_REMEMBERED_MAX:
                    self._shown.popitem(last=False)
        return known
