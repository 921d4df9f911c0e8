"""A roster as any file tells it: people, classes, groups, subjects, loads; ids are the file's own.

Readers make it, `ejd.imports.roster_plan` compares it with the school. Every row of the file is in it, or among its
refusals with the reason. Things name each other by the file's ids; what is not in the file may be in the school.
"""

from datetime import date
from typing import Final, Literal, NamedTuple

import msgspec

__all__ = [
    "ROWS_MAX",
    "At",
    "ClassTeacher",
    "Curriculum",
    "CurriculumHours",
    "Group",
    "Guardian",
    "Guardianship",
    "HomeStay",
    "Journal",
    "Load",
    "Member",
    "Pupil",
    "Refused",
    "Roster",
    "RosterFormat",
    "SchoolClass",
    "Session",
    "StaffMember",
    "Subject",
    "refused",
]

ROWS_MAX: Final = 200_000
"""Of all tables of a file together: the rosters of a hundred schools."""

RosterFormat = Literal["oneroster", "sds", "roster"]


class At(NamedTuple):
    """Where something stands: file, sheet ("" in CSV), row as a spreadsheet counts it."""

    file: str
    sheet: str
    row: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A row, or one cell of it, that is not brought in; `value` is what stands there, for the eyes of who imports."""

    file: str
    sheet: str
    row: int
    column: str = ""
    reason: str
    value: str = ""


def refused(at: At, reason: str, column: str = "", value: str = "") -> Refused:
    """Answer a refusal of what stands somewhere; the reason repeats nothing personal."""
    return Refused(file=at.file, sheet=at.sheet, row=at.row, column=column, reason=reason, value=value[:60])


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what has an id in the file; `gone` says that it is no longer."""

    key: str
    at: At
    gone: bool = False


class Session(Thing, frozen=True, kw_only=True):
    """An academic year (`kind` schoolYear) or a part of it; `scheme` and `code` as a school of ours had them."""

    title: str
    kind: str
    first_day: date
    last_day: date
    scheme: str = ""
    code: str = ""


class Subject(Thing, frozen=True, kw_only=True):
    """A subject; several courses may be of one."""

    title: str
    short: str = ""


class Person(Thing, frozen=True, kw_only=True):
    """Base of people."""

    family: str
    given: str
    middle: str = ""

    def shown(self) -> str:
        """Answer the name in one line."""
        return " ".join(part for part in (self.family, self.given, self.middle) if part)


class StaffMember(Person, frozen=True, kw_only=True):
    """Somebody who works at the school; `subjects` by name, those that he or she may teach.

    A position that is not stated was guessed from the role: it is good for a new member of staff only.
    """

    position: str = ""
    position_stated: bool = False
    subjects: tuple[str, ...] = ()
    employed_on: date | None = None


class HomeStay(NamedTuple):
    """In a class from a day (None: as long as the file knows) to before another one (None: still)."""

    school_class: str
    starts: date | None = None
    ends: date | None = None


class Pupil(Person, frozen=True, kw_only=True):
    """A pupil; `stays` are the classes in their order, none where the file does not say.

    `fallback_class` is for a pupil who would be in none.
    """

    birth_date: date | None = None
    stays: tuple[HomeStay, ...] = ()
    fallback_class: str | None = None


class Guardian(Person, frozen=True, kw_only=True):
    """A parent or other legal representative."""

    email: str = ""
    phone: str = ""


class Guardianship(Thing, frozen=True, kw_only=True):
    """Who acts for whom; the key is "guardian/pupil"."""

    guardian: str
    pupil: str
    relation: str


class SchoolClass(Thing, frozen=True, kw_only=True):
    """A class of the year; a fallback is formed only when somebody is in it."""

    title: str
    grade: int = 0
    fallback: bool = False
    scheme: str = ""
    week_days: Literal[5, 6, 7] = 5


class ClassTeacher(Thing, frozen=True, kw_only=True):
    """The class teacher; the key is the class's."""

    staff: str


class Group(Thing, frozen=True, kw_only=True):
    """A teaching group; without classes those of its members."""

    title: str
    kind: Literal["subgroup", "stream", "elective", "club"] | None = None
    classes: tuple[str, ...] = ()


class Member(Thing, frozen=True, kw_only=True):
    """A pupil of a group; the key is "group/pupil"."""

    group: str
    pupil: str
    starts: date | None = None
    ends: date | None = None


class Journal(Thing, frozen=True, kw_only=True):
    """A subject with a class or a group; "either": `group` is a name, of a class if there is one."""

    subject: str
    group: str
    group_kind: Literal["class", "group", "either"]


class Load(Thing, frozen=True, kw_only=True):
    """Who teaches a journal; the key is "journal/staff"."""

    journal: str
    staff: str
    hours: int | None = None
    starts: date | None = None
    ends: date | None = None


class CurriculumHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of a subject in a curriculum: a week in hundredths of a lesson, a year where the file says."""

    at: At
    subject: str
    hundredths: int
    yearly: int | None = None
    component: Literal["federal", "school", "participants"] = "federal"
    group_kind: Literal["", "subgroup", "stream", "elective", "club", "individual"] = ""


class Curriculum(Thing, frozen=True, kw_only=True):
    """A whole curriculum, and the classes that are taught by it; `broken`: a row of it was refused."""

    title: str
    grades: tuple[int, ...] = ()
    profile: str = ""
    weeks: int | None = None
    lines: tuple[CurriculumHours, ...] = ()
    classes: tuple[str, ...] = ()
    broken: bool = False


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a file says; `complete` names the lists in which what is missing is gone."""

    format: RosterFormat
    rows: int
    sessions: tuple[Session, ...] = ()
    subjects: tuple[Subject, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    classes: tuple[SchoolClass, ...] = ()
    class_teachers: tuple[ClassTeacher, ...] = ()
    pupils: tuple[Pupil, ...] = ()
    groups: tuple[Group, ...] = ()
    members: tuple[Member, ...] = ()
    journals: tuple[Journal, ...] = ()
    loads: tuple[Load, ...] = ()
    guardians: tuple[Guardian, ...] = ()
    guardianships: tuple[Guardianship, ...] = ()
    curricula: tuple[Curriculum, ...] = ()
    whole_classes: tuple[tuple[str, str], ...] = ()
    """Groups that are exactly the pupils of one class, with that class: a new one is taught as the class itself."""
    complete: frozenset[str] = frozenset()
    refusals: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
