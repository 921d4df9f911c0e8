"""Who sees what over HTTP: a foreign object is 404, a known one without the right 403, a row too many nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.test_reports import TODAY, hold, report
from tests.schools import JOURNAL_5B, SLOT_5B

BOOK = "/reports/gradebook"


def pupils_of(answer: Any) -> set[str]:
    return {row["pupil"] for book in report(answer)["gradebooks"] for row in book["pupils"]}


def test_a_teacher_sees_the_own_journals_only(shared: Web) -> None:
    assert pupils_of(shared.get(BOOK, login="boris", **TODAY)) == {w.MISHA}
    assert pupils_of(shared.get(BOOK, login="boris", journal=JOURNAL_5B)) == {w.MISHA}
    for known in ({"class_": w.CLASS_5A}, {"teacher": w.ADA_STAFF}, {"group": w.CLASS_5A}):
        problem(shared.get(BOOK, login="boris", **known), 403, "not-allowed")
    for foreign in ({"journal": w.JOURNAL}, {"pupil": w.VERA}, {"journal": w.JOURNAL, "class_": w.CLASS_5B}):
        problem(shared.get(BOOK, login="boris", **foreign), 404, "not-there")
    problem(shared.get(BOOK, login="boris", journal=w.STRANGER), 404, "not-there")
    assert [one["journal"]["id"] for one in report(shared.get("/journals", login="boris"))["journals"]] == [JOURNAL_5B]
    assert {one["journal"] for one in report(shared.get("/lessons", login="boris"))["lessons"]} == {JOURNAL_5B}


def test_a_teacher_reads_fill_and_progress_of_the_own_journals(shared: Web) -> None:
    fill = report(shared.get("/reports/fill-completeness", login="boris", by="journal", **TODAY))
    assert [row["id"] for row in fill["rows"]] == [JOURNAL_5B]
    assert {one["journal"] for one in fill["late"]} <= {JOURNAL_5B}
    progress = report(shared.get("/reports/progress", login="boris", by="pupil", period="q1"))
    assert [row["id"] for row in progress["rows"]] == [w.MISHA]
    for path in ("/reports/fill-completeness", "/reports/progress"):
        problem(shared.get(path, login="boris", class_=w.CLASS_5A), 403, "not-allowed")


def test_a_teacher_reads_missed_topics_of_the_own_journals(shared: Web) -> None:
    path = "/reports/missed-topics"
    assert {one["pupil"] for one in report(shared.get(path, login="boris"))["pupils"]} == {w.MISHA}
    assert {one["pupil"] for one in report(shared.get(path, login="boris", group=w.CLASS_5B))["pupils"]} == {w.MISHA}
    for known in ({"class_": w.CLASS_5A}, {"teacher": w.ADA_STAFF}):
        problem(shared.get(path, login="boris", **known), 403, "not-allowed")
    for foreign in ({"journal": w.JOURNAL}, {"pupil": w.GLEB}):
        problem(shared.get(path, login="boris", **foreign), 404, "not-there")


def test_a_class_teacher_sees_the_class_in_every_journal_and_nobody_else(web: Web) -> None:
    """5А and 5Б have English in one group, taught by BORIS: ADA, class teacher of 5А, sees VERA there, not MISHA."""
    group, journal = web.tiny.new_id(), web.tiny.new_id()
    both, after = [w.CLASS_5A, w.CLASS_5B], 0
    for name, body in (
        ("define-subject", {"subject": w.ENGLISH, "title": "Английский язык"}),
        ("form-teaching-group", {"group": group, "year": w.YEAR, "title": "Англ 1", "kind": "stream", "classes": both}),
        ("open-journal", {"journal": journal, "subject": w.ENGLISH, "group": group, "group_kind": "group"}),
        ("assign-teacher", {"journal": journal, "staff": w.BORIS_STAFF, "starts": "2025-09-01"}),
        ("join-group", {"pupil": w.VERA, "group": group, "joined_on": "2025-09-01"}),
        ("join-group", {"pupil": w.MISHA, "group": group, "joined_on": "2025-09-01"}),
    ):
        answer = web.command(name, body, login="deputy")
        assert answer.status_code == 200, (name, answer.text)
        after = answer.json()["position"]
    asked: dict[str, Any] = {"journal": journal, "after": after, **TODAY}
    assert pupils_of(web.get(BOOK, login="boris", **asked)) == {w.VERA, w.MISHA}
    assert pupils_of(web.get(BOOK, login="ada", **asked)) == {w.VERA}
    assert pupils_of(web.get(BOOK, login="olga", **asked)) == {w.VERA}
    progress = "/reports/progress"
    named = report(web.get(progress, login="ada", by="pupil", period="q1", after=after))["rows"]
    assert w.MISHA not in {row["id"] for row in named}
    own = report(web.get(progress, login="ada", by="pupil", period="q1", class_=w.CLASS_5A))["rows"]
    assert {row["id"] for row in own} == {w.VERA, w.GLEB, w.DINA}
    missed = report(web.get("/reports/missed-topics", login="ada", subject=w.ENGLISH))["pupils"]
    assert w.MISHA not in {one["pupil"] for one in missed}


def test_a_substitute_sees_the_journal_of_the_lesson(web: Web) -> None:
    problem(web.get(BOOK, login="boris", journal=w.JOURNAL, **TODAY), 404, "not-there")
    substitution = {
        "journal": w.JOURNAL,
        "day": "2025-10-06",
        "slot": w.LESSON_SLOT,
        "teacher": w.BORIS_STAFF,
        "absent_teacher": w.ADA_STAFF,
    }
    answer = web.command("substitute-teacher", substitution, login="deputy")
    assert answer.status_code == 200, answer.text
    after = answer.json()["position"]
    seen = web.get(BOOK, login="boris", journal=w.JOURNAL, after=after, **TODAY)
    assert pupils_of(seen) == {w.VERA, w.GLEB, w.DINA}
    before = {"from_": "2025-09-01", "to": "2025-09-30"}
    problem(web.get(BOOK, login="boris", journal=w.JOURNAL, **before), 403, "not-allowed")


@pytest.mark.parametrize("login", ["olga", "vera"])
def test_a_family_sees_the_own_rows_only(shared: Web, login: str) -> None:
    after = hold(shared)
    for choice in ({"after": after}, {"pupil": w.VERA}, {"journal": w.JOURNAL}, {"class_": w.CLASS_5A}, TODAY):
        answer = shared.get(BOOK, login=login, **choice)
        assert pupils_of(answer) == {w.VERA}
        assert w.GLEB not in answer.text
        assert w.DINA not in answer.text
    for pupil in (w.GLEB, w.MISHA):
        problem(shared.get(BOOK, login=login, pupil=pupil), 404, "not-there")
    problem(shared.get(BOOK, login=login, journal=JOURNAL_5B), 404, "not-there")
    missed = report(shared.get("/reports/missed-topics", login=login, class_=w.CLASS_5A))
    assert {one["pupil"] for one in missed["pupils"]} <= {w.VERA}
    progress = report(shared.get("/reports/progress", login=login, by="pupil", period="q1"))
    assert {row["id"] for row in progress["rows"]} == {w.VERA}
    assert {one["journal"] for one in report(shared.get("/lessons", login=login))["lessons"]} == {w.JOURNAL}
    problem(shared.get("/reports/fill-completeness", login=login), 403, "not-allowed")
    problem(shared.get("/events", login=login), 403, "not-allowed")


def test_a_parent_of_two_says_which_child(web: Web) -> None:
    second = {"guardian": w.PARENT_GUARDIAN, "pupil": w.MISHA, "relation": "mother", "starts": "2025-09-01"}
    after = web.command("establish-guardianship", second, login="deputy").json()["position"]
    assert problem(web.get(BOOK, login="olga", after=after), 400, "malformed")["field"] == "pupil"
    assert pupils_of(web.get(BOOK, login="olga", pupil=w.MISHA)) == {w.MISHA}
    ended = {"guardian": w.PARENT_GUARDIAN, "pupil": w.VERA, "ends": "2025-10-06"}
    after = web.command("end-guardianship", ended, login="deputy").json()["position"]
    problem(web.get(BOOK, login="olga", pupil=w.VERA, after=after), 404, "not-there")


@pytest.mark.parametrize("login", ["head", "deputy", "timetable-program"])
def test_administration_and_programs_see_everybody(shared: Web, login: str) -> None:
    assert pupils_of(shared.get(BOOK, login=login, **TODAY)) == {w.VERA, w.GLEB, w.DINA, w.MISHA}
    assert shared.get("/reports/fill-completeness", login=login).status_code == 200


def test_support_sees_no_marks_and_no_people(shared: Web) -> None:
    for path in (BOOK, "/reports/progress", "/reports/missed-topics", "/reports/fill-completeness", "/lessons"):
        problem(shared.get(path, login="helper"), 403, "not-allowed")
    for path in ("/classes", "/journals", "/events"):
        problem(shared.get(path, login="helper"), 403, "not-allowed")
    answer = shared.get("/school", login="helper")
    assert answer.status_code == 200
    for name in ("Васильева", "Лавлинская", "Громова"):
        assert name not in answer.text


def test_slots_of_the_other_class_are_not_the_teachers(shared: Web) -> None:
    mark = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": SLOT_5B, "pupil": w.MISHA, "work": "oral", "value": "5"}
    problem(shared.command("record-mark", mark, login="ada"), 404, "unknown-journal")
    problem(shared.command("record-mark", mark, login="deputy"), 403, "not-allowed")


def test_what_may_not_be_known_of_is_answered_letter_by_letter_as_what_is_not_there(shared: Web) -> None:
    nothing = w.STRANGER
    for login, path, field, foreign in (
        ("boris", BOOK, "journal", w.JOURNAL),
        ("boris", BOOK, "pupil", w.VERA),
        ("boris", "/reports/thematic-plan", "journal", w.JOURNAL),
        ("boris", "/reports/substitutions", "journal", w.JOURNAL),
        ("boris", "/reports/consents", "person", w.VERA),
        ("boris", "/exports/timetable.ics", "pupil", w.VERA),
        ("boris", "/members", "pupil", w.VERA),
        ("olga", BOOK, "pupil", w.GLEB),
        ("olga", BOOK, "journal", JOURNAL_5B),
        ("olga", "/lessons", "journal", JOURNAL_5B),
        ("olga", "/reports/timetable", "pupil", w.MISHA),
        ("olga", "/exports/timetable.ics", "pupil", w.MISHA),
        ("vera", "/reports/progress", "pupil", w.GLEB),
        ("vera", "/reports/missed-topics", "journal", JOURNAL_5B),
    ):
        one = shared.get(path, login=login, **{field: foreign})
        other = shared.get(path, login=login, **{field: nothing})
        assert (one.status_code, one.text) == (other.status_code, other.text), (login, path, field)
        assert one.status_code == 404 or path == "/members"
        assert set(one.headers) == set(other.headers)


def test_a_right_is_judged_before_the_version_is_compared(shared: Web) -> None:
    """The version of a foreign record is nobody's business."""
    mark = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": SLOT_5B, "pupil": w.MISHA, "work": "oral", "value": "5"}
    found = shared.command("record-mark", mark, login="ada", **{"If-Match": '"77"'})
    problem(found, 404, "unknown-journal")
