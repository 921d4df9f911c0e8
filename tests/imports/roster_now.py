"""A roster in the store by the names that a reader sees, and changes by hand."""

from __future__ import annotations

from datetime import date

from ejd.app import School
from ejd.founding import IMPORTER, cli_actor
from ejd.handling.handler import Request
from ejd.handling.states import States
from ejd.kernel.command import Command
from ejd.kernel.events import CATALOGUE
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState
from ejd_projections.people import persons
from tests.imports.roster_files import everything_read
from tests.scenario import uid

TODAY = date(2025, 10, 6)
"""The present of the school."""


def hand(school: School, command: Command, number: int) -> None:
    """Send a command as a person at the machine."""
    school.handler.handle([Request(command, uid(f"hand {number}"))], cli_actor(IMPORTER))


class Now:
    """What stands in the store, by the names that a reader sees."""

    def __init__(self, school: School) -> None:
        self.school, self.states = school, States(school.store, CATALOGUE)
        self.people = everything_read(school)["persons"]

    def person(self, family: str) -> str:
        """Answer the id of the one person of a family name."""
        (stream,) = [row[0] for row in self.people if row[2] == family]
        return str(stream)

    def row(self, family: str) -> dict[str, object]:
        """Answer what reports know of the one person of a family name."""
        (row,) = [row for row in self.people if row[2] == family]
        return dict(zip(persons.columns, row, strict=True))

    def streams(self, kind: str) -> list[str]:
        """Answer the streams of a kind."""
        return [each.stream for each in self.school.store.directory(kinds=[kind])]

    def class_named(self, name: str) -> str:
        """Answer the id of a class."""
        found = {s: self.states.load(ClassState, s).formed for s in self.streams("class")}
        (stream,) = [s for s, formed in found.items() if formed is not None and formed.name == name]
        return stream

    def group_named(self, name: str) -> str:
        """Answer the id of a group."""
        found = {s: self.states.load(GroupState, s).formed for s in self.streams("group")}
        (stream,) = [s for s, formed in found.items() if formed is not None and formed.name == name]
        return stream

    def class_of(self, family: str, day: date = TODAY) -> str:
        """Answer the name of the class in which a pupil is on a day."""
        stay = self.states.load(PupilState, self.person(family)).memberships.class_on(day)
        formed = None if stay is None else self.states.load(ClassState, stay.where).formed
        return "" if formed is None else formed.name

    def members(self, group: str, day: date = TODAY) -> set[str]:
        """Answer the family names of the pupils in a group on a day."""
        stream, found = self.group_named(group), set()
        for row in self.people:
            if row[1] == "pupil":
                stays = self.states.load(PupilState, row[0]).memberships.groups
                if any(s.where == stream and s.starts <= day and (s.ends is None or day < s.ends) for s in stays):
                    found.add(str(row[2]))
        return found

    def journal(self, name: str) -> tuple[str, JournalState]:
        """Answer a journal by its name."""
        found = {s: self.states.load(JournalState, s) for s in self.streams("journal")}
        ((stream, state),) = [
            (s, one) for s, one in found.items() if one.opened is not None and one.opened.name == name
        ]
        return stream, state

    def teachers(self, name: str, day: date = TODAY) -> set[str]:
        """Answer the family names of those who teach a journal on a day."""
        _, state = self.journal(name)
        return {str(row[2]) for row in self.people if state.load_of(row[0], day) is not None}
