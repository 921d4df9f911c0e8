"""A breach as the administration reads it: clocks, timeline, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from ejd.handling.states import fold
from ejd.http.asking import Asking
from ejd.http.contract import SchoolService
from ejd.http.moments import moment_text
from ejd.http.problems import NotThere
from ejd.kernel.calendar import CalendarData, calendar_from_json
from ejd.kernel.events import CATALOGUE
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.working_days import HOUR, REGULATOR_HOURS, notice_deadline
from ejd.read.projection import StreamRows
from ejd_projections.breaches import BreachRow, StepRow, breach_steps, breaches
from ejd_projections.people import names
from ejd_projections.school_catalogue import years

SECOND = 1_000_000
"""In microseconds."""
BREACH_KIND = "breach"


@dataclass(slots=True)
class Clock:
    """A term that runs from the moment of learning; `seconds_left` is negative when it is over."""

    name: str
    hours: int
    deadline: str
    seconds_left: int
    over: bool


@dataclass(slots=True)
class Notice:
    """When head and technical support received the notice, and whether that was within one working day (п. 21).

    `entered` says when each receipt was entered; `waiting` who still has to be confirmed by a second person.
    `in_time` is None while a receipt is missing and the deadline is not over.
    """

    deadline: str
    head_received_at: str | None
    support_received_at: str | None
    waiting: list[str]
    in_time: bool | None


@dataclass(slots=True)
class Breach:
    """One breach; `state` is reported, received, reset, proposed, invalidated, revoked or closed."""

    id: str
    account: str
    person: str
    person_name: str
    state: str
    next_step: str
    learned_at: str
    reported_at: str
    reset_at: str | None
    notice: Notice
    regulator: list[Clock]
    commands_invalidated: int
    events_invalidated: int
    events_restored: int


@dataclass(slots=True)
class Step:
    """One decision: who, when, what; `text` is the reason in clear, `detail` what was decided."""

    version: int
    position: int
    kind: str
    at: str
    actor: str
    text: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Window:
    """Operations from `starts` (included) to `ends` (not included), of these sessions only when any are named."""

    starts: str
    ends: str
    sessions: list[str]
    chosen: bool


@dataclass(slots=True)
class Holds:
    """What the breach holds void now."""

    commands: int
    events: int
    streams: int
    pupils: int


@dataclass(slots=True)
class Catching:
    """Whether the reports have what this breach decided last: `position` is theirs, `wanted` the decision's."""

    position: int
    wanted: int
    right: bool


@dataclass(slots=True)
class BreachDetail:
    """A breach with everything that was decided in it, in order."""

    breach: Breach
    window: Window | None
    holds: Holds
    dependents_decided: int
    reports: Catching
    timeline: list[Step]


def calendars(asking: Asking) -> list[CalendarData]:
    """Answer the calendars of all years."""
    return [calendar_from_json(one.calendar).data for one in years(asking.c)]


def breach_of(asking: Asking, row: BreachRow, days: list[CalendarData], person_name: str) -> Breach:
    """Answer what the list and the detail both show."""
    return Breach(
        id=row.stream,
        account=row.account,
        person=row.person if asking.sight.personal else "",
        person_name=person_name,
        state=state_of(row),
        next_step=next_step(row),
        learned_at=moment_text(row.learned_at),
        reported_at=moment_text(row.reported_at),
        reset_at=_text(row.reset_at),
        notice=_notice(asking, row, days),
        regulator=[_clock(asking, row, hours) for hours in REGULATOR_HOURS],
        commands_invalidated=row.commands,
        events_invalidated=row.invalidated,
        events_restored=row.restored,
    )


def _text(at: int | None) -> str | None:
    return None if at is None else moment_text(at)


def _notice(asking: Asking, row: BreachRow, days: list[CalendarData]) -> Notice:
    deadline = notice_deadline(row.learned_at, days, asking.school.timezone)
    received = [row.head_received_at, row.support_received_at]
    known = [one for one in received if one is not None]
    in_time: bool | None = None
    if any(one >= deadline for one in known) or (len(known) < len(received) and asking.now >= deadline):
        in_time = False
    elif len(known) == len(received):
        in_time = True
    return Notice(
        deadline=moment_text(deadline),
        head_received_at=_text(row.head_received_at),
        support_received_at=_text(row.support_received_at),
        waiting=[one for one in row.waiting.split(",") if one],
        in_time=in_time,
    )


def _clock(asking: Asking, row: BreachRow, hours: int) -> Clock:
    deadline = row.learned_at + hours * HOUR
    left = (deadline - asking.now) // SECOND
    name = "the regulator is told" if hours == REGULATOR_HOURS[0] else "the regulator has the result of the inquiry"
    return Clock(name, hours, moment_text(deadline), left, left < 0)


def state_of(row: BreachRow) -> str:
    """Answer the state in one word."""
    received = row.head_received_at is not None and row.support_received_at is not None and not row.waiting
    if row.closed:
        return "closed"
    if row.invalidated > row.restored:
        return "invalidated"
    if row.proposed:
        return "proposed"
    if row.invalidations:
        return "revoked"
    if received and row.reset_at is not None:
        return "reset"
    return "received" if received else "reported"


NEXT_STEPS = {
    "closed": "nothing more is to be done",
    "invalidated": (
        "decide on each record that stood on what is void (GET …/dependents?open=true, decide-on-dependents), "
        "then close the breach: close-breach"
    ),
    "proposed": "a second person looks at the same preview and decides: invalidate-breach",
    "revoked": "close the breach (close-breach), or look at the preview again",
    "reset": (
        "look at the preview (GET …/preview), then propose it: propose-invalidation; "
        "when nothing is in it, close the breach: close-breach"
    ),
}


def next_step(row: BreachRow) -> str:
    """Say what has to be done now, and with which command."""
    missing = [
        word
        for word, at in (("the head", row.head_received_at), ("technical support", row.support_received_at))
        if at is None
    ]
    state = state_of(row)
    if state == "closed":
        return NEXT_STEPS[state]
    if missing:
        return f"{' and '.join(missing)} must acknowledge the notice: acknowledge-breach-notice"
    if row.waiting:
        return "a second person must confirm a time of receipt that was entered late: confirm-breach-notice"
    if row.reset_at is None:
        return "reset the credentials of the account: reset-credentials"
    if row.widening:
        return "a second person must agree to the wider window: widen-breach-window"
    return NEXT_STEPS["proposed" if row.proposed else state]


class Known:
    """A breach read from its own stream, up to a position or as it is now."""

    def __init__(self, school: SchoolService, breach: str, *, upto: int | None = None) -> None:
        """Raise NotThere when no breach has this id."""
        events = school.store.read_streams([breach], upto=upto) if school.states.kind_of(breach) == BREACH_KIND else []
        rows: dict[str, StreamRows] = {}
        school.read.folding.fold(events, rows)
        row = breaches.get(rows[breach]) if events else None
        if row is None:
            raise NotThere("there is no such breach: look it up in GET /api/v1/breaches", field="breach")
        self.id = breach
        self.position = events[-1].position
        self.row = row
        self.state = fold(BreachState, events, CATALOGUE)
        self.steps = breach_steps.all(rows[breach])


def detail_of(school: SchoolService, asking: Asking, breach: str) -> BreachDetail:
    """Answer the breach as it is now, also when the reports are not as far yet."""
    known = Known(school, breach)
    row, state = known.row, known.state
    shows = row.person and asking.sight.personal
    person = names(asking.c, [row.person]).get(row.person, "") if shows else ""
    window = state.window
    return BreachDetail(
        breach=breach_of(asking, row, calendars(asking), person),
        window=None
        if window is None
        else Window(
            moment_text(window.starts), moment_text(window.ends), list(window.sessions), state.chosen is not None
        ),
        holds=Holds(
            commands=len(state.commands),
            events=sum(map(len, state.held.values())),
            streams=len(state.held),
            pupils=len(state.pupils) if state.held else 0,
        ),
        dependents_decided=len(state.decided),
        reports=Catching(asking.position, row.changed_position, asking.position >= row.changed_position),
        timeline=[_shown(step, personal=asking.sight.personal) for step in known.steps],
    )


def _shown(step: StepRow, *, personal: bool) -> Step:
    """Answer a step; technical support reads when and by which account, not the words about people."""
    return Step(
        version=step.version,
        position=step.position,
        kind=step.kind,
        at=moment_text(step.at),
        actor=step.actor,
        text=step.text if personal else "",
        detail=msgspec.json.decode(step.detail),
    )
