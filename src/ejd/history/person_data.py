"""Everything that the school has of one person (152-ФЗ ст. 14): what is sealed for it, what names it, what it recorded.

Found in the log by the person's id, so that no list of event types has to be kept; what is about other people only is
left out line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ejd.kernel.command import Refusal
from ejd.kernel.envelope import Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import accounts as a
from ejd.kernel.personal_data import kept_for, persons_in
from ejd.kernel.void import MARKER_NAMES, Voids

if TYPE_CHECKING:
    from ejd.kernel.envelope import Recorded
    from ejd.kernel.event import Event
    from ejd.kernel.sealed import Sealed
    from ejd.read.projection import Unseal
    from ejd.store.factors import FactorRow, FactorTables
    from ejd.store.outbox import Outbox
    from ejd.store.persons import PersonEvents
    from ejd.store.signing_in import SessionRow, SigningInTables

EVENTS_MAX = 200_000
"""Of one export; a teacher of forty years records about as many."""
NOTICES_MAX = 10_000
NOTICES_PAGE = 1_000
MARKERS_PAGE = 5_000
RECORDED = "recorded"
OWN = "own"

Looks = Callable[[str], Iterable[Mapping[str, Any]]]
"""Answers the looks of others at a person's data, from the access log."""


class TooMuchToExport(Refusal):
    """More is stored about the person than one answer may hold."""


class Beside(NamedTuple):
    """What is kept of people beside the events."""

    outbox: Outbox
    signing_in: SigningInTables
    factors: FactorTables


class Log(Protocol):
    """What is read of the store."""

    @property
    def persons(self) -> PersonEvents:
        """What concerns one person."""
        ...

    def last_position(self) -> int:
        """Answer the highest position."""
        ...

    def find_events(self, *, after: int = 0, limit: int = 100, names: Sequence[str] = ()) -> list[Recorded]:
        """Answer a page of events by stored names."""
        ...


@dataclass(slots=True)
class DataEvent:
    """One event about the person. `linked` says how: own stream, or the fields that name it or are sealed for it.

    `text` fields that were sealed for the person are opened in `data`, None once erased; others' are left out.
    """

    position: int
    recorded_at: int
    type: str
    stream: str
    version: int
    account: str
    void: bool
    linked: list[str]
    data: dict[str, Any]


@dataclass(slots=True)
class RecordedEvent:
    """One event that an account of the person recorded about something else."""

    position: int
    recorded_at: int
    type: str
    stream: str
    version: int


@dataclass(slots=True)
class PersonData:
    """The whole export. `streams` by kind are the person's own."""

    person: str
    position: int
    streams: list[dict[str, str]] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    about: list[DataEvent] = field(default_factory=list)
    recorded: list[RecordedEvent] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    second_factors: list[dict[str, Any]] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)


def person_data(log: Log, beside: Beside, unseal: Unseal, person: str, *, looks: Looks | None = None) -> PersonData:
    """Answer everything up to now; empty lists for an id that nothing knows. Raises TooMuchToExport."""
    own = log.persons.streams(person)
    accounts = [one.stream for one in own if one.kind == "account"]
    found = PersonData(person, log.last_position(), [one._asdict() for one in own], accounts)
    whole = {one.stream for one in own}
    mine = {person, *accounts}
    events = list(_bounded(log.persons.about(person, sorted(whole), accounts, found.position)))
    void = _void(log, events, found.position)
    for meta in events:
        event = CATALOGUE.decode(meta.name, meta.state)
        linked = [OWN] if meta.stream in whole else []
        linked += sorted({path for named, path in persons_in(event) if named in mine or named in whole})
        if linked:
            data = _data(event, meta, mine | whole, unseal)
            held = meta.version in void.get(meta.stream, ())
            place = meta.position, meta.recorded_at, meta.name, meta.stream, meta.version
            found.about.append(DataEvent(*place, meta.actor, held, linked, data))
        else:
            found.recorded.append(RecordedEvent(meta.position, meta.recorded_at, meta.name, meta.stream, meta.version))
        if isinstance(event, a.AccountOpened) and meta.stream in accounts:
            found.logins.append(event.login)
    found.notices = list(_notices(beside.outbox, person))
    found.sessions = [_shown(one) for account in accounts for one in beside.signing_in.sessions_of(account)]
    found.second_factors = [_factor(account, one) for account in accounts for one in beside.factors.factors_of(account)]
    found.looks = [] if looks is None else [dict(one) for one in looks(person)]
    return found


def _factor(account: str, row: FactorRow) -> dict[str, Any]:
    return {"account": account, "factor": row.factor, "title": row.title, "created_at": row.created_at}


def _shown(session: SessionRow) -> dict[str, Any]:
    return {
        "account": session.account,
        "session": session.id,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "client": session.client,
    }


def _bounded(events: Iterable[Recorded]) -> Iterable[Recorded]:
    for number, meta in enumerate(events, 1):
        if number > EVENTS_MAX:
            msg = f"more than {EVENTS_MAX} events are about this person: let technical support export them in parts"
            raise TooMuchToExport(msg)
        yield meta


def _data(event: Event, meta: Recorded, mine: set[str], unseal: Unseal) -> dict[str, Any]:
    name = meta.name.partition("/")[0]

    def concerns(one: Any) -> bool:
        return one in mine if isinstance(one, str) else any(named in mine for named, _ in persons_in(one))

    def opened(box: Sealed, field_name: str) -> Any:
        if box.person not in mine:
            return {"sealed": True, "person": box.person}
        return unseal(box, f"{name}.{field_name}", Ref(meta.stream, meta.version))

    data: dict[str, Any] = kept_for(event, concerns, opened)
    return data


def _void(log: Log, events: Sequence[Recorded], upto: int) -> dict[str, frozenset[int]]:
    """Answer the versions that a breach holds void, of the streams of the events."""
    held: dict[str, Voids] = {}
    streams = {meta.stream for meta in events}
    after = 0
    while page := log.find_events(after=after, limit=MARKERS_PAGE, names=sorted(MARKER_NAMES)):
        after = page[-1].position
        for meta in page:
            if meta.stream in streams and meta.position <= upto:
                held.setdefault(meta.stream, Voids()).take(CATALOGUE.decode(meta.name, meta.state))
    return {stream: frozenset(voids.versions()) for stream, voids in held.items()}


def _notices(outbox: Outbox, person: str) -> Iterable[dict[str, Any]]:
    after = (-1, "")
    for _ in range(NOTICES_MAX // NOTICES_PAGE):
        page = outbox.page(after=after, limit=NOTICES_PAGE, recipient=person)
        yield from (one._asdict() for one in page)
        if len(page) < NOTICES_PAGE:
            return
        after = (page[-1].created_at, page[-1].key)
