"""Accounts: whose they are, their roles, tokens, locks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from ejd.kernel.command import Command, NotAllowed
from ejd.kernel.envelope import Ref
from ejd.kernel.events import accounts as a
from ejd.kernel.events import people as p
from ejd.kernel.ids import OPERATOR, SCHOOL, SYSTEM, derived
from ejd.kernel.rights import AccountLockedRefusal
from ejd_commands.accounts import (
    AccountIsLocked,
    AccountIsOpen,
    GrantRole,
    IssueToken,
    LockAccount,
    LoginTaken,
    NotForTheOwnAccount,
    OpenAccount,
    ProgramIsNobody,
    RevokeRole,
    RevokeToken,
    RoleDoesNotFit,
    ScopeDoesNotFit,
    ScopePart,
    SystemStaysLocked,
    TokenTaken,
    TokenTermWrong,
    TooManyTokens,
    UnknownPerson,
    UnknownScope,
    UnknownToken,
    UnlockAccount,
    microseconds,
)
from ejd_commands.known import EndsBeforeItBegins, UnknownAccount
from tests.scenario import given, refused_as_input, sealed, uid
from tests.worlds import (
    A_CLASS_5A,
    A_JOURNAL,
    A_REAL_EMPTY_SCHOOL,
    A_SCHOOL,
    ADA,
    ADA_STAFF,
    API_CLIENT,
    BORIS,
    BORIS_STAFF,
    CLASS_5A,
    DEPUTY,
    GLEB,
    HEAD,
    HEAD_STAFF,
    JOURNAL,
    PARENT,
    PARENT_GUARDIAN,
    PUPIL_ACCOUNT,
    STRANGER,
    SUPPORT,
    TODAY,
    VERA,
)

NEW = uid("a new account")
TOKEN = "0123456789abcdef"
DIGEST = "ab" * 32
NOW = datetime(2025, 10, 6, 9, 0, tzinfo=UTC)
"""Noon in Moscow: the clock of the scenarios."""
IN_A_YEAR = NOW + timedelta(days=365)


def opened(**change: Any) -> OpenAccount:
    fields = {"account": NEW, "kind": "person", "login": "gleb", "person": GLEB, **change}
    return OpenAccount.model_validate(fields)


def test_an_account_is_opened_once_for_somebody_of_the_school() -> None:
    outcome = given(A_CLASS_5A).when(opened(), by=SUPPORT)
    outcome.then(a.AccountOpened(kind="person", login="gleb", person=GLEB)).standing_on(Ref(SUPPORT, 2))
    assert outcome.reserved == {"login/gleb": NEW}
    assert outcome.targets[0].scope.person == GLEB
    outcome.when(opened(), by=HEAD).then_nothing()


@pytest.mark.parametrize("person", [BORIS_STAFF, VERA, PARENT_GUARDIAN, None], ids=["staff", "pupil", "guardian", "-"])
def test_an_account_is_of_staff_pupil_guardian_or_outside_support(person: str | None) -> None:
    assert given(A_CLASS_5A).when(opened(person=person), by=SUPPORT).events


def test_an_account_gets_an_id_that_follows_from_the_command() -> None:
    command = opened(account=None, kind="program", person=None)
    outcome = given(A_SCHOOL).when(command, by=HEAD, command_id=uid("command"))
    outcome.then(a.AccountOpened(kind="program", login="gleb")).in_stream(derived(uid("command"), "account"))


def test_an_account_is_not_opened_for_nobody_nor_a_program_for_somebody() -> None:
    given(A_CLASS_5A).when(opened(person=STRANGER), by=HEAD).then_refused(UnknownPerson, field="person")
    given(A_CLASS_5A).when(opened(kind="program"), by=HEAD).then_refused(ProgramIsNobody, field="person")


def test_a_login_is_unique_whatever_its_case() -> None:
    taken = given(A_CLASS_5A).with_reserved({"login/gleb": uid("another account")})
    taken.when(opened(login="GLEB"), by=HEAD).then_refused(LoginTaken, saying="choose another", field="login")


@pytest.mark.parametrize("change", [{"account": ADA}, {"account": SYSTEM}], ids=["open", "system"])
def test_an_account_keeps_its_login_and_person(change: dict[str, str]) -> None:
    given(A_CLASS_5A).when(opened(**change), by=HEAD).then_refused(AccountIsOpen, field="account")


def test_only_head_and_support_manage_accounts() -> None:
    for account in (DEPUTY, ADA, API_CLIENT):
        given(A_CLASS_5A).when(opened(), by=account).then_refused(NotAllowed, saying="head or technical support")


def test_the_system_opens_the_first_accounts_until_it_is_locked() -> None:
    scenario = given(A_REAL_EMPTY_SCHOOL)
    program = opened(kind="program", person=None)
    outcome = scenario.when(program, GrantRole(account=NEW, role="api-client"), by=SYSTEM)
    locked = outcome.when(LockAccount(account=SYSTEM, reason="Школа открыта"), by=SYSTEM)
    locked.then(a.AccountLocked(reason=sealed(SCHOOL, "Школа открыта"))).in_stream(SYSTEM)
    locked.when(RevokeRole(account=NEW, role="api-client"), by=SYSTEM).then_refused(AccountLockedRefusal)


@pytest.mark.parametrize(
    ("account", "role"),
    [
        (BORIS, "head"),
        (BORIS, "deputy-head"),
        (BORIS, "support"),
        (SUPPORT, "support"),
        (PARENT, "parent"),
        (PUPIL_ACCOUNT, "pupil"),
        (API_CLIENT, "api-client"),
    ],
)
def test_a_role_fits_the_person(account: str, role: a.Role) -> None:
    command = GrantRole(account=account, role=role, starts=date(2025, 10, 7), ends=date(2025, 12, 31))
    outcome = given(A_CLASS_5A).when(command, by=HEAD)
    outcome.then(a.RoleGranted(role=role, starts=date(2025, 10, 7), ends=date(2025, 12, 31)))
    outcome.when(command, by=HEAD).then_nothing()


@pytest.mark.parametrize(
    ("account", "role", "saying"),
    [
        (SUPPORT, "head", "account of a staff member"),
        (PARENT, "teacher", "account of a staff member"),
        (PUPIL_ACCOUNT, "parent", "account of a guardian"),
        (BORIS, "pupil", "account of a pupil"),
        (BORIS, "api-client", "programs, and only they"),
        (API_CLIENT, "teacher", "programs, and only they"),
    ],
)
def test_a_role_that_does_not_fit_is_refused(account: str, role: a.Role, saying: str) -> None:
    command = GrantRole(account=account, role=role)
    given(A_CLASS_5A).when(command, by=HEAD).then_refused(RoleDoesNotFit, saying=saying, field="role")


def test_a_role_begins_today_unless_a_day_is_named() -> None:
    outcome = given(A_SCHOOL).when(GrantRole(account=BORIS, role="deputy-head"), by=HEAD)
    outcome.then(a.RoleGranted(role="deputy-head", starts=TODAY))
    outcome.and_then_given().at("2025-10-20 08:00").when(
        GrantRole(account=BORIS, role="deputy-head"), by=HEAD
    ).then_nothing()


def test_a_role_does_not_end_before_it_begins() -> None:
    command = GrantRole(account=BORIS, role="deputy-head", ends=date(2025, 10, 5))
    given(A_SCHOOL).when(command, by=HEAD).then_refused(EndsBeforeItBegins, field="ends")


def test_nobody_grants_a_role_to_the_own_account() -> None:
    command = GrantRole(account=SUPPORT, role="support", ends=date(2030, 1, 1))
    given(A_SCHOOL).when(command, by=SUPPORT).then_refused(NotForTheOwnAccount, saying="own account", field="account")


def test_nobody_grants_a_role_to_the_own_person_by_another_account() -> None:
    second = uid("another account of the head")
    world = given(A_SCHOOL, (second, a.AccountOpened(kind="person", login="head2", person=HEAD_STAFF)))
    world.when(GrantRole(account=second, role="teacher"), by=HEAD).then_refused(NotForTheOwnAccount)


@pytest.mark.parametrize("role", ["head", "deputy-head", "api-client"])
def test_only_the_head_gives_and_takes_roles_that_see_the_whole_school(role: a.Role) -> None:
    account = API_CLIENT if role == "api-client" else BORIS
    grant, revoke = GrantRole(account=account, role=role, starts=TODAY), RevokeRole(account=account, role=role)
    for command in (grant, revoke):
        for who in (SUPPORT, DEPUTY, ADA):
            given(A_SCHOOL).when(command, by=who).then_refused(NotAllowed, saying="only a head")
    assert given(A_SCHOOL).when(grant, by=HEAD).when(revoke, by=HEAD).events
    keeper = (OPERATOR, a.AccountOpened(kind="person", login="operator"))
    support = (OPERATOR, a.RoleGranted(role="support", starts=TODAY))
    assert given(A_SCHOOL, keeper, support).when(grant, by=OPERATOR).events, "whoever keeps the machine makes the first"
    shut = (OPERATOR, a.AccountLocked(reason=sealed(SCHOOL, "x")))
    given(A_SCHOOL, keeper, support, shut).when(grant, by=OPERATOR).then_refused(AccountLockedRefusal)


def test_support_makes_no_token_for_a_program_nor_for_who_sees_the_whole_school() -> None:
    for account in (HEAD, DEPUTY, API_CLIENT):
        given(A_SCHOOL).when(issue(account=account), by=SUPPORT).then_refused(NotAllowed, saying="make a token")
        assert given(A_SCHOOL).when(issue(account=account), by=HEAD).events
    assert given(A_SCHOOL).when(issue(account=BORIS), by=SUPPORT).events


SCOPES = {"class": CLASS_5A, "journal": JOURNAL, "child": VERA}
FITTING = {
    "head": set(),
    "deputy-head": {"class"},
    "teacher": {"journal"},
    "pupil": set(),
    "parent": {"child"},
    "support": set(),
    "api-client": {"class", "journal", "child"},
}
WHOSE = {"head": BORIS, "deputy-head": BORIS, "teacher": BORIS, "pupil": PUPIL_ACCOUNT, "parent": PARENT}


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("role", FITTING)
def test_a_role_is_given_for_a_part_of_the_school_where_that_means_something(role: a.Role, kind: str) -> None:
    account = WHOSE.get(role, SUPPORT if role == "support" else API_CLIENT)
    if role == "support":
        account = BORIS
    scope = ScopePart.model_validate({"kind": kind, "id": SCOPES[kind]})
    command = GrantRole(account=account, role=role, scope=scope)
    outcome = given(A_JOURNAL).when(command, by=HEAD)
    if kind not in FITTING[role]:
        outcome.then_refused(ScopeDoesNotFit, saying="whole school", field="scope")
        return
    part = msgspec.convert({"kind": kind, "id": SCOPES[kind]}, a.GrantScope)
    outcome.then(a.RoleGranted(role=role, starts=TODAY, scope=part))
    outcome.when(command, by=HEAD).then_nothing()
    missing = command.model_copy(update={"scope": scope.model_copy(update={"id": uid("nowhere")})})
    given(A_JOURNAL).when(missing, by=HEAD).then_refused(UnknownScope, saying=uid("nowhere"), field="scope.id")
    revoke = RevokeRole(account=account, role=role, scope=scope)
    outcome.when(revoke, by=HEAD).then(a.RoleRevoked(role=role, scope=part))
    given(A_JOURNAL).when(revoke, by=HEAD).then_nothing()


def test_a_role_is_revoked_once() -> None:
    outcome = given(A_SCHOOL).when(RevokeRole(account=ADA, role="teacher"), by=HEAD)
    outcome.then(a.RoleRevoked(role="teacher")).in_stream(ADA)
    outcome.when(RevokeRole(account=ADA, role="teacher"), by=HEAD).then_nothing()


def issue(**change: Any) -> IssueToken:
    fields = {"account": ADA, "token": TOKEN, "digest": DIGEST, "client": "curl", "expires_at": IN_A_YEAR, **change}
    return IssueToken.model_validate(fields)


def test_a_token_is_registered_by_the_digest_of_its_secret_once() -> None:
    outcome = given(A_SCHOOL).when(issue(), by=HEAD)
    outcome.then(a.TokenIssued(token=TOKEN, digest=DIGEST, client="curl", expires_at=microseconds(IN_A_YEAR)))
    assert outcome.reserved == {f"token/{TOKEN}": ADA}
    outcome.when(issue(), by=HEAD).then_nothing()
    outcome.when(issue(client="wget"), by=HEAD).then_refused(TokenTaken, field="token")
    outcome.when(issue(account=BORIS), by=HEAD).then_refused(TokenTaken, saying="take a new one")


@pytest.mark.parametrize("days", [-1, 0, 401])
def test_a_token_ends_within_a_named_term(days: int) -> None:
    command = issue(expires_at=NOW + timedelta(days=days))
    given(A_SCHOOL).when(command, by=HEAD).then_refused(TokenTermWrong, saying="400 days", field="expires_at")


def test_a_token_may_last_four_hundred_days() -> None:
    assert given(A_SCHOOL).when(issue(expires_at=NOW + timedelta(days=400)), by=HEAD).events


def test_an_account_has_a_named_number_of_valid_tokens() -> None:
    def held(expires_at: datetime) -> list[tuple[str, a.TokenIssued]]:
        ends = microseconds(expires_at)
        return [
            (ADA, a.TokenIssued(token=f"{n:016x}", digest=DIGEST, client="curl", expires_at=ends)) for n in range(50)
        ]

    given(A_SCHOOL, *held(IN_A_YEAR)).when(issue(), by=HEAD).then_refused(TooManyTokens, saying="50 valid tokens")
    assert given(A_SCHOOL, *held(NOW)).when(issue(), by=HEAD).events


def test_a_digest_is_no_secret() -> None:
    refused_as_input(IssueToken, field="digest", **{**issue().model_dump(), "digest": "secret"})


def test_a_token_is_revoked_and_a_slip_is_no_success() -> None:
    outcome = given(A_SCHOOL).when(issue(), by=HEAD).when(RevokeToken(account=ADA, token=TOKEN), by=SUPPORT)
    outcome.then(a.TokenRevoked(token=TOKEN)).in_stream(ADA)
    outcome.when(RevokeToken(account=ADA, token=TOKEN), by=HEAD).then_refused(UnknownToken, field="token")


LOCK = LockAccount(account=ADA, reason="Чужой вход")
UNLOCK = UnlockAccount(account=ADA, reason="Пароль сменён")


def test_an_account_is_locked_once_and_unlocked_with_reasons_that_are_sealed() -> None:
    locked = given(A_SCHOOL).when(LOCK, by=SUPPORT)
    locked.then(a.AccountLocked(reason=sealed(ADA_STAFF, "Чужой вход")))
    locked.sealing(ADA_STAFF, "Чужой вход", field="account-locked.reason")
    locked.when(LOCK, by=HEAD).then_nothing()
    locked.when(issue(), by=HEAD).then_refused(AccountIsLocked, field="account")
    unlocked = locked.when(UNLOCK, by=HEAD)
    unlocked.then(a.AccountUnlocked(reason=sealed(ADA_STAFF, "Пароль сменён")))
    unlocked.when(UNLOCK, by=HEAD).then_nothing()


def test_the_reason_about_a_program_is_sealed_as_the_schools() -> None:
    program = LockAccount(account=API_CLIENT, reason="Замена")
    given(A_SCHOOL).when(program, by=HEAD).then(a.AccountLocked(reason=sealed(SCHOOL, "Замена")))


def test_nobody_unlocks_the_own_account() -> None:
    own = UnlockAccount(account=HEAD, reason="Сам")
    given(A_SCHOOL).when(own, by=HEAD).then_refused(NotForTheOwnAccount, saying="unlock the own account")


def test_the_account_that_set_the_school_up_stays_locked() -> None:
    command = UnlockAccount(account=SYSTEM, reason="Ещё раз")
    given(A_SCHOOL).when(command, by=HEAD).then_refused(SystemStaysLocked, field="account")


@pytest.mark.parametrize(
    "command",
    [
        GrantRole(account=STRANGER, role="teacher"),
        RevokeRole(account=STRANGER, role="teacher"),
        issue(account=STRANGER),
        RevokeToken(account=STRANGER, token=TOKEN),
        LockAccount(account=STRANGER, reason="?"),
        UnlockAccount(account=STRANGER, reason="?"),
    ],
    ids=lambda command: command.name,
)
def test_nothing_is_recorded_of_an_account_that_is_not_there(command: Command) -> None:
    given(A_SCHOOL).when(command, by=HEAD).then_refused(UnknownAccount, saying="open-account", field="account")


def test_a_former_teacher_keeps_the_history_of_the_account() -> None:
    left = given(A_SCHOOL, (BORIS_STAFF, p.StaffMemberLeft(left_on=date(2025, 9, 1))))
    assert left.when(RevokeRole(account=BORIS, role="teacher"), by=HEAD).events
