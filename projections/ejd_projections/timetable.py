"""The timetable by journal: what each one has in the cycle, and from which day on; the school's rules for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import msgspec
import sqlalchemy as sa

from ejd.kernel.due import Schedule, with_schedule
from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry, TimetableRules, TimetableRulesAdopted
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in

projection = Projection("timetable", version=2)


@dataclass(slots=True)
class ScheduleRow:
    """All schedules of one journal as JSON, in the order in which they count; the stream is the year's timetable."""

    stream: str
    journal: str
    schedules: str


@dataclass(slots=True)
class TimetableRulesRow:
    """The school's rules for timetables as JSON of `TimetableRules`; the stream is the school's."""

    stream: str
    rules: str


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """A `Schedule` as the row keeps it."""

    starts: date
    entries: tuple[ScheduleEntry, ...]
    version: int


journal_schedules = projection.table(
    "journal_schedules", ScheduleRow, key=("stream", "journal"), indexes=[("journal",)]
)

timetable_rules = projection.table("timetable_rules", TimetableRulesRow, key=("stream",))


@projection.on(TimetableRulesAdopted)
def _timetable_rules_adopted(event: TimetableRulesAdopted, meta: Recorded, rows: StreamRows) -> None:
    timetable_rules.put(rows, TimetableRulesRow(meta.stream, msgspec.json.encode(event.rules).decode()))


@projection.on(JournalScheduled)
def _journal_scheduled(event: JournalScheduled, meta: Recorded, rows: StreamRows) -> None:
    row = journal_schedules.get(rows, event.journal)
    before = _decode(row.stream, row.schedules) if row else ()
    after = with_schedule(before, Schedule(event.starts, event.entries, Ref(meta.stream, meta.version)))
    text = msgspec.json.encode([_Stored(one.starts, one.entries, one.ref.version) for one in after]).decode()
    journal_schedules.put(rows, ScheduleRow(meta.stream, event.journal, text))


def _decode(stream: str, text: str) -> tuple[Schedule, ...]:
    stored = msgspec.json.decode(text, type=list[_Stored])
    return tuple(Schedule(one.starts, one.entries, Ref(stream, one.version)) for one in stored)


_decode_once = lru_cache(maxsize=4_096)(_decode)


def rules_for_timetables(c: sa.Connection) -> TimetableRules:
    """Answer the school's rules: the default ones before it adopted any."""
    found = fetch(c, timetable_rules)
    return msgspec.json.decode(found[0].rules, type=TimetableRules) if found else TimetableRules()


def schedules_of(c: sa.Connection, journals: Collection[str]) -> dict[str, tuple[Schedule, ...]]:
    """Answer the schedules of journals, for `kernel.due`; a journal that was never scheduled is left out."""
    found = fetch(c, journal_schedules, is_in(journal_schedules.c.journal, journals))
    return {row.journal: _decode_once(row.stream, row.schedules) for row in found}
