"""How the programme is fulfilled (D8): hours and topics planned against taught, causes of the lag, forecast, roll-ups.

Definitions are in docs/programme.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

import sqlalchemy as sa

from ejd.kernel.titles import sort_key
from ejd_projections.curricula import curricula_of_classes, curricula_of_year
from ejd_projections.journal_catalogue import Journal, classes_by_name, teachers_of
from ejd_projections.lesson_course import Course, Moment, courses
from ejd_projections.school_catalogue import Year
from ejd_projections.thematic_plan import known_breaks, off_plan
from ejd_projections.thematic_plans import PlanVersion, versions_of

By = Literal["journal", "teacher", "subject", "class", "grade", "profile", "school"]
ROWS_LIMIT = 500


@dataclass(slots=True)
class Causes:
    """Why fewer lessons were taught than planned; they add up to the lag.

    `holiday`, `in_break`, `calendar` (transferred days and other changes) did not become due; `cancelled`,
    `other_subject`, `moved_later`, `not_held` (or without a record) were due. Taken off: `extra`, lessons beside the
    timetable, and `beyond_plan`, lessons for which the plan has no hours.
    """

    holiday: int = 0
    in_break: int = 0
    calendar: int = 0
    cancelled: int = 0
    other_subject: int = 0
    moved_later: int = 0
    not_held: int = 0
    extra: int = 0
    beyond_plan: int = 0


@dataclass(slots=True)
class ProgrammeCounts:
    """Lessons and topics, as sums over journals. Up to the moment: `planned`, `taught`, `lag`, `causes`, `topics_…`.

    Of the year: `plan_hours` of the plans, `ahead` still to come, `forecast` taught by its end, `shortage` of lessons
    for the plan (journals with lessons to spare do not make up for others). Journals `without_plan` are held against
    the cycle alone. `combined` topics became part of others, `hours_dropped` since the first version of the plan.
    """

    journals: int = 0
    without_plan: int = 0
    plan_hours: int = 0
    planned: int = 0
    taught: int = 0
    lag: int = 0
    causes: Causes = field(default_factory=Causes)
    topics: int = 0
    topics_planned: int = 0
    topics_taught: int = 0
    off_plan: int = 0
    moved: int = 0
    combined: int = 0
    hours_dropped: int = 0
    ahead: int = 0
    forecast: int = 0
    shortage: int = 0


@dataclass(slots=True)
class ProgrammeRow:
    """The counts of what a row is about; `id` is a stream, a grade or a profile."""

    id: str
    name: str
    counts: ProgrammeCounts


@dataclass(slots=True)
class Programme:
    """A page of the `rows_total` rows with the counts of all journals chosen, each once."""

    year: str
    by: By
    day: str
    rows_total: int
    rows: list[ProgrammeRow]
    total: ProgrammeCounts


def programme(  # noqa: PLR0913 - what is chosen, how it is grouped, and the page
    c: sa.Connection,
    year: Year,
    journals: Sequence[Journal],
    moment: Moment,
    *,
    by: By,
    day: str,
    classes: Iterable[str] | None = None,
    limit: int = ROWS_LIMIT,
    offset: int = 0,
) -> Programme:
    """Answer the counts of journals of a year, grouped; a teacher has the journals of the load on the day.

    A journal of several classes counts for each of them (of `classes` only, if given), and once in the total.
    """
    versions = versions_of(c, [journal.id for journal in journals])
    found = courses(c, year, journals, moment, known_breaks=known_breaks(c, year.id, versions))
    counted = {journal.id: _counts(found[journal.id], versions.get(journal.id)) for journal in journals}
    names: dict[str, str] = {}
    sums: dict[str, ProgrammeCounts] = {}
    keys = _keys(c, year, journals, by, day, classes)
    for journal in journals:
        for key, name in keys(journal):
            names.setdefault(key, name)
            _add(sums.setdefault(key, ProgrammeCounts()), counted[journal.id])
    total = ProgrammeCounts()
    for one in counted.values():
        _add(total, one)
    rows = [ProgrammeRow(key, names[key], sums[key]) for key in sums]
    if by not in {"journal", "class", "grade", "school"}:
        rows.sort(key=lambda row: (sort_key(row.name), row.id))
    return Programme(year.id, by, day, len(rows), rows[offset : offset + limit], total)


Keys = Callable[[Journal], Iterable[tuple[str, str]]]
"""By journal the rows in which it counts, each with its name."""


def _keys(  # noqa: PLR0913 - what is grouped, and how
    c: sa.Connection, year: Year, journals: Sequence[Journal], by: By, day: str, classes: Iterable[str] | None
) -> Keys:
    shown = None if classes is None else set(classes)
    formed = {row.stream: row for row in classes_by_name(c, year=year.id)}
    match by:
        case "journal":
            return lambda journal: [(journal.id, journal.name)]
        case "subject":
            return lambda journal: [(journal.subject, journal.subject_name)]
        case "school":
            return lambda _journal: [("", "")]
        case "grade":
            return lambda journal: [(str(journal.grade), str(journal.grade))]
        case "teacher":
            loads = teachers_of(c, [journal.id for journal in journals], first=day, last=day)
            return lambda journal: dict.fromkeys((one.staff, one.name) for one in loads.get(journal.id, ()))
        case "class":
            return lambda journal: [
                (one, formed[one].name) for one in journal.classes if one in formed and (shown is None or one in shown)
            ]
        case "profile":
            adopted = curricula_of_year(c, year.id)
            assigned = curricula_of_classes(c, formed, day)
            profiles = {one: adopted[plan].profile for one, plan in assigned.items() if plan in adopted}
            return lambda journal: dict.fromkeys(
                (profiles.get(one, ""), profiles.get(one, "")) for one in journal.classes
            )


def _counts(course: Course, versions: Sequence[PlanVersion] | None) -> ProgrammeCounts:
    topics = versions[-1].topics if versions else ()
    hours = versions[-1].hours if versions else course.cycle
    planned = min(hours, course.cycle)
    counts = ProgrammeCounts(
        journals=1,
        without_plan=not versions,
        plan_hours=hours if versions else 0,
        planned=planned,
        taught=course.taught,
        lag=planned - course.taught,
        topics=len(topics),
        topics_taught=sum(topic.number in course.items for topic in topics),
        off_plan=off_plan(course, topics) if versions else 0,
        moved=course.moved,
        combined=sum(len(topic.combined) for topic in topics),
        hours_dropped=max(versions[0].hours - hours, 0) if versions else 0,
        ahead=len(course.ahead),
        forecast=course.taught + len(course.ahead),
    )
    if versions:
        counts.shortage = max(hours - counts.forecast, 0)
    before = 0
    for topic in topics:
        counts.topics_planned += before < planned
        before += topic.hours
    counts.causes = Causes(
        holiday=course.holiday,
        in_break=course.in_break,
        calendar=course.calendar,
        cancelled=course.cancelled,
        other_subject=course.other_subject,
        moved_later=course.moved_later,
        not_held=course.not_held,
        extra=course.extra,
        beyond_plan=course.cycle - planned,
    )
    return counts


FIGURES = tuple(one.name for one in fields(ProgrammeCounts) if one.name != "causes")
CAUSES = tuple(one.name for one in fields(Causes))


def _add(total: ProgrammeCounts, one: ProgrammeCounts) -> None:
    for name in FIGURES:
        setattr(total, name, getattr(total, name) + getattr(one, name))
    for name in CAUSES:
        setattr(total.causes, name, getattr(total.causes, name) + getattr(one.causes, name))
