"""FET's tree of students (Year > Group > Subgroup) read as classes, groups and pupils.

FET has no word for a class or a pupil; authors use the three levels as they please. What is recognised, in
this order:

1. **Pupil**: a node without nodes below it whose Number_of_Students is 1.
2. **Class**: a Year without groups; one whose groups are all pupils (UAE's "12 IB"); one whose groups
   overlap, sharing a Subgroup (what FET's own "divide year" makes); one that more activities name than any of
   its Groups. Under every other Year, each Group (Italy's "1 A" in Year "1"). The Year is then a *heading*: a
   teaching group of its classes.
3. A Group is itself a heading, and its Subgroups are the classes, when no activity names the Group, one names
   a Subgroup, and the Subgroups' numbers of students add up to the Group's (Greece: 25 + 25 pupils of two
   classes are the 50 of the grade; UAE's "10F", 20 pupils cut in several ways into eight subgroups of 56
   together, stays a class).
4. Everything else is a **teaching group**: the subgroups of a class, and a node of only pupils who all have a
   class already.

A node may stand in several places (FET allows it and knows it by name); it is what it was where it stood
first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ejd.imports.safe_xml import Element, child_text
from ejd.imports.timetable_file import Pupil, SchoolClass, StudentSet, TeachingGroup

__all__ = ["read_student_sets"]

_HEADCOUNT_DIGITS_MAX: Final = 6


class _Node(msgspec.Struct, frozen=True):
    name: str
    headcount: int | None
    below: tuple["_Node", ...]

    @property
    def is_pupil(self) -> bool:
        return not self.below and self.headcount == 1

    @property
    def has_only_pupils(self) -> bool:
        return bool(self.below) and all(each.is_pupil for each in self.below)


def read_student_sets(students_list: Element | None, activities_of: Mapping[str, int]) -> tuple[StudentSet, ...]:
    """Return classes, groups and pupils, a set before those below it; their names are their ids.

    `activities_of` counts for each student set the activities that name it.
    """
    tree = _Tree(activities_of)
    for year in () if students_list is None else _nodes(students_list, ("Year", "Group", "Subgroup")):
        tree.add_year(year)
    return tree.finished()


def _nodes(above: Element, levels: Sequence[str]) -> Iterator[_Node]:
    for element in above.findall(levels[0]) if levels else ():
        name = child_text(element, "Name")
        if name:
            yield _Node(name, _headcount(element), tuple(_nodes(element, levels[1:])))


def _headcount(element: Element) -> int | None:
    """Return Number_of_Students; FET writes 0 where nobody has entered it."""
    text = child_text(element, "Number_of_Students")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _HEADCOUNT_DIGITS_MAX and int(text) else None


class _Tree:
    def __init__(self, activities_of: Mapping[str, int]) -> None:
        self.sets: dict[str, StudentSet] = {}
        self._activities_of = activities_of
        self._classes_of_part: dict[str, dict[str, None]] = {}
        """For each part of classes the classes, each once: a dictionary, as a hostile file has thousands of both."""

    def add_year(self, year: _Node) -> None:
        if self._is_class(year):
            self._add_class(year, parallel="")
            return
        self._add_heading(year)
        for group in year.below:
            if self._is_heading(group):
                self._add_heading(group)
                for subgroup in group.below:
                    self._add_class(subgroup, parallel=group.name)
            else:
                self._add_class(group, parallel=year.name)
        self._complete_classes(year)

    def finished(self) -> tuple[StudentSet, ...]:
        """Return the sets, every part of classes with its classes."""
        for name, classes in self._classes_of_part.items():
            known = self.sets[name]
            if isinstance(known, TeachingGroup):
                self.sets[name] = msgspec.structs.replace(
                    known, classes=tuple(dict.fromkeys((*known.classes, *classes)))
                )
        return tuple(self.sets.values())

    def _is_class(self, year: _Node) -> bool:
        if not year.below or year.has_only_pupils:
            return True
        subgroups = [each.name for group in year.below for each in group.below]
        overlapping = len(subgroups) > len(set(subgroups))
        busiest_group = max(self._activities_of.get(group.name, 0) for group in year.below)
        return overlapping or self._activities_of.get(year.name, 0) > busiest_group

    def _is_heading(self, group: _Node) -> bool:
        if not group.below or group.has_only_pupils or group.name in self._activities_of:
            return False
        taught_apart = any(each.name in self._activities_of for each in group.below)
        return taught_apart and sum(each.headcount or 0 for each in group.below) == (group.headcount or 0)

    def _add_heading(self, node: _Node) -> None:
        members = tuple(dict.fromkeys(each.name for each in node.below))
        self._keep(TeachingGroup(node.name, node.name, members=members, headcount=node.headcount))

    def _complete_classes(self, heading: _Node) -> None:
        """Tell the headings of a year which classes stand below them, now that those are known."""
        for node in (heading, *heading.below):
            known = self.sets.get(node.name)
            if isinstance(known, TeachingGroup) and known.members and not known.classes:
                self.sets[node.name] = msgspec.structs.replace(
                    known, classes=tuple(dict.fromkeys(self._classes_of(node)))
                )

    def _classes_of(self, node: _Node) -> Iterator[str]:
        for each in node.below:
            known = self.sets.get(each.name)
            if isinstance(known, SchoolClass):
                yield known.id
            elif isinstance(known, TeachingGroup):
                yield from self._classes_of(each)
            elif isinstance(known, Pupil) and known.class_id is not None:
                yield known.class_id

    def _add_class(self, node: _Node, *, parallel: str) -> None:
        if node.is_pupil:
            self._keep(Pupil(node.name, node.name))
            return
        met = [self.sets.get(each.name) for each in node.below]
        if node.has_only_pupils and all(isinstance(each, Pupil) and each.class_id is not None for each in met):
            self._add_group_of_known_pupils(node)
            return
        self._keep(SchoolClass(node.name, node.name, parallel=parallel, headcount=node.headcount))
        for each in node.below:
            if each.is_pupil:
                self._keep(Pupil(each.name, each.name, class_id=node.name))
            else:
                self._keep_part(each, of_class=node.name)

    def _add_group_of_known_pupils(self, node: _Node) -> None:
        members = tuple(dict.fromkeys(each.name for each in node.below))
        classes = tuple(dict.fromkeys(self._classes_of(node)))
        self._keep(TeachingGroup(node.name, node.name, members=members, classes=classes, headcount=node.headcount))

    def _keep_part(self, node: _Node, *, of_class: str) -> None:
        self._classes_of_part.setdefault(node.name, {})[of_class] = None
        below = tuple(dict.fromkeys(each.name for each in node.below))
        self._keep(TeachingGroup(node.name, node.name, members=below, headcount=node.headcount))
        for each in node.below:
            if each.is_pupil:
                self._keep(Pupil(each.name, each.name, class_id=of_class))
            else:
                self._keep_part(each, of_class=of_class)

    def _keep(self, student_set: StudentSet) -> None:
        self.sets.setdefault(student_set.id, student_set)
