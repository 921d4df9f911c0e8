"""Consents over HTTP: the registry by class and day, who sees what of it, files, and looking back."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ejd.kernel.consents import Verdict
from ejd.store.outbox import to_family, to_staff
from tests import worlds as w
from tests.http.conftest import Web, problem
from tests.scenario import uid

FATHER = uid("guardian father of vera")
PAPER: dict[str, Any] = {"channel": "paper", "decided_on": "2025-09-01"}


def done(web: Web, name: str, login: str = "deputy", **body: Any) -> int:
    answer = web.command(name, body, login=login)
    assert answer.status_code == 200, answer.text
    position: int = answer.json()["position"]
    return position


def a_father_who_refuses(web: Web, purpose: str = "electronic-form") -> int:
    done(web, "register-guardian", guardian=FATHER, family="Васильев", given="Олег")
    done(web, "establish-guardianship", guardian=FATHER, pupil=w.VERA, relation="father", starts="2025-09-01")
    mother = {"person": w.VERA, "giver": w.PARENT_GUARDIAN, "purpose": purpose, "note": "подпись в личном деле"}
    done(web, "give-consent", login="ada", **mother, **PAPER)
    return done(web, "refuse-consent", person=w.VERA, giver=FATHER, purpose=purpose, **PAPER)


def report(web: Web, login: str = "deputy", **parameters: Any) -> Any:
    answer = web.get("/reports/consents", login=login, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


@pytest.fixture(scope="module")
def refused(shared: Web) -> tuple[Web, int]:
    """VERA's mother agreed to the electronic form, her father refused it."""
    return shared, a_father_who_refuses(shared)


def test_a_refusal_wins_and_the_family_is_informed_on_paper(web: Web) -> None:
    before = web.tiny.school.store.last_position()
    after = a_father_who_refuses(web)
    found = report(web, after=after, class_=w.CLASS_5A, purpose="electronic-form")
    assert found["on_paper"] == [
        {
            "pupil": w.VERA,
            "name": "Васильева Вера",
            "class_id": w.CLASS_5A,
            "class_name": "5А",
            "reason": "refused",
            "by": ["Васильев Олег"],
            "guardians": [
                {"id": FATHER, "name": "Васильев Олег"},
                {"id": w.PARENT_GUARDIAN, "name": "Васильева Ольга"},
            ],
        }
    ]
    (counts,) = found["classes"]
    assert (counts["pupils"], counts["allowed"], counts["refused"], counts["missing"]) == (3, 2, 1, 0)
    people = {one["name"]: one for one in found["people"]}
    assert list(people) == ["Васильева Вера", "Глебов Глеб", "Ёлкина Дина", "Васильев Олег", "Васильева Ольга"]
    (answer,) = people["Васильева Вера"]["purposes"]
    assert [(one["giver_name"], one["decision"]) for one in answer["words"]] == [
        ("Васильева Ольга", "given"),
        ("Васильев Олег", "refused"),
    ]
    assert answer["words"][0]["registered_by"] == "Лавлинская Ада"
    then = report(web, as_of=str(before), class_=w.CLASS_5A, purpose="electronic-form")
    assert (then["on_paper"], then["classes"][0]["allowed"]) == ([], 3)
    assert report(web, on="2025-08-31", after=after)["on_paper"] == []


def test_a_consent_given_and_withdrawn_in_the_cabinet(web: Web) -> None:
    own = {"person": w.PARENT_GUARDIAN, "giver": w.PARENT_GUARDIAN, "purpose": "email", "channel": "cabinet"}
    done(web, "give-consent", login="olga", **own)
    after = done(web, "give-consent", login="olga", **own)
    (answer,) = report(web, after=after, person=w.PARENT_GUARDIAN, purpose="email")["people"][0]["purposes"]
    assert (answer["allowed"], answer["reason"], len(answer["words"])) == (True, "consented", 1)
    after = done(web, "withdraw-consent", login="olga", **own)
    (answer,) = report(web, after=after, person=w.PARENT_GUARDIAN, purpose="email")["people"][0]["purposes"]
    assert (answer["allowed"], answer["reason"], answer["by"]) == (False, "withdrawn", ["Васильева Ольга"])


def test_a_school_that_asks_for_consent_has_everybody_on_paper_until_then(web: Web) -> None:
    strict = {"code": "electronic-form", "title": "Электронный дневник", "needs": "consent", "starts": "2025-09-01"}
    after = done(web, "define-consent-purpose", **strict)
    found = report(web, after=after, purpose="electronic-form")
    assert [(one["name"], one["reason"]) for one in found["on_paper"]] == [
        ("Васильева Вера", "not-asked"),
        ("Глебов Глеб", "nobody-acts"),
        ("Ёлкина Дина", "nobody-acts"),
        ("Мишин Михаил", "nobody-acts"),
    ]
    assert found["purposes"][0]["name"] == "Электронный дневник"


def test_a_family_sees_itself_and_no_notes(refused: tuple[Web, int]) -> None:
    shared, after = refused
    for login, names in (("olga", ["Васильева Вера", "Васильева Ольга"]), ("vera", ["Васильева Вера"])):
        found = report(shared, login, after=after)
        assert [one["name"] for one in found["people"]] == names
        words = [word for one in found["people"] for answer in one["purposes"] for word in answer["words"]]
        assert {(word["note"], word["registered_by"]) for word in words} == {("", "")}
        assert {one["pupils"] for one in found["classes"]} == {1}
    problem(shared.get("/reports/consents", login="olga", person=w.GLEB), 404, "not-there")
    problem(shared.get("/reports/consents", login="olga", class_=w.CLASS_5B), 403, "not-allowed")


def test_a_class_teacher_sees_the_own_class_with_notes(refused: tuple[Web, int]) -> None:
    shared, after = refused
    found = report(shared, "ada", after=after)
    assert {one["class_name"] for one in found["people"] if one["kind"] != "staff"} == {"5А"}
    words = [word for one in found["people"] for answer in one["purposes"] for word in answer["words"]]
    assert "подпись в личном деле" in {word["note"] for word in words}
    problem(shared.get("/reports/consents", login="ada", class_=w.CLASS_5B), 403, "not-allowed")
    assert [one["name"] for one in report(shared, "boris")["people"]] == ["Борисов Борис"]
    for login in ("helper", "timetable-program"):
        problem(shared.get("/reports/consents", login=login), 403, "not-allowed")


def test_what_is_not_there_is_said(shared: Web) -> None:
    problem(shared.get("/reports/consents", person=uid("nobody")), 404, "not-there")
    problem(shared.get("/reports/consents", class_=uid("no class")), 404, "not-there")
    found = problem(shared.get("/reports/consents", purpose="skating"), 400, "malformed")
    assert "electronic-form" in found["detail"]


def test_the_registry_and_the_list_on_paper_are_files(refused: tuple[Web, int]) -> None:
    shared, after = refused
    rows = shared.get("/reports/consents", after=after, class_=w.CLASS_5A, format="csv").text.splitlines()
    assert rows[0].removeprefix("\ufeff").startswith("Класс;Кто;Роль;Цель;Можно;Почему")
    refusal = next(row for row in rows if "отказ;Васильев Олег" in row)
    assert refusal.startswith("5А;Васильева Вера;ученик;Журнал и дневник в электронной форме;нет;отказ;Васильев Олег;")
    paper = shared.get("/reports/consents", after=after, on_paper="true", format="csv").text.splitlines()
    assert paper[1].startswith("5А;Васильева Вера;отказ;Васильев Олег;Васильев Олег, Васильева Ольга;")
    assert len(paper) == 2
    book = CalamineWorkbook.from_filelike(BytesIO(shared.get("/reports/consents", format="xlsx").content))
    assert book.sheet_names == ["Согласия", "На бумаге"]


def test_what_was_refused_is_not_shown_to_the_family_and_is_to_the_school(web: Web) -> None:
    asked: dict[str, Any] = {"pupil": w.VERA, "journal": w.JOURNAL}
    assert web.get("/reports/gradebook", login="olga", **asked).status_code == 200
    after = a_father_who_refuses(web)
    for login in ("olga", "vera"):
        for parameters in (asked, {"journal": w.JOURNAL}):
            found = problem(web.get("/reports/gradebook", login=login, after=after, **parameters), 403, "no-consent")
            assert "(refused)" in found["detail"]
    problem(web.get("/reports/gradebook", login="olga", after=after, pupil=w.GLEB), 404, "not-there")
    assert web.get("/reports/gradebook", login="ada", after=after, **asked).status_code == 200
    assert report(web, "olga", after=after)["people"]
    after = done(web, "give-consent", person=w.VERA, giver=FATHER, purpose="electronic-form", channel="paper")
    assert web.get("/reports/gradebook", login="olga", after=after, **asked).status_code == 200


def test_the_outbox_says_what_was_not_sent_and_why(web: Web) -> None:
    verdict = Verdict(allowed=False, reason="refused", by=(FATHER,))
    box = web.tiny.school.outbox
    box.put([to_family("note/1", "note", FATHER, "{}", verdict), to_staff("note/2", "note", w.ADA_STAFF, "{}")], at=7)
    (kept,) = web.get("/outbox", withheld="true").json()["notices"]
    assert (kept["key"], kept["withheld"]) == ("note/1", {"reason": "refused", "by": [FATHER]})
    waiting = [one["key"] for one in web.get("/outbox", unsent="true").json()["notices"]]
    assert [key for key in waiting if key.startswith("note/")] == ["note/2"]  # jobs of the school put others there
