"""States of breaches, requests and accounts: how they begin, windows in windows, and folds that never fail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from ejd.kernel.command import State
from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import breaches as b
from ejd.kernel.events import school as s
from ejd.kernel.sealed import Sealed
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import BreachState, Window
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.school import SchoolState
from tests.scenario import folded

WHY = Sealed("school", b"")
HEAD = b.Decider(account="head", person="galina")
RECEIVED = b.NoticeReceived(by=HEAD, receiver="head", received_at=9, entered_at=12, confirmed=False)


def breach(*events: Event) -> BreachState:
    """The state after these events."""
    return folded(BreachState, "breach", events)


def void(stream: str, *versions: int) -> b.VoidedVersions:
    """Versions of a stream."""
    return b.VoidedVersions(stream=stream, versions=versions)


def invalidated(*voided: b.VoidedVersions, commands: Sequence[str] = (), pupils: Sequence[str] = ()) -> Event:
    """An invalidation."""
    return b.EventsInvalidated(digest="", commands=tuple(commands), voided=voided, pupils=tuple(pupils), decided_at=20)


def test_before_the_first_event_nothing_is_known() -> None:
    assert vars(BreachState()) == {
        "version": 0,
        "reported": None,
        "receipts": {},
        "reset_at": None,
        "chosen": None,
        "widening": None,
        "proposed": None,
        "invalidations": 0,
        "held": {},
        "commands": set(),
        "reaffirmed": set(),
        "pupils": set(),
        "span": None,
        "decided": {},
        "closed": False,
    }
    assert vars(CorrectionState()) == {
        "version": 0,
        "requested": None,
        "requested_ref": None,
        "standing": "none",
        "until": 0,
        "approval": None,
    }
    assert vars(AccountState()) == {
        "version": 0,
        "opened": None,
        "grants": (),
        "tokens": {},
        "ended_tokens": set(),
        "revoked_tokens": set(),
        "password": None,
        "codes": {},
        "ended_codes": set(),
        "starting_over": set(),
        "factors": {},
        "recovery_codes": set(),
        "generation": 0,
        "closed_by_hand": False,
        "suspended": set(),
        "breaches": set(),
    }


@pytest.mark.parametrize("state", [BreachState, CorrectionState, AccountState])
def test_what_a_state_does_not_know_changes_nothing(state: type[State]) -> None:
    other = s.RoomDefined(name="12", capacity=30)
    assert vars(folded(state, "stream", [other])) == {**vars(state()), "version": 1}


@pytest.mark.parametrize(
    ("inner", "within"),
    [
        (Window(10, 20), True),
        (Window(11, 19), True),
        (Window(9, 20), False),
        (Window(10, 21), False),
        (Window(10, 20, ("web",)), True),
    ],
)
def test_a_window_of_all_sessions_holds_every_earlier_end_and_later_beginning(inner: Window, *, within: bool) -> None:
    assert inner.within(Window(10, 20)) is within


@pytest.mark.parametrize(
    ("sessions", "within"),
    [(("phone",), True), (("phone", "web"), True), (("tablet",), False), (("tablet", "web"), False), ((), False)],
)
def test_a_window_of_some_sessions_holds_those_and_not_all(sessions: tuple[str, ...], *, within: bool) -> None:
    assert Window(10, 20, sessions).within(Window(10, 20, ("phone", "web"))) is within


def test_a_confirmation_is_of_the_receipt_with_its_time_only() -> None:
    """The receipt of 9 waits; a confirmation of another time, or of the other receiver, confirms nothing."""
    for other in (
        b.NoticeConfirmed(receiver="head", received_at=8),
        b.NoticeConfirmed(receiver="support", received_at=9),
    ):
        assert breach(RECEIVED, other).receipts == {"head": RECEIVED}
    assert breach(RECEIVED, b.NoticeConfirmed(receiver="head", received_at=9)).receipts["head"].confirmed


def test_pupils_and_commands_of_two_rounds_add_up_and_a_reaffirmed_command_is_held_no_more() -> None:
    first = invalidated(void("lesson", 1, 2), commands=("c1", "c2"), pupils=("vera",))
    second = invalidated(void("lesson", 4), void("other", 1), commands=("c4",), pupils=("gleb",))
    state = breach(first, second)
    assert (state.pupils, state.commands) == ({"vera", "gleb"}, {"c1", "c2", "c4"})
    assert state.held == {"lesson": {1, 2, 4}, "other": {1}}
    ours = b.OperationsReaffirmed(commands=("c2",), restored=(void("lesson", 2),), reason=WHY)
    state = breach(first, second, ours)
    assert (state.commands, state.reaffirmed) == ({"c1", "c4"}, {"c2"})
    assert state.held == {"lesson": {1, 4}, "other": {1}}


def test_restoring_what_is_not_held_changes_nothing() -> None:
    revoked = b.InvalidationRevoked(restored=(void("lesson", 1), void("never", 3)), reason=WHY)
    assert breach(invalidated(void("lesson", 1)), revoked).held == {}


def test_a_grant_takes_the_place_of_one_of_its_role_and_counts_on_its_last_day() -> None:
    day = date(2025, 10, 6)
    granted = (
        a.RoleGranted(role="teacher", starts=date(2025, 9, 1)),
        a.RoleGranted(role="head", starts=day),
        a.RoleGranted(role="teacher", starts=day, ends=date(2025, 10, 7)),
    )
    state = folded(AccountState, "ada", granted)
    assert [(one.role, one.ref) for one in state.grants] == [("head", Ref("ada", 2)), ("teacher", Ref("ada", 3))]
    held = [[one.role for one in state.held(date(2025, 10, n))] for n in (5, 6, 7, 8)]
    assert held == [[], ["head", "teacher"], ["head", "teacher"], ["head"]]


def test_grants_of_one_role_in_several_scopes_stand_side_by_side_and_end_one_by_one() -> None:
    day = date(2025, 10, 6)
    here, there = a.GrantScope(kind="journal", id="maths"), a.GrantScope(kind="journal", id="english")
    granted = (
        a.RoleGranted(role="teacher", starts=day, scope=here),
        a.RoleGranted(role="teacher", starts=day, scope=there),
        a.RoleGranted(role="teacher", starts=day),
        a.RoleRevoked(role="teacher", scope=here),
    )
    state = folded(AccountState, "ada", granted)
    assert [(one.scope, one.ref) for one in state.held(day)] == [(there, Ref("ada", 2)), (None, Ref("ada", 3))]
    state = folded(AccountState, "ada", (*granted, a.RoleRevoked(role="teacher")))
    assert [one.scope for one in state.held(day)] == [there]


def test_an_unlocked_account_is_open() -> None:
    state = folded(AccountState, "ada", [a.AccountLocked(reason=WHY), a.AccountUnlocked(reason=WHY)])
    assert (state.closed_by_hand, state.locked) == (False, False)


def test_a_regulation_counts_from_its_first_day_and_before_the_first_one_the_default() -> None:
    adopted = s.Regulation(mark_window_days=30)
    state = folded(SchoolState, "school", [s.RegulationAdopted(starts=date(2025, 9, 1), regulation=adopted)])
    assert state.regulation_on(date(2025, 9, 1)) == adopted
    assert state.regulation_on(date(2025, 8, 31)) == s.Regulation()
