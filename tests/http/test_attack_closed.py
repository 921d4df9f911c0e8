"""A closed period and a closed year at real processes: no command of the whole catalogue writes in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from ejd_commands.catalogue import catalogue
from tests import worlds as w
from tests.commands.test_closed_year_everywhere import NOT_OF_A_YEAR
from tests.http.attacking import Attack, at_once, attacked, said
from tests.http.closed_cases import AFTER, HERE, Case, lesson_cases, prepare, year_cases
from tests.postgres import database

ASKED_FOR = {"request-correction"}
"""What is free needs no request, whether or not its period is closed."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def attack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The tiny school on the last day of its year, served by as many processes as its database allows."""
    folder = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        with attacked("sqlite", folder, None, processes=1) as served:
            prepare(served)
            yield served
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2) as served,
    ):
        prepare(served)
        yield served


KEPT_DAYS = ("define-cycle", "define-holidays", "take-production-calendar")
"""What would change days of the first quarter, which stays closed."""


def sent(attack: Attack, cases: list[Case]) -> dict[str, str]:
    """Send all of them, and answer what came of each."""
    return {case.name: said(attack.send(case.login, case.name, **case.fields)) for case in cases}


WRONG: tuple[Any, ...] = (10**30, 1.5, [[]], {"x": 1}, "\0")


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Answer where something stands in a body; of a list its first element."""
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*place, key))


def test_what_is_of_no_type_is_refused_in_every_field_and_stores_nothing(attack: Attack) -> None:
    before = attack.position()
    for case in (*lesson_cases(), *year_cases()):
        for place in places(case.fields):
            for wrong in WRONG:
                body = deepcopy(case.fields)
                at = body
                for key in place[:-1]:
                    at = at[key]
                at[place[-1]] = wrong
                attack.refused(case.login, case.name, "malformed", **body)
    assert attack.position() == before


def test_what_a_closed_period_and_a_closed_year_refuse_an_open_one_takes(attack: Attack) -> None:
    """First the period is closed, then the year; then both are opened again, and the same bodies are taken."""
    lessons, others = lesson_cases(), year_cases()
    named = {case.name for case in (*lessons, *others)}
    assert named | NOT_OF_A_YEAR | ASKED_FOR == set(catalogue())
    of_lessons = {name for name, one in catalogue().items() if "approval" in one.model_fields}
    assert {case.name for case in lessons} == of_lessons
    attack.stand(AFTER)
    attack.done("head", "close-period", year=w.YEAR, period="q4")
    before = attack.position()
    found = sent(attack, lessons)
    assert found == dict.fromkeys(found, "period-is-closed")
    assert attack.position() == before
    attack.done("head", "close-academic-year", year=w.YEAR, reason="Пожар")
    before = attack.position()
    found = sent(attack, [*lessons, *others])
    assert found == dict.fromkeys(found, "year-is-closed")
    assert attack.position() == before
    attack.done("head", "reopen-academic-year", year=w.YEAR, reason="Нашли")
    found = sent(attack, lessons)
    assert found == dict.fromkeys(found, "period-is-closed")
    hour = {"journals": sorted({str(case.fields["journal"]) for case in lessons}), "until": AFTER + timedelta(hours=1)}
    attack.done("deputy", "reopen-period", year=w.YEAR, period="q4", **hour, reason="Нашли")
    found = sent(attack, [*lessons, *others])
    assert found == {**dict.fromkeys(found, "done"), **dict.fromkeys(KEPT_DAYS, "closed-period-changes")}


ROUNDS, CLIENTS = 5, 8


def test_a_mark_is_in_before_its_year_is_closed_or_refused_after(attack: Attack) -> None:
    """The head closes the year while marks are written, in several processes: none stands behind the closing."""
    attack.stand(AFTER)
    cell = {**HERE, "pupil": w.VERA}
    seen: Counter[str] = Counter()
    for number in range(1, ROUNDS + 1):
        works = ("oral", "homework", "independent", "practical")[: CLIENTS // 2]
        calls = [
            lambda work=work, value=value, number=number: attack.send(
                "ada", "record-mark", **cell, work=work, number=2 * number + value, value=str(3 + value)
            )
            for work in works
            for value in range(2)
        ]
        close = lambda: attack.send("head", "close-academic-year", year=w.YEAR, reason="Пожар")  # noqa: E731 - called beside the others
        *marks, closed = at_once([*calls, close])
        assert said(closed) == "done", closed
        for found in marks:
            seen[said(found)] += 1
            assert said(found) == "year-is-closed" or found[1]["position"] < closed[1]["position"]
        late = attack.send("ada", "record-mark", **cell, work="oral", number=20, value="5")
        assert said(late) == "year-is-closed"
        attack.done("head", "reopen-academic-year", year=w.YEAR, reason="Нашли")
    assert set(seen) <= {"done", "year-is-closed"}, seen
    assert seen["done"]
