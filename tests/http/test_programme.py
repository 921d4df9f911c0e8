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


PLAN = [
    {"number": 1, "section": "Дроби", "topic": "Доли", "hours": 2},
    {"number": 2, "section": "Дроби", "topic": "Сравнение"},
    {"number": 3, "section": "Дроби", "topic": "Резерв", "hours": 9, "reserve": True},
]


def with_a_plan(web: Web) -> int:
    """Adopt a new plan for the journal, hold today's lesson on its first line, drop an hour of the reserve."""
    after = 0
    for name, body, login in (
        ("adopt-thematic-plan", {"journal": w.JOURNAL, "topics": PLAN}, "deputy"),
        ("save-lesson", TODAY_LESSON | {"topic": "", "plan_item": 1}, "ada"),
        ("drop-reserve-hours", {"journal": w.JOURNAL, "hours": 1, "reason": "карантин"}, "deputy"),
    ):
        answer = web.command(name, body, login=login)
        assert answer.status_code == 200, answer.text
        after = int(answer.json()["position"])
    return after


def test_a_plan_is_followed_by_days_and_versions(web: Web) -> None:
    after = with_a_plan(web)
    found = report(web.get("/reports/thematic-plan", after=after, journal=w.JOURNAL))
    first, second, third = found["lines"]
    assert (first["planned_on"], first["taught_on"], first["forecast_on"]) == ("2025-09-01", "2025-10-06", "2025-10-07")
    assert (second["planned_on"], second["taught"], second["lag_days"]) == ("2025-09-03", 0, 35)
    assert third["hours"] == 8
    versions = [(one["kind"], one["by"]["name"], one["reason"]) for one in found["versions"]]
    assert versions[1:] == [("adopted", "Дымова Дарья", ""), ("reserve-dropped", "Дымова Дарья", "карантин")]
    before = report(web.get("/reports/thematic-plan", as_of=after - 1, journal=w.JOURNAL))
    assert ([one["kind"] for one in before["versions"]], before["hours"]) == (["adopted", "adopted"], 12)
    first_version = report(web.get("/reports/thematic-plan", after=after, journal=w.JOURNAL, version=1))
    assert (first_version["hours"], first_version["lines"][0]["topic"]) == (10, "Тема 1")
    table = web.get("/reports/thematic-plan", after=after, journal=w.JOURNAL, format="csv").content.decode("utf-8-sig")
    assert "1;Дроби;Доли;2;;;01.09.2025;02.09.2025;1;06.10.2025;06.10.2025;07.10.2025;07.10.2025;35" in table
    refused = web.command(
        "revise-thematic-plan", {"journal": w.JOURNAL, "reason": "x", "topics": PLAN[1:2]}, login="head"
    )
    assert "line 1 «Доли» was taught" in problem(refused, 409, "taught-topic-removed")["detail"]


def test_a_plan_is_shown_to_who_teaches_it(shared: Web) -> None:
    after = set_up(shared)
    assert report(shared.get("/reports/thematic-plan", after=after, journal=JOURNAL_5B, login="boris"))["lines"]
    problem(shared.get("/reports/thematic-plan", journal=w.JOURNAL, login="boris"), 404, "not-there")
    problem(shared.get("/reports/thematic-plan", journal=w.JOURNAL, login="olga"), 403, "not-allowed")
    problem(shared.get("/reports/thematic-plan", journal=w.STRANGER), 404, "not-there")
    problem(shared.get("/reports/thematic-plan", journal=w.JOURNAL, version=9), 404, "not-there")
    problem(shared.get("/reports/thematic-plan"), 400, "malformed")


def test_the_programme_is_fulfilled_or_not_and_why(web: Web) -> None:
    after = with_a_plan(web)
    found = report(web.get("/reports/programme", after=after))
    counts = {row["name"]: row["counts"] for row in found["rows"]}
    # 26 lessons are over, the plan has 11 hours; of 195 in the year 169 are still to come.
    maths = counts["Математика, 5А"]
    assert (maths["planned"], maths["taught"], maths["lag"], maths["plan_hours"]) == (11, 1, 10, 11)
    assert (maths["causes"]["not_held"], maths["causes"]["beyond_plan"], maths["ahead"]) == (25, 15, 169)
    assert (maths["hours_dropped"], maths["topics_planned"], maths["topics_taught"]) == (0, 3, 1)
    assert found["total"]["journals"] == 2
    for by in ("teacher", "subject", "class", "grade", "profile", "school"):
        assert report(web.get("/reports/programme", after=after, by=by))["total"] == found["total"], by
    then = report(web.get("/reports/programme", as_of=after - 1, by="school", on="2025-09-05"))
    assert (then["rows"][0]["counts"]["planned"], then["day"]) == (10, "2025-09-05")


def test_the_programme_is_a_table_with_a_total(shared: Web) -> None:
    after = set_up(shared)
    table = shared.get("/reports/programme", after=after, by="class", format="csv")
    heading, first, _, total = table.content.decode("utf-8-sig").splitlines()
    assert heading.startswith("Класс;Журналов;Без КТП;Часов в КТП;Должно быть выдано;Выдано;Отставание;Праздники")
    assert first.startswith("5А;1;0;10;10;1;9;0;0;0;0;0;0;25;0;16;10;10;0;1;")
    assert total.startswith("Итого;2;0;20;20;1;19;")


def test_teachers_see_the_programme_of_their_journals(shared: Web) -> None:
    after = set_up(shared)
    own = report(shared.get("/reports/programme", after=after, login="boris", by="school"))
    assert own["total"]["journals"] == 1
    assert report(shared.get("/reports/programme", after=after, grade=6))["rows"] == []
    problem(shared.get("/reports/programme", login="boris", journal=w.JOURNAL), 404, "not-there")
    problem(shared.get("/reports/programme", login="vera"), 403, "not-allowed")


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
