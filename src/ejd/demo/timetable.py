"""A timetable without conflicts: classes have no free slots between lessons, teachers are in one place at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from ejd.demo.curriculum import DAY_LESSONS_MAX, LESSONS_MAX, SLOTS
from ejd.demo.roster import Place

if TYPE_CHECKING:
    from random import Random

    from ejd.demo.roster import Block, Journal, SchoolClass

CLASH, TWICE_A_DAY = 20, 3
"""What a conflict costs against what only looks bad."""
STEPS_MAX = 20_000
ATTEMPTS_MAX = 20
MEMORY = 12
"""Steps for which a swap is not taken back."""
Cell: TypeAlias = tuple[str, Place]


class NoTimetable(Exception):
    """The search found none; another seed will."""


def make_timetable(blocks: list[Block], classes: list[SchoolClass], random: Random) -> None:
    """Give every journal its places; raises NoTimetable."""
    for _ in range(ATTEMPTS_MAX):
        search = _Search(blocks, classes, random)
        if search.place_streams() and search.run():
            for (_, place), block in search.cells.items():
                for journal in block.journals:
                    if place not in journal.places:
                        journal.places.append(place)
            for journal in (j for b in blocks for j in b.journals):
                journal.places.sort()
            return
    raise NoTimetable("no timetable without conflicts was found: try another seed")


def day_lengths(lessons: int, days: int, longest: int) -> list[int]:
    """Answer the lessons of each day: as even as can be, the longer days in the middle of the week."""
    base, more = divmod(lessons, days)
    order = sorted(range(days), key=lambda day: (abs(day - days // 2), day))
    lengths = [base] * days
    for day in order[:more]:
        lengths[day] += 1
    assert max(lengths) <= longest, "the curriculum fits the sanitary limit"  # noqa: S101 - invariant
    return lengths


class _Search:
    """Starts anywhere and swaps lessons within a class, the best swap for a lesson in conflict first."""

    def __init__(self, blocks: list[Block], classes: list[SchoolClass], random: Random) -> None:
        self.random = random
        self.blocks = blocks
        self.classes = classes
        self.lengths: dict[str, list[int]] = {}
        self.cells: dict[Cell, Block] = {}
        self.fixed: set[Cell] = set()
        self.busy: dict[tuple[str, Place], int] = defaultdict(int)
        self.per_day: dict[tuple[int, int], int] = defaultdict(int)
        self.teachers = {id(b): [j.taught_by.id for j in b.journals] for b in blocks}
        self.daily = {}
        for block in blocks:
            days = min(one.week_days for one in block.classes)
            self.daily[id(block)] = -(-block.hours // days)
        for one in classes:
            lessons = sum(b.hours for b in blocks if one in b.classes)
            self.lengths[one.id] = day_lengths(lessons, one.week_days, DAY_LESSONS_MAX.get(one.grade, LESSONS_MAX))

    def free_places(self, one: SchoolClass) -> list[Place]:
        """Answer the places of a class that nothing stands in."""
        places = [Place(d, s) for d, n in enumerate(self.lengths[one.id], start=1) for s in range(1, n + 1)]
        return [place for place in places if (one.id, place) not in self.cells]

    def place_streams(self) -> bool:
        """Place what several classes have together, for good; False when that is not possible this time."""
        for block in sorted((b for b in self.blocks if len(b.classes) > 1), key=lambda b: -b.hours):
            for _ in range(block.hours):
                common = set.intersection(*(set(self.free_places(one)) for one in block.classes))
                possible = [
                    place
                    for place in sorted(common)
                    if not any(self.busy[teacher, place] for teacher in self.teachers[id(block)])
                    and self.per_day[id(block), place.day] < self.daily[id(block)]
                ]
                if not possible:
                    return False
                place = self.random.choice(possible)
                self._put(block, place)
                for one in block.classes:
                    self.cells[one.id, place] = block
                    self.fixed.add((one.id, place))
        return True

    def run(self) -> bool:
        """Fill the rest at random, then swap until no teacher is in two places; False when that takes too long."""
        for one in self.classes:
            places = self.free_places(one)
            self.random.shuffle(places)
            own = [b for b in self.blocks if b.classes == (one,) for _ in range(b.hours)]
            for place, block in zip(places, own, strict=True):
                self.cells[one.id, place] = block
                self._put(block, place)
        tabu: dict[tuple[Cell, Place], int] = {}
        for step in range(STEPS_MAX):
            bad = [cell for cell, block in self.cells.items() if cell not in self.fixed and self._cost(block, cell[1])]
            if not bad:
                return not self._clashes()
            clashing = [cell for cell in bad if self._cost(self.cells[cell], cell[1]) >= CLASH]
            if not clashing and step > STEPS_MAX // 2:
                return not self._clashes()
            self._improve(self.random.choice(clashing or bad), step, tabu)
        return False

    def _improve(self, cell: Cell, step: int, tabu: dict[tuple[Cell, Place], int]) -> None:
        class_id, place = cell
        best: tuple[float, Place] | None = None
        for (other_class, other), _ in list(self.cells.items()):
            if other_class != class_id or other == place or (class_id, other) in self.fixed:
                continue
            if tabu.get((cell, other), -1) >= step:
                continue
            score = self._swap_gain(class_id, place, other) + self.random.random()
            if best is None or score < best[0]:
                best = (score, other)
        if best is None:
            return
        self._swap(class_id, place, best[1])
        tabu[(class_id, best[1]), place] = tabu[cell, best[1]] = step + MEMORY

    def _swap_gain(self, class_id: str, place: Place, other: Place) -> int:
        first, second = self.cells[class_id, place], self.cells[class_id, other]
        if first is second:
            return CLASH
        before = self._cost(first, place) + self._cost(second, other)
        self._swap(class_id, place, other)
        after = self._cost(first, other) + self._cost(second, place)
        self._swap(class_id, place, other)
        return after - before

    def _swap(self, class_id: str, place: Place, other: Place) -> None:
        first, second = self.cells[class_id, place], self.cells[class_id, other]
        self._take(first, place)
        self._take(second, other)
        self._put(first, other)
        self._put(second, place)
        self.cells[class_id, place], self.cells[class_id, other] = second, first

    def _put(self, block: Block, place: Place) -> None:
        for teacher in self.teachers[id(block)]:
            self.busy[teacher, place] += 1
        self.per_day[id(block), place.day] += 1

    def _take(self, block: Block, place: Place) -> None:
        for teacher in self.teachers[id(block)]:
            self.busy[teacher, place] -= 1
        self.per_day[id(block), place.day] -= 1

    def _cost(self, block: Block, place: Place) -> int:
        clashes = sum(self.busy[teacher, place] > 1 for teacher in self.teachers[id(block)])
        return CLASH * clashes + TWICE_A_DAY * (self.per_day[id(block), place.day] > self.daily[id(block)])

    def _clashes(self) -> bool:
        return any(count > 1 for count in self.busy.values())


def place_individual(journal: Journal, instead: list[Journal], others: list[Journal], random: Random) -> None:
    """Place lessons of a single pupil where the class has what the pupil does not take, or after its lessons."""
    teacher = journal.taught_by.id
    taken = {place for other in others if other.taught_by.id == teacher for place in other.places}
    one = journal.classes[0]
    of_class = {place for other in others if one in other.classes for place in other.places}
    own = {place for other in others if other.group and other.group.part == f"one {one.id}" for place in other.places}
    free = {place for other in instead for place in other.places}
    for day in range(1, one.week_days + 1):
        last = max((place.slot for place in of_class if place.day == day), default=0)
        free |= {Place(day, slot) for slot in range(last + 1, SLOTS + 1)}
    possible = sorted(free - taken - own)
    journal.places = sorted(random.sample(possible, min(journal.hours, len(possible))))
