"""Where conflicts are gathered: what is the same on several days, or for several pupils, is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ejd.kernel.conflict_facts import At

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ejd.kernel.events.timetable import ConflictKind


class Key(NamedTuple):
    """What makes two conflicts the same one."""

    kind: ConflictKind
    what: str
    cycle_day: int
    apart: frozenset[At]
    number: int
    limit: int
    source: str


class Entry:
    """What is gathered of a conflict."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.lessons: set[At] = set()
        self.days = 0
        self.pupils: set[str] = set()


class Sheet:
    """All conflicts found so far, in order of finding."""

    def __init__(self) -> None:
        """Empty."""
        self.entries: dict[Key, Entry] = {}

    def add(  # noqa: PLR0913 - the parts of a conflict
        self,
        kind: ConflictKind,
        what: str,
        cycle_day: int,
        lessons: Collection[At],
        days: int,
        *,
        pupils: Iterable[str] = (),
        number: int = 0,
        limit: int = 0,
        source: str = "",
        together: bool = False,
    ) -> None:
        """Take a conflict in; `together`: other lessons with the same number make no other conflict."""
        apart = frozenset[At]() if together else frozenset(lessons)
        entry = self.entries.setdefault(Key(kind, what, cycle_day, apart, number, limit, source), Entry())
        entry.lessons.update(lessons)
        entry.days |= days
        entry.pupils.update(pupils)
