"""What is void by a breach: the window, the decision of two people, reaffirming, revoking (B3, B5, B7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, StringConstraints

from ejd.kernel.command import Elsewhere, Refusal, WrongState
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events.credentials import CodeRevoked
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.ids import SCHOOL
from ejd.kernel.rights import decider
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import Window
from ejd.kernel.voiding import STREAMS_MAX, Affected, affected, digest_of
from ejd_commands.accounts import microseconds
from ejd_commands.breaches import BreachCommand, NotThatTime, NotYet, check_second, missing
from ejd_commands.fields import Digest, Id, Moment, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Context, Decided
    from ejd.kernel.states.breaches import BreachState

SESSIONS_MAX = 100
SESSION_CHARACTERS_MAX = 100
COMMANDS_MAX = 1_000

Session = Annotated[str, StringConstraints(min_length=1, max_length=SESSION_CHARACTERS_MAX, pattern=r"^[\w-]+$")]
Sessions = Annotated[tuple[Session, ...], Field(max_length=SESSIONS_MAX)]


class NotNarrower(Refusal):
    """A wider window takes two people."""


class NotWider(Refusal):
    """A narrower window takes one person."""


class NothingProposed(WrongState):
    """Nothing waits for a second person."""


class PreviewIsOld(WrongState):
    """The events, the window or an affected stream changed since the preview."""


class NothingIsVoid(WrongState):
    """The breach holds nothing void that could be restored."""


class NothingInTheWindow(Refusal):
    """The account did nothing in the window, or it is void already."""


class SessionDidNothing(Refusal):
    """A session that is named recorded nothing in the window."""


class NotInvalidated(Refusal):
    """The command is not void by this breach."""


def window_of(state: BreachState) -> Window:
    """Answer the window of a breach; raises NotYet saying what is missing."""
    window = state.window
    if window is None:
        raise NotYet(f"{missing(state)}: the window is known after that", field="breach")
    return window


class WindowCommand(BreachCommand):
    """Base of the choices of a window: what is left out stays as it is."""

    starts: Moment | None = None
    ends: Moment | None = None
    reason: Reason

    def chosen(self, state: BreachState, sessions: tuple[str, ...]) -> Window:
        """Answer the window named; raises NotThatTime for one that is empty or ends after the reset."""
        old = window_of(state)
        window = Window(
            old.starts if self.starts is None else microseconds(self.starts),
            old.ends if self.ends is None else microseconds(self.ends),
            tuple(sorted(set(sessions))),
        )
        reset_at = state.reset_at
        if window.starts >= window.ends or (reset_at is not None and window.ends > reset_at):
            msg = "a window begins before it ends, and ends when the credentials were reset or earlier: correct it"
            raise NotThatTime(msg, field="starts")
        return window


class NarrowBreachWindow(WindowCommand):
    """Leave operations out that are not meant: a later beginning, an earlier end, single sessions (B3)."""

    name: ClassVar[str] = "narrow-breach-window"
    sessions: Sessions = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a wider one, an idle session, and any after an invalidation: single commands are reaffirmed then."""
        state = self.state(context)
        old = window_of(state)
        new = self.chosen(state, self.sessions or old.sessions)
        if new == old:
            return
        if state.held:
            msg = "events are void already: reaffirm single commands, or revoke the invalidation first"
            raise NotNarrower(msg, field="breach")
        if not new.within(old):
            msg = "this window is wider than the present one: propose it with propose-breach-window"
            raise NotNarrower(msg, field="starts")
        acted = {one.session for one in context.operations(self.account(context), old.starts, old.ends)}
        idle = sorted(set(self.sessions) - acted)
        if idle:
            msg = f"session {idle[0]} recorded nothing in the window: take one that the preview of the breach names"
            raise SessionDidNothing(msg, field="sessions")
        yield b.WindowNarrowed(
            starts=new.starts,
            ends=new.ends,
            sessions=new.sessions,
            reason=context.seal(SCHOOL, self.reason, field="breach-window-narrowed.reason"),
        )


class ProposeBreachWindow(WindowCommand):
    """Propose a wider window: the account was in wrong hands earlier (B3); a second person has to agree.

    Without sessions it is of all sessions.
    """

    name: ClassVar[str] = "propose-breach-window"
    sessions: Sessions = ()

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a window that is not wider."""
        state = self.state(context)
        old = window_of(state)
        new = self.chosen(state, self.sessions)
        if new.within(old):
            msg = "this window is not wider than the present one: narrow-breach-window takes no second person"
            raise NotWider(msg, field="starts")
        waiting = state.widening
        if waiting is not None and Window(waiting.starts, waiting.ends, waiting.sessions) == new:
            return
        yield b.WideningProposed(
            by=decider(context),
            starts=new.starts,
            ends=new.ends,
            sessions=new.sessions,
            reason=context.seal(SCHOOL, self.reason, field="breach-widening-proposed.reason"),
        )


class WidenBreachWindow(BreachCommand):
    """Agree, as a second person, to the wider window that was proposed (B3)."""

    name: ClassVar[str] = "widen-breach-window"

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse whoever proposed it."""
        waiting = self.state(context).widening
        if waiting is None:
            msg = "no wider window is proposed: propose one with propose-breach-window"
            raise NothingProposed(msg, field="breach")
        check_second(context, waiting.by, "proposed this window")
        yield b.WindowWidened(starts=waiting.starts, ends=waiting.ends, sessions=waiting.sessions)


class InvalidationCommand(BreachCommand):
    """Base of the two decisions that make events void: both name the digest of the preview they looked at."""

    digest: Digest

    def previewed(self, context: Context, state: BreachState) -> Affected:
        """Answer what the window holds; raises PreviewIsOld unless it is what the preview showed."""
        window = window_of(state)
        found = affected(context.operations(self.account(context), window.starts, window.ends), window, state)
        if not found.events:
            msg = (
                "the account did nothing in this window that is not void already: check the window, or close the breach"
            )
            raise NothingInTheWindow(msg, field="breach")
        heads = context.heads(list(found.voided))
        if digest_of(self.breach, window, found, heads) != self.digest:
            msg = "what the preview showed has changed meanwhile: look at a new preview, then name its digest"
            raise PreviewIsOld(msg, field="digest")
        return found


class ProposeInvalidation(InvalidationCommand):
    """Propose, after looking at the preview, that these events be void; a second person has to agree (B5)."""

    name: ClassVar[str] = "propose-invalidation"

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a digest that is not the present preview's."""
        state = self.state(context)
        found = self.previewed(context, state)
        me = decider(context)
        old = state.proposed
        if old is not None and old.digest == self.digest:
            return
        yield b.InvalidationProposed(
            by=me, digest=self.digest, commands=len(found.commands), events=found.events, streams=len(found.voided)
        )


class InvalidateBreach(InvalidationCommand):
    """Decide, as a second person, that the events of the preview are void: nothing is deleted, everything replays (B5).

    Each affected stream gets its marker in the same transaction; tokens and codes issued in the window end for good.
    """

    name: ClassVar[str] = "invalidate-breach"
    alone: ClassVar[bool] = True
    events_max: ClassVar[int] = STREAMS_MAX + 10_000

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse whoever proposed it, another digest than the proposed one, and streams that moved."""
        state = self.state(context)
        proposed = state.proposed
        if proposed is None or proposed.digest != self.digest:
            msg = "this preview is not proposed: propose it with propose-invalidation, and let a second person agree"
            raise NothingProposed(msg, field="digest")
        check_second(context, proposed.by, "proposed this invalidation")
        found = self.previewed(context, state)
        yield b.EventsInvalidated(
            digest=self.digest,
            commands=tuple(found.commands),
            voided=found.as_versions(),
            pupils=tuple(sorted(found.pupils)),
            decided_at=context.now,
        )
        yield from _markers(EventsVoided, self.breach, found.as_versions())
        holders = [*(one.account for one in found.tokens), *(one.account for one in found.codes)]
        context.load_many(AccountState, list(dict.fromkeys(holders)))
        for one in found.tokens:
            if one.token not in context.load(AccountState, one.account).revoked_tokens:
                yield Elsewhere(a.TokenRevoked(token=one.token), one.account)
        for code in found.codes:
            if context.load(AccountState, code.account).stands_on(code.code):
                yield Elsewhere(CodeRevoked(code=code.code), code.account)


class ReaffirmOperations(BreachCommand):
    """Say that single commands were the true owner's: this breach holds their events no longer (B7)."""

    name: ClassVar[str] = "reaffirm-operations"
    alone: ClassVar[bool] = True
    events_max: ClassVar[int] = STREAMS_MAX + 10_000
    commands: Annotated[tuple[Id, ...], Field(min_length=1, max_length=COMMANDS_MAX)]
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a command that this breach does not hold; one that is reaffirmed already changes nothing."""
        state = self.state(context)
        wanted = dict.fromkeys(one for one in self.commands if one not in state.reaffirmed)
        for one in wanted:
            if one not in state.commands:
                msg = f"command {one} is not void by this breach: see the list of its commands in the preview"
                raise NotInvalidated(msg, field="commands")
        if not wanted or state.span is None:
            return
        restored: dict[str, list[int]] = {}
        for meta in context.operations(self.account(context), *state.span):
            if meta.command_id in wanted and meta.version in state.held.get(meta.stream, ()):
                restored.setdefault(meta.stream, []).append(meta.version)
        versions = _versions(restored)
        yield b.OperationsReaffirmed(
            commands=tuple(wanted),
            restored=versions,
            reason=context.seal(SCHOOL, self.reason, field="operations-reaffirmed.reason"),
        )
        yield from _markers(EventsRestored, self.breach, versions)


class RevokeInvalidation(BreachCommand):
    """Revoke the whole invalidation: it was a false alarm (B7). Tokens that ended stay ended."""

    name: ClassVar[str] = "revoke-invalidation"
    alone: ClassVar[bool] = True
    events_max: ClassVar[int] = STREAMS_MAX + 10_000
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse when nothing is void by this breach."""
        state = self.state(context)
        if not state.held:
            raise NothingIsVoid("this breach holds nothing void: there is nothing to revoke", field="breach")
        versions = _versions(state.held)
        yield b.InvalidationRevoked(
            restored=versions, reason=context.seal(SCHOOL, self.reason, field="invalidation-revoked.reason")
        )
        yield from _markers(EventsRestored, self.breach, versions)


def _versions(by_stream: dict[str, list[int]] | dict[str, set[int]]) -> tuple[b.VoidedVersions, ...]:
    return tuple(
        b.VoidedVersions(stream=stream, versions=tuple(sorted(versions)))
        for stream, versions in sorted(by_stream.items())
    )


def _markers(
    marker: type[EventsVoided | EventsRestored], breach: str, versions: Iterable[b.VoidedVersions]
) -> Iterator[Elsewhere]:
    for one in versions:
        yield Elsewhere(marker(breach=breach, versions=one.versions), one.stream)
