"""Curricula in the lists of a school: adopted whole, changed, kept, refused by cell, undone, and out and in again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ejd.app import School
from ejd.imports.packed import digest_of
from ejd.imports.roster_report import RosterReport
from ejd.imports.roster_sheets import read_roster
from ejd.imports.roster_templates import template
from ejd.imports.roster_undo import undo_import
from ejd.kernel.states.teaching import ClassState, CurriculumState
from ejd_commands.curricula import AdoptCurriculum, AssignCurriculum, CurriculumLinePart
from tests import worlds as w
from tests.imports.roster_files import bringing, counts, everything_read, lines
from tests.imports.roster_now import TODAY, hand
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import NOON, Clock, TinySchool, tiny_school

HEADING = (
    "Учебный план;Параллели;Профиль;Недель в году;Предмет;Часов в неделю;Часов в год;Часть плана;Вид занятий;Классы"
)
MATHS = "План 5 классов;5;;34;Математика;5;170;обязательная часть;;5А, 5Б"
LOGIC = "План 5 классов;;;;Логика;0,5;;часть, формируемая участниками;кружок;"
SUBJECTS = "Предмет;Краткое название\nЛогика;Лог\n"


@pytest.fixture(params=["sqlite", "postgres"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TinySchool]:
    """The school on either database."""
    database: PostgresDatabase | None = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_database")
    with tiny_school(request.param, tmp_path, database, build=False, clock=Clock(NOON)) as made:
        yield made


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """The school on SQLite."""
    with tiny_school("sqlite", tmp_path, build=False, clock=Clock(NOON)) as made:
        yield made.school


def files(*rows: str) -> dict[str, bytes]:
    """Answer a list of curricula, with the subject that the school lacks."""
    return {"планы.csv": "\n".join((HEADING, *rows)).encode(), "предметы.csv": SUBJECTS.encode()}


def taken(school: School, *rows: str, **options: Any) -> RosterReport:
    """Import a list."""
    made = files(*rows)
    return bringing(school, read_roster(made), digest_of(made), **options).apply()


def adopted(school: School) -> dict[str, list[tuple[int, int, str, str]]]:
    """Answer the curricula by name with their hours a week and a year, part and kind."""
    streams = [entry.stream for entry in school.store.directory(kinds=["curriculum"])]
    found = [school.states.fresh(CurriculumState, stream).adopted for stream in streams]
    return {
        one.name: [
            (line.hours_per_week_hundredths, line.hours_per_year, line.component, line.group_kind) for line in one.lines
        ]
        for one in found
        if one is not None
    }


def taught_by(school: School, class_id: str) -> list[tuple[str, str]]:
    """Answer from which day on a class has which curriculum."""
    state = school.states.fresh(ClassState, class_id)
    names = {stream: school.states.fresh(CurriculumState, stream).adopted for stream in state.curricula.values()}
    return [(day.isoformat(), one.name) for day, s in sorted(state.curricula.items()) if (one := names[s]) is not None]


def test_a_curriculum_is_adopted_assigned_changed_and_undone(tiny: TinySchool) -> None:
    school = tiny.school
    before = everything_read(school)
    report = taken(school, MATHS, LOGIC)
    assert (counts(report), report.refusals) == ({"added": 4}, ())
    assert lines(report, "added")[1:] == [
        "curriculum План 5 классов (lines: 2)",
        "curriculum of the class 5А (План 5 классов)",
        "curriculum of the class 5Б (План 5 классов)",
    ]
    assert adopted(school) == {"План 5 классов": [(500, 170, "federal", ""), (50, 17, "participants", "club")]}
    assert taught_by(school, w.CLASS_5A) == [("2025-09-01", "План 5 классов")]
    again = taken(school, MATHS, LOGIC)
    assert (again.state, again.commands, again.unchanged >= 4) == ("unchanged", 0, True)
    more = taken(school, MATHS.replace(";5;170;", ";6;204;"))
    assert lines(more, "changed") == ["curriculum План 5 классов (lines: 0 added, 1 changed, 1 ended)"]
    assert adopted(school) == {"План 5 классов": [(600, 204, "federal", "")]}
    other = taken(school, MATHS.replace("План 5 классов", "Другой план").replace("5А, 5Б", "5A"))
    assert lines(other, "changed") == ["curriculum of the class 5А (Другой план)"]
    assert taught_by(school, w.CLASS_5A) == [("2025-09-01", "План 5 классов"), (TODAY.isoformat(), "Другой план")]
    actor = bringing(school, read_roster(files(MATHS)), "0" * 64).actor
    for one in (other, more, report):
        assert undo_import(school, one.import_id, actor).left == ()
    assert everything_read(school) == before
    assert (adopted(school), taught_by(school, w.CLASS_5A)) == ({}, [])
    assert counts(taken(school, MATHS, LOGIC)) == {"added": 4}


def test_what_the_school_adopted_by_hand_stays_unless_the_file_may_win(school: School) -> None:
    stream = uid("a curriculum by hand")
    line = CurriculumLinePart(subject=w.MATHS, hours_per_week_hundredths=400)
    hand(
        school,
        AdoptCurriculum(curriculum=stream, year=w.YEAR, title="ПЛАН 5 классов", grades=(5,), lines=(line,)),
        1,
    )
    hand(school, AdoptCurriculum(year=w.YEAR, title="Свой", lines=(line,), curriculum=uid("own")), 2)
    hand(school, AssignCurriculum(class_id=w.CLASS_5B, curriculum=uid("own"), starts=w.FIRST_DAY), 3)
    report = taken(school, MATHS)
    assert lines(report, "kept") == [
        "curriculum ПЛАН 5 классов (lines: 0 added, 1 changed, 0 ended)",
        "curriculum of the class 5Б (the file says План 5 классов)",
    ]
    assert taught_by(school, w.CLASS_5A) == [("2025-09-01", "ПЛАН 5 классов")]
    won = taken(school, MATHS, overwrite=True)
    assert len(lines(won, "changed")) == 2
    assert adopted(school)["ПЛАН 5 классов"] == [(500, 170, "federal", "")]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (MATHS.replace("План 5 классов", ""), "Учебный план", "this cell is empty"),
        (MATHS.replace("Математика", ""), "Предмет", "this cell is empty"),
        (MATHS.replace(";5;170;", ";много;170;"), "Часов в неделю", "hours a week are a number from 0,01 to 60"),
        (MATHS.replace(";5;170;", ";0,005;170;"), "Часов в неделю", "hours a week are a number from 0,01 to 60"),
        (MATHS.replace(";5;170;", ";NaN;170;"), "Часов в неделю", "hours a week are a number from 0,01 to 60"),
        (MATHS.replace(";5;170;", ";5;1,5;"), "Часов в год", "hours a year are a whole number from 1 to 2000"),
        (MATHS.replace("классов;5;", "классов;5, 77;"), "Параллели", "these are no years of schooling"),
        (MATHS.replace(";34;", ";99;"), "Недель в году", "weeks of a year are a whole number from 1 to 53"),
        (MATHS.replace(";5;;34", f";5;{'я' * 300};34"), "Профиль", "a profile has at most"),
        (MATHS.replace("обязательная часть", "лишняя"), "Часть плана", "one of these is known: обязательная часть"),
        (MATHS.replace("часть;;", "часть;хор;"), "Вид занятий", "one of these is known: класс"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_its_cell_and_the_plan_with_it(
    school: School, row: str, column: str, reason: str
) -> None:
    report = taken(school, LOGIC.replace("План 5", "План иных"), row)
    assert report.refusals[0].row == 3
    assert (report.refusals[0].column, report.refusals[0].reason.startswith(reason)) == (column, True)
    assert list(adopted(school)) == ["План иных классов"]


def test_rows_of_one_plan_agree_and_name_a_subject_once(school: School) -> None:
    twice = taken(school, MATHS, MATHS)
    assert "stands in the curriculum twice" in twice.refusals[0].reason
    other = taken(school, MATHS, LOGIC.replace("классов;;", "классов;6;"))
    assert "an earlier row of this curriculum says otherwise" in other.refusals[0].reason
    unknown = taken(
        school, MATHS.replace("Математика", "Астрономия"), MATHS.replace("План 5", "План").replace("5Б", "9Я")
    )
    assert [one.reason for one in unknown.refusals] == [
        "the subject is neither in the file nor in the school",
        "a row of this curriculum is refused, so that it is not brought in at all",
        "the class is neither in the file nor in the school",
    ]
    assert list(adopted(school)) == ["План классов"]


def test_more_lines_and_plans_than_a_school_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ejd.imports.sheet_curricula.LINES_MAX", 1)
    monkeypatch.setattr("ejd.imports.sheet_curricula.CURRICULA_MAX", 1)
    roster = read_roster(files(MATHS, LOGIC, MATHS.replace("План 5", "План иных"), MATHS))
    assert [one.reason for one in roster.refusals] == [
        "a curriculum has at most 1 lines",
        "a file has at most 1 curricula",
        "a curriculum has at most 1 lines",
    ]


def test_the_template_is_read_as_an_empty_list() -> None:
    for file_format in ("xlsx", "csv"):
        roster = read_roster({f"планы.{file_format}": template(["curricula"], file_format)})
        assert (roster.curricula, roster.refusals, roster.rows) == ((), (), 0)
