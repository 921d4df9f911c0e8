"""Consents, refusals and withdrawals: who says them, who registers them from paper, and how they are set right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ejd.kernel.command import NotAllowed
from ejd.kernel.consents import PURPOSES
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import consents as k
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import SCHOOL, consents_stream
from ejd_commands import consents as commands
from ejd_commands.consents import (
    ConsentCommand,
    CorrectConsent,
    DefineConsentPurpose,
    GiveConsent,
    NothingToWithdraw,
    NotSaidYet,
    NotTheirConsent,
    RefuseConsent,
    SaidToday,
    StrikeConsent,
    TooManyConsents,
    UnknownConsent,
    UnknownPerson,
    WithdrawConsent,
)
from ejd_commands.known import EndsBeforeItBegins, NotInTheSetUp
from tests import worlds as w
from tests.scenario import World, given, refused_as_input, sealed, uid

PAPER, TODAY = date(2025, 9, 1), w.TODAY
FATHER = uid("guardian father of vera")
PHOTO: dict[str, Any] = {"purpose": "photo", "decided_on": PAPER, "channel": "paper"}
HOME = consents_stream(w.VERA)
GUARDIANSHIP = Ref(w.PARENT_GUARDIAN, 2)
BOX = sealed(w.VERA, "причина")
CLASS_TEACHER: World = ((w.CLASS_5A, j.ClassTeacherAppointed(staff=w.ADA_STAFF, starts=w.FIRST_DAY)),)


def said(event: type[k.ConsentEvent], **change: Any) -> k.ConsentEvent:
    fields: dict[str, Any] = {
        "person": w.VERA,
        "purpose": "photo",
        "giver": w.PARENT_GUARDIAN,
        "decided_on": PAPER,
        "channel": "paper",
    }
    return event(**(fields | change))


def say(command: type[ConsentCommand], **change: Any) -> ConsentCommand:
    fields: dict[str, Any] = {
        "person": w.VERA,
        "purpose": "photo",
        "giver": w.PARENT_GUARDIAN,
        "channel": "paper",
        "decided_on": PAPER,
    }
    return command.model_validate(fields | change)


def cabinet(command: type[ConsentCommand], **change: Any) -> ConsentCommand:
    return say(command, **{"channel": "cabinet", "decided_on": None, **change})


@pytest.mark.parametrize(
    ("command", "event"),
    [(GiveConsent, k.ConsentGiven), (RefuseConsent, k.ConsentRefused)],
)
def test_a_paper_is_registered_with_its_date(command: type[ConsentCommand], event: type[k.ConsentEvent]) -> None:
    outcome = given(w.A_CLASS_5A).when(say(command), by=w.DEPUTY)
    outcome.then(said(event)).in_stream(HOME).standing_on(GUARDIANSHIP)
    assert outcome.targets[0].scope.person == w.VERA


def test_a_consent_may_end_and_the_note_is_sealed_under_the_persons_key() -> None:
    outcome = given(w.A_CLASS_5A).when(say(GiveConsent, until="2026-05-29", note="только групповые фото"), by=w.DEPUTY)
    note = sealed(w.VERA, "только групповые фото")
    outcome.then(said(k.ConsentGiven, until=date(2026, 5, 29), note=note))
    outcome.sealing(w.VERA, "только групповые фото", field="consent-given.note")


def test_the_class_teacher_registers_papers_of_the_own_class_and_of_who_acts_for_its_pupils() -> None:
    world = given(w.A_CLASS_5A, CLASS_TEACHER)
    world.when(say(GiveConsent), by=w.ADA).then(said(k.ConsentGiven)).standing_on(w.VERA_ENROLLED)
    own = {"person": w.PARENT_GUARDIAN, "purpose": "email"}
    world.when(say(GiveConsent, **own), by=w.ADA).then(said(k.ConsentGiven, **own))
    world.when(say(GiveConsent), by=w.BORIS).then_refused(UnknownPerson, saying=f"there is no person {w.VERA}")
    staff = {"person": w.BORIS_STAFF, "giver": w.BORIS_STAFF, "purpose": "photo"}
    world.when(say(GiveConsent, **staff), by=w.ADA).then_refused(NotAllowed, saying="of the own class only")
    given(w.A_JOURNAL).when(say(GiveConsent), by=w.ADA).then_refused(NotAllowed, saying="of the own class only")
    given(w.A_CLASS_5A).when(say(GiveConsent), by=w.ADA).then_refused(UnknownPerson)
    program = w.account(uid("account nobody"), "nobody", "teacher")
    given(w.A_CLASS_5A, program).when(say(GiveConsent), by=uid("account nobody")).then_refused(UnknownPerson)


def test_neither_parents_nor_support_register_papers() -> None:
    refused = given(w.A_CLASS_5A).when(say(GiveConsent), by=w.PARENT)
    refused.then_refused(NotAllowed, saying="may register consents from paper")
    for account in (w.SUPPORT, w.API_CLIENT):
        refused = given(w.A_CLASS_5A).when(say(GiveConsent), by=account)
        refused.then_refused(NotAllowed, saying="may say something about personal data")


def test_in_the_cabinet_a_parent_speaks_for_the_child_today() -> None:
    outcome = given(w.A_CLASS_5A).when(cabinet(GiveConsent), by=w.PARENT)
    outcome.then(said(k.ConsentGiven, channel="cabinet", decided_on=TODAY)).standing_on(GUARDIANSHIP)
    refused = given(w.A_CLASS_5A).when(cabinet(GiveConsent, decided_on=PAPER), by=w.PARENT)
    refused.then_refused(SaidToday, saying="in the cabinet it is said today", field="decided_on")


def test_a_pupil_speaks_for_oneself_and_a_guardian_about_the_own_address() -> None:
    world = given(w.A_CLASS_5A)
    own = {"giver": w.VERA}
    world.when(cabinet(RefuseConsent, **own), by=w.PUPIL_ACCOUNT).then(
        said(k.ConsentRefused, channel="cabinet", decided_on=TODAY, **own)
    )
    address = {"person": w.PARENT_GUARDIAN, "purpose": "email"}
    world.when(cabinet(GiveConsent, **address), by=w.PARENT).then(
        said(k.ConsentGiven, channel="cabinet", decided_on=TODAY, **address)
    )


def test_nobody_speaks_in_the_name_of_somebody_else() -> None:
    world = given(w.A_CLASS_5A)
    world.when(cabinet(GiveConsent), by=w.PUPIL_ACCOUNT).then_refused(NotAllowed, saying="only in your own name")
    world.when(cabinet(GiveConsent, person=w.GLEB), by=w.PARENT).then_refused(UnknownPerson, saying=w.GLEB)
    deputy = cabinet(GiveConsent, person=w.GLEB, giver=w.DEPUTY_STAFF)
    world.when(deputy, by=w.DEPUTY).then_refused(NotAllowed, saying="do not act for")
    ended = given(w.A_CLASS_5A, ((w.PARENT_GUARDIAN, p.GuardianshipEnded(pupil=w.VERA, ends=TODAY)),))
    ended.when(cabinet(GiveConsent), by=w.PARENT).then_refused(UnknownPerson)


def test_who_gave_it_acted_for_the_child_on_the_date_of_the_paper() -> None:
    before = say(GiveConsent, decided_on="2025-08-31")
    given(w.A_CLASS_5A).when(before, by=w.DEPUTY).then_refused(NotTheirConsent, saying="on 31.08.2025", field="giver")
    stranger = say(GiveConsent, giver=FATHER)
    given(w.A_CLASS_5A).when(stranger, by=w.DEPUTY).then_refused(NotTheirConsent, saying="did not act")
    for_staff = say(GiveConsent, person=w.ADA_STAFF)
    given(w.A_CLASS_5A).when(for_staff, by=w.DEPUTY).then_refused(NotTheirConsent, saying="did not act")
    ended = ((w.PARENT_GUARDIAN, p.GuardianshipEnded(pupil=w.VERA, ends=TODAY)),)
    given(w.A_CLASS_5A, ended).when(say(GiveConsent), by=w.DEPUTY).then(said(k.ConsentGiven))


def test_days_purposes_and_people_must_be_there() -> None:
    world = given(w.A_CLASS_5A)
    world.when(say(GiveConsent, decided_on="2025-10-07"), by=w.DEPUTY).then_refused(NotSaidYet, saying="not here yet")
    ends = say(GiveConsent, until="2025-08-31")
    world.when(ends, by=w.DEPUTY).then_refused(EndsBeforeItBegins, saying="is before the consent", field="until")
    unknown = say(GiveConsent, purpose="skating")
    world.when(unknown, by=w.DEPUTY).then_refused(NotInTheSetUp, saying="processing, electronic-form", field="purpose")
    nobody = {"person": uid("nobody"), "giver": uid("nobody")}
    world.when(say(GiveConsent, **nobody), by=w.DEPUTY).then_refused(UnknownPerson, saying="no person", field="person")
    refused_as_input(GiveConsent, field="channel", person=w.VERA, purpose="photo", giver=w.VERA)


def test_what_was_said_is_not_said_again_unless_with_a_note() -> None:
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentGiven)))
    world.when(say(GiveConsent), by=w.DEPUTY).then_nothing()
    world.when(say(GiveConsent, decided_on=TODAY), by=w.DEPUTY).then_nothing()
    longer = say(GiveConsent, until="2026-05-29")
    world.when(longer, by=w.DEPUTY).then(said(k.ConsentGiven, until=date(2026, 5, 29)))
    noted = say(GiveConsent, note="второй экземпляр")
    world.when(noted, by=w.DEPUTY).then(said(k.ConsentGiven, note=sealed(w.VERA, "второй экземпляр")))


def test_a_consent_is_withdrawn_by_who_gave_it() -> None:
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentGiven)))
    outcome = world.when(say(WithdrawConsent, decided_on=TODAY), by=w.DEPUTY)
    outcome.then(said(k.ConsentWithdrawn, decided_on=TODAY)).standing_on(Ref(HOME, 1))
    outcome.when(say(WithdrawConsent, decided_on=TODAY), by=w.DEPUTY).then_nothing()
    own = say(WithdrawConsent, giver=w.VERA, decided_on=TODAY)
    world.when(own, by=w.DEPUTY).then_refused(NothingToWithdraw, saying="register a refusal", field="purpose")
    refused = given(w.A_CLASS_5A, (HOME, said(k.ConsentRefused)))
    refused.when(say(WithdrawConsent), by=w.DEPUTY).then_refused(NothingToWithdraw)
    over = given(w.A_CLASS_5A, (HOME, said(k.ConsentGiven, until=PAPER)))
    over.when(say(WithdrawConsent, decided_on=TODAY), by=w.DEPUTY).then_refused(NothingToWithdraw)


def test_a_paper_that_comes_late_is_registered_with_its_own_date() -> None:
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentRefused, decided_on=date(2025, 10, 1))))
    world.when(say(GiveConsent), by=w.DEPUTY).then(said(k.ConsentGiven))


def word_of(**change: Any) -> k.ConsentWord:
    fields: dict[str, Any] = {"purpose": "photo", "giver": w.PARENT_GUARDIAN, "decision": "given", "decided_on": PAPER}
    return k.ConsentWord(**(fields | change))


def correction(**change: Any) -> CorrectConsent:
    fields: dict[str, Any] = {
        "person": w.VERA,
        "version": 1,
        "purpose": "photo",
        "giver": w.PARENT_GUARDIAN,
        "decision": "given",
    }
    return CorrectConsent.model_validate(fields | {"decided_on": PAPER, "reason": "дата с бумаги"} | change)


def test_what_was_registered_wrongly_is_corrected_with_old_and_new() -> None:
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentGiven, until=date(2026, 5, 29))))
    right = correction(decision="refused", decided_on="2025-09-02", until="2026-05-29")
    outcome = world.when(right, by=w.DEPUTY)
    old, new = word_of(until=date(2026, 5, 29)), word_of(decision="refused", decided_on=date(2025, 9, 2))
    reason = sealed(w.VERA, "дата с бумаги")
    outcome.then(k.ConsentCorrected(person=w.VERA, version=1, old=old, new=new, reason=reason))
    outcome.standing_on(Ref(HOME, 1), GUARDIANSHIP)
    outcome.when(right, by=w.DEPUTY).then_nothing()
    future = correction(decided_on="2025-10-07")
    world.when(future, by=w.DEPUTY).then_refused(NotSaidYet)
    world.when(right, by=w.PARENT).then_refused(NotAllowed, saying="may correct the registry of consents")


def strike(version: int = 1) -> StrikeConsent:
    return StrikeConsent(person=w.VERA, version=version, reason="не тот ребёнок")


def test_what_should_not_be_there_is_struck_once() -> None:
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentWithdrawn)))
    outcome = world.when(strike(), by=w.DEPUTY)
    old, reason = word_of(decision="withdrawn"), sealed(w.VERA, "не тот ребёнок")
    outcome.then(k.ConsentStruck(person=w.VERA, version=1, old=old, reason=reason))
    outcome.when(strike(), by=w.DEPUTY).then_refused(UnknownConsent, saying="version 1", field="version")
    world.when(strike(2), by=w.DEPUTY).then_refused(UnknownConsent, saying="version 2")


def test_a_correction_says_it_by_itself_when_what_it_corrects_is_void() -> None:
    """Total: the fold does not fail for a missing predecessor, and the registry can be set right again."""
    corrected = k.ConsentCorrected(person=w.VERA, version=1, old=word_of(), new=word_of(giver=w.VERA), reason=BOX)
    world: tuple[tuple[str, Event], ...] = (
        (HOME, said(k.ConsentGiven)),
        (HOME, corrected),
        (HOME, EventsVoided(breach=uid("breach"), versions=(1,))),
    )
    outcome = given(w.A_CLASS_5A, world).when(strike(), by=w.DEPUTY)
    struck = outcome.events[0]
    assert isinstance(struck, k.ConsentStruck)
    assert struck.old == word_of(giver=w.VERA)
    gone = k.ConsentStruck(person=w.VERA, version=1, old=word_of(), reason=BOX)
    again = given(w.A_CLASS_5A, world, (HOME, gone)).when(say(GiveConsent), by=w.DEPUTY)
    again.then(said(k.ConsentGiven))


def define(**change: Any) -> DefineConsentPurpose:
    fields: dict[str, Any] = {"code": "trip", "title": "Поездки", "starts": PAPER}
    return DefineConsentPurpose.model_validate(fields | change)


def defined(**change: Any) -> k.ConsentPurposeDefined:
    fields: dict[str, Any] = {
        "code": "trip",
        "name": "Поездки",
        "whose": "person",
        "needs": "consent",
        "own_from_age": 14,
    }
    return k.ConsentPurposeDefined(**(fields | {"starts": PAPER} | change))


def test_the_school_defines_purposes_and_changes_those_of_law() -> None:
    world = given(w.A_CLASS_5A)
    outcome = world.when(define(), by=w.HEAD).then(defined()).in_stream(SCHOOL)
    outcome.when(define(), by=w.HEAD).then_nothing()
    outcome.when(define(own_from_age=18), by=w.HEAD).then(defined(own_from_age=18))
    outcome.when(say(GiveConsent, purpose="trip"), by=w.DEPUTY).then(said(k.ConsentGiven, purpose="trip"))
    outcome.when(say(GiveConsent, purpose="trip", decided_on="2025-08-31"), by=w.DEPUTY).then_refused(NotInTheSetUp)
    form = {"code": "electronic-form", "title": "Дневник в электронной форме", "needs": "consent"}
    event = defined(code="electronic-form", name="Дневник в электронной форме")
    world.when(define(**form), by=w.DEPUTY).then(event)
    world.when(define(), by=w.ADA).then_refused(NotAllowed, saying="may define purposes of consent")
    assert len({one.code for one in PURPOSES}) == len(PURPOSES)


def test_the_registry_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "WORDS_MAX", 1)
    world = given(w.A_CLASS_5A, (HOME, said(k.ConsentGiven)))
    world.when(say(RefuseConsent), by=w.DEPUTY).then_refused(TooManyConsents, saying="too many", field="person")
    monkeypatch.setattr(commands, "PURPOSES_MAX", 1)
    full = given(w.A_CLASS_5A).when(define(), by=w.HEAD)
    full.when(define(code="skating"), by=w.HEAD).then_refused(TooManyConsents, saying="1 purposes", field="code")
    full.when(define(needs="no-refusal"), by=w.HEAD).then(defined(needs="no-refusal"))
