"""Every answer that names people to the school's staff is logged, before it leaves, and shown to those concerned."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from ejd.http.questions import QUESTIONS
from ejd.http.service import create_http
from ejd.store.errors import StoreUnavailableError
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.http.server import ADDRESS
from tests.scenario import uid
from tests.schools import TinySchool, make_school

FILED = [question for question in QUESTIONS if question.file is not None]
ASKED: dict[str, dict[str, str]] = {
    "gradebook": {"journal": w.JOURNAL},
    "thematic-plan": {"journal": w.JOURNAL},
    "progress": {"class": w.CLASS_5A, "period": "q1"},
}
CLASS_5A = {w.VERA, w.GLEB, w.DINA}


def looked(web: Web, person: str | None = None) -> list[Any]:
    """Answer the log as it is stored, without asking for it over HTTP, which is a look too."""
    return web.tiny.school.looks.page(person=person, limit=1_000)


def whom(web: Web, row: Any) -> set[str]:
    return set(web.tiny.school.looks.people_of([row.set_id])[row.set_id])


def test_a_teacher_who_reads_a_journal_is_logged_with_everybody_in_it(web: Web) -> None:
    assert web.get("/reports/gradebook", login="ada", journal=w.JOURNAL, headers={"X-Reason": "case 12/3"}).is_success
    (row,) = looked(web)
    assert (row.account, row.viewer, row.roles) == (w.ADA, w.ADA_STAFF, "teacher")
    assert (row.question, row.reason, row.people) == ("gradebook", "case 12/3", 3)
    assert msgspec.json.decode(row.asked) == {"journal": w.JOURNAL}
    assert whom(web, row) == CLASS_5A
    for person in (w.VERA, w.GLEB):
        assert looked(web, person) == [row]
    assert looked(web, w.MISHA) == []


def test_a_family_that_reads_about_itself_is_not_logged(web: Web) -> None:
    for login in ("olga", "vera"):
        assert web.get("/reports/gradebook", login=login, pupil=w.VERA).is_success
        assert web.get("/reports/consents", login=login).is_success
    assert looked(web) == []


def test_an_answer_that_the_client_has_already_is_a_look_too(web: Web) -> None:
    first = web.get("/members", class_=w.CLASS_5A)
    again = web.get("/members", class_=w.CLASS_5A, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert [row.question for row in looked(web, w.VERA)] == ["members", "members"]


def test_what_is_refused_or_names_nobody_is_no_look(web: Web) -> None:
    problem(web.get("/reports/gradebook", login="boris", journal=w.JOURNAL), 404, "not-there")
    assert web.get("/rooms").is_success
    assert looked(web) == []


def test_programs_the_event_list_and_whom_was_asked_about_are_logged(web: Web) -> None:
    assert web.get("/people", login="timetable-program", kind="guardian").is_success
    assert web.get("/events", stream=w.GLEB).is_success
    assert web.get("/audit/corrections", pupil=w.DINA).is_success
    found = [(row.question, row.account, whom(web, row)) for row in reversed(looked(web))]
    assert found[0] == ("people", w.API_CLIENT, {w.PARENT_GUARDIAN, w.VERA})
    assert found[1] == ("events", w.DEPUTY, {w.GLEB})
    assert found[2] == ("audit-corrections", w.DEPUTY, {w.DINA})


@pytest.mark.parametrize("question", FILED, ids=lambda question: question.name)
def test_a_file_is_a_look_at_the_same_people_as_the_answer(shared: Web, question: Any) -> None:
    """A workbook hides its ids; the log must not depend on that."""
    asked = ASKED.get(question.name, {})
    found = []
    for kind in ("json", "xlsx"):
        before = len(looked(shared))
        answer = shared.get(question.path, format=kind, **asked)
        assert answer.is_success, answer.text
        rows = looked(shared)[: len(looked(shared)) - before]
        found.append([(row.question, whom(shared, row)) for row in rows])
    assert found[0] == found[1]


def test_the_onerosters_zip_is_a_look_at_everybody(web: Web) -> None:
    assert web.get("/exports/oneroster").is_success
    (row,) = looked(web)
    assert {w.VERA, w.MISHA, w.PARENT_GUARDIAN, w.ADA_STAFF} <= whom(web, row)


def test_without_the_log_nothing_is_answered(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written down is not shown: the row is there before the answer leaves."""

    def away(*_: object) -> int:
        msg = "the disk is full"
        raise StoreUnavailableError(msg)

    monkeypatch.setattr(type(web.tiny.school.looks), "put", away)
    answer = web.get("/reports/gradebook", login="ada", journal=w.JOURNAL)
    assert answer.status_code == 503
    assert w.VERA not in answer.text


def test_a_reason_is_a_number_and_no_words(web: Web) -> None:
    found = problem(web.get("/people", headers={"X-Reason": "about Vera's mother"}), 400, "malformed")
    assert found["field"] == "X-Reason"
    assert looked(web) == []


def test_the_administration_sees_who_looked_at_whom(web: Web) -> None:
    web.get("/reports/gradebook", login="ada", journal=w.JOURNAL)
    web.get("/people", login="timetable-program", kind="guardian")
    (first,) = web.get("/looks", account=w.ADA).json()["report"]["looks"]
    assert (first["viewer_name"], first["roles"], first["question"]) == ("Лавлинская Ада", ["teacher"], "gradebook")
    assert {one["name"] for one in first["whom"]} == {"Васильева Вера", "Глебов Глеб", "Ёлкина Дина"}
    report = web.get("/looks", person=w.VERA, limit=1).json()["report"]
    assert report["looks"][0]["question"] == "looks", "asking whom Ada looked at named them as well"
    older = web.get("/looks", person=w.VERA, before=report["next_before"], question="people").json()["report"]
    assert [(one["viewer_name"], one["login"]) for one in older["looks"]] == [("", "timetable-program")]
    assert older["next_before"] is None
    assert web.get("/looks", from_="2025-10-06", to="2025-10-06").json()["report"]["looks"]
    assert web.get("/looks", to="2025-10-05").json()["report"]["looks"] == []
    assert web.get("/looks", from_="2025-10-07").json()["report"]["looks"] == []
    problem(web.get("/looks", person=uid("nobody")), 404, "not-there")
    problem(web.get("/looks", login="helper"), 403, "not-allowed")


def test_a_family_sees_who_looked_at_the_child_and_nothing_about_others(web: Web) -> None:
    web.get("/reports/gradebook", login="ada", journal=w.JOURNAL)
    web.get("/members", class_=w.CLASS_5B)
    for login in ("olga", "vera"):
        (one,) = web.get("/looks", login=login).json()["report"]["looks"]
        assert (one["viewer_name"], one["roles"], one["question"]) == ("Лавлинская Ада", ["teacher"], "gradebook")
        assert (one["account"], one["login"], one["asked"], one["whom"], one["people"]) == ("", "", {}, [], 1)
    assert web.get("/looks", login="olga", person=w.PARENT_GUARDIAN).json()["report"]["looks"] == []
    problem(web.get("/looks", login="olga", person=w.GLEB), 403, "not-allowed")
    problem(web.get("/looks", login="olga", account=w.ADA), 403, "not-allowed")
    own = web.get("/looks", login="boris").json()["report"]["looks"]
    assert [one["question"] for one in own] == []


def test_a_parent_of_two_says_which_child(web: Web) -> None:
    body = {"guardian": w.PARENT_GUARDIAN, "pupil": w.GLEB, "relation": "mother", "starts": "2025-09-01"}
    after = web.command("establish-guardianship", body, login="deputy").json()["position"]
    problem(web.get("/looks", login="olga", after=after), 400, "malformed")
    assert web.get("/looks", login="olga", after=after, person=w.GLEB).is_success


def test_the_log_is_a_file_in_russian(web: Web) -> None:
    web.get("/reports/gradebook", login="ada", journal=w.JOURNAL, headers={"X-Reason": "12"})
    rows = web.get("/looks", format="csv").text.splitlines()
    assert rows[0].removeprefix("\ufeff") == "Когда;Кто;В роли;Что смотрел;Основание;Человек;О ком"
    assert rows[1].startswith("06.10.2025 12:00:00;Лавлинская Ада;учитель;журнал;12;3;")
    book = CalamineWorkbook.from_filelike(BytesIO(web.get("/looks", format="xlsx").content))
    assert book.sheet_names == ["Журнал обращений"]


@pytest.fixture
def strict(tmp_path: Path) -> Any:
    """A school in which a teacher may look at two people in an hour."""

    def make(*, refused: bool) -> TinySchool:
        tiny = make_school("sqlite", tmp_path / str(refused))
        limits = {"looks_hour_max": 2, "looks_day_max": 100, "looks_refused": refused}
        object.__setattr__(tiny.school, "settings", tiny.school.settings.model_copy(update=limits))
        return tiny

    return make


def reads(tiny: TinySchool, client: TestClient, login: str = "ada") -> int:
    parameters = {"journal": w.JOURNAL}
    return client.get("/api/v1/reports/gradebook", params=parameters, headers=tiny.headers(login)).status_code


def test_mass_reading_is_told_to_the_administration_once_and_goes_on(strict: Any) -> None:
    tiny = strict(refused=False)
    with TestClient(create_http(tiny.school), base_url=ADDRESS) as client:
        assert [reads(tiny, client) for _ in range(3)] == [200, 200, 200]
    rows = tiny.school.outbox.page(kind="mass-reading")
    assert {row.recipient for row in rows} == {w.HEAD_STAFF, w.DEPUTY_STAFF}
    assert len(rows) == 2
    about = msgspec.json.decode(rows[0].about)
    assert about == {"account": w.ADA, "window": "hour", "people": 3, "limit": 2}
    with TestClient(create_http(tiny.school), base_url=ADDRESS) as client:
        assert reads(tiny, client) == 200, "another process counts on from the log"
    assert len(tiny.school.outbox.page(kind="mass-reading")) == 2
    tiny.school.close()


def test_a_school_may_refuse_mass_reading_and_the_refused_is_no_look(strict: Any) -> None:
    tiny = strict(refused=True)
    with TestClient(create_http(tiny.school), base_url=ADDRESS) as client:
        refused = client.get("/api/v1/reports/gradebook", params={"journal": w.JOURNAL}, headers=tiny.headers("ada"))
        assert problem(refused, 429, "too-many-people")["detail"].startswith("this account has looked at 3 people")
        assert refused.headers["retry-after"] == "600"
        assert reads(tiny, client, "deputy") == 200, "ten times as many for the whole school"
    assert [row.account for row in tiny.school.looks.page(person=w.VERA)] == [w.DEPUTY]
    assert len(tiny.school.outbox.page(kind="mass-reading")) == 2
    tiny.school.close()


def test_the_export_of_a_persons_data_is_a_look_and_has_the_looks_at_the_person(web: Web) -> None:
    web.get("/reports/gradebook", login="ada", journal=w.JOURNAL)
    exported = web.get(f"/people/{w.VERA}/data", login="olga").json()
    assert exported["looks"] == [
        {"at": "2025-10-06T09:00:00+00:00", "viewer": w.ADA_STAFF, "roles": "teacher", "question": "gradebook"}
    ]
    assert len(looked(web)) == 1, "her mother reads about her own child"
    assert web.get(f"/people/{w.GLEB}/data", format="html").is_success
    row = looked(web)[0]
    assert (row.question, w.GLEB in whom(web, row)) == ("person-data", True)
