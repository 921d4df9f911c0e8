"""The list of staff: who works here, since when, and what each is qualified to teach (C2)."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem


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
