"""Closing a year over HTTP, on both databases: what stands open, over what it is closed, and that it is read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import Clock

CLOSING = "/reports/year-closing"


def report(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def in_june(web: Web) -> None:
    """Let it be after the year's last day, with tokens that still count."""
    assert isinstance(web.tiny.clock, Clock)
    web.tiny.clock.moment = datetime(2026, 6, 5, 9, tzinfo=UTC)


def test_a_year_is_closed_over_what_is_named_and_then_only_read(web: Web) -> None:
    before = report(web.get(CLOSING))
    assert before["closing"] is None
    assert before["counts"]["lesson-without-topic"] > 300, "nothing was recorded in two journals"
    assert {one["kind"] for one in before["points"]} == {"lesson-without-topic", "final-mark", "period"}
    assert before["total"] == len(before["points"])
    final = next(one for one in before["points"] if one["kind"] == "final-mark")
    assert (final["period"], final["count"]) == ("q1", 3)
    early = web.command("close-academic-year", {"year": w.YEAR}, login="deputy")
    problem(early, 422, "year-is-not-over")
    in_june(web)
    refused = problem(web.command("close-academic-year", {"year": w.YEAR}, login="deputy"), 409, "stands-open")
    assert "lesson(s) without a topic" in refused["detail"]
    forced = {"year": w.YEAR, "reason": "Пожар в архиве"}
    problem(web.command("close-academic-year", forced, login="deputy"), 403, "not-allowed")
    answer = web.command("close-academic-year", forced, login="head")
    assert answer.status_code == 200, answer.text
    after = report(web.get(CLOSING, after=answer.json()["position"]))
    closing = after["closing"]
    assert (closing["closed"], closing["closed_by"], closing["reason"]) == (True, "Громова Галина", "Пожар в архиве")
    assert closing["unfinished"] == before["counts"]
    assert (closing["journals_kept_until"], closing["sheets_kept_until"]) == ("2031-12-31", "2051-12-31")
    named = {"class_id": w.CLASS_5B, "staff": w.BORIS_STAFF, "starts": "2025-10-01"}
    said = problem(web.command("appoint-class-teacher", named, login="deputy"), 409, "year-is-closed")
    assert "2025/26 is closed" in said["detail"]
    for path in ("/lessons", "/members", "/reports/readiness"):
        assert web.get(path).status_code == 200, "it is read as before"
    reopened = web.command("reopen-academic-year", {"year": w.YEAR, "reason": "Нашли журнал"}, login="head")
    assert reopened.status_code == 200, reopened.text
    assert report(web.get(CLOSING, after=reopened.json()["position"]))["closing"]["closed"] is False


def test_only_the_administration_looks_at_what_stands_open(shared: Web) -> None:
    for login in ("ada", "olga", "timetable-program", "helper"):
        problem(shared.get(CLOSING, login=login), 403, "not-allowed")
    assert len(report(shared.get(CLOSING, limit=1))["points"]) == 1
