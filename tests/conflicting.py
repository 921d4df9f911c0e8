"""Conflicts of the kernel's finder in the shape of the oracle's, so that both can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ejd.kernel.conflicts import Conflict
from tests.oracle_conflicts import Named, When


def as_named(conflicts: Iterable[Conflict]) -> dict[Named, tuple[date, date, int, tuple[str, ...]]]:
    """Answer the finder's conflicts by what they are, with first day, last day, number of days, and pupils."""
    found = {}
    for one in conflicts:
        lessons = (
            frozenset[tuple[str, int]]()
            if one.kind == "daily-limit"
            else frozenset((at.journal, at.slot) for at in one.lessons)
        )
        named = Named(one.kind, one.what, one.cycle_day, lessons, one.number, one.limit)
        assert named not in found, named
        found[named] = (one.first_day, one.last_day, one.days, one.pupils)
    return found


def as_told(expected: dict[Named, When]) -> dict[Named, tuple[date, date, int, tuple[str, ...]]]:
    """Answer the oracle's conflicts in the same shape."""
    return {
        named: (min(when.days), max(when.days), len(when.days), tuple(sorted(when.pupils)))
        for named, when in expected.items()
    }


def days(first: date, last: date) -> list[date]:
    """Answer all days of a range."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
