"""No name, contact or free text about a person stands in clear in events, their WAL, a dump or a backup of them."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ejd.access.vault import Standing
from ejd.app import School
from ejd.handling.handler import Request
from ejd.kernel.command import Actor, Command
from ejd.kernel.envelope import Ref
from ejd.kernel.events import CATALOGUE
from ejd.kernel.sealed import Sealed, TamperedError
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from ejd_commands.acknowledgements import AcknowledgeDiary
from ejd_commands.attendance import AbsenceLine, CorrectAttendance, TakeRoll
from ejd_commands.consents import CorrectConsent, GiveConsent, StrikeConsent
from ejd_commands.lessons import CorrectTopic, RecordTopic
from ejd_commands.marks import CorrectMark, GiveRecommendation, RecordMark, WithdrawMark
from ejd_commands.people import EmployStaffMember, EnrolPupil, RegisterGuardian
from ejd_commands.person_records import CorrectBirthDate, CorrectPersonName
from ejd_commands.positions import CorrectStaffPositions, PositionPart
from ejd_commands.substitution_bulk import SubstituteTeacherBulk
from ejd_commands.substitutions import CancelLesson, SubstituteTeacher
from ejd_projections.people import persons
from tests import worlds as w
from tests.handling.conftest import school, settings, store_world
from tests.postgres import PostgresDatabase
from tests.scenario import uid

__all__ = ["school", "settings"]

SECRETS = (
    "Щербатова-Ёлкина",
    "Пульхерия",
    "Африкановна",
    "2013-04-17",
    "pulcheria@example.org",
    "+7 900 123-45-67",
    "Перепутала строчки журнала",
    "Занимается с увлечением",
    "Обратить внимание на дроби",
    "Больничный лист 77",
    "Опоздала из-за автобуса",
    "Карантин по ветрянке",
    "Опечатка в теме",
    "Плановая операция",
    "Снимать только со спины",
    "Бумага другого ребёнка",
    "Приказ отменён по жалобе",
)
CELL: dict[str, Any] = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
LESSON_BEFORE: dict[str, Any] = {**CELL, "day": w.LESSON_DAY.replace(day=3)}
LESSON_THEN: dict[str, Any] = {**CELL, "day": w.LESSON_DAY.replace(day=2)}


def substitutions_at_once(reason: str) -> SubstituteTeacherBulk:
    """Answer a command that gives away, leaves alone, moves and cancels a lesson of Ada's each."""
    choices: tuple[dict[str, Any], ...] = (
        {"kind": "teacher", "teacher": w.BORIS_STAFF},
        {"kind": "self-study"},
        {"kind": "move", "new_day": w.LESSON_DAY.replace(day=11), "new_slot": 1},
        {"kind": "cancel"},
    )
    lessons = [{**CELL, "day": w.LESSON_DAY.replace(day=7 + n), **one} for n, one in enumerate(choices)]
    return SubstituteTeacherBulk.model_validate({"absent_teacher": w.ADA_STAFF, "reason": reason, "lessons": lessons})


def positions_corrected(reason: str) -> CorrectStaffPositions:
    """Answer a correction of the positions of whom the story employs."""
    held = (PositionPart(position="завуч", starts=w.FIRST_DAY),)
    return CorrectStaffPositions(staff=uid("staff p"), positions=held, reason=reason)


def consents(pupil: str) -> list[tuple[str, Command]]:
    """Answer commands that bring notes and reasons into the registry of consents."""
    word: dict[str, Any] = {"person": pupil, "purpose": "photo", "giver": pupil, "decided_on": w.FIRST_DAY}
    wrong: dict[str, Any] = {"person": pupil, "version": 1, "reason": SECRETS[15]}
    return [
        (w.DEPUTY, GiveConsent(**word, channel="paper", note=SECRETS[14])),
        (w.DEPUTY, CorrectConsent(**word | wrong, decision="refused")),
        (w.DEPUTY, StrikeConsent(**wrong)),
    ]


def story() -> list[tuple[str, Command]]:
    """Answer commands of several people that bring every secret in."""
    pupil, guardian = uid("pulcheria"), uid("guardian of pulcheria")
    name: dict[str, Any] = {"family": SECRETS[0], "given": SECRETS[1], "middle": SECRETS[2]}
    mark = {**CELL, "pupil": pupil, "work": "oral"}
    return [
        (
            w.DEPUTY,
            EnrolPupil(
                pupil=pupil,
                **name,
                birth_date=date.fromisoformat(SECRETS[3]),
                class_id=w.CLASS_5A,
                enrolled_on=w.FIRST_DAY,
            ),
        ),
        (w.DEPUTY, CorrectPersonName(kind="pupil", person=pupil, **name)),
        (w.DEPUTY, CorrectBirthDate(pupil=pupil, birth_date=date.fromisoformat(SECRETS[3]))),
        (w.DEPUTY, RegisterGuardian(guardian=guardian, **name, email=SECRETS[4], phone=SECRETS[5])),
        (w.DEPUTY, EmployStaffMember(staff=uid("staff p"), **name, position="учитель", employed_on=w.FIRST_DAY)),
        (w.DEPUTY, positions_corrected(SECRETS[16])),
        (w.ADA, RecordMark(**mark, value="5", comment=SECRETS[7])),
        (w.ADA, CorrectMark(**mark, value="4", reason=SECRETS[6])),
        (w.ADA, WithdrawMark(**mark, reason=SECRETS[6])),
        (w.ADA, GiveRecommendation(**CELL, pupil=pupil, text=SECRETS[8])),
        (w.ADA, TakeRoll(**CELL, absences=(AbsenceLine(pupil=pupil, kind="absent"),))),
        (w.ADA, CorrectAttendance(**CELL, pupil=pupil, kind="late", minutes=5, reason=SECRETS[10])),
        (w.ADA, RecordTopic(**CELL, topic="Дроби")),
        (w.ADA, CorrectTopic(**CELL, topic="Углы", reason=SECRETS[12])),
        (
            w.DEPUTY,
            SubstituteTeacher(**LESSON_BEFORE, teacher=w.BORIS_STAFF, absent_teacher=w.ADA_STAFF, reason=SECRETS[9]),
        ),
        (w.DEPUTY, substitutions_at_once(SECRETS[13])),
        (w.DEPUTY, CancelLesson(**LESSON_THEN, reason=SECRETS[11])),
        *consents(pupil),
        (w.PARENT, AcknowledgeDiary(guardian=w.PARENT_GUARDIAN, pupil=w.VERA, week=w.TODAY, seen_position=1)),
    ]


@pytest.fixture
def told(school: School) -> School:
    """The school after the story, told through the handler as the real service would."""
    store_world(school, w.A_JOURNAL)
    for number, (account, command) in enumerate(story()):
        school.handler.handle([Request(command, uid(f"story {number}"))], Actor(account, uid("session"), "tests"))
    return school


def found_in(content: bytes) -> list[str]:
    """Answer the secrets that stand in raw bytes, in any encoding that JSON or a dump may use."""
    forms = ("utf-8", "utf-16-le", "cp1251", "unicode_escape")
    lowered = content.lower()
    return [s for s in SECRETS if any(s.encode(form, "ignore").lower() in lowered for form in forms)]


def test_the_search_finds_what_is_in_clear() -> None:
    for secret in SECRETS:
        for form in ("utf-8", "utf-16-le", "cp1251"):
            assert found_in(b"\x00" + secret.encode(form) + b"\x00") == [secret]
    assert found_in('{"family":"\\u0429ербатова-'.encode()) == []
    assert found_in(SECRETS[1].encode("unicode_escape")) == [SECRETS[1]]


def test_no_secret_stands_in_event_files_or_dumps(told: School, settings: Settings, tmp_path: Path) -> None:
    searched = 0
    for name, content in raw_copies(told, settings, tmp_path):
        assert b"mark-corrected/1" in content, f"{name} holds no events"
        assert found_in(content) == [], name
        searched += 1
    assert searched == 2


def raw_copies(told: School, settings: Settings, tmp_path: Path) -> list[tuple[str, bytes]]:
    """Answer the event file with its WAL, or a dump of the event schema, and a backup of it."""
    if settings.database_url is None:
        files = [path for path in settings.data_dir.iterdir() if path.name.startswith("events.db")]
        assert any(path.name.endswith("-wal") for path in files)
        backup = tmp_path / "backup.db"
        with (
            closing(sqlite3.connect(settings.data_dir / "events.db")) as source,
            closing(sqlite3.connect(backup)) as to,
        ):
            source.backup(to)
        return [("events.db", b"".join(path.read_bytes() for path in files)), ("backup", backup.read_bytes())]
    assert settings.owner_database_url is not None
    return [
        (form, dump(told, settings.owner_database_url, settings.school, form))
        for form in ("--format=plain", "--inserts")
    ]


def dump(told: School, dsn: str, schema: str, form: str) -> bytes:
    """Answer what pg_dump writes of the event schema; bytea as the text that its JSON is."""
    del told
    plain = subprocess.run(
        [PG_DUMP[0], form, f"--schema={schema}", dsn], capture_output=True, check=True, timeout=60
    ).stdout
    return plain + b"".join(bytes.fromhex(piece) for piece in hex_pieces(plain))


def hex_pieces(text: bytes) -> list[str]:
    r"""Answer the hexadecimal literals of a dump (`\\x7b22…`)."""
    return [piece.decode() for piece in re.findall(rb"\\x((?:[0-9a-f]{2})+)", text)]


PG_DUMP: list[str] = []


@pytest.fixture(autouse=True)
def pg_dump(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Find pg_dump of the very server that the test runs on."""
    if settings.database_url is not None:
        database: PostgresDatabase = request.getfixturevalue("postgres_database")
        assert database.server.programs is not None, "pg_dump must be beside the server"
        PG_DUMP[:] = [str(database.server.programs / "pg_dump")]


def test_the_read_model_has_them_in_clear_for_those_who_may_read(told: School) -> None:
    ensure_built(told.read, told.workshop, processes=1)
    told.feeder.run_to_end()
    with told.read.snapshot() as snapshot:
        row = snapshot.connection.execute(sa.select(persons.table).where(persons.c.stream == uid("pulcheria"))).one()
    assert (row.family, row.given, row.middle) == SECRETS[:3]


def test_every_box_opens_where_it_stands_and_in_no_other_event(told: School) -> None:
    boxes = [
        Standing(value, f"{meta.name.partition('/')[0]}.{name}", Ref(meta.stream, meta.version))
        for meta in told.store.read_page(0, 10_000)
        for event in [CATALOGUE.decode(meta.name, meta.state)]
        for name in event.__struct_fields__
        if isinstance(value := getattr(event, name), Sealed)
    ]
    texts = told.vault.unseal_many(boxes)
    assert set(SECRETS[6:]) <= set(texts)
    places = {one.at for one in boxes}
    for sealed, field, at in boxes[-30:]:
        for elsewhere in places - {at}:
            with pytest.raises(TamperedError):
                told.vault.unseal(sealed, field=field, at=elsewhere)
