"""Consents and refusals on a day, by class, and the families that are to be informed on paper (E5, D17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import Field

from ejd.http.asking import Asking, Limit, Offset, told
from ejd.http.choosing import OfWhom, YearParameters, check_there, knows_pupil, year_of
from ejd.http.downloads import DownloadParameters
from ejd.http.problems import Malformed, NotThere
from ejd.kernel.command import NotAllowed
from ejd.kernel.consents import ELECTRONIC_FORM, Ledger, Purpose, Sure, Verdict, may, purposes_on
from ejd_commands.fields import Code, Day, Id
from ejd_projections.account_holders import holders
from ejd_projections.consents import WordRow, ledger_of, words_about
from ejd_projections.journal_catalogue import ClassRow, classes_by_name
from ejd_projections.memberships import class_members_on
from ejd_projections.people import PersonRow, people_of_kind

CONSENTS_LIMIT = 200
KINDS = ("pupil", "guardian", "staff")


@dataclass(slots=True)
class PurposeOfDay:
    """What consent is asked for on the day; `source` and `sure` (H, M, L) are of the law, "" for the school's own."""

    code: str
    name: str
    whose: str
    needs: str
    own_from_age: int
    source: str
    sure: Sure


@dataclass(slots=True)
class SaidWord:
    """What somebody said; `version` names it for a correction. Note and who registered it are for the school only."""

    version: int
    giver: str
    giver_name: str
    decision: str
    decided_on: str
    until: str | None
    channel: str
    corrected: bool
    note: str
    registered_by: str


@dataclass(slots=True)
class PurposeAnswer:
    """Whether it may be for one purpose, why, by whose word, and all that was said about it by the day."""

    purpose: str
    allowed: bool
    reason: str
    by: list[str]
    words: list[SaidWord]


@dataclass(slots=True)
class PersonConsents:
    """One person with every purpose of the day; a guardian stands in the class of the child who comes first."""

    person: str
    name: str
    kind: str
    class_id: str
    class_name: str
    purposes: list[PurposeAnswer]


@dataclass(slots=True)
class ClassConsents:
    """Pupils of one class by what holds for one purpose; `refused` has withdrawals too."""

    class_id: str
    class_name: str
    purpose: str
    pupils: int
    allowed: int
    refused: int
    missing: int


@dataclass(slots=True)
class PaperGuardian:
    """Somebody who acts for the pupil on the day."""

    id: str
    name: str


@dataclass(slots=True)
class PaperFamily:
    """A pupil about whom nothing is sent or shown in electronic form, why, and who is to be informed on paper."""

    pupil: str
    name: str
    class_id: str
    class_name: str
    reason: str
    by: list[str]
    guardians: list[PaperGuardian]


@dataclass(slots=True)
class Consents:
    """A page of the `total` persons, with counts and the families on paper of all that was chosen."""

    day: str
    year: str
    purposes: list[PurposeOfDay]
    classes: list[ClassConsents]
    on_paper: list[PaperFamily]
    total: int
    people: list[PersonConsents]


class ConsentsParameters(YearParameters, DownloadParameters):
    """On a day, by class, person, purpose."""

    day: Annotated[Day | None, Field(alias="on", description="The day; today by default.")] = None
    class_id: Annotated[Id | None, Field(alias="class", description="Pupils of a class and who acts for them.")] = None
    person: Annotated[Id | None, Field(description="One person.")] = None
    purpose: Annotated[Code | None, Field(description="Only this purpose.")] = None
    on_paper: Annotated[bool, Field(description="As a file only the families that are to be informed on paper.")] = (
        False
    )
    limit: Limit = CONSENTS_LIMIT
    offset: Offset = 0


@dataclass
class _Known:
    """What the report is put together from."""

    ledger: Ledger
    purposes: Mapping[str, Purpose]
    day: date
    people: dict[str, PersonRow]
    class_of: dict[str, ClassRow]
    words: dict[str, list[WordRow]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    by_duty: set[str] = field(default_factory=set)
    """Whom the reader sees for the school: notes, and who registered them, are for nobody else."""

    def name(self, person: str) -> str:
        row = self.people.get(person)
        return "" if row is None else row.full()

    def names(self, people: Iterable[str]) -> list[str]:
        return [self.name(one) for one in people]

    def verdict(self, person: str, purpose: str) -> Verdict:
        return may(self.ledger, person, person, purpose, self.day)


@told
def consents(asking: Asking, query: ConsentsParameters) -> Consents:
    """Consents, refusals and withdrawals as they count on a day, by class; and the families to be informed on paper.

    The administration sees everybody, a class teacher the own class, a family itself.
    """
    day = query.day or asking.day
    year = year_of(asking, query).id
    asking.ground.consents(year)
    check_there(asking, OfWhom.model_validate({"class": query.class_id}))
    known = _known(asking, year, day)
    purposes = known.purposes
    if query.purpose is not None:
        if query.purpose not in purposes:
            raise Malformed("no such purpose on that day: choose one of " + ", ".join(purposes), field="purpose")
        purposes = {query.purpose: purposes[query.purpose]}
    chosen = _chosen(asking, query, known)
    page = chosen[query.offset : query.offset + query.limit]
    known.words = words_about(asking.c, [row.stream for row in page])
    used = {word.account for person, words in known.words.items() if person in known.by_duty for word in words}
    known.accounts = {one: holder.name or holder.login for one, holder in holders(asking.c, used).items()}
    pupils = [row for row in chosen if row.kind == "pupil"]
    return Consents(
        day=day.isoformat(),
        year=year,
        purposes=[_purpose(one) for one in purposes.values()],
        classes=list(_counted(known, pupils, purposes)),
        on_paper=list(_on_paper(known, pupils)),
        total=len(chosen),
        people=[_person(known, row, purposes) for row in page],
    )


def _known(asking: Asking, year: str, day: date) -> _Known:
    c, text = asking.c, day.isoformat()
    ledger = ledger_of(c, text)
    classes = {row.stream: row for row in classes_by_name(c, year=year)}
    class_of = {one.pupil: classes[one.class_id] for one in class_members_on(c, day=text, classes=classes)}
    for pupil, own in sorted(class_of.items(), key=lambda one: one[1].sort_key):
        for guardian in ledger.subjects[pupil].guardians if pupil in ledger.subjects else ():
            class_of.setdefault(guardian, own)
    people = {row.stream: row for kind in KINDS for row in people_of_kind(c, kind)}
    return _Known(ledger, purposes_on(day, ledger.purposes), day, people, class_of)


def _chosen(asking: Asking, query: ConsentsParameters, known: _Known) -> list[PersonRow]:
    """Answer who was asked for and may be seen, by class, kind and name; raises NotAllowed."""
    seen, day = asking.sight, known.day.isoformat()
    own = seen.duties.classes
    if seen.everything:
        known.by_duty = set(known.people)
    elif own and not asking.strangers(day, day):
        known.by_duty = {one for one, row in known.class_of.items() if row.stream in own}
    allowed = known.by_duty | ({*seen.duties.pupils, asking.who.person} & set(known.people))
    if query.class_id is not None and not (
        seen.whole_class(query.class_id) or query.class_id in _classes(known, allowed)
    ):
        raise NotAllowed("these people are not of your class: leave the class out, or ask the administration")
    hidden = query.person is not None and query.person not in allowed and not _known_of(asking, query.person, known)
    if query.person is not None and (query.person not in known.people or hidden):
        raise NotThere("there is no such person: look it up in GET /api/v1/people", field="person")
    if query.person is not None and query.person not in allowed:
        raise NotAllowed("you can read what was said about yourself, your child or your class: leave the person out")
    found = [
        known.people[one]
        for one in allowed
        if query.person in {None, one}
        and (query.class_id is None or (one in known.class_of and known.class_of[one].stream == query.class_id))
    ]

    def place(row: PersonRow) -> tuple[bool, str, int, str, str]:
        own = known.class_of.get(row.stream)
        return own is None, own.sort_key if own else "", KINDS.index(row.kind), row.sort_key, row.stream

    return sorted(found, key=place)


def _known_of(asking: Asking, person: str, known: _Known) -> bool:
    """Say whether the asker may know that there is this person: everybody knows the staff, of pupils it takes a tie."""
    row = known.people.get(person)
    return row is not None and (row.kind == "staff" or (row.kind == "pupil" and knows_pupil(asking, person)))


def _classes(known: _Known, people: Iterable[str]) -> set[str]:
    return {known.class_of[one].stream for one in people if one in known.class_of}


def _purpose(one: Purpose) -> PurposeOfDay:
    return PurposeOfDay(one.code, one.name, one.whose, one.needs, one.own_from_age, one.source, one.sure)


def _person(known: _Known, row: PersonRow, purposes: Iterable[str]) -> PersonConsents:
    own = known.class_of.get(row.stream)
    said: dict[str, list[WordRow]] = {}
    for word in known.words.get(row.stream, ()):
        if word.decided_on <= known.day.isoformat():
            said.setdefault(word.purpose, []).append(word)
    answers = []
    for code in purposes:
        found = known.verdict(row.stream, code)
        words = [_word(known, one) for one in said.get(code, ())]
        answers.append(PurposeAnswer(code, found.allowed, found.reason, known.names(found.by), words))
    return PersonConsents(row.stream, row.full(), row.kind, own.stream if own else "", own.name if own else "", answers)


def _word(known: _Known, row: WordRow) -> SaidWord:
    return SaidWord(
        version=row.version,
        giver=row.giver,
        giver_name=known.name(row.giver),
        decision=row.decision,
        decided_on=row.decided_on,
        until=row.until,
        channel=row.channel,
        corrected=row.corrected,
        note=row.note if row.person in known.by_duty else "",
        registered_by=known.accounts.get(row.account, "") if row.person in known.by_duty else "",
    )


def _counted(known: _Known, pupils: Iterable[PersonRow], purposes: Iterable[str]) -> Iterator[ClassConsents]:
    by_class: dict[str, list[str]] = {}
    for row in pupils:
        if row.stream in known.class_of:
            by_class.setdefault(known.class_of[row.stream].stream, []).append(row.stream)
    names = {row.stream: row.name for row in known.class_of.values()}
    for class_id, members in by_class.items():
        for code in purposes:
            found = [known.verdict(one, code) for one in members]
            allowed = sum(one.allowed for one in found)
            refused = sum(one.reason in {"refused", "withdrawn"} for one in found)
            missing = len(found) - allowed - refused
            yield ClassConsents(class_id, names[class_id], code, len(found), allowed, refused, missing)


def _on_paper(known: _Known, pupils: Iterable[PersonRow]) -> Iterator[PaperFamily]:
    for row in pupils:
        own = known.class_of.get(row.stream)
        found = known.verdict(row.stream, ELECTRONIC_FORM)
        if own is None or found.allowed:
            continue
        acting = known.ledger.subjects[row.stream].guardians
        guardians = sorted((PaperGuardian(one, known.name(one)) for one in acting), key=lambda one: (one.name, one.id))
        yield PaperFamily(row.stream, row.full(), own.stream, own.name, found.reason, known.names(found.by), guardians)
