"""What a question stands on: the present, where all is there, or a past that brings what the question needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ejd.history.choosing import Choice
from ejd_projections.journal_catalogue import Journal


class Ground(Protocol):
    """What reports call before they look: in the present nothing has to be done."""

    def begin(self) -> None:
        """Have the school with its years."""
        ...

    def subjects(self) -> None:
        """Have all subjects."""
        ...

    def staff(self) -> None:
        """Have all members of staff, and all subjects."""
        ...

    def classes(self, year: str) -> None:
        """Have the classes and groups of a year with their class teachers."""
        ...

    def people(self, *kinds: str) -> None:
        """Have everybody of these kinds: pupil, staff, guardian."""
        ...

    def rooms(self) -> None:
        """Have all rooms."""
        ...

    def whole_year(self, year: str) -> None:
        """Have the whole set-up of a year: places, journals, timetable, control works, people, accounts."""
        ...

    def everything(self, year: str, days: tuple[str, str]) -> None:
        """Have all people, classes, journals and marks of a year."""
        ...

    def choose(self, choice: Choice) -> None:
        """Have the journals of a choice with what they stand on."""
        ...

    def members(self, places: Iterable[str]) -> None:
        """Have everybody who was ever put into these classes and groups."""
        ...

    def pages(self, journals: Sequence[Journal], days: tuple[str, str], pupil: str | None) -> None:
        """Have all that stands on the pages of journals, and everybody who is named there."""
        ...

    def timetable_lessons(self, journals: Iterable[str] | None, days: tuple[str, str], year: str) -> None:
        """Have lessons due and held, with substitutes; of all journals chosen when None."""
        ...

    def whole_timetable(self, year: str) -> None:
        """Have everything that lessons of a year can be in conflict with, and the names of it."""
        ...

    def progress(self, choice: Choice, days: tuple[str, str], period: str) -> None:
        """Have the final marks of the pupils of a choice, and lessons where there are no marks."""
        ...

    def missed(self, choice: Choice, days: tuple[str, str], *, only_chosen: bool) -> None:
        """Have the rolls of whatever journals the pupils of a choice were in."""
        ...

    def substitutions(self, days: tuple[str, str], year: str) -> None:
        """Have the lessons of the journals chosen, and who changed them, in whose place, together with what."""
        ...

    def proposals(self, days: tuple[str, str], year: str) -> None:
        """Have all lessons of a year between two days, who attends them, and all who could give them."""
        ...

    def curriculum(self, choice: Choice, days: tuple[str, str], year: str) -> None:
        """Have the curricula of a year, and the journals of a choice with their lessons and pupils."""
        ...

    def curricula(self, year: str) -> None:
        """Have the curricula of a year, its classes, and all subjects."""
        ...

    def control_works(self, year: str) -> None:
        """Have the control works and the timetable of all journals of a year."""
        ...

    def consents(self, year: str) -> None:
        """Have everybody with what was said about their data, who registered it, and the classes of a year."""
        ...


class Present:
    """All is there."""

    def begin(self) -> None:
        """Nothing to do, as in all that follows."""

    def subjects(self) -> None:
        """See `Ground`."""

    def staff(self) -> None:
        """See `Ground`."""

    def classes(self, year: str) -> None:
        """See `Ground`."""

    def people(self, *kinds: str) -> None:
        """See `Ground`."""

    def rooms(self) -> None:
        """See `Ground`."""

    def whole_year(self, year: str) -> None:
        """See `Ground`."""

    def everything(self, year: str, days: tuple[str, str]) -> None:
        """See `Ground`."""

    def choose(self, choice: Choice) -> None:
        """See `Ground`."""

    def members(self, places: Iterable[str]) -> None:
        """See `Ground`."""

    def pages(self, journals: Sequence[Journal], days: tuple[str, str], pupil: str | None) -> None:
        """See `Ground`."""

    def timetable_lessons(self, journals: Iterable[str] | None, days: tuple[str, str], year: str) -> None:
        """See `Ground`."""

    def whole_timetable(self, year: str) -> None:
        """See `Ground`."""

    def progress(self, choice: Choice, days: tuple[str, str], period: str) -> None:
        """See `Ground`."""

    def missed(self, choice: Choice, days: tuple[str, str], *, only_chosen: bool) -> None:
        """See `Ground`."""

    def substitutions(self, days: tuple[str, str], year: str) -> None:
        """See `Ground`."""

    def proposals(self, days: tuple[str, str], year: str) -> None:
        """See `Ground`."""

    def curriculum(self, choice: Choice, days: tuple[str, str], year: str) -> None:
        """See `Ground`."""

    def curricula(self, year: str) -> None:
        """See `Ground`."""

    def control_works(self, year: str) -> None:
        """See `Ground`."""

    def consents(self, year: str) -> None:
        """See `Ground`."""


PRESENT = Present()
