"""Readiness of a year over HTTP: what is missing, to whom, as a file, as of a day; on both databases."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from typing import Any

from python_calamine import CalamineWorkbook

from ejd.http import set_up_files
from ejd_projections import readiness_sections
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid

GROUP, OTHER = uid("english 1 of 5a"), uid("english 2 of 5a")
ENGLISH_JOURNAL = uid("journal english 1")
READY = "/reports/readiness"


def done(web: Web, name: str, **body: Any) -> int:
    answer = web.command(name, body, login="deputy")
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def report(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


def gaps(found: Any, section: str, class_name: str = "") -> list[dict[str, Any]]:
    (one,) = [one for one in found["sections"] if (one["section"], one["class_name"]) == (section, class_name)]
    own: list[dict[str, Any]] = one["gaps"]
    return own


def test_what_is_missing_is_named_exactly_and_by_whom_it_is_owed(web: Web) -> None:
    before = report(web.get(READY))
    assert (before["term"], before["days_left"]) == ("2025-09-15", -21)
    assert before["percent"] == before["numerator"] // before["denominator"] < 100
    assert before["done"] + before["partly"] + before["not_started"] == before["denominator"]
    done(web, "define-subject", subject=w.ENGLISH, title="Английский язык")
    done(web, "form-teaching-group", group=GROUP, year=w.YEAR, title="Англ 1", kind="subgroup", classes=[w.CLASS_5A])
    done(web, "form-teaching-group", group=OTHER, year=w.YEAR, title="Англ 2", kind="subgroup", classes=[w.CLASS_5A])
    done(web, "join-group", pupil=w.VERA, group=GROUP, joined_on="2025-09-01")
    after = done(web, "open-journal", journal=ENGLISH_JOURNAL, subject=w.ENGLISH, group=GROUP, group_kind="group")
    found = report(web.get(READY, after=after))
    in_no_group, without_journal = gaps(found, "groups", "5А")
    assert in_no_group["sentence"] == "2 pupil(s) in no Английский язык group"
    assert (in_no_group["need"], in_no_group["ids"]) == (2, sorted([w.GLEB, w.DINA]))
    assert in_no_group["owner"] == {"role": "class-teacher", "staff": w.ADA_STAFF, "name": "Лавлинская Ада"}
    assert (without_journal["kind"], without_journal["about"]) == ("group-without-journal", OTHER)
    (nobody,) = gaps(found, "load", "5А")
    assert nobody["sentence"] == "Английский язык, Англ 1: nobody teaches it"
    assert nobody["owner"]["role"] == "deputy-head"
    plans = gaps(found, "thematic-plans", "5А")
    assert [one["about"] for one in plans if one["kind"] == "no-plan"] == [ENGLISH_JOURNAL]
    assert gaps(found, "timetable", "5А")[-1]["kind"] == "not-in-timetable"
    (parents,) = gaps(found, "parent-accounts", "5А")
    assert (parents["need"], parents["ids"]) == (2, sorted([w.GLEB, w.DINA]))


def test_of_one_class_of_what_is_open_and_of_one_owner(shared: Web) -> None:
    of_class = report(shared.get(READY, class_=w.CLASS_5A))
    assert {one["class_name"] for one in of_class["sections"]} == {"5А"}
    only_open = report(shared.get(READY, open="true"))
    assert {one["state"] for one in only_open["sections"]} <= {"partly", "not-started"}
    assert only_open["percent"] == of_class["percent"], "the figures are the year's"
    owed = report(shared.get(READY, owner=uid("staff nobody")))
    assert owed["sections"] == []
    problem(shared.get(READY, class_=uid("no class")), 404, "not-there")


def test_staff_see_what_they_owe_and_their_own_class(web: Web) -> None:
    found = report(web.get(READY, login="ada"))
    assert {one["class_name"] for one in found["sections"]} == {"5А"}
    boris = {"class_id": w.CLASS_5A, "staff": w.BORIS_STAFF, "starts": "2025-10-01"}
    after = done(web, "appoint-class-teacher", **boris)
    found = report(web.get(READY, login="ada", after=after))
    assert {gap["owner"]["staff"] for one in found["sections"] for gap in one["gaps"]} <= {w.ADA_STAFF}
    problem(web.get(READY, login="olga"), 403, "not-allowed")
    problem(web.get(f"{READY}/history", login="ada"), 403, "not-allowed")


def test_a_list_in_russian_for_printing(shared: Web) -> None:
    text = shared.get(READY, format="csv").content.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text), delimiter=";"))
    heading = next(row for row in rows if "Чего не хватает" in row)
    assert heading[:3] == ["Класс", "Раздел", "Состояние"]
    assert any("не начато" in row for row in rows)
    book = CalamineWorkbook.from_filelike(BytesIO(shared.get(READY, format="xlsx").content))
    first = book.get_sheet_by_index(0).to_python()[0]
    assert str(first[0]).startswith("Готовность к 2025/26 учебному году")


def test_every_section_and_gap_has_russian_words() -> None:
    assert set(set_up_files.SENTENCES) == set(readiness_sections.SENTENCES)
    for kind, sentence in set_up_files.SENTENCES.items():
        assert ("{name}" in sentence, "{need}" in sentence) == (
            "{name}" in readiness_sections.SENTENCES[kind],
            "{need}" in readiness_sections.SENTENCES[kind],
        )


def test_the_term_is_the_schools_own(web: Web) -> None:
    after = done(web, "set-readiness-date", year=w.YEAR, day="2025-10-10")
    found = report(web.get(READY, after=after))
    assert (found["term"], found["days_left"]) == ("2025-10-10", 4)


def test_the_percentage_of_each_day_is_worked_out_from_what_was_recorded_by_then(web: Web) -> None:
    today = report(web.get(READY))
    history = report(web.get(f"{READY}/history", from_="2025-10-04", to="2025-10-06"))
    assert [one["day"] for one in history["points"]][-1:] == ["2025-10-06"]
    assert history["points"][-1]["percent"] == today["percent"]
    assert history["points"][-1]["numerator"] == today["numerator"]
    assert report(web.get(f"{READY}/history"))["first"] == "2025-09-23"
    problem(web.get(f"{READY}/history", to="2025-10-07"), 400, "unselectable")
    problem(web.get(f"{READY}/history", from_="2025-01-01"), 400, "unselectable")
    problem(web.get(f"{READY}/history", after=10**9), 400, "malformed")
