"""Reports as of a moment over HTTP: what was known then, seen by who may see it today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ejd.history import past
from ejd.http.asking import Desk
from ejd.http.questions import QUESTIONS
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent
from ejd.kernel.event import encode
from ejd.kernel.events.markers import EventsVoided
from ejd.read.rebuild import rebuild
from ejd_commands import classes as c
from ejd_commands import movement as m
from tests import worlds as w
from tests.http.conftest import Web, problem, serve
from tests.http.test_reports import LESSON, REQUIRED, TODAY, hold, report
from tests.schools import JOURNAL_5B, NOON, Clock, tiny_school

MARK: dict[str, Any] = {**LESSON, "pupil": w.VERA, "work": "oral", "number": 1}
LATER = NOON + timedelta(minutes=10)


def correct(web: Web, value: str = "4") -> int:
    """Correct Vera's mark ten minutes later and answer the position."""
    clock = web.tiny.clock
    assert isinstance(clock, Clock)
    clock.moment = LATER
    answer = web.command("correct-mark", {**MARK, "value": value, "reason": "ошибка"})
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def void(web: Web, stream: str, *versions: int) -> int:
    """Make events void, as an invalidation does."""
    store = web.tiny.school.store
    command = web.tiny.new_id()
    marker = EventsVoided(breach=web.tiny.new_id(), versions=versions)
    commit = Commit(
        actor=w.HEAD,
        session="session",
        client="tests",
        recorded_at=web.tiny.clock(),
        commands=(CommandRecord(command_id=command, name="invalidate", body_hash=b"hash"),),
        events=(NewEvent(stream=stream, name=marker.stored_name, state=encode(marker), command_id=command),),
        expected=store.heads([stream]),
    )
    return store.append(commit).position


def marks(answer: Any) -> dict[str, list[str]]:
    """Answer the marks of a gradebook by pupil's name."""
    return {
        row["name"]: [mark["value"] for mark in row["marks"]]
        for book in report(answer)["gradebooks"]
        for row in book["pupils"]
    }


def book(web: Web, **parameters: Any) -> Any:
    return web.get("/reports/gradebook", journal=w.JOURNAL, **TODAY, **parameters)


def test_a_position_shows_what_was_known_there(web: Web) -> None:
    held = hold(web)
    corrected = correct(web)
    void(web, w.LESSON, 1)
    assert marks(book(web, as_of=held))["Васильева Вера"] == ["5"]
    assert marks(book(web, as_of=corrected - 1))["Васильева Вера"] == ["5"]
    assert marks(book(web, as_of=corrected))["Васильева Вера"] == ["4"]
    assert marks(book(web, as_of=held - 1)), "a position inside of a commit is the whole commit"
    assert marks(book(web, as_of=held - 1))["Васильева Вера"] == ["5"]
    before = web.tiny.school.store.find_events(stream=w.LESSON)[0].position - 1
    assert set(map(tuple, marks(book(web, as_of=before)).values())) == {()}

    answer = book(web, as_of=held).json()
    assert (answer["position"], answer["as_of"]) == (held, "2025-10-06T09:00:00.000000Z")
    assert (answer["invalidated"], answer["simulated"]) == ("include", False)
    assert "as_of" not in book(web).json()


def test_a_time_is_the_last_position_recorded_by_then(web: Web) -> None:
    held = hold(web)
    correct(web)
    answer = book(web, as_of=LATER.isoformat())
    assert marks(answer)["Васильева Вера"] == ["4"]
    answer = book(web, as_of=(LATER - timedelta(microseconds=1)).isoformat())
    assert (answer.json()["position"], marks(answer)["Васильева Вера"]) == (held, ["5"])
    assert answer.json()["as_of"] == "2025-10-06T09:09:59.999999Z"


def test_what_was_made_void_since_is_there_or_left_out(web: Web) -> None:
    held = hold(web)
    (vera,) = [
        event.version
        for event in web.tiny.school.store.read_streams([w.LESSON])
        if event.name == "mark-recorded/1" and w.VERA in event.state.decode()
    ]
    now = void(web, w.LESSON, vera)
    assert marks(book(web, as_of=held))["Васильева Вера"] == ["5"]
    assert marks(book(web, as_of=held, invalidated="exclude"))["Васильева Вера"] == []
    assert book(web, as_of=held, invalidated="exclude").json()["invalidated"] == "exclude"
    assert marks(book(web, after=now)) == marks(book(web, after=now, invalidated="exclude"))


def test_a_stream_whose_events_are_all_void_is_still_there_in_the_past(web: Web) -> None:
    held = hold(web)
    versions = range(1, web.tiny.school.store.heads([w.LESSON])[w.LESSON] + 1)
    now = void(web, w.LESSON, *versions)
    assert not report(book(web, after=now))["gradebooks"][0]["lessons"]
    assert [one["lesson"] for one in report(book(web, as_of=held))["gradebooks"][0]["lessons"]] == [w.LESSON]
    assert not report(book(web, as_of=held, invalidated="exclude"))["gradebooks"][0]["lessons"]


def test_an_etag_of_the_past_stays(web: Web) -> None:
    held = hold(web)
    first = book(web, as_of=held)
    correct(web)
    again = book(web, as_of=held, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.headers["Ejd-Position"]) == (304, str(held))
    assert book(web, as_of=held).content == first.content


def test_every_question_can_be_asked_of_the_past(web: Web) -> None:
    held = hold(web)
    for question in QUESTIONS:
        path = question.path
        needed = {one: REQUIRED[one] for one in question.parameters.model_json_schema().get("required", ())}
        assert report(web.get(path, as_of=held, **needed)) == report(web.get(path, after=held, **needed)), path


@pytest.mark.parametrize(
    ("parameters", "status", "slug", "saying"),
    [
        ({"as_of": 10**9}, 400, "not-in-the-past", "no position 1000000000 yet"),
        ({"as_of": 0}, 400, "not-in-the-past", "nothing was recorded by then"),
        ({"as_of": "2025-10-06T12:00:01+03:00"}, 400, "not-in-the-past", "in the future"),
        ({"as_of": "2025-08-25T05:59:59Z"}, 400, "not-in-the-past", "nothing was recorded by then"),
        ({"as_of": "2025-02-30T05:59:59Z"}, 400, "malformed", "no such time"),
        ({"as_of": "0000-01-01T05:59:59Z"}, 400, "malformed", "no such time"),
        ({"as_of": "2025-10-06T12:00:01"}, 400, "malformed", "as_of"),
        ({"as_of": "yesterday"}, 400, "malformed", "as_of"),
        ({"as_of": 5, "after": 5}, 400, "malformed", "leave `after` out"),
        ({"as_of": 5, "invalidated": "maybe"}, 400, "malformed", "invalidated"),
        ({"as_of": 1}, 404, "not-there", "no such academic year"),
    ],
)
def test_a_moment_that_cannot_be_asked_about_is_refused(
    shared: Web, parameters: dict[str, Any], status: int, slug: str, saying: str
) -> None:
    answer = problem(shared.get("/reports/gradebook", **parameters), status, slug)
    assert saying in answer["detail"]


def test_the_school_before_it_was_set_up_is_empty(shared: Web) -> None:
    answer = report(shared.get("/school", as_of=1))
    assert (answer["years"], answer["subjects"], answer["today"]) == ([], [], "2025-08-25")


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[Web]:
    """A school on SQLite that a test may change."""
    with tiny_school("sqlite", tmp_path) as tiny:
        yield from serve(tiny)


def test_a_parent_sees_the_own_child_only_in_the_past_too(changed: Web) -> None:
    held = hold(changed)
    assert set(marks(book(changed, as_of=held, login="olga"))) == {"Васильева Вера"}
    assert set(marks(book(changed, as_of=held, login="vera"))) == {"Васильева Вера"}
    problem(book(changed, as_of=held, login="olga", pupil=w.GLEB), 404, "not-there")
    problem(changed.get("/reports/gradebook", as_of=held, login="ada", journal=JOURNAL_5B, **TODAY), 404, "not-there")


def test_a_class_teacher_does_not_see_who_was_in_the_class_by_a_transfer_that_is_void(changed: Web) -> None:
    tiny = changed.tiny
    tiny.send(c.AppointClassTeacher(class_id=w.CLASS_5B, staff=w.ADA_STAFF, starts=w.FIRST_DAY), login="deputy")
    move = m.TransferPupil(pupil=w.VERA, class_id=w.CLASS_5B, transferred_on=w.TODAY)
    moved = tiny.send(move, login="deputy").position
    page: dict[str, Any] = {"as_of": moved, **TODAY}
    assert report(changed.get("/reports/missed-topics", class_=w.CLASS_5B, login="ada", **page))["pupils_total"] == 2
    assert set(marks(changed.get("/reports/gradebook", journal=JOURNAL_5B, login="ada", **page))) == {
        "Васильева Вера",
        "Мишин Михаил",
    }
    tiny.send(c.AppointClassTeacher(class_id=w.CLASS_5A, staff=w.BORIS_STAFF, starts=w.FIRST_DAY), login="deputy")
    now = void(changed, w.VERA, tiny.school.store.heads([w.VERA])[w.VERA])
    report(changed.get("/school", after=now))

    refused = problem(changed.get("/reports/missed-topics", class_=w.CLASS_5B, login="ada", **page), 403, "not-allowed")
    assert "ask about your own journals" in refused["detail"]
    assert set(marks(changed.get("/reports/gradebook", journal=JOURNAL_5B, login="ada", **page))) == {"Мишин Михаил"}
    assert report(changed.get("/reports/missed-topics", class_=w.CLASS_5B, **page))["pupils_total"] == 2


def test_so_many_look_back_at_once_and_no_more(changed: Web) -> None:
    held = hold(changed)
    busy = past.Library(changed.tiny.school.read.folding, changed.tiny.school.store, at_once=0, wait_seconds=0)
    desk_of(changed).library = busy
    refused = book(changed, as_of=held)
    problem(refused, 503, "past-is-busy")
    assert refused.headers["Retry-After"] == "1"
    assert marks(book(changed))


def test_what_is_too_far_to_fold_is_refused_and_says_how_to_ask_for_less(changed: Web) -> None:
    held = hold(changed)
    school = changed.tiny.school
    desk_of(changed).library = past.Library(school.read.folding, school.store, events_max=10)
    refused = problem(book(changed, as_of=held), 422, "too-far-to-fold")
    assert "choose a class" in refused["detail"]


def desk_of(web: Web) -> Desk:
    """Answer where the application answers its questions."""
    app: Any = web.client.app
    desk: Desk = app.state.desk
    return desk


def test_after_a_rebuild_the_past_is_the_same(changed: Web) -> None:
    held = hold(changed)
    void(changed, w.LESSON, *range(1, changed.tiny.school.store.heads([w.LESSON])[w.LESSON] + 1))
    before = book(changed, as_of=held).content
    school = changed.tiny.school
    rebuild(school.read, school.workshop, processes=1)
    assert book(changed, as_of=held).content == before


def test_the_clock_of_a_simulated_school_decides_what_is_the_future(tmp_path: Path) -> None:
    with tiny_school("sqlite", tmp_path, simulated=True) as tiny:
        for web in serve(tiny):
            held = hold(web)
            later = (NOON + timedelta(seconds=1)).isoformat()
            problem(book(web, as_of=later), 400, "not-in-the-past")
            assert book(web, as_of=held).json()["simulated"] is True
            assert marks(book(web, as_of=held))["Васильева Вера"] == ["5"]


def changes(web: Web, **parameters: Any) -> Any:
    return web.get("/reports/gradebook/changes", **parameters)


def test_what_changed_is_told_cell_by_cell_with_why_and_by_whom(web: Web) -> None:
    before = web.tiny.school.store.last_position()
    held = hold(web)
    report(web.get("/school", after=held))
    first = report(changes(web, from_=before, to=held, journal=w.JOURNAL))
    kinds = sorted((one["kind"], one["pupil_name"]) for one in first["changes"])
    assert kinds == [
        ("attendance", "Глебов Глеб"),
        ("homework", ""),
        ("lesson", ""),
        ("mark", "Ёлкина Дина"),
        ("mark", "Васильева Вера"),
        ("roll", ""),
        ("topic", ""),
    ]
    assert (first["total"], first["position_from"], first["position_to"]) == (7, before, held)

    corrected = correct(web)
    report(web.get("/school", after=corrected))
    (change,) = report(changes(web, from_=held, class_=w.CLASS_5A))["changes"]
    assert (change["kind"], change["before"]["value"], change["after"]["value"]) == ("mark", "5", "4")
    assert (change["date"], change["work"], change["number"]) == ("2025-10-06", "oral", 1)
    (event,) = change["events"]
    assert (event["type"], event["position"], event["account"]) == ("mark-corrected/1", corrected, w.ADA)
    assert (event["person_name"], event["reason"]) == ("Лавлинская Ада", "ошибка")
    assert event["recorded_at"] == "2025-10-06T09:10:00.000000Z"


def test_what_was_made_void_is_a_change_with_its_breach(changed: Web) -> None:
    held = hold(changed)
    versions = range(1, changed.tiny.school.store.heads([w.LESSON])[w.LESSON] + 1)
    void(changed, w.LESSON, *versions)
    found = report(changes(changed, from_=held, journal=w.JOURNAL))
    assert found["total"] == 7
    assert all(one["after"] is None and one["before"] is not None for one in found["changes"])
    events = [event for one in found["changes"] for event in one["events"]]
    assert {event["type"] for event in events} == {"events-voided/1"}
    assert all(event["breach"] for event in events)
    assert report(changes(changed, from_=held, journal=w.JOURNAL, invalidated="exclude"))["total"] == 0


def test_a_family_sees_the_own_changes_without_reasons_and_accounts(changed: Web) -> None:
    held = hold(changed)
    last = correct(changed)
    void(changed, w.LESSON, changed.tiny.school.store.heads([w.LESSON])[w.LESSON])
    report(changed.get("/school", after=last))
    (change,) = report(changes(changed, from_=held, to=last, login="olga"))["changes"]
    assert (change["pupil"], change["after"]["value"]) == (w.VERA, "4")
    assert [(one["account"], one["reason"], one["breach"]) for one in change["events"]] == [("", None, "")]
    problem(changes(changed, from_=held, login="olga", pupil=w.GLEB), 404, "not-there")
    (own,) = report(changes(changed, from_=held, to=last, login="ada", journal=w.JOURNAL))["changes"]
    assert own["events"][0]["reason"] == "ошибка"
    problem(changes(changed, from_=held, login="boris", journal=w.JOURNAL), 404, "not-there")


def test_changes_come_in_pages_and_count_all(changed: Web) -> None:
    before = changed.tiny.school.store.last_position()
    hold(changed)
    whole = report(changes(changed, from_=before))["changes"]
    pages = [report(changes(changed, from_=before, limit=3, offset=at)) for at in (0, 3, 6)]
    assert [one for page in pages for one in page["changes"]] == whole
    assert {page["total"] for page in pages} == {7}


@pytest.mark.parametrize(
    ("parameters", "status", "slug", "saying"),
    [
        ({}, 400, "malformed", "from"),
        ({"from": 30, "to": 20}, 400, "malformed", "exchange them"),
        ({"from": 10**9}, 400, "not-in-the-past", "no position"),
        ({"from": 20, "to": "2030-01-01T00:00:00Z"}, 400, "not-in-the-past", "in the future"),
        ({"from": 20, "as_of": 20}, 400, "malformed", "leave as_of out"),
        ({"from": 1, "to": 1}, 404, "not-there", "no such academic year"),
        ({"from": 1, "journal": w.VERA}, 404, "not-there", "no such journal"),
    ],
)
def test_changes_that_cannot_be_asked_for_are_refused(
    shared: Web, parameters: dict[str, Any], status: int, slug: str, saying: str
) -> None:
    assert saying in problem(shared.get("/reports/gradebook/changes", **parameters), status, slug)["detail"]


def test_from_before_the_school_was_set_up_everything_is_a_change(shared: Web) -> None:
    found = report(changes(shared, from_=1, journal=w.JOURNAL))
    assert {one["kind"] for one in found["changes"]} >= {"membership", "teachers"}
    assert all(one["before"] is None for one in found["changes"])
