"""What is entered or corrected after its free window: asked for, decided by the deputy head, then sent, or not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.shape import FULL, derived_id
from ejd.kernel.events.school import Regulation
from ejd_commands.attendance import CorrectAttendance
from ejd_commands.corrections import ApproveCorrection, RejectCorrection, RequestCorrection, WithdrawCorrection
from ejd_commands.lessons import CorrectHomework, CorrectTopic, SaveLesson
from ejd_commands.marks import CorrectMark, WithdrawMark

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.sending import Agenda
    from ejd.demo.timeline import Lesson, Timeline
    from ejd.kernel.events.corrections import RecordKind
    from ejd_commands.lesson_base import LessonCommand

WINDOW_DAYS = Regulation().mark_window_days
"""Of everything but written work; the demonstration's school has the regulation's default."""
WRITTEN_WINDOW_DAYS = Regulation().written_work_window_days
ENDS = ("used", "rejected", "open", "withdrawn", "used", "used", "approved", "used")
"""What becomes of one request after the other."""
ASKED_AT, DECIDED_AT, SENT_AT = 1100, 1000, 1110
"""18:20, and 16:40 on the day after; then 18:30: minutes since midnight."""
LATE_LESSONS, LATE_LESSONS_SMALL = 16, 6
DAYS_TO_THE_END = 3
"""A request takes so many days, from asking to the late entry."""
REASONS: dict[str, str] = {
    "lesson": "Урок проведён, но не записан: не было доступа к журналу",
    "topic": "Указана тема другого урока",
    "homework": "Задание записано с ошибкой",
    "attendance": "Ученик принёс справку позже",
    "mark": "Отметка выставлена ошибочно",
}
REJECTED = "Оснований нет: запись подтверждена классным руководителем"


class Late:
    """Chooses the lessons that are entered too late, and notes the way over a request for them and for corrections."""

    def __init__(self, seed: int, timeline: Timeline, agenda: Agenda, random: Random) -> None:
        """Take the timeline after all changes."""
        self._seed, self._agenda = seed, agenda
        self._last = timeline.shape.last_day
        self._deputy = timeline.roster.deputies[0].account
        self._count = 0
        self._lessons = self._choose(timeline, random)

    def takes(self, lesson: Lesson) -> bool:
        """Say whether nothing of a lesson is entered within its windows."""
        return id(lesson) in self._lessons

    @staticmethod
    def is_over(lesson: Lesson, day: date, *, written: bool = False) -> bool:
        """Say whether something of a lesson is no longer free on a day."""
        return day > lesson.on + timedelta(days=WRITTEN_WINDOW_DAYS if written else WINDOW_DAYS)

    def note(self, lesson: Lesson, command: LessonCommand, day: date) -> None:
        """Ask on a day for what the command would do; the next request has the next end."""
        kind, pupil = _about(command)
        request, end = derived_id(self._seed, "request", str(self._count)), ENDS[self._count % len(ENDS)]
        self._count += 1
        asking = RequestCorrection(
            request=request,
            kind=kind,
            journal=command.journal,
            day=command.day,
            slot=command.slot,
            ordinal=command.ordinal,
            pupil=pupil,
            reason=REASONS[kind],
        )
        teacher = lesson.teacher.account
        self._on(day, ASKED_AT, teacher, asking)
        after, then = day + timedelta(days=1), day + timedelta(days=2)
        match end:
            case "rejected":
                self._on(after, DECIDED_AT, self._deputy, RejectCorrection(request=request, reason=REJECTED))
            case "withdrawn":
                self._on(after, DECIDED_AT, teacher, WithdrawCorrection(request=request))
            case "used" | "approved":
                self._on(after, DECIDED_AT, self._deputy, ApproveCorrection(request=request))
        if end == "used":
            self._on(then, SENT_AT, teacher, command.model_copy(update={"approval": request}))

    def _on(
        self,
        day: date,
        minute: int,
        account: str,
        command: LessonCommand | RequestCorrection | ApproveCorrection | RejectCorrection | WithdrawCorrection,
    ) -> None:
        if day <= self._last:
            self._agenda.note(day, minute, account, command)

    def _choose(self, timeline: Timeline, random: Random) -> set[int]:
        full = timeline.shape.pupils_per_class >= FULL.pupils_per_class
        last = self._last - timedelta(days=WINDOW_DAYS + DAYS_TO_THE_END)
        ordinary = [
            lesson
            for lesson in timeline.lessons
            if lesson.on <= last and not (lesson.changed or lesson.cancelled or lesson.control or lesson.left_open)
        ]
        wanted = LATE_LESSONS if full else LATE_LESSONS_SMALL
        return {id(lesson) for lesson in random.sample(ordinary, min(wanted, len(ordinary)))}


def _about(command: LessonCommand) -> tuple[RecordKind, str | None]:
    match command:
        case CorrectTopic():
            return "topic", None
        case CorrectHomework():
            return "homework", None
        case CorrectAttendance():
            return "attendance", command.pupil
        case CorrectMark() | WithdrawMark():
            return "mark", command.pupil
        case SaveLesson():
            return "lesson", None
        case _:
            msg = f"{command.name} is not entered late in this story"
            raise TypeError(msg)
