"""Figures as reports print them: the formula, what stands above and below the line, and the exact quotient."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.kernel.policies import Average
from ejd.kernel.policies import percent_hundredths as hundredths_of_percent


@dataclass(slots=True)
class Percent:
    """`numerator` / `denominator` × 100 % by `formula`.

    `percent_hundredths` is rounded half up (9231 is 92.31 %); None: nothing stands below the line.
    """

    formula: str
    numerator: int
    denominator: int
    percent_hundredths: int | None


@dataclass(slots=True)
class Mean:
    """`numerator` / `denominator` by `formula`, without × 100 %.

    `hundredths` is rounded half up (383 is 3.83); None: nothing stands below the line.
    """

    formula: str
    numerator: int
    denominator: int
    hundredths: int | None


def percent(formula: str, numerator: int, denominator: int) -> Percent:
    """Answer a percentage with what it was made of."""
    return Percent(formula, numerator, denominator, hundredths_of_percent(numerator, denominator))


def mean(formula: str, numerator: int, denominator: int) -> Mean:
    """Answer a quotient with what it was made of."""
    return Mean(formula, numerator, denominator, Average(numerator, denominator).hundredths())
