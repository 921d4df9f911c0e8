"""Approved curricula with their lines, and by which of them classes and single pupils are taught on a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import curricula as u
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in

projection = Projection("curricula", version=1)


@dataclass(slots=True)
class CurriculumRow:
    """A curriculum of a year; `grades` and `lines` are JSON (of ints, of `CurriculumLine`)."""

    stream: str
    year: str
    name: str
    grades: str
    profile: str
    weeks: int
    lines: str


@dataclass(slots=True)
class ClassCurriculumRow:
    """The class is taught by the curriculum from a day on, until the next row."""

    stream: str
    starts: str
    curriculum: str


@dataclass(slots=True)
class PupilCurriculumRow:
    """The pupil has this curriculum from a day on, until the next row; "": the class's again."""

    stream: str
    starts: str
    curriculum: str


curricula = projection.table("curricula", CurriculumRow, key=("stream",), indexes=[("year",)])
class_curricula = projection.table("class_curricula", ClassCurriculumRow, key=("stream", "starts"))
pupil_curricula = projection.table("pupil_curricula", PupilCurriculumRow, key=("stream", "starts"))


@projection.on(u.CurriculumAdopted)
def _adopted(event: u.CurriculumAdopted, meta: Recorded, rows: StreamRows) -> None:
    grades, lines = (msgspec.json.encode(one).decode() for one in (event.grades, event.lines))
    row = CurriculumRow(meta.stream, event.year, event.name, grades, event.profile, event.weeks, lines)
    curricula.put(rows, row)


@projection.on(u.CurriculumAssigned)
def _assigned(event: u.CurriculumAssigned, meta: Recorded, rows: StreamRows) -> None:
    class_curricula.put(rows, ClassCurriculumRow(meta.stream, event.starts.isoformat(), event.curriculum))


@projection.on(u.PupilCurriculumAssigned)
def _pupil_assigned(event: u.PupilCurriculumAssigned, _meta: Recorded, rows: StreamRows) -> None:
    _from_day(rows, event.starts.isoformat(), event.curriculum)


@projection.on(u.PupilCurriculumEnded)
def _pupil_ended(event: u.PupilCurriculumEnded, _meta: Recorded, rows: StreamRows) -> None:
    _from_day(rows, event.ends.isoformat(), "")


def _from_day(rows: StreamRows, day: str, curriculum: str) -> None:
    # As `with_curriculum` of ejd.kernel.states.people: what was planned from that day falls away.
    for row in pupil_curricula.all(rows):
        if row.starts >= day:
            pupil_curricula.drop(rows, row.starts)
    pupil_curricula.put(rows, PupilCurriculumRow(rows.stream, day, curriculum))


@dataclass(slots=True)
class Line:
    """Hours of one subject: a week in hundredths of a lesson, a year in lessons; see `CurriculumLine`."""

    subject: str
    hours_per_week_hundredths: int
    hours_per_year: int
    component: str
    group_kind: str


@dataclass(slots=True)
class Curriculum:
    """A curriculum; no grades: of any grade."""

    id: str
    year: str
    name: str
    grades: list[int]
    profile: str
    weeks: int
    lines: list[Line]


def curricula_of_year(c: sa.Connection, year: str) -> dict[str, Curriculum]:
    """Answer the curricula of a year by id."""
    return {
        row.stream: Curriculum(
            id=row.stream,
            year=row.year,
            name=row.name,
            grades=msgspec.json.decode(row.grades, type=list[int]),
            profile=row.profile,
            weeks=row.weeks,
            lines=[
                Line(
                    one.subject, one.hours_per_week_hundredths, one.hours_per_year, one.component, one.group_kind or ""
                )
                for one in msgspec.json.decode(row.lines, type=list[u.CurriculumLine])
            ],
        )
        for row in fetch(c, curricula, curricula.c.year == year)
    }


def curricula_of_classes(c: sa.Connection, classes: Collection[str], day: str) -> dict[str, str]:
    """Answer the curriculum's id of each class on a day; a class without one is left out."""
    rows = fetch(c, class_curricula, is_in(class_curricula.c.stream, classes), class_curricula.c.starts <= day)
    return {row.stream: row.curriculum for row in rows}  # in order of stream and day: the last one stays


def curricula_of_pupils(c: sa.Connection, day: str) -> dict[str, str]:
    """Answer the individual curricula on a day by pupil."""
    found = {row.stream: row.curriculum for row in fetch(c, pupil_curricula, pupil_curricula.c.starts <= day)}
    return {pupil: curriculum for pupil, curriculum in found.items() if curriculum}
