"""Lessons of one date and slot beside each other: whom or what two of them need at the same time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from ejd.kernel.events.journals import JournalOpened
    from ejd.kernel.events.timetable import ConflictKind

Needed = Literal["teacher", "room", "pupils"]
"""What two lessons cannot both have: somebody who teaches (or supervises) both, the room, pupils who are in both."""
EVERYTHING: tuple[Needed, ...] = ("teacher", "room", "pupils")
CLASHES_NAMED_MAX = 20
"""Clashes in one sentence; a slot of a large school has a hundred lessons, a lesson clashes with a few of them."""


class Attending(NamedTuple):
    """Who attends the lessons of a journal: a class or a teaching group, with the classes its pupils are from.

    `pupils` are those who belong in it on the day; None when nobody looked.
    """

    place: str
    kind: str
    classes: tuple[str, ...]
    pupils: frozenset[str] | None = None

    def may_meet(self, other: Attending) -> bool:
        """Say whether it takes the pupils to know: other groups of the same classes."""
        return self.place != other.place and not set(self.classes).isdisjoint(other.classes)

    def meets(self, other: Attending) -> bool:
        """Say whether pupils of one are pupils of the other; where nobody looked, by what the groups are.

        Then a class meets each group of its own pupils, except a pupil who is taught alone while the class has
        lessons, and two groups of one class are taken for parts that are taught side by side.
        """
        if not self.may_meet(other):
            return self.place == other.place
        if self.pupils is not None and other.pupils is not None:
            return not self.pupils.isdisjoint(other.pupils)
        kinds = {self.kind, other.kind}
        return "class" in kinds and "individual" not in kinds


class Placement(NamedTuple):
    """A lesson where it takes place, with all that it needs there; `name` is the journal's.

    `teachers` teach it, or supervise self-study. `merged_with` is the journal with whose lesson it is given as one.
    `changed`: it may not be as the timetable has it.
    """

    lesson: str
    journal: str
    name: str
    year: str
    day: date
    slot: int
    teachers: frozenset[str]
    room: str
    attending: Attending
    merged_with: str = ""
    changed: bool = False

    def is_one_with(self, other: Placement) -> bool:
        """Say whether the two are given together: then they have teacher and room in common."""
        return other.merged_with == self.journal or self.merged_with == other.journal


class Clash(NamedTuple):
    """Another lesson in the same slot that needs the same."""

    what: tuple[Needed, ...]
    other: Placement

    def among(self, new: Placement, kinds: Collection[ConflictKind]) -> Clash | None:
        """Answer it with what of it is a conflict of these kinds, as the timetable calls them; None: nothing."""
        what = tuple(need for need in self.what if _kind(need, new.attending, self.other.attending) in kinds)
        return Clash(what, self.other) if what else None


def _kind(need: Needed, one: Attending, other: Attending) -> ConflictKind:
    if need != "pupils":
        return need
    if "class" in {one.kind, other.kind}:
        return "class"
    return "group" if one.place == other.place else "pupil"


def clashes(
    new: Placement, others: Iterable[Placement], *, needs: Sequence[Needed] = EVERYTHING, aside: bool = False
) -> list[Clash]:
    """Answer all other lessons of the slot with which a lesson clashes, in the order of the names.

    `needs` is what is looked at. `aside`: the journal's own lesson in the slot is left out, beside which an extra one
    may be planned.
    """
    found = []
    for other in others:
        if new.is_one_with(other) or (aside and other.journal == new.journal):
            continue
        both: dict[Needed, bool] = {
            "teacher": not new.teachers.isdisjoint(other.teachers),
            "room": new.room != "" and new.room == other.room,
            "pupils": new.attending.meets(other.attending),
        }
        what = tuple(need for need in needs if both[need])
        if what:
            found.append(Clash(what, other))
    return sorted(found, key=lambda clash: (clash.other.name, clash.other.lesson))


def attending(opened: JournalOpened, kind: str) -> Attending:
    """Answer who attends a journal's lessons; `kind` is the teaching group's, "class" for a whole class."""
    return Attending(opened.group, kind, opened.classes)


def in_words(found: Sequence[Clash]) -> str:
    """Answer every clash as «journal» (teacher, room), cut after CLASHES_NAMED_MAX."""
    words = [f"«{clash.other.name}» ({', '.join(clash.what)})" for clash in found[:CLASHES_NAMED_MAX]]
    more = len(found) - len(words)
    return ", ".join([*words, *([f"and {more} more"] if more else [])])
