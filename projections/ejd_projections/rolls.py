"""Counting lessons: which of them had a roll taken while a pupil was in the journal, and which of those were missed.

The same count stands in the basis of final marks: the roll is taken, the lesson is not cancelled, it counts on the
day on which it took place, and the pupil belonged in the journal on that day. Late is not missed (A3).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ejd_projections.memberships import Member

MISSED = frozenset({"absent", "excused", "ill"})
"""Kinds of lines of the roll that say: the pupil was not there."""


def lessons_while_member(roll_days: Sequence[str], stays: Iterable[Member]) -> int:
    """Answer how many of the lessons (their days, ascending, one entry each) lie within the stays.

    The stays of one pupil in one journal do not overlap, so that nothing is counted twice.
    """
    count = 0
    for stay in stays:
        end = len(roll_days) if stay.ends is None else bisect_left(roll_days, stay.ends)
        count += max(0, end - bisect_left(roll_days, stay.starts))
    return count


def was_member(stays: Iterable[Member], day: str) -> bool:
    """Answer whether one of a pupil's stays covers a day."""
    return any(stay.on(day) for stay in stays)
