"""Codes and passwords in events: who gives them to whom, what they end, what a breach ends of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ejd.kernel.command import Actor, NotAllowed, Proof
from ejd.kernel.events import accounts as a
from ejd.kernel.events import credentials as c
from ejd.kernel.events import people as p
from ejd.kernel.events.journals import ClassTeacherAppointed
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import OPERATOR
from ejd.kernel.rights import AccountLockedRefusal, StepUpNeeded, TokenScopeMissing, check_recent, check_step_up
from ejd.kernel.states.access import AccountState
from ejd_commands.accounts import AccountIsLocked, NotForTheOwnAccount, SuspendedByBreach
from ejd_commands.breaches import ReportBreach
from ejd_commands.credentials import (
    ChangePassword,
    CodeEnded,
    CodeTermWrong,
    IssueCode,
    PasswordMoved,
    ProgramsHaveNoPassword,
    RevokeCode,
    UnknownCode,
    UseCode,
)
from ejd_commands.known import UnknownAccount
from tests.scenario import MemoryContext, Scenario, given, sealed, uid
from tests.worlds import (
    A_CLASS_5A,
    ADA,
    ADA_STAFF,
    API_CLIENT,
    BORIS,
    CLASS_5A,
    DEPUTY,
    FIRST_DAY,
    GLEB,
    HEAD,
    PARENT,
    PARENT_GUARDIAN,
    PUPIL_ACCOUNT,
    STRANGER,
    SUPPORT,
    VERA,
)

CODE, OTHER = "0123456789abcdef", "fedcba9876543210"
NOW = datetime(2025, 10, 6, 9, 0, tzinfo=UTC)
"""Noon in Moscow: the clock of the scenarios."""
IN_A_WEEK = NOW + timedelta(days=7)
WEEK_ON = int(IN_A_WEEK.timestamp()) * 1_000_000
FIRST, SECOND = uid("first password"), uid("second password")
WORLD = (
    *A_CLASS_5A,
    (OPERATOR, a.AccountOpened(kind="person", login="operator")),
    (OPERATOR, a.RoleGranted(role="support", starts=FIRST_DAY)),
    (CLASS_5A, ClassTeacherAppointed(staff=ADA_STAFF, starts=FIRST_DAY)),
)
ISSUED = c.CodeIssued(code=CODE, expires_at=WEEK_ON)


def issue(account: str, code: str = CODE, expires_at: datetime = IN_A_WEEK) -> IssueCode:
    return IssueCode(account=account, code=code, expires_at=expires_at)


def with_code(account: str = PUPIL_ACCOUNT) -> Scenario:
    return given((*WORLD, (account, ISSUED)))


def state(scenario: Scenario, account: str = PUPIL_ACCOUNT) -> AccountState:
    return scenario.state(AccountState, account)


@pytest.mark.parametrize(
    ("giver", "account"),
    [
        (ADA, PUPIL_ACCOUNT),
        (ADA, PARENT),
        (HEAD, PUPIL_ACCOUNT),
        (DEPUTY, PARENT),
        (HEAD, ADA),
        (DEPUTY, ADA),
        (OPERATOR, HEAD),
        (HEAD, DEPUTY),
        (HEAD, SUPPORT),
    ],
)
def test_the_office_and_the_class_teacher_give_codes(giver: str, account: str) -> None:
    given(WORLD).when(issue(account), by=giver).then(ISSUED).in_stream(account)


@pytest.mark.parametrize(
    ("giver", "account"),
    [
        (BORIS, PUPIL_ACCOUNT),
        (BORIS, PARENT),
        (SUPPORT, PUPIL_ACCOUNT),
        (SUPPORT, PARENT),
        (SUPPORT, ADA),
        (SUPPORT, HEAD),
        (SUPPORT, DEPUTY),
        (ADA, BORIS),
        (DEPUTY, HEAD),
        (DEPUTY, SUPPORT),
        (PARENT, PUPIL_ACCOUNT),
        (PUPIL_ACCOUNT, PARENT),
        (API_CLIENT, PUPIL_ACCOUNT),
    ],
)
def test_nobody_gives_a_code_to_somebody_of_another_class_or_with_more_rights(giver: str, account: str) -> None:
    given(WORLD).when(issue(account), by=giver).then_refused(NotAllowed, saying="give this account a code")


def test_a_class_teacher_who_is_a_parents_teacher_too_gives_no_code_to_staff() -> None:
    both = given((*WORLD, (PARENT, a.RoleGranted(role="teacher", starts=FIRST_DAY))))
    both.when(issue(PARENT), by=ADA).then_refused(NotAllowed)
    both.when(issue(PARENT), by=DEPUTY).then(ISSUED)


def test_the_right_follows_class_and_guardianship_of_today() -> None:
    gone = given((*WORLD, (VERA, p.PupilLeft(left_on=FIRST_DAY))))
    gone.when(issue(PUPIL_ACCOUNT), by=ADA).then_refused(NotAllowed)
    ended = given((*WORLD, (PARENT_GUARDIAN, p.GuardianshipEnded(pupil=VERA, ends=FIRST_DAY))))
    ended.when(issue(PARENT), by=ADA).then_refused(NotAllowed)
    nobodys = given(A_CLASS_5A)
    nobodys.when(issue(PUPIL_ACCOUNT), by=ADA).then_refused(NotAllowed)


def test_an_account_without_role_gets_its_code_from_head_or_support() -> None:
    fresh = uid("account without role")
    world = given((*WORLD, (fresh, a.AccountOpened(kind="person", login="gleb", person=GLEB))))
    world.when(issue(fresh), by=SUPPORT).then(ISSUED)
    world.when(issue(fresh), by=DEPUTY).then_refused(NotAllowed)


def test_what_gets_no_code() -> None:
    given(WORLD).when(issue(STRANGER), by=HEAD).then_refused(UnknownAccount)
    given(WORLD).when(issue(API_CLIENT), by=HEAD).then_refused(ProgramsHaveNoPassword)
    given(WORLD).when(issue(HEAD), by=HEAD).then_refused(NotForTheOwnAccount, saying="give a code to")
    locked = given((*WORLD, (ADA, a.AccountLocked(reason=sealed(ADA_STAFF, "x")))))
    locked.when(issue(ADA), by=HEAD).then_refused(AccountIsLocked)
    suspended = given((*WORLD, (ADA, a.AccountSuspended(breach=uid("breach")))))
    suspended.when(issue(ADA), by=HEAD).then_refused(SuspendedByBreach)
    for wrong in (NOW, NOW + timedelta(days=61)):
        given(WORLD).when(issue(ADA, expires_at=wrong), by=HEAD).then_refused(CodeTermWrong, field="expires_at")


def test_a_code_sets_the_password_once() -> None:
    use = UseCode(account=PUPIL_ACCOUNT, code=CODE, credential=FIRST)
    used = with_code().when(use, by=PUPIL_ACCOUNT)
    used.then(c.CodeUsed(code=CODE), c.PasswordSet(credential=FIRST, way="code", code=CODE))
    after = state(used.and_then_given())
    assert (after.password, after.codes) == ((FIRST, CODE), {})
    assert after.generation == after.version
    used.when(use, by=PUPIL_ACCOUNT).then_refused(CodeEnded)
    with_code().at("2025-10-13 12:00").when(use, by=PUPIL_ACCOUNT).then_refused(CodeEnded)
    with_code().when(use, by=ADA).then_refused(NotAllowed, saying="only the own password")
    given(WORLD).when(use, by=PUPIL_ACCOUNT).then_refused(CodeEnded)


def test_a_new_code_replaces_the_old_one() -> None:
    again = with_code().when(issue(PUPIL_ACCOUNT, OTHER), by=HEAD).and_then_given()
    assert state(again).codes == {OTHER: WEEK_ON}
    again.when(UseCode(account=PUPIL_ACCOUNT, code=CODE, credential=FIRST), by=PUPIL_ACCOUNT).then_refused(CodeEnded)


def test_a_password_is_changed_by_its_owner_and_goes_back_to_the_same_code() -> None:
    set_before = given((*WORLD, (ADA, c.PasswordSet(credential=FIRST, way="code", code=CODE))))
    change = ChangePassword(account=ADA, credential=SECOND, replaces=FIRST)
    changed = set_before.when(change, by=ADA)
    changed.then(c.PasswordSet(credential=SECOND, way="changed", code=CODE))
    changed.when(change, by=ADA).then_refused(PasswordMoved)
    given(WORLD).when(change, by=ADA).then_refused(PasswordMoved)
    set_before.when(change, by=HEAD).then_refused(NotAllowed)


def test_a_revoked_code_takes_the_password_along_that_goes_back_to_it() -> None:
    revoke = RevokeCode(account=PUPIL_ACCOUNT, code=CODE)
    unused = with_code().when(revoke, by=ADA)
    assert state(unused.then(c.CodeRevoked(code=CODE)).and_then_given()).codes == {}
    assert state(unused.and_then_given()).generation == 0
    unused.when(revoke, by=ADA).then_refused(UnknownCode)
    with_password = given((*WORLD, (PUPIL_ACCOUNT, c.PasswordSet(credential=FIRST, way="changed", code=CODE))))
    after = state(with_password.when(revoke, by=HEAD).then(c.CodeRevoked(code=CODE)).and_then_given())
    assert (after.password, after.generation) == (None, after.version)
    given(WORLD).when(revoke, by=BORIS).then_refused(NotAllowed)
    late = given((*WORLD, (PUPIL_ACCOUNT, c.CodeRevoked(code=CODE)), (PUPIL_ACCOUNT, ISSUED)))
    assert state(late).codes == {}


def test_a_reset_ends_password_and_codes() -> None:
    events = (ISSUED, c.PasswordSet(credential=FIRST, way="code", code=OTHER), a.CredentialsReset(breach=uid("breach")))
    after = state(given((*WORLD, *((PUPIL_ACCOUNT, one) for one in events))))
    assert (after.password, after.codes, after.ended_codes) == (None, {}, {CODE})
    assert after.generation == after.version


def test_a_reported_breach_ends_the_codes_that_the_account_gave_out_and_what_was_made_of_them() -> None:
    one = with_code(ADA).when(issue(PUPIL_ACCOUNT, OTHER), by=ADA)
    used = one.when(UseCode(account=PUPIL_ACCOUNT, code=OTHER, credential=FIRST), by=PUPIL_ACCOUNT)
    given_out = used.when(issue(PARENT), by=ADA).and_then_given()
    report = ReportBreach(account=ADA, learned_at=NOW, what="украден")
    outcome = given_out.when(report, by=HEAD)
    revoked = [(each.stream, each.event) for each in outcome.decided if isinstance(each.event, c.CodeRevoked)]
    assert sorted(revoked) == sorted([(PARENT, c.CodeRevoked(code=CODE)), (PUPIL_ACCOUNT, c.CodeRevoked(code=OTHER))])
    after = outcome.and_then_given()
    assert state(after).password is None
    assert state(after, PARENT).codes == {}


def test_a_session_of_another_generation_decides_nothing() -> None:
    scenario = given((*WORLD, (ADA, c.PasswordSet(credential=FIRST, way="code", code=CODE))))
    change = ChangePassword(account=ADA, credential=SECOND, replaces=FIRST)
    generation = state(scenario, ADA).generation
    for shown, lets in ((generation, True), (generation - 1, False)):
        context = context_of(scenario, Proof(shown, 0))
        if lets:
            assert change.need(context).granted(context) == []
            continue
        with pytest.raises(AccountLockedRefusal, match="this session has ended"):
            change.need(context).granted(context)


def context_of(scenario: Scenario, proof: Proof | None, session: str = "session") -> MemoryContext:
    return MemoryContext(
        streams=dict(scenario.streams),
        reserved={},
        actor=Actor(ADA, session, "tests", proof),
        command_id=uid("command"),
        now=scenario.now(),
        timezone="Europe/Moscow",
    )


def test_what_demands_it_needs_the_password_of_the_last_ten_minutes() -> None:
    now, minutes = 1_000_000_000_000, 60_000_000
    check_recent(Proof(1, now - 10 * minutes), a.ALL_SCOPES, now)
    with pytest.raises(StepUpNeeded, match="step-up"):
        check_recent(Proof(1, now - 10 * minutes - 1), a.ALL_SCOPES, now)
    check_recent(None, ("write", "decide"), now)
    with pytest.raises(TokenScopeMissing, match="scope decide"):
        check_recent(None, ("read", "write"), now)


def test_a_token_writes_and_decides_only_what_it_was_issued_for() -> None:
    def token(*scopes: a.TokenScope) -> Scenario:
        issued = a.TokenIssued(token=CODE, digest="ab" * 32, client="x", expires_at=WEEK_ON, scopes=scopes)
        return given((*WORLD, (ADA, issued)))

    change = ChangePassword(account=ADA, credential=SECOND, replaces=FIRST)
    context = context_of(token("read"), None, CODE)
    with pytest.raises(TokenScopeMissing, match="scope write"):
        change.need(context).granted(context)
    with pytest.raises(TokenScopeMissing, match="scope decide"):
        check_step_up(context_of(token("read", "write"), None, CODE), 0)
    check_step_up(context_of(token("decide"), None, CODE), 0)
    check_step_up(context_of(token("read"), None, "the command line"), 0)


def test_a_void_password_is_none_and_a_used_code_stays_used() -> None:
    events = [ISSUED, c.CodeUsed(code=CODE), c.PasswordSet(credential=FIRST, way="code", code=CODE)]
    before = given((*WORLD, *((PUPIL_ACCOUNT, one) for one in events)))
    version = state(before).version
    voided = EventsVoided(breach=uid("breach"), versions=(version,))
    after = state(given((*WORLD, *((PUPIL_ACCOUNT, one) for one in (*events, voided)))))
    assert (after.password, after.codes) == (None, {})
