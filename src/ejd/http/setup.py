"""Where a client finds ids: the school with its years, classes with groups, journals with teachers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from pydantic import Field

from ejd.http.asking import Asking, Limit, Offset, ReportParameters, told
from ejd.http.choosing import WhomParameters, YearParameters, allowed_journals, year_of
from ejd.http.downloads import DownloadParameters, FileReportParameters
from ejd.http.problems import NotThere
from ejd_commands.fields import Day, Id
from ejd_projections.journal_catalogue import (
    Journal,
    Teacher,
    class_teachers_on,
    classes_by_name,
    groups_by_name,
    teachers_of,
)
from ejd_projections.people import names
from ejd_projections.people import staff as staff_by_name
from ejd_projections.period import Selection
from ejd_projections.positions import position_on, positions_of
from ejd_projections.qualifications import Qualification, qualifications_of
from ejd_projections.school_catalogue import Period, kinds_of_work, subjects_by_name, systems_of_grading, years

JOURNALS_LIMIT = 200
STAFF_LIMIT = 200


@dataclass(slots=True)
class AcademicYear:
    """An academic year with the grading periods of all its schemes."""

    id: str
    name: str
    first_day: str
    last_day: str
    periods: list[Period]


@dataclass(slots=True)
class Subject:
    """A subject of the school's list."""

    id: str
    name: str
    short: str


@dataclass(slots=True)
class WorkKind:
    """A kind of marked work; the weight is in hundredths of an ordinary mark."""

    code: str
    name: str
    weight: int
    written: bool


@dataclass(slots=True)
class SchoolPicture:
    """The school: `today` is the day that it is there."""

    name: str
    timezone: str
    today: str
    years: list[AcademicYear]
    subjects: list[Subject]
    work_kinds: list[WorkKind]
    grading_systems: list[str]


@told
def school(asking: Asking, _query: ReportParameters) -> SchoolPicture:
    """The school with its academic years, grading periods, subjects, kinds of work and grading systems."""
    c = asking.c
    asking.ground.subjects()
    return SchoolPicture(
        name=asking.school.name,
        timezone=asking.school.timezone,
        today=asking.today,
        years=[AcademicYear(one.id, one.name, one.first_day, one.last_day, one.periods) for one in years(c)],
        subjects=[Subject(row.stream, row.name, row.short) for row in subjects_by_name(c)],
        work_kinds=[WorkKind(row.code, row.name, row.weight, row.written) for row in kinds_of_work(c).values()],
        grading_systems=sorted(systems_of_grading(c)),
    )


@dataclass(slots=True)
class QualifiedSubject:
    """A subject that somebody may teach."""

    id: str
    name: str


@dataclass(slots=True)
class HeldPosition:
    """A position with the day from which it is held, until the next one."""

    position: str
    starts: str


@dataclass(slots=True)
class StaffMember:
    """Somebody who works or worked here, `left_on` included (None: still).

    `position` is that of the day, `positions` all of them in order of time. The category is none, suitable, first or
    highest.
    """

    id: str
    name: str
    position: str
    positions: list[HeldPosition]
    employed_on: str | None
    left_on: str | None
    category: str
    subjects: list[QualifiedSubject]


@dataclass(slots=True)
class Staff:
    """A page of the `total` members of staff, in the order of the alphabet."""

    total: int
    staff: list[StaffMember]


class StaffParameters(FileReportParameters):
    """All of them, or those who may teach a subject; with the positions of a day."""

    subject: Annotated[Id | None, Field(description="Who is qualified to teach this subject.")] = None
    day: Annotated[Day | None, Field(description="The day of the positions; today by default.")] = None
    limit: Limit = STAFF_LIMIT
    offset: Offset = 0


@told
def staff(asking: Asking, query: StaffParameters) -> Staff:
    """Members of staff with positions by date, employment and what they are qualified to teach (C2)."""
    c = asking.c
    asking.ground.staff()
    names_of = {row.stream: row.name for row in subjects_by_name(c)}
    if query.subject is not None and query.subject not in names_of:
        raise NotThere("there is no such subject: look it up in GET /api/v1/school", field="subject")
    qualified = qualifications_of(c)
    nothing = Qualification([], "none")
    posts = positions_of(c)
    day = asking.today if query.day is None else query.day.isoformat()
    people = [
        row
        for row in staff_by_name(c)
        if query.subject is None or query.subject in qualified.get(row.stream, nothing).subjects
    ]
    return Staff(
        total=len(people),
        staff=[
            StaffMember(
                id=row.stream,
                name=row.full(),
                position=position_on(posts.get(row.stream, []), day, row.left_on),
                positions=[HeldPosition(one.position, one.starts) for one in posts.get(row.stream, [])],
                employed_on=row.employed_on,
                left_on=row.left_on,
                category=qualified.get(row.stream, nothing).category,
                subjects=[
                    QualifiedSubject(one, names_of.get(one, "")) for one in qualified.get(row.stream, nothing).subjects
                ],
            )
            for row in people[query.offset : query.offset + query.limit]
        ],
    )


@dataclass(slots=True)
class SchoolClass:
    """A class; the class teacher is that of today, "" where there is none."""

    id: str
    name: str
    grade: int
    scheme: str
    week_days: int
    grading_system: str
    class_teacher: str
    class_teacher_name: str


@dataclass(slots=True)
class TeachingGroup:
    """A teaching group over one or several classes."""

    id: str
    name: str
    kind: str
    classes: list[str]


@dataclass(slots=True)
class Classes:
    """The classes of a year by grade and letter, and its teaching groups by name."""

    year: str
    year_name: str
    classes: list[SchoolClass]
    groups: list[TeachingGroup]


class ClassesParameters(YearParameters, DownloadParameters):
    """Of a year."""


@told
def classes(asking: Asking, query: ClassesParameters) -> Classes:
    """Classes of a year with their class teachers, and its teaching groups."""
    c, year = asking.c, year_of(asking, query)
    asking.ground.classes(year.id)
    rows = classes_by_name(c, year=year.id)
    teachers = class_teachers_on(c, [row.stream for row in rows], asking.today)
    people = names(c, set(teachers.values()))
    return Classes(
        year=year.id,
        year_name=year.name,
        classes=[
            SchoolClass(
                id=row.stream,
                name=row.name,
                grade=row.grade,
                scheme=row.scheme,
                week_days=row.week_days,
                grading_system=row.grading_system,
                class_teacher=teachers.get(row.stream, ""),
                class_teacher_name=people.get(teachers.get(row.stream, ""), ""),
            )
            for row in rows
        ],
        groups=[
            TeachingGroup(row.stream, row.name, row.kind, msgspec.json.decode(row.classes, type=list[str]))
            for row in groups_by_name(c, year=year.id)
        ],
    )


@dataclass(slots=True)
class JournalWithTeachers:
    """A journal with the loads of the year."""

    journal: Journal
    teachers: list[Teacher]


@dataclass(slots=True)
class Journals:
    """A page of the `total` journals that may be seen, by grade and name."""

    year: str
    total: int
    journals: list[JournalWithTeachers]


class JournalsParameters(WhomParameters, DownloadParameters):
    """By class, group, subject, teacher, pupil."""

    limit: Limit = JOURNALS_LIMIT
    offset: Offset = 0


@told
def journals(asking: Asking, query: JournalsParameters) -> Journals:
    """Journals of a year with their teachers: to a teacher those that he or she may see, to a parent the child's."""
    year = year_of(asking, query)
    days = Selection(year.id, year.first_day, year.last_day, "", "", year.name)
    found = allowed_journals(asking, query, days).journals
    page = found[query.offset : query.offset + query.limit]
    teachers = teachers_of(asking.c, [one.id for one in page])
    return Journals(
        year=year.id,
        total=len(found),
        journals=[JournalWithTeachers(one, teachers.get(one.id, [])) for one in page],
    )
