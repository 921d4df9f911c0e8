"""Names as a file has them become names that the school's commands take."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from ejd.imports.timetable_file import Named, Room, SchoolClass, TeachingGroup
from ejd.kernel.titles import NAME_CHARACTERS_MAX, PersonName
from ejd_commands.fields import GRADE_MAX, TITLE_CHARACTERS_MAX, clean_line, unique_key

__all__ = ["distinct_titles", "grade_of", "person_name", "title"]

UNNAMED: Final = "без названия"
GIVEN_NAME_UNKNOWN: Final = "—"
"""Timetables know people by one word or a code, and commands ask for a given name."""

_LEADING_NUMBER: Final = re.compile(r"\s*(\d{1,2})(?!\d)")


def title(text: str, characters_max: int = TITLE_CHARACTERS_MAX) -> str:
    """Return one visible line of at most that many characters; control characters become spaces."""
    line = clean_line("".join(" " if unicodedata.category(each) in {"Cc", "Cs"} else each for each in text))
    if all(unicodedata.category(each)[0] in "CZ" for each in line):
        return UNNAMED
    return line if len(line) <= characters_max else line[: characters_max - 1].rstrip() + "…"


def distinct_titles(things: Iterable[Named | Room | SchoolClass | TeachingGroup]) -> dict[str, str]:
    """Return titles by id; whoever would be taken for one before gets the own id, or a number, behind the name."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for thing in things:
        found = wanted = title(thing.name)
        while unique_key(found) in taken:
            numbers[wanted] += 1
            behind = thing.id if numbers[wanted] == 1 else str(numbers[wanted])
            half = title(wanted, TITLE_CHARACTERS_MAX // 2)
            found = f"{half} ({title(behind, TITLE_CHARACTERS_MAX // 4)})"
        taken.add(unique_key(found))
        titles[thing.id] = found
    return titles


def person_name(text: str) -> PersonName:
    """Return a name that reads as the file writes it: the first word as the family name, the rest as the given one."""
    family, _, given = title(text, NAME_CHARACTERS_MAX).partition(" ")
    return PersonName(family=family, given=given or GIVEN_NAME_UNKNOWN)


def grade_of(class_name: str) -> int:
    """Return the year of schooling that a class's name begins with (07A, 12 IB), 0 where it begins otherwise."""
    found = _LEADING_NUMBER.match(class_name)
    grade = int(found[1]) if found else 0
    return grade if grade <= GRADE_MAX else 0
