"""The next year opened from this one (G7): proposed as ordinary commands, to be looked at, changed and sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid5

from ejd.http.asking import Asking, QuestionParameters
from ejd.http.choosing import OfYear, year_of
from ejd.http.contract import SchoolService
from ejd.kernel.calendar import CalendarData, calendar_from_json
from ejd.kernel.ids import NAMESPACE
from ejd.kernel.production import shipped
from ejd.kernel.states.school import YearState
from ejd_projections.curricula import Curriculum, curricula_of_classes, curricula_of_year
from ejd_projections.journal_catalogue import ClassRow, class_teachers_on, classes_by_name
from ejd_projections.memberships import class_members_on
from ejd_projections.people import people_by_id
from ejd_projections.school_catalogue import Year

LAST_GRADE = 11
FEBRUARY_28 = 28
UNMARKED = "unmarked"


@dataclass(slots=True)
class ProposedCommand:
    """One command with its body, to be sent as it is or changed; they build on one another in this order."""

    command: str
    body: dict[str, Any]


@dataclass(slots=True)
class NextYear:
    """What opens the next year: its id and name are in the first command."""

    year: str
    year_name: str
    next_year: str
    next_year_name: str
    commands: list[ProposedCommand]


class NextYearParameters(OfYear, QuestionParameters):
    """From which year."""


def next_year(school: SchoolService, asking: Asking, query: NextYearParameters) -> NextYear:
    """The next year proposed from this one, as commands (G7, п. 16); nothing is written.

    Cycle and bells, periods and breaks a year later, holidays of the official calendar, curricula, classes a grade
    higher with their teachers, and how the pupils go on.

    Breaks of single classes, groups, journals and the timetable are left to the school. Pupils of grade 11 graduate;
    who leaves after grade 9, repeats, or is promoted on terms, the school moves to the right list of `promote-class`.
    """
    year = year_of(asking, query)
    found = _Proposal(asking, year, school.states.fresh(YearState, year.id).bell_names)
    return NextYear(
        year=year.id,
        year_name=year.name,
        next_year=found.id_of("year"),
        next_year_name=later_name(year.name),
        commands=[ProposedCommand(name, body) for name, body in found.commands()],
    )


def later(day: date) -> date:
    """Answer the same day a year later, 28 February for the 29th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, day.month, FEBRUARY_28)


def later_name(name: str) -> str:
    """Answer 2026/27 for 2025/26: every number one higher, in as many digits."""
    return re.sub(r"[0-9]+", lambda found: f"{int(found[0]) + 1:0{len(found[0])}d}"[-len(found[0]) :], name)


def grown_name(row: ClassRow) -> str:
    """Answer 9А for 8А; a name that does not begin with the grade stays as it is."""
    grade = str(row.grade)
    return f"{row.grade + 1}{row.name[len(grade) :]}" if row.name.startswith(grade) else row.name


class _Proposal:
    """The commands in the order in which they can be sent."""

    def __init__(self, asking: Asking, year: Year, bell_names: dict[str, str]) -> None:
        """Read what the year has."""
        c = asking.c
        self.year, self.bell_names = year, bell_names
        self.data: CalendarData = calendar_from_json(year.calendar).data
        self.classes = classes_by_name(c, year=year.id)
        ids = [row.stream for row in self.classes]
        self.teachers = class_teachers_on(c, ids, year.last_day)
        self.staff = people_by_id(c, set(self.teachers.values()))
        self.members: dict[str, list[str]] = {}
        for one in class_members_on(c, day=year.last_day, classes=ids):
            self.members.setdefault(one.class_id, []).append(one.pupil)
        self.curricula = curricula_of_year(c, year.id)
        self.followed = curricula_of_classes(c, ids, year.last_day) if ids else {}
        self.first_day = later(date.fromisoformat(year.first_day))
        self.last_day = later(date.fromisoformat(year.last_day))

    def id_of(self, what: str) -> str:
        """Answer the id of something of the next year, the same whenever it is proposed: a repeat does nothing."""
        return str(uuid5(NAMESPACE, f"next-year/{self.year.id}/{what}"))

    def commands(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Answer names and bodies."""
        new = self.id_of("year")
        bounds = {"first_day": self.first_day.isoformat(), "last_day": self.last_day.isoformat()}
        yield "open-academic-year", {"year": new, "title": later_name(self.year.name), **bounds}
        for name, body in self._calendar():
            yield name, {"year": new, **body}
        growing = [row for row in self.classes if row.grade < LAST_GRADE]
        for curriculum in self.curricula.values():
            yield "adopt-curriculum", self._curriculum(curriculum)
        for row in growing:
            yield from self._class(row)
        for row in self.classes:
            if self.members.get(row.stream):
                yield "promote-class", self._promotion(row)

    def _calendar(self) -> Iterator[tuple[str, dict[str, Any]]]:
        cycle = self.data.cycle
        if cycle is not None:
            days = [
                {"title": day.name} | ({"weekday": day.weekday, "week": day.week} if cycle.kind == "weekly" else {})
                for day in cycle.days
            ]
            counted = {"weekdays": list(cycle.weekdays)} if cycle.kind == "rolling" else {}
            yield "define-cycle", {"kind": cycle.kind, "days": days, "weeks": cycle.weeks, **counted}
        for scheme, periods in self.data.schemes.items():
            own = [{"code": one.code, "title": one.name, **self._span(one.first_day, one.last_day)} for one in periods]
            yield "define-grading-periods", {"scheme": scheme, "periods": own}
        breaks = [
            {"title": one.name, "grades": list(one.grades), **self._span(one.first_day, one.last_day)}
            for one in self.data.breaks
            if not one.classes
        ]
        yield "define-breaks", {"breaks": breaks}
        for code, bells in self.data.bells.items():
            times = [{"slot": one.slot, "starts": one.starts, "ends": one.ends} for one in bells]
            title = self.bell_names.get(code) or code
            yield "define-bell-schedule", {"code": code, "title": title, "bells": times}
        if cycle is not None and {self.first_day.year, self.last_day.year} <= set(shipped()):
            yield "take-production-calendar", {} if cycle.kind == "weekly" else {"worked": "none"}

    def _span(self, first: date, last: date) -> dict[str, str]:
        return {"first_day": later(first).isoformat(), "last_day": later(last).isoformat()}

    def _class(self, row: ClassRow) -> Iterator[tuple[str, dict[str, Any]]]:
        """Form the class a grade higher, as the classes of that grade are kept now."""
        like = next((one for one in self.classes if one.grade == row.grade + 1), row)
        new = self.id_of(row.stream)
        body = {
            "class_id": new,
            "year": self.id_of("year"),
            "title": grown_name(row),
            "grade": row.grade + 1,
            "scheme": like.scheme,
            "bells": row.bells,
            "week_days": row.week_days,
        }
        if like.grading_system != UNMARKED:
            body["grading_system"] = like.grading_system
        yield "form-class", body
        starts = self.first_day.isoformat()
        followed = self.followed.get(like.stream) if like is not row else None
        if followed in self.curricula:
            assigned = {"class_id": new, "curriculum": self.id_of(followed), "starts": starts}
            yield "assign-curriculum", assigned
        teacher = self.staff.get(self.teachers.get(row.stream, ""))
        if teacher is not None and teacher.left_on is None:
            yield "appoint-class-teacher", {"class_id": new, "staff": teacher.stream, "starts": starts}

    def _curriculum(self, one: Curriculum) -> dict[str, Any]:
        lines = [
            {
                "subject": line.subject,
                "hours_per_week_hundredths": line.hours_per_week_hundredths,
                "hours_per_year": line.hours_per_year,
                "component": line.component,
                "group_kind": line.group_kind,
            }
            for line in one.lines
        ]
        return {
            "curriculum": self.id_of(one.id),
            "year": self.id_of("year"),
            "title": one.name,
            "grades": one.grades,
            "profile": one.profile,
            "weeks": one.weeks,
            "lines": lines,
        }

    def _promotion(self, row: ClassRow) -> dict[str, Any]:
        pupils = sorted(self.members[row.stream])
        if row.grade >= LAST_GRADE:
            left = max(date.fromisoformat(self.year.last_day), date(self.last_day.year - 1, 6, 30))
            on = date.fromordinal(left.toordinal() + 1).isoformat()
            return {"class_id": row.stream, "on": on, "graduated": pupils}
        return {
            "class_id": row.stream,
            "on": self.first_day.isoformat(),
            "new_class": self.id_of(row.stream),
            "promoted": pupils,
        }
