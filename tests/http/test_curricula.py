"""The list of curricula: seen by everybody at school, as a file what the import reads, of any past moment."""

from __future__ import annotations

from pathlib import Path

from tests import worlds as w
from tests.http.conftest import Web, serve
from tests.http.test_imports import post, upload
from tests.schools import tiny_school

LINE = {"subject": w.MATHS, "hours_per_week_hundredths": 550}
PLAN = {
    "year": w.YEAR,
    "title": "=План 5 классов",
    "grades": [5],
    "profile": "углублённый",
    "weeks": 33,
    "lines": [LINE, {**LINE, "component": "participants", "group_kind": "club", "hours_per_week_hundredths": 50}],
}


def adopt(web: Web) -> int:
    """Adopt a curriculum and have a class taught by it; answer the position."""
    answer = web.command("adopt-curriculum", PLAN, login="deputy").json()
    stream = answer["events"][0]["stream"]
    body = {"class_id": w.CLASS_5A, "curriculum": stream, "starts": "2025-09-01"}
    position: int = web.command("assign-curriculum", body, login="deputy").json()["position"]
    return position


def test_the_list_has_hours_and_classes_also_of_a_past(web: Web) -> None:
    after = adopt(web)
    (found,) = web.get("/curricula", login="olga", after=after).json()["report"]["curricula"]
    assert (found["name"], found["grades"], found["weeks"], found["classes"]) == ("=План 5 классов", [5], 33, ["5А"])
    hours = [(one["subject_name"], one["hours_per_week_hundredths"], one["hours_per_year"]) for one in found["lines"]]
    assert hours == [("Математика", 550, 182), ("Математика", 50, 17)]
    (past,) = web.get("/curricula", as_of=after - 1).json()["report"]["curricula"]
    assert past["classes"] == []
    assert web.get("/curricula", as_of=after - 2).json()["report"]["curricula"] == []


def test_what_is_exported_comes_back_into_a_school_without_curricula(web: Web, tmp_path: Path) -> None:
    after = adopt(web)
    before = web.get("/curricula", after=after).json()["report"]["curricula"]
    for file_format in ("xlsx", "csv"):
        content = web.get("/curricula", after=after, format=file_format).content
        same = upload(web, content, file_name=f"curricula.{file_format}").json()
        assert (same["state"], same["refusals"]) == ("unchanged", [])
        with tiny_school("sqlite", tmp_path / file_format) as empty:
            for other in serve(empty):
                seen = upload(other, content, file_name=f"curricula.{file_format}").json()
                assert (seen["added"], seen["refused"]) == (2, 0)
                done = post(other, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
                found = other.get("/curricula", after=done.headers["Ejd-Position"]).json()["report"]["curricula"]
                assert [{**one, "id": ""} for one in found] == [{**one, "id": ""} for one in before]
