"""How large the demonstration is and where its chance comes from: the same seed gives the same school."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID, uuid5

NAMESPACE = UUID("0c3c9ad0-3d0d-5e0e-9d65-6f0c2b1f7a07")
SCHOOL_NAME = "Школа № 7 (демонстрационная)"
TIMEZONE = "Europe/Moscow"
FIRST_DAY = date(2026, 9, 1)
QUARTER_LAST_DAY = date(2026, 10, 24)
PREPARED_ON = date(2026, 8, 17)
"""The day on which the administration enters the year; roles are granted from a fortnight before."""
ROLES_FROM = date(2026, 8, 3)
SEED = 7

ALL_CLASSES = ("1А", "2А", "3А", "4А", "5А", "5Б", "6А", "7А", "7Б", "8А", "9А", "9Б", "10А", "10Б", "11А")


@dataclass(frozen=True)
class Shape:
    """What a demonstration has; a class's grade is the number in its name."""

    classes: tuple[str, ...] = ALL_CLASSES
    pupils_per_class: int = 21
    last_day: date = QUARTER_LAST_DAY
    marks: float = 1.0
    """Multiplies how often teachers give marks: with 1 the whole quarter has some 60,000 events."""
    slips: float = 1.0
    """Multiplies how often something is recorded wrongly and corrected."""
    ill_week: date = date(2026, 10, 5)
    """The Monday of the week in which teachers are ill."""

    def __post_init__(self) -> None:
        """Refuse what the story cannot be told in: it needs two weeks within the first quarter."""
        fits = date(2026, 9, 12) <= self.last_day <= QUARTER_LAST_DAY
        if not fits or not set(self.classes) <= set(ALL_CLASSES) or self.pupils_per_class < PUPILS_MIN:
            msg = f"a demonstration lasts two weeks to a quarter, with {PUPILS_MIN} or more pupils in known classes"
            raise ValueError(msg)


PUPILS_MIN = 6
FULL = Shape()
SMALL = Shape(
    classes=("4А", "5А", "5Б"),
    pupils_per_class=8,
    last_day=date(2026, 9, 14),
    marks=0.5,
    slips=6,
    ill_week=date(2026, 9, 7),
)
"""Two weeks of three classes: for tests."""


def chance(seed: int, *words: str) -> Random:
    """Answer the random numbers of one part of the story, so that a change in one part leaves the others alone."""
    return Random("/".join((str(seed), *words)))  # noqa: S311 - seeded to repeat, hides nothing


def derived_id(seed: int, *words: str) -> str:
    """Answer the id of a thing of the demonstration."""
    return str(uuid5(NAMESPACE, "/".join((str(seed), *words))))


def grade_of(title: str) -> int:
    """Answer the grade of a class from its name."""
    return int(title[:-1])
