"""Export, an empty school, import: the lists and the timetable of every week are those of the school it came from."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, time, timedelta
from io import StringIO
from typing import Any

import pytest

from ejd.founding import IMPORTER, cli_actor
from ejd.imports.roster_report import RosterReport
from ejd.imports.roster_year import WantedYear
from ejd.imports.timetable_import import BroughtTimetable, TimetableImport
from tests.postgres import PostgresDatabase, database
from tests.scenario import uid
from tests.year import plan as p
from tests.year import set_up as s
from tests.year.office import Fields, Office, founded

GROUP = "5А, английский 1"
LATER = date(2025, 9, 15)
ON_DAYS = (p.FIRST, p.PHYSICS_MOVES_ON)
"""From each of them on the school has another timetable."""
LISTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/people", {"kind": "pupil"}),
    ("/people", {"kind": "staff"}),
    ("/people", {"kind": "guardian"}),
    ("/classes", {}),
    ("/journals", {}),
    ("/loads", {}),
    ("/lessons", {"from_": p.FIRST, "to": p.LAST}),
)
MONDAYS = [p.FIRST + timedelta(days=7 * week) for week in range((p.LAST - p.FIRST).days // 7 + 1)]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def offices(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Office, Office]]:
    """A school that is set up, and an empty one, on either database."""
    with ExitStack() as stack:
        found: list[Office] = []
        for name in ("from", "to"):
            fresh: PostgresDatabase | None = None
            if request.param == "postgres":
                fresh = stack.enter_context(database(request.getfixturevalue("postgres_server")))
            found.append(stack.enter_context(founded(request.param, tmp_path_factory.mktemp(name), fresh)))
        here, there = found
        s.enter(here)
        s.enter_parents(here)
        here.on(LATER, time(9))
        there.on(LATER, time(9))
        physics = p.BY_KEY[f"{p.PHYSICS}, 10А"]
        here.send("schedule-journal", **s.schedule(physics, p.PHYSICS_MOVES_ON))
        here.send("assign-teacher", journal=s.journal_id(physics), staff=s.staff_id(p.SPARE), starts=LATER)
        here.send("transfer-pupil", pupil=here.pupils["Жуков Женя"], class_id=s.class_id("10А"), transferred_on=LATER)
        here.send_all(more(here))
        yield here, there


def more(here: Office) -> Iterator[tuple[str, Fields]]:
    """A second subject of a teaching group, and a pupil with an individual curriculum."""
    subject, journal, group = uid("year computing"), uid("year computing journal"), s.group_id(GROUP)
    yield "define-subject", {"subject": subject, "title": "Информатика"}
    yield "open-journal", {"journal": journal, "subject": subject, "group": group, "group_kind": "group"}
    yield "assign-teacher", {"journal": journal, "staff": s.staff_id(p.SPARE), "starts": p.FIRST, "hours_per_week": 1}
    entries = [{"cycle_day": p.FRIDAY + 1, "slot": 2, "room": uid("year room 102")}]
    yield "schedule-journal", {"journal": journal, "starts": p.FIRST, "entries": entries}
    own = [s.journal_id(one) for one in p.JOURNALS if one.group == "10А" and one.subject != p.HISTORY]
    yield "set-individual-plan", {"pupil": here.pupils["Мишин Миша"], "class_journals": own, "starts": p.FIRST}


def test_lists_and_timetable_come_back(offices: tuple[Office, Office]) -> None:
    here, there = offices
    package = here.file("/exports/oneroster", year=s.YEAR)
    received = there.bring("oneroster", "oneroster.zip", package)
    assert received["refused"] == 0, received
    year = there.ask("/school")["years"][0]["id"]
    there.send_all(set_up_by_hand(there, year))
    grids = [here.file("/timetable/grid", year=s.YEAR, show="cycle", on=day, format="xlsx") for day in ON_DAYS]
    for day, grid in zip(ON_DAYS, grids, strict=True):
        report = bring_grid(there, f"{day}.xlsx", grid, day)
        assert (report.refusals, report.state) == ((), "applied"), report
    for path, parameters in LISTS:
        before = table(here, path, s.YEAR, **parameters)
        assert len(before) > 1, path
        assert table(there, path, year, **parameters) == before, path
    assert members(there, year) == members(here, s.YEAR)
    weeks = 0
    for monday in MONDAYS:
        before = table(here, "/timetable/grid", s.YEAR, show="week", on=monday)
        assert table(there, "/timetable/grid", year, show="week", on=monday) == before, monday
        weeks += len(before) > 1
    assert weeks == sum(any(taught(monday + timedelta(days=day)) for day in range(7)) for monday in MONDAYS)
    assert there.bring("oneroster", "oneroster.zip", package)["state"] == "unchanged"
    again = bring_grid(there, "again.xlsx", grids[-1], ON_DAYS[-1])
    assert (again.commands, again.differences) == (0, ())


def taught(day: date) -> bool:
    """Say whether anybody has lessons on a day by the plan on paper."""
    return p.FIRST <= day <= p.LAST and any(p.weekday_taught(day, one) is not None for one in p.CLASSES)


def set_up_by_hand(there: Office, year: str) -> Iterator[tuple[str, Fields]]:
    """What OneRoster has no place for, as docs/exports.md says: cycle, breaks, holidays, bells, rooms."""
    for name, fields in s.calendar_of(year):
        if name not in {"open-academic-year", "define-grading-periods"}:
            yield name, {**fields, "code": "standard"} if name == "define-bell-schedule" else fields
    for room in s.ROOMS:
        yield "define-room", {"room": uid(f"there {room}"), "title": room, "capacity": 30, "kind": "кабинет"}


def bring_grid(office: Office, name: str, content: bytes, starts: date) -> RosterReport:
    wanted = WantedYear("2025/26", starts=starts)
    brought = BroughtTimetable(kind="grid", file_name=name, content=content, wanted=wanted)
    return TimetableImport(office.school, brought, cli_actor(IMPORTER)).apply()


def table(office: Office, path: str, year: str, **parameters: Any) -> list[list[str]]:
    """Answer a list as its CSV has it, without ids."""
    text = office.file(path, year=year, format="csv", **parameters).decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text, newline=""), delimiter=";"))
    kept = [place for place, name in enumerate(rows[0]) if "дентификатор" not in name]
    return [[row[place] for place in kept] for row in rows if row[0] != "Громова"]


def members(office: Office, year: str) -> list[tuple[Any, ...]]:
    found = []
    for day in (p.FIRST, LATER):
        for one in office.ask("/members", year=year, day=day)["members"]:
            groups = [(group["name"], group["since"], group["until"]) for group in one["groups"]]
            found.append((day, one["name"], one["class_name"], one["since"], one["until"], groups))
    return found
