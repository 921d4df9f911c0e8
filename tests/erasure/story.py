"""A person with a name, contacts and free texts that nobody else in a test has; asked for, approved, erased."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from ejd.access.ledger import ErasureLedger
from ejd.app import School, opened
from ejd.jobs.erasing import WAIT_SECONDS, Erasing, drop_uploads
from ejd.kernel.command import Command
from ejd.read.rebuild import rebuild_where_built
from ejd_commands.accounts import OpenAccount
from ejd_commands.attendance import AbsenceLine, CorrectAttendance, TakeRoll
from ejd_commands.erasures import ApproveErasure, RequestErasure
from ejd_commands.marks import CorrectMark, GiveRecommendation, RecordMark
from ejd_commands.movement import RecordDeparture
from ejd_commands.people import EnrolPupil, EstablishGuardianship, RegisterGuardian
from ejd_commands.person_records import CorrectPersonName
from tests import worlds as w
from tests.scenario import uid
from tests.schools import TinySchool

CHILD, MOTHER = uid("child to be erased"), uid("mother to be erased")
CHILD_ACCOUNT = uid("account of the child to be erased")
REQUEST, OF_MOTHER = uid("erasure of the child"), uid("erasure of the mother")
FAMILY, GIVEN, MIDDLE = "Звонарёва-Щукина", "Аполлинария", "Евграфовна"
OLD_FAMILY = "Подзаборова-Лыкова"
BORN = "2013-02-28"
MAIL, PHONE = "apollinaria.zv@example.org", "+7 911 765-43-21"
COMMENT = "Рисовала на полях жирафов"
ADVICE = "Выучить таблицу кубов наизусть"
REASON = "Переставила местами две фамилии"
LATE = "Застряла в лифте на Лиговском"
WHY = "Заявление матери от двадцатого числа"
OF_CHILD = (FAMILY, GIVEN, MIDDLE, OLD_FAMILY, COMMENT, ADVICE, REASON, LATE, WHY)
"""What must be nowhere afterwards; her birth date stands in the calendar of everybody, so that it is asked of rows."""
OF_THE_MOTHER = (MAIL, PHONE)
CELL: dict[str, Any] = {"journal": w.JOURNAL, "day": w.LESSON_DAY, "slot": w.LESSON_SLOT}
MARK: dict[str, Any] = {**CELL, "pupil": CHILD, "work": "oral"}


def tell(tiny: TinySchool) -> None:
    """Bring the two persons in with everything that is ever sealed about a child."""
    name: dict[str, Any] = {"given": GIVEN, "middle": MIDDLE}
    parts: list[tuple[str, Command]] = [
        (
            "deputy",
            EnrolPupil(
                pupil=CHILD,
                family=OLD_FAMILY,
                **name,
                birth_date=date.fromisoformat(BORN),
                class_id=w.CLASS_5A,
                enrolled_on=w.FIRST_DAY,
            ),
        ),
        ("deputy", CorrectPersonName(kind="pupil", person=CHILD, family=FAMILY, **name)),
        ("deputy", RegisterGuardian(guardian=MOTHER, family=FAMILY, given="Мать", middle="", email=MAIL, phone=PHONE)),
        ("deputy", EstablishGuardianship(guardian=MOTHER, pupil=CHILD, relation="mother", starts=w.FIRST_DAY)),
        ("head", OpenAccount(account=CHILD_ACCOUNT, kind="person", login="p-1042", person=CHILD)),
        ("ada", TakeRoll(**CELL, absences=(AbsenceLine(pupil=CHILD, kind="absent"),))),
        ("ada", CorrectAttendance(**CELL, pupil=CHILD, kind="late", minutes=5, reason=LATE)),
        ("ada", RecordMark(**MARK, value="5", comment=COMMENT)),
        ("ada", CorrectMark(**MARK, value="4", reason=REASON)),
        ("ada", RecordMark(**CELL, pupil=w.VERA, work="oral", value="3")),
        ("ada", GiveRecommendation(**CELL, pupil=CHILD, text=ADVICE)),
        ("deputy", RecordDeparture(pupil=CHILD, left_on=w.TODAY)),
    ]
    for login, command in parts:
        tiny.send(command, login=login)


def approve(tiny: TinySchool) -> None:
    """Ask and decide that the child's data was processed unlawfully."""
    ask = RequestErasure(request=REQUEST, kind="pupil", person=CHILD, ground="unlawful", reason=WHY)
    tiny.send(ask, login="deputy")
    tiny.send(ApproveErasure(request=REQUEST), login="head")


class Minutes:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """Answer seconds."""
        return self.seconds

    def wait(self) -> None:
        """Let the time pass in which other processes notice."""
        self.seconds += WAIT_SECONDS


def eraser(tiny: TinySchool, monotonic: Minutes) -> Erasing:
    """Answer the job as a process has it that has just been started."""
    school: School = tiny.school
    return Erasing(
        school.states,
        school.vault,
        ErasureLedger(tiny.settings.erasure_ledger_path),
        rebuild=lambda: rebuild_where_built(school.read, school.workshop),
        drop_old=school.read.drop_old,
        shut_out=school.store.forget_signing_in,
        clear_uploads=lambda: drop_uploads(tiny.settings.data_dir / "uploads"),
        clock=tiny.clock,
        monotonic=monotonic,
    )


def carry_out(tiny: TinySchool) -> None:
    """Let the service do what was approved, to the end."""
    minutes = Minutes()
    job = eraser(tiny, minutes)
    for _ in range(5):
        left = job.run()
        tiny.feed()
        minutes.wait()
        if not left:
            return
    raise AssertionError("the erasure does not come to an end")


@contextmanager
def reopened(tiny: TinySchool) -> Iterator[TinySchool]:
    """Open a school again that was closed, for a moment."""
    with opened(tiny.settings, clock=tiny.clock) as school:
        yield replace(tiny, school=school)
