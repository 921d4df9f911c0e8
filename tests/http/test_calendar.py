"""The calendar of a year and its rooms over HTTP: three kinds of periods, two shifts, breaks of single classes."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid


def done(web: Web, name: str, **body: Any) -> int:
    answer = web.command(name, body, login="deputy")
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def report(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def test_quarters_trimesters_and_half_years_and_two_shifts_stand_side_by_side(web: Web) -> None:
    trimesters = [
        {"code": "t1", "title": "I триместр", "first_day": "2025-09-01", "last_day": "2025-11-20"},
        {"code": "t2", "title": "II триместр", "first_day": "2025-11-21", "last_day": "2026-02-20"},
    ]
    half = [{"code": "h1", "title": "I полугодие", "first_day": "2025-09-01", "last_day": "2025-12-30"}]
    done(web, "define-grading-periods", year=w.YEAR, scheme="trimesters", periods=trimesters)
    done(web, "define-grading-periods", year=w.YEAR, scheme="half-years", periods=half)
    bells = [{"slot": 1, "starts": 840, "ends": 885}]
    done(web, "define-bell-schedule", year=w.YEAR, code="second-shift", title="Вторая смена", bells=bells)
    eighth, tenth = uid("class 8a"), uid("class 10a")
    common = {"year": w.YEAR, "week_days": 6}
    done(web, "form-class", class_id=eighth, title="8А", grade=8, scheme="trimesters", bells="second-shift", **common)
    done(web, "form-class", class_id=tenth, title="10А", grade=10, scheme="half-years", bells="first-shift", **common)
    practice = {"title": "Практика", "first_day": "2025-10-13", "last_day": "2025-10-14", "classes": [tenth]}
    after = done(web, "define-breaks", year=w.YEAR, breaks=[practice])
    periods, what = {}, {}
    for class_id in (w.CLASS_5A, eighth, tenth):
        found = report(web.get("/calendar", class_=class_id, after=after))
        days = {one["day"]: one for one in found["days"]}
        periods[class_id] = days["2025-10-06"]["period"]
        what[class_id] = days["2025-10-13"]["what"]
    assert periods == {w.CLASS_5A: "q1", eighth: "t1", tenth: "h1"}
    assert what == {w.CLASS_5A: "lessons", eighth: "lessons", tenth: "break"}
    found = report(web.get("/calendar", class_=tenth))
    assert found["breaks"][0]["classes"] == [tenth]
    shifts = {one["code"]: one["classes"] for one in found["bells"]}
    assert shifts["second-shift"] == [eighth]
    assert tenth in shifts["first-shift"]


def test_each_day_says_what_it_is(web: Web) -> None:
    holidays = [{"day": "2025-11-04", "title": "День народного единства"}]
    worked = [{"day": "2025-11-01", "cycle_day": 1}]
    after = done(web, "define-holidays", year=w.YEAR, holidays=holidays, transferred=worked)
    found = report(web.get("/calendar", class_=w.CLASS_5A, after=after))
    days = {one["day"]: (one["what"], one["cycle_day"]) for one in found["days"]}
    assert days["2025-11-04"] == ("holiday", None)
    assert days["2025-11-01"] == ("transferred", 1)
    assert days["2025-10-12"] == ("free", None)
    assert found["holidays"] == [{"day": "2025-11-04", "name": "День народного единства", "cycle_day": None}]
    assert report(web.get("/calendar"))["days"] == []
    problem(web.get("/calendar", class_=uid("no class")), 404, "not-there")


def test_rooms_have_seats_and_a_kind(web: Web) -> None:
    after = done(web, "define-room", room=uid("gym"), title="Спортзал", capacity=60, kind="gym")
    rooms = report(web.get("/rooms", after=after))["rooms"]
    assert {"id": uid("gym"), "name": "Спортзал", "capacity": 60, "kind": "gym"} in rooms
