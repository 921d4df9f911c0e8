"""A breach of credentials (п. 19-21): reporting, receipts, resetting, closing. What is void: invalidations.py."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from pydantic import Field, Strict

from ejd.kernel.breach_rights import DecidesBreach, ReceivesNotice, ReportsBreach, ResetsCredentials
from ejd.kernel.command import Command, Elsewhere, NotAllowed, NotFound, Refusal, Target, WrongState
from ejd.kernel.dependents import reads
from ejd.kernel.envelope import Ref, Scope
from ejd.kernel.event import Event
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.ids import SCHOOL, SYSTEM, derived
from ejd.kernel.rights import decider, same
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import RECEIVERS, BreachState
from ejd.kernel.states.school import SchoolState
from ejd.kernel.voiding import affected
from ejd_commands import known
from ejd_commands.accounts import microseconds
from ejd_commands.fields import Id, Moment, Part, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.envelope import Recorded

DEPENDENTS_MAX = 1_000
"""Dependents that one decision names; a forged load of a year has more, and takes several decisions."""
TOKENS_MAX = 50_000
"""Tokens that a report ends at once; it must not fail because the account issued more: those end when it is decided."""
LEARNED_DAYS_MAX = 400
HOUR = 3_600_000_000
DAY = 24 * HOUR
VERSION_MAX = 1_000_000
WHOM = {"head": "the head", "support": "technical support"}


class UnknownBreach(NotFound):
    """No breach has this id."""


class NotThatTime(Refusal):
    """The time lies in the future, or before what it follows on."""


class ReportedDifferently(WrongState):
    """The breach of this id was reported with something else."""


class ReceivedAlready(WrongState):
    """The notice was received at another time, or by the same person as the other one."""


class NothingToConfirm(WrongState):
    """There is no receipt that waits for a second person."""


class SecondPersonNeeded(NotAllowed):
    """Whoever proposed it cannot agree to it, nor can another account of the same person."""


class BreachIsClosed(WrongState):
    """A closed breach takes no more decisions."""


class NotYet(WrongState):
    """Something else comes first; the sentence says what."""


class NotADependent(Refusal):
    """The event does not stand on anything that this breach holds void."""


class SystemHasNoBreach(NotAllowed):
    """The account that set the school up is locked for good and has no credentials."""


def reported(state: BreachState, breach: str) -> b.BreachReported:
    """Answer the report; raises UnknownBreach."""
    if state.reported is None:
        msg = f"there is no breach {breach}: look it up in GET /api/v1/breaches, or report it with report-breach"
        raise UnknownBreach(msg, field="breach")
    return state.reported


def open_breach(state: BreachState) -> None:
    """Raise BreachIsClosed when nothing more is decided."""
    if state.closed:
        msg = "this breach is closed: report a new one if the account is in wrong hands again"
        raise BreachIsClosed(msg, field="breach")


def check_second(context: Context, first: b.Decider, what: str) -> None:
    """Raise SecondPersonNeeded when the actor is the one who proposed."""
    if same(decider(context), first):
        msg = f"you {what} yourself: a second person of the administration has to agree"
        raise SecondPersonNeeded(msg)


class BreachCommand(Command):
    """Base of the decisions in a reported breach, which is not closed."""

    breach: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the breach's stream."""
        return Target(self.breach, Scope(kind="breach"))

    def report(self, context: Context) -> b.BreachReported:
        """Answer what was reported; raises UnknownBreach."""
        return reported(context.load(BreachState, self.breach), self.breach)

    def account(self, context: Context) -> str:
        """Answer the account concerned; raises UnknownBreach."""
        return self.report(context).account

    def need(self, context: Context) -> Need:
        """Ask for somebody of the administration who has nothing to do with the account."""
        return DecidesBreach(self.account(context))

    def state(self, context: Context) -> BreachState:
        """Answer the state of the open breach; raises BreachIsClosed. An unknown one is refused with the right."""
        state = context.load(BreachState, self.breach)
        open_breach(state)
        return state


class ReportBreach(Command):
    """Report that an account is in wrong hands: it can do nothing from this moment on (B1, п. 21).

    `learned_at` is when somebody learned of it. Tokens that the account issued to others since then end at once.
    """

    name: ClassVar[str] = "report-breach"
    events_max: ClassVar[int] = TOKENS_MAX + 10
    breach: Id | None = None
    account: Id
    learned_at: Moment
    what: Reason

    def stream(self, context: Context) -> str:
        """Answer the breach's stream."""
        return self.breach or derived(context.command_id, "breach")

    def target(self, context: Context) -> Target:
        """Answer the breach's stream; the directory keeps whose account it is."""
        return Target(self.stream(context), Scope(kind="breach", person=decider(context, self.account).person))

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask for the owner of the account, administration or technical support."""
        return ReportsBreach(self.account)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Suspend the account in the same transaction; the same report again changes nothing."""
        if self.account == SYSTEM:
            msg = "the account that set the school up is locked for good: name another account"
            raise SystemHasNoBreach(msg, field="account")
        opened = known.account(context, self.account)
        learned_at = microseconds(self.learned_at)
        if not context.now - LEARNED_DAYS_MAX * DAY <= learned_at <= context.now:
            msg = f"a breach was learned of in the past, at most {LEARNED_DAYS_MAX} days ago: correct the time"
            raise NotThatTime(msg, field="learned_at")
        stream = self.stream(context)
        old = context.load(BreachState, stream).reported
        if old is not None:
            if (old.account, old.learned_at) == (self.account, learned_at):
                open_breach(context.load(BreachState, stream))
                return
            msg = "this breach was reported with another account or time: report a new one with an id of its own"
            raise ReportedDifferently(msg, field="breach")
        yield b.BreachReported(
            account=self.account,
            person=opened.person,
            learned_at=learned_at,
            reported_at=context.now,
            what=context.seal(opened.person or SCHOOL, self.what, field="breach-reported.what"),
        )
        yield Elsewhere(a.AccountSuspended(breach=stream), self.account)
        yield from _issued_tokens(context, self.account, learned_at)


def _issued_tokens(context: Context, account: str, since: int) -> Iterator[Elsewhere]:
    """End what an account let in since: the window is not known yet, and a token can be issued again.

    The clock of another process may be ahead of ours.
    """
    issued = [
        (meta.stream, msgspec.json.decode(meta.state, type=a.TokenIssued).token)
        for meta in context.operations(account, since, context.now + HOUR)
        if meta.name == a.TokenIssued.stored_name and meta.stream != account
    ]
    context.load_many(AccountState, list(dict.fromkeys(holder for holder, _ in issued)))
    living = (one for one in reversed(issued) if one[1] in context.load(AccountState, one[0]).tokens)
    for holder, token in islice(living, TOKENS_MAX):
        yield Elsewhere(a.TokenRevoked(token=token), holder)


class AcknowledgeBreachNotice(BreachCommand):
    """Record when the head, or technical support, received the notice (B2, п. 21): often before it is entered here.

    A time that lies back further than the regulation allows counts only when a second person confirms it.
    """

    name: ClassVar[str] = "acknowledge-breach-notice"
    receiver: Literal["head", "support"]
    received_at: Moment

    def need(self, context: Context) -> Need:
        """Ask for the receiver, or for whom the regulation names in the receiver's own breach."""
        return ReceivesNotice(self.account(context), self.receiver)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a second receipt, one by the person of the other, a time before the learning or in the future."""
        state = self.state(context)
        report = self.report(context)
        received_at = microseconds(self.received_at)
        old = state.receipts.get(self.receiver)
        if old is not None:
            if old.received_at == received_at:
                return
            msg = f"{WHOM[self.receiver]} received this notice at another time already: it is not received twice"
            raise ReceivedAlready(msg, field="receiver")
        if not report.learned_at <= received_at <= context.now:
            msg = "a notice is received after the breach was learned of, and not in the future: correct the time"
            raise NotThatTime(msg, field="received_at")
        me = decider(context)
        if any(same(me, other.by) for other in state.receipts.values()):
            msg = "you received the notice already as the other one: head and technical support are two people"
            raise ReceivedAlready(msg, field="receiver")
        hours = context.load(SchoolState, SCHOOL).regulation_on(context.today).backdating_hours
        yield b.NoticeReceived(
            by=me,
            receiver=self.receiver,
            received_at=received_at,
            entered_at=context.now,
            confirmed=context.now - received_at <= hours * HOUR,
        )


class ConfirmBreachNotice(BreachCommand):
    """Confirm a time of receipt that was entered late: the window of what is void depends on it (B2)."""

    name: ClassVar[str] = "confirm-breach-notice"
    receiver: Literal["head", "support"]

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse the one who entered it."""
        waiting = self.state(context).receipts.get(self.receiver)
        if waiting is None:
            msg = f"{WHOM[self.receiver]} has not received the notice yet: acknowledge-breach-notice comes first"
            raise NothingToConfirm(msg, field="receiver")
        if waiting.confirmed:
            return
        check_second(context, waiting.by, "entered this time of receipt")
        yield b.NoticeConfirmed(receiver=self.receiver, received_at=waiting.received_at)


class ResetCredentials(BreachCommand):
    """End every token of the account for good: the window ends here, and the owner gets new ones (B3).

    Tokens that it issued to others at the very moment of the report end too: since then it can issue none.
    """

    name: ClassVar[str] = "reset-credentials"

    def need(self, context: Context) -> Need:
        """Ask for technical support or administration."""
        return ResetsCredentials(self.account(context))

    def decide(self, context: Context) -> Iterable[Decided]:
        """Do nothing when they are reset: the window does not move."""
        state = self.state(context)
        if state.reset_at is None:
            report = reported(state, self.breach)
            yield b.BreachCredentialsReset(reset_at=context.now)
            yield Elsewhere(a.CredentialsReset(breach=self.breach), report.account)
            yield from _issued_tokens(context, report.account, report.learned_at)


class DependentPart(Part):
    """One event that stood on what is void."""

    stream: Id
    version: Annotated[int, Strict(), Field(ge=1, le=VERSION_MAX)]


class DecideOnDependents(BreachCommand):
    """Decide about events that stood on what is void: they are kept, or were corrected; with the reason (B6)."""

    name: ClassVar[str] = "decide-on-dependents"
    dependents: Annotated[tuple[DependentPart, ...], Field(min_length=1, max_length=DEPENDENTS_MAX)]
    decision: Literal["kept", "corrected"]
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse what is no dependent, and `corrected` where nothing was written to the cell since."""
        state = self.state(context)
        reason = context.seal(SCHOOL, self.reason, field="dependent-decided.reason")
        wanted = [Ref(one.stream, one.version) for one in dict.fromkeys(self.dependents)]
        self._check(context, wanted)
        for ref in wanted:
            old = state.decided.get(ref)
            if old is None or old.decision != self.decision:
                yield b.DependentDecided(stream=ref.stream, version=ref.version, decision=self.decision, reason=reason)

    def _check(self, context: Context, wanted: Sequence[Ref]) -> None:
        """Look at each stream once: a thousand dependents may stand in one."""
        streams = list(dict.fromkeys(ref.stream for ref in wanted))
        known = set(context.dependents(self.breach, streams))
        written = {stream: Written(context.recorded(stream)) for stream in streams} if self.corrects else {}
        for ref in wanted:
            if ref not in known:
                msg = (
                    f"version {ref.version} of {ref.stream} does not stand on what this breach holds void: see its list"
                )
                raise NotADependent(msg, field="dependents")
            if self.corrects and not written[ref.stream].after(ref.version):
                msg = "nothing was written to this record since: correct it first, or keep it with the reason"
                raise NotADependent(msg, field="decision")

    @property
    def corrects(self) -> bool:
        """Whether the records are said to be put right."""
        return self.decision == "corrected"


class Written:
    """What the events of one stream were written to: the last version of each cell."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        """Read each event once."""
        self._keys = [reads(_event(meta.name, meta.state)) for meta in recorded]
        self._last = {key: version for version, keys in enumerate(self._keys, start=1) for key in keys}

    def after(self, version: int) -> bool:
        """Say whether a later event was written to what this one was written to."""
        return any(self._last[key] > version for key in self._keys[version - 1])


def _event(name: str, state: bytes) -> Event:
    return CATALOGUE.decode(name, state)


class CloseBreach(BreachCommand):
    """Close a breach when nothing more is to be decided, with the conclusion."""

    name: ClassVar[str] = "close-breach"
    conclusion: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse while receipts, the reset, a second person, or decisions on window and dependents are missing."""
        state = context.load(BreachState, self.breach)
        report = self.report(context)
        if state.closed:
            return
        lacking = missing(state)
        if lacking:
            raise NotYet(f"{lacking}: close the breach after that", field="breach")
        self._check_window(context, state, report.account)
        undecided = [ref for ref in context.dependents(self.breach) if ref not in state.decided]
        if undecided:
            msg = f"{len(undecided)} events stood on what is void and wait for a decision: decide-on-dependents first"
            raise NotYet(msg, field="breach")
        yield b.BreachClosed(
            conclusion=context.seal(report.person or SCHOOL, self.conclusion, field="breach-closed.conclusion")
        )
        yield Elsewhere(a.BreachSettled(breach=self.breach), report.account)

    def _check_window(self, context: Context, state: BreachState, account: str) -> None:
        """Refuse while the window of a breach without any invalidation is not empty: all of it is void (п. 21)."""
        window = state.window
        if window is None or state.invalidations:
            return
        left = affected(context.operations(account, window.starts, window.ends), window, state).events
        if left:
            msg = (
                f"{left} events of the account in the window are in force: look at the preview and propose-invalidation"
                ", or leave them out with the reason (narrow-breach-window), then close the breach"
            )
            raise NotYet(msg, field="breach")


def missing(state: BreachState) -> str:
    """Answer what comes first, as a sentence without its end; nothing when all is there."""
    for receiver in RECEIVERS:
        receipt = state.receipts.get(receiver)
        if receipt is None:
            return f"{WHOM[receiver]} has not received the notice yet (acknowledge-breach-notice)"
        if not receipt.confirmed:
            return f"the receipt by {WHOM[receiver]} waits for a second person (confirm-breach-notice)"
    if state.reset_at is None:
        return "the credentials are not reset yet (reset-credentials)"
    if state.widening is not None:
        return "a wider window waits for a second person (widen-breach-window)"
    if state.proposed is not None:
        return "an invalidation is proposed and waits for a second person (invalidate-breach)"
    return ""
