"""Substitutions as questions (D10): who replaced whom, hours for payroll, what was not made up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ejd.access.reading import of_administration
from ejd.history.choosing import Choice
from ejd.http.asking import Asking, Download, Limit, Offset, told
from ejd.http.choosing import InDays, OfWhom, check_known, check_there, days_of, year_of
from ejd.http.downloads import FILE_ROWS_MAX, FileReportParameters, check_whole, download
from ejd.http.substitution_files import hours_sheet, lost_sheet, substitutions_sheet
from ejd.kernel.command import NotAllowed
from ejd_commands.fields import Id
from ejd_projections import lost_lessons as lost
from ejd_projections import substitutions as subs
from ejd_projections import teaching_hours as hours
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.lesson_course import moment_of
from ejd_projections.period import Selection
from ejd_projections.taught_lessons import journals_taught

PAGE_LIMIT = 200
KINDS_MAX = 7
NARROWER = "choose fewer days, a class or a teacher"

TeacherId = Annotated[Id | None, Field(description="A staff member; a teacher sees the own lessons only.")]


class ChangedParameters(InDays, FileReportParameters):
    """About which lessons: every condition given must hold."""

    class_id: Annotated[Id | None, Field(alias="class", description="A class.")] = None
    group: Annotated[Id | None, Field(description="A class or a teaching group: journals kept for just this one.")] = (
        None
    )
    journal: Annotated[Id | None, Field(description="One journal.")] = None
    subject: Annotated[Id | None, Field(description="The subject of the journal.")] = None
    teacher: TeacherId = None
    limit: Limit = PAGE_LIMIT
    offset: Offset = 0


class SubstitutionsParameters(ChangedParameters):
    """By kind of change too."""

    kind: Annotated[
        list[subs.Kind],
        Field(default_factory=list, max_length=KINDS_MAX, description="What happened; may be repeated: any of them."),
    ]


@told
def substitutions(asking: Asking, query: SubstitutionsParameters) -> subs.Substitutions:
    """Substitutions and reschedulings (D10): who replaced whom, when, why, where.

    A moved lesson stands where it takes place. Reasons are shown to the administration, and to the absent teacher.
    """
    return _substitutions(asking, query, limit=query.limit, offset=query.offset)


def substitutions_file(asking: Asking, query: SubstitutionsParameters) -> Download:
    """Answer all lessons chosen as a table."""
    found = _substitutions(asking, query, limit=FILE_ROWS_MAX)
    check_whole(found.total, len(found.lessons), "lessons", NARROWER)
    name = f"substitutions-{found.first}-{found.last}"
    return download(asking, query.file, substitutions_sheet(asking, found), name)


def _substitutions(
    asking: Asking, query: SubstitutionsParameters, *, limit: int, offset: int = 0
) -> subs.Substitutions:
    days, teacher = days_of(asking, query), own_teacher(asking, query.teacher)
    journals = _journals(asking, query, days, teacher, (days.first, days.last))
    return subs.substitutions(
        asking.c,
        year=year_of(asking, query),
        journals=journals,
        days=(days.first, days.last),
        moment=moment_of(asking.now, asking.school.timezone),
        reader=subs.Reader(every_reason=of_administration(asking.who.grants), person=asking.who.person or ""),
        teacher=teacher,
        kinds=query.kind,
        limit=limit,
        offset=offset,
    )


def own_teacher(asking: Asking, teacher: str | None) -> str | None:
    """Answer the teacher asked about: who does not see everything asks about the own lessons; raises NotAllowed."""
    if asking.sight.everything:
        return teacher
    if not asking.who.person or teacher not in {None, asking.who.person}:
        raise NotAllowed("you can read about your own lessons only: leave the teacher out")
    return asking.who.person


def _journals(
    asking: Asking, query: ChangedParameters, days: Selection, teacher: str | None, span: tuple[str, str]
) -> list[Journal]:
    """Have the lessons of a span of days, and answer the journals that meet the conditions; raises NotThere."""
    asking.ground.choose(
        Choice(
            years=frozenset({days.year}),
            class_id=query.class_id,
            group=query.group,
            journal=query.journal,
            subject=query.subject,
            teacher=teacher,
        )
    )
    named = {name: getattr(query, name) for name in ("group", "journal", "subject")}
    check_there(asking, OfWhom.model_validate(named | {"class": query.class_id, "teacher": teacher}))
    check_known(asking, journal=query.journal)
    asking.ground.substitutions(span, days.year)
    ids = None if query.journal is None else {query.journal}
    if teacher is not None:
        own = journals_taught(asking.c, days.year, teacher, (days.first, days.last))
        ids = own if ids is None else ids & own
    return find_journals(
        asking.c,
        year=days.year,
        class_id=query.class_id,
        groups=None if query.group is None else {query.group},
        subject=query.subject,
        ids=ids,
    )


class HoursParameters(InDays, FileReportParameters):
    """Of one teacher, or of all."""

    teacher: TeacherId = None


@told
def substitution_hours(asking: Asking, query: HoursParameters) -> hours.TeachingHours:
    """Hours by teacher and month for payroll (D10): planned, own taught, substituted for others, merged, lost.

    The formulas are in docs/substitutions.md. A teacher sees the own hours.
    """
    days, teacher = days_of(asking, query), own_teacher(asking, query.teacher)
    asking.ground.choose(Choice(years=frozenset({days.year}), teacher=teacher))
    check_there(asking, OfWhom.model_validate({"teacher": teacher}))
    asking.ground.substitutions((days.first, days.last), days.year)
    return hours.teaching_hours(
        asking.c,
        year=year_of(asking, query),
        days=(days.first, days.last),
        moment=moment_of(asking.now, asking.school.timezone),
        teacher=teacher,
    )


def hours_file(asking: Asking, query: HoursParameters) -> Download:
    """Answer the hours as a table."""
    found = substitution_hours(asking, query)
    return download(asking, query.file, hours_sheet(found), f"hours-{found.first}-{found.last}")


@told
def lessons_not_made_up(asking: Asking, query: ChangedParameters) -> lost.LostLessons:
    """Lessons neither held in their subject nor made up (D10): cancelled, or given in another subject.

    A lesson is made up when an extra lesson that names it (`makes_up`) has taken place.
    """
    return _lost(asking, query, limit=query.limit, offset=query.offset)


def lost_file(asking: Asking, query: ChangedParameters) -> Download:
    """Answer all such lessons as a table."""
    found = _lost(asking, query, limit=FILE_ROWS_MAX)
    check_whole(found.total, len(found.lessons), "lessons", NARROWER)
    return download(asking, query.file, lost_sheet(found), f"not-made-up-{found.first}-{found.last}")


def _lost(asking: Asking, query: ChangedParameters, *, limit: int, offset: int = 0) -> lost.LostLessons:
    days, teacher = days_of(asking, query), own_teacher(asking, query.teacher)
    year = year_of(asking, query)
    journals = _journals(asking, query, days, teacher, (year.first_day, year.last_day))
    return lost.lost_lessons(
        asking.c,
        year=year,
        journals=journals,
        days=(days.first, days.last),
        moment=moment_of(asking.now, asking.school.timezone),
        teacher=teacher,
        limit=limit,
        offset=offset,
    )
