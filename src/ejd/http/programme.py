"""Curricula, thematic plans and how the programme is fulfilled, as questions (C2, C4, D8)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ejd.history.choosing import Choice
from ejd.http.asking import Asking, Download, Limit, Offset
from ejd.http.choosing import OfWhom, YearParameters, check_there, year_of
from ejd.http.downloads import FILE_ROWS_MAX, FileReportParameters, download
from ejd.http.programme_files import curriculum_sheet
from ejd_commands.fields import GRADE_MAX, Day, Id
from ejd_projections import curriculum_compared as compared
from ejd_projections.asking import DAY_MAX
from ejd_projections.lesson_course import moment_of
from ejd_projections.school_catalogue import Year

CURRICULUM_LIMIT = 500
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
