"""Timetable files over HTTP: looked at, applied by the digest, undone as one; every format, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from ejd.imports.timetable_import import TIMETABLE_BYTES_MAX
from ejd.imports.xhstt import read_xhstt
from ejd.kernel.ids import timetable_stream
from ejd.kernel.states.school import TimetableState
from ejd.kernel.states.teaching import ClassState
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.test_imports import post, upload
from tests.imports.shared_data import real_file
from tests.imports.test_asc import CARDS, HEAD, LISTS, WHOLE, asc
from tests.imports.test_grid import HEAD as GRID_HEAD
from tests.imports.test_grid import MATHS_A, MATHS_B, workbook
from tests.imports.test_xhstt import _SCHOOL as XHSTT

YEAR = "2026/27"


def send(web: Web, content: bytes, kind: str, **query: Any) -> Any:
    """Upload a timetable for a year that the school has not opened yet, unless another one is named."""
    named = {"kind": kind, "file_name": f"timetable.{kind}", "year": YEAR, **query}
    return upload(web, content, **named)


def applied(web: Web, seen: dict[str, Any]) -> dict[str, Any]:
    """Apply what was looked at."""
    answer = post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def classes(web: Web) -> list[str]:
    """Answer the names of all classes that stand."""
    states = web.tiny.school.states
    streams = [entry.stream for entry in states.store.directory(kinds=["class"])]
    formed = [states.fresh(ClassState, stream).formed for stream in streams]
    return sorted(each.name for each in formed if each is not None)


def lessons(web: Web, year: str) -> int:
    """Answer how many lessons a turn of the cycle has."""
    state = web.tiny.school.states.fresh(TimetableState, timetable_stream(year))
    return sum(len(each[-1].entries) for each in state.schedules.values() if each)


def test_a_timetable_is_looked_at_applied_listed_and_undone(web: Web) -> None:
    before, had = web.tiny.school.store.last_position(), classes(web)
    seen = send(web, WHOLE, "asc").json()
    assert (seen["state"], seen["kind"], seen["rows"], seen["refused"]) == ("rehearsed", "asc", 4, 0)
    nouns = {line["noun"] for line in seen["differences"]}
    assert {"academic year", "subject", "class", "pupil", "staff member", "journal", "load", "lessons"} <= nouns
    assert {line["kind"] for line in seen["differences"]} == {"added"}
    assert web.tiny.school.store.last_position() == before
    assert web.get(f"/imports/{seen['import_id']}").json()["digest"] == seen["digest"]
    done = applied(web, seen)
    assert (done["state"], done["added"]) == ("applied", seen["added"])
    assert lessons(web, seen["year"]) == 6
    assert set(classes(web)) == {*had, "8А", "8Б"}
    again = send(web, WHOLE, "asc").json()
    assert (again["state"], again["added"], again["differences"]) == ("unchanged", 0, [])
    (listed,) = web.get("/imports").json()["imports"]
    assert (listed["id"], listed["kind"], listed["state"]) == (seen["import_id"], "asc", "applied")
    undone = post(web, f"/{seen['import_id']}/undo").json()
    assert (undone["left"], undone["repeated"], undone["events"]) == ([], False, done["events"])
    assert (classes(web), lessons(web, seen["year"])) == (had, 0)
    assert post(web, f"/{seen['import_id']}/undo").json()["repeated"] is True
    third = send(web, WHOLE, "asc").json()
    assert (third["added"], third["import_id"] == seen["import_id"]) == (seen["added"], False)
    assert applied(web, third)["events"] == done["events"]
    assert lessons(web, seen["year"]) == 6


def test_a_changed_file_brings_what_changed_and_its_undoing_brings_back_what_was(web: Web) -> None:
    first = applied(web, send(web, WHOLE, "asc").json())
    moved = CARDS.replace('period="1" days="10000"', 'period="3" days="10000"')
    seen = send(web, WHOLE.replace(CARDS.encode(), moved.encode()), "asc").json()
    assert [(line["kind"], line["noun"]) for line in seen["differences"]] == [("changed", "lessons")]
    applied(web, seen)
    undone = post(web, f"/{seen['import_id']}/undo").json()
    assert (undone["events"], undone["left"]) == (1, [])
    assert lessons(web, first["year"]) == 6
    assert send(web, WHOLE, "asc").json()["state"] == "unchanged"


def test_what_the_file_leaves_open_is_refused_with_its_place_and_kept_without_a_name(web: Web) -> None:
    more = '<lesson id="L9" classids="C1" subjectid="S1" periodspercard="1" periodsperweek="1.0" teacherids="T1"/>'
    content = WHOLE.replace(b"</lessons>", more.encode() + b"</lessons>")
    seen = send(web, content, "asc").json()
    assert [(line["row"], line["reason"]) for line in seen["refusals"]] == [(5, "the activity has no day and hour")]
    assert "L9" in seen["refusals"][0]["value"]
    applied(web, seen)
    stored = web.get(f"/imports/{seen['import_id']}").json()["refusals"]
    assert [(line["file"], line["row"]) for line in stored] == [("timetable.asc", 5)]
    assert "Алгебра" not in str(stored)
    rows = web.get(f"/imports/{seen['import_id']}", format="csv").text
    assert rows.splitlines()[1].startswith("timetable.asc;;5;;the activity has no day")


def test_a_grid_comes_in_with_the_schools_own_names(web: Web) -> None:
    rows = [GRID_HEAD, ["Понедельник", 1, MATHS_A, ""], ["", 2, "Астрономия", ""], ["Вт", 2, "", MATHS_B]]
    seen = send(web, workbook(rows), "grid", year="2025/26", file_name="неделя.xlsx").json()
    assert [(line["sheet"], line["row"], line["column"]) for line in seen["refusals"]] == [("Расписание", 3, "C")]
    assert {line["noun"] for line in seen["differences"]} == {"lesson"}
    had = lessons(web, w.YEAR)
    done = applied(web, seen)
    assert (done["state"], done["refused"], lessons(web, w.YEAR)) == ("applied", 1, 2)
    post(web, f"/{seen['import_id']}/undo")
    assert lessons(web, w.YEAR) == had


def test_conflicts_are_named_before_and_stop_it_unless_they_are_accepted(web: Web) -> None:
    rows = [GRID_HEAD, ["Понедельник", 1, MATHS_A, MATHS_B]]
    seen = send(web, workbook(rows), "grid", year="2025/26").json()
    assert (seen["conflicts_total"], len(seen["conflicts"])) == (1, 1)
    refused = post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
    assert seen["conflicts"][0] in problem(refused, 422, "file-refused")["detail"]
    accepted = send(web, workbook(rows), "grid", year="2025/26", accept_conflicts="true").json()
    assert accepted["import_id"] != seen["import_id"]
    assert applied(web, accepted)["conflicts_total"] == 1


def test_an_archive_comes_in(web: Web) -> None:
    file = read_xhstt(XHSTT)
    seen = send(web, XHSTT, "xhstt").json()
    assert (seen["rows"], seen["refused"]) == (len(file.lessons), len(file.refusals))
    applied(web, seen)
    assert lessons(web, seen["year"]) > 0


@pytest.mark.parametrize(
    ("kind", "path", "activities", "refused"),
    [
        ("fet", "fet/United-Arab-Emirates__IBDP-School-2016.fet", 1_585, 5),
        ("xhstt", "xhstt/ZA-WD-09.xml", 278, 0),
    ],
)
def test_a_real_school_comes_in_and_goes(web: Web, kind: str, path: str, activities: int, refused: int) -> None:
    content = real_file(path).read_bytes()
    seen = send(web, content, kind, accept_conflicts="true").json()
    assert (seen["rows"], seen["refused"] >= refused) == (activities, True)
    assert sum("activity" in line["reason"] for line in seen["refusals"]) == refused
    done = applied(web, seen)
    assert lessons(web, seen["year"]) > 0
    assert send(web, content, kind, accept_conflicts="true").json()["state"] == "unchanged"
    undone = post(web, f"/{seen['import_id']}/undo").json()
    assert (undone["events"], undone["left"]) == (done["events"], [])
    assert lessons(web, seen["year"]) == 0


def test_only_the_administration_brings_a_timetable_in(shared: Web) -> None:
    for login in ("ada", "helper", "olga", "vera"):
        problem(upload(shared, WHOLE, kind="asc", file_name="a.xml", year=YEAR, login=login), 403, "not-allowed")


def test_a_file_that_is_no_timetable_is_refused_with_a_sentence(shared: Web) -> None:
    assert "not XML" in problem(send(shared, b"x", "fet"), 422, "file-refused")["detail"]
    entity = b'<?xml version="1.0"?><!DOCTYPE fet [<!ENTITY a "b">]><fet>&a;</fet>'
    assert "document type" in problem(send(shared, entity, "fet"), 422, "file-refused")["detail"]
    problem(send(shared, b"x", "grid"), 422, "file-refused")
    assert "academic year" in problem(upload(shared, WHOLE, kind="asc"), 422, "file-refused")["detail"]
    assert "2026/27" in problem(send(shared, WHOLE, "asc", year="Первый"), 422, "file-refused")["detail"]
    assert "no term 3" in problem(send(shared, WHOLE, "asc", term=3), 422, "file-refused")["detail"]
    problem(send(shared, WHOLE, "asc", term=0), 400, "malformed")
    problem(send(shared, asc(HEAD, LISTS), "asc"), 422, "file-refused")
    problem(send(shared, XHSTT, "xhstt", solution="none such"), 422, "file-refused")


def test_a_timetable_has_a_limit_of_its_own(shared: Web) -> None:
    headers = {**shared.tiny.headers("deputy"), "Content-Length": str(TIMETABLE_BYTES_MAX + 1)}
    query = {"kind": "fet", "file_name": "a.fet", "year": YEAR}
    answer = shared.client.post("/api/v1/imports", params=query, content=b"x", headers=headers)
    assert str(TIMETABLE_BYTES_MAX) in problem(answer, 413, "body-too-large")["detail"]
