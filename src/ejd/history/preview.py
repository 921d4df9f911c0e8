"""What would be void, what stands on it, and what reports would say then: nothing is decided by looking (B4).

The affected streams are read once, folded twice in memory and compared; sums over other streams come from the live
read model, so that the cost follows what is affected and not the size of the school.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from ejd.history.changes import Differences, Lists
from ejd.history.comparing import Comparison
from ejd.history.dependents import Found, Question, Search
from ejd.history.figures import Figures
from ejd.history.overlay import ProgressComparison
from ejd.history.streams import Log, decode, void_by_breach, whole_streams
from ejd.kernel.dependents import Decoded
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import corrections as k
from ejd.kernel.events import days as d
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.states.breaches import BreachState, Window
from ejd.kernel.voiding import IssuedToken, affected, digest_of, pupils_of
from ejd.read.folding import without_collection

COMPARED = frozenset(
    one.stored_name
    for one in CATALOGUE.events.values()
    if issubclass(one, e.LessonEvent | f.FinalMarkEvent)
    or one in {p.PupilTransferred, p.PupilLeft, p.PupilReturned, p.GroupJoined, p.GroupLeft}
    or one in {p.IndividualPlanSet, p.IndividualPlanEnded, p.PupilEnrolled}
    or one in {p.ClassStaysCorrected, p.GroupStaysCorrected}
    or one is d.LessonListed
    or one in {k.CorrectionRequested, k.CorrectionApproved, k.CorrectionRejected, k.CorrectionWithdrawn}
)
"""Stored names of events whose effect on reports is compared, or that have none; others are set-up and named."""


class Operation(NamedTuple):
    """One event that would be void."""

    position: int
    stream: str
    version: int
    name: str
    recorded_at: int
    session: str
    command: str


@dataclass
class Preview:
    """All that somebody looks at before an invalidation; `digest` names it.

    `operations` and the lists of `differences` are one page. `not_compared` are stored names of set-up facts whose
    effect on reports is not compared row by row: what stands on them is among the dependents.
    """

    window: Window
    digest: str
    commands: int
    events: int
    operations: list[Operation]
    streams: int
    by_type: Counter[str]
    by_journal: Counter[str]
    by_pupil: Counter[str]
    tokens: list[IssuedToken]
    dependents: list[Found]
    differences: Differences
    not_compared: list[str]


class Previewed(NamedTuple):
    """Of which breach a preview is, by its window, and which page of it is wanted."""

    breach: str
    account: str
    state: BreachState
    window: Window
    limit: int
    offset: int


def preview(log: Log, c: sa.Connection, of: Previewed, *, upto: int) -> Preview:
    """Answer the preview as of a position, which the read model behind the connection must be at.

    Raises TooMuchAtOnce and TooManyStreams where a window holds more than one invalidation, or one question, may.
    """
    with without_collection():
        return _preview(log, c, of, upto)


def _preview(log: Log, c: sa.Connection, of: Previewed, upto: int) -> Preview:
    seen: list[Operation] = []
    found = affected(_watched(log, of, upto, seen), of.window, of.state)
    new = {stream: frozenset(versions) for stream, versions in found.voided.items()}
    held = {stream: frozenset(versions) for stream, versions in of.state.held.items()}
    held |= {stream: held.get(stream, frozenset()) | versions for stream, versions in new.items()}
    search = Search(log, c, Question(of.breach, of.account, _span(of), held), upto=upto)
    comparison = Comparison(Lists(of.limit, of.offset))
    counts = _Counts()
    heads: dict[str, int] = {}
    for events in whole_streams(log, held, upto):
        stream = decode(events)
        name = events[0].stream
        by_breach = void_by_breach(stream)
        search.take(stream, by_breach)
        if name in new:
            heads[name] = events[-1].version
            comparison.take(stream, set().union(*by_breach.values()), new[name])
            counts.take(stream, new[name])
    Figures(c, comparison).compare()
    left_out = ProgressComparison(c, comparison).compare()
    chosen = [one for one in seen if one.version in new.get(one.stream, ())]
    return Preview(
        window=of.window,
        digest=digest_of(of.breach, of.window, found, heads),
        commands=len(found.commands),
        events=found.events,
        operations=chosen[of.offset : of.offset + of.limit],
        streams=len(new),
        by_type=counts.types,
        by_journal=counts.journals,
        by_pupil=counts.pupils,
        tokens=found.tokens,
        dependents=search.rest(),
        differences=comparison.lists.differences(left_out),
        not_compared=sorted(set(counts.types) - COMPARED),
    )


def _span(of: Previewed) -> tuple[int, int]:
    starts, ends = of.state.span or (of.window.starts, of.window.ends)
    return min(starts, of.window.starts), max(ends, of.window.ends)


def _watched(log: Log, of: Previewed, upto: int, seen: list[Operation]) -> Iterator[Recorded]:
    """Pass the operations of the window on, and keep what the page shows of each."""
    for meta in log.operations(of.account, of.window.starts, of.window.ends):
        if meta.position <= upto:
            seen.append(
                Operation(
                    meta.position,
                    meta.stream,
                    meta.version,
                    meta.name,
                    meta.recorded_at,
                    meta.session,
                    meta.command_id,
                )
            )
            yield meta


class _Counts:
    """How many events would be void, by type, journal and pupil."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.journals: Counter[str] = Counter()
        self.pupils: Counter[str] = Counter()

    def take(self, stream: Iterable[Decoded], void: frozenset[int]) -> None:
        for meta, event in stream:
            if meta.version in void:
                self.types[meta.name] += 1
                journal = getattr(event, "journal", "")
                if journal:
                    self.journals[journal] += 1
                self.pupils.update(pupils_of(event))
