"""Pupils with abilities and illnesses, their parents, and who is in which class and group."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from math import exp
from typing import TYPE_CHECKING

from ejd.demo.curriculum import PRIMARY_GRADES
from ejd.demo.people import login_of
from ejd.demo.roster import Guardian, Pupil, Stay
from ejd.demo.shape import FIRST_DAY, FULL, QUARTER_LAST_DAY, derived_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ejd.demo.people import Names, Parents, Sex
    from ejd.demo.roster import Group, Relation, Roster, SchoolClass
    from ejd.demo.shape import Shape
    from ejd.kernel.titles import PersonName

SIBLING_SHARE = 0.1
SECOND_PARENT_SHARE = 0.55
ON_PAPER_SHARE = 0.08
"""Families without an account: they sign on paper."""
CLASS_SIZE_SPREAD = 3
FIRST_GRADER_YEARS = 7
QUARTER_DAYS = (QUARTER_LAST_DAY - FIRST_DAY).days + 1
PUPIL_ACCOUNTS_FROM_GRADE = 8
WITHOUT_PE_MAX = 3


class Families:
    """Puts children into the classes of a roster."""

    def __init__(self, seed: int, shape: Shape, names: Names, random: Random) -> None:
        """Take names and chance from outside."""
        self._seed, self._shape, self._names, self._random = seed, shape, names, random
        self._homes: list[tuple[Parents, list[Guardian], set[str]]] = []
        self._numbers = count(1)

    def settle(self, roster: Roster) -> None:
        """Fill classes and groups."""
        spread = CLASS_SIZE_SPREAD if self._shape.pupils_per_class >= FULL.pupils_per_class else 0
        for one in roster.classes:
            size = self._shape.pupils_per_class + self._random.randint(-spread, spread)
            for number in range(size):
                sex: Sex = "m" if number % 2 else "f"
                self._child(roster, one, sex, f"{one.title} {number}")
            one.pupils.sort(key=lambda pupil: pupil.name.full().replace("ё", "е").replace("Ё", "Е"))
        for group in roster.groups:
            for pupil in members(group):
                pupil.stays.append(Stay(group.id, FIRST_DAY))
        self._special(roster)

    def newcomer(self, roster: Roster, one: SchoolClass, day: date) -> Pupil:
        """Answer a child who comes on a later day; not yet in any group."""
        pupil = self._child(roster, one, "m", f"{one.title} newcomer")
        pupil.stays = [Stay(one.id, day)]
        return pupil

    def _child(self, roster: Roster, one: SchoolClass, sex: Sex, key: str) -> Pupil:
        parents, guardians, titles = self._home(roster, one.title)
        titles.add(one.title)
        born = date(FIRST_DAY.year - FIRST_GRADER_YEARS - one.grade + 1, 3, 1)
        pupil = Pupil(
            id=derived_id(self._seed, "pupil", key),
            name=self._names.child(sex, parents.father),
            sex=sex,
            born=born + timedelta(days=self._random.randrange(-200, 150)),
            ability=self._random.gauss(0.0, 0.75),
            frailty=self._random.choice((0.1, 0.3, 0.6, 0.6, 0.9, 1.4)),
            truancy=self._random.choice((0.0,) * 12 + (0.004, 0.006, 0.03)),
            stays=[Stay(one.id, FIRST_DAY)],
        )
        pupil.ill.update(self._illnesses(pupil.frailty))
        if self._random.random() < 0.2:  # noqa: PLR2004 - a fifth is away for a day: competitions, family
            pupil.excused.add(FIRST_DAY + timedelta(days=self._random.randrange(QUARTER_DAYS)))
        if one.grade >= PUPIL_ACCOUNTS_FROM_GRADE and self._random.random() < 0.5:  # noqa: PLR2004 - every other one
            pupil.account = derived_id(self._seed, "account", "pupil", key)
        for guardian in guardians:
            guardian.pupils.append(pupil)
        one.pupils.append(pupil)
        roster.pupils.append(pupil)
        return pupil

    def _home(self, roster: Roster, title: str) -> tuple[Parents, list[Guardian], set[str]]:
        open_homes = [home for home in self._homes if title not in home[2]]
        if open_homes and self._random.random() < SIBLING_SHARE:
            return self._random.choice(open_homes)
        parents = self._names.parents()
        reads = min(0.97, max(0.0, self._random.betavariate(1.6, 2.0)))
        on_paper = self._random.random() < ON_PAPER_SHARE
        guardians = [self._guardian(parents.mother, "mother", reads, on_paper=on_paper)]
        if self._random.random() < SECOND_PARENT_SHARE:
            guardians.append(self._guardian(parents.father, "father", reads / 4, on_paper=on_paper))
        roster.guardians += guardians
        home = (parents, guardians, set[str]())
        self._homes.append(home)
        return home

    def _guardian(self, name: PersonName, relation: Relation, reads: float, *, on_paper: bool) -> Guardian:
        number = next(self._numbers)
        return Guardian(
            id=derived_id(self._seed, "guardian", str(number)),
            name=name,
            relation=relation,
            email="" if on_paper else f"{login_of(name)}{number}@example.org",
            phone=f"+7 900 {number // 100:03d}-{number % 100:02d}-{self._random.randrange(100):02d}",
            account="" if on_paper else derived_id(self._seed, "account", "guardian", str(number)),
            reads=reads,
        )

    def _illnesses(self, expected: float) -> Iterator[date]:
        chance_of_none, spells = exp(-expected), 0
        draw = self._random.random()
        while draw > chance_of_none:
            spells += 1
            draw *= self._random.random()
        for _ in range(spells):
            begins = FIRST_DAY + timedelta(days=self._random.randrange(QUARTER_DAYS))
            for day in range(self._random.randint(2, 8)):
                yield begins + timedelta(days=day)

    def _special(self, roster: Roster) -> None:
        """One pupil is ill for most of the quarter (н/а); some are exempt from physical education (осв)."""
        span = (self._shape.last_day - FIRST_DAY).days + 1
        older = [one for one in roster.classes if one.grade not in PRIMARY_GRADES] or roster.classes
        patient = older[len(older) // 2].pupils[0]
        patient.ill |= {FIRST_DAY + timedelta(days=day) for day in range(span // 5, span)}
        others = [pupil for one in older for pupil in one.pupils if pupil is not patient]
        for pupil in self._random.sample(others, WITHOUT_PE_MAX):
            pupil.no_pe = True


def members(group: Group) -> list[Pupil]:
    """Answer the pupils of the group's classes who belong to its part."""
    found = []
    for one in group.classes:
        half = (len(one.pupils) + 1) // 2
        for index, pupil in enumerate(one.pupils):
            match group.part:
                case "first" | "technical":
                    inside = index < half
                case "second" | "humanities":
                    inside = index >= half
                case _:
                    inside = group.part == pupil.sex
            if inside:
                found.append(pupil)
    return found
