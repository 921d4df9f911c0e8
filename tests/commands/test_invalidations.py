"""What a breach makes void: window, two people, preview's digest, reaffirming, revoking; the classic traps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ejd.kernel import voiding
from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events.final_marks import FinalMarkDecided
from ejd.kernel.events.lessons import MarkCorrected, MarkRecorded
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.ids import SCHOOL, day_stream
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import BreachState, Window
from ejd.kernel.states.lesson import Cell, LessonState
from ejd.kernel.voiding import TooMuchAtOnce, affected, digest_of
from ejd_commands.accounts import GrantRole
from ejd_commands.attendance import AbsenceLine
from ejd_commands.breach_ends import CloseBreach
from ejd_commands.breaches import NotThatTime, NotYet, ReportBreach, ResetCredentials, SecondPersonNeeded
from ejd_commands.final_marks import DecideFinalMark
from ejd_commands.invalidations import (
    InvalidateBreach,
    NarrowBreachWindow,
    NothingInTheWindow,
    NothingIsVoid,
    NothingProposed,
    NotInvalidated,
    NotNarrower,
    NotWider,
    PreviewIsOld,
    ProposeBreachWindow,
    ProposeInvalidation,
    ReaffirmOperations,
    RevokeInvalidation,
    SessionDidNothing,
    WidenBreachWindow,
)
from ejd_commands.lessons import SaveLesson
from ejd_commands.marks import CellIsEmpty, CorrectMark, MarkEntry, RecordMark
from ejd_commands.substitutions import CancelLesson
from tests import worlds as w
from tests.commands.test_breaches import BREACH, REPORT, micros, received, token
from tests.scenario import SESSION, Outcome, Scenario, given, sealed, uid

FORGED = uid("the forged command")
CELL: dict[str, Any] = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT, "pupil": w.VERA, "work": "oral"}
HONEST = RecordMark(**{**CELL, "pupil": w.GLEB}, value="4")
FORGERY = RecordMark(**CELL, value="5")
OPENS = datetime(2025, 10, 6, 6, tzinfo=UTC)
"""9:00 school time: the receipts."""


def begun(*forged: Command, by: str = w.ADA) -> Scenario:
    """ADA's honest mark at 8:30, forgeries at 10:00, the breach reported at 12:00 and received at 9:00."""
    world = given(w.A_JOURNAL).at("2025-10-06 08:30").when(HONEST, by=w.ADA).and_then_given()
    for number, one in enumerate(forged):
        world = world.at("2025-10-06 10:00").when(one, by=by, command_id=uid(f"forged {number}")).and_then_given()
    return world.at("2025-10-06 12:00")


def ready(*forged: Command, account: str = w.ADA) -> Scenario:
    """The window is 9:00 to 12:00."""
    report = REPORT.model_copy(update={"account": account})
    return (
        begun(*forged, by=account)
        .when(report, by=w.HEAD)
        .when(received("head"), by=w.HEAD)
        .when(received("support"), by=w.DEPUTY if account == w.SUPPORT else w.SUPPORT)
        .when(ResetCredentials(breach=BREACH), by=w.HEAD)
        .and_then_given()
    )


def digest(world: Scenario) -> str:
    """The digest that a preview of the world shows."""
    state = world.state(BreachState, BREACH)
    window = state.window
    assert window is not None
    assert state.reported is not None
    account = state.reported.account
    operations = [one for one in world.log if one.actor == account and window.starts <= one.recorded_at < window.ends]
    found = affected(operations, window, state)
    return digest_of(BREACH, window, found, {stream: len(world.streams[stream]) for stream in found.voided})


def proposed(world: Scenario) -> Scenario:
    """The head has proposed what the preview shows."""
    return world.when(ProposeInvalidation(breach=BREACH, digest=digest(world)), by=w.HEAD).and_then_given()


def invalidated(world: Scenario) -> Outcome:
    """Head and deputy head have decided."""
    before = proposed(world)
    return before.when(InvalidateBreach(breach=BREACH, digest=digest(before)), by=w.DEPUTY)


def marks(world: Scenario) -> dict[str, str]:
    """The marks of the lesson by pupil."""
    return {cell.pupil: mark.value for cell, mark in world.state(LessonState, w.LESSON).marks.items()}


def test_the_window_opens_at_the_later_receipt_and_ends_with_the_reset() -> None:
    world = (
        begun().when(REPORT, by=w.HEAD).when(received("head", 6), by=w.HEAD).when(received("support", 7), by=w.SUPPORT)
    )
    assert world.and_then_given().state(BreachState, BREACH).window is None
    done = world.and_then_given().at("2025-10-06 13:00").when(ResetCredentials(breach=BREACH), by=w.HEAD)
    window = done.and_then_given().state(BreachState, BREACH).window
    assert window == Window(micros(datetime(2025, 10, 6, 7, tzinfo=UTC)), micros(datetime(2025, 10, 6, 10, tzinfo=UTC)))


def test_two_people_make_the_commands_of_the_window_void_and_nothing_else() -> None:
    world = ready(FORGERY)
    assert marks(world) == {w.GLEB: "4", w.VERA: "5"}
    world.when(ProposeInvalidation(breach=BREACH, digest=digest(world)), by=w.HEAD).then(
        b.InvalidationProposed(
            by=b.Decider(account=w.HEAD, person=w.HEAD_STAFF), digest=digest(world), commands=1, events=1, streams=1
        )
    )
    opened_by_a_thief = world.copy()
    opened_by_a_thief.streams[w.DEPUTY].append(EventsVoided(breach=uid("another breach"), versions=(1,)))
    propose = ProposeInvalidation(breach=BREACH, digest=digest(world))
    of_nobody = opened_by_a_thief.when(propose, by=w.DEPUTY).events[0]
    assert isinstance(of_nobody, b.InvalidationProposed)
    assert of_nobody.by == b.Decider(account=w.DEPUTY, person="")
    outcome = invalidated(world)
    outcome.then(
        b.EventsInvalidated(
            digest=digest(proposed(world)),
            commands=(uid("forged 0"),),
            voided=(b.VoidedVersions(stream=w.LESSON, versions=(2,)),),
            pupils=(w.VERA,),
            decided_at=world.now(),
        ),
        EventsVoided(breach=BREACH, versions=(2,)),
    )
    assert [one.stream for one in outcome.decided] == [BREACH, w.LESSON]
    assert marks(outcome.and_then_given()) == {w.GLEB: "4"}


def test_a_whole_command_is_void_with_every_stream_and_pupil_that_it_touched() -> None:
    lesson = SaveLesson.model_validate(
        {
            "journal": w.JOURNAL,
            "day": w.TODAY,
            "slot": w.LESSON_SLOT,
            "topic": "Чужая тема",
            "absences": (AbsenceLine(pupil=w.DINA, kind="absent"),),
            "marks": (MarkEntry(pupil=w.VERA, work="oral", value="2"),),
        }
    )
    outcome = invalidated(ready(lesson))
    decided = outcome.events[0]
    assert isinstance(decided, b.EventsInvalidated)
    assert decided.voided == (b.VoidedVersions(stream=w.LESSON, versions=(2, 3, 4)),)
    assert decided.pupils == tuple(sorted((w.DINA, w.VERA)))
    state = outcome.and_then_given().state(LessonState, w.LESSON)
    assert (state.topic, state.roll_taken) == (None, False)


def test_the_one_who_proposed_cannot_agree() -> None:
    world = proposed(ready(FORGERY))
    agree = InvalidateBreach(breach=BREACH, digest=digest(world))
    world.when(agree, by=w.HEAD).then_refused(SecondPersonNeeded, saying="proposed this invalidation")
    second = given(w.account(uid("head 2"), "head-2", "deputy-head", w.HEAD_STAFF))
    for stream, events in second.streams.items():
        world.streams[stream] += events
    world.when(agree, by=uid("head 2")).then_refused(SecondPersonNeeded)


def test_a_preview_that_is_old_is_refused() -> None:
    world = ready(FORGERY)
    old = digest(world)
    moved = world.when(CorrectMark(**CELL, value="3", reason="Проверка"), by=w.ADA).and_then_given()
    moved.when(ProposeInvalidation(breach=BREACH, digest=old), by=w.HEAD).then_refused(PreviewIsOld, field="digest")
    before = proposed(world)
    after = before.when(CorrectMark(**CELL, value="3", reason="Проверка"), by=w.ADA).and_then_given()
    after.when(InvalidateBreach(breach=BREACH, digest=old), by=w.DEPUTY).then_refused(
        PreviewIsOld, saying="new preview"
    )
    never = InvalidateBreach(breach=BREACH, digest="0" * 64)
    before.when(never, by=w.DEPUTY).then_refused(NothingProposed, saying="propose-invalidation", field="digest")
    world.when(InvalidateBreach(breach=BREACH, digest=old), by=w.DEPUTY).then_refused(NothingProposed)
    before.when(ProposeInvalidation(breach=BREACH, digest=old), by=w.DEPUTY).then_nothing()


def test_closing_waits_for_what_is_proposed() -> None:
    close = CloseBreach(breach=BREACH, conclusion="Готово")
    proposed(ready(FORGERY)).when(close, by=w.HEAD).then_refused(NotYet, saying="invalidate-breach")
    wider = ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 5, tzinfo=UTC), reason="Вход ночью")
    ready(FORGERY).when(wider, by=w.HEAD).when(close, by=w.HEAD).then_refused(NotYet, saying="widen-breach-window")


def test_what_was_done_in_the_window_is_not_closed_over() -> None:
    """All of it is void (п. 21): whoever means it otherwise says so, by a narrower window or by revoking."""
    close = CloseBreach(breach=BREACH, conclusion="Готово")
    world = ready(FORGERY)
    world.when(close, by=w.HEAD).then_refused(NotYet, saying="1 events of the account", field="breach")
    late = NarrowBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 8, tzinfo=UTC), reason="Урок был честным")
    assert world.when(late, by=w.HEAD).when(close, by=w.HEAD).events
    void = invalidated(world)
    assert void.when(close, by=w.HEAD).events
    false_alarm = void.when(RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), by=w.HEAD)
    assert false_alarm.when(close, by=w.HEAD).events


def test_nothing_in_the_window_is_nothing_to_propose() -> None:
    world = ready()
    empty = ProposeInvalidation(breach=BREACH, digest="0" * 64)
    world.when(empty, by=w.HEAD).then_refused(NothingInTheWindow, saying="check the window", field="breach")
    early = begun(FORGERY).when(REPORT, by=w.HEAD).when(empty, by=w.HEAD)
    early.then_refused(NotYet, saying="acknowledge-breach-notice", field="breach")


def test_a_stream_whose_events_are_all_void_is_an_existing_stream_with_an_empty_state() -> None:
    """Trap: the lesson's only event is void; its version goes on, and the honest teacher records anew."""
    forged = FORGERY.model_copy(update={"day": w.TODAY - timedelta(days=3)})
    stream = forged.lesson
    after = invalidated(ready(forged)).and_then_given()
    state = after.state(LessonState, stream)
    assert (state.marks, state.touched, state.version) == ({}, False, 2)


def test_a_mark_that_is_void_cannot_be_corrected_by_the_honest_teacher() -> None:
    """Trap: the correction is decided on the state without it."""
    after = invalidated(ready(FORGERY)).and_then_given()
    after.when(CorrectMark(**CELL, value="3", reason="Ошибка"), by=w.ADA).then_refused(CellIsEmpty)
    after.when(RecordMark(**CELL, value="3"), by=w.ADA).then(
        MarkRecorded(journal=w.JOURNAL, date=w.TODAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="3")
    )


def test_a_correction_made_before_stays_with_its_full_value() -> None:
    """The honest correction of a forged mark is a dependent: in force until somebody decides."""
    world = ready(FORGERY).when(CorrectMark(**CELL, value="3", reason="Ошибка"), by=w.ADA).and_then_given()
    after = invalidated(world).and_then_given()
    assert marks(after) == {w.GLEB: "4", w.VERA: "3"}


def test_narrowing_takes_one_person_and_leaves_operations_out() -> None:
    world = ready(FORGERY)
    late = NarrowBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 8, tzinfo=UTC), reason="Урок был честным")
    narrowed = world.when(late, by=w.HEAD)
    starts, ends = micros(datetime(2025, 10, 6, 8, tzinfo=UTC)), micros(datetime(2025, 10, 6, 9, tzinfo=UTC))
    narrowed.then(b.WindowNarrowed(starts=starts, ends=ends, sessions=(), reason=sealed(SCHOOL, "Урок был честным")))
    narrowed.when(late, by=w.HEAD).then_nothing()
    narrowed.when(ProposeInvalidation(breach=BREACH, digest="0" * 64), by=w.HEAD).then_refused(NothingInTheWindow)
    other = NarrowBreachWindow(breach=BREACH, sessions=("another",), reason="Второй вход")
    world.when(other, by=w.HEAD).then_refused(SessionDidNothing, saying="session another recorded nothing")
    ours = world.when(NarrowBreachWindow(breach=BREACH, sessions=(SESSION,), reason="Этот вход"), by=w.HEAD)
    assert marks(invalidated(ours.and_then_given()).and_then_given()) == {w.GLEB: "4"}


def test_what_is_no_narrower_window() -> None:
    world = ready(FORGERY)
    wider = NarrowBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 5, tzinfo=UTC), reason="Вход ночью")
    world.when(wider, by=w.HEAD).then_refused(NotNarrower, saying="propose-breach-window", field="starts")
    for change in ({"ends": datetime(2025, 10, 6, 10, tzinfo=UTC)}, {"starts": datetime(2025, 10, 6, 9, tzinfo=UTC)}):
        wrong = NarrowBreachWindow.model_validate({"breach": BREACH, "reason": "Проверка", **change})
        world.when(wrong, by=w.HEAD).then_refused(NotThatTime, field="starts")
    void = invalidated(world).and_then_given()
    late = NarrowBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 8, tzinfo=UTC), reason="Урок был честным")
    void.when(late, by=w.HEAD).then_refused(NotNarrower, saying="reaffirm", field="breach")


def test_widening_takes_two_people_and_reaches_what_lay_before() -> None:
    world = ready(FORGERY)
    wider = ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 5, tzinfo=UTC), reason="Вход в 8:15")
    asked = world.when(wider, by=w.HEAD)
    asked.when(wider, by=w.HEAD).then_nothing()
    agree = WidenBreachWindow(breach=BREACH)
    asked.when(agree, by=w.HEAD).then_refused(SecondPersonNeeded, saying="you proposed this window yourself")
    world.when(agree, by=w.DEPUTY).then_refused(NothingProposed, saying="propose-breach-window", field="breach")
    agreed = asked.when(agree, by=w.DEPUTY)
    starts, ends = micros(datetime(2025, 10, 6, 5, tzinfo=UTC)), micros(datetime(2025, 10, 6, 9, tzinfo=UTC))
    agreed.then(b.WindowWidened(starts=starts, ends=ends))
    assert marks(invalidated(agreed.and_then_given()).and_then_given()) == {}
    narrow = ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 8, tzinfo=UTC), reason="Ошибка")
    world.when(narrow, by=w.HEAD).then_refused(NotWider, saying="narrow-breach-window", field="starts")


def test_sessions_that_were_left_out_come_back_with_two_people_and_are_named() -> None:
    narrow = NarrowBreachWindow(breach=BREACH, sessions=(SESSION,), reason="Только этот вход")
    world = ready(FORGERY).when(narrow, by=w.HEAD).and_then_given()
    starts, ends = micros(datetime(2025, 10, 6, 6, tzinfo=UTC)), micros(datetime(2025, 10, 6, 9, tzinfo=UTC))
    both = ProposeBreachWindow(breach=BREACH, sessions=("web", SESSION), reason="И браузер")
    asked = world.when(both, by=w.HEAD)
    asked.then(
        b.WideningProposed(
            by=b.Decider(account=w.HEAD, person=w.HEAD_STAFF),
            starts=starts,
            ends=ends,
            sessions=tuple(sorted((SESSION, "web"))),
            reason=sealed(SCHOOL, "И браузер"),
        )
    )
    asked.when(both, by=w.HEAD).then_nothing()
    everything = ProposeBreachWindow(breach=BREACH, reason="Все входы")
    assert asked.when(everything, by=w.HEAD).events
    agreed = asked.when(WidenBreachWindow(breach=BREACH), by=w.DEPUTY)
    sessions = tuple(sorted((SESSION, "web")))
    agreed.then(b.WindowWidened(starts=starts, ends=ends, sessions=sessions))
    assert agreed.and_then_given().state(BreachState, BREACH).window == Window(starts, ends, sessions)


def test_a_second_round_after_widening_adds_only_what_is_new() -> None:
    first = invalidated(ready(FORGERY)).and_then_given()
    wider = ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 5, tzinfo=UTC), reason="Вход в 8:15")
    agreed = first.when(wider, by=w.HEAD).when(WidenBreachWindow(breach=BREACH), by=w.DEPUTY).and_then_given()
    second = invalidated(agreed)
    assert second.events[1:] == [EventsVoided(breach=BREACH, versions=(1,))]
    state = second.and_then_given().state(BreachState, BREACH)
    assert (state.held, state.invalidations) == ({w.LESSON: {1, 2}}, 2)
    again = second.and_then_given()
    again.when(ProposeInvalidation(breach=BREACH, digest="0" * 64), by=w.HEAD).then_refused(NothingInTheWindow)


def test_single_commands_are_reaffirmed_and_stay_so() -> None:
    other = RecordMark(**{**CELL, "pupil": w.DINA}, value="2")
    void = invalidated(ready(FORGERY, other)).and_then_given()
    assert marks(void) == {w.GLEB: "4"}
    ours = ReaffirmOperations(breach=BREACH, commands=(uid("forged 1"),), reason="Учитель подтвердил")
    done = void.when(ours, by=w.HEAD)
    done.then(
        b.OperationsReaffirmed(
            commands=(uid("forged 1"),),
            restored=(b.VoidedVersions(stream=w.LESSON, versions=(3,)),),
            reason=sealed(SCHOOL, "Учитель подтвердил"),
        ),
        EventsRestored(breach=BREACH, versions=(3,)),
    )
    assert marks(done.and_then_given()) == {w.GLEB: "4", w.DINA: "2"}
    done.when(ours, by=w.HEAD).then_nothing()
    unknown = ReaffirmOperations(breach=BREACH, commands=(uid("nothing"),), reason="Проверка")
    void.when(unknown, by=w.HEAD).then_refused(NotInvalidated, field="commands")
    again = done.and_then_given()
    again.when(ProposeInvalidation(breach=BREACH, digest="0" * 64), by=w.HEAD).then_refused(NothingInTheWindow)


def test_reaffirming_a_command_restores_what_was_void_of_it_and_not_what_protects() -> None:
    """The deputy head's account cancelled a lesson and reported a breach in one command; the report was never void."""
    cancel = CancelLesson(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, reason="Карантин")
    report = ReportBreach(breach=uid("another"), account=w.BORIS, learned_at=OPENS, what="Чужой вход")
    world = given(w.A_JOURNAL).at("2025-10-06 10:00").when(cancel, report, by=w.DEPUTY, command_id=FORGED)
    of_deputy = REPORT.model_copy(update={"account": w.DEPUTY})
    world = world.and_then_given().at("2025-10-06 12:00").when(of_deputy, by=w.HEAD).when(received("head"), by=w.HEAD)
    world = world.when(received("support"), by=w.SUPPORT).when(ResetCredentials(breach=BREACH), by=w.HEAD)
    before = proposed(world.and_then_given())
    second = w.account(uid("second deputy"), "deputy-2", "deputy-head", w.BORIS_STAFF)
    for stream, event in second:
        before.streams[stream].append(event)
    void = before.when(InvalidateBreach(breach=BREACH, digest=digest(before)), by=uid("second deputy"))
    assert void.events[1:] == [EventsVoided(breach=BREACH, versions=(1,))] * 2
    ours = ReaffirmOperations(breach=BREACH, commands=(FORGED,), reason="Так и было")
    done = void.when(ours, by=w.HEAD)
    assert done.events[1:] == [EventsRestored(breach=BREACH, versions=(1,))] * 2
    assert {one.stream for one in done.decided} == {BREACH, w.LESSON, day_stream(w.TODAY)}


def test_reaffirming_nothing_that_was_invalidated_changes_nothing() -> None:
    world = ready(FORGERY)
    state = world.state(BreachState, BREACH)
    assert state.span is None
    unknown = ReaffirmOperations(breach=BREACH, commands=(uid("forged 0"),), reason="Проверка")
    world.when(unknown, by=w.HEAD).then_refused(NotInvalidated)


def test_revoking_restores_everything_that_no_other_breach_holds() -> None:
    void = invalidated(ready(FORGERY)).and_then_given()
    revoke = RevokeInvalidation(breach=BREACH, reason="Ложная тревога")
    done = void.when(revoke, by=w.HEAD)
    done.then(
        b.InvalidationRevoked(
            restored=(b.VoidedVersions(stream=w.LESSON, versions=(2,)),), reason=sealed(SCHOOL, "Ложная тревога")
        ),
        EventsRestored(breach=BREACH, versions=(2,)),
    )
    assert marks(done.and_then_given()) == {w.GLEB: "4", w.VERA: "5"}
    done.when(revoke, by=w.HEAD).then_refused(NothingIsVoid, saying="nothing to revoke", field="breach")
    other = EventsVoided(breach=uid("other breach"), versions=(2,))
    void.streams[w.LESSON].append(other)
    assert marks(void.when(revoke, by=w.HEAD).and_then_given()) == {w.GLEB: "4"}
    second = invalidated(done.and_then_given()).and_then_given()
    assert marks(second) == {w.GLEB: "4"}


def test_a_token_issued_before_the_learning_ends_with_the_invalidation_of_a_wider_window() -> None:
    """The report ended what was issued since 8:00; this one is of 7:00."""
    world = given(w.A_JOURNAL).at("2025-10-06 07:00").when(token(w.ADA, 9), by=w.SUPPORT).and_then_given()
    world = (
        world.at("2025-10-06 12:00")
        .when(REPORT.model_copy(update={"account": w.SUPPORT}), by=w.HEAD)
        .when(received("head"), by=w.HEAD)
        .when(received("support"), by=w.DEPUTY)
        .when(ResetCredentials(breach=BREACH), by=w.HEAD)
        .and_then_given()
    )
    wider = ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 3, tzinfo=UTC), reason="Вход ночью")
    wide = world.when(wider, by=w.HEAD).when(WidenBreachWindow(breach=BREACH), by=w.DEPUTY).and_then_given()
    assert list(wide.state(AccountState, w.ADA).tokens) == [f"{9:016x}"]
    void = invalidated(wide)
    assert void.events[-1] == a.TokenRevoked(token=f"{9:016x}")


def test_grants_and_tokens_of_the_window_die_and_a_revoked_invalidation_revives_no_token() -> None:
    """Support's stolen account grants BORIS a role and gives ADA a token."""
    grant = GrantRole(account=w.ADA, role="support")
    later = REPORT.model_copy(update={"learned_at": OPENS, "account": w.SUPPORT})
    world = begun(grant, token(w.ADA, 7), by=w.SUPPORT).when(later, by=w.HEAD)
    assert world.events[-1] == a.TokenRevoked(token=f"{7:016x}")
    void = invalidated(ready(grant, token(w.ADA, 7), account=w.SUPPORT))
    after = void.and_then_given()
    ada = after.state(AccountState, w.ADA)
    assert ada.tokens == {}
    assert "support" not in {one.role for one in ada.held(w.TODAY)}
    revoked = after.when(RevokeInvalidation(breach=BREACH, reason="Ложная тревога"), by=w.HEAD).and_then_given()
    ada = revoked.state(AccountState, w.ADA)
    assert (ada.tokens, ada.ended_tokens) == ({}, {f"{7:016x}"})
    assert "support" in {one.role for one in ada.held(w.TODAY)}


def test_what_protects_is_never_void() -> None:
    """The stolen account of the deputy head reports a breach and locks an account: both stay, the forged mark goes."""
    locks = ReportBreach(
        breach=uid("another"), account=w.BORIS, learned_at=datetime(2025, 10, 6, 5, tzinfo=UTC), what="Проверка"
    )
    world = ready(locks, account=w.DEPUTY)
    empty = ProposeInvalidation(breach=BREACH, digest="0" * 64)
    world.when(empty, by=w.HEAD).then_refused(NothingInTheWindow)
    assert world.state(AccountState, w.BORIS).locked


def test_pupils_of_every_record_about_one_are_concerned() -> None:
    final = DecideFinalMark(journal=w.JOURNAL, period="q1", pupil=w.DINA, value="5")
    decided = invalidated(ready(final)).events[0]
    assert isinstance(decided, b.EventsInvalidated)
    assert decided.pupils == (w.DINA,)
    about = FinalMarkDecided.stored_name
    assert about in voiding.ABOUT_PUPILS
    assert voiding.pupils_of(EventsVoided(breach=BREACH, versions=())) == ()


def test_more_than_one_invalidation_may_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready(FORGERY)
    name: Any
    for name in ("EVENTS_MAX", "STREAMS_MAX"):
        with monkeypatch.context() as patch:
            patch.setattr(voiding, name, 0)
            command = ProposeInvalidation(breach=BREACH, digest="0" * 64)
            world.when(command, by=w.HEAD).then_refused(TooMuchAtOnce, saying="narrow it")


def test_issued_tokens_count_as_streams_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them ends in the same transaction: one stream and two tokens are three."""
    world = ready(token(w.ADA, 7), token(w.ADA, 8), account=w.SUPPORT)
    command = ProposeInvalidation(breach=BREACH, digest=digest(world))
    monkeypatch.setattr(voiding, "STREAMS_MAX", 2)
    world.when(command, by=w.HEAD).then_refused(TooMuchAtOnce, saying="issued tokens")
    monkeypatch.setattr(voiding, "STREAMS_MAX", 3)
    assert world.when(command, by=w.HEAD).refusal is None


def test_a_breach_stands_on_the_right_of_whoever_decided() -> None:
    outcome = invalidated(ready(FORGERY))
    outcome.standing_on(Ref(w.DEPUTY, 2))
    assert MarkCorrected.stored_name not in voiding.NEVER_VOID
    assert Cell(w.VERA, "oral", 1) not in outcome.and_then_given().state(LessonState, w.LESSON).marks


def test_a_token_that_a_reset_ended_stays_ended_when_its_issue_is_void() -> None:
    """ADA's credentials were reset for another breach; a command still waiting under that token does not get in."""
    early = begun().at("2025-10-06 06:30").when(token(w.ADA, 9), by=w.SUPPORT).and_then_given().at("2025-10-06 12:00")
    other = REPORT.model_copy(update={"breach": uid("another of ada"), "account": w.ADA})
    reset = early.when(other, by=w.HEAD).when(ResetCredentials(breach=uid("another of ada")), by=w.HEAD)
    report = REPORT.model_copy(update={"account": w.SUPPORT})
    world = (
        reset.when(report, by=w.HEAD)
        .when(received("head"), by=w.HEAD)
        .when(received("support"), by=w.DEPUTY)
        .when(ResetCredentials(breach=BREACH), by=w.HEAD)
        .when(ProposeBreachWindow(breach=BREACH, starts=datetime(2025, 10, 6, 3, tzinfo=UTC), reason="ночь"), by=w.HEAD)
        .when(WidenBreachWindow(breach=BREACH), by=w.DEPUTY)
        .and_then_given()
    )
    void = invalidated(world)
    assert void.events[-1] == a.TokenRevoked(token=f"{9:016x}")
    assert f"{9:016x}" in void.and_then_given().state(AccountState, w.ADA).ended_tokens


def test_a_token_that_ended_before_is_not_ended_again() -> None:
    world = ready(token(w.ADA, 8), account=w.SUPPORT)
    assert world.state(AccountState, w.ADA).ended_tokens == {f"{8:016x}"}
    assert [type(event) for event in invalidated(world).events] == [b.EventsInvalidated, EventsVoided]
