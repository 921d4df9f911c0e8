"""Dependents as the administration reads them: each with what it stood on, who recorded it when, decided or not."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.history.dependents import Found, dependents_of
from ejd.history.short import says
from ejd.http.asking import Asking
from ejd.http.breach_state import Known
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.kernel.envelope import Ref


@dataclass(slots=True)
class StoodOn:
    """A void event that something stood on."""

    stream: str
    version: int
    type: str
    says: str


@dataclass(slots=True)
class Dependent:
    """A record in force that stood on what is void.

    `why`: same-cell (a later event on the same cell), stands-on (an approval, a grant, set-up), basis (of a final
    mark), acknowledged (by a parent), decision (in a breach). `decision` is kept, corrected, or "" while it is open.
    """

    breach: str
    position: int
    stream: str
    version: int
    type: str
    says: str
    recorded_at: str
    actor: str
    why: str
    on: list[StoodOn]
    decision: str


@dataclass(slots=True)
class Dependents:
    """A page of `total` dependents in the order of the log; `open` counts those nobody has decided on."""

    total: int
    open: int
    dependents: list[Dependent]


@dataclass(frozen=True)
class OfBreach:
    """A dependent with the breach that it belongs to, and the decision."""

    breach: str
    found: Found
    decision: str


def found_of(school: SchoolService, asking: Asking, breach: str) -> list[OfBreach]:
    """Answer all dependents of one breach with what was decided about each."""
    known = Known(school, breach, upto=asking.position)
    decided = known.state.decided
    return [
        OfBreach(breach, one, decided[one.ref].decision if one.ref in decided else "")
        for one in dependents_of(school.store, asking.c, breach, known.state, upto=asking.position)
    ]


def page_of(school: SchoolService, asking: Asking, chosen: list[OfBreach], *, limit: int, offset: int) -> Dependents:
    """Answer a page of dependents with what they, and what they stood on, say."""
    page = chosen[offset : offset + limit]
    refs = {ref for one in page for ref in (one.found.ref, *one.found.on)}
    said = says(school.store, refs, asking.position)
    return Dependents(
        total=len(chosen),
        open=sum(one.decision == "" for one in chosen),
        dependents=[_dependent(one, said) for one in page],
    )


def _dependent(one: OfBreach, said: dict[Ref, tuple[str, str]]) -> Dependent:
    found = one.found
    on = [StoodOn(*ref, *said.get(ref, ("", ""))) for ref in found.on]
    return Dependent(
        breach=one.breach,
        position=found.position,
        stream=found.ref.stream,
        version=found.ref.version,
        type=found.name,
        says=said.get(found.ref, ("", ""))[1],
        recorded_at=moment_text(found.recorded_at),
        actor=found.actor,
        why=found.why,
        on=on,
        decision=one.decision,
    )
