"""Which streams tell of a cell: the record, requests about it, and what the guardians of its pupil acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ejd.history.life import Cell, Spans, Standing, Step, Teller, acknowledged, request_change
from ejd.history.streams import Log, TooManyStreams, decode, whole_streams
from ejd.kernel.calendar import calendar_from_json
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import lessons as e
from ejd.kernel.ids import acknowledgements_stream, final_marks_stream
from ejd.read.projection import Unseal
from ejd_projections.account_holders import Holder, holders
from ejd_projections.acknowledgements import acknowledgements
from ejd_projections.asking import NotThereError, fetch
from ejd_projections.correction_requests import requests_about
from ejd_projections.journal_catalogue import Journal, find_journal
from ejd_projections.people import guardianships, names, people_by_id
from ejd_projections.school_catalogue import years

STREAMS_MAX = 500
"""Requests about one record, and guardians of one pupil, together."""
YEAR_MARKS = frozenset({"year", "exam", "overall"})
NOWHERE = "nothing was ever recorded in this lesson: take its id from a gradebook or from GET /api/v1/lessons"


@dataclass(slots=True)
class StoodOn:
    """A fact that a step stands on: `kind` says what its stream is (account, journal, pupil, timetable, correction)."""

    stream: str
    version: int
    kind: str


@dataclass(slots=True)
class LifeStep:
    """One event: what it did, who did it, when, from where and why; see `Step`."""

    what: str
    kind: str
    type: str
    stream: str
    version: int
    position: int
    recorded_at: int
    by: Holder
    session: str
    client: str
    command: str
    pupil: str
    pupil_name: str
    work: str
    number: int
    old: str
    new: str
    reason: str
    until: int | None
    counts: bool
    breaches: list[str]
    versions: list[int]
    stands_on: list[StoodOn]
    seen: list[Standing]


@dataclass(slots=True)
class Life:
    """The life of a cell, or of a part of a lesson, in order of position; `now` is what stands there."""

    record: str
    journal: str
    journal_name: str
    day: str
    slot: int
    ordinal: int
    period: str
    pupil: str
    pupil_name: str
    now: list[Standing]
    steps: list[LifeStep]


class Lives:
    """Tells lives up to a position, by the read model that has come to it."""

    def __init__(
        self, log: Log, c: sa.Connection, unseal: Unseal, kind_of: Callable[[str], str | None], *, upto: int
    ) -> None:
        """`kind_of` answers what a stream is."""
        self._log, self._c, self._unseal, self._upto = log, c, unseal, upto
        self._kind_of = kind_of

    def of_lesson(self, lesson: str, cell: Cell) -> Life:
        """Answer the life of a cell of a lesson; raises NotThereError for a lesson without records."""
        events = self._log.read_streams([lesson], upto=self._upto)
        teller = Teller(self._unseal, events, cell)
        own = [event for _, event in teller.record if isinstance(event, e.LessonEvent)]
        if not own:
            raise NotThereError(NOWHERE, field="lesson")
        self._check_pupil(cell)
        first = own[0]
        journal = find_journal(self._c, first.journal)
        days = [event.new_date for event in own if isinstance(event, e.LessonMoved)]
        day = days[-1] if days else first.date
        life = Life(
            record=lesson,
            journal=first.journal,
            journal_name=journal.name,
            day=first.date.isoformat(),
            slot=first.slot,
            ordinal=first.ordinal,
            period="",
            pupil=cell.pupil,
            pupil_name="",
            now=[],
            steps=[],
        )
        return self._told(life, teller, cell, journal, day)

    def of_final_mark(self, journal_id: str, period: str, pupil: str) -> Life:
        """Answer the life of a final mark; raises NotThereError for an unknown journal, period or pupil."""
        journal = find_journal(self._c, journal_id)
        if period not in YEAR_MARKS and (journal.year, period) not in self._spans():
            raise NotThereError(f"the year of this journal has no period {period!r}: check the code", field="period")
        cell = Cell(frozenset({"final-mark"}), pupil)
        self._check_pupil(cell)
        record = final_marks_stream(journal_id, period)
        teller = Teller(self._unseal, self._log.read_streams([record], upto=self._upto), cell)
        life = Life(record, journal_id, journal.name, "", 0, 1, period, pupil, "", [], [])
        return self._told(life, teller, cell, journal, None)

    def _check_pupil(self, cell: Cell) -> None:
        if cell.pupil:
            person = people_by_id(self._c, [cell.pupil]).get(cell.pupil)
            if person is None or person.kind != "pupil":
                raise NotThereError("there is no such pupil: look the pupil up in a gradebook", field="pupil")

    def _told(self, life: Life, teller: Teller, cell: Cell, journal: Journal, day: date | None) -> Life:
        steps = teller.steps_of_record()
        named = teller.requests_named(steps, lambda stream: self._kind_of(stream) == "correction")
        about = {
            row.stream
            for row in requests_about(self._c, life.record)
            if row.kind in cell.kinds | {"lesson"} and (not cell.pupil or row.pupil in {"", cell.pupil})
        }
        for stream in self._whole(about | set(named)):
            steps += teller.steps(decode(stream), request_change)
        if cell.pupil:
            pick = acknowledged(day, journal.year, life.period, self._spans())
            for stream in self._whole(self._acknowledgements(cell.pupil)):
                steps += teller.steps(decode(stream), pick)
        steps.sort(key=lambda step: step.position)
        life.now = teller.standing(self._upto)
        life.steps = self._named(steps)
        life.pupil_name = names(self._c, [cell.pupil]).get(cell.pupil, "") if cell.pupil else ""
        return life

    def _whole(self, streams: Collection[str]) -> list[list[Recorded]]:
        if len(streams) > STREAMS_MAX:
            raise TooManyStreams(f"{len(streams)} streams tell of this: ask for a single mark by its kind of work")
        return list(whole_streams(self._log, streams, self._upto))

    def _acknowledgements(self, pupil: str) -> set[str]:
        rows = fetch(self._c, acknowledgements, acknowledgements.c.pupil == pupil)
        acting = fetch(self._c, guardianships, guardianships.c.pupil == pupil)
        own = {acknowledgements_stream(row.stream, pupil) for row in acting}
        return own | {row.stream for row in rows}

    def _spans(self) -> Spans:
        spans: Spans = {}
        for year in years(self._c):
            for periods in calendar_from_json(year.calendar).data.schemes.values():
                spans |= {(year.id, one.code): (one.first_day, one.last_day) for one in periods}
        return spans

    def _named(self, steps: list[Step]) -> list[LifeStep]:
        by_account = holders(self._c, {step.account for step in steps})
        people = names(self._c, {step.pupil for step in steps} - {""})
        kinds: dict[str, str] = {}
        for stream in {ref.stream for step in steps for ref in step.stands_on}:
            kinds[stream] = self._kind_of(stream) or ""
        return [
            LifeStep(
                what=step.what,
                kind=step.kind,
                type=step.type,
                stream=step.stream,
                version=step.version,
                position=step.position,
                recorded_at=step.recorded_at,
                by=by_account[step.account],
                session=step.session,
                client=step.client,
                command=step.command,
                pupil=step.pupil,
                pupil_name=people.get(step.pupil, ""),
                work=step.work,
                number=step.number,
                old=step.old,
                new=step.new,
                reason=step.reason,
                until=step.until,
                counts=step.counts,
                breaches=step.breaches,
                versions=step.versions,
                stands_on=[StoodOn(ref.stream, ref.version, kinds[ref.stream]) for ref in step.stands_on],
                seen=step.seen,
            )
            for step in steps
        ]
