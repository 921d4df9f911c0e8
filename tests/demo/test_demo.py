"""A small demonstration on both databases: everything through commands, the same for the same seed."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from ejd.app import School, initialise, opened, system_clock
from ejd.demo import SMALL, DemoRefused, DemoReport, build_demo, demo_lines
from ejd.demo.shape import chance
from ejd.http.service import create_http
from ejd.kernel.events import CATALOGUE
from ejd.kernel.events.corrections import CorrectionRequested
from ejd.kernel.events.final_marks import FinalMarkDecided
from ejd.kernel.events.journals import JournalOpened, TeacherAssigned
from ejd.kernel.events.lessons import LessonEvent, RollTaken, TopicRecorded
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.ids import SCHOOL, SYSTEM
from ejd.kernel.states.corrections import CorrectionState
from ejd.kernel.states.school import SchoolState
from ejd.read.rebuild import ensure_built
from ejd.settings import Settings
from tests.demo.conftest import OpenPlace
from tests.http.server import ADDRESS

NOW = 1_795_392_000_000_000
"""2026-11-23 00:00 UTC, the real clock of these tests."""
FOUNDING = {"open-school"}
"""What the founding sends before the demonstration counts."""
OF_IMPORTS = {"begin-import", "finish-import", "link-external-id", "undo-import"}
"""Sent by `ejd import` and the routes of imports, around the commands that a file comes to."""
OF_ERASURES = {"request-erasure", "approve-erasure", "reject-erasure"}
"""The demonstration has nobody whom no journal names."""
AT_THE_END_OF_THE_YEAR = {"promote-class", "close-academic-year", "reopen-academic-year"}
"""The story ends with the first quarter."""


def built(school: School, seed: int = 7) -> DemoReport:
    return build_demo(
        school, seed=seed, shape=SMALL, random_bytes=chance(seed, "test bytes").randbytes, clock=lambda: NOW
    )


def stored(school: School) -> list[tuple[str, str, Any, int, str]]:
    """Answer stream, name, payload without what is sealed, time and actor of every event, in order."""
    return [
        (event.stream, event.name, without_boxes(json.loads(event.state)), event.recorded_at, event.actor)
        for event in school.store.read_page(0, 10_000)
    ]


def without_boxes(value: Any) -> Any:
    """Leave out ciphertext: its nonce is another one each time."""
    if isinstance(value, dict):
        return {key: without_boxes(one) for key, one in value.items() if key != "box"}
    return [without_boxes(one) for one in value] if isinstance(value, list) else value


class Demonstration(NamedTuple):
    """A school with a small demonstration in it, and what building it answered."""

    school: School
    report: DemoReport


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """One on SQLite, for the tests that only read its events."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo") / "school")
    initialise(settings)
    with opened(settings) as school:
        yield Demonstration(school, built(school))


@pytest.fixture
def school(demonstration: Demonstration) -> School:
    """Its school."""
    return demonstration.school


def test_the_same_seed_gives_the_same_events_on_each_database(school: School, open_place: OpenPlace) -> None:
    again = open_place("again")
    assert built(again).events_count > 1_500
    assert stored(again) == stored(school)


def test_another_seed_gives_another_school(school: School, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "other")
    initialise(settings)
    with opened(settings) as other:
        built(other, seed=8)
        assert stored(other) != stored(school)


def test_it_is_a_simulated_school_and_a_second_one_is_refused(school: School) -> None:
    assert school.states.load(SchoolState, SCHOOL).simulated
    with pytest.raises(DemoRefused, match="--fresh"):
        built(school)


def test_everybody_acts_with_the_own_account_and_time_never_runs_backwards(school: School) -> None:
    events = school.store.read_page(0, 10_000)
    assert [e.recorded_at for e in events] == sorted(e.recorded_at for e in events)
    records = {RollTaken.stored_name, TopicRecorded.stored_name}
    writers = {event.actor for event in events if event.name in records}
    assert len(writers) > 8
    assert SYSTEM not in writers
    assert all(event.command_id for event in events)


def test_teachers_are_in_one_place_at_a_time(school: School) -> None:
    """Read from the events alone: assignments and schedules as they count on the first day."""
    teacher: dict[str, str] = {}
    places: dict[str, set[tuple[int, int]]] = {}
    for event in school.store.read_page(0, 10_000):
        match CATALOGUE.decode(event.name, event.state):
            case TeacherAssigned(staff=staff):
                teacher.setdefault(event.stream, staff)
            case JournalScheduled(journal=journal, entries=entries):
                places.setdefault(journal, {(entry.cycle_day, entry.slot) for entry in entries})
            case _:
                pass
    taken = Counter((teacher[journal], place) for journal, own in places.items() for place in own)
    assert max(taken.values()) == 1


def test_the_demonstration_uses_every_command_that_a_school_sends(demonstration: Demonstration) -> None:
    unused = set(demonstration.school.commands) - set(demonstration.report.commands)
    assert unused == FOUNDING | OF_IMPORTS | OF_ERASURES | AT_THE_END_OF_THE_YEAR


def test_what_was_held_is_recorded_incompletely(school: School) -> None:
    """The reports need something to show: topics, rolls and whole lessons are missing."""
    seen: dict[str, set[str]] = {}
    for event in school.store.read_page(0, 10_000):
        decoded = CATALOGUE.decode(event.name, event.state)
        if isinstance(decoded, LessonEvent):
            seen.setdefault(event.stream, set()).add(event.name)
    assert any("topic-recorded/1" not in names for names in seen.values())
    assert any("roll-taken/1" not in names for names in seen.values())


def test_requests_to_correct_come_to_every_end(school: School) -> None:
    """Some are used, rejected, withdrawn, undecided; what was used stands in the journal by its approval."""
    events = school.store.read_page(0, 10_000)
    requests = {event.stream for event in events if event.name == CorrectionRequested.stored_name}
    standings = Counter(school.states.load(CorrectionState, one).standing for one in requests)
    assert set(standings) >= {"used", "rejected", "withdrawn", "open"}
    by_approval = {
        event.stream
        for event in events
        if event.name in {TopicRecorded.stored_name, RollTaken.stored_name}
        and any(one in event.caused_by for one in requests)
    }
    assert len(by_approval) == standings["used"] >= 2


def test_final_marks_follow_the_proposal_mostly(school: School) -> None:
    unmarked = set()
    agreed = decided = 0
    for event in school.store.read_page(0, 10_000):
        match CATALOGUE.decode(event.name, event.state):
            case JournalOpened(grading_system="unmarked"):
                unmarked.add(event.stream)
            case FinalMarkDecided(journal=journal, value=value, basis=basis):
                assert journal not in unmarked
                decided += bool(basis.proposed)
                agreed += value == basis.proposed
            case _:
                pass
    assert decided > 50
    assert agreed >= 0.85 * decided


def test_tokens_are_printed_once_and_never_logged(demonstration: Demonstration) -> None:
    report = demonstration.report
    lines = list(demo_lines(report, "http://127.0.0.1:8000"))
    assert any("http://127.0.0.1:8000/docs" in line for line in lines)
    for token in report.tokens.values():
        assert any(token in line for line in lines)
        assert token not in repr(report)


def test_what_is_printed_to_try_works(open_place: OpenPlace) -> None:
    """The printed curl commands, sent to the service itself by the real clock; two of them are refused."""
    school = open_place("tried")
    told: dict[str, tuple[int, int]] = {}

    def progress(phase: str, done: int, of: int) -> None:
        told[phase] = (done, of)

    report = build_demo(school, shape=SMALL, progress=progress, clock=system_clock)
    assert set(told) >= {"planning", "set-up", "lessons"}
    assert all(done == of for done, of in told.values())
    for role, token in report.tokens.items():
        assert role in school.authentication.by_token(token).roles
    ensure_built(school.read, school.workshop, processes=1)
    statuses: list[tuple[int, bool]] = []
    with TestClient(create_http(school), base_url=ADDRESS, raise_server_exceptions=False) as client:
        for method, url, headers, body in trials(demo_lines(report, ADDRESS)):
            response = client.request(method, url, headers=headers, content=body)
            is_json = response.headers["content-type"].endswith("json")
            statuses.append((response.status_code, is_json and bool(response.json().get("repeated"))))
    assert statuses == [
        *[(200, False)] * 9,
        (200, True),
        (422, False),
        (200, False),
        (200, False),
        (403, False),
        (200, False),
    ]


def trials(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, str], str | None]]:
    """Answer method, address, headers and body of each printed command, as a shell would read it."""
    known: dict[str, str] = {}
    for line in lines:
        if re.fullmatch(r"  [A-Z_]+='[^']*'", line):
            name, _, value = line.strip().partition("=")
            known[name] = value.strip("'")
        elif "curl" in line:
            loop = re.match(r"\s*for WHO in (.*?); do ", line)
            for who in shlex.split(loop[1]) if loop else [""]:
                yield request_of(line[loop.end() :] if loop else line, {**known, "WHO": known.get(who[1:], "")})


def request_of(line: str, known: dict[str, str]) -> tuple[str, str, dict[str, str], str | None]:
    """Read one curl."""
    words = shlex.split(line.removesuffix("; done"))
    words = [re.sub(r"^\$([A-Z_]+)$", lambda found: known[found[1]], word) for word in words]
    headers: dict[str, str] = {}
    method, url, body = "GET", "", None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "-H":
            name, _, value = following.partition(": ")
            headers[name] = value
        elif word == "-X":
            method = following
        elif word == "-d":
            body = following
        elif word.startswith("http://"):
            url = word
    return method, url, headers, body
