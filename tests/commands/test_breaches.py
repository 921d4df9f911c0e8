"""A breach of credentials: reporting, receipts, resetting, deciding, closing; what is void is in test_invalidations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ejd.kernel.breach_rights import CompromisedAccount, NotTheReceiver, UnderBreach
from ejd.kernel.command import NotAllowed
from ejd.kernel.envelope import Ref, Scope
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events import school as s
from ejd.kernel.ids import SCHOOL, SYSTEM, derived
from ejd.kernel.rights import AccountLockedRefusal
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import BreachState
from ejd_commands import breaches
from ejd_commands.accounts import (
    GrantRole,
    IssueToken,
    LockAccount,
    OpenAccount,
    SuspendedByBreach,
    UnlockAccount,
)
from ejd_commands.breach_ends import CloseBreach, DecideOnDependents, DependentPart, NotADependent
from ejd_commands.breaches import (
    AcknowledgeBreachNotice,
    BreachIsClosed,
    ConfirmBreachNotice,
    NothingToConfirm,
    NotThatTime,
    NotYet,
    ReceivedAlready,
    ReportBreach,
    ReportedDifferently,
    ResetCredentials,
    SecondPersonNeeded,
    SystemHasNoBreach,
    UnknownBreach,
)
from ejd_commands.known import UnknownAccount
from ejd_commands.marks import CorrectMark, RecordMark
from tests import worlds as w
from tests.scenario import Scenario, given, sealed, uid

BREACH = uid("breach of ada")
SECOND_HEAD = uid("second account of the head")
LEARNED = datetime(2025, 10, 6, 5, tzinfo=UTC)
"""8:00 school time."""
REPORT = ReportBreach(breach=BREACH, account=w.ADA, learned_at=LEARNED, what="Пароль записан на доске")


def micros(moment: datetime) -> int:
    """Answer microseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def received(receiver: str, hour: int = 6) -> AcknowledgeBreachNotice:
    """The notice was received on that day at an hour UTC."""
    return AcknowledgeBreachNotice.model_validate(
        {"breach": BREACH, "receiver": receiver, "received_at": datetime(2025, 10, 6, hour, tzinfo=UTC)}
    )


def reported() -> Scenario:
    """ADA's breach is reported by the head at noon."""
    return given(w.A_JOURNAL).when(REPORT, by=w.HEAD).and_then_given()


def ready() -> Scenario:
    """Both have received the notice, the credentials are reset."""
    return (
        reported()
        .when(received("head"), by=w.HEAD)
        .when(received("support"), by=w.SUPPORT)
        .when(ResetCredentials(breach=BREACH), by=w.SUPPORT)
        .and_then_given()
    )


def test_a_report_suspends_the_account_in_the_same_transaction() -> None:
    outcome = given(w.A_JOURNAL).when(REPORT, by=w.HEAD)
    outcome.then(
        b.BreachReported(
            account=w.ADA,
            person=w.ADA_STAFF,
            learned_at=micros(LEARNED),
            reported_at=outcome.before.now(),
            what=sealed(w.ADA_STAFF, "Пароль записан на доске"),
        ),
        a.AccountSuspended(breach=BREACH),
    )
    assert [one.stream for one in outcome.decided] == [BREACH, w.ADA]
    assert outcome.targets[0].scope.person == w.ADA_STAFF
    mark = RecordMark(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
    outcome.and_then_given().when(mark, by=w.ADA).then_refused(AccountLockedRefusal, saying="locked")


@pytest.mark.parametrize("who", [w.ADA, w.DEPUTY, w.SUPPORT])
def test_the_owner_administration_and_support_may_report(who: str) -> None:
    assert given(w.A_JOURNAL).when(REPORT, by=who).refusal is None


def test_nobody_else_may_report() -> None:
    given(w.A_JOURNAL).when(REPORT, by=w.BORIS).then_refused(
        NotAllowed,
        saying="only a head or deputy head or technical support may report a breach of somebody else's account",
    )
    locked = (w.ADA, a.AccountLocked(reason=sealed(SCHOOL, "Отпуск")))
    given(w.A_JOURNAL, locked).when(REPORT, by=w.ADA).then_refused(AccountLockedRefusal, saying="locked")


def test_the_same_report_twice_is_one_and_another_needs_its_own_id() -> None:
    reported().when(REPORT, by=w.DEPUTY).then_nothing()
    other = REPORT.model_copy(update={"account": w.BORIS})
    reported().when(other, by=w.DEPUTY).then_refused(ReportedDifferently, saying="an id of its own", field="breach")


def test_what_cannot_be_reported() -> None:
    world = given(w.A_JOURNAL)
    world.when(REPORT.model_copy(update={"account": SYSTEM}), by=w.HEAD).then_refused(
        SystemHasNoBreach, field="account"
    )
    world.when(REPORT.model_copy(update={"account": w.STRANGER}), by=w.HEAD).then_refused(UnknownAccount)
    noon, instant = LEARNED + timedelta(hours=4), timedelta(microseconds=1)
    for moment in (noon, noon - timedelta(days=400)):
        assert world.when(REPORT.model_copy(update={"learned_at": moment}), by=w.HEAD).events
    for moment in (noon + instant, noon - timedelta(days=400) - instant):
        wrong = REPORT.model_copy(update={"learned_at": moment})
        world.when(wrong, by=w.HEAD).then_refused(NotThatTime, field="learned_at")


def test_a_breach_without_an_id_gets_one_from_its_command() -> None:
    report = ReportBreach(account=w.API_CLIENT, learned_at=LEARNED, what="Ключ в открытом репозитории")
    outcome = given(w.A_JOURNAL).when(report, by=w.HEAD)
    assert outcome.decided[0].stream == outcome.targets[0].stream == derived(uid("command 1"), "breach")
    assert outcome.targets[0].scope == Scope(kind="breach")
    outcome.sealing(SCHOOL, "Ключ в открытом репозитории", field="breach-reported.what")


def token(account: str, number: int) -> IssueToken:
    """A token for an account, issued by support."""
    return IssueToken(
        account=account,
        token=f"{number:016x}",
        digest="0" * 64,
        client="web",
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_tokens_that_the_account_let_in_since_the_learning_end_with_the_report() -> None:
    """Of BORIS's tokens only the one issued by support's account after 8:00 and not revoked since ends."""
    world = given(w.A_JOURNAL).at("2025-10-06 07:00").when(token(w.BORIS, 1), by=w.SUPPORT).and_then_given()
    world = world.at("2025-10-06 09:00").when(token(w.BORIS, 2), by=w.SUPPORT).and_then_given()
    world = world.when(token(w.SUPPORT, 3), by=w.SUPPORT).and_then_given()
    report = REPORT.model_copy(update={"account": w.SUPPORT})
    after = world.at("2025-10-06 12:00").when(report, by=w.HEAD)
    assert after.events[2:] == [a.TokenRevoked(token=f"{2:016x}")]
    boris = after.and_then_given().state(AccountState, w.BORIS)
    assert list(boris.tokens) == [f"{1:016x}"]
    assert boris.ended_tokens == {f"{2:016x}"}
    at_once = world.at("2025-10-06 12:00").when(token(w.ADA, 4), by=w.SUPPORT).when(report, by=w.HEAD)
    assert at_once.events[2:] == [a.TokenRevoked(token=f"{4:016x}"), a.TokenRevoked(token=f"{2:016x}")]
    again = report.model_copy(update={"breach": uid("another breach")})
    assert after.and_then_given().when(again, by=w.HEAD).events[2:] == []


def test_a_report_succeeds_however_many_tokens_the_account_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that it leaves alone end with the invalidation."""
    monkeypatch.setattr(breaches, "TOKENS_MAX", 2)
    world = given(w.A_JOURNAL).at("2025-10-06 09:00")
    for number, account in enumerate((w.BORIS, w.ADA, w.BORIS)):
        world = world.when(token(account, number), by=w.SUPPORT).and_then_given()
    report = REPORT.model_copy(update={"account": w.SUPPORT})
    ended = world.at("2025-10-06 12:00").when(report, by=w.HEAD).events[2:]
    assert ended == [a.TokenRevoked(token=f"{2:016x}"), a.TokenRevoked(token=f"{1:016x}")]


def test_tokens_that_the_report_did_not_see_end_with_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report ends one of two here, as it would not see one that is issued while it is being decided."""
    world = given(w.A_JOURNAL).at("2025-10-06 09:00")
    for number in (1, 2):
        world = world.when(token(w.BORIS, number), by=w.SUPPORT).and_then_given()
    report = REPORT.model_copy(update={"account": w.SUPPORT})
    with monkeypatch.context() as patch:
        patch.setattr(breaches, "TOKENS_MAX", 1)
        told = world.at("2025-10-06 12:00").when(report, by=w.HEAD).and_then_given()
    reset = told.when(ResetCredentials(breach=BREACH), by=w.HEAD)
    assert reset.events[2:] == [a.TokenRevoked(token=f"{1:016x}")]


def test_both_receipts_are_recorded_with_the_time_of_receipt_and_of_entry() -> None:
    outcome = reported().when(received("head"), by=w.HEAD)
    outcome.then(
        b.NoticeReceived(
            by=b.Decider(account=w.HEAD, person=w.HEAD_STAFF),
            receiver="head",
            received_at=micros(datetime(2025, 10, 6, 6, tzinfo=UTC)),
            entered_at=outcome.before.now(),
            confirmed=True,
        )
    )
    outcome.when(received("head"), by=w.HEAD).then_nothing()
    outcome.when(received("head", 7), by=w.HEAD).then_refused(
        ReceivedAlready, saying="the head received this notice at another time", field="receiver"
    )


def test_receipts_are_of_those_whom_the_source_names() -> None:
    reported().when(received("head"), by=w.DEPUTY).then_refused(
        NotTheReceiver, saying="only a head may receive this notice", field="receiver"
    )
    reported().when(received("support"), by=w.HEAD).then_refused(NotTheReceiver, saying="technical support")
    reported().when(received("support"), by=w.DEPUTY).then_refused(NotTheReceiver, saying="technical support")
    reported().when(received("head"), by=w.ADA).then_refused(AccountLockedRefusal)


def test_a_notice_is_received_between_the_learning_and_now() -> None:
    reported().when(received("head", 4), by=w.HEAD).then_refused(NotThatTime, field="received_at")
    reported().when(received("head", 10), by=w.HEAD).then_refused(NotThatTime, field="received_at")
    for hour in (5, 9):
        outcome = reported().when(received("head", hour), by=w.HEAD)
        assert outcome.events
        assert outcome.targets[0].scope == Scope(kind="breach")


def test_head_and_support_are_two_people() -> None:
    both = (*w.account(SECOND_HEAD, "head-2", "support", w.HEAD_STAFF),)
    world = given(w.A_JOURNAL, both).when(REPORT, by=w.DEPUTY).when(received("head"), by=w.HEAD).and_then_given()
    world.when(received("support"), by=SECOND_HEAD).then_refused(ReceivedAlready, saying="two people", field="receiver")


def test_a_receipt_entered_too_late_counts_when_a_second_person_confirms_it() -> None:
    """24 hours by the default regulation; the window needs it."""
    late = reported().at("2025-10-07 09:30").when(received("head"), by=w.HEAD)
    assert [event.confirmed for event in late.events if isinstance(event, b.NoticeReceived)] == [False]
    confirm = ConfirmBreachNotice(breach=BREACH, receiver="head")
    late.when(confirm, by=w.HEAD).then_refused(
        SecondPersonNeeded, saying="you entered this time of receipt yourself: a second person"
    )
    done = late.when(confirm, by=w.DEPUTY)
    done.then(b.NoticeConfirmed(receiver="head", received_at=micros(datetime(2025, 10, 6, 6, tzinfo=UTC))))
    done.when(confirm, by=w.DEPUTY).then_nothing()
    receipt = done.and_then_given().state(BreachState, BREACH).receipts["head"]
    assert receipt == msgspec.structs.replace(late.events[0], confirmed=True)
    reported().when(confirm, by=w.DEPUTY).then_refused(
        NothingToConfirm, saying="acknowledge-breach-notice", field="receiver"
    )
    two_hours = (SCHOOL, s.RegulationAdopted(starts=w.FIRST_DAY, regulation=s.Regulation(backdating_hours=2)))
    strict = given(w.A_JOURNAL, two_hours).when(REPORT, by=w.HEAD).when(received("head"), by=w.HEAD)
    assert [event.confirmed for event in strict.events if isinstance(event, b.NoticeReceived)] == [False]
    prompt = reported().at("2025-10-07 09:00").when(received("head"), by=w.HEAD)
    assert [event.confirmed for event in prompt.events if isinstance(event, b.NoticeReceived)] == [True]


def test_a_breach_of_the_head_is_received_by_whom_the_regulation_names() -> None:
    report = REPORT.model_copy(update={"account": w.HEAD})
    world = given(w.A_JOURNAL).when(report, by=w.HEAD).and_then_given()
    assert world.when(received("head"), by=w.DEPUTY).refusal is None
    named = s.RegulationAdopted(starts=w.FIRST_DAY, regulation=s.Regulation(receiver_for_head="support"))
    world = given(w.A_JOURNAL, (SCHOOL, named)).when(report, by=w.HEAD).and_then_given()
    world.when(received("head"), by=w.DEPUTY).then_refused(NotTheReceiver)
    assert world.when(received("head"), by=w.SUPPORT).refusal is None


def test_a_breach_of_support_is_received_by_another_one_or_by_whom_the_regulation_names() -> None:
    report = REPORT.model_copy(update={"account": w.SUPPORT})
    second = w.account(uid("second support"), "support-2", "support")
    world = given(w.A_JOURNAL, second).when(report, by=w.HEAD).and_then_given()
    assert world.when(received("support"), by=w.DEPUTY).refusal is None
    assert world.when(received("support"), by=uid("second support")).refusal is None
    same_person = given(w.A_JOURNAL, w.account(SECOND_HEAD, "head-2", "deputy-head", w.HEAD_STAFF))
    of_head = REPORT.model_copy(update={"account": w.HEAD})
    same_person.when(of_head, by=w.DEPUTY).when(received("head"), by=SECOND_HEAD).then_refused(CompromisedAccount)


def test_resetting_ends_every_token_for_good_and_lets_the_owner_act_again() -> None:
    world = given(w.A_JOURNAL).when(token(w.ADA, 1), by=w.SUPPORT).when(REPORT, by=w.HEAD).and_then_given()
    reset = world.when(ResetCredentials(breach=BREACH), by=w.SUPPORT)
    reset.then(b.BreachCredentialsReset(reset_at=world.now()), a.CredentialsReset(breach=BREACH))
    reset.when(ResetCredentials(breach=BREACH), by=w.HEAD).then_nothing()
    ada = reset.and_then_given().state(AccountState, w.ADA)
    assert (ada.locked, ada.tokens, ada.ended_tokens) == (False, {}, {f"{1:016x}"})
    mark = RecordMark(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
    assert reset.when(mark, by=w.ADA).refusal is None
    world.when(ResetCredentials(breach=BREACH), by=w.BORIS).then_refused(NotAllowed, saying="may reset credentials")
    of_head = REPORT.model_copy(update={"account": w.HEAD})
    same_person = given(w.A_JOURNAL, w.account(SECOND_HEAD, "head-2", "support", w.HEAD_STAFF))
    own = same_person.when(of_head, by=w.DEPUTY).when(ResetCredentials(breach=BREACH), by=SECOND_HEAD)
    own.then_refused(CompromisedAccount, saying="somebody else")


def test_a_suspension_is_not_lifted_by_hand() -> None:
    unlock = UnlockAccount(account=w.ADA, reason="Учитель просит")
    reported().when(unlock, by=w.HEAD).then_refused(SuspendedByBreach, saying="reset-credentials", field="account")
    in_days = datetime(2025, 10, 20, tzinfo=UTC)
    issue = IssueToken(account=w.ADA, token="0" * 16, digest="0" * 64, client="web", expires_at=in_days)
    reported().when(issue, by=w.SUPPORT).then_refused(SuspendedByBreach, saying="comes first", field="account")


def test_a_lock_by_hand_outlasts_the_reset_of_a_breach() -> None:
    """Locked while it was suspended: the reset lifts the suspension only."""
    locked = reported().when(LockAccount(account=w.ADA, reason="Уволен"), by=w.HEAD).and_then_given()
    reset = locked.when(ResetCredentials(breach=BREACH), by=w.SUPPORT).and_then_given()
    assert reset.state(AccountState, w.ADA).locked
    unlocked = reset.when(UnlockAccount(account=w.ADA, reason="Вернулся"), by=w.HEAD).and_then_given()
    assert not unlocked.state(AccountState, w.ADA).locked


def test_two_breaches_suspend_until_both_are_reset() -> None:
    second = uid("second breach")
    world = reported().when(REPORT.model_copy(update={"breach": second}), by=w.DEPUTY).and_then_given()
    one = world.when(ResetCredentials(breach=BREACH), by=w.SUPPORT).and_then_given()
    assert one.state(AccountState, w.ADA).locked
    both = one.when(ResetCredentials(breach=second), by=w.SUPPORT).and_then_given()
    assert not both.state(AccountState, w.ADA).locked


def test_nobody_decides_about_the_own_breach_nor_while_one_is_open() -> None:
    report = REPORT.model_copy(update={"account": w.DEPUTY})
    world = given(w.A_JOURNAL).when(report, by=w.HEAD).when(ResetCredentials(breach=BREACH), by=w.SUPPORT)
    close = CloseBreach(breach=BREACH, conclusion="Пароль сменён")
    world.when(close, by=w.DEPUTY).then_refused(CompromisedAccount, saying="somebody else")
    world.when(close, by=w.BORIS).then_refused(NotAllowed, saying="may decide about a breach")
    other = ReportBreach(breach=uid("another"), account=w.ADA, learned_at=LEARNED, what="Вход из другого города")
    of_ada = CloseBreach(breach=uid("another"), conclusion="Пароль сменён")
    world.when(other, by=w.HEAD).when(of_ada, by=w.DEPUTY).then_refused(UnderBreach, saying="until it is closed")


def test_an_unknown_breach_is_not_found() -> None:
    given(w.A_JOURNAL).when(ResetCredentials(breach=BREACH), by=w.HEAD).then_refused(
        UnknownBreach, saying=f"there is no breach {BREACH}", field="breach"
    )


DEPENDENT = Ref(w.LESSON, 2)


def with_a_dependent() -> Scenario:
    """BORIS's correction, say, stood on something void."""
    mark = RecordMark(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
    values = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT, "pupil": w.VERA, "work": "oral"}
    correct = CorrectMark.model_validate({**values, "value": "4", "reason": "Ошибка"})
    world = given(w.A_JOURNAL).when(mark, by=w.ADA).when(correct, by=w.ADA).when(REPORT, by=w.HEAD)
    return world.and_then_given().with_dependents(BREACH, DEPENDENT)


def decide(decision: str, version: int = 2) -> DecideOnDependents:
    """A decision about one dependent."""
    return DecideOnDependents.model_validate(
        {
            "breach": BREACH,
            "dependents": (DependentPart(stream=w.LESSON, version=version),),
            "decision": decision,
            "reason": "Учитель подтвердил",
        }
    )


def test_a_dependent_is_kept_with_a_reason() -> None:
    kept = with_a_dependent().when(decide("kept"), by=w.HEAD)
    kept.then(
        b.DependentDecided(stream=w.LESSON, version=2, decision="kept", reason=sealed(SCHOOL, "Учитель подтвердил"))
    )
    kept.when(decide("kept"), by=w.HEAD).then_nothing()
    with_a_dependent().when(decide("kept", version=1), by=w.HEAD).then_refused(
        NotADependent, saying=f"version 1 of {w.LESSON} does not stand", field="dependents"
    )


def test_a_dependent_counts_as_corrected_when_something_was_written_since() -> None:
    world = with_a_dependent()
    world.when(decide("corrected"), by=w.HEAD).then_refused(NotADependent, saying="correct it first", field="decision")
    values = {"journal": w.JOURNAL, "day": w.TODAY, "slot": w.LESSON_SLOT, "pupil": w.VERA, "work": "oral"}
    again = CorrectMark.model_validate({**values, "value": "5", "reason": "Верно было пять"})
    later = world.when(ResetCredentials(breach=BREACH), by=w.SUPPORT).when(again, by=w.ADA).and_then_given()
    assert later.with_dependents(BREACH, DEPENDENT).when(decide("corrected"), by=w.HEAD).refusal is None


def test_closing_comes_last() -> None:
    close = CloseBreach(breach=BREACH, conclusion="Пароль сменён, отметки проверены")
    world = reported()
    world.when(close, by=w.HEAD).then_refused(NotYet, saying="the head has not received the notice yet", field="breach")
    late = world.at("2025-10-07 09:30").when(received("head"), by=w.HEAD)
    late.when(close, by=w.HEAD).then_refused(NotYet, saying="waits for a second person")
    noted = world.when(received("head"), by=w.HEAD)
    noted.when(close, by=w.HEAD).then_refused(NotYet, saying="technical support has not received")
    noted = noted.when(received("support"), by=w.SUPPORT)
    noted.when(close, by=w.HEAD).then_refused(NotYet, saying="reset-credentials")
    open_one = ready().with_dependents(BREACH, DEPENDENT)
    open_one.when(close, by=w.HEAD).then_refused(NotYet, saying="1 events stood", field="breach")
    closed = ready().when(close, by=w.HEAD)
    closed.then(
        b.BreachClosed(conclusion=sealed(w.ADA_STAFF, "Пароль сменён, отметки проверены")),
        a.BreachSettled(breach=BREACH),
    )
    closed.when(close, by=w.HEAD).then_nothing()
    closed.when(REPORT, by=w.HEAD).then_refused(BreachIsClosed, saying="report a new one", field="breach")
    closed.when(ResetCredentials(breach=BREACH), by=w.HEAD).then_refused(
        BreachIsClosed, saying="report a new one", field="breach"
    )
    assert closed.and_then_given().state(AccountState, w.ADA).breaches == set()


def test_a_token_that_ended_while_its_command_waited_ends_the_command_too() -> None:
    """The session of every scenario's actor is the token: reset, it answers 401 though the account may act again."""
    world = given(w.A_JOURNAL, (w.ADA, a.TokenRevoked(token=uid("session"))))
    mark = RecordMark(journal=w.JOURNAL, day=w.TODAY, slot=w.LESSON_SLOT, pupil=w.VERA, work="oral", value="5")
    world.when(mark, by=w.ADA).then_refused(AccountLockedRefusal, saying="has ended while the command was waiting")


def test_a_token_issued_again_under_an_ended_id_does_not_live() -> None:
    issued = a.TokenIssued(token="t", digest="0", client="web", expires_at=1)
    state = given(w.A_JOURNAL, (w.ADA, a.TokenRevoked(token="t")), (w.ADA, issued)).state(AccountState, w.ADA)
    assert state.tokens == {}


def test_a_second_account_of_a_person_can_report_the_first() -> None:
    opened = OpenAccount(account=uid("ada 2"), kind="person", login="ada-2", person=w.ADA_STAFF)
    grant = GrantRole(account=uid("ada 2"), role="teacher")
    world = given(w.A_JOURNAL).when(opened, grant, by=w.HEAD).and_then_given()
    assert world.when(REPORT, by=uid("ada 2")).refusal is None
