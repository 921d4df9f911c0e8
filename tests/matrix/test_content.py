"""No foreign child's name, mark or id stands in any answer to who has nothing to do with the child.

Every question is asked by every narrow role with all its variants, about own and foreign things, as JSON and as CSV:
body, headers and refusals are searched for what stands in no other place of the school.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from urllib.parse import quote

import pytest

from ejd.http.logs import make_log
from ejd.http.service import create_http
from tests.http.server import served
from tests.matrix import world as m
from tests.matrix.asking import Client, Row, rows

NARROW = ("teacher", "class-teacher", "substitute", "pupil", "parent", "support")
SECRETS = (
    m.FOREIGN_FAMILY,
    m.FOREIGN_GIVEN,
    m.FOREIGN_GUARDIAN_FAMILY,
    m.FOREIGN_EMAIL,
    m.FOREIGN_TOPIC,
    m.FOREIGN_HOMEWORK,
    m.FOREIGN_PUPIL,
    m.FOREIGN_GUARDIAN,
)
"""What belongs to the foreign child and its lessons alone."""
OK = 200
Asked = tuple[Client, m.Matrix, list[Row]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with m.matrix("sqlite", tmp_path_factory.mktemp("content")) as matrix:
        app = create_http(matrix.tiny.school, feed=False, log=make_log("error", StringIO()))
        with served(app) as address:
            client = Client(address)
            try:
                yield client, matrix, [row for row in rows(app) if row.method == "GET"]
            finally:
                client.close()


def told(status: int, headers: dict[str, str], body: bytes, sent: str) -> str:
    """Answer all that came back, but the ids that the question itself named."""
    text = body.decode("utf-8", "replace") + json.dumps(headers, ensure_ascii=False)
    return text.replace(sent, "") if status >= 400 else text


@pytest.mark.parametrize("role", NARROW)
def test_nobody_is_told_of_a_foreign_child(asked: Asked, role: str) -> None:
    client, matrix, table = asked
    for row in table:
        for about in (m.OWN, m.FOREIGN):
            for situation in ("own", "ended", "begins"):
                status, headers, body = client.send(row, about, matrix.tokens[role, situation])
                text = told(status, headers, body, about.pupil)
                found = [one for one in SECRETS if one in text or quote(one) in text]
                assert found == [], (row.name, situation, status, found)


def test_technical_support_is_told_nobodys_name_not_even_where_a_breach_is_shown(asked: Asked) -> None:
    client, matrix, table = asked
    answered = 0
    for row in table:
        status, headers, body = client.send(row, m.OWN, matrix.tokens["support", "own"])
        text = told(status, headers, body, "")
        found = [one for one in ("Сотрудник", "Громова", "Лавлинская", "Васильева", "Пароль на доске") if one in text]
        assert found == [], (row.name, status, found)
        answered += status == OK
    assert answered, "some questions are for technical support"
    row = next(one for one in table if one.name == "breach")
    _, _, body = client.send(row, m.OWN, matrix.tokens["head", "own"])
    assert "Пароль на доске" in body.decode()


def test_what_is_searched_for_is_found_by_who_may_see_it(asked: Asked) -> None:
    """Else the test above would prove nothing."""
    client, matrix, table = asked
    seen = ""
    for row in table:
        status, headers, body = client.send(row, m.FOREIGN, matrix.tokens["head", "own"])
        seen += told(status, headers, body, m.FOREIGN_PUPIL)
    assert [one for one in SECRETS if one not in seen] == [m.FOREIGN_EMAIL]
