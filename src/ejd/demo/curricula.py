"""The approved curriculum of each grade: what its journals are taught, hours a week and by which part of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ejd.demo.shape import FIRST_DAY, derived_id
from ejd_commands.curricula import AdoptCurriculum, AssignCurriculum, CurriculumLinePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.demo.roster import Roster
    from ejd.kernel.command import Command

FIRST_GRADE, WEEKS_OF_FIRST_GRADE, WEEKS = 1, 33, 34
"""Weeks of lessons a year: the first grade has an extra break (СанПиН 1.2.3685-21)."""
BY_PARTICIPANTS = frozenset({"project", "informatics-deep", "history-deep"})
"""Courses of the part that is formed by the participants of education."""


def curricula(seed: int, roster: Roster) -> Iterator[Command]:
    """Answer a curriculum for each grade, and give it to its classes."""
    hours: dict[int, dict[str, int]] = {}
    for journal in roster.journals:
        if journal.group is None or journal.group.kind in {"subgroup", "stream"}:
            for one in journal.classes:
                hours.setdefault(one.grade, {})[journal.subject] = journal.hours
    for grade, subjects in sorted(hours.items()):
        yield AdoptCurriculum(
            curriculum=derived_id(seed, "curriculum", str(grade)),
            year=roster.year,
            title=f"Учебный план {grade} класса",
            grades=(grade,),
            weeks=WEEKS_OF_FIRST_GRADE if grade == FIRST_GRADE else WEEKS,
            lines=tuple(
                CurriculumLinePart(
                    subject=derived_id(seed, "subject", code),
                    hours_per_week_hundredths=100 * weekly,
                    component="participants" if code in BY_PARTICIPANTS else "federal",
                )
                for code, weekly in subjects.items()
            ),
        )
    for one in roster.classes:
        curriculum = derived_id(seed, "curriculum", str(one.grade))
        yield AssignCurriculum(class_id=one.id, curriculum=curriculum, starts=FIRST_DAY)
