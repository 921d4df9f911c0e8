"""The schedule of control works over HTTP: refused by norms, listed with what breaks them, by class and parallel."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B

SCHEDULE = "/reports/control-works/schedule"


def work(day: str, title: str = "Дроби", journal: str = w.JOURNAL) -> dict[str, Any]:
    return {"journal": journal, "day": day, "title": title, "form": "контрольная работа"}


def planned(web: Web) -> int:
    """Plan two works in 5А nine days apart, and one in 5Б; answer the last position."""
    works = [work("2025-11-10"), work("2025-11-19", "Углы"), work("2025-11-10", journal=JOURNAL_5B)]
    answer = web.command("plan-control-works", {"works": works}, login="deputy")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def report(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def test_works_are_planned_as_a_whole_and_listed_with_their_breaches(web: Web) -> None:
    after = planned(web)
    found = report(web.get(SCHEDULE, after=after, class_=w.CLASS_5A))
    assert [(one["day"], one["title"], one["classes"], one["teachers"]) for one in found["works"]] == [
        ("2025-11-10", "Дроби", ["5А"], ["Лавлинская Ада"]),
        ("2025-11-19", "Углы", ["5А"], ["Лавлинская Ада"]),
    ]
    # Maths is the only subject of the tiny school: whatever lesson it is, it is the first and the last one.
    rules = {(one["rule"], one["where"], one["found"], one["limit"]) for one in found["breaches"]}
    assert rules == {
        ("between", "Математика, 5А", 9, 25),
        ("hours", "Математика, 5А", 2, 1),
        ("first-or-last", "5А", 2, 0),
    } | {("between", "Математика, 5А", 9, 25)}
    assert all("СК-228/03" in one["source"] for one in found["breaches"])
    assert (found["total"], found["errors"], found["warnings"]) == (2, 0, len(found["breaches"]))
    again = web.command("plan-control-work", work("2025-11-19", "Ещё"), login="deputy")
    assert "per-day: 2 control works" in problem(again, 422, "norms-broken")["detail"]
    assert report(web.get(SCHEDULE, after=after, grade=5))["total"] == 3
    assert report(web.get(SCHEDULE, after=after, grade=6))["total"] == 0
    assert report(web.get(SCHEDULE, after=after, from_="2025-11-11", to="2025-11-30"))["total"] == 1


def test_the_schools_own_norms_count_from_their_day_and_in_the_past_the_old_ones(web: Web) -> None:
    before = planned(web)
    own = {
        "starts": "2025-09-01",
        "source": "Положение школы",
        "errors": ["hours"],
        "off": ["between", "first-or-last", "monday-first"],
    }
    answer = web.command("adopt-control-norms", own, login="head")
    after = answer.json()["position"]
    found = report(web.get(SCHEDULE, after=after, journal=w.JOURNAL))
    assert [(one["rule"], one["severity"], one["source"]) for one in found["breaches"]] == [
        ("hours", "error", "Положение школы")
    ]
    then = report(web.get(SCHEDULE, as_of=before, journal=w.JOURNAL))
    assert (then["errors"], {one["rule"] for one in then["breaches"]}) == (0, {"between", "hours", "first-or-last"})
    refused = web.command("plan-control-work", work("2025-12-15", "Итог"), login="deputy")
    assert "(Положение школы)" in problem(refused, 422, "norms-broken")["detail"]


def test_the_schedule_is_a_table(shared: Web) -> None:
    after = planned(shared)
    table = shared.get(SCHEDULE, after=after, class_=w.CLASS_5A, format="csv").content.decode("utf-8-sig")
    heading, first, second = table.splitlines()
    assert heading.startswith("Дата;Урок;Класс;Группа;Предмет;Тема работы")
    assert first.startswith("10.11.2025;;5А;5А;Математика;Дроби;контрольная работа;1;Лавлинская Ада;;")
    assert "предупреждение: дней после предыдущей по предмету в параллели: 9, не менее 2,5 недели (письма" in second


def test_teachers_see_their_own_works(shared: Web) -> None:
    after = planned(shared) if report(shared.get(SCHEDULE))["total"] == 0 else None
    parameters = {} if after is None else {"after": after}
    own = report(shared.get(SCHEDULE, login="boris", **parameters))
    assert {one["group_name"] for one in own["works"]} == {"5Б"}
    problem(shared.get(SCHEDULE, login="olga"), 403, "not-allowed")
    problem(shared.get(SCHEDULE, class_=w.STRANGER), 404, "not-there")
    body = {"works": [work("2025-11-26")]}
    problem(shared.command("plan-control-works", body, login="ada"), 403, "not-allowed")
