"""A breach of credentials (п. 19-21): reporting, receipts, resetting. More: breach_ends.py, invalidations.py."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

from ejd.kernel.access import Access
from ejd.kernel.breach_rights import DecidesBreach, ReceivesNotice, ReportsBreach, ResetsCredentials
from ejd.kernel.command import Command, Elsewhere, NotAllowed, NotFound, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events.credentials import CodeIssued, CodeRevoked
from ejd.kernel.ids import SCHOOL, SYSTEM, derived
from ejd.kernel.rights import decider, same
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import RECEIVERS, BreachState
from ejd.kernel.states.school import SchoolState
from ejd_commands import known
from ejd_commands.accounts import microseconds
from ejd_commands.fields import Id, Moment, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.event import Event

TOKENS_MAX = 50_000
"""Tokens and codes that a report ends at once; it does not fail for more: those end when it is decided."""
LEARNED_DAYS_MAX = 400
HOUR = 3_600_000_000
DAY = 24 * HOUR
LETTING_IN = frozenset({a.TokenIssued.stored_name, CodeIssued.stored_name})
"""Stored names of what lets somebody in."""
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

    access: ClassVar[Access] = Access("decide-breach", "breach", "decide about a breach")
    step_up: ClassVar[bool] = True
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

    `learned_at` is when somebody learned of it. Tokens and codes that it issued to others since then end at once.
    """

    name: ClassVar[str] = "report-breach"
    access: ClassVar[Access] = Access("report-breach", "account", "report a breach of somebody else's account")
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
        yield from _let_in(context, self.account, learned_at)


def _let_in(context: Context, account: str, since: int) -> Iterator[Elsewhere]:
    """End what an account let in since: the window is not known yet, and a token or code can be issued again.

    The clock of another process may be ahead of ours.
    """
    issued = [
        (meta.stream, _end_of(CATALOGUE.decode(meta.name, meta.state)))
        for meta in context.operations(account, since, context.now + HOUR)
        if meta.name in LETTING_IN and meta.stream != account
    ]
    context.load_many(AccountState, list(dict.fromkeys(holder for holder, _ in issued)))
    living = (one for one in reversed(issued) if _ends_something(one[1], context.load(AccountState, one[0])))
    for holder, end in islice(living, TOKENS_MAX):
        yield Elsewhere(end, holder)


def _end_of(event: Event) -> a.TokenRevoked | CodeRevoked:
    if isinstance(event, a.TokenIssued):
        return a.TokenRevoked(token=event.token)
    assert isinstance(event, CodeIssued)  # noqa: S101 - LETTING_IN has no other
    return CodeRevoked(code=event.code)


def _ends_something(end: a.TokenRevoked | CodeRevoked, holder: AccountState) -> bool:
    if isinstance(end, a.TokenRevoked):
        return end.token in holder.tokens
    return holder.stands_on(end.code)


class AcknowledgeBreachNotice(BreachCommand):
    """Record when the head, or technical support, received the notice (B2, п. 21): often before it is entered here.

    A time that lies back further than the regulation allows counts only when a second person confirms it.
    """

    name: ClassVar[str] = "acknowledge-breach-notice"
    access: ClassVar[Access] = Access("receive-notice", "breach", "receive this notice")
    step_up: ClassVar[bool] = False
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
    """End every token, password and code of the account for good: the window ends here (B3). The owner gets new ones.

    What it issued to others at the very moment of the report ends too: since then it can issue nothing.
    """

    name: ClassVar[str] = "reset-credentials"
    access: ClassVar[Access] = Access("reset-credentials", "breach", "reset credentials")

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
            yield from _let_in(context, report.account, report.learned_at)


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
