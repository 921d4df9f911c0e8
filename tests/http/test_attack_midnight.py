"""The last and the first moment of days, windows and periods, at real processes far east of the machine's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tests import worlds as w
from tests.http.attacking import Attack, attacked
from tests.postgres import database

WEDNESDAY, LAST_FREE = date(2025, 10, 15), date(2025, 10, 22)
"""A lesson, and the last day on which its marks are free."""
LAST_OF_QUARTER, FIRST_OF_NEXT = date(2025, 10, 24), date(2025, 11, 5)
TICK = timedelta(microseconds=1)


class There(NamedTuple):
    """A served school, and where it is."""

    attack: Attack
    zone: ZoneInfo

    def midnight(self, day: date) -> datetime:
        """Answer the first moment of a day there, as UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@pytest.fixture(
    params=[
        ("sqlite", "Europe/Moscow"),
        ("sqlite", "Asia/Vladivostok"),
        ("postgres", "Asia/Vladivostok"),
    ],
    ids="-".join,
)
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """The tiny school in a zone, served by as many processes as its database allows."""
    kind, zone = request.param
    folder = tmp_path_factory.mktemp("attacked")
    if kind == "sqlite":
        with attacked("sqlite", folder, None, processes=1, timezone=zone) as served:
            yield There(served, ZoneInfo(zone))
        return
    with (
        database(request.getfixturevalue("postgres_server")) as place,
        attacked("postgres", folder, place, processes=2, timezone=zone) as served,
    ):
        yield There(served, ZoneInfo(zone))


def cell(day: date, pupil: str = w.VERA) -> dict[str, Any]:
    """Answer where a mark stands."""
    return {"journal": w.JOURNAL, "day": day, "slot": w.LESSON_SLOT, "pupil": pupil, "work": "oral"}


def test_a_day_begins_and_ends_at_the_schools_midnight(there: There) -> None:
    """A lesson, its day in questions, the window of its marks, a period that is closed, and one that is reopened."""
    attack = there.attack
    begins = there.midnight(WEDNESDAY)
    attack.stand(begins - TICK)
    attack.refused("ada", "record-mark", "lesson-not-yet-held", **cell(WEDNESDAY), value="4")
    assert attack.report("head", "/lessons")["first"] == (WEDNESDAY - timedelta(days=1)).isoformat()
    attack.stand(begins)
    attack.done("ada", "record-mark", **cell(WEDNESDAY), value="4")
    assert attack.report("head", "/lessons")["first"] == WEDNESDAY.isoformat()
    over = there.midnight(LAST_FREE + timedelta(days=1))
    attack.stand(over - TICK)
    attack.done("ada", "correct-mark", **cell(WEDNESDAY), value="5", reason="Последний миг")
    attack.stand(over)
    said = attack.refused("ada", "correct-mark", "window-is-over", **cell(WEDNESDAY), value="4", reason="Поздно")
    assert "22.10.2025" in said
    attack.stand(there.midnight(LAST_OF_QUARTER + timedelta(days=1)) - TICK)
    attack.done("ada", "record-mark", **cell(LAST_OF_QUARTER), value="4")
    attack.refused("ada", "record-mark", "lesson-not-yet-held", **cell(FIRST_OF_NEXT), value="4")
    attack.stand(attack.now + TICK)
    attack.done("ada", "record-mark", **cell(LAST_OF_QUARTER, w.GLEB), value="4")
    attack.done("deputy", "close-period", year=w.YEAR, period="q1")
    attack.refused("ada", "record-mark", "period-is-closed", **cell(LAST_OF_QUARTER, w.DINA), value="4")
    until = there.midnight(LAST_OF_QUARTER + timedelta(days=2))
    hour = {"journals": [w.JOURNAL], "until": until.astimezone(there.zone), "reason": "Не успели"}
    attack.done("deputy", "reopen-period", year=w.YEAR, period="q1", **hour)
    attack.stand(until - TICK)
    attack.done("ada", "record-mark", **cell(LAST_OF_QUARTER, w.DINA), value="4")
    attack.stand(until)
    change = {**cell(LAST_OF_QUARTER, w.DINA), "value": "5", "reason": "Поздно"}
    attack.refused("ada", "correct-mark", "period-is-closed", **change)
    attack.stand(there.midnight(FIRST_OF_NEXT))
    attack.done("ada", "record-mark", **cell(FIRST_OF_NEXT), value="4")
    marks = attack.report("head", "/reports/gradebook", journal=w.JOURNAL, period="q2")
    assert FIRST_OF_NEXT.isoformat() in str(marks)
    assert LAST_OF_QUARTER.isoformat() not in str(marks)
