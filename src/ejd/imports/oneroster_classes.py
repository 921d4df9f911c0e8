"""Classes of a OneRoster export: homerooms are classes here, scheduled classes are groups with journals."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, Literal

from ejd.imports.oneroster_people import PeopleReader, kind_of_role
from ejd.imports.oneroster_rows import GONE, OWN, Rows, code_of, listed
from ejd.imports.roster_file import (
    At,
    ClassTeacher,
    Group,
    HomeStay,
    Journal,
    Load,
    Member,
    Pupil,
    Refused,
    SchoolClass,
    Subject,
    refused,
)
from ejd.imports.tables import Row
from ejd.imports.titles import grade_of, title
from ejd_commands.fields import GRADE_MAX

__all__ = ["ClassesReader", "grade_number"]

_WEEKS: Final[Mapping[str, Literal[5, 6, 7]]] = {"5": 5, "6": 6, "7": 7}
_KINDS: Final[Mapping[str, Literal["subgroup", "stream", "elective", "club"]]] = {
    "subgroup": "subgroup",
    "stream": "stream",
    "elective": "elective",
    "club": "club",
}
_HOURS: Final = re.compile("[1-9]|[1-5][0-9]|60")
"""As AssignTeacher takes them."""
NO_CLASS: Final = "без класса"
_NOWHERE: Final = At("", "", 0)
_GRADES: Final[Mapping[str, int]] = {f"{number:02d}": number for number in range(1, GRADE_MAX + 1)}


def grade_number(text: str) -> int:
    """Answer the year of schooling of a grade as OneRoster writes it ("09", "9"), 0 for others (KG, PS1 …)."""
    first = next(iter(listed(text)), "")
    return _GRADES.get(first.zfill(2), 0)


class ClassesReader:
    """Reads courses.csv, classes.csv and enrollments.csv; everything is keyed by the file's ids."""

    def __init__(
        self,
        tables: Mapping[str, Rows],
        people: PeopleReader,
        refusals: list[Refused],
        notes: list[str],
        *,
        relaxed: bool,
    ) -> None:
        self.subjects: dict[str, Subject] = {}
        self.classes: dict[str, SchoolClass] = {}
        self.class_teachers: dict[str, ClassTeacher] = {}
        self.groups: dict[str, Group] = {}
        self.members: dict[str, Member] = {}
        self.journals: dict[str, Journal] = {}
        self.loads: dict[str, Load] = {}
        self._people, self._refusals, self._notes = people, refusals, notes
        self._stays: defaultdict[str, list[HomeStay]] = defaultdict(list)
        self._relaxed = relaxed
        self._first: dict[str, str] = {}
        """By a group of ours the first scheduled class that is of it: the others are journals of the same group."""
        self._groups_of: dict[str, str] = {}
        self._homes: dict[str, str] = {}
        """By scheduled class what it is of, as an export of ours says."""
        courses = dict(tables["courses"].by_id(refusals))
        self._sections(tables["classes"], courses)
        self._enrollments(tables["enrollments"])

    def pupils(self) -> Iterator[Pupil]:
        """Yield the pupils with their classes; whoever is in no homeroom falls back to a class of the grade."""
        missing = 0
        for key, fields in self._people.pupils.items():
            stays = tuple(sorted(self._stays.get(key, ()), key=_begin))
            fallback = None
            if not stays and not fields["gone"]:
                missing += 1
                grade = grade_number(self._people.grades.get(key, ""))
                fallback = f"grade/{grade}"
                name = str(grade) if grade else NO_CLASS
                made = SchoolClass(key=fallback, at=_NOWHERE, title=name, grade=grade, fallback=True)
                self.classes.setdefault(fallback, made)
            yield Pupil(**fields, stays=stays, fallback_class=fallback)
        if missing:
            self._notes.append(
                f"Pupils whom no homeroom class names: {missing}. Those who are in no class are put into one per grade."
            )

    def _sections(self, rows: Rows, courses: Mapping[str, Row]) -> None:
        for key, row in rows.by_id(self._refusals):
            name, gone = row.text("title"), row.text("status") == GONE
            if not name:
                self._refusals.append(refused(row.at, "the class has no title", "title"))
                continue
            kind = row.text("classType").casefold() or "scheduled"
            if kind == "homeroom":
                grade = grade_number(row.text("grades")) or grade_of(name)
                self.classes[key] = SchoolClass(
                    key=key,
                    at=row.at,
                    gone=gone,
                    title=title(name),
                    grade=grade,
                    scheme=code_of(row.text(OWN + "scheme")),
                    week_days=_WEEKS.get(row.text(OWN + "weekDays"), 5),
                )
            elif kind == "scheduled":
                subject = self._subject(row, courses)
                group_kind = _KINDS.get(row.text(OWN + "kind"))
                shared = row.text(OWN + "group") if row.text(OWN + "kind") else key
                group = self._groups_of[key] = self._first.setdefault(shared, key)
                if group == key:
                    named = title(row.text(OWN + "groupTitle") or name)
                    self.groups[key] = Group(key=key, at=row.at, gone=gone, title=named, kind=group_kind)
                if shared == key:
                    self._homes[key] = row.text(OWN + "group")
                self.journals[key] = Journal(
                    key=key, at=row.at, gone=gone, subject=subject, group=group, group_kind="group"
                )
            else:
                self._refusals.append(refused(row.at, "neither homeroom nor scheduled", "classType", kind))

    def _subject(self, row: Row, courses: Mapping[str, Row]) -> str:
        """Answer the subject of a scheduled class: what course or class call it, else the course, else the class."""
        course = courses.get(row.text("courseSourcedId"))
        named = "" if course is None else course.text("title")
        for each in (course, row):
            if each is not None and each.text("subjects"):
                named = listed(each.text("subjects"))[0]
                break
        name = title(named or row.text("title"))
        key = name.casefold()
        self.subjects.setdefault(key, Subject(key=key, at=row.at if course is None else course.at, title=name))
        return key

    def _enrollments(self, rows: Rows) -> None:
        found = ((row.text("sourcedId"), row) for row in rows.rows) if self._relaxed else rows.by_id(self._refusals)
        for _, row in found:
            section, user = row.text("classSourcedId"), row.text("userSourcedId")
            kind = kind_of_role(row.text("role"))
            if not section or not user:
                self._refusals.append(refused(row.at, "class or user is missing", "classSourcedId"))
            elif kind == "pupil":
                self._pupil(section, user, row, rows)
            elif kind == "staff":
                self._teacher(section, user, row, rows)
            else:
                self._refusals.append(refused(row.at, "this role is neither student nor teacher", "role"))

    def _pupil(self, section: str, user: str, row: Row, rows: Rows) -> None:
        gone = row.text("status") == GONE
        if user in self._people.staff and user not in self._people.pupils:
            self._refusals.append(refused(row.at, "this user is no student in users.csv", "userSourcedId", user))
        elif section in self.classes:
            if self.classes[section].gone and not gone:
                self._refusals.append(
                    refused(row.at, "the class of this enrollment is to be deleted", "classSourcedId")
                )
            elif not gone:
                self._home(section, user, row, rows)
        else:
            group = self._groups_of.get(section, section)
            key = f"{group}/{user}"
            starts = rows.day(row, "beginDate", self._refusals, needed=False)
            ends = rows.day(row, "endDate", self._refusals, needed=False)
            self.members[key] = Member(key=key, at=row.at, gone=gone, group=group, pupil=user, starts=starts, ends=ends)

    def _home(self, section: str, user: str, row: Row, rows: Rows) -> None:
        """Take a stay in a homeroom; two at one time cannot be."""
        starts = rows.day(row, "beginDate", self._refusals, needed=False)
        ends = rows.day(row, "endDate", self._refusals, needed=False)
        stays = self._stays[user]
        if user not in self._people.pupils:
            reason = "the class of a pupil changes with the pupil's row in users.csv: add that"
            self._refusals.append(refused(row.at, reason, "userSourcedId", user))
        elif any(_overlap(one, HomeStay(section, starts, ends)) for one in stays):
            if all(one.school_class != section for one in stays):
                self._refusals.append(refused(row.at, "the pupil is in another homeroom then", "classSourcedId"))
        elif starts is None or ends is None or starts < ends:
            stays.append(HomeStay(section, starts, ends))

    def _teacher(self, section: str, user: str, row: Row, rows: Rows) -> None:
        gone = row.text("status") == GONE
        if section in self.classes:
            first = row.text("primary").casefold() == "true"
            if not (gone or self.classes[section].gone) and (first or section not in self.class_teachers):
                self.class_teachers[section] = ClassTeacher(key=section, at=row.at, staff=user)
            return
        key = f"{section}/{user}"
        starts = rows.day(row, "beginDate", self._refusals, needed=False)
        ends = rows.day(row, "endDate", self._refusals, needed=False)
        hours = row.text(OWN + "hoursPerWeek")
        self.loads[key] = Load(
            key=key,
            at=row.at,
            gone=gone,
            journal=section,
            staff=user,
            starts=starts,
            ends=ends,
            hours=int(hours) if _HOURS.fullmatch(hours) else None,
        )

    def whole_classes(self) -> Iterator[tuple[str, str]]:
        """Yield the scheduled classes of exactly the pupils who are or were in one homeroom, with that homeroom."""
        by_home: defaultdict[str, set[str]] = defaultdict(set)
        for pupil, stays in self._stays.items():
            for stay in stays:
                by_home[stay.school_class].add(pupil)
        taught: defaultdict[str, set[str]] = defaultdict(set)
        for member in self.members.values():
            if not member.gone:
                taught[member.group].add(member.pupil)
        yield from ((section, home) for section, home in self._homes.items() if home in self.classes)
        for section, pupils in taught.items():
            if self._homes.get(section):
                continue
            homes = dict.fromkeys(stay.school_class for stay in self._stays.get(min(pupils), ()))
            home = next((one for one in homes if by_home[one] == pupils), None)
            if home is not None:
                yield section, home


def _begin(stay: HomeStay) -> date:
    return stay.starts or date.min


def _overlap(one: HomeStay, other: HomeStay) -> bool:
    return _begin(one) < (other.ends or date.max) and _begin(other) < (one.ends or date.max)
