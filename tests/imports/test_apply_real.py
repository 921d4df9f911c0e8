"""Real schools come in whole: every activity is due in the timetable, or named with the reason why not."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi.testclient import TestClient

from ejd.access.secrets import new_token
from ejd.app import School
from ejd.founding import IMPORTER, account_with_role, cli_actor
from ejd.http.service import create_http
from ejd.imports.apply import ImportReport, import_file, report_lines
from ejd.imports.fet import read_fet, read_fet_file
from ejd.imports.journal_plans import journals
from ejd.imports.timetable_file import TimetableFile
from ejd.imports.xhstt import read_xhstt_file
from ejd.kernel.command import Command
from ejd.kernel.due import Occurrence
from ejd.kernel.ids import OPERATOR
from ejd.kernel.states.people import PupilState
from ejd.read.rebuild import ensure_built
from ejd_commands.accounts import IssueToken
from tests.http.server import ADDRESS
from tests.imports.importing import (
    AUGUST,
    FIRST_DAY,
    LAST_DAY,
    Found,
    bring,
    by_hand,
    due_by_file,
    empty_school,
)
from tests.imports.shared_data import real_file
from tests.imports.test_fet import _Counted as CountedFet
from tests.imports.test_xhstt import _Counted as CountedXhstt
from tests.postgres import PostgresDatabase
from tests.scenario import uid
from tests.schools import Clock

_UAE = "fet/United-Arab-Emirates__IBDP-School-2016.fet"
_GREECE = "fet/Greece__Didymoteicho__6th-Primary-School.fet"
_ITALY = "fet/Italy__2010__Liceo-2010.fet"
_WOODLANDS = "xhstt/ZA-WD-09.xml"
_FALKON = "xhstt/DK-FG-12.xml"


class _Independent(NamedTuple):
    """Counts by regular expressions over the text, sharing nothing with the importer."""

    activities: int
    placed: int
    periods: int
    pupils: int
    teachers: int
    rooms: int


def _count_fet(path: Path) -> _Independent:
    counted, text = CountedFet(path), path.read_text("utf-8-sig")
    return _Independent(
        len(counted.activities),
        len(counted.placed),
        counted.periods,
        len(set(re.findall(r"<Group>\s*<Name>([^<]+)</Name>\s*<Number_of_Students>1<", text))),
        len(re.findall(r"<Teacher>\s*<Name>", text)),
        len(re.findall(r"<Room>\s*<Name>", text)),
    )


def _count_xhstt(path: Path) -> _Independent:
    counted = CountedXhstt(path)

    def of_type(word: str) -> int:
        found = re.findall(r"<Resource Id\s*=.*?</Resource>", counted.instance, re.DOTALL)
        return sum(bool(re.search(rf'<ResourceType Reference\s*="{word}"', each)) for each in found)

    return _Independent(
        len(counted.durations),
        len(counted.times),
        counted.periods,
        of_type("Student"),
        of_type("Teacher"),
        of_type("Room"),
    )


class _Real(NamedTuple):
    path: str
    read: Callable[[Path], TimetableFile]
    counting: Callable[[Path], _Independent]
    classes: int
    groups: int
    journals: int
    refusals: int


# Classes, groups and journals are worked out in the readers' tests and here:
# UAE: 37 classes; 72 of its 89 groups are taught, and 141 journals are of several pupils or groups; of 753 courses
# 24 share 12 journals. DK: no class, so one for all; of 308 courses 6 share 2 journals, each of a group of its own.
_SCHOOLS = {
    "uae": _Real(_UAE, read_fet_file, _count_fet, 37, 72 + 141, 753 - 24 + 12, 5),
    "greece": _Real(_GREECE, read_fet_file, _count_fet, 13, 0, 149, 13),
    "italy": _Real(_ITALY, read_fet_file, _count_fet, 23, 6, 242, 562),
    "woodlands": _Real(_WOODLANDS, read_xhstt_file, _count_xhstt, 30, 66, 278, 0),
    "falkon": _Real(_FALKON, read_xhstt_file, _count_xhstt, 1, 304, 308 - 6 + 2, 0),
}


def _check(real: _Real, folder: Path, postgres: PostgresDatabase | None) -> None:
    path = real_file(real.path)
    file, counted = real.read(path), real.counting(path)
    with empty_school(folder, postgres) as school:
        report = bring(school, file)
        found = Found(school, report.year)
        _check_report(real, report, counted)
        _check_school(report, found)
        assert found.due_in_a_turn() == due_by_file(file)
        assert len(found.due_lessons(*found.turn())) == counted.periods
        _check_loads_and_members(file, found)
        position, commands = school.store.last_position(), report.commands_sent
        again = bring(school, file)
        assert (again.events_stored, again.commands_sent, school.store.last_position()) == (0, 0, position)
        assert again.refusals == report.refusals
        at_once = len(found.timetable.schedules)
        assert commands - 1 == report.events_stored - at_once > 200, "the timetable is one command"


def _check_report(real: _Real, report: ImportReport, counted: _Independent) -> None:
    in_the_file = (report.activities, report.activities_placed, report.periods, report.pupils)
    assert (*in_the_file, report.teachers, report.rooms) == counted
    assert len(report.refusals) == counted.activities - counted.placed == real.refusals
    assert (report.classes, report.groups, report.journals) == (real.classes, real.groups, real.journals)
    lines = list(report_lines(report))
    assert all(refused.reason in "\n".join(lines) for refused in report.refusals)


def _check_school(report: ImportReport, found: Found) -> None:
    """The report's counts are the school's, which has a head besides."""
    for kind, count in (
        ("class", report.classes),
        ("group", report.groups),
        ("pupil", report.pupils),
        ("staff", report.teachers + 1),
        ("subject", report.subjects),
        ("room", report.rooms),
        ("journal", report.journals),
    ):
        assert len(found.streams(kind)) == count, kind


def _check_loads_and_members(file: TimetableFile, found: Found) -> None:
    pupils = {each.id for each in file.pupils}
    courses = {(each.subject, frozenset(each.student_sets)) for each in journals(file)}
    loads = {(each.subject, frozenset(each.student_sets), who) for each in journals(file) for who in each.teachers}
    assert sum(len(state.loads) for state in found.journals().values()) == len(loads)
    states = [found.states.load(PupilState, stream) for stream in found.streams("pupil")]
    memberships = sum(len(state.memberships.groups) for state in states)
    assert memberships == sum(len(sets) for _, sets in courses if sets <= pupils)


@pytest.mark.parametrize("name", _SCHOOLS)
def test_a_real_school_comes_in_whole_and_only_once(name: str, tmp_path: Path) -> None:
    _check(_SCHOOLS[name], tmp_path, None)


@pytest.mark.parametrize("name", ["uae", "falkon"])
def test_on_postgresql_too(name: str, tmp_path: Path, postgres_database: PostgresDatabase) -> None:
    _check(_SCHOOLS[name], tmp_path, postgres_database)


def test_weeks_from_sunday_two_weeks_and_days_without_names_are_placed_in_the_calendar(tmp_path: Path) -> None:
    expected = {"uae": ("weekly", [6, 0, 1, 2, 3], 1), "woodlands": ("rolling", [None] * 6, 1)}
    expected["falkon"] = ("weekly", [0, 1, 2, 3, 4] * 2, 2)
    for name, cycle in expected.items():
        real = _SCHOOLS[name]
        with empty_school(tmp_path / name) as school:
            report = bring(school, real.read(real_file(real.path)))
            found = Found(school, report.year)
            assert found.year.data.cycle is not None
            days = found.year.data.cycle.days
            assert (found.year.data.cycle.kind, [day.weekday for day in days], found.year.data.cycle.weeks) == cycle
            weekdays = {due.date.weekday() for due in found.due_lessons(FIRST_DAY, LAST_DAY)}
            assert weekdays == ({6, 0, 1, 2, 3} if name == "uae" else {0, 1, 2, 3, 4})


def test_a_changed_start_brings_one_event_and_taking_it_back_another(tmp_path: Path) -> None:
    content = real_file(_UAE).read_bytes()
    first = re.search(
        rb"<ConstraintActivityPreferredStartingTime>(?:(?!</Constraint).)*?<Activity_Id>1<.*?</Constraint",
        content,
        re.DOTALL,
    )
    assert first is not None
    day = re.search(rb"<Preferred_Day>(\w+)<", first[0])
    assert day is not None
    moved = first[0].replace(day[1], b"Wednesday" if day[1] != b"Wednesday" else b"Thursday")
    changed = content.replace(first[0], moved)
    with empty_school(tmp_path) as school:
        bring(school, read_fet(content))
        for version in (changed, content, changed):
            report = bring(school, read_fet(version), accept_conflicts=True)
            assert bool(report.conflicts_total) == (version == changed), "the new time is others' too"
            assert (report.commands_sent, report.events_stored) == (1, 1)
            assert Found(school, report.year).due_in_a_turn() == due_by_file(read_fet(version))


@pytest.mark.parametrize("name", ["uae", "falkon"])
def test_lessons_are_held_through_the_api_and_the_gradebook_is_right(name: str, tmp_path: Path) -> None:
    """In each of five journals one pupil is absent in a lesson, the others get 4 and 5 by turns."""
    real, clock = _SCHOOLS[name], Clock(AUGUST)
    with empty_school(tmp_path, clock=clock) as school:
        report = import_file(
            school,
            "fet" if real.read is read_fet_file else "xhstt",
            real_file(real.path),
            actor=cli_actor(IMPORTER),
            year_name="2026/27",
            first_day=FIRST_DAY,
            last_day=LAST_DAY,
        )
        ensure_built(school.read, school.workshop, processes=1)
        with TestClient(create_http(school), base_url=ADDRESS, raise_server_exceptions=True) as client:
            held = 0
            for lesson, teacher, pupils in _lessons_with_pupils(Found(school, report.year)):
                clock.moment = AUGUST
                headers = _teacher_signs_in(school, teacher)
                clock.moment = datetime.combine(lesson.date, time(18), UTC)
                _hold(client, headers, lesson, pupils)
                held += 1
                if held == 5:
                    break
            assert held == 5


def _lessons_with_pupils(found: Found) -> Iterator[tuple[Occurrence, str, list[str]]]:
    """Answer a lesson, its teacher and its pupils in the order of their ids, from journals of three or more pupils."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for stream in sorted(found.streams("pupil")):
        for stay in found.states.load(PupilState, stream).memberships.groups:
            members[stay.where].append(stream)
    due = {each.journal: each for each in reversed(found.due_lessons(*found.turn()))}
    for journal, state in found.journals().items():
        pupils = members[state.opened.group] if state.opened else []
        if journal in due and len(pupils) >= 3 and state.loads:
            yield due[journal], state.loads[0].staff, pupils


def _teacher_signs_in(school: School, staff: str) -> dict[str, str]:
    """Answer the headers of a teacher, who is given an account the first time."""
    account, login, made = uid(f"account {staff}"), f"t-{staff}", new_token(os.urandom)
    commands: list[Command] = []
    if not school.store.owner_of(f"login/{login}"):
        commands += account_with_role(account, login, "teacher", staff)
    ends = datetime(2027, 5, 1, tzinfo=UTC)
    commands.append(
        IssueToken(account=account, token=made.token_id, digest=made.digest, client="tests", expires_at=ends)
    )
    for command in commands:
        by_hand(school, command, account=OPERATOR, at=None)
    return {"Authorization": f"Bearer {made.text}"}


def _hold(client: TestClient, headers: dict[str, str], lesson: Occurrence, pupils: list[str]) -> None:
    day, topic = lesson.date.isoformat(), "Первая тема"
    marks = [{"pupil": each, "work": "oral", "value": "45"[place % 2]} for place, each in enumerate(pupils)][1:]
    answer = client.post(
        "/api/v1/commands/save-lesson",
        headers={**headers, "Idempotency-Key": uid(f"held {lesson.lesson}")},
        json={
            "journal": lesson.journal,
            "day": day,
            "slot": lesson.slot,
            "topic": topic,
            "absences": [{"pupil": pupils[0], "kind": "absent"}],
            "marks": marks,
        },
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["events"]) == 2 + len(marks)
    query: dict[str, str | int] = {
        "journal": lesson.journal,
        "from": day,
        "to": day,
        "after": answer.json()["position"],
    }
    answer = client.get("/api/v1/reports/gradebook", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    (page,) = answer.json()["report"]["gradebooks"]
    (column,) = [each for each in page["lessons"] if each["lesson"] == lesson.lesson]
    assert (column["topic"], column["slot"]) == (topic, lesson.slot)
    rows = {each["pupil"]: each for each in page["pupils"]}
    assert sorted(rows) == pupils
    found = {pupil: [mark["value"] for mark in row["marks"]] for pupil, row in rows.items()}
    assert found == {each: ["45"[place % 2]] if place else [] for place, each in enumerate(pupils)}
    assert [pupil for pupil, row in rows.items() if row["absences"]] == pupils[:1]
    assert {(row["lessons"], row["missed"]) for row in rows.values()} == {(1, 0), (1, 1)}
    assert all(row["name"] for row in rows.values())
