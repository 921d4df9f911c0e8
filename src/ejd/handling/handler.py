"""The one generic handler of commands: idempotent by id, all or nothing, decided anew when a stream read has moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple
from uuid import UUID, uuid5

import msgspec

from ejd.handling.decision import Decision
from ejd.kernel.command import NotFound, Refusal, WrongState
from ejd.kernel.envelope import (
    Answer,
    CommandRecord,
    Commit,
    KnownCommandError,
    ReservedError,
    StaleReadError,
    WatchedMovedError,
)
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import authority, check_step_up
from ejd.kernel.states.school import SchoolState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ejd.handling.decision import Sealer
    from ejd.handling.states import States
    from ejd.kernel.command import Actor, Command

BATCH_COMMANDS_MAX = 500
ATTEMPTS_MAX = 10
LATER_FIELDS = (
    "accept_conflicts",
    "approval",
    "first_slot",
    "lesson_minutes_max",
    "lessons",
    "makes_up",
    "minutes_min",
    "new_slot",
    "reserve",
    "scope",
    "scopes",
    "self_study",
    "teachers",
)
"""Fields that commands got after the first release: left out, they hash as before, so that old ids are recognised."""
LISTS_WITH_LATER_FIELDS = ("topics", "entries")
"""Lists of a command whose parts got some of them: lines of a thematic plan, lessons of a schedule."""


class IdReused(WrongState):
    """The command id was used for something else before."""


class VersionConflict(WrongState):
    """The stream is not at the version that the client expected."""


class TooBusy(WrongState):
    """Other commands moved the streams at every attempt."""

    status: ClassVar[int] = 409


class BatchTooLarge(Refusal):
    """More commands or events than one transaction may bring."""


class NotInABatch(Refusal):
    """The command changes what other events mean, so that nothing can be decided beside it."""


class ClockNotSettable(Refusal):
    """Only a simulated school has a settable clock."""


class Request(NamedTuple):
    """One command with the id that the client gave it."""

    command: Command
    command_id: str


class Handler:
    """Handles commands of one school; safe for threads."""

    def __init__(
        self,
        states: States,
        sealer: Sealer,
        *,
        clock: Callable[[], int],
        body_hash: Callable[[bytes], bytes],
    ) -> None:
        """Take the clock (microseconds since 1970 UTC) and the keyed hash from outside."""
        self.states = states
        self.store = states.store
        self._sealer = sealer
        self._clock = clock
        self._body_hash = body_hash

    def handle(
        self,
        requests: Sequence[Request],
        actor: Actor,
        *,
        batch_id: str = "",
        expected_version: int | None = None,
        at: int | None = None,
    ) -> Answer:
        """Decide and store all commands in one transaction, or answer what they did when they are known already.

        `expected_version` is of the first command's stream. `at` sets the clock of a simulated school.
        Raises Refusal; then nothing is stored.
        """
        if len(requests) > BATCH_COMMANDS_MAX:
            msg = f"a batch may have {BATCH_COMMANDS_MAX} commands, this one has {len(requests)}: send it in parts"
            raise BatchTooLarge(msg)
        for index, request in enumerate(requests):
            if request.command.alone and len(requests) > 1:
                refusal = NotInABatch(
                    f"{request.command.name} is sent alone: take it out of the batch", field="command"
                )
                refusal.command_index = index
                raise refusal
        hashes = [self._body_hash(canonical_body(request.command)) for request in requests]
        for _ in range(ATTEMPTS_MAX):
            decision = self._decision(actor, at)
            answer = self._attempt(decision, requests, hashes, batch_id, expected_version)
            if answer is not None:
                return answer
        msg = "others keep changing the same records: send the command again in a moment"
        raise TooBusy(msg)

    def _attempt(
        self,
        decision: Decision,
        requests: Sequence[Request],
        hashes: Sequence[bytes],
        batch_id: str,
        expected_version: int | None,
    ) -> Answer | None:
        """Decide and append once; None: something read has moved, decide anew."""
        actor = decision.actor
        try:
            self._decide(decision, requests, expected_version)
        except Refusal:
            if self._moved(decision):
                return None
            known = self._known(requests, actor, batch_id, hashes)
            if known is not None:
                return known
            raise
        try:
            answer = self._append(decision, requests, hashes, batch_id)
        except StaleReadError as error:
            self.states.cache.forget(error.streams)
            return None
        except ReservedError as error:
            known = self._known(requests, actor, batch_id, hashes)
            if known is not None:
                return known
            raise decision.reserved[error.key][1] from error
        except KnownCommandError:
            return self._known(requests, actor, batch_id, hashes)
        decision.keep()
        return answer

    def _append(
        self, decision: Decision, requests: Sequence[Request], hashes: Sequence[bytes], batch_id: str
    ) -> Answer:
        """Append what was decided; again, as it is, while only streams have moved that make no difference to it."""
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return self.store.append(commit_of(decision, requests, hashes, batch_id))
            except WatchedMovedError as error:
                if not decision.still_holds(error.streams):
                    raise
        return self.store.append(commit_of(decision, requests, hashes, batch_id))

    def clock_at(self, at: int | None) -> int:
        """Answer the time of a decision, `at` where a simulated school's clock is set; raises ClockNotSettable."""
        school = self.states.load(SchoolState, SCHOOL)
        if at is not None and school.name and not school.simulated:
            msg = "this school is real, its clock cannot be set: leave the time out"
            raise ClockNotSettable(msg)
        return self._clock() if at is None else at

    def _decision(self, actor: Actor, at: int | None) -> Decision:
        timezone = self.states.load(SchoolState, SCHOOL).timezone
        return Decision(self.states, self._sealer, actor=actor, now=self.clock_at(at), timezone=timezone)

    def _decide(self, decision: Decision, requests: Sequence[Request], expected_version: int | None) -> None:
        for index, request in enumerate(requests):
            decision.command_id = request.command_id
            try:
                stands_on = authority(decision, request.command)
                if index == 0 and expected_version is not None:
                    self._check_version(decision, request.command, expected_version)
                if request.command.needs_step_up(decision.actor):
                    check_step_up(decision, self._clock())
                decision.take(request.command, request.command_id, stands_on)
            except Refusal as refusal:
                refusal.command_index = index
                raise
        events_max = max(request.command.events_max for request in requests)
        if len(decision.events) > events_max:
            msg = f"these are {len(decision.events)} events at once, {events_max} are allowed: send parts"
            raise BatchTooLarge(msg)

    def _check_version(self, decision: Decision, command: Command, expected_version: int) -> None:
        stream = command.target(decision).stream
        version = self.store.heads([stream]).get(stream, 0)
        known = decision.reads.setdefault(stream, version)
        if max(known, version) != expected_version:
            msg = (
                f"the record is at version {version}, not {expected_version}: look at it again, then repeat your change"
            )
            raise VersionConflict(msg, field="expected_version")

    def _moved(self, decision: Decision) -> bool:
        """Answer whether a refusal was decided on an old state; then forget it, so that it is decided anew."""
        heads = self.store.heads(list(decision.reads))
        moved = [stream for stream, version in decision.reads.items() if heads.get(stream, 0) != version]
        self.states.cache.forget(moved)
        return bool(moved)

    def _known(
        self, requests: Sequence[Request], actor: Actor, batch_id: str, hashes: Sequence[bytes]
    ) -> Answer | None:
        """Answer what the same request did before; the same id with something else in it is refused."""
        answer = self.store.find_answer(actor.account, batch_id or requests[0].command_id)
        if answer is None:
            for request in requests:
                if self.store.find_answer(actor.account, request.command_id) is not None:
                    msg = f"id {request.command_id} belongs to another request already: give the new one its own"
                    raise IdReused(msg, field="id")
            return None
        same = {request.command_id: body for request, body in zip(requests, hashes, strict=True)}
        if answer.batch_id != batch_id or dict(answer.body_hashes) != same:
            msg = "this id was used for a request with another body: give the new one an id of its own"
            raise IdReused(msg, field="id")
        return msgspec.structs.replace(answer, repeated=True)


def canonical_body(command: Command) -> bytes:
    """Answer the bytes whose keyed hash tells one body from another: name and fields, keys sorted."""
    fields = command.model_dump(mode="json")
    listed = (part for name in LISTS_WITH_LATER_FIELDS for part in fields.get(name) or ())
    for some in (fields, *(part for part in listed if isinstance(part, dict))):
        for name in LATER_FIELDS:
            if name in some and some[name] is None:
                del some[name]
    return msgspec.json.encode([command.name, fields], order="deterministic")


def commit_of(decision: Decision, requests: Sequence[Request], hashes: Sequence[bytes], batch_id: str) -> Commit:
    """Answer what the store gets: every stream read is expected to be where it was."""
    return Commit(
        actor=decision.actor.account,
        session=decision.actor.session,
        client=decision.actor.client,
        recorded_at=decision.now,
        commands=tuple(
            CommandRecord(command_id=request.command_id, name=request.command.name, body_hash=body)
            for request, body in zip(requests, hashes, strict=True)
        ),
        events=tuple(decision.events),
        expected=decision.reads,
        scopes={stream: scope for stream, scope in decision.scopes.items() if decision.reads[stream] == 0},
        reserve={key: stream for key, (stream, _) in decision.reserved.items()},
        release=tuple(decision.released),
        batch_id=batch_id,
        watched=frozenset(decision.watched),
        seen=decision.seen,
    )


def batch_id_of(command_ids: Sequence[str]) -> str:
    """Answer the id of a batch whose client gave none: it follows from the ids of its commands, in order."""
    return str(uuid5(UUID(command_ids[0]), "/".join(command_ids)))


def find(catalogue: Mapping[str, type[Command]], name: str) -> type[Command]:
    """Answer the command class of a name; raises NotFound."""
    if name not in catalogue:
        msg = f"there is no command {name!r}: see /docs for the list"
        raise NotFound(msg)
    return catalogue[name]
