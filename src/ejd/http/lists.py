"""Lists of the school that are looked up or printed: people, teaching loads, the timetable as a grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ejd.http.asking import Asking, Limit, Offset, told
from ejd.http.choosing import OfWhom, WhomParameters, YearParameters, allowed_journals, check_there, year_of
from ejd.http.downloads import DownloadParameters
from ejd.kernel.command import NotAllowed
from ejd_commands.fields import Day, Id
from ejd_projections.journal_catalogue import ClassRow, class_teachers_on, classes_by_name, teachers_of
from ejd_projections.memberships import class_members_on
from ejd_projections.people import PersonRow, guardianships_on, people_by_id, people_of_kind
from ejd_projections.period import Selection
from ejd_projections.positions import position_on, positions_of
from ejd_projections.school_catalogue import Year
from ejd_projections.timetable_grid import WEEK_DAYS, TimetableGrid, cycle_grid, week_grid

PersonKind: TypeAlias = Literal["pupil", "staff", "guardian"]
PEOPLE_LIMIT = 500
LOADS_LIMIT = 1_000


@dataclass(slots=True)
class Tie:
    """Whom a guardian acts for, or who acts for a pupil; `relation` is a word such as mother."""

    person: str
    name: str
    relation: str


@dataclass(slots=True)
class Person:
    """One person; what does not apply, or was erased, is empty.

    `class_id` is where a pupil is on the day, or of which class (the first of several) somebody is class teacher.
    `ties` are a pupil's guardians, or the pupils a guardian acts for, on the day.
    """

    id: str
    name: str
    family: str
    given: str
    middle: str
    birth_date: str
    position: str
    employed_on: str | None
    left_on: str | None
    email: str
    phone: str
    class_id: str
    class_name: str
    ties: list[Tie]


@dataclass(slots=True)
class People:
    """A page of the `total` persons of a kind in the order of the alphabet, pupils by class first; on a day."""

    kind: PersonKind
    day: str
    total: int
    people: list[Person]


class PeopleParameters(YearParameters, DownloadParameters):
    """Who is listed, and on which day."""

    kind: Annotated[PersonKind, Field(description="Pupils, staff, or guardians.")] = "pupil"
    class_id: Annotated[
        Id | None, Field(alias="class", description="Pupils of a class, their guardians, or its class teacher.")
    ] = None
    day: Annotated[Day | None, Field(alias="on", description="Who is in a class on this day; today by default.")] = None
    limit: Limit = PEOPLE_LIMIT
    offset: Offset = 0


@told
def people(asking: Asking, query: PeopleParameters) -> People:
    """Pupils with class and guardians, staff with positions, guardians with contacts (п. 5, 6).

    The administration and API clients see everybody, a class teacher the own class.
    """
    day = query.day.isoformat() if query.day else asking.today
    year = year_of(asking, query).id
    asking.ground.people("pupil", "staff", "guardian")
    asking.ground.classes(year)
    check_there(asking, OfWhom.model_validate({"class": query.class_id}))
    if not asking.sight.whole_class(query.class_id or ""):
        raise NotAllowed("these people are not of your class: name your class, or ask the administration")
    found = _FINDERS[query.kind](asking, year, query.class_id, day)
    return People(query.kind, day, len(found), found[query.offset : query.offset + query.limit])


def _pupils(asking: Asking, year: str, class_id: str | None, day: str) -> list[Person]:
    c = asking.c
    classes = {row.stream: row for row in classes_by_name(c, year=year)}
    class_of = {one.pupil: one.class_id for one in class_members_on(c, day=day, classes=classes)}
    rows = [row for row in people_of_kind(c, "pupil") if class_id in {None, class_of.get(row.stream)}]
    ties: dict[str, list[Tie]] = {}
    acting = guardianships_on(c, day)
    known = {row.stream: row.full() for row in people_of_kind(c, "guardian")}
    for one in acting:
        ties.setdefault(one.pupil, []).append(Tie(one.stream, known.get(one.stream, ""), one.relation))

    def place(row: PersonRow) -> tuple[bool, str, str, str]:
        own = classes.get(class_of.get(row.stream, ""))
        return own is None, own.sort_key if own else "", row.sort_key, row.stream

    found = []
    for row in sorted(rows, key=place):
        own = classes.get(class_of.get(row.stream, ""))
        found.append(_person(row, own.stream if own else "", own.name if own else "", ties.get(row.stream, [])))
    return found


def _staff(asking: Asking, year: str, class_id: str | None, day: str) -> list[Person]:
    classes = classes_by_name(asking.c, year=year)
    teachers = class_teachers_on(asking.c, [row.stream for row in classes], day)
    headed: dict[str, list[ClassRow]] = {}
    for row in classes:
        headed.setdefault(teachers.get(row.stream, ""), []).append(row)
    posts = positions_of(asking.c)
    found = []
    for person in people_of_kind(asking.c, "staff"):
        own = headed.get(person.stream, [])
        if class_id is None or class_id in {row.stream for row in own}:
            first = own[0].stream if own else ""
            held = position_on(posts.get(person.stream, []), day, person.left_on)
            found.append(_person(person, first, ", ".join(row.name for row in own), [], held))
    return found


def _guardians(asking: Asking, year: str, class_id: str | None, day: str) -> list[Person]:
    classes = [row.stream for row in classes_by_name(asking.c, year=year)]
    class_of = {one.pupil: one.class_id for one in class_members_on(asking.c, day=day, classes=classes)}
    known = {row.stream: row.full() for row in people_of_kind(asking.c, "pupil")}
    ties: dict[str, list[Tie]] = {}
    for one in guardianships_on(asking.c, day):
        if class_id in {None, class_of.get(one.pupil)}:
            ties.setdefault(one.stream, []).append(Tie(one.pupil, known.get(one.pupil, ""), one.relation))
    return [
        _person(row, "", "", ties.get(row.stream, []))
        for row in people_of_kind(asking.c, "guardian")
        if class_id is None or row.stream in ties
    ]


_FINDERS = {"pupil": _pupils, "staff": _staff, "guardian": _guardians}


def _person(row: PersonRow, class_id: str, class_name: str, ties: list[Tie], position: str = "") -> Person:
    return Person(
        id=row.stream,
        name=row.full(),
        family=row.family,
        given=row.given,
        middle=row.middle,
        birth_date=row.birth_date,
        position=position,
        employed_on=row.employed_on,
        left_on=row.left_on,
        email=row.email,
        phone=row.phone,
        class_id=class_id,
        class_name=class_name,
        ties=sorted(ties, key=lambda one: (one.name, one.person)),
    )


@dataclass(slots=True)
class Load:
    """A teacher teaches a journal from a day to a day, both included (None: still), so many hours a week."""

    staff: str
    name: str
    journal: str
    journal_name: str
    subject_name: str
    group_name: str
    grade: int
    starts: str
    ends: str | None
    hours_per_week: int | None


@dataclass(slots=True)
class Loads:
    """A page of the `total` loads by teacher and journal; `hours_per_week` adds up all that count on the day."""

    year: str
    day: str
    total: int
    hours_per_week: int
    loads: list[Load]


class LoadsParameters(WhomParameters, DownloadParameters):
    """By class, group, subject, teacher."""

    limit: Limit = LOADS_LIMIT
    offset: Offset = 0


@told
def loads(asking: Asking, query: LoadsParameters) -> Loads:
    """Teaching loads of a year (C4): teacher × journal × hours, from when to when; a teacher sees the own journals'."""
    year = year_of(asking, query)
    days = Selection(year.id, year.first_day, year.last_day, "", "", year.name)
    journals = allowed_journals(asking, query, days).journals
    by_journal = teachers_of(asking.c, [one.id for one in journals])
    rows = [
        Load(
            staff=one.staff,
            name=one.name,
            journal=journal.id,
            journal_name=journal.name,
            subject_name=journal.subject_name,
            group_name=journal.group_name,
            grade=journal.grade,
            starts=one.starts,
            ends=one.ends,
            hours_per_week=one.hours_per_week,
        )
        for journal in journals
        for one in by_journal.get(journal.id, ())
        if query.teacher in {None, one.staff}
    ]
    people = people_by_id(asking.c, {one.staff for one in rows})
    order = {journal.id: place for place, journal in enumerate(journals)}
    rows.sort(
        key=lambda one: (people[one.staff].sort_key if one.staff in people else "", one.staff, order[one.journal])
    )
    day = _day_in(year, asking.today)
    now = sum(one.hours_per_week or 0 for one in rows if one.starts <= day and (one.ends is None or one.ends >= day))
    return Loads(year.id, day, len(rows), now, rows[query.offset : query.offset + query.limit])


class GridParameters(WhomParameters, DownloadParameters):
    """The cycle as it is planned, or a week as it really is."""

    show: Annotated[
        Literal["cycle", "week"],
        Field(description="cycle: the timetable as it counts on the day; week: what takes place in the day's week."),
    ] = "cycle"
    day: Annotated[Day | None, Field(alias="on", description="The day; today, or the year's nearest, by default.")] = (
        None
    )


@told
def timetable_grid(asking: Asking, query: GridParameters) -> TimetableGrid:
    """The timetable as it hangs on the wall (C5): days and slots down, classes across, groups side by side in a cell.

    In a week moved lessons stand where they take place, substitutes where they teach, cancelled ones are said.
    """
    year = year_of(asking, query)
    day = _day_in(year, query.day.isoformat() if query.day else asking.today)
    days = Selection(year.id, day, day, "", "", "")
    if query.show == "week":
        days = Selection(year.id, *_week(day), "", "", "")
    allowed = allowed_journals(asking, query, days)
    asking.ground.people("staff")
    asking.ground.timetable_lessons(allowed.ids, (days.first, days.last), year.id)
    grid = cycle_grid if query.show == "cycle" else week_grid
    return grid(asking.c, year, allowed.journals, day=day, class_id=query.class_id)


def _day_in(year: Year, day: str) -> str:
    return min(max(day, year.first_day), year.last_day)


def _week(day: str) -> tuple[str, str]:
    chosen = date.fromisoformat(day)
    monday = chosen - timedelta(days=chosen.weekday())
    return monday.isoformat(), (monday + timedelta(days=WEEK_DAYS - 1)).isoformat()
