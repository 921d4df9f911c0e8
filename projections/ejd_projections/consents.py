"""Who agreed to what, refused it, or took it back, with the purposes that the school defined (E5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import cast

import sqlalchemy as sa

from ejd.kernel.consents import Ledger, PersonKind, Purpose, Subject, Word
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import consents as k
from ejd.kernel.states.consents import word_of
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import fetch, is_in
from ejd_projections.people import GuardianshipRow, PersonRow, guardianships, persons

projection = Projection("consents", version=1)


@dataclass(slots=True)
class WordRow:
    """What somebody said about a person's data, as it counts: corrected values, struck ones gone.

    `version` is of the event that said it first; `until` is the last day of a consent. `note` is in clear, "" when
    there is none or the key is gone. `account` registered it at `recorded_at`, or corrected what is void.
    """

    stream: str
    version: int
    person: str
    purpose: str
    giver: str
    decision: str
    decided_on: str
    until: str | None
    channel: str
    note: str
    account: str
    recorded_at: int
    corrected: bool


@dataclass(slots=True)
class PurposeRow:
    """A purpose as the school defined it from a day on."""

    stream: str
    version: int
    code: str
    name: str
    whose: str
    needs: str
    own_from_age: int
    starts: str


consent_words = projection.table("consent_words", WordRow, key=("stream", "version"), indexes=[("person",), ("giver",)])
consent_purposes = projection.table("consent_purposes", PurposeRow, key=("stream", "version"))


@projection.on(k.ConsentPurposeDefined)
def _purpose_defined(event: k.ConsentPurposeDefined, meta: Recorded, rows: StreamRows) -> None:
    starts = event.starts.isoformat()
    row = PurposeRow(
        meta.stream, meta.version, event.code, event.name, event.whose, event.needs, event.own_from_age, starts
    )
    consent_purposes.put(rows, row)


def _put(rows: StreamRows, event: k.ConsentEvent, meta: Recorded, field: str) -> None:
    note = None if event.note is None else rows.unseal(event.note, field)
    row = _row(meta, event.person, meta.version, word_of(event))
    row.channel, row.note = event.channel, note or ""
    consent_words.put(rows, row)


def _row(meta: Recorded, person: str, version: int, word: k.ConsentWord) -> WordRow:
    return WordRow(
        stream=meta.stream,
        version=version,
        person=person,
        purpose=word.purpose,
        giver=word.giver,
        decision=word.decision,
        decided_on=word.decided_on.isoformat(),
        until=None if word.until is None else word.until.isoformat(),
        channel="paper",
        note="",
        account=meta.actor,
        recorded_at=meta.recorded_at,
        corrected=False,
    )


@projection.on(k.ConsentGiven)
def _given(event: k.ConsentGiven, meta: Recorded, rows: StreamRows) -> None:
    _put(rows, event, meta, "consent-given.note")


@projection.on(k.ConsentRefused)
def _refused(event: k.ConsentRefused, meta: Recorded, rows: StreamRows) -> None:
    _put(rows, event, meta, "consent-refused.note")


@projection.on(k.ConsentWithdrawn)
def _withdrawn(event: k.ConsentWithdrawn, meta: Recorded, rows: StreamRows) -> None:
    _put(rows, event, meta, "consent-withdrawn.note")


@projection.on(k.ConsentCorrected)
def _corrected(event: k.ConsentCorrected, meta: Recorded, rows: StreamRows) -> None:
    row = _row(meta, event.person, event.version, event.new)
    before = consent_words.get(rows, event.version)
    if before is not None:
        row.channel, row.note = before.channel, before.note
        row.account, row.recorded_at = before.account, before.recorded_at
    row.corrected = True
    consent_words.put(rows, row)


@projection.on(k.ConsentStruck)
def _struck(event: k.ConsentStruck, _meta: Recorded, rows: StreamRows) -> None:
    if consent_words.get(rows, event.version) is not None:
        consent_words.drop(rows, event.version)


def words_about(c: sa.Connection, people: Collection[str] | None = None) -> dict[str, list[WordRow]]:
    """Answer by person what was said, in the order of the papers' dates; about everybody when None."""
    t = consent_words.c
    where = [] if people is None else [is_in(t.person, people)]
    found: dict[str, list[WordRow]] = {}
    for row in fetch(c, consent_words, *where, order=[t.decided_on, t.version]):
        found.setdefault(row.person, []).append(row)
    return found


def defined_purposes(c: sa.Connection) -> list[Purpose]:
    """Answer the purposes that the school defined, in the order in which it did."""
    return [
        Purpose(
            row.code,
            row.name,
            cast("k.Whose", row.whose),
            cast("k.Needs", row.needs),
            row.own_from_age,
            date.fromisoformat(row.starts),
        )
        for row in fetch(c, consent_purposes)
    ]


def ledger_of(c: sa.Connection, day: str, people: Collection[str] | None = None) -> Ledger:
    """Answer what `ejd.kernel.consents.may` needs about people on a day; about everybody when None."""
    g = guardianships.c
    acting = [g.starts <= day, sa.or_(g.ends.is_(None), g.ends > day)]
    known = fetch(c, persons, *([] if people is None else [is_in(persons.c.stream, people)]))
    ties = fetch(c, guardianships, *acting, *([] if people is None else [is_in(g.pupil, people)]))
    words = {person: [_word(row) for row in rows] for person, rows in words_about(c, people).items()}
    return Ledger(defined_purposes(c), _subjects(known, ties), words)


def _subjects(known: list[PersonRow], ties: list[GuardianshipRow]) -> dict[str, Subject]:
    guardians: dict[str, set[str]] = {}
    for tie in ties:
        guardians.setdefault(tie.pupil, set()).add(tie.stream)
    return {
        row.stream: Subject(
            row.stream,
            cast("PersonKind", row.kind),
            date.fromisoformat(row.birth_date) if row.birth_date else None,
            frozenset(guardians.get(row.stream, ())),
        )
        for row in known
    }


def _word(row: WordRow) -> Word:
    return Word(
        row.purpose,
        row.giver,
        cast("k.Decision", row.decision),
        date.fromisoformat(row.decided_on),
        None if row.until is None else date.fromisoformat(row.until),
        row.version,
    )
