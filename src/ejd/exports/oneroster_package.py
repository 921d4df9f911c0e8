"""A whole academic year as one OneRoster package: rostering and gradebook."""

from __future__ import annotations

from datetime import datetime
from typing import IO

import sqlalchemy as sa

from ejd.exports.oneroster import write_package
from ejd.exports.oneroster_marks import Gradebook
from ejd.exports.oneroster_people import read_roster
from ejd.kernel.calendar import zone
from ejd_projections.school_catalogue import School, Year

SYSTEM = "ejd"
MICROSECONDS = 1_000_000
SIMULATED = "ejd (simulated school: nothing of this ever happened)"


def made_at(now: int, timezone: str) -> datetime:
    """Answer what the school's clocks show, without a zone: a zip knows none. `now` is microseconds UTC."""
    return datetime.fromtimestamp(now // MICROSECONDS, tz=zone(timezone)).replace(tzinfo=None)


def oneroster_package(c: sa.Connection, school: School, year: Year, *, day: str, made_at: datetime) -> IO[bytes]:
    """Answer the package as a file at its beginning, which the caller closes; `made_at` is the school's own time.

    `day` is today at the school: class teachers are those of this day, or of the year's nearest.
    """
    roster = read_roster(c, year, day=day, school_name=school.name)
    marks = Gradebook(roster, school.timezone)
    files = {
        "orgs": roster.orgs,
        "academicSessions": roster.academic_sessions,
        "courses": roster.courses,
        "classes": roster.all_classes,
        "users": roster.users,
        "roles": roster.roles,
        "demographics": roster.demographics,
        "enrollments": roster.enrollments,
        "categories": marks.categories,
        "lineItems": marks.line_items,
        "results": marks.results,
        "scoreScales": marks.score_scales,
    }
    system = SIMULATED if school.simulated else SYSTEM
    return write_package(files, made_at=made_at, system=system, code=year.id)
