"""Free windows (A10): until when a record is entered and corrected freely, and the approval it takes afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.command import Elsewhere, NotAllowed, NotFound, Refusal, WrongState
from ejd.kernel.events.corrections import CorrectionMade
from ejd.kernel.ids import SCHOOL
from ejd.kernel.policies import deadline
from ejd.kernel.rights import is_the_same_person, knows_requests
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.school import SchoolState
from ejd_commands.fields import DAY_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.envelope import Ref
    from ejd.kernel.events.corrections import CorrectionRequested, RecordKind
    from ejd.kernel.events.school import Regulation

WORDS: dict[RecordKind, str] = {
    "topic": "the topic of the lesson on",
    "homework": "the homework of the lesson on",
    "attendance": "the roll of the lesson on",
    "mark": "a mark of the lesson on",
    "final-mark": "a final mark of the period that ends on",
    "substitution": "the substitution or rescheduling of the lesson on",
    "lesson": "something of the lesson on",
}
"""What is free until a day, before the lesson's day or the period's last one."""
PARTS: dict[RecordKind, tuple[tuple[RecordKind, bool], ...]] = {
    "mark": (("mark", False), ("mark", True)),
    "lesson": (("topic", False), ("homework", False), ("attendance", False), ("mark", False), ("mark", True)),
}
"""Kinds of requests that have several windows: kind of record, and whether it is written work."""
NOT_USABLE: dict[str, str] = {
    "open": "this request is not approved yet: wait until somebody of the administration decides",
    "rejected": "this request was rejected: the record stays, or ask again with new grounds",
    "withdrawn": "this request was withdrawn: ask again with request-correction",
    "used": "this approval was used, one is for one command: ask again with request-correction",
}


class WindowIsOver(Refusal):
    """The regulation no longer leaves this record free: it takes a request that somebody else approves (A10)."""


class UnknownRequest(NotFound):
    """No request to correct has this id."""


class ApprovalOfAnotherRecord(Refusal):
    """The approval is for another record, kind of record or pupil."""


class ApprovalOfSomebodyElse(NotAllowed):
    """Only who asked uses the approval."""


class ApprovalNotUsable(WrongState):
    """The request is not, or no longer, approved."""


class ApprovalHasEnded(WrongState):
    """The term of the approval is over."""


class Window(NamedTuple):
    """Until when a record is free (microseconds UTC, exclusive), its last free day, and the rule that says so."""

    until: int
    last_day: date
    rule: str


def requested(context: Context, request: str, field: str = "request") -> tuple[CorrectionState, CorrectionRequested]:
    """Answer a request with what was asked for; raises UnknownRequest, also when all of it is void."""
    state = context.load(CorrectionState, request)
    if state.requested is None:
        raise unknown_request(request, field)
    return state, state.requested


def unknown_request(request: str, field: str = "request") -> UnknownRequest:
    """Answer what whoever may not see a request hears of it, and of one that is not there."""
    return UnknownRequest(f"there is no request {request}: ask with request-correction first", field=field)


class Windows:
    """The rule of one command on one record's stream; `whole` is a lesson saved at once, which kind `lesson` covers."""

    def __init__(self, context: Context, record: str, approval: str | None, *, whole: bool = False) -> None:
        """Look at the regulations once; the approval is looked at when it is needed."""
        self._context, self._record, self._approval, self._whole = context, record, approval, whole
        self._school = context.load(SchoolState, SCHOOL)
        self._used: Ref | None = None

    def window(self, kind: RecordKind, day: date, *, written: bool = False) -> Window:
        """Answer the free window by the regulation of the lesson's day, or of the period's last one."""
        regulation = self._school.regulation_on(day)
        days = _days(regulation, kind, written=written)
        starts = max((start for start in self._school.regulations if start <= day), default=DAY_MIN)
        rule = f"by the regulation of {starts:%d.%m.%Y} ({days} days)"
        return Window(deadline(day, days, self._context.timezone), day + timedelta(days=days), rule)

    def shortest(self, kind: RecordKind, day: date) -> Window:
        """Answer the window that ends first of what a request of this kind is about."""
        return min(self.window(part, day, written=written) for part, written in PARTS.get(kind, ((kind, False),)))

    def is_over(self, kind: RecordKind, day: date) -> bool:
        """Say whether it takes an approval."""
        return self._context.now >= self.window(kind, day).until

    def check(self, kind: RecordKind, day: date, *, pupil: str = "", written: bool = False) -> tuple[Ref, ...]:
        """Answer what the record's event stands on: nothing while it is free, else the approval.

        Raises WindowIsOver without an approval, or why the one named does not fit.
        """
        window = self.window(kind, day, written=written)
        if self._context.now < window.until:
            return ()
        if self._approval is None:
            ask = "lesson" if self._whole else kind
            msg = (
                f"{WORDS[kind]} {day:%d.%m.%Y} was free until {window.last_day:%d.%m.%Y} {window.rule}: ask with "
                f"request-correction (kind {ask!r}), then send this again with approval, the id of that request"
            )
            raise WindowIsOver(msg, field="approval")
        self._used = self._approved(self._approval, kind, pupil)
        return (self._used,)

    def made(self) -> Iterator[Elsewhere]:
        """Answer the event that uses the approval up, if it was needed; the last thing that a command decides."""
        if self._used is not None:
            event = CorrectionMade(record=self._record, command=self._context.command_id)
            yield Elsewhere(event, self._used.stream, refs=(self._used,))

    def _approved(self, approval: str, kind: RecordKind, pupil: str) -> Ref:
        state, asked = requested(self._context, approval, "approval")
        own = is_the_same_person(self._context, asked.account, asked.person)
        if not own and not knows_requests(self._context):
            raise unknown_request(approval, "approval")
        fits = [(self._record, kind, pupil), *([(self._record, "lesson", "")] if self._whole else [])]
        if (asked.record, asked.kind, asked.pupil) not in fits:
            msg = (
                f"this approval is for another record ({asked.kind}): ask for this one "
                "with request-correction, naming its kind and, where it is about one, its pupil"
            )
            raise ApprovalOfAnotherRecord(msg, field="approval")
        if not own:
            msg = "this approval was given to somebody else: ask for your own with request-correction"
            raise ApprovalOfSomebodyElse(msg, field="approval")
        if state.standing != "approved" or state.approval is None:
            raise ApprovalNotUsable(NOT_USABLE[state.standing], field="approval")
        if self._context.now >= state.until:
            msg = "the term of this approval is over: ask again with request-correction"
            raise ApprovalHasEnded(msg, field="approval")
        return state.approval


def _days(regulation: Regulation, kind: RecordKind, *, written: bool) -> int:
    windows: dict[RecordKind, int] = {
        "topic": regulation.topic_window_days,
        "homework": regulation.homework_window_days,
        "attendance": regulation.attendance_window_days,
        "mark": regulation.written_work_window_days if written else regulation.mark_window_days,
        "final-mark": regulation.final_mark_window_days,
        "substitution": regulation.substitution_window_days,
    }
    return windows[kind]
