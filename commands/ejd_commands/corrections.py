"""Requests to correct, or enter late, what the regulation no longer leaves free; somebody else decides (A10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ejd.kernel.access import Access
from ejd.kernel.command import Caused, Command, Refusal, Target, WrongState
from ejd.kernel.envelope import Scope
from ejd.kernel.events import corrections as c
from ejd.kernel.events.corrections import RecordKind
from ejd.kernel.ids import SCHOOL, derived
from ejd.kernel.policies import deadline
from ejd.kernel.rights import Administers, Approves, AskedForIt
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.school import YearState
from ejd_commands import known
from ejd_commands.fields import Code, Day, Id, Ordinal, Reason, Slot
from ejd_commands.final_marks import FinalMarkCommand
from ejd_commands.lesson_base import LessonCommand, check_known, existing_lesson, opened_journal, school
from ejd_commands.lessons import FIRST_EXTRA_ORDINAL
from ejd_commands.windows import WORDS, Windows, requested, unknown_request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.envelope import Ref

WITH_PUPIL: frozenset[RecordKind] = frozenset({"attendance", "mark", "final-mark"})
MUST_NAME_PUPIL: frozenset[RecordKind] = frozenset({"mark", "final-mark"})
ASKED_MAX = 100
"""So often one person asks about one record."""
DECIDED: dict[str, str] = {
    "approved": "this request is approved already: nothing is to be decided",
    "rejected": "this request was rejected: whoever asked may ask again with request-correction",
    "withdrawn": "this request was withdrawn: whoever asked may ask again with request-correction",
    "used": "the correction was made with this approval: it can only be corrected in turn",
}


class NotOneRecord(Refusal):
    """The fields do not name one record of that kind."""


class StillFree(Refusal):
    """The record can be corrected without a request."""


class RequestIdTaken(WrongState):
    """The id of the request is that of another one, or of one that is decided."""


class IsRequested(WrongState):
    """The same person has asked for the same record, and it is not decided or not used."""


class AskedTooOften(Refusal):
    """One person has asked for one record again and again."""


class RequestIsDecided(WrongState):
    """The request is not open."""


class Asked(NamedTuple):
    """What a request is about: the record's stream, and the day from which its window counts."""

    record: str
    day: date


class RequestCorrection(Command):
    """Ask to correct, or to enter late, one record whose free window is over (A10).

    A final mark is named by period and pupil, everything else by day, slot and ordinal of the lesson; a mark, and one
    line of the roll, by the pupil too. Kind `lesson` is a whole lesson, entered late with one save-lesson.
    """

    name: ClassVar[str] = "request-correction"
    access: ClassVar[Access] = Access("write-record", "journal", "ask to correct a record", also="administer")
    request: Id | None = None
    kind: RecordKind
    journal: Id
    day: Day | None = None
    slot: Slot | None = None
    ordinal: Ordinal = 1
    period: Code | None = None
    pupil: Id | None = None
    reason: Reason

    def stream(self, context: Context) -> str:
        """Answer the stream of the request."""
        return self.request or derived(context.command_id, "correction")

    def target(self, context: Context) -> Target:
        """Answer the request's stream; the directory keeps its journal, and the pupil when it is about one."""
        return Target(self.stream(context), Scope(kind="correction", journal=self.journal, person=self.pupil or ""))

    def need(self, context: Context) -> Need:
        """Ask for the right that the correction itself takes."""
        return Administers("ask for a substitution") if self.kind == "substitution" else self.about().need(context)

    def about(self) -> LessonCommand | FinalMarkCommand:
        """Answer the record as a command on it names it; raises NotOneRecord."""
        if self.pupil is None and self.kind in MUST_NAME_PUPIL:
            msg = "this kind of record is one pupil's: name the pupil"
            raise NotOneRecord(msg, field="pupil")
        if self.pupil is not None and self.kind not in WITH_PUPIL:
            msg = "this kind of record is of the whole lesson: leave the pupil out"
            raise NotOneRecord(msg, field="pupil")
        if self.kind == "final-mark":
            if self.period is None or self.pupil is None or self.day is not None or self.slot is not None:
                msg = "a final mark is named by its period and pupil: name both, and no day or slot"
                raise NotOneRecord(msg, field="period")
            return FinalMarkCommand(journal=self.journal, period=self.period, pupil=self.pupil)
        if self.day is None or self.slot is None or self.period is not None:
            msg = "a record of a lesson is named by the lesson's day and slot: name both, and no period"
            raise NotOneRecord(msg, field="day")
        return LessonCommand(journal=self.journal, day=self.day, slot=self.slot, ordinal=self.ordinal)

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse what is unknown or still free, and a second request of the same person that is not decided.

        The same request under the same id changes nothing while it is open.
        """
        if self.pupil is not None:
            check_known(context, opened_journal(context, self.journal), self.pupil)
        asked = self._asked(context)
        event = self._event(context, asked)
        state = context.load(CorrectionState, self.stream(context))
        if state.requested is not None:
            if state.standing == "open" and _same(state.requested, event):
                return
            msg = "this id is another request's, or the request is decided: ask under a new id"
            raise RequestIdTaken(msg, field="request")
        self._check_over(context, asked)
        self._claim(context, event)
        yield event

    def _asked(self, context: Context) -> Asked:
        about = self.about()
        if isinstance(about, FinalMarkCommand):
            _, last = about.span(context, opened_journal(context, self.journal))
            return Asked(about.record, last)
        late_extra = self.kind == "substitution" and self.ordinal >= FIRST_EXTRA_ORDINAL
        if late_extra and not context.load(LessonState, about.lesson).touched:
            year = context.load(YearState, opened_journal(context, self.journal).year)
            known.in_year(year, about.day, "day")
            return Asked(about.lesson, about.day)
        return Asked(about.lesson, existing_lesson(about, context).day)

    def _event(self, context: Context, asked: Asked) -> c.CorrectionRequested:
        opened = context.load(AccountState, context.actor.account).opened
        return c.CorrectionRequested(
            account=context.actor.account,
            person=opened.person if opened is not None else "",
            kind=self.kind,
            record=asked.record,
            journal=self.journal,
            day=self.day,
            slot=self.slot or 0,
            ordinal=self.ordinal,
            period=self.period or "",
            pupil=self.pupil or "",
            reason=context.seal(self.pupil or SCHOOL, self.reason, field="correction-requested.reason"),
        )

    def _check_over(self, context: Context, asked: Asked) -> None:
        window = Windows(context, asked.record, None).shortest(self.kind, asked.day)
        if context.now < window.until:
            msg = (
                f"{WORDS[self.kind]} {asked.day:%d.%m.%Y} is free until {window.last_day:%d.%m.%Y} {window.rule}: "
                "enter or correct it without a request"
            )
            raise StillFree(msg, field="day")

    def _claim(self, context: Context, event: c.CorrectionRequested) -> None:
        """Claim to be next: each request of one person about one record claims the place after the one before it.

        So of two at once, at two servers too, one is stored. Raises IsRequested and AskedTooOften.
        """
        stream = self.stream(context)
        group = f"correction/{event.account}/{event.kind}/{event.record}/{event.pupil}"
        place = group
        for _ in range(ASKED_MAX):
            other = context.owner_of(place)
            if other is None or other == stream:
                sentence = "you are asking for this in another request just now: use or withdraw that one"
                context.reserve(place, stream, otherwise=IsRequested(sentence, field="request"))
                return
            state = context.load(CorrectionState, other)
            if state.standing == "open" or (state.standing == "approved" and context.now < state.until):
                msg = f"you have asked for this already, the request {other} is {state.standing}: use or withdraw it"
                raise IsRequested(msg, field="request")
            place = f"{group}/{other}"
        msg = f"you have asked for this {ASKED_MAX} times: talk to those who decide on requests"
        raise AskedTooOften(msg, field="request")


def _same(one: c.CorrectionRequested, other: c.CorrectionRequested) -> bool:
    """Say whether two requests are one person's for one record; each sealing of a reason is different."""
    return (one.account, one.kind, one.record, one.pupil) == (other.account, other.kind, other.record, other.pupil)


class RequestCommand(Command):
    """Base: a request is named by its stream."""

    request: Id

    def target(self, context: Context) -> Target:  # noqa: ARG002 - one signature for all commands
        """Answer the request's stream; an unknown one is refused with the right."""
        return Target(self.request, Scope(kind="correction"))

    def open_state(self, context: Context) -> CorrectionState:
        """Answer an open request; raises RequestIsDecided."""
        state, _ = requested(context, self.request)
        if state.standing != "open":
            raise RequestIsDecided(DECIDED[state.standing], field="request")
        return state


class DecisionOnRequest(RequestCommand):
    """Base of what the regulation's approvers decide."""

    access: ClassVar[Access] = Access("decide-request", "request", "decide on requests to correct")

    def need(self, context: Context) -> Need:
        """Ask for a role of the regulation, of somebody else than who asked, without a breach."""
        _, asked = requested(context, self.request)
        return Approves(asked.account, asked.person)


class ApproveCorrection(DecisionOnRequest):
    """Allow one command on that record, until the end of the regulation's days after today (A10)."""

    name: ClassVar[str] = "approve-correction"

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a request that is decided; the approval stands on the request."""
        state = self.open_state(context)
        days = school(context).regulation_on(context.today).approval_days
        approved = c.CorrectionApproved(until=deadline(context.today, days, context.timezone))
        yield Caused(approved, _refs(state))


class RejectCorrection(DecisionOnRequest):
    """Refuse a correction, with the reason: the record stays as it is (A10)."""

    name: ClassVar[str] = "reject-correction"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a request that is decided; the reason is sealed like that of the request."""
        state = self.open_state(context)
        _, asked = requested(context, self.request)
        reason = context.seal(asked.pupil or SCHOOL, self.reason, field="correction-rejected.reason")
        yield Caused(c.CorrectionRejected(reason=reason), _refs(state))


class WithdrawCorrection(RequestCommand):
    """Take back one's own request, also when it is approved and not used (A10)."""

    name: ClassVar[str] = "withdraw-correction"
    access: ClassVar[Access] = Access("withdraw-request", "request", "withdraw a request")

    def need(self, context: Context) -> Need:
        """Ask to be who asked."""
        _, asked = requested(context, self.request)
        return AskedForIt(asked.account, asked.person, unknown_request(self.request))

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a request that is rejected, withdrawn or used."""
        state, _ = requested(context, self.request)
        if state.standing != "approved":
            state = self.open_state(context)
        yield Caused(c.CorrectionWithdrawn(), _refs(state))


def _refs(state: CorrectionState) -> tuple[Ref, ...]:
    return () if state.requested_ref is None else (state.requested_ref,)
