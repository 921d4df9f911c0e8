"""Whether something may be sent or shown: whose word counts at which age, and who wins when they disagree."""

from __future__ import annotations

from datetime import date

import pytest

from ejd.kernel.consents import (
    ELECTRONIC_FORM,
    EMAIL,
    PURPOSES,
    SMS,
    Ledger,
    Purpose,
    Reason,
    Subject,
    Verdict,
    Word,
    age_on,
    may,
    purposes_on,
    verdict,
)
from ejd.kernel.envelope import Ref
from ejd.kernel.events.consents import Decision
from ejd.kernel.events.people import StaffMemberLeft
from ejd.kernel.states.consents import ConsentState

DAY = date(2025, 10, 6)
CHILD, MOTHER, FATHER, TEACHER = "child", "mother", "father", "teacher"
BORN_AT_10 = date(2015, 3, 1)
KNOWN = {one.code: one for one in PURPOSES}
PHOTO, FORM = KNOWN["photo"], KNOWN[ELECTRONIC_FORM]


def pupil(born: date | None = BORN_AT_10, *guardians: str) -> Subject:
    return Subject(CHILD, "pupil", born, frozenset(guardians or (MOTHER, FATHER)))


def word(  # noqa: PLR0913 - one word has as many parts
    giver: str,
    decision: Decision,
    on: date = date(2025, 9, 1),
    *,
    until: date | None = None,
    version: int = 1,
    purpose: str = "photo",
) -> Word:
    return Word(purpose, giver, decision, on, until, version)


def yes(reason: Reason, *by: str) -> Verdict:
    return Verdict(allowed=True, reason=reason, by=by)


def no(reason: Reason, *by: str) -> Verdict:
    return Verdict(allowed=False, reason=reason, by=by)


def test_every_purpose_names_its_source_and_how_sure_we_are() -> None:
    for one in PURPOSES:
        assert one.source
        assert one.sure in {"H", "M", "L"}


def test_nothing_is_allowed_before_somebody_agreed() -> None:
    assert verdict(PHOTO, pupil(), [], DAY) == no("not-asked")
    assert verdict(PHOTO, pupil(), [word(MOTHER, "given")], DAY) == yes("consented", MOTHER)


def test_what_law_demands_needs_no_consent_but_nobody_may_have_refused() -> None:
    assert verdict(FORM, pupil(), [], DAY) == yes("needs-none")
    refused = [word(FATHER, "refused", purpose=ELECTRONIC_FORM)]
    assert verdict(FORM, pupil(), refused, DAY) == no("refused", FATHER)
    agreed = [word(FATHER, "given", purpose=ELECTRONIC_FORM)]
    assert verdict(FORM, pupil(), agreed, DAY) == yes("consented", FATHER)


@pytest.mark.parametrize("order", [(MOTHER, FATHER), (FATHER, MOTHER)])
def test_when_guardians_disagree_the_refusal_wins_and_is_named(order: tuple[str, str]) -> None:
    yes, against = order
    words = [word(yes, "given", version=2), word(against, "refused")]
    assert verdict(PHOTO, pupil(), words, DAY) == no("refused", against)
    assert verdict(PHOTO, pupil(None, yes), words, DAY).allowed, "who refused does not act for the child any more"


def test_a_withdrawal_counts_from_its_day_and_not_before() -> None:
    words = [word(MOTHER, "given"), word(MOTHER, "withdrawn", DAY, version=2)]
    assert verdict(PHOTO, pupil(), words, date(2025, 10, 5)).allowed
    assert verdict(PHOTO, pupil(), words, DAY) == no("withdrawn", MOTHER)
    again = [*words, word(MOTHER, "given", DAY, version=3)]
    assert verdict(PHOTO, pupil(), again, DAY).allowed


def test_the_dates_of_papers_decide_and_not_when_they_were_registered() -> None:
    back_dated = [word(MOTHER, "withdrawn", DAY, version=1), word(MOTHER, "given", version=2)]
    assert verdict(PHOTO, pupil(), back_dated, DAY) == no("withdrawn", MOTHER)


def test_a_consent_ends_after_its_last_day() -> None:
    words = [word(MOTHER, "given", until=DAY)]
    assert verdict(PHOTO, pupil(), words, DAY).allowed
    assert verdict(PHOTO, pupil(), words, date(2025, 10, 7)) == no("expired", MOTHER)
    assert verdict(FORM, pupil(), [word(MOTHER, "given", until=DAY, purpose=ELECTRONIC_FORM)], date(2025, 10, 7)) == (
        yes("needs-none")
    )


def test_before_14_the_own_word_does_not_count() -> None:
    born = date(2011, 10, 7)
    assert verdict(PHOTO, pupil(born), [word(CHILD, "given")], DAY) == no("not-asked")
    assert verdict(PHOTO, pupil(born), [word(CHILD, "refused"), word(MOTHER, "given")], DAY).allowed


def test_from_14_on_pupil_and_a_guardian_are_both_needed() -> None:
    born = date(2011, 10, 6)
    mother, own = word(MOTHER, "given"), word(CHILD, "given")
    assert verdict(PHOTO, pupil(born), [mother], DAY) == no("own-word-missing", CHILD)
    assert verdict(PHOTO, pupil(born), [own], DAY) == no("not-asked")
    assert verdict(PHOTO, pupil(born), [mother, own], DAY) == yes("consented", CHILD, MOTHER)
    assert verdict(PHOTO, pupil(born), [mother, word(CHILD, "refused")], DAY) == no("refused", CHILD)
    later = PHOTO._replace(own_from_age=18)
    assert verdict(later, pupil(born), [mother], DAY).allowed, "a school may ask pupils later"


def test_from_18_on_only_the_own_word_counts() -> None:
    grown = pupil(date(2007, 10, 6))
    assert verdict(PHOTO, grown, [word(MOTHER, "given"), word(FATHER, "refused")], DAY) == no("not-asked")
    assert verdict(PHOTO, grown, [word(CHILD, "given"), word(FATHER, "refused")], DAY).allowed
    assert verdict(FORM, grown, [word(FATHER, "refused", purpose=ELECTRONIC_FORM)], DAY).allowed


def test_without_a_birth_date_those_who_act_for_the_child_decide() -> None:
    assert verdict(PHOTO, pupil(None), [word(MOTHER, "given")], DAY).allowed
    nobody = Subject(CHILD, "pupil")
    assert verdict(PHOTO, nobody, [word(CHILD, "given")], DAY) == no("nobody-acts")


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2011, 10, 6), date(2025, 10, 5), 13),
        (date(2011, 10, 6), date(2025, 10, 6), 14),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_years_are_full_on_the_birthday(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_the_school_changes_a_purpose_from_a_day_on_and_adds_its_own() -> None:
    strict = FORM._replace(needs="consent", starts=DAY)
    trip = Purpose("trip", "Поездки", "person", "consent", 14, DAY)
    before, after = purposes_on(date(2025, 10, 5), [strict, trip]), purposes_on(DAY, [strict, trip])
    assert (before[ELECTRONIC_FORM].needs, "trip" in before) == ("no-refusal", False)
    assert (after[ELECTRONIC_FORM].needs, after["trip"].name) == ("consent", "Поездки")
    assert purposes_on(DAY, [strict, FORM._replace(starts=DAY)])[ELECTRONIC_FORM].needs == "no-refusal"


def test_a_purpose_of_law_begins_with_the_law() -> None:
    assert "publication" not in purposes_on(date(2021, 2, 28))
    assert "publication" in purposes_on(date(2021, 3, 1))


def test_messages_to_an_address_take_the_word_of_whose_address_it_is() -> None:
    subjects = {CHILD: pupil(), MOTHER: Subject(MOTHER, "guardian"), TEACHER: Subject(TEACHER, "staff")}
    words = {
        CHILD: [word(FATHER, "refused", purpose=EMAIL)],
        MOTHER: [word(MOTHER, "given", purpose=EMAIL), word(MOTHER, "refused", purpose=SMS)],
    }
    ledger = Ledger((), subjects, words)
    assert may(ledger, CHILD, MOTHER, EMAIL, DAY) == yes("consented", MOTHER)
    assert may(ledger, CHILD, MOTHER, SMS, DAY) == no("refused", MOTHER)
    assert may(ledger, TEACHER, TEACHER, EMAIL, DAY) == no("not-asked")
    assert may(ledger, CHILD, MOTHER, "photo", DAY) == no("not-asked")


def test_of_an_unknown_purpose_or_person_nothing_is_allowed() -> None:
    ledger = Ledger((), {CHILD: pupil()}, {})
    assert may(ledger, CHILD, MOTHER, "nothing", DAY) == no("unknown-purpose")
    assert may(ledger, "nobody", "nobody", ELECTRONIC_FORM, DAY) == no("unknown-person")


def test_an_event_of_something_else_says_nothing_about_consent() -> None:
    state = ConsentState()
    state.evolve(StaffMemberLeft(left_on=DAY), Ref("stream", 1))
    assert (state.words, state.refs) == ([], {})
