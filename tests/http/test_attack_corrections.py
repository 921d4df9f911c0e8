"""Requests to correct attacked over HTTP at real processes: at once, at midnight, with others' approvals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests import worlds as w
from tests.http.attacking import Attack, at_once, attacked, said
from tests.postgres import database

CLIENTS = 8
TIMEZONE = "Europe/Berlin"
"""Its clocks go back in the night to Sunday 26 October 2025, inside the term of the approval."""
LESSON: dict[str, Any] = {"journal": w.JOURNAL, "day": "2025-10-15", "slot": w.LESSON_SLOT}
CELL: dict[str, Any] = {**LESSON, "work": "oral"}
BEFORE_MIDNIGHT = datetime(2025, 10, 26, 22, 59, 59, 999_999, tzinfo=UTC)
"""Sunday in Berlin, an hour later than before the clocks went back."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def attack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """The school in Berlin on Thursday 23 October: the marks of Wednesday a week ago are no longer free."""
    folder = tmp_path_factory.mktemp("attacked")
    if request.param == "sqlite":
        with attacked("sqlite", folder, None, processes=1, timezone=TIMEZONE) as served:
            yield begun(served)
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2, timezone=TIMEZONE) as served,
    ):
        yield begun(served)


def begun(attack: Attack) -> Attack:
    """Each pupil has a mark."""
    attack.stand(datetime(2025, 10, 15, 12, tzinfo=UTC))
    for pupil in (w.VERA, w.GLEB, w.DINA):
        attack.done("ada", "record-mark", **CELL, pupil=pupil, value="4")
    attack.stand(datetime(2025, 10, 22, 21, 59, 59, tzinfo=UTC))
    attack.done("ada", "correct-mark", **CELL, pupil=w.DINA, value="3", reason="Последний свободный миг")
    attack.stand(datetime(2025, 10, 22, 22, tzinfo=UTC))
    sentence = attack.refused("ada", "correct-mark", "window-is-over", **CELL, pupil=w.DINA, value="4", reason="Поздно")
    assert "22.10.2025" in sentence
    return attack


def ask(attack: Attack, pupil: str) -> str:
    """Ask to correct a pupil's mark, and answer the request's id."""
    request = str(uuid4())
    attack.done("ada", "request-correction", request=request, kind="mark", **LESSON, pupil=pupil, reason="Чужая")
    return request


def outcomes(*calls: Callable[[], Any]) -> Counter[str]:
    """Send all at once and count what came of them."""
    return Counter(said(one) for one in at_once(calls))


def test_of_many_requests_for_one_record_at_once_one_is_stored(attack: Attack) -> None:
    """Eight were: eight approvals could have been had, and eight corrections."""
    fields = {"kind": "mark", **LESSON, "pupil": w.VERA, "reason": "Чужая"}
    for _ in range(2):
        found = outcomes(*(lambda: attack.send("ada", "request-correction", **fields) for _ in range(CLIENTS)))
        assert found == {"done": 1, "is-requested": CLIENTS - 1}
        (request,) = attack.report("head", "/audit/requests", standing="open", pupil=w.VERA)["requests"]
        attack.done("ada", "withdraw-correction", request=request["request"])


def test_of_many_decisions_one_counts_and_of_many_uses_too(attack: Attack) -> None:
    request = ask(attack, w.GLEB)
    approve = {
        login: lambda login=login: attack.send(login, "approve-correction", request=request)
        for login in ("head", "deputy")
    }
    reject = [lambda: attack.send("head", "reject-correction", request=request, reason="Нет")] * 2
    assert outcomes(*approve.values(), *reject) == {"done": 1, "request-is-decided": 3}
    if said(attack.send("head", "approve-correction", request=request)) != "request-is-decided":
        pytest.fail("a decided request was decided again")
    (standing,) = [
        one["standing"]
        for one in attack.report("head", "/audit/requests", pupil=w.GLEB)["requests"]
        if one["request"] == request
    ]
    if standing == "rejected":
        request = ask(attack, w.GLEB)
        attack.done("deputy", "approve-correction", request=request)
    change = {**CELL, "pupil": w.GLEB, "reason": "Чужая", "approval": request}
    found = outcomes(*(lambda n=n: attack.send("ada", "correct-mark", **change, value="23"[n % 2]) for n in range(8)))
    assert found["done"] == 1
    assert found["done"] + found["same"] + found["approval-not-usable"] == CLIENTS
    late = {**CELL, "pupil": w.GLEB, "number": 2, "value": "5", "approval": request}
    attack.refused("ada", "record-mark", "approval-not-usable", **late)


def test_an_approval_is_for_one_person_one_record_one_command_until_midnight(attack: Attack) -> None:
    """The midnight is the school's, also when its clocks went back in between."""
    request = ask(attack, w.DINA)
    own = {**CELL, "pupil": w.DINA, "value": "5", "reason": "Чужая", "approval": request}
    attack.refused("ada", "correct-mark", "approval-not-usable", **own)
    for login in ("ada", "boris", "olga", "vera", "helper", "timetable-program"):
        attack.refused(login, "approve-correction", "not-allowed", request=request)
        if login != "ada":
            said_to = "unknown-request" if login == "boris" else "not-allowed"
            attack.refused(login, "withdraw-correction", said_to, request=request)
    attack.done("head", "approve-correction", request=request)
    attack.refused("ada", "correct-mark", "approval-of-another-record", **{**own, "pupil": w.VERA})
    attack.refused("boris", "correct-mark", "unknown-journal", **own)
    two = [{"command": "correct-mark", **own, "value": value} for value in ("4", "2")]
    refused = attack.batch("ada", *two)
    assert (said(refused), refused[1]["command_index"]) == ("approval-not-usable", 1)
    for other in (w.ADA, w.JOURNAL, str(uuid4())):
        attack.refused("ada", "correct-mark", "unknown-request", **{**own, "approval": other})
        attack.refused("head", "approve-correction", "unknown-request", request=other)
        attack.refused("ada", "withdraw-correction", "unknown-request", request=other)
    closing = {"year": w.YEAR, "period": "q1"}
    attack.done("head", "close-period", **closing)
    attack.refused("ada", "correct-mark", "period-is-closed", **own)
    hour: dict[str, Any] = {"journals": [w.JOURNAL], "until": datetime(2025, 10, 28, tzinfo=UTC), "reason": "Да"}
    attack.done("head", "reopen-period", **closing, **hour)
    second = ask(attack, w.VERA)
    attack.done("head", "approve-correction", request=second)
    attack.stand(BEFORE_MIDNIGHT)
    attack.done("ada", "correct-mark", **own)
    late = {**own, "pupil": w.VERA, "approval": second}
    attack.stand(BEFORE_MIDNIGHT + timedelta(microseconds=1))
    attack.refused("ada", "correct-mark", "approval-has-ended", **late)
    attack.stand(hour["until"])
    attack.refused("ada", "correct-mark", "period-is-closed", **late)


@pytest.mark.parametrize(
    "as_of", ["-1", "1e3", "٣", " 5", "9" * 17, "now", "", "2025-10-06", "2025-10-06T12:00:00", "\0"]
)
def test_a_moment_that_is_none_is_said_in_words(attack: Attack, as_of: str) -> None:
    """Once the answer was a regular expression."""
    for path, name in (("/reports/gradebook", "as_of"), ("/reports/gradebook/changes", "from_")):
        status, answer = attack.get("head", path, class_=w.CLASS_5A, **{name: as_of})
        assert status == 400
        assert "write a position, or a time as" in answer["detail"]
