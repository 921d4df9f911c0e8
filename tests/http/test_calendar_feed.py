"""The timetable as a calendar: whose lessons are in it, what a change does to it, and that nothing else changes it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import vobject

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid
from tests.schools import JOURNAL_5B, LESSON_5B

PATH = "/exports/timetable.ics"
LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
WEEK: dict[str, Any] = {"from_": "2025-10-06", "to": "2025-10-12"}


def events_of(response: Any) -> dict[str, Any]:
    """Answer the events of a calendar by the lesson's id."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    read = vobject.readOne(response.content.decode()).contents.get("vevent", [])
    return {event.uid.value.partition("@")[0]: event for event in read}


def sent(response: Any) -> int:
    assert response.status_code == 200, response.text
    position: int = response.json()["position"]
    return position


@pytest.mark.parametrize(
    ("whose", "count", "title"),
    [
        ({"class_": w.CLASS_5A}, 5, "Математика, 5А"),
        ({"class_": w.CLASS_5B}, 5, "Математика, 5Б"),
        ({"group": w.CLASS_5A}, 5, "Математика, 5А"),
        ({"teacher": w.BORIS_STAFF}, 5, "Математика, 5Б"),
        ({"pupil": w.VERA}, 5, "Математика, 5А"),
        ({"journal": JOURNAL_5B}, 5, "Математика, 5Б"),
        ({"room": w.ROOM_12}, 10, "Математика, 5А"),
        ({"subject": w.MATHS}, 10, "Математика, 5А"),
    ],
)
def test_a_calendar_is_somebodys_or_some_places(shared: Web, whose: dict[str, str], count: int, title: str) -> None:
    events = events_of(shared.get(PATH, **whose, **WEEK))
    assert len(events) == count
    assert next(iter(events.values())).summary.value == title


def test_an_event_is_the_lesson_by_the_bells_in_the_schools_zone(web: Web) -> None:
    event = events_of(web.get(PATH, class_=w.CLASS_5A, **WEEK))[w.LESSON]
    assert event.dtstart.value.astimezone(UTC) == datetime(2025, 10, 6, 6, 25, tzinfo=UTC)
    assert event.dtend.value.astimezone(UTC) == datetime(2025, 10, 6, 7, 10, tzinfo=UTC)
    assert (event.location.value, event.status.value) == ("12", "CONFIRMED")
    assert event.description.value == "Урок 2\nУчитель: Лавлинская Ада"
    name = vobject.readOne(web.get(PATH, class_=w.CLASS_5A, **WEEK).content.decode()).x_wr_calname.value
    assert name == "Расписание, 5А"


def test_by_default_it_is_the_whole_year(shared: Web) -> None:
    events = events_of(shared.get(PATH, class_=w.CLASS_5A))
    days = sorted(event.dtstart.value.date() for event in events.values())
    assert (days[0], days[-1]) == (date(2025, 9, 1), date(2026, 5, 29))
    assert len(days) == len(set(days)) > 150


def test_a_change_raises_the_sequence_of_its_lesson_and_of_no_other(web: Web) -> None:
    asked = {"class_": w.CLASS_5A, **WEEK}
    before = events_of(web.get(PATH, **asked))
    after = sent(web.command("move-lesson", {**LESSON, "new_day": "2025-10-08", "new_slot": 6}, login="deputy"))
    moved = events_of(web.get(PATH, after=after, **asked))
    assert moved.keys() == before.keys(), "an event keeps its id"
    event = moved[w.LESSON]
    assert event.dtstart.value.date() == date(2025, 10, 8)
    assert "Перенесён с 06.10.2025, урок 2" in event.description.value
    assert int(event.sequence.value) > int(before[w.LESSON].sequence.value)
    assert event.dtstamp.value > before[w.LESSON].dtstamp.value
    others = [key for key in before if key != w.LESSON]
    assert [moved[key].serialize() for key in others] == [before[key].serialize() for key in others]

    before_that = after
    after = sent(web.command("cancel-lesson", {**LESSON, "reason": "карантин"}, login="deputy"))
    cancelled = events_of(web.get(PATH, after=after, **asked))[w.LESSON]
    assert cancelled.status.value == "CANCELLED"
    assert int(cancelled.sequence.value) > int(event.sequence.value)
    then = events_of(web.get(PATH, as_of=before_that, **asked))[w.LESSON]
    assert then.serialize() == event.serialize(), "as it was before it was cancelled"


def test_a_substitution_goes_from_one_teachers_calendar_to_the_others(web: Web) -> None:
    other = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": 3, "teacher": w.ADA_STAFF}
    after = sent(web.command("substitute-teacher", other, login="deputy"))
    ada = events_of(web.get(PATH, login="ada", teacher=w.ADA_STAFF, after=after, **WEEK))
    assert len(ada) == 6
    assert ada[LESSON_5B].description.value == "Урок 3\nЗамещает: Лавлинская Ада"
    boris = events_of(web.get(PATH, login="boris", teacher=w.BORIS_STAFF, **WEEK))
    assert len(boris) == 4
    assert LESSON_5B not in boris
    assert LESSON_5B in events_of(web.get(PATH, class_=w.CLASS_5B, **WEEK))


@pytest.mark.parametrize("supervisor", [None, w.BORIS_STAFF])
def test_whoever_gives_self_study_is_the_same_in_calendar_week_and_grid(web: Web, supervisor: str | None) -> None:
    """Nobody, when nobody supervises; the own teacher has it in no calendar either way."""
    alone = {**LESSON, "teacher": supervisor}
    after = sent(web.command("assign-self-study", alone, login="deputy"))
    asked: dict[str, Any] = {"class_": w.CLASS_5A, "after": after}
    who = ["Борисов Борис"] if supervisor else []
    about = events_of(web.get(PATH, **asked, **WEEK))[w.LESSON].description.value
    assert about == "\n".join(["Урок 2", *(f"Присматривает: {one}" for one in who), "Самостоятельная работа"])
    lessons = web.get("/reports/timetable", **asked, day="2025-10-06").json()["report"]["lessons"]
    (week,) = [[giver["name"] for giver in one["teachers"]] for one in lessons if one["lesson"] == w.LESSON]
    grid = web.get("/timetable/grid", **asked, show="week", on="2025-10-06").json()["report"]
    (monday,) = [day for day in grid["days"] if day["date"] == "2025-10-06"]
    (cell,) = [one for slot in monday["slots"] for one in slot["cells"] if one["entries"]]
    (entry,) = cell["entries"]
    assert (week, entry["teacher_names"]) == (who, ["Борисов Б."] if supervisor else [])
    own = events_of(web.get(PATH, login="ada", teacher=w.ADA_STAFF, **WEEK))
    assert w.LESSON not in own
    assert (w.LESSON in events_of(web.get(PATH, login="boris", teacher=w.BORIS_STAFF, **WEEK))) == bool(supervisor)


def test_another_room_by_the_timetable_is_another_version_too(web: Web) -> None:
    asked = {"class_": w.CLASS_5A, **WEEK}
    before = events_of(web.get(PATH, **asked))[w.LESSON]
    room = uid("room 14")
    sent(web.command("define-room", {"room": room, "title": "14"}, login="deputy"))
    entries = [{"cycle_day": number, "slot": w.LESSON_SLOT, "room": room} for number in range(1, 6)]
    scheduled = {"journal": w.JOURNAL, "starts": "2025-09-01", "entries": entries}
    after = sent(web.command("schedule-journal", scheduled, login="deputy"))
    event = events_of(web.get(PATH, after=after, **asked))[w.LESSON]
    assert event.location.value == "14"
    assert int(event.sequence.value) > int(before.sequence.value)


def test_marks_change_nothing_and_the_same_state_is_the_same_file(web: Web) -> None:
    asked = {"class_": w.CLASS_5A, **WEEK}
    first = web.get(PATH, **asked)
    mark = {**LESSON, "pupil": w.VERA, "work": "oral", "value": "5"}
    after = sent(web.command("record-mark", mark))
    second = web.get(PATH, after=after, **asked)
    assert second.content == first.content
    again = web.get(PATH, headers={"If-None-Match": first.headers["etag"]}, **asked)
    assert (again.status_code, again.content) == (304, b"")
    lesson = {**LESSON, "plan_item": 1, "absences": [], "homework": {"text": "№ 5"}}
    after = sent(web.command("save-lesson", lesson))
    third = web.get(PATH, after=after, headers={"If-None-Match": first.headers["etag"]}, **asked)
    assert third.status_code == 200
    assert events_of(third)[w.LESSON].description.value.endswith("Тема: Тема 1\nЗадание: № 5")


def test_a_pupil_who_changed_classes_has_the_lessons_of_both_each_in_its_time(web: Web) -> None:
    transfer = {"pupil": w.VERA, "class_id": w.CLASS_5B, "transferred_on": "2025-10-08"}
    after = sent(web.command("transfer-pupil", transfer, login="deputy"))
    events = events_of(web.get(PATH, after=after, pupil=w.VERA, **WEEK)).values()
    days = sorted((event.dtstart.value.date(), event.summary.value[-2:]) for event in events)
    assert days == [(date(2025, 10, day), "5А" if day < 8 else "5Б") for day in range(6, 11)]


@pytest.mark.parametrize(("login", "title"), [("olga", "Васильева Вера"), ("vera", "Васильева Вера")])
def test_a_family_has_the_childs_calendar_without_naming_anybody(shared: Web, login: str, title: str) -> None:
    answer = shared.get(PATH, login=login, **WEEK)
    assert len(events_of(answer)) == 5
    assert f"Расписание\\, {title}" in answer.content.decode()
    problem(shared.get(PATH, login=login, pupil=w.MISHA, **WEEK), 404, "not-there")


def test_what_is_not_asked_well_is_refused(shared: Web) -> None:
    found = problem(shared.get(PATH, **WEEK), 400, "malformed")
    assert found["detail"] == "choose whose calendar: a class, teacher, room, group or pupil"
    assert problem(shared.get(PATH, room=w.STRANGER), 404, "not-there")["field"] == "room"
    assert problem(shared.get(PATH, class_=w.STRANGER), 404, "not-there")["field"] == "class"
    problem(shared.get(PATH, login="helper", class_=w.CLASS_5A), 403, "not-allowed")
    problem(shared.get(PATH, class_=w.CLASS_5A, headers={"Accept": "application/json"}), 406, "not-acceptable")
    assert shared.get(PATH, class_=w.CLASS_5A, headers={"Accept": "text/calendar"}, **WEEK).status_code == 200
