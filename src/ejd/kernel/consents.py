"""May something about a person be sent or shown: one pure answer with its reason, which every sender asks (E5).

How sure we are of the law: H read in the text of the law, M common practice of schools, L only a default that the
school decides about with `define-consent-purpose`.

* Nobody under 14 gives a consent, those who act for the child do (ГК РФ ст. 28 п. 1, M: 152-ФЗ names minors nowhere).
* From 14 to 18 the pupil speaks, and those who act for the pupil agree in writing (ГК РФ ст. 26 п. 1, M).
* From 18 on only the own word counts (ГК РФ ст. 21 п. 1, H).
* Parents decide about a child together (СК РФ ст. 65 п. 2, H): as long as one of them refuses, it is refused (M).
* A consent can be withdrawn at any time (152-ФЗ ст. 9 ч. 2, H).
* What law demands of a school needs no consent (152-ФЗ ст. 6 ч. 1 п. 2 with 273-ФЗ ст. 28 ч. 3 п. 10, 11, L).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ejd.kernel.events.consents import ConsentPurposeDefined, Decision, Needs, Whose

OF_AGE = 18
OWN_FROM_AGE = 14
LAW_OF_PERSONAL_DATA = date(2007, 1, 26)
"""152-ФЗ is in force since then: no purpose of ours begins earlier."""

Reason = Literal[
    "consented",
    "needs-none",
    "not-asked",
    "refused",
    "withdrawn",
    "expired",
    "own-word-missing",
    "nobody-acts",
    "unknown-purpose",
    "unknown-person",
]
Sure = Literal["H", "M", "L", ""]
PersonKind = Literal["pupil", "guardian", "staff"]


class Purpose(NamedTuple):
    """What consent is asked for, from a day on; see `ConsentPurposeDefined` for its fields."""

    code: str
    name: str
    whose: Whose
    needs: Needs
    own_from_age: int
    starts: date
    source: str = ""
    sure: Sure = ""


PROCESSING, ELECTRONIC_FORM, EMAIL, SMS = "processing", "electronic-form", "email", "sms"
PURPOSES: tuple[Purpose, ...] = (
    Purpose(
        PROCESSING,
        "Обработка персональных данных",
        "person",
        "no-refusal",
        OWN_FROM_AGE,
        LAW_OF_PERSONAL_DATA,
        "152-ФЗ ст. 6 ч. 1 п. 2, ст. 9",
        "L",
    ),
    Purpose(
        ELECTRONIC_FORM,
        "Журнал и дневник в электронной форме",
        "person",
        "no-refusal",
        OWN_FROM_AGE,
        LAW_OF_PERSONAL_DATA,
        "письмо Минобрнауки АП-147/07 от 15.02.2012",
        "L",
    ),
    Purpose(
        EMAIL,
        "Сообщения по электронной почте",
        "recipient",
        "consent",
        OWN_FROM_AGE,
        LAW_OF_PERSONAL_DATA,
        "152-ФЗ ст. 6 ч. 1 п. 1, ст. 9 ч. 1",
        "H",
    ),
    Purpose(
        SMS,
        "Сообщения по SMS",
        "recipient",
        "consent",
        OWN_FROM_AGE,
        date(2014, 10, 21),
        "126-ФЗ ст. 44.1; 152-ФЗ ст. 9 ч. 1",
        "H",
    ),
    Purpose(
        "photo",
        "Фото- и видеосъёмка",
        "person",
        "consent",
        OWN_FROM_AGE,
        LAW_OF_PERSONAL_DATA,
        "ГК РФ ст. 152.1 п. 1",
        "H",
    ),
    Purpose(
        "publication",
        "Размещение сведений в открытом доступе",
        "person",
        "consent",
        OWN_FROM_AGE,
        date(2021, 3, 1),
        "152-ФЗ ст. 10.1",
        "H",
    ),
    Purpose(
        "third-parties",
        "Передача третьим лицам",
        "person",
        "consent",
        OWN_FROM_AGE,
        LAW_OF_PERSONAL_DATA,
        "152-ФЗ ст. 6 ч. 3, ст. 7",
        "H",
    ),
)
"""What ejd knows; whose age of the own word is M throughout."""


def purpose_of(event: ConsentPurposeDefined) -> Purpose:
    """Answer what the school defined."""
    return Purpose(event.code, event.name, event.whose, event.needs, event.own_from_age, event.starts)


class Word(NamedTuple):
    """What somebody said for one purpose; `until` is the last day of a consent, None: until it is withdrawn."""

    purpose: str
    giver: str
    decision: Decision
    decided_on: date
    until: date | None
    version: int


class Subject(NamedTuple):
    """Whose word it is about on a day: `guardians` act for a pupil then; `born` None: nobody entered it, or erased."""

    person: str
    kind: PersonKind
    born: date | None = None
    guardians: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """Whether it may be, and why; `by` are those whose word decided, in the order of their ids."""

    allowed: bool
    reason: Reason
    by: tuple[str, ...] = ()


def purposes_on(day: date, defined: Iterable[Purpose] = ()) -> dict[str, Purpose]:
    """Answer by code the purposes of a day: of several definitions the latest one, by its first day, then as given."""
    found: dict[str, Purpose] = {}
    for one in sorted((*PURPOSES, *defined), key=lambda one: one.starts):
        if one.starts <= day:
            found[one.code] = one
    return found


def age_on(born: date, day: date) -> int:
    """Answer full years; who was born on 29 February has the birthday of a common year on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Speakers(NamedTuple):
    """Whose word counts on a day: of those who act for a pupil (None: nobody else's), and whether the own one does."""

    guardians: frozenset[str] | None
    own: bool


def speakers(subject: Subject, purpose: Purpose, day: date) -> Speakers:
    """Answer whose word counts; a pupil whose birth date is not known counts as one under 14."""
    if subject.kind != "pupil":
        return Speakers(None, own=True)
    age = 0 if subject.born is None else age_on(subject.born, day)
    if age >= OF_AGE:
        return Speakers(None, own=True)
    return Speakers(subject.guardians, own=age >= purpose.own_from_age)


def standing(words: Iterable[Word], purpose: str, day: date) -> dict[str, Word]:
    """Answer by giver what was said last for a purpose by a day: by the dates of the papers, then as registered."""
    found: dict[str, Word] = {}
    for word in sorted(words, key=lambda one: (one.decided_on, one.version)):
        if word.purpose == purpose and word.decided_on <= day:
            found[word.giver] = word
    return found


def has_ended(word: Word, day: date) -> bool:
    """Say whether a consent was given for a time that is over."""
    return word.until is not None and word.until < day


def verdict(purpose: Purpose, subject: Subject, words: Iterable[Word], day: date) -> Verdict:
    """Answer whether it may be on a day: whoever says no wins over whoever says yes."""
    guardians, own = speakers(subject, purpose, day)
    counting = set(guardians or ()) | ({subject.person} if own else set())
    said = {one: word for one, word in sorted(standing(words, purpose.code, day).items()) if one in counting}
    for decision in ("refused", "withdrawn"):
        against = tuple(one for one, word in said.items() if word.decision == decision)
        if against:
            return Verdict(allowed=False, reason=decision, by=against)
    agreed = tuple(one for one, word in said.items() if not has_ended(word, day))
    own_missing = own and subject.person not in agreed
    guardians_missing = guardians is not None and guardians.isdisjoint(agreed)
    if not own_missing and not guardians_missing:
        return Verdict(allowed=True, reason="consented", by=agreed)
    if purpose.needs == "no-refusal":
        return Verdict(allowed=True, reason="needs-none")
    ended = tuple(one for one in said if one not in agreed)
    if ended:
        return Verdict(allowed=False, reason="expired", by=ended)
    if guardians is None:
        return Verdict(allowed=False, reason="not-asked")
    if guardians_missing:
        return Verdict(allowed=False, reason="not-asked" if guardians else "nobody-acts")
    return Verdict(allowed=False, reason="own-word-missing", by=(subject.person,))


class Ledger(NamedTuple):
    """What one answer needs: the purposes the school defined, and by person who it is and what was said."""

    purposes: Sequence[Purpose]
    subjects: Mapping[str, Subject]
    words: Mapping[str, Sequence[Word]]


def may(ledger: Ledger, person: str, recipient: str, purpose: str, day: date) -> Verdict:
    """Answer whether something about a person may be sent or shown to a recipient for a purpose on a day.

    Of a purpose that nobody defined by that day, and about a person nobody knows, nothing is.
    """
    found = purposes_on(day, ledger.purposes).get(purpose)
    if found is None:
        return Verdict(allowed=False, reason="unknown-purpose")
    about = person if found.whose == "person" else recipient
    subject = ledger.subjects.get(about)
    if subject is None:
        return Verdict(allowed=False, reason="unknown-person")
    return verdict(found, subject, ledger.words.get(about, ()), day)
