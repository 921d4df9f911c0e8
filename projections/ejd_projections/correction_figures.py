"""What the audit works out of each correction when it is asked: direction, window, time against lesson and period.

Pure; it knows the regulations by date, the grading systems, the calendars and the school's time zone.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

import sqlalchemy as sa

from ejd.kernel.calendar import Calendar, calendar_from_json, local_day, microseconds_at
from ejd.kernel.events.school import GradeValue, GradingSystem, Regulation
from ejd.kernel.policies import deadline, grade_value
from ejd_projections.school_catalogue import (
    kinds_of_work,
    regulation_on,
    regulations_by_start,
    school,
    systems_of_grading,
    years,
)

Direction = Literal["up", "down"]
WindowSide = Literal["inside", "outside"]

HOUR_MICROSECONDS = 3_600_000_000
MINUTES_OF_A_DAY = 1_440


class Where(NamedTuple):
    """What is corrected, as far as figures need it; `day` is where the lesson takes place, "" for a final mark."""

    kind: str
    year: str
    scheme: str
    bells: str
    grading_system: str
    day: str
    slot: int
    period: str
    work: str


class Figures(NamedTuple):
    """`deadline` ends the window (microseconds UTC, exclusive). None: there is no such figure.

    `hours_after_lesson` are whole hours since the end of the lesson by the bells, below 0 before it.
    `days_after_period_end` counts from the last day of the grading period: 0 on it, below 0 before it.
    """

    direction: Direction | None
    window: WindowSide | None
    deadline: int | None
    hours_after_lesson: int | None
    days_after_period_end: int | None


class Judge:
    """Keeps what was once worked out for a day or a value: a list has many corrections of few days."""

    def __init__(
        self,
        timezone: str,
        adopted: list[tuple[str, Regulation]],
        systems: dict[str, GradingSystem],
        calendars: dict[str, Calendar],
        written: frozenset[str],
    ) -> None:
        """`written` are the codes of kinds of written work."""
        self.timezone = timezone
        self.calendars = calendars
        self._adopted = adopted
        self._systems = systems
        self._written = written
        self._deadlines: dict[tuple[str, str, bool], int] = {}
        self._directions: dict[tuple[str, str, str], Direction | None] = {}
        self._ends: dict[tuple[str, str, str, str], date | None] = {}
        self._bells: dict[tuple[str, str, str, int], int | None] = {}

    def figures(self, where: Where, old: str, new: str, recorded_at: int) -> Figures:
        """Answer what is to be said of a correction recorded then."""
        end = self.period_end(where)
        day = where.day or (end.isoformat() if end else "")
        until = self.window_end(where.kind, day, where.work) if day else None
        lesson_end = self.lesson_end(where)
        marks = where.kind in {"mark", "final-mark"} and old and new
        return Figures(
            direction=self.direction(where.grading_system, old, new) if marks else None,
            window=None if until is None else "inside" if recorded_at < until else "outside",
            deadline=until,
            hours_after_lesson=None if lesson_end is None else (recorded_at - lesson_end) // HOUR_MICROSECONDS,
            days_after_period_end=None if end is None else (local_day(recorded_at, self.timezone) - end).days,
        )

    def window_end(self, kind: str, day: str, work: str) -> int:
        """Answer when free correction ends: by the regulation that counts on the day (rules.md, journals)."""
        key = kind, day, work in self._written
        found = self._deadlines.get(key)
        if found is None:
            days = window_days(regulation_on(self._adopted, day), kind, written=key[2])
            found = self._deadlines[key] = deadline(date.fromisoformat(day), days, self.timezone)
        return found

    def direction(self, system: str, old: str, new: str) -> Direction | None:
        """Answer whether the new value is higher or lower; None when the values cannot be compared, or are alike."""
        key = system, old, new
        if key not in self._directions:
            self._directions[key] = _direction(self._systems.get(system), old, new)
        return self._directions[key]

    def period_end(self, where: Where) -> date | None:
        """Answer the last day of the grading period that a lesson takes place in, or a final mark is of."""
        key = where.year, where.scheme, where.day, where.period
        if key not in self._ends:
            self._ends[key] = self._period_end(where)
        return self._ends[key]

    def _period_end(self, where: Where) -> date | None:
        calendar = self.calendars.get(where.year)
        if calendar is None:
            return None
        if where.day:
            period = calendar.period(where.scheme, date.fromisoformat(where.day))
        else:
            period = calendar.period_by_code(where.period)
            if period is None:  # year, exam, overall
                return calendar.data.last_day
        return None if period is None else period.last_day

    def lesson_end(self, where: Where) -> int | None:
        """Answer when the lesson ends by the bells; without bells when its day does. None for a final mark."""
        if not where.day:
            return None
        key = where.year, where.bells, where.day, where.slot
        if key not in self._bells:
            calendar = self.calendars.get(where.year)
            bell = calendar.bell(where.bells, where.slot) if calendar else None
            minutes = bell.ends if bell else MINUTES_OF_A_DAY
            self._bells[key] = microseconds_at(date.fromisoformat(where.day), minutes, self.timezone)
        return self._bells[key]

    def is_school_day(self, day: date) -> bool:
        """Say whether any grade has lessons on a date, in any year that has it."""
        return any(
            calendar.cycle_day(day, grade) is not None for calendar in self.calendars.values() for grade in GRADES
        )


GRADES = range(14)
"""A break may be for some grades only; 0 says that a class has no grade."""


def window_days(regulation: Regulation, kind: str, *, written: bool) -> int:
    """Answer for how many days a record of this kind is corrected freely; moving goes with substitution."""
    windows = {
        "topic": regulation.topic_window_days,
        "homework": regulation.homework_window_days,
        "attendance": regulation.attendance_window_days,
        "mark": regulation.written_work_window_days if written else regulation.mark_window_days,
        "final-mark": regulation.final_mark_window_days,
    }
    return windows.get(kind, regulation.substitution_window_days)


def _direction(system: GradingSystem | None, old: str, new: str) -> Direction | None:
    if system is None:
        return None
    before, after = grade_value(system, old), grade_value(system, new)
    if before is None or after is None:
        return None
    pair = _compared(before, after)
    if pair is None or pair[0] == pair[1]:
        return None
    return "up" if pair[1] > pair[0] else "down"


def _compared(before: GradeValue, after: GradeValue) -> tuple[int, int] | None:
    if before.points is not None and after.points is not None:
        return before.points, after.points
    if before.level is not None and after.level is not None:
        return before.level, after.level
    return None


def judge_of(c: sa.Connection) -> Judge:
    """Answer a judge who knows this school."""
    opened = school(c)
    return Judge(
        timezone=opened.timezone if opened else "UTC",
        adopted=regulations_by_start(c),
        systems=systems_of_grading(c),
        calendars={year.id: calendar_from_json(year.calendar) for year in years(c)},
        written=frozenset(code for code, kind in kinds_of_work(c).items() if kind.written),
    )
