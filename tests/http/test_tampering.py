"""Ciphertext that was altered or moved is an error that names its event; what needs it not is answered as before."""

from __future__ import annotations

import json
import time
from io import StringIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from ejd.http.logs import make_log
from ejd.http.service import create_http
from ejd.kernel.sealed import TamperedError
from ejd.read.rebuild import rebuild
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.test_as_of import marks
from tests.http.test_reports import LESSON, TODAY, hold
from tests.tampering import alter, state_of

SECONDS_MAX = 20
ADVICE: dict[str, Any] = {**LESSON, "pupil": w.VERA}


def recommend(web: Web, text: str) -> int:
    """Give Vera a recommendation and answer the version of its event."""
    answer = web.command("give-recommendation", {**ADVICE, "text": text})
    assert answer.status_code == 200, answer.text
    [event] = answer.json()["events"]
    version: int = event["version"]
    return version


def until_ready(web: Web, *, ready: bool) -> Any:
    """Ask until the service is (or is not) ready, and answer that response."""
    end = time.monotonic() + SECONDS_MAX
    while ((found := web.client.get("/readyz")).status_code == 200) != ready:
        assert time.monotonic() < end, found.text
        time.sleep(0.02)
    return found


def book(web: Web, **parameters: Any) -> Any:
    return web.get("/reports/gradebook", journal=w.JOURNAL, **TODAY, **parameters)


def test_a_text_moved_to_another_event_holds_the_reports_and_names_it_until_it_is_mended(unfed: Web) -> None:
    tiny = unfed.tiny
    held = hold(unfed)
    first = recommend(unfed, "Повторить дроби")
    tiny.feed()
    second = recommend(unfed, "Решать задачи на движение")
    settings, feeder = tiny.settings, tiny.school.feeder
    own = state_of(settings, w.LESSON, second)
    alter(settings, w.LESSON, second, state_of(settings, w.LESSON, first))
    named = f"recommendation-given.text of person {w.VERA} in event {second} of stream {w.LESSON} does not open"
    with pytest.raises(TamperedError, match=named):
        tiny.feed()
    position = tiny.school.read.position()
    heard: list[Exception] = []
    feeder.start(heard.append)
    found = problem(until_ready(unfed, ready=False), 503, "not-ready")
    assert found["detail"].startswith(f"the reports stand at position {position}: {named}")
    assert (found["ready"], found["position"], found["last_position"]) == (False, position, position + 1)
    assert marks(book(unfed))["Васильева Вера"] == ["5"], "what was folded before is answered as of then"
    assert marks(book(unfed, as_of=held))["Васильева Вера"] == ["5"]
    problem(book(unfed, as_of=position + 1), 503, "not-there-yet")
    assert [type(one) for one in heard] == [TamperedError], "it is told once, however often it is tried"
    alter(settings, w.LESSON, second, own)
    assert until_ready(unfed, ready=True).json()["position"] == position + 1
    assert marks(book(unfed, as_of=position + 1))["Васильева Вера"] == ["5"]
    feeder.stop()


def test_a_build_and_a_look_back_stop_at_it_and_the_live_reports_stay(unfed: Web) -> None:
    tiny = unfed.tiny
    hold(unfed)
    version = recommend(unfed, "Повторить дроби")
    tiny.feed()
    own = state_of(tiny.settings, w.LESSON, version)
    alter(tiny.settings, w.LESSON, version, own[:-12] + (b"AAAA" if own[-12:-8] != b"AAAA" else b"BBBB") + own[-8:])
    before = tiny.school.read.live()
    with pytest.raises(TamperedError, match=f"event {version} of stream {w.LESSON} "):
        rebuild(tiny.school.read, tiny.school.workshop, processes=1)
    assert tiny.school.read.live() == before
    assert book(unfed).status_code == 200
    last = tiny.school.store.last_position()
    assert f"event {version} of stream {w.LESSON} " in problem(book(unfed, as_of=last), 503, "record-damaged")["detail"]
    assert book(unfed, as_of=last - 1).status_code == 200


def test_the_log_names_the_event_and_nothing_else(unfed: Web) -> None:
    tiny = unfed.tiny
    hold(unfed)
    version = recommend(unfed, "Повторить дроби")
    state = state_of(tiny.settings, w.LESSON, version)
    moved = state.replace(b'"text":{"person":"' + w.VERA.encode(), b'"text":{"person":"' + w.GLEB.encode())
    assert moved != state
    alter(tiny.settings, w.LESSON, version, moved)
    log = StringIO()
    with TestClient(create_http(tiny.school, log=make_log("debug", log))) as feeding:
        until_ready(Web(tiny, feeding, log), ready=False)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [failed] = [line for line in lines if line["event"] == "feeding failed"]
    assert (failed["level"], failed["error"]) == ("error", "TamperedError")
    assert f"event {version} of stream {w.LESSON} " in failed["damage"]
    assert "дроби" not in log.getvalue()
