"""The first steps of a school: the system's own account takes them once, then locks itself for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid5

from ejd.handling.handler import ClockNotSettable, Request
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Actor, Command
from ejd.kernel.ids import NAMESPACE, OPERATOR, SCHOOL, SYSTEM
from ejd.kernel.states.school import SchoolState
from ejd_commands.accounts import GrantRole, LockAccount, OpenAccount
from ejd_commands.people import EmployStaffMember
from ejd_commands.school import OpenSchool, SchoolIsOpen, SimulationStaysSimulation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ejd.handling.handler import Handler
    from ejd.kernel.events.accounts import Role

IMPORTER = str(uuid5(NAMESPACE, "importer"))
"""The program that brings set-up data in (`ejd import`, `ejd demo`): a program has no other role than API client."""
OPERATOR_LOGIN, IMPORTER_LOGIN = "operator", "importer"
DEFAULT_NAME, DEFAULT_TIMEZONE = "Школа", "Europe/Moscow"
CLIENT = "ejd-cli"


@dataclass(frozen=True)
class Head:
    """The head of the school, whose account gives all other people theirs."""

    family: str
    given: str
    middle: str = ""
    position: str = "директор"
    login: str = "head"


@dataclass(frozen=True)
class Founding:
    """What a school begins with; None: as it is, or the default. `at` is the clock of a simulated school."""

    name: str | None = None
    timezone: str | None = None
    simulated: bool | None = None
    head: Head | None = None
    at: int | None = None


def named(what: str) -> str:
    """Answer the id of something that founding makes: the same each time, so that a repeat changes nothing."""
    return str(uuid5(NAMESPACE, f"founding/{what}"))


def cli_actor(account: str) -> Actor:
    """Answer who acts when somebody at the machine's own command line does."""
    return Actor(account, named("session"), CLIENT)


def found(handler: Handler, founding: Founding, *, clock: Callable[[], int]) -> bool:
    """Open the school unless it is open, and give the head an account if one is named; False: it was open before.

    Raises Refusal when another school, or a school of the other kind, is open here.
    """
    now = clock() if founding.at is None else founding.at
    school = handler.states.fresh(SchoolState, SCHOOL)
    opening = not school.name
    if opening:
        if founding.at is not None and not founding.simulated:
            raise ClockNotSettable("only a simulated school has a settable clock: leave the time out", field="at")
        handler.handle(
            _requests("open", _opening(founding, now)),
            cli_actor(SYSTEM),
            batch_id=named("batch of the opening"),
            at=founding.at,
        )
        school = handler.states.fresh(SchoolState, SCHOOL)
    _check_same(school, founding)
    if founding.head is not None:
        _appoint(handler, founding.head, now, school.timezone, founding.at)
    return opening


def _check_same(school: SchoolState, founding: Founding) -> None:
    if founding.simulated not in {None, school.simulated}:
        kind = "simulated" if school.simulated else "real"
        msg = f"the school here is a {kind} one and stays so: open the other one in a folder of its own"
        raise SimulationStaysSimulation(msg, field="simulated")
    if founding.name not in {None, school.name} or founding.timezone not in {None, school.timezone}:
        msg = f"the school {school.name!r} ({school.timezone}) is open here already: choose another folder"
        raise SchoolIsOpen(msg, field="title")


def _opening(founding: Founding, now: int) -> list[Command]:
    timezone = founding.timezone or DEFAULT_TIMEZONE
    school = OpenSchool(title=founding.name or DEFAULT_NAME, timezone=timezone, simulated=bool(founding.simulated))
    starts = local_day(now, timezone)
    accounts: list[Command] = []
    for account, login, kind, role in (
        (OPERATOR, OPERATOR_LOGIN, "person", "support"),
        (IMPORTER, IMPORTER_LOGIN, "program", "api-client"),
    ):
        accounts.append(OpenAccount.model_validate({"account": account, "kind": kind, "login": login}))
        accounts.append(GrantRole.model_validate({"account": account, "role": role, "starts": starts.isoformat()}))
    return [school, *accounts, LockAccount(account=SYSTEM, reason="the school is open")]


def _appoint(handler: Handler, head: Head, now: int, timezone: str, at: int | None) -> None:
    """Employ the head (as the importer) and open the account (as the operator); repeats change nothing."""
    staff, account, today = named(f"staff {head.login}"), named(f"account {head.login}"), local_day(now, timezone)
    employ = EmployStaffMember(
        staff=staff,
        family=head.family,
        given=head.given,
        middle=head.middle,
        position=head.position,
        employed_on=today,
    )
    if not handler.store.heads([staff]):
        handler.handle(_requests(f"employ {head.login}", [employ]), cli_actor(IMPORTER), at=at)
    if not handler.store.heads([account]):
        handler.handle(
            _requests(f"appoint {head.login}", account_with_role(account, head.login, "head", staff)),
            cli_actor(OPERATOR),
            batch_id=named(f"batch of appointing {head.login}"),
            at=at,
        )


def account_with_role(account: str, login: str, role: Role, person: str | None = None) -> list[Command]:
    """Answer the commands that open an account and give it a role from today on."""
    return [
        OpenAccount(account=account, kind="program" if role == "api-client" else "person", login=login, person=person),
        GrantRole(account=account, role=role),
    ]


def _requests(what: str, commands: Sequence[Command]) -> list[Request]:
    return [Request(command, named(f"{what} {number}")) for number, command in enumerate(commands)]
