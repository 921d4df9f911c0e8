"""What the demonstration plans for its year: curricula by grade, a plan that goes on, control works ahead, norms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.curriculum import CONTROLLED, SUBJECTS
from ejd.demo.shape import FIRST_DAY, derived_id
from ejd_commands import curricula as u
from ejd_commands import thematic_plans as t
from ejd_commands.control_norms import AdoptControlNorms
from ejd_commands.control_works import PlanControlWorks, PlannedWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ejd.demo.roster import Journal, Roster
    from ejd.kernel.command import Command

WEEKS = 34
HUNDRED = 100
DECEMBER = date(2026, 12, 7)
"""A Monday: what is planned ahead is written in this week."""
AHEAD_MAX = 3
PROFILE = "технический и гуманитарный"
PROFILE_GRADES = (10, 11)
WHY = "Часть материала повторена в начале года"


def norms() -> Command:
    """Answer the school's own norms for control works."""
    return AdoptControlNorms(
        starts=FIRST_DAY,
        source="Положение школы о графике контрольных работ, п. 3",
        per_week_max=4,
        minutes_min=30,
        lesson_minutes_max=45,
        errors=("per-day",),
        off=("after-break",),
    )


def curriculum_commands(seed: int, roster: Roster, subjects: Mapping[str, str]) -> Iterator[Command]:
    """Answer a curriculum for each grade as it is taught, given to its classes; `subjects` are ids by code."""
    for grade in sorted({one.grade for one in roster.classes}):
        classes = [one for one in roster.classes if one.grade == grade]
        curriculum = derived_id(seed, "curriculum", str(grade))
        taught = [one for one in roster.journals if classes[0] in one.classes]
        yield u.AdoptCurriculum(
            curriculum=curriculum,
            year=roster.year,
            title=f"Учебный план, {grade} класс",
            grades=(grade,),
            profile=PROFILE if grade in PROFILE_GRADES else "",
            weeks=WEEKS,
            lines=tuple(_lines(taught, subjects)),
        )
        for one in classes:
            yield u.AssignCurriculum(class_id=one.id, curriculum=curriculum, starts=FIRST_DAY)


def _lines(taught: Iterable[Journal], subjects: Mapping[str, str]) -> Iterator[u.CurriculumLinePart]:
    hours = {one.subject: one.hours for one in taught if one.group is None or one.group.kind != "individual"}
    for code in SUBJECTS:
        if code in hours:
            yield u.CurriculumLinePart(
                subject=subjects[code],
                hours_per_week_hundredths=HUNDRED * hours[code],
                component="participants" if code.endswith("-deep") else "federal",
            )


def individual_curricula(seed: int, roster: Roster) -> Iterator[Command]:
    """Answer the curricula of pupils with an individual plan; the last one's application was taken back."""
    pupils = [one for one in roster.pupils if one.plan is not None and one.stays[0].starts == FIRST_DAY]
    grades = {one.id: one.grade for one in roster.classes}
    for pupil in pupils:
        grade = next(grades[stay.where] for stay in pupil.stays if stay.where in grades)
        curriculum = derived_id(seed, "curriculum", str(grade))
        yield u.AssignPupilCurriculum(pupil=pupil.id, curriculum=curriculum, starts=FIRST_DAY)
    if pupils:
        yield u.EndPupilCurriculum(pupil=pupils[-1].id, ends=FIRST_DAY)


def plan_goes_on(journal: Journal, lines: Iterable[t.RevisedTopicPart]) -> Iterator[Command]:
    """Answer how one plan gets lines for the end of the year, two of them combined, and an hour of reserve dropped."""
    before = tuple(lines)
    section, number = "Повторение", len(before)
    more = (
        t.RevisedTopicPart(section=section, topic="Обобщение изученного", hours=2),
        t.RevisedTopicPart(section=section, topic="Решение задач", hours=2),
        t.RevisedTopicPart(section=section, topic="Резервные уроки", hours=3, reserve=True),
    )
    yield t.ReviseThematicPlan(journal=journal.id, topics=(*before, *more), reason=WHY)
    yield t.CombineTopics(journal=journal.id, numbers=(number + 1, number + 2), hours=3, reason=WHY)
    yield t.DropReserveHours(journal=journal.id, hours=1, reason=WHY)


def works_ahead(journals: Iterable[Journal]) -> Command:
    """Answer the works of December that are planned at once: of classes that have no other one then."""
    works: dict[str, PlannedWork] = {}
    for one in journals:
        marked = one.subject in CONTROLLED and one.system == "five-point" and one.group is None
        if marked and one.places and one.classes[0].id not in works and len(works) < AHEAD_MAX:
            works[one.classes[0].id] = PlannedWork(
                journal=one.id,
                day=DECEMBER + timedelta(days=one.places[0].day - 1),
                title="Административная контрольная работа за полугодие",
                form="контрольная работа",
                first_slot=one.places[0].slot,
            )
    return PlanControlWorks(works=tuple(works.values()))
