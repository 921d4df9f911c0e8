"""A school in which every role stands in every situation: own, foreign, ended, not yet begun, under breach.

5А is the own class, 5Б the foreign one, whose people have unmistakable names. Two more teachers have loads and
substitutions that ended yesterday or begin tomorrow; class teachers, guardians and grants likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ejd.founding import IMPORTER
from ejd.kernel.command import Command
from ejd.kernel.ids import OPERATOR, lesson_stream
from ejd.read.rebuild import ensure_built
from tests import worlds as w
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import JOURNAL_5B, LESSON_5B, LOGINS, SLOT_5B, Database, TinySchool, made, tiny_school

Situation = Literal["own", "foreign", "ended", "begins", "breach", "other-school"]
ROLES = (
    "head",
    "deputy-head",
    "teacher",
    "class-teacher",
    "substitute",
    "pupil",
    "parent",
    "support",
    "api-client",
)
SITUATIONS: tuple[Situation, ...] = ("own", "foreign", "ended", "begins", "breach", "other-school")
WITHOUT_FOREIGN = {
    "head": "sees the whole school, so that nothing in it is foreign",
    "deputy-head": "sees the whole school, so that nothing in it is foreign",
    "api-client": "sees the whole school, so that nothing in it is foreign",
    "support": "has no objects of the school at all, so that none is the own one",
}
"""Cells that do not exist, with the reason."""

TODAY, YESTERDAY, TOMORROW = w.TODAY, w.TODAY - timedelta(days=3), w.TODAY + timedelta(days=1)
"""Yesterday is the last school day."""
THURSDAY, WEDNESDAY = w.TODAY - timedelta(days=4), w.TODAY - timedelta(days=5)
LONG_AGO = date(2025, 9, 15)
FOREIGN_FAMILY, FOREIGN_GIVEN = "Чужеродова", "Евпраксия"
FOREIGN_PUPIL, FOREIGN_GUARDIAN = uid("foreign pupil"), uid("foreign guardian")
FOREIGN_GUARDIAN_FAMILY, FOREIGN_EMAIL = "Чужеродов", "chuzherodov@example.org"
FOREIGN_TOPIC, FOREIGN_HOMEWORK = "Тема-невидимка", "Задание-невидимка"
OWN_WORK, FOREIGN_WORK = uid("own control work"), uid("foreign control work")
OWN_REQUEST, FOREIGN_REQUEST = uid("own request"), uid("foreign request")
BREACHED, BREACH = uid("account in the breach"), uid("breach")
ERASURE = uid("request to erase a guardian who left")
PLAIN_ACCOUNT = uid("account of nobody important")


@dataclass(frozen=True)
class Objects:
    """What a request is about."""

    class_id: str
    journal: str
    pupil: str
    guardian: str
    slot: int
    lesson: str
    day: date
    control_work: str
    request: str
    teacher: str
    giver: str = ""


OWN = Objects(
    w.CLASS_5A,
    w.JOURNAL,
    w.VERA,
    w.PARENT_GUARDIAN,
    w.LESSON_SLOT,
    w.LESSON,
    TODAY,
    OWN_WORK,
    OWN_REQUEST,
    w.ADA_STAFF,
)
FOREIGN = Objects(
    w.CLASS_5B,
    JOURNAL_5B,
    FOREIGN_PUPIL,
    FOREIGN_GUARDIAN,
    SLOT_5B,
    LESSON_5B,
    TODAY,
    FOREIGN_WORK,
    FOREIGN_REQUEST,
    w.BORIS_STAFF,
)


@dataclass
class Actors:
    """The accounts of the matrix, made as commands; `about` differs where a guardian acts in the own name."""

    people: list[Command] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    logins: dict[tuple[str, str], str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    guardians: dict[tuple[str, str], str] = field(default_factory=dict)

    def account(self, role: str, situation: str, granted: str, person: str | None, **term: Any) -> None:
        """Open one and grant the role."""
        login = f"{role}.{situation}"
        account = uid(f"account {login}")
        kind = "program" if granted == "api-client" else "person"
        self.commands.append(made("open-account", account=account, kind=kind, login=login, person=person))
        term = {"starts": "2025-08-25", **term}
        self.commands.append(made("grant-role", account=account, role=granted, **term))
        self.logins[role, situation] = login
        self.accounts[login] = account

    def staff(self, login: str) -> str:
        """Employ somebody for an account."""
        person = uid(f"staff {login}")
        fields = {"family": "Сотрудник", "given": "Имя", "position": "учитель", "employed_on": "2020-08-20"}
        self.people.append(made("employ-staff-member", staff=person, **fields))
        return person


GRANT_ENDED: dict[str, Any] = {"ends": YESTERDAY.isoformat()}
GRANT_BEGINS: dict[str, Any] = {"starts": TOMORROW.isoformat()}


def actors() -> Actors:
    """Answer every actor: those of whole-school roles and pupils change by grant, the others by duty."""
    found = Actors()
    terms: dict[str, dict[str, Any]] = {"own": {}, "ended": GRANT_ENDED, "begins": GRANT_BEGINS, "breach": {}}
    for situation, term in terms.items():
        for role in ("head", "deputy-head"):
            found.account(role, situation, role, found.staff(f"{role} {situation}"), **term)
        found.account("support", situation, "support", None, **term)
        found.account("api-client", situation, "api-client", None, **term)
        found.account("pupil", situation, "pupil", w.VERA, **term)
        for role in ("teacher", "class-teacher", "substitute"):
            found.account(role, situation, "teacher", found.staff(f"{role} {situation}"))
        guardian = uid(f"guardian {situation}")
        found.guardians["parent", situation] = guardian
        name = {"family": "Родитель", "given": situation}
        found.people.append(made("register-guardian", guardian=guardian, **name))
        found.account("parent", situation, "parent", guardian)
    return found


def duties() -> Iterator[Command]:
    """Answer what makes teachers, class teachers, substitutes and guardians what they are in each situation."""

    def person(role: str, situation: str) -> str:
        return uid(f"staff {role} {situation}")

    load: dict[str, dict[str, Any]] = {
        "own": {"starts": "2025-09-01"},
        "breach": {"starts": "2025-09-01"},
        "ended": {"starts": "2025-09-01"},
        "begins": {"starts": TOMORROW.isoformat()},
    }
    for situation, term in load.items():
        yield made("assign-teacher", journal=w.JOURNAL, staff=person("teacher", situation), **term)
    yield made("unassign-teacher", journal=w.JOURNAL, staff=person("teacher", "ended"), ends=WEDNESDAY.isoformat())
    heads = (("ended", "2025-09-01"), ("breach", YESTERDAY.isoformat()), ("own", TODAY.isoformat()))
    for situation, starts in (*heads, ("begins", TOMORROW.isoformat())):
        staff = person("class-teacher", situation)
        yield made("appoint-class-teacher", class_id=w.CLASS_5A, staff=staff, starts=starts)
    for situation, day in (("own", TODAY), ("ended", YESTERDAY), ("begins", TOMORROW)):
        yield made(
            "substitute-teacher",
            journal=w.JOURNAL,
            day=day.isoformat(),
            slot=w.LESSON_SLOT,
            teacher=person("substitute", situation),
            absent_teacher=w.ADA_STAFF,
        )
    for situation, starts in (("own", "2025-09-01"), ("ended", "2025-09-01"), ("begins", TOMORROW.isoformat())):
        fields = {"guardian": uid(f"guardian {situation}"), "pupil": w.VERA, "relation": "mother", "starts": starts}
        yield made("establish-guardianship", **fields)
    breached = {"guardian": uid("guardian breach"), "pupil": w.VERA, "relation": "father", "starts": "2025-09-01"}
    yield made("establish-guardianship", **breached)
    ended = {"guardian": uid("guardian ended"), "pupil": w.VERA, "ends": TODAY.isoformat()}
    yield made("end-guardianship", **ended)


def foreign() -> Iterator[Command]:
    """Answer the foreign child with guardian, marks and texts that nobody could take for somebody else's."""
    name = {"family": FOREIGN_FAMILY, "given": FOREIGN_GIVEN, "birth_date": "2014-02-03"}
    yield made("enrol-pupil", pupil=FOREIGN_PUPIL, class_id=w.CLASS_5B, enrolled_on="2025-09-01", **name)
    guardian = {"guardian": FOREIGN_GUARDIAN, "family": FOREIGN_GUARDIAN_FAMILY, "given": "Евлампий"}
    yield made("register-guardian", **guardian, email=FOREIGN_EMAIL, phone="+79990001122")
    tie = {"guardian": FOREIGN_GUARDIAN, "pupil": FOREIGN_PUPIL, "relation": "father", "starts": "2025-09-01"}
    yield made("establish-guardianship", **tie)
    for work, journal in ((OWN_WORK, w.JOURNAL), (FOREIGN_WORK, JOURNAL_5B)):
        plan = {"control_work": work, "journal": journal, "day": "2025-11-12", "title": "Дроби", "form": "письменная"}
        yield made("plan-control-work", **plan)


def by_role(situation_of: Situation, role: str, found: Actors) -> Objects:
    """Answer what a cell's request is about: a teacher's own lesson is one that was not given to the substitute."""
    if situation_of == "foreign":
        return FOREIGN
    own = OWN
    if role == "teacher":
        own = replace(own, day=THURSDAY, lesson=lesson_stream(w.JOURNAL, THURSDAY, w.LESSON_SLOT))
    if role == "pupil":
        own = replace(own, giver=own.pupil)
    guardian = found.guardians.get((role, situation_of))
    return own if guardian is None else replace(own, guardian=guardian)


@dataclass
class Matrix:
    """The school with all actors; `tokens` by role and situation."""

    tiny: TinySchool
    found: Actors
    tokens: dict[tuple[str, str], str]

    def about(self, role: str, situation: Situation) -> Objects:
        """Answer what a cell's request is about."""
        return by_role(situation, role, self.found)


OTHER = {"teacher": "ada", "class-teacher": "ada", "substitute": "boris", "pupil": "vera", "parent": "olga"}
OTHERS = {"head": "head", "deputy-head": "deputy", "support": "helper", "api-client": "timetable-program", **OTHER}
"""Who of the other school has a token of the role."""


@contextmanager
def matrix(database: Database, folder: Path, place: PostgresDatabase | None = None) -> Iterator[Matrix]:
    """Make the school and everybody in it, and take tokens of another school."""
    with tiny_school("sqlite", folder / "other", build=False) as other:
        strangers = {
            role: other.issue_token(f"other {role}", LOGINS[login][0], days=200) for role, login in OTHERS.items()
        }
    with tiny_school(database, folder, place, build=False) as tiny:
        found = actors()
        tiny.send_all(found.people, account=IMPORTER)
        tiny.send_all(found.commands, account=OPERATOR)
        tiny.send_all([*foreign()], account=w.DEPUTY)
        for command in duties():
            tiny.send_all([command], account=w.DEPUTY)
        _work(tiny, found)
        tokens = {
            (role, situation): tiny.issue_token(login, found.accounts[login])
            for (role, situation), login in found.logins.items()
        }
        tokens |= {(role, "foreign"): tokens[role, "own"] for role in ROLES if role not in WITHOUT_FOREIGN}
        tokens |= {(role, "other-school"): token for role, token in strangers.items()}
        _breaches(tiny, found)
        ensure_built(tiny.school.read, tiny.school.workshop, processes=1)
        tiny.school.feeder.run_to_end()
        yield Matrix(tiny, found, tokens)


def _work(tiny: TinySchool, found: Actors) -> None:
    """Let teachers record what nobody else should read, and ask for corrections."""
    foreign_lesson = {"journal": JOURNAL_5B, "day": TODAY.isoformat(), "slot": SLOT_5B}
    boris = (
        made("record-topic", **foreign_lesson, topic=FOREIGN_TOPIC),
        made("set-homework", **foreign_lesson, homework={"text": FOREIGN_HOMEWORK, "due": TOMORROW.isoformat()}),
        made("record-mark", **foreign_lesson, pupil=FOREIGN_PUPIL, work="oral", value="5"),
        made("take-roll", **{**foreign_lesson, "day": YESTERDAY.isoformat()}, absences=[absent(FOREIGN_PUPIL)]),
        made("decide-final-mark", journal=JOURNAL_5B, period="q1", pupil=FOREIGN_PUPIL, value="5"),
    )
    for command in boris:
        tiny.send_all([command], account=w.BORIS)
    own_lesson = {"journal": w.JOURNAL, "day": THURSDAY.isoformat(), "slot": w.LESSON_SLOT}
    for command in (
        made("record-topic", **own_lesson, topic="Своя тема"),
        made("record-mark", **own_lesson, pupil=w.VERA, work="oral", value="4"),
    ):
        tiny.send_all([command], account=w.ADA)
    why = {"kind": "topic", "day": LONG_AGO.isoformat(), "reason": "опоздание"}
    teacher = found.accounts["teacher.own"]
    asked = ((OWN_REQUEST, w.JOURNAL, w.LESSON_SLOT, teacher), (FOREIGN_REQUEST, JOURNAL_5B, SLOT_5B, w.BORIS))
    for request, journal, slot, account in asked:
        tiny.send_all([made("request-correction", request=request, journal=journal, slot=slot, **why)], account=account)


def absent(pupil: str) -> dict[str, str]:
    """Answer a line of the roll."""
    return {"pupil": pupil, "kind": "ill"}


def _breaches(tiny: TinySchool, found: Actors) -> None:
    """Report the accounts under breach, and one more for the commands about a breach."""
    learned = datetime(2025, 10, 6, 8, tzinfo=UTC).isoformat()
    own = [
        made("open-account", account=BREACHED, kind="person", login="breached", person=None),
        made("open-account", account=PLAIN_ACCOUNT, kind="person", login="plain", person=None),
        made("grant-role", account=BREACHED, role="support"),
    ]
    tiny.send_all(own, account=OPERATOR)
    erasure = {"person": uid("guardian ended"), "kind": "guardian", "ground": "purpose-reached", "reason": "выбыли"}
    tiny.send_all([made("request-erasure", request=ERASURE, **erasure)], account=w.DEPUTY)
    accounts = [(BREACH, BREACHED)]
    accounts += [(uid(f"breach {role}"), found.accounts[f"{role}.breach"]) for role in ROLES]
    for breach, account in accounts:
        report = made("report-breach", breach=breach, account=account, learned_at=learned, what="Пароль на доске")
        tiny.send_all([report], account=w.HEAD)
