"""Grading systems as a question: values, bounds, five-point levels, and which classes are marked by them (A7)."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.http.asking import Asking
from ejd.http.choosing import YearParameters, year_of
from ejd.http.downloads import FileReportParameters
from ejd.kernel.policies import allowed_values
from ejd_projections.journal_catalogue import classes_by_name
from ejd_projections.school_catalogue import systems_of_grading


@dataclass(slots=True)
class GradeValue:
    """A listed value: its five-point level, its number for averages; `counts` in N; `final_only`: no current mark."""

    value: str
    level: int | None
    points: int | None
    counts: bool
    final_only: bool


@dataclass(slots=True)
class LevelBand:
    """From `lowest` points on, a mark of a range has this five-point level."""

    lowest: int
    level: int


@dataclass(slots=True)
class GradingSystem:
    """A scale: listed values, whole numbers of a range with bands, or unmarked; `marks` says its current marks.

    `classes` are names of classes of the year that are marked by it unless a journal says otherwise.
    """

    code: str
    name: str
    scale: str
    marks: str
    values: list[GradeValue]
    lowest: int
    highest: int
    bands: list[LevelBand]
    classes: list[str]


@dataclass(slots=True)
class GradingSystems:
    """The grading systems of the school by code, with their classes of a year."""

    year: str
    systems: list[GradingSystem]


class GradingParameters(YearParameters, FileReportParameters):
    """Of the year, for the classes."""


def grading_systems(asking: Asking, query: GradingParameters) -> GradingSystems:
    """The school's grading systems (A7) with the conversion of their marks to the five-point level."""
    year = year_of(asking, query)
    asking.ground.classes(year.id)
    classes = classes_by_name(asking.c, year=year.id)
    return GradingSystems(
        year=year.id,
        systems=[
            GradingSystem(
                code=code,
                name=one.name,
                scale=one.scale,
                marks=allowed_values(one),
                values=[GradeValue(v.value, v.level, v.points, v.counts, v.final_only) for v in one.values],
                lowest=one.lowest,
                highest=one.highest,
                bands=[LevelBand(band.lowest, band.level) for band in one.bands],
                classes=[row.name for row in classes if row.grading_system == code],
            )
            for code, one in sorted(systems_of_grading(asking.c).items())
        ],
    )
