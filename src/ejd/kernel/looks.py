"""How many people somebody may look at before it is mass reading: named limits, by what the role is there for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MICROSECONDS = 1_000_000
HOUR, DAY = 3_600 * MICROSECONDS, 86_400 * MICROSECONDS
WHOLE_SCHOOL_FACTOR = 10
"""Whoever reads the whole school by role may look at so many times as many people as a teacher."""
WHOLE_SCHOOL = frozenset({"head", "deputy-head", "api-client"})
LOGGED = WHOLE_SCHOOL | {"teacher", "support"}
"""Roles whose looks are logged: a family that reads about itself is not."""


class Quota(NamedTuple):
    """A window of time in microseconds, its name, and how many people may be looked at in it."""

    name: str
    window: int
    people: int


def quotas(roles: Iterable[str], *, hour_max: int, day_max: int) -> tuple[Quota, Quota]:
    """Answer the limits of an hour and of a day for somebody with these roles."""
    factor = 1 if WHOLE_SCHOOL.isdisjoint(roles) else WHOLE_SCHOOL_FACTOR
    return Quota("hour", HOUR, hour_max * factor), Quota("day", DAY, day_max * factor)


def passed(quota: Quota, last_looks: Iterable[int], now: int) -> int:
    """Answer how many people were looked at in the window when that is more than may be, else 0.

    `last_looks` are the times of the last look at each person.
    """
    count = sum(1 for at in last_looks if at > now - quota.window)
    return count if count > quota.people else 0
