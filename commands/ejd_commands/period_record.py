"""What one pupil has in one journal and period, read from the lessons themselves: the basis of a final mark.

Marks follow the pupil (rules.md, formulas): what was made in other journals of the subject before the pupil came here
counts too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.due import occurrences
from ejd.kernel.envelope import Ref
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.lesson import LessonState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import TimetableState, YearState
from ejd.kernel.states.teaching import JournalState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ejd.kernel.command import Context
    from ejd.kernel.events.journals import JournalOpened
    from ejd.kernel.states.people import Memberships, Stay

ONE_DAY = timedelta(days=1)
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

    Lessons of another journal of the subject count on days on which the pupil belonged there, and here only later.
    Due lessons that nobody recorded are read too: should somebody record one meanwhile, the decision is made anew.
    """
    marks: list[PeriodMark] = []
    lessons = missed = 0
    memberships = context.load(PupilState, pupil).memberships
    own = _Place(journal_id, journal, memberships)
    before = own.days_before(first, last)
    others = [_Place(*one, memberships) for one in _others(context, own, before)]
    found = [(day, one, state) for one in (own, *others) for day, state in _lessons(context, one, first, last)]
    for day, place, state in sorted(found, key=lambda one: one[0]):
        stay = place.stay(day)
        if place is not own:
            if stay is None or day not in before:
                continue
            context.rely(stay.ref)
        for cell, mark in sorted(state.marks.items()):
            if cell.pupil == pupil:
                marks.append(PeriodMark(cell.work, mark.value, mark.ref))
        if state.roll_taken and not state.cancelled and stay is not None:
            lessons += 1
            line = state.absences.get(pupil)
            missed += line is not None and line.kind in MISSED
    return PeriodRecord(tuple(marks), lessons, missed, last)


class _Place(NamedTuple):
    """A journal with the memberships of the pupil asked about."""

    journal: str
    opened: JournalOpened
    memberships: Memberships

    def stay(self, day: date) -> Stay | None:
        """Answer the stay by which the journal is the pupil's on a day."""
        return self.memberships.member_of(self.opened.group, self.opened.group_kind, self.journal, day)

    def days_before(self, first: date, last: date) -> list[date]:
        """Answer the days of a period on which the journal was not yet the pupil's, or not for the time being."""
        days = [first + number * ONE_DAY for number in range((last - first).days + 1)]
        own = {day for day in days if self.stay(day) is not None}
        return [day for day in days if own and day not in own and day < max(own)]


def _others(context: Context, own: _Place, days: list[date]) -> Iterator[tuple[str, JournalOpened]]:
    """Find the other journals of the subject and year in whose class or group the pupil was on one of the days.

    There are no such days for nearly everybody, and then nothing is looked for.
    """
    if not days:
        return
    stays = (*own.memberships.classes, *own.memberships.groups)
    places = {stay.where for stay in stays if stay.starts <= days[-1] and (stay.ends is None or stay.ends > days[0])}
    subject_and_year = own.opened.subject, own.opened.year

    def is_another(state: JournalState) -> bool:
        opened = state.opened
        return opened is not None and opened.group in places and (opened.subject, opened.year) == subject_and_year

    for journal, state in sorted(context.load_all(JournalState, "journal", is_another).items()):
        if state.opened is not None and journal != own.journal:
            yield journal, state.opened


def _lessons(context: Context, place: _Place, first: date, last: date) -> list[tuple[date, LessonState]]:
    journal_id, journal, _ = place
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
