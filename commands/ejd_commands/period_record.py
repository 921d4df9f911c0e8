"""What one pupil has in one journal and period, read from the lessons themselves: the basis of a final mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.due import occurrences
from ejd.kernel.envelope import Ref
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import TimetableState, YearState

if TYPE_CHECKING:
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.events.journals import JournalOpened

MISSED = frozenset({"absent", "excused", "ill"})
"""Late is not missed."""


class PeriodMark(NamedTuple):
    """One current mark: kind of work, value, the stored event it stands on."""

    work: str
    value: str
    ref: Ref


class PeriodRecord(NamedTuple):
    """Marks in the order of lessons; lessons with the roll taken while the pupil was a member, and those missed."""

    marks: tuple[PeriodMark, ...]
    lessons: int
    missed: int
    last: date


def period_record(  # noqa: PLR0913 - journal and period have their parts
    context: Context, journal_id: str, journal: JournalOpened, pupil: str, first: date, last: date
) -> PeriodRecord:
    """Answer the pupil's record; a lesson counts where it took place, a mark wherever the pupil got it.

    Due lessons that nobody recorded are read too: should somebody record one meanwhile, the decision is made anew.
    """
    marks: list[PeriodMark] = []
    lessons = missed = 0
    memberships = context.load(PupilState, pupil).memberships
    for day, state in _lessons(context, journal_id, journal, first, last):
        for cell, mark in sorted(state.marks.items()):
            if cell.pupil == pupil:
                marks.append(PeriodMark(cell.work, mark.value, mark.ref))
        member = memberships.member_of(journal.group, journal.group_kind, journal_id, day)
        if state.roll_taken and not state.cancelled and member is not None:
            lessons += 1
            line = state.absences.get(pupil)
            missed += line is not None and line.kind in MISSED
    return PeriodRecord(tuple(marks), lessons, missed, last)


def _lessons(
    context: Context, journal_id: str, journal: JournalOpened, first: date, last: date
) -> list[tuple[date, LessonState]]:
    calendar = context.load(YearState, journal.year).calendar
    schedules = context.load(TimetableState, timetable_stream(journal.year)).schedules.get(journal_id, ())
    placed = occurrences(calendar, journal.grade, journal_id, schedules, first, last, classes=journal.classes)
    due = [o.lesson for o in placed]
    known = context.streams_of(journal_id, "lesson")
    streams = list(dict.fromkeys((*due, *known)))
    found = []
    for state in context.load_many(LessonState, streams):
        day = state.day
        if day is not None and first <= day <= last:
            found.append((day, state))
    return sorted(found, key=lambda pair: pair[0])
