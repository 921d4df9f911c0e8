"""Reports over HTTP: what was done is in them, page by page, with position and ETag, on both databases."""

from __future__ import annotations

import json
import threading
import time
from importlib.resources import files
from typing import Any

import pytest
from pydantic import TypeAdapter

from ejd.http.asking import Answered
from ejd.http.questions import QUESTIONS
from ejd.read.model import AFTER_SECONDS_MAX
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
WHOLE_LESSON: dict[str, Any] = {
    **LESSON,
    "plan_item": 1,
    "absences": [{"pupil": w.GLEB, "kind": "ill"}],
    "marks": [
        {"pupil": w.VERA, "work": "oral", "value": "5"},
        {"pupil": w.DINA, "work": "oral", "value": "3"},
    ],
    "homework": {"text": "№ 5"},
}
REQUIRED = {"journal": w.JOURNAL, "teacher": w.ADA_STAFF}
"""Values for what some questions must be given."""
TODAY: dict[str, Any] = {"from_": "2025-10-06", "to": "2025-10-06"}


def hold(web: Web) -> int:
    """Save today's lesson of 5А and answer its position."""
    answer = web.command("save-lesson", WHOLE_LESSON)
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def report(response: Any) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["report"]


def test_what_a_command_did_is_in_every_report_that_is_asked_for_it(web: Web) -> None:
    after = hold(web)

    answer = web.get("/reports/gradebook", journal=w.JOURNAL, after=after, **TODAY).json()
    assert (answer["position"] >= after, answer["simulated"]) == (True, False)
    (book,) = answer["report"]["gradebooks"]
    marks = {row["name"]: [mark["value"] for mark in row["marks"]] for row in book["pupils"]}
    assert marks == {"Васильева Вера": ["5"], "Глебов Глеб": [], "Ёлкина Дина": ["3"]}
    assert [lesson["topic"] for lesson in book["lessons"]] == ["Тема 1"]

    missed = report(web.get("/reports/missed-topics", class_=w.CLASS_5A, after=after, **TODAY))
    assert (missed["numerator"], missed["denominator"]) == (1, 3)
    (gleb,) = [one for one in missed["pupils"] if one["missed"]]
    assert [row["topic"] for row in gleb["journals"][0]["rows"]] == ["Тема 1"]

    # both classes have mathematics today; 5Б's lesson (slot 3, 10:20-11:05) is over at noon and not recorded
    fill = report(web.get("/reports/fill-completeness", by="class", after=after, **TODAY))
    assert [(row["name"], row["lessons"]["due"], row["lessons"]["filled"]) for row in fill["rows"]] == [
        ("5А", 1, 1),
        ("5Б", 1, 0),
    ]

    progress = report(web.get("/reports/progress", period="q1", after=after))
    assert [(row["class_name"], row["pupils"]) for row in progress["rows"]] == [("5А", 3), ("5Б", 1)]

    lessons = report(web.get("/lessons", after=after))
    assert [(one["group_name"], one["held"]) for one in lessons["lessons"]] == [("5А", True), ("5Б", False)]


def test_a_report_waits_for_the_position_that_it_is_asked_for(unfed: Web) -> None:
    after = hold(unfed)
    timer = threading.Timer(0.5, unfed.tiny.feed)
    begun = time.monotonic()
    timer.start()
    answer = unfed.get("/lessons", after=after)
    timer.join()
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun >= 0.4
    assert answer.json()["position"] >= after


def test_a_report_does_not_wait_for_ever(unfed: Web) -> None:
    after = hold(unfed)
    begun = time.monotonic()
    response = unfed.get("/lessons", after=after)
    found = problem(response, 503, "not-there-yet")
    assert found["field"] == "after"
    assert int(response.headers["retry-after"]) >= 1
    assert time.monotonic() - begun < AFTER_SECONDS_MAX + 3
    assert unfed.get("/lessons").status_code == 200, "without `after` the old state is answered"


def test_a_position_that_nothing_has_is_refused_at_once(shared: Web) -> None:
    begun = time.monotonic()
    for after in (10**9, 2**63 - 1):
        assert problem(shared.get("/lessons", after=after), 400, "malformed")["field"] == "after"
    assert time.monotonic() - begun < AFTER_SECONDS_MAX / 2


def test_the_etag_says_whether_something_changed(web: Web) -> None:
    asked = {"journal": w.JOURNAL, **TODAY}
    before = web.get("/reports/gradebook", **asked)
    etag = before.headers["etag"]
    assert before.headers["cache-control"] == "no-store"
    same = web.get("/reports/gradebook", headers={"If-None-Match": f'"x", {etag}'}, **asked)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)

    # something else changes: the position moves, this report does not
    subject = web.command("define-subject", {"title": "Химия"}, login="deputy").json()["position"]
    still = web.get("/reports/gradebook", headers={"If-None-Match": etag}, after=subject, **asked)
    assert still.status_code == 304
    assert int(still.headers["ejd-position"]) >= subject

    after = hold(web)
    changed = web.get("/reports/gradebook", headers={"If-None-Match": etag}, after=after, **asked)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    assert int(changed.headers["ejd-position"]) == changed.json()["position"]


def test_pages_follow_one_another(shared: Web) -> None:
    first = report(shared.get("/journals", limit=1))
    second = report(shared.get("/journals", limit=1, offset=1))
    assert (first["total"], second["total"]) == (2, 2)
    assert [page["journals"][0]["journal"]["name"] for page in (first, second)] == [
        "Математика, 5А",
        "Математика, 5Б",
    ]
    month = {"from_": "2025-09-01", "to": "2025-09-30"}
    every = report(shared.get("/lessons", **month))
    assert len(every["lessons"]) == 44, "22 working days in September 2025, one lesson for each of two classes"
    assert not every["more"]
    parts = [report(shared.get("/lessons", limit=30, offset=start, **month)) for start in (0, 30)]
    assert [part["more"] for part in parts] == [True, False]
    assert parts[0]["lessons"] + parts[1]["lessons"] == every["lessons"]
    books = report(shared.get("/reports/gradebook", limit=1, offset=1, **TODAY))
    assert (books["journals_total"], [one["journal"]["group_name"] for one in books["gradebooks"]]) == (2, ["5Б"])


@pytest.mark.parametrize(
    ("choice", "groups"),
    [
        ({}, ["5А", "5Б"]),
        ({"class_": w.CLASS_5B}, ["5Б"]),
        ({"group": w.CLASS_5A}, ["5А"]),
        ({"journal": JOURNAL_5B}, ["5Б"]),
        ({"subject": w.MATHS}, ["5А", "5Б"]),
        ({"teacher": w.BORIS_STAFF}, ["5Б"]),
        ({"pupil": w.VERA}, ["5А"]),
        ({"pupil": w.VERA, "class_": w.CLASS_5B}, []),
        ({"teacher": w.BORIS_STAFF, "journal": w.JOURNAL}, []),
    ],
)
def test_journals_are_chosen_by_everything_that_must_hold(
    shared: Web, choice: dict[str, str], groups: list[str]
) -> None:
    books = report(shared.get("/reports/gradebook", period="q1", **choice))
    assert [one["journal"]["group_name"] for one in books["gradebooks"]] == groups
    assert (books["first"], books["last"]) == ("2025-09-01", "2025-10-24")
    if "pupil" in choice:
        assert [row["pupil"] for one in books["gradebooks"] for row in one["pupils"]] == [w.VERA][: len(groups)]


def test_the_school_tells_where_ids_are_found(shared: Web) -> None:
    school = report(shared.get("/school"))
    assert (school["name"], school["timezone"], school["today"]) == ("Школа № 7", "Europe/Moscow", "2025-10-06")
    (year,) = school["years"]
    assert (year["id"], [period["code"] for period in year["periods"]]) == (w.YEAR, ["q1", "q2", "q3", "q4"])
    classes = report(shared.get("/classes", year=w.YEAR))
    assert [(one["name"], one["class_teacher_name"]) for one in classes["classes"]] == [
        ("5А", "Лавлинская Ада"),
        ("5Б", ""),
    ]


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("/reports/gradebook", {"first": "2025-09-01"}, "first"),
        ("/reports/gradebook", {"from_": "1.9.2025"}, "from"),
        ("/reports/gradebook", {"limit": 0}, "limit"),
        ("/reports/gradebook", {"limit": 61}, "limit"),
        ("/reports/gradebook", {"period": "q1", "to": "2025-09-02"}, "period"),
        ("/reports/gradebook", {"from_": "2025-09-02", "to": "2025-09-01"}, "last"),
        ("/reports/gradebook", {"from_": "2020-09-01"}, "first"),
        ("/reports/progress", {"from_": "2025-09-01"}, "from"),
        ("/reports/progress", {"by": "planet"}, "by"),
        ("/reports/fill-completeness", {"part": "x"}, "part"),
        ("/lessons", {"class_": "5А"}, "class"),
        ("/events", {"type": "mark"}, "type.0"),
        ("/school", {"after": -1}, "after"),
    ],
)
def test_a_wrong_parameter_is_named(shared: Web, path: str, parameters: dict[str, Any], field: str) -> None:
    found = shared.get(path, **parameters)
    assert found.status_code == 400
    assert found.json()["field"] == field


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("/reports/gradebook", {"journal": w.STRANGER}, "journal"),
        ("/reports/gradebook", {"class_": w.VERA}, "class"),
        ("/reports/gradebook", {"pupil": w.ADA_STAFF}, "pupil"),
        ("/reports/gradebook", {"teacher": w.VERA}, "teacher"),
        ("/reports/gradebook", {"year": w.STRANGER}, "year"),
        ("/reports/gradebook", {"period": "q9"}, "period"),
        ("/reports/gradebook", {"scheme": "weeks"}, "scheme"),
        ("/reports/progress", {"period": "q9"}, "period"),
        ("/reports/fill-completeness", {"subject": w.STRANGER}, "subject"),
        ("/reports/missed-topics", {"group": w.STRANGER}, "group"),
        ("/lessons", {"group": w.VERA}, "group"),
    ],
)
def test_an_unknown_id_is_not_an_empty_report(shared: Web, path: str, parameters: dict[str, Any], field: str) -> None:
    assert problem(shared.get(path, **parameters), 404, "not-there")["field"] == field


def test_answers_have_the_shape_that_is_documented(shared: Web) -> None:
    """Every report is encoded by hand for speed; here it is read again as the model in the document."""
    after = hold(shared)
    for question in QUESTIONS:
        needed = {one: REQUIRED[one] for one in question.parameters.model_json_schema().get("required", ())}
        answer = shared.get(question.path, after=after, **needed)
        assert answer.status_code == 200, answer.text
        TypeAdapter(Answered[question.report]).validate_json(answer.content, strict=True)  # type: ignore[name-defined]


def test_the_examples_in_the_document_are_real_answers() -> None:
    examples = json.loads(files("ejd.http").joinpath("examples.json").read_text(encoding="utf-8"))
    for question in QUESTIONS:
        example = TypeAdapter(Answered[question.report]).validate_python(examples.pop(question.name))  # type: ignore[name-defined]
        assert example.position > 0
    assert examples == {}
