"""Which streams a question needs: those that ever belonged, void or not, by the mentions and by the store's directory.

The choice may be wider than the answer, never narrower: what counts is then decided by the question itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from ejd.kernel.ids import SCHOOL
from ejd_projections import mentions as m
from ejd_projections.account_holders import account_holders

LESSON, FINAL_MARKS, CONTROL_WORK = "lesson", "final-marks", "control-work"
"""Kinds of the store's directory."""


class Directory(Protocol):
    """The part of an event store that choosing needs."""

    def heads(self, streams: list[str]) -> dict[str, int]:
        """Answer the version of each stream that exists."""
        ...

    def streams_of_journals(
        self, journals: list[str], kind: str, *, first: str = "", last: str = "9999-12-31"
    ) -> list[str]:
        """Answer the streams of one kind and several journals, of a range of dates."""
        ...


@dataclass(frozen=True)
class Choice:
    """Which journals: every condition that is not None must hold; `years` None: of whatever academic year."""

    years: frozenset[str] | None = None
    class_id: str | None = None
    group: str | None = None
    journal: str | None = None
    subject: str | None = None
    teacher: str | None = None
    pupil: str | None = None

    @property
    def says_which(self) -> bool:
        """Whether anything but the year narrows the choice."""
        return bool(self.named)

    @property
    def named(self) -> set[str]:
        """The ids that were asked for, each of which is a stream."""
        asked = (self.class_id, self.group, self.journal, self.subject, self.teacher, self.pupil)
        return {one for one in asked if one}


class Streams:
    """Chooses streams; the connection sees a read model that is at least as new as the moment asked about."""

    def __init__(self, directory: Directory, live: sa.Connection) -> None:
        """Keep where to look."""
        self._directory, self._live = directory, live

    def school(self) -> set[str]:
        """Answer the school and its academic years."""
        return {SCHOOL} | self.all("year")

    def all(self, kind: str) -> set[str]:
        """Answer all streams of a kind of set-up, such as year, subject, class, curriculum, journal, pupil, staff."""
        return m.naming(self._live, m.IS, [kind])

    def of_year(self, kind: str, year: str) -> set[str]:
        """Answer the streams of a kind that were ever of an academic year."""
        return m.naming(self._live, m.OF_YEAR, [year]) & self.all(kind)

    def accounts(self) -> set[str]:
        """Answer every account that was ever opened."""
        return set(self._live.scalars(sa.select(account_holders.c.stream)))

    def places_of_year(self, years: Iterable[str]) -> set[str]:
        """Answer the classes and teaching groups of academic years, with the class teachers."""
        found = m.naming(self._live, m.OF_YEAR, years) & (self.all("class") | self.all("group"))
        return found | m.named_by(self._live, m.CLASS_TEACHER, found)

    def journals(self, choice: Choice) -> set[str]:
        """Answer the journals that ever met all conditions; a teacher's are also those of substitutions."""
        conditions: list[set[str]] = []
        if choice.journal is not None:
            conditions.append({choice.journal})
        if choice.class_id is not None:
            conditions.append(m.naming(self._live, m.JOURNAL_CLASS, [choice.class_id]))
        if choice.group is not None:
            conditions.append(m.naming(self._live, m.JOURNAL_PLACE, [choice.group]))
        if choice.subject is not None:
            conditions.append(m.naming(self._live, m.JOURNAL_SUBJECT, [choice.subject]))
        if choice.teacher is not None:
            taught = m.naming(self._live, m.JOURNAL_TEACHER, [choice.teacher])
            conditions.append(taught | m.journals_substituted(self._live, choice.teacher))
        if choice.pupil is not None:
            conditions.append(self.journals_at(self.places_of([choice.pupil])))
        found = set.intersection(*conditions) if conditions else self.all("journal")
        return found if choice.years is None else found & m.naming(self._live, m.OF_YEAR, choice.years)

    def journals_at(self, places: Iterable[str], years: Iterable[str] | None = None) -> set[str]:
        """Answer the journals that were ever for these classes and groups, of the years if given."""
        found = m.naming(self._live, m.JOURNAL_PLACE, places)
        return found if years is None else found & m.naming(self._live, m.OF_YEAR, years)

    def around(self, journals: Collection[str]) -> set[str]:
        """Answer the journals with what their names and loads stand on: places, classes, subjects, teachers."""
        kinds = (m.JOURNAL_PLACE, m.JOURNAL_CLASS, m.JOURNAL_SUBJECT, m.JOURNAL_TEACHER)
        return set(journals).union(*(m.named_by(self._live, kind, journals) for kind in kinds))

    def classes(self, journals: Collection[str]) -> set[str]:
        """Answer the classes that pupils of the journals were ever from."""
        return m.named_by(self._live, m.JOURNAL_CLASS, journals)

    def places(self, journals: Collection[str]) -> set[str]:
        """Answer the classes and groups that the journals were ever for."""
        return m.named_by(self._live, m.JOURNAL_PLACE, journals)

    def pupils_in(self, places: Iterable[str]) -> set[str]:
        """Answer the pupils who were ever put into these classes and groups."""
        return m.naming(self._live, m.PUPIL_IN, places)

    def places_of(self, pupils: Iterable[str]) -> set[str]:
        """Answer the classes and groups that the pupils were ever put into."""
        return m.named_by(self._live, m.PUPIL_IN, pupils)

    def lessons(self, journals: Iterable[str], first: str, last: str) -> set[str]:
        """Answer the lessons of journals that were planned in a range of days, or ever moved into it."""
        chosen = sorted(journals)
        found = set(self._directory.streams_of_journals(chosen, LESSON, first=first, last=last))
        return found.union(*(m.lessons_moved(self._live, one, first, last) for one in chosen))

    def lessons_despite_clashes(self, journals: Iterable[str]) -> set[str]:
        """Answer the lessons of journals that were ever put somewhere in spite of a clash."""
        return m.naming(self._live, m.DESPITE, journals)

    def final_marks(self, journals: Iterable[str]) -> set[str]:
        """Answer the streams of the final marks of journals."""
        return set(self._directory.streams_of_journals(sorted(journals), FINAL_MARKS))

    def control_works(self, journals: Iterable[str]) -> set[str]:
        """Answer the control works of journals, of whatever day: each may have been moved."""
        return set(self._directory.streams_of_journals(sorted(journals), CONTROL_WORK))

    def count_events(self, streams: Iterable[str]) -> int:
        """Answer how many events the streams have by now, without reading them."""
        return sum(self._directory.heads(sorted(streams)).values())
