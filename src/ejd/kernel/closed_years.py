"""A closed academic year is read-only for everybody (G7): what an event writes into, and the refusal."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ejd.kernel.command import WrongState
from ejd.kernel.events import acknowledgements as k
from ejd.kernel.events import corrections as c
from ejd.kernel.events import curricula as u
from ejd.kernel.events import imports as i
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import year as y
from ejd.kernel.spells import FOREVER, segments
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.imports import ImportState
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.kernel.command import Context
    from ejd.kernel.event import Event

OF_YEAR = (
    y.AcademicYearOpened,
    y.CycleDefined,
    y.GradingPeriodsDefined,
    y.BreaksDefined,
    y.HolidaysDefined,
    y.BellScheduleDefined,
    y.ReadinessDateSet,
    y.PeriodClosed,
    y.PeriodReopened,
)
"""In the year's own stream."""
OF_JOURNAL = (j.TeacherAssigned, j.TeacherUnassigned, j.ThematicPlanAdopted, j.ThematicPlanRevised)
"""In a journal's own stream; others name their journal."""
OF_CLASS = (j.ClassTeacherAppointed, u.CurriculumAssigned)
"""In a class's own stream."""
BESIDE_THE_YEAR = (k.PeriodMarksAcknowledged,)
"""Names a year, and writes what a parent has read, not what the school recorded."""


class YearIsClosed(WrongState):
    """The academic year is closed: nothing of it is written any more."""


def check_open(context: Context, stream: str, event: Event) -> None:
    """Raise YearIsClosed when the event would write into a closed year; markers of breaches are never asked about."""
    for year in years_written(context, stream, event):
        check_year(context.load(YearState, year))


def check_year(year: YearState) -> None:
    """Raise YearIsClosed; a command asks before it looks at what an open year would still refuse."""
    if year.shut:
        msg = (
            f"the academic year {year.data.name} is closed and can only be read: ask the head to reopen it with "
            "reopen-academic-year, with the reason"
        )
        raise YearIsClosed(msg, field="year")


def years_written(context: Context, stream: str, event: Event) -> Iterator[str]:
    """Answer the academic years that an event in a stream belongs to; none: it is of no year."""
    named: str = getattr(event, "year", "")
    journal: str = getattr(event, "journal", "")
    if isinstance(event, OF_YEAR):
        yield stream
    elif journal or isinstance(event, OF_JOURNAL):
        yield from _of_journal(context, journal or stream)
    elif named:
        if not isinstance(event, BESIDE_THE_YEAR):
            yield named
    elif isinstance(event, OF_CLASS):
        yield from _of_class(context, stream)
    elif isinstance(event, c.CorrectionApproved):
        asked = context.load(CorrectionState, stream).requested
        if asked is not None:
            yield from _of_journal(context, asked.journal)
    elif isinstance(event, i.ImportUndone):
        yield from (one.year for one in context.load(ImportState, stream).begun if one.year)
    else:
        yield from _of_pupil(context, stream, event)


def _of_journal(context: Context, journal: str) -> Iterator[str]:
    opened = context.load(JournalState, journal).opened
    if opened is not None:
        yield opened.year


def _of_class(context: Context, class_id: str) -> Iterator[str]:
    formed = context.load(ClassState, class_id).formed
    if formed is not None:
        yield formed.year


def _of_pupil(context: Context, stream: str, event: Event) -> Iterator[str]:
    """Answer the years whose days a movement changes: a class that goes on after its year is over is of that year."""
    match event:
        case p.PupilEnrolled():
            yield from _days_of_class(context, event.class_id, event.enrolled_on)
        case p.PupilTransferred():
            yield from _days_of_class(context, event.new_class, event.transferred_on)
        case p.PupilReturned():
            yield from _days_of_class(context, event.class_id, event.returned_on)
            yield from _class_then(context, stream, event.returned_on)
        case p.GroupJoined():
            yield from _days_of_group(context, event.group, event.joined_on)
        case p.GroupLeft():
            yield from _days_of_group(context, event.group, event.left_on)
        case p.ClassStaysCorrected() | p.GroupStaysCorrected():
            yield from _corrected(context, event)
        case _:
            yield from _on_a_day(context, stream, event)


def _on_a_day(context: Context, stream: str, event: Event) -> Iterator[str]:
    match event:
        case p.PupilLeft():
            yield from _class_then(context, stream, event.left_on)
        case p.IndividualPlanSet() | u.PupilCurriculumAssigned():
            yield from _class_by_then(context, stream, event.starts)
        case p.IndividualPlanEnded() | u.PupilCurriculumEnded():
            yield from _class_by_then(context, stream, event.ends)
        case _:
            pass


def _corrected(context: Context, event: p.ClassStaysCorrected | p.GroupStaysCorrected) -> Iterator[str]:
    of_place = _days_of_class if isinstance(event, p.ClassStaysCorrected) else _days_of_group
    for days in segments(event.old, event.new):
        if days.old != days.new:
            for place in sorted({days.old, days.new} - {""}):
                yield from of_place(context, place, days.starts, days.ends)


def _class_then(context: Context, pupil: str, day: date) -> Iterator[str]:
    stay = context.load(PupilState, pupil).memberships.class_on(day)
    if stay is not None:
        yield from _days_of_class(context, stay.where, day)


def _class_by_then(context: Context, pupil: str, day: date) -> Iterator[str]:
    """Answer the year of the class on a day, or of the one that the pupil had left by then."""
    stays = [stay for stay in context.load(PupilState, pupil).memberships.classes if stay.starts <= day]
    if stays:
        last = max(stays, key=lambda stay: stay.starts)
        yield from _days_of_class(context, last.where, day)


def _days_of_class(context: Context, class_id: str, first: date, end: date = FOREVER) -> Iterator[str]:
    for year in _of_class(context, class_id):
        yield from _touched(context, year, first, end)


def _days_of_group(context: Context, group: str, first: date, end: date = FOREVER) -> Iterator[str]:
    formed = context.load(GroupState, group).formed
    if formed is not None:
        yield from _touched(context, formed.year, first, end)


def _touched(context: Context, year: str, first: date, end: date) -> Iterator[str]:
    """Answer the year when days from `first` to `end` (not included) are among its own."""
    data = context.load(YearState, year).data
    if data.first_day is not None and data.last_day is not None and first <= data.last_day and end > data.first_day:
        yield year
