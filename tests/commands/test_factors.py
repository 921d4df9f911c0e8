"""Second factors in events: only the owner's, what ends them, and what a breach leaves of them."""

from __future__ import annotations

import pytest

from ejd.kernel.command import Command, NotAllowed
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import credentials as c
from ejd.kernel.events import factors as f
from ejd.kernel.states.access import AccountState
from ejd_commands.factors import (
    FACTORS_MAX,
    RECOVERY_CODES,
    AddFactor,
    FactorTaken,
    MakeRecoveryCodes,
    RecoveryCodeEnded,
    RemoveFactor,
    TooManyFactors,
    UnknownFactor,
    UseRecoveryCode,
)
from tests.scenario import given, uid
from tests.worlds import A_CLASS_5A, ADA, BORIS

APP, KEY = uid("app"), uid("key")
CODE, OTHER = "0123456789abcdef", "fedcba9876543210"
CODES = tuple(f"{n:016x}" for n in range(RECOVERY_CODES))
ADDED = f.FactorAdded(factor=APP, kind="totp")
WORLD = A_CLASS_5A


def test_the_owner_adds_and_removes_a_factor() -> None:
    given(WORLD).when(AddFactor(account=ADA, factor=APP, kind="totp"), by=ADA).then(ADDED)
    world = (*WORLD, (ADA, ADDED))
    given(world).when(RemoveFactor(account=ADA, factor=APP), by=ADA).then(f.FactorRemoved(factor=APP))


@pytest.mark.parametrize(
    "command",
    [
        AddFactor(account=ADA, factor=KEY, kind="passkey"),
        RemoveFactor(account=ADA, factor=APP),
        MakeRecoveryCodes(account=ADA, codes=CODES),
        UseRecoveryCode(account=ADA, code=CODE),
    ],
)
def test_nobody_else_does_anything_about_it(command: Command) -> None:
    given((*WORLD, (ADA, ADDED))).when(command, by=BORIS).then_refused(NotAllowed, saying="only the own")


def test_a_factor_is_added_once_and_there_are_only_so_many() -> None:
    world = (*WORLD, (ADA, ADDED))
    given(world).when(AddFactor(account=ADA, factor=APP, kind="totp"), by=ADA).then_refused(
        FactorTaken, saying="is there already"
    )
    many = ((ADA, f.FactorAdded(factor=uid(f"factor {n}"), kind="passkey")) for n in range(FACTORS_MAX - 1))
    given((*world, *many)).when(AddFactor(account=ADA, factor=KEY, kind="passkey"), by=ADA).then_refused(
        TooManyFactors, saying=f"at most {FACTORS_MAX}"
    )


def test_a_factor_that_is_not_there_is_not_removed() -> None:
    given(WORLD).when(RemoveFactor(account=ADA, factor=APP), by=ADA).then_refused(
        UnknownFactor, saying="no such second factor"
    )


def test_a_recovery_code_is_used_once() -> None:
    given(WORLD).when(MakeRecoveryCodes(account=ADA, codes=CODES), by=ADA).then(f.RecoveryCodesMade(codes=CODES))
    world = (*WORLD, (ADA, f.RecoveryCodesMade(codes=CODES)))
    used = f.RecoveryCodeUsed(code=CODES[3])
    given(world).when(UseRecoveryCode(account=ADA, code=CODES[3]), by=ADA).then(used)
    given((*world, (ADA, used))).when(UseRecoveryCode(account=ADA, code=CODES[3]), by=ADA).then_refused(
        RecoveryCodeEnded, saying="used already"
    )


def ada(*events: Event) -> AccountState:
    """Answer Ada's account after events."""
    return given((*WORLD, *((ADA, event) for event in events))).state(AccountState, ADA)


def test_adding_and_removing_end_sessions_and_recovery_codes_do_not() -> None:
    before = ada().generation
    added = ada(ADDED)
    assert added.factors == {APP: "totp"}
    assert added.generation > before
    assert ada(ADDED, f.FactorRemoved(factor=APP)).generation > added.generation
    codes = ada(ADDED, f.RecoveryCodesMade(codes=CODES), f.RecoveryCodeUsed(code=CODES[0]))
    assert (codes.generation, codes.recovery_codes) == (added.generation, set(CODES[1:]))


def test_a_code_that_starts_over_and_a_reset_leave_no_factor_and_a_plain_code_does() -> None:
    own = (ADDED, f.RecoveryCodesMade(codes=CODES))
    plain = ada(*own, c.CodeIssued(code=CODE, expires_at=1), c.CodeUsed(code=CODE))
    assert (plain.factors, len(plain.recovery_codes)) == ({APP: "totp"}, RECOVERY_CODES)
    over = ada(*own, c.CodeIssued(code=CODE, expires_at=1, starts_over=True), c.CodeUsed(code=CODE))
    assert (over.factors, over.recovery_codes) == ({}, set())
    reset = ada(*own, a.CredentialsReset(breach=uid("breach")))
    assert (reset.factors, reset.recovery_codes) == ({}, set())


def test_when_the_code_that_started_over_was_a_strangers_the_factors_are_back() -> None:
    """Its issue is void by then; that it was used never is."""
    assert ada(ADDED, c.CodeUsed(code=OTHER)).factors == {APP: "totp"}
