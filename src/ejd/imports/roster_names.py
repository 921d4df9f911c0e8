"""What names in a list mean in the school: staff by name and initials, pupils by name and class, classes, groups."""

from collections import defaultdict

from ejd.imports.roster_ground import RosterGround, class_key, group_key, name_key
from ejd.kernel.states.people import PupilState
from ejd.kernel.states.school import SubjectState
from ejd.kernel.states.teaching import ClassState, GroupState

__all__ = ["SchoolNames"]


class SchoolNames:
    """Streams by the keys that a list has for names; a name of several is none."""

    def __init__(self, ground: RosterGround, year: str) -> None:
        self._found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for stream, subject in ground.all("subject", SubjectState):
            self._found["subject", subject.name.casefold()].add(stream)
        classes: dict[str, str] = {}
        for stream, form in ground.all("class", ClassState):
            if form.formed is not None and form.formed.year == year:
                classes[stream] = class_key(form.formed.name)
                self._found["class", classes[stream]].add(stream)
        for stream, group in ground.all("group", GroupState):
            if group.formed is not None and group.formed.year == year:
                self._found["group", group_key(group.formed.name)].add(stream)
        self._persons(ground, classes)

    def _persons(self, ground: RosterGround, classes: dict[str, str]) -> None:
        for person in ground.persons.values():
            words = (person.name.family, person.name.given, person.name.middle)
            homes = {""}
            if person.kind == "pupil":
                stays = ground.load(PupilState, person.stream).memberships.classes
                homes |= {classes[stay.where] for stay in stays if stay.where in classes}
            for given in {words[1], words[1][:1]}:
                for middle in {words[2], words[2][:1], ""}:
                    key = name_key(words[0], given, middle)
                    for home in homes:
                        whole = f"{key}|{home}" if person.kind == "pupil" else key
                        self._found[person.kind, whole].add(person.stream)

    def find(self, kind: str, key: str) -> str | None:
        """Answer the one thing of a name."""
        found = self._found.get((kind, key), set())
        return next(iter(found)) if len(found) == 1 else None
