"""Counting final marks for progress (D4): what a mark is worth, and the figures of many; pure.

Marks count by their five-point level (`kernel.policies.grade_value`), whatever their scale: «зач» is a 3, «незач» a 2,
85 of 100 points a 5. A «1» (rare) counts with the «2»: n2 are all marks below 3, so that the formulas stay as the
source prints them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ejd.kernel.events.school import GradingSystem
from ejd.kernel.policies import SATISFACTORY_LEVEL, grade_value
from ejd_projections.figures import Mean, Percent, mean, percent

SUBJECT_PROGRESS = "final marks of the period not lower than «3» / pupils in the class × 100 %"
"""(a), per subject and class, exactly as the source has it (п. 13; rules.md, formulas)."""
CLASS_PROGRESS = "pupils all of whose final marks of the period are not lower than «3» / pupils in the class × 100 %"
"""(b), the class's headline (rules.md, formulas)."""
PUPIL_PROGRESS = "subjects with a final mark not lower than «3» / subjects to be assessed × 100 %"
"""(c), per pupil (rules.md, formulas)."""
TEACHER_PROGRESS = "final marks of the period not lower than «3» / pupils in the teacher's journals × 100 %"
"""(a) for a teacher: each pupil counts once in each of the teacher's subjects."""
PROGRESS = "(n5 + n4 + n3) / N × 100 %, N = n5 + n4 + n3 + n2 + n(н/а)"
QUALITY = "(n5 + n4) / N × 100 %, N = n5 + n4 + n3 + n2 + n(н/а)"
DEGREE = "СОУ: (100·n5 + 64·n4 + 36·n3 + 16·n2 + 7·n(н/а)) / N, N = n5 + n4 + n3 + n2 + n(н/а)"
AVERAGE = "(5·n5 + 4·n4 + 3·n3 + 2·n2) / (n5 + n4 + n3 + n2)"

HIGHEST_LEVEL = 5
LOWEST_LEVEL = 2
NOT_ATTESTED_WEIGHT = 7
DEGREE_WEIGHTS = {5: 100, 4: 64, 3: 36, 2: 16}
"""Hundredths of mastery that a mark stands for (СОУ; rules.md, formulas, H)."""


class Standing(NamedTuple):
    """What a final mark is worth; `level` 2 to 5, None: «н/а» when `counts`, else «осв»."""

    level: int | None
    counts: bool

    @property
    def satisfactory(self) -> bool:
        """Whether it is not lower than «3»."""
        return self.level is not None and self.level >= SATISFACTORY_LEVEL

    @property
    def exempt(self) -> bool:
        """Whether the pupil is not assessed (осв)."""
        return self.level is None and not self.counts


@dataclass(slots=True)
class Statistics:
    """Final marks by level, and the figures of NetSchool's formulas (rules.md, formulas, H).

    `n2` are all marks below «3», `not_attested` are «н/а», `exempt` «осв»; `without_mark` counts the marks that are
    still to be given. `n` is the N of the formulas: it leaves out «осв» and what has no mark, and includes «н/а».
    `degree` (СОУ) is in percent, `average` in marks.
    """

    n5: int
    n4: int
    n3: int
    n2: int
    not_attested: int
    exempt: int
    without_mark: int
    n: int
    progress: Percent
    quality: Percent
    degree: Mean
    average: Mean


def standing(system: GradingSystem | None, value: str) -> Standing | None:
    """Answer what a final mark is worth in its grading system; None when it is no mark there."""
    known = None if system is None else grade_value(system, value)
    if known is None:
        return None
    if known.level is None:
        return Standing(None, known.counts)
    return Standing(max(LOWEST_LEVEL, min(HIGHEST_LEVEL, known.level)), counts=True)


def statistics(standings: Iterable[Standing | None]) -> Statistics:
    """Answer the figures of final marks; None stands for a mark that is still to be given."""
    levels: Counter[int] = Counter()
    not_attested = exempt = without_mark = 0
    for one in standings:
        if one is None:
            without_mark += 1
        elif one.level is not None:
            levels[one.level] += 1
        elif one.counts:
            not_attested += 1
        else:
            exempt += 1
    n = levels.total() + not_attested
    degree = sum(weight * levels[level] for level, weight in DEGREE_WEIGHTS.items())
    return Statistics(
        n5=levels[5],
        n4=levels[4],
        n3=levels[3],
        n2=levels[2],
        not_attested=not_attested,
        exempt=exempt,
        without_mark=without_mark,
        n=n,
        progress=percent(PROGRESS, levels[5] + levels[4] + levels[3], n),
        quality=percent(QUALITY, levels[5] + levels[4], n),
        degree=mean(DEGREE, degree + NOT_ATTESTED_WEIGHT * not_attested, n),
        average=mean(AVERAGE, sum(level * count for level, count in levels.items()), levels.total()),
    )
