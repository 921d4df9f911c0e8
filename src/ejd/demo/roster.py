"""Who and what the demonstration school has, before any of it is sent: people, classes, groups, journals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from ejd.demo.people import Sex
from ejd.kernel.titles import PersonName

WeekDays: TypeAlias = Literal[5, 6]
GroupKind: TypeAlias = Literal["subgroup", "stream", "individual"]
Relation: TypeAlias = Literal["mother", "father"]


@dataclass
class Teacher:
    """Somebody of the staff; `habits` say how the journal is kept."""

    id: str
    account: str
    name: PersonName
    sex: Sex
    position: str
    specialty: str = ""
    room: str = ""
    hours: int = 0
    on_the_day: float = 0.93
    """Share of lessons recorded on their day."""
    never: float = 0.01
    """Share of lessons never recorded."""
    kindness: float = 0.0
    """Added to a mark before it is rounded."""


@dataclass(frozen=True)
class Stay:
    """In a class or group from a day on, until (not including) another; `where` is its id."""

    where: str
    starts: date
    ends: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in it."""
        return self.starts <= day and (self.ends is None or day < self.ends)


@dataclass
class Pupil:
    """A child with what decides its marks and absences."""

    id: str
    name: PersonName
    sex: Sex
    born: date
    ability: float
    frailty: float
    """Expected spells of illness in the quarter."""
    truancy: float
    stays: list[Stay] = field(default_factory=list)
    plan: tuple[date, date | None, frozenset[str]] | None = None
    """An individual curriculum: first day, first day after it, journals of the class that remain."""
    no_pe: bool = False
    ill: set[date] = field(default_factory=set)
    excused: set[date] = field(default_factory=set)
    account: str = ""

    def where(self, id_: str, day: date) -> bool:
        """Tell whether the pupil is in that class or group on a day."""
        return any(stay.where == id_ and stay.covers(day) for stay in self.stays)


@dataclass
class Guardian:
    """A parent; without an account the family signs on paper. `reads` is the share of weeks that are acknowledged."""

    id: str
    name: PersonName
    relation: Relation
    email: str
    phone: str
    account: str
    reads: float
    pupils: list[Pupil] = field(default_factory=list)
    until: date | None = None
    """From this day on the guardian acts for nobody."""


@dataclass
class SchoolClass:
    """A class with its working mode."""

    id: str
    title: str
    grade: int
    week_days: WeekDays
    scheme: str
    bells: str
    teacher: Teacher | None = None
    pupils: list[Pupil] = field(default_factory=list)


@dataclass
class Group:
    """A teaching group over one or several classes."""

    id: str
    title: str
    kind: GroupKind
    classes: tuple[SchoolClass, ...]
    part: str = ""
    """Which pupils of the classes: first, second, m, f, technical, humanities, one."""


class Place(NamedTuple):
    """A cycle day and a slot."""

    day: int
    slot: int


@dataclass
class Journal:
    """One subject with one class or group; `course` names its topics and trade of teacher."""

    id: str
    subject: str
    course: str
    classes: tuple[SchoolClass, ...]
    hours: int
    system: str
    group: Group | None = None
    teacher: Teacher | None = None
    places: list[Place] = field(default_factory=list)
    ends: date | None = None
    """First day without lessons, when they end early."""
    later: tuple[date, Teacher] | None = None
    """From this day on another teacher has the load."""

    def teacher_on(self, day: date) -> Teacher:
        """Answer whose load the journal is on a day."""
        return self.later[1] if self.later is not None and day >= self.later[0] else self.taught_by

    @property
    def where(self) -> str:
        """Id of the class or group."""
        return self.group.id if self.group is not None else self.classes[0].id

    @property
    def grade(self) -> int:
        """Grade of the first class."""
        return self.classes[0].grade

    @property
    def taught_by(self) -> Teacher:
        """The teacher who is given the load in August."""
        assert self.teacher is not None, "journals are staffed before anything is asked"  # noqa: S101 - invariant
        return self.teacher

    def has(self, pupil: Pupil, day: date) -> bool:
        """Tell whether the pupil belongs in this journal on a day."""
        if not pupil.where(self.where, day):
            return False
        if self.group is not None or pupil.plan is None:
            return True
        starts, ends, remaining = pupil.plan
        return not (starts <= day and (ends is None or day < ends)) or self.id in remaining

    def members(self, day: date) -> list[Pupil]:
        """Answer who belongs in it on a day; somebody who changed classes within a stream is there once."""
        known = {pupil.id: pupil for one in self.classes for pupil in one.pupils}
        return [pupil for pupil in known.values() if self.has(pupil, day)]


@dataclass
class Block:
    """Journals that have their lessons at the same time, with all classes they take pupils from."""

    journals: list[Journal]
    classes: tuple[SchoolClass, ...]
    hours: int


@dataclass
class Roster:
    """The whole school as planned."""

    year: str
    head: Teacher
    deputies: list[Teacher]
    support: Teacher
    others: list[Teacher]
    teachers: list[Teacher]
    classes: list[SchoolClass]
    blocks: list[Block]
    groups: list[Group] = field(default_factory=list)
    pupils: list[Pupil] = field(default_factory=list)
    guardians: list[Guardian] = field(default_factory=list)
    rooms: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Room id by key: (id, name, kind)."""

    @property
    def journals(self) -> list[Journal]:
        """Every journal once."""
        return [journal for block in self.blocks for journal in block.journals]

    @property
    def staff(self) -> list[Teacher]:
        """Everybody who works here, once."""
        return [self.head, *self.deputies, self.support, *self.others, *self.teachers]
