"""Positions that a list of staff states: they change from the day on from which the list counts; a hand wins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_undo import undo_import
from ejd.kernel.states.people import StaffState
from ejd_commands.positions import ChangeStaffPosition
from tests.imports.roster_files import bringing, counts, everything_read, imported, lines, oneroster
from tests.imports.roster_now import TODAY, Now, hand
from tests.imports.test_roster_lists import taken
from tests.imports.test_roster_own_columns import with_columns
from tests.postgres import PostgresDatabase
from tests.schools import NOON, Clock, TinySchool, tiny_school

LIST = "Фамилия;Имя;Отчество;Должность\nМенделеев;Дмитрий;Иванович;{}\nЛавлинская;Ада;;учитель\n"
FIRST = date(2025, 9, 1)


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, build=False, clock=Clock(NOON)) as made:
        yield made


def staff_list(position: str) -> dict[str, bytes]:
    return {"сотрудники.csv": LIST.format(position).encode()}


def held(tiny: TinySchool, family: str = "Менделеев") -> list[tuple[str, date]]:
    now = Now(tiny.school)
    return [(post.position, post.starts) for post in now.states.load(StaffState, now.person(family)).posts]


def test_a_stated_position_changes_once_and_is_undone_with_its_import(tiny: TinySchool) -> None:
    assert counts(taken(tiny.school, staff_list("учитель"))) == {"added": 1}
    before = everything_read(tiny.school)
    report = taken(tiny.school, staff_list("завуч"), starts=TODAY)
    assert lines(report, "changed") == [
        "staff member Менделеев Дмитрий Иванович (завуч from 06.10.2025 on, was учитель)"
    ]
    assert held(tiny) == [("учитель", FIRST), ("завуч", TODAY)]
    assert taken(tiny.school, staff_list("завуч"), starts=TODAY).state == "unchanged"
    actor = bringing(tiny.school, read_roster(staff_list("завуч")), "0" * 64).actor
    assert undo_import(tiny.school, report.import_id, actor).left == ()
    assert everything_read(tiny.school) == before
    assert held(tiny) == [("учитель", FIRST)]


def test_a_position_given_by_hand_stays_unless_the_list_is_told_to_win(tiny: TinySchool) -> None:
    taken(tiny.school, staff_list("учитель"))
    person = Now(tiny.school).person("Менделеев")
    hand(tiny.school, ChangeStaffPosition(staff=person, position="методист", starts=date(2025, 11, 1)), 1)
    kept = taken(tiny.school, staff_list("завуч"))
    assert lines(kept, "kept") == ["staff member Менделеев Дмитрий Иванович (the position here is методист)"]
    assert counts(taken(tiny.school, staff_list("завуч"), overwrite=True)) == {"changed": 1}
    assert held(tiny) == [("учитель", FIRST), ("завуч", date(2025, 11, 1))]


def test_an_empty_cell_says_nothing_of_a_position(tiny: TinySchool) -> None:
    taken(tiny.school, staff_list("учитель"))
    assert taken(tiny.school, staff_list("")).state == "unchanged"
    other = {"сотрудники.csv": LIST.format("").replace("Менделеев", "Бутлеров").encode()}
    assert counts(taken(tiny.school, other)) == {"added": 1}
    assert [position for position, _ in held(tiny, "Бутлеров")] == ["сотрудник"]


def test_a_role_of_the_standard_is_no_position_that_changes_one(tiny: TinySchool) -> None:
    files = oneroster()
    with_columns(files, "users", {"t1": {"position": "завуч"}})
    imported(tiny.school, files)
    assert imported(tiny.school, oneroster()).state == "unchanged"
    with_columns(again := oneroster(), "users", {"t1": {"position": "методист"}})
    assert counts(imported(tiny.school, again)) == {"changed": 1}
    assert [position for position, _ in held(tiny, "Ньютон")] == ["завуч", "методист"]
