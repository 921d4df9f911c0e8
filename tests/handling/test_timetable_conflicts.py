"""Conflicts are judged on who is where now, whichever process changed it, and on what the same batch did."""

from __future__ import annotations

from pathlib import Path

import pytest

from ejd.app import open_school
from ejd.handling.handler import Request
from ejd.kernel.command import Actor, Command
from ejd_commands.timetable_picture import TimetableHasConflicts
from tests import worlds as w
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import TinySchool, made, tiny_school

DEPUTY = Actor(w.DEPUTY, uid("session"), "tests")
GROUP, ENGLISH, ENGLISH_JOURNAL = uid("a new group"), uid("a new subject"), uid("a new journal")
AT_THE_CLASSES_HOUR = made(
    "schedule-journal",
    journal=ENGLISH_JOURNAL,
    starts="2025-10-13",
    entries=[{"cycle_day": 1, "slot": w.LESSON_SLOT}],
)


def set_up(tiny: TinySchool) -> None:
    """A group of 5А with a journal and nobody in it."""
    commands = [
        made("define-subject", subject=ENGLISH, title="Английский язык"),
        made(
            "form-teaching-group",
            group=GROUP,
            year=w.YEAR,
            title="5А англ. 1",
            kind="subgroup",
            classes=[w.CLASS_5A],
        ),
        made("open-journal", journal=ENGLISH_JOURNAL, subject=ENGLISH, group=GROUP, group_kind="group"),
    ]
    tiny.send_all(commands, account=w.DEPUTY)


def join(day: str = "2025-10-13") -> Command:
    """Put VERA into the group."""
    return made("join-group", pupil=w.VERA, group=GROUP, joined_on=day)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_pupil_who_joined_through_another_process_is_seen(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres: PostgresDatabase | None = None
    if database == "postgres":
        postgres = request.getfixturevalue("postgres_database")
    with tiny_school("postgres" if database == "postgres" else "sqlite", tmp_path, postgres, build=False) as tiny:
        set_up(tiny)
        assert tiny.send(AT_THE_CLASSES_HOUR, login="deputy").events, (
            "the group is empty: the pupils' states are kept now"
        )
        other = open_school(tiny.settings, clock=tiny.clock)
        try:
            other.handler.handle([Request(join(), uid("joined elsewhere"))], DEPUTY)
        finally:
            other.close()
        lesson = {"cycle_day": 2, "slot": w.LESSON_SLOT}
        on_tuesday = made("schedule-journal", journal=ENGLISH_JOURNAL, starts="2025-10-20", entries=[lesson])
        with pytest.raises(TimetableHasConflicts, match="class 5А has several lessons at once") as refused:
            tiny.send(on_tuesday, login="deputy")
        assert [one["pupils"] for one in refused.value.more["conflicts"]] == [[w.VERA]]


def test_a_batch_sees_what_it_did_itself(tmp_path: Path) -> None:
    """Joining before in the batch is a conflict, leaving before is none."""
    with tiny_school("sqlite", tmp_path, build=False) as tiny:
        set_up(tiny)
        with pytest.raises(TimetableHasConflicts) as refused:
            tiny.send_all([join(), AT_THE_CLASSES_HOUR], account=w.DEPUTY)
        assert refused.value.command_index == 1
        new = uid("a new pupil")
        enrol = made(
            "enrol-pupil",
            pupil=new,
            family="Новикова",
            given="Нина",
            class_id=w.CLASS_5A,
            enrolled_on="2025-10-13",
        )
        comes = made("join-group", pupil=new, group=GROUP, joined_on="2025-10-13")
        with pytest.raises(TimetableHasConflicts) as refused:
            tiny.send_all([enrol, comes, AT_THE_CLASSES_HOUR], account=w.DEPUTY)
        assert [one["pupils"] for one in refused.value.more["conflicts"]] == [[new]]
        tiny.send(join(), login="deputy")
        leave = made("leave-group", pupil=w.VERA, group=GROUP, left_on="2025-10-13")
        assert len(tiny.send_all([leave, AT_THE_CLASSES_HOUR], account=w.DEPUTY).events) == 2
