"""The list of staff: who works here, since when, and what each is qualified to teach (C2)."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.test_report_files import rows_of


def qualify(web: Web, staff: str, *subjects: str, category: str = "none") -> int:
    body = {"staff": staff, "subjects": subjects, "category": category}
    answer = web.command("qualify-staff-member", body, login="deputy")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def listed(web: Web, **parameters: Any) -> list[tuple[str, list[str], str]]:
    answer = web.get("/staff", **parameters)
    assert answer.status_code == 200, answer.text
    report = answer.json()["report"]
    assert report["total"] >= len(report["staff"])
    return [(one["name"], [subject["name"] for subject in one["subjects"]], one["category"]) for one in report["staff"]]


def test_staff_are_listed_with_their_qualifications_now_and_then(web: Web) -> None:
    english = {"subject": w.ENGLISH, "title": "Английский язык"}
    assert web.command("define-subject", english, login="deputy").status_code == 200
    before = qualify(web, w.ADA_STAFF, w.MATHS, category="first")
    after = qualify(web, w.BORIS_STAFF, w.MATHS, w.ENGLISH)
    assert listed(web, after=after) == [
        ("Борисов Борис", ["Математика", "Английский язык"], "none"),
        ("Громова Галина", [], "none"),
        ("Дымова Дарья", [], "none"),
        ("Лавлинская Ада", ["Математика"], "first"),
    ]
    assert [one[0] for one in listed(web, subject=w.ENGLISH)] == ["Борисов Борис"]
    assert [one[0] for one in listed(web, subject=w.MATHS, as_of=before)] == ["Лавлинская Ада"]
    assert listed(web, limit=1, offset=3) == [("Лавлинская Ада", ["Математика"], "first")]


def test_staff_read_it_and_nobody_else(shared: Web) -> None:
    assert shared.get("/staff", login="ada").status_code == 200
    for login in ("olga", "vera", "helper"):
        problem(shared.get("/staff", login=login), 403, "not-allowed")
    problem(shared.get("/staff", subject=w.STRANGER), 404, "not-there")


def held(web: Web, **parameters: Any) -> tuple[str, list[tuple[str, str]]]:
    """Answer Ada's position of the day, and all of them."""
    answer = web.get("/staff", **parameters)
    assert answer.status_code == 200, answer.text
    (ada,) = [one for one in answer.json()["report"]["staff"] if one["id"] == w.ADA_STAFF]
    return ada["position"], [(one["position"], one["starts"]) for one in ada["positions"]]


def sent(web: Web, name: str, **body: Any) -> int:
    answer = web.command(name, {"staff": w.ADA_STAFF, **body}, login="deputy")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def test_positions_are_held_by_date_and_follow_a_correction(web: Web) -> None:
    first = ("учитель", "2020-08-20")
    planned = sent(web, "change-staff-position", position="завуч", starts="2025-11-01")
    assert held(web, after=planned) == ("учитель", [first, ("завуч", "2025-11-01")])
    assert held(web, day="2025-11-01")[0] == "завуч"
    (ada,) = [one for one in rows_of(web.get("/staff", format="csv")) if one["Сотрудник"] == "Лавлинская Ада"]
    assert (ada["Должность"], ada["Должности по датам"]) == ("учитель", "учитель с 20.08.2020; завуч с 01.11.2025")
    right = [{"position": "учитель", "starts": "2020-08-20"}, {"position": "завуч", "starts": "2025-10-01"}]
    after = sent(web, "correct-staff-positions", positions=right, reason="приказ от 1 октября")
    assert held(web, after=after) == ("завуч", [first, ("завуч", "2025-10-01")])
    assert held(web, as_of=planned) == ("учитель", [first, ("завуч", "2025-11-01")])
    people = web.get("/people", kind="staff").json()["report"]["people"]
    assert {one["name"]: one["position"] for one in people}["Лавлинская Ада"] == "завуч"
    wrong = {"staff": w.ADA_STAFF, "position": "учитель", "starts": "2025-09-01"}
    problem(web.command("change-staff-position", wrong, login="deputy"), 409, "another-position-later")
    problem(web.command("change-staff-position", wrong, login="ada"), 403, "not-allowed")
