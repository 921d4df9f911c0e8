"""The audit over HTTP: who may read it, its list, its files, its reasons opened by a real vault."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from io import BytesIO, StringIO
from typing import Any

import pytest
from pydantic import TypeAdapter
from python_calamine import CalamineWorkbook

from ejd.http import audit
from ejd.http.asking import Answered
from ejd.http.audit_routes import AUDIT
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B, NOON

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
CELL: dict[str, Any] = {**LESSON, "pupil": w.DINA, "work": "oral"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sent(response: Any) -> int:
    assert response.status_code == 200, response.text
    position: int = response.json()["position"]
    return position


def corrected(web: Web) -> int:
    """Correct today's lesson of 5А in every way that a teacher can; answer the last position."""
    absent = [{"pupil": w.GLEB, "kind": "absent"}]
    lesson = {**LESSON, "plan_item": 1, "absences": absent, "marks": [{"pupil": w.DINA, "work": "oral", "value": "3"}]}
    sent(web.command("save-lesson", lesson))
    sent(web.command("correct-mark", {**CELL, "value": "4", "reason": "=опечатка; «ё»"}))
    sent(
        web.command("correct-attendance", {**LESSON, "pupil": w.GLEB, "kind": "late", "minutes": 5, "reason": "пришёл"})
    )
    sent(web.command("correct-topic", {**LESSON, "topic": "Дроби", "reason": "не та тема"}))
    return sent(web.command("withdraw-mark", {**CELL, "reason": "не её работа"}))


def report(response: Any) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["report"]


def test_the_list_has_what_was_corrected_with_reasons_in_clear(web: Web) -> None:
    after = corrected(web)
    found = report(web.get("/audit/corrections", after=after, order="asc"))
    assert [(one["kind"], one["change"], one["old"], one["new"], one["reason"]) for one in found["corrections"]] == [
        ("mark", "corrected", "3", "4", "=опечатка; «ё»"),
        ("attendance", "corrected", "absent", "late 5", "пришёл"),
        ("topic", "corrected", "Тема 1", "Дроби", "не та тема"),
        ("mark", "withdrawn", "4", "", "не её работа"),
    ]
    first = found["corrections"][0]
    assert (first["by"]["login"], first["by"]["name"], first["pupil_name"]) == ("ada", "Лавлинская Ада", "Ёлкина Дина")
    # noon; the second slot ends at 10:10; q1 ends on 24 October
    assert (first["window"], first["hours_after_lesson"], first["days_after_period_end"]) == ("inside", 1, -18)
    assert (found["total"], found["by_kind"]) == (4, {"attendance": 1, "mark": 2, "topic": 1})
    up = report(web.get("/audit/corrections", direction="up", kind=["mark", "topic"], teacher=w.ADA_STAFF))
    assert [one["new"] for one in up["corrections"]] == ["4"]
    assert report(web.get("/audit/corrections", journal=JOURNAL_5B))["total"] == 0
    assert report(web.get("/audit/corrections", window="outside"))["total"] == 0


def test_the_list_comes_as_csv_that_excel_opens(web: Web) -> None:
    after = corrected(web)
    answer = web.get("/audit/corrections", after=after, format="csv", order="asc", limit=1)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="corrections-2025-09-01-2026-05-29.csv"'
    assert int(answer.headers["ejd-position"]) >= after
    heading, *rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(rows) == 4, "a file has all that was chosen, whatever the page"
    first = dict(zip(heading, rows[0], strict=True))
    assert (first["Кто внёс"], first["Ученик"], first["Было"], first["Стало"]) == (
        *("Лавлинская Ада", "Ёлкина Дина", "3", "4"),
    )
    assert first["Причина"] == "'=опечатка; «ё»", "no formula"
    assert (first["Внесено"], first["Дата урока"], first["Выше/ниже"]) == ("06.10.2025 12:00:00", "06.10.2025", "выше")
    assert rows[1][heading.index("Стало")] == "о 5"


def test_the_list_comes_as_a_workbook_by_what_the_client_accepts(web: Web) -> None:
    after = corrected(web)
    answer = web.get("/audit/corrections", after=after, order="asc", headers={"Accept": f"{XLSX}, */*;q=0.1"})
    assert answer.headers["content-type"] == XLSX
    heading, *rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    first = dict(zip(heading, rows[0], strict=True))
    assert (first["Ученик"], first["Стало"], first["Причина"]) == ("Ёлкина Дина", "4", "=опечатка; «ё»")
    assert (first["Внесено"], first["Дата урока"]) == (NOON.replace(tzinfo=None), NOON.date())
    assert (first["Часов после урока"], first["Дней от конца периода"]) == (1, -18)
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("accept", "chosen", "kind"),
    [
        ("", None, "application/json"),
        ("*/*", None, "application/json"),
        ("text/csv", None, "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv", None, "text/csv; charset=utf-8"),
        ("application/json", "csv", "text/csv; charset=utf-8"),
        ("text/csv, application/json;q=0.1", "json", "application/json"),
    ],
)
def test_the_format_is_the_one_named_else_the_most_welcome(
    shared: Web, accept: str, chosen: str | None, kind: str
) -> None:
    parameters = {} if chosen is None else {"format": chosen}
    for path in ("/audit/corrections", "/audit/requests"):
        answer = shared.get(path, headers={"Accept": accept}, **parameters)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


def test_what_no_client_gets_is_refused(shared: Web) -> None:
    problem(shared.get("/audit/corrections", headers={"Accept": "image/png"}), 406, "not-acceptable")
    problem(shared.get("/audit/corrections", headers={"Accept": "text/csv"}, format="json"), 406, "not-acceptable")
    problem(shared.get("/audit/signals", headers={"Accept": "text/csv"}), 406, "not-acceptable")
    problem(shared.get("/audit/corrections", headers={"Accept": "application/json;q=0"}), 406, "not-acceptable")


PATHS = (
    "/audit/corrections",
    "/audit/requests",
    "/audit/signals",
    f"/audit/cells/{w.LESSON}/{w.DINA}",
    f"/audit/lessons/{w.LESSON}/topic",
    f"/audit/final-marks/{w.JOURNAL}/q1/{w.DINA}",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("login", ["ada", "olga", "vera", "helper", "timetable-program"])
def test_only_the_administration_reads_the_audit(shared: Web, path: str, login: str) -> None:
    problem(shared.get(path, login=login), 403, "not-allowed")
    answer = shared.get(path, login="head")
    assert answer.status_code == 200 or answer.json()["detail"].startswith("nothing was ever recorded in this lesson")


@pytest.mark.parametrize(
    ("parameters", "status", "field"),
    [
        ({"teacher": w.STRANGER}, 404, "teacher"),
        ({"pupil": w.ADA_STAFF}, 404, "pupil"),
        ({"class_": w.STRANGER}, 404, "class"),
        ({"kind": "planet"}, 400, "kind.0"),
        ({"direction": "left"}, 400, "direction"),
        ({"sort": "colour"}, 400, "sort"),
        ({"hours_after_lesson": -1}, 400, "hours_after_lesson"),
        ({"days_after_period_end_min": 401}, 400, "days_after_period_end_min"),
        ({"since": "yesterday"}, 400, "since"),
        ({"format": "pdf"}, 400, "format"),
        ({"limit": 1001}, 400, "limit"),
    ],
)
def test_a_wrong_condition_is_named(shared: Web, parameters: dict[str, Any], status: int, field: str) -> None:
    answer = shared.get("/audit/corrections", **parameters)
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == field


def test_answers_and_examples_have_the_shape_that_is_documented(shared: Web) -> None:
    after = corrected(shared)
    examples = json.loads(files("ejd.http").joinpath("audit_examples.json").read_text(encoding="utf-8"))
    for question in AUDIT:
        shape = TypeAdapter(Answered[question.report])  # type: ignore[name-defined]
        answer = shared.get(question.path, after=after)
        assert answer.status_code == 200, answer.text
        shape.validate_json(answer.content, strict=True)
        assert shape.validate_python(examples.pop(question.name)).position > 0
    assert examples == {}


def test_the_life_of_a_cell_is_told_with_authors_and_reasons(web: Web) -> None:
    after = corrected(web)
    life = report(web.get(f"/audit/cells/{w.LESSON}/{w.DINA}", after=after))
    assert [(step["kind"], step["what"], step["old"], step["new"], step["reason"]) for step in life["steps"]] == [
        ("attendance", "recorded", "", "present", ""),
        ("mark", "recorded", "", "3", ""),
        ("mark", "corrected", "3", "4", "=опечатка; «ё»"),
        ("mark", "withdrawn", "4", "", "не её работа"),
    ]
    assert {step["by"]["name"] for step in life["steps"]} == {"Лавлинская Ада"}
    assert {fact["kind"] for fact in life["steps"][1]["stands_on"]} == {"account", "journal", "pupil", "timetable"}
    assert [one["kind"] for one in life["now"]] == ["attendance"]
    marks = report(web.get(f"/audit/cells/{w.LESSON}/{w.DINA}", work="oral", number=1))
    assert [step["what"] for step in marks["steps"]] == ["recorded", "corrected", "withdrawn"]
    for part, whats in (("topic", ["recorded", "corrected"]), ("roll", ["recorded", "corrected"]), ("homework", [])):
        assert [one["what"] for one in report(web.get(f"/audit/lessons/{w.LESSON}/{part}"))["steps"]] == whats


def test_the_life_shows_what_the_mother_had_seen(web: Web) -> None:
    cell = {**LESSON, "pupil": w.VERA, "work": "oral"}
    first = sent(web.command("record-mark", {**cell, "value": "5"}))
    mine = {"guardian": w.PARENT_GUARDIAN, "pupil": w.VERA}
    diary = {**mine, "week": "2025-10-06", "seen_position": first}
    sent(web.command("acknowledge-diary", diary, login="olga"))
    after = sent(web.command("correct-mark", {**cell, "value": "4", "reason": "ошибка"}))
    life = report(web.get(f"/audit/cells/{w.LESSON}/{w.VERA}", work="oral", after=after))
    assert [step["what"] for step in life["steps"]] == ["recorded", "acknowledged", "corrected"]
    seen = life["steps"][1]
    assert (seen["by"]["name"], [one["value"] for one in seen["seen"]]) == ("Васильева Ольга", ["5"])
    asked = {"signal": "after-acknowledgement", "from_": "2025-10-01", "to": "2025-10-31"}
    (signal,) = report(web.get("/audit/signals", **asked))["signals"]
    (finding,) = signal["findings"]
    assert (finding["by"]["name"], finding["records"][0]["old"]) == ("Лавлинская Ада", "5")
    told = web.get(finding["records"][0]["life"].removeprefix("/api/v1"))
    assert report(told)["steps"] == life["steps"], "from a finding to the life of its cell"


def test_a_final_mark_has_a_life(web: Web) -> None:
    mark = {"journal": w.JOURNAL, "period": "q1", "pupil": w.DINA}
    sent(web.command("decide-final-mark", {**mark, "value": "4"}))
    after = sent(web.command("correct-final-mark", {**mark, "value": "5", "reason": "пересчёт"}))
    life = report(web.get(f"/audit/final-marks/{w.JOURNAL}/q1/{w.DINA}", after=after))
    assert [(step["what"], step["new"], step["reason"]) for step in life["steps"]] == [
        ("recorded", "4", ""),
        ("corrected", "5", "пересчёт"),
    ]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"/audit/cells/{w.STRANGER}/{w.DINA}", "lesson"),
        (f"/audit/cells/{w.JOURNAL}/{w.DINA}", "lesson"),
        (f"/audit/lessons/{w.STRANGER}/roll", "lesson"),
        (f"/audit/final-marks/{w.STRANGER}/q1/{w.DINA}", "journal"),
        (f"/audit/final-marks/{w.JOURNAL}/q9/{w.DINA}", "period"),
        (f"/audit/final-marks/{w.JOURNAL}/q1/{w.ADA_STAFF}", "pupil"),
    ],
)
def test_unknown_things_have_no_life(shared: Web, path: str, field: str) -> None:
    assert problem(shared.get(path), 404, "not-there")["field"] == field


def test_a_part_that_no_lesson_has_is_named(shared: Web) -> None:
    for path, field in ((f"/audit/lessons/{w.LESSON}/weather", "part"), ("/audit/cells/x/y", "lesson")):
        assert problem(shared.get(path), 400, "malformed")["field"] == field


def test_signals_say_what_they_look_for_and_name_the_author(web: Web) -> None:
    absent = [{"pupil": w.GLEB, "kind": "ill"}]
    marks = [{"pupil": w.GLEB, "work": "oral", "value": "5"}]
    after = sent(web.command("save-lesson", {**LESSON, "plan_item": 1, "absences": absent, "marks": marks}))
    every = report(web.get("/audit/signals", after=after))["signals"]
    assert [one["signal"] for one in every] == list(audit.SIGNALS)
    assert all(one["definition"] and one["thresholds"]["bulk_days"] == 7 for one in every)
    assert {one["signal"]: one["total"] for one in every if one["total"]} == {"marks-for-absent": 1}
    (one,) = report(web.get("/audit/signals", signal="marks-for-absent"))["signals"]
    (finding,) = one["findings"]
    assert (finding["by"]["name"], finding["by"]["account"]) == ("Лавлинская Ада", w.ADA)
    assert finding["records"][0]["pupil_name"] == "Глебов Глеб"
    answer = web.get("/audit/signals", class_=w.CLASS_5A)
    assert (answer.status_code, answer.json()["field"]) == (400, "class"), "a condition that nobody looks at is refused"


def test_a_request_an_approval_and_what_was_made_under_it(web: Web) -> None:
    """Today is 6 October: the mark of 8 September was free until the 15th, the topic too."""
    old: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-09-08", "slot": w.LESSON_SLOT}
    asked, topic = web.tiny.new_id(), web.tiny.new_id()
    mine = {**old, "kind": "mark", "pupil": w.DINA, "request": asked, "reason": "работа нашлась"}
    sent(web.command("request-correction", mine))
    sent(web.command("request-correction", {**old, "kind": "topic", "request": topic, "reason": "забыла"}))
    (waiting, other) = report(web.get("/audit/requests", after=web.tiny.school.store.last_position()))["requests"]
    assert (waiting["request"], waiting["standing"], waiting["reason"]) == (asked, "open", "работа нашлась")
    assert (waiting["requested_by"]["name"], waiting["pupil_name"]) == ("Лавлинская Ада", "Ёлкина Дина")
    sent(web.command("approve-correction", {"request": asked}, login="deputy"))
    sent(web.command("reject-correction", {"request": other["request"], "reason": "поздно"}, login="deputy"))
    mark = {**old, "pupil": w.DINA, "work": "oral", "value": "4", "approval": asked}
    after = sent(web.command("record-mark", mark))

    requests = report(web.get("/audit/requests", after=after))
    assert requests["counts"] == {"rejected": 1, "used": 1}
    assert report(web.get("/audit/requests", standing="rejected"))["requests"][0]["decision_reason"] == "поздно"
    (late,) = report(web.get("/audit/corrections", approval="with"))["corrections"]
    assert (late["kind"], late["change"], late["new"], late["window"]) == ("mark", "entered", "4", "outside")
    assert (late["approval"]["request"], late["approval"]["by"]["name"]) == (asked, "Дымова Дарья")
    life = report(web.get(f"/audit/cells/{late['record']}/{w.DINA}", work="oral"))
    assert [step["what"] for step in life["steps"]] == ["requested", "approved", "recorded", "approval-used"]
    assert {"stream": asked, "version": 2, "kind": "correction"} in life["steps"][2]["stands_on"]
    told = web.get("/audit/requests", format="csv").content.decode("utf-8-sig")
    assert "Дымова Дарья" in told
    assert "отклонено" in told
    assert "использовано" in told
