"""The reports as questions: each function chooses what may be shown and asks the projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ejd.http.asking import OFFSET_MAX, Asking, Limit, Offset, told
from ejd.http.choosing import (
    Allowed,
    ChoiceParameters,
    WhomParameters,
    allowed_journals,
    choice_of,
    days_of,
    year_of,
)
from ejd.http.downloads import DownloadParameters
from ejd.kernel.command import NotAllowed
from ejd_commands.fields import GRADE_MAX, Code
from ejd_projections import fill_completeness as fill
from ejd_projections import gradebook as book
from ejd_projections import missed_topics as missed
from ejd_projections import progress as prog
from ejd_projections.fill_counting import Part
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.lessons_due import DueLesson, lessons_due
from ejd_projections.period import Selection, current_period
from ejd_projections.progress_results import span_of
from ejd_projections.school_catalogue import Year

GRADEBOOK_JOURNALS = 10
"""Journals on a page when nobody says how many."""
LESSONS_LIMIT = 500
YEAR_WITHOUT_SCHEME = "year"


@dataclass(slots=True)
class Gradebooks:
    """Journal pages between two days, both included; `journals_total` counts those that may be seen."""

    year: str
    first: str
    last: str
    period: str
    journals_total: int
    gradebooks: list[book.Gradebook]


class GradebookParameters(ChoiceParameters, DownloadParameters):
    """A page has whole journals."""

    limit: Annotated[int, Field(ge=1, le=book.JOURNALS_MAX, description="Journals of a page.")] = GRADEBOOK_JOURNALS
    offset: Offset = 0


@told
def gradebook(asking: Asking, query: GradebookParameters) -> Gradebooks:
    """Journal pages (D1): pupils × lessons with marks, absences, averages, final marks, topics and homework.

    By class, group, journal, subject, teacher or pupil; of a pupil only the own row is shown.
    """
    days = days_of(asking, query)
    allowed = allowed_journals(asking, query, days)
    page = allowed.journals[query.offset : query.offset + query.limit]
    found = allowed_pages(asking, allowed, page, days)
    return Gradebooks(days.year, days.first, days.last, days.period, len(allowed.journals), found)


def allowed_pages(asking: Asking, allowed: Allowed, page: Sequence[Journal], days: Selection) -> list[book.Gradebook]:
    """Answer pages of journals with the rows that may be seen."""
    asking.ground.pages(page, (days.first, days.last), allowed.pupil)
    found = book.gradebooks(asking.c, page, first=days.first, last=days.last, pupil=allowed.pupil)
    for one in found:
        if one.journal.id in allowed.partial:
            one.pupils = [pupil for pupil in one.pupils if pupil.pupil in allowed.pupils_seen]
    return found


class FillParameters(ChoiceParameters, DownloadParameters):
    """Rows and late lessons have a page each."""

    by: Annotated[fill.By, Field(description="What a row is about.")] = "journal"
    part: Annotated[Part, Field(description="Which part makes a lesson late.")] = "lesson"
    limit: Annotated[Limit, Field(description="Late lessons of a page.")] = fill.LATE_LIMIT
    offset: Offset = 0
    rows_limit: Limit = fill.ROWS_LIMIT
    rows_offset: Offset = 0


@told
def fill_completeness(asking: Asking, query: FillParameters) -> fill.FillCompleteness:
    """Fill completeness and timeliness (D2): lessons due, recorded, on time, late, missing; roll, topics, homework."""
    days = days_of(asking, query)
    allowed = allowed_journals(asking, query, days)
    only = allowed.ids if allowed.restricted or query.journal else None
    asking.ground.timetable_lessons(only, (days.first, days.last), days.year)
    return fill.fill_completeness(
        asking.c,
        year=days.year,
        first=days.first,
        last=days.last,
        now=asking.now,
        class_id=query.class_id,
        group=query.group,
        subject=query.subject,
        teacher=query.teacher,
        pupil=query.pupil,
        journals=only,
        by=query.by,
        part=query.part,
        limit=query.limit,
        offset=query.offset,
        rows_limit=query.rows_limit,
        rows_offset=query.rows_offset,
    )


class ProgressParameters(WhomParameters, DownloadParameters):
    """Final marks are of a period, never of dates."""

    period: Annotated[
        Code | None, Field(description="A grading period's code, or year, exam, overall; the current one by default.")
    ] = None
    grade: Annotated[int | None, Field(ge=0, le=GRADE_MAX, description="Classes of one grade.")] = None
    by: Annotated[prog.By, Field(description="What a row is about.")] = "class"
    limit: Limit = prog.ROWS_LIMIT
    offset: Offset = 0


@told
def progress(asking: Asking, query: ProgressParameters) -> prog.Progress:
    """Progress percentage (D4) by final marks: progress, quality, СОУ and average, with numerator and denominator."""
    year = year_of(asking, query)
    period = query.period or _current(year, asking.today)
    span = span_of(year, period)
    days = Selection(year.id, span.first, span.last, period, span.scheme or "", span.name)
    allowed = allowed_journals(asking, query, days)
    only = None if query.journal is None else [query.journal]
    if allowed.restricted and not allowed.whole_class(query.class_id):
        only = allowed.whole_ids
    asking.ground.progress(choice_of(asking, query, year.id), (days.first, days.last), period)
    return prog.progress(
        asking.c,
        year=year.id,
        period=period,
        class_id=query.class_id,
        grade=query.grade,
        group=query.group,
        subject=query.subject,
        teacher=query.teacher,
        pupil=allowed.pupil,
        journals=only,
        by=query.by,
        limit=query.limit,
        offset=query.offset,
    )


def _current(year: Year, today: str) -> str:
    """Answer the current period of the year's first scheme; a year without periods has marks of the year only."""
    if not year.periods:
        return YEAR_WITHOUT_SCHEME
    return current_period(year, year.periods[0].scheme, today).code


class MissedParameters(ChoiceParameters, DownloadParameters):
    """A page has whole pupils."""

    limit: Annotated[int, Field(ge=1, le=missed.PUPILS_MAX, description="Pupils of a page.")] = 100
    offset: Offset = 0


@told
def missed_topics(asking: Asking, query: MissedParameters) -> missed.MissedTopics:
    """Missed lessons with their topics (D5), by pupil and subject, with the reason and whether they were made up."""
    days = days_of(asking, query)
    allowed = allowed_journals(asking, query, days, any_year=True)
    teacher = query.teacher
    by_journals = any(one is not None for one in (query.group, query.journal, query.subject, query.teacher))
    only_chosen = by_journals and not allowed.restricted
    asking.ground.missed(choice_of(asking, query, None), (days.first, days.last), only_chosen=only_chosen)
    if allowed.restricted and not allowed.whole_class(query.class_id) and not _all_whole(asking, query, days, allowed):
        if teacher not in {None, asking.who.person}:
            raise NotAllowed("these journals are not yours: leave the teacher out, or ask about your class")
        teacher = asking.who.person
    return missed.missed_topics(
        asking.c,
        first=days.first,
        last=days.last,
        class_id=query.class_id,
        group=query.group,
        journal=query.journal,
        pupil=allowed.pupil,
        subject=query.subject,
        teacher=teacher,
        limit=query.limit,
        offset=query.offset,
    )


def _all_whole(asking: Asking, query: MissedParameters, days: Selection, allowed: Allowed) -> bool:
    """Say whether every journal that the report would look into may be seen whole."""
    if all(one is None for one in (query.group, query.journal, query.subject, query.teacher)):
        return False
    looked_into = find_journals(
        asking.c,
        ids=None if query.journal is None else [query.journal],
        groups=None if query.group is None else [query.group],
        subject=query.subject,
        teacher=query.teacher,
        first=days.first,
        last=days.last,
    )
    return {one.id for one in looked_into} <= set(allowed.whole_ids)


@dataclass(slots=True)
class Lessons:
    """A page of lessons, due and held, in order of time; `more`: there is a next page."""

    first: str
    last: str
    more: bool
    lessons: list[DueLesson]


class LessonsParameters(ChoiceParameters, DownloadParameters):
    """Without days: today."""

    limit: Limit = LESSONS_LIMIT
    offset: Annotated[int, Field(ge=0, le=OFFSET_MAX, description="Lessons to leave out before the page.")] = 0


@told
def lessons(asking: Asking, query: LessonsParameters) -> Lessons:
    """Lessons due by timetable and calendar, and those held: where, when, by whom, topic and homework.

    Without days the lessons of today. A moved lesson stands where it takes place, a cancelled one is listed.
    """
    if query.says_when:
        days = days_of(asking, query)
    else:
        days = Selection(year_of(asking, query).id, asking.today, asking.today, "", "", "")
    journals = allowed_journals(asking, query, days).journals
    asking.ground.timetable_lessons([one.id for one in journals], (days.first, days.last), days.year)
    found = lessons_due(
        asking.c, journals, first=days.first, last=days.last, limit=query.limit + 1, offset=query.offset
    )
    return Lessons(days.first, days.last, len(found) > query.limit, found[: query.limit])
