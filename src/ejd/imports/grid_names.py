"""What the text of a lesson means: subject, group, teachers, room, each by a name that only one thing here has."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ejd.imports.roster_ground import RosterGround
from ejd.kernel.states.school import RoomState, SubjectState
from ejd.kernel.states.teaching import GroupState
from ejd_commands.fields import unique_key

__all__ = ["GridNames", "Meaning", "NotUnderstood", "entries_of"]

NOBODY: Final = frozenset({"—", "-", "–"})
WORDS_MAX: Final = 30
"""Of one lesson on one line."""
_GROUP: Final = re.compile(r"(?P<subject>.+?)\s*\((?P<group>[^()]*(?:\([^()]*\)[^()]*)*)\)")


class NotUnderstood(Exception):
    """Why the text of a lesson is not taken; a sentence for who wrote it."""


class Meaning(NamedTuple):
    """A lesson by ids; `group` and `room` are "" where the text has none."""

    subject: str
    group: str
    teachers: tuple[str, ...]
    room: str


def plain(text: str) -> str:
    """Return what two ways to write a name have in common: case, blanks, dots, ё and е, Latin look-alikes."""
    return unique_key(re.sub(r"\s*\.\s*", ".", " ".join(text.split())).replace("Ё", "Е").replace("ё", "е")).strip(" .")


def entries_of(lines: Sequence[str]) -> list[list[str]]:
    """Return the lines of each group that is taught at the time: they stand between «/»."""
    entries: list[list[str]] = [[]]
    for line in lines:
        if line == "/":
            entries.append([])
        else:
            entries[-1].append(line)
    return entries


class GridNames:
    """Subjects, rooms, groups and staff by all the ways in which a timetable may write them."""

    def __init__(self, ground: RosterGround, rooms: Iterable[tuple[str, RoomState]], year: str) -> None:
        """Take everything that the school has now."""
        self._found: dict[str, defaultdict[str, set[str]]] = {
            kind: defaultdict(set) for kind in ("subject", "teacher", "room", "group")
        }
        for stream, subject in ground.all("subject", SubjectState):
            self._add("subject", subject.name, stream)
        for stream, room in rooms:
            for name in (room.name, f"каб. {room.name}", f"кабинет {room.name}"):
                self._add("room", name, stream)
        for stream, group in ground.all("group", GroupState):
            if group.formed is not None and group.formed.year == year:
                self._add("group", group.formed.name, stream)
        for person in ground.persons.values():
            if person.kind == "staff":
                called = person.name
                short = (called.family, f"{called.family} {called.given[:1]}.", called.short(), called.full())
                for each in dict.fromkeys(short):
                    self._add("teacher", each, person.stream)

    def _add(self, kind: str, name: str, stream: str) -> None:
        if plain(name):
            self._found[kind][plain(name)].add(stream)

    def _one(self, kind: str, text: str) -> str | None:
        found = self._found[kind].get(plain(text), set())
        if len(found) > 1:
            raise NotUnderstood(f"several of the school's {kind}s are called like this: write the whole name")
        return next(iter(found), None)

    def meaning(self, lines: Sequence[str]) -> Meaning:
        """Return what the lines of one lesson mean; raises NotUnderstood."""
        if not lines:
            raise NotUnderstood("a group without a lesson stands beside a «/»")
        return self._of_line(lines[0]) if len(lines) == 1 else self._of_lines(lines)

    def _of_lines(self, lines: Sequence[str]) -> Meaning:
        """Subject, teachers, room: a line each; teachers or the room may be left out. Else what one line would mean."""
        subject, group = self._subject(lines[0])
        if subject is None:
            return self._of_line(" ".join(lines))
        teachers: tuple[str, ...] = ()
        rest = list(lines[1:])
        if rest[0] in NOBODY:
            rest.pop(0)
        elif (named := self._teachers(rest[0])) is not None:
            teachers = named
            rest.pop(0)
        room = self._one("room", rest[0]) if rest else ""
        if len(rest) > 1 or room is None:
            what = rest[1] if room is not None else rest[0]
            raise NotUnderstood(f"“{what[:60]}” is neither a teacher nor a room of the school")
        return Meaning(subject, group, teachers, room)

    def _of_line(self, line: str) -> Meaning:
        """Everything on one line: the one way to divide it into subject, teachers and room that has a meaning."""
        words = line.split()
        if len(words) > WORDS_MAX:
            raise NotUnderstood("this is no subject with teacher and room")
        found: dict[Meaning, None] = {}
        unclear: NotUnderstood | None = None
        for first in range(len(words), 0, -1):
            for second in range(len(words), first - 1, -1):
                try:
                    meaning = self._divided(words, first, second)
                except NotUnderstood as error:  # another division may be clear
                    unclear = error
                    continue
                found |= {} if meaning is None else {meaning: None}
        if len(found) > 1:
            raise NotUnderstood("this can be read in several ways: write subject, teacher and room on separate lines")
        if not found:
            raise unclear or NotUnderstood("this is no subject with teacher and room that the school has")
        return next(iter(found))

    def _divided(self, words: Sequence[str], first: int, second: int) -> Meaning | None:
        subject, group = self._subject(" ".join(words[:first]))
        if subject is None:
            return None
        teachers = self._teachers(" ".join(words[first:second])) if second > first else ()
        room = self._one("room", " ".join(words[second:])) if second < len(words) else ""
        return None if teachers is None or room is None else Meaning(subject, group, teachers, room)

    def _subject(self, text: str) -> tuple[str | None, str]:
        subject = self._one("subject", text)
        match = None if subject is not None else _GROUP.fullmatch(text)
        if match is None:
            return subject, ""
        group = self._one("group", match["group"])
        return (self._one("subject", match["subject"]), group) if group is not None else (None, "")

    def _teachers(self, text: str) -> tuple[str, ...] | None:
        found = [self._one("teacher", each) for each in text.split(",")]
        return None if None in found else tuple(dict.fromkeys(each for each in found if each is not None))
