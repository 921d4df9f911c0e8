"""The next year proposed from this one, sent as it is: classes a grade higher, with their pupils, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ejd.http.next_year import later, later_name
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import Clock

NEXT = "/reports/next-year"


def proposed(web: Web, **parameters: Any) -> Any:
    answer = web.get(NEXT, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def done(web: Web, name: str, body: dict[str, Any]) -> int:
    answer = web.command(name, body, login="deputy")
    assert answer.status_code == 200, (name, answer.text)
    position: int = answer.json()["position"]
    return position


def test_what_is_proposed_can_be_sent_as_it_is_and_twice_changes_nothing(web: Web) -> None:
    eleventh, graduate = uid("class 11a"), uid("graduate")
    formed = {"class_id": eleventh, "year": w.YEAR, "title": "11А", "grade": 11, "scheme": "quarters"}
    done(web, "form-class", {**formed, "bells": "first-shift"})
    name = {"pupil": graduate, "family": "Яковлев", "given": "Яков"}
    done(web, "enrol-pupil", {**name, "class_id": eleventh, "enrolled_on": "2025-09-01"})
    line = {"subject": w.MATHS, "hours_per_week_hundredths": 500}
    done(web, "adopt-curriculum", {"year": w.YEAR, "title": "5 класс", "grades": [5], "lines": [line]})
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment = datetime(2026, 6, 10, 9, tzinfo=UTC)
    after = done(web, "set-readiness-date", {"year": w.YEAR, "day": "2025-09-20"})
    found = proposed(web, after=after)
    assert (found["year_name"], found["next_year_name"]) == ("2025/26", "2026/27")
    names = [one["command"] for one in found["commands"]]
    assert names[0] == "open-academic-year"
    assert names.count("form-class") == 2, "nobody comes after the eleventh grade"
    assert "take-production-calendar" in names
    positions = [done(web, one["command"], one["body"]) for one in found["commands"]]
    members = web.get("/members", year=found["next_year"], day="2026-09-01", after=positions[-1]).json()["report"][
        "members"
    ]
    assert {(one["class_name"], one["pupil"]) for one in members} == {
        ("6А", w.VERA),
        ("6А", w.GLEB),
        ("6А", w.DINA),
        ("6Б", w.MISHA),
    }
    assert {one["terms"] for one in members} == {"promoted"}
    (left,) = [one["body"] for one in found["commands"] if one["body"].get("graduated")]
    assert (left["graduated"], left["on"]) == ([graduate], "2026-07-01")
    events = web.tiny.school.store.count_events()
    for one in proposed(web, year=w.YEAR)["commands"]:
        done(web, one["command"], one["body"])
    assert web.tiny.school.store.count_events() == events


def test_only_the_administration_opens_years(shared: Web) -> None:
    for login in ("ada", "timetable-program"):
        problem(shared.get(NEXT, login=login), 403, "not-allowed")


@pytest.mark.parametrize(("name", "then"), [("2025/26", "2026/27"), ("1999/2000", "2000/2001"), ("2098/99", "2099/00")])
def test_a_year_is_named_one_higher(name: str, then: str) -> None:
    assert later_name(name) == then


def test_a_day_is_the_same_a_year_later() -> None:
    assert later(date(2025, 9, 1)) == date(2026, 9, 1)
    assert later(date(2024, 2, 29)) == date(2025, 2, 28)
