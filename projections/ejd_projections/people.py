"""People: one row each, the only place where names and contacts stand in clear; gone with the person's key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import people as p
from ejd.kernel.sealed import Sealed
from ejd.kernel.titles import PersonName, contacts_from_text, name_from_text, sort_key
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import among, ask, checked_ids, fetch, question

ERASED = "удалено"
"""Shown in place of the name of a person whose key was destroyed."""
ERASED_SORT_KEY = "~~"
"""Behind all Russian letters: who was erased stands last."""

projection = Projection("people", version=3)


@dataclass(slots=True)
class PersonRow:
    """A pupil, staff member or guardian; empty names: erased. `kind` is pupil, staff or guardian."""

    stream: str
    kind: str
    family: str
    given: str
    middle: str
    sort_key: str
    email: str
    phone: str
    birth_date: str
    employed_on: str | None
    left_on: str | None

    def full(self) -> str:
        """Answer the name as a Russian school writes it, «удалено» for an erased person."""
        return self.named.full() or ERASED

    @property
    def named(self) -> PersonName:
        """The name in its parts."""
        return PersonName(family=self.family, given=self.given, middle=self.middle)


@dataclass(slots=True)
class GuardianshipRow:
    """A guardian acts for a pupil from `starts` (included) to `ends` (not included, None: still)."""

    stream: str
    pupil: str
    starts: str
    ends: str | None
    relation: str


persons = projection.table("persons", PersonRow, key=("stream",), indexes=[("kind", "sort_key")])
guardianships = projection.table(
    "guardianships", GuardianshipRow, key=("stream", "pupil", "starts"), indexes=[("pupil",)]
)


def _named(rows: StreamRows, kind: str, name: Sealed, field: str) -> PersonRow:
    """Answer a new row with the name in clear, or with empty names when the key is gone."""
    text = rows.unseal(name, field)
    clear = PersonName(family="", given="") if text is None else name_from_text(text)
    return PersonRow(
        stream=rows.stream,
        kind=kind,
        family=clear.family,
        given=clear.given,
        middle=clear.middle,
        sort_key=ERASED_SORT_KEY if text is None else sort_key(clear.full()),
        email="",
        phone="",
        birth_date="",
        employed_on=None,
        left_on=None,
    )


@projection.on(p.PupilEnrolled)
def _pupil_enrolled(event: p.PupilEnrolled, _meta: Recorded, rows: StreamRows) -> None:
    row = _named(rows, "pupil", event.name, "pupil-enrolled.name")
    if event.birth_date is not None:
        row.birth_date = rows.unseal(event.birth_date, "pupil-enrolled.birth_date") or ""
    persons.put(rows, row)


@projection.on(p.StaffMemberEmployed)
def _staff_member_employed(event: p.StaffMemberEmployed, _meta: Recorded, rows: StreamRows) -> None:
    row = _named(rows, "staff", event.name, "staff-member-employed.name")
    row.employed_on = event.employed_on.isoformat()
    persons.put(rows, row)


@projection.on(p.StaffMemberLeft)
def _staff_member_left(event: p.StaffMemberLeft, _meta: Recorded, rows: StreamRows) -> None:
    row = persons.get(rows)
    if row is not None:
        row.left_on = event.left_on.isoformat()


@projection.on(p.GuardianRegistered)
def _guardian_registered(event: p.GuardianRegistered, _meta: Recorded, rows: StreamRows) -> None:
    row = _named(rows, "guardian", event.name, "guardian-registered.name")
    if event.contacts is not None:
        text = rows.unseal(event.contacts, "guardian-registered.contacts")
        if text is not None:
            contacts = contacts_from_text(text)
            row.email, row.phone = contacts.email, contacts.phone
    persons.put(rows, row)


@projection.on(p.PersonNameCorrected)
def _person_name_corrected(event: p.PersonNameCorrected, _meta: Recorded, rows: StreamRows) -> None:
    row = persons.get(rows)
    if row is None:
        return
    named = _named(rows, row.kind, event.name, "person-name-corrected.name")
    row.family, row.given, row.middle, row.sort_key = named.family, named.given, named.middle, named.sort_key


@projection.on(p.BirthDateCorrected)
def _birth_date_corrected(event: p.BirthDateCorrected, _meta: Recorded, rows: StreamRows) -> None:
    row = persons.get(rows)
    if row is not None:
        row.birth_date = rows.unseal(event.birth_date, "birth-date-corrected.birth_date") or ""


def _end_guardianship(rows: StreamRows, pupil: str, day: str) -> None:
    # As `close_stays` of the kernel: later ones fall away, open or later-ending ones end that day.
    for row in guardianships.all(rows):
        if row.pupil != pupil:
            continue
        if row.starts >= day:
            guardianships.drop(rows, row.pupil, row.starts)
        elif row.ends is None or row.ends > day:
            row.ends = day


@projection.on(p.GuardianshipEstablished)
def _guardianship_established(event: p.GuardianshipEstablished, meta: Recorded, rows: StreamRows) -> None:
    starts = event.starts.isoformat()
    _end_guardianship(rows, event.pupil, starts)
    guardianships.put(rows, GuardianshipRow(meta.stream, event.pupil, starts, None, event.relation))


@projection.on(p.GuardianshipEnded)
def _guardianship_ended(event: p.GuardianshipEnded, _meta: Recorded, rows: StreamRows) -> None:
    _end_guardianship(rows, event.pupil, event.ends.isoformat())


def guardianships_within(c: sa.Connection, *, first: str, last: str) -> list[GuardianshipRow]:
    """Answer who acted for whom on any day of a range."""
    g = guardianships.c
    return fetch(c, guardianships, g.starts <= last, sa.or_(g.ends.is_(None), g.ends > first), order=[g.pupil])


_BY_ID = question(persons, among(persons.c.stream, "ids"))


@dataclass(slots=True)
class Guardian:
    """Somebody who acts for a pupil; `relation` is a word such as mother."""

    id: str
    name: str
    relation: str
    email: str
    phone: str


def people_by_id(c: sa.Connection, ids: Collection[str]) -> dict[str, PersonRow]:
    """Answer the persons with these ids, those who are there."""
    return {row.stream: row for row in ask(c, persons, _BY_ID, ids=checked_ids(ids))} if ids else {}


def names(c: sa.Connection, ids: Collection[str]) -> dict[str, str]:
    """Answer full names by id; who is not there has none."""
    return {person: row.full() for person, row in people_by_id(c, ids).items()}


def staff(c: sa.Connection) -> list[PersonRow]:
    """Answer all staff in the order of the alphabet."""
    return people_of_kind(c, "staff")


def people_of_kind(c: sa.Connection, kind: str) -> list[PersonRow]:
    """Answer all persons of a kind (pupil, staff, guardian) in the order of the alphabet."""
    return fetch(c, persons, persons.c.kind == kind, order=[persons.c.sort_key])


def guardianships_on(c: sa.Connection, day: str) -> list[GuardianshipRow]:
    """Answer who acts for whom on a day."""
    g = guardianships.c
    return fetch(c, guardianships, g.starts <= day, sa.or_(g.ends.is_(None), g.ends > day), order=[g.pupil])


def guardians_of(c: sa.Connection, *, pupil: str, day: str) -> list[Guardian]:
    """Answer who acts for a pupil on a day, in the order of the alphabet."""
    statement = (
        sa.select(persons.table, guardianships.c.relation)
        .join(guardianships.table, guardianships.c.stream == persons.c.stream)
        .where(
            guardianships.c.pupil == pupil,
            guardianships.c.starts <= day,
            sa.or_(guardianships.c.ends.is_(None), guardianships.c.ends > day),
        )
        .order_by(persons.c.sort_key, persons.c.stream)
    )
    answers = []
    for *columns, relation in c.execute(statement):
        row = PersonRow(*columns)
        answers.append(Guardian(row.stream, row.full(), relation, row.email, row.phone))
    return answers


def pupils_of(c: sa.Connection, *, guardian: str, day: str) -> list[str]:
    """Answer the pupils for whom somebody acts on a day."""
    g = guardianships.c
    found = fetch(c, guardianships, g.stream == guardian, g.starts <= day, sa.or_(g.ends.is_(None), g.ends > day))
    return sorted({row.pupil for row in found})
