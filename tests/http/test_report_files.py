"""Every list and report as CSV and as a workbook: the same figures under Russian headings, and nothing that runs."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

from ejd.http.questions import QUESTIONS
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import JOURNAL_5B

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
WHOLE_LESSON: dict[str, Any] = {
    **LESSON,
    "plan_item": 1,
    "absences": [{"pupil": w.GLEB, "kind": "ill"}],
    "marks": [
        {"pupil": w.VERA, "work": "oral", "value": "5"},
        {"pupil": w.VERA, "work": "oral", "number": 2, "value": "4"},
        {"pupil": w.DINA, "work": "oral", "value": "3"},
    ],
    "homework": {"text": "=№ 5"},
}
TODAY: dict[str, Any] = {"from_": "2025-10-06", "to": "2025-10-06"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOTHING_TO_TELL = {"substitutions", "lessons-not-made-up", "control-works-schedule", "curricula"}
"""The tiny school has none of it; their own tests look into the files."""
FILED = [question for question in QUESTIONS if question.file is not None]


def hold(web: Web) -> int:
    answer = web.command("save-lesson", WHOLE_LESSON)
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline=""), delimiter=";"))


def sheets_of(response: Any) -> dict[str, list[list[Any]]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == XLSX
    book = CalamineWorkbook.from_filelike(BytesIO(response.content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_every_list_and_report_is_a_file_too(web: Web) -> None:
    after = hold(web)
    clash = {"journal": JOURNAL_5B, "starts": "2025-10-13", "accept_conflicts": True}
    clash["entries"] = [{"cycle_day": 1, "slot": w.LESSON_SLOT, "room": w.ROOM_12}]
    assert web.command("schedule-journal", clash, login="deputy").status_code == 200
    for question in FILED:
        chosen = {"class_": w.CLASS_5A, **TODAY} if question.name in {"gradebook", "lessons"} else {}
        chosen |= {"journal": w.JOURNAL} if question.name == "thematic-plan" else {}
        table = rows_of(web.get(question.path, after=after, format="csv", **chosen))
        (first, *_) = sheets_of(web.get(question.path, headers={"Accept": XLSX}, **chosen)).values()
        if question.name in NOTHING_TO_TELL:
            assert table == [], question.name
            continue
        assert table, question.name
        headings = list(table[0])
        (line,) = [number for number, row in enumerate(first) if row == headings]
        assert len(first) - line - 1 == len(table), "both have the same rows"
        assert not re.search("[a-z]{3}", " ".join(headings)), "in Russian"


def test_files_are_whole_whatever_the_page(shared: Web) -> None:
    for path in ("/journals", "/loads", "/people"):
        page = shared.get(path, limit=1).json()["report"]
        table = rows_of(shared.get(path, limit=1, offset=1, format="csv"))
        assert len(table) == page["total"] > 1, path


def test_a_file_can_be_asked_of_the_past_and_says_so(web: Web) -> None:
    before = web.tiny.school.store.last_position()
    after = hold(web)
    asked = {"journal": w.JOURNAL, "format": "csv", **TODAY}
    then = web.get("/reports/gradebook", as_of=before, **asked)
    assert then.headers["ejd-as-of"].startswith("2025-")
    assert then.headers["ejd-position"] == str(before)
    assert not any("06.10" in heading for heading in rows_of(then)[0]), "the lesson was not recorded then"
    now = rows_of(web.get("/reports/gradebook", after=after, **asked))
    assert now[0]["06.10 (2)"] == "5/4"


def test_the_gradebook_is_printed_as_a_journal_page(web: Web) -> None:
    after = hold(web)
    decided = {"journal": w.JOURNAL, "period": "q1", "pupil": w.VERA, "value": "5"}
    after = web.command("decide-final-mark", decided).json()["position"] or after
    book = sheets_of(web.get("/reports/gradebook", after=after, journal=w.JOURNAL, format="xlsx", **TODAY))
    assert list(book) == ["Математика, 5А", "Темы, Математика, 5А"]
    title, teachers, headings, *rows = book["Математика, 5А"]
    assert (title[0], teachers[0]) == ("Математика, 5А: 06.10.2025 – 06.10.2025", "Лавлинская Ада")
    assert headings == ["№", "Ученик", "06.10 (2)", "Средняя", "Пропущено", "Уроков", "q1"]
    assert rows == [
        [1, "Васильева Вера", "5/4", 4.5, 0, 1, 5],
        [2, "Глебов Глеб", "б", "", 1, 1, ""],
        [3, "Ёлкина Дина", 3, 3, 0, 1, ""],
    ]
    _, lesson = book["Темы, Математика, 5А"]
    assert lesson[:5] == [date(2025, 10, 6), 2, "Тема 1", 1, "=№ 5"]


def test_one_csv_holds_one_journal(shared: Web) -> None:
    answer = shared.get("/reports/gradebook", format="csv", **TODAY)
    assert answer.json()["field"] == "format"
    assert answer.json()["detail"].startswith("CSV holds one journal and 2 were chosen")
    nothing = shared.get("/reports/gradebook", format="xlsx", pupil=w.VERA, class_=w.CLASS_5B, **TODAY)
    assert nothing.json()["detail"].startswith("there are no journals to put into a file")


def test_reports_have_their_figures_in_columns(web: Web) -> None:
    after = hold(web)
    fill = rows_of(web.get("/reports/fill-completeness", after=after, by="class", format="csv", **TODAY))
    assert [(row["Класс"], row["Уроков"], row["Уроки: полнота, %"]) for row in fill] == [
        ("5А", "1", "100,00"),
        ("5Б", "1", "0,00"),
        ("Всего", "2", "50,00"),
    ]
    book = sheets_of(web.get("/reports/fill-completeness", by="class", format="xlsx", **TODAY))
    assert list(book) == ["Заполнение", "Не в срок"]
    missed = rows_of(web.get("/reports/missed-topics", format="csv", **TODAY))
    assert [(row["Ученик"], row["Тема"], row["Причина"], row["Отработано"]) for row in missed] == [
        ("Глебов Глеб", "Тема 1", "б", "")
    ]
    web.command("decide-final-mark", {"journal": w.JOURNAL, "period": "q1", "pupil": w.DINA, "value": "4"})
    position = web.tiny.school.store.last_position()
    progress = rows_of(web.get("/reports/progress", after=position, period="q1", class_=w.CLASS_5A, format="csv"))
    assert [(row["Класс"], row["«4»"], row["Качество, %"], row["Средний балл"]) for row in progress] == [
        ("5А", "1", "100,00", "4,00"),
        ("Всего", "1", "100,00", "4,00"),
    ]
    subjects = rows_of(web.get("/reports/progress", period="q1", by="subject", class_=w.CLASS_5A, format="csv"))
    assert [(row["Предмет"], row["Класс"]) for row in subjects] == [("Математика", ""), ("Всего", "")]


def test_lessons_of_the_day_have_times_and_homework(web: Web) -> None:
    after = hold(web)
    (first, second) = rows_of(web.get("/lessons", after=after, format="csv"))
    assert (first["Начало"], first["Конец"], first["Тема"], first["Состояние"]) == (
        "9:25",
        "10:10",
        "Тема 1",
        "проведён",
    )
    assert first["Домашнее задание"] == "'=№ 5", "no formula"
    assert (second["Класс, группа"], second["Состояние"]) == ("5Б", "")


def test_people_are_listed_by_kind(shared: Web) -> None:
    pupils = rows_of(shared.get("/people", format="csv"))
    assert [(row["Класс"], row["Фамилия"], row["Представители"]) for row in pupils] == [
        ("5А", "Васильева", "Васильева Ольга (мать)"),
        ("5А", "Глебов", ""),
        ("5А", "Ёлкина", ""),
        ("5Б", "Мишин", ""),
    ]
    staff = rows_of(shared.get("/people", kind="staff", format="csv"))
    assert [(row["Фамилия"], row["Должность"], row["Классное руководство"], row["Принят"]) for row in staff] == [
        ("Борисов", "учитель", "", "20.08.2020"),
        ("Громова", "директор", "", "20.08.2020"),
        ("Дымова", "заместитель директора", "", "20.08.2020"),
        ("Лавлинская", "учитель", "5А", "20.08.2020"),
    ]
    parents = rows_of(shared.get("/people", kind="guardian", format="csv"))
    assert [(row["Фамилия"], row["Почта"], row["Дети"]) for row in parents] == [
        ("Васильева", "olga@example.org", "Васильева Вера (мать)")
    ]
    assert rows_of(shared.get("/people", kind="guardian", class_=w.CLASS_5B, format="csv")) == []
    headed = shared.get("/people", kind="staff", class_=w.CLASS_5A).json()["report"]["people"]
    assert [one["name"] for one in headed] == ["Лавлинская Ада"]
    before = shared.get("/people", on="2025-08-20").json()["report"]["people"]
    assert {one["class_name"] for one in before} == {""}, "nobody was in a class yet"


def test_what_the_school_is_set_up_of_is_a_table(shared: Web) -> None:
    members = rows_of(shared.get("/members", format="csv", limit=1, class_=w.CLASS_5A))
    assert [(row["Класс"], row["Ученик"], row["С"], row["По"]) for row in members] == [
        ("5А", "Васильева Вера", "01.09.2025", ""),
        ("5А", "Глебов Глеб", "01.09.2025", ""),
        ("5А", "Ёлкина Дина", "01.09.2025", ""),
    ]
    book = sheets_of(shared.get("/calendar", class_=w.CLASS_5A, format="xlsx"))
    assert list(book) == ["Дни 5А", "Календарь", "Звонки"]
    report = shared.get("/calendar", class_=w.CLASS_5A).json()["report"]
    assert len(book["Дни 5А"]) == len(report["days"]) + 1
    assert book["Дни 5А"][1][:3] == [date(2025, 9, 1), "уроки", report["cycle"][0]["name"]]
    assert len(book["Звонки"]) == sum(len(one["bells"]) for one in report["bells"]) + 1
    assert book["Звонки"][1][4] == "5А, 5Б"
    parts = [one["name"] for kind in ("periods", "breaks", "holidays", "transferred") for one in report[kind]]
    year, *rest = rows_of(shared.get("/calendar", format="csv"))
    assert (year["Что"], year["Название"]) == ("Учебный год", "2025/26")
    assert [row["Название"] for row in rest] == parts
    assert [row["Кабинет"] for row in rows_of(shared.get("/rooms", format="csv"))] == ["12"]
    staff = rows_of(shared.get("/staff", format="csv", limit=1))
    assert [(row["Сотрудник"], row["Должность"]) for row in staff][:2] == [
        ("Борисов Борис", "учитель"),
        ("Громова Галина", "директор"),
    ]
    assert list(sheets_of(shared.get("/school", format="xlsx"))) == ["Предметы", "Виды работ", "Учебные годы"]
    assert [row["Предмет"] for row in rows_of(shared.get("/school", format="csv"))] == ["Математика"]


def test_a_class_teacher_sees_the_people_of_the_own_class_only(shared: Web) -> None:
    own = shared.get("/people", login="ada", class_=w.CLASS_5A).json()["report"]
    assert own["total"] == 3
    for parameters in ({}, {"class_": w.CLASS_5B}, {"kind": "staff"}):
        problem(shared.get("/people", login="ada", **parameters), 403, "not-allowed")
    for login in ("olga", "vera", "helper"):
        problem(shared.get("/people", login=login), 403, "not-allowed")
    problem(shared.get("/people", class_=w.STRANGER), 404, "not-there")


def test_a_teacher_sees_the_loads_of_own_journals(shared: Web) -> None:
    loads = shared.get("/loads", login="boris").json()["report"]
    assert [(one["name"], one["hours_per_week"], one["starts"]) for one in loads["loads"]] == [
        ("Борисов Борис", 5, "2025-09-01")
    ]
    every = shared.get("/loads", teacher=w.ADA_STAFF).json()["report"]
    assert (every["total"], every["hours_per_week"]) == (1, 5)


def test_the_timetable_hangs_on_the_wall(web: Web) -> None:
    grid = web.get("/timetable/grid", format="xlsx")
    (rows,) = sheets_of(grid).values()
    assert rows[0] == ["День", "Урок", "5А", "5Б"]
    assert rows[1:4] == [
        ["Понедельник", 1, "", ""],
        ["", 2, "Математика\nЛавлинская А.\n12", ""],
        ["", 3, "", "Математика\nБорисов Б.\n12"],
    ]
    assert [row[0] for row in rows[1:] if row[0]] == ["Понедельник", "Вторник", "Среда", "Четверг", "Пятница"]
    page = ZipFile(BytesIO(grid.content)).read("xl/worksheets/sheet1.xml")
    assert b'<mergeCell ref="A2:A4"/>' in page, "a day is one cell"
    (plain,) = {row["День"] for row in rows_of(web.get("/timetable/grid", format="csv"))} & {"Понедельник"}
    assert plain == "Понедельник"


def test_a_week_shows_what_was_changed_in_it(web: Web) -> None:
    moved = {**LESSON, "new_day": "2025-10-07", "new_slot": 5}
    answer = web.command("move-lesson", moved, login="deputy")
    assert answer.status_code == 200, answer.text
    other = {"journal": JOURNAL_5B, "day": "2025-10-08", "slot": 3, "teacher": w.ADA_STAFF}
    answer = web.command("substitute-teacher", other, login="deputy")
    assert answer.status_code == 200, answer.text
    gone = {"journal": JOURNAL_5B, "day": "2025-10-09", "slot": 3, "reason": "болезнь"}
    after = web.command("cancel-lesson", gone, login="deputy").json()["position"]
    table = rows_of(web.get("/timetable/grid", after=after, show="week", on="2025-10-10", format="csv"))
    cells = {(row["День"], row["Урок"]): (row["5А"], row["5Б"]) for row in table}
    assert ("Понедельник, 06.10.2025", "2") in cells
    assert cells["Понедельник, 06.10.2025", "2"] == ("", "")
    assert cells["Вторник, 07.10.2025", "5"] == ("Математика\nЛавлинская А.\n12\n[перенос]", "")
    assert cells["Среда, 08.10.2025", "3"][1] == "Математика\nЛавлинская А.\n12\n[замена]"
    assert cells["Четверг, 09.10.2025", "3"][1] == "Математика\nБорисов Б.\n12\n[отменён]"
    cycle = rows_of(web.get("/timetable/grid", format="csv", on="2025-10-10"))
    assert all("[" not in row["5Б"] for row in cycle), "the plan is as it was"


def test_groups_of_a_class_stand_side_by_side_in_its_cell(web: Web) -> None:
    commands: list[dict[str, Any]] = []
    for name, teacher in (("5А-1", w.ADA_STAFF), ("5А-2", w.BORIS_STAFF)):
        group, journal = uid(f"group {name}"), uid(f"journal {name}")
        classes = [w.CLASS_5A]
        formed = {"group": group, "year": w.YEAR, "title": name, "kind": "subgroup", "classes": classes}
        opened = {"journal": journal, "subject": w.MATHS, "group": group, "group_kind": "group"}
        placed = {"journal": journal, "starts": "2025-09-01", "entries": [{"cycle_day": 1, "slot": 6}]}
        commands += [
            {"command": "form-teaching-group", **formed},
            {"command": "open-journal", **opened},
            {"command": "assign-teacher", "journal": journal, "staff": teacher, "starts": "2025-09-01"},
            {"command": "schedule-journal", **placed},
        ]
    for one in commands:
        one["id"] = web.tiny.new_id()
    answer = web.batch(commands, login="deputy")
    assert answer.status_code == 200, answer.text
    table = rows_of(web.get("/timetable/grid", after=answer.json()["position"], class_=w.CLASS_5A, format="csv"))
    (cell,) = [row["5А"] for row in table if (row["День"], row["Урок"]) == ("Понедельник", "6")]
    assert cell == "Математика (5А-1)\nЛавлинская А.\n/\nМатематика (5А-2)\nБорисов Б."


def test_a_school_without_lessons_has_an_empty_grid(shared: Web) -> None:
    grid = shared.get("/timetable/grid", subject=w.MATHS, class_=w.CLASS_5B, teacher=w.ADA_STAFF).json()["report"]
    assert [one["name"] for one in grid["classes"]] == ["5Б"]
    assert [day["slots"] for day in grid["days"]] == [[]] * 6
    early = shared.get("/timetable/grid", on="2020-01-01", show="week").json()["report"]
    assert (early["first"], early["last"]) == ("2025-09-01", "2025-09-07"), "the nearest week of the year"


def test_official_days_and_scales_are_tables(shared: Web) -> None:
    report = shared.get("/production-calendar").json()["report"]
    rows = rows_of(shared.get("/production-calendar", format="csv"))
    assert len(rows) == sum(len(year["holidays"]) + len(year["transfers"]) for year in report["years"])
    assert (rows[0]["Год"], rows[0]["Что"], rows[0]["Название"]) == (
        str(report["years"][0]["year"]),
        "праздник",
        report["years"][0]["holidays"][0]["title"],
    )
    moved = [row for row in rows if row["Что"] == "перенос выходного"]
    assert all(row["Выходной вместо"] and row["Основание"] for row in moved)
    assert list(sheets_of(shared.get("/production-calendar", format="xlsx"))) == ["Производственный календарь"]
    marks = rows_of(shared.get("/grading-systems", format="csv"))
    five = [row for row in marks if row["Код"] == "five-point"]
    assert [(row["Отметка"], row["Уровень по пятибалльной"], row["Классы"]) for row in five][:1] == [
        ("5", "5", "5А, 5Б")
    ]
    hundred = [(row["От"], row["До"], row["Уровень по пятибалльной"]) for row in marks if row["Код"] == "hundred-point"]
    assert hundred[-1] == ("85", "100", "5")
    assert [row["Отметка"] for row in marks if row["Код"] == "unmarked"] == ["без отметок"]
    assert list(sheets_of(shared.get("/grading-systems", format="xlsx"))) == ["Системы оценивания"]
