"""How a school begins: the system account opens it, lets the operator in and can do nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.app import School
from ejd.founding import IMPORTER, Founding, Head, cli_actor, found, named
from ejd.handling.handler import ClockNotSettable, Request
from ejd.kernel.command import NotAllowed
from ejd.kernel.ids import OPERATOR, SCHOOL, SYSTEM
from ejd.kernel.rights import AccountLockedRefusal
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState
from ejd_commands.accounts import OpenAccount, SystemStaysLocked, UnlockAccount
from ejd_commands.school import SchoolIsOpen, SimulationStaysSimulation
from tests.handling.conftest import school, settings
from tests.scenario import uid
from tests.schools import MORNING, microseconds, tiny_school

__all__ = ["school", "settings"]

HEAD = Head(family="Громова", given="Галина")


def now() -> int:
    return microseconds(MORNING)


def roles_of(school: School, account: str) -> set[str]:
    return {grant.role for grant in school.states.fresh(AccountState, account).grants}


def test_a_school_is_opened_once_however_often_it_is_founded(school: School) -> None:
    assert found(school.handler, Founding(name="Школа № 7"), clock=now)
    events = school.store.count_events()
    assert not found(school.handler, Founding(), clock=now)
    assert not found(school.handler, Founding(name="Школа № 7", simulated=False), clock=now)
    assert school.store.count_events() == events
    assert school.states.fresh(SchoolState, SCHOOL).timezone == "Europe/Moscow"
    assert roles_of(school, OPERATOR) == {"support"}
    assert roles_of(school, IMPORTER) == {"api-client"}


def test_the_system_account_can_do_nothing_afterwards_and_nobody_lets_it_in_again(school: School) -> None:
    found(school.handler, Founding(), clock=now)
    opening = OpenAccount(kind="person", login="intruder")
    with pytest.raises(AccountLockedRefusal):
        school.handler.handle([Request(opening, uid("intruder"))], cli_actor(SYSTEM))
    unlocking = UnlockAccount(account=SYSTEM, reason="нужно")
    with pytest.raises(SystemStaysLocked):
        school.handler.handle([Request(unlocking, uid("unlock"))], cli_actor(OPERATOR))


def test_a_head_can_be_named_at_once_or_later(school: School) -> None:
    found(school.handler, Founding(), clock=now)
    for _ in range(2):
        found(school.handler, Founding(head=HEAD), clock=now)
    assert roles_of(school, named("account head")) == {"head"}
    opening = OpenAccount(kind="program", login="register")
    school.handler.handle([Request(opening, uid("register"))], cli_actor(named("account head")))


def test_the_importer_gives_nobody_rights(school: School) -> None:
    found(school.handler, Founding(), clock=now)
    with pytest.raises(NotAllowed):
        school.handler.handle([Request(OpenAccount(kind="person", login="other"), uid("other"))], cli_actor(IMPORTER))


def test_another_school_is_refused_where_one_is_open(school: School) -> None:
    found(school.handler, Founding(name="Школа № 7"), clock=now)
    with pytest.raises(SchoolIsOpen, match="№ 7"):
        found(school.handler, Founding(name="Школа № 8"), clock=now)
    with pytest.raises(SchoolIsOpen):
        found(school.handler, Founding(timezone="Asia/Omsk"), clock=now)
    with pytest.raises(SimulationStaysSimulation):
        found(school.handler, Founding(simulated=True), clock=now)


def test_only_a_simulated_school_begins_at_a_time_of_its_own(school: School) -> None:
    with pytest.raises(ClockNotSettable):
        found(school.handler, Founding(at=now()), clock=now)
    assert found(school.handler, Founding(simulated=True, at=now(), head=HEAD), clock=lambda: now() + 10**15)
    assert {event.recorded_at for event in school.store.read_page(0, 100)} == {now()}


def test_roles_begin_on_the_day_that_it_is_at_the_school(school: School) -> None:
    """09:00 in Moscow on 25 August is 23:00 of the 24th in Honolulu, where it is not yet the 25th."""
    found(school.handler, Founding(timezone="Pacific/Honolulu", head=HEAD), clock=lambda: now() + 3 * 3_600_000_000)
    (grant,) = school.states.fresh(AccountState, OPERATOR).grants
    assert grant.starts.isoformat() == "2025-08-24"
    assert roles_of(school, named("account head")) == {"head"}


@pytest.mark.parametrize("simulated", [True, False])
def test_the_tiny_school_of_the_tests_lets_everybody_in(tmp_path: Path, simulated: bool) -> None:
    with tiny_school("sqlite", tmp_path, simulated=simulated) as tiny:
        roles = {login: set(tiny.school.authentication.by_token(token).roles) for login, token in tiny.tokens.items()}
        assert roles["ada"] == {"teacher"}
        assert roles["timetable-program"] == {"api-client"}
        assert all(roles.values())
        assert tiny.school.read.position() == tiny.school.store.last_position()
