"""How often what a calendar shows was changed, and when last: by lesson, by timetable, by year, by journal.

Void events and markers count too: a calendar program that has a lesson takes another version of it only under a higher
number, and what a breach made void is a change like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import year as y
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.events.timetable import JournalScheduled
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import IDS_MAX, among, ask, checked_ids, question

projection = Projection("revisions", version=1)


@dataclass(slots=True)
class RevisionRow:
    """The newest event of a stream that changes what a calendar shows; `recorded_at` is microseconds UTC."""

    stream: str
    version: int
    recorded_at: int


revisions = projection.table("revisions", RevisionRow, key=("stream",))


def _revised(_event: Event, meta: Recorded, rows: StreamRows) -> None:
    revisions.put(rows, RevisionRow(meta.stream, meta.version, meta.recorded_at))


projection.on_all(e.TopicRecorded, e.TopicCorrected, e.HomeworkSet, e.HomeworkCorrected)(_revised)
projection.on_all(e.ExtraLessonPlanned, e.LessonMoved, e.LessonSubstituted, e.SubstitutionCorrected)(_revised)
projection.on_all(e.LessonCancelled, e.LessonReinstated)(_revised)
projection.on_all(JournalScheduled, j.JournalOpened, j.TeacherAssigned, j.TeacherUnassigned)(_revised)
projection.on_all(y.AcademicYearOpened, y.CycleDefined, y.BreaksDefined, y.HolidaysDefined)(_revised)
projection.on_all(y.BellScheduleDefined)(_revised)


@projection.on_all(EventsVoided, EventsRestored)
def _marked(event: Event, meta: Recorded, rows: StreamRows) -> None:
    """A marker of a stream that no calendar shows leaves no row."""
    if revisions.get(rows) is not None:
        _revised(event, meta, rows)


_OF = question(revisions, among(revisions.c.stream, "streams"))


def revisions_of(c: sa.Connection, streams: Collection[str]) -> dict[str, RevisionRow]:
    """Answer the revisions of streams; one of which nothing was recorded is left out."""
    return {row.stream: row for chunk in _chunks(streams) for row in ask(c, revisions, _OF, streams=checked_ids(chunk))}


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while chunk := list(islice(left, IDS_MAX)):
        yield chunk
