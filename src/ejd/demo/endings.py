"""The end of the quarter: final marks by the rules' proposal, what families acknowledge, closing and reopening."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ejd.demo.sending import MOBILE
from ejd.demo.shape import FIRST_DAY, TIMEZONE
from ejd.kernel.events.lessons import RecommendationGiven
from ejd.kernel.policies import (
    EXEMPT,
    FIVE_POINT,
    NOT_ATTESTED,
    WORK_KINDS,
    Attendance,
    average,
    proposed_final_mark,
    rounded,
)
from ejd_commands import acknowledgements as k
from ejd_commands import final_marks as f
from ejd_commands import marks as m
from ejd_commands.attendance import CorrectAttendance, TakeRoll
from ejd_commands.closing import ClosePeriod, ReopenPeriod
from ejd_commands.lessons import SaveLesson
from ejd_commands.period_record import MISSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from ejd.demo.records import Records
    from ejd.demo.roster import Guardian, Journal, Pupil, Teacher
    from ejd.demo.sending import Agenda, Sender
    from ejd.demo.timeline import Timeline
    from ejd.kernel.command import Command
    from ejd.kernel.envelope import Answer

QUARTER = "q1"
ROUND_UP_FROM, MARKS_MIN, ABSENCE_PERCENT_MAX = 60, 3, 50
GENEROUS_SHARE, FORGOTTEN_SHARE = 0.03, 0.01
DECIDED_DAYS_BEFORE = (1, 2, 2, 3)
SUPPER, BEDTIME = 1140, 1310
"""19:00 and 21:50: when parents read."""
WEIGHTS = {kind.code: kind.weight for kind in WORK_KINDS} | {"test": 150}
CORRECTED_FINALS, WITHDRAWN_FINALS = 6, 2
REOPENED_DAYS = 7
"""After the last day the quarter closes again by itself."""


class Lesson(NamedTuple):
    """Identity of a lesson within its journal."""

    day: date
    slot: int
    ordinal: int


class Advice(NamedTuple):
    """A stored recommendation."""

    lesson: str
    version: int


class Ledger:
    """Follows what was sent, so that final marks and acknowledgements can stand on it."""

    def __init__(self) -> None:
        """Begin empty."""
        self.marks: dict[tuple[str, str], dict[tuple[Lesson, str, int], str]] = defaultdict(dict)
        self.rolls: dict[str, dict[Lesson, dict[str, str]]] = defaultdict(dict)
        self.finals: dict[tuple[str, str], str] = {}
        self.advice: dict[str, list[Advice]] = defaultdict(list)

    def listen(self, commands: Sequence[Command], answer: Answer) -> None:
        """Take in what one batch did."""
        given = iter([e for e in answer.events if e.type == RecommendationGiven.stored_name])
        for command in commands:
            match command:
                case SaveLesson() | TakeRoll() | m.RecordMark() | m.CorrectMark() | m.WithdrawMark():
                    self._lesson(command)
                case CorrectAttendance():
                    lesson = Lesson(command.day, command.slot, command.ordinal)
                    self.rolls[command.journal][lesson][command.pupil] = command.kind
                case f.DecideFinalMark() | f.CorrectFinalMark():
                    self.finals[command.journal, command.pupil] = command.value
                case f.WithdrawFinalMark():
                    self.finals.pop((command.journal, command.pupil))
                case m.GiveRecommendation():
                    event = next(given)
                    self.advice[command.pupil].append(Advice(event.stream, event.version))
                case _:
                    pass

    def _lesson(self, command: SaveLesson | TakeRoll | m.RecordMark | m.CorrectMark | m.WithdrawMark) -> None:
        lesson = Lesson(command.day, command.slot, command.ordinal)
        match command:
            case SaveLesson() | TakeRoll():
                if command.absences is not None:
                    self.rolls[command.journal][lesson] = {line.pupil: line.kind for line in command.absences}
                for mark in command.marks if isinstance(command, SaveLesson) else ():
                    self.marks[command.journal, mark.pupil][lesson, mark.work, mark.number] = mark.value
            case m.RecordMark() | m.CorrectMark():
                self.marks[command.journal, command.pupil][lesson, command.work, command.number] = command.value
            case m.WithdrawMark():
                del self.marks[command.journal, command.pupil][lesson, command.work, command.number]


class Endings:
    """Notes the errands of the last days and the evenings of the parents."""

    def __init__(self, timeline: Timeline, agenda: Agenda, sender: Sender, records: Records, random: Random) -> None:
        """Listen to the sender from now on."""
        self._timeline, self._agenda, self._sender, self._random = timeline, agenda, sender, random
        self._records = records
        self.ledger = Ledger()
        sender.listeners.append(self.ledger.listen)
        self._on = {(one.journal.id, Lesson(one.day, one.slot, one.ordinal)): one.on for one in timeline.lessons}
        self._last = timeline.shape.last_day

    def plan(self) -> None:
        """Final marks by subject teachers, readings by parents, closing by the deputy head."""
        for journal in self._timeline.roster.journals:
            if journal.classes[0].scheme == "quarters" and journal.system != "unmarked":
                day = self._last - timedelta(days=self._random.choice(DECIDED_DAYS_BEFORE))
                teacher = journal.teacher_on(day)
                minute = self._records.minute(teacher.account, day)
                self._agenda.note(day, minute, teacher.account, partial(self.final_marks, journal))
        for guardian in self._timeline.roster.guardians:
            self._plan_reading(guardian)
        self._plan_paper()
        self._plan_closing()

    def final_marks(self, journal: Journal) -> Iterator[Command]:
        """Decide the final marks of a journal, mostly as proposed."""
        for pupil in journal.members(self._last):
            value = self._final(journal, pupil)
            if value:
                yield f.DecideFinalMark(journal=journal.id, period=QUARTER, pupil=pupil.id, value=value)

    def _final(self, journal: Journal, pupil: Pupil) -> str:
        if journal.subject == "pe" and pupil.no_pe:
            return EXEMPT
        marks = self.ledger.marks[journal.id, pupil.id]
        rolls = [
            lines
            for lesson, lines in self.ledger.rolls[journal.id].items()
            if journal.has(pupil, self._on[journal.id, lesson])
        ]
        attendance = Attendance(len(rolls), sum(lines.get(pupil.id) in MISSED for lines in rolls))
        if journal.system == "pass-fail":
            too_little = 100 * attendance.missed > ABSENCE_PERCENT_MAX * attendance.lessons
            return NOT_ATTESTED if too_little else "зач"
        mean = average((int(value), WEIGHTS[work]) for (_, work, _), value in marks.items())
        proposed = proposed_final_mark(
            FIVE_POINT,
            mean,
            len(marks),
            attendance,
            round_up_from_hundredths=ROUND_UP_FROM,
            marks_min=MARKS_MIN,
            absence_percent_max=ABSENCE_PERCENT_MAX,
        )
        whole = rounded(mean, ROUND_UP_FROM)
        if self._random.random() < FORGOTTEN_SHARE:
            return ""
        if proposed in {"2", "3", "4"} and self._random.random() < GENEROUS_SHARE:
            return str(int(proposed) + 1)
        return proposed or (str(whole) if whole is not None else NOT_ATTESTED)

    def _plan_reading(self, guardian: Guardian) -> None:
        if not guardian.account or guardian.until is not None:
            return
        monday = FIRST_DAY - timedelta(days=FIRST_DAY.weekday())
        while monday <= self._last:
            sunday = monday + timedelta(days=6)
            if sunday <= self._last and self._random.random() < guardian.reads:
                evening = sunday - timedelta(days=self._random.choice((0, 0, 0, 1)))
                self._note(guardian, evening, partial(self._read_diary, guardian, monday))
            monday += timedelta(days=7)
        if self._random.random() < 0.3 + guardian.reads:
            self._note(guardian, self._last, partial(self._read_period, guardian))

    def _note(self, guardian: Guardian, day: date, errand: Callable[[], Iterator[Command]]) -> None:
        self._agenda.note(day, self._random.randint(SUPPER, BEDTIME), guardian.account, errand, client=MOBILE)

    def _read_diary(self, guardian: Guardian, monday: date) -> Iterator[Command]:
        seen = self._sender.position
        for pupil in guardian.pupils:
            if any(stay.starts <= monday + timedelta(days=6) for stay in pupil.stays):
                yield k.AcknowledgeDiary(
                    guardian=guardian.id, pupil=pupil.id, channel="web", week=monday, seen_position=seen
                )
            for advice in self.ledger.advice.pop(pupil.id, ()):
                yield k.AcknowledgeRecommendation(
                    guardian=guardian.id, pupil=pupil.id, channel="web", lesson=advice.lesson, version=advice.version
                )

    def _read_period(self, guardian: Guardian) -> Iterator[Command]:
        year, seen = self._timeline.roster.year, self._sender.position
        for pupil in guardian.pupils:
            yield k.AcknowledgePeriodMarks(
                guardian=guardian.id, pupil=pupil.id, channel="web", year=year, period=QUARTER, seen_position=seen
            )

    def _plan_paper(self) -> None:
        """Class teachers register the signatures of families without an account on the last day."""
        for one in self._timeline.roster.classes:
            teacher = one.teacher
            if teacher is None:
                continue
            pairs = [
                (guardian, pupil)
                for guardian in self._timeline.roster.guardians
                if not guardian.account
                for pupil in guardian.pupils
                if pupil.where(one.id, self._last)
            ]
            if pairs:
                minute = self._records.minute(teacher.account, self._last)
                self._agenda.note(
                    self._last,
                    minute,
                    teacher.account,
                    partial(self._on_paper, pairs),
                )

    def _on_paper(self, pairs: Sequence[tuple[Guardian, Pupil]]) -> Iterator[Command]:
        year, seen = self._timeline.roster.year, self._sender.position
        for guardian, pupil in pairs:
            yield k.AcknowledgePeriodMarks(
                guardian=guardian.id, pupil=pupil.id, channel="paper", year=year, period=QUARTER, seen_position=seen
            )

    def _plan_closing(self) -> None:
        """The quarter is closed too early, reopened, and some final marks are corrected."""
        year, deputy = self._timeline.roster.year, self._timeline.roster.deputies[0].account
        day = self._last - timedelta(days=1)
        self._agenda.note(day, SUPPER, deputy, ClosePeriod(year=year, period=QUARTER))
        reopened = ReopenPeriod(
            year=year,
            period=QUARTER,
            journals=tuple(j.id for j in self._timeline.roster.journals if j.classes[0].scheme == "quarters"),
            until=datetime.combine(self._last + timedelta(days=REOPENED_DAYS), time.min, ZoneInfo(TIMEZONE)),
            reason="Закрыто раньше срока: не все учителя выставили отметки",
        )
        self._agenda.note(day, SUPPER + 10, deputy, reopened)
        teachers = {
            journal.id: journal.teacher_on(self._last)
            for journal in self._timeline.roster.journals
            if journal.system == "five-point"
        }
        for number, teacher in enumerate({t.account: t for t in teachers.values()}.values()):
            if number < CORRECTED_FINALS:
                minute = self._records.minute(teacher.account, self._last)
                errand = partial(self._correct, teacher, withdraw=number < WITHDRAWN_FINALS)
                self._agenda.note(self._last, minute, teacher.account, errand)

    def _correct(self, teacher: Teacher, *, withdraw: bool) -> Iterator[Command]:
        """Correct one final mark of a teacher; the first ones withdraw another as well."""
        own = [
            (journal, pupil)
            for journal in self._timeline.roster.journals
            if journal.teacher_on(self._last) is teacher
            for pupil in journal.members(self._last)
            if self.ledger.finals.get((journal.id, pupil.id), "") in {"2", "3", "4"}
        ]
        for number, (journal, pupil) in enumerate(own[: 1 + withdraw]):
            place = {"journal": journal.id, "period": QUARTER, "pupil": pupil.id}
            if number:
                reason = "Отметка выставлена преждевременно, ученик сдаёт долги"
                yield f.WithdrawFinalMark.model_validate({**place, "reason": reason})
                continue
            value = str(int(self.ledger.finals[journal.id, pupil.id]) + 1)
            reason = "Учтена переписанная контрольная работа"
            yield f.CorrectFinalMark.model_validate({**place, "value": value, "reason": reason})
