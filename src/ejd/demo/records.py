"""What the teachers write in their journals, and when: on the day, late, corrected, or never."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ejd.demo import texts
from ejd.demo.late import WINDOW_DAYS
from ejd.demo.marking import Marker
from ejd.demo.setup import plan_lines
from ejd.kernel.policies import WORK_KINDS
from ejd_commands.attendance import AbsenceLine, CorrectAttendance, TakeRoll
from ejd_commands.lessons import CorrectHomework, CorrectTopic, HomeworkEntry, RecordTopic, SaveLesson, SetHomework
from ejd_commands.marks import CorrectMark, GiveRecommendation, RecordMark, WithdrawMark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from ejd.demo.late import Late
    from ejd.demo.roster import Pupil
    from ejd.demo.sending import Agenda
    from ejd.demo.timeline import Lesson, Timeline
    from ejd_commands.lesson_base import LessonCommand
    from ejd_commands.marks import MarkEntry

AFTERNOON, EVENING = 975, 1130
"""16:15 and 18:50: between them each teacher has a minute of the day for the journal."""
LATE_DAYS = (1, 1, 1, 2, 2, 3, 4, 6)
NO_TOPIC, NO_ROLL, NO_HOMEWORK, PIECEMEAL = 0.025, 0.03, 0.07, 0.04
LATE_SHARE, LATE_MINUTES = 0.008, (3, 5, 7, 10, 15)
CORRECTED_MARKS, WITHDRAWN_MARKS, RECOMMENDED = 0.008, 0.0015, 0.05
CORRECTED_TOPICS, CORRECTED_HOMEWORK, CERTIFICATES = 0.006, 0.009, 0.15
WRITTEN_KINDS = frozenset(kind.code for kind in WORK_KINDS if kind.written)


class Records:
    """Notes what every teacher sends for every lesson."""

    def __init__(self, timeline: Timeline, agenda: Agenda, random: Random, late: Late) -> None:
        """Take the timeline after all changes."""
        self._timeline, self._agenda, self._random, self._late = timeline, agenda, random, late
        self._marker = Marker(random, timeline.shape.marks)
        self._minutes: dict[tuple[str, date], int] = {}

    def plan(self) -> None:
        """Go through the lessons of each journal in the order in which they take place."""
        for lessons in self._timeline.by_journal().values():
            plan = plan_lines(lessons[0].journal)
            ordinary = [number for number, line in enumerate(plan, start=1) if not line.control]
            controls = [number for number, line in enumerate(plan, start=1) if line.control]
            held = sorted((one for one in lessons if not one.cancelled), key=lambda one: (one.on, one.at))
            for number, lesson in enumerate(held, start=1):
                lines = controls if lesson.control is not None and controls else ordinary
                item = lines.pop(0) if lines and not lesson.other_subject else None
                following = held[number].on if number < len(held) else None
                self._lesson(lesson, number, item, following)

    def minute(self, account: str, day: date) -> int:
        """Answer when an account works on the journal on a day."""
        if (account, day) not in self._minutes:
            self._minutes[account, day] = self._random.randint(AFTERNOON, EVENING)
        return self._minutes[account, day]

    def _lesson(self, lesson: Lesson, number: int, item: int | None, following: date | None) -> None:
        teacher, draw = lesson.teacher, self._random.random()
        too_late = self._late.takes(lesson)
        if lesson.left_open or (draw < teacher.never and not too_late):
            return
        late = draw > teacher.on_the_day + teacher.never
        day = lesson.on + timedelta(days=self._random.choice(LATE_DAYS) if late else 0)
        if day > self._timeline.shape.last_day:
            return
        pupils = lesson.pupils
        absences = list(self._absences(lesson, pupils))
        away = {line.pupil for line in absences if line.kind != "late"}
        marks = self._marker.marks(lesson, number, [pupil for pupil in pupils if pupil.id not in away])
        has_topic, has_roll = self._random.random() > NO_TOPIC, self._random.random() > NO_ROLL
        homework = self._homework(lesson, following)
        fields = {
            "plan_item": item if has_topic else None,
            "topic": "Повторение изученного" if has_topic and item is None else "",
            "homework": homework,
            "absences": tuple(absences) if has_roll else None,
            "marks": tuple(marks.at_once),
        }
        if too_late:
            whole = {**_place(lesson), **fields, "marks": (*marks.at_once, *marks.later)}
            asking_on = lesson.on + timedelta(days=WINDOW_DAYS + 1)
            self._late.note(lesson, SaveLesson.model_validate(whole), asking_on)
            return
        if self._random.random() < PIECEMEAL and has_topic and has_roll:
            self._note(lesson, day, *self._pieces(lesson, fields, marks.at_once))
        elif has_topic or has_roll or homework or marks.at_once:
            self._note(lesson, day, SaveLesson.model_validate({**_place(lesson), **fields}))
        entered = max(day, lesson.on + timedelta(days=marks.after_days))
        if marks.later:
            self._note(lesson, entered, SaveLesson.model_validate({**_place(lesson), "marks": tuple(marks.later)}))
        self._corrections(lesson, day, absences if has_roll else [], homework, item if has_topic else None)
        self._mark_corrections(lesson, max(day, entered), [*marks.at_once, *marks.later])
        if pupils and self._random.random() < RECOMMENDED:
            advice = self._random.choice(texts.RECOMMENDATIONS)
            pupil = self._random.choice(pupils)
            self._note(lesson, day, GiveRecommendation(**_place(lesson), pupil=pupil.id, text=advice))

    def _note(self, lesson: Lesson, day: date, *commands: LessonCommand) -> None:
        """Note what the lesson's teacher sends; what would be after the last day is never sent."""
        if day <= self._timeline.shape.last_day:
            account = lesson.teacher.account
            self._agenda.note(day, self.minute(account, day), account, *commands)

    def _correct(self, lesson: Lesson, day: date, command: LessonCommand, *, written: bool = False) -> None:
        """Note a correction: freely within its window, with a request after it."""
        if self._late.is_over(lesson, day, written=written):
            self._late.note(lesson, command, day)
        else:
            self._note(lesson, day, command)

    def _slip(self, share: float) -> bool:
        return self._random.random() < share * self._timeline.shape.slips

    @staticmethod
    def _pieces(lesson: Lesson, fields: Mapping[str, object], marks: list[MarkEntry]) -> Iterator[LessonCommand]:
        """Answer the same as single commands, as other programs send them."""
        place = _place(lesson)
        yield RecordTopic.model_validate({**place, "topic": fields["topic"], "plan_item": fields["plan_item"]})
        yield TakeRoll.model_validate({**place, "absences": fields["absences"]})
        for mark in marks:
            yield RecordMark.model_validate({**place, **mark.model_dump()})
        if fields["homework"] is not None:
            yield SetHomework.model_validate({**place, "homework": fields["homework"]})

    def _absences(self, lesson: Lesson, pupils: list[Pupil]) -> Iterator[AbsenceLine]:
        for pupil in pupils:
            if lesson.on in pupil.ill:
                # The first day of an illness is often without a reason yet.
                unknown = lesson.on - timedelta(days=1) not in pupil.ill and int(pupil.id[:2], 16) % 3 == 0
                yield AbsenceLine(pupil=pupil.id, kind="absent" if unknown else "ill")
            elif lesson.on in pupil.excused:
                yield AbsenceLine(pupil=pupil.id, kind="excused")
            elif self._random.random() < pupil.truancy:
                yield AbsenceLine(pupil=pupil.id, kind="absent")
            elif self._random.random() < LATE_SHARE * (3 if lesson.at == 1 else 1):
                yield AbsenceLine(pupil=pupil.id, kind="late", minutes=self._random.choice(LATE_MINUTES))

    def _homework(self, lesson: Lesson, following: date | None) -> HomeworkEntry | None:
        if lesson.journal.grade == 1 or lesson.ordinal > 1 or self._random.random() < NO_HOMEWORK:
            return None
        if lesson.journal.subject in texts.WITHOUT_HOMEWORK or following is None:
            return HomeworkEntry()
        minutes = self._random.choice((15, 20, 20, 25, 30, 40)) if lesson.journal.grade > 1 else None
        text = texts.homework_text(lesson.journal.subject, self._random)
        return HomeworkEntry(text=text, due=following, minutes=minutes)

    def _corrections(
        self,
        lesson: Lesson,
        day: date,
        absences: list[AbsenceLine],
        homework: HomeworkEntry | None,
        item: int | None,
    ) -> None:
        place, soon = _place(lesson), day + timedelta(days=self._random.randint(1, 4))
        for line in absences:
            if line.kind == "absent" and self._slip(CERTIFICATES):
                reason = self._random.choice(texts.ATTENDANCE_REASONS)
                kind = "ill" if reason == texts.ATTENDANCE_REASONS[0] else "excused"
                correction = {**place, "pupil": line.pupil, "kind": kind, "reason": reason}
                self._correct(lesson, soon, CorrectAttendance.model_validate(correction))
        if item is not None and self._slip(CORRECTED_TOPICS):
            topic = "Урок-повторение по теме раздела"
            self._correct(lesson, soon, CorrectTopic(**place, topic=topic, reason="Указана тема следующего урока"))
        if homework is not None and homework.text and self._slip(CORRECTED_HOMEWORK):
            new = homework.model_copy(update={"text": f"{homework.text} (устно)"})
            self._correct(lesson, soon, CorrectHomework(**place, homework=new, reason="Объём задания уменьшен"))

    def _mark_corrections(self, lesson: Lesson, day: date, marks: list[MarkEntry]) -> None:
        if lesson.journal.system != "five-point":
            return
        slips = self._timeline.shape.slips
        for mark in marks:
            draw, soon = self._random.random(), day + timedelta(days=self._random.randint(1, 5))
            cell = {**_place(lesson), "pupil": mark.pupil, "work": mark.work, "number": mark.number}
            if draw < WITHDRAWN_MARKS * slips:
                cell["reason"] = self._random.choice(texts.WITHDRAWN_REASONS)
                self._correct(lesson, soon, WithdrawMark.model_validate(cell), written=mark.work in WRITTEN_KINDS)
            elif draw < (WITHDRAWN_MARKS + CORRECTED_MARKS) * slips:
                cell["value"] = str(min(5, int(mark.value) + 1) if mark.value != "5" else 4)
                cell["reason"] = self._random.choice(texts.LATE_REASONS)
                self._correct(lesson, soon, CorrectMark.model_validate(cell), written=mark.work in WRITTEN_KINDS)


def _place(lesson: Lesson) -> dict[str, Any]:
    return {
        "journal": lesson.journal.id,
        "day": lesson.day,
        "slot": lesson.slot,
        "ordinal": lesson.ordinal,
    }
