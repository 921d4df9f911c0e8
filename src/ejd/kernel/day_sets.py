"""Sets of days of one academic year as the bits of whole numbers: whether two lessons ever meet is one `&`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator

    from ejd.kernel.calendar import Calendar

T = TypeVar("T", bound="Hashable")


class Span(NamedTuple):
    """The first and last of some days, and how many they are."""

    first_day: date
    last_day: date
    days: int


class DaySets:
    """The days of a year from a day on; whatever lies before is in no set."""

    def __init__(self, calendar: Calendar, since: date) -> None:
        """Have no days at all while the year is not opened."""
        data = calendar.data
        self._calendar = calendar
        self._first = data.first_day or since
        last = data.last_day or self._first - timedelta(days=1)
        self._size = (last - self._first).days + 1
        self.all = self._bits(since, None)

    def between(self, starts: date, ends: date | None) -> int:
        """Answer the days from one to another, both included; None: to the end of the year."""
        return self._bits(starts, ends) & self.all

    def _bits(self, starts: date, ends: date | None) -> int:
        low = max((starts - self._first).days, 0)
        high = self._size if ends is None else min((ends - self._first).days + 1, self._size)
        return (1 << high) - (1 << low) if low < high else 0

    def until(self, starts: date, ends: date | None) -> int:
        """Answer the days from one (included) to another (not included); None: to the end of the year."""
        return self.between(starts, None if ends is None else ends - timedelta(days=1))

    def of_cycle_day(self, number: int, grade: int, classes: Collection[str]) -> int:
        """Answer the days on which lessons of classes of a grade follow a day of the cycle."""
        return self._calendar.days_of_cycle(grade, classes).get(number, 0) & self.all

    def of_school(self, grade: int, classes: Collection[str]) -> int:
        """Answer the days on which classes of a grade have school."""
        found = 0
        for days in self._calendar.days_of_cycle(grade, classes).values():
            found |= days
        return found & self.all

    def weeks(self) -> Iterator[int]:
        """Answer the days of each week; a week begins with the weekday of the first day of the cycle."""
        cycle = self._calendar.data.cycle
        begins = (cycle.days[0].weekday or 0) if cycle is not None and cycle.days else 0
        low = -((self._first.weekday() - begins) % 7)
        while low < self._size:
            yield ((1 << (low + 7)) - (1 << max(low, 0))) & self.all
            low += 7

    def span(self, days: int) -> Span:
        """Answer the first and last day of a set that is not empty, and how many there are."""
        first, last = (days & -days).bit_length() - 1, days.bit_length() - 1
        return Span(self._first + timedelta(days=first), self._first + timedelta(days=last), days.bit_count())


def subsets(parts: Iterable[tuple[T, int]]) -> dict[frozenset[T], int]:
    """Answer for every set of things that are there together the days on which just these are; without the empty set.

    Costs as many steps as there are different sets, and those are no more than there are days.
    """
    found: dict[frozenset[T], int] = {frozenset(): -1}
    for thing, days in parts:
        after: dict[frozenset[T], int] = {}
        for things, known in found.items():
            if known & days:
                more = things | {thing}
                after[more] = after.get(more, 0) | known & days
            if known & ~days:
                after[things] = after.get(things, 0) | known & ~days
        found = after
    return {things: days for things, days in found.items() if things}


def meetings(parts: list[tuple[T, int]]) -> dict[frozenset[T], int]:
    """Answer the sets of at least two things that are there together, with the days on which just these are."""
    once = twice = 0
    for _, days in parts:
        twice |= once & days
        once |= days
    if not twice:
        return {}
    found = subsets((thing, days & twice) for thing, days in parts)
    return {things: days for things, days in found.items() if len(things) > 1}
