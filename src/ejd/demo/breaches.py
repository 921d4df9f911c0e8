"""Passwords in wrong hands: one breach is dealt with to its end, one was a false alarm, one waits for a decision.

On a Sunday somebody raises marks with a teacher's password; the notice came by telephone before it was entered. A
parent has read a forged mark, one of the teacher's own operations is reaffirmed. On the last evening another
teacher's account is used from an unknown browser: the head has proposed what the preview shows.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ejd.demo.sending import MOBILE
from ejd.demo.shape import FIRST_DAY, TIMEZONE, derived_id
from ejd.kernel.calendar import microseconds_at
from ejd.kernel.ids import lesson_stream
from ejd.kernel.states.breaches import BreachState
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.voiding import affected, digest_of
from ejd_commands import breach_ends as be
from ejd_commands import breaches as b
from ejd_commands.acknowledgements import AcknowledgeDiary
from ejd_commands.invalidations import (
    InvalidateBreach,
    NarrowBreachWindow,
    ProposeBreachWindow,
    ProposeInvalidation,
    ReaffirmOperations,
    RevokeInvalidation,
    WidenBreachWindow,
)
from ejd_commands.marks import CorrectMark, GiveRecommendation, RecordMark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ejd.demo.roster import Guardian, Teacher
    from ejd.demo.sending import Agenda, Sender
    from ejd.demo.timeline import Lesson, Timeline
    from ejd.handling.handler import Handler
    from ejd.kernel.command import Command

THIEF = "unknown-browser"
"""The client of whoever has the password; its session is another one than the owner's."""
SUNDAY = FIRST_DAY + timedelta(days=12)
FORGED_MAX = 3
FREE_NUMBER = 9
"""Place of a forged mark in its cell, which no honest mark has."""
BEST = "5"
DAYS_BACK = timedelta(days=6)
"""Within the window of free correction."""


class Breaches:
    """Notes what the thieves do and what the school decides."""

    def __init__(
        self, seed: int, timeline: Timeline, agenda: Agenda, sender: Sender, bring_reports: Callable[[], None]
    ) -> None:
        """Plan nothing yet; `bring_reports` has the reports know all that was sent."""
        self._bring_reports = bring_reports
        self._timeline, self._agenda, self._sender = timeline, agenda, sender
        self._head, self._deputy = timeline.roster.head.account, timeline.roster.deputies[0].account
        self._support = timeline.roster.support.account
        self.finished, self.false_alarm = (derived_id(seed, "breach", name) for name in ("finished", "false alarm"))
        self.open = open_breach(seed)

    def plan(self) -> None:
        """Plan both, with two teachers of whom no lesson is left open for the reader of the demonstration."""
        last_day = self._timeline.shape.last_day
        left_open = {lesson.teacher.account for lesson in self._timeline.lessons if lesson.left_open}
        first, last = (
            [one for one in self._teachers(day) if one.account not in left_open] for day in (SUNDAY, last_day)
        )
        self._plan_finished(SUNDAY, first[0])
        self._plan_false_alarm(SUNDAY, first[1])
        self._plan_open(last_day, next(one for one in reversed(last) if all(one is not other for other in first[:2])))

    def _lessons(self, day: date, teacher: Teacher | None = None) -> list[Lesson]:
        """Answer the ordinary lessons of marked class journals in the days before, the newest first."""
        return [
            lesson
            for lesson in reversed(self._timeline.lessons)
            if day - DAYS_BACK <= lesson.day <= day
            and lesson.journal.system == "five-point"
            and lesson.journal.group is None
            and not lesson.changed
            and not lesson.left_open
            and (teacher is None or lesson.teacher is teacher)
        ]

    def _teachers(self, day: date) -> list[Teacher]:
        found = {lesson.teacher.account: lesson.teacher for lesson in self._lessons(day)}
        return [found[account] for account in sorted(found)]

    def _plan_finished(self, day: date, teacher: Teacher) -> None:
        """Learned at 7:30, told by telephone at 7:40 and 7:50, forged at 8:00, entered at 9:00."""
        note = self._agenda.note
        reader = self._reader(teacher, day)
        note(day, 480, teacher.account, partial(self._forge, teacher, day, reader), client=THIEF)
        note(day, 490, teacher.account, partial(self._advise, teacher, day))
        if reader is not None:
            note(day, 505, reader.account, partial(self._read, reader, day), client=MOBILE)
        note(day, 540, self._deputy, report(self.finished, teacher, moment(day, 450), "Пароль был на листке"))
        note(day, 545, self._head, received(self.finished, "head", moment(day, 460)))
        note(day, 547, self._support, received(self.finished, "support", moment(day, 470)))
        note(day, 550, self._support, b.ResetCredentials(breach=self.finished))
        note(day, 560, self._head, partial(self._propose, self.finished))
        note(day, 570, self._deputy, partial(self._agree, self.finished))
        note(day, 580, self._head, partial(self._reaffirm, self.finished))
        note(day, 590, self._head, partial(self._decide, self.finished))
        conclusion = "Пароль сменён, отметки признаны недействительными, родители уведомлены"
        note(day, 600, self._deputy, partial(self._close, self.finished, conclusion))

    def _plan_false_alarm(self, day: date, teacher: Teacher) -> None:
        """Learned on Saturday and entered on Sunday, so that second persons confirm; in the end it was the owner."""
        note, saturday, alarm = self._agenda.note, day - timedelta(days=1), self.false_alarm
        note(day, 630, teacher.account, partial(self._advise, teacher, day))
        note(day, 640, self._deputy, report(alarm, teacher, moment(saturday, 540), "Вход из другого города"))
        note(day, 641, self._head, received(alarm, "head", moment(saturday, 550)))
        note(day, 642, self._support, received(alarm, "support", moment(saturday, 560)))
        note(day, 643, self._deputy, b.ConfirmBreachNotice(breach=alarm, receiver="head"))
        note(day, 644, self._head, b.ConfirmBreachNotice(breach=alarm, receiver="support"))
        note(day, 645, self._support, b.ResetCredentials(breach=alarm))
        wider = {"breach": alarm, "starts": moment(saturday, 420), "reason": "Первый вход был раньше"}
        note(day, 646, self._head, ProposeBreachWindow.model_validate(wider))
        note(day, 647, self._deputy, WidenBreachWindow(breach=alarm))
        narrower = {"breach": alarm, "starts": moment(saturday, 480), "reason": "До восьми утра никто не входил"}
        note(day, 648, self._head, NarrowBreachWindow.model_validate(narrower))
        note(day, 650, self._head, partial(self._propose, alarm))
        note(day, 651, self._deputy, partial(self._agree, alarm))
        reason = "Ложная тревога: учитель работал из поездки"
        note(day, 660, self._deputy, RevokeInvalidation(breach=alarm, reason=reason))
        note(day, 665, self._head, partial(self._close, alarm, "Ложная тревога, записи учителя восстановлены"))

    def _plan_open(self, day: date, teacher: Teacher) -> None:
        """Learned at 21:50, told at 21:51 and 21:52, forged at 21:55, entered at 22:05; the second person is away."""
        note = self._agenda.note
        note(day, 1315, teacher.account, partial(self._forge, teacher, day, None), client=THIEF)
        note(day, 1325, teacher.account, report(self.open, teacher, moment(day, 1310), "Вход с чужого устройства"))
        note(day, 1328, self._head, received(self.open, "head", moment(day, 1311)))
        note(day, 1329, self._support, received(self.open, "support", moment(day, 1312)))
        note(day, 1332, self._support, b.ResetCredentials(breach=self.open))
        note(day, 1340, self._head, partial(self._propose, self.open))

    def _forge(self, teacher: Teacher, day: date, reader: Guardian | None) -> Iterator[Command]:
        """Raise a mark in each of a few lessons and invent another, of the reader's children where they have one."""
        own = {pupil.id for pupil in reader.pupils} if reader else set()
        forged = 0
        for lesson in self._lessons(day, teacher):
            state = self._state(lesson)
            if not state.marks or state.cancelled or forged == FORGED_MAX:
                continue
            forged += 1
            cell = min(state.marks, key=lambda one: (one.pupil not in own, state.marks[one].value, one))
            place = {**place_of(lesson), "work": cell.work}
            if state.marks[cell].value != BEST:
                raised = {"pupil": cell.pupil, "number": cell.number, "value": BEST, "reason": "Ошибка при выставлении"}
                yield CorrectMark.model_validate({**place, **raised})
            child = next((pupil.id for pupil in lesson.pupils if pupil.id in own), cell.pupil)
            yield RecordMark.model_validate({**place, "pupil": child, "number": FREE_NUMBER, "value": BEST})

    def _advise(self, teacher: Teacher, day: date) -> Iterator[Command]:
        """The true owner writes a recommendation in the same minutes: void with the rest, then reaffirmed."""
        for lesson in self._lessons(day, teacher):
            marks = self._state(lesson).marks
            if marks:
                text = "Повторить правила перед контрольной работой"
                yield GiveRecommendation.model_validate({**place_of(lesson), "pupil": min(marks).pupil, "text": text})
                return

    def _state(self, lesson: Lesson) -> LessonState:
        stream = lesson_stream(lesson.journal.id, lesson.day, lesson.slot, lesson.ordinal)
        return self._handler.states.load(LessonState, stream)

    def _reader(self, teacher: Teacher, day: date) -> Guardian | None:
        """Answer a parent with an account whose child sits in one of these lessons."""
        inside = {pupil.id for lesson in self._lessons(day, teacher) for pupil in lesson.pupils}
        for guardian in self._timeline.roster.guardians:
            if guardian.account and guardian.until is None and any(one.id in inside for one in guardian.pupils):
                return guardian
        return None

    def _read(self, guardian: Guardian, day: date) -> Iterator[Command]:
        """Acknowledge the week's diary as it stands now: with what was forged a moment ago."""
        monday = day - timedelta(days=day.weekday())
        for pupil in guardian.pupils:
            yield AcknowledgeDiary(
                guardian=guardian.id, pupil=pupil.id, channel="web", week=monday, seen_position=self._sender.position
            )

    @property
    def _handler(self) -> Handler:
        return self._sender.handler

    def _preview(self, breach: str) -> str:
        """Answer the digest of what a preview would show now."""
        state = self._handler.states.load(BreachState, breach)
        window, reported = state.window, state.reported
        assert window is not None  # noqa: S101 - the story has both receipts and the reset before
        assert reported is not None  # noqa: S101 - as above
        operations = self._handler.store.operations(reported.account, window.starts, window.ends)
        found = affected(operations, window, state)
        heads = self._handler.store.heads(list(found.voided))
        return digest_of(breach, window, found, heads)

    def _propose(self, breach: str) -> Iterator[Command]:
        yield ProposeInvalidation(breach=breach, digest=self._preview(breach))

    def _agree(self, breach: str) -> Iterator[Command]:
        yield InvalidateBreach(breach=breach, digest=self._preview(breach))

    def _reaffirm(self, breach: str) -> Iterator[Command]:
        """The recommendation came from the owner's own browser."""
        state = self._handler.states.load(BreachState, breach)
        assert state.span is not None  # noqa: S101 - it was invalidated before
        assert state.reported is not None  # noqa: S101 - as above
        operations = self._handler.store.operations(state.reported.account, *state.span)
        own = {one.command_id for one in operations if one.client != THIEF and one.command_id in state.commands}
        if own:
            reason = "Учитель подтвердил: рекомендацию написал сам"
            yield ReaffirmOperations(breach=breach, commands=tuple(sorted(own)), reason=reason)

    def _decide(self, breach: str) -> Iterator[Command]:
        """Keep what the parent acknowledged: the family was told of the forged mark."""
        self._bring_reports()
        found = self._handler.states.dependents(breach, None)
        if found:
            parts = tuple(be.DependentPart(stream=ref.stream, version=ref.version) for ref in found)
            reason = "Семья уведомлена об отзыве отметки, ознакомление остаётся"
            yield be.DecideOnDependents(breach=breach, dependents=parts, decision="kept", reason=reason)

    def _close(self, breach: str, conclusion: str) -> Iterator[Command]:
        self._bring_reports()
        yield be.CloseBreach(breach=breach, conclusion=conclusion)


def open_breach(seed: int) -> str:
    """Answer the breach that waits for its second person."""
    return derived_id(seed, "breach", "open")


def place_of(lesson: Lesson) -> dict[str, Any]:
    """Answer the identity of a lesson as commands name it."""
    return {"journal": lesson.journal.id, "day": lesson.day, "slot": lesson.slot, "ordinal": lesson.ordinal}


def moment(day: date, minute: int) -> datetime:
    """Answer a minute of a day of the school's time."""
    return datetime.fromtimestamp(microseconds_at(day, minute, TIMEZONE) // 1_000_000, tz=UTC)


def report(breach: str, teacher: Teacher, learned_at: datetime, what: str) -> b.ReportBreach:
    """Answer the report of a teacher's account."""
    return b.ReportBreach(breach=breach, account=teacher.account, learned_at=learned_at, what=what)


def received(breach: str, receiver: str, at: datetime) -> b.AcknowledgeBreachNotice:
    """Answer the receipt of a notice."""
    return b.AcknowledgeBreachNotice.model_validate({"breach": breach, "receiver": receiver, "received_at": at})
