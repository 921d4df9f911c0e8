"""The timetable over HTTP: a week with what changed in it, conflicts, and what a change would do, on both databases."""

from __future__ import annotations

from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B, SLOT_5B

MONDAY = "2025-10-06"
"""Noon of this day is the present."""
LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": MONDAY, "slot": w.LESSON_SLOT}


def report(response: Any) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["report"]


def done(response: Any) -> int:
    assert response.status_code == 200, response.text
    position: int = response.json()["position"]
    return position


def lines(found: Any) -> list[str]:
    """Answer the lessons of a week in short: day and slot, group, who gives it, and what is special about it."""
    special = ("substituted", "self_study", "moved", "cancelled", "extra")
    return [
        " ".join(
            [
                f"{one['date'][8:]}/{one['slot']}",
                one["group_name"],
                ", ".join(giver["name"] for giver in one["teachers"]),
                *(word for word in special if one[word]),
            ]
        )
        for one in found["lessons"]
    ]


def test_a_week_of_a_class_teacher_room_and_pupil(web: Web) -> None:
    week = report(web.get("/reports/timetable", class_=w.CLASS_5A, day="2025-10-08"))
    assert (week["first"], week["last"]) == (MONDAY, "2025-10-12")
    assert [(one["date"][8:], one["cycle_day"], one["cycle_day_name"]) for one in week["days"]] == [
        *((f"{6 + n:02}", n + 1, name) for n, name in enumerate(w.WEEKDAYS)),
        ("12", 0, ""),
    ]
    ada = "Лавлинская Ада"
    assert lines(week) == [f"{day:02}/2 5А {ada}" for day in range(6, 11)]
    one = week["lessons"][0]
    assert (one["subject_name"], one["room_name"], one["starts_at"], one["ends_at"]) == ("Математика", "12", 565, 610)

    assert lines(report(web.get("/reports/timetable", teacher=w.ADA_STAFF))) == lines(week)
    assert len(report(web.get("/reports/timetable", room=w.ROOM_12))["lessons"]) == 10
    assert lines(report(web.get("/reports/timetable", login="vera"))) == lines(week)
    assert lines(report(web.get("/reports/timetable", login="olga"))) == lines(week)
    assert report(web.get("/reports/timetable", room=w.ROOM_12, limit=3, offset=9))["more"] is False
    assert report(web.get("/reports/timetable", room=w.ROOM_12, limit=3))["more"] is True
    problem(web.get("/reports/timetable", room=w.STRANGER), 404, "not-there")
    problem(web.get("/reports/timetable", day="2025-08-01", year=w.YEAR), 400, "malformed")


def test_moves_substitutions_and_cancellations_are_applied(web: Web) -> None:
    start = web.tiny.school.store.last_position()
    substitution = {**LESSON, "teacher": w.BORIS_STAFF}
    done(web.command("substitute-teacher", substitution, login="deputy"))
    tuesday, wednesday = {**LESSON, "day": "2025-10-07"}, {**LESSON, "day": "2025-10-08"}
    done(web.command("cancel-lesson", {**tuesday, "reason": "карантин"}, login="deputy"))
    moved = {**wednesday, "new_day": "2025-10-10", "new_slot": 5}
    done(web.command("move-lesson", moved, login="deputy"))
    alone = {**LESSON, "day": "2025-10-09"}
    after = done(web.command("assign-self-study", alone, login="deputy"))
    ada, boris = "Лавлинская Ада", "Борисов Борис"
    assert lines(report(web.get("/reports/timetable", class_=w.CLASS_5A, after=after))) == [
        f"06/2 5А {boris} substituted",
        f"07/2 5А {ada} cancelled",
        "09/2 5А  self_study",
        f"10/2 5А {ada}",
        f"10/5 5А {ada} moved",
    ]
    of_boris = lines(report(web.get("/reports/timetable", teacher=w.BORIS_STAFF)))
    assert [one for one in of_boris if "5А" in one] == [f"06/2 5А {boris} substituted"]
    assert len(of_boris) == 6
    own = lines(report(web.get("/reports/timetable", login="boris", teacher=w.BORIS_STAFF)))
    assert own == of_boris
    before = report(web.get("/reports/timetable", class_=w.CLASS_5A, as_of=str(start)))
    assert [one for one in lines(before) if "substituted" in one or "moved" in one] == []
    then = report(web.get("/reports/timetable", class_=w.CLASS_5A, as_of=str(after)))
    assert lines(then) == lines(report(web.get("/reports/timetable", class_=w.CLASS_5A)))


def test_a_free_day_says_why(shared: Web) -> None:
    week = report(shared.get("/reports/timetable", class_=w.CLASS_5A, day="2025-09-01"))
    assert week["days"][-1] == {"date": "2025-09-07", "cycle_day": 0, "cycle_day_name": "", "free": ""}


def test_conflicts_refuse_with_all_of_them_and_can_be_taken_on(web: Web) -> None:
    clash = {
        "journal": JOURNAL_5B,
        "starts": "2025-10-13",
        "entries": [{"cycle_day": 1, "slot": w.LESSON_SLOT, "room": w.ROOM_12}, {"cycle_day": 6, "slot": 1}],
    }
    refused = problem(web.command("schedule-journal", clash, login="timetable-program"), 409, "timetable-has-conflicts")
    assert refused["field"] == "entries"
    assert (refused["conflicts_total"], refused["conflicts_by_kind"]) == (2, {"room": 1, "free-day": 1})
    assert [(one["kind"], one["name"], one["severity"]) for one in refused["conflicts"]] == [
        ("room", "12", "error"),
        ("free-day", "5Б", "error"),
    ]
    nothing = report(web.get("/reports/timetable/conflicts", from_="2025-09-01"))
    assert (nothing["total"], nothing["conflicts"]) == (0, [])

    after = done(web.command("schedule-journal", {**clash, "accept_conflicts": True}, login="deputy"))
    found = report(web.get("/reports/timetable/conflicts", after=after))
    assert (found["since"], found["total"], found["errors"], found["warnings"]) == (MONDAY, 2, 2, 0)
    told = [{**one, "says": ""} for one in found["conflicts"]]
    assert told == [{**one, "says": ""} for one in refused["conflicts"]]
    (room,) = report(web.get("/reports/timetable/conflicts", kind="room"))["conflicts"]
    assert (room["first_day"], room["last_day"]) == ("2025-10-13", "2026-05-25")
    assert report(web.get("/reports/timetable/conflicts", from_="2026-05-26", kind="room"))["total"] == 0

    done(web.command("adopt-timetable-rules", {"errors": ["room"]}, login="deputy"))
    after = done(
        web.command("assign-teacher", {"journal": JOURNAL_5B, "staff": w.ADA_STAFF, "starts": MONDAY}, login="deputy")
    )
    found = report(web.get("/reports/timetable/conflicts", after=after, limit=1, offset=0))
    assert (found["total"], found["errors"], found["warnings"], len(found["conflicts"])) == (3, 1, 2, 1)
    assert found["conflicts"][0]["name"] == "Лавлинская Ада"
    assert report(web.get("/reports/timetable/conflicts", severity="warning"))["total"] == 2
    assert report(web.get("/reports/timetable/conflicts", as_of=str(after), severity="warning"))["total"] == 2
    assert report(web.get("/reports/timetable/conflicts", as_of=str(after - 3)))["total"] == 0
    problem(web.get("/reports/timetable/conflicts", login="ada"), 403, "not-allowed")


def test_a_week_and_conflicts_are_files_too(shared: Web) -> None:
    clash = {
        "journal": JOURNAL_5B,
        "starts": "2026-05-25",
        "entries": [{"cycle_day": 1, "slot": w.LESSON_SLOT, "room": w.ROOM_12}, {"cycle_day": 6, "slot": 1}],
        "accept_conflicts": True,
    }
    after = done(shared.command("schedule-journal", clash, login="deputy"))
    table = shared.get("/reports/timetable/conflicts", after=after, format="csv").content.decode("utf-8-sig")
    assert [line.split(";")[:4] for line in table.splitlines() if line.startswith("ошибка")] == [
        ["ошибка", "кабинет занят дважды", "12", "Понедельник"]
    ], "the last Saturday of May is after the year"
    week = shared.get("/reports/timetable", class_=w.CLASS_5A, format="csv").content.decode("utf-8-sig")
    assert "06.10.2025;2;9:25;10:10;5А;Математика;Лавлинская Ада;12;" in week


def preview(web: Web, body: Any, *, login: str = "deputy", **parameters: Any) -> Any:
    address = "/api/v1/reports/timetable/preview"
    return web.client.post(address, json=body, params=parameters, headers=web.tiny.headers(login))


def test_what_a_change_does_is_shown_before_it_is_made(web: Web) -> None:
    """From the lesson of today on: mathematics of 5А on Mondays goes to the room's other hour, Friday's is dropped."""
    held = {**LESSON, "plan_item": 1, "marks": [{"pupil": w.VERA, "work": "oral", "value": "5"}], "absences": []}
    done(web.command("save-lesson", held))
    planned = {"journal": w.JOURNAL, "day": "2025-10-17", "title": "Дроби", "form": "контрольная", "work": "control"}
    after = done(web.command("plan-control-work", planned, login="deputy"))
    body = {
        "year": w.YEAR,
        "starts": MONDAY,
        "journals": [
            {
                "journal": w.JOURNAL,
                "moves": [{"cycle_day": 1, "slot": 2, "to_cycle_day": 2, "to_slot": 3}],
                "removed": [{"cycle_day": 5, "slot": 2}],
                "added": [{"cycle_day": 6, "slot": 1}],
            },
            {
                "journal": JOURNAL_5B,
                "entries": [{"cycle_day": n, "slot": SLOT_5B, "room": w.ROOM_12} for n in range(1, 6)],
            },
        ],
    }
    position = web.tiny.school.store.last_position()
    found = report(preview(web, body, after=after))
    assert web.tiny.school.store.last_position() == position, "nothing is written"
    assert (found["refused"], found["errors"], found["journals_total"]) == (True, 2, 1)
    assert found["conflicts_by_kind"] == {"room": 1, "free-day": 1}
    (change,) = found["journals"]
    # 39 weeks of Monday to Friday; from the sixth on each keeps five lessons, but the last Saturday is no day of it.
    assert (change["hours_before"], change["hours_after"]) == (39 * 5, 5 * 5 + 34 * 5 - 1)
    assert (change["moving_total"], change["vanishing_total"], change["appearing_total"]) == (2 * 34 - 1, 1, 0)
    assert change["vanishing"] == [{"date": "2026-05-29", "slot": 2, "room": w.ROOM_12}]
    assert change["moving"][0] == {"date": MONDAY, "slot": 2, "new_date": "2025-10-07", "new_slot": 3}
    assert change["with_records"] == [
        {"date": MONDAY, "slot": 2, "held": True, "marks": 1, "substituted": False, "moved": False, "cancelled": False}
    ]
    assert [(one["day"], one["had_lesson"]) for one in change["control_works"]] == [("2025-10-17", True)]
    assert change["hours_planned"] == 10

    refused = web.command("change-timetable", body, login="deputy")
    assert problem(refused, 409, "timetable-has-conflicts")["conflicts_total"] == 2
    after = done(web.command("change-timetable", {**body, "accept_conflicts": True}, login="deputy"))
    week = report(web.get("/reports/timetable", class_=w.CLASS_5A, after=after))
    assert [line[:4] for line in lines(week)] == ["06/2", "07/2", "07/3", "08/2", "09/2", "11/1"]
    assert [one["due"] for one in week["lessons"]] == [False, True, True, True, True, True]
    again = report(preview(web, body | {"journals": body["journals"][1:]}, after=after))
    assert (again["journals"], again["journals_total"], again["refused"], again["conflicts"]) == ([], 0, False, [])


def test_a_preview_answers_the_refusals_of_the_command(shared: Web) -> None:
    body: dict[str, Any] = {"year": w.YEAR, "starts": MONDAY, "journals": [{"journal": w.STRANGER, "entries": []}]}
    assert problem(preview(shared, body), 404, "unknown-journal")["field"] == "journals.0.journal"
    problem(preview(shared, {**body, "journals": []}), 400, "malformed")
    problem(preview(shared, body, login="ada"), 403, "not-allowed")
    problem(preview(shared, body, lessons=1_000_000), 400, "malformed")
