"""The set-up of a year attacked over HTTP at real processes: files that mean no good, and two of everything at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.http.attacking import Attack, Found, at_once, attacked, said
from tests.postgres import database

CLIENTS = 6


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def attack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The tiny school, served by as many processes as its database allows."""
    folder = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        with attacked("sqlite", folder, None, processes=1) as served:
            yield served
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2) as served,
    ):
        yield served


def upload(attack: Attack, content: bytes, login: str = "deputy", **query: Any) -> Found:
    """Send a file."""
    named = urlencode({"kind": "roster", "file_name": "список.csv", **query})
    return attack.request("POST", f"/api/v1/imports?{named}", login, content)


def post(attack: Attack, path: str, body: Any = None) -> Found:
    """Send what is about one import."""
    return attack.request("POST", f"/api/v1/imports/{path}", "deputy", body)


def families(attack: Attack) -> Counter[str]:
    """Answer how many pupils of the school have a name."""
    found = attack.report("head", "/people", kind="pupil", limit=1_000)
    return Counter(str(one["name"]) for one in found["people"])


def roster(*names: str) -> bytes:
    """Write a list of pupils of 5А."""
    return "".join(["Фамилия;Имя;Класс\n", *(f"{name};Егор;5А\n" for name in names)]).encode()


def test_an_import_applied_by_many_at_once_is_one_import(attack: Attack) -> None:
    """Whoever comes first stores it; the others hear what came of it, and nothing is there twice."""
    names = [f"Одновременный{chr(ord('а') + n)}" for n in range(20)]
    status, seen = upload(attack, roster(*names))
    assert (status, seen["state"]) == (200, "rehearsed"), seen
    apply = [lambda: post(attack, f"{seen['import_id']}/apply", {"digest": seen["digest"]}) for _ in range(CLIENTS)]
    heard = {said(one) if one[0] != 200 else one[1]["state"] for one in at_once(apply)}
    assert "applied" in heard
    assert heard <= {"applied", "interrupted", "file-refused", "school-moved", "upload-gone"}, heard
    found = families(attack)
    assert {name: found[f"{name} Егор"] for name in names} == dict.fromkeys(names, 1)
    undo = [lambda: post(attack, f"{seen['import_id']}/undo") for _ in range(CLIENTS)]
    assert {one[0] for one in at_once(undo)} <= {200, 409}
    found = families(attack)
    assert not any(found[f"{name} Егор"] for name in names)


def test_two_lists_of_the_same_people_at_once_make_nobody_twice(attack: Attack) -> None:
    names = [f"Двойной{chr(ord('а') + n)}" for n in range(10)]
    one, other = (upload(attack, roster(*names) + b"\n" * n, file_name=f"{n}.csv")[1] for n in range(2))
    calls = [
        lambda seen=seen: post(attack, f"{seen['import_id']}/apply", {"digest": seen["digest"]})
        for seen in (one, other)
    ]
    statuses = [status for status, _ in at_once(calls)]
    assert 200 in statuses
    assert set(statuses) <= {200, 409, 422}
    found = families(attack)
    assert {name: found[f"{name} Егор"] for name in names} == dict.fromkeys(names, 1)


@pytest.mark.parametrize("query", [{"file_name": "a\0.csv"}, {"file_name": " "}, {"source": "a\0b"}])
def test_a_file_whose_name_no_event_can_hold_is_refused_when_it_comes(attack: Attack, query: dict[str, str]) -> None:
    """Not only when it is applied."""
    found = upload(attack, roster("Безымянный"), **query)
    assert said(found) == "malformed", found
    assert found[1]["detail"].startswith(next(iter(query)))
