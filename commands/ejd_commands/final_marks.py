"""Final marks (A6): the rules propose, the teacher decides, the event keeps the basis."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ejd.kernel.access import Access
from ejd.kernel.closed_years import check_year
from ejd.kernel.command import Caused, Command, Refusal, Target, WrongState
from ejd.kernel.envelope import Ref, Scope
from ejd.kernel.events.final_marks import Basis, FinalMarkCorrected, FinalMarkDecided, FinalMarkWithdrawn
from ejd.kernel.ids import final_marks_stream
from ejd.kernel.policies import Attendance, average, grade_value, proposed_final_mark
from ejd.kernel.rights import Teaches
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import FinalMarksState
from ejd_commands.fields import Code, Id, MarkValue, Reason
from ejd_commands.lesson_base import (
    NotInThisJournal,
    PeriodIsClosed,
    check_known,
    closed_sentence,
    opened_journal,
    school,
    unknown_journal,
)
from ejd_commands.period_record import PeriodRecord, period_record
from ejd_commands.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ejd.kernel.command import Context, Decided, Need
    from ejd.kernel.events.journals import JournalOpened

YEAR_PERIODS = {"year": "the year", "exam": "the exam", "overall": "the overall mark"}
"""Final marks beside those of grading periods (A6)."""


class UnknownPeriod(Refusal):
    """The journal's scheme has no such period."""


class FinalMarkIsDecided(WrongState):
    """There is another final mark."""


class NoFinalMark(WrongState):
    """There is no final mark."""


class NotThisFinalMark(Refusal):
    """The grading system does not have this final mark."""


class PeriodHasNotBegun(Refusal):
    """A final mark is decided in or after its period."""


class FinalMarkCommand(Command):
    """Base: a final mark is named by journal, period (a grading period's code, or year, exam, overall) and pupil.

    `approval` is the approved request by which a final mark is written whose free window is over (A10).
    """

    access: ClassVar[Access] = Access("write-record", "journal", "decide final marks")
    journal: Id
    period: Code
    pupil: Id
    approval: Id | None = None

    @property
    def record(self) -> str:
        """The stream of the journal's final marks of this period."""
        return final_marks_stream(self.journal, self.period)

    def windows(self, context: Context) -> Windows:
        """Answer the rule of free windows for what this command writes."""
        return Windows(context, self.record, self.approval)

    def approved(self, context: Context, rule: Windows) -> tuple[Ref, ...]:
        """Answer the approval that it takes when the window after the period's last day is over."""
        _, last = self.span(context, opened_journal(context, self.journal))
        return rule.check("final-mark", last, pupil=self.pupil)

    def target(self, context: Context) -> Target:
        """Answer the stream of the journal's final marks of this period."""
        journal = opened_journal(context, self.journal)
        self.span(context, journal)
        scope = Scope(kind="final-marks", journal=self.journal, class_id=journal.group, year=journal.year)
        return Target(self.record, scope)

    def need(self, context: Context) -> Need:
        """Ask for the load today, or at the period's end when it is over."""
        _, last = self.span(context, opened_journal(context, self.journal))
        day = min(context.today, last)
        return Teaches(self.journal, day, unknown_journal(self.journal), doing="decide final marks")

    def span(self, context: Context, journal: JournalOpened) -> tuple[date, date]:
        """Answer first and last day of the period; raises UnknownPeriod."""
        year = context.load(YearState, journal.year)
        data = year.data
        if self.period in YEAR_PERIODS and data.first_day is not None and data.last_day is not None:
            return data.first_day, data.last_day
        for period in data.schemes.get(journal.scheme, ()):
            if period.code == self.period:
                return period.first_day, period.last_day
        known = [period.code for period in data.schemes.get(journal.scheme, ())] + list(YEAR_PERIODS)
        msg = f"this journal has no period {self.period!r}: use one of {', '.join(known)}"
        raise UnknownPeriod(msg, field="period")

    def open_state(self, context: Context) -> FinalMarksState:
        """Answer the final marks of an open period in which the pupil belongs to the journal."""
        journal = opened_journal(context, self.journal)
        first, last = self.span(context, journal)
        year = context.load(YearState, journal.year)
        check_year(year)
        if year.is_closed(self.period, self.journal, context.now):
            raise PeriodIsClosed(closed_sentence("this period"), field="period")
        if context.today < first:
            msg = f"this period begins on {first:%d.%m.%Y}: decide its final marks after that day"
            raise PeriodHasNotBegun(msg, field="period")
        check_known(context, journal, self.pupil)
        pupil = context.load(PupilState, self.pupil)
        stays = pupil.memberships.classes if journal.group_kind == "class" else pupil.memberships.groups
        inside = [
            stay
            for stay in stays
            if stay.where == journal.group and stay.starts <= last and (stay.ends is None or stay.ends > first)
        ]
        if not inside:
            msg = f"pupil {self.pupil} does not belong in this journal in this period: check class, group and dates"
            raise NotInThisJournal(msg, field="pupil")
        context.rely(*(stay.ref for stay in inside))
        return context.load(FinalMarksState, self.record)

    def check_value(self, context: Context, journal: JournalOpened, value: str) -> None:
        """Raise NotThisFinalMark when the grading system does not have it."""
        system = school(context).grading_systems[journal.grading_system]
        if grade_value(system, value) is None:
            known = ", ".join(one.value for one in system.values)
            msg = f"{value!r} is no final mark here: use one of {known or f'{system.lowest}-{system.highest}'}"
            raise NotThisFinalMark(msg, field="value")

    def basis(self, context: Context) -> Basis:
        """Answer what the mark is decided on: the pupil's marks of the period as they are now, and the proposal."""
        journal = opened_journal(context, self.journal)
        first, last = self.span(context, journal)
        record = period_record(context, self.journal, journal, self.pupil, first, last)
        return basis_of(context, journal, record)


def basis_of(context: Context, journal: JournalOpened, record: PeriodRecord) -> Basis:
    """Answer average, attendance and proposal of what a pupil has in a period (rules.md, formulas)."""
    settings = school(context)
    system = settings.grading_systems[journal.grading_system]
    weights = settings.work_kinds
    points = []
    for mark in record.marks:
        value = grade_value(system, mark.value)
        points.append(
            (None if value is None else value.points, weights[mark.work].weight if mark.work in weights else 100)
        )
    mean = average(points)
    regulation = settings.regulation_on(record.last)
    return Basis(
        marks=tuple(Ref(*mark.ref) for mark in record.marks),
        weighted_sum=mean.weighted_sum,
        weight_sum=mean.weight_sum,
        lessons_held=record.lessons,
        lessons_missed=record.missed,
        proposed=proposed_final_mark(
            system,
            mean,
            len(record.marks),
            Attendance(record.lessons, record.missed),
            round_up_from_hundredths=regulation.round_up_from_hundredths,
            marks_min=regulation.marks_per_period_min,
            absence_percent_max=regulation.not_attested_absence_percent,
        ),
    )


class DecideFinalMark(FinalMarkCommand):
    """Decide a final mark; the event keeps the marks, the average and the proposal it was decided on (A6)."""

    name: ClassVar[str] = "decide-final-mark"
    value: MarkValue

    def decide(self, context: Context) -> Iterable[Decided]:
        """Refuse a second, different mark."""
        state = self.open_state(context)
        self.check_value(context, opened_journal(context, self.journal), self.value)
        old = state.values.get(self.pupil)
        if old == self.value:
            return
        if old is not None:
            msg = f"the final mark is {old} already: correct it with a reason"
            raise FinalMarkIsDecided(msg, field="value")
        rule = self.windows(context)
        refs = self.approved(context, rule)
        decided = FinalMarkDecided(
            journal=self.journal, period=self.period, pupil=self.pupil, value=self.value, basis=self.basis(context)
        )
        yield Caused(decided, refs)
        yield from rule.made()


class CorrectFinalMark(FinalMarkCommand):
    """Correct a final mark, with the reason (A10)."""

    name: ClassVar[str] = "correct-final-mark"
    value: MarkValue
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep old and new value and the basis as it is now; the same value is no correction."""
        state = self.open_state(context)
        self.check_value(context, opened_journal(context, self.journal), self.value)
        old = state.values.get(self.pupil)
        if old is None:
            msg = "there is no final mark yet: decide one"
            raise NoFinalMark(msg, field="pupil")
        if old == self.value:
            return
        rule = self.windows(context)
        refs = self.approved(context, rule)
        corrected = FinalMarkCorrected(
            journal=self.journal,
            period=self.period,
            pupil=self.pupil,
            old_value=old,
            new_value=self.value,
            basis=self.basis(context),
            reason=context.seal(self.pupil, self.reason, field="final-mark-corrected.reason"),
        )
        yield Caused(corrected, refs)
        yield from rule.made()


class WithdrawFinalMark(FinalMarkCommand):
    """Withdraw a final mark, with the reason (A10)."""

    name: ClassVar[str] = "withdraw-final-mark"
    reason: Reason

    def decide(self, context: Context) -> Iterable[Decided]:
        """Keep the value that was there."""
        old = self.open_state(context).values.get(self.pupil)
        if old is None:
            msg = "there is no final mark: nothing is to be withdrawn"
            raise NoFinalMark(msg, field="pupil")
        rule = self.windows(context)
        refs = self.approved(context, rule)
        withdrawn = FinalMarkWithdrawn(
            journal=self.journal,
            period=self.period,
            pupil=self.pupil,
            old_value=old,
            reason=context.seal(self.pupil, self.reason, field="final-mark-withdrawn.reason"),
        )
        yield Caused(withdrawn, refs)
        yield from rule.made()
