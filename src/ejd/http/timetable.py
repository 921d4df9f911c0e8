"""The timetable as a week of lessons, and its conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from ejd.http.asking import Asking, Limit, Offset, told
from ejd.http.choosing import WhomParameters, YearParameters, allowed_journals, year_of
from ejd.http.downloads import DownloadParameters
from ejd.http.problems import Malformed, NotThere
from ejd.kernel.conflict_words import ShownConflict, severity
from ejd.kernel.conflicts import find_conflicts
from ejd.kernel.events.timetable import ConflictKind
from ejd_commands.fields import Day, Id
from ejd_projections.accepted_clashes import AcceptedClash, accepted_clashes
from ejd_projections.journal_catalogue import Journal, find_journals
from ejd_projections.lessons_due import substituted_journals
from ejd_projections.period import Selection
from ejd_projections.school_catalogue import Year, find_year, rooms_by_name
from ejd_projections.timetable_conflicts import picture_of, with_names
from ejd_projections.timetable_week import (
    TimetableDay,
    TimetableLesson,
    days_of_week,
    lessons_of_week,
)

LESSONS_LIMIT = 500
CONFLICTS_LIMIT = 100
ACCEPTED_MAX = 500
"""Lessons with accepted clashes in one answer; all are counted."""
WEEK = timedelta(days=6)


class TimetableParameters(WhomParameters, DownloadParameters):
    """Which week, and whose: by class, group, teacher, room, pupil, journal or subject; every condition must hold."""

    day: Annotated[Day | None, Field(description="A day of the week that is shown; today by default.")] = None
    room: Annotated[Id | None, Field(description="A room.")] = None
    limit: Limit = LESSONS_LIMIT
    offset: Offset = 0


@dataclass(slots=True)
class WeekTimetable:
    """A week from Monday to Sunday, cut to the academic year; `more` says that there is a next page of lessons."""

    year: str
    first: str
    last: str
    days: list[TimetableDay]
    more: bool
    lessons: list[TimetableLesson]


@told
def timetable(asking: Asking, query: TimetableParameters) -> WeekTimetable:
    """The timetable of a week with moves, substitutions and cancellations applied (C5, A9), in order of time.

    By teacher those lessons that he or she gives, in the load or as a substitute; by pupil those of the days on which
    the pupil belongs there, by class, groups and individual plan; by room those that take place in it.
    """
    day = asking.day if query.day is None else query.day
    year = find_year(asking.c, year=query.year, day=None if query.year else day.isoformat())
    days = _week(year, day)
    allowed = allowed_journals(asking, query, days)
    if query.room is not None:
        asking.ground.timetable_lessons([], (days.first, days.last), year.id)
        if not rooms_by_name(asking.c, ids=[query.room]):
            raise NotThere("there is no such room: look it up in GET /api/v1/reports/timetable", field="room")
    journals = _with_substitutions(asking, query, allowed.journals, days)
    asking.ground.timetable_lessons([one.id for one in journals], (days.first, days.last), year.id)
    found = lessons_of_week(
        asking.c,
        journals,
        first=days.first,
        last=days.last,
        teacher=query.teacher,
        room=query.room,
        pupil=allowed.pupil,
    )
    grades = {one.grade for one in journals}
    shown = days_of_week(
        year,
        first=days.first,
        last=days.last,
        grade=grades.pop() if len(grades) == 1 else 0,
        classes=[query.class_id] if query.class_id else [],
    )
    page = found[query.offset : query.offset + query.limit]
    return WeekTimetable(year.id, days.first, days.last, shown, len(found) > query.offset + query.limit, page)


def _week(year: Year, day: date) -> Selection:
    """Answer the week of a day; raises Malformed when no day of it is one of the year."""
    first = day - timedelta(days=day.weekday())
    begins, ends = max(first.isoformat(), year.first_day), min((first + WEEK).isoformat(), year.last_day)
    if begins > ends:
        msg = f"{day:%d.%m.%Y} is outside the academic year {year.name}: choose a day from {year.first_day} on"
        raise Malformed(msg, field="day")
    return Selection(year.id, begins, ends, "", "", "")


def _with_substitutions(
    asking: Asking, query: TimetableParameters, journals: list[Journal], days: Selection
) -> Sequence[Journal]:
    """Answer with a teacher's own journals those in which he or she is a substitute that week."""
    asked = query.teacher
    if asked is None or not (asking.sight.everything or asked == asking.who.person):
        return journals
    known = {one.id for one in journals}
    asking.ground.timetable_lessons(None, (days.first, days.last), days.year)
    others = substituted_journals(asking.c, asked, first=days.first, last=days.last) - known
    chosen = find_journals(
        asking.c,
        ids=others,
        year=days.year,
        class_id=query.class_id,
        groups=None if query.group is None else {query.group},
        subject=query.subject,
    )
    return [*journals, *(one for one in chosen if query.journal in {None, one.id})]


class ConflictsParameters(YearParameters, DownloadParameters):
    """From which day on, and which of them."""

    first: Annotated[
        Day | None, Field(alias="from", description="From this day to the end of the year; today by default.")
    ] = None
    severity: Annotated[Literal["error", "warning"] | None, Field(description="By the school's rules.")] = None
    kind: Annotated[ConflictKind | None, Field(description="Only conflicts of this kind.")] = None
    limit: Limit = CONFLICTS_LIMIT
    offset: Offset = 0


@dataclass(slots=True)
class KindCount:
    """How many conflicts there are of a kind."""

    kind: str
    severity: str
    conflicts: int


@dataclass(slots=True)
class TimetableConflicts:
    """A page of the conflicts that were asked for, all of which are counted.

    `accepted`: lessons of single days that were put where they clash (substituted, moved, extra), the first ones.
    """

    year: str
    since: str
    total: int
    errors: int
    warnings: int
    by_kind: list[KindCount]
    conflicts: list[ShownConflict]
    accepted_total: int
    accepted: list[AcceptedClash]


@told
def conflicts(asking: Asking, query: ConflictsParameters) -> TimetableConflicts:
    """All conflicts of the timetable in force, errors and warnings by the school's rules (C5), day by day.

    Teacher, room, class, group or pupil in two lessons at once; outside the working mode or the bells; more than the
    load, the daily norm (its source is named), or the seats of the room.
    """
    year = year_of(asking, query)
    since = query.first or max(asking.day, date.fromisoformat(year.first_day))
    asking.ground.whole_timetable(year.id)
    picture, named = picture_of(asking.c, year)
    found = [
        (one, severity(one, picture)) for one in find_conflicts(picture, since=since) if query.kind in {None, one.kind}
    ]
    chosen = [(one, how) for one, how in found if query.severity in {None, how}]
    counts: dict[tuple[str, str], int] = {}
    for one, how in chosen:
        counts[one.kind, how] = counts.get((one.kind, how), 0) + 1
    journals = find_journals(asking.c, year=year.id)
    accepted = accepted_clashes(asking.c, journals, first=since.isoformat(), last=year.last_day)
    page = [one for one, _ in chosen[query.offset : query.offset + query.limit]]
    return TimetableConflicts(
        year=year.id,
        since=since.isoformat(),
        total=len(chosen),
        errors=sum(how == "error" for _, how in chosen),
        warnings=sum(how == "warning" for _, how in chosen),
        by_kind=[KindCount(kind, how, count) for (kind, how), count in counts.items()],
        conflicts=with_names(asking.c, page, picture, named),
        accepted_total=len(accepted),
        accepted=accepted[:ACCEPTED_MAX],
    )
