"""Rosters over HTTP: a difference first, applied by its digest, looked at, undone; for the administration only."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from ejd.imports.uploads import UPLOAD_BYTES_MAX, UPLOADS_MAX
from tests.http.conftest import Web, problem
from tests.imports.roster_files import oneroster
from tests.schools import Clock

LIST = "Фамилия;Имя;Класс\nЕжов;Егор;5А\nПропавший;;5А\n".encode("cp1251")
NOBODY = "0198c0de-7a3b-7000-8000-3f1c2a9d4e55"


def packed() -> bytes:
    """Answer a OneRoster zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in oneroster().items():
            made.writestr(name, content)
    return out.getvalue()


def upload(web: Web, content: bytes, *, login: str = "deputy", **query: Any) -> Any:
    """Send a file."""
    named = {"kind": "roster", "file_name": "5А.csv", **query}
    return web.client.post("/api/v1/imports", params=named, content=content, headers=web.tiny.headers(login))


def post(web: Web, path: str, body: Any = None, *, login: str = "deputy") -> Any:
    """Send what has a JSON body, or none."""
    return web.client.post(f"/api/v1/imports{path}", json=body, headers=web.tiny.headers(login))


def test_a_list_is_looked_at_applied_listed_and_undone(web: Web) -> None:
    before = web.tiny.school.store.last_position()
    seen = upload(web, LIST).json()
    assert (seen["state"], seen["added"], seen["refused"]) == ("rehearsed", 1, 1)
    assert seen["differences"][0]["title"] == "Ежов Егор"
    assert seen["refusals"][0] | {"value": ""} == {
        "file": "5А.csv",
        "sheet": "",
        "row": 3,
        "column": "Имя",
        "reason": "a part of the name is missing",
        "value": "",
    }
    assert web.tiny.school.store.last_position() == before
    import_id, digest = seen["import_id"], seen["digest"]
    assert web.get(f"/imports/{import_id}").json()["digest"] == digest
    done = post(web, f"/{import_id}/apply", {"digest": digest})
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert int(done.headers["Ejd-Position"]) == web.tiny.school.store.last_position()
    people = web.get("/members", after=done.headers["Ejd-Position"], day="2025-10-06").text
    assert "Ежов" in people
    again = post(web, f"/{import_id}/apply", {"digest": digest})
    assert (again.status_code, again.json()["state"], again.json()["added"]) == (200, "applied", 1)
    (listed,) = web.get("/imports").json()["imports"]
    assert (listed["id"], listed["file_name"], listed["sha256"]) == (import_id, "5А.csv", seen["sha256"])
    rows = web.get(f"/imports/{import_id}", format="csv")
    assert rows.headers["content-type"].startswith("text/csv")
    assert rows.text.splitlines()[1] == "5А.csv;;3;Имя;a part of the name is missing"
    assert "Пропавший" not in web.get(f"/imports/{import_id}").text
    undone = post(web, f"/{import_id}/undo").json()
    assert (undone["events"], undone["left"], undone["repeated"]) == (1, [], False)
    assert post(web, f"/{import_id}/undo").json()["repeated"] is True
    assert web.get(f"/imports/{import_id}").json()["state"] == "undone"
    assert problem(post(web, f"/{NOBODY}/undo"), 404, "no-such-import")


def test_a_oneroster_zip_comes_in(web: Web) -> None:
    seen = upload(web, packed(), kind="oneroster", file_name="roster.zip").json()
    assert (seen["added"], seen["year_name"]) == (19, "2025/26")
    done = post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]}).json()
    assert (done["state"], done["events"]) == ("applied", 19)
    assert upload(web, packed(), kind="oneroster", file_name="roster.zip").json()["state"] == "unchanged"


def test_a_school_that_moved_since_is_looked_at_again(web: Web) -> None:
    seen = upload(web, LIST).json()
    web.command(
        "form-class",
        {
            "year": seen["year"],
            "title": "5В",
            "grade": 5,
            "scheme": "quarters",
            "bells": "first-shift",
        },
        login="deputy",
    )
    assert post(web, f"/{seen['import_id']}/apply", {"digest": "0" * 64}).status_code == 409
    other = upload(web, "Фамилия;Имя;Класс\nЕжов;Егор;5А\n".encode()).json()
    assert post(web, f"/{other['import_id']}/apply", {"digest": other["digest"]}).status_code == 200
    problem(post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]}), 409, "school-moved")


@pytest.mark.parametrize("login", ["ada", "helper", "olga", "vera", "timetable-program"])
def test_only_the_administration_imports(shared: Web, login: str) -> None:
    problem(upload(shared, LIST, login=login), 403, "not-allowed")
    problem(shared.get("/imports", login=login), 403, "not-allowed")
    problem(shared.get(f"/imports/{NOBODY}", login=login), 403, "not-allowed")
    problem(post(shared, f"/{NOBODY}/apply", {"digest": "0" * 64}, login=login), 403, "not-allowed")
    problem(post(shared, f"/{NOBODY}/undo", login=login), 403, "not-allowed")


def test_a_file_that_is_none_is_refused_with_a_sentence(shared: Web) -> None:
    assert "template" in problem(upload(shared, b"a;b\n1;2\n"), 422, "file-refused")["detail"]
    problem(upload(shared, b"PK\x03\x04", kind="oneroster", file_name="a.zip"), 422, "file-refused")
    problem(upload(shared, b""), 400, "malformed")
    problem(upload(shared, LIST, kind="pdf"), 400, "malformed")
    problem(upload(shared, LIST, year="2030/31"), 422, "file-refused")
    problem(shared.get(f"/imports/{NOBODY}"), 404, "upload-gone")
    problem(post(shared, f"/{NOBODY}/apply", {"digest": "0" * 64}), 404, "upload-gone")


def test_a_file_larger_than_allowed_is_refused_before_it_is_read(shared: Web) -> None:
    headers = {**shared.tiny.headers("deputy"), "Content-Length": str(UPLOAD_BYTES_MAX + 1)}
    query = {"kind": "roster", "file_name": "a.csv"}
    answer = shared.client.post("/api/v1/imports", params=query, content=b"x", headers=headers)
    assert "ejd import" in problem(answer, 413, "body-too-large")["detail"]


def test_a_waiting_file_stands_nowhere_in_clear_and_goes_after_a_day(web: Web) -> None:
    seen = upload(web, LIST).json()
    folder = web.tiny.settings.data_dir / "uploads"
    (path,) = folder.iterdir()
    assert "Ежов".encode("cp1251") not in path.read_bytes()
    clock = web.tiny.clock
    assert isinstance(clock, Clock)
    clock.moment += timedelta(hours=23)
    assert web.get(f"/imports/{seen['import_id']}").status_code == 200
    clock.moment += timedelta(hours=2)
    problem(web.get(f"/imports/{seen['import_id']}"), 404, "upload-gone")
    assert not list(folder.iterdir())
    upload(web, LIST)
    (path,) = folder.iterdir()
    path.write_bytes(b"altered")
    problem(web.get(f"/imports/{seen['import_id']}"), 404, "upload-gone")


def test_not_more_files_wait_than_a_school_needs(web: Web) -> None:
    for number in range(UPLOADS_MAX):
        assert upload(web, LIST + f"Ёжиков;Номер{number};5А\n".encode("cp1251")).status_code == 200
    problem(upload(web, LIST), 409, "too-many-uploads")
    again = LIST + "Ёжиков;Номер0;5А\n".encode("cp1251")
    assert upload(web, again).status_code == 200


def test_an_interrupted_import_says_so_and_goes_on(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ejd.imports.import_run.PART_COMMANDS_MAX", 5)
    monkeypatch.setattr("ejd.imports.roster_list.PART_COMMANDS_MAX", 5)
    seen = upload(web, packed(), kind="oneroster", file_name="roster.zip").json()
    handle = web.tiny.school.handler.handle
    calls: list[int] = []

    def dying(*args: Any, **options: Any) -> Any:
        if len(calls) == 3:
            raise RuntimeError
        calls.append(1)
        return handle(*args, **options)

    monkeypatch.setattr(web.tiny.school.handler, "handle", dying)
    with suppress(RuntimeError):  # what a real server turns into a 500
        post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
    monkeypatch.setattr(web.tiny.school.handler, "handle", handle)
    half = web.get(f"/imports/{seen['import_id']}").json()
    assert (half["state"], half["commands_stored"], half["commands"]) == ("interrupted", 10, 19)
    done = post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]}).json()
    assert (done["state"], done["continued"], done["commands"]) == ("applied", True, 9)
