"""The registry as it is read: corrected values, struck words, what is void, and what the rule is told."""

from __future__ import annotations

from typing import Any

import pytest

from ejd.kernel.consents import Purpose, Subject, Word, may
from ejd.kernel.events import consents as k
from ejd.kernel.events import people as p
from ejd.kernel.ids import SCHOOL, consents_stream
from ejd_projections.consents import defined_purposes, ledger_of, words_about
from tests.projections.conftest import Ask
from tests.projections.story import ADA, EREMIN, ZHUKOV, Story, a_school, day, sealed

MOTHER, FATHER = "guardian-mother", "guardian-father"
HOME = consents_stream(EREMIN)


def said(event: type[k.ConsentEvent], **change: Any) -> k.ConsentEvent:
    fields: dict[str, Any] = {"person": EREMIN, "purpose": "photo", "giver": MOTHER, "channel": "paper"}
    return event(**(fields | {"decided_on": day("09-01")} | change))


def a_family() -> Story:
    story = a_school().guardian(MOTHER, "Еремина", EREMIN).guardian(FATHER, "Еремин", EREMIN)
    born = sealed(EREMIN, "2013-05-04", "birth-date-corrected.birth_date")
    return story.tell(EREMIN, p.BirthDateCorrected(birth_date=born, replaces=0))


def word(**change: Any) -> k.ConsentWord:
    fields: dict[str, Any] = {"purpose": "photo", "giver": MOTHER, "decision": "given", "decided_on": day("09-01")}
    return k.ConsentWord(**(fields | change))


def test_words_stand_in_the_order_of_the_papers_with_note_and_account(ask: Ask) -> None:
    note = sealed(EREMIN, "только группой", "consent-refused.note")
    late = said(k.ConsentGiven, until=day("12-31"), decided_on=day("09-02"))
    story = a_family().tell(HOME, late, by="account-1", when="09-10 10:00")
    story.tell(HOME, said(k.ConsentRefused, note=note, giver=FATHER, channel="cabinet"), by="account-2")
    refused, given = words_about(ask(story), [EREMIN])[EREMIN]
    assert (refused.giver, refused.decision, refused.note, refused.channel) == (FATHER, "refused", *NOTED)
    assert (given.until, given.account, given.version) == ("2026-12-31", "account-1", 1)


NOTED = ("только группой", "cabinet")


def test_a_correction_changes_what_was_said_and_keeps_who_registered_it(ask: Ask) -> None:
    right = word(decision="refused", giver=FATHER)
    reason = sealed(EREMIN, "ошибка", "consent-corrected.reason")
    story = a_family().tell(HOME, said(k.ConsentGiven), by="account-1")
    story.tell(HOME, k.ConsentCorrected(person=EREMIN, version=1, old=word(), new=right, reason=reason), by="other")
    (row,) = words_about(ask(story))[EREMIN]
    assert (row.giver, row.decision, row.corrected, row.account, row.version) == (
        FATHER,
        "refused",
        True,
        "account-1",
        1,
    )


def test_what_is_struck_is_gone_and_a_void_strike_brings_it_back(ask: Ask) -> None:
    reason = sealed(EREMIN, "ошибка", "consent-struck.reason")
    struck = k.ConsentStruck(person=EREMIN, version=1, old=word(), reason=reason)
    other = consents_stream(ZHUKOV)
    elsewhere = said(k.ConsentGiven, person=ZHUKOV, giver=ZHUKOV)
    again = k.ConsentStruck(person=ZHUKOV, version=1, old=word(giver=ZHUKOV), reason=reason)
    story = a_family().tell(HOME, said(k.ConsentGiven), struck, struck).tell(other, elsewhere, again)
    words = words_about(ask(story.void(other, 2)))
    assert (EREMIN in words, [one.giver for one in words[ZHUKOV]]) == (False, [ZHUKOV])


def test_a_correction_of_what_is_void_says_it_by_itself(ask: Ask) -> None:
    reason = sealed(EREMIN, "ошибка", "consent-corrected.reason")
    fixed = k.ConsentCorrected(person=EREMIN, version=1, old=word(), new=word(giver=FATHER), reason=reason)
    story = a_family().tell(HOME, said(k.ConsentGiven)).tell(HOME, fixed, by="other").void(HOME, 1)
    (row,) = words_about(ask(story))[EREMIN]
    assert (row.giver, row.account, row.channel, row.corrected) == (FATHER, "other", "paper", True)


@pytest.mark.parametrize("people", [None, [EREMIN, MOTHER]])
def test_the_rule_is_told_who_acts_when_somebody_was_born_and_what_was_said(ask: Ask, people: list[str] | None) -> None:
    trip = k.ConsentPurposeDefined(
        code="trip", name="Поездки", whose="person", needs="consent", own_from_age=18, starts=day("09-01")
    )
    story = a_family().tell(FATHER, p.GuardianshipEnded(pupil=EREMIN, ends=day("10-01")))
    story.tell(HOME, said(k.ConsentGiven, purpose="trip"), said(k.ConsentRefused, purpose="trip", giver=FATHER))
    c = ask(story.tell(SCHOOL, trip))
    september, october = (ledger_of(c, f"2026-{on}", people) for on in ("09-30", "10-01"))
    assert defined_purposes(c) == [Purpose("trip", "Поездки", "person", "consent", 18, day("09-01"))]
    assert september.subjects[EREMIN] == Subject(EREMIN, "pupil", day("2013-05-04"), frozenset({MOTHER, FATHER}))
    assert october.subjects[EREMIN].guardians == {MOTHER}
    assert (ADA in september.subjects) == (people is None)
    assert september.words[EREMIN][0] == Word("trip", MOTHER, "given", day("09-01"), None, 1)
    assert may(september, EREMIN, MOTHER, "trip", day("09-30")).by == (FATHER,)
    assert may(october, EREMIN, MOTHER, "trip", day("10-01")).allowed


def test_whose_key_is_gone_has_no_note_and_no_birth_date(ask: Ask) -> None:
    gone = "pupil-erased"
    note = sealed(gone, "записка", "consent-given.note")
    story = a_school().pupil(gone, "Абрамов")
    story.tell(consents_stream(gone), said(k.ConsentGiven, person=gone, giver=gone, note=note))
    c = ask(story)
    assert words_about(c)[gone][0].note == ""
    assert ledger_of(c, "2026-09-02").subjects[gone].born is None
