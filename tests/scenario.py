"""How a command is tested: `given(A_YEAR).when(ClosePeriod(...), by=HEAD).then(...)`, with exactly three endings.

`.then(events…)` these events, `.then_nothing()` it is so already, `.then_refused(NotTheirLesson, saying="…")`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Self, TypeAlias, TypeGuard, TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pydantic import ValidationError

from ejd.kernel.calendar import local_day
from ejd.kernel.closed_years import check_open
from ejd.kernel.command import Actor, Caused, Command, Elsewhere, Refusal, State, Target
from ejd.kernel.envelope import Recorded as StoredEvent
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event, encode
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.accounts import AccountOpened
from ejd.kernel.events.control_works import ControlWorkPlanned
from ejd.kernel.events.corrections import CorrectionRequested
from ejd.kernel.events.final_marks import FinalMarkEvent
from ejd.kernel.events.journals import JournalOpened
from ejd.kernel.events.lessons import LessonEvent
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.events.people import PupilEnrolled
from ejd.kernel.events.year import AcademicYearOpened
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import authority
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.school import SchoolState
from ejd.kernel.void import MARKER_NAMES, void_versions

S = TypeVar("S", bound=State)
Recorded: TypeAlias = tuple[str, Event]
"""A stream and an event in it."""
World: TypeAlias = tuple[Recorded, ...]
"""What has happened, in order."""

TEST_NAMESPACE = UUID("7a1e3c52-54c9-4b7e-9c39-0a4a1f0d9b11")
JOURNAL_KINDS: dict[str, type[LessonEvent | FinalMarkEvent | ControlWorkPlanned | CorrectionRequested]] = {
    "lesson": LessonEvent,
    "final-marks": FinalMarkEvent,
    "control-work": ControlWorkPlanned,
    "correction": CorrectionRequested,
}
"""Kinds of streams that belong to a journal, with the events that say to which."""
FIRST_EVENTS: dict[str, type[Event]] = {
    "account": AccountOpened,
    "journal": JournalOpened,
    "pupil": PupilEnrolled,
    "year": AcademicYearOpened,
}
"""Kinds of streams that are asked for as a whole, with the event that begins one."""
SESSION = str(uuid5(TEST_NAMESPACE, "session"))
NOON = "2025-10-06 12:00"
"""A Monday in the first quarter, school time: the clock of every scenario that does not say otherwise."""


def uid(words: str) -> str:
    """Answer the same UUID for the same words, so that fixtures can be named."""
    return str(uuid5(TEST_NAMESPACE, words))


def sealed(person: str, text: str) -> Sealed:
    """Answer what the fake seal of a scenario makes of a text: the box is the clear text."""
    return Sealed(person, text.encode())


class Sealing(NamedTuple):
    """One text that a command had sealed."""

    person: str
    text: str
    field: str


class Decided(NamedTuple):
    """One event that a command brought about, with the facts it stands on."""

    stream: str
    event: Event
    refs: tuple[Ref, ...]
    command_id: str = ""


@dataclass
class MemoryContext:
    """A `Context` over plain lists of events; versions count from 1, void events included."""

    streams: Mapping[str, Sequence[Event]]
    reserved: dict[str, str]
    actor: Actor
    command_id: str
    now: int
    timezone: str
    log: Sequence[StoredEvent] = ()
    stood_on: Mapping[str, Sequence[Ref]] = field(default_factory=dict)
    open_points: Mapping[str, int] = field(default_factory=dict)
    relied: list[Ref] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    sealings: list[Sealing] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)

    @property
    def today(self) -> date:
        """The date in the school's time zone."""
        return local_day(self.now, self.timezone)

    def load(self, state: type[S], stream: str) -> S:
        """Fold the valid events of a stream; the version goes on over void ones."""
        self.loaded.add(stream)
        return folded(state, stream, self.streams.get(stream, ()))

    def load_many(self, state: type[S], streams: Sequence[str]) -> list[S]:
        """Fold several streams."""
        return [self.load(state, stream) for stream in streams]

    def load_all(self, state: type[S], kind: str, matters: Callable[[S], bool]) -> Mapping[str, S]:
        """Fold the streams that have events of this kind of thing."""
        begun = FIRST_EVENTS[kind]
        own = [stream for stream, events in self.streams.items() if any(isinstance(one, begun) for one in events)]
        all_of_them = {stream: folded(state, stream, self.streams[stream]) for stream in own}
        return {stream: self.load(state, stream) for stream, one in all_of_them.items() if matters(one)}

    def streams_of(self, journal: str, kind: str) -> list[str]:
        """Find the streams of a journal by their events, void ones too, as the directory would."""
        bases = JOURNAL_KINDS[kind]
        return [
            stream
            for stream, events in self.streams.items()
            if any(isinstance(event, bases) and event.journal == journal for event in events)
        ]

    def operations(self, account: str, since: int, until: int) -> Iterator[StoredEvent]:
        """Find what the scenario says an account recorded."""
        return (one for one in self.log if one.actor == account and since <= one.recorded_at < until)

    def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Count the events, void ones too."""
        self.loaded.update(streams)
        return {stream: len(self.streams.get(stream, ())) for stream in streams}

    def recorded(self, stream: str) -> list[StoredEvent]:
        """Find what the scenario says is stored in a stream."""
        self.loaded.add(stream)
        return [one for one in self.log if one.stream == stream]

    def dependents(self, breach: str, streams: Sequence[str] | None = None) -> list[Ref]:
        """Look into the streams of the scenario."""
        return [one for one in self.stood_on.get(breach, ()) if streams is None or one.stream in streams]

    def unfinished(self, year: str) -> Mapping[str, int]:
        """Answer what the scenario says stands open in a year."""
        self.loaded.add(year)
        return self.open_points

    def rely(self, *refs: Ref) -> None:
        """Note the facts."""
        self.relied.extend(refs)

    def seal(self, person: str, text: str, *, field: str) -> Sealed:
        """Note what is sealed where, and do not hide it."""
        name, _, attribute = field.partition(".")
        known = [e for shape, e in CATALOGUE.events.items() if shape.partition("/")[0] == name]
        assert known, f"no event is named {name}"
        assert attribute in known[-1].__struct_fields__, f"{name} has no field {attribute}"
        self.sealings.append(Sealing(person, text, field))
        return sealed(person, text)

    def reserve(self, key: str, stream: str, *, otherwise: Refusal) -> None:
        """Refuse at once what the store would refuse at the append."""
        if self.reserved.get(key, stream) != stream:
            raise otherwise
        self.reserved[key] = stream

    def release(self, key: str) -> None:
        """Free the key."""
        self.released.append(key)
        self.reserved.pop(key, None)

    def owner_of(self, key: str) -> str | None:
        """Look among the keys that are claimed."""
        return self.reserved.get(key)


def folded(state: type[S], stream: str, events: Sequence[Event]) -> S:
    """Answer the state that the valid events of a stream add up to."""
    void = void_versions(e for e in events if isinstance(e, (EventsVoided, EventsRestored)))
    answer = state()
    for version, event in enumerate(events, start=1):
        if version not in void and not isinstance(event, (EventsVoided, EventsRestored)):
            answer.evolve(event, Ref(stream, version))
        answer.version = version
    return answer


@dataclass
class Outcome:
    """What a command, or a batch of them, came to; an ending is asserted, then the story can go on."""

    before: Scenario
    decided: list[Decided] = field(default_factory=list)
    refusal: Refusal | None = None
    reserved: dict[str, str] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    sealings: list[Sealing] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    by: str = ""

    @property
    def events(self) -> list[Event]:
        """All events, in order."""
        return [one.event for one in self.decided]

    def _not_refused(self) -> None:
        if self.refusal is not None:
            msg = f"refused with {type(self.refusal).__name__}: {self.refusal.sentence}"
            raise AssertionError(msg) from self.refusal

    def then(self, *events: Event) -> Self:
        """Exactly these events."""
        self._not_refused()
        assert self.events == list(events)
        return self

    def then_nothing(self) -> Self:
        """No event: everything is already so."""
        return self.then()

    def then_refused(self, refusal: type[Refusal], *, saying: str = "", field: str | None = None) -> Self:
        """This refusal, its sentence having these words, about this field if one is named."""
        assert self.refusal is not None, f"not refused but decided: {self.events}"
        assert type(self.refusal) is refusal, f"{type(self.refusal).__name__}: {self.refusal.sentence}"
        assert saying in self.refusal.sentence, self.refusal.sentence
        assert field is None or self.refusal.field == field, f"{self.refusal.field} is the field"
        return self

    def in_stream(self, stream: str) -> Self:
        """Every event is in this stream."""
        assert {one.stream for one in self.decided} == {stream}
        return self

    def standing_on(self, *refs: Ref) -> Self:
        """Every event has these facts among its causes."""
        for one in self.decided:
            assert set(refs) <= set(one.refs), f"{one.event} stands on {one.refs}"
        return self

    def sealing(self, person: str, text: str, *, field: str) -> Self:
        """This text was sealed under this person's key as this field."""
        assert Sealing(person, text, field) in self.sealings, self.sealings
        return self

    def and_then_given(self) -> Scenario:
        """Answer the scenario after it."""
        self._not_refused()
        after = self.before.copy()
        for one in self.decided:
            after.store(one, by=self.by, command_id=one.command_id)
        after.reserved = dict(self.reserved)
        return after

    def when(self, *commands: Command, by: str, command_id: str | None = None) -> Outcome:
        """Go on with another command."""
        return self.and_then_given().when(*commands, by=by, command_id=command_id)


class Scenario:
    """What has happened, what time it is, and the commands sent then."""

    def __init__(self, streams: Mapping[str, Sequence[Event]]) -> None:
        """Begin with streams; nothing is reserved."""
        self.streams: defaultdict[str, list[Event]] = defaultdict(list)
        self.log: list[StoredEvent] = []
        self.reserved: dict[str, str] = {}
        self.stood_on: dict[str, list[Ref]] = {}
        self.open_points: dict[str, int] = {}
        self.moment = NOON
        self.sent = 0
        for stream, events in streams.items():
            for event in events:
                self.store(Decided(stream, event, ()), by="", at=0)

    def store(self, one: Decided, *, by: str, command_id: str = "", at: int | None = None) -> None:
        """Append one event with its envelope, now unless another time is given."""
        self.streams[one.stream].append(one.event)
        self.log.append(
            StoredEvent(
                position=len(self.log) + 1,
                stream=one.stream,
                version=len(self.streams[one.stream]),
                name=one.event.stored_name,
                state=encode(one.event),
                recorded_at=self.now() if at is None else at,
                actor=by,
                session=SESSION,
                client="tests",
                command_id=command_id,
                batch_id="",
                caused_by=msgspec.json.encode(one.refs).decode(),
                salt=b"",
            )
        )

    def copy(self) -> Scenario:
        """Answer a scenario that can go on without changing this one."""
        twin = Scenario({})
        twin.streams.update({stream: list(events) for stream, events in self.streams.items()})
        twin.log = list(self.log)
        twin.stood_on = dict(self.stood_on)
        twin.open_points = dict(self.open_points)
        twin.reserved, twin.moment, twin.sent = dict(self.reserved), self.moment, self.sent
        return twin

    def at(self, moment: str) -> Scenario:
        """Set the clock, in school time: `2025-10-06 12:00`."""
        twin = self.copy()
        twin.moment = moment
        return twin

    def with_reserved(self, keys: Mapping[str, str]) -> Scenario:
        """Have these unique keys taken by these streams."""
        twin = self.copy()
        twin.reserved.update(keys)
        return twin

    def with_dependents(self, breach: str, *refs: Ref) -> Scenario:
        """Have these events found to stand on what a breach holds void."""
        twin = self.copy()
        twin.stood_on[breach] = list(refs)
        return twin

    def with_open_points(self, **counts: int) -> Scenario:
        """Have so much standing open in whatever year is asked about; names have underscores for hyphens."""
        twin = self.copy()
        twin.open_points = {kind.replace("_", "-"): count for kind, count in counts.items()}
        return twin

    def state(self, state: type[S], stream: str) -> S:
        """Answer the state of a stream."""
        return folded(state, stream, self.streams.get(stream, ()))

    def now(self) -> int:
        """Answer the clock in microseconds since 1970 UTC."""
        school_time = datetime.fromisoformat(self.moment).replace(tzinfo=ZoneInfo(self.timezone()))
        return int(school_time.timestamp()) * 1_000_000

    def timezone(self) -> str:
        """Answer the school's time zone."""
        return self.state(SchoolState, SCHOOL).timezone

    def when(self, *commands: Command, by: str, command_id: str | None = None) -> Outcome:
        """Send one command, or a batch that sees its own events; all or nothing."""
        after = self.copy()
        outcome = Outcome(self, by=by)
        for command in commands:
            after.sent += 1
            assert type(command).model_validate_json(command.model_dump_json()) == command
            context = MemoryContext(
                streams=dict(after.streams),
                reserved=after.reserved,
                actor=Actor(by, SESSION, "tests"),
                command_id=command_id or uid(f"command {after.sent}"),
                now=after.now(),
                timezone=after.timezone(),
                log=after.log,
                stood_on=after.stood_on,
                open_points=after.open_points,
                sealings=outcome.sealings,
                released=outcome.released,
            )
            try:
                decided = decide(command, context)
            except Refusal as refusal:
                return Outcome(self, refusal=refusal, reserved=dict(self.reserved))
            outcome.targets.append(command.target(context))
            outcome.decided += decided
            for one in decided:
                after.store(one, by=by, command_id=one.command_id)
        outcome.before = self.copy()
        outcome.before.sent = after.sent
        outcome.reserved = after.reserved
        return outcome


def decide(command: Command, context: MemoryContext) -> list[Decided]:
    """Do what the handler does with one command, without a store: right, target, decision, causes."""
    context.rely(*authority(context, command))
    target = command.target(context)
    assert target.scope.kind, f"{command.name} names no kind for the directory"
    decided = list(command.decide(context))
    answer = []
    for one in decided:
        event, refs = (one.event, one.refs) if isinstance(one, (Caused, Elsewhere)) else (one, ())
        assert CATALOGUE.decode(event.stored_name, encode(event)) == event
        stream = one.stream if isinstance(one, Elsewhere) else target.stream
        if event.stored_name not in MARKER_NAMES:
            check_open(context, stream, event)
        assert not isinstance(one, Elsewhere) or one.scope is not None or context.streams.get(stream), stream
        causes = tuple(dict.fromkeys((*context.relied, *refs)))
        answer.append(Decided(stream, event, causes, context.command_id))
    return answer


def given(*happened: World | Recorded) -> Scenario:
    """Begin a scenario from worlds and single (stream, event) pairs; what two worlds have in common happens once."""
    streams: defaultdict[str, list[Event]] = defaultdict(list)
    seen: set[int] = set()
    for one in happened:
        for pair in (one,) if _is_pair(one) else one:
            assert _is_pair(pair)
            if id(pair) not in seen:
                seen.add(id(pair))
                streams[pair[0]].append(pair[1])
    return Scenario(streams)


def _is_pair(thing: object) -> TypeGuard[Recorded]:
    return isinstance(thing, tuple) and len(thing) > 0 and isinstance(thing[0], str)


def refused_as_input(command: type[Command], *, field: str, **fields: object) -> None:
    """Assert that a command cannot even be made with these fields, because of this one (`topics.0.hours`)."""
    with pytest.raises(ValidationError) as caught:
        command.model_validate(fields)
    places = {".".join(str(part) for part in error["loc"]) for error in caught.value.errors()}
    assert field in places, places
