"""Erasing a person (F3, 152-ФЗ ст. 21): asked for, checked against what must be kept, decided by a second person.

The approval is carried out by the service: the key is destroyed, what stood in clear is folded again without it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from ejd.kernel import retention
from ejd.kernel.access import Access
from ejd.kernel.command import Command, Elsewhere, NotFound, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.erasure_rights import AsksForErasure, DecidesErasure
from ejd.kernel.events import accounts as a
from ejd.kernel.events import erasures as x
from ejd.kernel.events.erasures import Ground, PersonKind
from ejd.kernel.ids import derived
from ejd.kernel.rights import Administers
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.erasures import ErasureState
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ClassState
from ejd_commands import known
from ejd_commands.fields import Id, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.states.people import GuardianState, PupilState, StaffState

LOCKED_BECAUSE = "персональные данные удаляются"
"""Why the person's accounts are locked; sealed, and gone, with everything else of the person."""


class ErasureIsRequested(WrongState):
    """The erasure of this person is asked for already, or done."""


class UnknownErasure(NotFound):
    """No request to erase somebody has this id."""


class ErasureIsDecided(WrongState):
    """The request is decided."""


class MustBeKept(Refusal):
    """A norm demands that data of this person is kept; the answer names it and the term."""


class RequestErasure(Command):
    """Ask that a person's data be erased for good; the event keeps what had to be kept on that day (152-ФЗ ст. 21)."""

    name: ClassVar[str] = "request-erasure"
    access: ClassVar[Access] = Access("ask-erasure", "child", "ask for the erasure of somebody else")
    request: Id | None = None
    kind: PersonKind
    person: Id
    ground: Ground
    reason: Reason

    def stream(self, context: Context) -> str:
        """Answer the stream of the request."""
        return self.request or derived(context.command_id, "erasure")

    def target(self, context: Context) -> Target:
        """Answer the request's stream; the directory keeps whom it is about."""
        return Target(self.stream(context), Scope(kind="erasure", person=self.person))

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Ask to be the person, to act for it, or to administrate."""
        return AsksForErasure(self.person)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse an unknown person and a second request; the same one under the same id changes nothing."""
        stream = self.stream(context)
        kept = must_be_kept(context, self.kind, self.person)
        before = context.load(ErasureState, stream)
        if before.requested is not None:
            if (before.standing, before.requested.person) == ("open", self.person):
                return
            raise ErasureIsDecided(
                "this id is another request's, or that one is decided: take a new id", field="request"
            )
        msg = "the erasure of this person is asked for already: decide on that request"
        context.reserve(f"erasure/{self.person}", stream, otherwise=ErasureIsRequested(msg, field="person"))
        reason = context.seal(self.person, self.reason, field="erasure-requested.reason")
        yield x.ErasureRequested(
            account=context.actor.account,
            person=self.person,
            kind=self.kind,
            ground=self.ground,
            kept=kept,
            reason=reason,
        )


class ErasureCommand(Command):
    """Base: a request is named by its stream."""

    request: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the request's stream; an unknown one is refused with the right."""
        return Target(self.request, Scope(kind="erasure"))

    def asked(self, context: Context) -> tuple[ErasureState, x.ErasureRequested]:
        """Answer the request; raises UnknownErasure."""
        state = context.load(ErasureState, self.request)
        if state.requested is None or state.requested_ref is None:
            raise UnknownErasure(f"there is no request {self.request} to erase somebody: see the list", field="request")
        context.rely(state.requested_ref)
        return state, state.requested

    def open(self, context: Context) -> x.ErasureRequested:
        """Answer a request that waits for a decision; raises ErasureIsDecided."""
        state, asked = self.asked(context)
        if state.standing != "open":
            raise ErasureIsDecided(f"this request is {state.standing} already", field="request")
        return asked


class ApproveErasure(ErasureCommand):
    """Decide as a second person that the key of a person is destroyed: nothing brings the data back (152-ФЗ ст. 21).

    The person's accounts are locked at once.
    """

    name: ClassVar[str] = "approve-erasure"
    access: ClassVar[Access] = Access("decide-erasure", "school", "decide about an erasure")

    def need(self, context: Context) -> Need:
        """Ask for the head, who has not asked."""
        _, asked = self.asked(context)
        return DecidesErasure(asked.person, asked.account)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse while a norm demands that the data is kept, unless the ground leaves no choice."""
        asked = self.open(context)
        kept = must_be_kept(context, asked.kind, asked.person)
        blocking = retention.in_the_way(kept, asked.ground, context.today)
        if blocking:
            msg = f"this must be kept first: {retention.in_words(blocking)}. Reject the request with that as its reason"
            raise MustBeKept(msg, field="request")
        yield x.ErasureApproved(person=asked.person, kind=asked.kind, ground=asked.ground, kept=kept)
        yield from _locked_accounts(context, asked.person)


class RejectErasure(ErasureCommand):
    """Refuse an erasure, with the reason: the data stays, and another request may be made."""

    name: ClassVar[str] = "reject-erasure"
    access: ClassVar[Access] = Access("administer", "school", "refuse an erasure")
    reason: Reason

    def need(self, context: Context) -> Need:  # noqa: ARG002 - one signature for all commands
        """Administration refuses."""
        return Administers("refuse an erasure")

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a request that is decided; the reason is sealed under the person's key."""
        asked = self.open(context)
        context.release(f"erasure/{asked.person}")
        yield x.ErasureRejected(reason=context.seal(asked.person, self.reason, field="erasure-rejected.reason"))


def must_be_kept(context: Context, kind: PersonKind, person: str) -> tuple[x.Kept, ...]:
    """Answer what must be kept of a person, as the journals of today tell it; raises the kind's unknown person."""
    match kind:
        case "pupil":
            return _of_pupil(context, known.pupil(context, person, "person"))
        case "staff":
            return _of_staff(context, known.staff(context, person, "person"))
        case _:
            return _of_guardian(context, known.guardian(context, person, "person"))


def _of_pupil(context: Context, pupil: PupilState) -> tuple[x.Kept, ...]:
    stays = pupil.memberships.classes
    here = any(stay.ends is None or stay.ends > context.today for stay in stays)
    formed = (context.load(ClassState, stay.where).formed for stay in stays)
    years = dict.fromkeys(one.year for one in formed if one is not None)
    return retention.of_pupil(here=here, years=_years(context, (context.load(YearState, one) for one in years)))


def _of_staff(context: Context, staff: StaffState) -> tuple[x.Kept, ...]:
    def worked_in(year: YearState) -> bool:
        first, last = year.data.first_day or date.max, year.data.last_day or date.min
        return any(term.starts <= last and (term.ends or date.max) >= first for term in staff.terms)

    years = context.load_all(YearState, "year", worked_in).values()
    gone = None if staff.left_on is None or staff.left_on >= context.today else staff.left_on
    return retention.of_staff(left_on=gone, years=_years(context, years))


def _of_guardian(context: Context, guardian: GuardianState) -> tuple[x.Kept, ...]:
    return retention.of_guardian(acts=any(one.ends is None or one.ends > context.today for one in guardian.pupils))


def _years(context: Context, years: Iterable[YearState]) -> Iterator[retention.YearOf]:
    """Answer the terms that the closing of each year set, or would set by the regulation of its last day."""
    for year in years:
        last = year.data.last_day
        if year.closing is not None:
            yield retention.YearOf(year.closing.journals_kept_until, year.closing.sheets_kept_until)
        elif last is not None:
            yield _by_regulation(context, last)


def _by_regulation(context: Context, last: date) -> retention.YearOf:
    regulation = known.school(context).regulation_on(last)
    journals = date(last.year + regulation.journals_kept_years, 12, 31)
    return retention.YearOf(journals, date(last.year + regulation.sheets_kept_years, 12, 31))


def _locked_accounts(context: Context, person: str) -> Iterator[Elsewhere]:
    def open_and_own(account: AccountState) -> bool:
        return account.opened is not None and account.opened.person == person and not account.closed_by_hand

    for account in sorted(context.load_all(AccountState, "account", open_and_own)):
        reason = context.seal(person, LOCKED_BECAUSE, field="account-locked.reason")
        yield Elsewhere(a.AccountLocked(reason=reason), account)
