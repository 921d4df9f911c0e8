"""The preview of an invalidation as the administration reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ejd.history.changes import Differences
from ejd.history.preview import Preview, Previewed, preview
from ejd.history.short import says
from ejd.http.asking import Asking, Offset, QuestionParameters
from ejd.http.breach_dependents import Dependents, OfBreach, page_of
from ejd.http.breach_state import Known, Window
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.kernel.envelope import Ref
from ejd_commands.breaches import reported
from ejd_commands.invalidations import window_of
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.people import names

PAGE_MAX = 1_000
PAGE_LIMIT = 100
COUNTED_MAX = 1_000
"""Journals and pupils that are counted by name, those with most events first."""


class PreviewParameters(QuestionParameters):
    """One page of every list; all are counted in full."""

    limit: Annotated[int, Field(ge=1, le=PAGE_MAX, description="Rows of a page of every list.")] = PAGE_LIMIT
    offset: Offset = 0


@dataclass(slots=True)
class Counted:
    """How many events would be void of one type, journal or pupil."""

    id: str
    name: str
    events: int


@dataclass(slots=True)
class Operation:
    """One event that would be void."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: str
    session: str
    command: str
    says: str


@dataclass(slots=True)
class Token:
    """A token that ends with the invalidation: it was issued in the window."""

    account: str
    token: str


@dataclass(slots=True)
class InvalidationPreview:
    """What `propose-invalidation` and `invalidate-breach` name by the digest (B4)."""

    digest: str
    window: Window
    commands: int
    events: int
    streams: int
    operations: list[Operation]
    by_type: list[Counted]
    by_journal: list[Counted]
    by_pupil: list[Counted]
    tokens: list[Token]
    dependents: Dependents
    differences: Differences
    not_compared: list[str]


def breach_preview(school: SchoolService, asking: Asking, breach: str, query: PreviewParameters) -> InvalidationPreview:
    """What an invalidation would make void, what stood on it, and the difference in reports before and after (B4).

    It carries the digest that both decisions must name: when an affected record moves meanwhile, a new preview is
    needed. Every list is counted in full and shown page by page.
    """
    known = Known(school, breach, upto=asking.position)
    state = known.state
    window = window_of(state)
    account = reported(state, breach).account
    of = Previewed(breach, account, state, window, query.limit, query.offset)
    found = preview(school.store, asking.c, of, upto=asking.position)
    decided = state.decided
    stood = [OfBreach(breach, one, decided[one.ref].decision if one.ref in decided else "") for one in found.dependents]
    return InvalidationPreview(
        digest=found.digest,
        window=Window(
            moment_text(window.starts), moment_text(window.ends), list(window.sessions), state.chosen is not None
        ),
        commands=found.commands,
        events=found.events,
        streams=found.streams,
        operations=_operations(school, asking, found),
        by_type=[Counted(name, name.partition("/")[0], count) for name, count in _most(found.by_type)],
        by_journal=_journals(asking, found.by_journal),
        by_pupil=_pupils(asking, found.by_pupil),
        tokens=[Token(*one) for one in found.tokens],
        dependents=page_of(school, asking, stood, limit=query.limit, offset=query.offset),
        differences=found.differences,
        not_compared=found.not_compared,
    )


def _operations(school: SchoolService, asking: Asking, found: Preview) -> list[Operation]:
    said = says(school.store, {Ref(one.stream, one.version) for one in found.operations}, asking.position)
    return [
        Operation(
            *one[:4],
            recorded_at=moment_text(one.recorded_at),
            session=one.session,
            command=one.command,
            says=said[Ref(one.stream, one.version)][1],
        )
        for one in found.operations
    ]


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:COUNTED_MAX]


def _journals(asking: Asking, counts: Counter[str]) -> list[Counted]:
    chosen = _most(counts)
    known = {one.id: one.name for one in find_journals(asking.c, ids=_ids(chosen))} if chosen else {}
    return [Counted(journal, known.get(journal, ""), count) for journal, count in chosen]


def _pupils(asking: Asking, counts: Counter[str]) -> list[Counted]:
    chosen = _most(counts)
    known = names(asking.c, _ids(chosen))
    return [Counted(pupil, known.get(pupil, ""), count) for pupil, count in chosen]


def _ids(chosen: Collection[tuple[str, int]]) -> list[str]:
    return [one for one, _ in chosen]
