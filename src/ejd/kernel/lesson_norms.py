"""How many lessons a day a pupil may have: dated norm sets, each with its source (rules.md: norm sets are dated)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class DailyLimit(NamedTuple):
    """At most `lessons` a day for some grades; `once_a_week` on one day of the week (the same where it is no more).

    `last_day` None: until another set replaces it.
    """

    first_grade: int
    last_grade: int
    lessons: int
    once_a_week: int
    first_day: date
    last_day: date | None
    source: str


SANPIN = "СанПиН 1.2.3685-21, табл. 6.6; СП 2.4.3648-20, п. 3.4.16"
"""In force until 1 March 2027 (постановление от 28.01.2021 № 2); the norm set of what follows is added beside it."""
OLD_SANPIN = "СанПиН 2.4.2.2821-10, п. 10.6"
_BY_GRADE = ((1, 1, 4, 5), (2, 4, 5, 6), (5, 6, 6, 6), (7, 11, 7, 7))
"""«Объём максимально допустимой нагрузки в течение дня»: grade 1: 4, once a week 5; 2-4: 5, once 6; 5-6: 6; 7-11: 7."""

DAILY_LIMITS: tuple[DailyLimit, ...] = (
    *(DailyLimit(*one, date(2011, 9, 1), date(2021, 2, 28), OLD_SANPIN) for one in _BY_GRADE),
    *(DailyLimit(*one, date(2021, 3, 1), date(2027, 2, 28), SANPIN) for one in _BY_GRADE),
)


def limits_of(grade: int, limits: Iterable[DailyLimit]) -> list[DailyLimit]:
    """Answer the limits that count for a grade, each in its own days."""
    return [one for one in limits if one.first_grade <= grade <= one.last_grade]
