"""A production calendar as a file over HTTP, on both databases: looked at, taken once, refused by its rows."""

from __future__ import annotations

from typing import Any

import pytest

from ejd.imports.production_file import FILE_BYTES_MAX
from tests import worlds as w
from tests.http.conftest import Web, problem

OWN = "дата;название;перенесён на\r\n20.10.2025;День района;\r\n;;\r\n2025-10-18;;21.10.2025\r\n"
HOLIDAY = {"kind": "added", "what": "holiday", "day": "2025-10-20", "before": "", "after": "День района"}


def send(web: Web, content: str | bytes, *, login: str = "deputy", key: str | None = None, **query: Any) -> Any:
    """Send a file; a key of its own unless one is given, none for a dry run."""
    headers = {"If-Match": query.pop("if_match")} if "if_match" in query else {}
    if "dry_run" not in query:
        headers["Idempotency-Key"] = key or web.tiny.new_id()
    named = {"year": w.YEAR, "file_name": "календарь.csv", **query}
    body = content.encode() if isinstance(content, str) else content
    return web.client.post(
        "/api/v1/production-calendar", params=named, content=body, headers=web.tiny.headers(login, **headers)
    )


def test_a_calendar_is_looked_at_taken_and_taken_once(web: Web) -> None:
    before = web.tiny.school.store.last_position()
    seen = send(web, OWN, dry_run=True)
    assert seen.status_code == 200, seen.text
    found = seen.json()
    assert (found["state"], found["year_name"], found["position"]) == ("rehearsed", "2025/26", None)
    assert HOLIDAY in found["differences"]
    assert (found["added"], found["refusals"]) == (len(found["differences"]), [])
    assert web.tiny.school.store.last_position() == before
    key = web.tiny.new_id()
    done = send(web, OWN, key=key, if_match=seen.headers["ETag"]).json()
    assert (done["state"], done["differences"]) == ("applied", found["differences"])
    assert done["position"] == web.tiny.school.store.last_position() > before
    days = web.get("/calendar", after=done["position"]).json()["report"]["holidays"]
    assert "День района" in {one["name"] for one in days}
    again = send(web, OWN, key=key).json()
    assert (again["state"], again["repeated"], again["position"]) == ("applied", True, done["position"])
    assert send(web, OWN).json()["state"] == "unchanged"
    other = send(web, OWN.replace("День района", "День города"), dry_run=True).json()
    assert (other["added"], other["changed"], other["ended"]) == (0, 1, 0)
    assert (other["differences"][0]["before"], other["differences"][0]["after"]) == ("День района", "День города")
    assert other["unchanged"] == found["added"] - 1
    problem(send(web, "дата;название;перенесён на\n20.10.2025;X;", if_match='"1"'), 409, "version-conflict")


def test_json_is_taken_too_and_ends_what_it_does_not_name(web: Web) -> None:
    assert send(web, OWN + "22.10.2025;День села;\r\n").json()["state"] == "applied"
    json = '{"holidays": [{"day": "2025-10-20", "title": "День района"}]}'
    done = send(web, json, file_name="a.json", week_days="5", worked="none", login="timetable-program").json()
    assert (done["state"], done["added"], {one["kind"] for one in done["differences"]}) == ("applied", 0, {"ended"})


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.csv", "x;y;\n20.10.2025;a;b;c\n", [(2, "дата", "x"), (3, "", "")]),
        ("a.csv", "20.10.2025;День;\n20.10.2025;День;\n21.10.2025;;\n", [(3, "дата", "20.10.2025")]),
        ("a.csv", "20.10.2025;День;\n21.10.2025;;\n", [(3, "название", "")]),
        ("a.csv", "20.10.2025;День;\n21.10.2025;;22.10.2025\n", [(3, "дата", "")]),
        ("a.csv", "20.10.2025;День;\n18.10.2025;;32.10.2025\n", [(3, "перенесён на", "32.10.2025")]),
        (
            "a.json",
            '{"holidays": [{"day": "2025-10-20", "title": "День"}, {"day": 5, "title": ""}]}',
            [(2, "day", ""), (2, "title", "")],
        ),
    ],
    ids=range(6),
)
def test_refused_rows_are_named_and_nothing_is_taken(
    shared: Web, name: str, content: str, rows: list[tuple[int, str, str]]
) -> None:
    text = content if name == "a.json" else "дата;название;перенесён на\n" + content
    position = shared.tiny.school.store.last_position()
    seen = send(shared, text, file_name=name, dry_run=True)
    assert seen.status_code == 200, seen.text
    assert seen.json()["state"] == "refused"
    found = [(one["row"], one["column"], one["value"]) for one in seen.json()["refusals"]]
    assert found == rows
    assert all(one["reason"] for one in seen.json()["refusals"])
    told = problem(send(shared, text, file_name=name), 422, "file-refused")
    assert told["refusals"] == seen.json()["refusals"]
    assert f"row {rows[0][0]}: " in told["detail"]
    assert shared.tiny.school.store.last_position() == position


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\x98\xff;", "neither UTF-8 nor Windows-1251"),
        ("a.csv", "день;название".encode(), "headings"),
        ("a.csv", "дата;название;перенесён на\n18.10.2025;;21.10.2025".encode(), "holidays or transfers"),
        ("a.json", b"[]", "an object with holidays"),
        ("a.json", b'{"holidays": null}', "are lists"),
        ("a.json", b'{"holidays": []}', "give at least 1"),
        ("a.json", b'{"holidays": [' + b"{}," * 500 + b"{}]}", "more than 500 entries"),
    ],
    ids=range(7),
)
def test_a_file_that_is_no_calendar_is_refused_as_a_whole(shared: Web, name: str, content: bytes, words: str) -> None:
    assert words in problem(send(shared, content, file_name=name), 422, "file-refused")["detail"]
    assert words in problem(send(shared, content, file_name=name, dry_run=True), 422, "file-refused")["detail"]


def test_what_cannot_be_asked_says_why(shared: Web) -> None:
    problem(send(shared, b" " * (FILE_BYTES_MAX + 1)), 413, "body-too-large")
    problem(send(shared, b"", dry_run=True), 400, "malformed")
    problem(send(shared, OWN, dry_run=True, year=w.STRANGER), 404, "unknown-year")
    problem(send(shared, OWN, dry_run=True, week_days="7"), 400, "malformed")
    named = {"year": w.YEAR, "file_name": "a.csv"}
    keyless = shared.client.post(
        "/api/v1/production-calendar", params=named, content=OWN.encode(), headers=shared.tiny.headers("deputy")
    )
    assert "Idempotency-Key" in problem(keyless, 400, "malformed")["detail"]
    for login in ("ada", "helper", "olga", "vera"):
        problem(send(shared, OWN, login=login, dry_run=True), 403, "not-allowed")
