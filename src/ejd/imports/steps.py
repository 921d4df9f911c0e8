"""A timetable file becomes commands, in the order in which each finds what it builds on."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from ejd.imports.ground import Ground, Step
from ejd.imports.safe_xml import ImportRefused, shown
from ejd.imports.teaching_plan import INDIVIDUAL_CLASS, GroupPlan, TaughtJournal, Teaching
from ejd.imports.timetable_file import SchoolClass, TimetableFile
from ejd.imports.titles import distinct_titles, grade_of, person_name, title
from ejd.imports.year_plan import HALF_YEARS, PlannedCycle, bells_of, cycle_of, half_years, numbers_in
from ejd.kernel.due import schedule_on
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.people import PupilState, StaffState, stay_on
from ejd.kernel.states.school import TimetableState, YearState
from ejd.kernel.states.teaching import JournalState
from ejd_commands.classes import FormClass, FormTeachingGroup
from ejd_commands.journals import HOURS_PER_WEEK_MAX, AssignTeacher, OpenJournal, UnassignTeacher
from ejd_commands.movement import JoinGroup, LeaveGroup, TransferPupil
from ejd_commands.people import EmployStaffMember, EnrolPupil
from ejd_commands.school import CAPACITY_MAX, DefineRoom, DefineSubject
from ejd_commands.timetable import ScheduleEntryPart, ScheduleJournal
from ejd_commands.years import DefineBellSchedule, DefineCycle, DefineGradingPeriods, OpenAcademicYear

__all__ = ["Term", "steps_of"]

POSITION: Final = "учитель"
WEEK_DAYS_MIN: Final = 5


class Term(NamedTuple):
    """The academic year that the file is for, and the day from which the file counts in it."""

    year_name: str
    first_day: date
    last_day: date
    starts: date


def steps_of(ground: Ground, file: TimetableFile, teaching: Teaching, term: Term) -> "_Steps":
    """Return the steps, to be gone through once; raises ImportRefused where the year does not fit the file."""
    return _Steps(ground, file, teaching, term)


class _Steps:
    def __init__(self, ground: Ground, file: TimetableFile, teaching: Teaching, term: Term) -> None:
        self._ground, self._file, self._teaching, self._term = ground, file, teaching, term
        self.notes: list[str] = []
        self._year_name = title(term.year_name)
        self._year = ground.named("year", "year", self._year_name, ground.source.entity("year", self._year_name))
        self._data = ground.load(YearState, self._year).data
        self._check_days()
        self._cycle = cycle_of(file)
        self._numbers = self._day_numbers()
        self._scheme = HALF_YEARS if HALF_YEARS in (*self._data.schemes, HALF_YEARS)[:1] else next(iter(self._data.schemes))
        self._ids: dict[tuple[str, ...], str] = {}
        self._subject_titles = distinct_titles(file.subjects)
        self._class_titles = distinct_titles((*file.classes, INDIVIDUAL_CLASS))
