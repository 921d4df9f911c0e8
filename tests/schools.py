"""A tiny school on either database, set up through commands only: people, journals, timetable, accounts, tokens.

Ids are those of `tests.worlds`. Monday 6 October 2025 is `worlds.TODAY`; mathematics of 5А is taught by ADA in the
second slot of every working day (LESSON), mathematics of 5Б by BORIS in the third; ADA is class teacher of 5А; PARENT
acts for VERA, VERA has an account of her own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ejd.access.passwords import Cost
from ejd.access.secrets import new_token
from ejd.app import School, initialise, open_school, system_clock
from ejd.founding import IMPORTER, Founding, found
from ejd.handling.handler import Request, batch_id_of
from ejd.kernel.command import Actor, Command
from ejd.kernel.envelope import Answer
from ejd.kernel.ids import OPERATOR, lesson_stream
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from ejd_commands import accounts as a
from ejd_commands import classes as c
from ejd_commands import journals as j
from ejd_commands import people as p
from ejd_commands import school as s
from ejd_commands import timetable as t
from ejd_commands import years as y
from ejd_commands.catalogue import catalogue
from tests import worlds as w
from tests.handling.conftest import create_service_role
from tests.postgres import PostgresDatabase
from tests.scenario import uid

Database = Literal["sqlite", "postgres"]

MORNING = datetime(2025, 8, 25, 9, tzinfo=ZoneInfo("Europe/Moscow"))
"""When the school is set up."""
NOON = datetime(2025, 10, 6, 12, tzinfo=ZoneInfo("Europe/Moscow"))
"""The present of the tests: the lesson of `worlds.TODAY` is over."""

CHEAP = Cost(memory_kib=8, passes=1)
"""Of a password's hash: tests make many, and none of them is secret."""

JOURNAL_5B = uid("journal maths 5b")
SLOT_5B = 3
LESSON_5B = lesson_stream(JOURNAL_5B, w.TODAY, SLOT_5B)
PLAN_LINES = 10

LOGINS: dict[str, tuple[str, str, str | None]] = {
    "head": (w.HEAD, "head", w.HEAD_STAFF),
    "deputy": (w.DEPUTY, "deputy-head", w.DEPUTY_STAFF),
    "ada": (w.ADA, "teacher", w.ADA_STAFF),
    "boris": (w.BORIS, "teacher", w.BORIS_STAFF),
    "olga": (w.PARENT, "parent", w.PARENT_GUARDIAN),
    "vera": (w.PUPIL_ACCOUNT, "pupil", w.VERA),
    "helper": (w.SUPPORT, "support", None),
    "timetable-program": (w.API_CLIENT, "api-client", None),
}
"""Login: account, role, person."""


def microseconds(moment: datetime) -> int:
    """Answer microseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self, moment: datetime) -> None:
        """Stand at a moment."""
        self.moment = moment

    def __call__(self) -> int:
        """Answer microseconds since 1970 UTC."""
        return microseconds(self.moment)


@dataclass
class TinySchool:
    """The open school, where it is, and a bearer token for each login of LOGINS."""

    settings: Settings
    school: School
    clock: Callable[[], int]
    simulated: bool
    tokens: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def send(
        self, command: Command, *, login: str = "ada", at: datetime | None = None, command_id: str | None = None
    ) -> Answer:
        """Send one command as somebody; in a simulated school at NOON unless another time is given."""
        return self.send_all([command], account=LOGINS[login][0], at=at, ids=[command_id] if command_id else None)

    def send_all(
        self,
        commands: Sequence[Command],
        *,
        account: str,
        at: datetime | None = None,
        ids: Sequence[str] | None = None,
    ) -> Answer:
        """Send commands as one batch (or a single one alone)."""
        ids = ids or [self.new_id() for _ in commands]
        requests = [Request(command, one) for command, one in zip(commands, ids, strict=True)]
        return self.school.handler.handle(
            requests,
            Actor(account, uid("session"), "tests"),
            batch_id=batch_id_of(ids) if len(ids) > 1 else "",
            at=microseconds(at or NOON) if self.simulated else None,
        )

    def new_id(self) -> str:
        """Answer an id that nothing has yet."""
        return uid(f"tiny {next(self._numbers)}")

    def issue_token(self, login: str, account: str, *, days: int = 300) -> str:
        """Give the account of a login a token by the present clock and keep it in `tokens`."""
        made = new_token(lambda size: sha256(f"{login}/{days}/{size}".encode()).digest()[:size])
        now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.clock())
        command = a.IssueToken(
            account=account,
            token=made.token_id,
            digest=made.digest,
            client="tests",
            expires_at=now + timedelta(days=days),
        )
        request = Request(command, self.new_id())
        self.school.handler.handle([request], Actor(OPERATOR, uid("session"), "tests"))
        self.tokens[login] = made.text
        return made.text

    def headers(self, login: str, **more: str) -> dict[str, str]:
        """Answer the headers with which somebody comes; in a simulated school the time is NOON."""
        simulated = {"Ejd-Simulated-Time": NOON.isoformat()} if self.simulated else {}
        return {"Authorization": f"Bearer {self.tokens[login]}", **simulated, **more}

    def feed(self) -> None:
        """Bring the reports to the newest event."""
        self.school.feeder.run_to_end()


def settings_of(database: Database, folder: Path, postgres: PostgresDatabase | None = None) -> Settings:
    """Answer the settings of a school in a folder, or in a database of the test's server."""
    if database == "sqlite":
        return Settings(data_dir=folder / "school")
    assert postgres is not None, "ask for the fixture postgres_database"
    role = create_service_role(postgres)
    return Settings(
        data_dir=folder / "school",
        database_url=postgres.dsn_as(role),
        owner_database_url=postgres.dsn,
        school="tiny",
    )


def make_school(  # noqa: PLR0913 - where the school is, and what kind of school
    database: Database,
    folder: Path,
    postgres: PostgresDatabase | None = None,
    *,
    simulated: bool = False,
    clock: Callable[[], int] | None = None,
    build: bool = True,
    timezone: str = "Europe/Moscow",
) -> TinySchool:
    """Make the tiny school; close `.school` when done.

    A real one has a clock that stands (at NOON unless `clock` is given). A simulated one has the machine's clock, as
    another process that serves it has, and is sent commands as of NOON.
    """
    settings = settings_of(database, folder, postgres)
    initialise(settings)
    present = clock or (system_clock if simulated else Clock(NOON))
    morning = microseconds(MORNING)
    school = open_school(settings, clock=(lambda: morning) if not simulated else present, hash_cost=CHEAP)
    tiny = TinySchool(settings, school, (lambda: morning) if not simulated else present, simulated)
    found(school.handler, _founding(timezone, simulated=simulated), clock=tiny.clock)
    tiny.send_all(_set_up(), account=IMPORTER, at=MORNING)
    tiny.send_all(_people(), account=IMPORTER, at=MORNING)
    tiny.send_all(_journals(), account=IMPORTER, at=MORNING)
    tiny.send_all(_accounts(), account=OPERATOR, at=MORNING)
    if not simulated:
        school.close()
        school = open_school(settings, clock=present, hash_cost=CHEAP)
        tiny.school, tiny.clock = school, present
    for login, (account, _, _) in LOGINS.items():
        tiny.issue_token(login, account)
    if build:
        ensure_built(school.read, school.workshop, processes=1)
        school.feeder.run_to_end()
    return tiny


@contextmanager
def tiny_school(
    database: Database, folder: Path, postgres: PostgresDatabase | None = None, **options: Any
) -> Iterator[TinySchool]:
    """Make the tiny school and close it at the end."""
    tiny = make_school(database, folder, postgres, **options)
    try:
        yield tiny
    finally:
        tiny.school.close()


def _founding(timezone: str, *, simulated: bool) -> Founding:
    at = microseconds(MORNING) if simulated else None
    return Founding(name="Школа № 7", timezone=timezone, simulated=simulated, at=at)


def made(name: str, **fields: Any) -> Command:
    """Answer a command from its name and JSON fields, as a client gives them."""
    return catalogue()[name].model_validate(fields)


def _set_up() -> list[Command]:
    year, days = w.YEAR, [{"title": name, "weekday": n} for n, name in enumerate(w.WEEKDAYS)]
    quarters = [("q1", "2025-09-01", "2025-10-24"), ("q2", "2025-11-05", "2025-12-30")]
    quarters += [("q3", "2026-01-12", "2026-03-27"), ("q4", "2026-04-06", "2026-05-29")]
    bells = [{"slot": n, "starts": 510 + 55 * (n - 1), "ends": 555 + 55 * (n - 1)} for n in range(1, 8)]
    return [
        y.OpenAcademicYear(year=year, title="2025/26", first_day=w.FIRST_DAY, last_day=w.LAST_DAY),
        made("define-cycle", year=year, kind="weekly", days=days),
        made(
            "define-grading-periods",
            year=year,
            scheme="quarters",
            periods=[{"code": q, "title": q, "first_day": first, "last_day": last} for q, first, last in quarters],
        ),
        made("define-bell-schedule", year=year, code="first-shift", title="Первая смена", bells=bells),
        s.DefineSubject(subject=w.MATHS, title="Математика", short="Мат"),
        s.DefineRoom(room=w.ROOM_12, title="12", capacity=30),
        *(
            c.FormClass(class_id=one, year=year, title=name, grade=5, scheme="quarters", bells="first-shift")
            for one, name in ((w.CLASS_5A, "5А"), (w.CLASS_5B, "5Б"))
        ),
    ]


def _people() -> list[Command]:
    employed = date(2020, 8, 20)
    staff = (
        (w.HEAD_STAFF, "Громова", "Галина", "директор"),
        (w.DEPUTY_STAFF, "Дымова", "Дарья", "заместитель директора"),
        (w.ADA_STAFF, "Лавлинская", "Ада", "учитель"),
        (w.BORIS_STAFF, "Борисов", "Борис", "учитель"),
    )
    pupils = (
        (w.VERA, "Васильева", "Вера", w.CLASS_5A),
        (w.GLEB, "Глебов", "Глеб", w.CLASS_5A),
        (w.DINA, "Ёлкина", "Дина", w.CLASS_5A),
        (w.MISHA, "Мишин", "Михаил", w.CLASS_5B),
    )
    return [
        *(
            p.EmployStaffMember(staff=one, family=family, given=given, position=position, employed_on=employed)
            for one, family, given, position in staff
        ),
        *(
            p.EnrolPupil(pupil=one, family=family, given=given, class_id=class_id, enrolled_on=w.FIRST_DAY)
            for one, family, given, class_id in pupils
        ),
        p.RegisterGuardian(guardian=w.PARENT_GUARDIAN, family="Васильева", given="Ольга", email="olga@example.org"),
        p.EstablishGuardianship(guardian=w.PARENT_GUARDIAN, pupil=w.VERA, relation="mother", starts=w.FIRST_DAY),
        c.AppointClassTeacher(class_id=w.CLASS_5A, staff=w.ADA_STAFF, starts=w.FIRST_DAY),
    ]


def _journals() -> list[Command]:
    taught = (
        (w.JOURNAL, w.CLASS_5A, w.ADA_STAFF, w.LESSON_SLOT),
        (JOURNAL_5B, w.CLASS_5B, w.BORIS_STAFF, SLOT_5B),
    )
    topics = tuple(j.PlannedTopicPart(number=n, topic=f"Тема {n}") for n in range(1, PLAN_LINES + 1))
    commands: list[Command] = []
    for journal, group, teacher, slot in taught:
        entries = tuple(t.ScheduleEntryPart(cycle_day=n, slot=slot, room=w.ROOM_12) for n in range(1, 6))
        commands += [
            j.OpenJournal(journal=journal, subject=w.MATHS, group=group, group_kind="class"),
            j.AssignTeacher(journal=journal, staff=teacher, starts=w.FIRST_DAY, hours_per_week=5),
            j.AdoptThematicPlan(journal=journal, topics=topics),
            t.ScheduleJournal(journal=journal, starts=w.FIRST_DAY, entries=entries),
        ]
    return commands


def _accounts() -> list[Command]:
    commands: list[Command] = []
    for login, (account, role, person) in LOGINS.items():
        kind = "program" if role == "api-client" else "person"
        commands.append(made("open-account", account=account, kind=kind, login=login, person=person))
        commands.append(made("grant-role", account=account, role=role, starts=MORNING.date().isoformat()))
    return commands
