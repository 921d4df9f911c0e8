"""Curricula and the programme over HTTP: set up by commands, asked for as JSON, CSV and XLSX, by who may see it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import JOURNAL_5B

CURRICULUM = uid("curriculum of the fifth grade")
LINES = [{"subject": w.MATHS, "hours_per_week_hundredths": 550}]
TODAY_LESSON = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT, "topic": "Дроби", "absences": []}


def set_up(web: Web) -> int:
    """Adopt a curriculum, give it to 5А, hold today's lesson (two events); answer the last position."""
    adopt = {"curriculum": CURRICULUM, "year": w.YEAR, "title": "5 класс", "grades": [5], "lines": LINES}
    assign = {"class_id": w.CLASS_5A, "curriculum": CURRICULUM, "starts": "2025-09-01"}
    position = 0
    for name, body, login in (
        ("adopt-curriculum", adopt, "timetable-program"),
        ("assign-curriculum", assign, "deputy"),
        ("save-lesson", TODAY_LESSON, "ada"),
    ):
        answer = web.command(name, body, login=login)
        assert answer.status_code == 200, answer.text
        position = int(answer.json()["position"])
    return position


def report(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def test_curriculum_load_timetable_and_taught_stand_in_one_view(web: Web) -> None:
    after = set_up(web)
    found = report(web.get("/reports/curriculum", after=after, class_=w.CLASS_5A))
    (row,) = found["rows"]
    assert (row["class_name"], row["subject_name"], row["curriculum_name"]) == ("5А", "Математика", "5 класс")
    assert (row["hours_per_week_hundredths"], row["load_hundredths"], row["timetable_hundredths"]) == (550, 500, 500)
    # 1 September to Monday 6 October at noon: five whole weeks of five lessons, and today's; one was held.
    assert (row["due"], row["taught"]) == (26, 1)
    assert [one["kind"] for one in row["differences"]] == ["load", "timetable", "plan", "year", "taught"]
    assert report(web.get("/reports/curriculum", after=after, grade=6))["total"] == 0
    assert report(web.get("/reports/curriculum", after=after, only="differing"))["total"] == 2


def test_it_can_be_asked_as_of_a_moment_before(web: Web) -> None:
    after = set_up(web)
    then = report(web.get("/reports/curriculum", as_of=after - 2, class_=w.CLASS_5A))
    assert (then["rows"][0]["curriculum_name"], then["rows"][0]["taught"]) == ("5 класс", 0)
    before = report(web.get("/reports/curriculum", as_of=after - 3, subject=w.MATHS))
    assert before["rows"][0]["differences"][0]["kind"] == "no-curriculum"
    file = web.get("/reports/curriculum", as_of=after - 3, format="csv")
    assert "нет учебного плана" in file.content.decode("utf-8-sig")


def test_it_is_a_table_too(shared: Web) -> None:
    after = set_up(shared)
    answer = shared.get("/reports/curriculum", after=after, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    heading, first, second = answer.content.decode("utf-8-sig").splitlines()
    assert heading.startswith("Класс;Ученик;Учебный план")
    assert first == (
        "5А;;5 класс;;Математика;обязательная часть;;5А;Лавлинская Ада;5,5;5;5;187;10;195;26;1;"
        '"нагрузка: 5, по плану 5,5; в расписании 5, по плану 5,5; в КТП 10, по плану 187; '
        'уроков по расписанию за год 195, по плану 187; проведено 1 из 26"'
    )
    assert second.startswith("5Б;;;;Математика")
    book = shared.get(
        "/reports/curriculum",
        after=after,
        headers={"Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    )
    rows = CalamineWorkbook.from_filelike(BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert (len(rows), rows[1][9], rows[1][10]) == (3, "5,5", 5.0)


def test_teachers_see_their_own_and_families_nothing(shared: Web) -> None:
    after = set_up(shared)
    own = report(shared.get("/reports/curriculum", after=after, login="boris"))
    assert [row["journals"] for row in own["rows"]] == [[JOURNAL_5B]]
    class_teacher = report(shared.get("/reports/curriculum", after=after, login="ada"))
    assert {row["class_name"] for row in class_teacher["rows"]} == {"5А"}
    problem(shared.get("/reports/curriculum", login="olga"), 403, "not-allowed")
    problem(shared.get("/reports/curriculum", class_=w.STRANGER), 404, "not-there")
