"""Attacks by text in every free text of every command: no fault, and what is kept comes back as it was.

A command's texts are found in its schema, so that a new command, or a new field, is attacked from its first day.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ejd.http.shield import POLICY_OF_A_FILE
from ejd_commands.catalogue import catalogue
from ejd_commands.fields import clean_line, clean_lines
from tests import worlds as w
from tests.commands.test_closed_year_everywhere import EXAMPLES
from tests.http.conftest import Web, problem, serve
from tests.http.corpora import BROKEN, FORMULAS, PATHS, SQL, XSS, Body, texts_in
from tests.http.test_imports import LIST, upload
from tests.schools import JOURNAL_5B, SLOT_5B, tiny_school

LOGINS = ("deputy", "head", "ada", "helper")
KNOWN_BODIES = {name: fields for name, fields, *_ in EXAMPLES}
JSON_TYPES = {"application/json", "application/problem+json"}
PLAIN = "слова"
LESSON_5B: dict[str, Any] = {"journal": JOURNAL_5B, "day": "2025-10-06", "slot": SLOT_5B}
STORED_AT_LEAST = 20
"""Commands that the tiny school takes just so; the others are refused for what they are about."""


def check(answer: Any, what: str) -> None:
    """Assert that an answer is done, or refused by a problem, and that no browser could take it for a page."""
    assert answer.status_code < 500, (what, answer.text)
    assert answer.headers["content-type"] in JSON_TYPES, what
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400:
        problem(answer, answer.status_code, answer.json()["type"].rpartition(":")[2])


def login_for(web: Web, name: str, body: Body) -> str:
    """Answer somebody who may send the command; the attack then goes as deep as it can."""
    for login in LOGINS:
        answer = web.command(name, body.with_text(PLAIN, KNOWN_BODIES.get(name)), login=login)
        check(answer, name)
        if answer.status_code not in {401, 403}:
            return login
    return LOGINS[0]


def texts_for(name: str, body: Body) -> Iterator[str]:
    """Yield every attack, those of a family as one text where it is not too long for a field of the command."""
    for family in (XSS, SQL, FORMULAS, PATHS):
        whole = " ".join(family)
        try:
            catalogue()[name].model_validate(body.with_text(whole, KNOWN_BODIES.get(name)))
        except ValidationError:
            yield from family
        else:
            yield whole
    yield from BROKEN


def test_no_text_of_any_command_does_any_harm(shared: Web) -> None:
    outcomes: dict[str, Counter[int]] = {}
    before = shared.tiny.school.store.last_position()
    for name, command in catalogue().items():
        body = Body(command)
        if not body.texts:
            continue
        login = login_for(shared, name, body)
        outcomes[name] = Counter()
        for text in texts_for(name, body):
            sent = body.with_text(text, KNOWN_BODIES.get(name))
            answer = shared.command(name, sent, login=login)
            check(answer, f"{name} with {text!r}")
            outcomes[name][answer.status_code] += 1
    assert len(outcomes) > 70
    stored = {name for name, counts in outcomes.items() if counts[200]}
    assert len(stored) >= STORED_AT_LEAST, sorted(stored)
    assert len({status for counts in outcomes.values() for status in counts}) > 3, "they came as far as the rules"
    assert shared.tiny.school.store.last_position() - before > STORED_AT_LEAST
    for path, operations in shared.client.get("/openapi.json").json()["paths"].items():
        if "get" in operations and "{" not in path and path.startswith("/api"):
            answer = shared.get(path.removeprefix("/api/v1"), login="head")
            assert answer.status_code < 500, path
            assert "html" not in answer.headers["content-type"]


def stored_by(web: Web, attack: str) -> None:
    """Keep an attack in names, titles, topics, homework, contacts, comments and reasons."""
    day = "2025-09-01"
    name = {"family": attack, "given": attack, "middle": attack}
    for command, login, body in (
        ("define-subject", "deputy", {"title": attack}),
        ("define-room", "deputy", {"title": attack}),
        ("employ-staff-member", "deputy", {**name, "position": attack, "employed_on": day}),
        ("enrol-pupil", "deputy", {**name, "class_id": w.CLASS_5B, "enrolled_on": day}),
        (
            "form-class",
            "deputy",
            {"year": w.YEAR, "title": attack, "grade": 5, "scheme": "quarters", "bells": "first-shift"},
        ),
        ("register-guardian", "deputy", {**name, "email": attack, "phone": attack}),
        ("correct-topic", "boris", {**LESSON_5B, "topic": attack, "reason": attack}),
        ("correct-homework", "boris", {**LESSON_5B, "homework": {"text": attack}, "reason": attack}),
    ):
        answer = web.command(command, body, login=login)
        assert answer.status_code == 200, (command, answer.text)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A school whose every name is an attack, as far as a name can be."""
    with tiny_school("sqlite", tmp_path_factory.mktemp("told")) as tiny:
        for web in serve(tiny):
            begun = {**LESSON_5B, "topic": "Дроби", "homework": {"text": "№ 1"}}
            assert web.command("save-lesson", begun, login="boris").status_code == 200
            for attack in (*XSS, *SQL, *FORMULAS, *PATHS):
                stored_by(web, attack)
            yield web


QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/school", {}),
    ("/rooms", {}),
    ("/staff", {"limit": 1_000}),
    ("/members", {"limit": 1_000, "day": "2025-10-06"}),
    ("/classes", {}),
    ("/audit/corrections", {"limit": 1_000}),
)


@pytest.mark.parametrize("attack", [*XSS, *SQL, *FORMULAS, *PATHS])
def test_what_was_stored_comes_back_as_it_was(told: Web, attack: str) -> None:
    after = told.tiny.school.store.last_position()
    kept = clean_line(attack)
    for path, asked in QUESTIONS:
        answer = told.get(path, login="head", after=after, **asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        texts = set(texts_in(answer.json()))
        assert texts & {kept, f"{kept} {kept} {kept}"}, f"{path} lost {attack!r}, alone and as a whole name"


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_text_is_refused_and_what_is_invisible_is_taken_out(told: Web, text: str) -> None:
    answer = told.command("define-room", {"title": text}, login="deputy")
    try:
        kept = clean_line(text)
    except ValueError:
        assert "control characters" in problem(answer, 400, "malformed")["detail"]
        return
    assert answer.status_code == 200, answer.text
    assert not set(kept) & set("\u202e\ufeff\u200b"), "nobody is shown another text than is there"
    after = answer.json()["position"]
    assert kept in set(texts_in(told.get("/rooms", after=after).json()))
    with pytest.raises(ValueError, match="control"):
        clean_lines("a\x1bb")


FILES: tuple[tuple[str, dict[str, Any]], ...] = (
    *QUESTIONS,
    ("/lessons", {"from_": "2025-10-06", "to": "2025-10-06"}),
    ("/reports/gradebook", {"journal": JOURNAL_5B, "from_": "2025-10-06", "to": "2025-10-06"}),
    ("/people", {"kind": "staff", "limit": 1_000}),
    ("/journals", {}),
)
SIGNS = frozenset("=+-@＝＋－＠\t\r\n\0")
NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
FILE_NAME = re.compile(r'attachment; filename="[a-z0-9-]+\.(csv|xlsx|ics|zip)"')


@pytest.mark.parametrize(("path", "asked"), FILES, ids=[path for path, _ in FILES])
def test_files_made_of_attacks_are_harmless(told: Web, path: str, asked: dict[str, Any]) -> None:
    """No cell of a CSV begins as a formula does (OWASP, CSV injection), and no cell of a workbook is one."""
    after = told.tiny.school.store.last_position()
    limits = {name: value for name, value in asked.items() if name != "limit"}
    made = told.get(path, login="head", after=after, format="csv", **limits)
    assert made.status_code == 200, made.text
    assert FILE_NAME.fullmatch(made.headers["content-disposition"])
    rows = list(csv.reader(StringIO(made.content.decode("utf-8-sig")), delimiter=";"))
    assert len({len(row) for row in rows}) == 1, "no text breaks out of its cell"
    for cell in (cell for row in rows for cell in row):
        assert not cell or cell.lstrip()[:1] not in SIGNS or NUMBER.fullmatch(cell), cell
    book = told.get(path, login="head", after=after, format="xlsx", **limits)
    assert book.status_code == 200, book.text
    assert FILE_NAME.fullmatch(book.headers["content-disposition"])
    with zipfile.ZipFile(BytesIO(book.content)) as parts:
        names = parts.namelist()
        assert not [one for one in names if "externalLink" in one or "vba" in one.lower()]
        sheets = [parts.read(one) for one in names if one.startswith("xl/worksheets/sheet")]
    assert sheets
    assert not [one for one in sheets if re.search(rb"<f[ >]|<hyperlink", one)]


class _Page(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_comment(self, data: str) -> None:
        self.tags.add(data)

    def handle_data(self, data: str) -> None:
        self.text += data


PLAIN_TAGS = {
    *("html", "head", "meta", "title", "body", "h1", "h2", "p", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def test_a_page_made_of_attacks_is_text(told: Web) -> None:
    """The one page with what people wrote: all that is known of a pupil, whose names are the attack."""
    after = told.tiny.school.store.last_position()
    asked = {"class_": w.CLASS_5B, "day": "2025-10-06", "limit": 1_000, "after": after}
    pupils = told.get("/members", login="head", **asked).json()["report"]["members"]
    text = ""
    assert len(pupils) > len(XSS)
    for pupil in pupils:
        answer = told.get(f"/people/{pupil['pupil']}/data", login="head", format="html")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == POLICY_OF_A_FILE
        assert answer.headers["content-disposition"].startswith("attachment; ")
        page = _Page()
        page.feed(answer.text)
        assert page.tags <= PLAIN_TAGS
        assert page.attributes <= {"lang", "charset", "name", "content"}
        text += page.text
    for attack in (*XSS, *SQL, *FORMULAS, *PATHS):
        kept = clean_line(attack)
        assert kept in text or json.dumps(kept)[1:-1] in text, "as it was, or as the name's own JSON has it"


@pytest.mark.parametrize("attack", [*PATHS, *BROKEN])
def test_the_name_of_an_upload_is_a_word_and_no_place(shared: Web, attack: str) -> None:
    """The file waits under the id of its import; its name is only told back, in JSON."""
    data = shared.tiny.settings.data_dir
    before = files_of(data)
    answer = upload(shared, LIST, file_name=attack)
    check(answer, attack)
    assert files_of(data) == before | {data / "uploads"}
    waiting = sorted((data / "uploads").iterdir()) if (data / "uploads").exists() else []
    assert all(re.fullmatch(r"[0-9a-f-]{36}\.upload", path.name) for path in waiting)
    if any(sign in attack for sign in "\r\n\0"):
        problem(answer, 400, "malformed")
        return
    assert answer.status_code == 200, answer.text
    rows = shared.get(f"/imports/{answer.json()['import_id']}", format="csv")
    assert rows.headers["content-disposition"] == f'attachment; filename="import-{answer.json()["import_id"]}.csv"'
    (data / "uploads" / f"{answer.json()['import_id']}.upload").unlink()


def files_of(data: Path) -> set[Path]:
    """Answer what is in the school's folder beside uploads and the locks of what goes on by itself."""
    return {path for path in data.rglob("*") if path.parent.name != "uploads" and path.suffix != ".lock"}


PLACES = (
    "/{}",
    "/static-offline-docs/{}",
    "/docs/{}",
    "/api/v1/imports/{}",
    "/api/v1/breaches/{}",
    "/api/v1/audit/cells/{}/{}",
    "/api/v1/audit/lessons/{}/topic",
    "/api/v1/reports/gradebook?journal={}",
    "/api/v1/events?type={}",
    "/api/v1/reports/gradebook?as_of={}",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_address_leads_anywhere_else(shared: Web, place: str) -> None:
    elsewhere = re.compile(r"root:|\[fonts\]|for 16-bit")
    for attack in (*XSS, *SQL, *PATHS, *BROKEN):
        for written in (attack.encode().hex(), attack.encode().hex().upper()):
            escaped = re.sub("(..)", r"%\1", written)
            answer = shared.client.get(place.replace("{}", escaped), headers=shared.tiny.headers("head"))
            assert 400 <= answer.status_code < 500, (place, attack, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert not elsewhere.search(answer.text)
            assert "set-cookie" not in answer.headers
