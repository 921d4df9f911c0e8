"""The lessons of a class, teacher, room, group or pupil as a calendar has them, each with the number of its version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.ids import timetable_stream
from ejd_projections.asking import SelectionError
from ejd_projections.journal_catalogue import Journal, teachers_of
from ejd_projections.lessons_due import DueLesson, PlacedLesson, named_lessons, placed_lessons
from ejd_projections.memberships import members_of
from ejd_projections.revisions import RevisionRow, revisions_of
from ejd_projections.rolls import was_member

LESSONS_MAX = 5_000
"""In one calendar: a class has some 1,200 lessons a year."""


@dataclass(slots=True)
class CalendarLesson:
    """A lesson with who gives it. `sequence` rises with every change of what is shown; `stamped_at` is the last one's.

    `stamped_at` is microseconds since 1970 UTC.
    """

    lesson: DueLesson
    teacher_names: list[str]
    sequence: int
    stamped_at: int


def calendar_lessons(  # noqa: PLR0913 - whose calendar, and when
    c: sa.Connection,
    journals: Sequence[Journal],
    *,
    first: str,
    last: str,
    teacher: str | None = None,
    room: str | None = None,
    pupil: str | None = None,
) -> list[CalendarLesson]:
    """Answer the lessons of journals between two days, cancelled ones too, in order of time.

    Of a teacher those that he or she gives (`PlacedLesson.given_by`): not one that somebody else gives instead, nor
    self-study that nobody supervises. Of a
    pupil those of the days on which the pupil belonged in the journal. Raises SelectionError above LESSONS_MAX.
    """
    ids = [one.id for one in journals]
    loads = teachers_of(c, ids, first=first, last=last) if ids else {}
    stays = members_of(c, journals, first=first, last=last, pupil=pupil) if pupil is not None else {}
    chosen = [
        one
        for one in placed_lessons(c, journals, first=first, last=last)
        if (room is None or one.room == room)
        and (teacher is None or teacher in one.given_by(loads.get(one.journal, ())))
        and (pupil is None or was_member(stays.get(one.journal, ()), one.placed_date))
    ]
    if len(chosen) > LESSONS_MAX:
        msg = f"{len(chosen)} lessons are too many for one calendar ({LESSONS_MAX}): choose fewer days"
        raise SelectionError(msg, field="from")
    years = {one.id: one.year for one in journals}
    revised = revisions_of(c, _streams(chosen, years))
    return [
        CalendarLesson(
            named,
            [name or named.substitute_name for name in one.given_by(loads.get(one.journal, ())).values()],
            *_version(one, years[one.journal], revised),
        )
        for one, named in zip(chosen, named_lessons(c, journals, chosen), strict=True)
    ]


def _streams(chosen: Sequence[PlacedLesson], years: Mapping[str, str]) -> Collection[str]:
    found = {one.lesson for one in chosen} | {one.journal for one in chosen}
    for year in {years[one.journal] for one in chosen}:
        found |= {year, timetable_stream(year)}
    return found


def _version(one: PlacedLesson, year: str, revised: Mapping[str, RevisionRow]) -> tuple[int, int]:
    """Answer the sum of the versions of all that a lesson follows from, none of which ever falls, and the newest time.

    RFC 5545, 3.8.7.4: a later revision of a component has a higher sequence number.
    """
    parts = [revised[stream] for stream in (one.lesson, one.journal, timetable_stream(year), year) if stream in revised]
    return sum(part.version for part in parts), max((part.recorded_at for part in parts), default=0)
