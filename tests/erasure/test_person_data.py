"""The export of a person's data: everything sealed, named or recorded, nothing about others, for whom it concerns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ejd.history import person_data as data
from ejd.http import person_data as route
from ejd.http.shield import POLICY_OF_A_FILE
from ejd.kernel.envelope import CommandRecord, Commit, NewEvent, Scope
from ejd.kernel.event import encode
from ejd.kernel.events import CATALOGUE
from ejd.kernel.void import MARKER_NAMES
from ejd.store.outbox import Notice
from tests import worlds as w
from tests.cli.commanding import Ejd
from tests.cli.conftest import bare
from tests.erasure import story as s
from tests.http.conftest import Web, problem, serve
from tests.kernel.test_personal_data import filled
from tests.schools import TinySchool, make_school, tiny_school

__all__ = ["bare"]


@pytest.fixture(params=["sqlite", "postgres"])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    """The tiny school with the story, on either database, behind HTTP."""
    database = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    with tiny_school(request.param, tmp_path, database) as tiny:
        s.tell(tiny)
        tiny.feed()
        yield from serve(tiny, feed=False)


def export(web: Web, person: str, login: str = "deputy", **parameters: Any) -> Any:
    return web.get(f"/people/{person}/data", login=login, **parameters)


def test_everything_sealed_for_the_child_is_there_in_clear_and_nothing_of_others(web: Web) -> None:
    answer = export(web, s.CHILD)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    text = answer.text
    for one in (s.FAMILY, s.GIVEN, s.MIDDLE, s.OLD_FAMILY, s.COMMENT, s.ADVICE, s.REASON, s.LATE, s.BORN, "p-1042"):
        assert one in text, one
    for foreign in (s.MAIL, s.PHONE, "Васильев", "Ёлкин", w.GLEB, w.VERA):
        assert foreign not in text, foreign
    found = answer.json()
    assert {one["kind"] for one in found["streams"]} == {"pupil", "account"}
    linked = {link for event in found["about"] for link in event["linked"]}
    assert {"own", "pupil", "absences[].pupil", "text", "reason", "comment", "person"} <= linked


def test_every_stored_event_that_names_the_person_is_in_it(web: Web) -> None:
    found = export(web, s.CHILD).json()
    positions = {one["position"] for one in found["about"]}
    stored = web.tiny.school.store.read_page(0, 10_000)
    naming = {meta.position for meta in stored if s.CHILD.encode() in meta.state or meta.stream == s.CHILD}
    assert naming <= positions
    assert len(naming) >= 10


def test_what_a_teacher_recorded_is_listed(web: Web) -> None:
    found = export(web, w.ADA_STAFF).json()
    assert {"roll-taken/1", "mark-recorded/1"} <= {one["type"] for one in found["recorded"]}
    assert not any(text in str(found) for text in (s.COMMENT, s.ADVICE, s.FAMILY))


@pytest.mark.parametrize(
    ("login", "person", "status"),
    [
        ("head", s.CHILD, 200),
        ("olga", w.PARENT_GUARDIAN, 200),
        ("olga", w.VERA, 200),
        ("olga", w.GLEB, 404),
        ("olga", s.MOTHER, 404),
        ("vera", w.VERA, 200),
        ("vera", w.PARENT_GUARDIAN, 404),
        ("ada", w.ADA_STAFF, 200),
        ("ada", w.VERA, 404),
        ("helper", w.VERA, 403),
        ("timetable-program", w.VERA, 403),
    ],
)
def test_who_may_have_it(web: Web, login: str, person: str, status: int) -> None:
    assert export(web, person, login).status_code == status


def test_an_id_that_nothing_knows_is_not_found(web: Web) -> None:
    unknown = problem(export(web, w.STRANGER), 404, "not-there")
    foreign = problem(export(web, w.GLEB, "olga"), 404, "not-there")
    assert unknown["detail"] == foreign["detail"], "a foreign person is told like an unknown one"


def test_a_page_in_russian_needs_nothing_from_elsewhere(web: Web) -> None:
    page = export(web, s.CHILD, format="html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY_OF_A_FILE
    for one in ("<h1>Сведения о персональных данных</h1>", "Дана рекомендация", s.ADVICE, "Зачисление", "152-ФЗ"):
        assert one in page.text, one
    assert "src=" not in page.text
    by_accept = export(web, s.CHILD, headers={"Accept": "text/html"})
    assert by_accept.headers["content-type"].startswith("text/html")
    assert export(web, s.CHILD, headers={"Accept": "*/*"}).headers["content-type"] == "application/json"


def test_texts_cannot_become_markup(web: Web) -> None:
    from ejd_commands.marks import GiveRecommendation  # noqa: PLC0415

    text = "<script>alert(1)</script>"
    web.tiny.send(GiveRecommendation(**s.CELL, pupil=w.VERA, text=text))
    assert text not in export(web, w.VERA, format="html").text
    assert "&lt;script&gt;" in export(web, w.VERA, format="html").text


def test_notices_to_the_person_are_in_it(web: Web) -> None:
    notice = Notice("k", "retraction", w.PARENT_GUARDIAN, '{"a": 1}', None)
    web.tiny.school.outbox.put([notice], web.tiny.clock())
    assert [one["key"] for one in export(web, w.PARENT_GUARDIAN, "olga").json()["notices"]] == ["k"]
    assert export(web, w.PARENT_GUARDIAN, "olga", format="html").status_code == 200


def test_after_an_erasure_there_are_no_texts_left_to_export(web: Web) -> None:
    s.approve(web.tiny)
    s.carry_out(web.tiny)
    answer = export(web, s.CHILD)
    assert not any(text in answer.text for text in s.OF_CHILD)
    assert "(уничтожено)" not in answer.text
    assert answer.json()["about"]


def test_too_many_at_once_are_told_to_wait(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def slow(*_args: Any, **_more: Any) -> Any:
        seen.append(export(web, s.CHILD))
        return data.PersonData(s.CHILD, 1)

    monkeypatch.setattr(route, "AT_ONCE_MAX", 1)
    for one in serve(web.tiny, feed=False):
        monkeypatch.setattr(route, "person_data", slow)
        web = one
        export(one, s.CHILD)
        break
    assert problem(seen[0], 503, "exports-busy")


def test_more_than_an_answer_holds_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "EVENTS_MAX", 3)
    problem(export(web, s.CHILD), 422, "too-much-to-export")


def test_it_is_complete_against_the_catalogue(web: Web) -> None:
    """An event of each type, somebody else in each of its places: the export of each of them has the event there."""
    school = web.tiny.school
    expected: dict[str, tuple[str, str]] = {}
    events = []
    for number, (name, kind) in enumerate(CATALOGUE.events.items()):
        if name in MARKER_NAMES:
            continue
        stream = f"10000000-0000-4000-8000-{number:012d}"
        made, persons = filled(kind)
        own = {person: f"{number:08d}{person[8:]}" for person in persons}
        state = encode(made)
        for person, renamed in own.items():
            state = state.replace(person.encode(), renamed.encode())
        events.append(NewEvent(stream=stream, name=name, state=state, command_id=w.STRANGER))
        expected |= {own[person]: (name, path) for person, path in persons.items()}
    streams = [one.stream for one in events]
    school.store.append(
        Commit(
            actor=w.STRANGER,
            session="s",
            client="c",
            recorded_at=web.tiny.clock(),
            commands=(CommandRecord(command_id=w.STRANGER, name="all", body_hash=b"-"),),
            events=tuple(events),
            expected=dict.fromkeys(streams, 0),
            scopes={one: Scope(kind="") for one in streams},
        )
    )
    assert len(expected) >= 110
    beside = data.Beside(school.outbox, school.store.signing_in, school.store.factors)
    for person, (name, path) in expected.items():
        found = data.person_data(school.store, beside, lambda box, field, at: f"{box.person} {field} {at}", person)
        assert [(one.type, one.linked) for one in found.about] == [(name, [path])], (person, name, path)
        assert person in json.dumps(found.about[0].data), path


def test_the_program_writes_both_forms(bare: Ejd, tmp_path: Path) -> None:
    tiny: TinySchool = make_school("sqlite", tmp_path)
    s.tell(tiny)
    tiny.school.close()
    file, page = tmp_path / "child.json", tmp_path / "child.html"
    assert bare("person", "export", s.CHILD, str(file)).code == 0
    assert s.ADVICE in file.read_text(encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8"))["person"] == s.CHILD
    assert file.stat().st_mode & 0o077 == 0
    ran = bare("person", "export", s.CHILD.upper(), str(page))
    assert ran.code == 0, ran
    assert "events about the person" in ran.out
    assert s.ADVICE in page.read_text(encoding="utf-8")
    assert s.FAMILY not in ran.out
    assert "nothing is known" in bare.fails("person", "export", w.STRANGER, str(tmp_path / "x.json"))
    assert not (tmp_path / "x.json").exists()
