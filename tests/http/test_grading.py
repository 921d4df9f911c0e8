"""Grading systems over HTTP: what ships, what the school defines, and who is marked by what (A7)."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web

TWELVE = {
    "code": "twelve-point",
    "title": "Двенадцатибалльная",
    "scale": "range",
    "lowest": 1,
    "highest": 12,
    "bands": [
        {"lowest": 1, "level": 2},
        {"lowest": 4, "level": 3},
        {"lowest": 7, "level": 4},
        {"lowest": 10, "level": 5},
    ],
}


def systems(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {one["code"]: one for one in answer.json()["report"]["systems"]}


def test_the_shipped_systems_say_their_marks_and_levels(shared: Web) -> None:
    found = systems(shared.get("/grading-systems", login="olga"))
    assert {"five-point", "pass-fail", "hundred-point", "ten-point", "letter", "unmarked"} <= set(found)
    assert (found["five-point"]["marks"], found["five-point"]["classes"]) == ("5, 4, 3, 2, 1", ["5А", "5Б"])
    assert found["hundred-point"]["bands"][-1] == {"lowest": 85, "level": 5}
    levels = {one["value"]: one["level"] for one in found["letter"]["values"]}
    assert levels == {"A": 5, "B": 4, "C": 3, "D": 3, "F": 2, "н/а": None, "осв": None}
    assert found["unmarked"]["marks"] == "none"


def test_the_school_defines_one_and_marks_a_class_by_it(web: Web) -> None:
    assert web.command("define-grading-system", TWELVE, login="deputy").status_code == 200
    form = {"class_id": w.CLASS_5B, "year": w.YEAR, "title": "5Б", "grade": 5, "scheme": "quarters"}
    answer = web.command(
        "form-class", form | {"bells": "first-shift", "grading_system": "twelve-point"}, login="deputy"
    )
    after = answer.json()["position"]
    found = systems(web.get("/grading-systems", after=after))
    assert (found["twelve-point"]["classes"], found["five-point"]["classes"]) == (["5Б"], ["5А"])
    assert found["twelve-point"]["marks"] == "whole numbers from 1 to 12"
    assert "twelve-point" not in systems(web.get("/grading-systems", as_of=after - 2))
