"""Who is in which class and group on a day, over HTTP, on both databases."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid

GROUP = uid("group english of 5a")
WHY = {"reason": "приказ от другого числа"}


def done(web: Web, name: str, **body: Any) -> int:
    answer = web.command(name, body, login="deputy")
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def names(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(one["class_name"], one["name"]) for one in answer.json()["report"]["members"]]


def test_membership_is_a_question_about_a_day_and_follows_corrections(web: Web) -> None:
    done(web, "form-teaching-group", group=GROUP, year=w.YEAR, title="Англ 1", kind="subgroup", classes=[w.CLASS_5A])
    done(web, "join-group", pupil=w.VERA, group=GROUP, joined_on="2025-09-01")
    moved = done(web, "transfer-pupil", pupil=w.VERA, class_id=w.CLASS_5B, transferred_on="2025-10-01")
    on_day = {"day": "2025-10-03", "class_": w.CLASS_5A}
    assert names(web.get("/members", after=moved, **on_day)) == [("5А", "Глебов Глеб"), ("5А", "Ёлкина Дина")]
    right = {"pupil": w.VERA, "recorded_on": "2025-10-01", "class_id": w.CLASS_5B, "transferred_on": "2025-10-06"}
    after = done(web, "correct-transfer", **right, **WHY)
    report = web.get("/members", after=after, group=GROUP, day="2025-10-03").json()["report"]
    (vera,) = report["members"]
    assert (vera["class_name"], vera["since"], vera["until"]) == ("5А", "2025-09-01", "2025-10-06")
    assert vera["groups"] == [
        {"id": GROUP, "name": "Англ 1", "kind": "subgroup", "since": "2025-09-01", "until": "2025-10-06"}
    ]
    assert names(web.get("/members", day="2025-10-06", class_=w.CLASS_5B)) == [
        ("5Б", "Васильева Вера"),
        ("5Б", "Мишин Михаил"),
    ]
    then = web.get("/members", as_of=str(moved), **on_day)
    assert names(then) == [("5А", "Глебов Глеб"), ("5А", "Ёлкина Дина")]
    assert web.get("/members", pupil=w.VERA, day="2025-10-03").json()["report"]["total"] == 1


def test_an_individual_plan_is_named_with_its_journals(web: Web) -> None:
    done(web, "set-individual-plan", pupil=w.DINA, starts="2025-10-01", class_journals=[w.JOURNAL])
    after = done(web, "end-individual-plan", pupil=w.DINA, ends="2025-10-20")
    for day, plan in (("2025-09-30", None), ("2025-10-01", [w.JOURNAL]), ("2025-10-20", None)):
        (dina,) = web.get("/members", pupil=w.DINA, day=day, after=after).json()["report"]["members"]
        assert dina["individual_plan"] == plan


def test_a_teacher_sees_the_own_journals_and_the_own_class(shared: Web) -> None:
    everybody = shared.get("/members", login="ada").json()["report"]
    assert {one["class_name"] for one in everybody["members"]} == {"5А"}
    problem(shared.get("/members", login="olga"), 403, "not-allowed")
    problem(shared.get("/members", class_=uid("no class")), 404, "not-there")
    problem(shared.get("/members", group=uid("no group")), 404, "not-there")


def test_without_a_day_the_nearest_day_of_the_year_is_meant(shared: Web) -> None:
    report = shared.get("/members", limit=1, offset=1).json()["report"]
    assert (report["day"], report["total"], len(report["members"])) == ("2025-10-06", 4, 1)
