"""How much each account entered, record by record: what corrections are set against."""

from __future__ import annotations

from dataclasses import dataclass

from ejd.kernel.envelope import Recorded
from ejd.kernel.event import Event
from ejd.kernel.events import final_marks as f
from ejd.kernel.events import lessons as e
from ejd.read.projection import Projection, StreamRows

projection = Projection("entry_counts", version=1)


@dataclass(slots=True)
class EntryCountRow:
    """First entries of an account in one lesson (or one stream of final marks) that stand now.

    Topic, homework, the roll as one, each mark, each final mark. `day` is the lesson's planned day, "" for final marks,
    which have a `period`.
    """

    stream: str
    actor: str
    journal: str
    day: str
    period: str
    entries: int


entry_counts = projection.table(
    "entry_counts", EntryCountRow, key=("stream", "actor"), indexes=[("day", "actor", "entries")]
)


def _entered(event: Event, meta: Recorded, rows: StreamRows) -> None:
    row = entry_counts.get(rows, meta.actor)
    if row is None:
        day = event.date.isoformat() if isinstance(event, e.LessonEvent) else ""
        period = event.period if isinstance(event, f.FinalMarkEvent) else ""
        journal = event.journal if isinstance(event, e.LessonEvent | f.FinalMarkEvent) else ""
        row = EntryCountRow(meta.stream, meta.actor, journal, day, period, 0)
        entry_counts.put(rows, row)
    row.entries += 1


projection.on(e.TopicRecorded, e.HomeworkSet, e.RollTaken, e.MarkRecorded)(_entered)
projection.on(f.FinalMarkDecided)(_entered)
