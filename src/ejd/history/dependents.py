"""Everything that stood on what a breach holds void, or would hold void: in which streams it is, and decided or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from ejd.history.looking import Looking
from ejd.history.streams import Log, TooManyStreams, decode, void_by_breach, whole_streams
from ejd.kernel.dependents import Decoded, Dependent, Held, Why, acknowledged, causes_of, in_stream, standing
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.events import CATALOGUE, breaches
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import final_marks as f
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.void import MARKER_NAMES
from ejd_projections.asking import DAY_MAX, checked_range
from ejd_projections.school_catalogue import years

DEPENDENTS_MAX = 100_000
"""Dependents of one breach: somebody has to decide each."""

BREACH_NAMES = frozenset(one.stored_name for one in CATALOGUE.events.values() if issubclass(one, breaches.BreachEvent))
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

    def take(self, stream: list[Decoded], by_breach: Mapping[str, set[int]]) -> None:
        """Look into a stream that has void events itself."""
        question = self._question
        own = question.held[stream[0].meta.stream]
        self._looking.take(stream, own)
        others: set[int] = set().union(*(void for one, void in by_breach.items() if one != question.breach))
        metas = {meta.version: meta for meta, _ in stream}
        for dependent in in_stream(stream, question.held, question.breach, others):
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
        streams = dict(self._looking.acknowledgements())
        shown = self._looking.shown
        periods = {
            (year.id, one.code): checked_range(one.first_day, one.last_day)
            for year in (years(self._c) if streams else ())
            for one in year.periods
            if one.first_day <= one.last_day <= DAY_MAX
        }
        for events in whole_streams(self._log, streams, self._upto):
            void = _void(events)
            pupil = streams[events[0].stream]
            for meta, event in decode(events):
                if meta.version in void:
                    continue
                found = acknowledged(meta, event, shown[pupil], periods) or self._recommendation(meta, event)
                if found is not None:
                    self._add(found, meta)

    def _recommendation(self, meta: Recorded, event: object) -> Dependent | None:
        if not isinstance(event, k.RecommendationAcknowledged):
            return None
        if event.version not in self._question.held.get(event.lesson, ()):
            return None
        return Dependent(Ref(meta.stream, meta.version), "acknowledged", (Ref(event.lesson, event.version),))

    def _decisions(self) -> None:
        """Find what the account decided in breaches while it was in wrong hands: never void, so to be looked at."""
        if self._question.span is None or not any(self._question.held.values()):
            return
        for meta in self._log.operations(self._question.account, *self._question.span):
            if meta.name in BREACH_NAMES and meta.stream != self._question.breach and meta.position <= self._upto:
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
    if state.reported is None or not state.held:
        return []
    held = {stream: frozenset(versions) for stream, versions in state.held.items()}
    search = Search(log, c, Question(breach, state.reported.account, state.span, held), upto=upto)
    for events in whole_streams(log, held, upto):
        stream = decode(events)
        search.take(stream, void_by_breach(stream))
    return search.rest()
