"""A correction after its window, end to end over HTTP on both databases: refused, asked for, approved, made once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ejd.kernel.envelope import Ref
from ejd.kernel.states.corrections import CorrectionState
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import Clock

MOSCOW = ZoneInfo("Europe/Moscow")
CELL: dict[str, Any] = {
    "journal": w.JOURNAL,
    "day": w.LESSON_DAY.isoformat(),
    "slot": w.LESSON_SLOT,
    "pupil": w.VERA,
}
REQUEST = uid("request over http")
ASKING = {**CELL, "request": REQUEST, "kind": "mark", "reason": "Ошибка замечена в дневнике"}
CORRECTION = {**CELL, "work": "oral", "value": "4", "reason": "Описка"}


def stand(web: Web, *moment: int) -> None:
    clock = web.tiny.clock
    assert isinstance(clock, Clock)
    clock.moment = datetime(*moment, tzinfo=MOSCOW)  # type: ignore[misc,arg-type]


def done(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_mark_is_corrected_after_its_window_by_an_approval_that_is_used_up(web: Web) -> None:
    done(web.command("record-mark", {**CELL, "work": "oral", "value": "5"}))
    stand(web, 2025, 10, 13, 23, 59)
    problem(web.command("request-correction", ASKING), 422, "still-free")
    stand(web, 2025, 10, 14)
    refused = problem(web.command("correct-mark", CORRECTION), 422, "window-is-over")
    assert "was free until 13.10.2025 by the regulation of 01.01.2000 (7 days)" in refused["detail"]
    assert refused["field"] == "approval"
    key = web.tiny.new_id()
    done(web.command("request-correction", ASKING, key=key))
    assert done(web.command("request-correction", ASKING, key=key))["repeated"]
    again = {**ASKING, "request": uid("another request")}
    problem(web.command("request-correction", again), 409, "is-requested")
    named = {**CORRECTION, "approval": REQUEST}
    problem(web.command("correct-mark", named), 409, "approval-not-usable")
    problem(web.command("approve-correction", {"request": REQUEST}), 403, "not-allowed")
    approval = done(web.command("approve-correction", {"request": REQUEST}, login="deputy"))["events"][0]
    problem(
        web.command("reject-correction", {"request": REQUEST, "reason": "Нет"}, login="head"), 409, "request-is-decided"
    )
    problem(web.command("correct-mark", {**named, "pupil": w.GLEB}), 409, "cell-is-empty")
    once = web.tiny.new_id()
    made = done(web.command("correct-mark", named, key=once))
    assert [one["type"] for one in made["events"]] == ["mark-corrected/1", "correction-made/1"]
    assert [one["stream"] for one in made["events"]] == [w.LESSON, REQUEST]
    assert done(web.command("correct-mark", named, key=once))["repeated"]
    problem(web.command("correct-mark", {**named, "value": "3"}), 409, "approval-not-usable")
    state = web.tiny.school.states.load(CorrectionState, REQUEST)
    assert (state.standing, state.approval) == ("used", Ref(REQUEST, approval["version"]))
    [corrected] = [one for one in web.tiny.school.store.read_streams([w.LESSON]) if one.name == "mark-corrected/1"]
    assert REQUEST in corrected.caused_by


def test_a_closed_period_is_reopened_over_http_and_closes_again_by_itself(web: Web) -> None:
    mark = {**CELL, "work": "oral", "value": "5"}
    done(web.command("close-period", {"year": w.YEAR, "period": "q1"}, login="deputy"))
    refused = problem(web.command("record-mark", mark), 422, "period-is-closed")
    assert "reopen it for this journal (reopen-period)" in refused["detail"]
    reopening = {
        "year": w.YEAR,
        "period": "q1",
        "journals": [w.JOURNAL],
        "until": "2025-10-06T13:00:00+03:00",
        "reason": "Отметка не внесена",
    }
    answer = done(web.command("reopen-period", reopening, login="deputy"))
    picture = web.get("/school", after=answer["position"]).json()["report"]
    [q1] = [one for one in picture["years"][0]["periods"] if one["code"] == "q1"]
    assert q1["closed"]
    assert [one["journals"] for one in q1["reopened"]] == [[w.JOURNAL]]
    done(web.command("record-mark", mark))
    stand(web, 2025, 10, 6, 13)
    problem(web.command("record-mark", {**mark, "number": 2}), 422, "period-is-closed")
