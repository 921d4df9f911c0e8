"""The approved curricula of a year as a list, which as a file is the list that `ejd import roster` reads (C2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ejd.exports.spreadsheet import Column, Sheet, Value
from ejd.http.asking import Asking, Download
from ejd.http.choosing import YearParameters, year_of
from ejd.http.downloads import FileReportParameters, download
from ejd.imports.sheet_words import COMPONENTS, LINE_KINDS, LISTS
from ejd_projections.curricula import curricula_of_classes, curricula_of_year
from ejd_projections.journal_catalogue import classes_by_name
from ejd_projections.school_catalogue import subjects_by_name

HUNDRED = 100
LIST = LISTS["curricula"]


@dataclass(slots=True)
class LineOfCurriculum:
    """Hours of a subject: a week in hundredths of a lesson, a year in lessons."""

    subject: str
    subject_name: str
    hours_per_week_hundredths: int
    hours_per_year: int
    component: str
    group_kind: str


@dataclass(slots=True)
class CurriculumOfYear:
    """A curriculum as it was adopted last; `classes` are the names of those that are taught by it today."""

    id: str
    name: str
    grades: list[int]
    profile: str
    weeks: int
    lines: list[LineOfCurriculum]
    classes: list[str]


@dataclass(slots=True)
class Curricula:
    """The curricula of a year by name."""

    year: str
    curricula: list[CurriculumOfYear]


class CurriculaParameters(YearParameters, FileReportParameters):
    """Of the year."""


def curricula(asking: Asking, query: CurriculaParameters) -> Curricula:
    """The approved curricula (учебные планы) of a year with their hours, and the classes that are taught by them."""
    year = year_of(asking, query)
    asking.ground.curricula(year.id)
    names = {row.stream: row.name for row in subjects_by_name(asking.c)}
    classes = classes_by_name(asking.c, year=year.id)
    day = min(max(asking.today, year.first_day), year.last_day)
    taught_by = curricula_of_classes(asking.c, [row.stream for row in classes], day)
    found = [
        CurriculumOfYear(
            id=one.id,
            name=one.name,
            grades=one.grades,
            profile=one.profile,
            weeks=one.weeks,
            lines=[
                LineOfCurriculum(
                    subject=line.subject,
                    subject_name=names.get(line.subject, ""),
                    hours_per_week_hundredths=line.hours_per_week_hundredths,
                    hours_per_year=line.hours_per_year,
                    component=line.component,
                    group_kind=line.group_kind,
                )
                for line in one.lines
            ],
            classes=[row.name for row in classes if taught_by.get(row.stream) == one.id],
        )
        for one in curricula_of_year(asking.c, year.id).values()
    ]
    return Curricula(year=year.id, curricula=sorted(found, key=lambda one: (one.name, one.id)))


def curricula_file(asking: Asking, query: CurriculaParameters) -> Download:
    """Answer a row for each line, under the headings of the template."""
    found = curricula(asking, query)
    columns = tuple(Column(each.heading, 20) for each in LIST.columns)
    return download(asking, query.file, Sheet(LIST.sheet, columns, _rows(found)), f"curricula-{asking.today}")


def _rows(found: Curricula) -> Iterator[Sequence[Value]]:
    parts, kinds = _first(COMPONENTS), _first(LINE_KINDS)
    for one in found.curricula:
        for line in one.lines:
            yield (
                one.name,
                ", ".join(map(str, one.grades)),
                one.profile,
                one.weeks,
                line.subject_name,
                f"{line.hours_per_week_hundredths / HUNDRED:g}".replace(".", ","),
                line.hours_per_year,
                parts[line.component],
                kinds[line.group_kind],
                ", ".join(one.classes),
            )


def _first(words: Mapping[str, str]) -> dict[str, str]:
    """Answer the word for each value, the first of several."""
    return {value: word for word, value in reversed(list(words.items()))}
