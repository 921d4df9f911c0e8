"""Clashes that were taken on, as the reports show them: substitutions, conflicts, their files, and the past."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.schools import JOURNAL_5B, SLOT_5B

IN_5A: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-06", "slot": w.LESSON_SLOT}
IN_5B: dict[str, Any] = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": SLOT_5B}
DAY = {"from_": "2025-10-06", "to": "2025-10-06"}


def sent(web: Web, name: str, **body: Any) -> int:
    answer = web.command(name, body, login="deputy")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["position"])


def report(web: Web, path: str, **parameters: Any) -> Any:
    answer = web.get(f"/reports/{path}", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def accepted(web: Web, **parameters: Any) -> list[tuple[Any, ...]]:
    found = report(web, "timetable/conflicts", **parameters)
    assert found["accepted_total"] == len(found["accepted"])
    named = ("journal_name", "date", "slot", "what", "clashes")
    return [(*(one[name] for name in named), one["by"]["login"]) for one in found["accepted"]]


def rows(web: Web, path: str, **parameters: Any) -> list[dict[str, str]]:
    answer = web.get(f"/reports/{path}", format="csv", **parameters)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_who_took_clashes_on_is_seen_in_both_reports(web: Web) -> None:
    before = sent(web, "move-lesson", **IN_5B, new_day="2025-10-06", new_slot=5)
    clash = {**IN_5A, "new_day": "2025-10-06", "new_slot": 5}
    refused = problem(web.command("move-lesson", clash, login="deputy"), 409, "slot-is-taken")
    assert "accept_conflicts" in refused["detail"]
    assert accepted(web, after=before) == []

    after = sent(web, "move-lesson", **clash, accept_conflicts=True)
    here = ("Математика, 5А", "2025-10-06", 5, "moved", 1, "deputy")
    assert accepted(web, after=after) == [here]
    assert accepted(web, from_="2025-10-07") == []
    assert accepted(web, as_of=str(after)) == [here]
    assert accepted(web, as_of=str(before)) == []
    decided = {
        (one["journal_name"], decision["what"], decision["despite"])
        for one in report(web, "substitutions", **DAY)["lessons"]
        for decision in one["decisions"]
    }
    assert decided == {("Математика, 5А", "moved", 1), ("Математика, 5Б", "moved", 0)}
    counted = {row["Журнал"]: row["Принято накладок"] for row in rows(web, "substitutions", **DAY)}
    assert counted == {"Математика, 5А": "1", "Математика, 5Б": "0"}
    (listed,) = rows(web, "timetable/conflicts")
    assert (listed["Строгость"], listed["Накладка"]) == ("принята", "перенос")
    assert (listed["Уроки"], listed["Есть"]) == ("Математика, 5А (5-й урок)", "1")

    again = sent(web, "move-lesson", **IN_5A, new_day="2025-10-06", new_slot=6)
    assert accepted(web, after=again) == [], "it stands where it clashes with nothing now"


def test_what_was_taken_back_in_spite_of_a_clash_is_seen_until_it_is_given_away_again(web: Web) -> None:
    sent(web, "cancel-lesson", **IN_5A, reason="карантин")
    sent(web, "substitute-teacher", **IN_5B, teacher=w.ADA_STAFF)
    sent(web, "move-lesson", **IN_5B, new_day="2025-10-06", new_slot=w.LESSON_SLOT)
    back = {**IN_5A, "reason": "ошибка"}
    problem(web.command("reinstate-lesson", back, login="deputy"), 409, "slot-is-taken")
    after = sent(web, "reinstate-lesson", **back, accept_conflicts=True)
    assert accepted(web, after=after) == [("Математика, 5А", "2025-10-06", w.LESSON_SLOT, "restored", 1, "deputy")]
    (one,) = report(web, "substitutions", kind="restored", **DAY)["lessons"]
    assert (one["kinds"], [decision["despite"] for decision in one["decisions"]]) == (["restored"], [1])

    after = sent(web, "substitute-teacher", **IN_5A, teacher=w.HEAD_STAFF)
    assert accepted(web, after=after) == []
    after = sent(web, "correct-substitution", **IN_5A, reason="вернулась", accept_conflicts=True)
    assert [(what, clashes) for *_, what, clashes, _ in accepted(web, after=after)] == [("restored", 1)]
    after = sent(web, "cancel-lesson", **IN_5A, reason="всё же карантин")
    assert accepted(web, after=after) == []
