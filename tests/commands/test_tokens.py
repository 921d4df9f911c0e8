"""Exchanging tokens, and what a token is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ejd.kernel.command import Actor, NotAllowed
from ejd.kernel.events import accounts as a
from ejd.kernel.states.access import AccountState
from ejd_commands.accounts import IssueToken, TokenTaken, TokenTermWrong, TooManyTokens, UnknownToken
from ejd_commands.known import UnknownAccount
from ejd_commands.tokens import RotateToken
from tests.commands.test_credentials import context_of
from tests.scenario import Scenario, given, refused_as_input
from tests.worlds import A_CLASS_5A, ADA, API_CLIENT, BORIS, HEAD, STRANGER, SUPPORT

OLD, NEW = "0123456789abcdef", "fedcba9876543210"
DIGEST, OTHER = "ab" * 32, "cd" * 32
NOW = datetime(2025, 10, 6, 9, 0, tzinfo=UTC)
"""Noon in Moscow: the clock of the scenarios."""


def at(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def holding(*tokens: a.TokenIssued, account: str = API_CLIENT) -> Scenario:
    return given((*A_CLASS_5A, *((account, one) for one in tokens)))


def token(ends: datetime = NOW + timedelta(days=30), name: str = OLD, **fields: object) -> a.TokenIssued:
    return a.TokenIssued(token=name, digest=DIGEST, client="timetable", expires_at=at(ends), **fields)  # type: ignore[arg-type]


def rotate(ends: datetime = NOW + timedelta(days=365), **fields: object) -> RotateToken:
    values = {"account": API_CLIENT, "token": OLD, "new_token": NEW, "digest": OTHER, "expires_at": ends, **fields}
    return RotateToken.model_validate(values)


def issued(ends: datetime = NOW + timedelta(days=365), **fields: object) -> a.TokenIssued:
    return a.TokenIssued(token=NEW, digest=OTHER, client="timetable", expires_at=at(ends), **fields)  # type: ignore[arg-type]


def test_a_token_is_exchanged_for_one_that_can_do_the_same_and_ends_a_day_later() -> None:
    outcome = holding(token(scopes=("read",))).when(rotate(), by=HEAD)
    outcome.then(issued(scopes=("read",)), a.TokenEndSet(token=OLD, expires_at=at(NOW + timedelta(days=1))))
    assert outcome.reserved[f"token/{NEW}"] == API_CLIENT
    after = outcome.and_then_given().state(AccountState, API_CLIENT)
    assert {one: held.expires_at for one, held in after.tokens.items()} == {
        OLD: at(NOW + timedelta(days=1)),
        NEW: at(NOW + timedelta(days=365)),
    }
    outcome.when(rotate(), by=HEAD).then_nothing()
    outcome.when(rotate(digest=DIGEST), by=HEAD).then_refused(TokenTaken, field="new_token")


def test_an_old_token_never_lives_longer_by_it() -> None:
    soon = NOW + timedelta(hours=2)
    holding(token(soon)).when(rotate(), by=HEAD).then(issued(), a.TokenEndSet(token=OLD, expires_at=at(soon)))


def test_what_cannot_be_exchanged() -> None:
    holding().when(rotate(), by=HEAD).then_refused(UnknownToken, field="token")
    holding(token(NOW)).when(rotate(), by=HEAD).then_refused(UnknownToken)
    holding().when(rotate(account=STRANGER), by=HEAD).then_refused(UnknownAccount)
    for wrong in (NOW, NOW + timedelta(days=401)):
        holding(token()).when(rotate(wrong), by=HEAD).then_refused(TokenTermWrong)
    many = [token(name=f"{n:016x}") for n in range(49)]
    holding(token(), *many).when(rotate(), by=HEAD).then_refused(TooManyTokens)
    taken = holding(token()).with_reserved({f"token/{NEW}": ADA})
    taken.when(rotate(), by=HEAD).then_refused(TokenTaken, field="new_token")


def test_a_token_exchanges_itself_and_no_other_one_of_its_account() -> None:
    """A token that may only write would else get what another one can decide."""
    scenario = holding(token())
    own, other = context_of(scenario, None, OLD), context_of(scenario, None, NEW)
    own.actor, other.actor = Actor(API_CLIENT, OLD, "x"), Actor(API_CLIENT, NEW, "x")
    assert list(rotate().need(own).granted(own)) == []
    assert not rotate().needs_step_up(own.actor)
    assert rotate().needs_step_up(other.actor)
    with pytest.raises(NotAllowed, match="make a token for this account"):
        rotate().need(other).granted(other)
    scenario.when(rotate(), by=BORIS).then_refused(NotAllowed)


def test_an_end_of_a_token_that_nobody_knows_means_nothing() -> None:
    ended = given((*A_CLASS_5A, (API_CLIENT, a.TokenEndSet(token=OLD, expires_at=1))))
    assert ended.state(AccountState, API_CLIENT).tokens == {}


def test_technical_support_exchanges_no_token_that_sees_more_than_it_does() -> None:
    """Whoever exchanges a token has the new one: of a program, or of a head, it would see the whole school."""
    for account in (API_CLIENT, HEAD):
        holding(token(), account=account).when(rotate(account=account), by=SUPPORT).then_refused(NotAllowed)
    holding(token(), account=ADA).when(rotate(account=ADA), by=SUPPORT).then(
        issued(), a.TokenEndSet(token=OLD, expires_at=at(NOW + timedelta(days=1)))
    )


def issue(**fields: object) -> IssueToken:
    values = {
        "account": ADA,
        "token": NEW,
        "digest": OTHER,
        "client": "timetable",
        "expires_at": NOW + timedelta(days=9),
    }
    return IssueToken.model_validate({**values, **fields})


def test_a_token_is_issued_for_all_or_for_what_is_said() -> None:
    nine = NOW + timedelta(days=9)
    everything = holding().when(issue(), by=HEAD)
    everything.then(issued(nine))
    everything.when(issue(scopes=["decide", "read", "write"]), by=HEAD).then_nothing()
    everything.when(issue(scopes=["read"]), by=HEAD).then_refused(TokenTaken)
    holding().when(issue(scopes=["write", "read", "read"]), by=HEAD).then(issued(nine, scopes=("read", "write")))
    for wrong, place in (([], "scopes"), (["all"], "scopes.0"), (["read"] * 4, "scopes")):
        values = {**issue().model_dump(mode="json"), "scopes": wrong}
        refused_as_input(IssueToken, field=place, **values)
