"""Who and what a OneRoster export is of: sessions, users, roles, demographics, classes, enrollments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import sqlalchemy as sa

from ejd.exports.oneroster import OWN, Cell, Row, grade_code
from ejd.kernel.ids import SCHOOL, named
from ejd_projections.account_holders import logins
from ejd_projections.journal_catalogue import (
    ClassRow,
    Journal,
    Teacher,
    class_teachers_on,
    classes_by_name,
    find_journals,
    groups_by_name,
    teachers_of,
)
from ejd_projections.marks_by_lesson import pupils_marked
from ejd_projections.memberships import Member, StayRow, members_of, stays_in
from ejd_projections.people import ERASED, GuardianshipRow, PersonRow, guardianships_within, people_of_kind
from ejd_projections.positions import position_on, positions_of
from ejd_projections.school_catalogue import Year, subjects_by_name

ENDLESS = "9999"
PARENTS: Mapping[str, str] = {"mother": "female", "father": "male"}
"""Relations that a role of OneRoster tells only together with the sex."""
ROLES: Sequence[tuple[str, str]] = (
    ("заместител", "siteAdministrator"),
    ("завуч", "siteAdministrator"),
    ("директор", "principal"),
    ("психолог", "counselor"),
    ("ассистент", "aide"),
)
"""Beginnings of words in a position, the first that fits, with the role; whoever else works here is a teacher."""
HOMEROOM = "Класс"
"""Title of the course that homerooms are of: the standard wants one for every class."""


def of(key: str, *parts: str) -> str:
    """Answer the id of what belongs to something: the same in every export."""
    return named(bytes.fromhex(key.replace("-", "")), "/".join(parts))


def after(day: str | None) -> date | None:
    """Answer the day after a last one: in the standard an end is not included."""
    return None if day is None else date.fromisoformat(day) + timedelta(days=1)


@dataclass
class Roster:
    """Everything of a year that is small enough to be held at once; made by `read_roster`."""

    c: sa.Connection
    year: Year
    day: str
    """On which class teachers are those of their classes."""
    school_name: str
    journals: list[Journal]
    classes: list[ClassRow]
    stays: list[StayRow]
    members: dict[str, list[Member]]
    loads: dict[str, list[Teacher]]
    people: dict[str, PersonRow]
    positions: dict[str, str]
    """Of staff, on the day."""
    guardianships: list[GuardianshipRow]
    logins: dict[str, str]
    subjects: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """Kind of each teaching group."""

    @cached_property
    def terms(self) -> dict[str, list[tuple[str, str, str]]]:
        """By scheme its periods: id, first and last day; a scheme without any has the year as its one term."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for period in self.year.periods:
            key = of(self.year.id, "period", period.code)
            found.setdefault(period.scheme, []).append((key, period.first_day, period.last_day))
        return found

    def terms_of(self, scheme: str) -> list[tuple[str, str, str]]:
        """Answer the terms of a scheme in their order."""
        whole = (of(self.year.id, "term"), self.year.first_day, self.year.last_day)
        return sorted(self.terms.get(scheme, [whole]), key=lambda one: one[1])

    def session_on(self, scheme: str, day: str) -> str:
        """Answer the term that a day lies in, else the last one begun before it, else the first."""
        terms = self.terms_of(scheme)
        begun = [key for key, first, _ in terms if first <= day]
        return begun[-1] if begun else terms[0][0]

    def academic_sessions(self) -> Iterator[Row]:
        """Yield the school year and its terms."""
        year = self.year
        ends_in = date.fromisoformat(year.last_day).year
        span: dict[str, Cell] = {"startDate": date.fromisoformat(year.first_day), "endDate": after(year.last_day)}
        yield year.id, {"title": year.name, "type": "schoolYear", **span, "schoolYear": ends_in}
        count = {scheme: len(found) for scheme, found in self.terms.items()}
        for period in year.periods:
            kind = "semester" if count[period.scheme] == 2 else "term"  # noqa: PLR2004 - two halves
            days = {"startDate": date.fromisoformat(period.first_day), "endDate": after(period.last_day)}
            within: dict[str, Cell] = {"parentSourcedId": year.id, "schoolYear": ends_in}
            own: dict[str, Cell] = {OWN + "scheme": period.scheme, OWN + "code": period.code}
            yield of(year.id, "period", period.code), {"title": period.name, "type": kind, **days, **within, **own}
        if ({row.scheme for row in self.classes} | {one.scheme for one in self.journals}) - count.keys():
            more: dict[str, Cell] = {"parentSourcedId": year.id, "schoolYear": ends_in}
            yield of(year.id, "term"), {"title": year.name, "type": "term", **span, **more}

    def orgs(self) -> Iterator[Row]:
        """Yield the school."""
        yield SCHOOL, {"name": self.school_name, "type": "school"}

    def courses(self) -> Iterator[Row]:
        """Yield a course for each subject that is taught, and the one that homerooms are of."""
        common: dict[str, Cell] = {"schoolYearSourcedId": self.year.id, "orgSourcedId": SCHOOL}
        grades: dict[str, set[int]] = {}
        for one in self.journals:
            grades.setdefault(one.subject, set()).add(one.grade)
        for subject, name in self.subjects.items():
            codes = [code for grade in sorted(grades[subject]) for code in grade_code(grade)]
            yield subject, {"title": name, "grades": codes, **common, "subjects": _listable(name)}
        if self.classes:
            yield of(self.year.id, "homeroom"), {"title": HOMEROOM, **common}

    def all_classes(self) -> Iterator[Row]:
        """Yield homerooms, then journals as scheduled classes."""
        for row in self.classes:
            yield (
                row.stream,
                {
                    "title": row.name,
                    "grades": grade_code(row.grade),
                    "courseSourcedId": of(self.year.id, "homeroom"),
                    "classType": "homeroom",
                    "schoolSourcedId": SCHOOL,
                    "termSourcedIds": [key for key, _, _ in self.terms_of(row.scheme)],
                    OWN + "scheme": row.scheme,
                    OWN + "weekDays": row.week_days,
                },
            )
        named = [one.group_name for one in self.journals if one.group_kind == "group"]
        for one in self.journals:
            alone = one.group_kind == "group" and named.count(one.group_name) == 1
            yield (
                one.id,
                {
                    "title": one.group_name if alone else one.name,
                    "grades": grade_code(one.grade),
                    "courseSourcedId": one.subject,
                    "classType": "scheduled",
                    "schoolSourcedId": SCHOOL,
                    "termSourcedIds": [key for key, _, _ in self.terms_of(one.scheme)],
                    "subjects": _listable(one.subject_name),
                    OWN + "group": one.group,
                    OWN + "groupTitle": one.group_name,
                    OWN + "kind": self.kinds.get(one.group),
                },
            )

    def users(self) -> Iterator[Row]:
        """Yield everybody; guardians stand beside their children as agents."""
        agents: dict[str, list[str]] = {}
        for tie in self.guardianships:
            agents.setdefault(tie.pupil, []).append(tie.stream)
        grades = {row.stream: row.grade for row in self.classes}
        grade_of = {stay.stream: grades[stay.place] for stay in self.stays if stay.place in grades}
        for key, row in self.people.items():
            yield (
                key,
                {
                    "enabledUser": bool(row.family) and row.left_on is None,
                    "username": self.logins.get(key, key),
                    "givenName": row.given or "—",
                    "familyName": row.family or ERASED,
                    "middleName": row.middle,
                    "email": row.email,
                    "phone": row.phone,
                    "agentSourcedIds": list(dict.fromkeys(agents.get(key, ()))),
                    "grades": grade_code(grade_of.get(key, 0)),
                    "primaryOrgSourcedId": SCHOOL,
                    OWN + "position": self.positions.get(key, ""),
                    OWN + "employedOn": None if row.employed_on is None else date.fromisoformat(row.employed_on),
                },
            )

    def roles(self) -> Iterator[Row]:
        """Yield the one role of each user."""
        relations = {tie.stream: tie.relation for tie in self.guardianships}
        for key, row in self.people.items():
            cells: dict[str, Cell] = {"userSourcedId": key, "roleType": "primary", "orgSourcedId": SCHOOL}
            begin = None if row.employed_on is None else date.fromisoformat(row.employed_on)
            end = after(row.left_on)
            role = self._role(row, relations.get(key, ""))
            yield of(key, "role"), {**cells, "role": role, "beginDate": begin, "endDate": end}

    def _role(self, row: PersonRow, relation: str) -> str:
        if row.kind == "pupil":
            return "student"
        if row.kind == "guardian":
            return "parent" if relation in PARENTS else "guardian" if relation == "guardian" else "relative"
        position = self.positions.get(row.stream, "").casefold()
        return next((role for word, role in ROLES if word in position), "teacher")

    def demographics(self) -> Iterator[Row]:
        """Yield birth dates, and the sex of mothers and fathers, which makes them so."""
        sexes = {tie.stream: PARENTS[tie.relation] for tie in self.guardianships if tie.relation in PARENTS}
        for key, row in self.people.items():
            born = date.fromisoformat(row.birth_date) if row.birth_date else None
            if born is not None or key in sexes:
                yield key, {"birthDate": born, "sex": sexes.get(key)}

    def enrollments(self) -> Iterator[Row]:
        """Yield who is in a class, the newest stay first; class teachers; members of journals; their teachers."""
        homerooms = {row.stream for row in self.classes}
        newest = sorted(self.stays, key=lambda one: (one.ends or ENDLESS, one.starts), reverse=True)
        for stay in newest:
            if stay.place in homerooms:
                yield _enrollment(stay.place, stay.stream, "student", stay.starts, _day(stay.ends))
        for one, staff in class_teachers_on(self.c, sorted(homerooms), self.day).items():
            if staff in self.people:
                yield _enrollment(one, staff, "teacher", self.year.first_day, None, primary=True)
        for journal in self.journals:
            for member in self.members.get(journal.id, ()):
                yield _enrollment(journal.id, member.pupil, "student", member.starts, _day(member.ends))
            for number, load in enumerate(self.loads.get(journal.id, ())):
                if load.staff in self.people:
                    ends = after(load.ends)
                    key, cells = _enrollment(journal.id, load.staff, "teacher", load.starts, ends, primary=number == 0)
                    yield key, {**cells, OWN + "hoursPerWeek": load.hours_per_week}


def _enrollment(  # noqa: PLR0913 - the columns of the row
    place: str, user: str, role: str, starts: str, ends: date | None, *, primary: bool = False
) -> Row:
    cells: dict[str, Cell] = {"classSourcedId": place, "schoolSourcedId": SCHOOL, "userSourcedId": user, "role": role}
    days: dict[str, Cell] = {"beginDate": date.fromisoformat(starts), "endDate": ends}
    return of(place, user, role, starts), {**cells, "primary": primary if role == "teacher" else None, **days}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _listable(text: str) -> Sequence[str]:
    """Answer a list of one value; one with a comma would be read as two, and its title says it anyway."""
    return () if "," in text else (text,)


def _worked(row: PersonRow, first: str, last: str) -> bool:
    """Say whether somebody was on the staff on a day of the year."""
    return (row.employed_on or first) <= last and (row.left_on or last) >= first


def read_roster(c: sa.Connection, year: Year, *, day: str, school_name: str) -> Roster:
    """Read who and what a year is of; journals come by grade and name."""
    first, last = year.first_day, year.last_day
    journals = find_journals(c, year=year.id)
    classes = classes_by_name(c, year=year.id)
    ids = [one.id for one in journals]
    members = members_of(c, journals, first=first, last=last) if journals else {}
    stays = stays_in(c, {row.stream for row in classes}, first=first, last=last) if classes else []
    loads = teachers_of(c, ids, first=first, last=last) if ids else {}
    pupils = {stay.stream for stay in stays} | {one.pupil for own in members.values() for one in own}
    pupils |= pupils_marked(c, ids)
    ties = [one for one in guardianships_within(c, first=first, last=last) if one.pupil in pupils]
    everybody = [
        *(row for row in people_of_kind(c, "pupil") if row.stream in pupils),
        *(row for row in people_of_kind(c, "staff") if _worked(row, first, last)),
        *(row for row in people_of_kind(c, "guardian") if row.stream in {one.stream for one in ties}),
    ]
    people = {row.stream: row for row in everybody}
    posts = positions_of(c)
    on = min(max(first, day), last)
    known = {row.stream: row.name for row in subjects_by_name(c)}
    taught = dict.fromkeys(one.subject for one in journals)
    return Roster(
        c=c,
        year=year,
        day=on,
        school_name=school_name,
        journals=journals,
        classes=classes,
        stays=[one for one in stays if one.stream in people],
        members={key: [one for one in own if one.pupil in people] for key, own in members.items()},
        loads=loads,
        people=people,
        positions={key: position_on(posts.get(key, []), on, row.left_on) for key, row in people.items()},
        guardianships=ties,
        logins=logins(c),
        subjects={one: known.get(one, "—") for one in taught},
        kinds={row.stream: row.kind for row in groups_by_name(c, year=year.id)},
    )
