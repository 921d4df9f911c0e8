"""Readiness of a year's set-up (C7): every section with what is missing and who owes it; to staff the own part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field

from ejd.http.asking import Asking, told
from ejd.http.choosing import YearParameters, year_of
from ejd.http.downloads import FileReportParameters
from ejd.http.problems import NotThere
from ejd_commands.fields import Id
from ejd_projections.readiness import Ground, ground_of
from ejd_projections.readiness_sections import Section, sections_of


@dataclass(slots=True)
class Readiness:
    """A year's set-up; `percent` is `numerator` / `denominator`, rounded down, and 100 only when all is done.

    The numerator is the sum of the sections' own percentages, the denominator their number: 100 at most for each.
    `days_left` to the term is below 0 when it is over.
    """

    year: str
    year_name: str
    day: str
    term: str
    days_left: int
    numerator: int
    denominator: int
    percent: int
    done: int
    partly: int
    not_started: int
    sections: list[Section]


class ReadinessParameters(YearParameters, FileReportParameters):
    """Of the year, of a class, or what somebody owes."""

    class_id: Annotated[Id | None, Field(alias="class", description="Sections of this class only.")] = None
    owner: Annotated[Id | None, Field(description="Only what this staff member owes.")] = None
    open: Annotated[bool, Field(description="Only sections that are not done.")] = False


@told
def readiness(asking: Asking, query: ReadinessParameters) -> Readiness:
    """How far a year is set up (C7, п. 5): section by section what is done, what exactly is missing, who owes it.

    The figures are always of the whole year. Teachers see what they owe, class teachers their class.
    """
    year = year_of(asking, query)
    asking.ground.whole_year(year.id)
    found = ground_of(asking.c, year, asking.today)
    if query.class_id is not None and query.class_id not in {row.stream for row in found.classes}:
        raise NotThere("there is no such class in this year: look it up in GET /api/v1/classes", field="class")
    return judged(found, asking.day, lambda sections: _shown(asking, query, sections))


def judged(ground: Ground, today: date, shown: Callable[[list[Section]], list[Section]]) -> Readiness:
    """Answer the report; `shown` chooses which sections stand in it."""
    sections = list(sections_of(ground))
    states = Counter(one.state for one in sections)
    total = sum(one.percent for one in sections)
    return Readiness(
        year=ground.year.id,
        year_name=ground.year.name,
        day=ground.day,
        term=ground.term,
        days_left=(date.fromisoformat(ground.term) - today).days,
        numerator=total,
        denominator=len(sections),
        percent=total // len(sections),
        done=states["done"],
        partly=states["partly"],
        not_started=states["not-started"],
        sections=shown(sections),
    )


def _shown(asking: Asking, query: ReadinessParameters, sections: list[Section]) -> list[Section]:
    """Choose the sections asked for; of others than their own class staff see only what they owe themselves."""
    found = []
    for one in sections:
        if query.class_id not in {None, one.class_id} or (query.open and one.state == "done"):
            continue
        gaps = one.gaps
        if not asking.sight.everything and one.class_id not in asking.sight.duties.classes:
            gaps = [gap for gap in gaps if gap.owner.staff == asking.who.person]
            if not gaps:
                continue
        if query.owner is not None:
            gaps = [gap for gap in gaps if gap.owner.staff == query.owner]
            if not gaps:
                continue
        found.append(replace(one, gaps=gaps))
    return found
