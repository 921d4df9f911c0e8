"""Substitutions over HTTP: what a substitute may write, and the report of who replaced whom (A9, D10)."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any, cast
from zoneinfo import ZoneInfo

from python_calamine import CalamineWorkbook

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B, Clock

LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
ILLNESS = "больничный лист"
REPORT = "/reports/substitutions"
WEEK: dict[str, Any] = {"from_": "2025-10-01", "to": "2025-10-06"}
"""Four days of lessons: from Wednesday to Friday, and Monday."""


def sent(web: Web, name: str, login: str = "deputy", **body: Any) -> int:
    answer = web.command(name, body, login=login)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def set_clock(web: Web, moment: str) -> None:
    cast("Clock", web.tiny.clock).moment = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Moscow"))


def report(web: Web, path: str = "", **parameters: Any) -> Any:
    answer = web.get(f"{REPORT}{path}", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def told(web: Web) -> int:
    """BORIS gave Monday's lesson, Thursday's was cancelled, Wednesday's moved to Monday; nobody taught Friday's."""
    sent(
        web,
        "substitute-teacher",
        **LESSON,
        teacher=w.BORIS_STAFF,
        absent_teacher=w.ADA_STAFF,
        reason=ILLNESS,
    )
    sent(web, "cancel-lesson", **LESSON | {"day": "2025-10-02"}, reason="карантин")
    sent(web, "move-lesson", **LESSON | {"day": "2025-10-01"}, new_day="2025-10-06", new_slot=1, reason="экскурсия")
    return sent(web, "assign-self-study", **LESSON | {"day": "2025-10-03"}, absent_teacher=w.ADA_STAFF, reason=ILLNESS)


def test_a_substitute_writes_in_that_lesson_and_in_no_other(web: Web) -> None:
    """With the own token: this lesson, on its day and in the regulation's days; never the lessons beside it."""
    topic = {**LESSON, "topic": "Дроби"}
    problem(web.command("record-topic", topic, login="boris"), 404, "unknown-journal")
    sent(web, "substitute-teacher", **LESSON, teacher=w.BORIS_STAFF, absent_teacher=w.ADA_STAFF)
    assert web.command("record-topic", topic, login="boris").status_code == 200
    mark = {**LESSON, "pupil": w.VERA, "work": "oral", "value": "5"}
    assert web.command("record-mark", mark, login="boris").status_code == 200
    neighbour = {**topic, "day": "2025-10-03"}
    problem(web.command("record-topic", neighbour, login="boris"), 403, "not-allowed")
    own = problem(web.command("take-roll", LESSON, login="ada"), 403, "not-allowed")
    assert "given to a substitute" in own["detail"]
    assert web.command("record-topic", neighbour, login="ada").status_code == 200

    set_clock(web, "2025-10-07 12:00")
    assert web.command("take-roll", LESSON, login="boris").status_code == 200
    problem(web.command("record-topic", {**topic, "day": "2025-10-07"}, login="boris"), 403, "not-allowed")

    set_clock(web, "2025-10-14 00:01")
    late = {**LESSON, "homework": {"text": "№ 5"}}
    assert (
        "was free until 13.10.2025"
        in problem(web.command("set-homework", late, login="boris"), 422, "window-is-over")["detail"]
    )


def test_the_report_says_who_replaced_whom_when_why_and_where(web: Web) -> None:
    after = told(web)
    found = report(web, after=after, **WEEK)
    assert found["total"] == 4
    assert found["by_kind"] == {"cancelled": 1, "moved": 1, "self-study": 1, "teacher": 1}
    lessons = {one["planned_date"][-2:]: one for one in found["lessons"]}
    monday = lessons["06"]
    assert [one["name"] for one in monday["absent"]] == ["Лавлинская Ада"]
    assert [one["name"] for one in monday["teachers"]] == ["Борисов Борис"]
    (decision,) = monday["decisions"]
    assert (decision["what"], decision["by"]["name"], decision["reason"]) == ("instead", "Дымова Дарья", ILLNESS)
    moved = lessons["01"]
    assert (moved["date"], moved["slot"], moved["kinds"], moved["uses_plan"]) == ("2025-10-06", 1, ["moved"], True)
    assert moved["absent"] == []
    assert (lessons["02"]["kinds"], lessons["02"]["uses_plan"], lessons["02"]["teachers"]) == (["cancelled"], False, [])
    assert (lessons["03"]["kinds"], lessons["03"]["supervisor"]) == (["self-study"], None)
    kinds: dict[str, Any] = {"kind": ["moved", "cancelled"]}
    assert report(web, **WEEK, **kinds)["total"] == 2
    assert report(web, **WEEK, teacher=w.BORIS_STAFF)["total"] == 1
    assert report(web, **WEEK, class_=w.CLASS_5B)["total"] == 0
    assert report(web, **WEEK, subject=w.MATHS, limit=1, offset=3)["lessons"] == found["lessons"][3:]
    problem(web.get(REPORT, subject=w.STRANGER), 404, "not-there")


def test_an_own_absence_is_read_with_its_reason_and_anothers_without(web: Web) -> None:
    after = told(web)
    reasons = {
        login: [
            decision["reason"]
            for one in report(web, login=login, after=after, **WEEK)["lessons"]
            for decision in one["decisions"]
        ]
        for login in ("ada", "boris", "timetable-program")
    }
    assert reasons["ada"] == ["карантин", ILLNESS, None, ILLNESS]
    assert reasons["boris"] == [None]
    assert set(reasons["timetable-program"]) == {None}
    problem(web.get(REPORT, login="boris", teacher=w.ADA_STAFF), 403, "not-allowed")
    problem(web.get(REPORT, login="olga"), 403, "not-allowed")


def test_hours_go_to_who_taught(web: Web) -> None:
    after = told(web)
    found = report(web, "/hours", after=after, **WEEK)
    rows = {one["name"]: {key: value for key, value in one.items() if value} for one in found["rows"]}
    ada, boris = rows["Лавлинская Ада"], rows["Борисов Борис"]
    lost = {"lost": 3, "lost_cancelled": 1, "lost_substituted": 1, "lost_self_study": 1}
    named = {"staff": w.ADA_STAFF, "name": "Лавлинская Ада", "month": "2025-10"}
    assert ada == named | {"planned": 4, "own": 1, "hours": 1, "not_recorded": 1} | lost
    assert (boris["planned"], boris["own"], boris["substituted"], boris["hours"]) == (4, 4, 1, 5)
    assert (found["total"]["planned"], found["total"]["hours"]) == (8, 6)
    own = report(web, "/hours", login="boris", **WEEK)
    assert {one["name"] for one in own["rows"]} == {"Борисов Борис"}
    problem(web.get(f"{REPORT}/hours", login="boris", teacher=w.ADA_STAFF), 403, "not-allowed")


def test_a_merged_lesson_is_one_hour(web: Web) -> None:
    moved: dict[str, Any] = {**LESSON, "new_day": "2025-10-06", "new_slot": 3, "new_room": w.ROOM_12}
    busy = problem(web.command("move-lesson", moved, login="deputy"), 409, "slot-is-taken")
    assert "«Математика, 5Б» (room)" in busy["detail"]
    room = {"room": w.ROOM_14, "title": "14", "capacity": 15}
    assert web.command("define-room", room, login="deputy").status_code == 200
    sent(web, "move-lesson", **moved | {"new_room": w.ROOM_14})
    merged: dict[str, Any] = {**LESSON, "teacher": w.BORIS_STAFF, "absent_teacher": w.ADA_STAFF}
    problem(web.command("substitute-teacher", merged, login="deputy"), 409, "teacher-is-needed-elsewhere")
    after = sent(web, "substitute-teacher", **merged, merged_journal=JOURNAL_5B)
    today = {"from_": "2025-10-06", "to": "2025-10-06"}
    (boris,) = report(web, "/hours", after=after, teacher=w.BORIS_STAFF, **today)["rows"]
    assert (boris["planned"], boris["own"], boris["substituted"], boris["merged"], boris["hours"]) == (1, 1, 0, 1, 1)
    (lesson,) = report(web, **today)["lessons"]
    assert (lesson["kinds"], lesson["merged_journal_name"]) == (["teacher", "merged", "moved"], "Математика, 5Б")


def test_what_was_lost_stays_on_the_list_until_it_is_made_up(web: Web) -> None:
    told(web)
    extra: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": 6, "ordinal": 2}
    missing = {**extra, "makes_up": {"day": "2025-10-06", "slot": 2}}
    problem(web.command("plan-extra-lesson", missing, login="deputy"), 409, "nothing-to-make-up")
    before = report(web, "/not-made-up", **WEEK)
    assert [(one["planned_date"], one["why"], one["make_up_date"]) for one in before["lessons"]] == [
        ("2025-10-02", "cancelled", None)
    ]
    after = sent(web, "plan-extra-lesson", **extra, makes_up={"day": "2025-10-02", "slot": 2})
    ahead = report(web, "/not-made-up", after=after, **WEEK)
    assert [(one["make_up_date"], one["make_up_slot"]) for one in ahead["lessons"]] == [("2025-10-06", 6)]
    set_clock(web, "2025-10-06 15:00")
    made_up = report(web, "/not-made-up", **WEEK)
    assert (made_up["lost"], made_up["made_up"], made_up["lessons"]) == (1, 1, [])


def test_another_subject_is_lost_too_and_does_not_use_the_plan(web: Web) -> None:
    english = {"subject": w.ENGLISH, "title": "Английский язык"}
    assert web.command("define-subject", english, login="deputy").status_code == 200
    after = sent(web, "substitute-teacher", **LESSON, teacher=w.BORIS_STAFF, subject=w.ENGLISH)
    by_plan = {**LESSON, "plan_item": 1}
    problem(web.command("record-topic", by_plan, login="boris"), 422, "plan-of-another-subject")
    (lesson,) = report(web, after=after, kind="subject", **WEEK)["lessons"]
    assert (lesson["uses_plan"], lesson["given_subject_name"]) == (False, "Английский язык")
    (lost,) = report(web, "/not-made-up", **WEEK)["lessons"]
    assert (lost["why"], lost["given_subject_name"]) == ("other-subject", "Английский язык")


def test_every_part_is_a_table_with_russian_headings_also_of_the_past(web: Web) -> None:
    position = told(web)
    web.command("reinstate-lesson", {**LESSON, "day": "2025-10-02", "reason": "был"}, login="deputy")
    for path, heading, rows in (("", "Дата", 4), ("/hours", "Учитель", 3), ("/not-made-up", "Дата", 1)):
        csv = web.get(f"{REPORT}{path}", format="csv", as_of=position, **WEEK)
        assert csv.status_code == 200, csv.text
        lines = csv.content.decode("utf-8-sig").splitlines()
        assert (lines[0].split(";")[0], len(lines) - 1) == (heading, rows), path
        xlsx = web.get(f"{REPORT}{path}", format="xlsx", as_of=position, **WEEK)
        table = CalamineWorkbook.from_filelike(BytesIO(xlsx.content)).get_sheet_by_index(0).to_python()
        assert len(table) == rows + 1
    now = report(web, after=web.tiny.school.store.last_position(), **WEEK)
    assert now["by_kind"] == {"moved": 1, "self-study": 1, "teacher": 1}
    text = web.get(REPORT, format="csv", login="boris", **WEEK).content.decode("utf-8-sig")
    assert "Борисов" in text
    assert ILLNESS not in text


def proposed(web: Web, **parameters: Any) -> Any:
    return report(web, "/proposals", teacher=w.ADA_STAFF, from_="2025-10-07", to="2025-10-08", **parameters)


def test_proposals_name_every_lesson_and_who_is_free_and_one_command_takes_them(web: Web) -> None:
    qualified = {"staff": w.DEPUTY_STAFF, "subjects": [w.MATHS]}
    assert web.command("qualify-staff-member", qualified, login="deputy").status_code == 200
    after = sent(web, "move-lesson", **LESSON, new_day="2025-10-08", new_slot=4)
    found, before = proposed(web, after=after), after
    assert found["teacher_name"] == "Лавлинская Ада"
    places = [(one["planned_date"], one["date"], one["slot"]) for one in found["lessons"]]
    assert places == [
        ("2025-10-07", "2025-10-07", 2),
        ("2025-10-08", "2025-10-08", 2),
        ("2025-10-06", "2025-10-08", 4),
    ]
    tuesday, wednesday, moved = found["lessons"]
    assert [(one["name"], one["qualified"], one["teaches_class"]) for one in tuesday["colleagues"]] == [
        ("Дымова Дарья", True, False),
        ("Борисов Борис", False, False),
    ]
    assert [(one["lessons_that_day"], one["lessons_that_week"]) for one in tuesday["colleagues"]] == [(0, 0), (1, 5)]
    assert tuesday["moves"][0] == {"date": "2025-10-09", "slot": 1}
    assert {"date": "2025-10-09", "slot": 2} not in tuesday["moves"], "5А has mathematics then"
    assert proposed(web, colleagues=1)["lessons"][0]["free"] == 2
    place = {"journal": w.JOURNAL, "slot": 2}
    chosen = [
        place | {"kind": "teacher", "day": "2025-10-07", "teacher": tuesday["colleagues"][0]["id"]},
        place | {"kind": "self-study", "day": "2025-10-08", "teacher": wednesday["colleagues"][1]["id"]},
    ]
    chosen.append(place | {"kind": "cancel", "day": moved["planned_date"]})
    after = sent(web, "substitute-teacher-bulk", absent_teacher=w.ADA_STAFF, reason=ILLNESS, lessons=chosen)
    assert proposed(web, after=after)["lessons"] == []
    assert proposed(web, as_of=before) == found, "as of a past moment"
    boris = report(web, "/proposals", teacher=w.BORIS_STAFF, from_="2025-10-08", to="2025-10-08")["lessons"]
    assert [(one["slot"], [who["name"] for who in one["colleagues"]]) for one in boris] == [
        (3, ["Дымова Дарья", "Лавлинская Ада"])
    ]


def test_proposals_are_for_the_administration_and_for_somebody_who_is_there(shared: Web) -> None:
    path = f"{REPORT}/proposals"
    problem(shared.get(path, teacher=w.ADA_STAFF, login="ada"), 403, "not-allowed")
    assert problem(shared.get(path), 400, "malformed")["field"] == "teacher"
    problem(shared.get(path, teacher=w.STRANGER), 404, "not-there")
    today = report(shared, "/proposals", teacher=w.ADA_STAFF)
    assert (today["first"], today["last"], len(today["lessons"])) == ("2025-10-06", "2025-10-06", 1)
    long = shared.get(path, teacher=w.ADA_STAFF, from_="2025-09-01", to="2025-12-01")
    assert problem(long, 400, "unselectable")["field"] == "to"
    backwards = shared.get(path, teacher=w.ADA_STAFF, from_="2025-10-08", to="2025-10-07")
    assert backwards.status_code == 400
