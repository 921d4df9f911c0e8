"""What is about others, asked for at real processes by a parent, a pupil, technical support and another teacher."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from tests import worlds as w
from tests.http.attacking import Attack, attacked
from tests.postgres import database
from tests.schools import JOURNAL_5B, LESSON_5B, SLOT_5B

DAY = "2025-10-06"
IDS: dict[str, tuple[str, ...]] = {
    "class": (w.CLASS_5A, w.CLASS_5B),
    "journal": (w.JOURNAL, JOURNAL_5B),
    "pupil": (w.VERA, w.GLEB, w.DINA, w.MISHA),
    "person": (w.VERA, w.GLEB, w.MISHA, w.ADA_STAFF),
    "teacher": (w.ADA_STAFF, w.BORIS_STAFF),
    "group": (w.CLASS_5A, w.CLASS_5B, w.GROUP),
    "subject": (w.MATHS,),
    "room": (w.ROOM_12,),
    "owner": (w.ADA_STAFF,),
    "staff": (w.ADA_STAFF,),
}
NAMES = {w.VERA: ("Васильева", "Вера"), w.GLEB: ("Глебов",), w.DINA: ("Ёлкина",), w.MISHA: ("Мишин", "Михаил")}
SECRETS = ("Плохо спал", "Чужая причина")
"""Free text about pupils: nobody but their own and their teachers reads it."""
KNOWN: dict[str, frozenset[str]] = {
    "olga": frozenset({w.VERA}),
    "vera": frozenset({w.VERA}),
    "helper": frozenset(),
    "boris": frozenset({w.MISHA}),
}
"""Whom each may read about."""
ODD = (
    "\0",
    "ё",
    "a" * 5_000,
    "9" * 40,
    "-1",
    "0001-01-01",
    "9999-12-31",
    "2025-02-30",
    "NaN",
    "1e9",
    "' OR 1=1 --",
    "",
)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = (("&format=csv", "*/*"), ("", SHEET))
BYTES = ("%ED%A0%80", "%FF", "%00", "%F0%9F")
"""A surrogate, no UTF-8, NUL, half a character."""


class Question(NamedTuple):
    """A route of the API that answers GET, with the names of its parameters, those that it needs, and example ids."""

    path: str
    parameters: tuple[str, ...]
    needed: tuple[str, ...]

    def base(self) -> dict[str, str]:
        """Answer what it cannot be asked without."""
        return {name: IDS[name][0] if name in IDS else DAY for name in self.needed}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def attack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The tiny school in which something is recorded about every pupil."""
    folder = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        with attacked("sqlite", folder, None, processes=1) as served:
            yield begun(served)
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2) as served,
    ):
        yield begun(served)


def begun(attack: Attack) -> Attack:
    """Marks, absences, a group and comments of four pupils in two classes."""
    lesson: dict[str, Any] = {"journal": w.JOURNAL, "day": DAY, "slot": w.LESSON_SLOT}
    absences = [{"pupil": w.GLEB, "kind": "ill"}, {"pupil": w.DINA, "kind": "late", "minutes": 7}]
    attack.done("ada", "take-roll", **lesson, absences=absences)
    for pupil, value in ((w.VERA, "5"), (w.GLEB, "2"), (w.DINA, "3")):
        attack.done("ada", "record-mark", **lesson, pupil=pupil, work="oral", value=value)
    change = {"pupil": w.GLEB, "work": "oral", "value": "4", "reason": SECRETS[1]}
    attack.done("ada", "correct-mark", **lesson, **change)
    attack.done("ada", "give-recommendation", **lesson, pupil=w.DINA, text=SECRETS[0])
    other: dict[str, Any] = {"journal": JOURNAL_5B, "day": DAY, "slot": SLOT_5B}
    attack.done("boris", "record-mark", **other, pupil=w.MISHA, work="oral", value="2")
    group = {"group": w.GROUP, "year": w.YEAR, "title": "5А англ. 1", "kind": "subgroup", "classes": [w.CLASS_5A]}
    attack.done("deputy", "form-teaching-group", **group)
    attack.done("deputy", "join-group", pupil=w.DINA, group=w.GROUP, joined_on="2025-09-08")
    return attack


def questions(attack: Attack) -> list[Question]:
    """Answer all questions without an id in their path."""
    status, api = attack.request("GET", "/openapi.json", "head")
    assert status == 200
    found = []
    for path, ways in sorted(api["paths"].items()):
        if "get" in ways and path.startswith("/api/v1/") and "{" not in path:
            named = [one for one in ways["get"].get("parameters", []) if one["in"] == "query"]
            needed = tuple(one["name"] for one in named if one.get("required"))
            found.append(Question(path, tuple(one["name"] for one in named), needed))
    assert len(found) > 40
    return found


def cases(question: Question) -> Iterator[dict[str, str]]:
    """Answer the parameters to try: none, and each id that there is, one by one."""
    yield question.base()
    for name in question.parameters:
        for one in IDS.get(name, ()):
            yield {**question.base(), name: one}


def told(attack: Attack, login: str, question: Question, parameters: dict[str, str]) -> tuple[int, str, str]:
    """Ask, and answer status, text and ETag; the position and the id of the request are left out."""
    path = f"{question.path}?{urlencode(parameters)}" if parameters else question.path
    return attack.heard(path, login)


@pytest.mark.parametrize("login", KNOWN)
def test_no_answer_tells_of_a_pupil_who_is_not_the_readers(attack: Attack, login: str) -> None:
    """Neither name, nor id, nor free text: in rows, in sentences of refusals, in the ETag."""
    position = str(attack.position())
    for question in questions(attack):
        for parameters in cases(question):
            if "after" in question.parameters:
                parameters["after"] = position
            status, text, etag = told(attack, login, question, parameters)
            assert status < 500, (question, parameters, text)
            for pupil, words in NAMES.items():
                if pupil not in KNOWN[login]:
                    where = (question.path, parameters, text[:300])
                    assert not any(word in text for word in words), where
                    assert pupil in parameters.values() or (pupil not in text and pupil not in etag), where
            if login != "boris":
                assert not any(secret in text for secret in SECRETS), (question.path, parameters)


@pytest.mark.parametrize("login", ["olga", "vera"])
def test_to_a_family_somebody_elses_child_is_as_unknown_as_an_id_that_nobody_has(attack: Attack, login: str) -> None:
    """Once it was 403 instead of 404, so that ids could be tried for pupils of the school."""
    tried = 0
    for question in questions(attack):
        for name in {"pupil", "person"} & set(question.parameters):
            unknown = told(attack, login, question, {**question.base(), name: str(uuid4())})
            for pupil in (w.GLEB, w.DINA, w.MISHA):
                assert told(attack, login, question, {**question.base(), name: pupil}) == unknown, question.path
            tried += unknown[0] == 404
    assert tried >= 9


PATHS = {
    "lesson": (w.LESSON, LESSON_5B),
    "journal": (w.JOURNAL, JOURNAL_5B),
    "period": ("q1",),
    "part": ("topic", "homework", "roll", w.GLEB),
    "pupil": IDS["pupil"],
}
"""What stands in paths; of what the school has not, an id that nobody has."""


def paths(attack: Attack, way: str) -> list[str]:
    """Answer the routes with something in their path that are asked in this way."""
    _, api = attack.request("GET", "/openapi.json", "head")
    found = [path for path, ways in sorted(api["paths"].items()) if way in ways and "{" in path]
    assert found
    return found


def filled(path: str) -> Iterator[tuple[str, ...]]:
    """Answer all that a path may have in it."""
    names = re.findall(r"{(\w+)}", path)
    return product(*(PATHS.get(name, (str(uuid4()),)) for name in names))


@pytest.mark.parametrize("login", ["olga", "vera", "helper"])
def test_what_stands_in_a_path_tells_nothing_of_others(attack: Attack, login: str) -> None:
    """Neither by what is answered, nor by how another child's differs from nobody's."""
    for path in paths(attack, "get"):
        shape = re.sub(r"{\w+}", "{}", path)
        for values in filled(path):
            status, text, etag = attack.heard(shape.format(*values), login)
            assert status < 500, (path, values, text)
            if not {w.GLEB, w.DINA, w.MISHA} & set(values):
                continue
            words = [word for pupil in (w.GLEB, w.DINA, w.MISHA) for word in NAMES[pupil]]
            assert not any(word in text for word in (*words, *SECRETS)), (path, values, text)
            nobody = [value if value not in IDS["pupil"] else str(uuid4()) for value in values]
            assert attack.heard(shape.format(*nobody), login) == (status, text, etag), (path, values)


def test_what_no_path_has_is_refused_in_words(attack: Attack) -> None:
    for way in ("get", "post", "delete"):
        for path in paths(attack, way):
            shape, names = re.sub(r"{\w+}", "{}", path), re.findall(r"{(\w+)}", path)
            for place, _ in enumerate(names):
                for value in (*(quote(one, safe="") for one in ODD if one), *BYTES, "..", "%2F", "{}", str(uuid4())):
                    values = [PATHS.get(name, (str(uuid4()),))[0] for name in names]
                    values[place] = value
                    status, text, _ = attack.heard(shape.format(*values), "deputy", way.upper())
                    assert 400 <= status < 500, (way, path, values, status, text)


@pytest.mark.parametrize("login", KNOWN)
def test_a_file_tells_no_more_than_the_answer(attack: Attack, login: str) -> None:
    """CSV and XLSX, asked for by `format` and by `Accept`."""
    files = [question for question in questions(attack) if "format" in question.parameters]
    assert len(files) > 25
    for question in files:
        for parameters in cases(question):
            named = urlencode(parameters)
            for asked, accept in FORMATS:
                path = f"{question.path}?{named}{asked}"
                status, text, etag = attack.heard(path, login, Accept=accept)
                assert status < 500, (path, text)
                for pupil, words in NAMES.items():
                    if pupil not in KNOWN[login]:
                        assert not any(word in text for word in words), (path, accept, text[:300])
                        assert pupil in parameters.values() or pupil not in text + etag, (path, accept)
                if login != "boris":
                    assert not any(secret in text for secret in SECRETS), (path, accept)


def test_a_file_of_no_kind_is_refused_in_words(attack: Attack) -> None:
    for accept in ("text/csv;q=x", "*/*;q=-1", "\xff", ",,,", "a" * 5_000, "image/png", "text/csv, */*;q=0"):
        for question in questions(attack):
            status, text, _ = attack.heard(f"{question.path}?{urlencode(question.base())}", "head", Accept=accept)
            assert status < 500, (question.path, accept, text)


@pytest.mark.parametrize("login", ["olga", "vera"])
def test_what_is_recorded_about_others_changes_nothing_that_a_family_is_told(attack: Attack, login: str) -> None:
    """Neither a row, nor a count, nor an average, nor an ETag."""
    attack.stand(attack.now + timedelta(minutes=1))
    asked = [question for question in questions(attack) if question.path != "/api/v1/changes"]
    position = attack.position()
    before = [_all(attack, login, question, position) for question in asked]
    cell: dict[str, Any] = {"journal": w.JOURNAL, "day": DAY, "slot": w.LESSON_SLOT, "work": "practical"}
    number = 1 if login == "olga" else 2
    for pupil, value in ((w.GLEB, "2"), (w.DINA, "5")):
        attack.done("ada", "record-mark", **cell, pupil=pupil, value=value, number=number)
    lesson = {"journal": w.JOURNAL, "day": DAY, "slot": w.LESSON_SLOT, "pupil": w.DINA}
    kind = "excused" if login == "olga" else "absent"
    attack.done("ada", "correct-attendance", **lesson, kind=kind, reason=SECRETS[1])
    attack.done("ada", "give-recommendation", **lesson, text=SECRETS[0] + login)
    name = "Глебов" if login == "vera" else "Глебов-Другой"
    attack.done("deputy", "correct-person-name", person=w.GLEB, kind="pupil", family=name, given="Глеб")
    for question, known in zip(asked, before, strict=True):
        assert _all(attack, login, question, attack.position()) == known, question.path


def _all(attack: Attack, login: str, question: Question, position: int) -> list[tuple[int, str, str]]:
    more = {"after": str(position)} if "after" in question.parameters else {}
    return [told(attack, login, question, {**parameters, **more}) for parameters in cases(question)]


def test_odd_parameters_are_refused_in_words_by_every_question(attack: Attack) -> None:
    """NUL bytes, surrogates, numbers that no column holds, days that no calendar has: 4xx, or an answer."""
    for question in questions(attack):
        base = urlencode(question.base())
        for name in question.parameters:
            for value in (*(quote(one) for one in ODD), *BYTES):
                status, text, _ = attack.heard(f"{question.path}?{base}&{name}={value}", "head")
                assert status < 500, (question.path, name, value, text)
        for name in ("unknown", "%00"):
            status, text, _ = attack.heard(f"{question.path}?{base}&{name}=1", "head")
            assert status == 400, (question.path, name, text)
