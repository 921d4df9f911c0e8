"""From the curriculum to classes, groups, journals and the teachers who share the load."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ejd.demo import curriculum as c
from ejd.demo.people import Names, Sex
from ejd.demo.roster import Block, Group, GroupKind, Journal, Roster, SchoolClass, Teacher
from ejd.demo.shape import Shape, derived_id, grade_of

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.curriculum import Specialty

LOAD_USUAL, LOAD_MAX = 24, 30
SLOPPY_EVERY = 9
"""Every ninth teacher keeps the journal badly, so that the reports have something to show."""
SEX_WORDS = {("m", False): "мальчики", ("f", False): "девочки", ("m", True): "юноши", ("f", True): "девушки"}
PROFILE_WORDS = {"technical": "технологический профиль", "humanities": "гуманитарный профиль"}
OTHER_POSTS = ("Педагог-психолог", "Социальный педагог", "Библиотекарь", "Секретарь")


class Staffing:
    """Builds the school of a shape, always the same for a seed."""

    def __init__(self, seed: int, shape: Shape, names: Names, random: Random) -> None:
        """Take names and chance from outside."""
        self._seed, self._shape, self._names, self._random = seed, shape, names, random
        self._rooms: dict[str, tuple[str, str, str]] = {}

    def build(self) -> Roster:
        """Answer the school without pupils and timetable."""
        head = self._person("head", "Директор", "f")
        deputies = [
            self._person("deputy 1", "Заместитель директора по учебной работе", "f", specialty="chemistry"),
            self._person("deputy 2", "Заместитель директора по воспитательной работе", "m"),
        ]
        support = self._person("support", "Специалист технической поддержки", "m")
        others = [self._person(f"other {n}", post, "f") for n, post in enumerate(OTHER_POSTS)]
        classes = [self._class(title) for title in self._shape.classes]
        roster = Roster(derived_id(self._seed, "year"), head, deputies, support, others, [], classes, [])
        for grade in sorted({one.grade for one in classes}):
            self._blocks_of_grade(roster, [one for one in classes if one.grade == grade])
        self._staff_primary(roster)
        for specialty in c.SPECIALTIES:
            self._staff(roster, specialty)
        self._class_teachers(roster)
        roster.rooms = self._rooms
        return roster

    def _person(self, key: str, position: str, sex: Sex, specialty: str = "") -> Teacher:
        return Teacher(
            derived_id(self._seed, "staff", key),
            derived_id(self._seed, "account", key),
            self._names.adult(sex),
            sex,
            position,
            specialty,
        )

    def _class(self, title: str) -> SchoolClass:
        grade = grade_of(title)
        return SchoolClass(
            id=derived_id(self._seed, "class", title),
            title=title,
            grade=grade,
            week_days=5 if grade in c.FIVE_DAY_GRADES else 6,
            scheme="half-years" if grade in c.PROFILE_GRADES else "quarters",
            bells="primary" if grade in c.PRIMARY_GRADES else "main",
        )

    def _blocks_of_grade(self, roster: Roster, parallel: list[SchoolClass]) -> None:
        grade = parallel[0].grade
        for subject, hours in c.HOURS[grade].items():
            match c.apart(subject, grade):
                case "together":
                    for one in parallel:
                        self._block(roster, (one,), hours, [self._journal(subject, subject, (one,), hours)])
                case "halves":
                    for one in parallel:
                        self._halves(roster, subject, one, hours)
                case "sexes" | "profiles":
                    self._sexes(roster, subject, tuple(parallel), hours)
        if grade in c.PROFILE_GRADES:
            for profile in c.PROFILES:
                self._profile(roster, profile, tuple(parallel))

    def _block(self, roster: Roster, classes: tuple[SchoolClass, ...], hours: int, journals: list[Journal]) -> None:
        roster.blocks.append(Block(journals, classes, hours))
        roster.groups += [journal.group for journal in journals if journal.group is not None]

    def _journal(
        self, subject: str, course: str, classes: tuple[SchoolClass, ...], hours: int, group: Group | None = None
    ) -> Journal:
        where = classes[0].title if group is None else group.title
        system = c.SYSTEM_OF.get(subject) or ("unmarked" if classes[0].grade == 1 else "five-point")
        return Journal(
            derived_id(self._seed, "journal", subject, where), subject, course, classes, hours, system, group
        )

    def _group(self, title: str, kind: GroupKind, classes: tuple[SchoolClass, ...], part: str) -> Group:
        return Group(derived_id(self._seed, "group", title), title, kind, classes, part)

    def _halves(self, roster: Roster, subject: str, one: SchoolClass, hours: int) -> None:
        journals = []
        for number, part in enumerate(("first", "second"), start=1):
            title = f"{one.title}, {c.SUBJECTS[subject][0].lower()}, подгруппа {number}"
            group = self._group(title, "subgroup", (one,), part)
            journals.append(self._journal(subject, subject, (one,), hours, group))
        self._block(roster, (one,), hours, journals)

    def _sexes(self, roster: Roster, subject: str, parallel: tuple[SchoolClass, ...], hours: int) -> None:
        label = label_of(parallel)
        journals = []
        for part in ("m", "f"):
            word = SEX_WORDS[part, parallel[0].grade in c.PROFILE_GRADES]
            kind: GroupKind = "subgroup" if len(parallel) == 1 else "stream"
            group = self._group(f"{label}, {c.SUBJECTS[subject][0].lower()}, {word}", kind, parallel, part)
            course = f"labour-{part}" if subject == "labour" else subject
            journals.append(self._journal(subject, course, parallel, hours, group))
        self._block(roster, parallel, hours, journals)

    def _profile(self, roster: Roster, profile: c.Profile, parallel: tuple[SchoolClass, ...]) -> None:
        journals = []
        for part, subject in (("technical", profile.technical), ("humanities", profile.humanities)):
            title = f"{label_of(parallel)}, {c.SUBJECTS[subject][0].lower()}, {PROFILE_WORDS[part]}"
            group = self._group(title, "stream", parallel, part)
            journals.append(self._journal(subject, subject, parallel, profile.hours, group))
        self._block(roster, parallel, profile.hours, journals)

    def _staff_primary(self, roster: Roster) -> None:
        for one in (k for k in roster.classes if k.grade in c.PRIMARY_GRADES):
            teacher = self._person(f"primary {one.title}", "Учитель начальных классов", "f")
            self._settle(teacher, len(roster.teachers), "primary", "кабинет начальной школы")
            one.teacher = teacher
            roster.teachers.append(teacher)
            for journal in roster.journals:
                if journal.classes == (one,) and journal.group is None and journal.subject in c.CLASS_TEACHERS_OWN:
                    assign(journal, teacher)

    def _settle(self, teacher: Teacher, number: int, specialty: str, room: str) -> None:
        teacher.specialty = specialty
        key = f"room {teacher.id}"
        title = f"{room.capitalize()} {101 + number % 12 + 100 * (number // 12)}"
        self._rooms[key] = (derived_id(self._seed, key), title, room)
        teacher.room = self._rooms[key][0]
        teacher.kindness = self._random.gauss(0.0, 0.22)
        teacher.on_the_day = self._random.uniform(0.88, 0.99)
        teacher.never = self._random.uniform(0.0, 0.015)
        if number % SLOPPY_EVERY == SLOPPY_EVERY - 1:
            teacher.on_the_day, teacher.never = 0.6, 0.08

    def _staff(self, roster: Roster, specialty: Specialty) -> None:
        open_blocks = [
            block
            for block in roster.blocks
            if any(j.teacher is None and j.course in specialty.subjects for j in block.journals)
        ]
        total = sum(j.hours for b in open_blocks for j in b.journals if j.course in specialty.subjects)
        if total == 0:
            return
        team = [deputy for deputy in roster.deputies if deputy.specialty == specialty.code]
        for number in range(len(team), max(specialty.at_least, ceil(total / LOAD_USUAL))):
            sex: Sex = "m" if specialty.sex == "m" or (specialty.code == "pe" and number % 2 == 0) else "f"
            team.append(self._person(f"{specialty.code} {number}", specialty.position, sex))
        for teacher in team:
            self._settle(teacher, len(roster.teachers) + team.index(teacher), specialty.code, specialty.room)
        roster.teachers += [teacher for teacher in team if teacher not in roster.deputies]
        known: dict[tuple[str, str], Teacher] = {}
        for block in sorted(open_blocks, key=lambda b: (-b.classes[0].grade, b.classes[0].title)):
            busy: list[Teacher] = []
            for journal in (j for j in block.journals if j.course in specialty.subjects):
                key = (label_of(journal.classes), journal.group.part if journal.group else "")
                teacher = self._choose(team, busy, known.get(key), journal)
                known[key] = teacher
                busy.append(teacher)
                assign(journal, teacher)

    @staticmethod
    def _choose(team: list[Teacher], busy: list[Teacher], before: Teacher | None, journal: Journal) -> Teacher:
        """Prefer who teaches the class already, then who has least; in sport the own sex where there is a choice."""
        free = [teacher for teacher in team if teacher not in busy]
        if before in free and before.hours + journal.hours <= LOAD_MAX:
            return before
        part = journal.group.part if journal.group is not None else ""
        return min(free, key=lambda t: (part in {"m", "f"} and t.sex != part and t.hours > 0, t.hours))

    @staticmethod
    def _class_teachers(roster: Roster) -> None:
        taken = {one.teacher.id for one in roster.classes if one.teacher is not None}
        for one in (k for k in roster.classes if k.teacher is None):
            load: dict[str, int] = {}
            for journal in (j for j in roster.journals if one in j.classes):
                load[journal.taught_by.id] = load.get(journal.taught_by.id, 0) + journal.hours
            best = sorted(load, key=lambda id_: (id_ in taken, -load[id_]))
            one.teacher = next(t for t in [*roster.teachers, *roster.deputies] if t.id == best[0])
            taken.add(one.teacher.id)


def assign(journal: Journal, teacher: Teacher) -> None:
    """Give a teacher the load of a journal."""
    journal.teacher = teacher
    teacher.hours += journal.hours


def label_of(classes: tuple[SchoolClass, ...]) -> str:
    """Answer 5АБ for 5А and 5Б."""
    return classes[0].title + "".join(one.title[-1] for one in classes[1:])
