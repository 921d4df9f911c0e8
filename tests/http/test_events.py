"""The list of events: filtered, paged, for the administration only, with sealed texts named and never opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ejd.http.events import EVENTS_MAX, EventPage
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.test_commands import MARK
from tests.http.test_reports import LESSON, hold
from tests.scenario import uid
from tests.schools import JOURNAL_5B, MORNING, NOON, SLOT_5B, microseconds


def pages(web: Web, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    after: int | None = 0
    while after is not None:
        answer = web.get("/events", after=after, **parameters)
        assert answer.status_code == 200, answer.text
        page = EventPage.model_validate_json(answer.content, strict=True)
        yield answer.json()["events"]
        after = page.next_after


def listed(web: Web, **parameters: Any) -> list[dict[str, Any]]:
    return [event for page in pages(web, **parameters) for event in page]


def test_pages_hold_every_event_once_in_order(web: Web) -> None:
    hold(web)
    found = listed(web, limit=7)
    store = web.tiny.school.store
    assert [event["position"] for event in found] == [event.position for event in store.read_page(0, 1_000)]
    assert max(len(page) for page in pages(web, limit=7)) == 7
    assert listed(web, limit=EVENTS_MAX) == found
    problem(web.get("/events", limit=EVENTS_MAX + 1), 400, "malformed")


def test_events_are_found_by_stream_actor_type_and_time(web: Web) -> None:
    hold(web)
    lesson = listed(web, stream=w.LESSON)
    assert [event["version"] for event in lesson] == [1, 2, 3, 4, 5]
    assert {event["actor"] for event in lesson} == {w.ADA}
    assert listed(web, actor=w.ADA) == lesson
    marks = listed(web, type="mark-recorded/1")
    assert {event["payload"]["value"] for event in marks} == {"5", "3"}
    both = listed(web, type=["mark-recorded/1", "roll-taken/1"], actor=w.ADA)
    assert {event["type"] for event in both} == {"mark-recorded/1", "roll-taken/1"}
    set_up = listed(web, until=NOON.isoformat())
    assert {event["recorded_at"] for event in set_up} == {"2025-08-25T06:00:00.000000Z"}
    later = listed(web, since=NOON.isoformat())
    assert len(set_up) + len(later) == len(listed(web))
    assert listed(web, since=MORNING.isoformat(), until=MORNING.isoformat()) == []
    assert listed(web, stream=w.STRANGER) == []


def test_an_event_of_a_newer_version_says_what_to_install(web: Web) -> None:
    """Only what stands on it is held up: other lessons go on, and other events are listed."""
    hold(web)
    store = web.tiny.school.store
    newer = NewEvent(stream=w.LESSON, name="lesson-filmed/1", state=b"{}", command_id=uid("filmed"))
    filmed = Commit(
        actor=w.ADA,
        session=uid("session"),
        client="tests",
        recorded_at=microseconds(NOON),
        commands=(CommandRecord(command_id=newer.command_id, name="film-lesson", body_hash=b"-"),),
        events=(newer,),
        expected=store.heads([w.LESSON]),
    )
    position = store.append(filmed).position
    answers = (
        web.command("record-mark", {**MARK, "work": "test"}),
        web.get("/events"),
        web.get("/events", type=newer.name),
    )
    for answer in answers:
        found = problem(answer, 503, "newer-version-needed")
        assert found["detail"] == "event 'lesson-filmed/1' is unknown here: install the version of ejd that wrote it"
        assert answer.headers["retry-after"] == "1"
    assert store.last_position() == position
    assert len(listed(web, type="topic-recorded/1")) == 1
    other = {**MARK, "journal": JOURNAL_5B, "slot": SLOT_5B, "pupil": w.MISHA}
    assert web.command("record-mark", other, login="boris").status_code == 200


def test_an_event_is_shown_with_its_envelope(web: Web) -> None:
    hold(web)
    (topic,) = listed(web, type="topic-recorded/1")
    assert topic["payload"] == {
        "journal": w.JOURNAL,
        "date": "2025-10-06",
        "slot": w.LESSON_SLOT,
        "ordinal": 1,
        "topic": "Тема 1",
        "plan_item": 1,
    }
    assert topic["recorded_at"] == "2025-10-06T09:00:00.000000Z"
    assert (topic["client"], topic["batch_id"]) == ("tests", "")
    assert {cause["stream"] for cause in topic["caused_by"]} >= {w.JOURNAL, w.ADA}


def test_what_is_sealed_is_named_and_not_opened(web: Web) -> None:
    mark = {**LESSON, "pupil": w.VERA, "work": "oral", "value": "5", "comment": "Отвечала у доски"}
    assert web.command("record-mark", mark).status_code == 200
    (event,) = listed(web, type="mark-recorded/1")
    assert event["payload"]["comment"] == {"sealed": True, "person": w.VERA}
    (pupil,) = listed(web, stream=w.VERA, type="pupil-enrolled/1")
    assert pupil["payload"]["name"] == {"sealed": True, "person": w.VERA}
    everything = str(listed(web))
    assert "box" not in everything
    for clear in ("Отвечала", "Васильева", "olga@example.org"):
        assert clear not in everything


def test_only_head_and_deputies_see_events(shared: Web) -> None:
    for login in ("head", "deputy"):
        assert shared.get("/events", login=login).status_code == 200
    for login in ("ada", "olga", "vera", "helper", "timetable-program"):
        problem(shared.get("/events", login=login), 403, "not-allowed")
