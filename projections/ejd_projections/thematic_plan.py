"""One thematic plan: when each topic was to be taught, when it was, and when it will be (C4, D8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.kernel.events import journals as j
from ejd.kernel.events.year import Break
from ejd_projections.account_holders import Holder, holders
from ejd_projections.asking import NotThereError
from ejd_projections.journal_catalogue import Journal
from ejd_projections.lesson_course import Course, Moment, courses
from ejd_projections.school_catalogue import Year
from ejd_projections.thematic_plans import PlanVersion, breaks_known, versions_of


@dataclass(slots=True)
class PlanLine:
    """A line of the plan; `hours` are lessons, `taught` those that were held on it.

    Planned: the days that timetable and calendar have for its first and last lesson, by its place in the plan.
    Forecast: the days of what is left, over the lessons that are still to come; None: there are none left in the year.
    `lag_days`: from the planned first day to the day on which it was begun, or will be; None: unknown.
    """

    number: int
    section: str
    topic: str
    hours: int
    control: bool
    reserve: bool
    combined: list[int]
    planned_on: str | None
    planned_until: str | None
    taught: int
    taught_on: str | None
    taught_until: str | None
    forecast_on: str | None
    forecast_until: str | None
    lag_days: int | None


@dataclass(slots=True)
class Version:
    """A version of the plan: who adopted or revised it, when (microseconds since 1970 UTC) and why."""

    number: int
    kind: str
    recorded_at: int
    by: Holder
    reason: str
    lines: int
    hours: int


@dataclass(slots=True)
class ThematicPlan:
    """The plan as of a version, with its versions; hours are lessons up to the moment, as in the programme report.

    `shortage`: lessons of the plan that will find no place in the year (below 0: lessons to spare).
    """

    journal: str
    journal_name: str
    version: int
    hours: int
    planned: int
    taught: int
    lag: int
    off_plan: int
    ahead: int
    shortage: int
    lines: list[PlanLine]
    versions: list[Version]


def known_breaks(c: sa.Connection, year: str, versions: dict[str, list[PlanVersion]]) -> dict[str, tuple[Break, ...]]:
    """Answer the breaks that each plan knew when its first version was adopted, by journal."""
    known = breaks_known(c, year, {found[0].position for found in versions.values()})
    by_journal = {journal: known[found[0].position] for journal, found in versions.items()}
    return {journal: breaks for journal, breaks in by_journal.items() if breaks is not None}


def thematic_plan(  # noqa: PLR0913 - the plan, and who may be named
    c: sa.Connection, live: sa.Connection, year: Year, journal: Journal, moment: Moment, *, version: int | None = None
) -> ThematicPlan:
    """Answer the plan of a journal, of a version if one is named, the last one otherwise; raises NotThereError.

    Names of who wrote the versions are looked up by `live`, the present.
    """
    found = versions_of(c, [journal.id])
    versions = found.get(journal.id, [])
    if not versions or not 1 <= (version or 1) <= len(versions):
        many = f"versions 1 to {len(versions)}" if versions else "no thematic plan: adopt one"
        raise NotThereError(f"this journal has {many}", field="version")
    chosen = versions[-1 if version is None else version - 1]
    course = courses(c, year, [journal], moment, known_breaks=known_breaks(c, year.id, found))[journal.id]
    people = holders(live, {one.account for one in versions})
    planned = min(chosen.hours, course.cycle)
    return ThematicPlan(
        journal=journal.id,
        journal_name=journal.name,
        version=chosen.number,
        hours=chosen.hours,
        planned=planned,
        taught=course.taught,
        lag=planned - course.taught,
        off_plan=off_plan(course, chosen.topics),
        ahead=len(course.ahead),
        shortage=chosen.hours - course.taught - len(course.ahead),
        lines=list(plan_lines(chosen.topics, course)),
        versions=[
            Version(
                number=one.number,
                kind=one.kind,
                recorded_at=one.recorded_at,
                by=people[one.account],
                reason=one.reason,
                lines=len(one.topics),
                hours=one.hours,
            )
            for one in versions
        ],
    )


def off_plan(course: Course, topics: Collection[j.PlannedTopic]) -> int:
    """Answer how many lessons were taught on no line of the plan."""
    numbers = {topic.number for topic in topics}
    return course.off_plan + sum(len(days) for number, days in course.items.items() if number not in numbers)


def plan_lines(topics: Sequence[j.PlannedTopic], course: Course) -> Iterator[PlanLine]:
    """Answer the lines in the order of teaching; lessons to come go to what is left of them, one after the other."""
    place, ahead = 0, [one.day.isoformat() for one in course.ahead]
    for topic in topics:
        planned = course.due_on[place : place + topic.hours]
        place += topic.hours
        taught = course.items.get(topic.number, [])
        left = max(topic.hours - len(taught), 0)
        coming, ahead = ahead[:left], ahead[left:]
        begun = taught[0] if taught else coming[0] if coming else None
        yield PlanLine(
            number=topic.number,
            section=topic.section,
            topic=topic.topic,
            hours=topic.hours,
            control=topic.control,
            reserve=topic.reserve,
            combined=list(topic.combined),
            planned_on=planned[0] if planned else None,
            planned_until=planned[-1] if len(planned) == topic.hours else None,
            taught=len(taught),
            taught_on=taught[0] if taught else None,
            taught_until=taught[-1] if taught else None,
            forecast_on=coming[0] if coming else None,
            forecast_until=coming[-1] if coming and len(coming) == left else None,
            lag_days=_days(planned[0], begun) if planned and begun else None,
        )


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
