"""Curricula, thematic plans and how the programme is fulfilled, as questions (C2, C4, D8)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ejd.history.choosing import Choice
from ejd.http.asking import Asking, Download, Limit, Offset, told
from ejd.http.choosing import (
    OfWhom,
    WhomParameters,
    YearParameters,
    allowed_journals,
    check_there,
    choice_of,
    not_there,
    year_of,
)
from ejd.http.downloads import FILE_ROWS_MAX, FileReportParameters, download
from ejd.http.programme_files import curriculum_sheet, plan_sheet, programme_sheet
from ejd_commands.fields import GRADE_MAX, Day, Id
from ejd_projections import curriculum_compared as compared
from ejd_projections import programme as prog
from ejd_projections.asking import DAY_MAX
from ejd_projections.journal_catalogue import find_journals
from ejd_projections.lesson_course import moment_of
from ejd_projections.period import Selection
from ejd_projections.school_catalogue import Year, find_year
from ejd_projections.thematic_plan import ThematicPlan
from ejd_projections.thematic_plan import thematic_plan as plan_of_journal

CURRICULUM_LIMIT = 500
VERSIONS_MAX = 10_000
ALL_DAYS = ("", DAY_MAX)
"""Whatever day a lesson was planned for."""

OnDay = Annotated[Day | None, Field(description="Up to and including this day; by default up to now.")]


class CurriculumParameters(FileReportParameters, YearParameters):
    """Without a class: all of them."""

    class_id: Annotated[Id | None, Field(alias="class", description="A class.")] = None
    grade: Annotated[int | None, Field(ge=0, le=GRADE_MAX, description="Classes of one grade.")] = None
    subject: Annotated[Id | None, Field(description="A subject.")] = None
    on: OnDay = None
    only: Annotated[Literal["differing"] | None, Field(description="Only rows that have differences.")] = None
    limit: Limit = CURRICULUM_LIMIT
    offset: Offset = 0


def within_year(asking: Asking, year: Year, on: date | None) -> str:
    """Answer the day that a report is about: the one asked for, or today, moved into the year."""
    day = asking.today if on is None else on.isoformat()
    return min(max(day, year.first_day), year.last_day)


@told
def curriculum(asking: Asking, query: CurriculumParameters) -> compared.CurriculumCompared:
    """Curriculum against load against timetable against taught (C2, C4, D8), with every difference named.

    By class and subject, and for pupils with a curriculum of their own; of what the asker may see.
    """
    return _compared(asking, query, limit=query.limit, offset=query.offset)


def curriculum_file(asking: Asking, query: CurriculumParameters) -> Download:
    """Answer all rows as a table."""
    found = _compared(asking, query, limit=FILE_ROWS_MAX)
    return download(asking, query.file, curriculum_sheet(found), f"curriculum-{found.day}")


def _compared(
    asking: Asking, query: CurriculumParameters, *, limit: int, offset: int = 0
) -> compared.CurriculumCompared:
    year = year_of(asking, query)
    asking.ground.curriculum(
        Choice(years=frozenset({year.id}), class_id=query.class_id, subject=query.subject), ALL_DAYS, year.id
    )
    check_there(asking, OfWhom.model_validate({"class": query.class_id, "subject": query.subject}))
    seen = asking.taught(year.first_day, year.last_day)
    return compared.curriculum_compared(
        asking.c,
        year,
        day=within_year(asking, year, query.on),
        moment=moment_of(asking.now, asking.school.timezone, query.on),
        choice=compared.Choice(query.class_id, query.grade, query.subject),
        classes=None if seen.everything else seen.duties.classes,
        journals=seen.duties.journals,
        differing=query.only is not None,
        limit=limit,
        offset=offset,
    )


class PlanParameters(FileReportParameters):
    """One journal's plan, the last version without one."""

    journal: Annotated[Id, Field(description="The journal.")]
    version: Annotated[int | None, Field(ge=1, le=VERSIONS_MAX, description="A version of the plan, from 1.")] = None
    on: OnDay = None


@told
def thematic_plan(asking: Asking, query: PlanParameters) -> ThematicPlan:
    """A thematic plan (C4): planned, taught and forecast days of each topic, the lag, and all versions."""
    asking.ground.choose(Choice(journal=query.journal))
    found = find_journals(asking.c, ids=[query.journal])
    if not found:
        raise not_there("journal")
    year = find_year(asking.c, year=found[0].year)
    days = Selection(year.id, year.first_day, year.last_day, "", "", year.name)
    whom = WhomParameters.model_validate({"journal": query.journal, "year": year.id})
    (journal,) = allowed_journals(asking, whom, days).journals
    asking.ground.timetable_lessons([journal.id], ALL_DAYS, year.id)
    moment = moment_of(asking.now, asking.school.timezone, query.on)
    return plan_of_journal(asking.c, asking.live, year, journal, moment, version=query.version)


def thematic_plan_file(asking: Asking, query: PlanParameters) -> Download:
    """Answer the lines of the plan as a table."""
    return download(asking, query.file, plan_sheet(thematic_plan(asking, query)), "thematic-plan")


class ProgrammeParameters(FileReportParameters, WhomParameters):
    """Of the journals of a year that meet the conditions."""

    by: Annotated[prog.By, Field(description="What a row is about.")] = "journal"
    grade: Annotated[int | None, Field(ge=0, le=GRADE_MAX, description="Journals of one grade.")] = None
    on: OnDay = None
    limit: Limit = prog.ROWS_LIMIT
    offset: Offset = 0


@told
def programme(asking: Asking, query: ProgrammeParameters) -> prog.Programme:
    """How the programme is fulfilled (D8): hours and topics planned and taught, lag, its causes, forecast of the year.

    By journal, teacher (of the load on the day), subject, class, grade, profile, or for the school.
    """
    return _fulfilled(asking, query, limit=query.limit, offset=query.offset)


def programme_file(asking: Asking, query: ProgrammeParameters) -> Download:
    """Answer all rows as a table."""
    found = _fulfilled(asking, query, limit=FILE_ROWS_MAX)
    return download(asking, query.file, programme_sheet(found), f"programme-{found.day}")


def _fulfilled(asking: Asking, query: ProgrammeParameters, *, limit: int, offset: int = 0) -> prog.Programme:
    year = year_of(asking, query)
    days = Selection(year.id, year.first_day, year.last_day, "", "", year.name)
    allowed = allowed_journals(asking, query, days)
    asking.ground.curriculum(choice_of(asking, query, year.id), ALL_DAYS, year.id)
    return prog.programme(
        asking.c,
        year,
        [one for one in allowed.journals if query.grade in {None, one.grade}],
        moment_of(asking.now, asking.school.timezone, query.on),
        by=query.by,
        day=within_year(asking, year, query.on),
        classes=None if query.class_id is None else [query.class_id],
        limit=limit,
        offset=offset,
    )
